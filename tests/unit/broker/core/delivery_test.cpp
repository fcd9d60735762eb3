#include "broker/core/delivery.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/broker/support.h"

namespace chancery::broker {
namespace {

constexpr DeliveryWindow::Time kStart{};

DeliveryWindow window(std::uint64_t items, std::uint64_t bytes, std::uint64_t cursor = 0) {
  DeliveryWindow made({.items_max = 100, .bytes_max = 1000}, cursor);
  made.credit(cursor, items, bytes);
  return made;
}

TEST(DeliveryTest, NothingIsDueBeforeTheFirstCredit) {
  const DeliveryWindow made({}, 0);
  EXPECT_EQ(made.items_left(), 0U);
  EXPECT_FALSE(made.admits(1));
}

// C-140
TEST(DeliveryTest, TheWindowEndsAtItsItems) {
  DeliveryWindow made = window(2, 1000, 7);
  EXPECT_EQ(made.next(), 7U);
  made.sent(7, 10, kStart);
  EXPECT_TRUE(made.admits(10));
  made.sent(9, 10, kStart);
  EXPECT_EQ(made.next(), 10U);
  EXPECT_EQ(made.items_left(), 0U);
  EXPECT_FALSE(made.admits(10));
}

// C-140
TEST(DeliveryTest, TheWindowEndsAtItsBytesAndNotOneOver) {
  DeliveryWindow made = window(100, 50);
  made.sent(0, 30, kStart);
  EXPECT_TRUE(made.admits(20));
  EXPECT_FALSE(made.admits(21));
  made.sent(1, 20, kStart);
  EXPECT_FALSE(made.admits(1));
}

TEST(DeliveryTest, OneThatIsLargerThanTheWindowGoesAlone) {
  DeliveryWindow made = window(100, 50);
  EXPECT_TRUE(made.admits(51));
  made.sent(0, 51, kStart);
  EXPECT_FALSE(made.admits(1));
  made.credit(1, 100, 50);
  EXPECT_TRUE(made.admits(51));
  // But not where the node takes no bytes at all.
  EXPECT_FALSE(window(100, 0).admits(1));
}

TEST(DeliveryTest, ACursorFreesWhatItPassedAndNothingElse) {
  DeliveryWindow made = window(3, 60);
  made.sent(2, 20, kStart);
  made.sent(5, 20, kStart);
  made.sent(8, 20, kStart);
  made.credit(5, 3, 60);  // Below 5: the first is stored, the second is not.
  EXPECT_EQ(made.cursor(), 5U);
  EXPECT_EQ(made.items_left(), 1U);
  EXPECT_TRUE(made.admits(20));
  EXPECT_FALSE(made.admits(21));
  made.credit(9, 3, 60);
  EXPECT_EQ(made.items_left(), 3U);
  EXPECT_TRUE(made.admits(60));
}

// C-133
TEST(DeliveryTest, ACursorNeverGoesBack) {
  DeliveryWindow made = window(10, 1000);
  for (std::uint64_t i = 0; i < 5; ++i) {
    made.sent(i, 10, kStart);
  }
  made.credit(4, 10, 1000);
  made.credit(2, 10, 1000);
  EXPECT_EQ(made.cursor(), 4U);
  EXPECT_EQ(made.next(), 5U);
  EXPECT_EQ(made.items_left(), 9U);
}

// C-133: what was never sent cannot be stored, and is still to be sent.
TEST(DeliveryTest, ACursorBeyondWhatWasSentCountsAsWhatWasSent) {
  DeliveryWindow made = window(10, 1000);
  made.sent(0, 10, kStart);
  made.credit(kHuge, 10, 1000);
  EXPECT_EQ(made.cursor(), 1U);
  EXPECT_EQ(made.next(), 1U);
  made.sent(3, 10, kStart);
  EXPECT_EQ(made.items_left(), 9U);
}

TEST(DeliveryTest, CreditsAreCappedByTheHubsOwnLimits) {
  DeliveryWindow made = window(kHuge, kHuge);
  EXPECT_EQ(made.items_left(), 100U);
  made.sent(0, 1, kStart);
  EXPECT_TRUE(made.admits(999));
  EXPECT_FALSE(made.admits(1000));
}

// C-140: a window is absolute; one that shrinks stops what follows, and takes nothing back.
TEST(DeliveryTest, AWindowMayShrinkBelowWhatIsOnTheWay) {
  DeliveryWindow made = window(10, 1000);
  made.sent(0, 100, kStart);
  made.sent(1, 100, kStart);
  made.credit(0, 1, 50);
  EXPECT_EQ(made.items_left(), 0U);
  EXPECT_FALSE(made.admits(1));
}

// A narrow pace holds back what the credits would allow, and one envelope still goes alone.
TEST(DeliveryTest, TheWindowEndsAtThePaceOfTheLink) {
  DeliveryWindow made = window(100, 1000);
  EXPECT_TRUE(made.admits(51, 50)) << "nothing is on the way";
  made.sent(0, 30, kStart);
  EXPECT_EQ(made.bytes_left(50), 20U);
  EXPECT_TRUE(made.admits(20, 50));
  EXPECT_FALSE(made.admits(21, 50));
  EXPECT_FALSE(made.admits(1, 20)) << "narrower than what is on the way";
  EXPECT_EQ(made.bytes_left(20), 0U);
  EXPECT_EQ(made.bytes_left(5000), 970U) << "the credits are the other end of it";
}

TEST(DeliveryTest, AWordOfTheNodeSaysWhatTheLinkDrained) {
  using std::chrono::seconds;
  DeliveryWindow made = window(100, 1000);
  made.sent(2, 10, kStart + seconds(1));
  made.sent(5, 20, kStart + seconds(2));
  made.sent(8, 40, kStart + seconds(3));
  EXPECT_EQ(made.items_out(), 3U);
  EXPECT_FALSE(made.credit(2, 100, 1000).has_value()) << "it passed nothing";
  const exchange::Drained drained = made.credit(8, 100, 1000).value_or(exchange::Drained{});
  EXPECT_EQ(drained.bytes, 30U);
  EXPECT_EQ(drained.on_the_way, 70U);
  EXPECT_EQ(drained.sent_at, kStart + seconds(2));
  EXPECT_EQ(made.bytes_out(), 40U);
}

// C-142
TEST(DeliveryTest, ARewindForgetsWhatWasLostAndCountsWhatTheNodeHolds) {
  DeliveryWindow made = window(3, 75);
  const std::uint64_t cursor = made.cursor();
  made.sent(3, 25, kStart);
  made.sent(4, 25, kStart);
  made.sent(6, 25, kStart);
  made.rewind(4);
  EXPECT_EQ(made.next(), 4U);
  EXPECT_EQ(made.cursor(), cursor) << "it asked for more, and said nothing of what it has stored";
  EXPECT_EQ(made.items_left(), 2U);
  EXPECT_TRUE(made.admits(50));
  EXPECT_FALSE(made.admits(51));
  made.credit(kHuge, 3, 75);
  EXPECT_EQ(made.cursor(), 4U) << "no further than what was sent";
  EXPECT_EQ(made.bytes_out(), 0U);
}

// A node that starts over from before its cursor gets it again.
TEST(DeliveryTest, ARewindMayGoBeforeTheCursor) {
  DeliveryWindow made = window(3, 75);
  made.sent(3, 25, kStart);
  made.credit(4, 3, 75);
  made.rewind(2);
  EXPECT_EQ(made.next(), 2U);
  EXPECT_EQ(made.cursor(), 4U);
  made.sent(3, 25, kStart);
  made.credit(4, 3, 75);
  EXPECT_EQ(made.items_left(), 3U);
}

}  // namespace
}  // namespace chancery::broker
