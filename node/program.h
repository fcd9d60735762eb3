// What a node says that it is: in --help, --version and its manual page.

#pragma once

#include "core/base/version.h"
#include "io/args/daemon_args.h"

namespace chancery::node {

[[nodiscard]] inline args::Program program() {
  return {.name = "chancery-node",
          .brief = "one member's node in an exchange of notices",
          .about =
              "One member's node in an exchange: holds the member's keys, its outbox, inbox and "
              "evidence, signs and seals what applications publish, follows the common log and "
              "verifies everything that the hub delivers.",
          .version = std::string(kVersion)};
}

}  // namespace chancery::node
