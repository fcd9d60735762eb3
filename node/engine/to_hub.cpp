// The node's engine: what goes to the hub.

#include <algorithm>
#include <utility>

#include "core/crypto/secret.h"
#include "core/exchange/compose.h"
#include "core/exchange/limits.h"
#include "core/exchange/minimize.h"
#include "core/exchange/names.h"
#include "io/log/log.h"
#include "node/engine/delays.h"
#include "node/engine/engine.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

constexpr SigningWindow kWindow;
constexpr milliseconds kResendAfter{30'000};
constexpr milliseconds kAwaitedTogether{1'000};
constexpr milliseconds kSignAgainAfter{1'000};
constexpr std::size_t kEntriesMax = 64;  // Of the directory, handed in and not answered.

}  // namespace

// Set by set, until the signer fails: what was not signed stays in the queue as it is.
std::vector<SignedSet> Engine::sign(const StampedBatch& batch) {
  std::vector<SignedSet> signed_sets;
  for (const std::vector<Hash>& ds : batch.sets) {
    exchange::BatchToSign to_sign(store_->genesis(), signer_->public_key().id(), ds);
    Result<std::string> value = signer_->sign(as_bytes(to_sign.message()));
    if (!value.has_value()) {
      log::error("signing-failed", {{"detail", value.error().detail}});
      sign_not_before_ = now_.steady + kSignAgainAfter;
      break;
    }
    cache_.insert(to_sign.message(), as_bytes(*value));  // Its own deliveries bring it back.
    signed_sets.push_back({.to_sign = std::move(to_sign), .value = *std::move(value)});
  }
  return signed_sets;
}

// The urgent do not wait for the log: most directories at hand are still the one in force, and the
// hub refuses what was sealed under another. Then they wait for it like the others.
void Engine::choose_what_to_sign() {
  const Signs before = signs_;
  if (follower_.size() >= link_.hub_size()) {
    signs_ = Signs::kAll;
  } else if (signs_ == Signs::kAll) {
    signs_ = Signs::kUrgent;
  }
  const v1::Precedence lowest = exchange::lowest_that_goes(follower_.directory());
  const bool other = std::exchange(lowest_, lowest) != lowest;
  local_api_.set_lowest(lowest);
  outbox_changed_ = outbox_changed_ || (signs_ == Signs::kAll && before != Signs::kAll) || other;
}

Result<void> Engine::sign_and_submit() {
  if (link_.phase() != LinkPhase::kUp) {
    return {};
  }
  choose_what_to_sign();
  const bool may_sign = signs_ != Signs::kNothing && follower_.directory().founded() &&
                        !disk_.is_full() && now_.steady >= sign_not_before_;
  if (!outbox_changed_ || !may_sign) {
    return {};
  }
  CHANCERY_TRY(const OutboxCounts outbox, store_->outbox_counts());
  // Whatever else waits is not read, for each that comes to it, before its turn.
  const bool only_urgent = outbox.signed_count > 0 && outbox.queued < kSignedTogetherMax;
  Result<std::vector<Waiting>> queued =
      only_urgent ? store_->waiting_urgent(kSignedTogetherMax, kWindow.bytes_max)
                  : store_->waiting(kSignedTogetherMax, kWindow.bytes_max, lowest_);
  if (!queued.has_value()) {
    CHANCERY_TRY(const Met met, keep_damages());
    return met.new_count > 0 ? Result<void>()
                             : std::unexpected(queued.error());  // The others next.
  }
  std::vector<Waiting> waiting = *std::move(queued);
  if (count_urgent(waiting) > 0) {
    urgency_.passed(now_.steady);
  }
  CHANCERY_TRY(const std::uint64_t before, bytes_on_the_way());
  uplink_.on_the_way(before, now_.steady, urgency_.is_on(now_.steady));
  SigningWindow window = kWindow;  // What is sent again fills it first.
  window.bytes_max = std::min(window.bytes_max, uplink_.pace() + window.reserve_bytes);
  waiting.resize(signs_ == Signs::kAll ? count_to_sign(waiting, outbox.signed_count)
                                       : count_urgent(waiting));
  waiting.resize(count_that_fits(waiting, outbox.signed_count, outbox.signed_bytes, window));
  if (waiting.empty()) {
    outbox_changed_ = false;
    return {};
  }
  std::string random = random_(random_bytes_needed(waiting, follower_.directory()));
  const crypto::WipeAtEnd random_wiped(random);  // Content keys come from it.
  StampedBatch batch =
      stamp(waiting,
            {.directory = &follower_.directory(),
             .origin = config_.member,
             .log_seen = exchange::tree_head(follower_.size(), follower_.tree().root()),
             .now_us = now_.unix_us,
             .created_at_last_us = created_at_us_,
             .batch_size_max = config_.batch_size_max},
            random);
  CHANCERY_TRY_VOID(write());
  for (const Unstampable& refused : batch.refused) {
    CHANCERY_TRY_VOID(store_->mark_refused(refused.notice_id, refused.error));
    news_.notice_ids.insert(refused.notice_id);
  }
  std::vector<SignedEnvelope> envelopes = signed_envelopes(batch, sign(batch));
  if (envelopes.empty()) {
    return {};
  }
  CHANCERY_TRY(NewestStamps newest, store_->newest_unacknowledged());
  std::vector<Unacknowledged> notices;
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    Stamped& stamped = batch.notices[i];
    CHANCERY_TRY_VOID(store_->put_signed(stamped, envelopes[i].bytes));
    created_at_us_ = stamped.created_at_us;
    notices.push_back({.envelope = std::move(envelopes[i].bytes),
                       .created_at_us = stamped.created_at_us,
                       .precedence = stamped.precedence});
    if (sent_.size() < kWindow.count_max || sent_.contains(stamped.notice_id)) {
      sent_.insert_or_assign(std::move(stamped.notice_id),
                             Sent{.entry = envelopes[i].entry, .draft = std::move(stamped.draft)});
    }
  }
  link_.submit(in_order(std::move(notices), std::move(newest)));
  await_answer();
  CHANCERY_TRY(const std::uint64_t after, bytes_on_the_way());
  uplink_.on_the_way(after, now_.steady, urgency_.is_on(now_.steady));
  return {};
}

// What was stamped up to now and not marked before is on the way since now.
void Engine::await_answer() {
  if (awaited_.empty() || now_.steady - awaited_.back().since > kAwaitedTogether) {
    awaited_.push_back({.since = now_.steady});
  }
  awaited_.back().through_us = created_at_us_;
}

// Of the oldest that is not answered, whatever was sent and answered after it.
Result<bool> Engine::answer_is_overdue() {
  const auto is_over = [&] {
    return !awaited_.empty() && now_.steady - awaited_.front().since >= kResendAfter;
  };
  if (!is_over()) {
    return false;
  }
  CHANCERY_TRY(const std::optional<std::uint64_t> oldest_us, store_->oldest_unacknowledged());
  while (!awaited_.empty() &&
         (!oldest_us.has_value() || awaited_.front().through_us < *oldest_us)) {
    awaited_.pop_front();
  }
  return is_over();
}

// Verbatim, in the order of signing: after each welcome, when the hub asked for it, and when it has
// been silent for long. The urgent at once, and of the patient no more than the way drains: another
// connection may be a slower one.
Result<void> Engine::resend_when_due() {
  if (link_.phase() != LinkPhase::kUp) {
    return {};
  }
  CHANCERY_TRY(const bool is_overdue, answer_is_overdue());
  const bool retries = retry_at_.has_value() && now_.steady >= *retry_at_;
  if (link_.take_resend() || is_overdue || retries) {
    awaited_.clear();
    retry_at_.reset();
    uplink_.anew();
    resent_through_us_ = 0;
    CHANCERY_TRY(const OutboxCounts outbox, store_->outbox_counts());
    if (outbox.signed_count > 0) {
      log::info("resending", {{"count", outbox.signed_count}});
    }
    CHANCERY_TRY(
        std::vector<Unacknowledged> urgent,
        store_->unacknowledged({.lane = exchange::Lane::kUrgent, .bytes_max = kWindow.bytes_max}));
    submit_again(in_order(std::move(urgent)));
  }
  return resend_more();
}

// A portion goes as the one before is answered, so each begins the time of all anew.
void Engine::submit_again(std::vector<Outbound> notices) {
  if (!notices.empty()) {
    link_.submit(std::move(notices));
    awaited_.clear();
    await_answer();
  }
}

Result<void> Engine::resend_more() {
  if (!resent_through_us_.has_value()) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t before, bytes_on_the_way());
  uplink_.on_the_way(before, now_.steady, urgency_.is_on(now_.steady));
  if (before >= uplink_.pace()) {
    return {};
  }
  CHANCERY_TRY(NewestStamps newest, store_->newest_unacknowledged(*resent_through_us_));
  CHANCERY_TRY(std::vector<Unacknowledged> notices,
               store_->unacknowledged({.lane = exchange::Lane::kPatient,
                                       .after_us = *resent_through_us_,
                                       .bytes_max = uplink_.pace() - before}));
  if (notices.empty()) {
    resent_through_us_.reset();
    outbox_changed_ = true;  // New ones may follow.
    return {};
  }
  resent_through_us_ = notices.back().created_at_us;
  submit_again(in_order(std::move(notices), std::move(newest)));
  CHANCERY_TRY(const std::uint64_t after, bytes_on_the_way());
  uplink_.on_the_way(after, now_.steady, urgency_.is_on(now_.steady));
  return {};
}

