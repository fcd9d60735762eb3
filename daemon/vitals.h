// How a daemon is, over HTTP on loopback: /metrics, /healthz/live, /healthz/ready, /healthz.
//
// The loop and the threads of HTTP meet in one place under one lock, and the loop never waits
// there. A thread that wants a status says so; the loop makes one in its next turn, at most one
// each second, however many ask; who asked waits for it a little, and else answers with the last.
// A loop that does not turn is told from the outside: it is not live, and old numbers are no more.

#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "daemon/metrics.h"
#include "daemon/options.h"
#include "io/http/server.h"
#include "io/text/json.h"
#include "io/text/toml.h"

namespace chancery::daemon {

// From a table of a configuration: an address and a port of loopback, or empty where it is not
// there and nothing is to listen.
[[nodiscard]] Result<std::string> read_listen(text::TomlTable& root, std::string_view key);
[[nodiscard]] std::vector<OptionRow> listen_rows();

// The row of such a table, of a daemon whose configuration keeps the address there.
template <class Config, std::string Config::* kWhere>
[[nodiscard]] constexpr Option<Config> listen_option(std::string_view key) {
  return table_option<Config>(
      {.key = key, .type = "table", .needed = false}, At<kWhere>{},
      [](const OptionSource& from, std::string_view name, const std::string& /*now*/) {
        return read_listen(from.table, name);
      },
      listen_rows);
}

class Vitals {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kMadeEvery{1};
  static constexpr std::chrono::milliseconds kWaitMax{500};  // For a status that was asked for.
  static constexpr std::chrono::seconds kTurnMax{10};        // Then the loop is not live.
  static constexpr std::chrono::seconds kOldMax{30};         // Then a status is worth nothing.

  struct Program {
    MetricTable table;
    // Why a daemon with this status is not of use to those whom it is there for, in one line.
    std::optional<std::string> (*not_ready)(const text::Json& status);
  };

  // Where `listen` is empty nobody ever asks. Signals are to be blocked before: threads inherit the
  // mask.
  [[nodiscard]] static Result<std::unique_ptr<Vitals>> start(const std::string& listen,
                                                             const Program& program);

  // Each turn of the loop: whether somebody wants a status, which tell() is then given.
  [[nodiscard]] bool turned(Time now);
  void tell(Result<std::string> status_json, Time now);

  // To a request, on any thread; waits for the loop up to kWaitMax.
  [[nodiscard]] http::Response answer(const http::Request& request);

 private:
  struct Snapshot {
    Result<std::string> json;
    Time at{};
  };

  explicit Vitals(const Program& program);
  [[nodiscard]] Result<text::Json> status();
  [[nodiscard]] std::optional<std::string> not_live();
  [[nodiscard]] std::optional<std::string> not_ready();
  [[nodiscard]] http::Response metrics(const std::string& accept);

  const Program program_;
  std::mutex mutex_;
  std::condition_variable made_;
  bool wanted_ = false;
  Time turned_at_;
  std::optional<Snapshot> snapshot_;
  std::unique_ptr<http::Server> server_;  // Last: its threads use what is above.
};

}  // namespace chancery::daemon
