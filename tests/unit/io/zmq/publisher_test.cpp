#include "io/zmq/publisher.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "io/zmq/backlog.h"
#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/io/zmq/subscriber.h"
#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

class PublisherTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "feed.sock"; }
  Publisher bind(PublisherOptions options = {}) {
    options.path = path();
    return must(Publisher::bind(context_, options));
  }

  // Until the subscription has reached the publisher, which no call tells.
  static bool is_subscribed(Publisher& publisher, Subscriber& subscriber,
                            const std::string& probe) {
    return eventually([&] {
      publisher.publish(probe);
      return subscriber.next() == probe;
    });
  }

  // Until so much of it has come.
  static bool has_received(Publisher& publisher, std::uint64_t bytes) {
    return eventually([&] {
      publisher.listen();
      return publisher.topic_bytes() == bytes;
    });
  }
  // What one more topic without a byte costs on this connection.
  static std::uint64_t cost_of_empty(Publisher& publisher, Subscriber& subscriber) {
    const std::uint64_t before = publisher.topic_bytes();
    subscriber.ask("cost");
    EXPECT_TRUE(eventually([&] { return publisher.topic_bytes() > before; }));
    return publisher.topic_bytes() - before - std::string("cost").size();
  }
  static bool is_cut(Publisher& publisher, std::uint64_t times = 1) {
    return eventually([&] { return publisher.counters().topics_over_count >= times; });
  }

  os::TemporaryFolder folder_;
  Context context_ = must(Context::create());
};

TEST_F(PublisherTest, TellsWhoSubscribedToHowAMessageBegins) {
  Publisher publisher = bind();
  Subscriber all(context_, path(), "");
  Subscriber one(context_, path(), "AM/contact/");
  ASSERT_TRUE(is_subscribed(publisher, all, "AM/contact/ probe"));
  ASSERT_TRUE(is_subscribed(publisher, one, "AM/contact/ probe"));
  publisher.publish("BY/contact/ 1");
  publisher.publish("AM/contact.other/ 2");
  publisher.publish("AM/contact/ 3");
  const auto next = [](Subscriber& subscriber) {
    std::string message;
    EXPECT_TRUE(eventually([&] {
      message = subscriber.next();
      return !message.empty() && !message.ends_with("probe");
    }));
    return message;
  };
  EXPECT_EQ(next(one), "AM/contact/ 3");
  EXPECT_EQ(next(all), "BY/contact/ 1");
  EXPECT_EQ(next(all), "AM/contact.other/ 2");
  EXPECT_EQ(next(all), "AM/contact/ 3");
}

class UnreadTest : public PublisherTest {
 protected:
  static constexpr std::size_t kLimit = 1U << 20U;
  static constexpr std::size_t kLength = 10'000;
  static constexpr int kCount = 400;

  // As the Feed does: numbered messages, each as soon as there is room.
  void publish_all(const std::function<void()>& meanwhile) {
    for (int i = 0; i < kCount; ++i) {
      std::string message = std::to_string(i) + ' ';
      message.resize(kLength, 'x');
      ASSERT_TRUE(eventually([&] {
        meanwhile();
        return publisher_.has_room(message.size());
      })) << i;
      publisher_.publish(std::move(message));
      EXPECT_LE(publisher_.leaving_bytes(), kLimit);
    }
  }

  Publisher publisher_ = bind({.send_count_max = 10'000,
                               .leaving_bytes_max = kLimit,
                               .behind_max = std::chrono::milliseconds(300)});
};

TEST_F(UnreadTest, WhoDoesNotReadIsCutAndTheOthersLoseNothing) {
  Subscriber deaf(context_, path(), "", /*receive_count_max=*/1);
  ASSERT_TRUE(is_subscribed(publisher_, deaf, "probe"));
  Subscriber reads(context_, path(), "", kCount);
  ASSERT_TRUE(is_subscribed(publisher_, reads, "begins"));
  int heard = 0;
  const auto read = [&] {
    for (std::string message = reads.next(); !message.empty(); message = reads.next()) {
      if (message.size() == kLength) {
        EXPECT_TRUE(message.starts_with(std::to_string(heard++) + ' '));
      }
    }
  };
  publish_all(read);
  EXPECT_TRUE(eventually([&] {
    read();
    return heard == kCount;
  }));
  EXPECT_GE(publisher_.counters().behind_count, 1U);
}

