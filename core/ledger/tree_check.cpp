#include "core/ledger/tree_check.h"

#include <algorithm>
#include <utility>

#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

// A file that is missing, or longer than any of its kind, is at fault itself.
bool says_of_the_file(ErrorCode code) {
  return code == ErrorCode::kFileMissing || code == ErrorCode::kLimitExceeded;
}

Tile tile_below(const Tile& tile, std::uint64_t position) {
  return tile.level == 0
             ? Tile{.entries = true, .level = 0, .index = tile.index, .width = tile.width}
             : Tile{.level = static_cast<std::uint8_t>(tile.level - 1U),
                    .index = tile.index * kTileWidth + position};
}

Hash hash_at(std::string_view tile, std::uint64_t position) {
  return hash_from(tile.substr(position * kTileHashBytes, kTileHashBytes));
}

}  // namespace

void TreeCheck::found(const Tile& tile, ErrorCode code, std::string detail) {
  std::string name = tile_name(tile);
  const bool known = std::ranges::any_of(
      findings_, [&](const FileFinding& finding) { return finding.file == name; });
  if (!known && findings_.size() < kFindingsMax) {
    findings_.push_back({.file = std::move(name), .error = {code, std::move(detail)}});
  }
}

Result<TreeCheck::Bytes> TreeCheck::read(const Tile& tile) {
  Result<std::string> bytes = files_(tile);
  if (!bytes.has_value()) {
    if (!says_of_the_file(bytes.error().code)) {
      return std::unexpected(std::move(bytes).error());
    }
    found(tile, bytes.error().code,
          bytes.error().code == ErrorCode::kFileMissing ? "it is not there" : "it is too long");
    return Bytes();
  }
  if (!tile.entries && bytes->size() != tile.width * kTileHashBytes) {
    found(tile, ErrorCode::kMalformed,
          std::to_string(bytes->size()) + " bytes; " + std::to_string(tile.width) +
              " hashes have " + std::to_string(tile.width * kTileHashBytes));
    return Bytes();
  }
  return Bytes(*std::move(bytes));
}

TreeCheck::Bytes TreeCheck::hash_bundle(const Tile& tile, Bytes bundle) {
  entries_.clear();
  if (!bundle.has_value()) {
    return {};
  }
  bundle_ = *std::move(bundle);
  Result<std::vector<std::string_view>> entries = parse_bundle(bundle_, tile.width);
  if (!entries.has_value()) {
    found(tile, entries.error().code, entries.error().detail);
    return {};
  }
  entries_ = *std::move(entries);
  std::string hashes;
  hashes.reserve(kTileWidth * kTileHashBytes);
  for (const std::string_view entry : entries_) {
    hashes += as_view(leaf_hash(as_bytes(entry)));
  }
  return hashes;
}

Result<void> TreeCheck::step() {
  CHANCERY_CHECK(!done());
  const std::uint64_t index = checked_ / kTileWidth;
  const std::uint64_t width = std::min<std::uint64_t>(size_ - checked_, kTileWidth);
  const Tile bundle{
      .entries = true, .level = 0, .index = index, .width = static_cast<std::uint16_t>(width)};
  CHANCERY_TRY(Bytes there, read(bundle));
  Bytes made = hash_bundle(bundle, std::move(there));
  checked_ += width;
  if (width < kTileWidth) {  // Compared at the end, with the rest of the edge.
    edge_known_ = made.has_value();
    edge_[0] = std::move(made).value_or("");
    return {};
  }
  const Tile tile{.index = index};
  CHANCERY_TRY(const std::string right, compare(tile, made));
  if (right != made) {
    entries_.clear();
  }
  return raise(0, right);
}

Result<void> TreeCheck::raise(std::uint8_t level, const std::string& full_tile) {
  Hash hash{};
  if (!full_tile.empty()) {
    CHANCERY_TRY(hash, tile_root(full_tile));
  }
  const auto above = static_cast<std::uint8_t>(level + 1U);
  CHANCERY_CHECK(above < kTreeLevels);
  std::string& edge = edge_[above];
  edge += as_view(hash);
  if (edge.size() < kTileWidth * kTileHashBytes) {
    return {};
  }
  const std::string made = std::exchange(edge, {});
  const std::uint64_t index = hashes_at(above, checked_) / kTileWidth - 1;
  CHANCERY_TRY(const std::string right, compare({.level = above, .index = index}, made));
  return raise(above, right);
}

std::string TreeCheck::claimed(const Tile& tile) {
  const auto above = static_cast<std::uint8_t>(tile.level + 1U);
  const std::uint64_t hashes = hashes_at(above, size_);
  const std::uint64_t index = tile.index / kTileWidth;
  const std::uint64_t width = std::min<std::uint64_t>(hashes - index * kTileWidth, kTileWidth);
  const Result<std::string> bytes =
      files_({.level = above, .index = index, .width = static_cast<std::uint16_t>(width)});
  if (!bytes.has_value() || bytes->size() != width * kTileHashBytes) {
    return "";
  }
  return bytes->substr(tile.index % kTileWidth * kTileHashBytes, kTileHashBytes);
}

