// Assistance: a member asks others for what it needs, and what came of it follows from the log.
//
//   request -> offer | decline ... -> accept | decline of each offer -> complete
//
// The fold below takes the entries of one request in the order of the log, and says how much of
// each item was requested, offered, accepted and delivered, and where each of the asked stands. It
// is a pure function: every party computes the same. Protocol chapter 16 (C-240 to C-249).

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/notices.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/workflow/thread.h"

namespace chancery::workflow {

inline constexpr std::string_view kAssistanceKinds = "assistance.";

struct AssistanceEntry : Entry {
  std::variant<v1::AssistanceRequest, v1::AssistanceOffer, v1::AssistanceAccept,
               v1::AssistanceDecline, v1::AssistanceComplete>
      content;
};

// The entry of a notice; nothing where it is of no assistance. `text` as consultation_entry() takes
// it. kMalformed where it cannot be read as its kind.
[[nodiscard]] Result<std::optional<AssistanceEntry>> assistance_entry(const v1::Draft& draft,
                                                                      const Hash& n,
                                                                      std::uint64_t index,
                                                                      std::string_view text);

// What is counted together: both exactly as they were written.
struct Item {
  std::string name;
  std::string unit;

  [[nodiscard]] auto operator<=>(const Item&) const = default;
};

// Sums that would be too large stay at the largest number there is.
struct Quantities {
  std::uint64_t requested = 0;
  std::uint64_t offered = 0;
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;

  [[nodiscard]] bool operator==(const Quantities&) const = default;
};

// The furthest that a member has come; each also has what is before it, or had.
enum class Stance : std::uint8_t {
  kSilent = 0,
  kDeclines = 1,  // The request.
  kNotTaken = 2,  // Each of its offers was declined.
  kOffers = 3,    // One of its offers is not answered.
  kAccepted = 4,
  kDelivered = 5,
};

enum class AssistanceState : std::uint8_t {
  kOpen = 0,
  kCompleted = 1,
  kCancelled = 2,
  kSuperseded = 3,  // By another request.
};

struct AssistanceOutcome {
  AssistanceState state = AssistanceState::kOpen;
  std::map<Item, Quantities> totals;
  std::map<std::string, Stance> members;        // Those that were asked.
  std::vector<std::optional<Ignored>> ignored;  // Of each entry.

  [[nodiscard]] bool operator==(const AssistanceOutcome&) const = default;
};

// Whether a request is one: kInvalidKind says what is wrong with it. Nothing follows from another.
[[nodiscard]] Result<void> check_request(const AssistanceEntry& request);

// What came of the request that is the first entry, which check_request() finds good. The others
// are any of assistance, ascending by index.
[[nodiscard]] AssistanceOutcome fold_assistance(std::span<const AssistanceEntry> entries,
                                                const Roster& roster);

}  // namespace chancery::workflow
