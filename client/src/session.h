// What a client can ask of its node, over one Link. Inner to client/: programs come through
// chancery.h.
//
// Fails by throwing Error, which api.cpp turns into a chancery_error. Every call ends by its time.
// Threads: any, side by side.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chancery/client.h"
#include "client/src/link.h"

namespace chancery::client {

struct Published {
  std::string id;
  std::string notice;
  std::vector<std::string> recipients;
};

// A notice as it was read along a cursor.
struct Attempt {
  std::uint64_t arrival = 0;
  std::uint32_t attempts = 0;
};
// What is done with.
struct PageDone {
  Position next;
  std::vector<Attempt> notices;
};
struct NackOrder {
  std::vector<Attempt> notices;
  Nack how;
};
struct RedriveOrder {
  std::vector<std::uint64_t> arrivals;
  bool all = false;
};

// Of one draft of many: published, or why not.
using PublishResult = std::variant<Published, ErrorParts>;

[[nodiscard]] std::string make_notice_id();

class Session {
 public:
  explicit Session(const Options& options);

  // What is under way, and each later call, ends with kClientClosed. Returns at once.
  void close();

  [[nodiscard]] Published publish(Draft draft);
  // Both requests go together. What keeps it from waiting for what is published is in the outcome.
  [[nodiscard]] std::pair<Published, Outcome> publish_until(Draft draft, Stage stage,
                                                            std::chrono::milliseconds timeout);
  // `level` is Stage::kRead or kActioned.
  [[nodiscard]] Published acknowledge(const std::string& name, Stage level,
                                      const std::string& remark);
  // Many under way at once: in the order of the drafts, a result for each. One that could not be
  // read stays the error that it is.
  [[nodiscard]] std::vector<PublishResult> publish_batch(
      std::vector<std::variant<Draft, ErrorParts>> drafts);
  [[nodiscard]] Outcome wait(const std::string& id, Stage stage, std::chrono::milliseconds timeout);
  // Along the cursor of this name; where it is empty, in the inbox.
  [[nodiscard]] Page page(const std::string& cursor, const InboxQuery& query);
  Position commit(const std::string& cursor, const Position& done);
  Position ack(const std::string& cursor, const PageDone& done);
  std::vector<Deferral> nack(const std::string& cursor, const NackOrder& order);
  [[nodiscard]] DeferredPage deferred(const std::string& cursor, const DeferredQuery& query);
  std::uint64_t redrive(const std::string& cursor, const RedriveOrder& order);
  Position reset(const std::string& cursor, const Position& to);
  [[nodiscard]] Cursors cursors();
  [[nodiscard]] OutboxPage outbox(const OutboxQuery& query);
  Outcome cancel(const std::string& id);
  Outcome retry(const std::string& id);
  [[nodiscard]] Details show(const std::string& name);
  [[nodiscard]] Stats stats() const;

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace chancery::client
