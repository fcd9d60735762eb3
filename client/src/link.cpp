#include "client/src/link.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/crypto/secret.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "io/os/clock.h"
#include "io/os/fd.h"
#include "io/os/random.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"
#include "io/zmq/dealer.h"
#include "io/zmq/poller.h"

namespace chancery::client {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;
using Answer = Result<v1::LocalReply>;
using exchange::Lane;

constexpr milliseconds kIdleWait{1000};
constexpr milliseconds kFullQueueWait{20};  // Until a node that reads too slowly is asked again.
constexpr std::uint32_t kRetryMsMin = 300;  // After a refusal, plus up to as much again.
constexpr milliseconds kTimeoutMax = std::chrono::hours(24);
constexpr int kReplyCountPerTurn = 256;

// Of the requests that may be under way, those that only urgent notices may use.
constexpr std::size_t reserve_of(std::size_t request_count_max) {
  return (request_count_max + 7) / 8;
}

Lane lane_of(const v1::LocalRequest& request) {
  return request.has_publish() ? exchange::lane_of(request.publish().precedence()) : Lane::kPatient;
}

milliseconds until(Instant then, Instant now) {
  // Rounded up, so that a wait does not end a moment before the deadline that it is for.
  return then <= now ? milliseconds(0) : std::chrono::ceil<milliseconds>(then - now);
}

// Signals are for the application's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  SignalsBlocked(SignalsBlocked&&) = delete;
  SignalsBlocked& operator=(SignalsBlocked&&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

class Link::Worker {
 public:
  Worker(const Options& options, zmq::Dealer dealer, os::Fd wake)
      : options_(options), dealer_(std::move(dealer)), wake_(std::move(wake)) {
    crypto::wipe(options_.key);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  ~Worker() {
    close();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  void close() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake();
  }

  void start() {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "chancery-link");
  }

  [[nodiscard]] const Options& options() const { return options_; }

  [[nodiscard]] Stats stats() const {
    const std::scoped_lock lock(mutex_);
    return stats_;
  }

  Result<std::future<Answer>> begin(v1::LocalRequest& request, milliseconds timeout) {
    CHANCERY_TRY(auto answers,
                 begin_all(std::array{Asked{.request = request, .timeout = timeout}}));
    return std::move(answers.front());
  }

  template <std::size_t kCount>
  Result<std::array<std::future<Answer>, kCount>> begin_all(
      const std::array<Asked, kCount>& asked) {
    const Instant now = os::steady_now();
    std::array<std::future<Answer>, kCount> answers;
    std::array<Pending, kCount> all;
    for (std::size_t i = 0; i < kCount; ++i) {
      Pending& pending = all[i];
      pending.lane = lane_of(asked[i].request);
      pending.deadline = now + std::clamp(asked[i].timeout, milliseconds(0), kTimeoutMax);
      pending.connect_deadline = std::min(pending.deadline, now + options_.connect_timeout);
      answers[i] = pending.answer.get_future();
    }
    bool first = false;  // Whoever submitted one that was not taken yet has woken the worker.
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) {
        return std::unexpected(end_);
      }
      for (std::size_t i = 0; i < kCount; ++i) {
        CHANCERY_TRY_VOID(check_room(open_count_ + i, all[i].lane));
        asked[i].request.set_request_id(next_id_ + i);
        all[i].follows = i > 0;
        all[i].frame = asked[i].request.SerializeAsString();
        if (all[i].frame.size() > exchange::kRequestBytesMax) {
          return fail(ErrorCode::kLimitExceeded,
                      "a request of " + std::to_string(all[i].frame.size()) + " bytes, limit " +
                          std::to_string(exchange::kRequestBytesMax));
        }
      }
      first = submitted_.empty();
      open_count_ += kCount;
      stats_.request_count += kCount;
      for (Pending& pending : all) {
        submitted_.emplace(next_id_++, std::move(pending));
      }
    }
    if (first) {
      wake();
    }
    return answers;
  }

 private:
  struct Pending {
    std::string frame;
    Lane lane = Lane::kPatient;
    Instant deadline;
    Instant connect_deadline;
    std::promise<Answer> answer;
    bool follows = false;    // It goes with the one before, whose id is one less, and ends with it.
    bool left = false;       // It was sent at least once.
    bool under_way = false;  // It was sent over the connection of now.
  };

  // For one more in this lane, where so many are under way.
  [[nodiscard]] Result<void> check_room(std::size_t open_count, Lane lane) const {
    const std::size_t most = options_.request_count_max;
    const std::size_t room =
        lane == Lane::kUrgent ? most : std::max<std::size_t>(1, most - reserve_of(most));
    return open_count < room ? Result<void>()
                             : fail(ErrorCode::kQueueFull, std::to_string(open_count) +
                                                               " requests are under way, limit " +
                                                               std::to_string(room));
  }

