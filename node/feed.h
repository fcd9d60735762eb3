// What arrives, told to plain SUB programs in any language at a socket file: one message for each
// notice that enters the inbox, `ORIGIN/KIND/ {…}`, with the JSON that `chancery inbox --json`
// shows. docs/reference/protocol.md chapter 11.
//
// The inbox with its cursors is the truth: a subscriber that does not read is cut and loses what
// there was. Until then, or until it reads, the others wait (zmq::Publisher). Grants do not apply;
// the file's permission does. It begins with what arrives after the start, and goes in the order of
// arrival, the urgent ahead of a backlog of the others.
//
// One thread, the server's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/exchange/lane.h"
#include "io/zmq/context.h"
#include "io/zmq/publisher.h"
#include "node/store/node_store.h"

namespace chancery::node {

class Feed {
 public:
  // The errors of zmq::Publisher::bind(), and of the store.
  [[nodiscard]] static Result<Feed> open(zmq::Context& context, const std::string& path,
                                         NodeStore& store);

  // Tells of what the store has committed since the last call, a page at most. A row that fails its
  // hash ends the page: the store remembers it, and leaves it out once it is named.
  // `cosigned_size` is that of the newest head at quorum.
  [[nodiscard]] Result<void> step(NodeStore& store, std::uint64_t cosigned_size);
  // Whether step() left some.
  [[nodiscard]] bool is_behind() const { return behind_; }
  // Whether it left some because subscribers have yet to read: the next step() is due soon.
  [[nodiscard]] bool waits_for_room() const { return waits_; }

  [[nodiscard]] zmq::Publisher& publisher() { return publisher_; }

 private:
  Feed(zmq::Publisher publisher, std::uint64_t arrival)
      : publisher_(std::move(publisher)), told_{.patient = arrival, .urgent = arrival} {}

  // At most so many of this lane, while there is room; how many there were.
  Result<std::size_t> tell(NodeStore& store, exchange::Lane lane, std::size_t count_max,
                           std::uint64_t cosigned_size);

  zmq::Publisher publisher_;
  exchange::PerLane<std::uint64_t> told_;  // Up to this arrival.
  bool behind_ = false;
  bool waits_ = false;
};

// The message of one notice. kMalformed where it is none.
[[nodiscard]] Result<std::string> feed_message(const v1::InboxItem& item);

}  // namespace chancery::node
