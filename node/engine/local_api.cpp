#include "node/engine/local_api.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kind_rules.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/policy.h"
#include "core/exchange/strict.h"
#include "core/workflow/consultation.h"
#include "node/engine/drafting.h"
#include "node/engine/local_replies.h"
#include "node/store/consultation.h"

namespace chancery::node {
namespace {

constexpr std::size_t kScanMax = 2000;           // Rows looked at for one page.
constexpr std::size_t kScanNewestMax = 100'000;  // The same for `last`, which cannot be paged.
constexpr std::uint64_t kWaitMsMax = 60'000;
constexpr std::size_t kNoticePrefixMin = 4;
constexpr std::uint64_t kRetryAfterDiskMs = 5'000;

// What the store says of itself ends the process; everything else is the request's own fault.
bool is_store_failure(ErrorCode code) {
  return code == ErrorCode::kIo || code == ErrorCode::kStoreDamaged ||
         code == ErrorCode::kInternal || code == ErrorCode::kStoreBusy ||
         code == ErrorCode::kDiskFull;
}

v1::LocalReply refusal(const Error& error) {
  const bool of_disk = error.code == ErrorCode::kDiskLow || error.code == ErrorCode::kDiskFull;
  v1::LocalReply reply;
  reply.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  reply.mutable_error()->set_text(error.detail);
  reply.mutable_error()->set_retry_after_ms(of_disk ? kRetryAfterDiskMs : 0);
  return reply;
}

std::string_view verb_of(const v1::LocalRequest& request) {
  switch (request.request_case()) {
    case v1::LocalRequest::kPublish:
      return "publish";
    case v1::LocalRequest::kAwait:
      return "await";
    case v1::LocalRequest::kInbox:
      return "inbox";
    case v1::LocalRequest::kCursor:
      return "cursor";
    case v1::LocalRequest::kShow:
      return "show";
    case v1::LocalRequest::kOutbox:
      return "outbox";
    case v1::LocalRequest::kCancel:
      return "cancel";
    case v1::LocalRequest::kRetry:
      return "retry";
    case v1::LocalRequest::kCursors:
      return "cursors";
    case v1::LocalRequest::kReset:
      return "reset";
    case v1::LocalRequest::kNack:
      return "nack";
    case v1::LocalRequest::kDeferred:
      return "deferred";
    case v1::LocalRequest::kRedrive:
      return "redrive";
    case v1::LocalRequest::REQUEST_NOT_SET:
      return "none";
  }
  return "";
}

// Nothing is written for it but, along a cursor, that it was handed out.
bool only_reads(const v1::LocalRequest& request) {
  return request.has_inbox() || request.has_await() || request.has_show() || request.has_outbox() ||
         request.has_cursors() || request.has_deferred();
}

Result<void> check_filter(const v1::InboxFilter& filter, const LocalLimits& limits) {
  if (static_cast<std::size_t>(filter.origins_size()) > limits.filter_origin_count_max ||
      static_cast<std::size_t>(filter.kinds_size()) > limits.filter_pattern_count_max) {
    return fail(ErrorCode::kLimitExceeded,
                "a filter of " + std::to_string(filter.origins_size()) + " origins and " +
                    std::to_string(filter.kinds_size()) + " kinds, at most " +
                    std::to_string(limits.filter_origin_count_max) + " and " +
                    std::to_string(limits.filter_pattern_count_max));
  }
  const auto longest = [](const auto& texts) {
    std::size_t bytes = 0;
    for (const std::string& text : texts) {
      bytes = std::max(bytes, text.size());
    }
    return bytes;
  };
  const std::size_t origin_bytes = longest(filter.origins());
  const std::size_t pattern_bytes = longest(filter.kinds());
  if (origin_bytes > limits.filter_origin_bytes_max ||
      pattern_bytes > limits.filter_pattern_bytes_max) {
    return fail(ErrorCode::kLimitExceeded,
                "a filter with an origin of " + std::to_string(origin_bytes) +
                    " bytes and a kind of " + std::to_string(pattern_bytes) + ", at most " +
                    std::to_string(limits.filter_origin_bytes_max) + " and " +
                    std::to_string(limits.filter_pattern_bytes_max));
  }
  return {};
}

bool has_asked_status(v1::Status status, const v1::InboxFilter& filter) {
  switch (status) {
    case v1::STATUS_ACTUAL:
      return filter.actual();
    case v1::STATUS_EXERCISE:
      return filter.exercise();
    case v1::STATUS_TEST:
      return filter.test();
    case v1::STATUS_DRAFT:
      return filter.draft();
    default:
      return false;
  }
}

bool passes(const NodeStore::InboxHead& head, const v1::InboxFilter& filter) {
  const v1::Draft& draft = head.draft;
  const bool by_status = filter.actual() || filter.exercise() || filter.test() || filter.draft();
  if (by_status && !has_asked_status(draft.status(), filter)) {
    return false;
  }
  const auto& origins = filter.origins();
  if (!origins.empty() && std::ranges::find(origins, draft.origin()) == origins.end()) {
    return false;
  }
  if (!filter.kinds().empty() && !exchange::any_matches(filter.kinds(), draft.kind())) {
    return false;
  }
  return draft.precedence() >= filter.precedence_min() && head.accepted_at_ms >= filter.since_ms();
}

// Codes are short, so that each is near to each: no guess at which was meant, but the list.
std::string listed(const v1::Roster& roster) {
  constexpr int kListedMax = 40;
  std::string out;
  for (int i = 0; i < std::min(kListedMax, roster.members_size()); ++i) {
    out += (i == 0 ? "" : ", ") + roster.members(i).code();
  }
  return roster.members_size() > kListedMax
             ? out + " and " + std::to_string(roster.members_size() - kListedMax) + " more"
             : out;
}

// What a member that has left published stays readable.
Result<void> check_origins(const v1::InboxFilter& filter, const exchange::Directory& directory) {
  if (!directory.founded()) {
    return {};
  }
  for (const std::string& origin : filter.origins()) {
    if (!directory.is_or_was_member(origin)) {
      return fail(
          ErrorCode::kUnknownMember,
          "no member '" + origin + "', now or before: there are " + listed(directory.roster()));
    }
  }
  return {};
}

// What another said its own member alone takes back (C-243); and a consultation ends by its own
// words (C-224). Of what this node does not hold nobody here can tell.
Result<void> check_taken_back(NodeStore& store, const std::string& member,
                              const v1::PublishRequest& request) {
  CHANCERY_TRY(const v1::Text text, exchange::parse_text(request.kind(), request.text()));
  for (const auto* const named : {&text.supersedes(), &text.cancels()}) {
    for (const std::string& notice : *named) {
      CHANCERY_TRY(const std::optional<std::string> origin, store.received_from(notice));
      if (origin.has_value() && *origin != member) {
        return fail(ErrorCode::kInvalidKind,
                    hex(as_bytes(notice)) + " is of " + *origin + ", which alone takes it back");
      }
    }
  }
  for (const std::string& notice : text.cancels()) {
    CHANCERY_TRY(const bool opens, store.opens_consultation(notice));
    if (opens) {
      return fail(ErrorCode::kInvalidKind, hex(as_bytes(notice)) +
                                               " opens a consultation: a withdrawal ends it, or an "
                                               "opening that supersedes it");
    }
  }
  return {};
}

}  // namespace

bool is_asked_for(const NodeStore::InboxHead& head, const v1::InboxRequest& request,
                  const Application& application) {
  return exchange::any_matches(application.read, head.draft.kind()) &&
         passes(head, request.filter());
}

Result<void> check_may_read(const Application& application,
                            const google::protobuf::RepeatedPtrField<std::string>& patterns) {
  if (application.read.empty()) {
    return fail(ErrorCode::kNoGrant, application.name + " may read nothing");
  }
  for (const std::string& asked : patterns) {
    const bool some = std::ranges::any_of(application.read, [&](const std::string& granted) {
      return exchange::matches(granted, asked) || exchange::matches(asked, granted);
    });
    if (!some) {
      return fail(ErrorCode::kNoGrant, application.name + " may not read " + asked);
    }
  }
  return {};
}

LocalApi::LocalApi(std::string member, const std::vector<Application>& applications,
                   NodeStore& store, std::function<std::string(std::size_t)> random,
                   const LocalLimits& limits)
    : limits_(limits),
      member_(std::move(member)),
      applications_(applications),
      store_(store),
      random_(std::move(random)) {}

void LocalApi::reply(const std::string& routing_id, v1::LocalReply reply,
                     std::uint64_t request_id) {
  reply.set_request_id(request_id);
  answers_.push_back({.reply = {routing_id, reply.SerializeAsString()}});
  work_.bytes += answers_.back().reply.message.size();
}

void LocalApi::reply(Waiter asked, v1::LocalReply reply) {
  this->reply(asked.routing_id, std::move(reply), asked.request.request_id());
  if (only_reads(asked.request)) {
    answers_.back().asked = std::move(asked);
  }
}

std::vector<LocalReply> LocalApi::take_replies() {
  work_ = {};
  durable_count_ = 0;
  std::vector<LocalReply> replies;
  for (Answer& each : std::exchange(answers_, {})) {
    replies.push_back(std::move(each.reply));
  }
  return replies;
}

Result<void> LocalApi::handle(const std::string& routing_id, std::string_view name,
                              std::string_view frame, const LocalContext& context) {
  work_.bytes += frame.size();
  const auto application = std::ranges::find(applications_, name, &Application::name);
  if (application == applications_.end()) {
    reply(routing_id,
          refusal({ErrorCode::kNoGrant, "this key belongs to no application of the node"}), 0);
    return {};
  }
  Result<v1::LocalRequest> request = exchange::parse_wire<v1::LocalRequest>(
      frame, exchange::Reading::kOpen, {.bytes_max = exchange::kRequestBytesMax});
  if (!request.has_value()) {
    reply(routing_id, refusal(request.error()), 0);
    return {};
  }
  if (std::optional<v1::LocalReply> away = turn_away(*request, *application, context);
      away.has_value()) {
    reply(routing_id, std::move(*away), request->request_id());
    return {};
  }
  std::size_t bytes = 0;  // That it takes while it waits; what writes does not wait.
  if (only_reads(*request)) {
    const std::uint64_t request_id = request->request_id();
    request = kept(*std::move(request));
    if (!request.has_value()) {
      reply(routing_id, refusal(request.error()), request_id);
      return {};
    }
    bytes = request->SpaceUsedLong();
  }
  const std::uint64_t wait_ms =
      request->has_await() ? request->await().timeout_ms() : request->inbox().wait_ms();
  const bool may_wait = has_room_to_wait(*application, bytes);
  counters_.not_waited_count += wait_ms > 0 && !may_wait ? 1 : 0;
  const std::chrono::milliseconds waits(may_wait ? std::min(wait_ms, kWaitMsMax) : 0);
  Waiter asked{.routing_id = routing_id,
               .application = &*application,
               .request = *std::move(request),
               .deadline = context.now + waits,
               .passed = {},
               .bytes = bytes};
  Result<std::optional<v1::LocalReply>> answer =
      serve(asked.request, *application, context, may_wait, asked.passed);
  if (!answer.has_value()) {
    if (answer.error().code == ErrorCode::kDiskFull) {
      reply(std::move(asked), refusal(answer.error()));
    }
    return std::unexpected(answer.error());
  }
  if (std::optional<v1::LocalReply>& now = *answer; now.has_value()) {
    reply(std::move(asked), *std::move(now));
  } else {
    waiters_.push_back(std::move(asked));
  }
  return {};
}

void LocalApi::refuse(const std::string& routing_id, std::string_view frame, const Error& error) {
  const Result<v1::LocalRequest> request = exchange::parse_wire<v1::LocalRequest>(
      frame, exchange::Reading::kOpen, {.bytes_max = exchange::kRequestBytesMax});
  v1::LocalReply answer;
  answer.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  answer.mutable_error()->set_text(error.detail);
  reply(routing_id, std::move(answer), request.has_value() ? request->request_id() : 0);
}

void LocalApi::tell_denied(const v1::LocalRequest& request, const Application& application,
                           const Error& error, SteadyTime now) {
  if (error.code != ErrorCode::kNoGrant && error.code != ErrorCode::kQuotaExceeded) {
    return;
  }
  const ErrorInfo& info = error_info(error.code);
  const std::string_view verb = verb_of(request);
  denials_.line(now, log::Level::kWarn, "application-denied",
                application.name + " " + std::string(info.name) + " " + std::string(verb),
                {{"application", application.name},
                 {"error", info.name},
                 {"verb", verb},
                 {"detail", error.detail},
                 {"remedy", info.remedy}});
}

// What was published before under this id is answered from the store.
std::optional<v1::LocalReply> LocalApi::turn_away(const v1::LocalRequest& request,
                                                  const Application& application,
                                                  const LocalContext& context) {
  const bool writes_besides = request.has_cursor() || request.has_reset() || request.has_nack() ||
                              request.has_redrive() || request.has_cancel() || request.has_retry();
  if (!request.has_publish() && !writes_besides) {
    return std::nullopt;
  }
  if (request.has_publish() &&
      !exchange::any_matches(application.publish, request.publish().kind())) {
    return std::nullopt;  // Refused for that, however fast it comes.
  }
  const exchange::Lane lane =
      writes_besides ? exchange::Lane::kUrgent : exchange::lane_of(request.publish().precedence());
  std::optional<v1::LocalReply> away;
  std::optional<Error> over_rate;
  if (const Result<void> room = context.disk->admit(lane == exchange::Lane::kUrgent);
      !room.has_value()) {
    away = refusal(room.error());
  } else if (request.has_publish()) {
    std::optional<TokenBucket>& bucket = buckets_[&application][lane];
    if (!bucket.has_value()) {
      bucket.emplace(application.rate);
    }
    const auto wait = bucket->wait(1, context.now);
    if (!wait.has_value()) {
      bucket->take(1);
      return std::nullopt;
    }
    over_rate = Error{ErrorCode::kQuotaExceeded, application.name + " publishes more than " +
                                                     std::to_string(application.rate.per_second) +
                                                     " notices a second"};
    away = refusal(*over_rate);
    away->mutable_error()->set_retry_after_ms(static_cast<std::uint64_t>(wait->count()));
  }
  if (!away.has_value() || writes_besides) {
    return away;
  }
  const Result<std::optional<OutboxRow>> known = store_.find_outbox(request.publish().notice_id());
  if (known.has_value() && known->has_value()) {
    return std::nullopt;
  }
  if (over_rate.has_value()) {
    ++counters_.quota_count[application.name];
    tell_denied(request, application, *over_rate, context.now);
  }
  return away;
}

void LocalApi::abandon(const Error& why) {
  std::vector<Answer> undone = std::exchange(answers_, {});
  for (Answer& each : undone) {
    if (durable_count_ > 0) {
      --durable_count_;
    } else if (each.asked.has_value()) {
      waiters_.push_back(*std::move(each.asked));
      continue;
    } else {
      v1::LocalReply answer;
      CHANCERY_CHECK(answer.ParseFromString(each.reply.message));
      if (!answer.has_error()) {
        v1::LocalReply broken = refusal(why);
        broken.set_request_id(answer.request_id());
        each.reply.message = broken.SerializeAsString();
      }
    }
    answers_.push_back(std::move(each));
  }
}

// What they passed by may have been undone, and others will have its numbers.
void LocalApi::take_over(LocalApi& before) {
  waiters_ = std::exchange(before.waiters_, {});
  for (Waiter& waiter : waiters_) {
    waiter.passed = {};
    waiter.due = true;
  }
}

Result<v1::LocalRequest> LocalApi::kept(v1::LocalRequest request) const {
  request.DiscardUnknownFields();
  if (const std::size_t bytes = request.ByteSizeLong(); bytes > limits_.read_bytes_max) {
    return fail(ErrorCode::kLimitExceeded, "a request to read of " + std::to_string(bytes) +
                                               " bytes, at most " +
                                               std::to_string(limits_.read_bytes_max));
  }
  CHANCERY_TRY_VOID(check_filter(request.inbox().filter(), limits_));
  return request;
}

bool LocalApi::has_room_to_wait(const Application& application, std::size_t bytes) const {
  const auto of_one = std::ranges::count(waiters_, &application, &Waiter::application);
  return waiters_.size() < limits_.waiter_count_max &&
         static_cast<std::size_t>(of_one) < limits_.waiter_of_one_count_max &&
         waiter_bytes() + bytes <= limits_.waiter_bytes_max;
}

std::size_t LocalApi::waiter_bytes() const {
  std::size_t bytes = 0;
  for (const Waiter& waiter : waiters_) {
    bytes += waiter.bytes;
  }
  return bytes;
}

Result<void> LocalApi::release(const LocalContext& context) {
  while (!waiters_.empty()) {
    for (Waiter& waiter : waiters_) {
      waiter.deadline = context.now;
    }
    CHANCERY_TRY_VOID(wake(context, {}));
  }
  buckets_.clear();  // Rates are of the applications of before, too.
  return {};
}

Result<void> LocalApi::wake(const LocalContext& context, const News& news) {
  work_ = {};
  const std::set<std::string> settled = std::exchange(settled_, {});
  const std::set<NodeStore::CursorKey> moved = std::exchange(moved_, {});
  std::vector<Waiter> waiting = std::exchange(waiters_, {});
  std::vector<Waiter> patient;
  Result<void> done;
  for (Waiter& waiter : waiting) {
    const bool late = context.now >= waiter.deadline;
    bool concerned = news.arrivals;
    if (waiter.request.has_await()) {
      const std::string& notice_id = waiter.request.await().notice_id();
      concerned = news.notice_ids.contains(notice_id) || settled.contains(notice_id) || news.stages;
    } else if (moved.contains({waiter.application->name, waiter.request.inbox().cursor()})) {
      concerned = true;
      waiter.passed.looked_at_ms = 0;
    } else if (waiter.passed.next_due_ms.has_value()) {
      concerned = concerned || context.now_ms >= *waiter.passed.next_due_ms;
    }
    waiter.due = waiter.due || late || concerned;
    if (!waiter.due) {
      patient.push_back(std::move(waiter));
      continue;
    }
    if (turn_is_full() || !done.has_value()) {
      waiters_.push_back(std::move(waiter));
      continue;
    }
    Result<std::optional<v1::LocalReply>> answer =
        serve(waiter.request, *waiter.application, context, /*may_wait=*/!late, waiter.passed);
    if (!answer.has_value()) {
      done = std::unexpected(answer.error());
      waiters_.insert(waiters_.begin(), std::move(waiter));
    } else if (std::optional<v1::LocalReply>& now = *answer; now.has_value()) {
      reply(std::move(waiter), *std::move(now));
    } else {
      waiter.due = false;
      patient.push_back(std::move(waiter));
    }
  }
  // Whoever found no room this time comes first the next.
  std::ranges::move(patient, std::back_inserter(waiters_));
  return done;
}

void LocalApi::refuse_first(const Error& error) {
  const Waiter waiter = std::move(waiters_.front());
  waiters_.erase(waiters_.begin());
  reply(waiter.routing_id, refusal(error), waiter.request.request_id());
}

Result<std::optional<v1::LocalReply>> LocalApi::serve(const v1::LocalRequest& request,
                                                      const Application& application,
                                                      const LocalContext& context, bool may_wait,
                                                      Passed& passed) {
  v1::LocalReply answer;
  const auto refuse = [&](const Error& error) -> Result<void> {
    if (is_store_failure(error.code)) {
      return std::unexpected(error);
    }
    tell_denied(request, application, error, context.now);
    answer = refusal(error);
    return {};
  };
  // The answer that was given, or its refusal.
  const auto answered = [&](auto result, auto* (v1::LocalReply::*place)()) -> Result<void> {
    if (!result.has_value()) {
      return refuse(result.error());
    }
    *(answer.*place)() = *std::move(result);
    return {};
  };
  switch (request.request_case()) {
    case v1::LocalRequest::kPublish:
      CHANCERY_TRY_VOID(answered(publish(request.publish(), application, context),
                                 &v1::LocalReply::mutable_publish));
      break;
    case v1::LocalRequest::kAwait: {
      Result<std::optional<v1::AwaitReply>> result = await(request.await(), application, may_wait);
      if (!result.has_value()) {
        CHANCERY_TRY_VOID(refuse(result.error()));
        break;
      }
      std::optional<v1::AwaitReply>& reply = *result;
      if (!reply.has_value()) {
        return std::optional<v1::LocalReply>();
      }
      *answer.mutable_await() = *std::move(reply);
      break;
    }
    case v1::LocalRequest::kInbox: {
      Result<v1::InboxReply> result = inbox(request.inbox(), application, context, passed);
      if (!result.has_value()) {
        CHANCERY_TRY_VOID(refuse(result.error()));
        break;
      }
      if (result->items().empty() && may_wait && request.inbox().wait_ms() > 0) {
        // Only at the end: a page that found nothing among the first rows has more behind it.
        CHANCERY_TRY(const std::uint64_t newest, store_.newest_arrival());
        const bool by_lane = !request.inbox().cursor().empty();
        if (result->next_after() >= newest && (!by_lane || result->next_after_urgent() >= newest)) {
          passed = {
              .arrivals = {.patient = result->next_after(), .urgent = result->next_after_urgent()},
              .looked_at_ms = context.now_ms,
              .next_due_ms = {}};
          if (by_lane) {
            CHANCERY_TRY(
                passed.next_due_ms,
                store_.next_due_ms({application.name, request.inbox().cursor()}, context.now_ms));
          }
          return std::optional<v1::LocalReply>();
        }
      }
      *answer.mutable_inbox() = std::move(*result);
      break;
    }
    case v1::LocalRequest::kCursor:
      CHANCERY_TRY_VOID(
          answered(cursor(request.cursor(), application), &v1::LocalReply::mutable_cursor));
      break;
    case v1::LocalRequest::kShow:
      CHANCERY_TRY_VOID(answered(show(request.show(), application), &v1::LocalReply::mutable_show));
      break;
    case v1::LocalRequest::kOutbox:
      CHANCERY_TRY_VOID(
          answered(outbox(request.outbox(), application), &v1::LocalReply::mutable_outbox));
      break;
    case v1::LocalRequest::kCancel:
      CHANCERY_TRY_VOID(
          answered(cancel(request.cancel(), application), &v1::LocalReply::mutable_await));
      break;
    case v1::LocalRequest::kRetry:
      CHANCERY_TRY_VOID(
          answered(retry(request.retry(), application), &v1::LocalReply::mutable_await));
      break;
    case v1::LocalRequest::kCursors:
      CHANCERY_TRY_VOID(answered(cursors(application), &v1::LocalReply::mutable_cursors));
      break;
    case v1::LocalRequest::kReset:
      CHANCERY_TRY_VOID(
          answered(reset(request.reset(), application), &v1::LocalReply::mutable_cursor));
      break;
    case v1::LocalRequest::kNack:
      CHANCERY_TRY_VOID(
          answered(nack(request.nack(), application, context), &v1::LocalReply::mutable_nack));
      break;
    case v1::LocalRequest::kDeferred:
      CHANCERY_TRY_VOID(
          answered(deferred(request.deferred(), application), &v1::LocalReply::mutable_deferred));
      break;
    case v1::LocalRequest::kRedrive:
      CHANCERY_TRY_VOID(answered(redrive(request.redrive(), application, context),
                                 &v1::LocalReply::mutable_redrive));
      break;
    case v1::LocalRequest::REQUEST_NOT_SET:
      CHANCERY_TRY_VOID(
          refuse(exchange::has_unknown_fields(request)
                     ? Error{ErrorCode::kUnknownField, "a request that this node does not serve"}
                     : Error{ErrorCode::kMalformed, "a request asks for something"}));
      break;
  }
  return std::optional(std::move(answer));
}

// A backlog of the patient leaves the last part of the outbox to the urgent; one of an application
// leaves the others a part of what it found, in each lane.
OutboxShare LocalApi::outbox_share_max(const OutboxCounts& outbox, const OutboxShare& own) const {
  const auto most = [&](std::uint64_t max, std::uint64_t all_else) {
    const std::uint64_t room =
        own.lane == exchange::Lane::kUrgent ? max : max - max / limits_.queued_urgent_part;
    const std::uint64_t left = room - std::min(room, all_else);
    return left - left / limits_.queued_others_part;
  };
  const std::uint64_t count = outbox.queued + outbox.signed_count;
  return {.lane = own.lane,
          .count = most(limits_.queued_count_max, count - own.count),
          .bytes = most(limits_.queued_bytes_max, outbox.bytes - own.bytes)};
}

Result<void> LocalApi::check_outbox(const std::string& application, v1::Precedence precedence,
                                    std::size_t bytes) {
  CHANCERY_TRY(const OutboxCounts outbox, store_.outbox_counts());
  CHANCERY_TRY(const OutboxShare own,
               store_.outbox_share(application, exchange::lane_of(precedence)));
  const OutboxShare most = outbox_share_max(outbox, own);
  if (own.count + 1 > most.count || own.bytes + bytes > most.bytes) {
    ++counters_.outbox_full_count;
    return fail(ErrorCode::kQueueFull,
                application + " has " + std::to_string(own.count) +
                    (own.lane == exchange::Lane::kUrgent ? " urgent" : " patient") +
                    " notices of " + std::to_string(own.bytes) +
                    " bytes in the outbox that are not logged, at most " +
                    std::to_string(most.count) + " of " + std::to_string(most.bytes) +
                    " beside what else is there");
  }
  return {};
}

Result<v1::PublishReply> LocalApi::publish(const v1::PublishRequest& request,
                                           const Application& application,
                                           const LocalContext& context) {
  const auto answer = [&](const std::string& draft_bytes, const Hash& notice) {
    v1::PublishReply reply;
    reply.set_notice_id(request.notice_id());
    reply.set_notice(to_string(notice));
    for (exchange::Fields draft(draft_bytes); draft.next();) {
      exchange::Fields recipient(draft.bytes());
      while (draft.number() == v1::Draft::kRecipientsFieldNumber && recipient.next()) {
        if (recipient.number() == v1::Recipient::kMemberFieldNumber) {
          reply.add_recipients(std::string(recipient.bytes()));
        }
      }
    }
    return reply;
  };
  if (!exchange::any_matches(application.publish, request.kind()) ||
      exchange::is_made_by_nodes(request.kind())) {
    return fail(ErrorCode::kNoGrant, application.name + " may not publish " + request.kind());
  }
  const std::string request_bytes = request.SerializeAsString();
  const Hash fingerprint = crypto::sha256({as_bytes(request_bytes)});
  // Most are new: only then the row is read.
  CHANCERY_TRY(const std::optional<OutboxStanding> stands,
               store_.outbox_standing(request.notice_id()));
  std::optional<OutboxRow> known;
  if (stands.has_value()) {
    CHANCERY_TRY(known, store_.find_outbox(request.notice_id()));
  }
  if (known.has_value()) {
    if (known->request != fingerprint) {
      return fail(ErrorCode::kNoticeIdReused,
                  uuid_text(as_bytes(request.notice_id())) + " names another notice");
    }
    return answer(known->draft, known->notice);
  }
  if (!context.directory->founded()) {
    return fail(ErrorCode::kUnavailable, "the node has not followed the log yet");
  }
  CHANCERY_TRY_VOID(
      check_outbox(application.name, request.precedence(), 0));  // Before any work is done for it.
  CHANCERY_TRY(OutboxDraft outbox, drafter_.draft(request, request_bytes,
                                                  {.member = member_,
                                                   .genesis = store_.genesis(),
                                                   .directory = *context.directory,
                                                   .random = random_,
                                                   .now_ms = context.now_ms}));
  CHANCERY_TRY_VOID(check_outbox(application.name, request.precedence(),
                                 outbox.waiting.draft.size() + outbox.waiting.text.size()));
  CHANCERY_TRY_VOID(check_taken_back(store_, member_, request));
  if (request.kind().starts_with(workflow::kConsultationKinds)) {
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(outbox.waiting.draft));
    CHANCERY_TRY(outbox.words_on, judge_word(store_, draft, outbox.notice, request.text()));
  }
  outbox.request = fingerprint;
  outbox.application = application.name;
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  CHANCERY_TRY_VOID(or_stop(store_.put_draft(outbox)));
  return answer(outbox.waiting.draft, outbox.notice);
}

