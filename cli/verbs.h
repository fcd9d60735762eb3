// The verbs of the command: each add_<verb>() describes one to the command line library, with its
// flags and a help that teaches, and sets Shared::run where it was named.
//
// CLI11 is slow to compile and stays in the .cpp files of these functions and command_line.cpp.
// A new verb: its struct and run in cli/<verb>.{h,cpp}, its add_<verb>() here, and one line in
// command_line.cpp.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/shared.h"
#include "core/base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name.
class App;
}  // namespace CLI

namespace chancery::cli {

// All of the command; `shared` must live as long as `app`. command_line.cpp.
void describe_command(CLI::App& app, Shared& shared);

// The verb does this where it is the one that was named; command_line.cpp.
void set_run(CLI::App& verb, Shared& shared, std::function<Result<int>()> run);

// The options live as long as the run that was made of them.
template <class Options>
void run_with(CLI::App& verb, Shared& shared, std::shared_ptr<Options> options,
              Result<int> (*run)(const Options&, const Shared&)) {
  set_run(verb, shared,
          [&shared, options = std::move(options), run] { return run(*options, shared); });
}

// verbs_notices.cpp: what asks a node through the client library, or nobody.
void add_publish(CLI::App& app, Shared& shared);
void add_inbox(CLI::App& app, Shared& shared);
void add_draft(CLI::App& app, Shared& shared);
void add_show(CLI::App& app, Shared& shared);
void add_acknowledge(CLI::App& app, Shared& shared);
void add_kinds(CLI::App& app, Shared& shared);
void add_errors(CLI::App& app, Shared& shared);
void add_version(CLI::App& app, Shared& shared);

// verbs_own.cpp: what became of what was published, and of what was read.
void add_outbox(CLI::App& app, Shared& shared);
void add_track(CLI::App& app, Shared& shared);
void add_cursor(CLI::App& app, Shared& shared);

// verbs_exchange.cpp: trial exchanges, and keys tried on envelopes.
void add_exchange(CLI::App& app, Shared& shared);
void add_open(CLI::App& app, Shared& shared);

// verbs_daemons.cpp: what asks a daemon's admin socket, or reads its store.
void add_status(CLI::App& app, Shared& shared);
void add_consult(CLI::App& app, Shared& shared);
void add_thread(CLI::App& app, Shared& shared);
void add_register(CLI::App& app, Shared& shared);
void add_search(CLI::App& app, Shared& shared);
void add_overdue(CLI::App& app, Shared& shared);
void add_minimize(CLI::App& app, Shared& shared);
void add_doctor(CLI::App& app, Shared& shared);
void add_hub(CLI::App& app, Shared& shared);
void add_audit(CLI::App& app, Shared& shared);
void add_verify(CLI::App& app, Shared& shared);
void add_backup(CLI::App& app, Shared& shared);
void add_restore(CLI::App& app, Shared& shared);
void add_recover(CLI::App& app, Shared& shared);

// verbs_app.cpp: the applications of a node.
void add_app(CLI::App& app, Shared& shared);

// verbs_context.cpp: names for nodes and hubs.
void add_context(CLI::App& app, Shared& shared);

// verbs_config.cpp: the files of daemons and applications, offline.
void add_config(CLI::App& app, Shared& shared);

// verbs_bench.cpp: loads exchanges of its own; cli/bench.
void add_bench(CLI::App& app, Shared& shared);

// verbs_completion.cpp: describes all verbs that were added before.
void add_completion(CLI::App& app, Shared& shared);

// Flags that verbs share; command_line.cpp.
//
// "AM,BY", and as often as one likes. Whether it is required.
void add_list(CLI::App& verb, const std::string& name, std::vector<std::string>& target,
              const std::string& help, const std::string& type, bool required = false);
void add_json_flag(CLI::App& verb, Shared& shared);
void add_context_flag(CLI::App& verb, Shared& shared);
void add_exchange_flags(CLI::App& verb, Shared& shared);  // --context, --exchange, --as
void add_client_flags(CLI::App& verb, Shared& shared);    // The same, and --client.

}  // namespace chancery::cli
