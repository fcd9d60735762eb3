// What the entries of a log come to in numbers: who sent how much of what kind and when, how long
// notices took to their recipients and to their people, and what members' statements say otherwise.
// For `audit report`.
//
// Fed with the batches of a hub's or a node's store as its Auditor finds them good. A hub opens
// nothing: of its store only volumes are told. Times are between entries of the log, by the hub's
// clock: of a notice, and of the statement or acknowledgement that says what became of it.
//
// Memory: no notice is kept. 24 bytes and what a hash table takes beside them for each, to know its
// acknowledgements by; 40 for each of which a statement is still to come. Pure.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "cli/bench/histogram.h"
#include "core/base/bytes.h"
#include "core/exchange/audit.h"
#include "core/exchange/completeness.h"
#include "core/exchange/envelope.h"

namespace chancery::cli {

// Times of one sort, in milliseconds.
struct Times {
  // Upper edges of the bins, in milliseconds; the last bin has none.
  static constexpr std::array<std::uint64_t, 10> kEdges = {
      1'000, 2'000, 5'000, 10'000, 30'000, 60'000, 600'000, 3'600'000, 21'600'000, 86'400'000};

  bench::Histogram histogram{};
  std::array<std::uint64_t, kEdges.size() + 1> bins{};

  void record(std::uint64_t ms);
  void merge(const Times& other);
  [[nodiscard]] std::uint64_t count() const { return histogram.count(); }
};

// How many there were over time: columns of one width, which grows with the time that they cover.
class Series {
 public:
  static constexpr std::size_t kColumnsMax = 60;

  struct Column {
    std::uint64_t patient = 0;
    std::uint64_t urgent = 0;
  };

  // Times do not fall.
  void add(std::uint64_t ms, bool urgent);
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  // Of the first column: a multiple of the width.
  [[nodiscard]] std::uint64_t begin_ms() const { return begin_ms_; }
  [[nodiscard]] std::uint64_t width_ms() const;

 private:
  void widen();

  std::vector<Column> columns_;
  std::uint64_t begin_ms_ = 0;
  std::size_t width_ = 0;  // Which one.
};

struct Mismatch {
  std::uint64_t index = 0;  // Of the statement.
  std::uint64_t accepted_at_ms = 0;
  std::string by;
  std::string about;
  std::uint64_t size = 0;
  std::string detail;
  bool mended = false;  // A later statement of the same member agreed.
};

// What this node's member and one other exchanged.
struct PeerActivity {
  std::uint64_t to_peer = 0;
  std::uint64_t from_peer = 0;
  Times delivered_to;  // Until its statement, and ours.
  Times delivered_from;
  std::uint64_t undelivered = 0;  // Of those to it.
  Times read;                     // Of ours, by its people.
  Times actioned;
  std::uint64_t unopenable = 0;  // Of ours, says its node.
};

struct Activity {
  static constexpr std::size_t kCellsMax = 4096;  // What is beyond counts under another kind.
  static constexpr std::size_t kMismatchesMax = 100;
  static constexpr std::string_view kOtherKinds = "(other kinds)";

  std::uint64_t size = 0;  // Of the log.
  std::uint64_t first_at_ms = 0;
  std::uint64_t last_at_ms = 0;
  std::uint64_t notices = 0;  // Held and good, statements left out.
  std::uint64_t urgent = 0;
  std::uint64_t statements = 0;
  std::uint64_t void_count = 0;
  std::uint64_t unopenable = 0;
  std::uint64_t unread = 0;  // Statements and acknowledgements whose text is not there.
  std::map<std::pair<std::string, std::string>, std::uint64_t> volume;  // By member, kind.
  Series over_time;
  std::map<std::string, PeerActivity> peers;
  std::vector<Mismatch> mismatches;
};

class ActivityFold {
 public:
  // `member` is empty for a hub.
  ActivityFold(const Hash& genesis, std::string member);

  void batch(const v1::AuditBatch& batch, exchange::Auditor& auditor);
  [[nodiscard]] Activity finish();

 private:
  struct Exchanged {
    std::uint64_t index = 0;
    std::uint64_t accepted_at_ms = 0;
    bool own = false;
    Hash d{};
  };
  // What is counted up to statements of one of the two, and what is to be.
  struct End {
    exchange::PairCount count;
    std::deque<Exchanged> since;
    std::map<std::uint64_t, std::uint64_t> under_way;  // Index -> accepted_at, of what it receives.
    std::vector<std::size_t> contradicted;             // Positions in Activity::mismatches.
  };
  struct Pair {
    End ours;
    End theirs;
  };
  struct At {
    std::uint64_t index = 0;
    std::uint64_t accepted_at_ms = 0;
  };
  using Fingerprint = std::array<std::uint8_t, 16>;
  struct FingerprintHash {
    std::size_t operator()(const Fingerprint& fingerprint) const;
  };

  void take(const v1::AuditEntry& entry, const exchange::Envelope& envelope, const At& at,
            exchange::Auditor& auditor);
  void take_notice(const exchange::Envelope& envelope, const At& at);
  void take_statement(std::string_view text, const exchange::Envelope& envelope, const At& at,
                      exchange::Auditor& auditor);
  void judge_statement(const v1::Statement& said, const std::string& peer, bool own, const At& at,
                       exchange::Auditor& auditor);
  void deliver(End& end, PeerActivity& peer, bool own, const v1::Statement& said, const At& at);
  void take_acknowledgement(std::string_view text, const exchange::Envelope& envelope,
                            const At& at);

  Hash genesis_;
  std::string member_;
  Activity activity_;
  std::map<std::string, Pair> pairs_;
  std::unordered_map<Fingerprint, std::uint64_t, FingerprintHash> accepted_;  // Own notices, by N.
  std::set<std::pair<Fingerprint, std::pair<std::string, int>>> acknowledged_;
};

}  // namespace chancery::cli
