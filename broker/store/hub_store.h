// What the hub keeps: the log with its envelopes, who reads which entries, and the head.
//
// One interface for every database. An implementation promises: commit() is one durable transaction
// that compares and swaps the head; what is read is hashed again and compared with its leaf before
// anybody gets it; nothing is deleted because a check failed. A conformance suite
// (tests/unit/broker/store) holds for all of them. One owner, one thread.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/hub.h"
#include "broker/core/sequencer.h"
#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/damage.h"
#include "core/exchange/retention.h"
#include "core/ledger/tiles.h"
#include "core/ledger/tree.h"
#include "io/sqlite/backup.h"

namespace chancery::broker {

inline constexpr std::size_t kConflictsKeptMax = 64;  // Of one origin: 64 proofs are enough.

class HubStore {
 public:
  HubStore() = default;
  HubStore(const HubStore&) = delete;
  HubStore& operator=(const HubStore&) = delete;
  HubStore(HubStore&&) = delete;
  HubStore& operator=(HubStore&&) = delete;
  virtual ~HubStore() = default;

  [[nodiscard]] virtual const Hash& genesis() const = 0;

  // The state to start from: the head, and the directory folded from its entries. kStoreDamaged
  // where the two do not belong together. Reads the directory entries, not the log.
  [[nodiscard]] virtual Result<HubState> load() = 0;

  // After load(), and before anything is answered from it: what was read is durable from here on,
  // also where the hub before was killed between a write and its sync.
  [[nodiscard]] virtual Result<void> make_durable() = 0;
  // What a medium puts off until nobody waits. An error means what one of commit() does.
  [[nodiscard]] virtual Result<void> write_back() = 0;

  // After make_durable(): what was written last is hashed again. The head is recomputed from the
  // newest kTailCount entries and what they lie on; where it comes out as another one, or a batch
  // does, this is kStoreDamaged. An envelope that does not hash to its entry is named and does not
  // stop the start.
  [[nodiscard]] virtual Result<std::vector<exchange::Damage>> check_tail() = 0;

  // Hashes records again that nobody asked for, where the last call ended: at most `count_max`, and
  // of envelopes the bytes that go over `bytes_max` are the last.
  [[nodiscard]] virtual Result<exchange::Scrubbed> scrub(std::size_t count_max,
                                                         std::size_t bytes_max) = 0;
  // What reads, looks and check_tail() met since the last call.
  [[nodiscard]] virtual std::vector<exchange::Damage> take_damages() = 0;
  // Names it, durable when it returns. False where it is named already.
  [[nodiscard]] virtual Result<bool> quarantine(const exchange::Damage& damage,
                                                std::uint64_t now_ms) = 0;
  // All that were named and not restored since, oldest first.
  [[nodiscard]] virtual Result<std::vector<exchange::Damage>> quarantined() = 0;
  // Of the entries that were named and not restored since, the first, each with whose feeds have
  // it: of a directory entry nobody's.
  [[nodiscard]] virtual Result<std::vector<DamagedEntry>> damaged_entries(
      std::size_t count_max) = 0;
  // Puts an envelope that somebody held in the place of the record at `index`, durable when it
  // returns: kLeafMismatch where it is not what was logged there, kBodyErased where it comes
  // without the body that this store is to keep. The entry is not quarantined any more.
  [[nodiscard]] virtual Result<void> restore_entry(std::uint64_t index, std::string_view envelope,
                                                   std::uint64_t now_ms) = 0;
  // That this log is not the one that the hub signed: durably, and load() gives it from then on.
  [[nodiscard]] virtual Result<void> put_contradiction(std::string_view detail,
                                                       std::uint64_t now_ms) = 0;

  // Time of the newest batch, by the clock of whoever ran this hub then; 0 for an empty log.
  [[nodiscard]] virtual Result<std::uint64_t> accepted_at_ms() = 0;

  [[nodiscard]] virtual Result<Answers> answer(const Questions& questions) = 0;

