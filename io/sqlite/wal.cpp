#include "io/sqlite/wal.h"

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <span>
#include <vector>

namespace chancery::sqlite {
namespace {

constexpr std::uint32_t kWalMagic = 0x377f0682;  // The lowest bit: checksums of big-endian words.
constexpr std::uint32_t kPageSize = 8192;        // Of our stores.
constexpr std::uint32_t kPageSizeMax = 65536;
constexpr std::size_t kWalHeaderSize = 32;
constexpr std::size_t kHeaderSummed = 24;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::size_t kFrameHeaderSummed = 8;

std::uint32_t u32_at(std::span<const std::uint8_t> bytes, std::size_t at, bool big_endian = true) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{bytes[at + i]} << (8U * (big_endian ? 3 - i : i));
  }
  return value;
}

using Pair = WalSalts;  // Two words that are written big-endian: salts, or a checksum.

Pair pair_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return {.first = u32_at(bytes, at), .second = u32_at(bytes, at + 4)};
}

Pair advance(Pair sum, std::span<const std::uint8_t> bytes, bool big_endian) {
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    sum.first += u32_at(bytes, at, big_endian) + sum.second;
    sum.second += u32_at(bytes, at + 4, big_endian) + sum.first;
  }
  return sum;
}

bool read(std::ifstream& file, std::span<std::uint8_t> out) {
  file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  return static_cast<std::size_t>(file.gcount()) == out.size();
}

}  // namespace

Result<WalExtent> check_wal(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<std::uint8_t, kWalHeaderSize> header{};
  if (!file || !read(file, header)) {
    return WalExtent();  // None, or nothing in it yet.
  }
  const bool big_endian = u32_at(header, 0) == (kWalMagic | 1U);
  std::uint32_t page_size = u32_at(header, 8);
  const bool header_fits =
      (u32_at(header, 0) | 1U) == (kWalMagic | 1U) && std::has_single_bit(page_size) &&
      page_size >= 512 && page_size <= kPageSizeMax &&
      advance({}, std::span(header).first(kHeaderSummed), big_endian) == pair_at(header, 24);
  page_size = header_fits ? page_size : kPageSize;
  Pair salts = pair_at(header, 16);
  Pair sum = pair_at(header, 24);
  std::vector<std::uint8_t> frame(kFrameHeaderSize + page_size);
  std::uint64_t damaged_at = 0;
  bool broken = !header_fits;
  WalExtent extent;
  if (header_fits) {
    extent.salts = salts;
  }
  std::uint32_t page_count = 0;
  bool committed = false;  // The frame before is a commit, in a chain that begins behind the break.
  for (std::uint64_t offset = kWalHeaderSize; read(file, frame); offset += frame.size()) {
    const std::span<const std::uint8_t> bytes(frame);
    const Pair expected = advance(advance(sum, bytes.first(kFrameHeaderSummed), big_endian),
                                  bytes.subspan(kFrameHeaderSize), big_endian);
    const Pair stored = pair_at(bytes, 16);
    const bool fits = pair_at(bytes, 8) == salts && expected == stored;
    if (!broken && !fits) {
      broken = true;
      damaged_at = offset;
    } else if (broken) {
      if (fits && committed) {
        return fail(ErrorCode::kStoreDamaged, path + " does not fit its checksum at byte " +
                                                  std::to_string(damaged_at) +
                                                  ", and was synced beyond it");
      }
      committed = fits && u32_at(bytes, 4) != 0;
    } else if (++page_count; u32_at(bytes, 4) != 0) {
      extent.page_count = page_count;
    }
    sum = stored;
    salts = header_fits ? salts : pair_at(bytes, 8);
  }
  return extent;
}

}  // namespace chancery::sqlite
