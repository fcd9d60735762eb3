// The command line library, for cli/ alone: the one place that includes it, since it is slow to
// compile and its errors are exceptions. Daemons use daemon_args.h.

#pragma once

#include <CLI/CLI.hpp>  // IWYU pragma: export
