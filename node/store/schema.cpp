#include "node/store/schema.h"

#include "core/exchange/strict.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"

namespace chancery::node {

std::uint64_t urgent_of(const v1::Draft& draft) {
  return exchange::lane_of(draft.precedence()) == exchange::Lane::kUrgent ? 1 : 0;
}

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
    CHANCERY_TRY_VOID(update.bind(1, arrival).bind(2, urgent_of(draft)).run());
  }
}

}  // namespace chancery::node
