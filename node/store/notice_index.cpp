#include "node/store/notice_index.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace chancery::node {

Result<NoticeIndex> NoticeIndex::load(sqlite::StatementCache& statements, std::size_t waiting_max) {
  NoticeIndex index(waiting_max);
  CHANCERY_TRY_VOID(index.read(statements, Part::kInbox,
                               "SELECT notice, arrival FROM inbox WHERE arrival > "
                               "(SELECT arrival FROM notice_indexed) ORDER BY arrival"));
  CHANCERY_TRY_VOID(index.read(statements, Part::kOutbox,
                               "SELECT notice, seq FROM outbox WHERE seq > "
                               "(SELECT seq FROM notice_indexed) ORDER BY seq"));
  index.at_turn_ = index.newest_;
  return index;
}

Result<void> NoticeIndex::read(sqlite::StatementCache& statements, Part part,
                               std::string_view sql) {
  CHANCERY_TRY(sqlite::Statement* const rows, statements.get(sql));
  while (true) {
    CHANCERY_TRY(const bool more, rows->step());
    if (!more) {
      return {};
    }
    CHANCERY_TRY(const std::string_view notice, rows->column_view(0));
    CHANCERY_TRY(const std::uint64_t row, rows->column_u64(1));
    if (notice.size() == Hash{}.size()) {
      add(part, hash_from(notice), row);
    }
  }
}

Result<std::optional<std::uint64_t>> NoticeIndex::find(sqlite::StatementCache& statements,
                                                       Part part, const Hash& notice) const {
  if (const auto found = waiting_.find({notice, part}); found != waiting_.end()) {
    return std::optional(found->second);
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               statements.get("SELECT number FROM notice_index WHERE notice = ?1 AND own = ?2"));
  select->bind(1, Bytes(notice)).bind(2, std::to_underlying(part));
  CHANCERY_TRY(const bool is_there, select->step());
  std::optional<std::uint64_t> row;
  if (is_there) {
    CHANCERY_TRY(row, select->column_u64(0));
  }
  select->reset();
  return row;
}

void NoticeIndex::add(Part part, const Hash& notice, std::uint64_t row) {
  waiting_.insert_or_assign({notice, part}, row);
  newest_.of(part) = std::max(newest_.of(part), row);
}

Result<void> NoticeIndex::write(sqlite::StatementCache& statements) {
  for (std::size_t count = 0; waiting_.size() > waiting_max_ && count < kStretchMax;) {
    const auto next = waiting_.lower_bound(from_);
    if (next == waiting_.end()) {
      CHANCERY_TRY(sqlite::Statement* const turn,
                   statements.get("UPDATE notice_indexed SET arrival = ?1, seq = ?2"));
      CHANCERY_TRY_VOID(turn->bind(1, at_turn_.inbox).bind(2, at_turn_.outbox).run());
      at_turn_ = newest_;
      from_ = {};
      continue;
    }
    CHANCERY_TRY(sqlite::Statement* const put,
                 statements.get("INSERT INTO notice_index(notice, own, number) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT DO NOTHING"));
    CHANCERY_TRY_VOID(put->bind(1, Bytes(next->first.first))
                          .bind(2, std::to_underlying(next->first.second))
                          .bind(3, next->second)
                          .run());
    from_ = next->first;
    waiting_.erase(next);
    ++count;
  }
  return {};
}

}  // namespace chancery::node
