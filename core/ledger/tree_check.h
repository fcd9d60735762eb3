// A tree at rest, checked: bundles of entries, and every hash tile above them, against what the
// bundles hash to.
//
// All bytes are read once, bundle by bundle, and each leaf is hashed once. Where a tile is not what
// the files below it make, the hash that the level above has for it tells which of the two is at
// fault: that file is named, and what is right goes on upwards. At the right edge the root tells.
// Files that are not part of the tree are for the caller to find (is_tile_of() in tiles.h).
//
// A few tiles in memory, whatever the size. Pure: files come from a function. One thread.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/tiles.h"

namespace chancery::ledger {

struct FileFinding {
  std::string file;  // As tile_name() has it, or another file's name.
  Error error;
};

class TreeCheck {
 public:
  static constexpr std::size_t kFindingsMax = 100;

  // Of the tree of this size and root. The source gives the bytes of hash tiles and bundles,
  // exactly as they lie there; what it fails with is a finding where it says something of the file
  // (kFileMissing, kLimitExceeded: larger than any), and ends the check otherwise.
  TreeCheck(std::uint64_t size, const Hash& root, TileSource files)
      : size_(size), root_(root), files_(std::move(files)) {}

  // Also where kFindingsMax are known: a size that nobody signed may be any.
  [[nodiscard]] bool done() const { return checked_ == size_ || findings_.size() >= kFindingsMax; }
  [[nodiscard]] std::uint64_t checked() const { return checked_; }
  // The next bundle, with the tiles that are full with it.
  [[nodiscard]] Result<void> step();
  // The entries of that bundle; none where it is not what the tree has. Until the next step.
  [[nodiscard]] const std::vector<std::string_view>& entries() const { return entries_; }
  // After the last: the partial tiles and the root.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const std::vector<FileFinding>& findings() const { return findings_; }

 private:
  using Bytes = std::optional<std::string>;  // Nothing where a file cannot be used.

  void found(const Tile& tile, ErrorCode code, std::string detail);
  // What lies there; nothing, and a finding, where it is not there or as long as no such tile.
  Result<Bytes> read(const Tile& tile);
  // The hashes of the leaves in the bundle.
  Bytes hash_bundle(const Tile& tile, Bytes bundle);
  // `made` of what is below; gives what is to go on with.
  Result<std::string> compare(const Tile& tile, const Bytes& made);
  // What the level above has for a full tile, as far as it can be read.
  std::string claimed(const Tile& tile);
  void blame_below(const Tile& tile, const std::string& made, const std::string& there);
  Result<void> raise(std::uint8_t level, const std::string& full_tile);
  void judge_edge(const std::array<std::string, kTreeLevels>& there);

  std::uint64_t size_;
  Hash root_;
  TileSource files_;
  std::uint64_t checked_ = 0;
  std::string bundle_;
  std::vector<std::string_view> entries_;
  std::array<std::string, kTreeLevels> edge_;
  bool edge_known_ = true;  // The last bundle could be used.
  std::vector<FileFinding> findings_;
};

// The first entry in which two trees differ, of those that both have; nothing where one tree begins
// with the other. By their tiles, of which both have what their roots are made of.
[[nodiscard]] Result<std::optional<std::uint64_t>> first_difference(std::uint64_t size,
                                                                    const TileSource& one,
                                                                    std::uint64_t other_size,
                                                                    const TileSource& other);

}  // namespace chancery::ledger
