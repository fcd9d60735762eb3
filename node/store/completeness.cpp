// NodeStore: what was exchanged with each peer, what was counted of it, and what peers state.

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

// Of the entries between two members: ?1 is the peer, ?2 this member.
constexpr std::string_view kOfPair =
    "(origin = ?1 OR (origin = ?2 AND instr(recipients, ',' || ?1 || ',') > 0)) ";

std::string recipients_of(const v1::Draft& draft) {
  std::string codes = ",";
  for (const v1::Recipient& recipient : draft.recipients()) {
    codes.append(recipient.member()).append(",");
  }
  return codes;
}

Result<void> put_entry(sqlite::Statement& put, std::uint64_t index, const Arrival& arrival) {
  if (!arrival.envelope.has_value()) {
    return {};
  }
  const v1::Draft& draft = arrival.envelope->draft;
  return put.bind(1, index)
      .bind(2, Bytes(arrival.envelope->d))
      .bind(3, std::string_view(draft.origin()))
      .bind(4, std::string_view(recipients_of(draft)))
      .bind(5, std::to_underlying(exchange::lane_of(draft.precedence())))
      .bind(6, arrival.verdict == Verdict::kUnopenable ? 1 : 0)
      .run();
}

constexpr std::string_view kPutEntry =
    "INSERT INTO exchanged(idx, d, origin, recipients, urgent, unopenable) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)";

Result<ledger::CompactTree> tree_of(const sqlite::Statement& select, int size, int edge) {
  CHANCERY_TRY(const std::uint64_t count, select.column_u64(size));
  CHANCERY_TRY(const std::string bytes, select.column_blob(edge));
  return ledger::CompactTree::resume(count, bytes);
}

// The first row of idx, text and sealed.
Result<std::optional<NodeStore::PeerStatement>> statement_in(sqlite::Statement& select) {
  CHANCERY_TRY(const bool row, select.step());
  if (!row) {
    return std::optional<NodeStore::PeerStatement>();
  }
  NodeStore::PeerStatement statement;
  CHANCERY_TRY(statement.index, select.column_u64(0));
  CHANCERY_TRY(statement.text, select.column_blob(1));
  CHANCERY_TRY(const std::uint64_t sealed, select.column_u64(2));
  select.reset();
  if (sealed != 0) {
    CHANCERY_TRY(statement.text, exchange::unpad_text(statement.text));
  }
  return std::optional(std::move(statement));
}

}  // namespace

bool is_exchanged(const Arrival& arrival) {
  const bool counts = arrival.verdict == Verdict::kGood ||
                      arrival.verdict == Verdict::kUnopenable ||
                      arrival.verdict == Verdict::kErased;
  return counts && arrival.envelope.has_value() &&
         arrival.envelope->draft.kind() != exchange::kStatementKind;
}

Result<void> fill_exchanged(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement exchange, database.prepare("SELECT genesis FROM exchange"));
  CHANCERY_TRY(const bool founded, exchange.step());
  if (!founded) {
    return {};
  }
  CHANCERY_TRY(const std::string genesis, exchange.column_blob(0));
  CHANCERY_TRY(sqlite::Statement rows,
               database.prepare("SELECT idx, envelope, verdict FROM received"));
  CHANCERY_TRY(sqlite::Statement put, database.prepare(kPutEntry));
  while (true) {
    CHANCERY_TRY(const bool row, rows.step());
    if (!row) {
      return {};
    }
    Arrival arrival;
    CHANCERY_TRY(arrival.index, rows.column_u64(0));
    CHANCERY_TRY(const std::string bytes, rows.column_blob(1));
    CHANCERY_TRY(const std::uint64_t verdict, rows.column_u64(2));
    arrival.verdict = static_cast<Verdict>(verdict);
    Result<exchange::Envelope> envelope =
        exchange::parse_envelope(bytes, hash_from(genesis), exchange::Bodies::kMaybeErased);
    if (envelope.has_value()) {
      arrival.envelope = *std::move(envelope);
    }
    if (is_exchanged(arrival)) {
      CHANCERY_TRY_VOID(put_entry(put, arrival.index, arrival));
    }
  }
}

Result<void> NodeStore::Impl::put_exchanged(const Arrival& arrival) {
  CHANCERY_TRY(sqlite::Statement* const put, statement(kPutEntry));
  return put_entry(*put, arrival.index, arrival);
}

Result<std::uint64_t> NodeStore::boundary_before(std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT max(size_after) FROM batch WHERE size_after <= ?1"));
  select->bind(1, size);
  CHANCERY_TRY_VOID(select->step());
  std::uint64_t boundary = 0;
  if (!select->column_is_null(0)) {
    CHANCERY_TRY(boundary, select->column_u64(0));
  }
  select->reset();
  return boundary;
}

Result<std::vector<std::string>> NodeStore::pairs() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT peer FROM pair WHERE end = 0 ORDER BY peer"));
  return texts_of(*select);
}

