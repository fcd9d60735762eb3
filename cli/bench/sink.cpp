#include "cli/bench/sink.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cli/bench/exchange.h"
#include "cli/bench/sink_member.h"
#include "cli/exchange_run.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/os/process.h"
#include "io/os/signals.h"
#include "io/zmq/poller.h"
#include "node/config.h"

namespace chancery::cli::bench {
namespace {

constexpr std::chrono::milliseconds kSinkIdle{100};
constexpr std::chrono::milliseconds kSinkTellEvery{10};
// Of many sockets a look at all costs more than what has come to one: so more comes first. What it
// adds is for nobody's latency: that is measured with few members.
constexpr std::size_t kSinkMembersMany = 64;
constexpr std::chrono::milliseconds kSinkGather{5};
constexpr int kSocketsPerMember = 8;  // Its own, and inner ones.
constexpr int kSocketsBesides = 64;

class Sink {
 public:
  static Result<std::unique_ptr<Sink>> start(const SinkOptions& options, os::SignalFd signals) {
    CHANCERY_TRY_VOID(os::raise_descriptor_limit());
    const auto count = static_cast<int>(options.recipient_count);
    CHANCERY_TRY(
        zmq::Context context,
        zmq::Context::create({.socket_count_max = (count * kSocketsPerMember) + kSocketsBesides}));
    auto sink = std::unique_ptr<Sink>(new Sink(options, std::move(signals), std::move(context)));
    for (const std::string& code : recipient_codes(options.recipient_count)) {
      CHANCERY_TRY_VOID(sink->add(code));
    }
    return sink;
  }

  Result<void> run() {
    while (true) {
      CHANCERY_TRY_VOID(poller_.wait(untold_ ? kSinkTellEvery : kSinkIdle));
      if (members_.size() > kSinkMembersMany) {
        std::this_thread::sleep_for(kSinkGather);
        CHANCERY_TRY_VOID(poller_.wait(std::chrono::milliseconds(0)));
      }
      if (signals_.next().has_value()) {
        return write();
      }
      const SinkMember::Time now = os::steady_now();
      const bool all = now >= look_at_all_at_;  // Whoever is to ping, or to connect anew.
      look_at_all_at_ = all ? now + kSinkIdle : look_at_all_at_;
      for (const Place& place : members_) {
        if (all || poller_.ready(place.token)) {
          CHANCERY_TRY_VOID(place.member->turn(now));
        }
      }
      tell(now);
    }
  }

 private:
  struct Place {
    std::string code;
    std::unique_ptr<SinkMember> member;
    zmq::Poller::Token token = 0;
  };

  Sink(const SinkOptions& options, os::SignalFd signals, zmq::Context context)
      : options_(options), signals_(std::move(signals)), context_(std::move(context)) {
    poller_.add(signals_.fd());
  }

  Result<void> add(const std::string& code) {
    CHANCERY_TRY(const node::Config config,
                 node::read_config(options_.exchange + "/" + member_folder(code) + "/node.toml"));
    if (!log_.has_value()) {
      log_.emplace(config.genesis);
    }
    CHANCERY_TRY(std::unique_ptr<SinkMember> member, SinkMember::connect(context_, config, *log_));
    const zmq::Poller::Token token = poller_.add(member->hub());
    members_.push_back({.code = code, .member = std::move(member), .token = token});
    return {};
  }

  void tell(SinkMember::Time now) {
    if (!ready_ &&
        std::ranges::all_of(members_, [](const Place& place) { return place.member->in_step(); })) {
      ready_ = true;
      log::info("ready");
    }
    std::uint64_t least = UINT64_MAX;
    std::uint64_t all = 0;
    for (const Place& place : members_) {
      least = std::min<std::uint64_t>(least, place.member->received().size());
      all += place.member->received().size();
    }
    untold_ = all > told_;
    if (untold_ && now >= tell_at_) {
      told_ = all;
      untold_ = false;
      tell_at_ = now + kSinkTellEvery;
      log::info("count", {{"least", least}, {"all", all}});
    }
  }

  Result<void> write() const {
    CHANCERY_TRY_VOID(os::make_private_folder(options_.output));
    for (const Place& place : members_) {
      CHANCERY_TRY_VOID(
          write_received(options_.output + "/" + place.code, place.member->received()));
    }
    return {};
  }

  SinkOptions options_;
  os::SignalFd signals_;
  zmq::Context context_;
  zmq::Poller poller_;
  std::optional<SinkLog> log_;
  std::vector<Place> members_;
  SinkMember::Time look_at_all_at_{};
  SinkMember::Time tell_at_{};
  std::uint64_t told_ = 0;
  bool untold_ = false;
  bool ready_ = false;
};

}  // namespace

Result<int> run_sink(const SinkOptions& options, const Shared& /*shared*/) {
  CHANCERY_TRY(os::SignalFd signals, os::SignalFd::open());
  log::init("chancery-bench-sink", log::Level::kInfo, false);
  CHANCERY_TRY(const std::unique_ptr<Sink> sink, Sink::start(options, std::move(signals)));
  CHANCERY_TRY_VOID(sink->run());
  return os::kExitDone;
}

}  // namespace chancery::cli::bench
