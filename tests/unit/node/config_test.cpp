#include "node/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "io/os/file.h"
#include "io/zmq/endpoint.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::node {
namespace {

const std::string hex_a(64, 'a');
const std::string hex_b(64, 'b');

class ConfigTest : public testing::Test {
 protected:
  // Every key that a node must have, as TOML.
  std::map<std::string, std::string> keys_ = {
      {"member", "'AM'"},
      {"genesis", "'" + hex_a + "'"},
      {"hub", "'tcp://127.0.0.1:7000'"},
      {"hub_key", "'" + hex_b + "'"},
      {"store", "'node.db'"},
      {"signing_key", "'keys/signing.pem'"},
      {"transport_key", "'keys/transport.key'"},
      {"sealing_keys", "['keys/sealing.pem', '/elsewhere/old.pem']"},
      {"local", "'local.sock'"},
      {"local_key", "'keys/local.key'"},
      {"admin", "'admin.sock'"},
  };

  Result<Config> read(std::string_view rest = "") {
    std::string text;
    for (const auto& [key, value] : keys_) {
      text.append(key).append(" = ").append(value).append("\n");
    }
    text += rest;
    const std::string path = folder_ / "node.toml";
    EXPECT_TRUE(os::replace_file(path, text, 0600).has_value());
    return read_config(path);
  }
  // "good", or the error and its words.
  std::string said(std::string_view rest = "") {
    const Result<Config> config = read(rest);
    return config.has_value() ? "good" : config.error().to_string();
  }
  void expect(std::string_view error, std::string_view words, std::string_view rest = "") {
    const std::string text = said(rest);
    EXPECT_NE(text.find(error), std::string::npos) << text;
    EXPECT_NE(text.find(words), std::string::npos) << text;
    EXPECT_NE(text.find("node.toml"), std::string::npos) << "the file is named: " << text;
  }

  os::TemporaryFolder folder_;
};

std::string application(std::string_view name, std::string_view key) {
  return "[[application]]\nname = '" + std::string(name) + "'\nkey = '" + std::string(key) + "'\n";
}

TEST_F(ConfigTest, ReadsAllOfItAndMakesPathsAbsolute) {
  keys_["witness_key"] = "'keys/../keys/witness.pem'";
  const Result<Config> config =
      read(application("desk", hex_a) + "publish = ['threat.*', 'contact']\nread = ['*']\n" +
           application("archive", hex_b));
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->member, "AM");
  EXPECT_EQ(config->genesis[0], 0xaa);
  EXPECT_EQ(config->hub, "tcp://127.0.0.1:7000");
  EXPECT_EQ(config->hub_key[31], 0xbb);
  EXPECT_EQ(config->store, folder_ / "node.db");
  EXPECT_EQ(config->signing_key, folder_ / "keys/signing.pem");
  EXPECT_EQ(config->witness_key, folder_ / "keys/witness.pem");
  EXPECT_EQ(config->transport_key, folder_ / "keys/transport.key");
  EXPECT_EQ(config->sealing_keys,
            (std::vector<std::string>{folder_ / "keys/sealing.pem", "/elsewhere/old.pem"}));
  EXPECT_EQ(config->local, "ipc://" + (folder_ / "local.sock"));
  EXPECT_EQ(config->local_key, folder_ / "keys/local.key");
  EXPECT_EQ(config->admin, folder_ / "admin.sock");
  ASSERT_EQ(config->applications.size(), 2U);
  EXPECT_EQ(config->applications[0].name, "desk");
  EXPECT_EQ(config->applications[0].publish, (std::vector<std::string>{"threat.*", "contact"}));
  EXPECT_EQ(config->applications[0].read, std::vector<std::string>{"*"});
  EXPECT_TRUE(config->applications[1].publish.empty()) << "no grant where none is written";
  EXPECT_TRUE(config->applications[1].read.empty());
}

TEST_F(ConfigTest, ANodeWithoutWitnessKeyAndApplicationsIsGood) {
  const Result<Config> config = read();
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->witness_key, "");
  EXPECT_EQ(config->batch_size_max, 256U);
  EXPECT_TRUE(config->applications.empty());
}

