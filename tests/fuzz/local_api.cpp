// Requests of four applications to a node's local API, with what the node does in between: it ends
// a turn, or undoes one, time passes, notices arrive, the disk fills up. The first application may
// do all, the second alerts only, the third nothing, and the fourth is none of the node's. The
// store has an inbox, an outbox with a notice at each stage and what was given back; each input
// finds it the same, since what an input wrote is rolled back. Besides, pages of the store as an
// auditor asks for them over the admin socket.
//
// Holds: each request has one reply, in time and under its id, with what was asked for or an error
// with a code; nobody is shown a notice that its grant does not cover; what is refused, or only
// reads, changes nothing; a publication that is repeated has the reply of before; cursors are where
// something has arrived; those who wait are as few and as small as their limits; a page of the
// store goes on, or is the last.

#include "node/engine/local_api.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/exchange/limits.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"
#include "io/log/log.h"
#include "node/core/intake.h"
#include "node/core/stamping.h"
#include "node/store/node_store.h"
#include "tests/fuzz/input.h"
#include "tests/sim/disk.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

using node::LocalApi;
using test::must;

constexpr std::size_t kStepsMax = 48;
constexpr std::uint64_t kNowMs = 1'700'000'300'000;
constexpr std::uint64_t kAmple = 1ULL << 40U;
constexpr std::size_t kAuditPageBytes = 4096;
constexpr int kArrivedCount = 7;

// Small, so that an input reaches them.
constexpr node::LocalLimits kLimits = {.queued_count_max = 12,
                                       .queued_bytes_max = 16U << 10U,
                                       .waiter_count_max = 4,
                                       .waiter_of_one_count_max = 3,
                                       .waiter_bytes_max = 1024,
                                       .turn_bytes_max = 4096,
                                       .turn_row_count_max = 20,
                                       .cursor_count_max = 3,
                                       .deferred_count_max = 3};