Result<v1::InboxReply> LocalApi::inbox(const v1::InboxRequest& request,
                                       const Application& application, const LocalContext& context,
                                       const Passed& passed) {
  CHANCERY_TRY_VOID(check_may_read(application, request.filter().kinds()));
  CHANCERY_TRY_VOID(check_origins(request.filter(), *context.directory));
  if (!request.cursor().empty()) {
    return inbox_along(request, application, context, passed);
  }
  const std::uint64_t after = std::max(request.after(), passed.arrivals.patient);
  return request.last() == 0 ? inbox_after(after, request, application)
                             : inbox_newest(after, request, application);
}

Result<v1::InboxReply> LocalApi::inbox_after(std::uint64_t after, const v1::InboxRequest& request,
                                             const Application& application) {
  Page page;
  CHANCERY_TRY_VOID(scan(std::nullopt, after, request, application, page));
  page.reply.set_next_after(after);
  return std::move(page.reply);
}

bool LocalApi::Page::add(v1::InboxItem item, std::uint32_t limit) {
  bytes += item.ByteSizeLong();
  const auto count = static_cast<std::uint32_t>(reply.items_size());
  full = count > 0 && (bytes > kPageBytesMax || count >= limit);
  if (!full) {
    *reply.add_items() = std::move(item);
  }
  return !full;
}

