// Every file under config/ is one that the programs take.

#include "broker/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "chancery/client.h"
#include "cli/exchange_init.h"
#include "cli/exchange_run.h"
#include "client/src/options.h"
#include "core/base/encoding.h"
#include "io/os/file.h"
#include "node/config.h"
#include "tests/unit/cli/config_folder.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

TEST(ConfigTest, EveryProfileMakesAnExchange) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(config_folder + "exchanges")) {
    const os::TemporaryFolder temporary;
    ExchangeInitOptions options;
    options.profile = entry.path();
    options.folder = temporary / "x";
    const auto made = init_exchange(options);
    EXPECT_TRUE(made.has_value()) << entry.path() << ": " << made.error().to_string();
    ++count;
  }
  EXPECT_GE(count, 2);
}

TEST(ConfigTest, TheDaemonsTakeTheExamples) {
  const auto hub = broker::read_config(config_folder + "hub.example.toml");
  ASSERT_TRUE(hub.has_value()) << hub.error().to_string();
  EXPECT_TRUE(hub->listen.starts_with("tcp://"));
  const auto node = node::read_config(config_folder + "node.example.toml");
  ASSERT_TRUE(node.has_value()) << node.error().to_string();
  EXPECT_EQ(node->applications.size(), 2U);
}

TEST(ConfigTest, TheDaemonsTakeWhatATrialExchangeGets) {
  const os::TemporaryFolder temporary;
  ExchangeInitOptions options;
  options.profile = config_folder + "exchanges/csto-partners";
  options.folder = temporary / "x";
  const auto made = init_exchange(options);
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  const auto hub = broker::read_config(options.folder + "/hub/hub.toml");
  ASSERT_TRUE(hub.has_value()) << hub.error().to_string();
  EXPECT_EQ(hub->listen, made->hub_endpoint);
  EXPECT_EQ(hub->genesis, made->genesis);
  EXPECT_TRUE(os::read_file(hub->founding, 1U << 20U).has_value()) << hub->founding;
  EXPECT_TRUE(os::read_key_file(hub->log_key).has_value()) << hub->log_key;
  for (const std::string& code : made->members) {
    const auto node = node::read_config(options.folder + "/" + member_folder(code) + "/node.toml");
    ASSERT_TRUE(node.has_value()) << node.error().to_string();
    EXPECT_EQ(node->member, code);
    EXPECT_EQ(node->hub, made->hub_endpoint);
    // Only members of role member are witnesses.
    EXPECT_EQ(node->witness_key.empty(), code == "PC" || code == "SEC" || code == "UN") << code;
    for (const std::string& key : {node->signing_key, node->transport_key, node->local_key}) {
      EXPECT_TRUE(os::read_key_file(key).has_value()) << key;
    }
  }
}

TEST(ConfigTest, TheClientLibraryTakesWhatATrialExchangeGetsAndTheExampleOnceItHasAKey) {
  const os::TemporaryFolder temporary;
  ExchangeInitOptions options;
  options.profile = config_folder + "exchanges/csto";
  options.folder = temporary / "x";
  const auto made = init_exchange(options);
  ASSERT_TRUE(made.has_value());
  const std::string application = options.folder + "/am/apps/desk";
  const client::Options own = client::Options::from_file(application + "/client.toml");
  EXPECT_EQ(own.member, "AM");
  EXPECT_EQ(own.genesis, hex(made->genesis));
  // The example names key.pem beside itself.
  const auto example = os::read_file(config_folder + "client.example.toml", 1U << 20U);
  ASSERT_TRUE(example.has_value());
  ASSERT_TRUE(os::replace_file(application + "/client.toml", *example, 0600).has_value());
  EXPECT_EQ(client::Options::from_file(application + "/client.toml").member, "AM");
}

TEST(ConfigTest, ThePageHasTheKeysOfAClientFile) {
  const auto page = os::read_file(config_folder + "../docs/reference/config.md", 1U << 20U);
  ASSERT_TRUE(page.has_value());
  const std::size_t begin = page->find("\n## client.toml\n");
  ASSERT_NE(begin, std::string::npos);
  std::istringstream section(page->substr(begin, page->find("\n## ", begin + 1) - begin));
  std::vector<std::string> shown;
  for (std::string line; std::getline(section, line);) {
    if (line.starts_with("| `")) {
      shown.push_back(line.substr(3, line.find('`', 3) - 3));
    }
  }
  EXPECT_EQ(shown, std::vector<std::string>(client::kFileKeys.begin(), client::kFileKeys.end()));
}

}  // namespace
}  // namespace chancery::cli
