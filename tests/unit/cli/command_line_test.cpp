// The command as it is called: exit codes and what goes to stdout and stderr.

#include "cli/command_line.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "io/os/exit_codes.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

constexpr const char* kGenesis = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

struct Answer {
  int code;
  std::string out;
  std::string err;
};

Answer chancery(std::vector<const char*> words) {
  words.insert(words.begin(), "chancery");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_command_line(static_cast<int>(words.size()), words.data());
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

// Words, and the detail of the refusal.
using Refusals = std::vector<std::pair<std::vector<const char*>, std::string>>;

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    for (const char* name :
         {"CHANCERY_EXCHANGE", "CHANCERY_MEMBER", "CHANCERY_CLIENT", "CHANCERY_CONTEXT"}) {
      ::unsetenv(name);
    }
    ::setenv("XDG_CONFIG_HOME", "/nonexistent/chancery-tests", 1);  // No context of anybody.
  }

  static void expect_usage(const Refusals& cases) {
    for (const auto& [words, detail] : cases) {
      const Answer answer = chancery(words);
      EXPECT_EQ(answer.code, os::kExitUsage);
      EXPECT_TRUE(answer.out.empty());
      const auto json = text::parse_json(answer.err, 4);
      ASSERT_TRUE(json.has_value()) << answer.err;
      EXPECT_EQ((*json)["error"]["code"], "usage");
      EXPECT_EQ((*json)["error"]["detail"], detail);
    }
  }
};

TEST_F(CommandLineTest, AWrongCommandLineEndsWith64AndSaysWhyOnStderr) {
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"frobnicate"},
      {"--frobnicate"},
      {"version", "more"},
      {"show"},
      {"inbox"},
      {"inbox", "--as", "AM"},
      {"context"},
      {"context", "add", "x"},
      {"context", "add", "x", "--node", "n", "--hub", "h"},
      {"context", "add", "x", "--as", "AM"},
      {"context", "select"},
      {"context", "select", "x", "--none"},
      {"app"},
      {"app", "add", "x", "--exchange", "x", "--as", "AM"},
      {"app", "add", "x", "--read", "*", "--node", "n", "--as", "AM"},
      {"app", "add", "x", "--read", "*", "--rate", "0", "--node", "n"},
      {"app", "revoke", "--node", "n"},
      {"inbox", "--exchange", "x"},
      {"inbox", "--exchange", "x", "--as", "../AM"},
      {"inbox", "--exchange", "x", "--as", "AM", "--client", "y"},
      {"inbox", "--last", "0", "--client", "y"},
      {"inbox", "--last", "many", "--client", "y"},
      {"inbox", "--last", "501", "--client", "y"},
      {"inbox", "--last", "3", "--cursor", "c", "--client", "y"},
      {"inbox", "--since", "yesterday", "--client", "y"},
      {"inbox", "--precedence", "urgent", "--client", "y"},
      {"publish", "--client", "y"},
      {"publish", "--client", "y", "--kind", "training"},
      {"publish", "--client", "y", "--kind", "training", "--to", "AM", "--wait", "delivered"},
      {"publish", "--client", "y", "--kind", "training", "--to", "AM", "--timeout", "soon"},
      {"publish", "--client", "y", "--kind", "training", "--to", "AM", "--status", "real"},
      {"publish", "--client", "y", "--kind", "training", "--to", "AM", "--expires", "later"},
  };
  for (const auto& words : wrong) {
    const Answer answer = chancery(words);
    std::string line;
    for (const char* word : words) {
      line += std::string(word) + " ";
    }
    EXPECT_EQ(answer.code, os::kExitUsage) << line;
    EXPECT_FALSE(answer.err.empty()) << line;
    EXPECT_TRUE(answer.out.empty()) << line;
  }
}

TEST_F(CommandLineTest, WithJsonAWrongCommandLineIsOneObject) {
  const Answer answer = chancery({"inbox", "--bogus", "--json"});
  EXPECT_EQ(answer.code, os::kExitUsage);
  const auto json = text::parse_json(answer.err, 4);
  ASSERT_TRUE(json.has_value()) << answer.err;
  EXPECT_EQ((*json)["error"]["code"], "usage");
}

TEST_F(CommandLineTest, HelpTeachesByExamples) {
  for (const char* verb : {"publish", "inbox", "show", "kinds"}) {
    const Answer answer = chancery({verb, "--help"});
    EXPECT_EQ(answer.code, os::kExitDone);
    EXPECT_NE(answer.out.find("Examples:\n  chancery " + std::string(verb)), std::string::npos);
  }
}

TEST_F(CommandLineTest, HelpIsAVerbToo) {
  EXPECT_EQ(chancery({"help"}).out, chancery({"--help"}).out);
  EXPECT_EQ(chancery({"help"}).code, os::kExitDone);
  EXPECT_EQ(chancery({"help", "publish"}).out, chancery({"publish", "--help"}).out);
  EXPECT_NE(chancery({"help", "publish"}).out.find("Excludes: --as --exchange\n"),
            std::string::npos);
  EXPECT_EQ(chancery({"help", "exchange", "init"}).out,
            chancery({"exchange", "init", "--help"}).out);
  EXPECT_EQ(chancery({"help", "audit"}).out, chancery({"audit", "--help"}).out);
  EXPECT_EQ(chancery({"help", "help"}).code, os::kExitDone);
}

