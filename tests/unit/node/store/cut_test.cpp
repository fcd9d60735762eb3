#include "node/store/cut.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::node {
namespace {

// What the views make of it.
std::string whole(const Cut& cut, const std::string& draft, const std::string& text) {
  std::string bytes = cut.bytes;
  if (cut.text_at.has_value()) {
    bytes.insert(*cut.text_at, text);
  }
  if (cut.draft_at.has_value()) {
    bytes.insert(*cut.draft_at, draft);
  }
  return bytes;
}

class CutTest : public ::testing::Test {
 protected:
  const std::string draft_ = "a draft, as its origin wrote it";
  const std::string text_ = "a text that is no shorter";
};

TEST_F(CutTest, DraftAndTextAreLeftOut) {
  const std::string envelope = "head " + draft_ + " between " + text_ + " tail";
  const Cut made = cut(envelope, draft_, text_);
  EXPECT_EQ(made.bytes, "head  between  tail");
  EXPECT_EQ(whole(made, draft_, text_), envelope);
}

TEST_F(CutTest, ATextThatIsNotThereStays) {
  const std::string envelope = "head " + draft_ + " sealed";
  const Cut made = cut(envelope, draft_, text_);
  EXPECT_EQ(made.bytes, "head  sealed");
  EXPECT_FALSE(made.text_at.has_value());
  EXPECT_EQ(whole(made, draft_, text_), envelope);
}

TEST_F(CutTest, WithoutTheDraftNothingIsLeftOut) {
  for (const std::string& envelope : {"head " + text_ + " tail", std::string()}) {
    const Cut made = cut(envelope, draft_, text_);
    EXPECT_EQ(made.bytes, envelope);
    EXPECT_FALSE(made.draft_at.has_value());
    EXPECT_FALSE(made.text_at.has_value());
  }
}

TEST_F(CutTest, OneThatComesTwiceIsLeftOutOnceAndATextBeforeTheDraftStays) {
  const std::string twice = text_ + draft_ + draft_ + text_ + text_;
  const Cut made = cut(twice, draft_, text_);
  EXPECT_EQ(made.bytes, text_ + draft_ + text_);
  EXPECT_EQ(whole(made, draft_, text_), twice);
  const std::string ends = draft_ + text_;
  EXPECT_EQ(whole(cut(ends, draft_, text_), draft_, text_), ends);
  EXPECT_EQ(whole(cut(ends, draft_, draft_), draft_, draft_), ends);
}

TEST_F(CutTest, WhatIsShortStays) {
  const std::string envelope = "x" + draft_ + "xyz";
  EXPECT_EQ(cut(envelope, "x", text_).bytes, envelope);
  EXPECT_EQ(cut(envelope, "", "").bytes, envelope);
  EXPECT_EQ(cut(envelope, draft_, "xyz").bytes, "xxyz");
}

}  // namespace
}  // namespace chancery::node