Result<bool> LocalApi::scan(std::optional<exchange::Lane> lane, std::uint64_t& after,
                            const v1::InboxRequest& request, const Application& application,
                            Page& page, const NodeStore::CursorKey* along) {
  const std::uint32_t limit = page_limit(request.limit());
  for (std::size_t scanned = 0; !page.full && scanned < kScanMax; scanned += kScanAtOnce) {
    CHANCERY_TRY(const std::vector<NodeStore::InboxHead> heads,
                 store_.scan_inbox({.after = after,
                                    .before = {},
                                    .count_max = kScanAtOnce,
                                    .lane = lane,
                                    .along = along}));
    work_.row_count += heads.size();
    for (const NodeStore::InboxHead& head : heads) {
      if (is_asked_for(head, request, application)) {
        CHANCERY_TRY(v1::InboxItem item, arrived(head.arrival));
        if (!page.add(std::move(item), limit)) {
          return false;
        }
      }
      after = head.arrival;
    }
    if (heads.size() < kScanAtOnce) {
      return true;
    }
  }
  return false;
}

Result<v1::InboxItem> LocalApi::arrived(std::uint64_t arrival) {
  CHANCERY_TRY(v1::InboxItem item, store_.inbox_item(arrival));
  return with_witnessed(std::move(item), view_.cosigned_size);
}

