// Completeness: what one end of a pair of members counted in the common log, and what it states;
// and what its people acknowledge.
//
// Both ends count the same entries: the notices that one sent to the other, from the pair's first
// on, in the order of the log, without void ones and without statements. So two counts of the log
// up to one size are the same, or the hub withheld or added something, or a member says what is not
// so. Each count is a number and an RFC 6962 root over the Ds: with it any single D can be shown
// later. Protocol chapter 13 (C-190 to C-197). Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/notices.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {

inline constexpr std::string_view kStatementKind = "statement";
inline constexpr std::string_view kAcknowledgementKind = "acknowledgement";

// Indices that a statement names, at most: early ones and unopenable ones each.
inline constexpr std::size_t kStatementIndicesMax = 256;

struct PairCount {
  std::uint64_t size = 0;  // Of the log: the entries below it are counted.
  ledger::CompactTree received{};
  ledger::CompactTree sent{};

  void add(bool own, const Hash& d);
  [[nodiscard]] bool counts_the_same(const PairCount& other) const;
};

struct StatementInput {
  std::string peer;
  Hash root{};  // Of the log at count.size.
  std::vector<std::uint64_t> early;
  std::vector<std::uint64_t> unopenable;
};

// The text of a notice of kind `statement` (a Text, as bytes).
[[nodiscard]] std::string statement_text(const PairCount& count, const StatementInput& input);

// The statement in such a text, of the log's first `size` entries at most: it is made before it is
// logged. kMalformed, kLimitExceeded, and what reading strictly fails with.
[[nodiscard]] Result<v1::Statement> parse_statement(std::string_view text, std::string_view peer,
                                                    std::uint64_t size);

// What the peer counted, beside what this end did at the same size: kStatementMismatch says how
// they differ.
[[nodiscard]] Result<void> compare(const v1::Statement& theirs, const PairCount& ours);

// Whether people of its recipients for action are to acknowledge a notice: its status is actual,
// and it is neither a node's own, nor an acknowledgement, nor of a consultation, whose deadline is
// its own.
[[nodiscard]] bool expects_acknowledgement(const v1::Draft& draft);

// The content of a notice of kind `acknowledgement`, from its text. kMalformed.
[[nodiscard]] Result<v1::Acknowledgement> parse_acknowledgement(std::string_view text);

}  // namespace chancery::exchange
