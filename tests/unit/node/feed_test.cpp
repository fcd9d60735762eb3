#include "node/feed.h"

#include <string>
#include <vector>

#include "tests/unit/io/zmq/subscriber.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using test::must;

class FeedTest : public StoreTest {
 protected:
  void arrives(v1::Precedence precedence, std::string_view subject) {
    v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(precedence);
    receive(exchange_.publish(draft, text_of(subject), exchange_.directory()));
    commit();
  }

  zmq::Context context_ = must(zmq::Context::create());
};

TEST_F(FeedTest, TheUrgentGoAheadOfABacklog) {
  constexpr int kBacklog = 70;  // More than a step tells.
  found();
  Feed feed = must(Feed::open(context_, folder_ / "feed", *store_));
  zmq::Subscriber subscriber(context_, folder_ / "feed", "");
  while (subscriber.next().empty()) {  // Until it is heard.
    must(feed.step(*store_));
    feed.publisher().publish("begins");
  }
  for (int i = 0; i < kBacklog; ++i) {
    arrives(v1::PRECEDENCE_ROUTINE, "routine " + std::to_string(i));
  }
  arrives(v1::PRECEDENCE_FLASH, "flash");
  must(feed.step(*store_));
  EXPECT_TRUE(feed.is_behind());
  must(feed.step(*store_));
  EXPECT_FALSE(feed.is_behind());
  std::vector<std::string> heard;
  while (heard.size() < kBacklog + 1) {
    std::string message = subscriber.next();
    if (!message.empty() && message != "begins") {
      heard.push_back(std::move(message));
    }
  }
  EXPECT_NE(heard[0].find("\"flash\""), std::string::npos) << heard[0];
  for (std::size_t i = 0; i < kBacklog; ++i) {
    EXPECT_NE(heard[i + 1].find("\"routine " + std::to_string(i) + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace chancery::node
