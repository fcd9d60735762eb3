// What is counted of a node's rows, so that nobody who asks how much there is reads them all: the
// tables `tally` and `outbox_share`. Held in memory from the first use on, changed beside each row
// that is, and written once a commit: triggers would do it for each row.
//
//   CHANCERY_TRY(Counts* const counts, impl_->counts());
//   counts->move({.stage = OutboxStage::kQueued, …}, {.stage = OutboxStage::kSigned, …});
//
// Dropped, and read again, whenever a transaction does not come to its end. Same thread.

#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/exchange/lane.h"
#include "io/sqlite/statement_cache.h"
#include "node/store/node_store.h"

namespace chancery::node {

class Counts {
 public:
  // kStoreDamaged where there is no tally.
  [[nodiscard]] static Result<Counts> load(sqlite::StatementCache& statements);

  [[nodiscard]] const OutboxCounts& outbox() const { return outbox_; }
  [[nodiscard]] const IntakeCounts& intake() const { return intake_; }
  // Nothing where the application has nothing in that lane.
  [[nodiscard]] OutboxShare share(std::string_view application, exchange::Lane lane) const;
  [[nodiscard]] OutboxShare largest_share() const;

  void add(const OutboxPlace& place) { count(place, 1); }
  void move(const OutboxPlace& from, const OutboxPlace& to);
  // Changes of what is not a row of the outbox, or not of its place.
  OutboxCounts& change_outbox();
  IntakeCounts& change_intake();

  // What changed since it was loaded or written: in the transaction that is about to be committed.
  [[nodiscard]] Result<void> write(sqlite::StatementCache& statements);

 private:
  using ShareKey = std::pair<std::string, exchange::Lane>;

  void count(const OutboxPlace& place, int sign);
  [[nodiscard]] Result<void> write_shares(sqlite::StatementCache& statements);

  OutboxCounts outbox_;
  IntakeCounts intake_;
  std::map<ShareKey, OutboxShare> shares_;
  bool changed_ = false;
  std::set<ShareKey> changed_shares_;
};

}  // namespace chancery::node
