// The node's hooks: commands and webhooks that are told what is overdue, and when it is over.
//
// Each hook has a thread of its own, so that one that hangs delays no other, and the loop waits for
// none: it says in each turn what is overdue and goes on. What a hook is to be told is in memory
// (node/core/hook_queue.h), so a node that starts tells anew. Whatever is wrong with a hook is in
// the log and in the status, and no reason for a node to stop.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "io/log/limiter.h"
#include "io/text/json.h"
#include "node/config.h"
#include "node/core/hook_queue.h"

namespace chancery::node {

// Whose node tells, and which program makes the attempts of its webhooks: this one.
struct HookOrigin {
  Hash genesis{};
  std::string member{};
  std::string program = "/proc/self/exe";
};

// Whether what it names is there and can be used, as far as that shows without an attempt.
[[nodiscard]] Result<void> check_hook(const HookConfig& config);
// One JSON object: docs/operating/hooks.md.
[[nodiscard]] std::string hook_document(const HookOrigin& origin, const HookEvent& event);

class Hook {
 public:
  // Signals are to be blocked before: its thread inherits the mask. `before` is what another hook
  // of this name was still to tell.
  Hook(const HookOrigin& origin, HookConfig config, const HookQueue* before);
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  Hook(Hook&&) = delete;
  Hook& operator=(Hook&&) = delete;
  ~Hook();  // As soon as an attempt that is under way was ended, with its process group.

  [[nodiscard]] const HookConfig& config() const { return config_; }
  void see(const std::vector<Overdue>& overdue);
  [[nodiscard]] HookQueue queue();
  // Its thread ends soon; is_ended() says that it has, and that the destructor waits for nothing.
  void stop();
  [[nodiscard]] bool is_ended();
  [[nodiscard]] text::Json status_json();

 private:
  struct Attempt {
    HookOutcome outcome = HookOutcome::kUnreached;
    std::string fault{};
  };

  void work(const std::stop_token& stop);
  [[nodiscard]] Attempt attempt(const HookEvent& event, const std::stop_token& stop) const;
  [[nodiscard]] Attempt run(const std::vector<std::string>& argv, const std::string& input,
                            const std::stop_token& stop) const;
  [[nodiscard]] Attempt post(const std::string& document, const std::stop_token& stop) const;
  void log_attempt(const HookEvent& event, const Attempt& made);

  const HookOrigin& origin_;
  const HookConfig config_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool has_news_ = false;
  bool is_ended_ = false;
  HookQueue queue_;
  std::uint64_t told_count_ = 0;
  std::uint64_t failed_count_ = 0;
  std::string last_fault_;
  log::Limiter faults_;  // Of the thread.
  std::jthread thread_;  // Last: it uses what is above.
};

class Hooks {
 public:
  // Says in the log what is wrong with any of them.
  Hooks(HookOrigin origin, const std::vector<HookConfig>& configs);
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;
  Hooks(Hooks&&) = delete;
  Hooks& operator=(Hooks&&) = delete;
  ~Hooks();

  // From now on these. One whose configuration is as before goes on; of the others those of a name
  // that was there take over what is to be told.
  void take_over(const std::vector<HookConfig>& configs);
  // Each turn: what is overdue.
  void see(const std::vector<Overdue>& overdue);
  // By name.
  [[nodiscard]] text::Json status_json();

 private:
  HookOrigin origin_;
  std::vector<std::unique_ptr<Hook>> hooks_;
  std::vector<std::unique_ptr<Hook>> leaving_;  // Until their threads have ended.
};

}  // namespace chancery::node
