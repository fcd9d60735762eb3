#include "core/exchange/audit.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/policy.h"

namespace chancery::exchange {
namespace {

// As many as parse: where they are fewer than the batch has, the next one is at fault.
std::vector<ledger::Leaf> parse_leaves(Bytes bytes) {
  std::vector<ledger::Leaf> leaves;
  leaves.reserve(std::min(bytes.size() / ledger::kLeafBytes, kBatchSizeMax));
  while (bytes.size() >= ledger::kLeafBytes && leaves.size() < kBatchSizeMax) {
    const Result<ledger::Leaf> leaf = ledger::parse_leaf(bytes.first(ledger::kLeafBytes));
    if (!leaf.has_value()) {
      break;
    }
    leaves.push_back(*leaf);
    bytes = bytes.subspan(ledger::kLeafBytes);
  }
  return leaves;
}

// Beside the envelope a store says what it is, to find it by: these must agree, where it says so
// (`described`) even if it says nothing.
Result<void> check_description(const v1::AuditEntry& entry, const Envelope& envelope,
                               bool described) {
  const auto agrees = [&](std::string_view said, std::string_view is) {
    return said == is || (said.empty() && !described);
  };
  if (!agrees(entry.origin(), envelope.draft.origin()) ||
      !agrees(entry.notice_id(), envelope.draft.notice_id()) ||
      !agrees(entry.notice(), as_view(envelope.notice))) {
    return fail(ErrorCode::kStoreDamaged, "the store says another origin, notice id or notice");
  }
  const bool opened = !entry.plaintext().empty() || (entry.shown() && !envelope.erased.has_value());
  if (opened && as_view(text_digest(entry.plaintext())) != envelope.draft.text_digest()) {
    return fail(ErrorCode::kTextDigestMismatch, "the opened text that the store holds");
  }
  return {};
}

}  // namespace

void Auditor::finding(std::optional<std::uint64_t> index, Error error) {
  if (report_.findings.size() < kFindingsMax) {
    report_.findings.push_back({index, std::move(error)});
  }
}

const Envelope* Auditor::check_envelope(const v1::AuditEntry& entry, const ledger::Leaf& leaf,
                                        bool described) {
  if (entry.envelope().empty()) {
    return nullptr;
  }
  const Hash& genesis = follower_.directory().genesis();
  const Result<void> parsed =
      parse_envelope_into(envelope_, entry.envelope(), genesis, Bodies::kMaybeErased);
  if (!parsed.has_value()) {
    // What a store keeps as evidence may not parse; then the store says so, and it is still what
    // was logged.
    const Result<Hash> logged = entry_of(entry.envelope(), genesis);
    if (entry.faulted() && logged.has_value() && *logged == leaf.entry) {
      ++report_.void_count;
    } else {
      finding(entry.index(), parsed.error());
    }
    return nullptr;
  }
  if (envelope_.entry != leaf.entry) {
    finding(entry.index(),
            {ErrorCode::kLeafMismatch, "the stored envelope hashes to " + hex(envelope_.entry) +
                                           ", its leaf holds " + hex(leaf.entry)});
    return nullptr;
  }
  if (entry.faulted()) {
    ++report_.void_count;
    return nullptr;
  }
  if (const Result<void> agrees = check_description(entry, envelope_, described);
      !agrees.has_value()) {
    finding(entry.index(), agrees.error());
  }
  return &envelope_;
}

// C-124
void Auditor::check_feeds(const v1::AuditBatch& batch, std::size_t count, const Due& due) {
  std::map<std::pair<std::string_view, bool>, std::vector<std::uint64_t>> wanted;  // And urgent.
  for (const auto& [readers, held] : due) {
    for (const std::string& member : readers.members) {
      std::vector<std::uint64_t>& indices = wanted[{member, readers.urgent}];
      indices.insert(indices.end(), held.begin(), held.end());
    }
  }
  for (auto& [lane, indices] : wanted) {
    std::ranges::sort(indices);
  }
  const auto& lanes = batch.feeds().lanes();
  const auto is_wanted = [&](const v1::AuditLane& lane) {
    const auto known = wanted.find({lane.member(), lane.urgent()});
    return known != wanted.end() && lane.positions().size() % kPositionBytes == 0 &&
           known->second == indices_at(lane.positions(), lane.first_index());
  };
  if (static_cast<std::size_t>(lanes.size()) == wanted.size() &&
      std::ranges::all_of(lanes, is_wanted)) {
    return;
  }
  using Row = std::tuple<std::uint64_t, std::string_view, bool>;  // Index, member, urgent.
  const auto damaged = [&](std::uint64_t index, const std::string& what) {
    finding(index, {ErrorCode::kStoreDamaged, what});
  };
  std::set<Row> fed;
  for (const v1::AuditLane& lane : lanes) {
    const std::vector<std::uint64_t> indices = indices_at(lane.positions(), lane.first_index());
    for (const std::uint64_t index : indices) {
      if (!fed.emplace(index, lane.member(), lane.urgent()).second) {
        damaged(index, "it is twice in the feed of " + lane.member());
      }
    }
    if (lane.first_index() != batch.first_index()) {
      damaged(lane.first_index(), "a part of the feed of " + lane.member() +
                                      " begins where no batch does: it is not in order");
    }
    if (!std::ranges::is_sorted(indices) || lane.positions().size() % kPositionBytes != 0) {
      damaged(batch.first_index(), "its batch is not in order in the feed of " + lane.member());
    }
  }
  std::map<std::uint64_t, bool>
      good;  // Those that could be compared, and whether in the urgent lane.
  for (const auto& [readers, held] : due) {
    for (const std::uint64_t index : held) {
      good.emplace(index, readers.urgent);
      for (const std::string& member : readers.members) {
        if (fed.erase({index, member, readers.urgent}) == 0) {
          damaged(index, "the feed of " + member + " lacks it");
        }
      }
    }
  }
  for (const auto& [index, member, urgent] : fed) {  // What is left is too much.
    if (index < batch.first_index() || index - batch.first_index() >= count) {
      damaged(index, "it is in the feed of " + std::string(member) + ", for another batch");
    } else if (const auto known = good.find(index); known != good.end()) {
      damaged(index, known->second == urgent
                         ? "it is in the feed of " + std::string(member) + ", not for them"
                         : "it is in the wrong lane of the feed of " + std::string(member));
    }
  }
}

// C-126. The log may hold an envelope of the notice that was signed before the last one: then what
// was delivered decides, also where the node found it void. Nothing is decided while that is still
// to come.
void Auditor::check_outbox(const v1::AuditEntry& entry, const ledger::Leaf& leaf,
                           const Envelope* good) {
  const v1::AuditOutbox& outbox = entry.outbox();
  if (!entry.has_outbox() || (good != nullptr && as_view(good->notice) == outbox.notice())) {
    return;
  }
  const auto is_it = [&](std::string_view bytes) {
    const Result<Envelope> envelope =
        parse_envelope(bytes, follower_.directory().genesis(), Bodies::kMaybeErased);
    return envelope.has_value() && as_view(envelope->notice) == outbox.notice() &&
           envelope->entry == leaf.entry;
  };
  const bool decided = outbox.passed() || !entry.envelope().empty();
  if (decided && !is_it(outbox.envelope()) && !is_it(entry.envelope())) {
    finding(entry.index(), {ErrorCode::kLeafMismatch,
                            "the outbox says that its notice " + hex(as_bytes(outbox.notice())) +
                                " was logged here, and the leaf is of another"});
  }
}

// C-126. That the inbox describes the notice that was received is a part of check_envelope(), and
// so is an envelope that is bad.
void Auditor::check_inbox(const v1::AuditEntry& entry, const Envelope* good) {
  if (!entry.shown()) {
    return;
  }
  if (good != nullptr &&
      entry.shown_urgent() != (lane_of(good->draft.precedence()) == Lane::kUrgent)) {
    finding(entry.index(), {ErrorCode::kStoreDamaged, "it is in the wrong lane of the inbox"});
  }
  if (entry.envelope().empty() || entry.faulted() || entry.code() != 0) {
    finding(entry.index(),
            {ErrorCode::kStoreDamaged, "the inbox shows it, and no good envelope was received"});
  }
}

// C-125, C-137
void Auditor::remember(std::uint64_t index, const Envelope& envelope) {
  note_failure(
      drafts_.add(index, envelope.draft.origin(), envelope.draft.notice_id(), envelope.notice));
  for (const Signature& signature : envelope.signatures) {
    if (signature.batch.has_value()) {
      Newest& newest =
          newest_[{signature.key_id, static_cast<std::uint32_t>(envelope.draft.precedence())}];
      if (envelope.header.created_at_us() >= newest.created_at_us) {
        newest = {.created_at_us = envelope.header.created_at_us(), .index = index};
      }
    }
  }
}

void Auditor::last_page(const v1::AuditPageReply& page) {
  if (page.rows_beyond() > 0) {
    finding(std::nullopt, {ErrorCode::kStoreDamaged,
                           std::to_string(page.rows_beyond()) +
                               " rows of a feed or an inbox are of entries beyond the log"});
  }
  if (!page.has_clocks()) {
    return;
  }
  std::map<std::pair<Hash, std::uint32_t>, std::uint64_t> stored;
  for (const v1::AuditClock& clock : page.clocks().clocks()) {
    stored[{hash_from(clock.key_id()), clock.precedence()}] = clock.created_at_us();
  }
  for (const auto& [key, newest] : newest_) {
    const auto clock = stored.find(key);
    if (clock == stored.end() || clock->second < newest.created_at_us) {
      finding(newest.index,
              {ErrorCode::kStoreDamaged, "the stored clock of key " + hex(key.first) +
                                             " is behind it: older notices would be logged"});
    }
  }
}

void Auditor::note_failure(const Result<void>& done) {
  if (!done.has_value() && !report_.failure.has_value()) {
    report_.failure = done.error();
  }
}

std::optional<Hash> Auditor::root_at(std::uint64_t size) {
  const Result<std::optional<Hash>> root = heads_.root_at(size);
  if (!root.has_value()) {
    note_failure(std::unexpected(root.error()));
    return std::nullopt;
  }
  return *root;
}

Result<std::string> Auditor::directory_entry(const v1::AuditBatch& batch,
                                             const ledger::Leaf& leaf) {
  const Hash& genesis = follower_.directory().genesis();
  for (const v1::AuditEntry& entry : batch.entries()) {
    if (entry.index() == batch.first_index() && !entry.faulted() &&
        parse_envelope_into(envelope_, entry.envelope(), genesis, Bodies::kMaybeErased)
            .has_value() &&
        envelope_.entry == leaf.entry) {
      return entry.envelope();
    }
  }
  return fail(ErrorCode::kStoreDamaged, "the directory entry is not there or is bad");
}

std::optional<AuditFinding> Auditor::follow(const v1::AuditBatch& batch,
                                            const std::vector<ledger::Leaf>& leaves) {
  const ledger::Leaf& first = leaves.front();
  v1::LogBatch log_batch;
  log_batch.set_first_index(batch.first_index());
  log_batch.set_type(static_cast<std::uint32_t>(first.type));
  log_batch.set_accepted_at_ms(first.accepted_at_ms);
  log_batch.set_directory(to_string(first.directory));
  log_batch.set_checkpoint(batch.checkpoint());
  log_batch.mutable_entries()->reserve(leaves.size() * sizeof(Hash));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const ledger::Leaf& leaf = leaves[i];
    if (leaf.type != first.type || leaf.directory != first.directory ||
        leaf.accepted_at_ms != first.accepted_at_ms) {
      return AuditFinding{batch.first_index() + i,
                          {ErrorCode::kMalformed, "a leaf differs from its batch"}};
    }
    log_batch.mutable_entries()->append(as_view(leaf.entry));
  }
  if (first.type == ledger::LeafType::kDirectory) {
    Result<std::string> entry = directory_entry(batch, first);
    if (!entry.has_value()) {
      return AuditFinding{batch.first_index(), std::move(entry).error()};
    }
    log_batch.set_directory_entry(*std::move(entry));
  }
  if (batch.checkpoint().empty()) {
    // A hub that stopped between commit and signature leaves its last batch so, and only that one.
    if (batch.first_index() != follower_.size()) {
      return AuditFinding{batch.first_index(),
                          {ErrorCode::kGap, "expected at " + std::to_string(follower_.size())}};
    }
    report_.head_unsigned = true;
    unsigned_count_ = leaves.size();
    stopped_ = true;
    return std::nullopt;
  }
  const Result<FollowedBatch> followed = follower_.follow(log_batch, cache_);
  if (!followed.has_value()) {
    return AuditFinding{
        leaves.size() == 1 ? std::optional(batch.first_index()) : std::nullopt,
        {followed.error().code, "entries " + std::to_string(batch.first_index()) + " to " +
                                    std::to_string(batch.first_index() + leaves.size() - 1) + ": " +
                                    followed.error().detail}};
  }
  if ((batch.has_feeds() || !batch.root().empty()) &&
      batch.root() != as_view(follower_.tree().root())) {
    finding(batch.first_index(), {ErrorCode::kStoreDamaged, "the root stored for its batch"});
  }
  ++report_.batch_count;
  report_.directory_entry_count += first.type == ledger::LeafType::kDirectory ? 1 : 0;
  return std::nullopt;
}

