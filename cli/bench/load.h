// The load of a benchmark: notices that everybody can make again from their number, published
// through the public client library, and compared with what recipients have at the end.
//
// A notice is the word of its origin and number: id, subject and text follow from the two and the
// run. So a recipient's is compared byte for byte without keeping what was sent.

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/client.h"
#include "chancery/v1/envelope.pb.h"
#include "cli/bench/exchange.h"
#include "cli/bench/histogram.h"
#include "cli/bench/received.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

struct Shape {
  std::uint64_t run_ms = 0;  // Of this run: when it began.
  std::size_t text_bytes = 1024;
  bool sealed = false;
  std::vector<std::string> recipients;
};

struct Name {
  std::size_t origin = 0;  // In Exchange::origins().
  std::uint64_t number = 0;

  friend bool operator==(const Name&, const Name&) = default;
};

// Numbers of an origin from here on are of FLASH, those below of ROUTINE.
inline constexpr std::uint64_t kFlashFrom = 1ULL << 39U;

// How many an origin published: from 0 on, and from kFlashFrom on.
struct Published {
  std::uint64_t routine = 0;
  std::uint64_t flash = 0;
};

// The id of a notice has its name. Pure.
[[nodiscard]] std::string id_of(const Shape& shape, const Name& name);
// Nothing where the id is none of this run.
[[nodiscard]] std::optional<Name> name_of(const Shape& shape, const std::string& id);
[[nodiscard]] client::Draft draft_of(const Shape& shape, const Name& name);
// What differs from what was published, in a word; nothing where all is the same.
[[nodiscard]] std::optional<std::string> difference(const Shape& shape, const Name& name,
                                                    const std::string& origin,
                                                    const client::Notice& notice);

// Over all that difference() looks at, with the text as the bytes that the origin handed in: of
// what arrived, and of what was published.
[[nodiscard]] Hash digest_of(const v1::Draft& draft, std::string_view text);
[[nodiscard]] Result<Hash> digest_of(const Shape& shape, const Name& name,
                                     const std::string& origin);

[[nodiscard]] Error error_of(const client::Error& error);

using Clock = std::chrono::steady_clock;

// What one origin has published.
class Publisher {
 public:
  Publisher(const Exchange& exchange, std::size_t origin, std::size_t window);

  // Publishes the next `count` notices together and returns when all are logged: in order, so when
  // the last one is. What the node refuses for now is tried again. Any thread; the numbers of a
  // call follow one another. An error is a notice that was refused for good, or took a minute.
  [[nodiscard]] Result<void> publish(Exchange& exchange, const Shape& shape, std::uint64_t first,
                                     std::size_t count, bool until_logged = true);
  // Numbers for the next `count`.
  [[nodiscard]] std::uint64_t take(std::size_t count) { return next_.fetch_add(count); }
  [[nodiscard]] std::uint64_t taken() const { return next_; }
  [[nodiscard]] client::Client& client() { return client_; }

 private:
  [[nodiscard]] Result<void> publish_one(Exchange& exchange, const Shape& shape,
                                         std::uint64_t number);

  client::Client client_;
  std::size_t origin_;
  std::atomic<std::uint64_t> next_{0};
};

// What recipients have, against what was published.
struct Comparison {
  std::uint64_t delivered = 0;  // To all recipients together, each once.
  std::uint64_t missing = 0;
  std::uint64_t differing = 0;
  std::uint64_t repeated = 0;
  std::uint64_t foreign = 0;  // Of nobody's publishing.
  std::string first;          // What is wrong, of one of them.

  // What was found besides.
  void add(const Comparison& other);
  [[nodiscard]] bool good() const { return missing + differing + repeated + foreign == 0; }
};

// Of one recipient. What it refers to has to outlive it.
class Tally {
 public:
  Tally(const std::vector<std::string>& origins, const Shape& shape,
        const std::vector<Published>& published);

  // Its name, where it is one of ours, new and the same.
  std::optional<Name> take(const client::Notice& notice);
  // The same of what a sink kept of it.
  std::optional<Name> take(const Received& received);
  // Once, at the end: what did not come is missing.
  [[nodiscard]] Comparison result();

 private:
  void count_missing(std::size_t origin, std::uint64_t from, const std::vector<bool>& seen);
  void say(std::uint64_t& count, const std::string& id, const std::string& what);
  // Where it is one of ours, and new.
  std::optional<Name> take_name(const std::string& id);
  std::optional<Name> judge(const Name& name, const std::string& id,
                            const std::optional<std::string>& what);

  const std::vector<std::string>& origins_;
  const Shape& shape_;
  std::vector<std::vector<bool>> routine_;
  std::vector<std::vector<bool>> flash_;
  Comparison found_;
};

// When each notice arrived, as the node of a recipient noted it; called by several threads.
using Arrived = std::function<void(std::size_t recipient, const Name&, client::Time)>;

// Waits until every recipient has as many as were published, and says when they had; less where
// nothing more came for half a minute.
[[nodiscard]] Result<Clock::time_point> await_deliveries(
    Exchange& exchange, std::uint64_t count,
    const std::function<void(std::uint64_t delivered)>& progress);

// Reads all that every recipient has; a sink ends, and says what it had. `published` is of each
// origin, in their order.
[[nodiscard]] Result<Comparison> compare(Exchange& exchange, const Shape& shape,
                                         const std::vector<Published>& published,
                                         const Arrived& arrived);

}  // namespace chancery::cli::bench
