// NodeStore: the outbox.

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/minimize.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

constexpr std::string_view kOutboxColumns =
    "SELECT notice_id, notice, request, draft, text, sealed, stage, envelope, idx, accepted_at_ms, "
    "created_at_us, queued_at_ms, code, reason, aside, "
    "(SELECT erased_at_ms FROM erased WHERE erased.idx = outbox.idx), seq, application FROM "
    "outbox_whole AS outbox ";

Result<OutboxRow> row_of(const sqlite::Statement& select) {
  OutboxRow row;
  CHANCERY_TRY(row.notice_id, select.column_blob(0));
  CHANCERY_TRY(const std::string notice, select.column_blob(1));
  CHANCERY_TRY(const std::string request, select.column_blob(2));
  CHANCERY_TRY(row.draft, select.column_blob(3));
  CHANCERY_TRY(row.text, select.column_blob(4));
  CHANCERY_TRY(const std::uint64_t sealed, select.column_u64(5));
  CHANCERY_TRY(const std::uint64_t stage, select.column_u64(6));
  if (!select.column_is_null(7)) {
    CHANCERY_TRY(row.envelope, select.column_blob(7));
  }
  if (!select.column_is_null(8)) {
    CHANCERY_TRY(row.index, select.column_u64(8));
  }
  CHANCERY_TRY(row.accepted_at_ms, select.column_u64(9));
  CHANCERY_TRY(row.created_at_us, select.column_u64(10));
  CHANCERY_TRY(row.queued_at_ms, select.column_u64(11));
  CHANCERY_TRY(const std::uint64_t code, select.column_u64(12));
  CHANCERY_TRY(row.reason, select.column_text(13));
  CHANCERY_TRY(const std::uint64_t aside, select.column_u64(14));
  if (!select.column_is_null(15)) {
    CHANCERY_TRY(row.erased_at_ms, select.column_u64(15));
  }
  row.notice = hash_from(notice);
  row.request = hash_from(request);
  row.sealed = sealed != 0;
  row.stage = static_cast<OutboxStage>(stage);
  row.code = static_cast<std::uint32_t>(code);
  row.was_aside = aside != 0;
  row.aside = aside == 1;
  CHANCERY_TRY(row.number, select.column_u64(16));
  CHANCERY_TRY(row.application, select.column_text(17));
  return row;
}

struct Marks {
  std::string_view kind;
  bool alarms = false;  // It raises alarms where it is overdue.
  bool exempt = false;  // MINIMIZE does not hold it back.
};

Marks marks_of(std::string_view draft) {
  Marks marks;
  for (exchange::Fields fields(draft); fields.next();) {
    switch (fields.number()) {
      case v1::Draft::kKindFieldNumber:
        marks.kind = fields.bytes();
        marks.exempt = exchange::is_exempt_from_minimize(fields.bytes());
        break;
      case v1::Draft::kStatusFieldNumber:
        marks.alarms = fields.value() == v1::STATUS_ACTUAL;
        break;
      default:
        break;
    }
  }
  return marks;
}

constexpr std::string_view kPlaceColumns = "stage, aside = 1, application, precedence, bytes";

// Of those columns, from this one on.
Result<OutboxPlace> place_in(const sqlite::Statement& row, int column) {
  OutboxPlace place;
  CHANCERY_TRY(const std::uint64_t stage, row.column_u64(column));
  CHANCERY_TRY(const std::uint64_t aside, row.column_u64(column + 1));
  CHANCERY_TRY(place.application, row.column_text(column + 2));
  CHANCERY_TRY(const std::uint64_t precedence, row.column_u64(column + 3));
  CHANCERY_TRY(place.bytes, row.column_u64(column + 4));
  place.stage = static_cast<OutboxStage>(stage);
  place.aside = aside != 0;
  place.lane = exchange::lane_of(static_cast<v1::Precedence>(precedence));
  return place;
}

