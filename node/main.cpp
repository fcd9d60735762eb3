// chancery-node: one member's node in an exchange.

#include "daemon/main.h"

#include <string_view>

#include "node/config.h"
#include "node/post_hook.h"
#include "node/program.h"
#include "node/server.h"

int main(int argc, char** argv) {
  using namespace chancery;
  if (argc == 2 && std::string_view(argv[1]) == node::kPostHookWord) {
    return node::run_post_hook();
  }
  return daemon::run<node::Server>(argc, argv, node::program(), node::read_config);
}
