#include "broker/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/base/encoding.h"
#include "io/os/file.h"
#include "io/zmq/endpoint.h"
#include "tests/support/outcome.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::broker {
namespace {

using Keys = std::map<std::string, std::string>;  // To values as they stand in TOML.

Keys good() {
  return {{"listen", R"("tcp://127.0.0.1:7400")"},
          {"genesis", '"' + std::string(64, 'a') + '"'},
          {"founding", R"("founding.bin")"},
          {"store", R"("data/hub.db")"},
          {"log_key", R"("keys/log.pem")"},
          {"transport_key", R"("/etc/chancery/transport.pem")"},
          {"admin", R"("../run/admin.sock")"}};
}

class ConfigTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "hub.toml"; }
  Result<Config> read_text(std::string_view text) {
    EXPECT_TRUE(os::replace_file(path(), text, 0600).has_value());
    return read_config(path());
  }
  Result<Config> read(const Keys& keys) {
    std::string text;
    for (const auto& [key, value] : keys) {
      text += key;
      text += " = " + value + "\n";
    }
    return read_text(text);
  }
  // With one key changed.
  Result<Config> with(const std::string& key, const std::string& value) {
    Keys keys = good();
    keys[key] = value;
    return read(keys);
  }

  os::TemporaryFolder folder_;
};

TEST_F(ConfigTest, EveryKeyIsRead) {
  const Result<Config> config = read(good());
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->listen, "tcp://127.0.0.1:7400");
  EXPECT_EQ(hex(config->genesis), std::string(64, 'a'));
  EXPECT_EQ(config->transport_key, "/etc/chancery/transport.pem");
}

TEST_F(ConfigTest, PathsAreRelativeToTheFolderOfTheFile) {
  const std::filesystem::path folder = folder_.path();
  const Result<Config> config = read(good());
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->founding, folder / "founding.bin");
  EXPECT_EQ(config->store, folder / "data/hub.db");
  EXPECT_EQ(config->log_key, folder / "keys/log.pem");
  EXPECT_EQ(config->admin, folder.parent_path() / "run/admin.sock");
  // Also where the file itself is named from elsewhere.
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  const Result<Config> relative = read_config("hub.toml");
  std::filesystem::current_path(here);
  ASSERT_TRUE(relative.has_value());
  EXPECT_EQ(relative->store, config->store);
}

TEST_F(ConfigTest, EveryKeyIsRequiredAndNamedWhereItIsMissing) {
  for (const auto& [key, value] : good()) {
    Keys keys = good();
    keys.erase(key);
    const Result<Config> config = read(keys);
    ASSERT_EQ(test::outcome(config), "config-invalid") << key;
    EXPECT_NE(config.error().detail.find(key), std::string::npos) << config.error().detail;
    EXPECT_NE(config.error().detail.find(path()), std::string::npos) << config.error().detail;
  }
}

TEST_F(ConfigTest, EveryKeyIsATextAndNamedWithItsLineWhereItIsNot) {
  for (const auto& [key, value] : good()) {
    for (const char* const other : {"7", "true", "[\"a\"]", "{ a = 1 }"}) {
      const Result<Config> config = with(key, other);
      ASSERT_EQ(test::outcome(config), "config-wrong-type") << key << other;
      EXPECT_NE(config.error().detail.find(key), std::string::npos) << config.error().detail;
      EXPECT_NE(config.error().detail.find("hub.toml:"), std::string::npos)
          << config.error().detail;
    }
  }
}

TEST_F(ConfigTest, QuotasHaveDefaultsAndNeverStandStill) {
  const auto quota = [&](const std::string& text) {
    Keys keys = good();
    keys["quota"] = "{ " + text + " }";
    return read(keys);
  };
  const Result<Config> set = quota("notices_per_second = 3, urgent_bytes_burst = 1099511627776");
  ASSERT_EQ(test::outcome(set), "good");
  EXPECT_EQ(set->quota.lanes.patient.notices.per_second, 3U);
  EXPECT_EQ(set->quota.lanes.patient.notices.burst, QuotaLimits{}.lanes.patient.notices.burst);
  EXPECT_EQ(set->quota.lanes.urgent.bytes.burst, kRateMax);
  EXPECT_EQ(test::outcome(quota("notices_burst = 0")), "config-invalid");
  EXPECT_EQ(test::outcome(quota("bytes_per_second = 1099511627777")), "config-invalid");
  EXPECT_EQ(test::outcome(quota("notices = 3")), "config-unknown-key");
}

TEST_F(ConfigTest, AnUnknownKeyIsRefusedWithTheNearestOne) {
  Keys keys = good();
  keys["genisis"] = "\"x\"";
  const Result<Config> config = read(keys);
  ASSERT_EQ(test::outcome(config), "config-unknown-key");
  EXPECT_NE(config.error().detail.find("genisis"), std::string::npos) << config.error().detail;
  EXPECT_NE(config.error().detail.find("did you mean genesis?"), std::string::npos)
      << config.error().detail;
  EXPECT_NE(config.error().detail.find("hub.toml:"), std::string::npos) << config.error().detail;
  EXPECT_EQ(test::outcome(with("limits", "{ queue = 1 }")), "config-unknown-key");
}

