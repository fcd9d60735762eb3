// What a node makes of a delivered entry: good, void, unopenable or garbled. Pure.
//
// The bytes must hash to the leaf that the node itself appended at that index; the notice is judged
// by the directory state of that leaf; a seal must open with this node's keys to the text that the
// signed draft names. What fails is kept with its code as evidence and never shown.
// Protocol chapters 5, 7 and 8.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/lane.h"
#include "core/exchange/seal.h"
#include "core/ledger/leaf.h"

namespace chancery::node {

enum class Verdict : std::uint8_t {
  kGood = 0,
  kVoid = 1,        // The hub logged what it must not.
  kUnopenable = 2,  // Good for all to see, and not to be opened here.
  kGarbled = 3,     // Other bytes than were logged. What was logged may still come.
  kErased = 4,      // Good but for its body, which was erased before it came here.
};

struct Arrival {
  std::uint64_t index = 0;
  exchange::Lane lane = exchange::Lane::kPatient;  // That it was delivered in.
  Verdict verdict = Verdict::kGood;
  // Where the verdict is not good; where it is, a reason to raise an alarm all the same.
  std::optional<Error> error;
  std::string envelope_bytes;                  // As delivered.
  std::optional<exchange::Envelope> envelope;  // Where it parses.
  std::string text;  // Where it is good: what text_digest covers, padded where sealed.
  bool own = false;  // From a node of this member.
};

[[nodiscard]] Arrival judge_delivery(std::uint64_t index, std::string envelope_bytes,
                                     const ledger::Leaf& leaf, std::string_view member,
                                     const exchange::Directory& directory, exchange::Opener& opener,
                                     exchange::RootCache& cache);

// The same into an arrival that keeps its memory: for many, one after the other.
void judge_delivery_into(Arrival& arrival, std::uint64_t index, std::string envelope_bytes,
                         const ledger::Leaf& leaf, std::string_view member,
                         const exchange::Directory& directory, exchange::Opener& opener,
                         exchange::RootCache& cache);

}  // namespace chancery::node
