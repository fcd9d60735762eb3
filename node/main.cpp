// chancery-node: one member's node in an exchange.

#include "daemon/main.h"

#include "core/base/version.h"
#include "node/config.h"
#include "node/server.h"

int main(int argc, char** argv) {
  using namespace chancery;
  return daemon::run<node::Server>(
      argc, argv,
      {.name = "chancery-node",
       .about = "One member's node in an exchange: holds the member's keys, its outbox, inbox and "
                "evidence, signs and seals what applications publish, follows the common log and "
                "verifies everything that the hub delivers.",
       .version = std::string(kVersion)},
      node::read_config);
}