// From the newest backwards, so that the work is what is asked for and not what has ever arrived.
Result<v1::InboxReply> LocalApi::inbox_newest(std::uint64_t after, const v1::InboxRequest& request,
                                              const Application& application) {
  const std::uint32_t count_max = std::min(request.last(), kPageMax);
  CHANCERY_TRY(const std::uint64_t newest, store_.newest_arrival());
  v1::InboxReply reply;
  reply.set_next_after(std::max(after, newest));
  std::size_t bytes = 0;
  bool full = false;
  std::uint64_t before = newest + 1;
  for (std::size_t scanned = 0; !full && scanned < kScanNewestMax; scanned += kScanAtOnce) {
    CHANCERY_TRY(const std::vector<NodeStore::InboxHead> heads,
                 store_.scan_inbox({.after = after, .before = before, .count_max = kScanAtOnce}));
    work_.row_count += heads.size();
    for (const NodeStore::InboxHead& head : heads) {
      before = head.arrival;
      if (full || !is_asked_for(head, request, application)) {
        continue;
      }
      CHANCERY_TRY(v1::InboxItem item, arrived(head.arrival));
      bytes += item.ByteSizeLong();
      full = bytes > kPageBytesMax && reply.items_size() > 0;
      if (!full) {
        *reply.add_items() = std::move(item);
        full = static_cast<std::uint32_t>(reply.items_size()) == count_max;
      }
    }
    if (heads.size() < kScanAtOnce) {
      break;
    }
  }
  std::ranges::reverse(*reply.mutable_items());
  return reply;
}

