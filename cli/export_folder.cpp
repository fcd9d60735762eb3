#include "cli/export_folder.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/exchange/exported_directory.h"
#include "core/ledger/note.h"
#include "core/ledger/witness_policy.h"
#include "io/os/bulk_files.h"
#include "io/os/file.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kBundleBytesMax = ledger::kTileWidth * (2 + ledger::kTileEntryBytesMax);
constexpr std::size_t kHashTileBytesMax = ledger::kTileWidth * ledger::kTileHashBytes;

std::size_t bytes_max(std::string_view name) {
  if (name == kDirectoryFile) {
    return exchange::kExportedDirectoryBytesMax;
  }
  return name == kPolicyFile ? ledger::kPolicyBytesMax : ledger::kNoteBytesMax;
}

}  // namespace

std::string ExportFolder::path_of(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

bool ExportFolder::has(std::string_view name) const {
  std::error_code unknown;
  return std::filesystem::exists(std::filesystem::symlink_status(path_of(name), unknown));
}

Result<std::string> ExportFolder::read(std::string_view name) const {
  return os::read_file(path_of(name), bytes_max(name));
}

Result<std::string> ExportFolder::read(const ledger::Tile& tile) const {
  return os::read_file(path_of(ledger::tile_name(tile)),
                       tile.entries ? kBundleBytesMax : kHashTileBytesMax);
}

ledger::TileSource ExportFolder::files() const {
  return [this](const ledger::Tile& tile) { return read(tile); };
}

ledger::TileSource ExportFolder::within(std::uint64_t size) const {
  return [this, size](const ledger::Tile& wanted) -> Result<std::string> {
    ledger::Tile tile = wanted;
    const std::uint64_t hashes = ledger::hashes_at(wanted.level, size);
    const std::uint64_t before = wanted.index * ledger::kTileWidth;
    if (hashes < before + wanted.width) {
      return fail(ErrorCode::kFileMissing, ledger::tile_name(wanted) + " of a smaller tree");
    }
    tile.width =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(hashes - before, ledger::kTileWidth));
    CHANCERY_TRY(std::string bytes, read(tile));
    if (bytes.size() != tile.width * ledger::kTileHashBytes) {
      return fail(ErrorCode::kMalformed,
                  ledger::tile_name(tile) + " has " + std::to_string(bytes.size()) + " bytes");
    }
    bytes.resize(wanted.width * ledger::kTileHashBytes);
    return bytes;
  };
}

Result<void> ExportFolder::put(const ledger::Tile& tile, std::string_view bytes) {
  const std::string path = path_of(ledger::tile_name(tile));
  const std::string folder = path.substr(0, path.rfind('/'));
  if (folder != made_) {
    CHANCERY_TRY_VOID(os::make_folders(folder));
    made_ = folder;
  }
  return os::put_file(path, bytes);
}

Result<void> ExportFolder::replace(std::string_view name, std::string_view bytes) const {
  if (const Result<std::string> there = read(name); there.has_value() && *there == bytes) {
    return {};
  }
  return os::replace_file(path_of(name), bytes, 0644);
}

Result<void> ExportFolder::remove(std::string_view name) const {
  return os::remove_file(path_of(name));
}

Result<void> ExportFolder::sweep(std::uint64_t size) const {
  std::vector<std::string> surplus;
  CHANCERY_TRY_VOID(os::for_each_file(path_, [&](const os::FoundFile& file) -> Result<void> {
    const Result<ledger::Tile> tile = ledger::parse_tile_name(file.name);
    const bool is_surplus = tile.has_value() ? !ledger::is_tile_of(*tile, size)
                                             : file.name.find('/') == std::string::npos &&
                                                   file.name.find(".new-") != std::string::npos;
    if (is_surplus) {
      surplus.push_back(file.name);
    }
    return {};
  }));
  for (const std::string& name : surplus) {
    CHANCERY_TRY_VOID(remove(name));
  }
  os::remove_empty_folders(path_);
  return {};
}

Result<void> ExportFolder::remove_partial(std::uint64_t before, std::uint64_t size) const {
  for (std::size_t level = 0; level < ledger::kTreeLevels; ++level) {
    const std::uint64_t hashes = ledger::hashes_at(level, before);
    ledger::Tile tile{.level = static_cast<std::uint8_t>(level),
                      .index = hashes / ledger::kTileWidth,
                      .width = static_cast<std::uint16_t>(hashes % ledger::kTileWidth)};
    if (tile.width == 0 || ledger::is_tile_of(tile, size)) {
      continue;
    }
    CHANCERY_TRY_VOID(remove(ledger::tile_name(tile)));
    if (level == 0) {
      tile.entries = true;
      CHANCERY_TRY_VOID(remove(ledger::tile_name(tile)));
    }
  }
  return {};
}

}  // namespace chancery::cli
