#include <memory>
#include <string>

#include "cli/context.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr const char* kContextFooter = R"(Examples:
  chancery context add am --exchange DIR --as AM --select
  chancery inbox --last 10                              (of the selected context)
  chancery status --context am
  CHANCERY_CONTEXT=am chancery publish --file notice.json

A flag goes before a context; --context before CHANCERY_EXCHANGE, CHANCERY_MEMBER and
CHANCERY_CLIENT; these before CHANCERY_CONTEXT; and that before the selected one.)";

constexpr const char* kContextAddFooter = R"(Examples:
  chancery context add am --exchange DIR --as AM --select
  chancery context add desk --client ~/.chancery/client.toml
  chancery context add node --node /etc/chancery/node/node.toml
  chancery context add hub --hub /etc/chancery/hub/hub.toml --json

A client.toml is for publish, inbox and show; a node.toml or hub.toml for status, audit, backup and
app; an exchange for all of them. Paths are kept as absolute ones.)";

constexpr const char* kContextListFooter = R"(Examples:
  chancery context list
  chancery context list --json

The selected one has a star.)";

constexpr const char* kContextSelectFooter = R"(Examples:
  chancery context select am
  chancery context select --none)";

constexpr const char* kContextRemoveFooter = R"(Examples:
  chancery context remove am

What it names stays as it is.)";

void add_context_add(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("add", "Give a node or a hub a name");
  verb.footer(kContextAddFooter);
  const auto options = std::make_shared<ContextAddOptions>();
  Context& context = options->context;
  verb.add_option("name", context.name, "The name")->required()->type_name("NAME");
  auto* const exchange =
      verb.add_option("--exchange", context.exchange, "The folder of a trial exchange")
          ->type_name("DIR");
  verb.add_option("--as", context.member, "As this member of it")
      ->type_name("CODE")
      ->needs(exchange);
  auto* const client =
      verb.add_option("--client", context.client_file, "Or the client.toml of an application")
          ->type_name("FILE");
  auto* const node =
      verb.add_option("--node", context.node, "Or a node's configuration")->type_name("FILE");
  auto* const hub =
      verb.add_option("--hub", context.hub, "Or the hub's configuration")->type_name("FILE");
  client->excludes(exchange);
  node->excludes(exchange)->excludes(client);
  hub->excludes(exchange)->excludes(client)->excludes(node);
  verb.add_flag("--select", options->select, "Use it from now on where nothing else is said");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_context_add);
}

void add_context_list(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("list", "List the contexts");
  verb.footer(kContextListFooter);
  add_json_flag(verb, shared);
  set_run(verb, shared, [&shared] { return run_context_list(shared); });
}

void add_context_select(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("select", "Use a context where nothing else is said");
  verb.footer(kContextSelectFooter);
  const auto options = std::make_shared<ContextNameOptions>();
  auto* const name = verb.add_option("name", options->name, "Its name")->type_name("NAME");
  verb.add_flag("--none", options->none, "Select none")->excludes(name);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_context_select);
}

void add_context_remove(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("remove", "Forget a context");
  verb.footer(kContextRemoveFooter);
  const auto options = std::make_shared<ContextNameOptions>();
  verb.add_option("name", options->name, "Its name")->required()->type_name("NAME");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_context_remove);
}

}  // namespace

void add_context(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("context", "Name nodes and hubs once");
  group.footer(kContextFooter);
  group.require_subcommand(1);
  add_context_add(group, shared);
  add_context_list(group, shared);
  add_context_select(group, shared);
  add_context_remove(group, shared);
}

}  // namespace chancery::cli
