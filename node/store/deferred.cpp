// NodeStore: along cursors, what was handed out, and what was given back.

#include <algorithm>
#include <utility>

#include "core/base/result.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

constexpr std::size_t kHandedInMemoryMax = 1024;  // Cursors.

sqlite::Statement& bind(sqlite::Statement& statement, const NodeStore::CursorKey& cursor) {
  return statement.bind(1, std::string_view(cursor.application))
      .bind(2, std::string_view(cursor.name));
}

Result<NodeStore::Deferral> deferral_of(const sqlite::Statement& select) {
  NodeStore::Deferral deferral;
  CHANCERY_TRY(deferral.arrival, select.column_u64(0));
  CHANCERY_TRY(const std::uint64_t urgent, select.column_u64(1));
  CHANCERY_TRY(deferral.attempts, select.column_u64(2));
  CHANCERY_TRY(deferral.attempts_before, select.column_u64(3));
  CHANCERY_TRY(deferral.due_at_ms, select.column_u64(4));
  CHANCERY_TRY(deferral.quarantined_at_ms, select.column_u64(5));
  CHANCERY_TRY(deferral.reason, select.column_text(6));
  deferral.lane = urgent != 0 ? exchange::Lane::kUrgent : exchange::Lane::kPatient;
  return deferral;
}

}  // namespace

Result<NodeStore::Handed> NodeStore::handed(const CursorKey& cursor) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT arrival, arrival_urgent, application FROM handed WHERE "
                                "(application = ?1 AND cursor = ?2) OR "
                                "(application = '' AND cursor = '')"));
  bind(*select, cursor);
  Handed handed{.arrivals = {}, .stored = true, .has_row = false};
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t patient, select->column_u64(0));
    CHANCERY_TRY(const std::uint64_t urgent, select->column_u64(1));
    CHANCERY_TRY(const std::string application, select->column_text(2));
    handed.arrivals = {.patient = std::max(handed.arrivals.patient, patient),
                       .urgent = std::max(handed.arrivals.urgent, urgent)};
    handed.has_row = handed.has_row || !application.empty();
  }
  for (const CursorKey& key : {cursor, CursorKey()}) {
    const auto remembered = impl_->handed_in_memory.find(key);
    if (remembered == impl_->handed_in_memory.end()) {
      continue;
    }
    for (const exchange::Lane lane : exchange::kLanes) {
      handed.stored = handed.stored && remembered->second[lane] <= handed.arrivals[lane];
      handed.arrivals[lane] = std::max(handed.arrivals[lane], remembered->second[lane]);
    }
  }
  return handed;
}

Result<void> NodeStore::put_handed(const CursorKey& cursor,
                                   const exchange::PerLane<std::uint64_t>& arrivals) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO handed(application, cursor, arrival, arrival_urgent) "
                                "VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
                                "arrival = max(arrival, ?3), "
                                "arrival_urgent = max(arrival_urgent, ?4)"));
  return bind(*put, cursor).bind(3, arrivals.patient).bind(4, arrivals.urgent).run();
}

void NodeStore::remember_handed(const CursorKey& cursor,
                                const exchange::PerLane<std::uint64_t>& arrivals) {
  auto& all = impl_->handed_in_memory;
  const bool has_room = all.size() < kHandedInMemoryMax || all.contains(cursor);
  exchange::PerLane<std::uint64_t>& remembered = all[has_room ? cursor : CursorKey()];
  for (const exchange::Lane lane : exchange::kLanes) {
    remembered[lane] = std::max(remembered[lane], arrivals[lane]);
  }
}

Result<void> NodeStore::put_remembered(std::uint64_t count_max) {
  for (const auto& [cursor, arrivals] : impl_->handed_in_memory) {
    CHANCERY_TRY(sqlite::Statement* const put,
                 impl_->statement(
                     "INSERT INTO handed(application, cursor, arrival, arrival_urgent) "
                     "SELECT ?1, ?2, ?3, ?4 WHERE ?1 = '' OR EXISTS (SELECT 1 FROM handed WHERE "
                     "application = ?1 AND cursor = ?2) OR (SELECT count(*) FROM handed WHERE "
                     "application = ?1) < ?5 ON CONFLICT DO UPDATE SET "
                     "arrival = max(arrival, ?3), arrival_urgent = max(arrival_urgent, ?4)"));
    CHANCERY_TRY_VOID(bind(*put, cursor)
                          .bind(3, arrivals.patient)
                          .bind(4, arrivals.urgent)
                          .bind(5, count_max)
                          .run());
  }
  impl_->memory_is_put = true;
  return {};
}

Result<std::uint64_t> NodeStore::handed_count(std::string_view application) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT count(*) FROM handed WHERE application = ?1"));
  select->bind(1, application);
  CHANCERY_TRY_VOID(select->step());
  CHANCERY_TRY(const std::uint64_t count, select->column_u64(0));
  select->reset();
  return count;
}

Result<std::optional<NodeStore::Deferral>> NodeStore::deferral(const CursorKey& cursor,
                                                               std::uint64_t arrival) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT arrival, urgent, attempts, attempts_before, due_at_ms, "
                                "quarantined_at_ms, reason FROM deferred WHERE "
                                "application = ?1 AND cursor = ?2 AND arrival = ?3"));
  bind(*select, cursor).bind(3, arrival);
  CHANCERY_TRY(const bool row, select->step());
  std::optional<Deferral> deferral;
  if (row) {
    CHANCERY_TRY(deferral, deferral_of(*select));
  }
  select->reset();
  return deferral;
}

