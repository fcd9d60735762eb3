// The configuration's file, and the places that it names, looked at by `--check` before anything is
// made there.
//
// Each finds what would stop a start for the place's sake: the folder is missing or may not be
// written, something else is there, the path is too long. Nothing is made, changed or removed. What
// is in a store is for broker/check.cpp and node/check.cpp. Free of state: any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace chancery::daemon {

inline constexpr std::size_t kConfigBytesMax = 1U << 20U;

// kFileMissing, kIo; kConfigInvalid over kConfigBytesMax.
[[nodiscard]] Result<std::string> read_config_file(const std::string& path);

// `key` is the configuration's name for the path: the detail begins with it. kFileMissing, kIo,
// kExists, and what io/sqlite says of a file that can be no store.
[[nodiscard]] Result<void> check_store_place(std::string_view key, const std::string& path);

// kFileMissing, kIo, kExists; kConfigInvalid over zmq::kIpcPathBytesMax.
[[nodiscard]] Result<void> check_socket_place(std::string_view key, const std::string& path);

// Whether a store of this kind was made and its tables were not, as a crash in between leaves it:
// an audit cannot read it, and its owner goes on where it stopped.
[[nodiscard]] bool is_unfinished_store(const std::string& path, std::uint32_t application_id);

}  // namespace chancery::daemon
