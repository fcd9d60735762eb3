#include "cli/exchange_run.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "io/os/file.h"
#include "io/text/json.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

// A daemon that is ready at once and ends in order on SIGTERM. `more` runs once it is ready.
std::string daemon_script(const std::string& event, const std::string& more) {
  return "#!/bin/sh\n"
         "trap 'echo ending; exit 0' TERM\n"
         "echo \"2006-01-02T15:04:05.123Z INFO " +
         event + " config=$2\" >&2\n" + more + "\nwhile :; do sleep 0.05; done\n";
}

// A trial exchange of two members and programs that stand in for the daemons.
class ExchangeRunTest : public testing::Test {
 protected:
  void SetUp() override {
    write("exchange.toml",
          "name = \"T\"\ngenesis = \"00\"\nhub = \"tcp://127.0.0.1:1\"\nmembers = [\"AA\", "
          "\"B1\"]\n");
    program("chancery-broker", "");
    program("chancery-node", "");
    options_.folder = folder_.path();
    options_.programs = folder_.path();
    options_.ready_file = folder_ / "ready";
  }

  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(os::replace_file(folder_ / name, text, 0600).has_value());
  }
  void program(const std::string& name, const std::string& more) {
    ASSERT_TRUE(os::replace_file(folder_ / name, daemon_script("ready", more), 0700).has_value());
  }

  // What run_exchange() gives; its output is in output_.
  Result<bool> run() {
    std::FILE* const out = std::fopen((folder_ / "out").c_str(), "w");
    Result<bool> result = run_exchange(options_, out);
    std::fclose(out);
    output_ = os::read_file(folder_ / "out", 1U << 20U).value_or("");
    return result;
  }

  [[nodiscard]] bool says(const std::string& words) const {
    return output_.find(words) != std::string::npos;
  }

  os::TemporaryFolder folder_;
  ExchangeRunOptions options_;
  std::string output_;
};

// Asks the runner, its parent, to stop once everybody is ready.
const std::string stop_when_ready =
    "case $2 in */hub.toml) while [ ! -s ${2%/hub/hub.toml}/ready ]; do sleep 0.02; done;"
    " kill -TERM $PPID ;; esac";

TEST_F(ExchangeRunTest, StopsEverybodyInOrderWhenAskedTo) {
  program("chancery-broker", stop_when_ready);
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_TRUE(*done) << output_;
  EXPECT_TRUE(says("hub      | 2006-01-02T15:04:05.123Z INFO ready")) << output_;
  EXPECT_TRUE(says("aa       | ending")) << output_;
  EXPECT_TRUE(says("b1       | ending")) << output_;
  EXPECT_TRUE(says("exchange | all 3 processes are ready")) << output_;
  EXPECT_FALSE(says("\033")) << "no colours in a file";
}

TEST_F(ExchangeRunTest, AsJsonEveryLineIsOneObjectOfAProcessOrAnEvent) {
  program("chancery-broker", "printf 'a \"quoted\" \\377 line\\n' >&2\n" + stop_when_ready);
  options_.json = true;
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_TRUE(*done) << output_;
  std::string events;
  std::string parties;
  std::istringstream lines(output_);
  for (std::string line; std::getline(lines, line);) {
    const auto object = text::parse_json(line, 4);
    ASSERT_TRUE(object.has_value()) << line;
    if (object->contains("event")) {
      events += object->value("event", "") + " ";
      EXPECT_TRUE(object->contains("text")) << line;
    } else if (object->value("line", "").ends_with("ending")) {
      parties += object->value("process", "") + " ";
    }
    if (object->value("event", "") == "ready") {
      EXPECT_EQ(object->at("pids").size(), 3U) << line;
      EXPECT_GT(object->at("pids").value("B1", 0), 1) << line;
    }
    if (object->value("event", "") == "ended") {
      EXPECT_TRUE(object->value("as_asked", false)) << line;
    }
  }
  EXPECT_EQ(events, "started ready stopping ended ");
  EXPECT_NE(parties.find("AA "), std::string::npos) << output_;
  EXPECT_NE(parties.find("B1 "), std::string::npos) << output_;
  EXPECT_TRUE(says("{\"process\":\"hub\",\"line\":\"a \\\"quoted\\\" \uFFFD line\"}")) << output_;
}

