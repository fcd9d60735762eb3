// The inside of NodeStore, shared by the files that implement it.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ledger/kept_tiles.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/statement_cache.h"
#include "io/sqlite/transaction.h"
#include "io/words/stemmer.h"
#include "node/store/counts.h"
#include "node/store/cut.h"
#include "node/store/node_store.h"
#include "node/store/notice_index.h"
#include "node/store/standings.h"

namespace chancery::node {

struct NodeStore::Impl {
  explicit Impl(sqlite::Database opened) : database(std::move(opened)) {}

  Result<sqlite::Statement*> statement(std::string_view sql) { return statements.get(sql); }

  // The rows of `columns` ("SELECT … FROM table ") that a request names: by notice id, by index, or
  // by a prefix of N. Two are enough to see that it is not one.
  Result<sqlite::Statement*> select_notice(NoticeIndex::Part part, std::string_view columns,
                                           const v1::ShowRequest& request) {
    const std::string from(columns);
    sqlite::Statement* select = nullptr;
    if (!request.notice_id().empty()) {
      CHANCERY_TRY(select, statement(from + "WHERE notice_id = ?1 LIMIT 2"));
      select->bind(1, as_bytes(request.notice_id()));
    } else if (request.index_plus_one() != 0) {
      CHANCERY_TRY(select, statement(from + "WHERE idx = ?1"));
      select->bind(1, request.index_plus_one() - 1);
    } else if (request.notice().size() == Hash{}.size()) {
      CHANCERY_TRY(const std::uint64_t row, find_row(part, request.notice()));
      CHANCERY_TRY(select, statement(from + "WHERE " + key_of(part) + " = ?1 AND notice = ?2"));
      select->bind(1, row).bind(2, as_bytes(request.notice()));
    } else {
      CHANCERY_TRY(select, statement(from + "WHERE substr(notice, 1, ?2) = ?1 LIMIT 2"));
      select->bind(1, as_bytes(request.notice())).bind(2, request.notice().size());
    }
    return select;
  }

  ledger::KeptTiles tiles();
  Result<void> write_anchor(std::uint64_t size, std::string_view edge);
  // The tree to go on from at `size` or a bit before it.
  Result<ledger::CompactTree> anchor_before(std::uint64_t size);
  // All that follow, each against its root. `entries` gets the E of each leaf.
  Result<void> append_batches(ledger::CompactTree& tree, std::vector<Hash>& entries);
  // One envelope that was received, against the E of its leaf, if it has one.
  void check_received(std::uint64_t index, std::string_view bytes,
                      const std::optional<Hash>& logged);
  // The envelopes received from an index on, newest first; `entries` are those from `begin` on.
  Result<void> check_received_from(std::uint64_t from, std::uint64_t begin,
                                   const std::vector<Hash>& entries);
  // Of columns arrival, accepted_at_ms, draft, notice, checked.
  Result<InboxHead> inbox_head(const sqlite::Statement& select);
  Error damaged(std::string_view part, std::uint64_t index, std::string detail) {
    Error error{ErrorCode::kStoreDamaged, std::move(detail)};
    damages.push_back({.part = std::string(part), .index = index, .error = error});
    return error;
  }
  // One that fails its hash is among the damages.
  Result<v1::InboxItem> inbox_row(const sqlite::Statement& select);
  std::unexpected<Error> damaged_outbox(std::string_view notice_id);
  Result<std::optional<OutboxStanding>> outbox_standing(std::string_view notice_id);
  Result<bool> is_beyond_the_outbox(std::string_view notice_id);
  Result<std::optional<OutboxRow>> outbox_row(const v1::ShowRequest& request);
  Result<std::optional<OutboxRow>> hashed_again(std::optional<OutboxRow> row);

  // A look, from one row to the next; false where there is none.
  Result<bool> scrub_one(NodeStore& store, std::size_t& bytes);
  Result<bool> scrub_batch(std::size_t& bytes);
  Result<bool> scrub_received(NodeStore& store, std::size_t& bytes);
  Result<bool> scrub_inbox(NodeStore& store, std::size_t& bytes);
  Result<bool> scrub_outbox(NodeStore& store, std::size_t& bytes);

