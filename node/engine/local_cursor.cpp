// The local API along cursors: what was handed out before, and what an application gave back.
//
// What is given back no longer holds up the cursor: it is a row of its own, which comes again when
// it is due, until it is done with or quarantined. Nothing is deleted by giving up.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/exchange/names.h"
#include "core/exchange/strict.h"
#include "node/engine/local_api.h"
#include "node/engine/local_replies.h"

namespace chancery::node {
namespace {

constexpr std::uint64_t kDelayMsMax = 7ULL * 24 * 3'600'000;
constexpr std::uint64_t kAnyDueMs = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kReasonBytesMax = 200;

v1::Deferral deferral_reply(const NodeStore::Deferral& deferral) {
  v1::Deferral reply;
  reply.set_arrival(deferral.arrival);
  reply.set_attempts(static_cast<std::uint32_t>(deferral.attempts));
  reply.set_due_at_ms(deferral.due_at_ms);
  reply.set_quarantined_at_ms(deferral.quarantined_at_ms);
  reply.set_reason(deferral.reason);
  return reply;
}

bool has_asked_state(const NodeStore::Deferral& deferral, const v1::DeferredRequest& request) {
  return deferral.quarantined_at_ms != 0 ? request.quarantined() || !request.waiting()
                                         : request.waiting() || !request.quarantined();
}

Result<void> check_nack(const v1::NackRequest& request) {
  CHANCERY_TRY_VOID(check_count(request.notices_size()));
  if (request.delay_ms() > kDelayMsMax) {
    return fail(ErrorCode::kLimitExceeded,
                "a delay of " + std::to_string(request.delay_ms()) + " ms, at most seven days");
  }
  if (request.reason().size() > kReasonBytesMax) {
    return fail(ErrorCode::kLimitExceeded,
                "a reason of " + std::to_string(request.reason().size()) + " bytes, at most 200");
  }
  return {};
}

}  // namespace

// What is due comes with a page that begins where the cursor stands: a reader that has more pages
// in hand has these already. Half of a page at most, so that those that fail again and again do
// not keep what is new from coming.
Result<v1::InboxReply> LocalApi::inbox_along(const v1::InboxRequest& request,
                                             const Application& application,
                                             const LocalContext& context, const Passed& passed) {
  if (request.last() != 0) {
    return fail(ErrorCode::kUsage, "a cursor begins where it stands: `last` does not go with it");
  }
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), {}));
  const NodeStore::CursorKey cursor{application.name, request.cursor()};
  CHANCERY_TRY(const Arrivals stands, store_.cursor(cursor.application, cursor.name));
  CHANCERY_TRY(const std::uint64_t newest, store_.newest_arrival());
  CHANCERY_TRY(const NodeStore::Handed handed, store_.handed(cursor));
  bool has_room = handed.has_row;
  if (!has_room) {
    CHANCERY_TRY(const std::uint64_t count, store_.handed_count(application.name));
    has_room = count < limits_.cursor_count_max;
  }
  const Arrivals asked{.patient = request.after(), .urgent = request.after_urgent()};
  const bool from_cursor = asked.patient <= stands.patient && asked.urgent <= stands.urgent;
  std::uint32_t due_left = from_cursor ? (page_limit(request.limit()) + 1) / 2 : 0;
  Arrivals next;
  Arrivals newest_handed;
  Page page;
  for (const exchange::Lane lane : exchange::kLanes) {
    next[lane] = std::max({asked[lane], passed.arrivals[lane], stands[lane]});
    DueRead read{.request = request,
                 .application = application,
                 .from_ms = passed.looked_at_ms,
                 .until_ms = context.now_ms};
    CHANCERY_TRY_VOID(add_due(cursor, lane, read, page, due_left));
    // So far ahead only where the clock was put back since.
    read.from_ms = context.now_ms + kDelayMsMax + 1;
    read.until_ms = kAnyDueMs;
    CHANCERY_TRY_VOID(add_due(cursor, lane, read, page, due_left));
    const int first = page.reply.items_size();
    CHANCERY_TRY(const bool at_end, scan(lane, next[lane], request, application, page, &cursor));
    if (at_end) {
      next[lane] = std::max(next[lane], newest);  // What is between is of the other lane.
    }
    for (int i = first; i < page.reply.items_size(); ++i) {
      v1::InboxItem& item = *page.reply.mutable_items(i);
      item.set_redelivered(!has_room || item.arrival() <= handed.arrivals[lane]);
      newest_handed[lane] = item.arrival();
    }
  }
  page.reply.set_next_after(next.patient);
  page.reply.set_next_after_urgent(next.urgent);
  if (has_room && !page.reply.items().empty()) {
    CHANCERY_TRY_VOID(mark_handed(cursor, handed, newest_handed, context, page.reply));
  }
  return std::move(page.reply);
}

