#include "node/feed.h"

#include <string>
#include <vector>

#include "tests/unit/io/zmq/subscriber.h"
#include "tests/unit/io/zmq/support.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

class FeedTest : public StoreTest {
 protected:
  void arrives(v1::Precedence precedence, std::string_view subject) {
    v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(precedence);
    receive(exchange_.publish(draft, text_of(subject), exchange_.directory()));
    commit();
  }

  zmq::Context context_ = test::must(zmq::Context::create());
};

TEST_F(FeedTest, TheUrgentGoAheadOfABacklog) {
  constexpr int kBacklog = 70;  // More than a step tells.
  found();
  Feed feed = test::must(Feed::open(context_, folder_ / "feed", *store_));
  zmq::Subscriber subscriber(context_, folder_ / "feed", "");
  while (subscriber.next().empty()) {  // Until it is heard.
    test::must(feed.step(*store_, 0));
    feed.publisher().publish("begins");
  }
  for (int i = 0; i < kBacklog; ++i) {
    arrives(v1::PRECEDENCE_ROUTINE, "routine " + std::to_string(i));
  }
  arrives(v1::PRECEDENCE_FLASH, "flash");
  test::must(feed.step(*store_, 0));
  EXPECT_TRUE(feed.is_behind());
  test::must(feed.step(*store_, 0));
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

// C-174, as the inbox does.
TEST_F(FeedTest, WhatAQuorumCosignedIsToldAsWitnessed) {
  found();
  Feed feed = test::must(Feed::open(context_, folder_ / "feed", *store_));
  zmq::Subscriber subscriber(context_, folder_ / "feed", "");
  while (subscriber.next().empty()) {
    test::must(feed.step(*store_, 0));
    feed.publisher().publish("begins");
  }
  arrives(v1::PRECEDENCE_ROUTINE, "below");
  arrives(v1::PRECEDENCE_ROUTINE, "above");
  test::must(feed.step(*store_, test::must(store_->inbox_item(2)).index()));
  std::vector<std::string> heard;
  while (heard.size() < 2) {
    std::string message = subscriber.next();
    if (!message.empty() && message != "begins") {
      heard.push_back(std::move(message));
    }
  }
  EXPECT_NE(heard[0].find(R"("logged":true,"witnessed":true)"), std::string::npos) << heard[0];
  EXPECT_NE(heard[1].find(R"("logged":true,"witnessed":false)"), std::string::npos) << heard[1];
}

class UnreadFeedTest : public FeedTest {
 protected:
  UnreadFeedTest() { found(); }

  void is_heard_by(zmq::Subscriber& subscriber) {
    while (subscriber.next().empty()) {
      test::must(feed_.step(*store_, 0));
      feed_.publisher().publish("begins");
    }
  }

  const std::string large_ = "large " + std::string(800'000, 'x');
  Feed feed_ = test::must(Feed::open(context_, folder_ / "feed", *store_));
  zmq::Subscriber deaf_{context_, folder_ / "feed", "", /*receive_count_max=*/1};
};

TEST_F(UnreadFeedTest, WhoDoesNotReadCostsTheOthersNothing) {
  constexpr std::size_t kCount = 24;
  zmq::Subscriber reads(context_, folder_ / "feed", "");
  is_heard_by(deaf_);
  is_heard_by(reads);
  for (std::size_t i = 0; i < kCount; ++i) {
    arrives(v1::PRECEDENCE_ROUTINE, large_);
  }
  std::size_t heard = 0;
  EXPECT_TRUE(zmq::eventually([&] {
    test::must(feed_.step(*store_, 0));
    for (std::string message = reads.next(); !message.empty(); message = reads.next()) {
      heard += message.size() > large_.size() ? 1U : 0U;
    }
    return heard == kCount;
  })) << heard;
  EXPECT_GE(feed_.publisher().counters().behind_count, 1U);
}

TEST_F(UnreadFeedTest, WhatWaitsForRoomGoesInItsOrder) {
  zmq::Subscriber reads(context_, folder_ / "feed", "");
  is_heard_by(deaf_);
  is_heard_by(reads);
  std::vector<std::string> heard;
  const auto listen = [&] {
    for (std::string message = reads.next(); !message.empty(); message = reads.next()) {
      if (message != "begins") {
        heard.push_back(std::move(message));
      }
    }
  };
  std::size_t flashes = 0;
  while (!feed_.waits_for_room()) {
    arrives(v1::PRECEDENCE_FLASH, large_);
    ++flashes;
    test::must(feed_.step(*store_, 0));
    listen();
  }
  EXPECT_FALSE(feed_.is_behind()) << "or the next turn would follow at once";
  arrives(v1::PRECEDENCE_ROUTINE, "small");
  EXPECT_TRUE(zmq::eventually([&] {
    test::must(feed_.step(*store_, 0));
    listen();
    return heard.size() == flashes + 1;
  })) << heard.size();
  EXPECT_NE(heard.back().find("\"small\""), std::string::npos) << "it would have had room before";
}

}  // namespace
}  // namespace chancery::node
