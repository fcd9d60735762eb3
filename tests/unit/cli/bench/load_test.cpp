#include "cli/bench/load.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/text.pb.h"
#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "io/text/json.h"
#include "tests/unit/io/os/temporary_folder.h"

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

// As a sink has it.
struct Opened {
  v1::Draft draft;
  v1::Text text;

  explicit Opened(const Name& name) {
    const v1::PublishRequest request =
        client::publish_request(draft_of(shape(), name)).value_or(v1::PublishRequest());
    draft.set_origin(origins().at(name.origin));
    draft.set_notice_id(request.notice_id());
    draft.set_kind(request.kind());
    draft.set_status(request.status());
    draft.set_precedence(request.precedence());
    *draft.mutable_recipients() = request.recipients();
    EXPECT_TRUE(text.ParseFromString(request.text()));
  }
  [[nodiscard]] Received kept() const {
    return {.id = uuid_text(as_bytes(draft.notice_id())),
            .digest = digest_of(draft, text.SerializeAsString()),
            .arrived_us = 1};
  }
};

Received kept(const Name& name) {
  return Opened(name).kept();
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

TEST(TallyTest, WhatASinkHasOtherwiseDiffers) {
  const std::vector<std::pair<std::string, std::function<void(Opened&)>>> changes = {
      {"origin", [](Opened& has) { has.draft.set_origin("O2"); }},
      {"kind", [](Opened& has) { has.draft.set_kind("contact"); }},
      {"status", [](Opened& has) { has.draft.set_status(v1::STATUS_ACTUAL); }},
      {"precedence", [](Opened& has) { has.draft.set_precedence(v1::PRECEDENCE_FLASH); }},
      {"a recipient less", [](Opened& has) { has.draft.mutable_recipients()->RemoveLast(); }},
      {"a recipient more", [](Opened& has) { has.draft.add_recipients()->set_member("R3"); }},
      {"subject", [](Opened& has) { has.text.set_subject("other"); }},
      {"language", [](Opened& has) { has.text.set_language("ru"); }},
      {"a letter of the text", [](Opened& has) { has.text.mutable_content()->back() ^= 1; }},
      {"no text", [](Opened& has) { has.text.clear_content(); }},
  };
  const std::vector<Published> published = {{.routine = 1}};
  const Shape is = shape();
  for (const auto& [what, change] : changes) {
    Tally tally(origins(), is, published);
    Opened opened(Name{});
    change(opened);
    EXPECT_FALSE(tally.take(opened.kept()).has_value()) << what;
    EXPECT_EQ(tally.result().differing, 1U) << what;
  }
}

TEST(TallyTest, WhatASinkKeptIsCountedAsANoticeIs) {
  const std::vector<Published> published = {{.routine = 2, .flash = 1}};
  const Shape is = shape();
  Tally tally(origins(), is, published);
  EXPECT_EQ(tally.take(kept(Name{})), Name{});
  EXPECT_FALSE(tally.take(kept(Name{})).has_value());
  EXPECT_FALSE(tally.take(kept({.number = 2})).has_value());
  EXPECT_TRUE(tally.take(kept({.number = kFlashFrom})).has_value());
  const Comparison result = tally.result();
  EXPECT_EQ(result.delivered, 2U);
  EXPECT_EQ(result.repeated, 1U);
  EXPECT_EQ(result.foreign, 1U);
  EXPECT_EQ(result.missing, 1U);
}

TEST(ComparisonTest, SumsHaveAllOfEachAndTheFirstThatIsWrong) {
  Comparison all{
      .delivered = 1, .missing = 2, .differing = 3, .repeated = 4, .foreign = 5, .first = ""};
  all.add({.delivered = 10,
           .missing = 20,
           .differing = 30,
           .repeated = 40,
           .foreign = 50,
           .first = "x"});
  all.add({.first = "y"});
  EXPECT_EQ(all.delivered, 11U);
  EXPECT_EQ(all.missing, 22U);
  EXPECT_EQ(all.differing, 33U);
  EXPECT_EQ(all.repeated, 44U);
  EXPECT_EQ(all.foreign, 55U);
  EXPECT_EQ(all.first, "x");
}

TEST(ReceivedTest, WhatIsReadIsWhatWasWritten) {
  const os::TemporaryFolder folder;
  const std::vector<Received> all = {kept(Name{}), kept({.number = 7})};
  ASSERT_TRUE(write_received(folder / "R1", all).has_value());
  EXPECT_EQ(read_received(folder / "R1"), all);
  ASSERT_TRUE(write_received(folder / "R2", {}).has_value());
  EXPECT_EQ(read_received(folder / "R2"), std::vector<Received>{});
}

TEST(ReceivedTest, WhatIsNoneIsRefused) {
  const os::TemporaryFolder folder;
  EXPECT_FALSE(read_received(folder / "none").has_value());
  std::ofstream(folder / "bad") << "id 12 3\n";
  EXPECT_FALSE(read_received(folder / "bad").has_value());
  std::ofstream(folder / "cut") << "id " << std::string(64, 'a') << " x\n";
  EXPECT_FALSE(read_received(folder / "cut").has_value());
}

}  // namespace
}  // namespace chancery::cli::bench
