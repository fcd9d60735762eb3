// NodeStore: what of the notices should have come and has not.
//
// Of those whose status is actual alone: nothing else raises an alarm. Of what people's
// acknowledgement is owed, and by whom, is a row in `owed` from when the notice is logged, or shown
// here, until they acknowledged or answered it, or its origin replaced it.

#include <algorithm>
#include <utility>

#include "core/exchange/completeness.h"
#include "core/exchange/minimize.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

// Rows of N and since when, and members where they are asked for.
Result<std::vector<Late>> late_in(sqlite::Statement& select, bool with_members = false) {
  std::vector<Late> all;
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return all;
    }
    CHANCERY_TRY(const std::string notice, select.column_blob(0));
    CHANCERY_TRY(const std::uint64_t since_ms, select.column_u64(1));
    all.push_back({.notice = hash_from(notice), .since_ms = since_ms});
    if (with_members) {
      CHANCERY_TRY(const std::string members, select.column_text(2));
      all.back().members = codes_in(members);
    }
  }
}

}  // namespace

Result<void> fill_alarms(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement rows,
               database.prepare("SELECT seq, draft FROM outbox WHERE stage IN (1, 2) OR idx IN "
                                "(SELECT idx FROM undelivered)"));
  CHANCERY_TRY(sqlite::Statement update,
               database.prepare("UPDATE outbox SET alarms = ?2, exempt = ?3 WHERE seq = ?1"));
  while (true) {
    CHANCERY_TRY(const bool row, rows.step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t number, rows.column_u64(0));
    CHANCERY_TRY(const std::string bytes, rows.column_blob(1));
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(bytes));
    CHANCERY_TRY_VOID(update.bind(1, number)
                          .bind(2, draft.status() == v1::STATUS_ACTUAL ? 1 : 0)
                          .bind(3, exchange::is_exempt_from_minimize(draft.kind()) ? 1 : 0)
                          .run());
  }
}

Result<std::vector<Late>> NodeStore::late_unlogged(const LateQuery& query, v1::Precedence lowest) {
  CHANCERY_TRY(sqlite::Statement* const queued,
               impl_->statement("SELECT notice, queued_at_ms FROM outbox WHERE stage = 1 AND aside "
                                "!= 1 AND precedence = ?1 AND (precedence >= ?4 OR exempt = 1) AND "
                                "alarms = 1 AND application != '' AND queued_at_ms < ?2 "
                                "ORDER BY seq LIMIT ?3"));
  std::vector<Late> all;
  const auto take = [&](sqlite::Statement& select) -> Result<void> {
    CHANCERY_TRY(const std::vector<Late> found, late_in(select));
    all.insert(all.end(), found.begin(), found.end());
    return {};
  };
  // By the indexes of the outbox, one precedence after the other, whatever else waits.
  for (int precedence = v1::Precedence_MIN; precedence <= v1::Precedence_MAX; ++precedence) {
    if (exchange::lane_of(static_cast<v1::Precedence>(precedence)) == query.lane) {
      queued->bind(1, static_cast<std::uint64_t>(precedence))
          .bind(2, query.before_ms)
          .bind(3, query.count_max)
          .bind(4, static_cast<std::uint64_t>(lowest));
      CHANCERY_TRY_VOID(take(*queued));
    }
  }
  CHANCERY_TRY(sqlite::Statement* const sent,
               impl_->statement("SELECT notice, queued_at_ms FROM outbox WHERE stage = 2 AND "
                                "(precedence >= ?1) = ?2 AND alarms = 1 AND application != '' AND "
                                "queued_at_ms < ?3 ORDER BY created_at_us LIMIT ?4"));
  sent->bind(1, static_cast<std::uint64_t>(v1::PRECEDENCE_IMMEDIATE))
      .bind(2, std::to_underlying(query.lane))
      .bind(3, query.before_ms)
      .bind(4, query.count_max);
  CHANCERY_TRY_VOID(take(*sent));
  std::ranges::sort(all, {}, &Late::since_ms);
  all.resize(std::min(all.size(), query.count_max));
  return all;
}

