#include "node/config.h"

#include <filesystem>
#include <set>

#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "daemon/disk_watch.h"
#include "daemon/places.h"
#include "daemon/vitals.h"
#include "io/text/toml.h"
#include "io/zmq/endpoint.h"

namespace chancery::node {
namespace {

Result<Hash> hex_32(text::TomlTable& table, std::string_view key) {
  CHANCERY_TRY(const std::string digits, table.text(key));
  const Result<Hash> parsed = hash_from_hex(digits);
  if (!parsed.has_value()) {
    return table.fail_at(key, "64 hexadecimal digits");
  }
  return *parsed;
}

Result<std::vector<std::string>> patterns(text::TomlTable& table, std::string_view key) {
  CHANCERY_TRY(std::vector<std::string> list, table.texts_or_none(key));
  for (const std::string& pattern : list) {
    if (!exchange::is_pattern(pattern)) {
      return table.fail_at(key, "'" + pattern + "' is no pattern of kinds");
    }
  }
  return list;
}

Result<std::vector<Application>> read_applications(text::TomlTable& root) {
  std::vector<Application> applications;
  std::set<std::string> names;
  std::set<Hash> keys;
  CHANCERY_TRY(std::vector<text::TomlTable> tables, root.tables("application"));
  for (text::TomlTable& table : tables) {
    Application application;
    CHANCERY_TRY(application.name, table.text("name"));
    CHANCERY_TRY(application.key, hex_32(table, "key"));
    CHANCERY_TRY(application.publish, patterns(table, "publish"));
    CHANCERY_TRY(application.read, patterns(table, "read"));
    CHANCERY_TRY(application.rate.per_second,
                 table.count_or("rate", kApplicationRate, {.min = 1, .max = kApplicationRate}));
    application.rate.burst = 2 * application.rate.per_second;
    if (application.name.empty() || !names.insert(application.name).second) {
      return table.fail_at("name", "each application has a name of its own");
    }
    if (!keys.insert(application.key).second) {
      return table.fail_at("key", "each application has a key of its own");
    }
    applications.push_back(std::move(application));
  }
  return applications;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const auto absolute = [&](const std::string& name) {
    return (folder / name).lexically_normal().string();
  };
  const auto file = [&](std::string_view key) -> Result<std::string> {
    CHANCERY_TRY(const std::string name, root.text(key));
    return absolute(name);
  };
  const auto usable = [&](std::string_view key, const std::string& endpoint,
                          zmq::EndpointUse use) -> Result<void> {
    const Result<void> checked = zmq::check_endpoint(endpoint, use);
    return checked.has_value() ? checked : root.fail_at(key, checked.error().detail);
  };
  Config config;
  CHANCERY_TRY(config.member, root.text("member"));
  if (!exchange::is_member_code(config.member)) {
    return root.fail_at("member", "a member code is 1 to 8 of A-Z 0-9");
  }
  CHANCERY_TRY(config.genesis, hex_32(root, "genesis"));
  CHANCERY_TRY(config.hub, root.text("hub"));
  if (!config.hub.starts_with("tcp://")) {
    return root.fail_at("hub", "an endpoint starts with tcp://");
  }
  CHANCERY_TRY_VOID(usable("hub", config.hub, zmq::EndpointUse::kConnect));
  CHANCERY_TRY(config.hub_key, hex_32(root, "hub_key"));
  CHANCERY_TRY(config.store, file("store"));
  CHANCERY_TRY(config.signing_key, file("signing_key"));
  CHANCERY_TRY(const std::optional<std::string> witness, root.text_if("witness_key"));
  config.witness_key = witness.has_value() ? absolute(*witness) : "";
  CHANCERY_TRY(config.transport_key, file("transport_key"));
  CHANCERY_TRY(config.sealing_keys, root.texts("sealing_keys"));
  if (config.sealing_keys.empty()) {
    return root.fail_at("sealing_keys", "a node has at least one");
  }
  for (std::string& key : config.sealing_keys) {
    key = absolute(key);
  }
  CHANCERY_TRY(config.local, root.text("local"));
  if (!config.local.starts_with("tcp://")) {
    config.local = "ipc://" + absolute(config.local);
  }
  CHANCERY_TRY_VOID(usable("local", config.local, zmq::EndpointUse::kListen));
  CHANCERY_TRY(config.local_key, file("local_key"));
  CHANCERY_TRY(config.admin, file("admin"));
  CHANCERY_TRY_VOID(usable("admin", "ipc://" + config.admin, zmq::EndpointUse::kListen));
  CHANCERY_TRY(const std::optional<std::string> feed, root.text_if("feed"));
  if (feed.has_value()) {
    config.feed = absolute(*feed);
    CHANCERY_TRY_VOID(usable("feed", "ipc://" + config.feed, zmq::EndpointUse::kListen));
  }
  CHANCERY_TRY(config.disk, daemon::read_disk_marks(root));
  CHANCERY_TRY(config.http, daemon::read_http(root));
  CHANCERY_TRY(config.applications, read_applications(root));
  CHANCERY_TRY_VOID(root.finish());
  return config;
}

std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  std::vector<std::string> keys;
  const auto compare = [&](std::string_view key, auto Config::* value) {
    if (before.*value != after.*value) {
      keys.emplace_back(key);
    }
  };
  compare("member", &Config::member);
  compare("genesis", &Config::genesis);
  compare("hub", &Config::hub);
  compare("hub_key", &Config::hub_key);
  compare("store", &Config::store);
  compare("signing_key", &Config::signing_key);
  compare("witness_key", &Config::witness_key);
  compare("transport_key", &Config::transport_key);
  compare("sealing_keys", &Config::sealing_keys);
  compare("local", &Config::local);
  compare("local_key", &Config::local_key);
  compare("admin", &Config::admin);
  compare("feed", &Config::feed);
  compare(kDiskKey, &Config::disk);
  compare(daemon::kHttpKey, &Config::http);
  compare(kApplicationKey, &Config::applications);
  return keys;
}

Result<Config> read_config(const std::string& path) {
  CHANCERY_TRY(const std::string text, daemon::read_config_file(path));
  return parse_config(text, path);
}

}  // namespace chancery::node
