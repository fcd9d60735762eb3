// chancery-broker: the hub of one exchange.

#include "daemon/main.h"

#include "broker/config.h"
#include "broker/server.h"
#include "core/base/version.h"

int main(int argc, char** argv) {
  using namespace chancery;
  return daemon::run<broker::Server>(
      argc, argv,
      {.name = "chancery-broker",
       .about =
           "The hub of one exchange: admits, numbers, logs, stores and forwards the notices of "
           "its members. It can neither read nor forge them, and every node verifies that the "
           "log it is shown only grows and holds what was delivered.",
       .version = std::string(kVersion)},
      broker::read_config);
}
