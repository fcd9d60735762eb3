// Where a notice stands by its N: its arrival in the inbox, its number in the outbox.
//
// An N is a hash. An index that each commit brought up to date would have it write a page of it for
// nearly each notice. So what is new waits in memory, in the order of N, and a commit writes what
// is beyond kWaitingMax: a stretch of that order, whose rows share their pages, from where the last
// one ended, round and round. A round takes twice as many notices as wait. What waits is read from
// the inbox and the outbox again at the first use after a start: `notice_indexed` says up to where
// nothing of them waits, which is at most two rounds ago.
//
// Dropped, and read again, whenever a transaction does not come to its end. Same thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "io/sqlite/statement_cache.h"

namespace chancery::node {

class NoticeIndex {
 public:
  enum class Part : std::uint8_t { kInbox, kOutbox };

  // Of some 100 bytes each.
  static constexpr std::size_t kWaitingMax = 8192;
  // Of a commit; after a start there is more to write than what has come.
  static constexpr std::size_t kStretchMax = 2048;

  [[nodiscard]] static Result<NoticeIndex> load(sqlite::StatementCache& statements,
                                                std::size_t waiting_max = kWaitingMax);

  // The row is to be asked whether it is of that notice: this is an index.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find(sqlite::StatementCache& statements,
                                                          Part part, const Hash& notice) const;
  // A row that was inserted in the transaction that is open, the newest of its part.
  void add(Part part, const Hash& notice, std::uint64_t row);

  // What waits beyond the limit: in the transaction that is about to be committed.
  [[nodiscard]] Result<void> write(sqlite::StatementCache& statements);

 private:
  using Key = std::pair<Hash, Part>;
  struct Rows {
    std::uint64_t inbox = 0;
    std::uint64_t outbox = 0;
    std::uint64_t& of(Part part) { return part == Part::kInbox ? inbox : outbox; }
  };

  explicit NoticeIndex(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  [[nodiscard]] Result<void> read(sqlite::StatementCache& statements, Part part,
                                  std::string_view sql);

  std::size_t waiting_max_;
  std::map<Key, std::uint64_t> waiting_;
  Key from_{};    // Where the next stretch begins.
  Rows newest_;   // The last row of each.
  Rows at_turn_;  // The last ones as this round began. At its end none of them, or before, waits.
};

}  // namespace chancery::node