TEST_F(CommandLineTest, AnUnknownVerbNamesTheNearest) {
  const Refusals cases = {
      {{"publsh", "--json"}, "no verb 'publsh': did you mean 'publish'?"},
      {{"help", "stauts", "--json"}, "no verb 'stauts': did you mean 'status'?"},
      {{"exchange", "ini", "--json"}, "no verb of exchange 'ini': did you mean 'init'?"},
      {{"audit", "frobnicate", "--json"},
       "no verb of audit 'frobnicate': there are compare, export, pair, prove, report, verify"},
  };
  expect_usage(cases);
}

TEST_F(CommandLineTest, AnUnknownFlagNamesTheNearest) {
  const std::string precedence = "no flag '--precedense': did you mean '--precedence'?";
  const Refusals cases = {
      {{"publish", "--precedense", "flash", "--json"}, precedence},
      {{"publish", "--precedense=flash", "--json"}, precedence},
      {{"publish", "--kind", "x", "extra", "--precedense", "--json"}, precedence},
      {{"cursor", "reset", "c", "--too", "start", "--json"},
       "no flag '--too': did you mean '--to'?"},
      {{"inbox", "--last", "many", "--folow", "--json"},
       "no flag '--folow': did you mean '--follow'?"},
      {{"version", "--frobnicate", "--json"}, "no flag '--frobnicate': there are --help, --json"},
      {{"version", "-x", "--json"}, "no flag '-x': there are --help, --json"},
      {{"--exchange", "x", "inbox", "--json"},
       "--exchange stands behind its verb: chancery inbox --exchange"},
      {{"--versoin", "--json"}, "no flag '--versoin': did you mean '--version'?"},
  };
  expect_usage(cases);
  // What is a value is none, and what is no flag is told as it was.
  const Answer value = chancery({"show", "1", "--exchange", "--as", "--as", "AM"});
  EXPECT_NE(value.err.find("--as/exchange.toml"), std::string::npos) << value.err;
  EXPECT_NE(chancery({"version", "more"}).err.find("not expected: more"), std::string::npos);
  EXPECT_NE(chancery({"show", "-", "--json", "x"}).err.find("not expected: x"), std::string::npos);
}

TEST_F(CommandLineTest, WhoNamesNoDaemonIsToldTheFlagsOfTheVerb) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
      {{"status"}, "--exchange DIR and its name, --hub FILE, --node FILE, or --context NAME)"},
      {{"hub", "drain"}, "say which daemon: --exchange DIR, --hub FILE, or --context NAME)"},
      {{"audit", "verify"}, "--node FILE, --store FILE, or --context NAME)"},
      {{"app", "revoke", "x"}, "--exchange DIR and --as CODE, --node FILE, or --context NAME)"},
      {{"app", "list", "--as", "AM"}, "--exchange DIR and --as CODE, --node FILE"},
  };
  for (const auto& [words, flags] : cases) {
    const Answer answer = chancery(words);
    EXPECT_EQ(answer.code, os::kExitUsage);
    EXPECT_NE(answer.err.find(flags), std::string::npos) << answer.err;
  }
}

TEST_F(CommandLineTest, AMissingFileIsNamedWithWhatWasExpected) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
      {{"show", "1", "--client", "/no/f"}, "expected the client.toml of an application"},
      {{"publish", "--client", "/no/c", "--file", "/no/f"}, "expected a notice as a JSON object"},
      {{"open", "/no/f", "--key", "/no/k", "--genesis", kGenesis}, "expected an envelope"},
      {{"open", "/dev/null", "--key", "/no/f", "--exchange", "/no/f"},
       "expected the folder of a trial exchange"},
      {{"status", "--hub", "/no/f"}, "expected a hub.toml"},
      {{"status", "--node", "/no/f"}, "expected a node.toml"},
      {{"status", "AM", "--exchange", "/no/f"}, "expected the folder of a trial exchange"},
      {{"inbox", "--as", "AM", "--exchange", "/no/f"}, "expected the folder of a trial exchange"},
      {{"exchange", "run", "/no/f"}, "expected the folder of a trial exchange"},
      {{"exchange", "init", "/no/x", "--profile", "/no/f"}, "expected a profile"},
  };
  for (const auto& [words, expected] : cases) {
    const Answer answer = chancery(words);
    EXPECT_EQ(answer.code, os::kExitFalse) << answer.err;
    EXPECT_EQ(answer.err.find("chancery: file-missing: "), 0U) << answer.err;
    EXPECT_NE(answer.err.find("/no/f"), std::string::npos) << answer.err;
    EXPECT_NE(answer.err.find(expected), std::string::npos) << answer.err;
    EXPECT_TRUE(answer.out.empty());
  }
  const Answer audit = chancery({"audit", "verify", "--store", "/no/f"});
  EXPECT_EQ(audit.code, os::kExitUnknown);
  EXPECT_NE(audit.err.find("/no/f cannot be opened; expected the store"), std::string::npos);
}

