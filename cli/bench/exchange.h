// An exchange of a benchmark: made in a folder of its own, run by the programs that ship, and gone
// without a trace when the object goes, also where a signal ended the work.
//
// Members O1, O2, … publish, R1, R2, … receive; all may do everything. The recipients have nodes,
// or one sink for all of them (sink.h). What a daemon logs is read by a thread, which keeps its
// last lines for whoever asks why it ended. A scenario asks check() wherever it waits. Made and
// used by the main thread, before any other (io/os/process.h); check(), stopped() and the getters
// by any.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/bench/machine.h"
#include "core/base/result.h"
#include "io/os/process.h"
#include "io/os/signals.h"
#include "io/text/json.h"

namespace chancery::cli::bench {

inline constexpr std::size_t kMembersMax = 500;
inline constexpr std::string_view kHub = "hub";
inline constexpr std::string_view kSink = "sink";
// Members without a daemon, for what is logged before any runs.
inline constexpr std::string_view kSpareOrigin = "P1";
inline constexpr std::string_view kSpareRecipient = "P2";

struct ExchangeSetup {
  std::string folder{};    // In it, a folder is made; empty is $TMPDIR, or /tmp.
  std::string programs{};  // Where the daemons are; empty is beside this program.
  bool keep = false;       // The folder stays.
  std::size_t origin_count = 1;
  std::size_t recipient_count = 5;
  bool verify_sink = false;         // Recipients have no nodes: sink.h.
  bool single_signatures = false;   // Each notice is signed alone.
  std::uint64_t prefill_count = 0;  // Entries that the log has before any daemon runs: prefill.h.
};

// How many notices the recipients of a sink have.
struct SinkCount {
  std::uint64_t least = 0;  // Each of them.
  std::uint64_t all = 0;    // All together.
};
// Of a line that a sink logs, where it says so. Pure.
[[nodiscard]] std::optional<SinkCount> sink_count_of(const std::string& line);

// The codes of so many recipients.
[[nodiscard]] std::vector<std::string> recipient_codes(std::size_t count);
// The TOML text of the exchange's profile. All members found it together, so those beyond
// kSignatureCountMax are institutions. Pure.
[[nodiscard]] std::string profile_of(std::size_t origin_count, std::size_t recipient_count,
                                     bool with_spares = false);

// Where the file of this program is.
[[nodiscard]] Result<std::string> this_program();

class Exchange {
 public:
  // Made, and nothing runs yet.
  [[nodiscard]] static Result<std::unique_ptr<Exchange>> make(const ExchangeSetup& setup,
                                                              os::SignalFd signals);
  Exchange(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange();

  [[nodiscard]] const std::string& root() const { return root_; }  // Removed at the end.
  [[nodiscard]] const std::vector<std::string>& origins() const { return origins_; }
  [[nodiscard]] const std::vector<std::string>& recipients() const { return recipients_; }
  [[nodiscard]] std::string folder() const { return root_ + "/x"; }  // --exchange
  [[nodiscard]] std::string client_file(const std::string& member) const;
  [[nodiscard]] std::string store_file(const std::string& name) const;
  // Whether the recipients have a sink, and where that writes what a recipient got.
  [[nodiscard]] bool has_sink() const { return setup_.verify_sink; }
  [[nodiscard]] std::string received_file(const std::string& member) const {
    return received_folder() + "/" + member;
  }

  // All daemons, until they are ready for notices.
  [[nodiscard]] Result<void> start();
  // An error where a signal came, or a daemon ended by itself.
  [[nodiscard]] Result<void> check();
  // The signal that asked to stop.
  [[nodiscard]] std::optional<int> signal();

  // `name` is "hub", "sink" or a member's code. From the start of the process to its `ready`.
  [[nodiscard]] Result<std::chrono::microseconds> run(const std::string& name);
  // The same without waiting for it.
  [[nodiscard]] Result<void> begin(const std::string& name);
  [[nodiscard]] Result<void> wait_ready(const std::string& name);
  [[nodiscard]] Result<void> stop(const std::string& name);  // In order, by SIGTERM.
  void kill(const std::string& name);

  // Of one that runs; for one that does not, nothing.
  [[nodiscard]] Usage usage(const std::string& name);
  // CPU of all daemons together, also of those that ended.
  [[nodiscard]] double cpu_us();
  [[nodiscard]] SinkCount sink_count();
  // What `chancery status --json` says of it.
  [[nodiscard]] Result<text::Json> status(const std::string& name);

 private:
  struct Daemon {
    std::unique_ptr<os::Child> child;
    std::deque<std::string> last_lines;
    bool ready = false;
    bool stopping = false;
  };

  Exchange(const ExchangeSetup& setup, std::string programs, std::string root,
           os::SignalFd signals);
  Result<void> write();
  Result<void> sign_singly();
  void watch(const std::stop_token& stop);
  void read_lines(Daemon& daemon);
  [[nodiscard]] std::string received_folder() const { return root_ + "/received"; }
  [[nodiscard]] Result<std::vector<std::string>> command_of(const std::string& name) const;
  // Who runs: the hub first.
  [[nodiscard]] std::vector<std::string> names() const;
  Result<void> end(const std::string& name, std::chrono::milliseconds patience);

  ExchangeSetup setup_;
  std::string programs_;
  std::string root_;
  std::vector<std::string> origins_;
  std::vector<std::string> recipients_;
  os::SignalFd signals_;

  std::mutex mutex_;  // Of what follows.
  std::map<std::string, Daemon> daemons_;
  std::optional<int> signal_;
  std::optional<Error> ended_;  // A daemon, by itself.
  double cpu_of_the_gone_us_ = 0;
  SinkCount sink_count_;

  std::jthread watcher_;
};

}  // namespace chancery::cli::bench
