// How to reach one's node: address, keys and patience.
//
// Usually read from the client.toml that the node's operator hands to an application; see
// docs/reference/config.md. `key` is a secret: do not log it.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace chancery::client {

using Key = std::array<std::uint8_t, 32>;

struct Options {
  std::string node;  // "ipc:///run/…/local.sock" or "tcp://127.0.0.1:7420".
  Key node_key{};    // The node's public CURVE key.
  Key key{};  // The application's own secret key (X25519). The library keeps no copy: wipe it.
  std::string member;
  std::string genesis;  // 64 digits.

  // Nothing listens: how long a call waits for a connection before it throws "no-daemon".
  std::chrono::milliseconds connect_timeout{3000};
  // The node has the request: how long to wait for its answer before "unknown-outcome".
  std::chrono::milliseconds request_timeout{10000};
  // Under way at once, of all threads; more is "queue-full". The last eighth, at least one where
  // there are two, is for publishing what is urgent (immediate and above).
  std::size_t request_count_max = 256;

  // Paths in the file are relative to its folder. The key file must be readable by its owner only.
  [[nodiscard]] static Options from_file(const std::string& path);
};

}  // namespace chancery::client

#include "chancery/detail/options.h"  // How.
