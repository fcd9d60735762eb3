// A consultation: a text is put to members with a deadline and a rule, and what came of it follows
// from the log alone.
//
//   open -> respond ... -> (extend, withdraw) -> the cut -> a tally of each party -> the outcome
//
// The fold below takes the entries of one consultation in the order of the log and says where it
// stands. It is a pure function: every member, and an outsider with the same entries, computes the
// same outcome. Who runs the hub can delay entries, and by that an agreement; nothing that a hub
// does makes one, since every party's own node has to say, after the cut, what its word is, silence
// included. Protocol chapter 15 (C-220 to C-233).

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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

inline constexpr std::string_view kConsultationKinds = "consultation.";

struct ConsultationEntry : Entry {
  Hash about{};  // N of the opening; of an opening nothing.
  std::variant<v1::ConsultationOpen, v1::ConsultationRespond, v1::ConsultationExtend,
               v1::ConsultationWithdraw, v1::ConsultationTally>
      content;
};

// The entry of a notice; nothing where it is of no consultation. `text` is what the draft's digest
// covers, without padding. kMalformed where it cannot be read as its kind, or names no opening.
[[nodiscard]] Result<std::optional<ConsultationEntry>> consultation_entry(const v1::Draft& draft,
                                                                          const Hash& n,
                                                                          std::uint64_t index,
                                                                          std::string_view text);

// A head of the log that a quorum of witnesses cosigned: none of a quorum's times is older.
struct Cut {
  std::uint64_t size = 0;  // What is below it is in time.
  std::uint64_t time_ms = 0;

  [[nodiscard]] bool operator==(const Cut&) const = default;
};

// What the fold cannot know by itself, of the log that its caller follows.
struct LogView {
  // The checkpoint in a tally (a note); nothing where it is not of this log, or has no quorum.
  std::function<std::optional<Cut>(std::string_view checkpoint)> cut;
  Roster is_member;
};

enum class Standing : std::uint8_t {
  kUnheard = 0,     // No tally of it: never agreement.
  kSilent = 1,      // Its own node says that it had the text in time and gave no answer.
  kServedLate = 2,  // Its own node says that it did not have the text in time.
  kAgrees = 3,
  kReserves = 4,  // Agrees with a reservation.
  kAbstains = 5,
  kObjects = 6,
  kContested = 7,  // Its own node names another word than the one that was logged in time.
  kDropped = 8,    // No member any more at the cut.
};

struct Party {
  std::string member;
  bool opens = false;
  bool participates = false;  // An opener may only ask, and not be asked.
  Standing standing = Standing::kUnheard;
  std::optional<std::size_t> response;  // The one that counts: its place among the entries.
  std::optional<std::size_t> tally;

  [[nodiscard]] bool operator==(const Party&) const = default;
};

enum class Conclusion : std::uint8_t {
  kOpen = 0,  // No tally shows a cut.
  kAgreed = 1,
  kNotAgreed = 2,
  kContested = 3,  // It would be agreed if what came too late had been another word.
  kWithdrawn = 4,
  kSuperseded = 5,  // The opener put another text in its place.
};

struct Outcome {
  Conclusion conclusion = Conclusion::kOpen;
  // Every party has tallied: nothing that is logged from here on changes it.
  bool is_final = false;
  std::uint64_t deadline_ms = 0;  // With the extensions that count.
  std::optional<Cut> cut;
  std::vector<Party> parties;                   // Ascending; the opener among them.
  std::vector<std::optional<Ignored>> ignored;  // Of each entry.

  [[nodiscard]] bool operator==(const Outcome&) const = default;
};

// Places of the entries that an outcome needs: the opening, each party's response and tally, and
// what of the opener's extensions and its end counts. Of these alone it is the same once there is a
// cut: what does not count, and responses that were superseded, may be any number.
[[nodiscard]] std::vector<std::size_t> needed_entries(std::span<const ConsultationEntry> entries,
                                                      const Outcome& outcome);

// Whether an opening is one: kInvalidKind says what is wrong with it. Nothing follows from another.
[[nodiscard]] Result<void> check_opening(const ConsultationEntry& opening);

// The outcome of what the first entry opens, which check_opening() finds good; the others are about
// it, or supersede it, ascending by index.
[[nodiscard]] Outcome fold_consultation(std::span<const ConsultationEntry> entries,
                                        const LogView& log);

// The members that every entry has to reach: the participants and the opener, ascending.
[[nodiscard]] std::vector<std::string> parties_of(const ConsultationEntry& opening);

// The deadline as what counts below a size leaves it, for whoever looks for the cut.
[[nodiscard]] std::uint64_t deadline_at(std::span<const ConsultationEntry> entries,
                                        std::uint64_t size, const LogView& log);

// What a member's tally has to name.
struct LastWord {
  Hash n{};                      // Of the last of its own entries that count.
  std::optional<Hash> response;  // Of its response that counts, where that is another entry.

  [[nodiscard]] bool operator==(const LastWord&) const = default;
};

// Below a size; nothing where none of the member's entries counts there.
[[nodiscard]] std::optional<LastWord> last_word(std::span<const ConsultationEntry> entries,
                                                std::string_view member, std::uint64_t size,
                                                const LogView& log);

}  // namespace chancery::workflow
