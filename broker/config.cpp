#include "broker/config.h"

#include <filesystem>

#include "core/base/encoding.h"
#include "daemon/disk_watch.h"
#include "daemon/places.h"
#include "daemon/vitals.h"
#include "io/text/toml.h"
#include "io/zmq/endpoint.h"

namespace chancery::broker {
namespace {

// "notices" is read from notices_per_second and notices_burst.
Result<void> read_rate(text::TomlTable& table, const std::string& what, Rate& rate) {
  constexpr text::CountRange kRange{.min = 1, .max = kRateMax};
  CHANCERY_TRY(rate.per_second, table.count_or(what + "_per_second", rate.per_second, kRange));
  CHANCERY_TRY(rate.burst, table.count_or(what + "_burst", rate.burst, kRange));
  return {};
}

Result<QuotaLimits> read_quota(text::TomlTable& root) {
  QuotaLimits limits;
  CHANCERY_TRY(std::optional<text::TomlTable> table, root.table_if("quota"));
  if (table.has_value()) {
    CHANCERY_TRY_VOID(read_rate(*table, "notices", limits.lanes.patient.notices));
    CHANCERY_TRY_VOID(read_rate(*table, "bytes", limits.lanes.patient.bytes));
    CHANCERY_TRY_VOID(read_rate(*table, "urgent_notices", limits.lanes.urgent.notices));
    CHANCERY_TRY_VOID(read_rate(*table, "urgent_bytes", limits.lanes.urgent.bytes));
  }
  return limits;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const auto file = [&](std::string_view key) -> Result<std::string> {
    CHANCERY_TRY(const std::string name, root.text(key));
    if (name.empty()) {
      return root.fail_at(key, "a path is not empty");  // It would be the folder itself.
    }
    return (folder / name).lexically_normal().string();
  };
  const auto usable = [&](std::string_view key, const std::string& endpoint) -> Result<void> {
    const Result<void> checked = zmq::check_endpoint(endpoint, zmq::EndpointUse::kListen);
    return checked.has_value() ? checked : root.fail_at(key, checked.error().detail);
  };
  Config config;
  CHANCERY_TRY(config.listen, root.text("listen"));
  if (!config.listen.starts_with("tcp://")) {
    return root.fail_at("listen", "an endpoint starts with tcp://");
  }
  CHANCERY_TRY_VOID(usable("listen", config.listen));
  CHANCERY_TRY(const std::string genesis, root.text("genesis"));
  const Result<Hash> parsed = hash_from_hex(genesis);
  if (!parsed.has_value()) {
    return root.fail_at("genesis", "64 hexadecimal digits");
  }
  config.genesis = *parsed;
  CHANCERY_TRY(config.founding, file("founding"));
  CHANCERY_TRY(config.store, file("store"));
  CHANCERY_TRY(config.log_key, file("log_key"));
  if (root.has("log_key_next")) {
    CHANCERY_TRY(config.log_key_next, file("log_key_next"));
  }
  CHANCERY_TRY(config.transport_key, file("transport_key"));
  CHANCERY_TRY(config.admin, file("admin"));
  CHANCERY_TRY_VOID(usable("admin", "ipc://" + config.admin));
  CHANCERY_TRY(config.disk, daemon::read_disk_marks(root));
  CHANCERY_TRY(config.http, daemon::read_http(root));
  CHANCERY_TRY(config.quota, read_quota(root));
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
  compare("listen", &Config::listen);
  compare("genesis", &Config::genesis);
  compare("founding", &Config::founding);
  compare("store", &Config::store);
  compare("log_key", &Config::log_key);
  compare("log_key_next", &Config::log_key_next);
  compare("transport_key", &Config::transport_key);
  compare("admin", &Config::admin);
  compare(kDiskKey, &Config::disk);
  compare(daemon::kHttpKey, &Config::http);
  compare(kQuotaKey, &Config::quota);
  return keys;
}

Result<Config> read_config(const std::string& path) {
  CHANCERY_TRY(const std::string text, daemon::read_config_file(path));
  return parse_config(text, path);
}

}  // namespace chancery::broker