Result<void> LocalApi::check_cursor(const std::string& name, const Arrivals& arrivals) {
  if (name.empty() || name.size() > exchange::kNameBytesMax) {
    return fail(ErrorCode::kUsage, "a cursor has a name of at most 200 bytes");
  }
  CHANCERY_TRY(const std::uint64_t newest, store_.newest_arrival());
  if (const std::uint64_t beyond = std::max(arrivals.patient, arrivals.urgent); beyond > newest) {
    return fail(ErrorCode::kNotFound, "nothing has arrived as number " + std::to_string(beyond));
  }
  return {};
}

Result<v1::CursorReply> LocalApi::cursor(const v1::CursorRequest& request,
                                         const Application& application) {
  const Arrivals arrivals{.patient = request.arrival(), .urgent = request.arrival_urgent()};
  Arrivals named = arrivals;
  for (const v1::Attempt& done : request.done()) {
    named.patient = std::max(named.patient, done.arrival());
  }
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), named));
  CHANCERY_TRY_VOID(check_count(request.done_size()));
  return move_cursor(request.cursor(), application, [&]() -> Result<void> {
    const NodeStore::CursorKey key{application.name, request.cursor()};
    for (const v1::Attempt& done : request.done()) {
      CHANCERY_TRY_VOID(store_.end_deferral(key, done.arrival(), done.attempts()));
    }
    return store_.put_cursor(application.name, request.cursor(), arrivals);
  });
}

