#include "daemon/vitals.h"

#include <array>
#include <utility>

#include "io/http/address.h"
#include "io/log/log.h"
#include "io/os/clock.h"

namespace chancery::daemon {
namespace {

constexpr std::size_t kStatusDepthMax = 16;

struct ListenTable {
  std::string listen;
};

constexpr auto kReadLoopback = [](const OptionSource& from, std::string_view key,
                                  const std::string& /*now*/) -> Result<std::string> {
  CHANCERY_TRY(std::string listen, from.table.text(key));
  if (const Result<http::Address> address = http::parse_loopback(listen); !address.has_value()) {
    return from.table.fail_at(key, address.error().detail);
  }
  return listen;
};

constexpr std::array kListenOptions = {
    option<ListenTable>({.key = "listen",
                         .type = "address and port",
                         .meaning = "an address of loopback in digits, and 1 to 65535"},
                        At<&ListenTable::listen>{}, kReadLoopback)};

http::Response refusal(int status, std::string why) {
  return {.status = status, .body = std::move(why) + '\n'};
}

std::string seconds(std::chrono::steady_clock::duration time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time).count()) + " s";
}

http::Response health(const std::optional<std::string>& fault) {
  return fault.has_value() ? refusal(503, *fault) : http::Response{.body = "ok\n"};
}

}  // namespace

std::vector<OptionRow> listen_rows() {
  return option_rows<ListenTable>(kListenOptions);
}

Result<std::string> read_listen(text::TomlTable& root, std::string_view key) {
  CHANCERY_TRY(std::optional<text::TomlTable> table, root.table_if(key));
  ListenTable read;
  if (table.has_value()) {
    CHANCERY_TRY_VOID(read_options<ListenTable>(kListenOptions, {.table = *table}, read));
  }
  return read.listen;
}

Vitals::Vitals(const Program& program) : program_(program), turned_at_(os::steady_now()) {}

Result<std::unique_ptr<Vitals>> Vitals::start(const std::string& listen, const Program& program) {
  auto vitals = std::unique_ptr<Vitals>(new Vitals(program));
  if (listen.empty()) {
    return vitals;
  }
  CHANCERY_TRY(const http::Address address, http::parse_loopback(listen));
  CHANCERY_TRY(vitals->server_,
               http::Server::start(address, [here = vitals.get()](const http::Request& request) {
                 return here->answer(request);
               }));
  log::info("http-listening", {{"listen", listen}});
  return vitals;
}

bool Vitals::turned(Time now) {
  const std::scoped_lock lock(mutex_);
  turned_at_ = now;
  return wanted_ && (!snapshot_.has_value() || now - snapshot_->at >= kMadeEvery);
}

void Vitals::tell(Result<std::string> status_json, Time now) {
  {
    const std::scoped_lock lock(mutex_);
    snapshot_ = {.json = std::move(status_json), .at = now};
    wanted_ = false;
  }
  made_.notify_all();
}

Result<text::Json> Vitals::status() {
  std::unique_lock lock(mutex_);
  if (!snapshot_.has_value() || os::steady_now() - snapshot_->at >= kMadeEvery) {
    wanted_ = true;
    made_.wait_for(lock, kWaitMax, [this] { return !wanted_; });
  }
  if (!snapshot_.has_value()) {
    return fail(ErrorCode::kUnavailable, "no status was made yet");
  }
  const auto age = os::steady_now() - snapshot_->at;
  if (age > kOldMax) {
    return fail(ErrorCode::kUnavailable, "the newest status is " + seconds(age) + " old");
  }
  CHANCERY_TRY(const std::string json, snapshot_->json);
  lock.unlock();
  return text::parse_json(json, kStatusDepthMax);
}

std::optional<std::string> Vitals::not_live() {
  const std::scoped_lock lock(mutex_);
  const auto silent = os::steady_now() - turned_at_;
  return silent > kTurnMax ? std::optional("the loop has not turned for " + seconds(silent))
                           : std::nullopt;
}

std::optional<std::string> Vitals::not_ready() {
  if (std::optional<std::string> fault = not_live()) {
    return fault;
  }
  const Result<text::Json> json = status();
  return json.has_value() ? program_.not_ready(*json) : json.error().to_string();
}

http::Response Vitals::metrics(const std::string& accept) {
  const Result<text::Json> json = status();
  if (!json.has_value()) {
    return refusal(503, json.error().to_string());
  }
  const MetricFormat format = metric_format(accept);
  return {.body = render_metrics(program_.table, *json, format),
          .type = std::string(content_type(format))};
}

http::Response Vitals::answer(const http::Request& request) {
  if (request.path == "/metrics") {
    return metrics(request.accept);
  }
  if (request.path == "/healthz/live") {
    return health(not_live());
  }
  if (request.path == "/healthz/ready" || request.path == "/healthz") {
    return health(not_ready());  // Who is ready is live.
  }
  return refusal(404, "here are /metrics, /healthz, /healthz/live and /healthz/ready");
}

}  // namespace chancery::daemon
