// The node's engine: what comes from the hub.

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/strict.h"
#include "io/log/log.h"
#include "node/engine/delays.h"
#include "node/engine/engine.h"

namespace chancery::node {

using std::chrono::milliseconds;

namespace {

// What is patient, of one turn: some ten milliseconds of work, and less while something urgent
// passes (decision 0043).
constexpr Portion kPortion{.count = 128, .bytes = 512U << 10U};
constexpr Portion kInTimeUrgent{.count = 16, .bytes = 128U << 10U};
constexpr std::uint64_t kRetentionSlackMs = 24ULL * 60 * 60 * 1000;       // Clocks differ.
constexpr std::size_t kDamagedKeptMax = 16 * exchange::kDamagedCountMax;  // On one connection.
constexpr std::size_t kRestoredBytesMax = 2U << 20U;  // At a time: the hub asks again.

}  // namespace

void Engine::raise_alarm(const Error& error) {
  if (!alarm_.has_value()) {
    alarm_ = error;
  }
  tell_alarm(error);
}

// As the link goes on; a restart does not forget it.
Result<void> Engine::keep_alarm(const Error& error, std::string_view evidence) {
  raise_alarm(error);
  CHANCERY_TRY_VOID(write());
  return store_->put_alarm(error, evidence, now_.unix_ms());
}

void Engine::tell_alarm(const Error& error) {
  log::error("alarm", {{"error", error_info(error.code).name},
                       {"detail", error.detail},
                       {"remedy", error_info(error.code).remedy}});
}

// The log that the hub shows contradicts the one that was verified: nothing more is taken from it.
Result<void> Engine::stop_following(const Error& why, std::string_view evidence) {
  link_.alarm();
  return keep_alarm(why, evidence);
}

// What the hub sends can be wrong in any way: that is logged, and never ends this process.
Result<void> Engine::receive_from_hub(const std::string& topic, std::string_view message,
                                      const Now& now) {
  now_ = now;
  pings_unanswered_ = 0;
  Result<v1::DownMessage> parsed = exchange::parse_wire<v1::DownMessage>(
      message, exchange::Reading::kStrict, {.bytes_max = 2 * exchange::kFrameBytesMax});
  if (!parsed.has_value()) {
    refusals_.line(now.steady, log::Level::kWarn, "refused-frame",
                   error_info(parsed.error().code).name,
                   {{"topic", topic}, {"error", parsed.error().to_string()}});
    return {};
  }
  const bool is_mine = topic == "to/" + config_.member || topic == "control" || topic == "log" ||
                       topic == "directory";
  if (!is_mine) {
    refusals_.line(now.steady, log::Level::kWarn, "refused-frame", "topic",
                   {{"topic", topic}, {"why", "not a topic of this node"}});
    return {};
  }
  // The hub has it all, and is asked again once there is room: a pong says what is missing.
  const bool writes = !parsed->has_welcome() && !parsed->has_pong() && !parsed->has_fault();
  if (disk_.is_full() && writes) {
    return {};
  }
  switch (parsed->message_case()) {
    case v1::DownMessage::kBatches:
      return take_batches(std::move(*parsed->mutable_batches()));
    case v1::DownMessage::kDeliver:
      link_.deliver(std::move(*parsed->mutable_deliver()));
      return take_deliveries(exchange::Lane::kUrgent);
    case v1::DownMessage::kAccepted:
      return take_accepted(parsed->accepted());
    case v1::DownMessage::kRefused:
      return take_refused(parsed->refused());
    case v1::DownMessage::kRound:
      round_ = std::move(*parsed->mutable_round());
      return look_at_rounds();
    case v1::DownMessage::kRoundResult:
      CHANCERY_TRY_VOID(judge_own_line(parsed->round_result().checkpoint()));
      round_result_ = std::move(*parsed->mutable_round_result());
      return look_at_rounds();
    case v1::DownMessage::kDamaged:
      return take_damaged(parsed->damaged());
    default:
      return take_control(*parsed);
  }
}

Result<void> Engine::take_control(const v1::DownMessage& message) {
  const bool was_up = link_.phase() == LinkPhase::kUp;
  if (const Result<void> taken = link_.control(message); !taken.has_value()) {
    last_fault_ = taken.error().to_string();
    if (link_.phase() == LinkPhase::kForeign) {
      foreign_ = taken.error();
      tell_alarm(taken.error());
    } else if (taken.error().code == ErrorCode::kNodeRunsElsewhere && !was_up) {
      const std::string_view remedy = error_info(taken.error().code).remedy;
      log::error("node-runs-elsewhere", {{"detail", taken.error().detail}, {"remedy", remedy}});
      last_fault_.append(". ").append(remedy);
      greet_later();
    } else {
      refusals_.line(now_.steady, log::Level::kWarn, "hub-fault",
                     error_info(taken.error().code).name, {{"error", last_fault_}});
    }
  }
  if (!was_up && link_.phase() == LinkPhase::kUp) {
    last_fault_.clear();
    uplink_ = Uplink();  // Perhaps another way: all that is unanswered is sent again on it.
    if (std::exchange(foreign_, std::nullopt).has_value()) {
      log::info("alarm-over", {{"detail", "the hub has the log that this node verified"}});
    }
    elsewhere_delay_ = kElsewhereMin;
    outbox_changed_ = true;
    in_step_ = false;
    waits_for_hub_.clear();  // It says anew what it lacks.
    handed_in_.clear();
    log::info("hub-welcome", {{"hub_size", link_.hub_size()}, {"size", follower_.size()}});
  }
  return {};
}

// Nothing goes back on the hub's word alone: the roster that says so is judged by the directory of
// where it continues, and needs the assent of the authorities that this node knows last, too.
Result<std::optional<exchange::LogFollower>> Engine::judge_continuation(const v1::LogBatch& batch) {
  const std::uint64_t size = batch.first_index();
  CHANCERY_TRY(const std::optional<ledger::Leaf> ours, store_->sound_leaf(size));
  if (ours.has_value() && as_view(ours->entry) == batch.entries()) {
    return std::optional<exchange::LogFollower>();
  }
  CHANCERY_TRY(const exchange::LogFollower to, store_->follower_at(size));
  exchange::LogFollower after = to;
  CHANCERY_TRY(const exchange::FollowedBatch followed, after.follow(batch, cache_));
  const bool continues =
      after.directory().continuations().size() > to.directory().continuations().size();
  if (!continues || !followed.directory_entry.has_value()) {
    return fail(ErrorCode::kForeignLog,
                "entry " + std::to_string(size) + " of the hub's log is another one");
  }
  CHANCERY_TRY_VOID(follower_.directory().check_assent_to(*followed.directory_entry, cache_));
  return std::optional(to);
}

Result<void> Engine::consider_going_back(const v1::Batches& batches) {
  for (const v1::LogBatch& batch : batches.batches()) {
    const bool may_continue =
        batch.type() == static_cast<std::uint32_t>(ledger::LeafType::kDirectory) &&
        batch.first_index() > 0 && batch.first_index() < follower_.size();
    if (!may_continue) {
      continue;
    }
    const Result<std::optional<exchange::LogFollower>> to = judge_continuation(batch);
    if (!to.has_value()) {
      if (to.error().code == ErrorCode::kIo) {
        return std::unexpected(to.error());
      }
      if (alarm_.has_value()) {
        return {};
      }
      return keep_alarm(
          {to.error().code, "the hub's log goes on at size " + std::to_string(batch.first_index()) +
                                " without what this node followed: " + to.error().detail},
          batch.SerializeAsString());
    }
    if (const std::optional<exchange::LogFollower>& place = *to; place.has_value()) {
      return go_back(*place, batch);
    }
  }
  return {};
}

Result<void> Engine::go_back(const exchange::LogFollower& to, const v1::LogBatch& told_by) {
  log::warn("log-went-back", {{"from", follower_.size()},
                              {"to", to.size()},
                              {"kept", "all that was followed beyond, as evidence"}});
  bool knows_what_is_left = false;  // Of what its witness signed: the rest is given up.
  if (witness_fault_.has_value() && witness_fault_->code == ErrorCode::kWitnessOlder) {
    CHANCERY_TRY(const WitnessState last, store_->witness_state());
    knows_what_is_left = last.tree.size >= to.size();
  }
  CHANCERY_TRY_VOID(write());
  CHANCERY_TRY_VOID(store_->go_back(to, told_by.SerializeAsString(), now_.unix_ms()));
  if (knows_what_is_left) {
    CHANCERY_TRY_VOID(store_->forget_seen_line(witness_->public_key().id()));
    witness_fault_.reset();
  }
  CHANCERY_TRY(NodeState state, store_->load());
  follower_ = std::move(state.follower);
  history_ = std::move(state.history);
  cosigned_.reset();
  local_api_.set_cosigned(0);
  round_.reset();
  round_result_.reset();
  overdue_.clear();
  cosigned_behind_since_ms_ = 0;
  resent_through_us_.reset();
  link_.go_back(std::move(state.position));
  if (state.cosigned.has_value()) {
    CHANCERY_TRY(const CosignedNote head,
                 judge_head(state.cosigned->note, open_head(state.cosigned->note)));
    set_cosigned(head);
  }
  pairs_.clear();
  CHANCERY_TRY_VOID(load_pairs());
  CHANCERY_TRY_VOID(load_consultations());
  statements_wait_ = true;
  outbox_changed_ = true;
  news_.stages = true;
  return {};
}

Result<void> Engine::take_batches(v1::Batches batches) {
  if (link_.may_go_back()) {
    return consider_going_back(batches);
  }
  for (const v1::LogBatch& batch : link_.batches(std::move(batches))) {
    const Result<exchange::FollowedBatch> followed = follower_.follow(batch, cache_);
    CHANCERY_TRY_VOID(write());
    if (!followed.has_value()) {
      return stop_following(followed.error(), batch.SerializeAsString());
    }
    CHANCERY_TRY_VOID(store_->put_batch(*followed, follower_));
    if (followed->directory_entry.has_value()) {
      remember(history_, followed->first_index, follower_.directory());
      if (follower_.directory().continuations().size() > link_.position().continued.size()) {
        link_.continued(follower_.directory().continuations().back().roster);
      }
    }
    link_.followed(follower_.size(), follower_.tree().root(), followed->checkpoint);
  }
  CHANCERY_TRY_VOID(look_at_rounds());
  return take_deliveries(exchange::Lane::kUrgent);
}

Result<const exchange::Directory*> Engine::directory_at(
    std::uint64_t index, std::optional<exchange::Directory>& folded) {
  const auto after =
      std::ranges::upper_bound(history_, index, {}, &DirectoryHistory::value_type::first);
  if (after == history_.begin()) {
    CHANCERY_TRY(folded, store_->directory_at(index));
    return &*folded;
  }
  return &std::prev(after)->second;
}

// What is patient waits for the end of the turn, behind all that is urgent and came after it.
Result<void> Engine::take_patient() {
  if (disk_.is_full()) {
    return {};
  }
  return take_deliveries(exchange::Lane::kPatient,
                         urgency_.is_on(now_.steady) ? kInTimeUrgent : kPortion);
}

Result<void> Engine::take_deliveries(exchange::Lane lane, const Portion& portion) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < portion.count && bytes < portion.bytes; ++i) {
    std::optional<v1::Delivery> taken = link_.take_delivery(lane);
    if (!taken.has_value()) {
      return {};
    }
    v1::Delivery& delivery = *taken;
    bytes += delivery.envelope().size();
    CHANCERY_TRY(const std::optional<ledger::Leaf> sound, store_->sound_leaf(delivery.index()));
    if (!sound.has_value()) {
      link_.stand(lane, delivery.index());
      continue;
    }
    const ledger::Leaf& leaf = *sound;
    std::optional<exchange::Directory> folded;
    CHANCERY_TRY(const exchange::Directory* const directory,
                 directory_at(delivery.index(), folded));
    Arrival& arrival = arrival_;
    judge_delivery_into(arrival, delivery.index(), std::move(*delivery.mutable_envelope()), leaf,
                        config_.member, *directory, opener_, cache_);
    arrival.lane = lane;
    if (arrival.lane == exchange::Lane::kUrgent) {
      urgency_.passed(now_.steady);
    }
    check_erasure(arrival, leaf);
    CHANCERY_TRY_VOID(write());
    if (arrival.verdict == Verdict::kGarbled) {
      CHANCERY_TRY(const bool aside, put_aside(arrival));
      if (aside) {
        continue;
      }
    }
    if (arrival.verdict == Verdict::kGood && arrival.envelope.has_value()) {
      CHANCERY_TRY(arrival.error, judge_hub_by(*arrival.envelope, arrival));
    }
    CHANCERY_TRY(const std::optional<std::uint64_t> shown,
                 store_->put_arrival(arrival, leaf, now_.unix_ms()));
    CHANCERY_TRY_VOID(take_exchanged(arrival, leaf, shown.has_value()));
    link_.stored(arrival.lane, arrival.index);
    waits_for_hub_.erase(arrival.index);
    news_.arrivals = true;
    if (arrival.verdict == Verdict::kErased) {
      log::warn("erased-entry", {{"index", arrival.index}});
    } else if (arrival.verdict != Verdict::kGood) {
      log::error(arrival.verdict == Verdict::kVoid ? "void-entry" : "unopenable-entry",
                 {{"index", arrival.index},
                  {"error", error_info(arrival.error->code).name},
                  {"detail", arrival.error->detail}});
    } else if (arrival.own) {
      CHANCERY_TRY_VOID(take_own(arrival, leaf));
    }
  }
  return {};
}