Result<v1::CursorReply> LocalApi::reset(const v1::ResetRequest& request,
                                        const Application& application) {
  const Arrivals arrivals{.patient = request.arrival(), .urgent = request.arrival_urgent()};
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), arrivals));
  return move_cursor(request.cursor(), application, [&] {
    return store_.reset_cursor(application.name, request.cursor(), arrivals);
  });
}

Result<v1::CursorReply> LocalApi::move_cursor(const std::string& name,
                                              const Application& application,
                                              const std::function<Result<void>()>& write) {
  // One that has moved is there: readers move theirs with each page.
  CHANCERY_TRY(const Arrivals before, store_.cursor(application.name, name));
  if (before.patient == 0 && before.urgent == 0) {
    CHANCERY_TRY(const std::vector<NodeStore::NamedCursor> all, store_.cursors(application.name));
    const bool known = std::ranges::find(all, name, &NodeStore::NamedCursor::name) != all.end();
    if (!known && all.size() >= limits_.cursor_count_max) {
      return fail(ErrorCode::kLimitExceeded,
                  application.name + " has " + std::to_string(all.size()) + " cursors");
    }
  }
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  CHANCERY_TRY_VOID(or_stop(write()));
  v1::CursorReply reply;
  CHANCERY_TRY(const Arrivals stands, store_.cursor(application.name, name));
  reply.set_arrival(stands.patient);
  reply.set_arrival_urgent(stands.urgent);
  return reply;
}

