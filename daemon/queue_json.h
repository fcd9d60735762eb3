// A queue as `status` shows it. docs/internals/bounds.md lists them all.

#pragma once

#include <cstdint>
#include <optional>

#include "io/text/json.h"

namespace chancery::daemon {

struct Fill {
  std::uint64_t now = 0;
  std::uint64_t max = 0;
};

struct Queue {
  std::optional<Fill> items{};             // Where items are counted …
  std::optional<Fill> bytes{};             // … and bytes …
  std::optional<std::uint64_t> refused{};  // … and what found no room, since the start.
};

[[nodiscard]] inline text::Json queue_json(const Queue& queue) {
  text::Json json = text::Json::object();
  if (queue.items.has_value()) {
    json["items"] = queue.items->now;
    json["items_max"] = queue.items->max;
  }
  if (queue.bytes.has_value()) {
    json["bytes"] = queue.bytes->now;
    json["bytes_max"] = queue.bytes->max;
  }
  if (queue.refused.has_value()) {
    json["refused"] = *queue.refused;
  }
  return json;
}

}  // namespace chancery::daemon
