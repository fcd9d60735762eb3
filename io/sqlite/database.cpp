#include "io/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "io/sqlite/failure.h"
#include "io/sqlite/raw_file.h"
#include "io/sqlite/wal.h"
#include "io/sqlite/wal_mark.h"

namespace chancery::sqlite {
namespace {

constexpr std::uint32_t kNumberMax = 0x7fffffff;
constexpr int kOwnerFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

// The first page opens with this: https://sqlite.org/fileformat2.html#the_database_header
constexpr std::size_t kDatabaseHeaderSize = 100;
constexpr std::size_t kUserVersionOffset = 60;
constexpr std::size_t kApplicationIdOffset = 68;
constexpr std::string_view kDatabaseMagic = {"SQLite format 3\0", 16};

constexpr int kPagesWhoeverWaits = 4;  // Times what is moved when nobody does.

// SQLite's own hook passes over what becomes of its checkpoint. That something is in the way, or no
// room, is a reason to try after the next commit: the WAL has it all. A sync that failed is none:
// what it was for may be on no disk, though the next one succeeds.
int move_pages(sqlite3* connection, const char* schema) {
  const int code =
      sqlite3_wal_checkpoint_v2(connection, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  const bool failed = (code & 0xff) == SQLITE_IOERR && !is_disk_full(code, connection);
  return failed ? code : SQLITE_OK;
}

int after_commit(void* hook, sqlite3* connection, const char* schema, int page_count) {
  auto& committed = *static_cast<CommitHook*>(hook);
  if (committed.mark != nullptr) {
    committed.mark->committed(static_cast<std::uint32_t>(page_count));
  }
  committed.page_count = page_count;
  if (page_count / kPagesWhoeverWaits < committed.checkpoint_pages) {
    return SQLITE_OK;
  }
  committed.page_count = 0;
  return move_pages(connection, schema);
}

std::unexpected<Error> system_failure(std::string_view call, const std::string& path) {
  const int number = errno;
  const ErrorCode code = number == ENOENT   ? ErrorCode::kFileMissing
                         : number == EEXIST ? ErrorCode::kExists
                         : number == ENOSPC ? ErrorCode::kDiskFull
                                            : ErrorCode::kIo;
  return fail(code, std::string(call) + ' ' + path + ": " +
                        (number == ENOSPC ? "disk full" : std::generic_category().message(number)));
}

std::uint32_t u32_from_be(std::span<const std::uint8_t> bytes) {
  return (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) |
         (std::uint32_t{bytes[2]} << 8U) | bytes[3];
}

Result<void> require_identity(const std::string& path, std::uint32_t application_id,
                              std::uint32_t user_version, const OpenOptions& options) {
  if (application_id != options.application_id) {
    return fail(ErrorCode::kStoreDamaged, path + " is no store of this kind: application id " +
                                              std::to_string(application_id) + ", expected " +
                                              std::to_string(options.application_id));
  }
  if (user_version > options.user_version) {
    return fail(ErrorCode::kStoreVersion, path + " has version " + std::to_string(user_version) +
                                              ", this program knows up to " +
                                              std::to_string(options.user_version));
  }
  return {};
}

// Before SQLite reads anything, since reading makes a WAL file even where it is then refused. With
// a WAL the newest header may be there, and check_identity() looks again.
Result<void> check_header(sqlite3* connection, const std::string& path,
                          const OpenOptions& options) {
  std::array<std::uint8_t, kDatabaseHeaderSize> header{};
  if (const auto read = read_raw(connection, 0, header); !read) {
    return fail(read.error().code, path + ": " + read.error().detail);
  }
  const std::span<const std::uint8_t> bytes(header);
  if (as_view(bytes.first(kDatabaseMagic.size())) != kDatabaseMagic) {
    return fail(ErrorCode::kStoreDamaged, path + " is not an SQLite file");
  }
  return require_identity(path, u32_from_be(bytes.subspan(kApplicationIdOffset, 4)),
                          u32_from_be(bytes.subspan(kUserVersionOffset, 4)), options);
}

Result<void> check_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return system_failure("open", path);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kStoreDamaged, path + " is not a regular file");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kFilePermissions, path + " gives others a right: chmod 600 it");
  }
  // Texts that were opened are in it as well.
  struct stat wal{};
  if (::lstat((path + "-wal").c_str(), &wal) == 0 && (wal.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kFilePermissions,
                path + "-wal " +
                    (S_ISLNK(wal.st_mode) ? "is a link: put the file itself there"
                                          : "gives others a right: chmod 600 it"));
  }
  if (status.st_size == 0) {
    return fail(ErrorCode::kStoreDamaged,
                path + " is empty: its creation was interrupted, or somebody emptied it. Move it " +
                    "away with what lies beside it, and restore a backup where there was one");
  }
  return {};
}

