// Where the examples are that the project ships.

#pragma once

#include <string>

#include "tests/support/source_folder.h"

namespace chancery::cli {

inline const std::string config_folder = std::string(test::source_folder) + "/config/";

}  // namespace chancery::cli
