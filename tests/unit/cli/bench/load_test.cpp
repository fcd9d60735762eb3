#include "cli/bench/load.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "io/text/json.h"

namespace chancery::cli::bench {
namespace {

const std::vector<std::string>& origins() {
  static const std::vector<std::string> codes = {"O1", "O2"};
  return codes;
}

Shape shape() {
  return {.run_ms = 1'700'000'000'000, .text_bytes = 100, .recipients = {"R1", "R2"}};
}

// As a recipient has it.
client::Notice delivered(const Name& name) {
  const client::Draft draft = draft_of(shape(), name);
  client::Notice notice;
  notice.id = draft.id;
  notice.origin = origins().at(name.origin);
  notice.kind = draft.kind;
  notice.status = client::to_string(draft.status);
  notice.precedence = client::to_string(draft.precedence);
  notice.recipients = {{.member = "R2"}, {.member = "R1"}};
  notice.subject = draft.subject;
  notice.language = draft.language;
  notice.content_json = draft.content_json;
  return notice;
}

TEST(LoadTest, AnIdHasTheNameOfItsNotice) {
  for (const Name& name : {Name{.origin = 0, .number = 0}, Name{.origin = 1, .number = 77},
                           Name{.origin = 499, .number = kFlashFrom + 123'456'789}}) {
    EXPECT_EQ(name_of(shape(), id_of(shape(), name)), name) << name.origin;
  }
}

TEST(LoadTest, AnIdOfAnotherRunNamesNothing) {
  Shape other = shape();
  ++other.run_ms;
  EXPECT_EQ(name_of(shape(), id_of(other, {})), std::nullopt);
  EXPECT_EQ(name_of(shape(), "01890a5d-ac96-774b-bcce-b302099a8057"), std::nullopt);
  EXPECT_EQ(name_of(shape(), "x"), std::nullopt);
}

TEST(LoadTest, ADraftHasTheTextThatWasAskedForAndAnotherOneForEachNotice) {
  const auto text = [](const Name& name) {
    const Result<text::Json> content = text::parse_json(draft_of(shape(), name).content_json, 8);
    return content.has_value() ? content->value("description", "") : "no JSON";
  };
  EXPECT_EQ(text({}).size(), 100U);
  EXPECT_EQ(text({}), text({}));
  EXPECT_NE(text({}), text({.origin = 0, .number = 1}));
  EXPECT_NE(text({}), text({.origin = 1, .number = 0}));
}

TEST(LoadTest, NumbersFromTheFlashesOnAreFlashes) {
  EXPECT_EQ(draft_of(shape(), {.number = kFlashFrom - 1}).precedence, client::Precedence::kRoutine);
  EXPECT_EQ(draft_of(shape(), {.number = kFlashFrom}).precedence, client::Precedence::kFlash);
}

TEST(TallyTest, WhatArrivedOnceAsItWasPublishedIsGood) {
  const std::vector<Published> published = {{.routine = 1, .flash = 1}, {.routine = 1}};
  const Shape is = shape();
  Tally tally(origins(), is, published);
  for (const Name& name : {Name{.origin = 1, .number = 0}, Name{.origin = 0, .number = kFlashFrom},
                           Name{.origin = 0, .number = 0}}) {
    EXPECT_EQ(tally.take(delivered(name)), name);
  }
  const Comparison result = tally.result();
  EXPECT_TRUE(result.good()) << result.first;
  EXPECT_EQ(result.delivered, 3U);
}

TEST(TallyTest, WhatDidNotArriveIsMissing) {
  const std::vector<Published> published = {{.routine = 2, .flash = 1}};
  const Shape is = shape();
  Tally tally(origins(), is, published);
  EXPECT_TRUE(tally.take(delivered({.number = 1})).has_value());
  const Comparison result = tally.result();
  EXPECT_EQ(result.missing, 2U);
  EXPECT_FALSE(result.good());
  EXPECT_EQ(result.first, id_of(is, {}) + ": missing");
}

TEST(TallyTest, WhatArrivesTwiceIsRepeated) {
  const std::vector<Published> published = {{.routine = 1}};
  const Shape is = shape();
  Tally tally(origins(), is, published);
  EXPECT_TRUE(tally.take(delivered({})).has_value());
  EXPECT_FALSE(tally.take(delivered({})).has_value());
  EXPECT_EQ(tally.result().repeated, 1U);
}

TEST(TallyTest, WhatNobodyPublishedIsForeign) {
  const std::vector<Published> published = {{.routine = 1}};
  const Shape is = shape();
  Tally tally(origins(), is, published);
  EXPECT_FALSE(tally.take(delivered({.number = 1})).has_value());
  EXPECT_FALSE(tally.take(delivered({.number = kFlashFrom})).has_value());
  EXPECT_FALSE(tally.take(delivered({.origin = 1})).has_value());
  client::Notice other = delivered({});
  other.id = "01890a5d-ac96-774b-bcce-b302099a8057";
  EXPECT_FALSE(tally.take(other).has_value());
  const Comparison result = tally.result();
  EXPECT_EQ(result.foreign, 4U);
  EXPECT_EQ(result.missing, 1U);
}

TEST(TallyTest, WhatArrivesOtherwiseDiffers) {
  const std::vector<std::pair<std::string, std::function<void(client::Notice&)>>> changes = {
      {"origin", [](client::Notice& notice) { notice.origin = "O2"; }},
      {"kind", [](client::Notice& notice) { notice.kind = "contact"; }},
      {"status", [](client::Notice& notice) { notice.status = "actual"; }},
      {"precedence", [](client::Notice& notice) { notice.precedence = "flash"; }},
      {"subject", [](client::Notice& notice) { notice.subject += "."; }},
      {"language", [](client::Notice& notice) { notice.language = "ru"; }},
      {"recipients", [](client::Notice& notice) { notice.recipients.pop_back(); }},
      {"a letter of the text",
       [](client::Notice& notice) {
         char& letter = notice.content_json.at(notice.content_json.size() - 3);
         letter = letter == 'a' ? 'b' : 'a';
       }},
      {"no text", [](client::Notice& notice) { notice.content_json = "{}"; }},
      {"one thing more",
       [](client::Notice& notice) { notice.content_json.insert(1, R"("areas": ["x"], )"); }},
  };
  for (const auto& [what, change] : changes) {
    const std::vector<Published> published = {{.routine = 1}};
    const Shape is = shape();
    Tally tally(origins(), is, published);
    client::Notice notice = delivered({});
    change(notice);
    EXPECT_FALSE(tally.take(notice).has_value()) << what;
    const Comparison result = tally.result();
    EXPECT_EQ(result.differing, 1U) << what;
    EXPECT_EQ(result.delivered + result.missing, 0U) << what;
  }
}

}  // namespace
}  // namespace chancery::cli::bench