Result<void> NodeStore::put_deferral(const CursorKey& cursor, const Deferral& deferral) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT OR REPLACE INTO deferred(application, cursor, arrival, "
                                "urgent, attempts, attempts_before, due_at_ms, quarantined_at_ms, "
                                "reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
  return bind(*put, cursor)
      .bind(3, deferral.arrival)
      .bind(4, std::to_underlying(deferral.lane))
      .bind(5, deferral.attempts)
      .bind(6, deferral.attempts_before)
      .bind(7, deferral.due_at_ms)
      .bind(8, deferral.quarantined_at_ms)
      .bind(9, std::string_view(deferral.reason))
      .run();
}

Result<void> NodeStore::end_deferral(const CursorKey& cursor, std::uint64_t arrival,
                                     std::uint64_t attempts) {
  CHANCERY_TRY(sqlite::Statement* const erase,
               impl_->statement("DELETE FROM deferred WHERE application = ?1 AND cursor = ?2 AND "
                                "arrival = ?3 AND attempts = ?4"));
  return bind(*erase, cursor).bind(3, arrival).bind(4, attempts).run();
}

Result<std::uint64_t> NodeStore::redrive_all(const CursorKey& cursor, std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE deferred SET quarantined_at_ms = 0, due_at_ms = ?3, "
                                "attempts_before = attempts WHERE application = ?1 AND "
                                "cursor = ?2 AND quarantined_at_ms != 0"));
  CHANCERY_TRY_VOID(bind(*update, cursor).bind(3, now_ms).run());
  return impl_->database.changes();
}

Result<std::vector<NodeStore::Deferral>> NodeStore::scan_deferred(const CursorKey& cursor,
                                                                  std::uint64_t after,
                                                                  std::size_t count_max) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT arrival, urgent, attempts, attempts_before, due_at_ms, "
                                "quarantined_at_ms, reason FROM deferred WHERE "
                                "application = ?1 AND cursor = ?2 AND arrival > ?3 AND NOT EXISTS "
                                "(SELECT 1 FROM quarantine WHERE part = 'inbox' AND idx = arrival) "
                                "ORDER BY arrival LIMIT ?4"));
  bind(*select, cursor).bind(3, after).bind(4, count_max);
  std::vector<Deferral> all;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return all;
    }
    CHANCERY_TRY(Deferral deferral, deferral_of(*select));
    all.push_back(std::move(deferral));
  }
}

Result<std::vector<NodeStore::DueHead>> NodeStore::scan_due(const CursorKey& cursor,
                                                            const DueScan& scan) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT i.arrival, i.accepted_at_ms, i.draft, i.notice, d.attempts, "
                       "d.due_at_ms FROM deferred d JOIN inbox i ON i.arrival = d.arrival WHERE "
                       "d.application = ?1 AND d.cursor = ?2 AND d.quarantined_at_ms = 0 AND "
                       "d.urgent = ?3 AND (d.due_at_ms, d.arrival) > (?4, ?5) AND "
                       "d.due_at_ms <= ?6 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE "
                       "part = 'inbox' AND idx = d.arrival) "
                       "ORDER BY d.due_at_ms, d.arrival LIMIT ?7"));
  bind(*select, cursor)
      .bind(3, std::to_underlying(scan.lane))
      .bind(4, scan.from_ms)
      .bind(5, scan.after_arrival)
      .bind(6, scan.until_ms)
      .bind(7, scan.count_max);
  std::vector<DueHead> heads;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return heads;
    }
    DueHead due;
    CHANCERY_TRY(due.head, impl_->inbox_head(*select));
    CHANCERY_TRY(due.attempts, select->column_u64(4));
    CHANCERY_TRY(due.due_at_ms, select->column_u64(5));
    heads.push_back(std::move(due));
  }
}

Result<std::optional<std::uint64_t>> NodeStore::next_due_ms(const CursorKey& cursor,
                                                            std::uint64_t after_ms) {
  std::optional<std::uint64_t> next;
  for (const exchange::Lane lane : exchange::kLanes) {
    CHANCERY_TRY(sqlite::Statement* const select,
                 impl_->statement("SELECT due_at_ms FROM deferred WHERE application = ?1 AND "
                                  "cursor = ?2 AND urgent = ?3 AND due_at_ms > ?4 AND "
                                  "quarantined_at_ms = 0 ORDER BY due_at_ms LIMIT 1"));
    bind(*select, cursor).bind(3, std::to_underlying(lane)).bind(4, after_ms);
    CHANCERY_TRY(const bool row, select->step());
    if (row) {
      CHANCERY_TRY(const std::uint64_t due_at_ms, select->column_u64(0));
      next = std::min(next.value_or(due_at_ms), due_at_ms);
    }
    select->reset();
  }
  return next;
}

Result<NodeStore::DeferredCounts> NodeStore::deferred_counts() {
  DeferredCounts counts;
  CHANCERY_TRY(counts.waiting,
               impl_->number("SELECT count(*) FROM deferred WHERE quarantined_at_ms = 0"));
  CHANCERY_TRY(counts.quarantined,
               impl_->number("SELECT count(*) FROM deferred WHERE quarantined_at_ms != 0"));
  CHANCERY_TRY(counts.most_of_one,
               impl_->number("SELECT max(n) FROM (SELECT count(*) AS n FROM deferred GROUP BY "
                             "application)"));
  return counts;
}

Result<std::uint64_t> NodeStore::deferred_count(std::string_view application) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT count(*) FROM deferred WHERE application = ?1"));
  select->bind(1, application);
  CHANCERY_TRY_VOID(select->step());
  CHANCERY_TRY(const std::uint64_t count, select->column_u64(0));
  select->reset();
  return count;
}

}  // namespace chancery::node
