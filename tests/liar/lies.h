// The lies that a hub can tell one member: what each is, who notices it, by what, and how soon.
//
// Each is the strongest that we know of its sort: the hub signs whatever it likes with its log key,
// keeps a tree that is consistent in itself, and takes away whatever would show the lie, as far as
// it can. It has no keys of members, nor of witnesses.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chancery::test {

enum class Lie : std::uint8_t {
  kFork,
  kDrop,
  kWithholdRevocation,
  kOldRoster,
  kUnlogged,
  kUndelivered,
  kReorder,
  kReplay,
  kOldHead,
  kSwappedKey,
  kWithholdTail,
  kStall,
  kBackup,
};

struct LieInfo {
  Lie lie;
  std::string_view name;
  std::string_view what;
  // Of these one at least is there, at the member that is lied to or, after "peer ", at another:
  // "alarm NAME", "dispute NAME" or "overdue WHAT", by commas.
  std::string_view noticed;
};

inline constexpr std::string_view kAnotherLog =
    "alarm foreign-log,alarm root-mismatch,dispute foreign-log,dispute statement-mismatch,"
    "overdue cosigned,overdue logged";

inline constexpr std::array<LieInfo, 13> kLies = {{
    {Lie::kFork, "fork", "an entry that is for others is another one in the member's log",
     kAnotherLog},
    {Lie::kDrop, "drop", "a notice for the member is neither delivered nor in its log",
     kAnotherLog},
    {Lie::kWithholdRevocation, "withhold-revocation",
     "the revocation of another's key is not in the member's log, nor in the directory of its "
     "leaves",
     kAnotherLog},
    {Lie::kOldRoster, "old-roster", "the first roster stands in the member's log once more",
     "alarm slot-conflict"},
    {Lie::kUnlogged, "unlogged",
     "a signed notice is delivered as an entry that it is not, whenever it is asked for",
     "alarm leaf-mismatch"},
    {Lie::kUndelivered, "undelivered",
     "from one notice on, nothing of its origin is delivered, its statements neither; all is "
     "logged",
     "dispute statement-mismatch,peer dispute statement-mismatch,peer overdue delivered"},
    {Lie::kReorder, "reorder", "two notices of one origin stand and come the other way round",
     kAnotherLog},
    {Lie::kReplay, "replay",
     "a notice of before is logged and delivered once more, in place of an entry that is for "
     "others",
     kAnotherLog},
    {Lie::kOldHead, "old-head", "the member is told of no head at quorum after this one",
     "overdue cosigned"},
    {Lie::kSwappedKey, "swapped-key",
     "checkpoints are signed by a key that the roster does not name", "alarm bad-checkpoint"},
    {Lie::kWithholdTail, "withhold-tail",
     "the log ends here, says the hub, and answers as if that were so",
     "overdue cosigned,overdue logged"},
    {Lie::kStall, "stall", "the hub answers pings and greetings, and nothing else",
     "overdue cosigned,overdue logged"},
    {Lie::kBackup, "backup", "at the next greeting the log is as short as it was then",
     "alarm foreign-log"},
}};

[[nodiscard]] const LieInfo& info_of(Lie lie);
[[nodiscard]] std::optional<Lie> lie_of(std::string_view name);

struct LieOrder {
  Lie lie = Lie::kFork;
  std::string member;       // Who is lied to.
  std::uint64_t index = 0;  // Of the log: the first entry from there on that the lie fits.

  // "LIE:MEMBER:INDEX".
  [[nodiscard]] static std::optional<LieOrder> parse(std::string_view text);
};

}  // namespace chancery::test
