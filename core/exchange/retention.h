// How long bodies are kept: the roster's rule, and the passes in which hub and node follow it.
//
// A body whose time has passed, and that nobody is still waiting for, is erased; header, signatures
// and the body's digest stay, so that the entry hashes to its leaf for ever. What a clock says is
// believed as far as the log, up to the newest accepted_at, and no faster than time went by since
// the start. Protocol C-99. Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "chancery/v1/envelope.pb.h"

namespace chancery::exchange {

// Days of the first rule whose pattern matches; nothing where none does: kept for ever.
[[nodiscard]] std::optional<std::uint32_t> retention_days(const v1::Roster& roster,
                                                          std::string_view kind);
// Whether the time of a body has passed, or will within `slack_ms`.
[[nodiscard]] bool is_past_retention(const v1::Roster& roster, std::string_view kind,
                                     std::uint64_t accepted_at_ms, std::uint64_t now_ms,
                                     std::uint64_t slack_ms = 0);

// The time of day of a machine, as far as it goes on no faster than a clock that never jumps: from
// the first call on, and anew from wherever it was set back to. A clock that was set forward is
// believed from the next start on.
class PacedClock {
 public:
  [[nodiscard]] std::uint64_t at(std::uint64_t unix_ms, std::chrono::steady_clock::time_point now);

 private:
  struct Reading {
    std::uint64_t unix_ms = 0;
    std::chrono::steady_clock::time_point at;
  };
  std::optional<Reading> since_;
};

// A notice in the log whose body is stored.
struct Kept {
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;
  std::uint64_t arrived_at_ms = 0;  // In an inbox; 0 where it is in none.
  v1::Draft draft;
};

// Whether it came so short a while ago that its readers may not have had it: whoever was away for
// longer than the rule keeps a body has a day for it.
[[nodiscard]] bool has_just_arrived(const Kept& kept, std::uint64_t now_ms);

// One look at everything that is stored, from the oldest on, by pages between other work; then
// again a day later, and after a start. Where something is still waited for, also sooner, from
// there on.
class RetentionPass {
 public:
  // From which index on a page of notices is to be read, if one is.
  [[nodiscard]] std::optional<std::uint64_t> next(const v1::Roster& roster,
                                                  std::uint64_t now_ms) const;
  // The page that was read there: indices whose bodies are to be erased. `may_go` is asked of
  // those whose time has passed.
  [[nodiscard]] std::vector<std::uint64_t> take(const std::vector<Kept>& page,
                                                const v1::Roster& roster, std::uint64_t now_ms,
                                                const std::function<bool(const Kept&)>& may_go);

 private:
  std::uint64_t from_ = 0;
  std::uint64_t not_before_ms_ = 0;
  std::uint64_t whole_again_ms_ = 0;         // When the next whole pass begins.
  std::optional<std::uint64_t> waited_for_;  // The first of this pass that may not go.
};

inline constexpr std::size_t kRetentionPageMax = 64;

}  // namespace chancery::exchange
