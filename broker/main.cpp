// chancery-broker: the hub of one exchange.

#include "daemon/main.h"

#include "broker/config.h"
#include "broker/program.h"
#include "broker/server.h"

int main(int argc, char** argv) {
  using namespace chancery;
  return daemon::run<broker::Server>(argc, argv, broker::program(), broker::read_config);
}