// Where the store itself is: SQLite puts its WAL there, whatever link led to it, and so does the
// mark of the WAL. What lies beside the link instead belongs to it all the same, and was left
// behind.
Result<std::string> place_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) {
    return path;
  }
  std::string real = std::filesystem::canonical(path, error).string();
  if (error) {
    return path;  // It leads nowhere: whoever opens it says so.
  }
  for (const char* const suffix : {"-wal", "-journal", "-mark"}) {
    const std::string left = path + suffix;
    const std::string place = real + suffix;
    if (left != place && std::filesystem::exists(std::filesystem::symlink_status(left, error))) {
      std::string detail = left;
      detail += " lies beside a link, and the store is " + real;
      detail += ": move it to " + place + ", where there is none, before anything is started";
      return fail(ErrorCode::kStoreDamaged, detail);
    }
  }
  return real;
}

// Where a new store is to be made. A link that leads nowhere is something, though stat() and
// access() find no file.
Result<void> require_free(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    return fail(ErrorCode::kExists, path + " is a link, and what it leads to is not there");
  }
  for (const char* const suffix : {"-wal", "-journal", "-mark"}) {
    // It would be taken for a part of the new file.
    if (::lstat((path + suffix).c_str(), &status) == 0) {
      return fail(ErrorCode::kExists, path + suffix + " of another store is there");
    }
  }
  return {};
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int folder_file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder_file >= 0 && ::fsync(folder_file) == 0;
  const int number = errno;
  if (folder_file >= 0) {
    ::close(folder_file);
  }
  if (!synced) {
    errno = number;
    return system_failure("fsync", folder);
  }
  return {};
}

Result<void> make_file(const std::string& path) {
  CHANCERY_TRY_VOID(require_free(path));
  // SQLite gives the mode of the database to the files beside it.
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {
    return system_failure("create", path);
  }
  ::close(file);
  const Result<void> synced = sync_folder_of(path);
  if (!synced.has_value()) {
    ::unlink(path.c_str());
  }
  return synced;
}

// Nobody asks SQLite how much memory it has, and each allocation would take a lock to count it.
// Before the first connection; elsewhere it does nothing.
void count_no_memory() {
  [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void set_flag(sqlite3* connection, int option, bool on) {
  sqlite3_db_config(connection, option, on ? 1 : 0, nullptr);
}

}  // namespace

Result<void> check_place(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return require_free(path);
  }
  CHANCERY_TRY(const std::string real, place_of(path));
  CHANCERY_TRY_VOID(check_file(real));
  if (::faccessat(AT_FDCWD, real.c_str(), R_OK | W_OK, AT_EACCESS) != 0) {
    return system_failure("write", real);
  }
  return {};
}

void remove_store(const std::string& path) {
  for (const char* const suffix : {"", "-wal", "-journal", "-mark"}) {
    ::unlink((path + suffix).c_str());
  }
}

Result<void> give_place(const std::string& finished, const std::string& path) {
  if (has_content(finished + "-wal")) {
    return fail(ErrorCode::kDiskFull, finished + " has no room for what is in its WAL");
  }
  if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    return system_failure("rename to", path);
  }
  return sync_folder_of(std::filesystem::absolute(path).string());
}

bool is_there(const std::string& path, const Medium& medium) {
  if (medium.vfs.empty()) {
    struct stat unused{};
    return ::stat(path.c_str(), &unused) == 0;
  }
  sqlite3_vfs* const vfs = sqlite3_vfs_find(medium.vfs.c_str());
  int there = 0;
  return vfs != nullptr && vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &there) == 0 &&
         there != 0;
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

Database::Database(sqlite3* connection) : connection_(connection) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&& other) noexcept {
  if (this != &other) {
    close();
    connection_ = std::move(other.connection_);
    files_ = std::move(other.files_);
    commit_hook_ = std::move(other.commit_hook_);
    mark_ = std::move(other.mark_);
    guard_ = std::move(other.guard_);
  }
  return *this;
}
Database::~Database() {
  close();
}

// It writes the WAL into the database and removes it, unless open_owner() or a guard said no.
void Database::close() noexcept {
  int stays = 1;
  if (connection_ != nullptr && mark_ != nullptr &&
      sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &stays) ==
          SQLITE_OK &&
      stays == 0) {
    mark_->clear();
  }
  connection_.reset();
}

