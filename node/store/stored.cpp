// NodeStore: which recipients have stored what was logged of ours.

#include <algorithm>
#include <utility>

#include "core/base/result.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

constexpr std::uint64_t kErasedAtOnce = 10'000;
constexpr std::uint64_t kProbesOfOne = 8;  // Of one recipient in one lane, at a time.

}  // namespace

Result<void> NodeStore::Impl::expect_stored(std::string_view notice_id, std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT draft FROM outbox WHERE notice_id = ?1"));
  select->bind(1, as_bytes(notice_id));
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::string draft, select->column_blob(0));
  select->reset();
  CHANCERY_TRY(sqlite::Statement* const put, statement(kPutUnstored));
  return put_unstored(*put, index, draft);
}

Result<std::vector<StoredProbe>> NodeStore::stored_probes(const StoredProbe& after,
                                                          std::size_t count_max) {
  std::vector<StoredProbe> probes;
  StoredProbe of = after;
  while (probes.size() + kProbesOfOne <= count_max) {
    CHANCERY_TRY(sqlite::Statement* const next,
                 impl_->statement("SELECT member, urgent FROM unstored "
                                  "WHERE (member, urgent) > (?1, ?2) "
                                  "ORDER BY member, urgent LIMIT 1"));
    next->bind(1, std::string_view(of.member)).bind(2, std::to_underlying(of.lane));
    CHANCERY_TRY(const bool more, next->step());
    if (!more) {
      return probes;
    }
    CHANCERY_TRY(of.member, next->column_text(0));
    CHANCERY_TRY(const std::uint64_t urgent, next->column_u64(1));
    next->reset();
    of.lane = urgent != 0 ? exchange::Lane::kUrgent : exchange::Lane::kPatient;
    CHANCERY_TRY_VOID(impl_->add_probes(of, probes));
  }
  return probes;
}

Result<void> NodeStore::Impl::add_probes(StoredProbe of, std::vector<StoredProbe>& probes) {
  CHANCERY_TRY(sqlite::Statement* const ends, statement("SELECT min(idx), max(idx) FROM unstored "
                                                        "WHERE member = ?1 AND urgent = ?2"));
  ends->bind(1, std::string_view(of.member)).bind(2, std::to_underlying(of.lane));
  CHANCERY_TRY_VOID(ends->step());
  CHANCERY_TRY(const std::uint64_t oldest, ends->column_u64(0));
  CHANCERY_TRY(const std::uint64_t newest, ends->column_u64(1));
  ends->reset();
  const std::uint64_t step = (newest - oldest) / (kProbesOfOne - 1);
  std::uint64_t least = oldest;
  for (std::uint64_t i = 0; i < kProbesOfOne && least <= newest; ++i) {
    const std::uint64_t from = i + 1 == kProbesOfOne ? newest : std::max(least, oldest + i * step);
    CHANCERY_TRY(sqlite::Statement* const at,
                 statement("SELECT min(idx) FROM unstored "
                           "WHERE member = ?1 AND urgent = ?2 AND idx >= ?3"));
    at->bind(1, std::string_view(of.member)).bind(2, std::to_underlying(of.lane)).bind(3, from);
    CHANCERY_TRY_VOID(at->step());
    CHANCERY_TRY(of.index, at->column_u64(0));
    at->reset();
    probes.push_back(of);
    least = of.index + 1;
  }
  return {};
}

Result<void> NodeStore::mark_stored(std::string_view member, std::uint64_t index) {
  // What was not asked for says nothing: the lane is that of our own row.
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT urgent FROM unstored WHERE member = ?1 AND urgent IN (0, 1) "
                       "AND idx = ?2"));
  select->bind(1, member).bind(2, index);
  CHANCERY_TRY(const bool asked, select->step());
  if (!asked) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t urgent, select->column_u64(0));
  select->reset();
  // SQLite holds the keys of all that a statement erases: so many at a time.
  CHANCERY_TRY(sqlite::Statement* const erase,
               impl_->statement("DELETE FROM unstored WHERE member = ?1 AND urgent = ?2 AND idx <= "
                                "(SELECT max(idx) FROM (SELECT idx FROM unstored WHERE member = ?1 "
                                "AND urgent = ?2 AND idx <= ?3 ORDER BY idx LIMIT ?4))"));
  do {
    erase->bind(1, member).bind(2, urgent).bind(3, index).bind(4, kErasedAtOnce);
    CHANCERY_TRY_VOID(erase->run());
  } while (impl_->database.changes() == kErasedAtOnce);
  return {};
}

Result<std::vector<std::string>> NodeStore::unstored_by(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT member FROM unstored WHERE idx = ?1 ORDER BY member"));
  select->bind(1, index);
  std::vector<std::string> members;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return members;
    }
    CHANCERY_TRY(std::string member, select->column_text(0));
    members.push_back(std::move(member));
  }
}

}  // namespace chancery::node
