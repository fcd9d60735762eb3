#include "io/args/daemon_args.h"

#include <gtest/gtest.h>

#include <vector>

namespace chancery::args {
namespace {

struct Outcome {
  std::expected<DaemonArgs, int> args;
  std::string out;
  std::string err;
};

Outcome parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "chancery-node");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto args = parse_daemon_args(static_cast<int>(arguments.size()), arguments.data(),
                                {.name = "chancery-node",
                                 .brief = "a node",
                                 .about = "Keeps a member's notices.",
                                 .version = "1.2.3"});
  return {std::move(args), testing::internal::GetCapturedStdout(),
          testing::internal::GetCapturedStderr()};
}

TEST(DaemonArgsTest, TakesTheFileAndDefaultsForTheRest) {
  const Outcome outcome = parse({"--config", "node.toml"});
  ASSERT_TRUE(outcome.args);
  EXPECT_EQ(outcome.args->config_path, "node.toml");
  EXPECT_FALSE(outcome.args->check_only);
  EXPECT_FALSE(outcome.args->log_json);
  EXPECT_EQ(outcome.args->log_level, "info");
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST(DaemonArgsTest, TakesEveryOption) {
  const Outcome outcome =
      parse({"--check", "--log-level=debug", "--config=a b.toml", "--log-json"});
  ASSERT_TRUE(outcome.args);
  EXPECT_EQ(outcome.args->config_path, "a b.toml");
  EXPECT_TRUE(outcome.args->check_only);
  EXPECT_TRUE(outcome.args->log_json);
  EXPECT_EQ(outcome.args->log_level, "debug");
}

TEST(DaemonArgsTest, EndsWith64AndAWordOnStderrAfterAUsageError) {
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"--config"},
      {"--config", "a", "--config", "b"},
      {"--config", "a", "--log-level", "loud"},
      {"--config", "a", "--unknown"},
      {"--config", "a", "stray"},
      {"--log-json"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = parse(arguments);
    ASSERT_FALSE(outcome.args);
    EXPECT_EQ(outcome.args.error(), 64);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
  }
}

TEST(DaemonArgsTest, ExplainsItselfOnStdoutAndEndsWith0) {
  const Outcome help = parse({"--help"});
  ASSERT_FALSE(help.args);
  EXPECT_EQ(help.args.error(), 0);
  EXPECT_EQ(help.err, "");
  for (const char* const part : {"Keeps a member's notices.", "--config FILE", "--check",
                                 "--log-level LEVEL", "--log-json", "--version", "SIGTERM"}) {
    EXPECT_NE(help.out.find(part), std::string::npos) << part << '\n' << help.out;
  }
  const Outcome version = parse({"--version"});
  ASSERT_FALSE(version.args);
  EXPECT_EQ(version.args.error(), 0);
  EXPECT_EQ(version.out, "chancery-node 1.2.3\n");
}

}  // namespace
}  // namespace chancery::args