void Auditor::judge(std::uint64_t index, const Envelope& notice) {
  Result<void> judged = judge_notice(notice, follower_.directory(), cache_);
  if (judged.has_value()) {
    judged = check_log_seen(notice, root_at(notice.header.log_seen().size()));
  }
  if (judged.has_value()) {
    remember(index, notice);
  } else if (!report_.failure.has_value()) {
    finding(index, judged.error());
  }
}

bool Auditor::batch(const v1::AuditBatch& batch) {
  if (stopped_) {
    if (unsigned_count_ > 0) {
      finding(batch.first_index(),
              {ErrorCode::kBadCheckpoint, "the batch before it has no checkpoint"});
    }
    return false;
  }
  const auto stop = [&](std::optional<std::uint64_t> index, Error error) {
    finding(index, std::move(error));
    stopped_ = true;
    return false;
  };
  const std::vector<ledger::Leaf> leaves = parse_leaves(as_bytes(batch.leaves()));
  if (leaves.empty() || leaves.size() * ledger::kLeafBytes != batch.leaves().size()) {
    return stop(batch.first_index() + leaves.size(), {ErrorCode::kMalformed, "no leaf"});
  }
  const std::optional<AuditFinding> end = follow(batch, leaves);
  const bool followed = !end.has_value() && !stopped_;
  std::vector<bool> shown(leaves.size());
  std::vector<bool> held(leaves.size());
  Due due;
  for (const v1::AuditEntry& entry : batch.entries()) {
    const std::uint64_t position = entry.index() - batch.first_index();
    if (entry.index() < batch.first_index() || position >= leaves.size()) {
      finding(entry.index(), {ErrorCode::kMalformed, "an entry outside its batch"});
      continue;
    }
    const ledger::Leaf& leaf = leaves[position];
    shown[position] = true;
    const Envelope* const good = check_envelope(entry, leaf, batch.has_feeds() || entry.shown());
    if (!followed) {
      continue;
    }
    check_outbox(entry, leaf, good);
    check_inbox(entry, good);
    if (good == nullptr || held[position]) {
      continue;
    }
    held[position] = true;
    if (batch.has_feeds()) {
      due[{readers_of(good->draft), lane_of(good->draft.precedence()) == Lane::kUrgent}].push_back(
          entry.index());
    }
    ++report_.envelope_count;
    report_.erased_count += good->erased.has_value() ? 1U : 0U;
    if (leaf.type != ledger::LeafType::kDirectory) {
      judge(entry.index(), *good);
    }
  }
  if (end.has_value()) {
    return stop(end->index, end->error);
  }
  for (std::size_t i = 0; batch.has_feeds() && i < shown.size(); ++i) {
    if (!shown[i]) {
      finding(batch.first_index() + i, {ErrorCode::kStoreDamaged, "the entry is not there"});
    }
  }
  if (!followed) {
    return false;
  }
  if (batch.has_feeds()) {
    check_feeds(batch, leaves.size(), due);
  }
  note_failure(heads_.add(follower_.size(), follower_.tree().root()));
  stopped_ = report_.failure.has_value();
  return !stopped_;
}

