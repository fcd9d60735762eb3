#include "io/sqlite/wal_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

namespace chancery::sqlite {
namespace {

constexpr std::uint32_t kMagic = 0x4348776d;  // "CHwm"
constexpr std::size_t kWordCount = 5;
constexpr off_t kSaltsOffset = 16;  // In the header of a WAL.

struct Mark {
  WalSalts salts;
  std::uint32_t page_count = 0;
};

using Words = std::array<std::uint32_t, kWordCount>;
using MarkBytes = std::array<std::uint8_t, 4 * kWordCount>;

std::string mark_of(const std::string& database) {
  return database + "-mark";
}

MarkBytes encode(const Mark& mark) {
  Words words{kMagic, mark.salts.first, mark.salts.second, mark.page_count, 0};
  words[4] = words[0] ^ words[1] ^ words[2] ^ words[3];
  MarkBytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(words[i / 4] >> (8U * (3 - i % 4)));
  }
  return bytes;
}

std::optional<Mark> read_mark(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  MarkBytes bytes{};
  file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  if (static_cast<std::size_t>(file.gcount()) != bytes.size()) {
    return std::nullopt;
  }
  Words words{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    words[i / 4] = (words[i / 4] << 8U) | bytes[i];
  }
  const Mark mark{.salts = {.first = words[1], .second = words[2]}, .page_count = words[3]};
  return encode(mark) == bytes ? std::optional(mark) : std::nullopt;
}

// SQLite begins a WAL anew with the first salt one higher.
bool is_later(WalSalts a, WalSalts b) {
  const std::uint32_t distance = a.first - b.first;
  return distance != 0 && distance < (1U << 31U);
}

}  // namespace

WalMark::WalMark(const std::string& database) : path_(mark_of(database)), wal_(database + "-wal") {}

WalMark::~WalMark() {
  close();
}

void WalMark::close() noexcept {
  for (int* const fd : {&mark_fd_, &wal_fd_}) {
    if (*fd >= 0) {
      ::close(std::exchange(*fd, -1));
    }
  }
}

void WalMark::committed(std::uint32_t page_count) noexcept {
  if (wal_fd_ < 0) {
    wal_fd_ = ::open(wal_.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (mark_fd_ < 0) {
    mark_fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  std::array<std::uint8_t, 8> salts{};
  if (wal_fd_ < 0 || mark_fd_ < 0 ||
      ::pread(wal_fd_, salts.data(), salts.size(), kSaltsOffset) != std::ssize(salts)) {
    return;
  }
  Mark mark{.salts = {}, .page_count = page_count};
  for (std::size_t i = 0; i < 4; ++i) {
    mark.salts.first = (mark.salts.first << 8U) | salts[i];
    mark.salts.second = (mark.salts.second << 8U) | salts[4 + i];
  }
  const MarkBytes bytes = encode(mark);
  [[maybe_unused]] const ssize_t written = ::pwrite(mark_fd_, bytes.data(), bytes.size(), 0);
}

void WalMark::clear() noexcept {
  close();
  if (::unlink(path_.c_str()) != 0) {
    return;
  }
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
}

Result<void> check_wal_mark(const std::string& database, const WalExtent& found) {
  const std::optional<Mark> mark = read_mark(mark_of(database));
  if (!mark.has_value()) {
    return {};
  }
  // One that began anew did so after all that was marked had come to the main file, and may have no
  // commit yet.
  const bool is_same = found.salts == mark->salts;
  const bool whole = is_same ? found.page_count >= mark->page_count
                             : found.salts.has_value() && is_later(*found.salts, mark->salts);
  if (whole) {
    return {};
  }
  const std::string wal = database + "-wal";
  return fail(ErrorCode::kStoreDamaged,
              wal + " is missing, cut off or an earlier one: " + std::to_string(mark->page_count) +
                  " pages were synced, and " +
                  (is_same ? std::to_string(found.page_count) : "none") +
                  " of them are there. What was acknowledged last is in it: put it back. Where it "
                  "is lost for good, move " +
                  mark_of(database) + " away, and what it held is lost, too");
}

}  // namespace chancery::sqlite
