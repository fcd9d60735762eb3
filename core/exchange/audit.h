// The audit of a log: everything that the daemons checked, checked again from the stored bytes.
//
// The auditor trusts the genesis and nothing else. Fed with pages of a hub's or a node's store from
// the first entry on, it recomputes leaves, roots and directory, verifies checkpoint signatures and
// the signatures and rights of every envelope that the store holds, and names the entry at fault.
// It reads no file itself. What it remembers of each entry goes to a Scratch where it has one: then
// its memory does not grow with the log. Protocol chapter 9 (C-120 to C-129).

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/audit_memory.h"
#include "core/exchange/log_follower.h"

namespace chancery::exchange {

struct AuditFinding {
  std::optional<std::uint64_t> index;  // The entry at fault, where it is one.
  Error error;
};

struct AuditReport {
  std::uint64_t size = 0;
  Hash root{};
  std::uint64_t batch_count = 0;
  std::uint64_t directory_entry_count = 0;
  std::uint64_t envelope_count = 0;  // Held in the store and verified, directory entries included.
  std::uint64_t erased_count = 0;    // Of these, without a body: it was erased.
  std::uint64_t absent_count = 0;    // Leaves whose envelope is not in this store.
  std::uint64_t void_count = 0;      // Kept as evidence: the store itself says that they are bad.
  bool head_unsigned = false;  // The last batch was stored, and its checkpoint not yet signed.
  std::vector<AuditFinding> findings;
  std::optional<Error> failure;  // Of the scratch: the audit could not go on, and tells nothing.

  [[nodiscard]] bool passed() const { return findings.empty() && !failure.has_value(); }
};

class Auditor {
 public:
  static constexpr std::size_t kFindingsMax = 100;

  explicit Auditor(const Hash& genesis, const Scratch& scratch = {})
      : follower_(genesis), heads_(scratch), drafts_(scratch) {}

  // The root of the log as it was at a size at which it signed a head, of those verified so far.
  [[nodiscard]] std::optional<Hash> root_at(std::uint64_t size);

  // As the batches verified so far make it.
  [[nodiscard]] const Directory& directory() const { return follower_.directory(); }

  // The next batch of the store. False where the audit cannot go on past it.
  bool batch(const v1::AuditBatch& batch);
  // After the last batch: what the last page says of the store as a whole.
  void last_page(const v1::AuditPageReply& page);
  // After that; `size_claimed` is what the store says its log has, and
  // the root where it says one.
  [[nodiscard]] AuditReport finish(std::uint64_t size_claimed, std::string_view root_claimed = {});

 private:
  void finding(std::optional<std::uint64_t> index, Error error);
  // Follows the log by one batch; what ends the audit there, where something does.
  std::optional<AuditFinding> follow(const v1::AuditBatch& batch,
                                     const std::vector<ledger::Leaf>& leaves);
  Result<std::string> directory_entry(const v1::AuditBatch& batch, const ledger::Leaf& leaf);
  // The envelope of an entry that matches its leaf, until the next one is asked for; nothing where
  // it is absent or bad.
  const Envelope* check_envelope(const v1::AuditEntry& entry, const ledger::Leaf& leaf,
                                 bool described);
  void judge(std::uint64_t index, const Envelope& notice);

  // What a store keeps beside the entries, to deliver and to show them by.
  struct Readers {
    std::vector<std::string> members;
    bool urgent = false;

    [[nodiscard]] auto operator<=>(const Readers&) const = default;
  };
  using Due = std::map<Readers, std::vector<std::uint64_t>>;  // Indices.
  // Of a batch of `count` entries.
  void check_feeds(const v1::AuditBatch& batch, std::size_t count, const Due& due);
  void check_outbox(const v1::AuditEntry& entry, const ledger::Leaf& leaf, const Envelope* good);
  void check_inbox(const v1::AuditEntry& entry, const Envelope* good);
  // A notice that was found good.
  void remember(std::uint64_t index, const Envelope& envelope);
  void note_failure(const Result<void>& done);

  struct Newest {
    std::uint64_t created_at_us = 0;
    std::uint64_t index = 0;
  };

  LogFollower follower_;
  RootCache cache_;
  Envelope envelope_;   // The one that is looked at: it keeps its memory for the next.
  HeadMemory heads_;    // Which notices say they saw.
  DraftMemory drafts_;  // One under an id of its origin (C-137).
  AuditReport report_;
  // By signing key and precedence: as many as the directory has keys, however long the log.
  std::map<std::pair<Hash, std::uint32_t>, Newest> newest_;
  std::size_t unsigned_count_ = 0;  // Entries of the last batch, where it has no checkpoint.
  bool stopped_ = false;
};

}  // namespace chancery::exchange
