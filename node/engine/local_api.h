// What applications ask of their node, and what they get. docs/reference/protocol.md chapter 11.
//
// Requests come with the name of the application that the transport authenticated; its grants
// decide. Nothing here touches a socket: answers are collected, and the loop sends them after the
// store's commit, so that "queued" means durable. Requests that wait (await, inbox with wait) are
// kept until something changes or their time is up. Where a turn is undone, what it promised is
// refused, and who only read in it is served anew from what is stored.
//
// Bounded by LocalLimits; a page has at most 500 notices and half a frame, and looks at 2,000
// notices, or with `last` at the newest 100,000. A turn ends with take_replies(): its owner hands
// in no more requests once the turn is full, so that the link to the hub has its turn too.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "core/base/token_bucket.h"
#include "core/exchange/directory.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "io/log/limiter.h"
#include "node/engine/application.h"
#include "node/engine/drafting.h"
#include "node/store/node_store.h"

namespace chancery::node {

using SteadyTime = std::chrono::steady_clock::time_point;

struct LocalReply {
  std::string routing_id;
  std::string message;
};

// What the API sees of the node around it.
// By what the stage of a member's own notice is judged.
struct LogView {
  std::uint64_t cosigned_size = 0;  // Of the newest head at quorum.
  v1::Precedence lowest = v1::PRECEDENCE_UNSPECIFIED;
};

struct LocalContext {
  const exchange::Directory* directory = nullptr;
  const DiskGauge* disk = nullptr;
  std::uint64_t now_ms = 0;
  SteadyTime now{};
};

struct LocalLimits {
  std::uint64_t queued_count_max = 100'000;      // Notices in the outbox that are not logged …
  std::uint64_t queued_bytes_max = 1ULL << 30U;  // … and their drafts and padded texts …
  std::uint64_t queued_urgent_part = 10;         // … of which a tenth is for the urgent; of
                                                 // deferred_count_max as well.
  std::uint64_t queued_others_part = 3;  // An application leaves a third of what all else leaves.
  std::size_t waiter_count_max = 1024;   // Requests that wait, of all applications …
  std::size_t waiter_of_one_count_max = 256;  // … and of one.
  std::size_t waiter_bytes_max = 4U << 20U;   // As they lie in memory, of all.
  std::size_t read_bytes_max = 16U << 10U;    // C-173: of a request that may have to be kept.
  // The work of one turn, for new requests and for waiting ones each. What goes over is finished.
  std::size_t turn_bytes_max = 8U << 20U;                              // Of requests and replies.
  std::size_t turn_row_count_max = 10'000;                             // Of the inbox, looked at.
  std::size_t filter_origin_count_max = 64;                            // C-167
  std::size_t filter_pattern_count_max = 64;                           // C-167
  std::size_t filter_origin_bytes_max = 8;                             // C-167: a member's code.
  std::size_t filter_pattern_bytes_max = exchange::kKindBytesMax + 2;  // C-167: with its ".*".
  std::size_t cursor_count_max = 1024;                                 // Of an application.
  std::size_t deferred_count_max = 4096;  // Notices that an application gave back.
};

struct LocalCounters {
  std::uint64_t outbox_full_count = 0;    // Publications refused for want of room in the outbox.
  std::uint64_t not_waited_count = 0;     // Requests answered at once, since too many waited.
  std::uint64_t deferred_full_count = 0;  // Requests to give back that found no room.
  std::map<std::string, std::uint64_t, std::less<>> quota_count;  // Refused, by application.
};

// What changed in a turn, for those who wait for it.
struct News {
  bool arrivals = false;
  std::set<std::string> notice_ids;  // Those of our own whose stage changed.
  bool stages = false;               // Those of any may have risen.
};

class LocalApi {
 public:
  LocalApi(std::string member, const std::vector<Application>& applications, NodeStore& store,
           std::function<std::string(std::size_t)> random, const LocalLimits& limits = {});

  // An error means that the store failed and the process must stop; what is wrong with the request
  // is answered.
  [[nodiscard]] Result<void> handle(const std::string& routing_id, std::string_view application,
                                    std::string_view frame, const LocalContext& context);
  // Answers a request with an error that handle() came back with.
  void refuse(const std::string& routing_id, std::string_view frame, const Error& error);
  // Answers the waiting whose moment has come, as many as a turn has room for. After an error all
  // who had no answer wait as before, first the one whose answer failed.
  [[nodiscard]] Result<void> wake(const LocalContext& context, const News& news);
  // Answers that one with the error.
  void refuse_first(const Error& error);

