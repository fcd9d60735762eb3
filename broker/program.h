// What the hub says that it is: in --help, --version and its manual page.

#pragma once

#include "core/base/version.h"
#include "io/args/daemon_args.h"

namespace chancery::broker {

[[nodiscard]] inline args::Program program() {
  return {.name = "chancery-broker",
          .brief = "the hub of one exchange of notices",
          .about =
              "The hub of one exchange: admits, numbers, logs, stores and forwards the notices of "
              "its members. It can neither read nor forge them, and every node verifies that the "
              "log it is shown only grows and holds what was delivered.",
          .version = std::string(kVersion)};
}

}  // namespace chancery::broker
