// What this node's witness says to an add-checkpoint request, in a round of the hub or over HTTP.
// Protocol chapter 12 (C-186).
//
// It cosigns what grows from what it cosigned last (ledger/witness.h), and only a checkpoint whose
// root it has computed itself from the leaves: so a hub that shows it another log than it shows the
// others gets no line. What it has not followed yet waits.
//
// Its owner stores `next` before the key signs, in the store that also has the log, and only then
// completes the answer. Pure; clock and store are arguments.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/note.h"
#include "core/ledger/witness.h"

namespace chancery::node {

struct WitnessState {
  ledger::WitnessedTree tree;  // Cosigned last.
  std::uint64_t time_s = 0;    // Then, by this machine's clock.

  [[nodiscard]] bool operator==(const WitnessState&) const = default;
};

// A head at quorum, as the hub showed it and as it was verified.
struct CosignedNote {
  std::uint64_t size = 0;
  std::uint64_t time_s = 0;  // Of the quorum (C-181).
  std::string note;
  Hash root{};  // Of that size, as this node computed it.
};

// What it is judged by.
struct WitnessView {
  std::string_view origin;                    // Of the log …
  std::span<const ledger::NoteKey> log_keys;  // … and its keys, as of what was followed.
  WitnessState last;
  std::uint64_t followed_size = 0;
  // The root that this node computed at a size; nothing where no batch of the log ended there.
  std::function<Result<std::optional<Hash>>(std::uint64_t size)> root_at;
  std::uint64_t now_s = 0;
};

// As HTTP has them; with 200 the text is the line of this witness.
struct WitnessAnswer {
  std::uint32_t status = 0;
  std::string text;
};

enum class WitnessStep : std::uint8_t {
  kWait,    // Until more of the log was followed: then it is to be judged again.
  kRefuse,  // `answer` is what to say.
  kCosign,  // `next` is to be stored, `message` to be signed, and the answer to be completed.
};

struct WitnessDecision {
  WitnessStep step = WitnessStep::kRefuse;
  WitnessAnswer answer;
  WitnessState next;
  std::string message;
  // The hub signed something that this node's log is not: kRootMismatch, with what it signed.
  std::optional<Error> mismatch;
  std::string evidence;
};

// An error is the store's.
[[nodiscard]] Result<WitnessDecision> judge_request(std::string_view request,
                                                    const WitnessView& view);

// Of a witness that does not cosign now, whatever it is asked: 503, as the specification has none.
[[nodiscard]] WitnessAnswer unavailable_answer(std::string_view why);

// The answer with the line of this witness, once its key has signed.
[[nodiscard]] WitnessAnswer cosigned_answer(const WitnessDecision& decision,
                                            const ledger::NoteKey& witness, Bytes signature);

}  // namespace chancery::node
