#include "core/exchange/audit_memory.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <tuple>
#include <type_traits>
#include <utility>

namespace chancery::exchange {
namespace {

// As they lie in memory: no other process reads them.
template <typename Record>
std::string_view bytes_of(const std::vector<Record>& records, std::size_t count) {
  static_assert(std::is_trivially_copyable_v<Record>);
  return {reinterpret_cast<const char*>(records.data()), count * sizeof(Record)};
}

template <typename Record>
Result<std::vector<Record>> read_records(const Scratch& scratch, std::uint64_t offset,
                                         std::size_t count) {
  CHANCERY_TRY(const std::string bytes, scratch.read(offset, count * sizeof(Record)));
  if (bytes.size() != count * sizeof(Record)) {
    return fail(ErrorCode::kIo, "the audit's scratch lost what was written to it");
  }
  std::vector<Record> records(count);
  std::memcpy(records.data(), bytes.data(), bytes.size());
  return records;
}

}  // namespace

std::optional<Hash> HeadMemory::find(const std::vector<Head>& heads, std::uint64_t size) {
  const auto at = std::ranges::lower_bound(heads, size, {}, &Head::size);
  return at != heads.end() && at->size == size ? std::optional(at->root) : std::nullopt;
}

Result<void> HeadMemory::add(std::uint64_t size, const Hash& root) {
  newest_.push_back({.size = size, .root = root});
  if (scratch_.append && newest_.size() == 2 * kBlockHeads) {
    CHANCERY_TRY(const std::uint64_t offset, scratch_.append(bytes_of(newest_, kBlockHeads)));
    blocks_.push_back({.first_size = newest_.front().size, .offset = offset});
    newest_.erase(newest_.begin(), newest_.begin() + kBlockHeads);
  }
  return {};
}

Result<std::optional<Hash>> HeadMemory::root_at(std::uint64_t size) {
  if (newest_.empty() || size >= newest_.front().size) {
    return find(newest_, size);
  }
  const auto behind = std::ranges::upper_bound(blocks_, size, {}, &Block::first_size);
  if (behind == blocks_.begin()) {
    return std::nullopt;
  }
  const Block& block = *std::prev(behind);
  if (read_.empty() || read_first_size_ != block.first_size) {
    CHANCERY_TRY(read_, read_records<Head>(scratch_, block.offset, kBlockHeads));
    read_first_size_ = block.first_size;
  }
  return find(read_, size);
}

// A sorted run, or the rows in memory, from its first row on.
class DraftMemory::Run {
 public:
  Run(std::uint64_t offset, std::size_t block_rows)
      : offset_(offset), left_(kRunRows), block_rows_(block_rows) {}
  explicit Run(std::vector<Row> rows) : block_(std::move(rows)) {}

  // Nothing at the end.
  Result<std::optional<Row>> next(const Scratch& scratch) {
    if (place_ == block_.size() && left_ > 0) {
      const std::size_t count = std::min(left_, block_rows_);
      CHANCERY_TRY(block_, read_records<Row>(scratch, offset_, count));
      place_ = 0;
      offset_ += count * sizeof(Row);
      left_ -= count;
    }
    return place_ < block_.size() ? std::optional(block_[place_++]) : std::nullopt;
  }

 private:
  std::uint64_t offset_ = 0;
  std::size_t left_ = 0;  // Rows that are not read yet.
  std::size_t block_rows_ = 0;
  std::vector<Row> block_;
  std::size_t place_ = 0;
};

void DraftMemory::sort() {
  std::ranges::sort(rows_, {}, [](const Row& row) { return std::tie(row.id, row.index); });
}

Result<void> DraftMemory::add(std::uint64_t index, std::string_view origin,
                              std::string_view notice_id, const Hash& notice) {
  CHANCERY_CHECK(notice_id.size() == kIdBytes && origin.size() <= kOriginBytesMax);
  Row row{.index = index};
  std::ranges::copy(origin, std::ranges::copy(notice_id, row.id.begin()).out);
  std::copy_n(notice.begin(), row.notice.size(), row.notice.begin());
  rows_.push_back(row);
  if (scratch_.append && rows_.size() == kRunRows) {
    sort();
    CHANCERY_TRY(const std::uint64_t offset, scratch_.append(bytes_of(rows_, rows_.size())));
    runs_.push_back(offset);
    rows_.clear();
  }
  return {};
}

Result<void> DraftMemory::find_reused(const std::function<void(const ReusedId& found)>& reused) {
  sort();
  const std::size_t block_rows = kRunRows / std::max<std::size_t>(runs_.size(), 1);
  std::vector<Run> runs;
  runs.reserve(runs_.size() + 1);
  for (const std::uint64_t offset : runs_) {
    runs.emplace_back(offset, std::max<std::size_t>(block_rows, 1));
  }
  runs.emplace_back(std::exchange(rows_, {}));
  using Next = std::pair<Row, std::size_t>;  // And the run that it is of.
  const auto later = [](const Next& one, const Next& other) {
    return std::tie(one.first.id, one.first.index) > std::tie(other.first.id, other.first.index);
  };
  std::priority_queue<Next, std::vector<Next>, decltype(later)> queue(later);
  const auto queue_next = [&](std::size_t run) -> Result<void> {
    CHANCERY_TRY(const std::optional<Row> row, runs[run].next(scratch_));
    if (row.has_value()) {
      queue.emplace(*row, run);
    }
    return {};
  };
  for (std::size_t run = 0; run < runs.size(); ++run) {
    CHANCERY_TRY_VOID(queue_next(run));
  }
  std::optional<Row> first;  // Of its id.
  while (!queue.empty()) {
    const auto [row, run] = queue.top();
    queue.pop();
    if (!first.has_value() || first->id != row.id) {
      first = row;
    } else if (first->notice != row.notice) {
      const auto id = std::string_view(reinterpret_cast<const char*>(row.id.data()), row.id.size());
      const std::string_view origin = id.substr(kIdBytes);
      reused({.index = row.index,
              .index_first = first->index,
              .origin = std::string(origin.substr(0, origin.find('\0'))),
              .notice_id = std::string(id.substr(0, kIdBytes))});
    }
    CHANCERY_TRY_VOID(queue_next(run));
  }
  return {};
}

}  // namespace chancery::exchange