// Those that may be signed and that a condition is true of.
std::string waiting_sql(std::string_view condition) {
  return "SELECT notice_id, draft, text, sealed, precedence, notice FROM outbox_whole WHERE stage "
         "= 1 AND aside != 1 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'outbox' AND "
         "idx = seq) AND " +
         std::string(condition) + " ORDER BY precedence DESC, seq LIMIT ?2";
}

const std::string& goes_sql() {
  static const std::string sql = waiting_sql("precedence >= ?1");
  return sql;
}

}  // namespace

Result<void> NodeStore::put_draft(const OutboxDraft& draft) {
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO outbox(notice_id, notice, request, application, "
                                "queued_at_ms, precedence, sealed, bytes, alarms, exempt, stage) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1)"));
  const std::size_t bytes = draft.waiting.draft.size() + draft.waiting.text.size();
  const Marks marks = marks_of(draft.waiting.draft);
  CHANCERY_TRY_VOID(insert->bind(1, as_bytes(draft.waiting.notice_id))
                        .bind(2, Bytes(draft.notice))
                        .bind(3, Bytes(draft.request))
                        .bind(4, std::string_view(draft.application))
                        .bind(5, draft.queued_at_ms)
                        .bind(6, static_cast<std::uint64_t>(draft.waiting.precedence))
                        .bind(7, draft.waiting.sealed ? 1 : 0)
                        .bind(8, bytes)
                        .bind(9, marks.alarms ? 1 : 0)
                        .bind(10, marks.exempt ? 1 : 0)
                        .run());
  const auto number = static_cast<std::uint64_t>(impl_->database.last_insert_rowid());
  CHANCERY_TRY(sqlite::Statement* const content,
               impl_->statement("INSERT INTO outbox_content(seq, draft, text) VALUES(?1, ?2, ?3)"));
  CHANCERY_TRY_VOID(content->bind(1, number)
                        .bind(2, as_bytes(draft.waiting.draft))
                        .bind(3, as_bytes(draft.waiting.text))
                        .run());
  CHANCERY_TRY(NoticeIndex* const index, impl_->notice_index());
  index->add(NoticeIndex::Part::kOutbox, draft.notice, number);
  const OutboxPlace place{.application = draft.application,
                          .lane = exchange::lane_of(draft.waiting.precedence),
                          .bytes = bytes};
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->add(place);
  if (std::optional<std::string>& last = impl_->last_notice_id; last.has_value()) {
    last = std::max(*last, draft.waiting.notice_id);
  }
  impl_->standings.put({.notice_id = draft.waiting.notice_id,
                        .number = number,
                        .notice = draft.notice,
                        .place = place,
                        .kind = std::string(marks.kind)});
  return impl_->put_own_word(draft.words_on, number);
}

Result<std::optional<OutboxStanding>> NodeStore::outbox_standing(std::string_view notice_id) {
  return impl_->outbox_standing(notice_id);
}

Result<bool> NodeStore::Impl::is_beyond_the_outbox(std::string_view notice_id) {
  if (!last_notice_id.has_value()) {
    CHANCERY_TRY(sqlite::Statement* const select, statement("SELECT max(notice_id) FROM outbox"));
    CHANCERY_TRY(const bool row, select->step());
    CHANCERY_CHECK(row);
    std::string last;
    if (!select->column_is_null(0)) {
      CHANCERY_TRY(last, select->column_blob(0));
    }
    select->reset();
    last_notice_id = std::move(last);
  }
  return notice_id > *last_notice_id;
}

Result<std::optional<OutboxStanding>> NodeStore::Impl::outbox_standing(std::string_view notice_id) {
  CHANCERY_TRY(const bool is_beyond, is_beyond_the_outbox(notice_id));
  if (is_beyond) {
    return std::optional<OutboxStanding>();
  }
  if (const OutboxStanding* const known = standings.find(notice_id); known != nullptr) {
    return std::optional(*known);
  }
  static const std::string sql =
      std::string("SELECT seq, notice, idx, accepted_at_ms, ").append(kPlaceColumns) +
      " FROM outbox WHERE notice_id = ?1";
  CHANCERY_TRY(sqlite::Statement* const select, statement(sql));
  select->bind(1, as_bytes(notice_id));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<OutboxStanding>();
  }
  OutboxStanding standing{.notice_id = std::string(notice_id)};
  CHANCERY_TRY(standing.number, select->column_u64(0));
  CHANCERY_TRY(standing.notice, hash_in(*select, 1));
  if (!select->column_is_null(2)) {
    CHANCERY_TRY(standing.index, select->column_u64(2));
  }
  CHANCERY_TRY(standing.accepted_at_ms, select->column_u64(3));
  CHANCERY_TRY(standing.place, place_in(*select, 4));
  select->reset();
  standings.put(standing);
  return std::optional(std::move(standing));
}

