// How the client library fails: every function of it that can fail throws an Error.
//
// There is one style. What can be asked again by a person or a program carries a stable name
// ("no-daemon"), the same in every language and in --json; docs/reference/errors.md lists them all.
// A wait that runs out of time is not an error: see Outcome in client.h.
//
// C++17, standard library only, as everything under include/chancery/. Values; any thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace chancery::client {

struct ErrorParts {
  std::uint32_t number = 0;  // On the wire.
  std::string name;          // Stable, lower case with dashes.
  std::string text;          // What it means, in general.
  std::string detail;        // What happened here.
  std::string remedy;        // What a person can do.
  bool retryable = false;    // The same call may succeed later.
  std::string notice_id;     // From publish(): the id to repeat with; empty elsewhere.
  std::chrono::milliseconds retry_after{0};  // The node's own wish; 0 is none.
};

class Error : public std::exception {
 public:
  explicit Error(ErrorParts parts) {
    std::string what = parts.name + ": " + (parts.detail.empty() ? parts.text : parts.detail);
    state_ = std::make_shared<const State>(State{std::move(parts), std::move(what)});
  }

  [[nodiscard]] std::uint32_t number() const noexcept { return state_->parts.number; }
  [[nodiscard]] const std::string& name() const noexcept { return state_->parts.name; }
  [[nodiscard]] const std::string& text() const noexcept { return state_->parts.text; }
  [[nodiscard]] const std::string& detail() const noexcept { return state_->parts.detail; }
  [[nodiscard]] const std::string& remedy() const noexcept { return state_->parts.remedy; }
  [[nodiscard]] bool retryable() const noexcept { return state_->parts.retryable; }
  [[nodiscard]] const std::string& notice_id() const noexcept { return state_->parts.notice_id; }
  [[nodiscard]] std::chrono::milliseconds retry_after() const noexcept {
    return state_->parts.retry_after;
  }
  [[nodiscard]] const ErrorParts& parts() const noexcept { return state_->parts; }

  // The request may have taken effect, or may not have.
  [[nodiscard]] bool outcome_unknown() const noexcept {
    return state_->parts.name == "unknown-outcome";
  }

  // "no-daemon: nothing answers at ipc:///…"
  [[nodiscard]] const char* what() const noexcept override { return state_->what.c_str(); }

 private:
  struct State {
    ErrorParts parts;
    std::string what;
  };
  std::shared_ptr<const State> state_;  // Shared, so that copying an Error never throws.
};

}  // namespace chancery::client
