#include "node/config.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>

#include "core/exchange/names.h"
#include "daemon/disk_watch.h"
#include "daemon/places.h"
#include "daemon/vitals.h"
#include "io/http/client.h"
#include "io/text/toml.h"
#include "io/zmq/endpoint.h"

namespace chancery::node {
namespace {

using daemon::Change;
using daemon::option;
using daemon::OptionSource;
using Texts = std::vector<std::string>;

constexpr auto kReadPatterns = [](const OptionSource& from, std::string_view key,
                                  const Texts& /*now*/) -> Result<Texts> {
  CHANCERY_TRY(Texts list, from.table.texts_or_none(key));
  for (const std::string& pattern : list) {
    if (!exchange::is_pattern(pattern)) {
      return from.table.fail_at(key, "'" + pattern + "' is no pattern of kinds");
    }
  }
  return list;
};

constexpr auto kReadMember = [](const OptionSource& from, std::string_view key,
                                const std::string& /*now*/) -> Result<std::string> {
  CHANCERY_TRY(std::string member, from.table.text(key));
  if (!exchange::is_member_code(member)) {
    return from.table.fail_at(key, "a member code is 1 to 8 of A-Z 0-9");
  }
  return member;
};

constexpr auto kReadSealingKeys = [](const OptionSource& from, std::string_view key,
                                     const Texts& /*now*/) -> Result<Texts> {
  CHANCERY_TRY(Texts paths, from.table.texts(key));
  if (paths.empty()) {
    return from.table.fail_at(key, "a node has at least one");
  }
  for (std::string& path : paths) {
    CHANCERY_TRY(path, daemon::key_source(from, key, path));
  }
  return paths;
};

constexpr auto kReadLocal = [](const OptionSource& from, std::string_view key,
                               const std::string& now) -> Result<std::string> {
  CHANCERY_TRY(const std::string local, from.table.text(key));
  if (local.starts_with("tcp://")) {
    return daemon::read_endpoint(from, key, zmq::EndpointUse::kListen);
  }
  CHANCERY_TRY(const std::string path, daemon::ReadSocket{}(from, key, now));
  return "ipc://" + path;
};

constexpr std::array kApplicationOptions = {
    option<Application>(
        {.key = "name",
         .type = "text",
         .meaning = "What the application is called; its cursors belong to this name."},
        daemon::At<&Application::name>{}, daemon::ReadText{}),
    option<Application>({.key = "key", .type = "hex32", .meaning = "Its CURVE public key."},
                        daemon::At<&Application::key>{}, daemon::ReadHex32{}),
    option<Application>({.key = "publish",
                         .type = "list of patterns",
                         .meaning = "Kinds that it may publish",
                         .needed = false},
                        daemon::At<&Application::publish>{}, kReadPatterns),
    option<Application>({.key = "read",
                         .type = "list of patterns",
                         .meaning = "Kinds that it gets to see.",
                         .needed = false},
                        daemon::At<&Application::read>{}, kReadPatterns),
    option<Application>(
        {.key = "rate",
         .type = "number, 1 to 100,000",
         .meaning = "Notices that it may publish in a second, below immediate",
         .needed = false},
        [](auto& application) -> auto& { return application.rate.per_second; },
        daemon::ReadCount<1, kApplicationRate>{})};

std::vector<daemon::OptionRow> application_rows() {
  return daemon::option_rows<Application>(kApplicationOptions);
}

Result<std::vector<Application>> read_applications(const OptionSource& from, std::string_view key) {
  std::vector<Application> applications;
  std::set<std::string> names;
  std::set<Hash> keys;
  CHANCERY_TRY(std::vector<text::TomlTable> tables, from.table.tables(key));
  for (text::TomlTable& table : tables) {
    Application application;
    CHANCERY_TRY_VOID(
        daemon::read_options<Application>(kApplicationOptions, {.table = table}, application));
    application.rate.burst = 2 * application.rate.per_second;
    if (!exchange::is_plain_name(application.name)) {
      return table.fail_at("name", "letters, digits, '.', '_' and '-', 64 at most");
    }
    if (!names.insert(application.name).second) {
      return table.fail_at("name", "each application has a name of its own");
    }
    if (!keys.insert(application.key).second) {
      return table.fail_at("key", "each application has a key of its own");
    }
    applications.push_back(std::move(application));
  }
  return applications;
}

constexpr std::size_t kHooksMax = 16;
constexpr std::uint64_t kHookSecondsMax = 600;

constexpr auto kReadCommand = [](const OptionSource& from, std::string_view key,
                                 const Texts& /*now*/) -> Result<Texts> {
  CHANCERY_TRY(Texts command, from.table.texts_or_none(key));
  if (from.table.has(key) && (command.empty() || !command.front().starts_with('/'))) {
    return from.table.fail_at(key, "an absolute path, and its arguments");
  }
  if (std::ranges::any_of(command, [](const std::string& word) { return word.contains('\0'); })) {
    return from.table.fail_at(key, "an argument has no zero byte");
  }
  return command;
};

constexpr auto kReadUrl = [](const OptionSource& from, std::string_view key,
                             const std::string& /*now*/) -> Result<std::string> {
  CHANCERY_TRY(const std::optional<std::string> url, from.table.text_if(key));
  if (!url.has_value()) {
    return std::string();
  }
  if (const Result<http::Url> parsed = http::parse_url(*url); !parsed.has_value()) {
    return from.table.fail_at(key, parsed.error().detail);
  }
  return *url;
};

constexpr auto kReadSorts = [](const OptionSource& from, std::string_view key,
                               const Texts& /*now*/) -> Result<Texts> {
  CHANCERY_TRY(Texts sorts, from.table.texts_or_none(key));
  const bool all_known = std::ranges::all_of(sorts, [](const std::string& sort) {
    return std::ranges::find(kOverdueSorts, sort) != kOverdueSorts.end();
  });
  if (from.table.has(key) && (sorts.empty() || !all_known)) {
    return from.table.fail_at(key, "some of logged, delivered, acknowledged, cosigned");
  }
  return sorts;
};

constexpr auto kReadFlag = [](const OptionSource& from, std::string_view key,
                              bool now) -> Result<bool> { return from.table.flag_or(key, now); };

constexpr std::array kHookOptions = {
    option<HookConfig>({.key = "name",
                        .type = "text",
                        .meaning = "What the hook is called, in the log and status"},
                       daemon::At<&HookConfig::name>{}, daemon::ReadText{}),
    option<HookConfig>({.key = "command",
                        .type = "list of texts",
                        .meaning = "A program by its absolute path, and its arguments",
                        .needed = false},
                       daemon::At<&HookConfig::command>{}, kReadCommand),
    option<HookConfig>({.key = "url",
                        .type = "URL, http or https",
                        .meaning = "Where events are sent by POST",
                        .needed = false},
                       daemon::At<&HookConfig::url>{}, kReadUrl),
    option<HookConfig>({.key = "secret",
                        .type = "key file, any bytes",
                        .meaning = "The key of an HMAC over each event",
                        .needed = false},
                       daemon::At<&HookConfig::secret>{}, daemon::ReadKeySourceIf{}),
    option<HookConfig>({.key = "ca",
                        .type = "path",
                        .meaning = "CAs in PEM, one of which signed the certificate of url",
                        .needed = false},
                       daemon::At<&HookConfig::ca>{}, daemon::ReadPathIf{}),
    option<HookConfig>(
        {.key = "on",
         .type = "list of sorts",
         .meaning = "Of what is overdue, these sorts",
         .needed = false},
        [](auto& hook) -> auto& { return hook.filter.on; }, kReadSorts),
    option<HookConfig>(
        {.key = "urgent_only",
         .type = "true or false",
         .meaning = "Only what is overdue of urgent notices",
         .needed = false},
        [](auto& hook) -> auto& { return hook.filter.urgent_only; }, kReadFlag),
    option<HookConfig>({.key = "timeout_seconds",
                        .type = "number, 1 to 600",
                        .meaning = "After this time an attempt is ended, and counts as failed",
                        .needed = false},
                       daemon::At<&HookConfig::timeout>{},
                       daemon::ReadSeconds<1, kHookSecondsMax>{})};

std::vector<daemon::OptionRow> hook_rows() {
  return daemon::option_rows<HookConfig>(kHookOptions);
}

Result<void> judge_hook(const text::TomlTable& table, const HookConfig& hook) {
  if (!exchange::is_plain_name(hook.name)) {
    return table.fail_at("name", "letters, digits, '.', '_' and '-', 64 at most");
  }
  if (hook.command.empty() == hook.url.empty()) {
    return table.fail_at("name", "a hook has a command or a url, one of the two");
  }
  if (hook.url.empty() && !hook.secret.empty()) {
    return table.fail_at("secret", "only what goes to a url is signed");
  }
  if (!hook.url.starts_with("https://") && !hook.ca.empty()) {
    return table.fail_at("ca", "only the server of an https url has a certificate");
  }
  return {};
}

Result<std::vector<HookConfig>> read_hooks(const OptionSource& from, std::string_view key) {
  std::vector<HookConfig> hooks;
  std::set<std::string> names;
  CHANCERY_TRY(std::vector<text::TomlTable> tables, from.table.tables(key));
  for (text::TomlTable& table : tables) {
    HookConfig hook;
    CHANCERY_TRY_VOID(daemon::read_options<HookConfig>(
        kHookOptions, {.table = table, .folder = from.folder}, hook));
    CHANCERY_TRY_VOID(judge_hook(table, hook));
    if (!names.insert(hook.name).second) {
      return table.fail_at("name", "each hook has a name of its own");
    }
    if (names.size() > kHooksMax) {
      return table.fail_at("name", "a node has at most 16 hooks");
    }
    hooks.push_back(std::move(hook));
  }
  return hooks;
}

constexpr std::uint64_t kOverdueMax = 31'536'000;  // A year, in seconds.
constexpr std::string_view kFromNone = "number, 0 to 31,536,000";
constexpr std::string_view kFromOne = "number, 1 to 31,536,000";
constexpr std::string_view kFromFive = "number, 5 to 31,536,000";

// What is sooner than the rounds and statements that it waits for would always be over.
constexpr std::array kOverdueOptions = {
    option<OverdueLimits>(
        {.key = "logged_seconds",
         .type = kFromOne,
         .meaning = "an own notice below immediate is to be in the log",
         .needed = false},
        [](auto& limits) -> auto& { return limits.logged.patient; },
        daemon::ReadSeconds<1, kOverdueMax>{}),
    option<OverdueLimits>(
        {.key = "urgent_logged_seconds",
         .type = kFromOne,
         .meaning = "the same of an urgent one",
         .needed = false},
        [](auto& limits) -> auto& { return limits.logged.urgent; },
        daemon::ReadSeconds<1, kOverdueMax>{}),
    option<OverdueLimits>(
        {.key = "delivered_seconds",
         .type = kFromFive,
         .meaning = "each recipient is to have stated that it has a logged "
                    "notice below immediate",
         .needed = false},
        [](auto& limits) -> auto& { return limits.delivered.patient; },
        daemon::ReadSeconds<5, kOverdueMax>{}),
    option<OverdueLimits>(
        {.key = "urgent_delivered_seconds",
         .type = kFromOne,
         .meaning = "the same of an urgent one",
         .needed = false},
        [](auto& limits) -> auto& { return limits.delivered.urgent; },
        daemon::ReadSeconds<1, kOverdueMax>{}),
    option<OverdueLimits>(
        {.key = "acknowledged_seconds",
         .type = kFromNone,
         .meaning = "people of each recipient for action are to have acknowledged or answered a "
                    "notice below immediate; 0 is no limit",
         .needed = false},
        [](auto& limits) -> auto& { return limits.acknowledged.patient; },
        daemon::ReadSeconds<0, kOverdueMax>{}),
    option<OverdueLimits>(
        {.key = "urgent_acknowledged_seconds",
         .type = kFromNone,
         .meaning = "the same of an urgent one",
         .needed = false},
        [](auto& limits) -> auto& { return limits.acknowledged.urgent; },
        daemon::ReadSeconds<0, kOverdueMax>{}),
    option<OverdueLimits>({.key = "cosigned_growth_seconds",
                           .type = kFromFive,
                           .meaning = "after the log has grown, a quorum of witnesses is to have "
                                      "cosigned more of it",
                           .needed = false},
                          daemon::At<&OverdueLimits::cosigned_growth>{},
                          daemon::ReadSeconds<5, kOverdueMax>{}),
    option<OverdueLimits>({.key = "cosigned_idle_seconds",
                           .type = "number, 60 to 31,536,000",
                           .meaning = "the newest head is to be cosigned again",
                           .needed = false},
                          daemon::At<&OverdueLimits::cosigned_idle>{},
                          daemon::ReadSeconds<60, kOverdueMax>{})};

std::vector<daemon::OptionRow> overdue_rows() {
  return daemon::option_rows<OverdueLimits>(kOverdueOptions);
}

Result<OverdueLimits> read_overdue(const OptionSource& from, std::string_view key,
                                   OverdueLimits limits) {
  CHANCERY_TRY(std::optional<text::TomlTable> table, from.table.table_if(key));
  if (!table.has_value()) {
    return limits;
  }
  CHANCERY_TRY_VOID(
      daemon::read_options<OverdueLimits>(kOverdueOptions, {.table = *table}, limits));
  const auto at_least = [&](std::string_view name, std::chrono::seconds value,
                            std::string_view other, std::chrono::seconds least) -> Result<void> {
    return value >= least ? Result<void>()
                          : table->fail_at(name, "it is no less than " + std::string(other) + ", " +
                                                     std::to_string(least.count()));
  };
  CHANCERY_TRY_VOID(at_least("logged_seconds", limits.logged.patient, "urgent_logged_seconds",
                             limits.logged.urgent));
  CHANCERY_TRY_VOID(at_least("delivered_seconds", limits.delivered.patient,
                             "urgent_delivered_seconds", limits.delivered.urgent));
  return limits;
}

constexpr std::array kOptions = {
    option<Config>({.key = "member",
                    .type = "text",
                    .meaning = "The member's code in the roster: 1 to 8 of A-Z 0-9."},
                   daemon::At<&Config::member>{}, kReadMember),
    option<Config>({.key = "genesis", .type = "hex32", .meaning = "The exchange."},
                   daemon::At<&Config::genesis>{}, daemon::ReadHex32{}),
    option<Config>({.key = "hub", .type = "endpoint", .meaning = "Where the hub is."},
                   daemon::At<&Config::hub>{}, daemon::ReadEndpoint<zmq::EndpointUse::kConnect>{}),
    option<Config>({.key = "hub_key", .type = "hex32", .meaning = "The hub's CURVE public key."},
                   daemon::At<&Config::hub_key>{}, daemon::ReadHex32{}),
    option<Config>({.key = "store", .type = "path", .meaning = "The SQLite file."},
                   daemon::At<&Config::store>{}, daemon::ReadPath{}),
    option<Config>({.key = "signing_key",
                    .type = "key file, Ed25519",
                    .meaning = "Signs this member's notices."},
                   daemon::At<&Config::signing_key>{}, daemon::ReadKeySource{}),
    option<Config>({.key = "witness_key",
                    .type = "key file, Ed25519",
                    .meaning = "Only where the node is its member's witness.",
                    .needed = false},
                   daemon::At<&Config::witness_key>{}, daemon::ReadKeySourceIf{}),
    option<Config>({.key = "transport_key",
                    .type = "key file, X25519",
                    .meaning = "The node's CURVE key towards the hub."},
                   daemon::At<&Config::transport_key>{}, daemon::ReadKeySource{}),
    option<Config>({.key = "sealing_keys",
                    .type = "list of key files, X25519",
                    .meaning = "Opens what is sealed to this node"},
                   daemon::At<&Config::sealing_keys>{}, kReadSealingKeys),
    option<Config>({.key = "batch_size_max",
                    .type = "number, 1 to 256",
                    .meaning = "As many notices of this member go under one signature",
                    .needed = false},
                   daemon::At<&Config::batch_size_max>{},
                   daemon::ReadCount<1, kSignedTogetherMax>{}),
    option<Config>(
        {.key = "local", .type = "path, or endpoint", .meaning = "Where applications connect"},
        daemon::At<&Config::local>{}, kReadLocal),
    option<Config>({.key = "local_key",
                    .type = "key file, X25519",
                    .meaning = "The node's CURVE key towards applications."},
                   daemon::At<&Config::local_key>{}, daemon::ReadKeySource{}),
    option<Config>({.key = "admin", .type = "path", .meaning = "Socket for status and audit."},
                   daemon::At<&Config::admin>{}, daemon::ReadSocket{}),
    option<Config>(
        {.key = "feed", .type = "path", .meaning = "A ZeroMQ PUB socket", .needed = false},
        daemon::At<&Config::feed>{}, daemon::ReadSocketIf{}),
    daemon::disk_option<Config>(),
    daemon::table_option<Config>(
        {.key = "overdue", .type = "table", .needed = false, .change = Change::kReload},
        daemon::At<&Config::overdue>{},
        [](const daemon::OptionSource& from, std::string_view key, const OverdueLimits& now) {
          return read_overdue(from, key, now);
        },
        overdue_rows),
    daemon::listen_option<Config, &Config::http>("http"),
    daemon::listen_option<Config, &Config::witness>("witness"),
    daemon::table_option<Config>(
        {.key = "hook", .type = "tables", .needed = false, .change = Change::kReload},
        daemon::At<&Config::hooks>{},
        [](const daemon::OptionSource& from, std::string_view key,
           const std::vector<HookConfig>& /*now*/) { return read_hooks(from, key); },
        hook_rows),
    daemon::table_option<Config>(
        {.key = "application", .type = "tables", .needed = false, .change = Change::kReload},
        daemon::At<&Config::applications>{},
        [](const daemon::OptionSource& from, std::string_view key,
           const std::vector<Application>& /*now*/) { return read_applications(from, key); },
        application_rows)};

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  Config config;
  CHANCERY_TRY_VOID(daemon::read_options<Config>(
      kOptions, {.table = root, .folder = std::filesystem::absolute(path).parent_path()}, config));
  CHANCERY_TRY_VOID(root.finish());
  if (!config.witness.empty() && config.witness_key.empty()) {
    return root.fail_at("witness", "without a witness_key nobody here cosigns");
  }
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

}  // namespace chancery::node
