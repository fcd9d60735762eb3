// What comes in at a socket file, before libzmq has it: bounded in bytes, and counted. Inner to
// io/zmq.
//
// The kernel counts no bytes of a connection to a socket file, and libzmq's own limit is none
// (backlog.h). So these connections end here. A thread has one of its own to libzmq for each, where
// nobody else gets to, and copies bytes both ways; it keeps none.
//
// Where so much of a connection waits as may (waiting_bytes_max), no more of it is read, and its
// application waits. What waits is what was passed on less what was taken (Connections says so),
// also of connections that ended, until libzmq was found empty since.
//
// Each may have small_bytes, for a handshake and a small message. Beyond that all together have
// all_waiting_bytes_max. Where that is used up, a connection is read on only to the end of the
// largest message, and only while the way there is within waiting_bytes_max more. Who was read last
// may thus be read on, whatever comes of the others, and whoever has more in there than that: so
// there is always one whose message can become complete, and nobody waits for nobody. bytes_max()
// is all of this.
//
// Who does not read what libzmq has for it is told by behind_since (Passage).
//
// It cuts nobody: that is for Connections, by libzmq's end, and what ends at one end ends at the
// other. A connection that is over takes out what libzmq had sent, for kFlushMax at most. No more
// are accepted than connection_count_max and some, until others are gone; each is three
// descriptors.
//
// The destructor waits until libzmq, whose socket is closed before, has let go of all connections,
// or for kEndMax. passage_of, drained and waiting_bytes: any thread.

#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/zmq/descriptor.h"
#include "io/zmq/ipc_listener.h"
#include "io/zmq/socket.h"
#include "io/zmq/thread.h"

namespace chancery::zmq {

inline constexpr std::uint64_t kSmallBytes = 16U << 10U;
inline constexpr std::uint64_t kReadBytes = 512U << 10U;
inline constexpr std::chrono::milliseconds kFlushMax{200};
inline constexpr std::chrono::milliseconds kEndMax{500};

struct InletLimits {
  std::size_t connection_count_max = 0;
  std::uint64_t message_bytes_max = 0;  // As it is sent, with all that comes before it.
  std::uint64_t waiting_bytes_max = 0;  // No less.
  std::uint64_t all_waiting_bytes_max = 0;
  std::uint64_t small_bytes = kSmallBytes;

  // What counts where all share.
  [[nodiscard]] constexpr std::uint64_t beyond_small(std::uint64_t bytes) const {
    return bytes > small_bytes ? bytes - small_bytes : 0;
  }
};

// Of one connection.
struct Passage {
  std::atomic<std::uint64_t> passed{0};  // Bytes towards libzmq.
  std::atomic<std::uint64_t> taken{0};   // Of these: who owns the Router says so.
  // When it was last found to wait for the room that others have.
  std::atomic<std::chrono::steady_clock::time_point> held_at{};
  // Since when there is more for the application than it reads, and it read less than kReadBytes;
  // the epoch where it is not so.
  std::atomic<std::chrono::steady_clock::time_point> behind_since{};

  [[nodiscard]] std::uint64_t waiting() const {
    const std::uint64_t out = taken;  // First: what is passed meanwhile may be taken meanwhile.
    const std::uint64_t in = passed;
    return in > out ? in - out : 0;
  }
};

class Inlet {
 public:
  // Has the socket listen at the place. kAddressInUse when a process does, kExists when the path is
  // not a socket, kIo or kUnavailable when the system refuses.
  [[nodiscard]] static Result<std::unique_ptr<Inlet>> open(Socket& socket, const IpcPlace& place,
                                                           const InletLimits& limits);
  ~Inlet();
  Inlet(const Inlet&) = delete;
  Inlet& operator=(const Inlet&) = delete;
  Inlet(Inlet&&) = delete;
  Inlet& operator=(Inlet&&) = delete;

  // Of the connection that is this descriptor of libzmq's; none where it is no such.
  [[nodiscard]] std::shared_ptr<Passage> passage_of(int fd);
  // No message that is complete is left; what those left who went is gone as well.
  void drained();
  // Of all connections, with those that ended.
  [[nodiscard]] std::uint64_t waiting_bytes() { return sums().waiting; }
  [[nodiscard]] std::uint64_t bytes_max() const;
  [[nodiscard]] const InletLimits& limits() const { return limits_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Way {
    Descriptor outer;  // To the application …
    Descriptor inner;  // … and to libzmq.
    std::string name;  // Of the inner one, by which libzmq's end is known.
    std::shared_ptr<Passage> passage = std::make_shared<Passage>();
    bool outer_ended = false;  // Nothing more comes from there …
    bool outer_gone = false;   // … and nothing more gets there.
    bool outer_full = false;
    bool inner_full = false;
    // Of outer_full: when it began, as of Passage::behind_since, and when it last ended.
    Time full_since{};
    Time full_until{};
    std::uint64_t read_bytes = 0;  // Since full_since.
    std::optional<Time> inner_ended_at;
    bool over = false;
  };
  struct Sums {
    std::uint64_t waiting = 0;
    std::uint64_t shared = 0;  // Of that, what is beyond small_bytes of each.
  };
  enum class Step : std::uint8_t { kDone, kNothing, kFull, kEnded, kSinkGone };

  explicit Inlet(const InletLimits& limits) : limits_(limits) {}

  void run(int stop_fd);
  void turn(int stop_fd);
  // Whether it is to be looked at again soon, whatever happens.
  bool want(const Way& way, const Sums& sums, Time now, pollfd& outer, pollfd& inner) const;
  void accept(Time now);
  void connect(Descriptor outer);
  // In their order, beginning with the one after the last that went first.
  void serve(const std::vector<pollfd>& fds);
  void pass_in(Way& way, Sums& sums);
  void pass_out(Way& way);
  void remove_over(Time now);
  [[nodiscard]] Sums sums();
  [[nodiscard]] std::uint64_t room_of(const Way& way, const Sums& sums) const;
  Step copy(int from, int to, std::uint64_t bytes_max, std::uint64_t& copied,
            std::atomic<std::uint64_t>* counted = nullptr);
  bool discard(int from, std::uint64_t bytes);
  static void tell_behind(Way& way, bool was_full, std::uint64_t read_bytes);

  InletLimits limits_;
  IpcListener file_;
  Descriptor listening_;
  HiddenListener hidden_;

  // The thread's.
  std::vector<std::unique_ptr<Way>> ways_;
  std::size_t first_ = 0;
  Time accepts_at_{};
  bool ending_ = false;
  std::vector<char> buffer_;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Passage>> passages_;  // By name.
  // What waited of connections which ended, by how often `drained` had been said.
  std::map<std::uint64_t, std::uint64_t> left_bytes_;
  std::uint64_t drained_count_ = 0;

  Thread thread_;  // Ends before what it uses.
};

}  // namespace chancery::zmq
