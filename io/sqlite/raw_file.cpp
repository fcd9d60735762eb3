#include "io/sqlite/raw_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "io/sqlite/failure.h"

namespace chancery::sqlite {
namespace {

constexpr std::size_t kChunkSize = std::size_t{1} << 20U;

sqlite3_file* file_of(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  CHANCERY_CHECK(file != nullptr && file->pMethods != nullptr);
  return file;
}

Result<void> copy_database(sqlite3* connection, const std::string& target) {
  CHANCERY_TRY(const std::uint64_t size, raw_size(connection));
  std::ofstream out(target, std::ios::binary);
  std::vector<std::uint8_t> chunk(kChunkSize);
  for (std::uint64_t offset = 0; offset < size; offset += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(kChunkSize, size - offset));
    CHANCERY_TRY_VOID(read_raw(connection, offset, chunk));
    out.write(reinterpret_cast<const char*>(chunk.data()),
              static_cast<std::streamsize>(chunk.size()));
  }
  out.close();
  if (!out) {
    return fail(ErrorCode::kIo, "cannot write " + target);
  }
  return {};
}

}  // namespace

bool has_content(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return !error && size > 0;
}

Result<void> read_raw(sqlite3* connection, std::uint64_t offset, std::span<std::uint8_t> out) {
  sqlite3_file* const file = file_of(connection);
  const int code = file->pMethods->xRead(file, out.data(), static_cast<int>(out.size()),
                                         static_cast<sqlite3_int64>(offset));
  if (code == SQLITE_IOERR_SHORT_READ) {
    return fail(ErrorCode::kStoreDamaged, "the file ends too early");
  }
  if (code != SQLITE_OK) {
    return sqlite_failure(code, nullptr, "read");
  }
  return {};
}

Result<std::uint64_t> raw_size(sqlite3* connection) {
  sqlite3_file* const file = file_of(connection);
  sqlite3_int64 size = 0;
  if (const int code = file->pMethods->xFileSize(file, &size); code != SQLITE_OK) {
    return sqlite_failure(code, nullptr, "size");
  }
  return static_cast<std::uint64_t>(size);
}

Result<void> lock_shared(sqlite3* connection) {
  sqlite3_file* const file = file_of(connection);
  if (const int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED); code != SQLITE_OK) {
    return sqlite_failure(code, nullptr,
                          std::string("lock ") + sqlite3_db_filename(connection, "main"));
  }
  return {};
}

Result<void> copy_store(sqlite3* connection, const std::string& path, const std::string& folder) {
  const std::string target =
      (std::filesystem::path(folder) / std::filesystem::path(path).filename()).string();
  CHANCERY_TRY_VOID(copy_database(connection, target));
  for (const char* const suffix : {"-wal", "-journal"}) {
    if (!has_content(path + suffix)) {
      continue;
    }
    std::error_code error;
    if (!std::filesystem::copy_file(path + suffix, target + suffix, error)) {
      return fail(ErrorCode::kIo, "copy " + path + suffix + ": " + error.message());
    }
  }
  return {};
}

}  // namespace chancery::sqlite
