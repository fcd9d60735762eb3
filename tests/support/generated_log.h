// GeneratedLog: a log of any length that nobody stores, for what reads leaves: its founding entries
// and then leaves of notices, each made of its index, with heads signed by the log and by a quorum.
//
// Pages are made as they are asked for, so that memory stays flat; roots of its heads are made
// once, when the log is. Batches end at each 4096 entries, and at the sizes that are asked for.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "tests/support/exchange.h"

namespace chancery::test {

struct GeneratedOptions {
  std::uint64_t size = 1000;           // At least the founding entries.
  std::vector<std::uint64_t> heads{};  // Sizes below it at which a batch ends as well.
  std::uint64_t fork_at = ~0ULL;       // From this index on, the leaves of another log.
  std::size_t cosigners = 4;           // Of the newest head; 0: none is at quorum.
  std::uint64_t cosigned_size = 0;     // Which head is cosigned; 0 is the newest.
};

class GeneratedLog {
 public:
  static constexpr std::uint64_t kBatchSize = 4096;

  GeneratedLog(const TestExchange& exchange, GeneratedOptions options);

  [[nodiscard]] std::uint64_t size() const { return options_.size; }
  [[nodiscard]] Hash root_at(std::uint64_t size) const { return roots_.at(size); }
  [[nodiscard]] std::string leaf(std::uint64_t index) const;  // 73 bytes.
  [[nodiscard]] std::string checkpoint(std::uint64_t size) const;
  // With the lines of the first witnesses, in the order of their names.
  [[nodiscard]] std::string cosigned(std::uint64_t size, std::size_t cosigners) const;

  // As a store gives them.
  [[nodiscard]] v1::AuditPageReply page(std::uint64_t from_index, bool leaves_only) const;

 private:
  [[nodiscard]] std::uint64_t end_of_batch(std::uint64_t first) const;
  void append_leaf(std::string& bytes, std::uint64_t index) const;

  const TestExchange& exchange_;
  GeneratedOptions options_;
  std::vector<std::string> founding_leaves_;
  std::string directory_root_;
  std::map<std::uint64_t, Hash> roots_;
};

}  // namespace chancery::test