  void wake() const {
    const std::uint64_t one = 1;
    // A full counter (EAGAIN) wakes as well.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }

  void run() {
    zmq::Poller poller;
    poller.add(dealer_);
    poller.add(wake_.get());
    while (take_submitted()) {
      take_events();
      take_replies();
      const Instant now = os::steady_now();
      reconnect_if_due(now);
      const bool full = send_waiting();
      expire(now);
      if (const auto woken = poller.wait(next_wait(now, full)); !woken.has_value()) {
        close_with(woken.error());
        return;
      }
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    }
    close_with(end_);
  }

  bool take_submitted() {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, pending] : submitted_) {
      look_at_ = std::min(look_at_, pending.connect_deadline);
    }
    pending_.merge(submitted_);
    return !stopping_;
  }

  void take_events() {
    while (const auto event = dealer_.next_event()) {
      switch (event->state) {
        case zmq::LinkState::kConnected:
          problem_.reset();
          set_connected(true);
          break;
        case zmq::LinkState::kFlooded:
        case zmq::LinkState::kDisconnected:
          set_connected(false);
          break;
        case zmq::LinkState::kRefused:
          set_connected(false);
          problem_ = chancery::Error{ErrorCode::kUnknownKey,
                                     "the node at " + options_.node +
                                         " refused this application's key (ZAP status " +
                                         std::to_string(event->status) + ")"};
          finish_refused();
          break;
        case zmq::LinkState::kHandshakeFailed:
          set_connected(false);
          problem_ = chancery::Error{ErrorCode::kNoDaemon,
                                     "something listens at " + options_.node +
                                         ", but the handshake fails: is node_key the node's key?"};
          break;
      }
      if (event->final) {
        reconnect_at_ = os::steady_now() + retry_wait();
      }
    }
  }

  void set_connected(bool connected) {
    connected_ = connected;
    if (!connected) {
      for (auto& [id, pending] : pending_) {
        pending.under_way = false;
      }
    }
    const std::scoped_lock lock(mutex_);
    stats_.connected = connected;
    stats_.connection_count += connected ? 1U : 0U;
  }

  // With jitter, so that the applications of a restarted node do not come back all at once.
  static milliseconds retry_wait() {
    const auto random = static_cast<std::uint8_t>(os::random_bytes(1)[0]);
    return milliseconds(kRetryMsMin + kRetryMsMin * random / 255U);
  }

  void reconnect_if_due(Instant now) {
    if (!reconnect_at_ || now < *reconnect_at_) {
      return;
    }
    reconnect_at_.reset();
    if (const auto done = dealer_.reconnect(); !done.has_value()) {
      problem_ = done.error();
      reconnect_at_ = now + retry_wait();
    }
  }

  void take_replies() {
    for (int i = 0; i < kReplyCountPerTurn; ++i) {
      const auto frames = dealer_.receive();
      if (!frames) {
        return;
      }
      v1::LocalReply reply;
      // What is no reply, or answers nothing that is asked any more, is dropped: the deadline of
      // the request stands.
      if (frames->size() == 1 && reply.ParseFromString(frames->front())) {
        const std::uint64_t id = reply.request_id();
        finish(id, std::move(reply));
      }
    }
  }

  // True where the node's queue is full. Nothing is sent between a kDisconnected and the next
  // kConnected: libzmq still takes messages then, into the queue of the connection that is gone.
  // What is sent before its kDisconnected is read is sent again.
  bool send_waiting() {
    if (!connected_) {
      return false;
    }
    return std::ranges::any_of(exchange::kLanes, [this](Lane lane) { return send_waiting(lane); });
  }

  bool send_waiting(Lane lane) {
    for (auto& [id, pending] : pending_) {
      if (pending.under_way || pending.lane != lane) {
        continue;
      }
      if (const auto sent = dealer_.send({pending.frame}); !sent.has_value()) {
        return sent.error().code == ErrorCode::kQueueFull;
      }
      if (pending.left) {
        const std::scoped_lock lock(mutex_);
        ++stats_.resend_count;
      }
      pending.left = true;
      pending.under_way = true;
    }
    return false;
  }

  [[nodiscard]] chancery::Error timeout_error(const Pending& pending) const {
    if (pending.left) {
      return {ErrorCode::kUnknownOutcome, "no answer from the node at " + options_.node};
    }
    if (connected_) {
      return {ErrorCode::kUnavailable, "the node at " + options_.node + " takes no requests"};
    }
    return problem_.value_or(
        chancery::Error{ErrorCode::kNoDaemon, "no node answers at " + options_.node});
  }

  void expire(Instant now) {
    if (now < look_at_) {
      return;
    }
    look_at_ = Instant::max();
    std::vector<std::uint64_t> expired;
    for (const auto& [id, pending] : pending_) {
      const Instant deadline = pending.left ? pending.deadline : pending.connect_deadline;
      if (now >= deadline) {
        expired.push_back(id);
      } else {
        look_at_ = std::min(look_at_, deadline);
      }
    }
    for (const std::uint64_t id : expired) {
      const auto pending = pending_.find(id);
      if (pending == pending_.end()) {
        continue;  // It ended with the one that it follows.
      }
      {
        const std::scoped_lock lock(mutex_);
        ++stats_.timeout_count;
      }
      finish(id, std::unexpected(timeout_error(pending->second)));
    }
  }

  [[nodiscard]] milliseconds next_wait(Instant now, bool full) const {
    const milliseconds wait = std::min(full ? kFullQueueWait : kIdleWait, until(look_at_, now));
    return reconnect_at_ ? std::min(wait, until(*reconnect_at_, now)) : wait;
  }

  void finish(std::uint64_t id, Answer answer) {
    auto node = pending_.extract(id);
    if (node.empty()) {
      return;
    }
    {
      const std::scoped_lock lock(mutex_);
      --open_count_;
    }
    const bool good = answer.has_value() && !answer->has_error();
    node.mapped().answer.set_value(std::move(answer));
    const auto next = pending_.find(id + 1);
    if (!good && next != pending_.end() && next->second.follows) {
      finish(id + 1, fail(ErrorCode::kUnavailable, "what it goes with was not done"));
    }
  }

  // What left over an earlier connection may have taken effect.
  void finish_refused() {
    while (!pending_.empty()) {
      const auto& [id, pending] = *pending_.begin();
      finish(id, std::unexpected(timeout_error(pending)));
    }
  }

  void finish_all(const chancery::Error& error) {
    while (!pending_.empty()) {
      finish(pending_.begin()->first, std::unexpected(error));
    }
  }

  void close_with(const chancery::Error& error) {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      end_ = error;
      stats_.connected = false;
      pending_.merge(submitted_);
    }
    finish_all(error);
  }

  Options options_;
  zmq::Dealer dealer_;  // Of the worker thread, once it runs.
  os::Fd wake_;
  std::thread thread_;

  // Of the worker thread.
  std::map<std::uint64_t, Pending> pending_;
  Instant look_at_ = Instant::max();  // No deadline of these is before.
  bool connected_ = false;
  std::optional<chancery::Error> problem_;  // Why there is no connection, where that is known.
  std::optional<Instant> reconnect_at_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::map<std::uint64_t, Pending> submitted_;
  std::uint64_t next_id_ = 1;
  std::size_t open_count_ = 0;
  bool stopping_ = false;
  chancery::Error end_{ErrorCode::kClientClosed, ""};  // What calls get once it is stopping.
  Stats stats_;
};

