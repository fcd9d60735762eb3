// The node's engine: what both ends of a pair count. It states to each peer what it counted of the
// common log, and compares what the peer states with its own count at the same size.

#include "core/exchange/completeness.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/seal.h"
#include "io/log/log.h"
#include "node/engine/drafting.h"
#include "node/engine/engine.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kCountedAtOnce = 20'000;     // Entries of a pair, in a turn.
constexpr milliseconds kStateAgainAfter{200};      // Where a Pong has to come first …
constexpr milliseconds kAskAgainAfter{200};        // … which is asked for no more often.
constexpr milliseconds kNotStatableAfter{60'000};  // Where the roster does not let us.

Error disputed(const std::string& peer, const NodeStore::PeerStatement& statement,
               const Error& why) {
  return {why.code,
          "entry " + std::to_string(statement.index) + ", by " + peer + ": " + why.detail};
}

}  // namespace

Result<std::string> Engine::text_of(const Arrival& arrival) {
  const bool sealed = arrival.envelope.has_value() && arrival.envelope->sealed();
  return sealed ? exchange::unpad_text(arrival.text) : Result<std::string>(arrival.text);
}

std::string Engine::new_notice_id() {
  constexpr std::size_t kRandomBytes = 10;
  const std::string random = random_(kRandomBytes);
  return make_uuid_v7(now_.unix_ms(), as_bytes(random).first<kRandomBytes>());
}

Result<void> Engine::load_pairs() {
  CHANCERY_TRY(const std::vector<std::string> peers, store_->pairs());
  for (const std::string& peer : peers) {
    Pair& pair = pairs_[peer];
    pair.pace.exchanged(exchange::Lane::kPatient, now_.steady);  // Something may be left to state.
    CHANCERY_TRY(const std::optional<NodeStore::PeerStatement> held, store_->dispute(peer));
    if (held.has_value()) {
      CHANCERY_TRY(const v1::Statement statement,
                   exchange::parse_statement(held->text, config_.member, held->index));
      CHANCERY_TRY(const std::optional<Error> otherwise, foreign(statement));
      pair.dispute =
          disputed(peer, *held,
                   otherwise.value_or(Error{ErrorCode::kStatementMismatch, "it counts otherwise"}));
    }
  }
  return {};
}

std::map<std::string, Error> Engine::disputes() const {
  std::map<std::string, Error> all;
  for (const auto& [peer, pair] : pairs_) {
    if (pair.dispute.has_value()) {
      all.emplace(peer, *pair.dispute);
    }
  }
  return all;
}

Result<void> Engine::take_exchanged(const Arrival& arrival, const ledger::Leaf& leaf, bool shown) {
  if (!arrival.envelope.has_value()) {
    return {};
  }
  const v1::Draft& draft = arrival.envelope->draft;
  if (is_exchanged(arrival)) {
    const exchange::Lane lane = exchange::lane_of(draft.precedence());
    if (!arrival.own) {
      CHANCERY_TRY_VOID(exchanged_with(draft.origin(), lane));
    }
    for (const v1::Recipient& recipient : draft.recipients()) {
      if (arrival.own) {
        CHANCERY_TRY_VOID(exchanged_with(recipient.member(), lane));
      }
    }
  }
  if (arrival.verdict != Verdict::kGood) {
    return {};
  }
  const StatedBy by{
      .peer = draft.origin(), .index = arrival.index, .accepted_at_ms = leaf.accepted_at_ms};
  if (draft.kind() == exchange::kStatementKind) {
    return take_statement(arrival, by);
  }
  CHANCERY_TRY_VOID(store_->put_references_of(arrival.index, arrival.text, *arrival.envelope));
  if (draft.kind() == exchange::kAcknowledgementKind && (shown || arrival.own)) {
    return take_acknowledgement(arrival, by);
  }
  return take_consultation(arrival);
}

Result<void> Engine::exchanged_with(const std::string& peer, exchange::Lane lane) {
  const auto [pair, is_new] = pairs_.try_emplace(peer);
  if (is_new) {
    CHANCERY_TRY_VOID(store_->put_pair_count(peer, PairEnd::kOurs, {}));
  }
  pair->second.pace.exchanged(lane, now_.steady);
  return {};
}