// The node of BY, and what it has to begin with.
struct Trial {
  test::TestExchange exchange{{.institution = true, .partner = true}};
  test::TestLog log{exchange};
  exchange::LogFollower follower{exchange.genesis()};
  sim::Disk disk{"fuzz", sim::Random(1)};
  std::vector<node::Application> applications = {
      {.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}},
      {.name = "alerts", .key = {}, .publish = {"threat.*"}, .read = {"threat.*"}},
      {.name = "silent", .key = {}, .publish = {}, .read = {}}};
  std::unique_ptr<node::NodeStore> store;
  std::vector<node::Arrival> to_come;

  Trial() {
    log::init_sink([](std::string_view) {}, log::Level::kError);
    open();
    must(store->begin());
    log.found();
    follow();
    exchange.see(log.tree());
    for (int i = 1; i <= kArrivedCount + 3; ++i) {
      v1::Draft draft =
          exchange.draft(i % 2 == 0 ? "RU" : "AM", {"BY"}, i % 4 < 2 ? "threat.alert" : "contact");
      if (i % 3 == 0) {
        draft.set_precedence(v1::PRECEDENCE_FLASH);
      }
      node::Arrival arrival = logged(exchange.publish(
          draft, test::TestExchange::text_of(std::to_string(i)), exchange.directory()));
      if (i <= kArrivedCount) {
        CHANCERY_CHECK(store->put_arrival(arrival, must(store->leaf(arrival.index)), kNowMs));
      } else {
        to_come.push_back(std::move(arrival));
      }
    }
    fill_outbox();
    must(store->commit());
  }

  void open() {
    store.reset();
    store = must(node::NodeStore::open(disk.path("node.db"), exchange.genesis(), "BY",
                                       node::StoreUse::kOwn, sim::Disk::medium()));
  }

  [[nodiscard]] std::unique_ptr<LocalApi> api() const {
    return std::make_unique<LocalApi>(
        "BY", applications, *store, [](std::size_t count) { return std::string(count, 'r'); },
        kLimits);
  }

 private:
  void follow() {
    for (const v1::LogBatch& batch : log.batches()) {
      if (batch.first_index() >= follower.size()) {
        const exchange::FollowedBatch followed = must(follower.follow(batch, exchange.cache()));
        must(store->put_batch(followed, follower));
      }
    }
  }

  node::Arrival logged(const std::string& envelope) {
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(test::agreement_private(test::node_key_name("BY", 1, "sealing")));
    exchange::Opener opener(std::move(keys));
    log.append(std::vector{envelope});
    follow();
    const std::uint64_t index = log.size() - 1;
    return node::judge_delivery(index, envelope, must(store->leaf(index)), "BY",
                                must(store->directory_at(index)), opener, exchange.cache());
  }

  // Published under the ids 1 to 5: queued, refused, aside, signed, logged.
  void fill_outbox() {
    const DiskGauge ample{DiskMarks{}};
    const std::unique_ptr<LocalApi> desk = api();
    for (std::uint64_t number = 1; number <= 5; ++number) {
      v1::LocalRequest request;
      v1::PublishRequest& publish = *request.mutable_publish();
      publish.set_notice_id(test::seeded_uuid("published", number));
      publish.set_kind(number % 2 == 0 ? "contact" : "threat.alert");
      publish.set_status(v1::STATUS_ACTUAL);
      publish.set_precedence(number == 4 ? v1::PRECEDENCE_FLASH : v1::PRECEDENCE_ROUTINE);
      publish.set_text(test::TestExchange::text_of("published", publish.kind()));
      v1::Recipient& recipient = *publish.add_recipients();
      recipient.set_member("RU");
      recipient.set_role(v1::RECIPIENT_ROLE_ACTION);
      must(desk->handle(
          "", "desk", request.SerializeAsString(),
          {.directory = &log.directory(), .disk = &ample, .now_ms = kNowMs, .now = {}}));
      if (number >= 4) {
        sign(publish.notice_id());
      }
    }
    must(store->mark_refused(test::seeded_uuid("published", 2), {ErrorCode::kExpired, "too late"}));
    must(store->mark_aside(test::seeded_uuid("published", 3), {ErrorCode::kExpired, "too late"}));
    const std::string last = test::seeded_uuid("published", 5);
    log.append(std::vector{own(last).envelope});
    follow();
    must(store->mark_logged(must(store->outbox_standing(last)).value_or(node::OutboxStanding()),
                            must(exchange::parse_wire<v1::Draft>(own(last).draft)), log.size() - 1,
                            log.accepted_at_ms()));
  }

  [[nodiscard]] node::OutboxRow own(const std::string& notice_id) const {
    std::optional<node::OutboxRow> row = must(store->find_outbox(notice_id));
    CHANCERY_CHECK(row.has_value());
    return *std::move(row);
  }

  void sign(const std::string& notice_id) {
    const node::OutboxRow row = own(notice_id);
    const std::vector<node::Waiting> waiting = {{.notice_id = notice_id,
                                                 .draft = row.draft,
                                                 .text = row.text,
                                                 .sealed = row.sealed,
                                                 .precedence = {}}};
    const node::StampedBatch batch =
        node::stamp(waiting,
                    {.directory = &log.directory(),
                     .origin = "BY",
                     .log_seen = exchange::tree_head(log.size(), log.tree().root()),
                     .now_us = kNowMs * 1000,
                     .created_at_last_us = 0},
                    std::string(node::random_bytes_needed(waiting, log.directory()), 'r'));
    const auto signer = test::key_signer(test::node_key_name("BY", 1, "signing"));
    exchange::BatchToSign to_sign(exchange.genesis(), signer->public_key().id(),
                                  batch.sets.front());
    std::string value = must(signer->sign(as_bytes(to_sign.message())));
    std::vector<node::SignedSet> sets;
    sets.push_back({.to_sign = std::move(to_sign), .value = std::move(value)});
    must(store->put_signed(batch.notices.front(),
                           node::signed_envelopes(batch, sets).front().bytes));
  }
};

Trial& trial() {
  static Trial made;
  return made;
}

