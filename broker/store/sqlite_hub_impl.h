// The inside of the hub's SQLite store, shared by the files that implement it.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/store/feed_tails.h"
#include "broker/store/served_envelopes.h"
#include "broker/store/sqlite_hub_store.h"
#include "chancery/v1/envelope.pb.h"
#include "core/exchange/lane.h"
#include "core/ledger/kept_tiles.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/statement_cache.h"
#include "io/sqlite/transaction.h"

namespace chancery::broker {

// Where they are missing or wrong.
[[nodiscard]] Result<void> fill_tiles(sqlite::Database& database);

// The E at a place in those of a batch, which has it.
[[nodiscard]] inline Hash entry_at(std::string_view entries, std::uint64_t place) {
  return hash_from(entries.substr(place * sizeof(Hash), sizeof(Hash)));
}

struct Head {
  std::uint64_t size = 0;
  std::string root;
  std::string edge;
  std::uint64_t accepted_at_ms = 0;
};

class SqliteHubStore final : public HubStore {
 public:
  SqliteHubStore(sqlite::Database database, const Hash& genesis)
      : database_(std::move(database)), genesis_(genesis) {}

  static Result<std::unique_ptr<HubStore>> open(const sqlite::StorePlace& place,
                                                const Hash& genesis, StoreUse use);

  [[nodiscard]] const Hash& genesis() const override { return genesis_; }
  Result<HubState> load() override;
  Result<void> make_durable() override { return database_.make_durable(); }
  Result<void> write_back() override { return database_.write_back(); }
  Result<std::vector<exchange::Damage>> check_tail() override;
  Result<std::uint64_t> accepted_at_ms() override;
  Result<exchange::Scrubbed> scrub(std::size_t count_max, std::size_t bytes_max) override;
  std::vector<exchange::Damage> take_damages() override { return std::exchange(damages_, {}); }
  Result<bool> quarantine(const exchange::Damage& damage, std::uint64_t now_ms) override;
  Result<void> put_contradiction(std::string_view detail, std::uint64_t now_ms) override;
  Result<std::vector<exchange::Damage>> quarantined() override;
  Result<std::vector<DamagedEntry>> damaged_entries(std::size_t count_max) override;
  Result<void> restore_entry(std::uint64_t index, std::string_view envelope,
                             std::uint64_t now_ms) override;
  Result<Answers> answer(const Questions& questions) override;
  Result<void> commit(const Commit& commit) override;
  Result<bool> keep_conflict(const Conflict& conflict, std::uint64_t now_ms) override;
  Result<std::uint64_t> conflict_count() override;
  void keep_checkpoint(std::uint64_t size, std::string note) override {
    checkpoints_.insert_or_assign(size, std::move(note));
  }
  Result<void> flush() override;
  void keep_cosigned(CosignedHead head) override {
    if (head.changes_witnesses) {
      witness_changes_.insert_or_assign(head.head.checkpoint.size, head.head.note);
    }
    cosigned_ = std::move(head);
  }
  Result<std::vector<UnsignedHead>> unsigned_heads() override;
  Result<std::vector<FeedEntry>> read_feed(const FeedRead& read, std::size_t bytes_max) override;
  Result<std::vector<v1::LogBatch>> read_batches(std::uint64_t from, std::size_t count_max,
                                                 std::size_t bytes_max) override;
  Result<std::vector<exchange::Kept>> kept(std::uint64_t from, std::size_t count_max) override;
  Result<std::vector<std::uint64_t>> erase_bodies(std::span<const std::uint64_t> indices,
                                                  std::uint64_t now_ms) override;
  Result<std::uint64_t> erased_count() override;
  Result<void> check() override;
  Result<sqlite::Backup> begin_backup(const std::string& path) override {
    return sqlite::Backup::begin(database_, path);
  }
  Result<v1::AuditPageReply> audit_page(std::uint64_t from_index, std::size_t bytes_max,
                                        v1::AuditPageReply used) override;
  Result<v1::AuditPageReply> audit_leaves(std::uint64_t from_index, std::size_t bytes_max) override;
  Result<void> check_batch(const ledger::CompactTree& before) override;
  Result<std::string> tile(const ledger::Tile& tile) override;

 private:
  Result<Head> read_head();
  Result<void> check_last_batch(const HubState& state);
  Result<std::string> read_contradiction();
  // Without its witnesses.
  Result<std::optional<CosignedHead>> read_cosigned();
  // As it is stored or about to be; empty where there is none.
  Result<std::string> cosigned_note();
  // The E of the entry at an index, as its batch has it. kNotFound where no batch does.
  Result<Hash> logged_at(std::uint64_t index);
  struct StoredEntry {  // The parts of an envelope.
    std::string header;
    std::string body;
    std::string signatures;
    std::optional<Hash> erased;  // The digest of the body, where that was erased.

