// The folder of an export: a log at rest, as c2sp.org/tlog-tiles has it, and what it is verified
// by.
//
//   checkpoint   log.vkey   policy.txt   directory   tile/<L>/<N>[.p/<W>] tile/entries/<N>[.p/<W>]
//   unfinished   only while an export is under way, or was cut off
//
// docs/reference/exports.md. Names are below the folder. One thread; who writes holds its lock.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/ledger/tiles.h"

namespace chancery::cli {

inline constexpr std::string_view kCheckpointFile = "checkpoint";
inline constexpr std::string_view kVkeyFile = "log.vkey";
inline constexpr std::string_view kPolicyFile = "policy.txt";
inline constexpr std::string_view kDirectoryFile = "directory";
inline constexpr std::string_view kUnfinishedFile = "unfinished";

class ExportFolder {
 public:
  explicit ExportFolder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  // At most as much as a file of this name may have. kFileMissing, kLimitExceeded, kIo.
  [[nodiscard]] Result<std::string> read(std::string_view name) const;
  [[nodiscard]] Result<std::string> read(const ledger::Tile& tile) const;
  [[nodiscard]] ledger::TileSource files() const;
  // The hash tiles of a smaller tree, cut out of those of the tree of `size` that lies here.
  [[nodiscard]] ledger::TileSource within(std::uint64_t size) const;

  // Not durable yet (io/os/bulk_files.h).
  [[nodiscard]] Result<void> put(const ledger::Tile& tile, std::string_view bytes);
  // Durable when it returns; left as it is where these bytes are there.
  [[nodiscard]] Result<void> replace(std::string_view name, std::string_view bytes) const;
  [[nodiscard]] Result<void> remove(std::string_view name) const;

  // Takes away all tiles that a tree of this size has not, and what writes left behind.
  [[nodiscard]] Result<void> sweep(std::uint64_t size) const;
  // The same where a tree grew and nothing was left behind: its partial tiles of before.
  [[nodiscard]] Result<void> remove_partial(std::uint64_t before, std::uint64_t size) const;

 private:
  std::string path_;
  std::string made_;  // The folder that was made last.
};

}  // namespace chancery::cli
