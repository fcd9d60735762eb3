#include "cli/context.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "cli/daemon.h"
#include "io/os/file.h"
#include "tests/support/keys.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

const Contexts five_contexts = {.selected = "desk",
                                .all = {{.name = "trial", .exchange = "/x", .member = "AM"},
                                        {.name = "anybody", .exchange = "/x y/\"z\""},
                                        {.name = "desk", .client_file = "/c.toml"},
                                        {.name = "node", .node = "/n.toml"},
                                        {.name = "hub", .hub = "/h.toml"}}};

ErrorCode code_of(const std::string& text) {
  const Result<Contexts> parsed = parse_contexts(text, "contexts.toml");
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed.has_value() ? ErrorCode::kInternal : parsed.error().code;
}

class ContextTest : public testing::Test {
 protected:
  ContextTest() { test::must(os::make_private_folder(folder_ / "chancery")); }

  Environment with(const std::string& chosen) {
    return {.context = chosen, .contexts = folder_ / "chancery/contexts.toml"};
  }
  void write(const Contexts& contexts) { test::must(write_contexts(path_, contexts)); }

  os::TemporaryFolder folder_;
  std::string path_ = folder_ / "chancery/contexts.toml";
};

TEST_F(ContextTest, TheFileStandsWherePeopleKeepConfigurations) {
  EXPECT_EQ(contexts_path("/xdg", "/home/a"), "/xdg/chancery/contexts.toml");
  EXPECT_EQ(contexts_path("/xdg/", ""), "/xdg/chancery/contexts.toml");
  EXPECT_EQ(contexts_path("", "/home/a"), "/home/a/.config/chancery/contexts.toml");
  EXPECT_EQ(contexts_path("relative", "/home/a"), "/home/a/.config/chancery/contexts.toml");
  EXPECT_EQ(contexts_path("", "home"), "");
  EXPECT_EQ(contexts_path("", ""), "");
}

TEST_F(ContextTest, WhatIsWrittenIsReadBackAndIsForItsOwnerAlone) {
  write(five_contexts);
  EXPECT_EQ(test::must(read_contexts(path_)), five_contexts);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::filesystem::permissions(path_, std::filesystem::perms(0660));
  EXPECT_EQ(read_contexts(path_).error().code, ErrorCode::kFilePermissions);
  EXPECT_EQ(test::must(read_contexts(folder_ / "nowhere/contexts.toml")), Contexts());
}

