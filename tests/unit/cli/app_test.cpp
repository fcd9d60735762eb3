// Applications enrolled and revoked where no node runs; tests/system has them where one does.

#include "cli/app.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "chancery/client.h"
#include "cli/exchange_init.h"
#include "core/base/encoding.h"
#include "core/crypto/keys.h"
#include "daemon/places.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "tests/support/keys.h"
#include "tests/unit/cli/config_folder.h"
#include "tests/unit/cli/file_mode.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

struct Said {
  Result<int> code;
  std::string out;
  std::string err;
};

template <class Options>
Said say(Result<int> (*run)(const Options&, const Shared&), const Options& options,
         const Shared& shared) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Result<int> code = run(options, shared);
  std::string out = testing::internal::GetCapturedStdout();
  return {std::move(code), std::move(out), testing::internal::GetCapturedStderr()};
}

text::Json json_of(const std::string& text) {
  const Result<text::Json> json = text::parse_json(text, 6);
  EXPECT_TRUE(json.has_value()) << text;
  return json.value_or(text::Json::object());
}

class AppTest : public testing::Test {
 protected:
  AppTest() {
    ExchangeInitOptions options;
    options.profile = config_folder + "exchanges/csto";
    options.folder = folder_ / "x";
    EXPECT_TRUE(init_exchange(options).has_value());
    shared_.exchange = options.folder;
    shared_.member = "AM";
    shared_.json = true;
    config_ = options.folder + "/am/node.toml";
    before_ = text();
  }

  std::string text() { return test::must(daemon::read_config_file(config_)); }
  node::Config config() { return test::must(node::read_config(config_)); }
  void rewrite(const std::string& text) { test::must(os::replace_file(config_, text, 0640)); }
  std::string apps(const std::string& path) { return folder_ / ("x/am/apps/" + path); }

  Said add(const AppAddOptions& options) { return say(run_app_add, options, shared_); }
  Said revoke(const AppRevokeOptions& options) { return say(run_app_revoke, options, shared_); }
  static AppAddOptions weather() {
    return {.name = "weather",
            .publish = {"emergency.alert"},
            .read = {"assistance.*", "contact"},
            .rate = 50,
            .folder = {},
            .node = {},
            .no_reload = true};
  }
  // Refused with this, and nothing is there that was not.
  void expect_refused(const AppAddOptions& options, ErrorCode code) {
    const std::string text_before = text();
    const Said said = add(options);
    ASSERT_FALSE(said.code.has_value()) << said.out;
    EXPECT_EQ(said.code.error().code, code) << said.code.error().to_string();
    EXPECT_EQ(text(), text_before);
    EXPECT_FALSE(std::filesystem::exists(apps("weather")));
  }

  os::TemporaryFolder folder_;
  Shared shared_;
  std::string config_;
  std::string before_;
};

TEST_F(AppTest, AnApplicationGetsAKeyOfItsOwnAndATableInTheFile) {
  rewrite(before_);
  const Said said = add(weather());
  ASSERT_TRUE(said.code.has_value()) << said.code.error().to_string();
  EXPECT_EQ(*said.code, os::kExitDone);
  EXPECT_TRUE(text().starts_with(before_ + "\n[[application]]\nname = \"weather\"\n"));
  EXPECT_EQ(mode_of(config_), 0640U);
  ASSERT_EQ(config().applications.size(), 2U);
  const node::Application application = config().applications.back();
  EXPECT_EQ(application.publish, weather().publish);
  EXPECT_EQ(application.read, weather().read);
  EXPECT_EQ(application.rate.per_second, 50U);
  EXPECT_EQ(mode_of(apps("weather")), 0700U);
  EXPECT_EQ(mode_of(apps("weather/key.pem")), 0600U);
  EXPECT_EQ(mode_of(apps("weather/client.toml")), 0600U);
  const crypto::PrivateKey key = test::must(
      crypto::PrivateKey::from_pem(test::must(os::read_key_file(apps("weather/key.pem")))));
  EXPECT_EQ(hex(key.public_key().raw()), hex(application.key));
  const auto own = client::Options::from_file(apps("weather/client.toml"));
  const auto desk = client::Options::from_file(apps("desk/client.toml"));
  EXPECT_EQ(own.node, desk.node);
  EXPECT_EQ(own.node_key, desk.node_key);
  EXPECT_EQ(own.genesis, desk.genesis);
  const text::Json json = json_of(said.out);
  EXPECT_EQ(json.at("key"), hex(application.key));
  EXPECT_EQ(json.at("in_force"), false);
  EXPECT_EQ(said.out.find(key.to_pem().substr(30, 20)), std::string::npos);
  EXPECT_EQ(said.err, "");
}

