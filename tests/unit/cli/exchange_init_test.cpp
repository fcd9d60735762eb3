#include "cli/exchange_init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "io/zmq/endpoint.h"
#include "tests/support/source_folder.h"
#include "tests/unit/cli/file_mode.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kEndpoint = "tcp://127.0.0.1:7411";
constexpr std::uint64_t kNowUs = 1'700'000'000'000'000;
const std::string profiles_folder = std::string(test::source_folder) + "/config/exchanges/";

// The same numbers every time.
Random counting_random() {
  return [counter = std::uint64_t{0}](std::size_t size) mutable {
    std::string bytes;
    while (bytes.size() < size) {
      bytes += as_view(crypto::sha256({u64_be(counter++)}));
    }
    return bytes.substr(0, size);
  };
}

Profile profile(const std::string& name) {
  const std::string path = profiles_folder + name + "/profile.toml";
  const auto text = os::read_file(path, kProfileBytesMax);
  EXPECT_TRUE(text.has_value()) << path;
  auto parsed = parse_profile(text.value_or(""), path);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().to_string();
  return std::move(parsed).value_or(Profile{});
}

ExchangePlan plan(const std::string& name = "csto") {
  auto made = plan_exchange(profile(name), kEndpoint, kNowUs, counting_random());
  EXPECT_TRUE(made.has_value()) << made.error().to_string();
  return std::move(made).value();
}

std::map<std::string, std::string> files_of(const ExchangePlan& plan) {
  std::map<std::string, std::string> files;
  for (const PlannedFile& file : plan.files) {
    EXPECT_TRUE(files.emplace(file.path, file.bytes).second) << file.path;
  }
  return files;
}

// Folds the founding file as a node does that knows the genesis and nothing else.
exchange::Directory fold(const ExchangePlan& plan) {
  exchange::Directory directory(plan.genesis);
  exchange::RootCache cache;
  const auto founding = exchange::parse_wire<v1::FoundingFile>(files_of(plan).at("founding.bin"));
  EXPECT_TRUE(founding.has_value());
  for (const std::string& bytes : founding->entries()) {
    const auto envelope = exchange::parse_envelope(bytes, plan.genesis);
    EXPECT_TRUE(envelope.has_value()) << envelope.error().to_string();
    const auto applied = directory.apply(*envelope, cache);
    EXPECT_TRUE(applied.has_value()) << applied.error().to_string();
  }
  return directory;
}

TEST(ExchangeInitTest, TheFoundingFileFoldsToTheMembersOfTheProfile) {
  const ExchangePlan made = plan();
  const exchange::Directory directory = fold(made);
  ASSERT_TRUE(directory.founded());
  EXPECT_EQ(directory.roster().exchange(), "CSTO");
  EXPECT_EQ(directory.roster().assent(), 4U);
  EXPECT_EQ(directory.active_nodes().size(), 6U);
  for (const std::string code : {"AM", "BY", "KG", "KZ", "RU", "TJ"}) {
    const auto nodes = directory.active_nodes_of(code);
    ASSERT_EQ(nodes.size(), 1U) << code;
    EXPECT_TRUE(nodes[0]->voice) << code;
    EXPECT_TRUE(nodes[0]->witness_key.has_value()) << code;
  }
}

TEST(ExchangeInitTest, PartnersHaveNeitherVoiceNorWitnessAndInstitutionsNoWitness) {
  const exchange::Directory directory = fold(plan("csto-partners"));
  EXPECT_EQ(directory.active_nodes().size(), 9U);
  const auto un = directory.active_nodes_of("UN");
  const auto sec = directory.active_nodes_of("SEC");
  ASSERT_EQ(un.size(), 1U);
  ASSERT_EQ(sec.size(), 1U);
  EXPECT_FALSE(un[0]->voice);
  EXPECT_FALSE(un[0]->witness_key.has_value());
  EXPECT_TRUE(sec[0]->voice);
  EXPECT_FALSE(sec[0]->witness_key.has_value());
}

