// What the entries of all workflows have in common: what they refer to, when they count, and that
// nobody takes back what another said. Protocol chapters 15 to 17.
//
// References are followed backwards in the log alone. An entry that names a later one, itself or
// nothing that is there names nothing, so whatever is signed, a thread is a tree.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::workflow {

// An entry as whoever can read it holds it: good by the directory of its leaf, and opened.
struct Entry {
  std::uint64_t index = 0;
  Hash n{};
  std::string origin{};
  std::vector<std::string> recipients{};  // Codes, ascending.
  std::vector<std::string> asked{};       // Those of them that are to act, ascending.
  v1::Status status = v1::STATUS_UNSPECIFIED;
  // Ns; zero is not given.
  Hash thread{};
  Hash in_reply_to{};
  Hash translation_of{};
  std::vector<Hash> supersedes{};
  std::vector<Hash> cancels{};
};

// kMalformed where what it supersedes is no N; other references that are none are not given.
[[nodiscard]] Result<Entry> entry_of(const v1::Draft& draft, const Hash& n, std::uint64_t index,
                                     const v1::Text& text);

enum class Link : std::uint8_t {
  kNone = 0,
  kInReplyTo = 1,
  kThread = 2,
  kTranslationOf = 3,
  kSupersedes = 4,
  kCancels = 5,
};

struct Reference {
  Link link = Link::kNone;
  Hash n{};

  [[nodiscard]] bool operator==(const Reference&) const = default;
};

inline constexpr std::size_t kNamedMax = 64;  // Of what it supersedes, and of what it cancels.

// The first that is there is what an entry stands below.
[[nodiscard]] std::vector<Reference> references_of(const Entry& entry);

struct Place {
  std::size_t at = 0;     // Among the entries.
  std::size_t depth = 0;  // One more than of what it stands below.
  Link link = Link::kNone;

  [[nodiscard]] bool operator==(const Place&) const = default;
};

// Entries, ascending by index, each below what it stands below, and those below the same by index.
// One that refers to none before it has no depth.
[[nodiscard]] std::vector<Place> tree_of(std::span<const Entry> entries);

// Why an entry does not count. It stays in the log, and is shown.
enum class Ignored : std::uint8_t {
  kNotAParty = 0,          // Its origin has no say in this.
  kNotToAll = 1,           // Not addressed to every party that was a member then.
  kOtherStatus = 2,        // An exercise does not answer what is in earnest.
  kAfterCut = 3,           // Too late.
  kAnsweredBefore = 4,     // An earlier one counts that it does not supersede, or a second tally.
  kNotLater = 5,           // An extension to no later time.
  kNoPosition = 6,         // A response without one.
  kEnded = 7,              // The workflow had ended.
  kNoCut = 8,              // A tally whose checkpoint is not at quorum, or before the deadline.
  kOfAnother = 9,          // What it refers to first is no entry of this.
  kNotItsOwn = 10,         // It cancels or supersedes what another said.
  kNothingAnswered = 11,   // What it answers or cancels does not count.
  kNoItems = 12,           // An item without a name, a unit or a quantity, or none at all.
  kMoreThanOffered = 13,   // An acceptance.
  kNoVersion = 14,         // There is no such version, or it was cancelled.
  kVersionNotHigher = 15,  // Than all before it.
  kTakenBack = 16,         // Its origin superseded or cancelled it, or what it answers was.
};

// For people: "its origin has no say in this".
[[nodiscard]] std::string_view why(Ignored reason);

// Whether the roster, as it was made below a size, has the member.
using Roster = std::function<bool(std::string_view member, std::uint64_t size)>;

// Whether an entry may count in what parties (ascending) have opened with a status.
[[nodiscard]] std::optional<Ignored> judge_form(const Entry& entry, v1::Status status,
                                                std::span<const std::string> parties,
                                                const Roster& roster);

[[nodiscard]] bool names(std::span<const Hash> references, const Hash& n);

// The origin of an opening and those whom it asks, ascending.
[[nodiscard]] std::vector<std::string> parties_asked(const Entry& opening);

// Which entries of one opening count, in the order of the log: what assistance and documents have
// in common (C-240 to C-243). Each entry goes to judge(); one that its workflow finds good, to
// count().
class Counting {
 public:
  // `opening` and `roster` live as long.
  Counting(const Entry& opening, const Roster& roster);

  [[nodiscard]] const std::vector<std::string>& parties() const { return parties_; }

  // Whatever its kind is. kOfAnother, the form, kNotItsOwn, kNothingAnswered.
  [[nodiscard]] std::optional<Ignored> judge(const Entry& entry);

  // The place of an entry that counts; the opening's is 0.
  [[nodiscard]] std::optional<std::size_t> find(const Hash& n) const;
  // Those of them, the opening excepted.
  [[nodiscard]] std::vector<std::size_t> found(std::span<const Hash> ns) const;

  void count(const Entry& entry, std::size_t at);
  void forget(const Hash& n);

 private:
  struct Counted {
    std::size_t at = 0;
    std::string_view origin;
  };

  [[nodiscard]] bool is_of_this(const Entry& entry) const;

  const Entry& opening_;
  const Roster& roster_;
  std::vector<std::string> parties_;
  std::set<Hash> formed_;  // What every party holds; the opening among them.
  std::map<Hash, Counted> counted_;
};

}  // namespace chancery::workflow
