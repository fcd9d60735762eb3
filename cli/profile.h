// An exchange profile: the TOML file from which a trial exchange is made (config/exchanges/).
//
// It has everything that the first roster says except keys. Whether the roster it makes is a good
// one is core/exchange's to say; here only the file's form is judged, and strictly: every error
// names file and line. Pure: no file is read.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "core/base/result.h"

namespace chancery::cli {

struct Profile {
  // Members in ascending order of their codes, without authority keys; hub with its origin line
  // only.
  v1::Roster roster;
  std::uint16_t port = 0;  // Of the hub on 127.0.0.1, unless the command line says otherwise.
};

inline constexpr std::size_t kProfileBytesMax = 1U << 20U;

[[nodiscard]] Result<Profile> parse_profile(std::string_view text, std::string source_name);

}  // namespace chancery::cli
