// What a client can ask of its node, over one Link. Inner to client/: programs come through
// chancery.h.
//
// Fails by throwing Error, which api.cpp turns into a chancery_error. Every call ends by its time.
// Threads: any, side by side.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "chancery/client.h"
#include "client/src/link.h"

namespace chancery::client {

struct Published {
  std::string id;
  std::string notice;
  std::vector<std::string> recipients;
};

[[nodiscard]] std::string make_notice_id();

class Session {
 public:
  explicit Session(const Options& options);

  // What is under way, and each later call, ends with kClientClosed. Returns at once.
  void close();

  [[nodiscard]] Published publish(Draft draft);
  [[nodiscard]] Outcome wait(const std::string& id, Stage stage, std::chrono::milliseconds timeout);
  // Along the cursor of this name; where it is empty, in the inbox.
  [[nodiscard]] Page page(const std::string& cursor, const InboxQuery& query);
  Position commit(const std::string& cursor, const Position& done);
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