  // Answers all that wait with what there is: before the applications change, and at the end.
  [[nodiscard]] Result<void> release(const LocalContext& context);

  [[nodiscard]] bool turn_is_full() const {
    return work_.bytes >= limits_.turn_bytes_max || work_.row_count >= limits_.turn_row_count_max;
  }
  // Whether wake() left some for the next turn.
  [[nodiscard]] bool is_behind() const { return !waiters_.empty() && waiters_.front().due; }
  [[nodiscard]] std::vector<LocalReply> take_replies();
  // What was answered until now rests on what is durable.
  // The size of the newest head at quorum.
  void set_cosigned(std::uint64_t size) { view_.cosigned_size = size; }
  // By MINIMIZE nothing below this goes.
  void set_lowest(v1::Precedence lowest) { view_.lowest = lowest; }
  void committed() { durable_count_ = answers_.size(); }
  // What was answered since wrote nothing: what it promised becomes this error, which says nothing
  // of what an earlier turn may have stored under the same notice id. What only reads is not
  // answered yet: it waits with the others, a turn's requests above their limits at most.
  void abandon(const Error& why);
  // Those who wait at the one before, over the same applications: each is due.
  void take_over(LocalApi& before);
  // Now and again: tells of denials that were left out of the log.
  void sweep(SteadyTime now) { denials_.sweep(now); }
  [[nodiscard]] std::size_t waiter_count() const { return waiters_.size(); }
  [[nodiscard]] std::size_t waiter_bytes() const;
  [[nodiscard]] const LocalLimits& limits() const { return limits_; }
  // How much `own` may be, beside what else is in the outbox.
  [[nodiscard]] OutboxShare outbox_share_max(const OutboxCounts& outbox,
                                             const OutboxShare& own) const;
  [[nodiscard]] const LocalCounters& counters() const { return counters_; }

 private:
  using Arrivals = exchange::PerLane<std::uint64_t>;
  struct Page {
    v1::InboxReply reply;
    std::size_t bytes = 0;
    bool full = false;

    // False where there is no room for it.
    bool add(v1::InboxItem item, std::uint32_t limit);
  };
  // What a request for the inbox that waits has looked at.
  struct Passed {
    Arrivals arrivals;               // Up to these there is nothing for it, …
    std::uint64_t looked_at_ms = 0;  // … nor in what was due before then.
    std::optional<std::uint64_t> next_due_ms;
  };
  struct Waiter {
    std::string routing_id;
    const Application* application;
    v1::LocalRequest request;
    SteadyTime deadline;
    Passed passed;
    std::size_t bytes = 0;  // Of the request, in memory.
    bool due = false;       // Its moment has come.
  };
  struct Answer {
    LocalReply reply;
    std::optional<Waiter> asked = {};  // Where it only reads.
  };
  struct Work {
    std::size_t bytes = 0;
    std::size_t row_count = 0;
  };

