// What a hook is to tell of what is overdue, and when: the rule, for one hook.
//
// It compares what is overdue with what the other side knows, and tells the difference. What could
// not be told is told again, later and later, until it could, or until there is nothing to tell any
// more: what was over before anybody heard of it is not told at all. Where an attempt failed that
// may have been heard all the same, nobody knows what the other side knows, and it is told how the
// thing stands now. Bounded: what finds no room waits outside and is looked at again. Pure: time
// and names are passed in. See docs/decisions/0042-hooks-are-told-while-the-node-lives.md.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/backoff.h"
#include "node/core/overdue.h"

namespace chancery::node {

struct HookFilter {
  std::vector<std::string> on{};  // Overdue::what; empty: all.
  bool urgent_only = false;

  [[nodiscard]] bool takes(const Overdue& overdue) const;
  bool operator==(const HookFilter&) const = default;
};

// What is told, in the same words at each attempt.
struct HookEvent {
  std::string id{};  // One for each event.
  bool is_over = false;
  Overdue overdue{};  // Where it is over: as it was told, or was to be.
  std::uint64_t at_ms = 0;
};

enum class HookOutcome : std::uint8_t {
  kTold,
  kUnreached,  // Nobody can have heard it.
  kUnsure,     // It failed, and may have been heard.
};

class HookQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kThingsMax = 1024;
  static constexpr std::chrono::seconds kRetryMin{5};
  static constexpr std::chrono::seconds kRetryMax{300};

  explicit HookQueue(std::function<std::string()> new_id) : new_id_(std::move(new_id)) {}

  // Everything that is overdue now. True where there is something new to tell.
  bool see(const std::vector<Overdue>& overdue, const HookFilter& filter, Time now,
           std::uint64_t now_ms);
  // What is to be told now, the urgent first, then the oldest; it is under way until told().
  [[nodiscard]] std::optional<HookEvent> next(Time now);
  void told(const HookEvent& event, HookOutcome outcome, Time now);
  // When next() may have something; nothing where there is nothing to wait for.
  [[nodiscard]] std::optional<Time> next_at() const;
  // The other side may be another one: it is told all that is overdue, and what was to be told.
  void doubt(Time now);

  // Events to be told, with the one that is under way.
  [[nodiscard]] std::size_t waiting_count() const;

 private:
  enum class Known : std::uint8_t { kNothing, kOverdue, kUnsure };
  struct Thing {
    HookEvent event;  // Of its last change, whether it is to be told or not.
    Known known = Known::kNothing;
    Time due_at{};
    Backoff backoff{kRetryMin, kRetryMax};
    bool under_way = false;

    [[nodiscard]] bool is_to_be_told() const;
  };

  [[nodiscard]] Thing thing_of(const Overdue& overdue, bool is_over, Time now,
                               std::uint64_t now_ms) const;
  void forget_settled();

  std::function<std::string()> new_id_;
  std::vector<Thing> things_;
};

}  // namespace chancery::node