TEST(ExchangeInitTest, TheKeyFilesAreThoseOfTheDirectory) {
  const ExchangePlan made = plan();
  const auto files = files_of(made);
  const exchange::Directory directory = fold(made);
  const auto key = [&](const std::string& path) {
    auto parsed = crypto::PrivateKey::from_pem(files.at(path));
    EXPECT_TRUE(parsed.has_value()) << path;
    return std::move(parsed).value();
  };
  EXPECT_EQ(directory.member("KZ")->authority_key(), key("authorities/KZ.pem").public_key().spki());
  const exchange::NodeInfo& node = *directory.active_nodes_of("KZ").at(0);
  EXPECT_EQ(node.signing_key, key("kz/keys/signing.pem").public_key());
  EXPECT_TRUE(node.witness_key == key("kz/keys/witness.pem").public_key());
  EXPECT_EQ(node.transport_key, key("kz/keys/transport.pem").public_key());
  EXPECT_EQ(*node.current_sealing_key(), key("kz/keys/sealing.pem").public_key());
  EXPECT_EQ(directory.roster().hub().log_keys(0), key("hub/keys/log.pem").public_key().spki());
  const std::string hub_key = hex(key("hub/keys/transport.pem").public_key().raw());
  EXPECT_NE(files.at("kz/node.toml").find("hub_key = \"" + hub_key), std::string::npos);
  const std::string application = hex(key("kz/apps/desk/key.pem").public_key().raw());
  EXPECT_NE(files.at("kz/node.toml").find("\nkey = \"" + application), std::string::npos);
  const std::string local = hex(key("kz/keys/local.pem").public_key().raw());
  EXPECT_NE(files.at("kz/apps/desk/client.toml").find("node_key = \"" + local), std::string::npos);
}

TEST(ExchangeInitTest, NoKeyIsUsedTwice) {
  const ExchangePlan made = plan("csto-partners");
  std::set<std::string> keys;
  std::size_t count = 0;
  for (const PlannedFile& file : made.files) {
    if (file.path.ends_with(".pem")) {
      ++count;
      keys.insert(file.bytes);
    }
  }
  EXPECT_EQ(count, 2U + 9 * 6 + 6);  // Hub; six for each; a witness key for each of role member.
  EXPECT_EQ(keys.size(), count);
}

TEST(ExchangeInitTest, TheSameRandomnessAndTimeMakeTheSameExchange) {
  EXPECT_EQ(files_of(plan()), files_of(plan()));
  const auto later = plan_exchange(profile("csto"), kEndpoint, kNowUs + 1, counting_random());
  ASSERT_TRUE(later.has_value());
  EXPECT_NE(later->genesis, plan().genesis);
}

TEST(ExchangeInitTest, WhatTheDirectoryRefusesIsNotPlanned) {
  Profile bad = profile("csto");
  bad.roster.set_assent(7);  // Of six members.
  const auto made = plan_exchange(bad, kEndpoint, kNowUs, counting_random());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidEntry);

  Profile spaced = profile("csto");
  spaced.roster.mutable_hub()->set_origin_line("two words");
  const auto unnamed = plan_exchange(spaced, kEndpoint, kNowUs, counting_random());
  ASSERT_FALSE(unnamed.has_value());
  EXPECT_EQ(unnamed.error().code, ErrorCode::kInvalidEntry);
}

TEST(ExchangeInitTest, AMemberWhoseFolderWouldBeTheHubsIsRefused) {
  Profile bad = profile("csto");
  bad.roster.mutable_members(2)->set_code("HUB");
  const auto made = plan_exchange(bad, kEndpoint, kNowUs, counting_random());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kConfigInvalid);
}