Result<std::optional<OutboxRow>> NodeStore::outbox_as_it_is(std::string_view notice_id) {
  if (notice_id.empty()) {
    return std::optional<OutboxRow>();  // In a request an empty id is one that was not given.
  }
  v1::ShowRequest request;
  request.set_notice_id(std::string(notice_id));
  return impl_->outbox_row(request);
}

Result<std::optional<OutboxRow>> NodeStore::find_outbox(std::string_view notice_id) {
  CHANCERY_TRY(std::optional<OutboxRow> row, outbox_as_it_is(notice_id));
  return impl_->hashed_again(std::move(row));
}

Result<std::optional<OutboxRow>> NodeStore::find_own(const v1::ShowRequest& request) {
  CHANCERY_TRY(std::optional<OutboxRow> row, impl_->outbox_row(request));
  return impl_->hashed_again(std::move(row));
}

Result<std::optional<OutboxRow>> NodeStore::Impl::outbox_row(const v1::ShowRequest& request) {
  CHANCERY_TRY(sqlite::Statement* const select,
               select_notice(NoticeIndex::Part::kOutbox, kOutboxColumns, request));
  CHANCERY_TRY(const bool found, select->step());
  if (!found) {
    return std::optional<OutboxRow>();
  }
  CHANCERY_TRY(OutboxRow row, row_of(*select));
  CHANCERY_TRY(const bool another, select->step());
  select->reset();
  if (another) {
    return fail(ErrorCode::kUsage, "more than one notice begins so: give more digits");
  }
  return std::optional(std::move(row));
}

// A draft that changed in the store is not the one that was promised.
Result<std::optional<OutboxRow>> NodeStore::Impl::hashed_again(std::optional<OutboxRow> row) {
  if (row.has_value() && exchange::notice_hash(genesis, row->draft) != row->notice) {
    return damaged_outbox(row->notice_id);
  }
  return row;
}

Result<std::vector<Waiting>> NodeStore::waiting(std::size_t count_max, std::size_t bytes_max,
                                                v1::Precedence lowest) {
  static const std::string exempt_sql = waiting_sql("exempt = 1 AND precedence < ?1");
  std::vector<Waiting> rows;
  std::size_t bytes = 0;
  for (const std::string* const sql : {&goes_sql(), &exempt_sql}) {
    CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(*sql));
    select->bind(1, static_cast<std::uint64_t>(lowest)).bind(2, count_max - rows.size());
    CHANCERY_TRY_VOID(impl_->take_waiting(*select, rows, bytes, bytes_max));
  }
  return rows;
}

Result<std::vector<Waiting>> NodeStore::waiting_urgent(std::size_t count_max,
                                                       std::size_t bytes_max) {
  std::vector<Waiting> rows;
  std::size_t bytes = 0;
  CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(goes_sql()));
  select->bind(1, static_cast<std::uint64_t>(v1::PRECEDENCE_IMMEDIATE)).bind(2, count_max);
  CHANCERY_TRY_VOID(impl_->take_waiting(*select, rows, bytes, bytes_max));
  return rows;
}

