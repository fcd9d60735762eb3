#include "cli/bench/reader.h"

#include <chrono>
#include <utility>

#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr std::chrono::milliseconds kReaderWait{500};
constexpr std::chrono::milliseconds kReaderLook{5};
constexpr std::chrono::seconds kReaderPatience{30};
constexpr std::uint32_t kReaderPage = 500;

}  // namespace

Reader::Reader(Exchange& exchange, std::size_t recipient, const Shape& shape, Seen seen)
    : exchange_(exchange),
      shape_(shape),
      seen_(std::move(seen)),
      node_(client::Options::from_file(exchange.client_file(exchange.recipients()[recipient]))) {
  query_.after.arrival = node_.cursors().newest_arrival;
  query_.limit = kReaderPage;
  query_.wait = kReaderWait;
  thread_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
}

void Reader::read(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      const client::Page page = node_.inbox(query_);
      const Clock::time_point now = os::steady_now();
      std::uint64_t ours = 0;
      for (const client::Notice& notice : page.notices) {
        if (const std::optional<Name> name = name_of(shape_, notice.id)) {
          seen_(*name, now);
          ++ours;
        }
      }
      query_.after = page.notices.empty() ? query_.after : page.next;
      const std::scoped_lock lock(mutex_);
      count_ += ours;
    }
  } catch (const client::Error& error) {
    const std::scoped_lock lock(mutex_);
    failed_ = error_of(error);
  }
}

Result<void> Reader::finish(std::uint64_t count) {
  std::uint64_t before = 0;
  Clock::time_point moved_at = os::steady_now();
  Result<void> done;
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      moved_at = count_ > before ? os::steady_now() : moved_at;
      before = count_;
      if (failed_.has_value()) {
        done = std::unexpected(*failed_);
      }
    }
    if (done.has_value()) {
      done = exchange_.check();
    }
    if (!done.has_value() || before >= count || os::steady_now() - moved_at > kReaderPatience) {
      break;  // What is missing is found where all is compared.
    }
    std::this_thread::sleep_for(kReaderLook);
  }
  thread_.request_stop();
  thread_.join();
  return done;
}

}  // namespace chancery::cli::bench
