// Witness policies: c2sp.org/tlog-policy, the text that says which logs count, which witnesses, and
// how many of them make a quorum.
//
//   log <vkey> [<url>]
//   witness <name> <vkey> [<url>]
//   group <name> all|any|<k> <member> ...      members: witnesses and groups named above it
//   quorum <name>|none                         exactly one
//
// Words are separated by spaces and tabs; empty lines, and lines whose first word begins with #,
// say nothing. A name is defined once, and is a member of one group at most. Names are octets, and
// mean nothing outside the policy. Stricter than the specification asks: keys are Ed25519 and no
// key stands twice, as a log and as a witness neither; k has no leading zeroes.
//
// Failures are kMalformed, kLimitExceeded, or what is wrong with a key (note.h). Limits: 1 MiB, 64
// logs, 1,024 witnesses, 256 groups. Pure; a value.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/note.h"

namespace chancery::ledger {

inline constexpr std::size_t kPolicyBytesMax = 1U << 20U;
inline constexpr std::size_t kPolicyLogsMax = 64;
inline constexpr std::size_t kPolicyWitnessesMax = 1024;
inline constexpr std::size_t kPolicyGroupsMax = 256;

class WitnessPolicy {
 public:
  [[nodiscard]] static Result<WitnessPolicy> parse(std::string_view text);
  // What a directory gives: any `quorum` of the witnesses, each called as its key is; 0 is none.
  [[nodiscard]] static Result<WitnessPolicy> any_of(std::span<const NoteKey> logs,
                                                    std::span<const NoteKey> witnesses,
                                                    std::size_t quorum);
  // Logs, witnesses, groups, quorum, as they came; k as a number. Parses to the same policy.
  [[nodiscard]] std::string format() const;

  [[nodiscard]] const std::vector<NoteKey>& log_keys() const { return log_keys_; }
  [[nodiscard]] const std::vector<NoteKey>& witness_keys() const { return witness_keys_; }
  // Of what verify_cosignatures() found for witness_keys().
  [[nodiscard]] bool has_quorum(std::span<const Cosignature> cosignatures) const;

 private:
  class Reader;
  struct Member {
    bool group = false;
    std::size_t index = 0;
  };
  struct Group {
    std::string name;
    std::size_t threshold = 0;
    std::vector<Member> members;  // Groups among them stand before this one.
  };

  [[nodiscard]] const std::string& name_of(const Member& member) const;

  std::vector<NoteKey> log_keys_;
  std::vector<std::string> log_urls_;  // One per log, may be empty.
  std::vector<NoteKey> witness_keys_;
  std::vector<std::string> witness_names_;
  std::vector<std::string> witness_urls_;
  std::vector<Group> groups_;
  std::optional<Member> quorum_;
};

struct WitnessedCheckpoint {
  SignedCheckpoint checkpoint;
  std::vector<Cosignature> cosignatures;  // Of the policy's witness_keys().
};

// A checkpoint that one of the policy's logs signed and a quorum of its witnesses: kBadCheckpoint,
// kSignatureMissing where all is good but for the quorum. When they signed is not judged.
[[nodiscard]] Result<WitnessedCheckpoint> open_checkpoint(std::string_view note_text,
                                                          const WitnessPolicy& policy);

}  // namespace chancery::ledger