TEST_F(ConfigTest, ALocalEndpointOverTcpStaysOne) {
  keys_["local"] = "'tcp://127.0.0.1:7001'";
  EXPECT_EQ(read().value().local, "tcp://127.0.0.1:7001");
}

TEST_F(ConfigTest, EachKeyThatIsMissingIsNamed) {
  const std::map<std::string, std::string> all = keys_;
  for (const auto& [key, value] : all) {
    keys_ = all;
    keys_.erase(key);
    expect("config-invalid", key);
  }
}

TEST_F(ConfigTest, EachKeyOfAnotherTypeIsNamed) {
  const std::map<std::string, std::string> all = keys_;
  for (const auto& [key, value] : all) {
    keys_ = all;
    keys_[key] = "7";
    expect("config-wrong-type", key);
  }
  keys_ = all;
  keys_["witness_key"] = "true";
  expect("config-wrong-type", "witness_key");
  keys_ = all;
  keys_["batch_size_max"] = "'1'";
  expect("config-wrong-type", "batch_size_max");
}

TEST_F(ConfigTest, AnUnknownKeyIsNamedWithTheNearest) {
  keys_["sealing_key"] = "'x'";
  expect("config-unknown-key", "sealing_keys");
  keys_.erase("sealing_key");
  expect("config-unknown-key", "publish", application("desk", hex_a) + "publsh = ['*']\n");
  expect("config-unknown-key", "aplication", "[[aplication]]\nname = 'desk'\n");
}

TEST_F(ConfigTest, ValuesThatCannotBeAreRefused) {
  const std::map<std::string, std::string> all = keys_;
  const auto refused = [&](const std::string& key, const std::string& value) {
    keys_ = all;
    keys_[key] = value;
    expect("config-invalid", key);
  };
  refused("member", "'armenia'");
  refused("member", "''");
  refused("member", "'ABCDEFGHI'");
  refused("genesis", "'" + std::string(63, 'a') + "'");
  refused("genesis", "'" + std::string(64, 'g') + "'");
  refused("hub_key", "''");
  refused("hub", "'ipc:///tmp/hub'");
  refused("hub", "'tcp://127.0.0.1:99999'");
  refused("hub", "'tcp://*:7000'");
  refused("hub", "'tcp://127.0.0.1:*'");
  refused("local", "'tcp://127.0.0.1:65536'");
  for (const std::string key : {"local", "admin"}) {
    const std::size_t room = zmq::kIpcPathBytesMax - (folder_ / "").size();
    refused(key, "'" + std::string(room + 1, 'x') + "'");
    keys_[key] = "'" + std::string(room, 'x') + "'";
    EXPECT_EQ(said(), "good") << key;
  }
  refused("batch_size_max", "0");
  refused("batch_size_max", "257");
  refused("sealing_keys", "[]");
  refused("sealing_keys", "['credential:../x']");
  refused("signing_key", "'credential:'");
  refused("transport_key", "'env:A=B'");
  refused("witness_key", "'env:'");
}

TEST_F(ConfigTest, ApplicationsHaveNamesAndKeysOfTheirOwn) {
  EXPECT_EQ(said(application("desk", hex_a) + application("archive", hex_b)), "good");
  expect("config-invalid", "a name of its own",
         application("desk", hex_a) + application("desk", hex_b));
  expect("config-invalid", "a key of its own",
         application("desk", hex_a) + application("archive", hex_a));
  for (const std::string& none :
       std::vector<std::string>{"", "a b", "../desk", ".desk", "d/e", std::string(65, 'a')}) {
    expect("config-invalid", "letters, digits", application(none, hex_a));
  }
  EXPECT_EQ(said(application("9.a_B-" + std::string(58, 'z'), hex_a)), "good");
  expect("config-invalid", "key", application("desk", "abc"));
  expect("config-invalid", "name", "[[application]]\nkey = '" + hex_a + "'\n");
}

// C-5
TEST_F(ConfigTest, AGrantIsOfPatternsOfKinds) {
  expect("config-invalid", "publish", application("desk", hex_a) + "publish = ['Threat']\n");
  expect("config-invalid", "rate", application("desk", hex_a) + "rate = 0\n");
  expect("config-invalid", "rate", application("desk", hex_a) + "rate = 100001\n");
  expect("config-invalid", "read", application("desk", hex_a) + "read = ['threat.*', '']\n");
  expect("config-wrong-type", "read", application("desk", hex_a) + "read = '*'\n");
}