  void reply(const std::string& routing_id, v1::LocalReply reply, std::uint64_t request_id);
  void reply(Waiter asked, v1::LocalReply reply);
  // What is to be answered at once, since the disk has no room for what this request writes, or its
  // application publishes faster than its grant says.
  std::optional<v1::LocalReply> turn_away(const v1::LocalRequest& request,
                                          const Application& application,
                                          const LocalContext& context);
  // A line in the log where the error says that the grant does not cover the request.
  void tell_denied(const v1::LocalRequest& request, const Application& application,
                   const Error& error, SteadyTime now);
  // Whether the application may have one more of so many bytes in the outbox.
  Result<void> check_outbox(const std::string& application, v1::Precedence precedence,
                            std::size_t bytes);
  Result<v1::PublishReply> publish(const v1::PublishRequest& request,
                                   const Application& application, const LocalContext& context);
  // Nothing where it is not as far as is asked for, and the request may wait.
  Result<std::optional<v1::AwaitReply>> await(const v1::AwaitRequest& request,
                                              const Application& application, bool may_wait);
  Result<v1::InboxReply> inbox(const v1::InboxRequest& request, const Application& application,
                               const LocalContext& context, const Passed& passed);
  // In the order of arrival.
  Result<v1::InboxReply> inbox_after(std::uint64_t after, const v1::InboxRequest& request,
                                     const Application& application);
  // Adds what is asked for to the page and moves `after` on; true at the end of what there is.
  Result<bool> scan(std::optional<exchange::Lane> lane, std::uint64_t& after,
                    const v1::InboxRequest& request, const Application& application, Page& page,
                    const NodeStore::CursorKey* along = nullptr);
  Result<v1::InboxItem> arrived(std::uint64_t arrival);
  Result<v1::InboxReply> inbox_newest(std::uint64_t after, const v1::InboxRequest& request,
                                      const Application& application);
  Result<std::string> envelope_of(const OutboxRow& own);
  Result<void> fill_recipients(const OutboxRow& own, v1::ShowReply& reply);
  Result<v1::CursorReply> cursor(const v1::CursorRequest& request, const Application& application);
  // Along cursors, and what was given back there: local_cursor.cpp.
  Result<v1::InboxReply> inbox_along(const v1::InboxRequest& request,
                                     const Application& application, const LocalContext& context,
                                     const Passed& passed);
  struct DueRead {
    const v1::InboxRequest& request;
    const Application& application;
    std::uint64_t from_ms = 0;
    std::uint64_t until_ms = 0;
  };
  // Adds what was given back and is due, no more than `count_left`.
  Result<void> add_due(const NodeStore::CursorKey& cursor, exchange::Lane lane, const DueRead& read,
                       Page& page, std::uint32_t& count_left);
  // Takes note of what the reply hands out.
  Result<void> mark_handed(const NodeStore::CursorKey& cursor, const NodeStore::Handed& before,
                           const Arrivals& arrivals, const LocalContext& context,
                           v1::InboxReply& reply);
  Result<v1::NackReply> nack(const v1::NackRequest& request, const Application& application,
                             const LocalContext& context);
  // As it is after the request; nothing where the request says nothing new of it.
  Result<std::optional<NodeStore::Deferral>> given_back(const NodeStore::CursorKey& cursor,
                                                        const v1::Attempt& attempt,
                                                        const v1::NackRequest& request,
                                                        const Application& application,
                                                        std::uint64_t now_ms);
  Result<v1::DeferredReply> deferred(const v1::DeferredRequest& request,
                                     const Application& application);
  Result<v1::RedriveReply> redrive(const v1::RedriveRequest& request,
                                   const Application& application, const LocalContext& context);
  // Where cursors may be put: as far as anything has arrived.
  Result<void> check_cursor(const std::string& name, const Arrivals& arrivals);
  Result<v1::CursorReply> reset(const v1::ResetRequest& request, const Application& application);
  Result<v1::CursorReply> move_cursor(const std::string& name, const Application& application,
                                      const std::function<Result<void>()>& write);
  Result<v1::CursorsReply> cursors(const Application& application);
  Result<v1::ShowReply> show(const v1::ShowRequest& request, const Application& application);
  // The outbox: local_outbox.cpp.
  Result<v1::OutboxReply> outbox(const v1::OutboxRequest& request, const Application& application);
  // A notice of ours, where the grant covers its kind.
  Result<OutboxRow> own_row(const std::string& notice_id, const Application& application);
  Result<v1::AwaitReply> cancel(const v1::CancelRequest& request, const Application& application);
  Result<v1::AwaitReply> retry(const v1::RetryRequest& request, const Application& application);
  // What is kept of a request that only reads, while it waits or until its turn is durable: what
  // this node does not know of it is left out. kLimitExceeded where that is too large.
  [[nodiscard]] Result<v1::LocalRequest> kept(v1::LocalRequest request) const;
  [[nodiscard]] bool has_room_to_wait(const Application& application, std::size_t bytes) const;
  // The reply, or nothing where the request should wait on; `passed` as in Waiter then.
  Result<std::optional<v1::LocalReply>> serve(const v1::LocalRequest& request,
                                              const Application& application,
                                              const LocalContext& context, bool may_wait,
                                              Passed& passed);

  LocalLimits limits_;
  LocalCounters counters_;
  log::Limiter denials_;
  std::string member_;
  const std::vector<Application>& applications_;
  NodeStore& store_;
  std::function<std::string(std::size_t)> random_;
  Drafter drafter_;
  std::vector<Waiter> waiters_;  // First those whose moment has come.
  LogView view_;
  std::set<std::string> settled_;         // Notices of which an application decided in this turn.
  std::set<NodeStore::CursorKey> moved_;  // Along these something is due at another time.
  Work work_;
  std::vector<Answer> answers_;
  std::size_t durable_count_ = 0;  // Of these.
  std::map<const Application*, exchange::PerLane<std::optional<TokenBucket>>> buckets_;
};

}  // namespace chancery::node