  // kHeadMoved where the head is not `size_before, root_before`; nothing was written then. After
  // kIo the outcome is unknown: stop, and load() in a new process.
  [[nodiscard]] virtual Result<void> commit(const Commit& commit) = 0;

  // Reads the batch back that the log has after `before`: kStoreDamaged where its leaves do not
  // make its root. Before that root is signed.
  [[nodiscard]] virtual Result<void> check_batch(const ledger::CompactTree& before) = 0;

  // Keeps the second draft under a notice id, durable when it returns; after the commit of the
  // entry that it contradicts. False where it is kept already, or kConflictsKeptMax of its origin
  // are.
  [[nodiscard]] virtual Result<bool> keep_conflict(const Conflict& conflict,
                                                   std::uint64_t now_ms) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> conflict_count() = 0;

  // Keeps the signed checkpoint of a committed batch. Durable with the next commit(), or at once by
  // flush(): until then it can be made again, since Ed25519 is deterministic.
  virtual void keep_checkpoint(std::uint64_t size, std::string note) = 0;
  [[nodiscard]] virtual Result<void> flush() = 0;
  // The newest head at quorum, in the place of the one before; one that changes the witnesses stays
  // for good besides. Durable as a checkpoint is: a hub that loses it goes on from the one before.
  virtual void keep_cosigned(CosignedHead head) = 0;
  // Heads whose checkpoint was not kept before the last stop: sign and keep them again.
  struct UnsignedHead {
    std::uint64_t size = 0;
    Hash root{};
  };
  [[nodiscard]] virtual Result<std::vector<UnsignedHead>> unsigned_heads() = 0;

  // At most `count_max` entries of a lane of a member's feed, from index `from` on; the one that
  // goes over `bytes_max` is the last. A damaged entry ends the page before it, and is
  // kStoreDamaged where it would be the first.
  [[nodiscard]] virtual Result<std::vector<FeedEntry>> read_feed(const FeedRead& read,
                                                                 std::size_t bytes_max) = 0;
  // Batches from the one that starts at `from`. kNotFound where none starts there and the log is
  // longer; none at its end. The one that goes over `bytes_max` is the last.
  [[nodiscard]] virtual Result<std::vector<v1::LogBatch>> read_batches(std::uint64_t from,
                                                                       std::size_t count_max,
                                                                       std::size_t bytes_max) = 0;
  // The bytes of a hash tile of this log, for proofs. kStoreDamaged.
  [[nodiscard]] virtual Result<std::string> tile(const ledger::Tile& tile) = 0;
  // At most `count_max` notices from index `from` on whose bodies were not erased.
  [[nodiscard]] virtual Result<std::vector<exchange::Kept>> kept(std::uint64_t from,
                                                                 std::size_t count_max) = 0;
  // Erases these bodies and records it, durable when it returns. Those that do not hash to their
  // leaves are left as they are, and come back.
  [[nodiscard]] virtual Result<std::vector<std::uint64_t>> erase_bodies(
      std::span<const std::uint64_t> indices, std::uint64_t now_ms) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> erased_count() = 0;

  // For an auditor of a store that nobody runs: what a start relies on (load()), and the file's own
  // order, down to its indexes. Reads all of it. kStoreDamaged.
  [[nodiscard]] virtual Result<void> check() = 0;
  // The beginning of a copy of the store, to be stepped between turns.
  [[nodiscard]] virtual Result<sqlite::Backup> begin_backup(const std::string& path) = 0;
  // For an auditor: the bytes as they are stored, not checked here. `size` is what the store
  // claims. A page that was looked at may come back as `used`, so that its memory serves again.
  [[nodiscard]] virtual Result<v1::AuditPageReply> audit_page(std::uint64_t from_index,
                                                              std::size_t bytes_max,
                                                              v1::AuditPageReply used = {}) = 0;
  // The same without entries, and of the last page the checkpoint at quorum alone.
  [[nodiscard]] virtual Result<v1::AuditPageReply> audit_leaves(std::uint64_t from_index,
                                                                std::size_t bytes_max) = 0;
};

}  // namespace chancery::broker
