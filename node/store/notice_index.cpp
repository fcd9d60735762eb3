#include "node/store/notice_index.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace chancery::node {

Result<NoticeIndex> NoticeIndex::load(sqlite::StatementCache& statements, std::size_t waiting_max) {
  NoticeIndex index(waiting_max);
  CHANCERY_TRY(sqlite::Statement* const marks,
               statements.get("SELECT arrival, seq FROM notice_indexed"));
  CHANCERY_TRY(const bool is_marked, marks->step());
  if (!is_marked) {
    return fail(ErrorCode::kStoreDamaged, "nothing says what the index by N has");
  }
  CHANCERY_TRY(index.newest_.inbox, marks->column_u64(0));
  CHANCERY_TRY(index.newest_.outbox, marks->column_u64(1));
  marks->reset();
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
    if (notice.size() == Hash{}.size()) {  // Else the row has rotted, which the scrubber names.
      add(part, hash_from(notice), row);
    }
  }
}

Result<std::optional<std::uint64_t>> NoticeIndex::find(sqlite::StatementCache& statements,
                                                       Part part, const Hash& notice) const {
  for (const Entry& entry : waiting_[notice[0]]) {
    if (entry.notice == notice && entry.part == part) {
      return std::optional(entry.row);
    }
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
  waiting_[notice[0]].push_back({.notice = notice, .part = part, .row = row});
  ++waiting_count_;
  newest_.of(part) = std::max(newest_.of(part), row);
}

Result<void> NoticeIndex::write(sqlite::StatementCache& statements) {
  for (std::size_t count = 0; waiting_count_ > waiting_max_ && count < kStretchMax;) {
    std::vector<Entry>& entries = waiting_[next_];
    std::ranges::sort(entries, {},
                      [](const Entry& entry) { return std::pair(entry.notice, entry.part); });
    for (const Entry& entry : entries) {
      CHANCERY_TRY(sqlite::Statement* const put,
                   statements.get("INSERT INTO notice_index(notice, own, number) VALUES(?1, ?2, "
                                  "?3) ON CONFLICT DO NOTHING"));
      CHANCERY_TRY_VOID(put->bind(1, Bytes(entry.notice))
                            .bind(2, std::to_underlying(entry.part))
                            .bind(3, entry.row)
                            .run());
    }
    count += entries.size();
    waiting_count_ -= entries.size();
    entries.clear();
    next_ = (next_ + 1) % waiting_.size();
    if (next_ == 0) {
      CHANCERY_TRY_VOID(end_round(statements));
    }
  }
  return {};
}

Result<void> NoticeIndex::end_round(sqlite::StatementCache& statements) {
  CHANCERY_TRY(sqlite::Statement* const mark,
               statements.get("UPDATE notice_indexed SET arrival = ?1, seq = ?2"));
  CHANCERY_TRY_VOID(mark->bind(1, at_turn_.inbox).bind(2, at_turn_.outbox).run());
  at_turn_ = newest_;
  return {};
}

}  // namespace chancery::node