Result<std::vector<Late>> NodeStore::late_unacknowledged(bool own, const LateQuery& query,
                                                         std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT notice, since_ms, members FROM owed WHERE own = "
                                "?1 AND urgent = ?2 AND since_ms < ?3 AND (expires_at_ms = 0 OR "
                                "expires_at_ms > ?4) AND (?5 = '' OR instr(members, ',' || ?5 || "
                                "',') > 0) ORDER BY since_ms LIMIT ?6"));
  select->bind(1, own ? 1 : 0)
      .bind(2, std::to_underlying(query.lane))
      .bind(3, query.before_ms)
      .bind(4, now_ms)
      .bind(5, query.member)
      .bind(6, query.count_max);
  return late_in(*select, /*with_members=*/true);
}

// Each recipient for action of a notice of this member's, or this member of somebody else's. Who
// answered may have been heard before this node learnt that the notice is logged.
Result<void> NodeStore::Impl::expect_acknowledgements(const v1::Draft& draft, const Hash& notice,
                                                      std::uint64_t since_ms) {
  const bool own = draft.origin() == member;
  std::string members = ",";
  for (const v1::Recipient& recipient : draft.recipients()) {
    if (recipient.role() == v1::RECIPIENT_ROLE_ACTION && (own || recipient.member() == member)) {
      members.append(recipient.member()).append(",");
    }
  }
  if (members == "," || !exchange::expects_acknowledgement(draft)) {
    return {};
  }
  CHANCERY_TRY(
      sqlite::Statement* const put,
      statement("INSERT INTO owed(notice, own, urgent, since_ms, members, origin, expires_at_ms) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING"));
  CHANCERY_TRY_VOID(put->bind(1, Bytes(notice))
                        .bind(2, own ? 1 : 0)
                        .bind(3, std::to_underlying(exchange::lane_of(draft.precedence())))
                        .bind(4, since_ms)
                        .bind(5, std::string_view(members))
                        .bind(6, std::string_view(draft.origin()))
                        .bind(7, draft.expires_at_ms())
                        .run());
  CHANCERY_TRY(sqlite::Statement* const heard,
               statement("SELECT member FROM acknowledged WHERE notice = ?1 UNION SELECT i.origin "
                         "FROM about a JOIN inbox i ON i.idx = a.idx WHERE a.notice = ?1"));
  heard->bind(1, Bytes(notice));
  CHANCERY_TRY(const std::vector<std::string> already, texts_of(*heard));
  for (const std::string& each : already) {
    CHANCERY_TRY_VOID(end_owed_by(each, as_view(notice)));
  }
  return {};
}

Result<void> NodeStore::Impl::end_owed_by(std::string_view by, std::string_view notice) {
  CHANCERY_TRY(sqlite::Statement* const cross_off,
               statement("UPDATE owed SET members = replace(members, ',' || ?2 || ',', ',') WHERE "
                         "notice = ?1"));
  CHANCERY_TRY_VOID(cross_off->bind(1, as_bytes(notice)).bind(2, by).run());
  CHANCERY_TRY(sqlite::Statement* const erase,
               statement("DELETE FROM owed WHERE notice = ?1 AND members = ','"));
  return erase->bind(1, as_bytes(notice)).run();
}

Result<bool> NodeStore::raises_alarms(std::string_view notice) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT 1 FROM outbox WHERE seq = ?1 AND notice = ?2 AND alarms = 1"));
  CHANCERY_TRY(const std::uint64_t number, impl_->find_row(NoticeIndex::Part::kOutbox, notice));
  select->bind(1, number).bind(2, as_bytes(notice));
  CHANCERY_TRY(const bool is_there, select->step());
  select->reset();
  return is_there;
}

Result<void> NodeStore::end_owed_by(std::string_view member, std::string_view notice) {
  return impl_->end_owed_by(member, notice);
}

Result<void> NodeStore::end_owed_by(std::string_view member) {
  CHANCERY_TRY(sqlite::Statement* const cross_off,
               impl_->statement("UPDATE owed SET members = replace(members, ',' || ?1 || ',', ',') "
                                "WHERE own = 1"));
  CHANCERY_TRY_VOID(cross_off->bind(1, member).run());
  CHANCERY_TRY(sqlite::Statement* const erase,
               impl_->statement("DELETE FROM owed WHERE own = 1 AND members = ','"));
  return erase->run();
}

Result<void> NodeStore::end_owed_of(std::string_view origin, std::string_view notice) {
  CHANCERY_TRY(sqlite::Statement* const erase,
               impl_->statement("DELETE FROM owed WHERE notice = ?1 AND origin = ?2"));
  return erase->bind(1, as_bytes(notice)).bind(2, origin).run();
}

}  // namespace chancery::node