Result<std::shared_ptr<Link>> Link::open(const Options& options) {
  zmq::CurveKeyPair own{.secret = zmq::CurveSecret(options.key), .public_key = {}};
  CHANCERY_TRY(own.public_key, zmq::curve_public(own.secret));
  CHANCERY_TRY(zmq::Context context, zmq::Context::create({.socket_count_max = 16}));
  CHANCERY_TRY(zmq::Dealer dealer,
               zmq::Dealer::connect(context, {.endpoint = options.node,
                                              .own = own,
                                              .server_public = options.node_key,
                                              .frame_bytes_max = exchange::kFrameBytesMax,
                                              .part_count_max = 1,
                                              .reconnect_min = milliseconds(50),
                                              .reconnect_max = milliseconds(1000),
                                              .immediate = false}));
  os::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) {
    return fail(ErrorCode::kUnavailable, "eventfd: errno " + std::to_string(errno));
  }
  auto worker = std::make_unique<Worker>(options, std::move(dealer), std::move(wake));
  worker->start();
  return std::shared_ptr<Link>(new Link(std::move(worker)));
}

Link::Link(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
Link::~Link() = default;

void Link::close() {
  worker_->close();
}

Result<v1::LocalReply> Link::call(v1::LocalRequest request, milliseconds timeout) {
  CHANCERY_TRY(std::future<Answer> answer, worker_->begin(request, timeout));
  return answer.get();
}

Result<std::future<Result<v1::LocalReply>>> Link::begin(v1::LocalRequest& request,
                                                        milliseconds timeout) {
  return worker_->begin(request, timeout);
}

Result<std::array<std::future<Result<v1::LocalReply>>, 2>> Link::begin_both(const Asked& first,
                                                                            const Asked& second) {
  return worker_->begin_all(std::array{first, second});
}

const Options& Link::options() const {
  return worker_->options();
}

Stats Link::stats() const {
  return worker_->stats();
}

}  // namespace chancery::client
