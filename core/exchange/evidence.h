// Evidence files: what an outsider needs to verify one notice offline, with the genesis hash alone.
//
// A file has the notice's entry, all directory entries of the log up to one checkpoint, what
// recipients stated of the notice or acknowledged, and where it is asked for the thread that the
// notice began, each with its leaf and a proof of inclusion under that checkpoint
// (proto/chancery/v1/evidence.proto). The directory is folded as nodes fold
// it, so the verifier has each state that a leaf names, and the last leaf shows that none of its
// entries is left out. Everything is then judged as nodes judge it. Protocol chapter 14 (C-200 to
// C-217).
//
// No byte of a file is without authentication: a change of any one refuses it. What whoever made
// the file could still do is to leave out whole parts: cosignatures, signatures on directory
// entries beyond those that are asked for, statements, acknowledgements, a text; and to change the
// order of directory entries of different slots where no leaf names a state between them. None of
// this makes anything true that is not. What a thread comes to is not judged here, but by whoever
// knows its rules (core/workflow).
//
// Pure: no file, no clock.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/evidence.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"

namespace chancery::exchange {

inline constexpr std::uint32_t kEvidenceVersion = 1;
inline constexpr std::size_t kEvidenceBytesMax = 16U << 20U;
inline constexpr std::uint32_t kEvidenceElementsMax = 1U << 18U;

// A head of the log that the verifier has from elsewhere.
struct LogPin {
  std::uint64_t size = 0;
  Hash root{};

  [[nodiscard]] bool operator==(const LogPin&) const = default;
};
[[nodiscard]] Result<LogPin> parse_log_pin(std::string_view text);  // "SIZE:ROOT". kMalformed.

enum class PinVerdict : std::uint8_t {
  kNotAsked,
  kSame,
  kOtherSize,  // The file proves nothing about that size.
};

// An entry of the log by which a recipient said something.
struct SaidBy {
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;  // By the hub's clock.
};

struct DeliveryEvidence {
  SaidBy by;
  std::uint64_t size = 0;  // Of the log, that the statement counts to.
  bool early = false;      // Named by its index, not counted.
};

struct RecipientEvidence {
  std::string member;
  v1::RecipientRole role = v1::RECIPIENT_ROLE_UNSPECIFIED;
  std::optional<DeliveryEvidence> delivered{};  // By the first of its statements in the file.
  std::optional<SaidBy> read{};                 // The first acknowledgement of each level.
  std::optional<SaidBy> actioned{};
};

struct WitnessEvidence {
  std::string member;
  std::uint64_t time_s = 0;  // By its own clock.
};

// An entry of the thread that the notice began.
struct ThreadEvidence {
  SaidBy by;
  Hash notice{};  // N
  v1::Draft draft;
  std::string text;  // A Text, as bytes, without padding.
  Hash directory{};  // Of its leaf.
};

// The log as it was at a size below the checkpoint.
struct ProvenHead {
  Hash root{};
  Hash directory{};
};

struct EvidenceReport {
  Hash genesis{};
  std::string exchange;     // As the roster calls it.
  std::string origin_line;  // Of the log.

  // The checkpoint that everything is proven under.
  std::uint64_t size = 0;
  Hash root{};
  std::vector<WitnessEvidence> witnesses;       // That cosigned it …
  std::size_t witness_count = 0;                // … of so many, by the directory at that size …
  std::size_t quorum = 0;                       // … of which so many are a quorum.
  std::optional<std::uint64_t> witnessed_at_s;  // The time of the quorum (C-181), where it is one.
  PinVerdict pin = PinVerdict::kNotAsked;

  // The notice.
  Hash notice{};  // N
  Hash d{};
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;
  std::uint64_t created_at_us = 0;
  v1::Draft draft;
  Hash directory{};                      // That its leaf names.
  Hash signing_key{};                    // Id of the key of the origin's node.
  std::vector<std::string> released_by;  // Names of people.
  std::vector<RecipientEvidence> recipients;

  // What is disclosed.
  std::optional<bool> sealed;       // Nothing where the body is withheld or erased.
  std::optional<std::string> text;  // A Text, as bytes, without padding.
  std::uint64_t directory_entry_count = 0;

  std::vector<ThreadEvidence> thread;
  std::map<std::uint64_t, ProvenHead> heads;  // By size: those that tallies in the thread name.
  std::map<Hash, Directory> directories;      // By root: those that leaves here name.

  [[nodiscard]] bool witnessed() const { return witnessed_at_s.has_value(); }
};

// What is not as it has to be is the error, and its detail says of what: form (chapter 2,
// kMalformed, kLimitExceeded, kUnknownVersion), kWrongGenesis, what makes a directory entry bad,
// kDirectoryMismatch, kLeafMismatch, kBadCheckpoint, kBadBatchPath, what makes a notice bad,
// kForeignLog against a pin, and kNotProven where a record does not show what it is there for.
[[nodiscard]] Result<EvidenceReport> verify_evidence(std::string_view bytes, const Hash& genesis,
                                                     const std::optional<LogPin>& pin = {});

// Making: the parts of a file, as their holder has them. Nothing is judged.
struct LoggedRecord {
  std::uint64_t index = 0;
  std::string leaf;  // 73 bytes.
  std::vector<Hash> path;
  std::string envelope;
  // What text_digest covers, where a sealed text is disclosed.
  std::string plaintext = {};
  // Body and plaintext are left out.
  bool hidden = false;
};

struct LoggedLeaf {
  std::uint64_t index = 0;
  std::string leaf;  // 73 bytes.
  std::vector<Hash> path;
};

struct EvidenceParts {
  Hash genesis{};
  std::string checkpoint;              // As evidence_checkpoint() gives it.
  std::vector<std::string> directory;  // Envelopes, in log order.
  LoggedRecord notice;
  std::vector<LoggedRecord> about;
  std::vector<v1::EvidenceCount> counts;
  std::vector<LoggedLeaf> heads{};  // The last leaf below each.
  std::string last_leaf;
  std::vector<Hash> last_path;
};

// Size of the log that the entry at `index` names, where it is a tally and the size is not above
// it; else nothing.
[[nodiscard]] std::optional<std::uint64_t> tallied_size(const v1::Draft& draft,
                                                        const v1::Text& text, std::uint64_t index);

// The note with the lines of the log and of the directory's witnesses alone, the newest of each:
// a file has no others. kBadCheckpoint.
[[nodiscard]] Result<std::string> evidence_checkpoint(std::string_view note,
                                                      const Directory& directory);
// The path of one D of a count, which are told in index order. Keeps a hash for each level of the
// tree, however many there are.
class CountPath {
 public:
  void add(const Hash& d, bool is_it);
  [[nodiscard]] bool has_it() const { return !path_.d().empty(); }
  [[nodiscard]] v1::EvidenceCount finish();  // Once, where it has it.

 private:
  struct Subtree {
    Hash root{};
    std::uint64_t size = 0;
    bool has_it = false;
  };
  void join_last_two();

  std::vector<Subtree> edge_;  // Full subtrees, the largest first.
  std::uint64_t count_ = 0;
  v1::EvidencePath path_;
};
// What envelopes and counts do not parse as is kMalformed; kLimitExceeded where the file has more
// than a verifier reads.
[[nodiscard]] Result<std::string> evidence_bytes(const EvidenceParts& parts);

}  // namespace chancery::exchange
