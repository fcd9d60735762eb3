#include "cli/profile.h"

#include <gtest/gtest.h>

#include <string>

#include "core/exchange/names.h"

namespace chancery::cli {
namespace {

// Lines 1 to 7, then the rights of role member, then the members.
const std::string rules_toml = R"(name = "Trial"
origin_line = "trial.example/log"
assent = 1
faulty_max = 0
classifications = ["open", "closed"]
sealed_kinds = ["threat.alert", "contact"]
)";
const std::string rights_toml = R"([rights.member]
publish = ["*"]
receive = ["*"]
ceiling = "closed"
)";
const std::string member_toml = "[[member]]\ncode = \"AA\"\nname = \"A\"\nrole = \"member\"\n";

void expect_refused(const std::string& text, ErrorCode code, const std::string& words) {
  const auto profile = parse_profile(text, "p.toml");
  ASSERT_FALSE(profile.has_value()) << text;
  EXPECT_EQ(profile.error().code, code) << profile.error().to_string();
  EXPECT_NE(profile.error().detail.find(words), std::string::npos) << profile.error().detail;
  EXPECT_TRUE(profile.error().detail.starts_with("p.toml:")) << profile.error().detail;
}

TEST(ProfileTest, GivesTheRosterWithoutKeys) {
  const auto profile = parse_profile(
      "port = 8000\n" + rules_toml +
          "[[retention]]\nkinds = \"*\"\ndays = 10\n[[release]]\nkinds = \"contact\"\npeople = 2\n"
          "[[state]]\nname = \"minimize\"\nmembers = [\"AA\"]\n" +
          rights_toml + member_toml,
      "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().to_string();
  EXPECT_EQ(profile->port, 8000);
  const v1::Roster& roster = profile->roster;
  EXPECT_EQ(roster.exchange(), "Trial");
  EXPECT_EQ(roster.hub().origin_line(), "trial.example/log");
  EXPECT_EQ(roster.assent(), 1U);
  EXPECT_EQ(roster.sealed_kinds(0), "contact") << "patterns ascend in a roster";
  EXPECT_EQ(roster.retention(0).days(), 10U);
  EXPECT_EQ(roster.releases(0).people(), 2U);
  EXPECT_EQ(roster.states(0).members(0), "AA");
  ASSERT_EQ(roster.members_size(), 1);
  EXPECT_EQ(roster.members(0).ceiling(), "closed");
  EXPECT_TRUE(roster.members(0).authority_key().empty());
}

TEST(ProfileTest, MembersAscendWhateverTheOrderInTheFile) {
  const std::string b = "[[member]]\ncode = \"B\"\nname = \"B\"\nrole = \"member\"\n";
  const auto profile = parse_profile(rules_toml + rights_toml + b + member_toml, "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().to_string();
  EXPECT_EQ(profile->roster.members(0).code(), "AA");
  EXPECT_EQ(profile->roster.members(1).code(), "B");
}

TEST(ProfileTest, AMembersOwnRightsGoBeforeThoseOfItsRole) {
  const auto profile = parse_profile(
      rules_toml + rights_toml + member_toml + "publish = [\"training\"]\nceiling = \"open\"\n",
      "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().to_string();
  const v1::Member& member = profile->roster.members(0);
  ASSERT_EQ(member.publish_size(), 1);
  EXPECT_EQ(member.publish(0), "training");
  EXPECT_EQ(member.receive(0), "*");
  EXPECT_EQ(member.ceiling(), "open");
}

TEST(ProfileTest, EveryBadValueIsATypedErrorThatNamesItsLine) {
  const std::string good = rules_toml + rights_toml + member_toml;
  ASSERT_TRUE(parse_profile(good, "p.toml").has_value());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  using enum ErrorCode;
  expect_refused("name = ", kConfigInvalid, "");
  expect_refused(changed("assent = 1", "asent = 1"), kConfigUnknownKey, "assent");
  expect_refused("quorum = 3\n" + good, kConfigUnknownKey, "quorum");
  expect_refused(changed("assent = 1", "assent = \"1\""), kConfigWrongType, "p.toml:3");
  expect_refused(changed("assent = 1", "assent = -1"), kConfigInvalid, "p.toml:3");
  expect_refused("port = 0\n" + good, kConfigInvalid, "port");
  expect_refused("port = 65536\n" + good, kConfigInvalid, "port");
  expect_refused(changed("\"Trial\"", "\"\""), kConfigInvalid, "name");
  expect_refused(changed("\"Trial\"", "\"a\\nb\""), kConfigInvalid, "control");
  expect_refused(changed("\"contact\"", "\"Contact!\""), kConfigInvalid, "Contact!");
  expect_refused(changed("\"contact\"", "\"threat.alert\""), kConfigInvalid, "twice");
  expect_refused(changed("\"AA\"", "\"aa\""), kConfigInvalid, "aa");
  expect_refused(changed("\"AA\"", "\"../etc\""), kConfigInvalid, "../etc");
  expect_refused(changed("role = \"member\"", "role = \"king\""), kConfigInvalid, "king");
  expect_refused(changed("\"closed\"\n", "\"cosmic\"\n"), kConfigInvalid, "cosmic");
  expect_refused(good + member_toml, kConfigInvalid, "twice");
  expect_refused(rules_toml + member_toml, kConfigInvalid, "publish");
  expect_refused(rules_toml + rights_toml, kConfigInvalid, "member");
  expect_refused(good + "rank = 1\n", kConfigUnknownKey, "rank");
  expect_refused(good + "[[retention]]\nkinds = \"*\"\ndays = 0\n", kConfigInvalid, "days");
  expect_refused(changed("[rights.member]", "[rights.members]"), kConfigInvalid, "publish");
}

}  // namespace
}  // namespace chancery::cli