TEST_F(AppTest, WhereNoNodeAnswersItIsInTheFileAndExitCode2SaysSo) {
  AppAddOptions options = weather();
  options.no_reload = false;
  const Said added = add(options);
  ASSERT_TRUE(added.code.has_value()) << added.code.error().to_string();
  EXPECT_EQ(*added.code, os::kExitUnknown);
  EXPECT_EQ(json_of(added.err).at("error").at("code"), "no-daemon");
  EXPECT_EQ(json_of(added.out).at("in_force"), false);
  EXPECT_EQ(config().applications.size(), 2U);
  const Said revoked = revoke({.name = "weather"});
  EXPECT_EQ(revoked.code.value(), os::kExitUnknown);
  EXPECT_EQ(text(), before_);
}

TEST_F(AppTest, WhatIsRevokedLeavesTheRestOfTheFileAsItIs) {
  rewrite("# First.\n" + before_ + "\n# Last.\n");
  const std::string whole = text();
  ASSERT_TRUE(add(weather()).code.has_value());
  const Said said = revoke({.name = "weather", .node = {}, .no_reload = true});
  ASSERT_TRUE(said.code.has_value()) << said.code.error().to_string();
  EXPECT_EQ(*said.code, os::kExitDone);
  EXPECT_EQ(text(), whole);
  EXPECT_EQ(mode_of(config_), 0640U);
  EXPECT_TRUE(std::filesystem::exists(apps("weather/key.pem")));
  ASSERT_TRUE(revoke({.name = "desk", .node = {}, .no_reload = true}).code.has_value());
  EXPECT_TRUE(config().applications.empty());
  EXPECT_TRUE(text().ends_with("\n\n# Last.\n")) << text();
  const Said none = revoke({.name = "desk", .node = {}, .no_reload = true});
  EXPECT_EQ(none.code.error().to_string(), "not-found: no application 'desk': there is none");
}

TEST_F(AppTest, ANameThatIsTakenIsRefused) {
  AppAddOptions options = weather();
  options.name = "desk";
  expect_refused(options, ErrorCode::kExists);
}

TEST_F(AppTest, AKindThatNobodyKnowsIsRefusedWithTheNearest) {
  AppAddOptions options = weather();
  options.publish = {"threat.alert", "threat.alrt"};
  expect_refused(options, ErrorCode::kInvalidKind);
  EXPECT_NE(add(options).code.error().detail.find("did you mean 'threat.alert'?"),
            std::string::npos);
  options = weather();
  options.read = {"threats.*"};
  expect_refused(options, ErrorCode::kInvalidKind);
  options.read = {"threat*"};
  expect_refused(options, ErrorCode::kInvalidKind);
}

TEST_F(AppTest, AnApplicationHasAPlainNameAndAGrant) {
  AppAddOptions options = weather();
  for (const std::string& name : {std::string(), std::string("../x"), std::string("a b"),
                                  std::string(".hidden"), std::string(65, 'a')}) {
    options.name = name;
    expect_refused(options, ErrorCode::kUsage);
  }
  options.name = std::string(64, 'a');
  EXPECT_TRUE(add(options).code.has_value());
  options = weather();
  options.publish = options.read = {};
  expect_refused(options, ErrorCode::kUsage);
}