Result<void> LocalApi::add_due(const NodeStore::CursorKey& cursor, exchange::Lane lane,
                               const DueRead& read, Page& page, std::uint32_t& count_left) {
  NodeStore::DueScan scan{.lane = lane,
                          .from_ms = read.from_ms,
                          .after_arrival = 0,
                          .until_ms = read.until_ms,
                          .count_max = kScanAtOnce};
  while (count_left > 0 && !page.full) {
    CHANCERY_TRY(const std::vector<NodeStore::DueHead> all, store_.scan_due(cursor, scan));
    work_.row_count += all.size();
    for (const NodeStore::DueHead& due : all) {
      scan.from_ms = due.due_at_ms;
      scan.after_arrival = due.head.arrival;
      if (!is_asked_for(due.head, read.request, read.application)) {
        continue;
      }
      CHANCERY_TRY(v1::InboxItem item, arrived(due.head.arrival));
      item.set_redelivered(true);
      item.set_attempts(static_cast<std::uint32_t>(due.attempts));
      if (!page.add(std::move(item), page_limit(read.request.limit())) || --count_left == 0) {
        return {};
      }
    }
    if (all.size() < kScanAtOnce) {
      return {};
    }
  }
  return {};
}

Result<void> LocalApi::mark_handed(const NodeStore::CursorKey& cursor,
                                   const NodeStore::Handed& before, const Arrivals& arrivals,
                                   const LocalContext& context, v1::InboxReply& reply) {
  Arrivals after;
  for (const exchange::Lane lane : exchange::kLanes) {
    after[lane] = std::max(before.arrivals[lane], arrivals[lane]);
  }
  if (before.stored && after == before.arrivals) {
    return {};
  }
  if (!context.disk->admit(/*urgent=*/true).has_value()) {
    store_.remember_handed(cursor, after);
    reply.set_unmarked(true);
    return {};
  }
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  return or_stop(store_.put_handed(cursor, after));
}

Result<std::optional<NodeStore::Deferral>> LocalApi::given_back(const NodeStore::CursorKey& cursor,
                                                                const v1::Attempt& attempt,
                                                                const v1::NackRequest& request,
                                                                const Application& application,
                                                                std::uint64_t now_ms) {
  std::vector<NodeStore::InboxHead> heads;
  if (attempt.arrival() > 0) {
    CHANCERY_TRY(heads, store_.scan_inbox({.after = attempt.arrival() - 1, .count_max = 1}));
  }
  if (heads.empty() || heads.front().arrival != attempt.arrival()) {
    return fail(ErrorCode::kNotFound,
                "nothing has arrived as number " + std::to_string(attempt.arrival()));
  }
  const v1::Draft& draft = heads.front().draft;
  if (!exchange::any_matches(application.read, draft.kind())) {
    return fail(ErrorCode::kNoGrant, application.name + " may not read " + draft.kind());
  }
  CHANCERY_TRY(const std::optional<NodeStore::Deferral> deferral,
               store_.deferral(cursor, attempt.arrival()));
  NodeStore::Deferral after = deferral.value_or(NodeStore::Deferral());
  if (after.attempts != attempt.attempts()) {
    return std::optional<NodeStore::Deferral>();
  }
  after.arrival = attempt.arrival();
  after.lane = exchange::lane_of(draft.precedence());
  ++after.attempts;
  after.due_at_ms = now_ms + request.delay_ms();
  after.reason = request.reason();
  const bool too_often = request.attempts_max() > 0 &&
                         after.attempts - after.attempts_before >= request.attempts_max();
  after.quarantined_at_ms = request.quarantine() || too_often ? now_ms : 0;
  return std::optional(std::move(after));
}

