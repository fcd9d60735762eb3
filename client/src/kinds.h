// The kinds, with the fields that their JSON has, read from the generated descriptors. Inner to
// client/. No state, any thread.

#pragma once

#include <vector>

#include "chancery/notice.h"

namespace chancery::client {

[[nodiscard]] std::vector<Kind> all_kinds();  // By name.

}  // namespace chancery::client