// A hub that keeps a body back may say that it was erased: believed only where its time has passed.
void Engine::check_erasure(Arrival& arrival, const ledger::Leaf& leaf) const {
  if (arrival.verdict == Verdict::kErased && arrival.envelope.has_value() &&
      !exchange::is_past_retention(follower_.directory().roster(), arrival.envelope->draft.kind(),
                                   leaf.accepted_at_ms, now_.unix_ms(), kRetentionSlackMs)) {
    arrival.verdict = Verdict::kGarbled;
    arrival.error = Error{ErrorCode::kBodyErased, "before its time"};
  }
}

// The hub may have sent it wrong once. The second time it counts as what the hub has to give, and
// that is not what it logged.
Result<bool> Engine::put_aside(Arrival& arrival) {
  CHANCERY_TRY(const bool first, store_->put_garbled(arrival, now_.unix_ms()));
  if (!first) {
    arrival.verdict = Verdict::kVoid;
    if (arrival.error.has_value() && arrival.error->code != ErrorCode::kBodyErased) {
      CHANCERY_TRY_VOID(keep_alarm(
          {ErrorCode::kLeafMismatch,
           "entry " + std::to_string(arrival.index) +
               " was delivered twice as what was not logged there: " + arrival.error->to_string()},
          arrival.envelope_bytes));
    }
    return false;
  }
  if (arrival.error.has_value()) {
    log::error("garbled-delivery", {{"index", arrival.index},
                                    {"error", error_info(arrival.error->code).name},
                                    {"detail", arrival.error->detail}});
  }
  link_.refetch(arrival.lane, arrival.index);
  return true;
}

