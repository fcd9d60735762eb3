#include "node/store/schema.h"

#include <string>
#include <utility>

#include "core/exchange/completeness.h"
#include "core/exchange/lane.h"
#include "core/exchange/strict.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"

namespace chancery::node {
namespace {

Result<void> fill_lanes(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement rows, database.prepare("SELECT arrival, draft FROM inbox"));
  CHANCERY_TRY(sqlite::Statement update,
               database.prepare("UPDATE inbox SET urgent = ?2 WHERE arrival = ?1"));
  while (true) {
    CHANCERY_TRY(const bool row, rows.step());
    if (!row) {
      return database.execute("CREATE INDEX inbox_lane ON inbox(urgent, arrival)");
    }
    CHANCERY_TRY(const std::uint64_t arrival, rows.column_u64(0));
    CHANCERY_TRY(const std::string bytes, rows.column_blob(1));
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(bytes));
    const exchange::Lane lane = exchange::lane_of(draft.precedence());
    CHANCERY_TRY_VOID(update.bind(1, arrival).bind(2, std::to_underlying(lane)).run());
  }
}

// Of a notice of ours that was logged: everybody whom its draft is for; nobody of a statement.
Result<void> put_recipients(sqlite::Statement& put, std::uint64_t index, const v1::Draft& draft) {
  if (draft.kind() == exchange::kStatementKind) {
    return {};  // The next one says it as well.
  }
  const exchange::Lane lane = exchange::lane_of(draft.precedence());
  for (const v1::Recipient& recipient : draft.recipients()) {
    CHANCERY_TRY_VOID(put.bind(1, std::string_view(recipient.member()))
                          .bind(2, std::to_underlying(lane))
                          .bind(3, index)
                          .run());
  }
  return {};
}

Result<void> fill_unstored(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement rows,
               database.prepare("SELECT idx, draft FROM outbox WHERE stage = 3"));
  CHANCERY_TRY(sqlite::Statement insert,
               database.prepare("INSERT INTO unstored(member, urgent, idx) VALUES(?1, ?2, ?3)"));
  while (true) {
    CHANCERY_TRY(const bool row, rows.step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, rows.column_u64(0));
    CHANCERY_TRY(const std::string bytes, rows.column_blob(1));
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(bytes));
    CHANCERY_TRY_VOID(put_recipients(insert, index, draft));
  }
}

}  // namespace

Result<void> fill_schema2(sqlite::Database& database) {
  CHANCERY_TRY_VOID(fill_lanes(database));
  return fill_unstored(database);
}

Result<void> make_views(sqlite::Database& database) {
  return database.execute(std::string(kViews));
}

}  // namespace chancery::node