// A little now and then would keep the others waiting for ever.
TEST_F(UnreadTest, WhoReadsTooLittleIsCutAsWell) {
  Subscriber drips(context_, path(), "", /*receive_count_max=*/1);
  ASSERT_TRUE(is_subscribed(publisher_, drips, "probe"));
  auto read_at = std::chrono::steady_clock::now();
  publish_all([&] {
    if (std::chrono::steady_clock::now() - read_at > std::chrono::milliseconds(10)) {
      read_at = std::chrono::steady_clock::now();
      (void)drips.next();
    }
  });
  EXPECT_GE(publisher_.counters().behind_count, 1U);
}

TEST_F(PublisherTest, WhoReadsLateIsNotCutForWhatItHadNotReadBefore) {
  constexpr std::chrono::milliseconds kBehindMax{1500};
  constexpr std::size_t kLimit = 1U << 20U;
  const std::string message(10'000, 'x');
  Publisher publisher =
      bind({.send_count_max = 10'000, .leaving_bytes_max = kLimit, .behind_max = kBehindMax});
  Subscriber late(context_, path(), "", /*receive_count_max=*/1);
  ASSERT_TRUE(is_subscribed(publisher, late, "probe"));
  const auto fill = [&] {
    while (publisher.leaving_bytes() + message.size() <= kLimit) {
      ASSERT_TRUE(publisher.has_room(message.size()));
      publisher.publish(message);
    }
  };
  fill();
  std::this_thread::sleep_for(kBehindMax + std::chrono::milliseconds(500));
  fill();  // There is room: nobody is in the way.
  EXPECT_TRUE(eventually([&] {
    while (!late.next().empty()) {
    }
    return publisher.leaving_bytes() == 0;
  }));
  fill();
  EXPECT_FALSE(publisher.has_room(message.size()));
  EXPECT_EQ(publisher.counters().behind_count, 0U);
}

TEST_F(PublisherTest, WhatNobodyAskedForIsNotKept) {
  Publisher publisher = bind();
  for (int i = 0; i < 100; ++i) {
    publisher.publish(std::string(1U << 20U, 'x'));
  }
  EXPECT_EQ(publisher.leaving_bytes(), 0U);
}

TEST_F(PublisherTest, TheNewestGoesOverTheLimitAndThoseBeforeListenOn) {
  Publisher publisher = bind({.connection_count_max = 2});
  Subscriber first(context_, path(), "");
  ASSERT_TRUE(is_subscribed(publisher, first, "1"));
  Subscriber second(context_, path(), "");
  ASSERT_TRUE(is_subscribed(publisher, second, "2"));
  const Subscriber third(context_, path(), "");
  ASSERT_TRUE(eventually([&] { return publisher.counters().connection_over_count > 0; }));
  publisher.publish("last");
  for (Subscriber* const subscriber : {&first, &second}) {
    EXPECT_TRUE(eventually([&] { return subscriber->next() == "last"; }));
  }
}

TEST_F(PublisherTest, ASubscriberAsksForSoManyBytesAndNotOneMore) {
  constexpr std::size_t kMost = 4096;
  constexpr std::size_t kLength = 100;
  for (const std::size_t over : {0U, 1U}) {
    Publisher publisher = bind({.topic_bytes_max = kMost});
    Subscriber greedy(context_, path(), "");
    ASSERT_TRUE(is_subscribed(publisher, greedy, "probe"));
    const std::uint64_t empty = cost_of_empty(publisher, greedy);
    std::uint64_t bytes = publisher.topic_bytes();
    while (bytes + 2 * (empty + kLength) < kMost) {
      greedy.ask(std::to_string(bytes) + std::string(kLength - std::to_string(bytes).size(), 't'));
      bytes += empty + kLength;
      ASSERT_TRUE(has_received(publisher, bytes));
    }
    greedy.ask(std::string(kMost + over - bytes - empty, 'l'));
    if (over == 0) {
      ASSERT_TRUE(has_received(publisher, kMost));
      std::this_thread::sleep_for(5 * kLookInterval);
      EXPECT_EQ(publisher.counters().topics_over_count, 0U);
      publisher.publish("last");
      EXPECT_TRUE(eventually([&] { return greedy.next() == "last"; }));
    } else {
      EXPECT_TRUE(is_cut(publisher));
    }
  }
}

TEST_F(PublisherTest, WhereAllAskForTooMuchWhoAsksForMostIsCut) {
  constexpr std::size_t kMost = 8192;
  Publisher publisher = bind({.topic_bytes_max = kMost, .all_topic_bytes_max = kMost});
  Subscriber first(context_, path(), "");
  Subscriber second(context_, path(), "");
  ASSERT_TRUE(is_subscribed(publisher, first, "1"));
  ASSERT_TRUE(is_subscribed(publisher, second, "2"));
  const auto ask = [](Subscriber& subscriber, int count) {
    for (int i = 0; i < count; ++i) {
      subscriber.ask(std::to_string(i) + std::string(100, 't'));
    }
  };
  ask(first, 40);
  ASSERT_TRUE(eventually([&] { return publisher.topic_bytes() > kMost / 2; }));
  EXPECT_EQ(publisher.counters().topics_over_count, 0U);
  {
    Subscriber third(context_, path(), "");
    ask(third, 70);
    EXPECT_TRUE(is_cut(publisher));
    EXPECT_LE(publisher.topic_bytes(), publisher.topic_bytes_max());
  }
  while (!first.next().empty() || !second.next().empty()) {
  }
  publisher.publish("last");
  for (Subscriber* const subscriber : {&first, &second}) {
    EXPECT_TRUE(eventually([&] { return subscriber->next() == "last"; }));
  }
}

// Each change costs it bytes. Then it loses what is told in between, and nothing else.
TEST_F(PublisherTest, WhoChangesItsTopicsForALongTimeIsCutAndComesBack) {
  Publisher publisher = bind({.topic_bytes_max = 4096});
  Subscriber restless(context_, path(), "kept");
  ASSERT_TRUE(is_subscribed(publisher, restless, "kept"));
  for (int i = 0; i < 100 && publisher.counters().topics_over_count == 0; ++i) {
    const std::uint64_t before = publisher.topic_bytes();
    restless.ask(std::string(100, 't'));
    restless.take_back(std::string(100, 't'));
    ASSERT_TRUE(eventually([&] { return publisher.topic_bytes() != before; }));
  }
  ASSERT_TRUE(is_cut(publisher));
  EXPECT_TRUE(is_subscribed(publisher, restless, "kept again"));
  EXPECT_TRUE(eventually([&] {
    publisher.listen();
    return publisher.topic_bytes() < 200;
  })) << "what it has taken back is forgotten";
  std::this_thread::sleep_for(5 * kLookInterval);
  EXPECT_EQ(publisher.counters().topics_over_count, 1U) << "once";
}

TEST_F(PublisherTest, TheFileIsForOwnerAndGroupAndGoesWithThePublisher) {
  const mode_t before = umask(0);
  {
    const Publisher publisher = bind();
    struct stat status{};
    ASSERT_EQ(stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
    EXPECT_EQ(Publisher::bind(context_, {.path = path()}).error().code, ErrorCode::kAddressInUse);
  }
  umask(before);
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::ofstream(path()) << "a file";
  EXPECT_EQ(Publisher::bind(context_, {.path = path()}).error().code, ErrorCode::kExists);
  EXPECT_EQ(
      Publisher::bind(context_, {.path = folder_ / "b", .connection_count_max = 0}).error().code,
      ErrorCode::kConfigInvalid);
  EXPECT_EQ(Publisher::bind(context_, {.path = folder_ / "b", .topic_bytes_max = 100}).error().code,
            ErrorCode::kConfigInvalid);
}

}  // namespace
}  // namespace chancery::zmq