TEST_F(ConfigTest, EachTimeOfOverdueIsTheOneOfItsKey) {
  using std::chrono::seconds;
  EXPECT_EQ(read().value().overdue, OverdueLimits{});
  keys_["overdue"] =
      "{ logged_seconds = 3, urgent_logged_seconds = 2, delivered_seconds = 6, "
      "urgent_delivered_seconds = 5, cosigned_growth_seconds = 7, cosigned_idle_seconds = 80 }";
  EXPECT_EQ(read().value().overdue,
            (OverdueLimits{.logged = {.patient = seconds(3), .urgent = seconds(2)},
                           .delivered = {.patient = seconds(6), .urgent = seconds(5)},
                           .cosigned_growth = seconds(7),
                           .cosigned_idle = seconds(80)}));
}

TEST_F(ConfigTest, ATimeOfOverdueThatWouldAlwaysOrNeverBeOverIsRefused) {
  const auto refused = [&](const std::string& key, std::uint64_t least) {
    for (const std::uint64_t value : {least - 1, std::uint64_t{31'536'001}}) {
      keys_["overdue"] = "{ " + key + " = " + std::to_string(value) + " }";
      expect("config-invalid", key);
    }
  };
  refused("logged_seconds", 1);
  refused("urgent_logged_seconds", 1);
  refused("delivered_seconds", 5);
  refused("urgent_delivered_seconds", 1);
  refused("cosigned_growth_seconds", 5);
  refused("cosigned_idle_seconds", 60);
  keys_["overdue"] = "{ loged_seconds = 7 }";
  expect("config-unknown-key", "logged_seconds");
}

TEST_F(ConfigTest, WhatIsUrgentIsOverdueNoLaterThanTheRest) {
  keys_["overdue"] = "{ logged_seconds = 29 }";
  expect("config-invalid", "no less than urgent_logged_seconds, 30");
  keys_["overdue"] = "{ urgent_delivered_seconds = 86401 }";
  expect("config-invalid", "no less than urgent_delivered_seconds, 86401");
  keys_["overdue"] = "{ logged_seconds = 30, urgent_delivered_seconds = 86400 }";
  EXPECT_EQ(said(), "good");
}

TEST_F(ConfigTest, AWitnessIsAskedOverHttpOnLoopbackAndWhereItHasAKey) {
  keys_["witness"] = "{ listen = '127.0.0.1:9466' }";
  expect("config-invalid", "witness_key");
  keys_["witness_key"] = "'keys/witness.pem'";
  EXPECT_EQ(read().value().witness, "127.0.0.1:9466");
  EXPECT_EQ(read().value().http, "");
  keys_["witness"] = "{ listen = '0.0.0.0:9466' }";
  expect("config-invalid", "witness.listen");
  keys_["witness"] = "{ port = 9466 }";
  expect("config-unknown-key", "witness.port");
}

std::string hook(std::string_view name, std::string_view rest) {
  return "[[hook]]\nname = '" + std::string(name) + "'\n" + std::string(rest) + "\n";
}

TEST_F(ConfigTest, AHookHasACommandOrAUrlAndWhatGoesWithIt) {
  const Result<Config> config =
      read(hook("duty",
                "command = ['/bin/page', '--from', '']\nurgent_only = true\n"
                "on = ['logged', 'delivered', 'acknowledged', 'cosigned']\n"
                "timeout_seconds = 600") +
           hook("pager",
                "url = 'https://pager.example/x'\nsecret = 'keys/hook.secret'\n"
                "ca = 'ca.pem'"));
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->hooks,
            (std::vector<HookConfig>{
                {.name = "duty",
                 .command = {"/bin/page", "--from", ""},
                 .filter = {.on = {"logged", "delivered", "acknowledged", "cosigned"},
                            .urgent_only = true},
                 .timeout = std::chrono::seconds(600)},
                {.name = "pager",
                 .url = "https://pager.example/x",
                 .secret = folder_ / "keys/hook.secret",
                 .ca = folder_ / "ca.pem"}}));
  EXPECT_EQ(config->hooks[1].timeout, std::chrono::seconds(30));
  EXPECT_TRUE(read().value().hooks.empty());
}

