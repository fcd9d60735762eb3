#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr const char* kAppFooter =
    R"(Verbs have help of their own, with examples: chancery help app add)";

constexpr const char* kAppAddFooter = R"(Examples:
  chancery app add weather --node /etc/chancery/node/node.toml --publish emergency.alert
  chancery app add archive --exchange DIR --as AM --read '*' --json
  chancery app add bridge --exchange DIR --as AM --publish contact --read '*' --rate 50 \
      --folder /srv/bridge/chancery

Makes a key pair, writes key.pem and client.toml for the application (mode 0600), adds it to the
node.toml and has the running node read that again. Run it as the user of the node.
Exit 0: enrolled, and in force unless --no-reload. 1: refused. 2: enrolled in the file, and no node
answered; it is in force from its next start.)";

constexpr const char* kAppListFooter = R"(Examples:
  chancery app list --exchange DIR --as AM
  chancery app list --node /etc/chancery/node/node.toml --json

Shows what the file says, a line each: name, first digits of the key, what it may publish and read,
notices a second. Asks no node.)";

constexpr const char* kAppRevokeFooter = R"(Examples:
  chancery app revoke weather --node /etc/chancery/node/node.toml
  chancery app revoke archive --exchange DIR --as AM --json

Takes the application out of the node.toml and has the running node read that again: from then on it
is cut off at its next word. Its key.pem stays where it is and is of no use any more.
Exit 0: revoked, and in force unless --no-reload. 1: refused. 2: taken out of the file, and no node
answered: if one runs all the same, it still serves the application.)";

void add_node_flags(CLI::App& verb, Shared& shared, std::string& node) {
  add_exchange_flags(verb, shared);
  verb.add_option("--node", node, "Or the node's configuration")
      ->type_name("FILE")
      ->excludes("--exchange")
      ->excludes("--as");
  add_json_flag(verb, shared);
}

void add_kinds_option(CLI::App& verb, const std::string& name, std::vector<std::string>& target,
                      const std::string& help) {
  verb.add_option(name, target, help)->delimiter(',')->allow_extra_args(false)->type_name("KINDS");
}

void add_no_reload_flag(CLI::App& verb, bool& no_reload) {
  verb.add_flag("--no-reload", no_reload, "Change the file only, and ask no node");
}

void add_app_add(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("add", "Enrol an application at a node");
  verb.footer(kAppAddFooter);
  const auto options = std::make_shared<AppAddOptions>();
  verb.add_option("name", options->name, "What it is to be called")->required()->type_name("NAME");
  add_kinds_option(verb, "--publish", options->publish,
                   "Kinds that it may publish: a kind, a group as assistance.*, or '*'");
  add_kinds_option(verb, "--read", options->read, "Kinds that it may read: the same");
  verb.add_option("--rate", options->rate, "Notices a second at most; as many urgent ones besides")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, node::kApplicationRate));
  verb.add_option("--folder", options->folder,
                  "For its key.pem and client.toml; default: apps/NAME beside the node.toml")
      ->type_name("DIR");
  add_no_reload_flag(verb, options->no_reload);
  add_node_flags(verb, shared, options->node);
  run_with(verb, shared, options, run_app_add);
}

void add_app_list(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("list", "List the applications of a node");
  verb.footer(kAppListFooter);
  const auto options = std::make_shared<AppListOptions>();
  add_node_flags(verb, shared, options->node);
  run_with(verb, shared, options, run_app_list);
}

void add_app_revoke(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("revoke", "Take an application's grants away");
  verb.footer(kAppRevokeFooter);
  const auto options = std::make_shared<AppRevokeOptions>();
  verb.add_option("name", options->name, "What it is called")->required()->type_name("NAME");
  add_no_reload_flag(verb, options->no_reload);
  add_node_flags(verb, shared, options->node);
  run_with(verb, shared, options, run_app_revoke);
}

}  // namespace

void add_app(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("app", "Enrol applications at a node, and revoke them");
  group.footer(kAppFooter);
  group.require_subcommand(1);
  add_app_add(group, shared);
  add_app_list(group, shared);
  add_app_revoke(group, shared);
}

}  // namespace chancery::cli
