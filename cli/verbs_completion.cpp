#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chancery/notice.h"
#include "cli/completion.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

constexpr const char* kCompletionFooter = R"(Examples:
  source <(chancery completion bash)                                      # in ~/.bashrc
  chancery completion zsh > "${fpath[1]}/_chancery"
  chancery completion fish > ~/.config/fish/completions/chancery.fish)";

const std::map<std::string, Shell> shells = {
    {"bash", Shell::kBash}, {"fish", Shell::kFish}, {"zsh", Shell::kZsh}};

using Words = std::vector<std::string>;

// What a value of this type may be, where that is known without asking anybody. CLI11 writes the
// choices of a flag that checks them into the name of its type: "TEXT:{logged,queued}".
Words choices_of(const std::string& type) {
  static const std::map<std::string, Words> of_types = {
      {"PRECEDENCE", {"deferred", "routine", "priority", "immediate", "flash", "override"}},
      {"STATUS", {"actual", "exercise", "test", "draft"}},
      {"STATUSES", {"actual", "exercise", "test", "draft"}},
      {"TLP", {"clear", "green", "amber", "amber-strict", "red"}},
      {"SHELL", {"bash", "fish", "zsh"}},
      {"DAEMON", {"hub", "node"}},
  };
  if (type == "KIND" || type == "KINDS") {
    Words names;
    for (const client::Kind& kind : client::kinds()) {
      names.push_back(kind.name);
    }
    return names;
  }
  const auto known = of_types.find(type);
  if (known != of_types.end()) {
    return known->second;
  }
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) {
    return {};
  }
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

bool is_file(const std::string& type) {
  return type.starts_with("FILE") || type.starts_with("DIR");
}

void describe(const CLI::App& app, const std::string& path, std::vector<CompletionVerb>& verbs) {
  CompletionVerb verb{.path = path, .verbs = {}, .flags = {}, .choices = {}};
  const std::vector<const CLI::App*> below = app.get_subcommands(
      [](const CLI::App* next) { return !next->get_group().empty(); });  // Else no help has it.
  for (const CLI::App* const next : below) {
    verb.verbs.push_back({.name = next->get_name(), .help = next->get_description()});
  }
  for (const CLI::Option* const option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (option->get_positional()) {
      verb.takes_file = verb.takes_file || is_file(type);
      verb.choices = choices_of(type);
      continue;
    }
    CompletionFlag flag{.names = {},
                        .help = option->get_description(),
                        .takes_value = option->get_items_expected_max() > 0,
                        .choices = choices_of(type)};
    flag.takes_file = flag.takes_value && is_file(type);
    for (const std::string& name : option->get_lnames()) {
      flag.names.push_back("--" + name);
    }
    for (const std::string& name : option->get_snames()) {
      flag.names.push_back("-" + name);
    }
    verb.flags.push_back(std::move(flag));
  }
  verbs.push_back(std::move(verb));
  for (const CLI::App* const next : below) {
    describe(*next, path + "/" + next->get_name(), verbs);
  }
}

}  // namespace

void add_completion(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("completion", "Print a script that completes this command");
  verb.footer(kCompletionFooter);
  const auto shell = std::make_shared<std::string>();
  verb.add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  add_json_flag(verb, shared);
  set_run(verb, shared, [&app, &shared, shell]() -> Result<int> {
    const auto known = shells.find(*shell);
    if (known == shells.end()) {
      return fail(ErrorCode::kUsage, not_among("shell", *shell, {"bash", "fish", "zsh"}));
    }
    std::vector<CompletionVerb> verbs;
    describe(app, "", verbs);
    const std::string script = completion_script(verbs, known->second);
    if (shared.json) {
      std::cout << json_line({{"shell", *shell}, {"script", script}}) << "\n";
    } else {
      std::cout << script;
    }
    return os::kExitDone;
  });
}

}  // namespace chancery::cli
