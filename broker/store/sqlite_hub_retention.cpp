// The hub's SQLite store: bodies whose time has passed.

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectKept =
    "SELECT idx, header, (SELECT accepted_at_ms FROM batch WHERE first_index <= idx "
    "ORDER BY first_index DESC LIMIT 1) FROM entry LEFT JOIN erased USING(idx) "
    "WHERE idx >= ?1 AND erased_at_ms IS NULL ORDER BY idx LIMIT ?2";
constexpr std::string_view kPutErased =
    "INSERT INTO erased(idx, body_digest, erased_at_ms) VALUES(?1, ?2, ?3)";
constexpr std::string_view kEraseBody = "UPDATE entry SET body = x'' WHERE idx = ?1";
constexpr std::string_view kCountErased = "SELECT count(*) FROM erased";

}  // namespace

Result<std::vector<exchange::Kept>> SqliteHubStore::kept(std::uint64_t from,
                                                         std::size_t count_max) {
  std::vector<exchange::Kept> page;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectKept));
  select->bind(1, from).bind(2, count_max);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return page;
    }
    exchange::Kept& kept = page.emplace_back();
    CHANCERY_TRY(kept.index, select->column_u64(0));
    CHANCERY_TRY(const std::string bytes, select->column_blob(1));
    CHANCERY_TRY(kept.accepted_at_ms, select->column_u64(2));
    // A header that no longer parses has no rule: what is damaged stays as it is.
    if (const auto header = exchange::parse_wire<v1::Header>(bytes); header.has_value()) {
      kept.draft = exchange::parse_wire<v1::Draft>(header->draft()).value_or(v1::Draft());
    }
  }
}

Result<std::vector<std::uint64_t>> SqliteHubStore::erase_bodies(
    std::span<const std::uint64_t> indices, std::uint64_t now_ms) {
  std::vector<std::uint64_t> damaged;
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  for (const std::uint64_t index : indices) {
    served_.forget(index);
    const Result<std::string> bytes = read_envelope(index);
    const Result<exchange::Envelope> envelope =
        bytes.has_value() ? exchange::parse_envelope(*bytes, genesis_)
                          : Result<exchange::Envelope>(std::unexpected(bytes.error()));
    if (!envelope.has_value()) {
      damaged.push_back(index);
      continue;
    }
    CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutErased));
    CHANCERY_TRY_VOID(put->bind(1, index)
                          .bind(2, Bytes(exchange::body_digest(envelope->body_bytes)))
                          .bind(3, now_ms)
                          .run());
    CHANCERY_TRY(sqlite::Statement* const erase, statements_.get(kEraseBody));
    CHANCERY_TRY_VOID(erase->bind(1, index).run());
  }
  CHANCERY_TRY_VOID(transaction.commit());
  return damaged;
}

Result<std::uint64_t> SqliteHubStore::erased_count() {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kCountErased));
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::uint64_t count, select->column_u64(0));
  select->reset();
  return count;
}

}  // namespace chancery::broker
