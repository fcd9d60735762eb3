#include "core/base/nearest.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

TEST(NearestTest, TheDistanceCountsInsertedDeletedAndReplacedBytes) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("publish", "publish"), 0U);
  EXPECT_EQ(edit_distance("publsh", "publish"), 1U);
  EXPECT_EQ(edit_distance("stauts", "status"), 2U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestTest, TheNearestIsNamedAndOfEqualsTheFirst) {
  EXPECT_EQ(nearest("publsh", {"inbox", "publish", "show"}), "publish");
  EXPECT_EQ(nearest("ab", {"ac", "ad"}), "ac");
}

// At the bound and one over it.
TEST(NearestTest, WhatIsFarIsNotGuessed) {
  EXPECT_EQ(nearest("sh", {"show"}), "show");
  EXPECT_EQ(nearest("s", {"show"}), std::nullopt);
  EXPECT_EQ(nearest("abcdefxyz", {"abcdef"}), "abcdef");
  EXPECT_EQ(nearest("abcdefwxyz", {"abcdef"}), std::nullopt);
  EXPECT_EQ(nearest("anything", {}), std::nullopt);
}

TEST(NearestTest, ALongNameHasNoNearest) {
  const std::string longest(kMistypedBytesMax, 'x');
  EXPECT_EQ(nearest(longest, {longest + "y"}), longest + "y");
  EXPECT_EQ(nearest(longest + "x", {longest}), std::nullopt);
}

}  // namespace
}  // namespace chancery