TEST_F(AppTest, KeysOfAnApplicationOfBeforeAreNotOverwritten) {
  ASSERT_TRUE(add(weather()).code.has_value());
  ASSERT_TRUE(revoke({.name = "weather", .node = {}, .no_reload = true}).code.has_value());
  const std::string key = test::must(os::read_key_file(apps("weather/key.pem")));
  const Said again = add(weather());
  ASSERT_FALSE(again.code.has_value());
  EXPECT_EQ(again.code.error().code, ErrorCode::kExists);
  EXPECT_EQ(test::must(os::read_key_file(apps("weather/key.pem"))), key);
  EXPECT_EQ(text(), before_);
  AppAddOptions elsewhere = weather();
  elsewhere.folder = folder_ / "elsewhere/";
  const Said said = add(elsewhere);
  ASSERT_TRUE(said.code.has_value()) << said.code.error().to_string();
  EXPECT_EQ(client::Options::from_file(folder_ / "elsewhere/client.toml").node,
            client::Options::from_file(apps("desk/client.toml")).node);
}

TEST_F(AppTest, WhatIsWrittenInPartGoesAgain) {
  std::filesystem::create_directory(apps("weather"));
  std::filesystem::permissions(apps("weather"), std::filesystem::perms(0700));
  test::must(os::write_file_new(apps("weather/client.toml"), "ours", 0600));
  EXPECT_EQ(add(weather()).code.error().code, ErrorCode::kExists);
  EXPECT_FALSE(std::filesystem::exists(apps("weather/key.pem")));
  EXPECT_EQ(test::must(os::read_file(apps("weather/client.toml"), 9)), "ours");
  EXPECT_EQ(text(), before_);
}

TEST_F(AppTest, AFileWhoseApplicationsAreNoTablesIsLeftAsItIs) {
  const std::string inline_tables = before_.substr(0, before_.find("\n[[application]]")) +
                                    "application = [{name = \"a\", key = \"" +
                                    std::string(64, '0') + "\"}]\n";
  rewrite(inline_tables);
  expect_refused(weather(), ErrorCode::kConfigInvalid);
  const Said said = revoke({.name = "a", .node = {}, .no_reload = true});
  EXPECT_EQ(said.code.error().code, ErrorCode::kConfigInvalid);
  EXPECT_EQ(text(), inline_tables);
}

TEST_F(AppTest, OneCommandAtATimeChangesAFile) {
  const auto lock = os::lock_file(config_ + ".lock");
  ASSERT_TRUE(lock.has_value());
  expect_refused(weather(), ErrorCode::kUnavailable);
  EXPECT_EQ(revoke({.name = "desk"}).code.error().code, ErrorCode::kUnavailable);
}

TEST_F(AppTest, TheListShowsNamesKeysAndGrants) {
  ASSERT_TRUE(add(weather()).code.has_value());
  const Said said = say(run_app_list, AppListOptions{}, shared_);
  const text::Json json = json_of(said.out);
  ASSERT_EQ(json.at("applications").size(), 2U);
  const text::Json& last = json.at("applications").at(1);
  EXPECT_EQ(last.at("name"), "weather");
  EXPECT_EQ(last.at("key"), hex(config().applications.back().key));
  EXPECT_EQ(last.at("publish"), text::Json({"emergency.alert"}));
  EXPECT_EQ(last.at("rate"), 50);
  shared_.json = false;
  const std::string lines = say(run_app_list, AppListOptions{}, shared_).out;
  EXPECT_NE(lines.find("weather\t" + hex(config().applications.back().key).substr(0, 16) +
                       "\tpublish emergency.alert\tread assistance.*, contact\trate 50\n"),
            std::string::npos)
      << lines;
}

TEST_F(AppTest, AHubHasNoApplications) {
  shared_.member = "hub";
  EXPECT_EQ(add(weather()).code.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace chancery::cli
