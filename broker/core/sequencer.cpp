#include "broker/core/sequencer.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/policy.h"
#include "core/ledger/checkpoint.h"

namespace chancery::broker {
namespace {

// Of an envelope that is kept to parse another into.
constexpr std::size_t kSpareBytesMax = 4U << 10U;

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

}  // namespace

std::string Commit::checkpoint_body(std::string_view origin_line) const {
  return ledger::checkpoint_body(
      {.origin = std::string(origin_line), .size = size_after, .root = root_after});
}

Sequencer::Sequencer(HubState state, AdmissionLimits limits,
                     std::vector<crypto::PublicKey> log_keys)
    : queue_(limits),
      log_keys_(std::move(log_keys)),
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
                              exchange::Envelope envelope, std::uint64_t previous_us) {
  if (member.has_value() && !exchange::is_directory_kind(envelope.draft.kind()) &&
      envelope.draft.origin() != *member) {
    return fail(ErrorCode::kWrongOrigin,
                std::string(*member) + " submitted a notice of " + envelope.draft.origin());
  }
  return queue_.push({.peer = peer,
                      .member = std::string(member.value_or(std::string_view())),
                      .envelope = std::move(envelope),
                      .previous_us = previous_us});
}

Questions Sequencer::begin(std::size_t count_max, Takes takes) {
  CHANCERY_CHECK(batch_.empty() && !next_.has_value());
  batch_ = queue_.take(count_max, takes);
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

Decision Sequencer::decide(const Answers& answers, std::uint64_t now_ms,
                           const std::function<void()>& judged) {
  CHANCERY_CHECK(answers.known.size() == batch_.size());
  if (batch_.empty()) {
    return {};
  }
  // For display only: the log's time never runs backwards, whatever the clock does.
  const std::uint64_t accepted_at_ms = std::max(now_ms, accepted_at_ms_);
  Decision decision = exchange::is_directory_kind(batch_.front().envelope.draft.kind())
                          ? decide_directory(answers, accepted_at_ms)
                          : decide_notices(answers, accepted_at_ms, now_ms, judged);
  batch_.clear();
  return decision;
}

// A notice id was logged before: the same draft is the same notice, another draft is refused, and
// kept where nothing else is wrong with it.
void Sequencer::answer_known(Decision& decision, Submission& submission, const KnownNotice& known) {
  if (known.notice == submission.envelope.notice) {
    decision.outcomes.push_back(accepted(submission, known.index, /*duplicate=*/true));
    return;
  }
  decision.outcomes.push_back(refused(
      submission,
      {ErrorCode::kNoticeIdReused, submission.envelope.name() + " was logged at " +
                                       std::to_string(known.index) + " with another draft"}));
  if (exchange::judge_notice(submission.envelope, directory_, cache_).has_value()) {
    decision.conflicts.push_back(
        {.envelope = std::move(submission.envelope), .index_first = known.index});
  }
}

// A checkpoint that the hub cannot sign as this directory has it would stop every follower.
Result<void> Sequencer::check_log_keys(const exchange::Directory& next) const {
  const auto check_held = [&](const ledger::NoteKey& key) -> Result<void> {
    if (std::ranges::find(log_keys_, key.key) == log_keys_.end()) {
      return fail(ErrorCode::kHubKeyMissing, "log key " + hex(key.key.id()));
    }
    return {};
  };
  const ledger::NoteKey newest = next.log_keys().back();
  CHANCERY_TRY_VOID(check_held(newest));
  const bool changes = directory_.founded() && !(directory_.log_keys().back() == newest);
  return changes && !next.roster().hub().old_key_lost() ? check_held(directory_.log_keys().back())
                                                        : Result<void>();
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
  tree.append(ledger::leaf_hash(entry.leaf));
  entry.envelope = std::move(envelope);
  commit.entries.push_back(std::move(entry));
}

Decision Sequencer::decide_directory(const Answers& answers, std::uint64_t accepted_at_ms) {
  Submission& submission = batch_.front();
  Decision decision;
  if (const std::optional<KnownNotice>& known = answers.known.front(); known.has_value()) {
    answer_known(decision, submission, *known);
    return decision;
  }
  exchange::Directory directory = directory_;
  Result<void> applied = directory.apply(submission.envelope, cache_);
  if (applied.has_value()) {
    applied = exchange::check_continues(directory_, directory, tree_.size(), tree_.root());
  }
  if (applied.has_value()) {
    applied = check_log_keys(directory);
  }
  if (!applied.has_value()) {
    decision.outcomes.push_back(refused(submission, applied.error()));
    return decision;
  }
  Commit commit = start_commit(ledger::LeafType::kDirectory, accepted_at_ms, directory.root());
  commit.continues = directory.continuations().size() > directory_.continuations().size();
  ledger::CompactTree tree = tree_;
  decision.outcomes.push_back(accepted(submission, tree.size(), /*duplicate=*/false));
  append(commit, tree, std::move(submission.envelope));
  commit.size_after = tree.size();
  commit.root_after = tree.root();
  commit.edge_after = tree.edge_bytes();
  next_ = Next{
      .tree = std::move(tree), .accepted_at_ms = accepted_at_ms, .directory = std::move(directory)};
  decision.commit = std::move(commit);
  return decision;
}

Decision Sequencer::decide_notices(const Answers& answers, std::uint64_t accepted_at_ms,
                                   std::uint64_t now_ms, const std::function<void()>& judged) {
  Decision decision;
  std::vector<Submission*> good;
  std::map<std::pair<std::string, std::string>, KnownNotice> in_batch;
  std::map<ClockKey, std::uint64_t> clocks_new;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    Submission& submission = batch_[i];
    const exchange::Envelope& envelope = submission.envelope;
    const std::pair id{envelope.draft.origin(), envelope.draft.notice_id()};
    if (const std::optional<KnownNotice>& known = answers.known[i]; known.has_value()) {
      answer_known(decision, submission, *known);
      continue;
    }
    if (const auto known = in_batch.find(id); known != in_batch.end()) {
      answer_known(decision, submission, known->second);
      decision.outcomes.back().waits = true;
      continue;
    }
    if (Result<void> found = judge(submission, answers, now_ms, clocks_new); !found.has_value()) {
      decision.outcomes.push_back(refused(submission, found.error()));
      continue;
    }
    clocks_new[{envelope.batch_signature()->key_id,
                static_cast<std::uint32_t>(envelope.draft.precedence())}] =
        envelope.header.created_at_us();
    const std::uint64_t index = tree_.size() + good.size();
    in_batch[id] = {envelope.notice, index};
    decision.outcomes.push_back(accepted(submission, index, /*duplicate=*/false));
    good.push_back(&submission);
  }
  if (judged) {
    judged();
  }
  if (good.empty()) {
    return decision;
  }
  Commit commit = start_commit(ledger::LeafType::kNotice, accepted_at_ms, directory_.root());
  ledger::CompactTree tree = tree_;
  commit.entries.reserve(good.size());
  for (Submission* const submission : good) {
    append(commit, tree, std::move(submission->envelope));
  }
  commit.size_after = tree.size();
  commit.root_after = tree.root();
  commit.edge_after = tree.edge_bytes();
  for (const auto& [key, created_at_us] : clocks_new) {
    commit.clocks.push_back({key.first, key.second, created_at_us});
  }
  next_ = Next{
      .tree = std::move(tree), .accepted_at_ms = accepted_at_ms, .clocks = std::move(clocks_new)};
  decision.commit = std::move(commit);
  return decision;
}

