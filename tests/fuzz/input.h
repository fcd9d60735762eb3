// Input: the bytes of a fuzzer, handed out piece by piece to a target that needs more than one.
//
// Every call succeeds: what is not there reads as zeros or as nothing, so that no input is wasted.
// A chunk is two bytes of length, big-endian, and so many bytes; put_chunk() writes one for a seed.
// One thread.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

// What libFuzzer calls with each input. The answer is always 0.
// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace chancery::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(as_view(Bytes(data, size))) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  // Below `count`, which is not 0.
  std::size_t choice(std::size_t count) { return byte() % count; }
  bool flag() { return (byte() & 1U) != 0; }
  // Big-endian; what is missing is zeros at its end.
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
      value = (value << 8U) | byte();
    }
    return value;
  }
  Hash hash() {
    std::string bytes(take(Hash{}.size()));
    bytes.resize(Hash{}.size());
    return hash_from(bytes);
  }
  std::string_view take(std::size_t count) {
    const std::string_view part = rest_.substr(0, count);
    rest_.remove_prefix(part.size());
    return part;
  }
  std::string_view chunk() {
    const std::size_t high = byte();
    return take((high << 8U) | byte());
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

// Edits of four bytes each until the input ends: one of the file is altered, some are dropped, or
// said twice; what, where in two bytes, by what or how many.
inline std::string spoilt(std::string file, Input& input) {
  while (!input.empty() && !file.empty()) {
    const std::size_t what = input.choice(3);
    const std::size_t high = input.byte();
    const std::size_t at = ((high << 8U) | input.byte()) % file.size();
    const std::uint8_t change = input.byte();
    if (what == 0) {
      file[at] = static_cast<char>(static_cast<std::uint8_t>(file[at]) ^ change);
    } else if (what == 1) {
      file.erase(at, 1U + change);
    } else {
      file.insert(at, file.substr(at, 1U + change));
    }
  }
  return file;
}

// As long, with one byte that is another.
inline bool has_one_other_byte(std::string_view file, std::string_view good) {
  return file.size() == good.size() &&
         std::transform_reduce(file.begin(), file.end(), good.begin(), std::size_t{0}, std::plus(),
                               std::not_equal_to()) == 1;
}

inline void put_chunk(std::string& seed, std::string_view bytes) {
  const std::string_view part = bytes.substr(0, 0xffff);
  seed += static_cast<char>(part.size() >> 8U);
  seed += static_cast<char>(part.size() & 0xffU);
  seed += part;
}

}  // namespace chancery::fuzz