TEST_F(ConfigTest, AGenesisIs64HexadecimalDigits) {
  const auto genesis = [&](const std::string& value) {
    return test::outcome(with("genesis", '"' + value + '"'));
  };
  EXPECT_EQ(genesis(std::string(64, '0')), "good");
  for (const std::string& bad : {std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'),
                                 std::string(64, 'A'), std::string(), std::string("0x")}) {
    EXPECT_EQ(genesis(bad), "config-invalid") << bad;
  }
}

TEST_F(ConfigTest, AnEndpointIsTcp) {
  for (const char* const bad :
       {"\"\"", "\"127.0.0.1:7400\"", "\"ipc:///tmp/x\"", "\"TCP://x:1\""}) {
    const Result<Config> config = with("listen", bad);
    ASSERT_EQ(test::outcome(config), "config-invalid") << bad;
    EXPECT_NE(config.error().detail.find("listen"), std::string::npos) << config.error().detail;
  }
}

// The rules are those of io/zmq/endpoint.h.
TEST_F(ConfigTest, AnEndpointThatLibzmqWouldBendIsRefusedWithItsLineAndTheRule) {
  EXPECT_EQ(test::outcome(with("listen", R"("tcp://*:65535")")), "good");
  EXPECT_EQ(test::outcome(with("listen", R"("tcp://127.0.0.1:*")")), "good") << "any free port";
  for (const char* const bad : {R"("tcp://127.0.0.1:65536")", R"("tcp://127.0.0.1:99999")",
                                R"("tcp://127.0.0.1:0")", R"("tcp://127.0.0.1:")"}) {
    const Result<Config> config = with("listen", bad);
    ASSERT_EQ(test::outcome(config), "config-invalid") << bad;
    for (const char* const word : {"listen", "hub.toml:", "1 to 65535"}) {
      EXPECT_NE(config.error().detail.find(word), std::string::npos) << config.error().detail;
    }
  }
  EXPECT_EQ(test::outcome(with("listen", R"("tcp://127.0.0.256:7400")")), "config-invalid");
}

TEST_F(ConfigTest, TheAdminSocketsPathHasItsLimit) {
  const std::size_t room = zmq::kIpcPathBytesMax - (folder_ / "").size();
  EXPECT_EQ(test::outcome(with("admin", '"' + std::string(room, 'x') + '"')), "good");
  const Result<Config> config = with("admin", '"' + std::string(room + 1, 'x') + '"');
  ASSERT_EQ(test::outcome(config), "config-invalid");
  EXPECT_NE(config.error().detail.find("admin"), std::string::npos) << config.error().detail;
}

TEST_F(ConfigTest, AFileThatIsMissingOrIsNoTomlIsRefused) {
  EXPECT_EQ(test::outcome(read_config(folder_ / "none.toml")), "file-missing");
  EXPECT_EQ(test::outcome(read_text("listen = ")), "config-invalid");
  EXPECT_EQ(test::outcome(read_text("listen = \"a\"\nlisten = \"b\"")), "config-invalid");
  EXPECT_EQ(test::outcome(read_text("")), "config-invalid");
  EXPECT_EQ(test::outcome(read_text("listen = \"\xff\"")), "config-invalid");
}

TEST_F(ConfigTest, EachKeyThatDiffersIsNamed) {
  Keys keys = good();
  keys["log_key_next"] = R"("keys/next.pem")";
  keys["disk"] = "{ warn_free_bytes = 5000000000 }";
  keys["quota"] = "{ notices_burst = 5 }";
  keys["http"] = R"({ listen = "127.0.0.1:9464" })";
  const Config before = *read(keys);
  EXPECT_EQ(changed_keys(before, before), std::vector<std::string>{});
  for (const auto& [key, value] : keys) {
    Keys others = keys;
    others[key] = key == "genesis"  ? '"' + std::string(64, 'b') + '"'
                  : key == "listen" ? R"("tcp://127.0.0.1:7401")"
                  : key == "disk"   ? "{ warn_free_bytes = 5000000001 }"
                  : key == "quota"  ? "{ notices_burst = 6 }"
                  : key == "http"   ? R"({ listen = "[::1]:9464" })"
                                    : R"("another")";
    EXPECT_EQ(changed_keys(before, *read(others)), std::vector<std::string>{key});
  }
}

TEST_F(ConfigTest, APathIsNotEmpty) {
  for (const char* const key : {"founding", "store", "log_key", "transport_key", "admin"}) {
    EXPECT_EQ(test::outcome(with(key, "\"\"")), "config-invalid") << key;
  }
}

}  // namespace
}  // namespace chancery::broker
