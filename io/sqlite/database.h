// One SQLite file as a store: durable, with one owner.
//
// A connection runs in WAL mode with synchronous=FULL, so that what was committed survives a power
// cut, and in exclusive locking mode, so that a second opener gets kStoreBusy. What an owner
// reads after opening is durable once make_durable() returned. The schema is the
// owner's (broker/store, node/store), and so are migrations: application_id says whose file it is,
// user_version which schema it has; a newer one is refused with the file untouched.
//
// Failures: kStoreBusy, kStoreVersion, kStoreDamaged (corrupt, or not such a store), kExists
// (UNIQUE or PRIMARY KEY violated, and nothing else), kDiskFull, kUnavailable (out of memory), kIo
// (disk errors; after a commit: see transaction.h), kFileMissing, kFilePermissions, kLimitExceeded
// (a value too big), kInternal (the SQL is wrong or another constraint is violated: a fault of the
// program). One thread at a time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "io/sqlite/file_guard.h"
#include "io/sqlite/statement.h"

namespace chancery::sqlite {

enum class OpenMode : std::uint8_t {
  kCreate,    // The file must not exist (kExists); it is made with mode 0600.
  kExisting,  // The file must exist, with no right for group or others.
  // For audits of a stopped store or of a copy. Nothing beside it is written, its WAL is read if
  // there is one (from a private copy of both, in TMPDIR, gone at once). kStoreBusy where the owner
  // runs.
  kReadOnly,
};

// What a store is written to. The daemons use the system's files; a simulation brings a VFS of its
// own, registered with SQLite under a name, which has neither folders nor modes to check.
struct Medium {
  std::string vfs{};                          // Empty is the system's.
  std::uint32_t wal_checkpoint_pages = 1000;  // What the WAL may hold before write_back().
};

struct OpenOptions {
  OpenMode mode = OpenMode::kExisting;
  std::uint32_t application_id = 0;  // Not 0; at most 2^31-1.
  std::uint32_t user_version = 0;    // The newest that the owner knows; at most 2^31-1.
  std::uint32_t cache_kib = 16 * 1024;
  Medium medium{};
};

// Whether anything is at that place, of whatever kind.
[[nodiscard]] bool is_there(const std::string& path, const Medium& medium);

// What kExisting, or kCreate where nothing is there, would refuse for the file's sake: its type,
// its mode, a link that leads nowhere, or files of another store beside it. Nothing is opened or
// made; the content and the folder are not looked at.
[[nodiscard]] Result<void> check_place(const std::string& path);

// The file and what lies beside it, where there is any. For what was never in its place.
void remove_store(const std::string& path);
// A store that was closed, and its WAL with it, gets its name for good. kExists where something
// has it.
[[nodiscard]] Result<void> give_place(const std::string& finished, const std::string& path);

class WalMark;

// What the hook of a connection does after a commit.
struct CommitHook {
  int checkpoint_pages = 0;
  WalMark* mark = nullptr;
  int page_count = 0;  // In the WAL after the last commit, and not looked at since.
};

class Database {
 public:
  [[nodiscard]] static Result<Database> open(const std::string& path, const OpenOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  // 0 in a file just created: the owner makes its tables and sets the version in one transaction.
  [[nodiscard]] Result<std::uint32_t> user_version();
  [[nodiscard]] Result<void> set_user_version(std::uint32_t version);

  // One or more statements without parameters or rows. Writes belong into a Transaction: alone, a
  // failure of theirs does not tell whether they happened.
  [[nodiscard]] Result<void> execute(const std::string& sql);
  // Parsed once and kept by the caller, who drops it before the Database.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);

  // Whoever had the store before may have been killed between a write and its sync: what is read is
  // in the kernel's memory then, and need not be on the disk. An owner calls this once it knows
  // that the store is good, and before it answers from it.
  [[nodiscard]] Result<void> make_durable();

  // Moves what the WAL holds into the file, once that is Medium::wal_checkpoint_pages: for when
  // nobody waits for an answer, outside of transactions. A commit that leaves four times as many
  // does it itself. An error means what one of a commit does.
  [[nodiscard]] Result<void> write_back();

  // Pages, rows and indexes against each other: kStoreDamaged with SQLite's own words. Reads the
  // whole file.
  [[nodiscard]] Result<void> check_integrity();

  // A copy in a file of TMPDIR that is gone with the Database, to be written by nobody else.
  [[nodiscard]] Result<Database> temporary_copy();
  [[nodiscard]] Result<void> set_read_only();

  // Each commit does the same: kStoreDamaged where the files are no longer those that were opened.
  [[nodiscard]] Result<void> check_files();

  [[nodiscard]] std::uint64_t changes() const;  // Rows that the last write touched.
  [[nodiscard]] std::int64_t last_insert_rowid() const;

 private:
  friend class Backup;
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
  };
  explicit Database(sqlite3* connection);
  void close() noexcept;
  static Result<Database> connect(const std::string& name, int flags, const Medium& medium = {});
  static Result<Database> open_owner(const std::string& path, const OpenOptions& options);
  static Result<Database> open_read_only(const std::string& path, const OpenOptions& options);
  Result<void> configure(const OpenOptions& options);
  Result<void> check_identity(const std::string& path, const OpenOptions& options);
  Result<void> finish_read_only(const std::string& path, const OpenOptions& options);
  Result<std::uint32_t> pragma_u32(const std::string& name);

  std::unique_ptr<sqlite3, Close> guard_;  // Read only: holds the lock. Closed last.
  std::unique_ptr<WalMark> mark_;          // An owner's, where the system has its files.
  std::unique_ptr<CommitHook> commit_hook_;
  std::unique_ptr<FileGuard> files_;  // An owner's, where the system has them.
  std::unique_ptr<sqlite3, Close> connection_;
};

[[nodiscard]] std::string library_version();  // Of the SQLite that runs: "3.40.1".

}  // namespace chancery::sqlite
