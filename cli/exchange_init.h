// `chancery exchange init`: a whole trial exchange in one folder, with the keys of all parties.
//
// First a plan, which is pure: keys, founding entries and every file as bytes, folded through the
// directory. Only a plan that holds is written, and only where nothing is yet. All keys on one
// machine is right for a trial and for nothing else; a real exchange is made by its members with
// the same code, in ceremonies of their own.
//
//   DIR/exchange.toml   DIR/founding.bin   DIR/authorities/<CODE>.pem
//   DIR/hub/{hub.toml, keys/, store/, run/}
//   DIR/<code>/{node.toml, keys/, store/, run/, apps/desk/{client.toml, key.pem}}

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/ceremony.h"
#include "cli/profile.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::cli {

// Every file is 0600, every folder 0700.
struct PlannedFile {
  std::string path;  // Relative to the exchange's folder.
  std::string bytes;
};

// Holds private keys: wiped when it goes.
struct ExchangePlan {
  ExchangePlan() = default;
  ExchangePlan(const ExchangePlan&) = delete;
  ExchangePlan& operator=(const ExchangePlan&) = delete;
  ExchangePlan(ExchangePlan&&) = default;
  ExchangePlan& operator=(ExchangePlan&&) = delete;
  ~ExchangePlan();

  std::string name;
  Hash genesis{};
  std::string hub_endpoint;
  std::vector<std::string> members;
  std::vector<std::string> folders;  // Outer ones first.
  std::vector<PlannedFile> files;
};

// `endpoint` is where the hub listens: "tcp://127.0.0.1:7411".
[[nodiscard]] Result<ExchangePlan> plan_exchange(const Profile& profile, std::string_view endpoint,
                                                 std::uint64_t now_us, const Random& random);

// kExists where something is at `folder`; kLimitExceeded where its path is too long for the sockets
// in it. What was written goes again where the rest cannot be.
[[nodiscard]] Result<void> write_exchange(const ExchangePlan& plan, const std::string& folder);

struct ExchangeInitOptions {
  std::string profile;  // A TOML file, or a folder with a profile.toml in it.
  std::string folder;
  std::optional<std::uint16_t> port;
  std::optional<std::string> listen;
};

// All of it: reads the profile, plans with the system's randomness and clock, writes.
[[nodiscard]] Result<ExchangePlan> init_exchange(const ExchangeInitOptions& options);

// What was made and what to do next, for people or as one JSON object.
[[nodiscard]] std::string describe_exchange(const ExchangePlan& plan, const std::string& folder,
                                            bool json);

}  // namespace chancery::cli