    [[nodiscard]] std::size_t size() const {
      return header.size() + body.size() + signatures.size();
    }
  };
  Result<StoredEntry> read_entry(std::uint64_t index);
  // Among the damages from now on: "entry N …".
  std::unexpected<Error> damaged_entry(std::uint64_t index, const std::string& what);
  Result<std::string> read_envelope(std::uint64_t index);
  // The same for one of the members that it is for.
  Result<ServedEnvelopes::Shared> served_envelope(std::uint64_t index);
  // What a member's lane has from an index on, `count_max` at most.
  Result<LanePart> lane_part(const FeedTails::Reader& reader, std::uint64_t from,
                             std::size_t count_max);
  Result<void> write_entry(const NewEntry& entry);
  // Whether the id is larger than all that its origin has logged.
  Result<bool> is_beyond_the_log(const Questions::Id& id);
  using Lanes = std::map<FeedTails::Reader, std::vector<std::uint64_t>>;
  // What of it is for whom.
  Result<Lanes> write_feeds(const Commit& commit);
  Result<void> write_anchor(std::uint64_t size, std::string_view edge);
  // The tree to go on from at `size` or a bit before it.
  Result<ledger::CompactTree> anchor_before(std::uint64_t size);
  struct BatchRow {
    std::uint64_t first_index = 0;
    std::uint64_t size_after = 0;
    std::string root;
    ledger::Leaf leaf;    // Of each entry, but for its E.
    std::string entries;  // The E of each.
  };
  Result<std::vector<BatchRow>> batch_rows(std::uint64_t from, std::size_t count_max);
  // Where the batch begins that has the entry. kNotFound.
  Result<std::uint64_t> batch_of(std::uint64_t index);
  struct EntryAt {
    std::uint64_t index = 0;
    Hash entry{};  // E
  };
  // `instead` stands in the place of what is stored at its index.
  Result<void> append_batch(ledger::CompactTree& tree, const BatchRow& batch,
                            const std::optional<EntryAt>& instead = {});
  // kLeafMismatch where the log has another entry there. The batch that is whole with it, where it
  // took that to know.
  Result<std::optional<std::uint64_t>> check_logged(const EntryAt& at);
  // The E of an entry, in the place of what its batch has of it.
  Result<void> write_logged(std::uint64_t first_index, const EntryAt& at);
  Result<void> write_restored(std::uint64_t index, const exchange::Envelope& envelope,
                              bool body_erased);
  using Readers = std::vector<std::pair<std::string, exchange::Lane>>;  // Ascending.
  static Readers readers_of(const v1::Draft& draft);
  Result<void> put_lane(const Readers::value_type& reader, std::uint64_t first_index,
                        std::string_view positions);
  // Which entries from one index up to another are in whose feeds: the lanes that may have some,
  // by members that ascend.
  using TakeLane = std::function<void(Readers::value_type reader, std::uint64_t first_index,
                                      std::string_view positions)>;
  Result<void> each_lane(std::uint64_t begin, std::uint64_t end, const TakeLane& take);
  Result<std::map<std::uint64_t, Readers>> readers_of(std::uint64_t begin, std::uint64_t end);
  // So that it is in the feeds of these readers, and of no others.
  Result<void> set_readers(std::uint64_t index, const Readers& readers);
  Result<void> scrub_batch();
  // What is looked up and served by, and is covered by no hash: it follows from the header.
  Result<void> check_row(std::uint64_t index, const v1::Header& header, const v1::Draft& draft);
  // Of the entries from one index up to another those that a feed has behind a later one, or in a
  // row that begins where no batch does: a reader is sent them in another order than that of the
  // log.
  Result<std::set<std::uint64_t>> out_of_order(std::uint64_t begin, std::uint64_t end);
  Result<void> check_feeds(std::uint64_t begin, const std::map<std::uint64_t, Readers>& due);
  // Them, and the head at quorum.
  Result<void> write_kept();
  void kept_is_durable() {
    checkpoints_.clear();
    witness_changes_.clear();
    cosigned_.reset();
  }
  ledger::KeptTiles tiles();
  Result<void> fill_last_page(v1::AuditPageReply& reply);
  Result<void> fill_entries(v1::AuditBatch& batch, std::uint64_t size_after);
  Result<void> fill_feeds(v1::AuditBatch& batch, std::uint64_t size_after);
  enum class Fill : std::uint8_t { kAll, kLeaves };
  Result<v1::AuditPageReply> audit_batches(std::uint64_t from_index, std::size_t bytes_max,
                                           Fill fill, v1::AuditPageReply used);

  sqlite::Database database_;
  sqlite::StatementCache statements_{database_};
  Hash genesis_;
  std::vector<exchange::Damage> damages_;
  ServedEnvelopes served_;
  FeedTails tails_;
  // By origin: the largest id, of those that were asked about. Ids rise with time (UUIDv7): most
  // that are new are beyond it, and need no look.
  std::map<std::string, std::string, std::less<>> last_ids_;
  struct ReadBatch {  // The one whose entries were looked at last.
    std::uint64_t first_index = 0;
    std::string entries;

    [[nodiscard]] bool has(std::uint64_t index) const {
      return index >= first_index && index - first_index < entries.size() / sizeof(Hash);
    }
  };
  ReadBatch read_batch_;
  struct Scrub {
    std::uint64_t next = 0;
    std::uint64_t batch_end = 0;
    // Nothing after a batch that did not make its root, up to the next anchor.
    std::optional<ledger::CompactTree> tree = ledger::CompactTree();
  };
  Scrub scrub_;
  // Kept, and not yet durable.
  std::map<std::uint64_t, std::string> checkpoints_;
  std::map<std::uint64_t, std::string> witness_changes_;
  std::optional<CosignedHead> cosigned_;
};

}  // namespace chancery::broker
