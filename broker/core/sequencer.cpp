#include "broker/core/sequencer.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/policy.h"
#include "core/ledger/checkpoint.h"

namespace chancery::broker {
namespace {

const v1::Signature* batch_signature(const exchange::Envelope& envelope) {
  const auto& signatures = envelope.signatures.signatures();
  const auto found = std::ranges::find_if(signatures, &v1::Signature::has_batch);
  return found == signatures.end() ? nullptr : &*found;
}

Outcome accepted(const Submission& submission, std::uint64_t index, bool duplicate) {
  return {.peer = submission.peer,
          .notice_id = submission.envelope.draft.notice_id(),
          .index = index,
          .error = std::nullopt,
          .duplicate = duplicate,
          .waits = !duplicate};
}

Outcome refused(const Submission& submission, Error error) {
  return {.peer = submission.peer,
          .notice_id = submission.envelope.draft.notice_id(),
          .index = std::nullopt,
          .error = std::move(error),
          .duplicate = false,
          .waits = false};
}

// A notice id was logged before: the same draft is the same notice, another draft is refused.
Outcome answer_known(const Submission& submission, const KnownNotice& known) {
  if (known.notice == submission.envelope.notice) {
    return accepted(submission, known.index, /*duplicate=*/true);
  }
  return refused(submission, {ErrorCode::kNoticeIdReused,
                              submission.envelope.name() + " was logged at " +
                                  std::to_string(known.index) + " with another draft"});
}

}  // namespace

std::string Commit::checkpoint_body(std::string_view origin_line) const {
  return ledger::checkpoint_body(
      {.origin = std::string(origin_line), .size = size_after, .root = root_after});
}

Sequencer::Sequencer(HubState state, AdmissionLimits limits)
    : queue_(limits),
      tree_(std::move(state.tree)),
      directory_(std::move(state.directory)),
      accepted_at_ms_(state.accepted_at_ms) {
  for (const KeyClock& clock : state.clocks) {
    clocks_[{clock.key_id, clock.precedence}] = clock.created_at_us;
  }
}

Result<void> Sequencer::offer(PeerHandle peer, std::optional<std::string_view> member,
                              std::string_view envelope_bytes) {
  CHANCERY_TRY(exchange::Envelope envelope,
               exchange::parse_envelope(envelope_bytes, directory_.genesis()));
  return offer(peer, member, std::move(envelope));
}

Result<void> Sequencer::offer(PeerHandle peer, std::optional<std::string_view> member,
                              exchange::Envelope envelope) {
  if (member.has_value() && !exchange::is_directory_kind(envelope.draft.kind()) &&
      envelope.draft.origin() != *member) {
    return fail(ErrorCode::kWrongOrigin,
                std::string(*member) + " submitted a notice of " + envelope.draft.origin());
  }
  return queue_.push({.peer = peer, .envelope = std::move(envelope)});
}

Questions Sequencer::begin() {
  CHANCERY_CHECK(batch_.empty() && !next_.has_value());
  batch_ = queue_.take(kSequencedCountMax);
  Questions questions;
  for (const Submission& submission : batch_) {
    const v1::Draft& draft = submission.envelope.draft;
    questions.ids.push_back({draft.origin(), draft.notice_id()});
    // Of this log there is nothing beyond its size to ask for, and a store need not bear any
    // number.
    const std::uint64_t size = submission.envelope.header.log_seen().size();
    if (size < tree_.size() &&
        std::ranges::find(questions.head_sizes, size) == questions.head_sizes.end()) {
      questions.head_sizes.push_back(size);
    }
  }
  return questions;
}

Decision Sequencer::decide(const Answers& answers, std::uint64_t now_ms) {
  CHANCERY_CHECK(answers.known.size() == batch_.size());
  if (batch_.empty()) {
    return {};
  }
  // For display only: the log's time never runs backwards, whatever the clock does.
  const std::uint64_t accepted_at_ms = std::max(now_ms, accepted_at_ms_);
  Decision decision = exchange::is_directory_kind(batch_.front().envelope.draft.kind())
                          ? decide_directory(answers, accepted_at_ms)
                          : decide_notices(answers, accepted_at_ms);
  batch_.clear();
  return decision;
}

Commit Sequencer::start_commit(ledger::LeafType type, std::uint64_t accepted_at_ms,
                               const Hash& directory) const {
  Commit commit;
  commit.size_before = tree_.size();
  commit.root_before = tree_.root();
  commit.type = type;
  commit.accepted_at_ms = accepted_at_ms;
  commit.directory = directory;
  return commit;
}

void Sequencer::append(Commit& commit, ledger::CompactTree& tree,
                       exchange::Envelope envelope) const {
  NewEntry entry;
  entry.index = tree.size();
  entry.leaf = {.type = commit.type,
                .accepted_at_ms = commit.accepted_at_ms,
                .directory = commit.directory,
                .entry = envelope.entry};
  if (commit.type == ledger::LeafType::kNotice) {
    entry.readers = envelope.recipient_codes();
    entry.readers.push_back(envelope.draft.origin());
    std::ranges::sort(entry.readers);
  }
  tree.append(ledger::leaf_hash(entry.leaf));
  entry.envelope = std::move(envelope);
  commit.entries.push_back(std::move(entry));
}

Decision Sequencer::decide_directory(const Answers& answers, std::uint64_t accepted_at_ms) {
  Submission& submission = batch_.front();
  Decision decision;
  if (const std::optional<KnownNotice>& known = answers.known.front(); known.has_value()) {
    decision.outcomes.push_back(answer_known(submission, *known));
    return decision;
  }
  exchange::Directory directory = directory_;
  if (Result<void> applied = directory.apply(submission.envelope, cache_); !applied.has_value()) {
    decision.outcomes.push_back(refused(submission, applied.error()));
    return decision;
  }
  Commit commit = start_commit(ledger::LeafType::kDirectory, accepted_at_ms, directory.root());
  ledger::CompactTree tree = tree_;
  decision.outcomes.push_back(accepted(submission, tree.size(), /*duplicate=*/false));
  append(commit, tree, std::move(submission.envelope));
  commit.size_after = tree.size();
  commit.root_after = tree.root();
  commit.edge_after = tree.edge_bytes();
  next_ = Next{std::move(tree), std::move(directory), accepted_at_ms, clocks_};
  decision.commit = std::move(commit);
  return decision;
}

Decision Sequencer::decide_notices(const Answers& answers, std::uint64_t accepted_at_ms) {
  Decision decision;
  Commit commit = start_commit(ledger::LeafType::kNotice, accepted_at_ms, directory_.root());
  ledger::CompactTree tree = tree_;
  std::map<std::pair<std::string, std::string>, KnownNotice> in_batch;
  std::map<ClockKey, std::uint64_t> clocks_new;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    Submission& submission = batch_[i];
    exchange::Envelope& envelope = submission.envelope;
    const std::pair id{envelope.draft.origin(), envelope.draft.notice_id()};
    if (const std::optional<KnownNotice>& known = answers.known[i]; known.has_value()) {
      decision.outcomes.push_back(answer_known(submission, *known));
      continue;
    }
    if (const auto known = in_batch.find(id); known != in_batch.end()) {
      decision.outcomes.push_back(answer_known(submission, known->second));
      decision.outcomes.back().waits = true;
      continue;
    }
    if (Result<void> judged = judge(envelope, answers, accepted_at_ms, clocks_new);
        !judged.has_value()) {
      decision.outcomes.push_back(refused(submission, judged.error()));
      continue;
    }
    clocks_new[{hash_from(batch_signature(envelope)->key_id()),
                static_cast<std::uint32_t>(envelope.draft.precedence())}] =
        envelope.header.created_at_us();
    in_batch[id] = {envelope.notice, tree.size()};
    decision.outcomes.push_back(accepted(submission, tree.size(), /*duplicate=*/false));
    append(commit, tree, std::move(envelope));
  }
  if (commit.entries.empty()) {
    return decision;
  }
  commit.size_after = tree.size();
  commit.root_after = tree.root();
  commit.edge_after = tree.edge_bytes();
  std::map<ClockKey, std::uint64_t> clocks = clocks_;
  for (const auto& [key, created_at_us] : clocks_new) {
    clocks[key] = created_at_us;
    commit.clocks.push_back({key.first, key.second, created_at_us});
  }
  next_ = Next{std::move(tree), directory_, accepted_at_ms, std::move(clocks)};
  decision.commit = std::move(commit);
  return decision;
}