  Result<void> fill_audit_entries(v1::AuditBatch& batch, std::uint64_t size_after);

  Result<std::uint64_t> number(std::string_view sql) {
    CHANCERY_TRY(sqlite::Statement* const select, statement(sql));
    CHANCERY_TRY(const bool row, select->step());
    std::uint64_t value = 0;
    if (row && !select->column_is_null(0)) {
      CHANCERY_TRY(value, select->column_u64(0));
    }
    select->reset();
    return value;
  }

  // Counts, read where this is their first use; and so with the index.
  Result<Counts*> counts();
  Result<NoticeIndex*> notice_index();
  // Where a notice is by its N, if it is there, which the row says; 0 where nothing is.
  Result<std::uint64_t> find_row(NoticeIndex::Part part, std::string_view notice);
  static std::string key_of(NoticeIndex::Part part) {
    return part == NoticeIndex::Part::kInbox ? "arrival" : "seq";
  }
  Result<void> forget_envelope(std::uint64_t number);  // Of a row that is to be signed anew.
  // The tables of counts, from the rows themselves.
  Result<void> recount();
  // What is held in memory until the commit; and what is dropped where there is none.
  Result<void> write_memory();
  void forget_memory();
  void forget_what_was_read();

  // Our notice was logged there, and its recipients are now to have it.
  Result<void> expect_delivery(const v1::Draft& draft, std::uint64_t index);
  Result<void> expect_no_delivery(exchange::Lane lane, std::uint64_t index);
  Result<Cut> cut_own(const exchange::Envelope& envelope, const Arrival& arrival);
  // A peer has what we sent it below a size of the log; or of a lane what is at these indices.
  Result<void> mark_delivered(std::string_view peer, std::uint64_t size);
  Result<void> cross_off(std::string_view peer, exchange::Lane lane, std::uint64_t from,
                         std::uint64_t to);
  Result<bool> lacks(const std::string& peer, std::uint64_t index, exchange::Lane lane);
  void lacking_before(const std::string& peer, exchange::Lane lane, std::uint64_t index);
  Result<std::uint64_t> find_first_lacking(std::string_view peer, exchange::Lane lane);
  Result<void> count_delivered();

  // A notice is logged, or shown: who of its recipients is to acknowledge it, and has not yet.
  Result<void> expect_acknowledgements(const v1::Draft& draft, const Hash& notice,
                                       std::uint64_t since_ms);
  Result<void> end_owed_by(std::string_view by, std::string_view notice);

  // The next rows that wait for a signature, until they are of so many bytes.
  Result<void> take_waiting(sqlite::Statement& select, std::vector<Waiting>& rows,
                            std::size_t& bytes, std::size_t bytes_max);

  // What the pair's two ends count.
  Result<void> put_exchanged(const Arrival& arrival);

  // The draft that was put last is this member's word on these.
  Result<void> put_own_word(const std::vector<Hash>& openings, std::uint64_t number);

  // Steps of go_back(): what stays as evidence, and what is not so any more.
  Result<void> keep_abandoned(std::uint64_t size, std::string_view told_by, std::uint64_t now_ms);
  Result<void> forget_beyond(const exchange::LogFollower& to);
  Result<void> expect_again(std::uint64_t size);

  // Records: find.cpp.
  const words::Stemmer& rules_of_words() {
    return stemmer.has_value() ? *stemmer : stemmer.emplace();
  }
  Result<void> put_unrecorded(std::uint64_t number);  // It was logged, and waits for its record.
  Result<bool> record_one(NodeStore& store, std::size_t& bytes);  // False where none is due.
  Result<void> record_arrival(NodeStore& store, std::uint64_t arrival, std::size_t& bytes);
  Result<void> record_own(NodeStore& store, std::uint64_t seq, std::size_t& bytes);
  // Of an arrival, or a number in the outbox: `which` column.
  Result<void> put_record(std::string_view which, std::uint64_t number, const v1::InboxItem& item);
  Result<void> forget_record(std::uint64_t index);
  Result<void> forget_records(const std::string& which, std::uint64_t parameter);
  Result<std::optional<v1::InboxItem>> recorded_item(NodeStore& store, std::uint64_t id,
                                                     std::uint64_t cosigned_size);