// What comes for a request, where it is no error.
bool answers(v1::LocalRequest::RequestCase asked, const v1::LocalReply& reply) {
  switch (asked) {
    case v1::LocalRequest::kPublish:
      return reply.has_publish();
    case v1::LocalRequest::kAwait:
    case v1::LocalRequest::kCancel:
    case v1::LocalRequest::kRetry:
      return reply.has_await();
    case v1::LocalRequest::kInbox:
      return reply.has_inbox();
    case v1::LocalRequest::kCursor:
    case v1::LocalRequest::kReset:
      return reply.has_cursor();
    case v1::LocalRequest::kShow:
      return reply.has_show();
    case v1::LocalRequest::kOutbox:
      return reply.has_outbox();
    case v1::LocalRequest::kCursors:
      return reply.has_cursors();
    case v1::LocalRequest::kNack:
      return reply.has_nack();
    case v1::LocalRequest::kDeferred:
      return reply.has_deferred();
    case v1::LocalRequest::kRedrive:
      return reply.has_redrive();
    case v1::LocalRequest::REQUEST_NOT_SET:
      return false;
  }
  return false;
}

bool writes(v1::LocalRequest::RequestCase asked) {
  return asked == v1::LocalRequest::kPublish || asked == v1::LocalRequest::kCancel ||
         asked == v1::LocalRequest::kRetry || asked == v1::LocalRequest::kCursor ||
         asked == v1::LocalRequest::kReset || asked == v1::LocalRequest::kNack ||
         asked == v1::LocalRequest::kRedrive;
}

