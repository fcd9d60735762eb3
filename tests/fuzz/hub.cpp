// Frames from four connections, with what the hub does in between: sequence and commit, serve feeds
// and pages, lose a peer, take an entry over the admin socket. Two connections are of nodes that
// said hello, the third is another one of the first node, and the fourth is of a transport key that
// nobody has.
//
// Holds: everything that leaves is strict and within a frame; only a connection whose node said
// hello on it last is served; who has no node gets nothing but faults; each commit goes on where
// the one before ended, and a follower takes it.

#include "broker/core/hub.h"

#include <array>

#include "core/exchange/limits.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kStepsMax = 24;
constexpr std::uint64_t kNowMs = 1'700'000'001'000;
constexpr std::size_t kPeerCount = 4;

struct Trial {
  test::TestExchange exchange;
  test::TestLog log{exchange};
  std::array<Hash, kPeerCount> transports{};
  std::map<std::uint64_t, Hash> heads;

  Trial() {
    log.found();
    std::size_t peer = 0;
    for (const char* const code : {"AM", "BY", "AM", "XX"}) {
      transports.at(peer++) =
          test::agreement_public(test::node_key_name(code, 1, "transport")).id();
    }
    ledger::CompactTree tree;
    for (const v1::LogBatch& batch : log.batches()) {
      for (const ledger::Leaf& leaf : test::leaves_of(batch)) {
        tree.append(ledger::leaf_hash(leaf));
      }
      heads[tree.size()] = tree.root();
    }
  }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

class Run {
 public:
  Run()
      : hub_({.program = "hub",
              .admission = {},
              .window = {},
              .log_keys = {test::signing_public("hub log 1")}},
             state()),
        follower_(trial().log.tree(), trial().log.directory(), trial().log.accepted_at_ms()),
        heads_(trial().heads) {
    for (broker::PeerHandle peer = 1; peer <= 2; ++peer) {
      v1::UpMessage message;
      message.mutable_hello()->set_protocol(1);
      message.mutable_hello()->set_genesis(to_string(trial().exchange.genesis()));
      message.mutable_hello()->mutable_credits()->set_items(2);
      message.mutable_hello()->mutable_credits()->set_bytes(4096);
      message.mutable_hello()->set_instance(std::string(exchange::kInstanceBytes, 'i'));
      test::must(receive(peer, message.SerializeAsString()));
    }
    sent();
  }

  void step(Input& input) {
    const auto peer = static_cast<broker::PeerHandle>(1 + input.choice(kPeerCount));
    switch (input.choice(6)) {
      case 0:
      case 1:
      case 2:
        if (receive(peer, input.chunk()).has_value()) {
          CHANCERY_CHECK(hub_.has_session(peer));
        }
        break;
      case 3:
        turn();
        break;
      case 4:
        serve();
        break;
      default:
        switch (input.choice(4)) {
          case 0:
            serve();
            lose();
            break;
          case 1:
            hub_.unsent(peer, std::nullopt);
            break;
          case 2:
            submit(input.chunk());
            break;
          default:
            hub_.disconnected(peer);
        }
    }
    sent();
  }

 private:
  static broker::HubState state() {
    broker::HubState made(trial().exchange.genesis());
    made.tree = trial().log.tree();
    made.directory = trial().log.directory();
    made.accepted_at_ms = trial().log.accepted_at_ms();
    return made;
  }

  Result<void> receive(broker::PeerHandle peer, std::string_view frame) {
    Result<void> served = hub_.receive(peer, trial().transports.at(peer - 1), frame);
    for (const broker::HeadCheck& check : hub_.take_head_checks()) {
      const auto head = heads_.find(check.size);
      served =
          hub_.checked(check, head == heads_.end() ? std::nullopt : std::optional(head->second));
    }
    // No input bears a signature of the hub's over another log.
    CHANCERY_CHECK(!hub_.contradiction().has_value());
    return served;
  }

  // As the hub's server does with a request over its admin socket: nobody's frame, and answered
  // when its entry is sequenced.
  void submit(std::string_view frame) {
    const auto request = exchange::parse_wire<v1::AdminRequest>(frame, exchange::Reading::kOpen);
    if (!request.has_value() || !request->has_submit_entry()) {
      return;
    }
    const std::string& bytes = request->submit_entry().envelope();
    if (const auto envelope = exchange::parse_envelope(bytes, trial().exchange.genesis());
        envelope.has_value() && hub_.sequencer().offer(0, std::nullopt, bytes).has_value()) {
      CHANCERY_CHECK(hub_.sequencer().has_work());
    }
  }