Result<Database> Database::connect(const std::string& name, int flags, const Medium& medium) {
  count_no_memory();
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, flags,
                                   medium.vfs.empty() ? nullptr : medium.vfs.c_str());
  Database database(connection);  // Also after a failure there is something to close.
  if (code != SQLITE_OK) {
    return sqlite_failure(code, connection, "open " + name);
  }
  // A store that somebody else wrote is input: no function runs because its schema says so.
  set_flag(connection, SQLITE_DBCONFIG_DEFENSIVE, true);
  set_flag(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, false);
  // "name" is a column and nothing else: a misspelt one is an error, not a text.
  set_flag(connection, SQLITE_DBCONFIG_DQS_DML, false);
  set_flag(connection, SQLITE_DBCONFIG_DQS_DDL, false);
  return database;
}

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  CHANCERY_CHECK(options.application_id > 0 && options.application_id <= kNumberMax);
  CHANCERY_CHECK(options.user_version <= kNumberMax);
  std::error_code error;
  // Absolute, so that no name looks like a URI or ":memory:" to SQLite.
  std::string absolute = std::filesystem::absolute(path, error).string();
  if (error || path.empty()) {
    return fail(ErrorCode::kFileMissing, "no such store: '" + path + "'");
  }
  if (options.medium.vfs.empty()) {
    CHANCERY_TRY(absolute, place_of(absolute));
  }
  if (options.mode == OpenMode::kReadOnly) {
    return open_read_only(absolute, options);
  }
  if (!options.medium.vfs.empty()) {
    return open_owner(absolute, options);
  }
  if (options.mode == OpenMode::kExisting) {
    CHANCERY_TRY_VOID(check_file(absolute));
    {
      // It is opened to be locked while its WAL is looked at, and read by nothing.
      CHANCERY_TRY(const Database guard, connect(absolute, kOwnerFlags));
      CHANCERY_TRY_VOID(lock_shared(guard.connection_.get()));
      CHANCERY_TRY(const WalExtent wal, check_wal(absolute + "-wal"));
      CHANCERY_TRY_VOID(check_wal_mark(absolute, wal));
    }
    return open_owner(absolute, options);
  }
  CHANCERY_TRY_VOID(make_file(absolute));
  Result<Database> database = open_owner(absolute, options);
  if (!database) {
    remove_store(absolute);
  }
  return database;
}

Result<Database> Database::open_owner(const std::string& path, const OpenOptions& options) {
  const bool is_new = options.mode == OpenMode::kCreate;
  CHANCERY_TRY(Database database,
               connect(path, kOwnerFlags | (is_new ? SQLITE_OPEN_CREATE : 0), options.medium));
  sqlite3* const connection = database.connection_.get();
  // Before the first read: a WAL opened exclusively needs no shared memory file.
  CHANCERY_TRY_VOID(database.execute("PRAGMA locking_mode=EXCLUSIVE"));
  if (is_new) {
    // EXTRA until it is in WAL mode: a rollback journal that came back after a power cut would undo
    // what was committed.
    CHANCERY_TRY_VOID(
        database.execute("PRAGMA synchronous=EXTRA; PRAGMA page_size=8192; "
                         "PRAGMA application_id=" +
                         std::to_string(options.application_id)));
  } else {
    // Only the system's files can be read behind SQLite's back.
    if (options.medium.vfs.empty() && !has_content(path + "-wal")) {
      CHANCERY_TRY_VOID(check_header(connection, path, options));
    }
    // Closing would write the WAL into a file that we, or whoever opened it, may be about to
    // refuse. The first commit, or a new version, ends this: who writes relies on the file.
    set_flag(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    CHANCERY_TRY_VOID(database.check_identity(path, options));
  }
  if (options.medium.vfs.empty()) {
    database.mark_ = std::make_unique<WalMark>(path);
  }
  CHANCERY_TRY_VOID(database.configure(options));
  if (options.medium.vfs.empty()) {
    database.files_ = std::make_unique<FileGuard>(path, connection);
    CHANCERY_TRY_VOID(database.check_files());
    // SQLite has made the WAL, and passes over a sync of the folder that fails.
    CHANCERY_TRY_VOID(sync_folder_of(path));
  }
  return database;
}

Result<void> Database::check_identity(const std::string& path, const OpenOptions& options) {
  CHANCERY_TRY(const std::uint32_t application_id, pragma_u32("application_id"));
  CHANCERY_TRY(const std::uint32_t version, pragma_u32("user_version"));
  return require_identity(path, application_id, version, options);
}

Result<void> Database::configure(const OpenOptions& options) {
  CHANCERY_TRY_VOID(
      execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; "
              "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-" +
              std::to_string(options.cache_kib)));
  commit_hook_ = std::make_unique<CommitHook>(
      CommitHook{.checkpoint_pages =
                     static_cast<int>(std::min(options.medium.wal_checkpoint_pages, kNumberMax)),
                 .mark = mark_.get()});
  sqlite3_wal_hook(connection_.get(), after_commit, commit_hook_.get());
  // It answers with the mode that is in force, whatever was asked for.
  CHANCERY_TRY(Statement journal_mode, prepare("PRAGMA journal_mode=WAL"));
  CHANCERY_TRY(const bool row, journal_mode.step());
  CHANCERY_TRY(const std::string mode,
               row ? journal_mode.column_text(0) : Result<std::string>("nothing"));
  if (mode != "wal") {
    return fail(ErrorCode::kIo, "SQLite does not run in WAL mode here, but in " + mode);
  }
  return {};
}

