// The members' authorities: they enrol nodes, revoke keys and set a state of the exchange, and hand
// an entry to the hub again and again until it stands in the hub's directory.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/exchange/directory.h"
#include "tests/sim/machine.h"

namespace chancery::sim {

class Authorities {
 public:
  using Then = std::function<void()>;

  Authorities(Surroundings& around, HubMachine& hub) : around_(around), hub_(hub) {}

  // The member's node with the keys of this number, without voice.
  void enrol(const std::string& member, int number, Then then);
  // All keys of that node: it is one no more.
  void revoke(const std::string& member, int number);
  // From now on, whatever was wanted before.
  void minimize(std::string_view value);

 private:
  struct Wish {
    std::function<bool(const exchange::Directory&)> stands;
    std::function<std::string(const exchange::Directory&)> entry;  // Made on this state.
    Then then;
  };
  void pursue(Wish wish);
  void keep_minimize();

  Surroundings& around_;
  HubMachine& hub_;
  std::string minimize_;  // As it is wanted; empty until it is.
};

}  // namespace chancery::sim