// All of the request or, where it is refused, nothing.
Result<v1::NackReply> LocalApi::nack(const v1::NackRequest& request, const Application& application,
                                     const LocalContext& context) {
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), {}));
  CHANCERY_TRY_VOID(check_nack(request));
  const NodeStore::CursorKey cursor{application.name, request.cursor()};
  std::vector<NodeStore::Deferral> changed;
  std::uint64_t new_count = 0;
  bool all_urgent = true;
  for (const v1::Attempt& attempt : request.notices()) {
    CHANCERY_TRY(std::optional<NodeStore::Deferral> after,
                 given_back(cursor, attempt, request, application, context.now_ms));
    if (after.has_value()) {
      const bool is_new = after->attempts == 1;
      new_count += is_new ? 1U : 0U;
      all_urgent = all_urgent && (!is_new || after->lane == exchange::Lane::kUrgent);
      changed.push_back(*std::move(after));
    }
  }
  CHANCERY_TRY(const std::uint64_t count, store_.deferred_count(application.name));
  const std::uint64_t most =
      limits_.deferred_count_max -
      (all_urgent ? 0 : limits_.deferred_count_max / limits_.queued_urgent_part);
  if (new_count > 0 && count + new_count > most) {
    ++counters_.deferred_full_count;
    return fail(ErrorCode::kQueueFull, application.name + " has given back " +
                                           std::to_string(count) +
                                           " notices that it is not done with");
  }
  if (!changed.empty() && !store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  for (const NodeStore::Deferral& after : changed) {
    CHANCERY_TRY_VOID(or_stop(store_.put_deferral(cursor, after)));
  }
  moved_.insert(cursor);
  v1::NackReply reply;
  for (const v1::Attempt& attempt : request.notices()) {
    CHANCERY_TRY(const std::optional<NodeStore::Deferral> now,
                 store_.deferral(cursor, attempt.arrival()));
    if (now.has_value()) {
      *reply.add_deferrals() = deferral_reply(*now);
    }
  }
  return reply;
}

Result<v1::DeferredReply> LocalApi::deferred(const v1::DeferredRequest& request,
                                             const Application& application) {
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), {}));
  CHANCERY_TRY_VOID(check_may_read(application));
  const NodeStore::CursorKey cursor{application.name, request.cursor()};
  const std::uint32_t limit = page_limit(request.limit());
  v1::DeferredReply reply;
  std::uint64_t after = request.after();
  std::size_t bytes = 0;
  const auto full = [&] {
    return bytes > kPageBytesMax || static_cast<std::uint32_t>(reply.items_size()) >= limit;
  };
  while (!full() && !reply.last()) {
    CHANCERY_TRY(const std::vector<NodeStore::Deferral> all,
                 store_.scan_deferred(cursor, after, kScanAtOnce));
    work_.row_count += all.size();
    reply.set_last(all.empty());
    for (const NodeStore::Deferral& deferral : all) {
      if (full()) {
        break;
      }
      after = deferral.arrival;
      if (!has_asked_state(deferral, request)) {
        continue;
      }
      CHANCERY_TRY(v1::InboxItem item, arrived(deferral.arrival));
      bytes += item.ByteSizeLong();  // Read, if not given.
      CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(item.draft()));
      if (exchange::any_matches(application.read, draft.kind())) {
        v1::DeferredItem& listed = *reply.add_items();
        item.set_text(subject_only(item.text()));
        item.set_redelivered(true);
        item.set_attempts(static_cast<std::uint32_t>(deferral.attempts));
        *listed.mutable_item() = std::move(item);
        *listed.mutable_deferral() = deferral_reply(deferral);
      }
    }
  }
  reply.set_next_after(after);
  return reply;
}

Result<v1::RedriveReply> LocalApi::redrive(const v1::RedriveRequest& request,
                                           const Application& application,
                                           const LocalContext& context) {
  CHANCERY_TRY_VOID(check_cursor(request.cursor(), {}));
  CHANCERY_TRY_VOID(check_count(request.notices_size()));
  const NodeStore::CursorKey cursor{application.name, request.cursor()};
  std::vector<NodeStore::Deferral> named;
  for (const v1::Attempt& attempt : request.notices()) {
    CHANCERY_TRY(std::optional<NodeStore::Deferral> deferral,
                 store_.deferral(cursor, attempt.arrival()));
    if (!deferral.has_value()) {
      return fail(ErrorCode::kNotFound, "arrival " + std::to_string(attempt.arrival()) +
                                            " was not given back along " + cursor.name);
    }
    deferral->quarantined_at_ms = 0;
    deferral->due_at_ms = context.now_ms;
    deferral->attempts_before = deferral->attempts;
    named.push_back(*std::move(deferral));
  }
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  for (const NodeStore::Deferral& deferral : named) {
    CHANCERY_TRY_VOID(or_stop(store_.put_deferral(cursor, deferral)));
  }
  std::uint64_t count = named.size();
  if (request.all()) {
    const Result<std::uint64_t> all = store_.redrive_all(cursor, context.now_ms);
    CHANCERY_TRY_VOID(or_stop(all.has_value() ? Result<void>() : std::unexpected(all.error())));
    count += *all;
  }
  moved_.insert(cursor);
  v1::RedriveReply reply;
  reply.set_count(count);
  return reply;
}

}  // namespace chancery::node