// A checkpoint syncs the WAL, writes what it holds into the database and syncs that.
Result<void> Database::make_durable() {
  CHANCERY_TRY_VOID(check_files());
  if (files_ != nullptr) {
    files_->forget_sizes();
    mark_->clear();
  }
  CHANCERY_TRY(Statement checkpoint, prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
  const Result<bool> stepped = checkpoint.step();
  if (!stepped.has_value() && stepped.error().code == ErrorCode::kDiskFull) {
    return {};  // The WAL comes first: it is synced, and the main file has no room for its pages.
  }
  CHANCERY_TRY(const bool row, stepped);
  CHANCERY_TRY(const std::uint64_t busy, row ? checkpoint.column_u64(0) : Result<std::uint64_t>(1));
  if (busy != 0) {
    return fail(ErrorCode::kIo, "the WAL cannot be made durable");
  }
  set_flag(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
  return {};
}

Result<void> Database::write_back() {
  if (commit_hook_ == nullptr || commit_hook_->page_count < commit_hook_->checkpoint_pages) {
    return {};
  }
  commit_hook_->page_count = 0;
  const int code = move_pages(connection_.get(), "main");
  if (code != SQLITE_OK) {
    const Error error = sqlite_failure(code, connection_.get(), "checkpoint").error();
    return fail(ErrorCode::kIo, "OUTCOME UNKNOWN, stop and reload: " + error.detail);
  }
  return {};
}

Result<std::uint32_t> Database::pragma_u32(const std::string& name) {
  CHANCERY_TRY(Statement statement, prepare("PRAGMA " + name));
  CHANCERY_TRY(const bool row, statement.step());
  if (!row) {
    return fail(ErrorCode::kInternal, "PRAGMA " + name + " gives no row");
  }
  // SQLite shows the four bytes as a signed number.
  CHANCERY_TRY(const std::int64_t value, statement.column_i64(0));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> Database::user_version() {
  return pragma_u32("user_version");
}

Result<void> Database::set_user_version(std::uint32_t version) {
  CHANCERY_CHECK(version <= kNumberMax);
  CHANCERY_TRY_VOID(execute("PRAGMA user_version=" + std::to_string(version)));
  set_flag(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
  return {};
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return sqlite_failure(code, connection_.get(), sql.substr(0, 200));
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  Statement prepared(statement);
  if (code == SQLITE_ERROR) {  // The statements are ours: it is the tables that are not.
    return fail(ErrorCode::kStoreDamaged,
                std::string(sql.substr(0, 200)) + ": " + sqlite3_errmsg(connection_.get()));
  }
  if (code != SQLITE_OK) {
    return sqlite_failure(code, connection_.get(), sql.substr(0, 200));
  }
  if (statement == nullptr || rest != sql.data() + sql.size()) {
    return fail(ErrorCode::kInternal, "not one statement: " + std::string(sql.substr(0, 200)));
  }
  return prepared;
}

Result<void> Database::check_integrity() {
  CHANCERY_TRY(Statement statement, prepare("PRAGMA integrity_check(1)"));
  CHANCERY_TRY(const bool row, statement.step());
  if (!row) {
    return fail(ErrorCode::kInternal, "PRAGMA integrity_check gives no row");
  }
  CHANCERY_TRY(const std::string verdict, statement.column_text(0));
  if (std::string_view(verdict) != "ok") {
    return fail(ErrorCode::kStoreDamaged, verdict);
  }
  return {};
}

Result<void> Database::check_files() {
  return files_ == nullptr ? Result<void>() : files_->look();
}

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(connection_.get()));
}

std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

std::string library_version() {
  return sqlite3_libversion();
}

}  // namespace chancery::sqlite
