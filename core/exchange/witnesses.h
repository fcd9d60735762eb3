// Who cosigns the log, and how many of them make a quorum. Protocol chapter 12 (C-180, C-181).
//
// A directory says both. One witness key for each member of role member at most, in an active node
// with voice; of n of them, and f that the roster lets be bad, q = floor((n + f) / 2) + 1 make a
// quorum: two quorums share at least one good witness. With too few witnesses there is none.
//
// Pure, no clock: who calls judges how old times are.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/note.h"

namespace chancery::exchange {

struct WitnessSet {
  std::vector<ledger::NoteKey> keys;  // In byte order of their members' codes.
  std::size_t quorum = 1;             // May be more than there are keys.

  [[nodiscard]] bool operator==(const WitnessSet&) const = default;
};

// "<origin line of the log>/<member>".
[[nodiscard]] std::string witness_name(std::string_view origin_line, std::string_view member);

// The active node that has the key of the witness of this name; nothing where there is none.
[[nodiscard]] const NodeInfo* witness_node(const Directory& directory, std::string_view name);

// Of a founded directory.
[[nodiscard]] WitnessSet witnesses_of(const Directory& directory);

// The newest time of which a quorum of the set says that it was then, or later, when it cosigned:
// so none of a quorum's times is older. Nothing where these are no quorum. `cosignatures` are what
// ledger::verify_cosignatures() gave for the keys of the set.
[[nodiscard]] std::optional<std::uint64_t> quorum_time(
    const WitnessSet& set, std::span<const ledger::Cosignature> cosignatures);

// A line that was verified, of one witness that has no other here.
struct CosignedBy {
  ledger::NoteKey witness;
  std::uint64_t time_s = 0;
};

// The same of lines that were verified one by one. A checkpoint that changes who cosigns is at
// quorum where it is under the set before it and the one after it.
[[nodiscard]] std::optional<std::uint64_t> quorum_time(std::span<const WitnessSet> sets,
                                                       std::span<const CosignedBy> verified);

// The same of a note, whose bad line of a witness refuses it all (kBadCheckpoint).
[[nodiscard]] Result<std::optional<std::uint64_t>> quorum_time(const ledger::Note& note,
                                                               std::span<const WitnessSet> sets);

}  // namespace chancery::exchange
