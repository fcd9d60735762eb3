#include "io/words/stemmer.h"

#include <gtest/gtest.h>

namespace chancery::words {
namespace {

using Words = std::vector<std::string>;

TEST(StemmerTest, WordsOfOneStemAreTheSame) {
  const Stemmer stemmer;
  EXPECT_EQ(stemmer.line("Threats threatening"), "threat threaten");
  EXPECT_EQ(stemmer.line("migration"), stemmer.line("migrations"));
  EXPECT_EQ(stemmer.line("граница"), stemmer.line("границы"));
  EXPECT_EQ(stemmer.line("границе"), stemmer.line("ГРАНИЦАМИ"));
  EXPECT_NE(stemmer.line("граница"), stemmer.line("гранит"));
}

TEST(StemmerTest, WordsEndWhereTextDoesNotGoOn) {
  const Stemmer stemmer;
  EXPECT_EQ(Stemmer::whole("«Учения», 2026-03: e-mail; a/b\n—c"),
            (Words{"учения", "2026", "03", "e", "mail", "a", "b", "c"}));
  EXPECT_EQ(Stemmer::whole("one\xff two\xc3"), (Words{"one", "two"}));
  EXPECT_TRUE(stemmer.stems("—… !\x1b\"*").empty());
  EXPECT_EQ(stemmer.line(""), "");
}

TEST(StemmerTest, WhatIsNotSeenIsNotThere) {
  EXPECT_EQ(Stemmer::whole("bor\u200bder \u202ebor\u00adder"), (Words{"border", "border"}));
  EXPECT_EQ(Stemmer::whole("за\u0301мок"), Words{"замок"});
  EXPECT_EQ(Stemmer::whole("one\u2028two"), (Words{"one", "two"}));
}

TEST(StemmerTest, YoIsYe) {
  EXPECT_EQ(Stemmer::whole("Ёлка ёлка"), (Words{"елка", "елка"}));
}

TEST(StemmerTest, WordsOfNeitherAlphabetAloneKeepTheirEndings) {
  const Stemmer stemmer;
  EXPECT_EQ(stemmer.line("қорғаныс naïves Covids19 мiрами"), "қорғаныс naïves covids19 мiрами");
}

TEST(StemmerTest, AWordThatIsTooLongKeepsItsEnding) {
  const Stemmer stemmer;
  const std::string longest = std::string(kStemmedBytesMax - 5, 'k') + "tions";
  EXPECT_LT(stemmer.line(longest).size(), longest.size());
  EXPECT_EQ(stemmer.line("k" + longest), "k" + longest);
}

}  // namespace
}  // namespace chancery::words
