// NodeStore: who has not stated yet that it has what was logged of ours.
//
// A row in `undelivered` for each notice that somebody lacks, with all who do: one that is written
// when it is logged, and goes with the last statement. Whoever a row names lacks it.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/exchange/completeness.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

constexpr std::uint64_t kNowhere = std::numeric_limits<std::int64_t>::max();

// SQLite holds the keys of all that one statement changes: of so many indices at a time.
constexpr std::uint64_t kIndicesAtOnce = 10'000;

}  // namespace

// What none of its statements says; the largest that agrees is remembered.
Result<bool> NodeStore::Impl::lacks(const std::string& peer, std::uint64_t index,
                                    exchange::Lane lane) {
  auto agreed = agreed_sizes.find(peer);
  if (agreed == agreed_sizes.end()) {
    CHANCERY_TRY(sqlite::Statement* const select,
                 statement("SELECT size FROM statement WHERE verdict IN (1, 2) AND peer = ?1 AND "
                           "verdict = 1 ORDER BY size DESC LIMIT 1"));
    select->bind(1, std::string_view(peer));
    CHANCERY_TRY(const bool row, select->step());
    std::uint64_t size = 0;
    if (row) {
      CHANCERY_TRY(size, select->column_u64(0));
    }
    select->reset();
    agreed = agreed_sizes.emplace(peer, size).first;
  }
  if (index < agreed->second) {
    return false;
  }
  if (lane != exchange::Lane::kUrgent) {
    return true;
  }
  CHANCERY_TRY(sqlite::Statement* const early,
               statement("SELECT 1 FROM early WHERE peer = ?1 AND idx = ?2"));
  early->bind(1, std::string_view(peer)).bind(2, index);
  CHANCERY_TRY(const bool named, early->step());
  early->reset();
  return !named;
}

// Its peers may have counted it before this node learnt that it is logged.
Result<void> NodeStore::Impl::expect_delivery(const v1::Draft& draft, std::uint64_t index) {
  if (draft.kind() == exchange::kStatementKind) {
    return {};  // The next one says it as well.
  }
  const exchange::Lane lane = exchange::lane_of(draft.precedence());
  std::string members = ",";
  for (const v1::Recipient& recipient : draft.recipients()) {
    CHANCERY_TRY(const bool lacking, lacks(recipient.member(), index, lane));
    if (lacking) {
      members.append(recipient.member()).append(",");
      lacking_before(recipient.member(), lane, index);
    }
  }
  if (members == ",") {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const put,
               statement("INSERT INTO undelivered(urgent, idx, members) VALUES(?1, ?2, ?3)"));
  CHANCERY_TRY_VOID(put->bind(1, std::to_underlying(lane))
                        .bind(2, index)
                        .bind(3, std::string_view(members))
                        .run());
  CHANCERY_TRY(Counts* const counted, counts());
  counted->change_outbox().undelivered += 1;
  return {};
}

// As if it had not been logged there.
Result<void> NodeStore::Impl::expect_no_delivery(exchange::Lane lane, std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const erase,
               statement("DELETE FROM undelivered WHERE urgent = ?1 AND idx = ?2"));
  CHANCERY_TRY_VOID(erase->bind(1, std::to_underlying(lane)).bind(2, index).run());
  return count_delivered();
}

// Those of the last statement that erased some.
Result<void> NodeStore::Impl::count_delivered() {
  if (const std::uint64_t erased = database.changes(); erased > 0) {
    CHANCERY_TRY(Counts* const counted, counts());
    counted->change_outbox().undelivered -= erased;
  }
  return {};
}

void NodeStore::Impl::lacking_before(const std::string& peer, exchange::Lane lane,
                                     std::uint64_t index) {
  std::uint64_t& first = first_lacking[peer][lane];
  first = std::min(first, index);
}