TEST(ExchangeInitTest, EveryFileAndFolderIsForItsOwnerOnly) {
  const os::TemporaryFolder temporary;
  const std::string target = temporary / "x";
  const ExchangePlan made = plan();
  const auto written = write_exchange(made, target);
  ASSERT_TRUE(written.has_value()) << written.error().to_string();
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(target)) {
    EXPECT_EQ(mode_of(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
    if (!entry.is_directory()) {
      found.insert(std::filesystem::relative(entry.path(), target).string());
    }
  }
  EXPECT_EQ(mode_of(target), 0700U);
  std::set<std::string> planned;
  for (const PlannedFile& file : made.files) {
    planned.insert(file.path);
    EXPECT_EQ(os::read_file(target + "/" + file.path, 1U << 20U).value_or(""), file.bytes);
  }
  EXPECT_EQ(found, planned);
  for (const std::string folder : {"/hub/store", "/hub/run", "/tj/store", "/tj/run"}) {
    EXPECT_TRUE(std::filesystem::is_directory(target + folder)) << folder;
  }
  EXPECT_TRUE(os::read_key_file(target + "/am/keys/signing.pem").has_value());
}

TEST(ExchangeInitTest, NothingIsOverwritten) {
  const os::TemporaryFolder temporary;
  const std::string target = temporary / "x";
  ASSERT_TRUE(write_exchange(plan(), target).has_value());
  const auto before = os::read_file(target + "/exchange.toml", 1U << 20U);
  const auto again = write_exchange(plan("csto-partners"), target);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kExists);
  EXPECT_EQ(os::read_file(target + "/exchange.toml", 1U << 20U).value_or(""), before.value_or("-"));

  const std::string dangling = temporary / "link";
  std::filesystem::create_symlink(temporary / "nowhere", dangling);
  const auto through = write_exchange(plan(), dangling);
  ASSERT_FALSE(through.has_value());
  EXPECT_EQ(through.error().code, ErrorCode::kExists);
}

TEST(ExchangeInitTest, APathTooLongForSocketsIsRefusedBeforeAnythingIsWritten) {
  const os::TemporaryFolder temporary;
  const std::string tail = "/am/run/admin.sock";
  const std::size_t used = temporary.path().size() + 1 + tail.size();
  const std::string longest = temporary / std::string(zmq::kIpcPathBytesMax - used, 'x');
  const auto over = write_exchange(plan(), longest + "x");
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().code, ErrorCode::kLimitExceeded);
  EXPECT_FALSE(std::filesystem::exists(longest + "x"));
  EXPECT_TRUE(write_exchange(plan(), longest).has_value());
}

TEST(ExchangeInitTest, AFailedWriteLeavesNothingBehind) {
  const os::TemporaryFolder temporary;
  ExchangePlan broken = plan();
  broken.files.push_back({"no-such-folder/file", "x"});
  EXPECT_FALSE(write_exchange(broken, temporary / "x").has_value());
  EXPECT_FALSE(std::filesystem::exists(temporary / "x"));
}

TEST(ExchangeInitTest, TheWholeCommandMakesAnExchangeOfItsOwnEachTime) {
  const os::TemporaryFolder temporary;
  ExchangeInitOptions options;
  options.profile = profiles_folder + "csto";
  options.folder = temporary / "a";
  options.port = 17411;
  const auto first = init_exchange(options);
  ASSERT_TRUE(first.has_value()) << first.error().to_string();
  EXPECT_EQ(first->hub_endpoint, "tcp://127.0.0.1:17411");
  options.folder = temporary / "b";
  options.port.reset();
  options.profile += "/profile.toml";
  const auto second = init_exchange(options);
  ASSERT_TRUE(second.has_value()) << second.error().to_string();
  EXPECT_EQ(second->hub_endpoint, kEndpoint);
  EXPECT_NE(first->genesis, second->genesis);

  const auto json = text::parse_json(describe_exchange(*second, options.folder, true), 4);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->value("genesis", ""), hex(second->genesis));
  EXPECT_EQ((*json)["members"].size(), 6U);
}

TEST(ExchangeInitTest, AMissingProfileAndAForeignEndpointAreTypedErrors) {
  const os::TemporaryFolder temporary;
  ExchangeInitOptions options;
  options.profile = temporary / "none";
  options.folder = temporary / "x";
  const auto missing = init_exchange(options);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kFileMissing);
  options.profile = profiles_folder + "csto";
  for (const char* const endpoint : {"ipc:///tmp/hub", "tcp://*:7411", "tcp://127.0.0.1:65536"}) {
    options.listen = endpoint;
    const auto foreign = init_exchange(options);
    ASSERT_FALSE(foreign.has_value()) << endpoint;
    EXPECT_EQ(foreign.error().code, ErrorCode::kUsage) << endpoint;
  }
  EXPECT_FALSE(std::filesystem::exists(options.folder));
}

}  // namespace
}  // namespace chancery::cli
