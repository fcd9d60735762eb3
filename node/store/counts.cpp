#include "node/store/counts.h"

#include <algorithm>
#include <cstdint>

namespace chancery::node {
namespace {

Result<void> read_tally(sqlite::StatementCache& statements, OutboxCounts& outbox,
                        IntakeCounts& intake) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statements.get("SELECT queued, aside, signed, logged, refused, undelivered, "
                              "statements, bytes, signed_bytes, shown, void, unopenable, garbled, "
                              "erased FROM tally"));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return fail(ErrorCode::kStoreDamaged, "there is no tally");
  }
  int column = 0;
  for (std::uint64_t* const count :
       {&outbox.queued, &outbox.aside, &outbox.signed_count, &outbox.logged, &outbox.refused,
        &outbox.undelivered, &outbox.statements, &outbox.bytes, &outbox.signed_bytes, &intake.shown,
        &intake.void_count, &intake.unopenable, &intake.garbled, &intake.erased}) {
    CHANCERY_TRY(*count, select->column_u64(column++));
  }
  select->reset();
  return {};
}

Result<void> write_tally(sqlite::StatementCache& statements, const OutboxCounts& outbox,
                         const IntakeCounts& intake) {
  CHANCERY_TRY(sqlite::Statement* const update,
               statements.get("UPDATE tally SET queued = ?1, aside = ?2, signed = ?3, logged = ?4, "
                              "refused = ?5, undelivered = ?6, statements = ?7, bytes = ?8, "
                              "signed_bytes = ?9, shown = ?10, void = ?11, unopenable = ?12, "
                              "garbled = ?13, erased = ?14"));
  int parameter = 0;
  for (const std::uint64_t count :
       {outbox.queued, outbox.aside, outbox.signed_count, outbox.logged, outbox.refused,
        outbox.undelivered, outbox.statements, outbox.bytes, outbox.signed_bytes, intake.shown,
        intake.void_count, intake.unopenable, intake.garbled, intake.erased}) {
    update->bind(++parameter, count);
  }
  return update->run();
}

std::uint64_t& at_stage(OutboxCounts& counts, const OutboxPlace& place) {
  switch (place.stage) {
    case OutboxStage::kQueued:
      return counts.queued;
    case OutboxStage::kSigned:
      return counts.signed_count;
    case OutboxStage::kLogged:
      return place.application.empty() ? counts.statements : counts.logged;
    case OutboxStage::kRefused:
      break;
  }
  return counts.refused;
}

}  // namespace

Result<Counts> Counts::load(sqlite::StatementCache& statements) {
  Counts counts;
  CHANCERY_TRY_VOID(read_tally(statements, counts.outbox_, counts.intake_));
  CHANCERY_TRY(sqlite::Statement* const shares,
               statements.get("SELECT application, urgent, count, bytes FROM outbox_share"));
  while (true) {
    CHANCERY_TRY(const bool row, shares->step());
    if (!row) {
      return counts;
    }
    OutboxShare share;
    CHANCERY_TRY(std::string application, shares->column_text(0));
    CHANCERY_TRY(const std::uint64_t lane, shares->column_u64(1));
    CHANCERY_TRY(share.count, shares->column_u64(2));
    CHANCERY_TRY(share.bytes, shares->column_u64(3));
    share.lane = static_cast<exchange::Lane>(lane);
    counts.shares_.emplace(ShareKey(std::move(application), share.lane), share);
  }
}

OutboxShare Counts::share(std::string_view application, exchange::Lane lane) const {
  const auto known = shares_.find({std::string(application), lane});
  return known == shares_.end() ? OutboxShare{.lane = lane} : known->second;
}

OutboxShare Counts::largest_share() const {
  const auto largest =
      std::ranges::max_element(shares_, {}, [](const auto& each) { return each.second.bytes; });
  return largest == shares_.end() ? OutboxShare() : largest->second;
}

void Counts::move(const OutboxPlace& from, const OutboxPlace& to) {
  count(from, -1);
  count(to, 1);
}

OutboxCounts& Counts::change_outbox() {
  changed_ = true;
  return outbox_;
}

IntakeCounts& Counts::change_intake() {
  changed_ = true;
  return intake_;
}

void Counts::count(const OutboxPlace& place, int sign) {
  const auto one = static_cast<std::uint64_t>(sign);  // Of all ones to count down.
  const std::uint64_t bytes = one * place.bytes;
  OutboxCounts& counts = change_outbox();
  at_stage(counts, place) += one;
  counts.aside += place.aside ? one : 0;
  counts.signed_bytes += place.stage == OutboxStage::kSigned ? bytes : 0;
  if (place.stage != OutboxStage::kQueued && place.stage != OutboxStage::kSigned) {
    return;
  }
  counts.bytes += bytes;
  ShareKey key(place.application, place.lane);
  OutboxShare& share = shares_[key];
  share.lane = place.lane;
  share.count += one;
  share.bytes += bytes;
  changed_shares_.insert(std::move(key));
}

Result<void> Counts::write(sqlite::StatementCache& statements) {
  if (!changed_) {
    return {};
  }
  CHANCERY_TRY_VOID(write_tally(statements, outbox_, intake_));
  CHANCERY_TRY_VOID(write_shares(statements));
  changed_ = false;
  return {};
}

Result<void> Counts::write_shares(sqlite::StatementCache& statements) {
  CHANCERY_TRY(sqlite::Statement* const put,
               statements.get("INSERT INTO outbox_share(application, urgent, count, bytes) "
                              "VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = ?3, "
                              "bytes = ?4"));
  CHANCERY_TRY(sqlite::Statement* const erase,
               statements.get("DELETE FROM outbox_share WHERE application = ?1 AND urgent = ?2"));
  for (const ShareKey& key : changed_shares_) {
    const auto& [application, lane] = key;
    const auto share = shares_.find(key);
    if (share == shares_.end() || share->second.count == 0) {
      erase->bind(1, std::string_view(application)).bind(2, std::to_underlying(lane));
      CHANCERY_TRY_VOID(erase->run());
      shares_.erase(key);
      continue;
    }
    CHANCERY_TRY_VOID(put->bind(1, std::string_view(application))
                          .bind(2, std::to_underlying(lane))
                          .bind(3, share->second.count)
                          .bind(4, share->second.bytes)
                          .run());
  }
  changed_shares_.clear();
  return {};
}

}  // namespace chancery::node