Result<void> NodeStore::Impl::cross_off(std::string_view peer, exchange::Lane lane,
                                        std::uint64_t from, std::uint64_t to) {
  CHANCERY_TRY(
      sqlite::Statement* const update,
      statement("UPDATE undelivered SET members = replace(members, ',' || ?1 || ',', ',') WHERE "
                "urgent = ?2 AND idx >= ?3 AND idx < ?4 AND instr(members, ',' || ?1 || ',') > 0"));
  CHANCERY_TRY_VOID(
      update->bind(1, peer).bind(2, std::to_underlying(lane)).bind(3, from).bind(4, to).run());
  if (database.changes() == 0) {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const erase,
               statement("DELETE FROM undelivered WHERE urgent = ?1 AND idx >= ?2 AND idx < ?3 AND "
                         "members = ','"));
  CHANCERY_TRY_VOID(erase->bind(1, std::to_underlying(lane)).bind(2, from).bind(3, to).run());
  return count_delivered();
}

Result<void> NodeStore::Impl::mark_delivered(std::string_view peer, std::uint64_t size) {
  for (const exchange::Lane lane : exchange::kLanes) {
    CHANCERY_TRY(const std::uint64_t first, find_first_lacking(peer, lane));
    for (std::uint64_t from = first; from < size; from += kIndicesAtOnce) {
      CHANCERY_TRY_VOID(cross_off(peer, lane, from, std::min(from + kIndicesAtOnce, size)));
    }
    std::uint64_t& known = first_lacking[std::string(peer)][lane];
    known = std::max(known, size);
  }
  return {};
}

// Below there is none that names it; from where one was found last, so that nobody's absence makes
// the next look a long one.
Result<std::uint64_t> NodeStore::Impl::find_first_lacking(std::string_view peer,
                                                          exchange::Lane lane) {
  std::uint64_t& first = first_lacking[std::string(peer)][lane];
  if (first == kNowhere) {
    return first;
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT idx FROM undelivered WHERE urgent = ?1 AND idx >= ?2 AND "
                         "instr(members, ',' || ?3 || ',') > 0 ORDER BY idx LIMIT 1"));
  select->bind(1, std::to_underlying(lane)).bind(2, first).bind(3, peer);
  CHANCERY_TRY(const bool row, select->step());
  first = kNowhere;
  if (row) {
    CHANCERY_TRY(first, select->column_u64(0));
  }
  select->reset();
  return first;
}

Result<std::vector<std::string>> NodeStore::undelivered_to(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT members FROM undelivered WHERE urgent IN (0, 1) AND idx = "
                                "?1"));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::vector<std::string>();
  }
  CHANCERY_TRY(const std::string members, select->column_text(0));
  select->reset();
  std::vector<std::string> codes = codes_in(members);
  std::ranges::sort(codes);
  return codes;
}

// Times of acceptance rise with the index: what comes after the first that is not late is not.
Result<std::vector<Late>> NodeStore::late_undelivered(const LateQuery& query) {
  std::vector<Late> late;
  CHANCERY_TRY(const std::uint64_t first, impl_->find_first_lacking(query.member, query.lane));
  if (first == kNowhere) {
    return late;
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT o.notice, o.accepted_at_ms, o.alarms FROM undelivered u "
                                "JOIN outbox o ON o.idx = u.idx WHERE u.urgent = ?1 AND u.idx >= "
                                "?2 AND instr(u.members, ',' || ?3 || ',') > 0 ORDER BY u.idx"));
  select->bind(1, std::to_underlying(query.lane)).bind(2, first).bind(3, query.member);
  while (late.size() < query.count_max) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return late;
    }
    CHANCERY_TRY(const std::string notice, select->column_blob(0));
    CHANCERY_TRY(const std::uint64_t since_ms, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t alarms, select->column_u64(2));
    if (since_ms >= query.before_ms) {
      break;
    }
    if (alarms != 0) {
      late.push_back({.notice = hash_from(notice), .since_ms = since_ms});
    }
  }
  select->reset();
  return late;
}

}  // namespace chancery::node
