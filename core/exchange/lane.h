// The two lanes that notices travel in: urgent ones, of precedence immediate and above, never wait
// behind patient ones.
//
// What keeps a place in a sequence of both (a node's cursor at the hub, an application's cursor at
// its node) keeps one for each lane, so that the urgent of today are passed on while a backlog of
// patient ones is still to come. Protocol C-139, C-164.

#pragma once

#include <array>
#include <cstdint>

#include "chancery/v1/envelope.pb.h"

namespace chancery::exchange {

enum class Lane : std::uint8_t { kPatient = 0, kUrgent = 1 };

inline constexpr std::array kLanes = {Lane::kUrgent, Lane::kPatient};  // As they are served.

[[nodiscard]] constexpr Lane lane_of(v1::Precedence precedence) {
  return precedence >= v1::PRECEDENCE_IMMEDIATE ? Lane::kUrgent : Lane::kPatient;
}

template <typename T>
struct PerLane {
  T patient{};
  T urgent{};

  [[nodiscard]] T& operator[](Lane lane) { return lane == Lane::kUrgent ? urgent : patient; }
  [[nodiscard]] const T& operator[](Lane lane) const {
    return lane == Lane::kUrgent ? urgent : patient;
  }
  bool operator==(const PerLane&) const = default;
};

}  // namespace chancery::exchange
