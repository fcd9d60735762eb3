#include "node/feed.h"

#include <utility>
#include <vector>

#include "client/src/convert.h"
#include "client/src/notice_json.h"
#include "io/log/log.h"
#include "node/engine/local_replies.h"

namespace chancery::node {
namespace {

constexpr std::size_t kToldAtOnceMax = 64;  // Each is read, hashed and written out as text.

}  // namespace

Result<std::string> feed_message(const v1::InboxItem& item) {
  CHANCERY_TRY(const client::Notice notice, client::notice_from(item));
  return notice.origin + "/" + notice.kind + "/ " + client::notice_line(notice);
}

Result<Feed> Feed::open(zmq::Context& context, const std::string& path, NodeStore& store) {
  CHANCERY_TRY(const std::uint64_t newest, store.newest_arrival());
  CHANCERY_TRY(zmq::Publisher publisher, zmq::Publisher::bind(context, {.path = path}));
  return Feed(std::move(publisher), newest);
}

Result<void> Feed::step(NodeStore& store, std::uint64_t cosigned_size) {
  publisher_.listen();
  waits_ = false;
  std::size_t left = kToldAtOnceMax;
  for (const exchange::Lane lane : exchange::kLanes) {
    if (left > 0 && !waits_) {
      CHANCERY_TRY(const std::size_t count, tell(store, lane, left, cosigned_size));
      left -= count;
    }
  }
  behind_ = left == 0 && !waits_;
  return {};
}

Result<std::size_t> Feed::tell(NodeStore& store, exchange::Lane lane, std::size_t count_max,
                               std::uint64_t cosigned_size) {
  const auto despite_damage = [](const Error& error) -> Result<std::size_t> {
    if (error.code == ErrorCode::kStoreDamaged) {
      return std::size_t{0};
    }
    return std::unexpected(error);
  };
  const Result<std::vector<NodeStore::InboxHead>> heads =
      store.scan_inbox({.after = told_[lane], .before = {}, .count_max = count_max, .lane = lane});
  if (!heads.has_value()) {
    return despite_damage(heads.error());
  }
  for (const NodeStore::InboxHead& head : *heads) {
    Result<v1::InboxItem> item = store.inbox_item(head.arrival);
    if (!item.has_value()) {
      return despite_damage(item.error());
    }
    if (Result<std::string> message = feed_message(with_witnessed(*std::move(item), cosigned_size));
        !message.has_value()) {
      log::error("not-in-feed",
                 {{"arrival", head.arrival}, {"detail", message.error().to_string()}});
    } else if (publisher_.has_room(message->size())) {
      publisher_.publish(*std::move(message));
    } else {
      waits_ = true;
      break;
    }
    told_[lane] = head.arrival;
  }
  return heads->size();
}

}  // namespace chancery::node
