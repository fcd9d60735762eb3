// NodeStore: going back to where the log went on, after what it had beyond was lost (C-152).

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/strict.h"
#include "core/ledger/leaf.h"
#include "node/store/impl.h"

namespace chancery::node {

Result<exchange::LogFollower> NodeStore::follower_at(std::uint64_t size) {
  CHANCERY_TRY(const std::optional<Hash> root, root_at(size));
  if (!root.has_value()) {
    return fail(ErrorCode::kNotFound, "no batch ends at " + std::to_string(size));
  }
  CHANCERY_TRY(ledger::CompactTree tree, impl_->anchor_before(size));
  CHANCERY_TRY(exchange::Directory directory, directory_at(size - 1));
  std::uint64_t accepted_at_ms = 0;
  while (tree.size() < size) {
    CHANCERY_TRY(const ledger::Leaf next, leaf(tree.size()));
    tree.append(ledger::leaf_hash(next));
  }
  CHANCERY_TRY(const ledger::Leaf last, leaf(size - 1));
  accepted_at_ms = last.accepted_at_ms;
  if (tree.root() != *root) {
    return fail(ErrorCode::kStoreDamaged,
                "the leaves below " + std::to_string(size) + " make another root");
  }
  return exchange::LogFollower(std::move(tree), std::move(directory), accepted_at_ms);
}

Result<void> NodeStore::go_back(const exchange::LogFollower& to, std::string_view told_by,
                                std::uint64_t now_ms) {
  CHANCERY_TRY_VOID(impl_->write_memory());
  CHANCERY_TRY_VOID(impl_->keep_abandoned(to.size(), told_by, now_ms));
  CHANCERY_TRY_VOID(impl_->forget_beyond(to));
  CHANCERY_TRY_VOID(impl_->expect_again(to.size()));
  CHANCERY_TRY_VOID(impl_->recount());
  impl_->forget_what_was_read();
  impl_->scrub = {};
  return {};
}

Result<std::uint64_t> NodeStore::abandoned_count() {
  return impl_->number("SELECT count(*) FROM abandoned");
}

Result<void> NodeStore::Impl::keep_abandoned(std::uint64_t size, std::string_view told_by,
                                             std::uint64_t now_ms) {
  CHANCERY_TRY(
      sqlite::Statement* const branch,
      statement("INSERT INTO abandoned(continues, size, root, told_by, went_back_at_ms, "
                "witness_size, witness_root, witness_time_s, cosigned) SELECT ?1, p.size, p.root, "
                "?2, ?3, w.size, w.root, w.time_s, (SELECT note FROM cosigned) "
                "FROM position p, witness w"));
  CHANCERY_TRY_VOID(branch->bind(1, size).bind(2, as_bytes(told_by)).bind(3, now_ms).run());
  const auto id = static_cast<std::uint64_t>(database.last_insert_rowid());
  // What is signed and not logged has seen heads of the branch, most of it.
  for (const std::string_view sql :
       {"INSERT INTO abandoned_batch SELECT ?2, first_index, size_after, root, leaves, checkpoint "
        "FROM batch WHERE first_index >= ?1",
        "INSERT INTO abandoned_entry SELECT ?2, 'directory_entry', idx, envelope, 0, '' "
        "FROM directory_entry WHERE idx >= ?1",
        "INSERT INTO abandoned_entry SELECT ?2, 'received', idx, envelope, code, reason "
        "FROM received_whole WHERE idx >= ?1",
        "INSERT INTO abandoned_entry SELECT ?2, 'garbled', idx, envelope, code, reason "
        "FROM garbled WHERE idx >= ?1",
        "INSERT INTO abandoned_entry SELECT ?2, 'outbox', idx, envelope, code, reason FROM "
        "outbox_whole WHERE envelope IS NOT NULL AND (stage = 2 OR (stage = 3 AND idx >= ?1))"}) {
    CHANCERY_TRY(sqlite::Statement* const keep, statement(sql));
    CHANCERY_TRY_VOID(keep->bind(1, size).bind(2, id).run());
  }
  // An alarm that an arrival gave reason for stands.
  CHANCERY_TRY(
      sqlite::Statement* const alarm,
      statement("INSERT INTO alarm(code, reason, evidence, raised_at_ms) SELECT code, "
                "reason, envelope, ?2 FROM received_whole WHERE verdict = 0 AND code != 0 AND "
                "idx >= ?1 ORDER BY idx LIMIT 1"));
  return alarm->bind(1, size).bind(2, now_ms).run();
}

Result<void> NodeStore::Impl::forget_beyond(const exchange::LogFollower& to) {
  const std::uint64_t size = to.size();
  const auto code = [](ErrorCode each) { return std::to_string(static_cast<std::uint32_t>(each)); };
  const std::string own = "(stage = 2 OR (stage = 3 AND idx >= ?1))";
  const std::vector<std::string> each = {
      "UPDATE outbox SET stage = 4, code = " + code(ErrorCode::kBodyErased) +
          ", reason = 'logged where the log did not go on' "
          "WHERE stage = 3 AND idx >= ?1 AND idx IN (SELECT idx FROM erased)",
      // The next one says it of the log as it goes on.
      "UPDATE outbox SET stage = 4, code = " + code(ErrorCode::kWithdrawn) +
          ", reason = 'about a log that did not go on' WHERE application = '' AND "
          "(stage = 1 OR " +
          own + ")",
      "DELETE FROM outbox_envelope WHERE seq IN (SELECT seq FROM outbox WHERE " + own + ")",
      "UPDATE outbox SET stage = 1, code = " + code(ErrorCode::kForeignLog) +
          ", reason = 'the log did not go on with it' WHERE " + own,
      "UPDATE outbox SET idx = NULL, accepted_at_ms = 0 WHERE idx >= ?1",
      "UPDATE inbox SET idx = -1 - arrival WHERE idx >= ?1",
      "DELETE FROM batch WHERE first_index >= ?1", "DELETE FROM directory_entry WHERE idx >= ?1",
      "DELETE FROM received WHERE idx >= ?1", "DELETE FROM garbled WHERE idx >= ?1",
      "DELETE FROM erased WHERE idx >= ?1", "DELETE FROM exchanged WHERE idx >= ?1",
      "DELETE FROM acknowledged WHERE idx >= ?1", "DELETE FROM undelivered WHERE idx >= ?1",
      "DELETE FROM anchor WHERE size > ?1",
      "DELETE FROM quarantine WHERE idx >= ?1 AND part NOT IN ('inbox', 'outbox')",
      "DELETE FROM cosigned WHERE size > ?1", "DELETE FROM about WHERE idx >= ?1",
      // What is logged again is owed again.
      "DELETE FROM owed WHERE notice IN (SELECT notice FROM outbox WHERE stage != 3 AND ?1 >= 0)",
      // Since when it is held stays, for when it is logged again. A tally may have named a cut
      // beyond; one that is still logged is found again.
      "UPDATE consultation SET tallied = 0, idx = iif(idx < ?1, idx, -1 - idx)",
      // Whether what was stated last was logged below is not known.
      std::string("UPDATE pair SET size = 0, received = 0, received_edge = x'', sent = 0, ") +
          "sent_edge = x'' WHERE end = 0 OR size > ?1"};
  for (const std::string& sql : each) {
    CHANCERY_TRY(sqlite::Statement* const change, statement(sql));
    CHANCERY_TRY_VOID(change->bind(1, size).run());
  }
  // Own ones are found once they are logged again; what is shown is found as it is shown.
  CHANCERY_TRY_VOID(
      forget_records("seq IN (SELECT seq FROM outbox WHERE stage != 3 AND ?1 >= 0)", size));
  CHANCERY_TRY(sqlite::Statement* const unlogged,
               statement("DELETE FROM unrecorded WHERE seq IN (SELECT seq FROM outbox WHERE "
                         "stage != 3)"));
  CHANCERY_TRY_VOID(unlogged->run());
  CHANCERY_TRY(
      sqlite::Statement* const witness,
      statement("UPDATE witness SET root = iif(size > ?1, ?2, root), size = min(size, ?1)"));
  CHANCERY_TRY_VOID(witness->bind(1, size).bind(2, Bytes(to.tree().root())).run());
  CHANCERY_TRY(
      sqlite::Statement* const position,
      statement("UPDATE position SET size = ?1, root = ?2, edge = ?3, accepted_at_ms = ?4, "
                "cursor = min(cursor, ?1), cursor_urgent = min(cursor_urgent, ?1)"));
  return position->bind(1, size)
      .bind(2, Bytes(to.tree().root()))
      .bind(3, as_bytes(to.tree().edge_bytes()))
      .bind(4, to.accepted_at_ms())
      .run();
}

// What a peer stated in entries that are not logged any more it has not stated.
Result<void> NodeStore::Impl::expect_again(std::uint64_t size) {
  std::map<std::string, std::uint64_t, std::less<>> stated;  // By peer: up to where it still has.
  {
    CHANCERY_TRY(sqlite::Statement* const select,
                 statement("SELECT p.peer, coalesce((SELECT max(s.size) FROM statement s WHERE "
                           "s.peer = p.peer AND s.verdict = 1 AND s.idx < ?1), 0) FROM (SELECT "
                           "DISTINCT peer FROM statement WHERE idx >= ?1) AS p"));
    select->bind(1, size);
    while (true) {
      CHANCERY_TRY(const bool row, select->step());
      if (!row) {
        break;
      }
      CHANCERY_TRY(std::string peer, select->column_text(0));
      CHANCERY_TRY(stated[std::move(peer)], select->column_u64(1));
    }
  }
  for (const std::string_view sql :
       {"DELETE FROM early WHERE stated >= ?1", "DELETE FROM unopened WHERE stated >= ?1",
        "DELETE FROM statement WHERE idx >= ?1"}) {
    CHANCERY_TRY(sqlite::Statement* const change, statement(sql));
    CHANCERY_TRY_VOID(change->bind(1, size).run());
  }
  if (stated.empty()) {
    return {};
  }
  const std::uint64_t from =
      std::ranges::min_element(stated, {}, [](const auto& each) { return each.second; })->second;
  CHANCERY_TRY(sqlite::Statement* const own,
               statement("SELECT idx, draft FROM outbox_whole WHERE stage = 3 AND idx >= ?1 AND "
                         "application != ''"));
  CHANCERY_TRY(sqlite::Statement* const put,
               statement("INSERT INTO undelivered(urgent, idx, members) VALUES(?1, ?2, ',' || ?3 "
                         "|| ',') ON CONFLICT DO UPDATE SET members = members || ?3 || ',' "
                         "WHERE instr(members, ',' || ?3 || ',') = 0"));
  own->bind(1, from);
  while (true) {
    CHANCERY_TRY(const bool row, own->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, own->column_u64(0));
    CHANCERY_TRY(const std::string bytes, own->column_blob(1));
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(bytes));
    for (const v1::Recipient& recipient : draft.recipients()) {
      const auto peer = stated.find(recipient.member());
      if (peer != stated.end() && index >= peer->second) {
        CHANCERY_TRY_VOID(put->bind(1, std::to_underlying(exchange::lane_of(draft.precedence())))
                              .bind(2, index)
                              .bind(3, std::string_view(recipient.member()))
                              .run());
      }
    }
  }
}

}  // namespace chancery::node
