// The version of this source tree, as CMakeLists.txt gives it.

#pragma once

#include <string_view>

namespace chancery {

inline constexpr std::string_view kVersion = CHANCERY_VERSION;

}  // namespace chancery