TEST_F(ContextTest, WhatCannotBeReadBackIsNotWritten) {
  write(five_contexts);
  Contexts wrong = five_contexts;
  wrong.all.back().hub = "/with a DEL \x7f";
  EXPECT_FALSE(write_contexts(path_, wrong).has_value());
  wrong.all.back().hub = "/no UTF-8 \xff";
  EXPECT_EQ(write_contexts(path_, wrong).error().code, ErrorCode::kConfigInvalid);
  wrong.all.back().hub = "/" + std::string(os::kKeyFileSizeMax, 'x');
  EXPECT_EQ(write_contexts(path_, wrong).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(test::must(read_contexts(path_)), five_contexts);
}

TEST_F(ContextTest, ReadingIsStrict) {
  const std::string good = "[[context]]\nname = \"a\"\n";
  EXPECT_TRUE(parse_contexts(good + "node = \"/n\"\n", "c").has_value());
  EXPECT_TRUE(parse_contexts("", "c").has_value());
  EXPECT_EQ(code_of(good + "node = \"/n\"\nnod = 1\n"), ErrorCode::kConfigUnknownKey);
  EXPECT_EQ(code_of("select = \"a\"\n"), ErrorCode::kConfigUnknownKey);
  EXPECT_EQ(code_of(good + "node = 1\n"), ErrorCode::kConfigWrongType);
  for (const std::string& places :
       {std::string(), std::string("node = \"n\"\n"), std::string("node = \"/n\"\nhub = \"/h\"\n"),
        std::string("node = \"/n\"\nmember = \"AM\"\n"), std::string("member = \"AM\"\n"),
        std::string("exchange = \"/x\"\nmember = \"am\"\n"), std::string("node = \"\"\n"),
        std::string("node = \"/n\"\n[[context]]\nname = \"a\"\nnode = \"/n\"\n")}) {
    EXPECT_EQ(code_of(good + places), ErrorCode::kConfigInvalid) << places;
  }
  EXPECT_EQ(code_of("[[context]]\nname = \"../a\"\nnode = \"/n\"\n"), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code_of("selected = \"b\"\n" + good + "node = \"/n\"\n"), ErrorCode::kConfigInvalid);
}

TEST_F(ContextTest, ThereAreAtMostSoMany) {
  Contexts many;
  for (std::size_t i = 0; i < kContextsMax; ++i) {
    many.all.push_back({.name = "n" + std::to_string(i), .node = "/n"});
  }
  write(many);
  many.all.push_back({.name = "more", .node = "/n"});
  EXPECT_EQ(write_contexts(path_, many).error().code, ErrorCode::kLimitExceeded);
}

TEST_F(ContextTest, ANameThatIsNotThereIsAnsweredWithTheNearest) {
  EXPECT_EQ(test::must(find_context(five_contexts, "hub")).hub, "/h.toml");
  EXPECT_EQ(find_context(five_contexts, "trail").error().to_string(),
            "not-found: no context 'trail': did you mean 'trial'?");
  EXPECT_EQ(find_context({}, "a").error().to_string(), "not-found: no context 'a': there is none");
}

TEST_F(ContextTest, VerbsForNoticesTakeAClientOrAMemberOfAnExchange) {
  write(five_contexts);
  EXPECT_EQ(client_file({}, with("")).value().path, "/c.toml") << "the selected one";
  EXPECT_EQ(client_file({}, with("trial")).value().path, "/x/am/apps/desk/client.toml");
  EXPECT_EQ(client_file({.context = "trial"}, with("desk")).value().path,
            "/x/am/apps/desk/client.toml");
  EXPECT_EQ(client_file({.context = "anybody"}, with("")).error().code, ErrorCode::kUsage);
  EXPECT_EQ(client_file({.context = "node"}, with("")).error().code, ErrorCode::kUsage);
  EXPECT_EQ(client_file({.context = "none"}, with("")).error().code, ErrorCode::kNotFound);
}

TEST_F(ContextTest, AFlagGoesBeforeAContext) {
  write(five_contexts);
  EXPECT_EQ(client_file({.client_file = "f.toml", .context = "trial"}, with("")).value().path,
            "f.toml");
  EXPECT_EQ(client_file({.member = "BY", .context = "trial"}, with("")).value().path,
            "/x/by/apps/desk/client.toml");
  EXPECT_EQ(client_file({.exchange = "/e", .context = "trial"}, with("")).value().path,
            "/e/am/apps/desk/client.toml");
  EXPECT_EQ(client_file({.exchange = "/e", .member = "BY"}, with("none")).value().path,
            "/e/by/apps/desk/client.toml");
}

TEST_F(ContextTest, TheEnvironmentsOwnPlacesGoBeforeItsContextAndTheSelectedOne) {
  write(five_contexts);
  Environment environment = with("trial");
  environment.client_file = "e.toml";
  EXPECT_EQ(client_file({}, environment).value().path, "e.toml");
  EXPECT_EQ(client_file({.context = "desk"}, environment).value().path, "/c.toml");
}

TEST_F(ContextTest, WhatIsNotNeededIsNotRead) {
  test::must(os::write_file_new(path_, "[[[", 0600));
  EXPECT_EQ(client_file({}, with("")).error().code, ErrorCode::kConfigInvalid);
  EXPECT_EQ(client_file({.client_file = "f"}, with("trial")).value().path, "f");
  EXPECT_EQ(client_file({.exchange = "x", .member = "AM"}, with("")).value().path,
            "x/am/apps/desk/client.toml");
  EXPECT_EQ(find_daemon_file({.node = "n.toml"}, {}, with("")).value().path, "n.toml");
}

TEST_F(ContextTest, VerbsForDaemonsTakeAFileOrAnExchange) {
  write(five_contexts);
  const auto file = [&](const DaemonOptions& options, const Shared& shared) {
    const Result<DaemonFile> found = find_daemon_file(options, shared, with(""));
    return found.has_value() ? (found->is_hub ? "hub " : "node ") + found->path
                             : std::string(error_info(found.error().code).name);
  };
  EXPECT_EQ(file({}, {.context = "node"}), "node /n.toml");
  EXPECT_EQ(file({}, {.context = "hub"}), "hub /h.toml");
  EXPECT_EQ(file({}, {.context = "trial"}), "node /x/am/node.toml");
  EXPECT_EQ(file({.name = "hub"}, {.context = "trial"}), "hub /x/hub/hub.toml");
  EXPECT_EQ(file({.name = "BY"}, {.context = "anybody"}), "node /x y/\"z\"/by/node.toml");
  EXPECT_EQ(file({.hub = "other.toml"}, {.context = "node"}), "hub other.toml");
  EXPECT_EQ(file({.name = "BY"}, {.exchange = "/e", .context = "node"}), "node /e/by/node.toml");
  EXPECT_EQ(file({.name = "BY"}, {.context = "node"}), "usage");
  EXPECT_EQ(file({}, {.context = "anybody"}), "usage");
  EXPECT_EQ(file({}, {}), "usage") << "a client.toml names no daemon";
}

}  // namespace
}  // namespace chancery::cli
