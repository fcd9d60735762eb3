#include "node/store/cut.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::node {
namespace {

const std::string kDraft = "a draft, as its origin wrote it";
const std::string kText = "a text that is no shorter";

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

TEST(CutTest, DraftAndTextAreLeftOut) {
  const std::string envelope = "head " + kDraft + " between " + kText + " tail";
  const Cut made = cut(envelope, kDraft, kText);
  EXPECT_EQ(made.bytes, "head  between  tail");
  EXPECT_EQ(whole(made, kDraft, kText), envelope);
}

TEST(CutTest, ATextThatIsNotThereStays) {
  const std::string envelope = "head " + kDraft + " sealed";
  const Cut made = cut(envelope, kDraft, kText);
  EXPECT_EQ(made.bytes, "head  sealed");
  EXPECT_FALSE(made.text_at.has_value());
  EXPECT_EQ(whole(made, kDraft, kText), envelope);
}

TEST(CutTest, WithoutTheDraftNothingIsLeftOut) {
  for (const std::string& envelope : {"head " + kText + " tail", std::string()}) {
    const Cut made = cut(envelope, kDraft, kText);
    EXPECT_EQ(made.bytes, envelope);
    EXPECT_FALSE(made.draft_at.has_value());
    EXPECT_FALSE(made.text_at.has_value());
  }
}

TEST(CutTest, OneThatComesTwiceIsLeftOutOnceAndATextBeforeTheDraftStays) {
  const std::string twice = kText + kDraft + kDraft + kText + kText;
  const Cut made = cut(twice, kDraft, kText);
  EXPECT_EQ(made.bytes, kText + kDraft + kText);
  EXPECT_EQ(whole(made, kDraft, kText), twice);
  const std::string ends = kDraft + kText;
  EXPECT_EQ(whole(cut(ends, kDraft, kText), kDraft, kText), ends);
  EXPECT_EQ(whole(cut(ends, kDraft, kDraft), kDraft, kDraft), ends);
}

TEST(CutTest, WhatIsShortStays) {
  const std::string envelope = "x" + kDraft + "xyz";
  EXPECT_EQ(cut(envelope, "x", kText).bytes, envelope);
  EXPECT_EQ(cut(envelope, "", "").bytes, envelope);
  EXPECT_EQ(cut(envelope, kDraft, "xyz").bytes, "xxyz");
}

}  // namespace
}  // namespace chancery::node
