// Opening a store to look at it, without leaving a trace. See OpenMode::kReadOnly.

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "io/sqlite/database.h"
#include "io/sqlite/failure.h"
#include "io/sqlite/raw_file.h"
#include "io/sqlite/wal.h"
#include "io/sqlite/wal_mark.h"

namespace chancery::sqlite {
namespace {

constexpr int kReadFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
constexpr int kCopyFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

// SQLite's URI form: https://sqlite.org/uri.html. Immutable: no locks, no WAL, no files made.
std::string immutable_uri(const std::string& absolute_path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri = "file://";
  for (const char c : absolute_path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += kDigits[byte >> 4U];
      uri += kDigits[byte & 0xfU];
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

// Mode 0700, and removed with all that is in it.
class PrivateFolder {
 public:
  static Result<PrivateFolder> make() {
    std::error_code error;
    const auto parent = std::filesystem::temp_directory_path(error);
    std::string path = (parent / "chancery-read-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return fail(ErrorCode::kIo, "cannot make a private folder in " + parent.string());
    }
    return PrivateFolder(std::move(path));
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder() {
    if (!path_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace

Result<Database> Database::open_read_only(const std::string& path, const OpenOptions& options) {
  // This connection never reads through SQLite: it holds the lock and the raw file.
  CHANCERY_TRY(Database guard, connect(path, kReadFlags));
  CHANCERY_TRY_VOID(lock_shared(guard.connection_.get()));
  CHANCERY_TRY(const WalExtent wal, check_wal(path + "-wal"));
  CHANCERY_TRY_VOID(check_wal_mark(path, wal));
  CHANCERY_TRY(const std::uint64_t size, raw_size(guard.connection_.get()));
  if (size == 0) {
    return fail(ErrorCode::kStoreDamaged, path + " is empty");
  }

  if (!has_content(path + "-wal") && !has_content(path + "-journal")) {
    CHANCERY_TRY(Database database, connect(immutable_uri(path), kReadFlags | SQLITE_OPEN_URI));
    CHANCERY_TRY_VOID(database.finish_read_only(path, options));
    // While it is read, no owner may start to write it.
    database.guard_ = std::move(guard.connection_);
    return database;
  }

  CHANCERY_TRY(const PrivateFolder folder, PrivateFolder::make());
  CHANCERY_TRY_VOID(copy_store(guard.connection_.get(), path, folder.path()));
  const std::string copy =
      (std::filesystem::path(folder.path()) / std::filesystem::path(path).filename()).string();
  CHANCERY_TRY(Database database, connect(copy, kCopyFlags));
  // SQLite has opened both files once it has read, and exclusive mode keeps them open: the folder
  // can go, so that not even a crash leaves a copy behind.
  CHANCERY_TRY_VOID(database.execute("PRAGMA locking_mode=EXCLUSIVE"));
  CHANCERY_TRY_VOID(database.finish_read_only(path, options));
  return database;
}

Result<Database> Database::temporary_copy() {
  CHANCERY_TRY(Database copy, connect("", kCopyFlags | SQLITE_OPEN_CREATE));
  CHANCERY_TRY_VOID(copy.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"));
  sqlite3_backup* const backup =
      sqlite3_backup_init(copy.connection_.get(), "main", connection_.get(), "main");
  if (backup != nullptr) {
    sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
  }
  const int code = sqlite3_errcode(copy.connection_.get());
  if (code != SQLITE_OK) {
    return sqlite_failure(code, copy.connection_.get(), "copying into TMPDIR");
  }
  return copy;
}

Result<void> Database::set_read_only() {
  return execute("PRAGMA query_only=ON");
}

Result<void> Database::finish_read_only(const std::string& path, const OpenOptions& options) {
  CHANCERY_TRY_VOID(check_identity(path, options));
  return execute(
      "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; "
      "PRAGMA cache_size=-" +
      std::to_string(options.cache_kib));
}

}  // namespace chancery::sqlite