// The notice stands whatever its origin saw, and in whichever lane it came: it is judged by its
// leaf's directory. That another log was seen, or that one came behind or ahead of its turn,
// concerns the hub.
Result<std::optional<Error>> Engine::judge_hub_by(const exchange::Envelope& envelope,
                                                  const Arrival& arrival) {
  const std::uint64_t size = envelope.header.log_seen().size();
  std::optional<Hash> head;
  if (size <= arrival.index) {
    CHANCERY_TRY(head, store_->root_at(size));
  }
  Result<void> good = exchange::check_log_seen(envelope, head);
  if (good.has_value() && arrival.lane != exchange::lane_of(envelope.draft.precedence())) {
    good = fail(ErrorCode::kMalformed,
                "entry " + std::to_string(arrival.index) + " came in the " +
                    (arrival.lane == exchange::Lane::kUrgent ? "urgent" : "patient") +
                    " lane, which is not that of its precedence");
  }
  if (good.has_value()) {
    return std::optional<Error>();
  }
  raise_alarm(good.error());
  return std::optional(good.error());
}

// A receipt is an index whose leaf matches: the delivery of our own entry is one.
Result<void> Engine::take_own(const Arrival& arrival, const ledger::Leaf& leaf) {
  if (!arrival.envelope.has_value()) {
    return {};
  }
  const exchange::Envelope& envelope = *arrival.envelope;
  // Signed by this node under a store that is older than the log, as after a restore: the hub
  // refuses what is stamped before it.
  if (const exchange::Signature* const by = envelope.batch_signature();
      by != nullptr && by->key_id == signer_->public_key().id()) {
    created_at_us_ = std::max(created_at_us_, envelope.header.created_at_us());
    store_->raise_clock(created_at_us_);
  }
  const std::string& notice_id = envelope.draft.notice_id();
  CHANCERY_TRY(const std::optional<OutboxStanding> row, store_->outbox_standing(notice_id));
  if (!row.has_value() || row->notice != envelope.notice) {
    log::warn("own-notice-from-elsewhere", {{"index", arrival.index}, {"notice", envelope.name()}});
    return {};
  }
  outbox_changed_ = true;
  news_.notice_ids.insert(notice_id);
  sent_.erase(notice_id);
  restamp_delay_ = kRestampMin;
  return store_->mark_logged(*row, envelope.draft, arrival.index, leaf.accepted_at_ms);
}

