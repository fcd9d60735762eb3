// Where a notice stands by its N: its arrival in the inbox, its number in the outbox.
//
// An N is a hash. An index that each commit brought up to date would have it write a page of it for
// nearly each notice. So what is new waits in memory, by the first byte of N, and a commit writes
// what is beyond kWaitingMax: a stretch in the order of N, whose rows share their pages, from where
// the last one ended, round and round. A round takes twice as many notices as wait. What waits is
// read from the inbox and the outbox again at the first use after a start: `notice_indexed` says up
// to where nothing of them waits, which is at most two rounds ago.
//
// Dropped, and read again, whenever a transaction does not come to its end. Same thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "io/sqlite/statement_cache.h"

namespace chancery::node {

class NoticeIndex {
 public:
  enum class Part : std::uint8_t { kInbox, kOutbox };

  // Of 48 bytes each, or up to twice that.
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
  struct Entry {
    Hash notice{};
    Part part = Part::kInbox;
    std::uint64_t row = 0;
  };
  struct Rows {
    std::uint64_t inbox = 0;
    std::uint64_t outbox = 0;
    std::uint64_t& of(Part part) { return part == Part::kInbox ? inbox : outbox; }
  };

  explicit NoticeIndex(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  [[nodiscard]] Result<void> read(sqlite::StatementCache& statements, Part part,
                                  std::string_view sql);
  [[nodiscard]] Result<void> end_round(sqlite::StatementCache& statements);

  std::size_t waiting_max_;
  std::array<std::vector<Entry>, 256> waiting_;  // By the first byte of N.
  std::size_t waiting_count_ = 0;
  std::size_t next_ = 0;  // First byte with which the next stretch begins.
  Rows newest_;           // The last row of each.
  Rows at_turn_;  // The last ones as this round began. At its end none of them, or before, waits.
};

}  // namespace chancery::node
