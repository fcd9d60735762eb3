#include "cli/activity.h"

#include <algorithm>
#include <cstring>

#include "core/exchange/lane.h"
#include "core/exchange/seal.h"
#include "core/ledger/leaf.h"

namespace chancery::cli {
namespace {

using exchange::Envelope;

constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

// Each is a multiple of the one before it.
constexpr std::array kWidths = {kSecond,      5 * kSecond, 15 * kSecond, kMinute,    5 * kMinute,
                                15 * kMinute, kHour,       3 * kHour,    6 * kHour,  12 * kHour,
                                kDay,         7 * kDay,    28 * kDay,    364 * kDay, 3640 * kDay};

std::array<std::uint8_t, 16> fingerprint_of(std::string_view notice) {
  std::array<std::uint8_t, 16> first{};
  std::memcpy(first.data(), notice.data(), std::min(first.size(), notice.size()));
  return first;
}

// Of what a recipient opens; empty where it is not there.
std::string text_of(const v1::AuditEntry& entry, const Envelope& envelope) {
  if (!envelope.erased.has_value() && !envelope.sealed()) {
    return envelope.body.clear();
  }
  return exchange::unpad_text(entry.plaintext()).value_or("");
}

std::uint64_t since(std::uint64_t then_ms, std::uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

}  // namespace

void Times::record(std::uint64_t ms) {
  histogram.record(ms);
  const auto* const edge = std::ranges::upper_bound(kEdges, ms);
  ++bins.at(static_cast<std::size_t>(edge - kEdges.begin()));
}

void Times::merge(const Times& other) {
  histogram.merge(other.histogram);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    bins.at(i) += other.bins.at(i);
  }
}

std::uint64_t Series::width_ms() const {
  return kWidths.at(width_);
}

void Series::widen() {
  ++width_;
  const std::uint64_t before = begin_ms_;
  const std::uint64_t narrow = kWidths.at(width_ - 1);
  begin_ms_ = before / width_ms() * width_ms();
  std::vector<Column> wide;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t at = static_cast<std::size_t>((before + i * narrow - begin_ms_) / width_ms());
    wide.resize(std::max(wide.size(), at + 1));
    wide[at].patient += columns_[i].patient;
    wide[at].urgent += columns_[i].urgent;
  }
  columns_ = std::move(wide);
}

void Series::add(std::uint64_t ms, bool urgent) {
  if (columns_.empty()) {
    begin_ms_ = ms / width_ms() * width_ms();
  }
  const std::uint64_t time = std::max(ms, begin_ms_);
  while ((time - begin_ms_) / width_ms() >= kColumnsMax && width_ + 1 < kWidths.size()) {
    widen();
  }
  const auto at = static_cast<std::size_t>(
      std::min<std::uint64_t>((time - begin_ms_) / width_ms(), kColumnsMax - 1));
  columns_.resize(std::max(columns_.size(), at + 1));
  ++(urgent ? columns_[at].urgent : columns_[at].patient);
}

std::size_t ActivityFold::FingerprintHash::operator()(const Fingerprint& fingerprint) const {
  std::size_t value = 0;
  std::memcpy(&value, fingerprint.data(), sizeof(value));
  return value;
}

ActivityFold::ActivityFold(const Hash& genesis, std::string member)
    : genesis_(genesis), member_(std::move(member)) {}

