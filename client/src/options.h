// What a client.toml says, before the key file that it names is read. Inner to client/.
//
// No state, any thread.

#pragma once

#include <string>
#include <string_view>

#include "chancery/options.h"
#include "core/base/result.h"

namespace chancery::client {

struct OptionsFile {
  Options options;  // Without the key.
  std::string key_path;
};

// kConfigInvalid, kConfigUnknownKey, kConfigWrongType. The text stands, or would stand, at `path`.
[[nodiscard]] Result<OptionsFile> parse_options(std::string_view text, const std::string& path);

}  // namespace chancery::client