TEST_F(CommandLineTest, AMissingConfigurationIsRefused) {
  const Answer answer = chancery({"show", "1", "--client", "/nowhere/client.toml"});
  EXPECT_EQ(answer.code, os::kExitFalse);
  EXPECT_EQ(answer.err.find("chancery: file-missing: "), 0U) << answer.err;
  EXPECT_NE(answer.err.find("/nowhere/client.toml"), std::string::npos);
  EXPECT_NE(answer.err.find("\n  remedy: "), std::string::npos);
}

// Also where another verb knows the same flag: CLI11 applies envname() to verbs that were not
// named.
TEST_F(CommandLineTest, AFlagGoesBeforeTheEnvironment) {
  ::setenv("CHANCERY_EXCHANGE", "/environment", 1);
  const Answer answer = chancery({"show", "1", "--exchange", "/flag", "--as", "AM"});
  ::unsetenv("CHANCERY_EXCHANGE");
  EXPECT_NE(answer.err.find("/flag/exchange.toml"), std::string::npos) << answer.err;
}

TEST_F(CommandLineTest, ADraftIsJsonThatSaysWhatItsFieldsTake) {
  const Answer shown = chancery({"draft", "training", "--language", "ru"});
  EXPECT_EQ(shown.code, os::kExitDone);
  EXPECT_TRUE(shown.err.empty()) << shown.err;
  const auto draft = text::parse_json(shown.out, 8);
  ASSERT_TRUE(draft.has_value()) << shown.out;
  EXPECT_EQ((*draft)["about"].at(0), "training: обучение");
  EXPECT_EQ((*draft)["content"]["seats"], 0);
  const Answer line = chancery({"draft", "training", "--language", "ru", "--json"});
  EXPECT_EQ(line.out, text::dump(*draft) + "\n");
  EXPECT_EQ(std::ranges::count(line.out, '\n'), 1);
  EXPECT_NE(chancery({"draft", "trainings"}).err.find("did you mean 'training'?"),
            std::string::npos);
  EXPECT_NE(chancery({"draft", "statement"}).err.find("no-grant"), std::string::npos);
}

TEST_F(CommandLineTest, KindsListsThemAndShowsTheFieldsOfOne) {
  EXPECT_NE(chancery({"kinds"}).out.find("foreign-policy.step"), std::string::npos);
  EXPECT_NE(chancery({"kinds", "training"}).out.find("seats"), std::string::npos);
  const auto json = text::parse_json(chancery({"kinds", "--json"}).out, 16);
  ASSERT_TRUE(json.has_value());
  EXPECT_GE((*json)["kinds"].size(), 9U);
  const std::string one = chancery({"kinds", "training"}).out;
  for (const char* const part :
       {"training: training / обучение", "Title / Название", "required, text: one line of at most",
        "begins is not after ends"}) {
    EXPECT_NE(one.find(part), std::string::npos) << one;
  }
  const Answer unknown = chancery({"kinds", "trainings"});
  EXPECT_EQ(unknown.code, os::kExitFalse);
  EXPECT_NE(unknown.err.find("not-found"), std::string::npos);
  EXPECT_NE(unknown.err.find("did you mean 'training'?"), std::string::npos) << unknown.err;
}

TEST_F(CommandLineTest, ErrorsAreListedAndLookedUpByNameOrNumber) {
  EXPECT_NE(chancery({"errors", "list"}).out.find("\trevoked-key\tfinal\t"), std::string::npos);
  const auto list = text::parse_json(chancery({"errors", "list", "--json"}).out, 8);
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ((*list)["errors"].size(), error_table().size());
  const Answer by_name = chancery({"errors", "lookup", "queue-full"});
  EXPECT_EQ(by_name.out.find("queue-full (11, retryable)\n"), 0U) << by_name.out;
  EXPECT_NE(by_name.out.find("\n  remedy: "), std::string::npos);
  EXPECT_EQ(chancery({"errors", "lookup", "11"}).out, by_name.out);
  EXPECT_EQ(chancery({"errors", "lookup", "error-11"}).out, by_name.out);
  const auto one = text::parse_json(chancery({"errors", "lookup", "no-daemon", "--json"}).out, 8);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ((*one)["exit_code"], os::kExitUnknown);
  const Answer unknown = chancery({"errors", "lookup", "queue-ful"});
  EXPECT_EQ(unknown.code, os::kExitFalse);
  EXPECT_NE(unknown.err.find("did you mean 'queue-full'?"), std::string::npos) << unknown.err;
  EXPECT_EQ(chancery({"errors"}).code, os::kExitUsage);
}

TEST_F(CommandLineTest, VersionIsOneLineOrOneObject) {
  EXPECT_EQ(chancery({"version"}).out.find("chancery "), 0U);
  EXPECT_EQ(chancery({"--version"}).out, chancery({"version"}).out);
  EXPECT_NE(chancery({"version", "--json"}).out.find("\"version\":"), std::string::npos);
  EXPECT_NE(chancery({"version", "--json"}).out.find("\"commit\":"), std::string::npos);
}

}  // namespace
}  // namespace chancery::cli
