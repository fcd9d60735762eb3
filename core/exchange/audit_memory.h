// What an audit has to remember of a log for as long as it reads it, in an amount of memory that
// does not grow with the log: the rest goes to a Scratch. Without one everything stays in memory.
//
// Failures are those of the Scratch.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::exchange {

// Bytes outside of memory: to be appended, and to be read again as long as the audit goes on.
struct Scratch {
  // Where they begin.
  std::function<Result<std::uint64_t>(std::string_view bytes)> append;
  std::function<Result<std::string>(std::uint64_t offset, std::size_t size)> read;
};

// The roots of the heads, by size. 330 KB, and 16 bytes for each 4,096 heads.
class HeadMemory {
 public:
  explicit HeadMemory(Scratch scratch) : scratch_(std::move(scratch)) {}

  [[nodiscard]] Result<void> add(std::uint64_t size, const Hash& root);  // Sizes ascend.
  [[nodiscard]] Result<std::optional<Hash>> root_at(std::uint64_t size);

 private:
  struct Head {
    std::uint64_t size = 0;
    Hash root{};
  };
  struct Block {
    std::uint64_t first_size = 0;
    std::uint64_t offset = 0;
  };
  static constexpr std::size_t kBlockHeads = 4096;

  static std::optional<Hash> find(const std::vector<Head>& heads, std::uint64_t size);

  Scratch scratch_;
  std::vector<Head> newest_;
  std::vector<Block> blocks_;  // The older ones.
  std::vector<Head> read_;     // The block that was looked into last.
  std::uint64_t read_first_size_ = 0;
};

// An entry whose notice id another draft of its origin has that was logged before.
struct ReusedId {
  std::uint64_t index = 0;
  std::uint64_t index_first = 0;
  std::string origin;
  std::string notice_id;  // 16 bytes.
};

// That an origin has one draft under a notice id. 25 MB, and 8 bytes for each 262,144 notices.
class DraftMemory {
 public:
  explicit DraftMemory(Scratch scratch) : scratch_(std::move(scratch)) {}

  // Of an envelope that parses: an id of 16 bytes, a member's code of at most 8.
  [[nodiscard]] Result<void> add(std::uint64_t index, std::string_view origin,
                                 std::string_view notice_id, const Hash& notice);
  // Afterwards, in no order.
  [[nodiscard]] Result<void> find_reused(const std::function<void(const ReusedId& found)>& reused);

 private:
  static constexpr std::size_t kIdBytes = 16;
  static constexpr std::size_t kOriginBytesMax = 8;
  struct Row {
    // The id first: ids ascend with time, and so does the log, nearly.
    std::array<std::uint8_t, kIdBytes + kOriginBytesMax> id{};
    std::array<std::uint8_t, 16> notice{};  // Of N.
    std::uint64_t index = 0;
  };
  class Run;
  static constexpr std::size_t kRunRows = std::size_t{1} << 18U;

  void sort();

  Scratch scratch_;
  std::vector<Row> rows_;
  std::vector<std::uint64_t> runs_;  // Where each begins: kRunRows rows, sorted.
};

}  // namespace chancery::exchange
