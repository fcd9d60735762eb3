#include "node/hooks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/os/clock.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "node/post_hook.h"
#include "tests/unit/io/os/alive.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::node {
namespace {

const Overdue late{.what = "delivered",
                   .peer = "BY",
                   .lane = exchange::Lane::kUrgent,
                   .since_ms = 1'700'000'000'000,
                   .detail = "BY has not stated that it has notice 7",
                   .owing = {"BY"},
                   .notice = Hash{7}};

bool comes(const std::function<bool()>& condition) {
  const auto until = os::steady_now() + std::chrono::seconds(20);
  while (!condition() && os::steady_now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

class HooksTest : public testing::Test {
 protected:
  HooksTest() { std::signal(SIGPIPE, SIG_IGN); }

  static HookConfig shell(const std::string& name, const std::string& script) {
    return {.name = name,
            .command = {"/bin/sh", "-c", script},
            .timeout = std::chrono::hours(1)};  // Never reached where the code is right.
  }
  // What each event of it goes to, a line each.
  HookConfig writer(const std::string& name, const std::string& file) {
    return shell(name, "cat >> " + (folder_ / file) + "; echo >> " + (folder_ / file));
  }
  void use(const std::vector<HookConfig>& configs, const std::string& program = "") {
    hooks_ = std::make_unique<Hooks>(
        HookOrigin{.genesis = Hash{0xab}, .member = "AM", .program = program}, configs);
  }
  text::Json status(const std::string& name) { return hooks_->status_json().at(name); }
  bool has(const std::string& name, const std::string& key, std::uint64_t count) {
    return comes([&] { return status(name).at(key) == count; });
  }
  std::string content(const std::string& file) {
    return os::read_file(folder_ / file, std::size_t{1} << 20U).value_or("");
  }
  text::Json line(const std::string& file, std::size_t number) {
    std::string text = content(file);
    for (; number > 0; --number) {
      text.erase(0, text.find('\n') + 1);
    }
    return text::parse_json(text.substr(0, text.find('\n')), 2).value_or(text::Json());
  }
  std::string program(const std::string& script) {
    const std::string path = folder_ / "program";
    EXPECT_TRUE(os::replace_file(path, "#!/bin/sh\n" + script + "\n", 0700).has_value());
    return path;
  }

  os::TemporaryFolder folder_;
  std::unique_ptr<Hooks> hooks_;
};

TEST_F(HooksTest, ACommandIsHandedADocumentForEachEvent) {
  use({writer("duty", "told")});
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "told", 1));
  hooks_->see({late});
  hooks_->see({});
  ASSERT_TRUE(has("duty", "told", 2));
  text::Json overdue = line("told", 0);
  text::Json over = line("told", 1);
  EXPECT_EQ(overdue.at("id").get<std::string>().size(), 32U);
  EXPECT_NE(overdue.at("id"), over.at("id"));
  EXPECT_GE(over.at("at_ms"), overdue.at("at_ms"));
  for (text::Json* const each : {&overdue, &over}) {
    each->erase("id");
    each->erase("at_ms");
  }
  text::Json expected = {{"event", "overdue"},
                         {"genesis", "ab" + std::string(62, '0')},
                         {"member", "AM"},
                         {"what", "delivered"},
                         {"peer", "BY"},
                         {"urgent", true},
                         {"since_ms", 1'700'000'000'000},
                         {"detail", "BY has not stated that it has notice 7"},
                         {"notice", "07" + std::string(62, '0')},
                         {"members", {"BY"}}};
  EXPECT_EQ(overdue, expected);
  expected["event"] = "over";
  EXPECT_EQ(over, expected);
  EXPECT_EQ(status("duty"),
            (text::Json{{"told", 2}, {"failed", 0}, {"waiting", 0}, {"last_error", ""}}));
}

TEST_F(HooksTest, OneThatFailsSaysWhyAndWaits) {
  use({shell("duty", "echo no modem >&2; exit 3"), shell("gone", "kill -9 $$")});
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "failed", 1));
  EXPECT_EQ(
      status("duty"),
      (text::Json{
          {"told", 0}, {"failed", 1}, {"waiting", 1}, {"last_error", "exit code 3: no modem"}}));
  ASSERT_TRUE(has("gone", "failed", 1));
  EXPECT_EQ(status("gone").at("last_error"), "ended by signal 9");
}

TEST_F(HooksTest, OneThatHangsIsEndedWhenItsTimeIsUp) {
  HookConfig hangs = shell("duty", "sleep 300 & echo $! > " + (folder_ / "child") + "; wait");
  hangs.timeout = std::chrono::seconds(2);
  use({hangs});
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "failed", 1));
  EXPECT_EQ(status("duty").at("last_error"), "not done after 2 s: ended");
  EXPECT_TRUE(os::dies(std::stoi(content("child"))));
}

TEST_F(HooksTest, OneThatHangsIsEndedWithTheNodeAndDelaysNoOther) {
  use({shell("hangs", "sleep 300 & echo $! > " + (folder_ / "child") + "; wait"),
       writer("duty", "told")});
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "told", 1));
  ASSERT_TRUE(comes([&] { return content("child").ends_with('\n'); }));
  hooks_.reset();
  EXPECT_TRUE(os::dies(std::stoi(content("child"))));
}

