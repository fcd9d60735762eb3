#include "cli/command_line.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chancery/error.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "io/args/cli11.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

constexpr const char* kAbout =
    "Chancery: signed, sealed notices between sovereign members, in a log that all of them verify.";

constexpr const char* kCommandFooter =
    "Which node: --exchange DIR --as CODE for a trial exchange, or --client FILE;\n"
    "or a name that 'chancery context add' gave it, by --context or once and for all;\n"
    "or CHANCERY_EXCHANGE and CHANCERY_MEMBER, CHANCERY_CLIENT or CHANCERY_CONTEXT, in the\n"
    "environment.\n"
    "Each verb has help of its own, with examples: chancery help publish\n"
    "Exit codes: 0 done and true, 1 refused or false, 2 could not tell, 64 wrong command line.";

void add_verbs(CLI::App& app, Shared& shared) {
  app.require_subcommand(0, 1);  // After one, a word is an argument, whatever verb is called so.
  add_exchange(app, shared);
  add_draft(app, shared);
  add_publish(app, shared);
  add_inbox(app, shared);
  add_show(app, shared);
  add_acknowledge(app, shared);
  add_track(app, shared);
  add_outbox(app, shared);
  add_cursor(app, shared);
  add_status(app, shared);
  add_consult(app, shared);
  add_thread(app, shared);
  add_register(app, shared);
  add_search(app, shared);
  add_overdue(app, shared);
  add_minimize(app, shared);
  add_doctor(app, shared);
  add_hub(app, shared);
  add_app(app, shared);
  add_context(app, shared);
  add_config(app, shared);
  add_audit(app, shared);
  add_verify(app, shared);
  add_backup(app, shared);
  add_restore(app, shared);
  add_recover(app, shared);
  add_open(app, shared);
  add_bench(app, shared);
  add_kinds(app, shared);
  add_errors(app, shared);
  add_version(app, shared);
  add_completion(app, shared);
  app.add_subcommand("help", "Show the help of a verb: chancery help publish");
}

using Words = std::vector<std::string>;

// "help publish" is "publish --help".
Words words_of(int argc, const char* const* argv) {
  Words words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

// CLI11 would say that an argument was not expected, and not what was.
std::optional<Error> unknown_verb(const CLI::App& app, const Words& words) {
  const CLI::App* group = &app;
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> verbs = group->get_subcommands({});
    if (verbs.empty() || word.starts_with('-')) {
      return std::nullopt;
    }
    const auto named =
        std::ranges::find_if(verbs, [&](const CLI::App* verb) { return verb->get_name() == word; });
    if (named == verbs.end()) {
      std::set<std::string> names;
      for (const CLI::App* const verb : verbs) {
        names.insert(verb->get_name());
      }
      return Error{ErrorCode::kUsage,
                   not_among(group == &app ? "verb" : "verb of " + group->get_name(), word, names)};
    }
    group = *named;
  }
  return std::nullopt;
}

std::set<std::string> flags_of(const CLI::App& verb) {
  std::set<std::string> flags;
  for (const CLI::Option* const option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      flags.insert("--" + name);
    }
  }
  return flags;
}

// After a parse that failed: the first flag that nobody knows, since what else is wrong may come of
// it. CLI11 would say that it was not expected, and not what was.
std::optional<Error> unknown_flag(const CLI::App& app) {
  const CLI::App* verb = &app;
  std::string called;
  std::vector<std::string> left = app.remaining();
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    called += " " + verb->get_name();
    std::ranges::copy(verb->remaining(), std::back_inserter(left));
  }
  const std::set<std::string> flags = flags_of(*verb);
  for (const std::string& word : left) {
    const std::string flag = word.substr(0, word.find('='));
    if (!flag.starts_with('-') || flag.find_first_not_of('-') == std::string::npos) {
      continue;
    }
    if (!flags.contains(flag)) {
      return Error{ErrorCode::kUsage, not_among("flag", flag, flags)};
    }
    std::string where = flag;
    where += " stands behind its verb: chancery";
    where += called;
    where += " ";
    where += flag;
    return Error{ErrorCode::kUsage, where};
  }
  return std::nullopt;
}

// Parsing failed, so the flag may not have been seen.
bool wants_json(const Words& words) {
  return std::ranges::find(words, "--json") != words.end();
}

int run_verb(const Shared& shared) {
  try {
    const Result<int> code = shared.run();
    if (!code.has_value()) {
      return report(code.error(), shared.json);
    }
    if (!std::cout.flush()) {
      return report(Error{ErrorCode::kIo, "writing to stdout"}, shared.json);
    }
    return *code;
  } catch (const client::Error& error) {
    return report(error.parts(), shared.json);
  } catch (const std::exception& error) {
    return report(Error{ErrorCode::kInternal, error.what()}, shared.json);
  }
}

}  // namespace

void set_run(CLI::App& verb, Shared& shared, std::function<Result<int>()> run) {
  verb.callback([&shared, run = std::move(run)] { shared.run = run; });
}

void add_list(CLI::App& verb, const std::string& name, std::vector<std::string>& target,
              const std::string& help, const std::string& type, bool required) {
  verb.add_option(name, target, help)
      ->required(required)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name(type);
}

void add_json_flag(CLI::App& verb, Shared& shared) {
  verb.add_flag("--json", shared.json, "Answer in JSON, errors too (docs/reference/cli.md)");
}

void add_context_flag(CLI::App& verb, Shared& shared) {
  verb.add_option("--context", shared.context, "What 'chancery context add' gave this name")
      ->type_name("NAME");
}

void add_exchange_flags(CLI::App& verb, Shared& shared) {
  add_context_flag(verb, shared);
  verb.add_option("--exchange", shared.exchange, "The folder of a trial exchange")
      ->type_name("DIR");
  verb.add_option("--as", shared.member, "Act as this member of it")->type_name("CODE");
}

void add_client_flags(CLI::App& verb, Shared& shared) {
  add_exchange_flags(verb, shared);
  verb.add_option("--client", shared.client_file, "The client.toml of an application")
      ->type_name("FILE")
      ->excludes("--exchange")
      ->excludes("--as");
}

void describe_command(CLI::App& app, Shared& shared) {
  app.description(kAbout);
  app.name("chancery");
  app.formatter(
      std::make_shared<args::SteadyFormatter>());  // Before the verbs, which take it over.
  app.footer(kCommandFooter);
  app.set_version_flag("--version", version_line());
  add_verbs(app, shared);
}

int run_command_line(int argc, const char* const* argv) {
  Shared shared;
  CLI::App app;
  describe_command(app, shared);
  Words words = words_of(argc, argv);
  const bool json = wants_json(words);
  if (const std::optional<Error> unknown = unknown_verb(app, words); unknown.has_value()) {
    return report(*unknown, json);
  }
  std::ranges::reverse(words);  // As CLI11 takes a list.
  try {
    app.parse(words);
  } catch (const CLI::Success& asked) {  // --help and --version.
    const int shown = app.exit(asked);
    if (!std::cout.flush()) {
      return report(Error{ErrorCode::kIo, "writing to stdout"}, json);
    }
    return shown == 0 ? os::kExitDone : os::kExitUsage;
  } catch (const CLI::ParseError& error) {
    return report(unknown_flag(app).value_or(Error{ErrorCode::kUsage, error.what()}), json);
  }
  if (!shared.run) {  // No verb, or a group of verbs alone: show what there is.
    std::cerr << app.help();
    return os::kExitUsage;
  }
  return run_verb(shared);
}

}  // namespace chancery::cli
