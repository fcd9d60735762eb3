#include "node/store/standings.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::node {
namespace {

std::string id_of(std::uint64_t number) {
  std::string id = std::to_string(number);
  id.resize(16, '.');
  return id;
}

OutboxStanding standing_of(std::uint64_t number, std::uint64_t index = 0) {
  return {.notice_id = id_of(number), .number = number, .index = index};
}

TEST(StandingsTest, TheLastThatWasPutOfANoticeIsFound) {
  Standings standings;
  EXPECT_EQ(standings.find(id_of(1)), nullptr);
  standings.put(standing_of(1));
  standings.put(standing_of(2));
  standings.put(standing_of(1, 70));
  ASSERT_NE(standings.find(id_of(1)), nullptr);
  EXPECT_EQ(standings.find(id_of(1))->index, 70U);
  EXPECT_EQ(standings.find(id_of(2))->number, 2U);
  EXPECT_EQ(standings.find("1"), nullptr);
  standings.clear();
  EXPECT_EQ(standings.find(id_of(1)), nullptr);
}

TEST(StandingsTest, TheNewestStayAndTheOldestGo) {
  Standings standings;
  for (std::uint64_t number = 1; number <= 3 * Standings::kCountMax; ++number) {
    standings.put(standing_of(number));
    const std::uint64_t oldest =
        number > Standings::kCountMax / 2 ? number - Standings::kCountMax / 2 + 1 : 1;
    ASSERT_NE(standings.find(id_of(oldest)), nullptr) << number;
  }
  EXPECT_EQ(standings.find(id_of(2 * Standings::kCountMax)), nullptr);
}

// What became of a notice after it was the oldest is what is found.
TEST(StandingsTest, OfTheOlderTheNewerWordCounts) {
  Standings standings;
  standings.put(standing_of(1));
  for (std::uint64_t number = 2; number <= Standings::kCountMax / 2 + 1; ++number) {
    standings.put(standing_of(number));
  }
  standings.put(standing_of(1, 70));
  ASSERT_NE(standings.find(id_of(1)), nullptr);
  EXPECT_EQ(standings.find(id_of(1))->index, 70U);
}

}  // namespace
}  // namespace chancery::node
