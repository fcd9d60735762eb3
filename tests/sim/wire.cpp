#include "tests/sim/wire.h"

#include <algorithm>
#include <utility>

namespace chancery::sim {
namespace {

constexpr Micros kGoneAfter = 15 * kSecond;
constexpr Micros kReconnectMin = 100 * kMillisecond;
constexpr Micros kReconnectMax = 2500 * kMillisecond;
constexpr std::size_t kLeavingMax = 128;  // As the hub's socket.
constexpr std::uint64_t kArrivesAfterEndPpm = 500'000;

}  // namespace

void Wire::block(bool to_hub, bool to_node) {
  set_blocked(up_, true, to_hub);
  set_blocked(down_, false, to_node);
}

void Wire::set_blocked(Direction& direction, bool to_hub, bool blocked) {
  if (direction.blocked == blocked) {
    return;
  }
  direction.blocked = blocked;
  const std::uint64_t number = ++direction.block_number;
  if (blocked) {
    scheduler_.after(kGoneAfter, [this, &direction, number] {
      if (direction.blocked && direction.block_number == number) {
        cut();
      }
    });
    return;
  }
  for (Frame& frame : std::exchange(direction.held, {})) {
    post(direction, to_hub, std::move(frame));
  }
}

void Wire::node_started() {
  node_runs_ = true;
  try_connect(kReconnectMin);
}

void Wire::node_ended() {
  node_runs_ = false;
  end(/*node_hears=*/false);
}

void Wire::cut() {
  if (id_ != 0) {
    end(/*node_hears=*/true);
  }
}

void Wire::end(bool node_hears) {
  ++attempt_;
  const ConnectionId ended = std::exchange(id_, 0);
  if (ended != 0) {
    scheduler_.after(up_.blocked ? kGoneAfter : weather_.delay_min,
                     [this, ended] { ends_.hub_disconnected(ended); });
  }
  std::erase_if(up_.held, [&](const Frame&) { return !random_.chance(kArrivesAfterEndPpm); });
  down_.held.clear();
  if (node_hears && node_runs_) {
    ends_.node_disconnected();
    try_connect(random_.between(kReconnectMin, kReconnectMax));
  }
}

void Wire::try_connect(Micros delay) {
  const std::uint64_t attempt = ++attempt_;
  scheduler_.after(delay, [this, attempt] {
    if (attempt != attempt_ || !node_runs_) {
      return;
    }
    if (up_.blocked || down_.blocked || !ends_.hub_listens()) {
      try_connect(random_.between(kReconnectMin, kReconnectMax));
      return;
    }
    id_ = next_id_++;
    ends_.node_connected();
  });
}

void Wire::send_to_hub(const std::string& frame) {
  if (id_ != 0) {
    post(up_, true, {id_, next_number_++, {}, frame});
  }
}

Wire::Sent Wire::send_to_node(ConnectionId id, const std::string& topic,
                              const std::string& message) {
  if (id != id_) {
    return Sent::kGone;
  }
  if (down_.held.size() >= kLeavingMax) {
    return Sent::kFull;
  }
  post(down_, false, {id, next_number_++, topic, message});
  return Sent::kYes;
}

void Wire::post(Direction& direction, bool to_hub, Frame frame) {
  if (direction.blocked) {
    hold(direction, std::move(frame));
    return;
  }
  if (random_.chance(weather_.loss_ppm)) {
    return;
  }
  const int copies = random_.chance(weather_.duplicate_ppm) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    Micros arrives = scheduler_.now() + random_.between(weather_.delay_min, weather_.delay_max);
    if (random_.chance(weather_.reorder_ppm)) {
      arrives += random_.below(10 * weather_.delay_max);
    } else {
      arrives = std::max(arrives, direction.arrives_last);
      direction.arrives_last = arrives;
    }
    scheduler_.after(arrives - scheduler_.now(), [this, to_hub, frame] { arrive(to_hub, frame); });
  }
}

// In the order of sending, whatever was still on its way when the blockade began.
void Wire::hold(Direction& direction, Frame frame) {
  const auto at = std::ranges::upper_bound(direction.held, frame.number, {}, &Frame::number);
  direction.held.insert(at, std::move(frame));
}

void Wire::arrive(bool to_hub, const Frame& frame) {
  Direction& direction = to_hub ? up_ : down_;
  if (direction.blocked) {
    hold(direction, frame);
  } else if (frame.id == id_) {
    if (to_hub) {
      ends_.to_hub(frame.id, frame.message);
    } else {
      ends_.to_node(frame.topic, frame.message);
    }
  } else if (to_hub && random_.chance(kArrivesAfterEndPpm)) {
    ends_.to_hub(frame.id, frame.message);
  }
}

}  // namespace chancery::sim