Result<void> Engine::take_statement(const Arrival& arrival, const StatedBy& by) {
  if (!arrival.envelope.has_value()) {
    return {};
  }
  const exchange::Envelope& envelope = *arrival.envelope;
  if (arrival.own) {
    for (auto& [peer, pair] : pairs_) {
      if (pair.stated == envelope.draft.notice_id()) {
        pair.stated.clear();
      }
    }
    return {};
  }
  CHANCERY_TRY(const std::string text, text_of(arrival));
  const Result<v1::Statement> statement =
      exchange::parse_statement(text, config_.member, arrival.index);
  if (!statement.has_value()) {
    log::warn(
        "bad-statement",
        {{"index", arrival.index}, {"peer", by.peer}, {"error", statement.error().to_string()}});
    return {};
  }
  for (const v1::EntryRef& ref : statement->unopenable()) {
    refusals_.line(now_.steady, log::Level::kWarn, "unopenable-elsewhere", by.peer,
                   {{"peer", by.peer}, {"index", ref.index()}});
  }
  statements_wait_ = true;
  news_.stages = news_.stages || statement->early_size() > 0;
  return store_->put_statement(by, *statement, arrival.text, envelope.sealed());
}

Result<void> Engine::take_acknowledgement(const Arrival& arrival, const StatedBy& by) {
  CHANCERY_TRY(const std::string text, text_of(arrival));
  const Result<v1::Acknowledgement> said = exchange::parse_acknowledgement(text);
  if (!said.has_value()) {
    log::warn("bad-acknowledgement",
              {{"index", arrival.index}, {"peer", by.peer}, {"error", said.error().to_string()}});
    return {};
  }
  const bool is_actual =
      arrival.envelope.has_value() && arrival.envelope->draft.status() == v1::STATUS_ACTUAL;
  if (is_actual) {
    CHANCERY_TRY_VOID(store_->end_owed_by(by.peer, said->notice()));
  }
  CHANCERY_TRY(const bool is_of_actual, store_->raises_alarms(said->notice()));
  if (arrival.own || (is_of_actual && !is_actual)) {  // C-194
    return {};
  }
  news_.stages = true;
  return store_->put_acknowledged(by, said->notice(), static_cast<std::uint32_t>(said->level()));
}

Result<void> Engine::compare_statements() {
  if (!statements_wait_ || disk_.is_full()) {
    return {};
  }
  CHANCERY_TRY(const std::vector<std::string> peers, store_->peers_with_statements());
  statements_wait_ = !peers.empty();
  for (const std::string& peer : peers) {
    CHANCERY_TRY_VOID(compare_with(peer, pairs_[peer]));
  }
  if (statements_wait_) {
    ask_how_far();
  }
  return {};
}

// That the statement is of another log than this node follows.
Result<std::optional<Error>> Engine::foreign(const v1::Statement& statement) {
  CHANCERY_TRY(const std::optional<Hash> root, store_->root_at(statement.size()));
  if (root.has_value() && as_view(*root) == statement.root()) {
    return std::optional<Error>();
  }
  return Error{ErrorCode::kForeignLog,
               "it states another root at size " + std::to_string(statement.size())};
}

// The one of the largest size that everything has come for; what it states of less is in it.
Result<void> Engine::compare_with(const std::string& peer, Pair& pair) {
  CHANCERY_TRY(const std::optional<NodeStore::PeerStatement> waiting,
               store_->waiting_statement(peer, link_.complete()));
  if (!waiting.has_value()) {
    return {};
  }
  CHANCERY_TRY(const v1::Statement statement,
               exchange::parse_statement(waiting->text, config_.member, waiting->index));
  CHANCERY_TRY(exchange::PairCount ours, store_->pair_count(peer, PairEnd::kTheirs));
  CHANCERY_TRY_VOID(write());
  if (ours.size > statement.size()) {  // Another node of the member stated more.
    return store_->judge_statement(peer, waiting->index, statement.size(),
                                   StatementVerdict::kPassedOver);
  }
  CHANCERY_TRY(const bool whole, store_->count_on(ours, peer, statement.size(), kCountedAtOnce));
  CHANCERY_TRY_VOID(store_->put_pair_count(peer, PairEnd::kTheirs, ours));
  if (!whole) {
    return {};
  }
  CHANCERY_TRY(const std::optional<Error> otherwise, foreign(statement));
  const Result<void> same = otherwise.has_value() ? Result<void>(std::unexpected(*otherwise))
                                                  : exchange::compare(statement, ours);
  news_.stages = true;
  if (same.has_value()) {
    if (std::exchange(pair.dispute, std::nullopt).has_value()) {
      log::info("alarm-over", {{"detail", peer + " counts as this node does"}});
    }
    return store_->judge_statement(peer, waiting->index, statement.size(),
                                   StatementVerdict::kAgrees);
  }
  pair.dispute = disputed(peer, *waiting, same.error());
  tell_alarm(*pair.dispute);
  return store_->judge_statement(peer, waiting->index, statement.size(),
                                 StatementVerdict::kContradicts);
}

