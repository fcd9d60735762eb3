// Who may ask what of the node's local API. Names, keys and grants come from the configuration.

#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace chancery::node {

struct Application {
  std::string name;
  Hash key{};                        // CURVE public key.
  std::vector<std::string> publish;  // Patterns of kinds.
  std::vector<std::string> read;

  bool operator==(const Application&) const = default;
};

}  // namespace chancery::node
