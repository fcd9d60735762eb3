// A hub and nodes of the TestExchange as real daemons: their files, written from seeded keys, and
// their processes.
//
// The hub takes a port of the system's choice at its first start and keeps it. A node is of a
// member's node 1, and has one application, "desk", which may do everything.

#pragma once

#include <string>
#include <string_view>

#include "io/zmq/curve.h"
#include "tests/support/exchange.h"
#include "tests/system/support/daemon.h"

namespace chancery::test {

[[nodiscard]] zmq::CurveKeyPair curve_pair(std::string_view key_name);

class TrialHub {
 public:
  TrialHub(const TestExchange& exchange, const Folder& folder);

  // The log keys of the next start, by name; the second for a change that is under way.
  void set_log_keys(std::string_view key, std::string_view next = "");
  void start();  // Waits until it is ready.
  [[nodiscard]] Daemon& daemon() { return daemon_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::string config() const { return folder_ / "hub/hub.toml"; }
  [[nodiscard]] text::Json status() const;
  [[nodiscard]] Ran audit() const;

 private:
  void write_config() const;

  const TestExchange& exchange_;
  const Folder& folder_;
  Daemon daemon_;
  std::string endpoint_ = "tcp://127.0.0.1:*";
  std::string log_keys_;  // Lines of the configuration.
};

class TrialNode {
 public:
  TrialNode(const TestExchange& exchange, const Folder& folder, std::string member,
            std::string_view hub_endpoint);

  void start();  // Does not wait.
  [[nodiscard]] Daemon& daemon() { return daemon_; }
  [[nodiscard]] std::string config() const { return folder_ / (member_ + "/node.toml"); }
  [[nodiscard]] std::string client() const { return folder_ / (member_ + "/desk/client.toml"); }
  [[nodiscard]] std::string store() const { return folder_ / (member_ + "/store/node.db"); }
  [[nodiscard]] Ran status() const;
  // Subjects of what applications see, by arrival.
  [[nodiscard]] std::vector<std::string> subjects() const;
  // A number of the status: count("inbox", "shown").
  [[nodiscard]] std::uint64_t count(std::string_view group, std::string_view name) const;

 private:
  const Folder& folder_;
  std::string member_;
  Daemon daemon_;
};

}  // namespace chancery::test