  Result<void> erase_body(std::uint64_t index, std::string_view received, std::uint64_t now_ms);

  sqlite::Database database;
  sqlite::StatementCache statements{database};
  std::optional<sqlite::Transaction> transaction;
  std::vector<exchange::Damage> damages;
  std::map<CursorKey, exchange::PerLane<std::uint64_t>> handed_in_memory;
  bool memory_is_put = false;  // In the transaction that is open.
  std::optional<Counts> counts_in_memory;
  std::optional<NoticeIndex> index_in_memory;
  Standings standings;
  // No id in the outbox is larger; once somebody asked. Ids rise with time (UUIDv7): most that are
  // new are beyond it, and need no look.
  std::optional<std::string> last_notice_id;
  // Raised to, and not written yet: the clock of the key, and cursors.
  std::optional<std::uint64_t> clock_us;
  exchange::PerLane<std::uint64_t> raised_cursors;
  // What was read last, and is asked for by all that came together: a batch's leaves, a root.
  struct ReadBatch {
    std::uint64_t first = 0;
    std::string leaves{};
    [[nodiscard]] bool has(std::uint64_t index) const {
      return index >= first && index - first < leaves.size() / ledger::kLeafBytes;
    }
  };
  ReadBatch read_batch;
  std::optional<std::pair<std::uint64_t, Hash>> read_root;
  // By peer: the largest size at which it agreed; and below which index no row of `undelivered`
  // names it, 0 where nobody looked.
  std::map<std::string, std::uint64_t, std::less<>> agreed_sizes;
  std::map<std::string, exchange::PerLane<std::uint64_t>, std::less<>> first_lacking;
  struct Scrub {
    int part = 0;
    std::uint64_t next = 0;
    std::optional<ledger::CompactTree> tree = ledger::CompactTree();
  };
  Scrub scrub;
  std::optional<words::Stemmer> stemmer;
  Hash genesis{};
  std::string member;
};

// An entry is about a notice; a hub may send one in both lanes.
inline constexpr std::string_view kPutAbout =
    "INSERT INTO about(notice, idx) VALUES(?1, ?2) ON CONFLICT DO NOTHING";

// Columns draft_at and text_at, from a parameter on; what is not bound is NULL.
inline sqlite::Statement& bind_places(sqlite::Statement& put, int parameter, const Cut& cut) {
  for (const std::optional<std::size_t>& place : {cut.draft_at, cut.text_at}) {
    if (place.has_value()) {
      put.bind(parameter, *place);
    }
    ++parameter;
  }
  return put;
}

inline Result<Hash> hash_in(const sqlite::Statement& select, int column) {
  CHANCERY_TRY(const std::string bytes, select.column_blob(column));
  if (bytes.size() != Hash{}.size()) {
    return fail(ErrorCode::kStoreDamaged, "a hash of another length");
  }
  return hash_from(bytes);
}

// Members as columns have them: ",BY,KZ,".
inline std::vector<std::string> codes_in(std::string_view members) {
  std::vector<std::string> codes;
  while (members.size() > 1) {
    members.remove_prefix(1);
    codes.emplace_back(members.substr(0, members.find(',')));
    members.remove_prefix(codes.back().size());
  }
  return codes;
}

// The first column of all rows.
inline Result<std::vector<std::string>> texts_of(sqlite::Statement& select) {
  std::vector<std::string> texts;
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return texts;
    }
    CHANCERY_TRY(texts.emplace_back(), select.column_text(0));
  }
}

inline Result<std::vector<Hash>> hashes_of(sqlite::Statement& select) {
  std::vector<Hash> hashes;
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return hashes;
    }
    CHANCERY_TRY(hashes.emplace_back(), hash_in(select, 0));
  }
}

inline Result<std::vector<std::uint64_t>> indices_of(sqlite::Statement& select) {
  std::vector<std::uint64_t> indices;
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return indices;
    }
    CHANCERY_TRY(indices.emplace_back(), select.column_u64(0));
  }
}

}  // namespace chancery::node
