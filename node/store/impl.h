// The inside of NodeStore, shared by the files that implement it.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ledger/kept_tiles.h"
#include "core/ledger/tree.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/statement_cache.h"
#include "io/sqlite/transaction.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct NodeStore::Impl {
  explicit Impl(sqlite::Database opened) : database(std::move(opened)) {}

  Result<sqlite::Statement*> statement(std::string_view sql) { return statements.get(sql); }

  // The rows of `columns` ("SELECT … FROM table ") that a request names: by notice id, by index, or
  // by a prefix of N. Two are enough to see that it is not one.
  Result<sqlite::Statement*> select_notice(std::string_view columns,
                                           const v1::ShowRequest& request) {
    const std::string from(columns);
    sqlite::Statement* select = nullptr;
    if (!request.notice_id().empty()) {
      CHANCERY_TRY(select, statement(from + "WHERE notice_id = ?1 LIMIT 2"));
      select->bind(1, as_bytes(request.notice_id()));
    } else if (request.index_plus_one() != 0) {
      CHANCERY_TRY(select, statement(from + "WHERE idx = ?1"));
      select->bind(1, request.index_plus_one() - 1);
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

  // Our notice was logged there, and its recipients are now to have it.
  Result<void> expect_delivery(std::string_view notice_id, std::uint64_t index);
  // A peer has what we sent it below a size of the log.
  Result<void> mark_delivered(std::string_view peer, std::uint64_t size);

  // What the pair's two ends count.
  Result<void> put_exchanged(const Arrival& arrival);

  // The draft that was put last is this member's word on these.
  Result<void> put_own_word(const std::vector<Hash>& openings, std::uint64_t number);

  // Steps of go_back(): what stays as evidence, and what is not so any more.
  Result<void> keep_abandoned(std::uint64_t size, std::string_view told_by, std::uint64_t now_ms);
  Result<void> forget_beyond(const exchange::LogFollower& to);
  Result<void> expect_again(std::uint64_t size);

  Result<void> erase_body(std::uint64_t index, std::string_view received, std::uint64_t now_ms);

  sqlite::Database database;
  sqlite::StatementCache statements{database};
  std::optional<sqlite::Transaction> transaction;
  std::vector<exchange::Damage> damages;
  std::map<CursorKey, exchange::PerLane<std::uint64_t>> handed_in_memory;
  bool memory_is_put = false;  // In the transaction that is open.
  struct Scrub {
    int part = 0;
    std::uint64_t next = 0;
    std::optional<ledger::CompactTree> tree = ledger::CompactTree();
  };
  Scrub scrub;
  Hash genesis{};
  std::string member;
};

}  // namespace chancery::node
