// What a person at a terminal gets and a script does not: colours, and how far long work is; and
// how either is left.
//
// One thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace chancery::cli {

// Whether it is a terminal that can move its cursor: TERM=dumb cannot.
[[nodiscard]] bool is_terminal(int descriptor);

// The same, and nobody set NO_COLOR (https://no-color.org: to anything but the empty text).
[[nodiscard]] bool wants_colour(int descriptor);

// How wide the terminal is; 80 where it is none, or does not say.
[[nodiscard]] std::size_t columns(int descriptor);

// From now on the program ends by SIGPIPE once nobody reads its stdout any more, also while it has
// nothing to write: for what waits without an end.
void end_with_reader();

// "verifying entries [######..................] 1200 of 4800"; `all` may be 0 where it is not
// known.
[[nodiscard]] std::string progress_line(std::string_view doing, std::uint64_t done,
                                        std::uint64_t all, std::string_view unit);

// A line that is written over itself, and taken away at the end. Nothing is shown of work that is
// done within kEvery.
class Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kEvery{500};

  Progress(std::ostream& out, bool wanted, Time now) : out_(out), wanted_(wanted), shown_at_(now) {}
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress& operator=(Progress&&) = delete;

  // The line is made only where it is shown: progress_line().
  void show(std::string_view doing, std::uint64_t done, std::uint64_t all, std::string_view unit,
            Time now);
  void end();

 private:
  std::ostream& out_;
  bool wanted_;
  bool shown_ = false;
  Time shown_at_;
};

}  // namespace chancery::cli