Result<exchange::PairCount> NodeStore::pair_count(std::string_view peer, PairEnd end) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT size, received, received_edge, sent, sent_edge FROM pair "
                                "WHERE peer = ?1 AND end = ?2"));
  select->bind(1, peer).bind(2, std::to_underlying(end));
  CHANCERY_TRY(const bool row, select->step());
  exchange::PairCount count;
  if (row) {
    CHANCERY_TRY(count.size, select->column_u64(0));
    CHANCERY_TRY(count.received, tree_of(*select, 1, 2));
    CHANCERY_TRY(count.sent, tree_of(*select, 3, 4));
  }
  select->reset();
  return count;
}

Result<void> NodeStore::put_pair_count(std::string_view peer, PairEnd end,
                                       const exchange::PairCount& count) {
  CHANCERY_TRY(
      sqlite::Statement* const put,
      impl_->statement("INSERT INTO pair(peer, end, size, received, received_edge, sent, "
                       "sent_edge) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(peer, end) "
                       "DO UPDATE SET size = ?3, received = ?4, received_edge = ?5, sent = ?6, "
                       "sent_edge = ?7"));
  return put->bind(1, peer)
      .bind(2, std::to_underlying(end))
      .bind(3, count.size)
      .bind(4, count.received.size())
      .bind(5, as_bytes(count.received.edge_bytes()))
      .bind(6, count.sent.size())
      .bind(7, as_bytes(count.sent.edge_bytes()))
      .run();
}

Result<bool> NodeStore::count_on(exchange::PairCount& count, std::string_view peer,
                                 std::uint64_t size, std::size_t count_max) {
  static const std::string select_sql =
      "SELECT idx, origin != ?1, d FROM exchanged WHERE idx >= ?3 "
      "AND idx < ?4 AND " +
      std::string(kOfPair) + "ORDER BY idx LIMIT ?5";
  CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(select_sql));
  select->bind(1, peer)
      .bind(2, std::string_view(impl_->member))
      .bind(3, count.size)
      .bind(4, size)
      .bind(5, count_max);
  for (std::size_t counted = 0;; ++counted) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      const bool whole = counted < count_max;
      count.size = whole ? std::max(count.size, size) : count.size;
      return whole;
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::uint64_t own, select->column_u64(1));
    CHANCERY_TRY(const std::string d, select->column_blob(2));
    if (d.size() != Hash{}.size()) {
      select->reset();
      return fail(ErrorCode::kStoreDamaged, "the D of entry " + std::to_string(index));
    }
    count.add(own != 0, hash_from(d));
    count.size = index + 1;
  }
}

Result<bool> NodeStore::has_exchanged(std::string_view peer, std::uint64_t from) {
  static const std::string select_sql =
      "SELECT 1 FROM exchanged WHERE idx >= ?3 AND " + std::string(kOfPair) + "LIMIT 1";
  CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(select_sql));
  select->bind(1, peer).bind(2, std::string_view(impl_->member)).bind(3, from);
  CHANCERY_TRY(const bool row, select->step());
  select->reset();
  return row;
}

Result<std::vector<std::uint64_t>> NodeStore::early_of(std::string_view peer, std::uint64_t from) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx FROM exchanged WHERE idx >= ?2 AND origin = ?1 AND "
                                "urgent = 1 ORDER BY idx LIMIT ?3"));
  select->bind(1, peer).bind(2, from).bind(3, exchange::kStatementIndicesMax);
  return indices_of(*select);
}

Result<std::vector<std::uint64_t>> NodeStore::unopenable_of(std::string_view peer,
                                                            std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx FROM exchanged WHERE unopenable = 1 AND origin = ?1 "
                                "AND idx < ?2 ORDER BY idx LIMIT ?3"));
  select->bind(1, peer).bind(2, size).bind(3, exchange::kStatementIndicesMax);
  return indices_of(*select);
}

Result<void> NodeStore::put_statement(const StatedBy& by, const v1::Statement& statement,
                                      std::string_view text, bool sealed) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO statement(idx, peer, size, accepted_at_ms, verdict, "
                                "text, sealed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                                "ON CONFLICT DO NOTHING"));  // A hub may send one in both lanes.
  CHANCERY_TRY_VOID(put->bind(1, by.index)
                        .bind(2, std::string_view(by.peer))
                        .bind(3, statement.size())
                        .bind(4, by.accepted_at_ms)
                        .bind(5, std::to_underlying(StatementVerdict::kWaits))
                        .bind(6, as_bytes(text))
                        .bind(7, sealed ? 1 : 0)
                        .run());
  CHANCERY_TRY(sqlite::Statement* const early,
               impl_->statement("INSERT INTO early(peer, idx, stated) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT DO NOTHING"));
  for (const v1::EntryRef& ref : statement.early()) {
    const std::string_view peer = by.peer;
    const std::uint64_t index = ref.index();
    CHANCERY_TRY_VOID(early->bind(1, peer).bind(2, index).bind(3, by.index).run());
    CHANCERY_TRY_VOID(impl_->cross_off(peer, exchange::Lane::kUrgent, index, index + 1));
  }
  CHANCERY_TRY(sqlite::Statement* const unopened,
               impl_->statement("INSERT INTO unopened(peer, idx, stated) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT DO NOTHING"));
  for (const v1::EntryRef& ref : statement.unopenable()) {
    CHANCERY_TRY_VOID(
        unopened->bind(1, std::string_view(by.peer)).bind(2, ref.index()).bind(3, by.index).run());
  }
  return {};
}