class Run {
 public:
  Run() : store_(*trial().store), api_(trial().api()) {
    must(store_.begin());
    static const Picture at_start = picture();
    at_turn_ = at_start;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  Run(Run&&) = delete;
  Run& operator=(Run&&) = delete;
  ~Run() {
    store_.roll_back();
    if (unmarked_) {  // What the store remembers in memory would outlive the input.
      trial().open();
    }
  }

  void step(Input& input) {
    switch (input.choice(8)) {
      case 0:
      case 1:
      case 2: {
        const std::size_t application = input.choice(4);
        ask(application, input.chunk());
        break;
      }
      case 3:
        ask(last_.application, std::string(last_.frame));  // Once more.
        break;
      case 4:
        end_turn(input.flag());
        break;
      case 5:
        pass(input.byte());
        break;
      case 6:
        arrive();
        break;
      default:
        fault(input);
    }
  }

  // Whoever waits has its answer in the end.
  void end() {
    end_turn(/*arrived=*/false);
    must(api_->release(context()));
    hear();
    CHANCERY_CHECK(asked_.empty() && api_->waiter_count() == 0 && api_->waiter_bytes() == 0);
  }

 private:
  struct Asked {
    std::size_t application = 0;
    std::uint64_t request_id = 0;
    v1::LocalRequest request;  // Empty where it is none.
    bool undone = false;       // The turn was, in which it was served.
  };
  struct Last {
    std::size_t application = 0;
    std::string frame;
  };
  using Picture = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                             std::uint64_t, std::uint64_t, std::vector<std::string>>;

  [[nodiscard]] node::LocalContext context() const {
    return {.directory = &trial().log.directory(),
            .disk = &disk_,
            .now_ms = now_ms_,
            .now = node::SteadyTime() + passed_};
  }
  static std::string name_of(std::size_t application) {
    const auto& all = trial().applications;
    return application < all.size() ? all.at(application).name : "stranger";
  }
  // Of what requests can change.
  Picture picture() {
    const node::OutboxCounts outbox = must(store_.outbox_counts());
    const node::NodeStore::DeferredCounts deferred = must(store_.deferred_counts());
    std::vector<std::string> cursors;
    for (const node::Application& application : trial().applications) {
      for (const auto& cursor : must(store_.cursors(application.name))) {
        cursors.push_back(application.name + " " + cursor.name + " " +
                          std::to_string(cursor.arrivals.patient) + " " +
                          std::to_string(cursor.arrivals.urgent));
      }
    }
    return {outbox.queued,    outbox.aside,         outbox.refused, outbox.bytes,
            deferred.waiting, deferred.quarantined, cursors};
  }

  void ask(std::size_t application, std::string_view bytes) {
    const std::string frame(bytes);
    const std::string routing_id = std::to_string(++count_);
    Asked asked{.application = application, .request_id = 0, .request = {}};
    auto request = exchange::parse_wire<v1::LocalRequest>(
        frame, exchange::Reading::kOpen, {.bytes_max = exchange::kRequestBytesMax});
    if (request.has_value() && application < trial().applications.size()) {
      asked.request_id = request->request_id();
      asked.request = *std::move(request);
    }
    asked_.emplace(routing_id, std::move(asked));
    must(api_->handle(routing_id, name_of(application), frame, context()));
    CHANCERY_CHECK(was_undone_ || api_->waiter_count() <= kLimits.waiter_count_max);
    CHANCERY_CHECK(was_undone_ || api_->waiter_bytes() <= kLimits.waiter_bytes_max);
    last_ = {application, frame};
    if (api_->turn_is_full()) {
      end_turn(/*arrived=*/false);
    }
  }

  void end_turn(bool arrived) {
    api_->committed();
    node::News news{.arrivals = arrived || arrived_, .notice_ids = {}};
    news.notice_ids.insert(test::seeded_uuid("published", 1 + count_ % 5));
    arrived_ = false;
    must(api_->wake(context(), news));
    hear();
    was_undone_ = was_undone_ && api_->waiter_count() > 0;
  }

  void pass(std::uint8_t how_long) {
    const std::chrono::milliseconds time(1ULL << (how_long % 20U));
    passed_ += time;
    now_ms_ += static_cast<std::uint64_t>(time.count());
  }

  void arrive() {
    if (next_to_come_ < trial().to_come.size() && !disk_.is_full()) {
      const node::Arrival& arrival = trial().to_come.at(next_to_come_++);
      CHANCERY_CHECK(store_.put_arrival(arrival, must(store_.leaf(arrival.index)), now_ms_));
      arrived_ = true;
    }
  }

  void fault(Input& input) {
    switch (input.choice(4)) {
      case 0:
        undo();
        break;
      case 1: {
        const DiskMarks& marks = disk_.marks();
        const std::uint64_t levels[] = {kAmple, marks.routine_free_bytes - 1,
                                        marks.urgent_free_bytes - 1};
        disk_.measured(levels[input.choice(3)], node::SteadyTime() + passed_);
        break;
      }
      case 2:
        now_ms_ = kNowMs - input.byte();  // Somebody sets the clock.
        break;
      default:
        audit(input.number());
    }
  }

  // Of all that this input did: the store has no turns in here.
  void undo() {
    const Error why{ErrorCode::kDiskFull, "no room"};
    api_->abandon(why);
    for (auto& [routing_id, asked] : asked_) {
      asked.undone = true;
    }
    store_.roll_back();
    must(store_.begin());
    at_turn_ = picture();
    hear();
    std::unique_ptr<LocalApi> next = trial().api();
    next->take_over(*api_);
    api_ = std::move(next);
    published_.clear();
    next_to_come_ = 0;
    was_undone_ = true;
  }

  void audit(std::uint64_t from) {
    const Result<v1::AuditPageReply> page = store_.audit_page(from, kAuditPageBytes);
    if (page.has_value()) {
      CHANCERY_CHECK(page->next_index() == 0 || page->next_index() > from);
      CHANCERY_CHECK(page->batches_size() == 0 || page->batches(0).first_index() <= from);
    }
  }

  void hear() {
    bool wrote = arrived_;
    const std::vector<node::LocalReply> replies = api_->take_replies();
    for (const node::LocalReply& each : replies) {
      const auto found = asked_.find(each.routing_id);
      CHANCERY_CHECK(found != asked_.end());
      CHANCERY_CHECK(each.message.size() <= exchange::kFrameBytesMax);
      v1::LocalReply reply;
      CHANCERY_CHECK(reply.ParseFromString(each.message));
      check(found->second, reply);
      wrote = wrote || (!reply.has_error() && writes(found->second.request.request_case()));
      asked_.erase(found);
    }
    if (!replies.empty()) {
      Picture now = picture();
      CHANCERY_CHECK(wrote || now == at_turn_);
      at_turn_ = std::move(now);
    }
  }

  void check(const Asked& asked, const v1::LocalReply& reply) {
    CHANCERY_CHECK(reply.request_id() == asked.request_id);
    if (reply.has_error()) {
      const std::optional<ErrorCode> code = error_code_from_wire(reply.error().code());
      CHANCERY_CHECK(code.has_value());
      CHANCERY_CHECK(*code != ErrorCode::kInternal && *code != ErrorCode::kIo &&
                     *code != ErrorCode::kStoreDamaged && *code != ErrorCode::kStoreBusy);
      return;
    }
    CHANCERY_CHECK(asked.application < trial().applications.size());
    CHANCERY_CHECK(answers(asked.request.request_case(), reply));
    const node::Application& application = trial().applications.at(asked.application);
    for (const v1::InboxItem& item : reply.inbox().items()) {
      CHANCERY_CHECK(covers(application.read, item));
    }
    for (const v1::DeferredItem& each : reply.deferred().items()) {
      CHANCERY_CHECK(covers(application.read, each.item()));
    }
    for (const v1::OutboxItem& each : reply.outbox().items()) {
      CHANCERY_CHECK(covers(application.publish, each.item()));
    }
    if (reply.has_show()) {
      CHANCERY_CHECK(
          covers(application.read, reply.show().item()) ||
          (reply.show().item().own() && covers(application.publish, reply.show().item())));
    }
    if (reply.has_cursor()) {
      const std::uint64_t newest = must(store_.newest_arrival());
      CHANCERY_CHECK(reply.cursor().arrival() <= newest);
      CHANCERY_CHECK(reply.cursor().arrival_urgent() <= newest);
    }
    unmarked_ = unmarked_ || reply.inbox().unmarked();
    if (reply.has_publish()) {
      check_published(asked, reply.publish());
    }
  }

  static bool covers(const std::vector<std::string>& patterns, const v1::InboxItem& item) {
    const auto draft = exchange::parse_wire<v1::Draft>(item.draft());
    return draft.has_value() && exchange::any_matches(patterns, draft->kind());
  }

  void check_published(const Asked& asked, const v1::PublishReply& reply) {
    const node::Application& application = trial().applications.at(asked.application);
    const v1::PublishRequest& request = asked.request.publish();
    CHANCERY_CHECK(exchange::any_matches(application.publish, request.kind()));
    CHANCERY_CHECK(reply.notice_id() == request.notice_id());
    const std::string bytes = reply.SerializeAsString();
    CHANCERY_CHECK(published_.try_emplace(reply.notice_id(), bytes).first->second == bytes);
    if (!asked.undone) {
      const auto row = must(store_.find_outbox(reply.notice_id()));
      CHANCERY_CHECK(row.has_value() && as_view(row->notice) == reply.notice());
      CHANCERY_CHECK(exchange::parse_wire<v1::Draft>(row->draft).has_value());
    }
  }

  node::NodeStore& store_;
  std::unique_ptr<LocalApi> api_;
  DiskGauge disk_{DiskMarks{}};
  std::chrono::milliseconds passed_{1000};
  std::uint64_t now_ms_ = kNowMs;
  std::map<std::string, Asked> asked_;            // By routing id, those without a reply.
  std::map<std::string, std::string> published_;  // By notice id: what was answered.
  Last last_;
  std::size_t count_ = 0;
  std::size_t next_to_come_ = 0;
  bool arrived_ = false;
  bool was_undone_ = false;  // Since then more may wait than elsewhere.
  bool unmarked_ = false;
  Picture at_turn_;
};

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::Run run;
  for (std::size_t i = 0; i < chancery::fuzz::kStepsMax && !input.empty(); ++i) {
    run.step(input);
  }
  run.end();
  return 0;
}