void ActivityFold::batch(const v1::AuditBatch& batch, exchange::Auditor& auditor) {
  const std::uint64_t end = batch.first_index() + batch.leaves().size() / ledger::kLeafBytes;
  const Result<ledger::Leaf> first =
      ledger::parse_leaf(as_bytes(std::string_view(batch.leaves()).substr(0, ledger::kLeafBytes)));
  if (!auditor.root_at(end).has_value() || !first.has_value()) {
    return;  // It was not found good.
  }
  activity_.first_at_ms = activity_.size == 0 ? first->accepted_at_ms : activity_.first_at_ms;
  activity_.last_at_ms = first->accepted_at_ms;
  activity_.size = end;
  // What one sent and did not get back yet stands behind the others.
  std::vector<const v1::AuditEntry*> entries;
  for (const v1::AuditEntry& entry : batch.entries()) {
    if (entry.index() >= batch.first_index() && entry.index() < end) {
      entries.push_back(&entry);
    }
  }
  std::ranges::sort(entries, {}, [](const v1::AuditEntry* entry) { return entry->index(); });
  for (const v1::AuditEntry* const entry : entries) {
    const std::uint64_t position = entry->index() - batch.first_index();
    const Result<ledger::Leaf> leaf = ledger::parse_leaf(
        as_bytes(std::string_view(batch.leaves())
                     .substr(position * ledger::kLeafBytes, ledger::kLeafBytes)));
    const std::string& bytes =
        entry->envelope().empty() ? entry->outbox().envelope() : entry->envelope();
    if (!leaf.has_value() || leaf->type != ledger::LeafType::kNotice || bytes.empty()) {
      continue;
    }
    activity_.void_count += entry->faulted() ? 1U : 0U;
    const Result<Envelope> envelope =
        exchange::parse_envelope(bytes, genesis_, exchange::Bodies::kMaybeErased);
    if (!entry->faulted() && envelope.has_value() && envelope->entry == leaf->entry) {
      take(*entry, *envelope, {.index = entry->index(), .accepted_at_ms = leaf->accepted_at_ms},
           auditor);
    }
  }
}

void ActivityFold::take(const v1::AuditEntry& entry, const Envelope& envelope, const At& at,
                        exchange::Auditor& auditor) {
  const v1::Draft& draft = envelope.draft;
  const bool is_statement = draft.kind() == exchange::kStatementKind;
  const bool says = is_statement || draft.kind() == exchange::kAcknowledgementKind;
  const std::string text = says && !member_.empty() ? text_of(entry, envelope) : "";
  activity_.unread += says && !member_.empty() && text.empty() ? 1U : 0U;
  if (is_statement) {
    ++activity_.statements;
    if (!text.empty()) {
      take_statement(text, envelope, at, auditor);
    }
    return;
  }
  const bool urgent = exchange::lane_of(draft.precedence()) == exchange::Lane::kUrgent;
  ++activity_.notices;
  activity_.urgent += urgent ? 1U : 0U;
  activity_.unopenable += entry.code() != 0 && !entry.shown() ? 1U : 0U;
  std::pair<std::string, std::string> cell{draft.origin(), draft.kind()};
  if (activity_.volume.size() >= Activity::kCellsMax && !activity_.volume.contains(cell)) {
    cell.second = Activity::kOtherKinds;
  }
  ++activity_.volume[std::move(cell)];
  activity_.over_time.add(at.accepted_at_ms, urgent);
  if (!member_.empty()) {
    take_notice(envelope, at);
    if (says && !text.empty()) {
      take_acknowledgement(text, envelope, at);
    }
  }
}

void ActivityFold::take_notice(const Envelope& envelope, const At& at) {
  const bool own = envelope.draft.origin() == member_;
  const Exchanged exchanged{
      .index = at.index, .accepted_at_ms = at.accepted_at_ms, .own = own, .d = envelope.d};
  const auto with = [&](const std::string& peer) {
    Pair& pair = pairs_[peer];
    pair.ours.since.push_back(exchanged);
    pair.theirs.since.push_back(exchanged);
    (own ? pair.theirs : pair.ours).under_way.emplace(at.index, at.accepted_at_ms);
    PeerActivity& activity = activity_.peers[peer];
    ++(own ? activity.to_peer : activity.from_peer);
  };
  if (!own) {
    with(envelope.draft.origin());
    return;
  }
  accepted_.emplace(fingerprint_of(as_view(envelope.notice)), at.accepted_at_ms);
  for (const v1::Recipient& recipient : envelope.draft.recipients()) {
    with(recipient.member());
  }
}