Result<v1::CursorsReply> LocalApi::cursors(const Application& application) {
  CHANCERY_TRY(const std::vector<NodeStore::NamedCursor> all, store_.cursors(application.name));
  v1::CursorsReply reply;
  for (const NodeStore::NamedCursor& each : all) {
    v1::CursorState& state = *reply.add_cursors();
    state.set_cursor(each.name);
    state.set_arrival(each.arrivals.patient);
    state.set_arrival_urgent(each.arrivals.urgent);
  }
  CHANCERY_TRY(const std::uint64_t newest, store_.newest_arrival());
  reply.set_newest_arrival(newest);
  return reply;
}

// What was logged may be an earlier stamping than the one that the outbox holds now: then it is the
// one that was delivered.
// The envelope that the leaf names: the newest stamping, or an earlier one that was delivered. What
// a hub delivered in its place is evidence, and nothing to show.
Result<std::string> LocalApi::envelope_of(const OutboxRow& own) {
  if (own.stage != OutboxStage::kLogged) {
    return own.envelope;
  }
  CHANCERY_TRY(const ledger::Leaf leaf, store_.leaf(own.index));
  Result<std::string> delivered = store_.received_envelope(own.index);
  if (!delivered.has_value() && delivered.error().code != ErrorCode::kNotFound) {
    return delivered;
  }
  for (const std::string& bytes : {own.envelope, delivered.value_or("")}) {
    const Result<exchange::Envelope> envelope =
        exchange::parse_envelope(bytes, store_.genesis(), exchange::Bodies::kMaybeErased);
    if (envelope.has_value() && envelope->entry == leaf.entry) {
      return bytes;
    }
  }
  return std::string();
}

