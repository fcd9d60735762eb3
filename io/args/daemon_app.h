// The command line of a daemon as the library is told it: for --help, parsing and the manual page.

#pragma once

#include "io/args/daemon_args.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name.
class App;
}  // namespace CLI

namespace chancery::args {

// `args` must live as long as `app`.
void describe_daemon(CLI::App& app, DaemonArgs& args, const Program& program);

}  // namespace chancery::args
