// A store's write-ahead log, as somebody may have left it beside the file.
//
// Holds: bytes of any sort are judged. A log with the right checksums is good, and also where it
// ends in the middle of a frame; with a bit of a frame changed it is damaged, where a commit and
// one more frame lie behind that.

#include "io/sqlite/wal.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/encoding.h"
#include "tests/fuzz/input.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kPage = 512;
constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrame = 24 + kPage;

class File {
 public:
  File() : path_(std::filesystem::temp_directory_path() / ("wal." + std::to_string(::getpid()))) {}
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;

  [[nodiscard]] bool is_good(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    const Result<sqlite::WalExtent> checked = sqlite::check_wal(path_);
    CHANCERY_CHECK(checked.has_value() || checked.error().code == ErrorCode::kStoreDamaged);
    return checked.has_value();
  }

 private:
  std::filesystem::path path_;
};

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
  }
}

// SQLite's checksum, in big-endian words (https://sqlite.org/fileformat2.html#checksum_algorithm).
class Sum {
 public:
  void add(std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  void put(std::string& out) const {
    put_u32(out, first_);
    put_u32(out, second_);
  }

 private:
  static std::uint32_t word(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value = value << 8U | static_cast<std::uint8_t>(bytes[at + i]);
    }
    return value;
  }

  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

// Frames whose pages are the chunks of the input; the lowest bit of its length makes one a commit.
std::string log_of(Input& input, std::size_t& frame_count, std::size_t& last_commit) {
  std::string log;
  put_u32(log, 0x377f0683);
  put_u32(log, 3007000);
  put_u32(log, kPage);
  put_u32(log, 0);
  put_u32(log, 0x11111111);
  put_u32(log, 0x22222222);
  Sum sum;
  sum.add(log);
  sum.put(log);
  for (frame_count = 0; !input.empty() && frame_count < 8; ++frame_count) {
    std::string page(input.chunk());
    const bool commits = page.size() % 2 == 1;
    last_commit = commits ? frame_count : last_commit;
    page.resize(kPage, '\0');
    std::string head;
    put_u32(head, static_cast<std::uint32_t>(frame_count + 1));
    put_u32(head, commits ? 9 : 0);
    sum.add(head);
    sum.add(page);
    put_u32(head, 0x11111111);
    put_u32(head, 0x22222222);
    sum.put(head);
    log += head + page;
  }
  return log;
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chancery::fuzz;
  static const File file;
  static_cast<void>(file.is_good(chancery::as_view(chancery::Bytes(data, size))));

  Input input(data, size);
  const std::size_t place = input.number();
  std::size_t frame_count = 0;
  std::size_t last_commit = 0;
  std::string log = log_of(input, frame_count, last_commit);
  CHANCERY_CHECK(file.is_good(log));
  CHANCERY_CHECK(file.is_good(std::string_view(log).substr(0, place % (log.size() + 1))));
  // A chain is known again from the frame behind the changed one on.
  if (frame_count >= 3 && last_commit >= 2 && last_commit + 1 < frame_count) {
    const std::size_t bits = 8 * kFrame * (last_commit - 1);
    const std::size_t bit = place % bits;
    char& changed = log[kHeader + bit / 8];
    changed = static_cast<char>(static_cast<std::uint8_t>(changed) ^ (1U << bit % 8));
    CHANCERY_CHECK(!file.is_good(log));
  }
  return 0;
}
