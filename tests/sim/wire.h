// The connection between one node and the hub, with all that can go wrong on the way.
//
// Frames arrive late, in order within a direction unless the weather reorders them, sometimes
// twice, sometimes not at all. A blocked direction holds frames back as TCP does; a direction
// blocked for 15 s ends the connection. Each end hears at once that a connection ended, or where
// its line is blocked after as long. What was on its way to the hub when a connection ended may
// still arrive, under the handle of that connection. A connection is one handle: the hub never sees
// two nodes under one, nor one node's two connections.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/random.h"
#include "tests/sim/scheduler.h"

namespace chancery::sim {

using ConnectionId = std::uint64_t;  // The hub's peer handle; 0 is none.

struct Weather {
  Micros delay_min = 200;
  Micros delay_max = 5 * kMillisecond;
  std::uint64_t loss_ppm = 0;
  std::uint64_t duplicate_ppm = 0;
  std::uint64_t reorder_ppm = 0;
};

// The ends of a wire.
struct WireEnds {
  std::function<void()> node_connected;
  std::function<void()> node_disconnected;
  std::function<void(ConnectionId, const std::string& frame)> to_hub;
  std::function<void(ConnectionId)> hub_disconnected;
  std::function<void(const std::string& topic, const std::string& message)> to_node;
  std::function<bool()> hub_listens;
};

class Wire {
 public:
  Wire(Scheduler& scheduler, Random random, ConnectionId& next_id, WireEnds ends)
      : scheduler_(scheduler), random_(random), next_id_(next_id), ends_(std::move(ends)) {}

  void set_weather(const Weather& weather) { weather_ = weather; }
  void block(bool to_hub, bool to_node);

  // The node's process starts or ends. While it runs it tries to have a connection.
  void node_started();
  void node_ended();
  // The connection ends: the hub's process did, or somebody cut it. The node hears of it.
  void cut();

  void send_to_hub(const std::string& frame);
  enum class Sent : std::uint8_t { kYes, kFull, kGone };
  Sent send_to_node(ConnectionId id, const std::string& topic, const std::string& message);

  [[nodiscard]] ConnectionId id() const { return id_; }

 private:
  struct Frame {
    ConnectionId id;
    std::uint64_t number;  // In the order of sending.
    std::string topic;
    std::string message;
  };
  struct Direction {
    bool blocked = false;
    std::uint64_t block_number = 0;  // Tells one blockade from the next.
    Micros arrives_last = 0;
    std::vector<Frame> held;
  };

  void try_connect(Micros delay);
  void end(bool node_hears);
  void set_blocked(Direction& direction, bool to_hub, bool blocked);
  void post(Direction& direction, bool to_hub, Frame frame);
  static void hold(Direction& direction, Frame frame);
  void arrive(bool to_hub, const Frame& frame);

  Scheduler& scheduler_;
  Random random_;
  ConnectionId& next_id_;
  WireEnds ends_;
  Weather weather_;
  Direction up_;
  Direction down_;
  ConnectionId id_ = 0;
  std::uint64_t next_number_ = 0;
  bool node_runs_ = false;
  std::uint64_t attempt_ = 0;  // Tells a planned attempt from one that was given up.
};

}  // namespace chancery::sim