AuditReport Auditor::finish(std::uint64_t size_claimed, std::string_view root_claimed) {
  note_failure(drafts_.find_reused([this](const ReusedId& found) {
    finding(found.index, {ErrorCode::kNoticeIdReused,
                          "entry " + std::to_string(found.index_first) + " has another draft of " +
                              found.origin + " under id " + uuid_text(as_bytes(found.notice_id))});
  }));
  report_.size = follower_.size();
  report_.root = follower_.tree().root();
  const std::uint64_t held = report_.envelope_count + report_.void_count;
  report_.absent_count = report_.size > held ? report_.size - held : 0;
  // Also past an unsigned batch: a checkpoint that was removed must not end the audit in silence.
  const std::uint64_t shown = follower_.size() + unsigned_count_;
  if ((!stopped_ || unsigned_count_ > 0) && size_claimed != shown) {
    finding(std::nullopt,
            {ErrorCode::kStoreDamaged, "the store claims " + std::to_string(size_claimed) +
                                           " entries and shows " + std::to_string(shown)});
  }
  if (!stopped_ && !root_claimed.empty() && root_claimed != as_view(report_.root)) {
    finding(std::nullopt, {ErrorCode::kStoreDamaged, "the root of the stored head"});
  }
  return std::move(report_);
}

}  // namespace chancery::exchange
