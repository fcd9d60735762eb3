// The notices of config/notices/: each is one that the command takes and the trial exchange allows.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "cli/profile.h"
#include "client/src/notice_json.h"
#include "core/exchange/kinds.h"
#include "core/exchange/names.h"
#include "io/os/file.h"
#include "tests/unit/cli/config_folder.h"

namespace chancery::cli {
namespace {

std::map<std::string, client::Draft> notices() {
  std::map<std::string, client::Draft> all;
  for (const auto& entry : std::filesystem::directory_iterator(config_folder + "notices")) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    const auto json = os::read_file(entry.path(), client::kNoticeFileBytesMax);
    EXPECT_TRUE(json.has_value());
    const auto draft = client::draft_from_json(json.value_or(""), entry.path().filename().string(),
                                               client::Time{});
    EXPECT_TRUE(draft.has_value()) << draft.error().to_string();
    all.emplace(entry.path().stem().string(), draft.value_or(client::Draft{}));
  }
  return all;
}

TEST(NoticesTest, OneIsThereForEachOfTheNineKinds) {
  std::set<std::string> kinds;
  for (const auto& [name, draft] : notices()) {
    kinds.insert(draft.kind);
  }
  EXPECT_EQ(kinds,
            (std::set<std::string>{"assistance.request", "consultation.open", "contact",
                                   "document.draft", "emergency.alert", "foreign-policy.step",
                                   "security.step", "threat.alert", "training"}));
  EXPECT_EQ(notices().size(), 9U);
}

TEST(NoticesTest, EveryContentFitsItsKindAndLeavesNothingOut) {
  for (const auto& [name, draft] : notices()) {
    const auto text =
        exchange::text_from_json(draft.kind, draft.subject, draft.language, draft.content_json);
    ASSERT_TRUE(text.has_value()) << name << ": " << text.error().to_string();
    EXPECT_TRUE(exchange::parse_text(draft.kind, text->SerializeAsString()).has_value()) << name;
    EXPECT_FALSE(draft.subject.empty()) << name;
    EXPECT_TRUE(draft.language == "en" || draft.language == "ru") << name;
    // What the message says again is what the file said: no field was dropped on the way.
    const auto again =
        exchange::text_from_json(draft.kind, draft.subject, draft.language,
                                 exchange::content_to_json(draft.kind, text->content()));
    ASSERT_TRUE(again.has_value()) << name;
    EXPECT_EQ(again->content(), text->content()) << name;
  }
}

TEST(NoticesTest, TheyShowSeveralPrecedencesRestrictedDistributionAndOneExercise) {
  std::set<client::Precedence> precedences;
  int exercises = 0;
  int restricted = 0;
  for (const auto& [name, draft] : notices()) {
    precedences.insert(draft.precedence);
    exercises += draft.status == client::Status::kExercise ? 1 : 0;
    restricted += draft.to == std::vector<std::string>{"members"} ? 0 : 1;
  }
  EXPECT_TRUE(precedences.contains(client::Precedence::kRoutine));
  EXPECT_TRUE(precedences.contains(client::Precedence::kPriority));
  EXPECT_TRUE(precedences.contains(client::Precedence::kImmediate));
  EXPECT_TRUE(precedences.contains(client::Precedence::kFlash));
  EXPECT_EQ(exercises, 1);
  EXPECT_GE(restricted, 1);
}

TEST(NoticesTest, TheProfileKnowsTheirClassificationsAndRecipients) {
  const std::string path = config_folder + "exchanges/csto/profile.toml";
  const auto profile = parse_profile(os::read_file(path, kProfileBytesMax).value_or(""), path);
  ASSERT_TRUE(profile.has_value()) << profile.error().to_string();
  std::set<std::string> codes = {"members"};
  for (const v1::Member& member : profile->roster.members()) {
    codes.insert(member.code());
  }
  const std::set<std::string> classifications(profile->roster.classifications().begin(),
                                              profile->roster.classifications().end());
  for (const auto& [name, draft] : notices()) {
    EXPECT_TRUE(classifications.contains(draft.label.classification)) << name;
    for (const auto* const list : {&draft.to, &draft.info}) {
      for (const std::string& code : *list) {
        EXPECT_TRUE(codes.contains(code)) << name << ": " << code;
      }
    }
    EXPECT_TRUE(exchange::any_matches(profile->roster.members(0).publish(), draft.kind)) << name;
  }
}

}  // namespace
}  // namespace chancery::cli
