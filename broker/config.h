// The hub's configuration: one strict TOML file. docs/reference/config.md lists the keys.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/core/quota.h"
#include "core/base/bytes.h"
#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "daemon/options.h"

namespace chancery::broker {

struct Config {
  std::string listen;  // tcp://address:port
  Hash genesis{};
  std::string founding;  // Paths are absolute: those in the file are relative to its folder.
  std::string store;
  std::string log_key;
  std::string log_key_next;  // Empty where no change of log key is under way.
  std::string transport_key;
  std::string admin;
  DiskMarks disk;
  std::string http;  // An address of loopback and a port; empty where nobody is to ask.
  QuotaLimits quota;

  bool operator==(const Config&) const = default;
};

// kFileMissing, kConfigInvalid, kConfigUnknownKey, kConfigWrongType: each names file and line.
[[nodiscard]] Result<Config> read_config(const std::string& path);
// The same of bytes that stand, or would stand, at `path`.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& path);
// The names of the keys whose values differ.
[[nodiscard]] std::vector<std::string> changed_keys(const Config& before, const Config& after);
// Those that can be changed while the hub runs.
[[nodiscard]] std::vector<std::string_view> reloaded_keys();
// All keys, as docs/reference/config.md has them.
[[nodiscard]] std::vector<daemon::OptionRow> option_rows();

}  // namespace chancery::broker
