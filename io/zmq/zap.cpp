#include "io/zmq/zap.h"

#include <zmq.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "io/zmq/socket.h"
#include "io/zmq/thread.h"

namespace chancery::zmq {
namespace {

// RFC 27: version, request id, domain, address, identity, mechanism, credentials.
constexpr std::size_t kVersion = 0;
constexpr std::size_t kRequestId = 1;
constexpr std::size_t kDomain = 2;
constexpr std::size_t kMechanism = 5;
constexpr std::size_t kCredentials = 6;
constexpr std::size_t kCurveRequestParts = 7;

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";

struct Verdict {
  const char* status = "400";
  std::string user;
};

}  // namespace

struct ZapHandler::State {
  struct Domain {
    AdmissionTable table;
    std::optional<Rate> handshakes;
    std::map<CurveKey, TokenBucket> buckets;  // Of keys in the table that came.
  };

  Verdict judge(const Multipart& request) {
    const std::vector<std::string>& parts = request.frames;
    if (request.oversized || parts.size() != kCurveRequestParts || parts[kVersion] != "1.0" ||
        parts[kMechanism] != "CURVE" || parts[kCredentials].size() != CurveKey{}.size()) {
      return {};
    }
    const CurveKey key = hash_from(parts[kCredentials]);
    const std::lock_guard<std::mutex> held(mutex);
    const auto domain = domains.find(parts[kDomain]);
    if (domain == domains.end()) {
      return {};
    }
    const auto user = domain->second.table.find(key);
    if (user == domain->second.table.end() || user->second.empty()) {
      return {};
    }
    if (comes_too_often(domain->second, key)) {
      return {.status = "300", .user = {}};
    }
    return {.status = "200", .user = user->second};
  }

  static bool comes_too_often(Domain& domain, const CurveKey& key) {
    if (!domain.handshakes.has_value()) {
      return false;
    }
    TokenBucket& bucket = domain.buckets.try_emplace(key, *domain.handshakes).first->second;
    if (bucket.wait(1, std::chrono::steady_clock::now()).has_value()) {
      return true;
    }
    bucket.take(1);
    return false;
  }

  void answer(const Multipart& request) {
    if (request.frames.size() <= kRequestId) {
      return;  // Nothing to answer to; libzmq does not send this.
    }
    const Verdict verdict = judge(request);
    std::atomic<std::uint64_t>& count = verdict.status[0] == '2'   ? admitted
                                        : verdict.status[0] == '3' ? too_often
                                                                   : refused;
    count.fetch_add(1, std::memory_order_relaxed);
    const std::vector<std::string> reply = {
        "", "1.0", request.frames[kRequestId], verdict.status, "", verdict.user, ""};
    // Fails when the asking connection is gone: then nobody waits.
    [[maybe_unused]] const int sent = socket.send(&request.routing_id, reply);
  }

  void run(int stop_fd) {
    std::array<zmq_pollitem_t, 2> items = {
        zmq_pollitem_t{.socket = socket.get(), .fd = 0, .events = ZMQ_POLLIN, .revents = 0},
        zmq_pollitem_t{.socket = nullptr, .fd = stop_fd, .events = ZMQ_POLLIN, .revents = 0}};
    while (true) {
      const int ready = zmq_poll(items.data(), static_cast<int>(items.size()), -1);
      if ((ready < 0 && zmq_errno() != EINTR) || (ready > 0 && items[1].revents != 0)) {
        return;
      }
      // Without this look at the stop between requests a storm of peers could keep us here.
      if (ready > 0) {
        std::optional<Multipart> request =
            socket.receive({.has_routing_id = true, .part_count_max = kZapPartCountMax});
        if (request && !request->frames.empty() && request->frames[0].empty()) {
          request->frames.erase(request->frames.begin());  // The empty part that REQ puts there.
          answer(*request);
        }
      }
    }
  }

  Socket socket;     // The thread's, once that runs.
  std::mutex mutex;  // Of domains.
  std::map<std::string, Domain> domains;
  std::atomic<std::uint64_t> admitted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> too_often{0};
  Thread thread;  // Ends before what it uses.
};

Result<ZapHandler> ZapHandler::start(Context& context) {
  auto state = std::make_unique<State>();
  CHANCERY_TRY(state->socket, Socket::open(context, ZMQ_ROUTER));
  CHANCERY_TRY_VOID(state->socket.set(ZMQ_LINGER, "the ZAP handler's linger time", 0));
  if (zmq_bind(state->socket.get(), kZapEndpoint) != 0) {
    return fail_zmq(zmq_errno() == EADDRINUSE ? ErrorCode::kAddressInUse : ErrorCode::kUnavailable,
                    "ZAP handler");
  }
  CHANCERY_TRY(state->thread,
               Thread::start("zap", [raw = state.get()](int stop_fd) { raw->run(stop_fd); }));
  return ZapHandler(std::move(state));
}

ZapHandler::ZapHandler(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZapHandler::ZapHandler(ZapHandler&& other) noexcept = default;
ZapHandler& ZapHandler::operator=(ZapHandler&& other) noexcept = default;
ZapHandler::~ZapHandler() = default;

void ZapHandler::allow(const std::string& domain, AdmissionTable table,
                       const std::optional<Rate>& handshakes) {
  // Swapped, so that the old table is freed after the handler may go on.
  const std::lock_guard<std::mutex> held(state_->mutex);
  State::Domain& changed = state_->domains[domain];
  changed.table.swap(table);
  if (changed.handshakes != handshakes) {
    changed.handshakes = handshakes;
    changed.buckets.clear();
  }
  std::erase_if(changed.buckets,
                [&](const auto& bucket) { return !changed.table.contains(bucket.first); });
}

ZapCounters ZapHandler::counters() const {
  return {.admitted_count = state_->admitted.load(std::memory_order_relaxed),
          .refused_count = state_->refused.load(std::memory_order_relaxed),
          .too_often_count = state_->too_often.load(std::memory_order_relaxed)};
}

}  // namespace chancery::zmq