Result<void> LocalApi::fill_recipients(const OutboxRow& own, v1::ShowReply& reply) {
  if (own.stage != OutboxStage::kLogged) {
    return {};
  }
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(own.draft));
  CHANCERY_TRY(std::vector<v1::RecipientStage> stages, recipient_stages(own, draft, store_));
  for (v1::RecipientStage& stage : stages) {
    *reply.add_recipients() = std::move(stage);
  }
  return {};
}

Result<v1::ShowReply> LocalApi::show(const v1::ShowRequest& request,
                                     const Application& application) {
  if (request.notice_id().empty() && request.index_plus_one() == 0 &&
      (request.notice().size() < kNoticePrefixMin || request.notice().size() > 32)) {
    return fail(ErrorCode::kUsage, "give at least 8 hexadecimal digits of the notice");
  }
  v1::ShowReply reply;
  CHANCERY_TRY(std::optional<v1::InboxItem> item, store_.find_notice(request));
  if (item.has_value() && !item->logged()) {  // The log went back before it.
    *reply.mutable_item() = std::move(*item);
    reply.set_stage(v1::STAGE_QUEUED);
  } else if (item.has_value()) {
    CHANCERY_TRY(*reply.mutable_envelope(), store_.received_envelope(item->index()));
    *reply.mutable_item() = with_witnessed(*std::move(item), view_.cosigned_size);
    reply.set_stage(reply.item().witnessed() ? v1::STAGE_WITNESSED : v1::STAGE_LOGGED);
  } else {
    CHANCERY_TRY(const std::optional<OutboxRow> own, store_.find_own(request));
    if (!own.has_value()) {
      return fail(ErrorCode::kNotFound, "no such notice at this node");
    }
    CHANCERY_TRY(*reply.mutable_envelope(), envelope_of(*own));
    *reply.mutable_item() = own_item(*own, store_.genesis(), view_.cosigned_size);
    CHANCERY_TRY(const v1::Stage stage, stage_of(*own, view_.cosigned_size, store_));
    reply.set_stage(stage);
    CHANCERY_TRY_VOID(fill_recipients(*own, reply));
  }
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(reply.item().draft()));
  const bool granted =
      exchange::any_matches(application.read, draft.kind()) ||
      (reply.item().own() && exchange::any_matches(application.publish, draft.kind()));
  if (!granted) {
    return fail(ErrorCode::kNoGrant, application.name + " may not read " + draft.kind());
  }
  if (reply.envelope().empty()) {
    return reply;
  }
  const Result<exchange::Envelope> envelope =
      exchange::parse_envelope(reply.envelope(), store_.genesis(), exchange::Bodies::kMaybeErased);
  if (!envelope.has_value() || as_view(envelope->notice) != reply.item().notice()) {
    return fail(ErrorCode::kStoreDamaged, "the stored envelope is not of its notice");
  }
  reply.set_d(to_string(envelope->d));
  if (reply.stage() >= v1::STAGE_LOGGED && reply.stage() != v1::STAGE_REFUSED) {
    CHANCERY_TRY(const ledger::Leaf leaf, store_.leaf(reply.item().index()));
    if (envelope->entry != leaf.entry) {
      return fail(ErrorCode::kStoreDamaged, "the stored envelope at " +
                                                std::to_string(reply.item().index()) +
                                                " does not hash to its leaf");
    }
    reply.set_leaf(std::string(as_view(ledger::encode(leaf))));
  }
  return reply;
}

}  // namespace chancery::node
