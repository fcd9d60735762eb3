// What the hub's tests share: notices that a hub takes, and MemoryLog, the log that it writes.
//
// MemoryLog is the store's contract (broker/store/hub_store.h) in plain maps, slow and obvious; the
// conformance suite beside it says the same of the stores that are durable. One thread.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/core/hub.h"
#include "broker/core/sequencer.h"
#include "chancery/v1/text.pb.h"
#include "core/exchange/compose.h"
#include "core/exchange/envelope.h"
#include "core/exchange/policy.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/note.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/outcome.h"

namespace chancery::broker {

inline constexpr std::uint64_t kNow = 1'700'000'001'000;
inline constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint64_t kFounded = 7;  // The roster and six nodes.

inline v1::TreeHead head_of(const ledger::CompactTree& tree) {
  return exchange::tree_head(tree.size(), tree.root());
}

inline std::string signing_key(std::string_view member) {
  return test::node_key_name(member, 1, "signing");
}

inline Hash node_id(std::string_view member) {
  return test::signing_public(signing_key(member)).id();
}

// The key that a node's connection is admitted with.
inline Hash transport_id(std::string_view member, int node = 1) {
  return test::agreement_public(test::node_key_name(member, node, "transport")).id();
}

inline std::vector<crypto::PublicKey> log_keys() {
  return {test::signing_public("hub log 1")};
}

// The line of this member's witness for a checkpoint.
inline std::string cosignature_of(std::string_view member, const std::string& witness_name,
                                  std::string_view note, std::uint64_t time_s) {
  const auto signer = test::key_signer(test::node_key_name(member, 1, "witness"));
  const std::string body = test::must(ledger::parse_note(note)).text;
  const std::string signature =
      test::must(signer->sign(as_bytes(ledger::cosignature_message(time_s, body))));
  return ledger::cosignature_line(
      {.name = witness_name, .type = ledger::kNoteCosignature, .key = signer->public_key()}, time_s,
      as_bytes(signature));
}

struct NoticeOptions {
  std::optional<v1::TreeHead> seen;
  std::string text = "text";        // The subject of the text.
  std::uint64_t created_at_us = 0;  // 0 is a microsecond after the one before.
};

// A clear notice, which needs no seal; not yet signed.
inline test::Unsigned unsigned_notice(test::TestExchange& exchange, v1::Draft draft,
                                      const NoticeOptions& options) {
  v1::Text content;
  content.set_subject(options.text);
  const std::string text = content.SerializeAsString();
  draft.set_text_digest(to_string(exchange::text_digest(text)));
  exchange::Stamp stamp = exchange.next_stamp();
  stamp.log_seen = options.seen;
  if (options.created_at_us != 0) {
    stamp.created_at_us = options.created_at_us;
  }
  test::Unsigned made{.header = exchange::make_header(draft.SerializeAsString(), stamp),
                      .body = exchange::clear_body(text)};
  made.d = exchange::envelope_hash(exchange.genesis(), made.header, made.body);
  return made;
}

inline std::string notice(test::TestExchange& exchange, const v1::Draft& draft,
                          const NoticeOptions& options) {
  return exchange.sign(unsigned_notice(exchange, draft, options), signing_key(draft.origin()));
}

inline bool is_for(const NewEntry& entry, const std::string& member) {
  const std::vector<std::string> readers = exchange::readers_of(entry.envelope.draft);
  return std::ranges::find(readers, member) != readers.end();
}

class MemoryLog {
 public:
  [[nodiscard]] Answers answer(const Questions& questions) const {
    Answers answers;
    for (const Questions::Id& id : questions.ids) {
      const auto known = known_.find({id.origin, id.notice_id});
      answers.known.push_back(known == known_.end() ? std::optional<KnownNotice>()
                                                    : std::optional(known->second));
    }
    for (const std::uint64_t size : questions.head_sizes) {
      if (const auto head = heads_.find(size); head != heads_.end()) {
        answers.heads.insert(*head);
      }
    }
    return answers;
  }

  void commit(const Commit& commit) {
    EXPECT_EQ(commit.size_before, entries_.size());
    for (const NewEntry& entry : commit.entries) {
      EXPECT_EQ(entry.index, entries_.size());
      known_[{entry.envelope.draft.origin(), entry.envelope.draft.notice_id()}] = {
          entry.envelope.notice, entry.index};
      entries_.push_back(entry);
    }
    EXPECT_EQ(commit.size_after, entries_.size());
    heads_[commit.size_after] = commit.root_after;
    commits_.push_back(commit);
  }

  [[nodiscard]] std::vector<FeedEntry> read_feed(const FeedRead& read,
                                                 std::size_t bytes_max) const {
    std::vector<FeedEntry> page;
    std::uint64_t previous = 0;
    std::size_t bytes = 0;
    for (const NewEntry& entry : entries_) {
      if (!is_for(entry, read.member) ||
          exchange::lane_of(entry.envelope.draft.precedence()) != read.lane) {
        continue;
      }
      if (entry.index >= read.from && page.size() < read.count_max && bytes <= bytes_max) {
        page.push_back({.index = entry.index,
                        .previous = previous,
                        .envelope = std::make_shared<const std::string>(entry.envelope.bytes())});
        bytes += page.back().envelope->size();
      }
      previous = entry.index + 1;
    }
    return page;
  }

  [[nodiscard]] const std::vector<NewEntry>& entries() const { return entries_; }
  [[nodiscard]] const std::vector<Commit>& commits() const { return commits_; }

 private:
  std::vector<NewEntry> entries_;
  std::vector<Commit> commits_;
  std::map<std::pair<std::string, std::string>, KnownNotice> known_;
  std::map<std::uint64_t, Hash> heads_;
};

// One turn of the daemon's loop without its answers: decide, store, move.
template <class Log>
Decision turn(Sequencer& sequencer, Log& log, std::uint64_t now_ms = kNow) {
  const Answers answers = log.answer(sequencer.begin());
  Decision decision = sequencer.decide(answers, now_ms);
  if (decision.commit.has_value()) {
    log.commit(*decision.commit);
    sequencer.committed();
  }
  return decision;
}

template <class Log>
void found(Sequencer& sequencer, Log& log, const test::TestExchange& exchange) {
  for (const std::string& entry : exchange.founding_entries()) {
    test::must(sequencer.offer(0, std::nullopt, entry));
    const Decision decision = turn(sequencer, log, kNow - 1000);
    ASSERT_TRUE(decision.commit.has_value());
  }
}

inline Commit commit_of(const Decision& decision) {
  EXPECT_TRUE(decision.commit.has_value());
  return decision.commit.value_or(Commit{});
}

// "at 7", "still at 7" for a repetition, or the name of the error.
inline std::string said(const Outcome& outcome) {
  EXPECT_NE(outcome.index.has_value(), outcome.error.has_value());
  if (outcome.error.has_value()) {
    return std::string(error_info(outcome.error->code).name);
  }
  return (outcome.duplicate ? "still at " : "at ") + std::to_string(outcome.index.value_or(0));
}

inline std::vector<std::string> said(const Decision& decision) {
  std::vector<std::string> words;
  words.reserve(decision.outcomes.size());
  for (const Outcome& outcome : decision.outcomes) {
    words.push_back(said(outcome));
  }
  return words;
}

}  // namespace chancery::broker