bool Engine::settle_entry(const std::string& notice_id, const Result<std::uint64_t>& outcome) {
  if (entries_.erase(notice_id) == 0) {
    return false;
  }
  entry_outcomes_.push_back({.notice_id = notice_id, .index = outcome});
  return true;
}

Result<void> Engine::take_accepted(const v1::Accepted& accepted) {
  for (const v1::AcceptedItem& item : accepted.items()) {
    if (settle_entry(item.notice_id(), item.index())) {
      continue;
    }
    CHANCERY_TRY(const std::optional<OutboxStanding> row,
                 store_->outbox_standing(item.notice_id()));
    if (!row.has_value() || row->place.stage != OutboxStage::kSigned ||
        item.index() >= follower_.size()) {
      continue;
    }
    CHANCERY_TRY(const std::optional<ledger::Leaf> leaf, store_->sound_leaf(item.index()));
    CHANCERY_TRY(const std::optional<Sent> sent, take_sent(item.notice_id()));
    if (!leaf.has_value() || !sent.has_value() || sent->entry != leaf->entry) {
      continue;  // An earlier stamping was logged: its delivery will show it.
    }
    CHANCERY_TRY_VOID(write());
    CHANCERY_TRY_VOID(store_->mark_logged(*row, *sent->draft, item.index(), leaf->accepted_at_ms));
    restamp_delay_ = kRestampMin;
    outbox_changed_ = true;
    news_.notice_ids.insert(item.notice_id());
  }
  return {};
}

