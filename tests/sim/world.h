// One simulated exchange from a seed: a hub, some of the members' nodes, an application of each
// kind at every node, what happens in the life of an exchange, and a nemesis. First the nemesis
// does what it can (safety), then everything is healed and has to drain (liveness), and the oracle
// judges.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "tests/sim/application.h"
#include "tests/sim/authorities.h"
#include "tests/sim/machine.h"
#include "tests/sim/oracle.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/trace.h"
#include "tests/sim/wire.h"

namespace chancery::sim {

inline constexpr std::array<const char*, 6> kMembers = {"AM", "BY", "KG", "KZ", "RU", "TJ"};

struct WorldOptions {
  std::uint64_t seed = 1;
  Micros duration = 300 * kSecond;  // Of the time with faults.
  Trace::Sink story = {};
};

struct Report {
  std::vector<std::string> violations;
  Hash trace{};
  Micros simulated = 0;
  std::uint64_t submitted_count = 0;
  std::uint64_t queued_count = 0;
  std::uint64_t read_count = 0;
  std::uint64_t log_size = 0;
  std::uint64_t fault_count = 0;
};

class World {
 public:
  // Each begins with one of these exchanges, all its nodes at work.
  World(std::span<const test::TestExchange> exchanges, const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  World(World&&) = delete;
  World& operator=(World&&) = delete;
  ~World();

  [[nodiscard]] Report run();

 private:
  struct Member {  // One of its nodes, and who works there.
    Seat seat;
    std::unique_ptr<NodeMachine> node;
    std::unique_ptr<Wire> wire;
    std::unique_ptr<Publisher> publisher;
    std::unique_ptr<Reader> reader;
  };

  void build();
  Member& add_node(const std::string& member, int key_number);
  // What is no fault: keys change, nodes are added, are away for long, and time passes.
  void plan_life();
  void enrol_second_node();
  void renew_keys();
  void leave();
  void sleep();
  void wire_up(std::size_t number, Member& member);
  void plan_fault();
  void do_fault();
  void fault_machine(Machine& machine);
  void fault_wire(Member& member);
  void heal();
  // Its connection is good from here on, and its applications begin nothing new.
  static void calm(Member& member);
  [[nodiscard]] static bool is_done(const Member& member);
  [[nodiscard]] static bool has_nothing_due(NodeMachine& machine);
  [[nodiscard]] bool drained();
  // Whether there are enough witnesses whose clocks were never ahead: one whose clock was does not
  // cosign until it is as late again.
  [[nodiscard]] bool has_quorum() const;
  // The whole log is at quorum, and every node knows.
  [[nodiscard]] bool cosigned() const;
  void tell_what_is_left();
  void watch_alarms();
  void judge();
  void judge_stores(Oracle& oracle);
  void violation(const std::string& what);

  WorldOptions options_;
  Random random_;
  test::TestExchange exchange_;
  Scheduler scheduler_;
  Trace trace_;
  Surroundings around_;
  Report report_;
  ConnectionId next_connection_ = 1;
  Workload workload_;
  Weather weather_;
  Micros calm_max_ = 0;  // Between two faults.
  bool faults_on_ = true;
  bool clocks_heal_ = false;
  std::optional<Micros> slept_at_;
  std::vector<std::string> names_;
  std::unique_ptr<HubMachine> hub_;
  std::unique_ptr<Authorities> authorities_;
  std::deque<Member> members_;  // Others know their addresses.
  int next_key_number_ = 2;
};

}  // namespace chancery::sim