TEST_F(ExchangeRunTest, AsJsonOneThatEndsByItselfIsNamedWithItsExitCode) {
  program("chancery-node", "case $2 in */b1/*) sleep 0.5; exit 3 ;; esac");
  options_.json = true;
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_FALSE(*done);
  EXPECT_TRUE(says(R"({"event":"process-ended","process":"B1","exit_code":3,"text":)")) << output_;
  EXPECT_TRUE(says(R"({"event":"ended","as_asked":false,"text":)")) << output_;
}

TEST_F(ExchangeRunTest, TheReadyFileNamesEveryProcessOnceAllAreReady) {
  program("chancery-broker", stop_when_ready);
  ASSERT_TRUE(run().has_value());
  std::istringstream lines(os::read_file(options_.ready_file, 1U << 20U).value_or(""));
  std::string names;
  std::string name;
  int pid = 0;
  while (lines >> name >> pid) {
    names += name + " ";
    EXPECT_GT(pid, 1);
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid))) << name;
  }
  EXPECT_EQ(names, "hub aa b1 ");
}

TEST_F(ExchangeRunTest, OneThatEndsByItselfStopsAllAndIsAFailure) {
  // Not before the others listen for signals.
  program("chancery-node", "case $2 in */b1/*) sleep 0.5; exit 3 ;; esac");
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_FALSE(*done);
  EXPECT_TRUE(says("exchange | b1 ended by itself (exit code 3): stopping the others")) << output_;
  EXPECT_TRUE(says("hub      | ending")) << output_;
  EXPECT_TRUE(says("aa       | ending")) << output_;
}

TEST_F(ExchangeRunTest, AProgramThatIsNotThereIsATypedErrorAndNothingIsLeftRunning) {
  std::filesystem::remove(folder_ / "chancery-node");
  const auto done = run();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kFileMissing);
}

TEST_F(ExchangeRunTest, AFolderThatIsNoExchangeIsATypedError) {
  std::filesystem::remove(folder_ / "exchange.toml");
  const auto missing = run();
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kFileMissing);
  write("exchange.toml", "name = \"T\"\n");
  const auto incomplete = run();
  ASSERT_FALSE(incomplete.has_value());
  EXPECT_EQ(incomplete.error().code, ErrorCode::kConfigInvalid);
}

TEST_F(ExchangeRunTest, AMemberCodeNeverBecomesAPathElsewhere) {
  write("exchange.toml",
        "name = \"T\"\ngenesis = \"00\"\nhub = \"tcp://h:1\"\nmembers = [\"../x\"]\n");
  const auto done = read_exchange_file(folder_.path());
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kConfigInvalid);
}

TEST(ExchangeRunLinesTest, OnlyTheEventItselfAtLevelInfoCounts) {
  EXPECT_TRUE(says_event("2006-01-02T15:04:05.123Z INFO ready listen=tcp://h:1", "ready"));
  EXPECT_TRUE(says_event("2006-01-02T15:04:05.123Z INFO listening a=1", "listening"));
  EXPECT_FALSE(says_event("2006-01-02T15:04:05.123Z INFO ready-soon", "ready"));
  EXPECT_FALSE(says_event("2006-01-02T15:04:05.123Z INFO logged text=\" INFO ready \"", "ready"));
  EXPECT_FALSE(says_event("ready", "ready"));
  EXPECT_FALSE(says_event("", "ready"));
}

TEST_F(ExchangeRunTest, ANodeIsReadyOnlyOnceItIsInStepWithTheLog) {
  program("chancery-broker", "sleep 0.3; kill -TERM $PPID");
  ASSERT_TRUE(os::replace_file(folder_ / "chancery-node", daemon_script("listening", ""), 0700));
  ASSERT_TRUE(run().has_value());
  EXPECT_FALSE(std::filesystem::exists(options_.ready_file)) << output_;
}

TEST(ExchangeRunLinesTest, PrefixesArePaddedAndColouredOnlyWhereAsked) {
  EXPECT_EQ(prefixed("am", 4, 1, false, "line"), "am   | line");
  EXPECT_EQ(prefixed("longer", 4, 1, false, ""), "longer | ");
  const std::string coloured = prefixed("am", 4, 1, true, "line");
  EXPECT_TRUE(coloured.starts_with("\033["));
  EXPECT_TRUE(coloured.ends_with("\033[0m line"));
}

}  // namespace
}  // namespace chancery::cli
