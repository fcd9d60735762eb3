// The machines: a disk, a clock that may jump, and a daemon's engine that can be killed, paused and
// started again. What each engine is told, and in which order, is what its daemon's loop does with
// real sockets (broker/server.cpp, node/server.cpp); a program that ends with an error is started
// again by its supervisor. A full disk is no error: the engines go on.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/engine/engine.h"
#include "node/engine/engine.h"
#include "tests/liar/liar.h"
#include "tests/sim/disk.h"
#include "tests/sim/random.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/trace.h"
#include "tests/sim/wire.h"
#include "tests/support/exchange.h"

namespace chancery::sim {

// What all parts of a simulation share. `violation` is told what must never happen.
struct Surroundings {
  Scheduler& scheduler;
  Trace& trace;
  test::TestExchange& exchange;
  std::function<void(const std::string&)> violation;
  Micros slept = 0;  // For which nothing ran anywhere: every clock has gone on by it.
};

enum class Death : std::uint8_t { kKilled, kPowerCut };

class Machine {
 public:
  Machine(Surroundings& around, std::string name, Random random);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  Machine(Machine&&) = delete;
  Machine& operator=(Machine&&) = delete;
  virtual ~Machine() = default;

  // The program is gone at once; its supervisor starts it again after a while.
  void kill(Death death);
  // The program dies at its n-th next change of the disk.
  void kill_at_change(std::uint64_t count, Death death);
  // As SIGSTOP does: nothing happens here until then.
  void pause(Micros how_long);
  // The time of day is wrong by this, from now on.
  void set_clock_off(std::int64_t microseconds) {
    clock_offset_ = microseconds;
    clock_offset_max_ = std::max(clock_offset_max_, microseconds);
  }
  // It has shown times that are later than now.
  [[nodiscard]] bool clock_went_back() const { return clock_offset_ < clock_offset_max_; }
  // Out of order: it is not started again before come_back().
  void go_away();
  void come_back();
  // Its supervisor tries to start it, now and again.
  void start();
  // For good, and orderly.
  virtual void stop() = 0;

  [[nodiscard]] Disk& disk() { return disk_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] virtual bool runs() const = 0;
  [[nodiscard]] std::uint64_t unix_us() const;
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const;

 protected:
  virtual Result<void> start_program() = 0;
  virtual void drop_program() = 0;
  virtual Result<void> turn() = 0;

  // Does it now, or once the pause is over; what it is done with is copied for a pause only.
  template <class Action, class... With>
  void when_awake(Action action, const With&... with) {
    if (paused_until_ > around_.scheduler.now()) {
      do_after_pause([action = std::move(action), with...]() mutable { action(with...); });
      return;
    }
    around_.trace.set_speaker(name_);
    action(with...);
  }
  // Ends the program where `result` is an error: it stopped by itself, or its disk died.
  void judge(const Result<void>& result);
  [[nodiscard]] Result<void> still_alive() const;
  void plan_turn(Micros delay);
  void tick();
  // Whether this run of the program has its scrubber. It begins anew with each run, and here a
  // program is started again a hundred times in an hour: all those passes were a third of the time
  // of a long simulation.
  [[nodiscard]] bool scrubs() const { return scrubs_; }

  Surroundings& around_;
  std::string name_;
  Random random_;
  Disk disk_;

 private:
  void end_program(Death death);
  void do_after_pause(std::function<void()> action);

  std::int64_t clock_offset_ = 0;
  std::int64_t clock_offset_max_ = 0;
  bool is_away_ = false;
  Micros paused_until_ = 0;
  bool turn_planned_ = false;
  bool scrubs_ = false;
  Death death_at_change_ = Death::kKilled;
  std::uint64_t life_ = 0;  // Tells what was planned for this run of the program.
};

class HubMachine final : public Machine {
 public:
  HubMachine(Surroundings& around, Random random) : Machine(around, "hub", random) {}

  // The key is asked for at each connection: a node may change it.
  void attach(std::size_t node, Wire* wire, std::function<Hash()> transport_key_id);
  void receive(std::size_t node, ConnectionId id, const std::string& frame);
  void disconnected(ConnectionId id);
  // Whether it would let this node connect.
  [[nodiscard]] bool admits(std::size_t node) const;
  // A directory entry, over its admin socket, or what a node of this member would submit.
  void hand_in(const std::string& entry, const std::optional<std::string>& member = {});
  void stop() override { drop_program(); }
  [[nodiscard]] bool runs() const override { return engine_ != nullptr; }
  [[nodiscard]] broker::Engine* engine() { return engine_.get(); }
  // From now on this stands between its engine and its connections.
  void lie_by(test::Liar* liar) { liar_ = liar; }

 private:
  struct Port {
    Wire* wire = nullptr;
    std::function<Hash()> transport_key_id;
  };

  Result<void> start_program() override;
  void drop_program() override;
  void cut_ended();
  void take(std::size_t node, ConnectionId id, const std::string& frame);
  Result<void> turn() override;
  void send_outgoing();

  std::map<std::size_t, Port> ports_;             // By node.
  std::map<ConnectionId, std::size_t> speakers_;  // Whose connection it is.
  std::unique_ptr<broker::Engine> engine_;
  test::Liar* liar_ = nullptr;
};

class NodeMachine final : public Machine {
 public:
  using ReplySink = std::function<void(const std::string& routing_id, const std::string& message)>;

  // `name` is the machine's; its daemon has the keys of this number.
  NodeMachine(Surroundings& around, std::string name, std::string member, int number,
              Random random);

  // Makes the empty store of each member's node, which each seed's nodes begin with: a thirtieth of
  // the time of a short simulation went into making them anew. No fault befalls that, since a
  // machine gets its faults once its program runs. Once, before the first seed.
  static void make_empty_stores(const Hash& genesis, std::span<const char* const> members);

  [[nodiscard]] const std::string& member() const { return member_; }
  [[nodiscard]] int key_number() const { return number_; }
  [[nodiscard]] Hash transport_key_id() const;
  // What is sealed to these from the daemon's next start on opens as well: a key that is enrolled
  // may be sealed to before the daemon goes over to it, also if it never does.
  void hold_keys(int number) { held_.insert(number); }
  // The daemon is stopped and started with other keys; it holds those before.
  void change_keys(int number);

  void attach(Wire* wire) { wire_ = wire; }
  void set_reply_sink(ReplySink sink) { reply_sink_ = std::move(sink); }
  void connected();
  void disconnected();
  void receive(const std::string& topic, const std::string& message);
  // False where nobody listens.
  bool request(const std::string& routing_id, const std::string& frame);
  void stop() override { drop_program(); }
  [[nodiscard]] bool runs() const override { return engine_ != nullptr; }
  [[nodiscard]] node::Engine* engine() { return engine_.get(); }

 private:
  Result<void> start_program() override;
  void drop_program() override;
  Result<void> turn() override;
  Result<void> finish_turn();
  void take(const std::string& topic, const std::string& message);
  void send_replies();
  // As the daemon's loop does it, where the disk had no room.
  Result<void> or_start_over(Result<void> done);
  [[nodiscard]] node::Now now() const;

  std::string member_;
  int number_;
  std::set<int> held_;
  Wire* wire_ = nullptr;
  ReplySink reply_sink_;
  std::unique_ptr<node::Engine> engine_;
};

}  // namespace chancery::sim
