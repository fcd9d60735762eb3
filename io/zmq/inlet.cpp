#include "io/zmq/inlet.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "io/zmq/endpoint.h"

namespace chancery::zmq {
namespace {

constexpr std::size_t kStepBytes = 64U << 10U;  // Of one connection, until the next has its turn.
constexpr std::size_t kCrowdMax = 32;  // Over connection_count_max: on their way to being cut.
// Where something is held back: the next look at whether there is room.
constexpr std::chrono::milliseconds kHeldInterval{5};
constexpr std::chrono::milliseconds kNoDescriptorPause{100};
constexpr std::chrono::milliseconds kFullAgainMax{100};
// `drained` may have been said of a moment before the last message of a connection was whole.
constexpr std::uint64_t kDrainedTwice = 2;

using PeerName = int (*)(int, sockaddr*, socklen_t*);

// The name that the kernel gave to an end of a connection inside; empty where there is none.
std::string name_by(PeerName get_name, int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (get_name(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) {
    return {};
  }
  return {&address.sun_path[0], size - offsetof(sockaddr_un, sun_path)};
}

std::uint64_t beyond(std::uint64_t bytes, std::uint64_t most) {
  return bytes > most ? bytes - most : 0;
}

bool is_would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Result<std::unique_ptr<Inlet>> Inlet::open(Socket& socket, const IpcPlace& place,
                                           const InletLimits& limits) {
  auto inlet = std::unique_ptr<Inlet>(new Inlet(limits));
  const int connections_max = static_cast<int>(limits.connection_count_max + kCrowdMax);
  CHANCERY_TRY(inlet->hidden_, HiddenListener::listen(place.path, connections_max));
  const int fd = inlet->hidden_.listening.release();  // libzmq closes it.
  CHANCERY_TRY_VOID(socket.set(ZMQ_USE_FD, "the listening socket", fd));
  const std::string endpoint = std::string(kIpcPrefix) + place.path;
  if (zmq_bind(socket.get(), endpoint.c_str()) != 0) {
    return fail_zmq(ErrorCode::kIo, "listening at " + endpoint);
  }
  CHANCERY_TRY(inlet->file_, IpcListener::listen(place.path, place.mode, place.backlog));
  inlet->listening_ = Descriptor(inlet->file_.release_fd());
  inlet->buffer_.resize(kStepBytes);
  Inlet* const self = inlet.get();
  CHANCERY_TRY(inlet->thread_,
               Thread::start("zmq-inlet", [self](int stop_fd) { self->run(stop_fd); }));
  return inlet;
}

Inlet::~Inlet() {
  file_ = IpcListener();  // Nobody comes any more.
  thread_.stop();
}

std::shared_ptr<Passage> Inlet::passage_of(int fd) {
  const std::string name = name_by(::getpeername, fd);
  const std::lock_guard<std::mutex> held(mutex_);
  const auto found = passages_.find(name);
  return found == passages_.end() ? nullptr : found->second;
}

void Inlet::drained() {
  const std::lock_guard<std::mutex> held(mutex_);
  ++drained_count_;
  std::erase_if(left_bytes_,
                [&](const auto& left) { return left.first + kDrainedTwice <= drained_count_; });
}

Inlet::Sums Inlet::sums() {
  const std::lock_guard<std::mutex> held(mutex_);
  Sums sums;
  for (const auto& [after, bytes] : left_bytes_) {
    sums.waiting += bytes;
    sums.shared += bytes;
  }
  for (const auto& [name, passage] : passages_) {
    const std::uint64_t waiting = passage->waiting();
    sums.waiting += waiting;
    sums.shared += limits_.beyond_small(waiting);
  }
  return sums;
}

std::uint64_t Inlet::bytes_max() const {
  return limits_.all_waiting_bytes_max + limits_.waiting_bytes_max +
         (limits_.connection_count_max + kCrowdMax) * limits_.small_bytes;
}

void Inlet::run(int stop_fd) {
  pollfd stop{.fd = stop_fd, .events = POLLIN, .revents = 0};
  while (::poll(&stop, 1, 0) <= 0) {
    turn(stop_fd);
  }
  // libzmq ends what its socket had, some with something to say yet.
  ending_ = true;
  const Time end = std::chrono::steady_clock::now() + kEndMax;
  while (!ways_.empty() && std::chrono::steady_clock::now() < end) {
    turn(-1);
  }
}

void Inlet::turn(int stop_fd) {
  const Sums sums = this->sums();
  const Time now = std::chrono::steady_clock::now();
  const bool has_place = ways_.size() < limits_.connection_count_max + kCrowdMax;
  const bool accepts = !ending_ && has_place && now >= accepts_at_;
  std::vector<pollfd> fds(2 + 2 * ways_.size());
  fds[0] = {.fd = stop_fd, .events = POLLIN, .revents = 0};
  fds[1] = {.fd = accepts ? listening_.get() : -1, .events = POLLIN, .revents = 0};
  bool soon = ending_ || (has_place && now < accepts_at_);
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    soon = want(*ways_[i], sums, now, fds[2 + 2 * i], fds[3 + 2 * i]) || soon;
  }
  if (::poll(fds.data(), fds.size(), soon ? static_cast<int>(kHeldInterval.count()) : -1) < 0) {
    return;  // EINTR, or no memory.
  }
  serve(fds);
  if (fds[1].revents != 0) {
    accept(now);
  }
  remove_over(now);
}

bool Inlet::want(const Way& way, const Sums& sums, Time now, pollfd& outer, pollfd& inner) const {
  const bool listens = !ending_ && !way.outer_ended && !way.inner_ended_at.has_value();
  const bool has_room = room_of(way, sums) > 0;
  outer = {.fd = way.outer.get(), .events = 0, .revents = 0};
  inner = {.fd = way.inner.get(), .events = 0, .revents = 0};
  if (listens && has_room) {
    (way.inner_full ? inner.events : outer.events) = way.inner_full ? POLLOUT : POLLIN;
  } else if (listens && way.passage->waiting() < limits_.waiting_bytes_max) {
    way.passage->held_at = now;
  }
  if (way.outer_full && !way.outer_gone) {
    outer.events = static_cast<short>(outer.events | POLLOUT);
  } else {
    inner.events = static_cast<short>(inner.events | POLLIN);
  }
  // Where nothing is wanted, an end would be told again and again.
  if (outer.events == 0) {
    outer.fd = -1;
  }
  if (inner.events == 0 && way.inner_ended_at.has_value()) {
    inner.fd = -1;
  }
  return (listens && !has_room) || way.inner_ended_at.has_value();
}

std::uint64_t Inlet::room_of(const Way& way, const Sums& sums) const {
  const std::uint64_t waiting = way.passage->waiting();
  const std::uint64_t own = beyond(limits_.waiting_bytes_max, waiting);
  std::uint64_t shared = beyond(limits_.all_waiting_bytes_max, sums.shared);
  const std::uint64_t to_its_end =
      beyond(limits_.message_bytes_max, std::max<std::uint64_t>(waiting, limits_.small_bytes));
  if (shared == 0 &&
      sums.shared + to_its_end <= limits_.all_waiting_bytes_max + limits_.waiting_bytes_max) {
    shared = beyond(limits_.message_bytes_max, waiting);
  }
  return std::min({own, std::max(shared, beyond(limits_.small_bytes, waiting)),
                   beyond(bytes_max(), sums.waiting)});
}

void Inlet::serve(const std::vector<pollfd>& fds) {
  const std::size_t count = (fds.size() - 2) / 2;
  if (count == 0) {
    return;
  }
  Sums sums = this->sums();
  first_ = (first_ + 1) % count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (first_ + i) % count;
    Way& way = *ways_[at];
    const pollfd& outer = fds[2 + 2 * at];
    const pollfd& inner = fds[3 + 2 * at];
    if (outer.revents == 0 && inner.revents == 0) {
      continue;
    }
    if ((inner.revents & POLLHUP) != 0 && !way.inner_ended_at.has_value()) {
      way.inner_ended_at = std::chrono::steady_clock::now();
    }
    if (!ending_ && !way.outer_ended && !way.inner_ended_at.has_value()) {
      pass_in(way, sums);
    }
    pass_out(way);
  }
}

void Inlet::pass_in(Way& way, Sums& sums) {
  const std::uint64_t room = room_of(way, sums);
  if (room == 0) {
    return;
  }
  std::uint64_t copied = 0;
  const std::uint64_t before = way.passage->waiting();
  const Step step = copy(way.outer.get(), way.inner.get(), room, copied, &way.passage->passed);
  way.inner_full = step == Step::kFull;
  sums.waiting += copied;
  sums.shared += limits_.beyond_small(before + copied) - limits_.beyond_small(before);
  if (step == Step::kEnded) {
    way.outer_ended = true;
    ::shutdown(way.inner.get(), SHUT_WR);
  } else if (step == Step::kSinkGone) {
    way.outer_ended = true;
  }
}

void Inlet::pass_out(Way& way) {
  std::uint64_t copied = 0;
  const bool was_full = way.outer_full;
  if (way.outer_gone) {
    const ssize_t size = ::recv(way.inner.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    way.over = size == 0 || (size < 0 && !is_would_block());
    return;
  }
  switch (copy(way.inner.get(), way.outer.get(), kStepBytes, copied)) {
    case Step::kEnded:
      way.over = true;
      break;
    case Step::kSinkGone:  // What it had sent before counts all the same.
      way.outer_gone = true;
      break;
    case Step::kFull:
      way.outer_full = true;
      break;
    case Step::kDone:
    case Step::kNothing:
      way.outer_full = false;
      break;
  }
  tell_behind(way, was_full, copied);
}

// Between two moments at which it is full libzmq may not have come to bring more: that is no end.
void Inlet::tell_behind(Way& way, bool was_full, std::uint64_t read_bytes) {
  const Time now = std::chrono::steady_clock::now();
  way.read_bytes += read_bytes;
  const bool is_new = way.outer_full && !was_full && now - way.full_until > kFullAgainMax;
  if (is_new || way.read_bytes >= kReadBytes) {
    way.full_since = now;
    way.read_bytes = 0;
  }
  if (was_full && !way.outer_full) {
    way.full_until = now;
  }
  way.passage->behind_since = way.outer_full ? way.full_since : Time{};
}

// Looked at first, and read only as far as it went on. Counted before it is there: a message that
// libzmq has whole, and that was taken, must not have bytes that are not counted yet, or Backlog
// takes the rest of it for what waits, for ever.
Inlet::Step Inlet::copy(int from, int to, std::uint64_t bytes_max, std::uint64_t& copied,
                        std::atomic<std::uint64_t>* counted) {
  const std::size_t most = std::min<std::uint64_t>(bytes_max, buffer_.size());
  const ssize_t seen = ::recv(from, buffer_.data(), most, MSG_PEEK | MSG_DONTWAIT);
  if (seen <= 0) {
    return seen < 0 && is_would_block() ? Step::kNothing : Step::kEnded;
  }
  if (counted != nullptr) {
    *counted += static_cast<std::uint64_t>(seen);
  }
  const ssize_t sent =
      ::send(to, buffer_.data(), static_cast<std::size_t>(seen), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (counted != nullptr) {
    *counted -= static_cast<std::uint64_t>(seen - std::max<ssize_t>(sent, 0));
  }
  if (sent < 0) {
    return is_would_block() ? Step::kFull : Step::kSinkGone;
  }
  copied = static_cast<std::uint64_t>(sent);
  return discard(from, copied) ? Step::kDone : Step::kEnded;
}

bool Inlet::discard(int from, std::uint64_t bytes) {
  while (bytes > 0) {
    const ssize_t read = ::recv(from, buffer_.data(), bytes, MSG_DONTWAIT);
    if (read <= 0) {
      return false;  // It was there a moment ago: urgent data, which is no ZMTP.
    }
    bytes -= static_cast<std::uint64_t>(read);
  }
  return true;
}

void Inlet::accept(Time now) {
  Descriptor outer(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  // One for our end, and one for libzmq's: where that finds none, it ends the process.
  const auto are_left = [&] {
    const Descriptor ours(::dup(outer.get()));
    return ours.is_open() && Descriptor(::dup(outer.get())).is_open();
  };
  if (outer.is_open() && are_left()) {
    connect(std::move(outer));
  } else if (!is_would_block() && errno != ECONNABORTED) {
    accepts_at_ = now + kNoDescriptorPause;
  }
}

void Inlet::connect(Descriptor outer) {
  auto way = std::make_unique<Way>();
  way->outer = std::move(outer);
  way->inner = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
  if (!way->inner.is_open() || ::bind(way->inner.get(), reinterpret_cast<const sockaddr*>(&any),
                                      sizeof any.sun_family) != 0) {
    return;
  }
  way->name = name_by(::getsockname, way->inner.get());
  {
    const std::lock_guard<std::mutex> held(mutex_);
    passages_[way->name] = way->passage;
  }
  way->over = !hidden_.connect(way->inner.get());
  ways_.push_back(std::move(way));
}

void Inlet::remove_over(Time now) {
  const auto is_over = [&](const std::unique_ptr<Way>& way) {
    return way->over || (way->inner_ended_at.has_value() && now - *way->inner_ended_at > kFlushMax);
  };
  const std::lock_guard<std::mutex> held(mutex_);
  for (const std::unique_ptr<Way>& way : ways_) {
    if (is_over(way)) {
      left_bytes_[drained_count_] += way->passage->waiting();
      passages_.erase(way->name);
    }
  }
  std::erase_if(ways_, is_over);
}

}  // namespace chancery::zmq