TEST_F(ConfigTest, AHookThatCannotBeIsRefused) {
  const auto refused = [&](std::string_view word, std::string_view rest) {
    expect("config-invalid", word, hook("duty", rest));
  };
  const std::string command = "command = ['/bin/page']\n";
  const std::string url = "url = 'https://pager.example'\n";
  refused("one of the two", "");
  refused("one of the two", command + url);
  refused("absolute path", "command = []");
  refused("absolute path", "command = ['page']");
  refused("zero byte", "command = ['/bin/page', \"a\\u0000b\"]");
  refused("hook[0].url", "url = 'ftp://pager.example'");
  refused("only what goes to a url", command + "secret = 'secret'");
  refused("https", command + "ca = 'ca.pem'");
  refused("https", "url = 'http://pager.example'\nca = 'ca.pem'");
  refused("secret", url + "secret = 'env:'");
  refused("hook[0].on", url + "on = []");
  refused("hook[0].on", url + "on = ['loged']");
  refused("timeout_seconds", url + "timeout_seconds = 0");
  refused("timeout_seconds", url + "timeout_seconds = 601");
  expect("config-invalid", "letters, digits", hook("a b", command));
  expect("config-invalid", "a name of its own", hook("duty", command) + hook("duty", url));
  expect("config-unknown-key", "did you mean url", hook("duty", "ulr = 'https://a'"));
  expect("config-wrong-type", "urgent_only", hook("duty", command + "urgent_only = 1"));
  std::string all;
  for (int i = 0; i < 16; ++i) {
    all += hook("hook" + std::to_string(i), command);
  }
  EXPECT_EQ(said(all), "good");
  expect("config-invalid", "at most 16", all + hook("last", command));
}

TEST_F(ConfigTest, EachKeyThatDiffersIsNamed) {
  keys_["witness_key"] = "'keys/witness.pem'";
  keys_["batch_size_max"] = "1";
  keys_["disk"] = "{ warn_free_bytes = 5000000000 }";
  keys_["http"] = "{ listen = '127.0.0.1:9465' }";
  keys_["witness"] = "{ listen = '127.0.0.1:9466' }";
  keys_["overdue"] = "{ logged_seconds = 601 }";
  const Config before = *read();
  EXPECT_EQ(changed_keys(before, before), std::vector<std::string>{});
  const std::map<std::string, std::string> good = keys_;
  for (const auto& [key, value] : good) {
    keys_ = good;
    keys_[key] = key == "member"                        ? "'BY'"
                 : key == "genesis" || key == "hub_key" ? "'" + std::string(64, 'c') + "'"
                 : key == "hub"                         ? "'tcp://127.0.0.1:7001'"
                 : key == "sealing_keys"                ? "['another']"
                 : key == "batch_size_max"              ? "2"
                 : key == "disk"                        ? "{ warn_free_bytes = 5000000001 }"
                 : key == "overdue"                     ? "{ logged_seconds = 602 }"
                 : key == "witness"                     ? "{ listen = '[::1]:9466' }"
                 : key == "http"                        ? "{ listen = '[::1]:9465' }"
                                                        : "'another'";
    EXPECT_EQ(changed_keys(before, *read()), std::vector<std::string>{key});
  }
  keys_ = good;
  const std::string desk = "[[application]]\nname = 'desk'\nkey = '" + hex_a + "'\n";
  const Config with_desk = *read(desk);
  EXPECT_EQ(changed_keys(before, with_desk), std::vector<std::string>{"application"});
  EXPECT_EQ(changed_keys(with_desk, *read(desk + "read = ['*']\n")),
            std::vector<std::string>{"application"});
  EXPECT_EQ(changed_keys(before, *read(hook("duty", "command = ['/bin/page']"))),
            std::vector<std::string>{"hook"});
}

TEST_F(ConfigTest, AFileThatIsMissingOrNoTomlIsNamed) {
  const Result<Config> missing = read_config(folder_ / "nowhere.toml");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kFileMissing);
  EXPECT_NE(missing.error().detail.find("nowhere.toml"), std::string::npos);
  expect("config-invalid", "", "member = \n");
  expect("config-invalid", "", "member = 'BY'\n");
}

}  // namespace
}  // namespace chancery::node