Result<void> Sequencer::judge(const exchange::Envelope& envelope, const Answers& answers,
                              std::uint64_t accepted_at_ms,
                              const std::map<ClockKey, std::uint64_t>& clocks_new) {
  CHANCERY_TRY_VOID(exchange::judge_notice(envelope, directory_, accepted_at_ms, cache_));
  CHANCERY_TRY_VOID(check_log_seen(envelope, answers));
  // Order within a precedence of a signing key.
  const ClockKey key{hash_from(batch_signature(envelope)->key_id()),
                     static_cast<std::uint32_t>(envelope.draft.precedence())};
  const auto newer = clocks_new.find(key);
  const auto stored = clocks_.find(key);
  const std::uint64_t last = newer != clocks_new.end() ? newer->second
                             : stored != clocks_.end() ? stored->second
                                                       : 0;
  if (envelope.header.created_at_us() <= last) {
    return fail(ErrorCode::kOutOfOrder, envelope.name());
  }
  return {};
}

Result<void> Sequencer::check_log_seen(const exchange::Envelope& envelope,
                                       const Answers& answers) const {
  if (!envelope.header.has_log_seen()) {
    return fail(ErrorCode::kForeignLog, "a notice says which log its origin saw");
  }
  const std::uint64_t size = envelope.header.log_seen().size();
  const std::string& root = envelope.header.log_seen().root();
  const auto head = answers.heads.find(size);
  const bool is_ours = size == tree_.size()
                           ? as_view(tree_.root()) == root
                           : head != answers.heads.end() && as_view(head->second) == root;
  if (!is_ours) {
    return fail(ErrorCode::kForeignLog, envelope.name() + " saw a log of size " +
                                            std::to_string(size) + " that is not this one");
  }
  return {};
}

void Sequencer::committed() {
  CHANCERY_CHECK(next_.has_value());
  tree_ = std::move(next_->tree);
  directory_ = std::move(next_->directory);
  accepted_at_ms_ = next_->accepted_at_ms;
  clocks_ = std::move(next_->clocks);
  next_.reset();
}

}  // namespace chancery::broker