Result<void> Engine::state_pairs() {
  if (link_.phase() != LinkPhase::kUp || disk_.is_full() || !follower_.directory().founded()) {
    return {};
  }
  for (auto& [peer, pair] : pairs_) {
    if (pair.pace.is_due(now_.steady) && pair.stated.empty()) {
      CHANCERY_TRY_VOID(state_when_whole(peer, pair));
    }
  }
  return {};
}

// What came since the last statement, where the log has a boundary behind it below which nothing is
// missing.
Result<void> Engine::state_when_whole(const std::string& peer, Pair& pair) {
  CHANCERY_TRY(const exchange::PairCount before, store_->pair_count(peer, PairEnd::kOurs));
  exchange::PairCount count = std::exchange(pair.counting, std::nullopt).value_or(before);
  CHANCERY_TRY(const std::uint64_t boundary, store_->boundary_before(link_.complete()));
  const std::uint64_t size = std::max(boundary, before.size);
  CHANCERY_TRY(const bool whole, store_->count_on(count, peer, size, kCountedAtOnce));
  if (!whole) {
    pair.counting = std::move(count);
    return {};
  }
  std::vector<std::uint64_t> early;
  if (size > 0 && pair.pace.lane() == exchange::Lane::kUrgent) {
    CHANCERY_TRY(early, store_->early_of(peer, size));
  }
  const bool is_news =
      !count.counts_the_same(before) || (!early.empty() && early.back() >= pair.early_through);
  CHANCERY_TRY(const bool lacks, store_->has_exchanged(peer, size));
  if (is_news) {
    pair.pace.stated(now_.steady);
    CHANCERY_TRY_VOID(state(peer, pair, count, std::move(early)));
  }
  if (lacks) {
    ask_how_far();
    is_news ? pair.pace.exchanged(exchange::Lane::kPatient, now_.steady)
            : pair.pace.later(now_.steady + kStateAgainAfter);
  } else if (!is_news) {
    pair.pace.stated(now_.steady);
  }
  return {};
}

Result<void> Engine::state(const std::string& peer, Pair& pair, const exchange::PairCount& count,
                           std::vector<std::uint64_t> early) {
  CHANCERY_TRY(const std::optional<Hash> root, store_->root_at(count.size));
  if (!root.has_value()) {
    return fail(ErrorCode::kStoreDamaged,
                "no batch ends at " + std::to_string(count.size) + ", where a pair was counted");
  }
  const std::uint64_t early_through = early.empty() ? 0 : early.back() + 1;
  CHANCERY_TRY(std::vector<std::uint64_t> unopenable, store_->unopenable_of(peer, count.size));
  v1::PublishRequest request;
  request.set_notice_id(new_notice_id());
  request.set_kind(std::string(exchange::kStatementKind));
  request.set_status(v1::STATUS_ACTUAL);
  request.set_precedence(early.empty() ? v1::PRECEDENCE_ROUTINE : v1::PRECEDENCE_IMMEDIATE);
  v1::Recipient& recipient = *request.add_recipients();
  recipient.set_member(peer);
  recipient.set_role(v1::RECIPIENT_ROLE_INFO);
  request.set_text(exchange::statement_text(count, {.peer = peer,
                                                    .root = *root,
                                                    .early = std::move(early),
                                                    .unopenable = std::move(unopenable)}));
  Result<OutboxDraft> draft = draft_notice(request, {.member = config_.member,
                                                     .genesis = store_->genesis(),
                                                     .directory = follower_.directory(),
                                                     .random = random_,
                                                     .now_ms = now_.unix_ms()});
  if (!draft.has_value()) {  // The peer has left, or the roster grants it no statements.
    pair.pace.later(now_.steady + kNotStatableAfter);
    refusals_.line(now_.steady, log::Level::kWarn, "cannot-state", peer,
                   {{"peer", peer}, {"error", draft.error().to_string()}});
    return {};
  }
  CHANCERY_TRY_VOID(write());
  CHANCERY_TRY_VOID(store_->put_draft(*draft));
  CHANCERY_TRY_VOID(store_->put_pair_count(peer, PairEnd::kOurs, count));
  pair.stated = request.notice_id();
  pair.early_through = std::max(pair.early_through, early_through);
  outbox_changed_ = true;
  return {};
}

void Engine::ask_how_far() {
  if (link_.phase() == LinkPhase::kUp && now_.steady >= asked_how_far_at_ + kAskAgainAfter) {
    asked_how_far_at_ = now_.steady;
    link_.ping(now_.unix_ms());
  }
}

}  // namespace chancery::node
