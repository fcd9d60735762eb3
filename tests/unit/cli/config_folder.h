// Where the examples are that the project ships.

#pragma once

#include <string>

namespace chancery::cli {

inline const std::string config_folder = std::string(CHANCERY_VECTORS) + "/../../config/";

}  // namespace chancery::cli
