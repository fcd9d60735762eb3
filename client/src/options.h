// Options from a client.toml, and by their names, as chancery.h sets and gets them. Inner to
// client/.
//
// No state, any thread.

#pragma once

#include <array>
#include <string>
#include <string_view>

#include "chancery/options.h"
#include "core/base/result.h"

namespace chancery::client {

// What a client.toml may say: what the reader takes, `config check` knows it by, and a test
// compares docs/reference/config.md with.
inline constexpr std::array<std::string_view, 7> kFileKeys = {
    "node", "node_key", "key", "member", "genesis", "connect_timeout_ms", "request_timeout_ms"};

struct OptionsFile {
  Options options;  // Without the key.
  std::string key_path;
};

// Before the key file is read. kConfigInvalid, kConfigUnknownKey, kConfigWrongType. The text
// stands, or would stand, at `path`.
[[nodiscard]] Result<OptionsFile> parse_options(std::string_view text, const std::string& path);

// The file and the key file that it names: those, and the errors of reading files.
[[nodiscard]] Result<Options> read_options(const std::string& path);

// kConfigUnknownKey; kConfigInvalid where the value cannot be. Keys are 64 digits.
[[nodiscard]] Result<void> set_option(Options& options, std::string_view name,
                                      std::string_view value);
[[nodiscard]] Result<std::string> get_option(const Options& options, std::string_view name);

}  // namespace chancery::client