Result<std::vector<std::string>> NodeStore::peers_with_statements() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT DISTINCT peer FROM statement WHERE verdict = 0"));
  return texts_of(*select);
}

Result<std::optional<NodeStore::PeerStatement>> NodeStore::waiting_statement(std::string_view peer,
                                                                             std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx, text, sealed FROM statement WHERE verdict = 0 AND "
                                "peer = ?1 AND size <= ?2 ORDER BY size DESC, idx DESC LIMIT 1"));
  select->bind(1, peer).bind(2, size);
  return statement_in(*select);
}

Result<void> NodeStore::judge_statement(std::string_view peer, std::uint64_t index,
                                        std::uint64_t size, StatementVerdict verdict) {
  CHANCERY_TRY(sqlite::Statement* const judged,
               impl_->statement("UPDATE statement SET verdict = ?2 WHERE idx = ?1"));
  CHANCERY_TRY_VOID(judged->bind(1, index).bind(2, std::to_underlying(verdict)).run());
  CHANCERY_TRY(sqlite::Statement* const passed,
               impl_->statement("UPDATE statement SET verdict = ?3 WHERE verdict = 0 AND peer = "
                                "?1 AND size <= ?2"));
  CHANCERY_TRY_VOID(passed->bind(1, peer)
                        .bind(2, size)
                        .bind(3, std::to_underlying(StatementVerdict::kPassedOver))
                        .run());
  if (verdict != StatementVerdict::kAgrees) {
    return {};
  }
  impl_->agreed_sizes.erase(std::string(peer));
  CHANCERY_TRY(sqlite::Statement* const early,
               impl_->statement("DELETE FROM early WHERE peer = ?1 AND idx < ?2"));
  CHANCERY_TRY_VOID(early->bind(1, peer).bind(2, size).run());
  return impl_->mark_delivered(peer, size);
}

Result<std::optional<NodeStore::PeerStatement>> NodeStore::dispute(std::string_view peer) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx, text, sealed FROM (SELECT * FROM statement WHERE peer "
                                "= ?1 AND verdict IN (1, 2) ORDER BY size DESC, idx DESC LIMIT 1) "
                                "WHERE verdict = 2"));
  select->bind(1, peer);
  return statement_in(*select);
}

Result<std::optional<StatedBy>> NodeStore::delivered(std::string_view peer, std::uint64_t index) {
  // Once a statement says that it does not open, those from then on say no more.
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement(
          "SELECT * FROM (SELECT idx, accepted_at_ms FROM statement WHERE peer = ?1 AND size > ?2 "
          "AND verdict = 1 UNION ALL SELECT s.idx, s.accepted_at_ms FROM early e JOIN statement s "
          "ON s.idx = e.stated WHERE e.peer = ?1 AND e.idx = ?2) AS said WHERE NOT EXISTS (SELECT "
          "1 FROM unopened u WHERE u.peer = ?1 AND u.idx = ?2 AND u.stated <= said.idx) "
          "ORDER BY 1 LIMIT 1"));
  select->bind(1, peer).bind(2, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<StatedBy>();
  }
  StatedBy by{.peer = std::string(peer)};
  CHANCERY_TRY(by.index, select->column_u64(0));
  CHANCERY_TRY(by.accepted_at_ms, select->column_u64(1));
  select->reset();
  return std::optional(std::move(by));
}

Result<void> NodeStore::put_acknowledged(const StatedBy& by, std::string_view notice,
                                         std::uint32_t level) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO acknowledged(notice, member, level, idx, "
                                "accepted_at_ms) VALUES(?1, ?2, ?3, ?4, ?5) "
                                "ON CONFLICT DO NOTHING"));
  return put->bind(1, as_bytes(notice))
      .bind(2, std::string_view(by.peer))
      .bind(3, level)
      .bind(4, by.index)
      .bind(5, by.accepted_at_ms)
      .run();
}

Result<std::vector<Acknowledged>> NodeStore::acknowledged(const Hash& notice,
                                                          std::string_view member) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT level, idx, accepted_at_ms FROM acknowledged WHERE notice "
                                "= ?1 AND member = ?2 ORDER BY level"));
  select->bind(1, Bytes(notice)).bind(2, member);
  std::vector<Acknowledged> all;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return all;
    }
    Acknowledged& said = all.emplace_back();
    CHANCERY_TRY(const std::uint64_t level, select->column_u64(0));
    said.level = static_cast<std::uint32_t>(level);
    said.by.peer = member;
    CHANCERY_TRY(said.by.index, select->column_u64(1));
    CHANCERY_TRY(said.by.accepted_at_ms, select->column_u64(2));
  }
}

}  // namespace chancery::node