Result<void> NodeStore::Impl::take_waiting(sqlite::Statement& select, std::vector<Waiting>& rows,
                                           std::size_t& bytes, std::size_t bytes_max) {
  while (true) {
    CHANCERY_TRY(const bool more, select.step());
    if (!more || bytes > bytes_max) {
      select.reset();
      return {};
    }
    Waiting waiting;
    CHANCERY_TRY(waiting.notice_id, select.column_blob(0));
    CHANCERY_TRY(waiting.draft, select.column_blob(1));
    CHANCERY_TRY(waiting.text, select.column_blob(2));
    CHANCERY_TRY(const std::uint64_t sealed, select.column_u64(3));
    CHANCERY_TRY(const std::uint64_t precedence, select.column_u64(4));
    CHANCERY_TRY(const std::string notice, select.column_blob(5));
    if (as_view(exchange::notice_hash(genesis, waiting.draft)) != notice) {
      return damaged_outbox(waiting.notice_id);
    }
    waiting.sealed = sealed != 0;
    bytes += waiting.draft.size() + waiting.text.size();
    waiting.precedence = static_cast<v1::Precedence>(precedence);
    rows.push_back(std::move(waiting));
  }
}

Result<std::vector<OutboxRow>> NodeStore::scan_outbox(std::uint64_t after, std::size_t count_max,
                                                      std::size_t bytes_max) {
  static const std::string sql =
      std::string(kOutboxColumns) +
      "WHERE seq > ?1 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'outbox' AND "
      "quarantine.idx = seq) ORDER BY seq LIMIT ?2";
  CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(sql));
  select->bind(1, after).bind(2, count_max);
  std::vector<OutboxRow> rows;
  for (std::size_t bytes = 0; bytes <= bytes_max;) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      break;
    }
    CHANCERY_TRY(OutboxRow row, row_of(*select));
    if (exchange::notice_hash(impl_->genesis, row.draft) != row.notice) {
      return impl_->damaged_outbox(row.notice_id);
    }
    bytes += row.draft.size() + row.text.size() + row.envelope.size();
    rows.push_back(std::move(row));
  }
  select->reset();
  return rows;
}

Result<void> NodeStore::put_signed(const Stamped& stamped, std::string_view envelope) {
  raise_clock(stamped.created_at_us);
  CHANCERY_TRY(const std::optional<OutboxStanding> row, outbox_standing(stamped.notice_id));
  if (!row.has_value() || row->place.stage != OutboxStage::kQueued) {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET stage = 2, created_at_us = ?2 WHERE seq = ?1"));
  CHANCERY_TRY_VOID(update->bind(1, row->number).bind(2, stamped.created_at_us).run());
  OutboxStanding now = *row;
  now.place.stage = OutboxStage::kSigned;
  impl_->standings.put(now);
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO outbox_envelope(seq, envelope) VALUES(?1, ?2) "
                                "ON CONFLICT DO UPDATE SET envelope = excluded.envelope"));
  CHANCERY_TRY_VOID(put->bind(1, row->number).bind(2, as_bytes(envelope)).run());
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->move(row->place, now.place);
  return {};
}

void NodeStore::raise_clock(std::uint64_t created_at_us) {
  impl_->clock_us = std::max(impl_->clock_us.value_or(0), created_at_us);
}

Result<std::vector<Unacknowledged>> NodeStore::unacknowledged(const UnacknowledgedScan& scan) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT envelope, created_at_us, precedence, bytes FROM "
                                "outbox_whole WHERE stage = 2 AND created_at_us > ?1 AND "
                                "(precedence >= ?2) = ?3 ORDER BY created_at_us"));
  select->bind(1, scan.after_us)
      .bind(2, static_cast<std::uint64_t>(v1::PRECEDENCE_IMMEDIATE))
      .bind(3, std::to_underlying(scan.lane));
  std::vector<Unacknowledged> all;
  for (std::size_t bytes = 0; bytes <= scan.bytes_max;) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      return all;
    }
    CHANCERY_TRY(const std::uint64_t each_bytes, select->column_u64(3));
    bytes += each_bytes;
    Unacknowledged& each = all.emplace_back();
    CHANCERY_TRY(each.envelope, select->column_blob(0));
    CHANCERY_TRY(each.created_at_us, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t precedence, select->column_u64(2));
    each.precedence = static_cast<v1::Precedence>(precedence);
  }
  select->reset();
  return all;
}

