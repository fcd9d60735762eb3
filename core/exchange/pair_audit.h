// The audit of a pair of members: what each sent the other up to a size of the log, that it
// arrived, and that nothing else did.
//
// The records are those of one of the two nodes, or of both, as an Auditor found them good. Each
// has what its node received, what it sent, and what both members stated of that: signed, logged,
// and counted from the pair's first notice on (completeness.h). So one node's records are enough to
// hold them against the other member's word; those of both are held against each other as well, and
// what one of them lacks is named. Protocol chapter 13 (C-195). Pure.
//
// Memory: about 90 bytes for each notice of the pair, 40 for each batch of the log.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/audit.h"
#include "core/exchange/envelope.h"
#include "core/ledger/leaf.h"

namespace chancery::exchange {

// The two members, in the order in which they were named.
enum class PairSide : std::uint8_t { kFirst = 0, kSecond = 1 };
[[nodiscard]] constexpr PairSide other(PairSide side) {
  return side == PairSide::kFirst ? PairSide::kSecond : PairSide::kFirst;
}
using PairNames = std::array<std::string, 2>;  // Codes.

enum class PairFate : std::uint8_t {
  kGood = 0,
  kUnopenable = 1,
  kErased = 2,  // Its body; it still counts.
  kVoid = 3,    // By the word of who holds it; it does not count.
};

struct PairNotice {
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;
  Hash notice{};  // N
  Hash d{};
  PairSide origin = PairSide::kFirst;
  PairFate fate = PairFate::kGood;
};

struct PairStatement {
  struct Count {
    std::uint64_t count = 0;
    Hash root{};
    [[nodiscard]] bool operator==(const Count&) const = default;
  };
  PairSide by = PairSide::kFirst;
  std::uint64_t index = 0;  // Of its own entry.
  std::uint64_t accepted_at_ms = 0;
  std::uint64_t size = 0;  // Of the log, that it counts to.
  bool of_this_log = true;
  // Of what each of the two sent the other.
  std::array<Count, 2> sent{};
};

struct PairRecord {
  PairSide holder = PairSide::kFirst;
  std::uint64_t size = 0;  // Of the log that was followed and found good.
  std::vector<std::pair<std::uint64_t, Hash>> heads;  // Sizes at which its batches end, and roots.
  std::vector<PairNotice> notices;                    // By index.
  std::vector<PairStatement> statements;              // By index; without those that lack a text.
};

// The record of one node, batch by batch as its Auditor takes them.
class PairReader {
 public:
  PairReader(const Hash& genesis, PairNames names, PairSide holder);

  // After auditor.batch(batch).
  void batch(const v1::AuditBatch& batch, Auditor& auditor);
  [[nodiscard]] PairRecord finish();

 private:
  void take(const v1::AuditEntry& entry, const ledger::Leaf& leaf, Auditor& auditor);
  void take_statement(const v1::AuditEntry& entry, const Envelope& envelope, PairSide by,
                      Auditor& auditor, std::uint64_t accepted_at_ms);
  [[nodiscard]] std::optional<PairSide> side_of(std::string_view member) const;

  Hash genesis_;
  PairNames names_;
  PairRecord record_;
};

struct PairRange {
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to{};  // Else as far as both have stated.
};

enum class PairVerdict : std::uint8_t { kVerified, kFalsified, kOpen };

struct PairReport {
  static constexpr std::size_t kFindingsMax = 100;

  // What one of the two sent the other in the range, by whose records; nothing without them.
  struct Way {
    std::optional<std::uint64_t> sent;     // Of its origin.
    std::optional<std::uint64_t> arrived;  // Of its recipient.
    std::uint64_t unopenable = 0;          // Of what arrived.
    std::uint64_t void_count = 0;          // Not counted, by either.
  };

  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::array<Way, 2> ways{};  // By origin.
  // Of each, the statement that covers the range and agrees with all records.
  std::array<std::optional<PairStatement>, 2> covers{};
  std::array<std::uint64_t, 2> stated{};  // How far each has stated anything.
  std::vector<AuditFinding> findings;     // What makes it false.
  std::vector<AuditFinding> mended;       // What did not agree, until a later statement did.
  std::vector<std::string> open;          // Why it could not be told.

  [[nodiscard]] PairVerdict verdict() const;
};

// Of one record, or of two with other holders. kUsage where the range is none.
[[nodiscard]] Result<PairReport> judge_pair(const PairNames& names,
                                            std::span<const PairRecord> records,
                                            const PairRange& range);

}  // namespace chancery::exchange