Result<std::uint64_t> Engine::bytes_on_the_way() {
  if (resent_through_us_.has_value()) {
    return store_->unacknowledged_bytes(*resent_through_us_);
  }
  CHANCERY_TRY(const OutboxCounts outbox, store_->outbox_counts());
  return outbox.signed_bytes;
}

Result<void> Engine::end_aside_when_due() {
  if (!aside_until_.has_value() || now_.steady < *aside_until_ || disk_.is_full()) {
    return {};
  }
  aside_until_.reset();
  CHANCERY_TRY(const OutboxCounts outbox, store_->outbox_counts());
  if (outbox.aside == 0) {
    return {};
  }
  CHANCERY_TRY_VOID(write());
  outbox_changed_ = true;
  return store_->end_aside();
}

std::vector<Outbound> Engine::in_order(std::vector<Unacknowledged> notices, NewestStamps newest) {
  std::vector<Outbound> all;
  all.reserve(notices.size());
  for (Unacknowledged& notice : notices) {
    const std::uint64_t previous_us =
        std::exchange(newest[notice.precedence], notice.created_at_us);
    all.push_back({.envelope = std::move(notice.envelope), .previous_us = previous_us});
  }
  return all;
}

Result<std::string> Engine::submit_entry(const std::string& bytes, const Now& now) {
  now_ = now;
  CHANCERY_TRY(const exchange::Envelope envelope,
               exchange::parse_envelope(bytes, store_->genesis()));
  if (!exchange::is_directory_kind(envelope.draft.kind())) {
    return fail(ErrorCode::kInvalidKind, envelope.draft.kind() + " is no entry of the directory");
  }
  if (link_.phase() != LinkPhase::kUp) {
    return fail(ErrorCode::kUnavailable, "there is no link to the hub");
  }
  if (entries_.size() >= kEntriesMax) {
    return fail(ErrorCode::kQueueFull, std::to_string(kEntriesMax) + " entries wait for the hub");
  }
  entries_.insert(envelope.draft.notice_id());
  link_.submit({{.envelope = bytes, .previous_us = 0}});
  return envelope.draft.notice_id();
}

void Engine::unsent(const Now& now) {
  awaited_.clear();
  awaited_.push_back(
      {.since = now.steady + kUnsentAgainAfter - kResendAfter, .through_us = created_at_us_});
  link_.unsent();
}

}  // namespace chancery::node