  void turn() {
    const broker::Questions questions = hub_.sequencer().begin();
    broker::Answers answers;
    for (const broker::Questions::Id& id : questions.ids) {
      const auto known = known_.find({id.origin, id.notice_id});
      answers.known.push_back(known == known_.end() ? std::optional<broker::KnownNotice>()
                                                    : std::optional(known->second));
    }
    answers.heads = heads_;
    const broker::Decision decision = hub_.sequencer().decide(answers, kNowMs);
    hub_.refuse(decision.outcomes);
    if (decision.commit.has_value()) {
      commit(*decision.commit, decision.outcomes);
    }
  }

  void commit(const broker::Commit& commit, const std::vector<broker::Outcome>& outcomes) {
    CHANCERY_CHECK(commit.size_before == follower_.size());
    hub_.sequencer().committed();
    for (const broker::NewEntry& entry : commit.entries) {
      known_[{entry.envelope.draft.origin(), entry.envelope.draft.notice_id()}] = {
          entry.envelope.notice, entry.index};
      entries_.push_back(entry);
    }
    heads_[commit.size_after] = commit.root_after;
    const std::string checkpoint =
        test::signed_checkpoint(trial().exchange.roster().hub().origin_line(), commit.size_after,
                                commit.root_after, std::vector<std::string>{"hub log 1"});
    batches_.push_back(broker::log_batch(commit, checkpoint));
    CHANCERY_CHECK(follower_.follow(batches_.back(), cache_).has_value());
    CHANCERY_CHECK(follower_.size() == hub_.sequencer().tree().size());
    hub_.committed(commit, checkpoint, outcomes);
    hub_.sequencer().spare(commit.entries);
  }

  void serve() {
    hub_.tell_who_missed_news();
    for (const broker::FeedRead& read : hub_.take_feed_reads()) {
      std::vector<broker::FeedEntry> page;
      std::uint64_t previous = 0;
      for (const broker::NewEntry& entry : entries_) {
        const std::vector<std::string> readers = exchange::readers_of(entry.envelope.draft);
        if (std::ranges::find(readers, read.member) == readers.end()) {
          continue;
        }
        if (entry.index >= read.from && page.size() < read.count_max) {
          page.push_back({.index = entry.index,
                          .previous = previous,
                          .envelope = std::make_shared<const std::string>(entry.envelope.bytes())});
        }
        previous = entry.index + 1;
      }
      hub_.feed(read, page);
    }
    for (const broker::BatchRead& read : hub_.take_batch_reads()) {
      CHANCERY_CHECK(read.from <= hub_.sequencer().tree().size());
      hub_.batches(read, batches_);
    }
  }

  void lose() {
    for (const broker::Outgoing& outgoing : hub_.take_outgoing()) {
      hub_.unsent(outgoing.peer, outgoing.place);
    }
  }

  void sent() {
    for (const broker::Outgoing& outgoing : hub_.take_outgoing()) {
      CHANCERY_CHECK(outgoing.peer >= 1 && outgoing.peer <= kPeerCount);
      CHANCERY_CHECK(outgoing.message.size() <= exchange::kFrameBytesMax);
      CHANCERY_CHECK(exchange::parse_wire<v1::DownMessage>(outgoing.message).has_value());
      CHANCERY_CHECK(outgoing.peer != kPeerCount || outgoing.topic == "control");
    }
    (void)hub_.take_ended();
    CHANCERY_CHECK(hub_.sessions().size() <= 2);
  }

  broker::Hub hub_;
  exchange::LogFollower follower_;
  exchange::RootCache cache_;
  std::map<std::pair<std::string, std::string>, broker::KnownNotice> known_;
  std::map<std::uint64_t, Hash> heads_;
  std::vector<broker::NewEntry> entries_;
  std::vector<v1::LogBatch> batches_;
};

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::Run run;
  for (std::size_t i = 0; i < chancery::fuzz::kStepsMax && !input.empty(); ++i) {
    run.step(input);
  }
  return 0;
}