Result<std::uint64_t> NodeStore::unacknowledged_bytes(std::uint64_t through_us) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT coalesce(sum(bytes), 0) FROM outbox "
                                "WHERE stage = 2 AND (created_at_us <= ?1 OR precedence >= ?2)"));
  select->bind(1, through_us).bind(2, static_cast<std::uint64_t>(v1::PRECEDENCE_IMMEDIATE));
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::uint64_t bytes, select->column_u64(0));
  select->reset();
  return bytes;
}

Result<std::optional<std::uint64_t>> NodeStore::oldest_unacknowledged() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT created_at_us FROM outbox WHERE stage = 2 "
                                "ORDER BY created_at_us LIMIT 1"));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<std::uint64_t>();
  }
  CHANCERY_TRY(const std::uint64_t oldest_us, select->column_u64(0));
  select->reset();
  return std::optional(oldest_us);
}

Result<NewestStamps> NodeStore::newest_unacknowledged(std::uint64_t through_us) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT precedence, max(created_at_us) FROM outbox "
                                "WHERE stage = 2 AND created_at_us <= ?1 GROUP BY precedence"));
  select->bind(1, through_us);
  NewestStamps newest;
  while (true) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      return newest;
    }
    CHANCERY_TRY(const std::uint64_t precedence, select->column_u64(0));
    CHANCERY_TRY(newest[static_cast<v1::Precedence>(precedence)], select->column_u64(1));
  }
}

Result<void> NodeStore::mark_logged(const OutboxStanding& row, const v1::Draft& draft,
                                    std::uint64_t index, std::uint64_t accepted_at_ms) {
  const bool again = row.place.stage == OutboxStage::kLogged;
  if (again && row.index <= index) {
    return {};
  }
  if (again) {
    // What was received there is found no more by its index, and is to be there whole.
    CHANCERY_TRY(
        sqlite::Statement* const whole,
        impl_->statement("UPDATE received SET envelope = (SELECT envelope FROM received_whole w "
                         "WHERE w.idx = ?1), draft_at = NULL, text_at = NULL WHERE idx = ?1"));
    CHANCERY_TRY_VOID(whole->bind(1, row.index).run());
  }
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET stage = 3, idx = ?2, accepted_at_ms = ?3, "
                                "code = 0, reason = '' WHERE seq = ?1"));
  CHANCERY_TRY_VOID(update->bind(1, row.number).bind(2, index).bind(3, accepted_at_ms).run());
  impl_->standings.put({.notice_id = row.notice_id,
                        .number = row.number,
                        .notice = row.notice,
                        .place = row.place.at(OutboxStage::kLogged),
                        .index = index,
                        .accepted_at_ms = accepted_at_ms,
                        .kind = draft.kind()});
  if (again) {
    CHANCERY_TRY_VOID(impl_->expect_no_delivery(row.place.lane, row.index));
  } else {
    CHANCERY_TRY(Counts* const counts, impl_->counts());
    counts->move(row.place, row.place.at(OutboxStage::kLogged));
    if (!row.place.application.empty()) {  // A statement has no record.
      CHANCERY_TRY_VOID(impl_->put_unrecorded(row.number));
    }
  }
  CHANCERY_TRY_VOID(impl_->expect_delivery(draft, index));
  return impl_->expect_acknowledgements(draft, row.notice, accepted_at_ms);
}

Result<void> NodeStore::mark_refused(std::string_view notice_id, const Error& error) {
  CHANCERY_TRY(const std::optional<OutboxStanding> row, outbox_standing(notice_id));
  if (!row.has_value() || row->place.stage == OutboxStage::kLogged) {
    return {};
  }
  impl_->standings.clear();
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET stage = 4, code = ?2, reason = ?3 "
                                "WHERE seq = ?1"));
  CHANCERY_TRY_VOID(update->bind(1, row->number)
                        .bind(2, static_cast<std::uint64_t>(error.code))
                        .bind(3, std::string_view(error.detail))
                        .run());
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->move(row->place, row->place.at(OutboxStage::kRefused));
  return {};
}

