// chancery-node: one member's node in an exchange.

#include "daemon/main.h"

#include "node/config.h"
#include "node/program.h"
#include "node/server.h"

int main(int argc, char** argv) {
  using namespace chancery;
  return daemon::run<node::Server>(argc, argv, node::program(), node::read_config);
}