void TreeCheck::blame_below(const Tile& tile, const std::string& made, const std::string& there) {
  for (std::uint64_t i = 0; i < tile.width; ++i) {
    if (hash_at(made, i) != hash_at(there, i)) {
      found(tile_below(tile, i), ErrorCode::kLeafMismatch,
            "it does not hash to what " + tile_name(tile) + " has for it");
      if (tile.level == 0) {
        return;
      }
    }
  }
}

Result<std::string> TreeCheck::compare(const Tile& tile, const Bytes& made) {
  CHANCERY_TRY(const Bytes there, read(tile));
  if (!made.has_value() || !there.has_value()) {
    return made.has_value() ? *made : there.value_or("");
  }
  if (*made == *there) {
    return *made;
  }
  CHANCERY_TRY(const Hash root_there, tile_root(*there));
  if (claimed(tile) == as_view(root_there)) {
    blame_below(tile, *made, *there);
    return *there;
  }
  found(tile, ErrorCode::kRootMismatch, "it does not hold what the files below it hash to");
  return *made;
}

void TreeCheck::judge_edge(const std::array<std::string, kTreeLevels>& there) {
  const bool made_is_right = edge_known_ && root_of_edge(edge_) == root_;
  const bool there_is_right = root_of_edge(there) == root_;
  for (std::size_t level = 0; level < kTreeLevels; ++level) {
    if (there[level] == edge_[level]) {
      continue;
    }
    const Tile tile{.level = static_cast<std::uint8_t>(level),
                    .index = hashes_at(level, size_) / kTileWidth,
                    .width = static_cast<std::uint16_t>(there[level].size() / kTileHashBytes)};
    if (!made_is_right && there_is_right) {
      if (edge_[level].size() == there[level].size()) {
        blame_below(tile, edge_[level], there[level]);
      }
      entries_.clear();
    } else {
      found(tile, ErrorCode::kRootMismatch, "it does not hold what the files below it hash to");
    }
  }
  if (!made_is_right && findings_.empty()) {
    findings_.push_back(
        {.file = "checkpoint",
         .error = {ErrorCode::kRootMismatch, "the leaves do not hash to the root that it names"}});
  }
}

Result<void> TreeCheck::finish() {
  CHANCERY_CHECK(done());
  if (checked_ != size_) {
    return {};  // Nothing more is named.
  }
  std::array<std::string, kTreeLevels> there;
  for (std::size_t level = 0; level < kTreeLevels; ++level) {
    const Tile tile{.level = static_cast<std::uint8_t>(level),
                    .index = hashes_at(level, size_) / kTileWidth,
                    .width = static_cast<std::uint16_t>(hashes_at(level, size_) % kTileWidth)};
    if (tile.width == 0) {
      continue;
    }
    CHANCERY_TRY(Bytes bytes, read(tile));
    there[level] = std::move(bytes).value_or(edge_[level]);
  }
  judge_edge(there);
  return {};
}

Result<std::optional<std::uint64_t>> first_difference(std::uint64_t size, const TileSource& one,
                                                      std::uint64_t other_size,
                                                      const TileSource& other) {
  const std::uint64_t common = std::min(size, other_size);
  const auto row = [](const TileSource& source, std::uint64_t of, std::size_t level,
                      std::uint64_t index) -> Result<std::string> {
    const std::uint64_t width =
        std::min<std::uint64_t>(hashes_at(level, of) - index * kTileWidth, kTileWidth);
    return read_tile({.level = static_cast<std::uint8_t>(level),
                      .index = index,
                      .width = static_cast<std::uint16_t>(width)},
                     source);
  };
  std::uint64_t from = 0;  // At the level: what is before it is the same.
  std::uint64_t end = 0;   // Where it is known that one before here differs; else 0.
  for (std::size_t level = kTreeLevels; level-- > 0;) {
    from *= kTileWidth;
    const std::uint64_t last = end == 0 ? hashes_at(level, common) : end * kTileWidth;
    bool differs = false;
    while (from < last && !differs) {
      const std::uint64_t index = from / kTileWidth;
      CHANCERY_TRY(const std::string here, row(one, size, level, index));
      CHANCERY_TRY(const std::string there, row(other, other_size, level, index));
      const std::uint64_t tile_end = std::min(last, (index + 1) * kTileWidth);
      while (from < tile_end &&
             hash_at(here, from % kTileWidth) == hash_at(there, from % kTileWidth)) {
        ++from;
      }
      differs = from < tile_end;
    }
    end = differs ? from + 1 : 0;
  }
  return end == 0 ? std::optional<std::uint64_t>() : std::optional(from);
}

}  // namespace chancery::ledger