TEST_F(HooksTest, WhatIsTakenOverGoesOnUnlessItDiffers) {
  use({writer("same", "same"), writer("other", "before"), writer("gone", "gone")});
  hooks_->see({late});
  for (const std::string name : {"same", "other", "gone"}) {
    ASSERT_TRUE(has(name, "told", 1));
  }
  hooks_->take_over({writer("same", "same"), writer("other", "after"), writer("new", "new")});
  hooks_->see({late});
  ASSERT_TRUE(has("other", "told", 1));
  ASSERT_TRUE(has("new", "told", 1)) << "it was overdue before";
  EXPECT_EQ(status("same").at("told"), 1);
  EXPECT_FALSE(hooks_->status_json().contains("gone"));
  EXPECT_EQ(line("after", 0), line("before", 0)) << "the same event, for those who had it already";
  hooks_->see({});
  EXPECT_TRUE(has("same", "told", 2));
  EXPECT_TRUE(has("other", "told", 2));
  EXPECT_EQ(std::ranges::count(content("same"), '\n'), 2);
  EXPECT_EQ(content("gone").find('\n'), content("gone").size() - 1);
}

TEST_F(HooksTest, OneThatHangsIsReplacedAndNobodyWaitsForIt) {
  use({shell("duty", "trap '' TERM; echo $$ > " + (folder_ / "child") + "; sleep 300; sleep 300")});
  hooks_->see({late});
  ASSERT_TRUE(comes([&] { return content("child").ends_with('\n'); }));
  hooks_->take_over({writer("duty", "told")});
  EXPECT_TRUE(os::is_alive(std::stoi(content("child")))) << "it ignores SIGTERM";
  ASSERT_TRUE(comes([&] {
    hooks_->see({late});
    return !os::is_alive(std::stoi(content("child")));
  }));
  EXPECT_TRUE(has("duty", "told", 1));
}

TEST_F(HooksTest, WhatCannotBeUsedIsFoundBeforeAnythingIsOverdue) {
  use({{.name = "gone", .command = {folder_ / "none"}},
       {.name = "data", .command = {folder_ / "data"}}});
  EXPECT_TRUE(status("gone").at("last_error").get<std::string>().starts_with("file-missing"));
  ASSERT_TRUE(os::replace_file(folder_ / "data", "no certificate", 0644).has_value());
  const auto fault = [&](const HookConfig& config) {
    const Result<void> good = check_hook(config);
    return good.has_value() ? "good" : std::string(error_info(good.error().code).name);
  };
  EXPECT_EQ(fault({.name = "a", .command = {folder_ / "data"}}), "io");
  EXPECT_EQ(fault(shell("a", "exit 1")), "good");
  EXPECT_EQ(fault({.name = "a", .url = "https://a", .secret = folder_ / "data"}),
            "file-permissions");
  EXPECT_EQ(fault({.name = "a", .url = "https://a", .ca = folder_ / "data"}), "config-invalid");
  EXPECT_EQ(fault({.name = "a", .url = "https://a", .ca = folder_ / "none"}), "file-missing");
  ASSERT_TRUE(
      os::replace_file(folder_ / "data", "-----BEGIN CERTIFICATE-----\n", 0600).has_value());
  EXPECT_EQ(
      fault({.name = "a", .url = "https://a", .secret = folder_ / "data", .ca = folder_ / "data"}),
      "good");
  ASSERT_TRUE(os::replace_file(folder_ / "data", "", 0600).has_value());
  EXPECT_EQ(fault({.name = "a", .url = "https://a", .secret = folder_ / "data"}), "config-invalid");
}

TEST_F(HooksTest, AWebhookIsTriedByAProcessThatIsHandedAllItNeeds) {
  ASSERT_TRUE(os::replace_file(folder_ / "secret", "key", 0600).has_value());
  use({{.name = "duty", .url = "https://a/x", .secret = folder_ / "secret", .ca = folder_ / "ca"}},
      program("echo $1 > " + (folder_ / "word") + "; cat > " + (folder_ / "asked")));
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "told", 1));
  EXPECT_EQ(content("word"), std::string(kPostHookWord) + "\n");
  const text::Json asked = line("asked", 0);
  EXPECT_EQ(asked.at("url"), "https://a/x");
  EXPECT_EQ(asked.at("ca"), folder_ / "ca");
  EXPECT_EQ(asked.at("timeout_seconds"), 30);
  EXPECT_TRUE(asked.at("signature").get<std::string>().starts_with("sha256="));
  EXPECT_TRUE(asked.at("body").get<std::string>().starts_with(R"({"id":")"));
}

TEST_F(HooksTest, AWebhookThatNobodyCanHaveHeardIsNotToldToBeOver) {
  use({{.name = "duty", .url = "http://a"}}, program("echo no connection >&2; exit 3"));
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "failed", 1));
  EXPECT_EQ(status("duty").at("last_error"), "no connection");
  EXPECT_EQ(status("duty").at("waiting"), 1);
  hooks_->see({});
  EXPECT_EQ(status("duty").at("waiting"), 0);
  use({{.name = "duty", .url = "http://a"}}, program("echo status 500 >&2; exit 1"));
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "failed", 1));
  hooks_->see({});
  EXPECT_TRUE(has("duty", "failed", 2)) << "it may have been heard, so it is told to be over";
}

TEST_F(HooksTest, ASecretThatIsNotThereIsReadAnewAtEachAttempt) {
  use({{.name = "duty", .url = "http://a", .secret = folder_ / "secret"}}, program("exit 0"));
  hooks_->see({late});
  ASSERT_TRUE(has("duty", "failed", 1));
  EXPECT_TRUE(status("duty").at("last_error").get<std::string>().starts_with("file-missing"));
  ASSERT_TRUE(os::replace_file(folder_ / "secret", "key", 0600).has_value());
  hooks_->see({});
  hooks_->see({late});
  EXPECT_TRUE(has("duty", "told", 1));
}

}  // namespace
}  // namespace chancery::node
