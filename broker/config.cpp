#include "broker/config.h"

#include <array>
#include <filesystem>

#include "daemon/disk_watch.h"
#include "daemon/places.h"
#include "daemon/vitals.h"
#include "io/text/toml.h"

namespace chancery::broker {
namespace {

using daemon::Change;
using daemon::option;

constexpr std::array kQuotaOptions = {
    option<QuotaLimits>(
        {.key = "notices_per_second",
         .type = "number, 1 to 2^40",
         .meaning = "notices below immediate: so many a second",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.patient.notices.per_second; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "notices_burst",
         .type = "number, 1 to 2^40",
         .meaning = "notices below immediate: so many at once after a pause",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.patient.notices.burst; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "bytes_per_second",
         .type = "number, 1 to 2^40",
         .meaning = "bytes of their envelopes: so many a second",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.patient.bytes.per_second; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "bytes_burst",
         .type = "number, 1 to 2^40",
         .meaning = "bytes of their envelopes: so many at once after a pause",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.patient.bytes.burst; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "urgent_notices_per_second",
         .type = "number, 1 to 2^40",
         .meaning = "urgent notices: so many a second",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.urgent.notices.per_second; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "urgent_notices_burst",
         .type = "number, 1 to 2^40",
         .meaning = "urgent notices: so many at once after a pause",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.urgent.notices.burst; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "urgent_bytes_per_second",
         .type = "number, 1 to 2^40",
         .meaning = "bytes of their envelopes: so many a second",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.urgent.bytes.per_second; },
        daemon::ReadCount<1, kRateMax>{}),
    option<QuotaLimits>(
        {.key = "urgent_bytes_burst",
         .type = "number, 1 to 2^40",
         .meaning = "bytes of their envelopes: so many at once after a pause",
         .needed = false},
        [](auto& limits) -> auto& { return limits.lanes.urgent.bytes.burst; },
        daemon::ReadCount<1, kRateMax>{})};

std::vector<daemon::OptionRow> quota_rows() {
  return daemon::option_rows<QuotaLimits>(kQuotaOptions);
}

Result<QuotaLimits> read_quota(const daemon::OptionSource& from, std::string_view key,
                               QuotaLimits limits) {
  CHANCERY_TRY(std::optional<text::TomlTable> table, from.table.table_if(key));
  if (table.has_value()) {
    CHANCERY_TRY_VOID(daemon::read_options<QuotaLimits>(kQuotaOptions, {.table = *table}, limits));
  }
  return limits;
}

constexpr std::array kOptions = {
    option<Config>({.key = "listen", .type = "endpoint", .meaning = "Where nodes connect."},
                   daemon::At<&Config::listen>{},
                   daemon::ReadEndpoint<zmq::EndpointUse::kListen>{}),
    option<Config>({.key = "genesis", .type = "hex32", .meaning = "The exchange."},
                   daemon::At<&Config::genesis>{}, daemon::ReadHex32{}),
    option<Config>(
        {.key = "founding", .type = "path", .meaning = "The first roster and the enrolments."},
        daemon::At<&Config::founding>{}, daemon::ReadPath{}),
    option<Config>({.key = "store", .type = "path", .meaning = "The SQLite file"},
                   daemon::At<&Config::store>{}, daemon::ReadPath{}),
    option<Config>({.key = "log_key", .type = "key file, Ed25519", .meaning = "Signs checkpoints."},
                   daemon::At<&Config::log_key>{}, daemon::ReadKeySource{}),
    option<Config>({.key = "log_key_next",
                    .type = "key file, Ed25519",
                    .meaning = "Only while the log key changes",
                    .needed = false},
                   daemon::At<&Config::log_key_next>{}, daemon::ReadKeySourceIf{}),
    option<Config>(
        {.key = "transport_key", .type = "key file, X25519", .meaning = "The hub's CURVE key."},
        daemon::At<&Config::transport_key>{}, daemon::ReadKeySource{}),
    option<Config>(
        {.key = "admin", .type = "path", .meaning = "Socket for status and audit, mode 0600."},
        daemon::At<&Config::admin>{}, daemon::ReadSocket{}),
    daemon::disk_option<Config>(),
    daemon::listen_option<Config, &Config::http>("http"),
    daemon::table_option<Config>(
        {.key = "quota", .type = "table", .needed = false, .change = Change::kReload},
        daemon::At<&Config::quota>{},
        [](const daemon::OptionSource& from, std::string_view key, const QuotaLimits& now) {
          return read_quota(from, key, now);
        },
        quota_rows)};

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  Config config;
  CHANCERY_TRY_VOID(daemon::read_options<Config>(
      kOptions, {.table = root, .folder = std::filesystem::absolute(path).parent_path()}, config));
  CHANCERY_TRY_VOID(root.finish());
  return config;
}

std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  return daemon::changed_options<Config>(kOptions, before, after);
}

std::vector<std::string_view> reloaded_keys() {
  return daemon::reloaded_options<Config>(kOptions);
}

std::vector<daemon::OptionRow> option_rows() {
  return daemon::option_rows<Config>(kOptions);
}

Result<Config> read_config(const std::string& path) {
  CHANCERY_TRY(const std::string text, daemon::read_config_file(path));
  return parse_config(text, path);
}

}  // namespace chancery::broker