Result<void> Sequencer::judge(const Submission& submission, const Answers& answers,
                              std::uint64_t now_ms,
                              const std::map<ClockKey, std::uint64_t>& clocks_new) {
  const exchange::Envelope& envelope = submission.envelope;
  CHANCERY_TRY_VOID(exchange::judge_notice(envelope, directory_, cache_));
  // By the clock of now, not by the log's: after one jump forward that stands still for long.
  CHANCERY_TRY_VOID(exchange::check_not_expired(envelope.draft.expires_at_ms(), now_ms));
  if (!envelope.sealed()) {
    CHANCERY_TRY_VOID(exchange::check_text(envelope.draft.kind(), envelope.body.clear()));
  }
  CHANCERY_TRY_VOID(
      exchange::check_log_seen(envelope, head_at(envelope.header.log_seen().size(), answers)));
  // Order within a precedence of a signing key.
  const ClockKey key{envelope.batch_signature()->key_id,
                     static_cast<std::uint32_t>(envelope.draft.precedence())};
  const auto newer = clocks_new.find(key);
  const auto stored = clocks_.find(key);
  const std::uint64_t last = newer != clocks_new.end() ? newer->second
                             : stored != clocks_.end() ? stored->second
                                                       : 0;
  if (envelope.header.created_at_us() <= last) {
    return fail(ErrorCode::kOutOfOrder, envelope.name());
  }
  if (submission.previous_us > last) {
    return fail(ErrorCode::kGap, envelope.name() + " comes after one that was not logged");
  }
  return {};
}

std::optional<Hash> Sequencer::head_at(std::uint64_t size, const Answers& answers) const {
  if (size == tree_.size()) {
    return tree_.root();
  }
  const auto head = answers.heads.find(size);
  return head == answers.heads.end() ? std::nullopt : std::optional(head->second);
}

Decision Sequencer::refuse(const Error& error) {
  Decision decision;
  for (const Submission& submission : batch_) {
    decision.outcomes.push_back(refused(submission, error));
  }
  batch_.clear();
  return decision;
}

void Sequencer::not_committed(Decision& decision, const Error& why) {
  next_.reset();
  decision.commit.reset();
  decision.conflicts.clear();  // They may name entries that are not there.
  for (Outcome& outcome : decision.outcomes) {
    outcome = {.peer = outcome.peer,
               .notice_id = std::move(outcome.notice_id),
               .index = std::nullopt,
               .error = why,
               .duplicate = false,
               .waits = false};
  }
}

void Sequencer::spare(std::vector<NewEntry> entries) {
  for (NewEntry& entry : entries) {
    if (spare_.size() < kSequencedCountMax && entry.envelope.size() <= kSpareBytesMax) {
      spare_.push_back(std::move(entry.envelope));
    }
  }
}

exchange::Envelope Sequencer::spare_envelope() {
  if (spare_.empty()) {
    return {};
  }
  exchange::Envelope envelope = std::move(spare_.back());
  spare_.pop_back();
  return envelope;
}

std::uint64_t Sequencer::newest_created_at_ms() const {
  std::uint64_t newest_us = 0;
  for (const auto& [key, created_at_us] : clocks_) {
    newest_us = std::max(newest_us, created_at_us);
  }
  return newest_us / 1000;
}

void Sequencer::committed() {
  CHANCERY_CHECK(next_.has_value());
  tree_ = std::move(next_->tree);
  if (next_->directory.has_value()) {
    directory_ = *std::move(next_->directory);
  }
  accepted_at_ms_ = next_->accepted_at_ms;
  for (const auto& [key, created_at_us] : next_->clocks) {
    clocks_[key] = created_at_us;
  }
  next_.reset();
}

}  // namespace chancery::broker