// Of a signed notice, from the store where it was signed before this process; nothing where what is
// stored does not parse.
Result<std::optional<Engine::Sent>> Engine::take_sent(const std::string& notice_id) {
  if (const auto known = sent_.extract(notice_id); !known.empty()) {
    return std::optional(std::move(known.mapped()));
  }
  CHANCERY_TRY(const std::optional<OutboxRow> row, store_->outbox_as_it_is(notice_id));
  Result<exchange::Envelope> envelope =
      exchange::parse_envelope(row.value_or(OutboxRow()).envelope, store_->genesis());
  return envelope.has_value()
             ? std::optional(
                   Sent{.entry = envelope->entry,
                        .draft = std::make_shared<const v1::Draft>(std::move(envelope->draft))})
             : std::optional<Sent>();
}

// Expired, says the hub, and by the clock here it is not: no hub's clock ends a notice.
Result<bool> Engine::is_early(const v1::RefusedItem& item, ErrorCode code) {
  if (code != ErrorCode::kExpired) {
    return false;
  }
  CHANCERY_TRY(const std::optional<OutboxRow> row, store_->outbox_as_it_is(item.notice_id()));
  if (!row.has_value()) {
    return false;
  }
  const Result<v1::Draft> draft = exchange::parse_wire<v1::Draft>(row->draft);
  return draft.has_value() &&
         exchange::check_not_expired(draft->expires_at_ms(), now_.unix_ms()).has_value();
}

// The first that may go again takes all with it, in order; what comes too soon is told so.
Result<void> Engine::try_again(const v1::RefusedItem& item, ErrorCode code, milliseconds delay) {
  const SteadyTime again = now_.steady + delay;
  retry_at_ = std::min(retry_at_.value_or(again), again);
  return store_->note_refusal(item.notice_id(), {code, item.text()});
}

