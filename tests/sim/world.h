// One simulated exchange from a seed: a hub, some of the members' nodes, an application of each
// kind at every node, what happens in the life of an exchange, and a nemesis. First the nemesis
// does what it can (safety), then everything is healed and has to drain (liveness), and the oracle
// judges.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/crypto/signer.h"
#include "tests/liar/liar.h"
#include "tests/sim/application.h"
#include "tests/sim/authorities.h"
#include "tests/sim/delegate.h"
#include "tests/sim/lying_member.h"
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
  std::optional<test::Lie> lie{};   // That the hub tells one of the members.
  bool lying_member = false;        // One of them lies itself.
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
  std::map<workflow::Conclusion, std::uint64_t> outcomes;  // Of consultations, at all members.
  bool lied = false;
  std::string noticed{};  // By what first, where it was.
  Micros noticed_after = 0;
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
    std::unique_ptr<Delegate> delegate;  // At a member's first node.
  };

  void build();
  Member& add_node(const std::string& member, int key_number);
  // What is no fault: keys change, nodes are added, are away for long, and time passes.
  void plan_life();
  void plan_consultations();
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
  [[nodiscard]] bool is_done(const Member& member) const;
  [[nodiscard]] static bool has_nothing_due(NodeMachine& machine);
  [[nodiscard]] bool drained();
  // Whether there are enough witnesses whose clocks were never ahead: one whose clock was does not
  // cosign until it is as late again.
  [[nodiscard]] bool has_quorum() const;
  // The whole log is at quorum, and every node knows.
  [[nodiscard]] bool cosigned() const;
  void tell_what_is_left();
  void tell_refused(const Member& member);
  // As Scheduler::run_until(), and where somebody lies it looks once a second at what nodes say.
  void run_until(Micros then);
  void watch_alarms();
  void say(const Member& member, const std::string& what, const std::string& peer);
  void begin_lie(test::Lie lie);
  // An honest hub gives no reason for one, and a lie only to whom it concerns.
  [[nodiscard]] bool may_say(const Member& member, const std::string& what,
                             const std::string& peer) const;
  // Until nothing waits any more.
  void drain(Micros until);
  // Until all members make the same of what they were consulted about, and it is final: that may
  // take longer than a clock that is wrong lets us wait.
  void settle(Micros until);
  // By opening, in words, at each member that has it: whether all say the same, and whether that is
  // final.
  struct Settled {
    bool same = true;
    bool is_final = true;
  };
  [[nodiscard]] Settled settled() const;
  // Until the lie is noticed: a day and more, where nothing but time shows it.
  void wait_for_notice();
  // Where a member lies: what the hub and the others have of it by now.
  void watch_lying_member();
  void judge();
  void judge_stores(Oracle& oracle);
  [[nodiscard]] bool is_judged(const std::string& what) const;
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
  std::unique_ptr<crypto::Signer> log_signer_;
  std::unique_ptr<crypto::Signer> witness_signer_;  // Of a member in league with the hub.
  std::unique_ptr<test::Liar> liar_;
  std::unique_ptr<LyingMember> lying_member_;
  std::optional<Micros> lied_at_;
  std::optional<Micros> healed_at_;
  int next_key_number_ = 2;
};

}  // namespace chancery::sim