Result<void> NodeStore::note_refusal(std::string_view notice_id, const Error& why) {
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET code = ?2, reason = ?3 "
                                "WHERE notice_id = ?1 AND stage = 2"));
  return update->bind(1, as_bytes(notice_id))
      .bind(2, static_cast<std::uint64_t>(why.code))
      .bind(3, std::string_view(why.detail))
      .run();
}

Result<void> NodeStore::mark_wanted(std::string_view notice_id) {
  CHANCERY_TRY(const std::optional<OutboxStanding> row, outbox_standing(notice_id));
  if (!row.has_value() || (row->place.stage != OutboxStage::kRefused &&
                           (row->place.stage != OutboxStage::kQueued || !row->place.aside))) {
    return {};
  }
  impl_->standings.clear();
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET stage = 1, code = 0, reason = '', aside = "
                                "min(aside, 1) * 2 WHERE seq = ?1"));
  CHANCERY_TRY_VOID(update->bind(1, row->number).run());
  CHANCERY_TRY_VOID(impl_->forget_envelope(row->number));
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  OutboxPlace wanted = row->place.at(OutboxStage::kQueued);
  wanted.aside = false;
  counts->move(row->place, wanted);
  return {};
}

Result<void> NodeStore::Impl::forget_envelope(std::uint64_t number) {
  CHANCERY_TRY(sqlite::Statement* const forget,
               statement("DELETE FROM outbox_envelope WHERE seq = ?1"));
  return forget->bind(1, number).run();
}

Result<void> NodeStore::mark_queued(std::string_view notice_id, const Error& why) {
  static const std::string sql =
      std::string(
          "UPDATE outbox SET stage = 1, code = ?2, reason = ?3 FROM "
          "(SELECT precedence AS p, created_at_us AS c FROM outbox WHERE notice_id = ?1 "
          "AND stage = 2) WHERE stage = 2 AND precedence = p AND created_at_us >= c "
          "RETURNING ")
          .append(kPlaceColumns)
          .append(", seq");
  CHANCERY_TRY(sqlite::Statement* const update, impl_->statement(sql));
  update->bind(1, as_bytes(notice_id))
      .bind(2, static_cast<std::uint64_t>(why.code))
      .bind(3, std::string_view(why.detail));
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  impl_->standings.clear();
  while (true) {
    CHANCERY_TRY(const bool row, update->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const OutboxPlace queued, place_in(*update, 0));
    counts->move(queued.at(OutboxStage::kSigned), queued);
    CHANCERY_TRY(const std::uint64_t number, update->column_u64(5));
    CHANCERY_TRY_VOID(impl_->forget_envelope(number));
  }
}

Result<void> NodeStore::mark_aside(std::string_view notice_id, const Error& why) {
  CHANCERY_TRY_VOID(mark_queued(notice_id, why));
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET aside = 1 WHERE notice_id = ?1 AND stage = 1 "
                                "AND aside != 1"));
  CHANCERY_TRY_VOID(update->bind(1, as_bytes(notice_id)).run());
  const std::uint64_t changed = impl_->database.changes();
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->change_outbox().aside += changed;
  return {};
}

Result<void> NodeStore::end_aside() {
  impl_->standings.clear();
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE outbox SET aside = 2 WHERE aside = 1"));
  CHANCERY_TRY_VOID(update->run());
  const std::uint64_t changed = impl_->database.changes();
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->change_outbox().aside -= changed;
  return {};
}

Result<OutboxCounts> NodeStore::outbox_counts() {
  CHANCERY_TRY(const Counts* const counts, impl_->counts());
  return counts->outbox();
}

Result<OutboxShare> NodeStore::outbox_share(std::string_view application, exchange::Lane lane) {
  CHANCERY_TRY(const Counts* const counts, impl_->counts());
  return counts->share(application, lane);
}

Result<OutboxShare> NodeStore::largest_outbox_share() {
  CHANCERY_TRY(const Counts* const counts, impl_->counts());
  return counts->largest_share();
}

}  // namespace chancery::node
