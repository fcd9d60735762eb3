// The ZAP handler: who may finish a CURVE handshake, and under which name (RFC 27, ZAP 1.0).
//
// It answers libzmq from a table in memory, (domain, client public key) -> user id, and says 400 to
// everything else; it never does I/O, since every new peer waits for it. It judges handshakes only:
// a key that is taken out of the table keeps its live connection until Router::disconnect(). A key
// that makes more handshakes than its domain allows is told 300: libzmq closes the connection
// without a word, and the peer tries again by itself.
//
// Start it before the first Router: libzmq without a handler would admit every key. Router asks for
// option 93, which closes that; admission_self_test() proves it.
//
// Threads: owns one, named "zap". allow() from any thread. Limits: one per Context; requests of
// more than kZapPartCountMax parts are refused.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/base/token_bucket.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"

namespace chancery::zmq {

inline constexpr std::size_t kZapPartCountMax = 8;

using AdmissionTable = std::map<CurveKey, std::string>;  // Client public key -> user id.

struct ZapCounters {
  std::uint64_t admitted_count;
  std::uint64_t refused_count;
  std::uint64_t too_often_count;  // Of keys that are admitted, and not now.
};

class ZapHandler {
 public:
  // kAddressInUse when the Context has a handler already, kUnavailable when no thread can start.
  [[nodiscard]] static Result<ZapHandler> start(Context& context);

  ZapHandler(ZapHandler&& other) noexcept;
  ZapHandler& operator=(ZapHandler&& other) noexcept;
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;
  ~ZapHandler();  // Waits for the thread. Handshakes after it are refused.

  // Replaces the whole table of one domain, from the next handshake on; an empty table closes it.
  // An empty user id admits nobody. `handshakes` is the rate of each key; without one, as many as
  // it likes.
  void allow(const std::string& domain, AdmissionTable table,
             const std::optional<Rate>& handshakes = {});

  [[nodiscard]] ZapCounters counters() const;

 private:
  struct State;
  explicit ZapHandler(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace chancery::zmq