void ActivityFold::take_statement(std::string_view text, const Envelope& envelope, const At& at,
                                  exchange::Auditor& auditor) {
  const bool own = envelope.draft.origin() == member_;
  if (envelope.draft.recipients_size() != 1) {
    return;
  }
  const std::string& recipient = envelope.draft.recipients(0).member();
  const Result<v1::Statement> said = exchange::parse_statement(text, recipient, at.index);
  if (said.has_value() && (own || recipient == member_)) {
    judge_statement(*said, own ? recipient : envelope.draft.origin(), own, at, auditor);
  }
}

// As a node compares them (C-193): a statement of a smaller size than the one before it says no
// more.
void ActivityFold::judge_statement(const v1::Statement& said, const std::string& peer, bool own,
                                   const At& at, exchange::Auditor& auditor) {
  Pair& pair = pairs_[peer];
  End& end = own ? pair.ours : pair.theirs;
  if (said.size() < end.count.size) {
    return;
  }
  while (!end.since.empty() && end.since.front().index < said.size()) {
    // As the other end counts, which compare() holds a statement against.
    end.count.add(end.since.front().own != own, end.since.front().d);
    end.since.pop_front();
  }
  end.count.size = said.size();
  Result<void> agrees = exchange::compare(said, end.count);
  const std::optional<Hash> root = auditor.root_at(said.size());
  if (!root.has_value() || as_view(*root) != said.root()) {
    agrees = fail(ErrorCode::kForeignLog,
                  "another root of the log below entry " + std::to_string(said.size()));
  }
  if (agrees.has_value()) {
    for (const std::size_t position : std::exchange(end.contradicted, {})) {
      activity_.mismatches.at(position).mended = true;
    }
    deliver(end, activity_.peers[peer], own, said, at);
  } else if (activity_.mismatches.size() < Activity::kMismatchesMax) {
    end.contradicted.push_back(activity_.mismatches.size());
    activity_.mismatches.push_back({.index = at.index,
                                    .accepted_at_ms = at.accepted_at_ms,
                                    .by = own ? member_ : peer,
                                    .about = own ? peer : member_,
                                    .size = said.size(),
                                    .detail = agrees.error().to_string()});
  }
}

void ActivityFold::deliver(End& end, PeerActivity& peer, bool own, const v1::Statement& said,
                           const At& at) {
  for (const v1::EntryRef& ref : said.unopenable()) {
    if (end.under_way.erase(ref.index()) > 0) {
      peer.unopenable += own ? 0U : 1U;
    }
  }
  Times& times = own ? peer.delivered_from : peer.delivered_to;
  const auto arrived = [&](std::map<std::uint64_t, std::uint64_t>::iterator notice) {
    times.record(since(notice->second, at.accepted_at_ms));
    return end.under_way.erase(notice);
  };
  for (auto notice = end.under_way.begin();
       notice != end.under_way.end() && notice->first < said.size();) {
    notice = arrived(notice);
  }
  for (const v1::EntryRef& ref : said.early()) {
    if (const auto notice = end.under_way.find(ref.index()); notice != end.under_way.end()) {
      arrived(notice);
    }
  }
}

void ActivityFold::take_acknowledgement(std::string_view text, const Envelope& envelope,
                                        const At& at) {
  const Result<v1::Acknowledgement> said = exchange::parse_acknowledgement(text);
  if (!said.has_value()) {
    return;
  }
  const Fingerprint notice = fingerprint_of(said->notice());
  const auto own = accepted_.find(notice);
  const std::string& by = envelope.draft.origin();
  if (own == accepted_.end() || by == member_ ||
      !acknowledged_.emplace(notice, std::pair(by, static_cast<int>(said->level()))).second) {
    return;
  }
  PeerActivity& peer = activity_.peers[by];
  (said->level() == v1::ACKNOWLEDGEMENT_LEVEL_READ ? peer.read : peer.actioned)
      .record(since(own->second, at.accepted_at_ms));
}

Activity ActivityFold::finish() {
  for (const auto& [peer, pair] : pairs_) {
    activity_.peers[peer].undelivered = pair.theirs.under_way.size();
  }
  return std::move(activity_);
}

}  // namespace chancery::cli
