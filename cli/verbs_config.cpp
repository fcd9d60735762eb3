#include <memory>

#include "cli/config.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr const char* kConfigFooter =
    R"(Verbs have help of their own, with examples: chancery help config check)";

constexpr const char* kConfigCheckFooter = R"(Examples:
  chancery config check /etc/chancery/hub/hub.toml
  chancery config check node.toml.new --role node --json

Reads the file as its program would: keys, types, values. Of a client.toml it opens the key, of the
others nothing that they name: before a
start, --check of the daemon looks at keys, folders and the store.
Exit 0: it is good. 1: it is not, file, line and rule are named.)";

constexpr const char* kConfigOptionsFooter = R"(Examples:
  chancery config options hub
  chancery config options node --json

Each key with its type, default and meaning, and whether a reload takes a change over or a restart
is needed. docs/reference/config.md says what breaks where a value is wrong.)";

void add_config_check(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("check", "Check a configuration without its daemon");
  verb.footer(kConfigCheckFooter);
  const auto options = std::make_shared<ConfigCheckOptions>();
  verb.add_option("file", options->file, "A hub.toml, node.toml or client.toml")
      ->required()
      ->type_name("FILE");
  verb.add_option("--role", options->role, "hub, node or client; default: what its keys say")
      ->check(CLI::IsMember({"hub", "node", "client"}))
      ->type_name("ROLE");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_config_check);
}

void add_config_options(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("options", "List what a daemon's file may say");
  verb.footer(kConfigOptionsFooter);
  const auto options = std::make_shared<ConfigOptionsOptions>();
  verb.add_option("role", options->role, "hub or node")->required()->type_name("DAEMON");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_config_options);
}

}  // namespace

void add_config(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("config", "Check configurations, and list their options");
  group.footer(kConfigFooter);
  group.require_subcommand(1);
  add_config_check(group, shared);
  add_config_options(group, shared);
}

}  // namespace chancery::cli
