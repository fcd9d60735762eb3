// A node's configuration: one strict TOML file. docs/reference/config.md lists the keys.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "daemon/options.h"
#include "node/core/hook_queue.h"
#include "node/core/overdue.h"
#include "node/core/stamping.h"
#include "node/engine/application.h"

namespace chancery::node {

// Whom to tell what is overdue: a command or a URL, one of the two.
struct HookConfig {
  std::string name{};
  std::vector<std::string> command{};  // argv, of which the first is an absolute path.
  std::string url{};
  std::string secret{};  // Source of the key of the HMAC; empty where there is none.
  std::string ca{};      // File of trusted CAs; empty: those of the system.
  HookFilter filter{};
  std::chrono::seconds timeout{30};

  bool operator==(const HookConfig&) const = default;
};

struct Config {
  std::string member;
  Hash genesis{};
  std::string hub;  // tcp://address:port
  Hash hub_key{};
  std::string store;  // Paths are absolute: those in the file are relative to its folder.
  std::string signing_key;
  std::string witness_key;  // Empty where the node is no witness.
  std::string transport_key;
  std::vector<std::string> sealing_keys;
  std::uint64_t batch_size_max = kSignedTogetherMax;  // Notices under one signature.
  std::string local;                                  // ipc://… or tcp://…
  std::string local_key;
  std::string admin;
  std::string feed;  // A socket file; empty where nothing is told.
  DiskMarks disk;
  OverdueLimits overdue;
  std::string http;     // An address of loopback and a port; empty where nobody is to ask.
  std::string witness;  // The same, for add-checkpoint.
  std::vector<HookConfig> hooks;
  std::vector<Application> applications;

  bool operator==(const Config&) const = default;
};

// kFileMissing, kConfigInvalid, kConfigUnknownKey, kConfigWrongType: each names file and line.
[[nodiscard]] Result<Config> read_config(const std::string& path);
// The same of bytes that stand, or would stand, at `path`.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& path);
// The names of the keys whose values differ.
[[nodiscard]] std::vector<std::string> changed_keys(const Config& before, const Config& after);
// Those that can be changed while the node runs.
[[nodiscard]] std::vector<std::string_view> reloaded_keys();
// All keys, as docs/reference/config.md has them.
[[nodiscard]] std::vector<daemon::OptionRow> option_rows();

}  // namespace chancery::node
