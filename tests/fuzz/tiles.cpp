// Tiles as another log's export has them. First byte: 0 the bytes are a name; 1 a width and a
// bundle of entries; 2 two sizes, whose tiles are listed; 3 a size and the tiles at its right edge,
// each under a length that the input chooses, and then so many leaves.
//
// Holds: one spelling per name and bundle, both ways; a tree's list has each tile once, in order,
// with so many hashes as the tree has; a tree goes on from its tiles like one that was there.

#include "core/ledger/tiles.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"

using chancery::Hash;
namespace ledger = chancery::ledger;

namespace {

constexpr std::size_t kListedMax = 300;
constexpr std::size_t kNamedMax = 8;  // Names have a case of their own.
constexpr std::size_t kHashBytes = 32;

void check_name(std::string_view bytes) {
  if (const auto tile = ledger::parse_tile_name(bytes); tile.has_value()) {
    CHANCERY_CHECK(ledger::tile_name(*tile) == bytes);
    CHANCERY_CHECK(tile->width >= 1 && tile->width <= ledger::kTileWidth);
    CHANCERY_CHECK(tile->level <= ledger::kTileLevelMax && !(tile->entries && tile->level != 0));
  }
}

void check_bundle(chancery::fuzz::Input& input) {
  const std::size_t width = input.choice(ledger::kTileWidth) + 1;
  const std::string_view bundle = input.rest();
  const auto entries = ledger::parse_bundle(bundle, width);
  if (entries.has_value()) {
    std::string again;
    for (const std::string_view entry : *entries) {
      CHANCERY_CHECK(ledger::append_entry(again, chancery::as_bytes(entry)).has_value());
    }
    CHANCERY_CHECK(entries->size() == width && again == bundle);
  }
}

void check_list(chancery::fuzz::Input& input) {
  const std::uint64_t a = input.number();
  const std::uint64_t b = input.number();
  const bool entries = input.flag();
  const std::uint64_t size = std::max(a, b);
  const std::uint64_t since = std::min(a, b);
  const auto tiles =
      entries ? ledger::TreeTiles::entries(size, since) : ledger::TreeTiles::hashes(size, since);
  std::optional<ledger::Tile> before;
  std::size_t listed = 0;
  for (const ledger::Tile& tile : tiles) {
    const std::uint64_t had = since >> (8U * tile.level);
    const std::uint64_t has = size >> (8U * tile.level);
    const std::uint64_t first = tile.index * 256;
    CHANCERY_CHECK(tile.entries == entries && (!entries || tile.level == 0));
    CHANCERY_CHECK(first < has && tile.width == std::min<std::uint64_t>(has - first, 256));
    CHANCERY_CHECK(first + (tile.width - 1U) >= had);  // It has a hash that is new.
    const bool next = before.has_value() && before->level == tile.level;
    CHANCERY_CHECK(next ? tile.index == before->index + 1 : tile.index == had / 256);
    CHANCERY_CHECK(!before.has_value() || tile.level >= before->level);
    if (listed < kNamedMax || tile.width < ledger::kTileWidth) {
      CHANCERY_CHECK(ledger::parse_tile_name(ledger::tile_name(tile)).value() == tile);
    }
    before = tile;
    if (++listed == kListedMax) {
      return;
    }
  }
  CHANCERY_CHECK((listed == 0) == (size == since));
}

void check_maker(chancery::fuzz::Input& input) {
  const std::uint64_t size = input.number() >> input.choice(64);
  const std::size_t more = 1 + input.choice(4);
  std::map<std::uint8_t, std::string> given;
  bool fits = true;
  const auto source = [&](const ledger::Tile& tile) -> chancery::Result<std::string> {
    CHANCERY_CHECK(tile.width < ledger::kTileWidth && !given.contains(tile.level));
    std::string bytes(input.take(input.byte()));
    const std::size_t kind = input.choice(8);
    const std::size_t whole = kind == 0 ? 256 : tile.width;
    if (kind != 1) {
      bytes.resize(kHashBytes * whole, static_cast<char>(tile.level));
    }
    fits = fits && (bytes.size() == kHashBytes * tile.width || bytes.size() == 8192);
    given[tile.level] = bytes.substr(0, kHashBytes * tile.width);
    return bytes;
  };
  auto maker = ledger::TileMaker::resume(size, source);
  CHANCERY_CHECK(maker.has_value() == fits);
  if (!fits || size > ~std::uint64_t{0} - more) {
    return;
  }
  // The edge that the same hashes make: of each level the full subtrees, largest first.
  std::vector<Hash> edge;
  for (auto level = given.rbegin(); level != given.rend(); ++level) {
    ledger::CompactTree row;
    for (std::size_t at = 0; at < level->second.size(); at += kHashBytes) {
      row.append(chancery::hash_from(std::string_view(level->second).substr(at, kHashBytes)));
    }
    edge.insert(edge.end(), row.edge().begin(), row.edge().end());
  }
  auto tree = ledger::CompactTree::resume(size, edge).value();
  CHANCERY_CHECK(maker->root() == tree.root());
  for (std::uint64_t i = 0; i < more; ++i) {
    const Hash leaf = ledger::leaf_hash(chancery::u64_be(i));
    const auto full = maker->append(leaf);
    tree.append(leaf);
    auto listed = ledger::TreeTiles::hashes(maker->size(), maker->size() - 1).begin();
    for (const ledger::MadeTile& made : full) {
      CHANCERY_CHECK(made.tile == *listed && made.bytes.size() == 8192);
      ++listed;
    }
  }
  CHANCERY_CHECK(maker->root() == tree.root());
  for (const ledger::MadeTile& made : maker->partial()) {
    CHANCERY_CHECK(made.bytes.size() == kHashBytes * made.tile.width && made.tile.width < 256);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      check_name(input.rest());
      break;
    case 1:
      check_bundle(input);
      break;
    case 2:
      check_list(input);
      break;
    default:
      check_maker(input);
  }
  return 0;
}