Result<void> Engine::take_refused(const v1::Refused& refused) {
  bool restamps = false;
  for (const v1::RefusedItem& item : refused.items()) {
    const ErrorCode code = error_code_from_wire(item.code()).value_or(ErrorCode::kInternal);
    if (settle_entry(item.notice_id(), fail(code, item.text()))) {
      continue;
    }
    const milliseconds delay(std::min<std::uint64_t>(item.retry_after_ms(), 60'000));
    refusals_.line(now_.steady, log::Level::kWarn, "refused", error_info(code).name,
                   {{"notice_id", uuid_text(as_bytes(item.notice_id()))},
                    {"error", error_info(code).name},
                    {"detail", item.text()}});
    news_.notice_ids.insert(item.notice_id());
    sent_.erase(item.notice_id());
    CHANCERY_TRY_VOID(write());
    CHANCERY_TRY(const bool early, is_early(item, code));
    // A notice outlives the key that first signed it: it is signed again by the key of now. And
    // what MINIMIZE holds back is signed once that is lifted.
    if (code == ErrorCode::kStaleDirectory || code == ErrorCode::kOutOfOrder ||
        code == ErrorCode::kRevokedKey || code == ErrorCode::kUnknownKey ||
        code == ErrorCode::kSuspended) {
      CHANCERY_TRY_VOID(store_->mark_queued(item.notice_id(), {code, item.text()}));
      outbox_changed_ = true;
      if (signs_ == Signs::kAll) {
        sign_not_before_ = now_.steady + std::max(delay, restamp_delay_);
        restamps = true;
      } else {
        signs_ = Signs::kNothing;  // Until the log is followed: it says why.
      }
    } else if (code == ErrorCode::kForeignLog) {
      // One of the two was shown another log. That concerns the hub, and no notice is lost by it.
      if (!alarm_.has_value()) {
        CHANCERY_TRY_VOID(keep_alarm({code, "the hub refused a notice: " + item.text()},
                                     item.SerializeAsString()));
      }
      CHANCERY_TRY_VOID(try_again(item, code, kForeignAgainAfter));
    } else if (early) {
      // Those behind it do not wait until the clocks agree.
      CHANCERY_TRY_VOID(store_->mark_aside(item.notice_id(), {code, item.text()}));
      aside_until_ = now_.steady + kAsideFor;
      outbox_changed_ = true;
    } else if (error_info(code).retry == Retry::kRetryable) {
      if (code == ErrorCode::kAdmissionStopped) {  // Until somebody helps the hub.
        last_fault_ = Error{code, item.text()}.to_string();
      }
      CHANCERY_TRY_VOID(try_again(item, code, std::max(delay, kUnsentAgainAfter)));
    } else {
      CHANCERY_TRY_VOID(store_->mark_refused(item.notice_id(), {code, item.text()}));
      outbox_changed_ = true;
    }
  }
  if (restamps) {
    restamp_delay_ = std::min(2 * restamp_delay_, kRestampMax);
  }
  return {};
}

// What this node holds it hands in, once on a connection; the rest is why its lanes stand.
Result<void> Engine::take_damaged(const v1::Damaged& damaged) {
  std::size_t bytes = 0;
  waits_for_hub_.clear();
  for (const v1::DamagedEntry& entry : damaged.entries()) {
    const std::uint64_t index = entry.index();
    if (handed_in_.contains(index)) {
      continue;
    }
    if (waits_for_hub_.size() + handed_in_.size() >= kDamagedKeptMax) {
      return {};
    }
    std::optional<std::string> held;
    if (index < follower_.size()) {
      CHANCERY_TRY(held, store_->held_envelope(index));
    }
    if (!held.has_value()) {
      waits_for_hub_.insert(index);
      refusals_.line(
          now_.steady, log::Level::kError, "hub-record-damaged", std::to_string(index),
          {{"index", index}, {"remedy", "its origin, or another recipient, has to connect"}});
    } else if (bytes < kRestoredBytesMax) {
      bytes += held->size();
      link_.restore(index, *std::move(held));
      handed_in_.insert(index);
      log::info("restoring-at-hub", {{"index", index}});
    }
  }
  return {};
}

}  // namespace chancery::node
