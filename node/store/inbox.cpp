// NodeStore: the inbox, by arrival number.

#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

constexpr std::string_view kInboxColumns =
    "SELECT arrival, max(idx, 0), accepted_at_ms, notice, draft, text, sealed, created_at_us, "
    "arrived_at_ms, key_id, (SELECT erased_at_ms FROM erased WHERE erased.idx = inbox.idx), "
    "idx >= 0 FROM inbox ";

Result<v1::InboxItem> item_of(const sqlite::Statement& select, const Hash& genesis) {
  v1::InboxItem item;
  CHANCERY_TRY(const std::uint64_t arrival, select.column_u64(0));
  CHANCERY_TRY(const std::uint64_t index, select.column_u64(1));
  CHANCERY_TRY(const std::uint64_t accepted_at_ms, select.column_u64(2));
  CHANCERY_TRY(*item.mutable_notice(), select.column_blob(3));
  CHANCERY_TRY(*item.mutable_draft(), select.column_blob(4));
  CHANCERY_TRY(*item.mutable_text(), select.column_blob(5));
  CHANCERY_TRY(const std::uint64_t sealed, select.column_u64(6));
  CHANCERY_TRY(const std::uint64_t created_at_us, select.column_u64(7));
  CHANCERY_TRY(const std::uint64_t arrived_at_ms, select.column_u64(8));
  CHANCERY_TRY(*item.mutable_key_id(), select.column_blob(9));
  item.set_arrival(arrival);
  item.set_index(index);
  item.set_accepted_at_ms(accepted_at_ms);
  item.set_sealed(sealed != 0);
  item.set_created_at_us(created_at_us);
  item.set_arrived_at_ms(arrived_at_ms);
  CHANCERY_TRY(const std::uint64_t logged, select.column_u64(11));
  item.set_logged(logged != 0);
  if (as_view(exchange::notice_hash(genesis, item.draft())) != item.notice()) {
    return fail(ErrorCode::kStoreDamaged, "inbox row " + std::to_string(arrival));
  }
  if (!select.column_is_null(10)) {
    CHANCERY_TRY(const std::uint64_t erased_at_ms, select.column_u64(10));
    item.set_erased_at_ms(erased_at_ms);
    item.clear_text();
    return item;
  }
  // The draft that N names says which text it is.
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(item.draft()));
  if (as_view(exchange::text_digest(item.text())) != draft.text_digest()) {
    return fail(ErrorCode::kStoreDamaged, "the text of inbox row " + std::to_string(arrival));
  }
  if (item.sealed()) {
    CHANCERY_TRY(*item.mutable_text(), exchange::unpad_text(item.text()));
  }
  return item;
}

}  // namespace

Result<v1::InboxItem> NodeStore::Impl::inbox_row(const sqlite::Statement& select) {
  Result<v1::InboxItem> item = item_of(select, genesis);
  if (!item.has_value() && item.error().code == ErrorCode::kStoreDamaged) {
    damages.push_back(
        {.part = "inbox", .index = select.column_u64(0).value_or(0), .error = item.error()});
  }
  return item;
}

Result<NodeStore::InboxHead> NodeStore::Impl::inbox_head(const sqlite::Statement& select) {
  InboxHead head;
  CHANCERY_TRY(head.arrival, select.column_u64(0));
  CHANCERY_TRY(head.accepted_at_ms, select.column_u64(1));
  CHANCERY_TRY(const std::string draft, select.column_blob(2));
  CHANCERY_TRY(const std::string notice, select.column_blob(3));
  if (as_view(exchange::notice_hash(genesis, draft)) != notice ||
      !head.draft.ParseFromString(draft)) {
    return std::unexpected(
        damaged("inbox", head.arrival, "inbox row " + std::to_string(head.arrival)));
  }
  return head;
}

Result<std::vector<NodeStore::InboxHead>> NodeStore::scan_inbox(const InboxScan& scan) {
  constexpr std::string_view kAscending =
      "SELECT arrival, accepted_at_ms, draft, notice FROM inbox WHERE arrival > ?1 "
      "AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'inbox' AND idx = arrival) "
      "ORDER BY arrival LIMIT ?2";
  constexpr std::string_view kDescending =
      "SELECT arrival, accepted_at_ms, draft, notice FROM inbox WHERE arrival > ?1 AND "
      "arrival < ?3 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'inbox' AND idx = "
      "arrival) "
      "ORDER BY arrival DESC LIMIT ?2";
  constexpr std::string_view kOfLane =
      "SELECT arrival, accepted_at_ms, draft, notice FROM inbox WHERE urgent = ?3 AND "
      "arrival > ?1 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'inbox' AND idx = "
      "arrival) "
      "ORDER BY arrival LIMIT ?2";
  constexpr std::string_view kAlongCursor =
      "SELECT arrival, accepted_at_ms, draft, notice FROM inbox WHERE urgent = ?3 AND "
      "arrival > ?1 AND NOT EXISTS (SELECT 1 FROM quarantine WHERE part = 'inbox' AND idx = "
      "arrival) AND NOT EXISTS (SELECT 1 FROM deferred d WHERE d.application = ?4 AND "
      "d.cursor = ?5 AND d.arrival = inbox.arrival) "
      "ORDER BY arrival LIMIT ?2";
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement(scan.before.has_value() ? kDescending
                                : scan.along != nullptr ? kAlongCursor
                                : scan.lane.has_value() ? kOfLane
                                                        : kAscending));
  select->bind(1, scan.after).bind(2, scan.count_max);
  if (scan.before.has_value()) {
    select->bind(3, *scan.before);
  } else if (scan.lane.has_value()) {
    select->bind(3, std::to_underlying(*scan.lane));
  }
  if (scan.along != nullptr) {
    CHANCERY_CHECK(scan.lane.has_value());
    select->bind(4, std::string_view(scan.along->application))
        .bind(5, std::string_view(scan.along->name));
  }
  std::vector<InboxHead> heads;
  while (true) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      return heads;
    }
    CHANCERY_TRY(InboxHead head, impl_->inbox_head(*select));
    heads.push_back(std::move(head));
  }
}

Result<v1::InboxItem> NodeStore::inbox_item(std::uint64_t arrival) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement(std::string(kInboxColumns) + "WHERE arrival = ?1"));
  select->bind(1, arrival);
  CHANCERY_TRY(const bool found, select->step());
  if (!found) {
    return fail(ErrorCode::kNotFound, "nothing has arrived as number " + std::to_string(arrival));
  }
  CHANCERY_TRY(v1::InboxItem item, impl_->inbox_row(*select));
  select->reset();
  return item;
}

Result<std::uint64_t> NodeStore::newest_arrival() {
  return impl_->number("SELECT max(arrival) FROM inbox");
}

Result<std::optional<v1::InboxItem>> NodeStore::find_notice(const v1::ShowRequest& request) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->select_notice(NoticeIndex::Part::kInbox, kInboxColumns, request));
  CHANCERY_TRY(const bool found, select->step());
  if (!found) {
    return std::optional<v1::InboxItem>();
  }
  CHANCERY_TRY(v1::InboxItem item, impl_->inbox_row(*select));
  CHANCERY_TRY(const bool another, select->step());
  select->reset();
  if (another) {
    return fail(ErrorCode::kUsage, "more than one notice begins so: give more digits");
  }
  return std::optional(std::move(item));
}

}  // namespace chancery::node
