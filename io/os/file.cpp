#include "io/os/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/base/encoding.h"
#include "io/os/failure.h"
#include "io/os/random.h"

namespace chancery::os {
namespace {

constexpr mode_t kGroupAndOthers = S_IRWXG | S_IRWXO;

std::string folder_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<struct stat> status_of(const Fd& file, const std::string& path) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return system_failure("fstat", path);
  }
  return status;
}

std::string mode_text(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode & 07777U);
  return text;
}

enum class Kind : std::uint8_t { kKey, kCredential };

Result<void> require_private(const struct stat& status, const std::string& path,
                             Kind kind = Kind::kKey) {
  const bool of_root = kind == Kind::kCredential && status.st_uid == 0;
  if (status.st_uid != ::geteuid() && !of_root) {
    return fail(ErrorCode::kFilePermissions, path + " belongs to user " +
                                                 std::to_string(status.st_uid) + ", not to " +
                                                 std::to_string(::geteuid()));
  }
  const mode_t refused = kind == Kind::kCredential ? (S_IWGRP | S_IRWXO) : kGroupAndOthers;
  if ((status.st_mode & refused) != 0) {
    return fail(ErrorCode::kFilePermissions,
                path + " has mode " + mode_text(status.st_mode) + ", which gives others a right");
  }
  return {};
}

Result<std::string> read_open_file(const Fd& file, const std::string& path, std::size_t size_max) {
  CHANCERY_TRY(const struct stat status, status_of(file, path));
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kIo, path + " is not a regular file");
  }
  const auto too_large = [&] {
    return fail(ErrorCode::kLimitExceeded,
                path + " is larger than " + std::to_string(size_max) + " bytes");
  };
  if (static_cast<std::uint64_t>(status.st_size) > size_max) {
    return too_large();
  }
  // The file may grow meanwhile, and what /proc shows has no size: read to the end all the same.
  std::string bytes;
  std::string chunk(std::clamp<std::size_t>(static_cast<std::size_t>(status.st_size) + 1, 4096,
                                            std::size_t{1} << 20U),
                    '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_failure("read", path);
    }
    if (got == 0) {
      return bytes;
    }
    if (static_cast<std::size_t>(got) > size_max - bytes.size()) {
      return too_large();
    }
    bytes.append(chunk, 0, static_cast<std::size_t>(got));
  }
}

Result<void> sync_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return system_failure("open", folder);
  }
  if (::fsync(fd.get()) != 0) {
    return system_failure("fsync", folder);
  }
  return {};
}

Result<void> fill_and_sync(const Fd& file, const std::string& path, std::string_view bytes,
                           mode_t mode) {
  // open() had the umask taken off the mode.
  if (::fchmod(file.get(), mode) != 0) {
    return system_failure("fchmod", path);
  }
  CHANCERY_TRY_VOID(write_all(file, path, bytes));
  if (::fsync(file.get()) != 0) {
    return system_failure("fsync", path);
  }
  return {};
}

// The file with these bytes, or no file. The folder is not synced yet.
Result<void> create_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    return system_failure("create", path);
  }
  if (const auto filled = fill_and_sync(file, path, bytes, mode); !filled) {
    ::unlink(path.c_str());
    return std::unexpected(filled.error());
  }
  return {};
}

}  // namespace

Result<void> write_all(const Fd& file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return system_failure("write", path);
    }
    bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) {
    return system_failure("open", path);
  }
  return read_open_file(file, path, size_max);
}

Result<void> write_file_new(const std::string& path, std::string_view bytes, mode_t mode) {
  CHANCERY_TRY_VOID(create_file(path, bytes, mode));
  return sync_folder(folder_of(path));
}

namespace {

std::string name_beside(const std::string& path) {
  return path + ".new-" + hex(as_bytes(random_bytes(8)));
}

Result<void> put_in_place(const std::string& temporary, const std::string& path) {
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto failure = system_failure("rename to", path);
    ::unlink(temporary.c_str());
    return failure;
  }
  if (const auto synced = sync_folder(folder_of(path)); !synced) {
    return fail(ErrorCode::kIo, path + " replaced, folder not synced: " + synced.error().detail);
  }
  return {};
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string temporary = name_beside(path);
  CHANCERY_TRY_VOID(create_file(temporary, bytes, mode));
  return put_in_place(temporary, path);
}

Result<void> rewrite_file(const std::string& path, std::string_view bytes) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  struct stat status{};
  if (error || ::stat(real.c_str(), &status) != 0) {
    errno = error ? error.value() : errno;
    return system_failure("open", path);
  }
  const std::string temporary = name_beside(real);
  CHANCERY_TRY_VOID(create_file(temporary, bytes, status.st_mode & 07777U));
  struct stat made{};
  const bool same_owner = ::stat(temporary.c_str(), &made) == 0 && made.st_uid == status.st_uid &&
                          made.st_gid == status.st_gid;
  if (!same_owner && ::lchown(temporary.c_str(), status.st_uid, status.st_gid) != 0) {
    ::unlink(temporary.c_str());
    return fail(ErrorCode::kFilePermissions,
                path + " belongs to user " + std::to_string(status.st_uid) + " and group " +
                    std::to_string(status.st_gid) + ", and would not after the change");
  }
  return put_in_place(temporary, real);
}

Result<void> give_name(const std::string& finished, const std::string& path) {
  {
    const Fd file(::open(finished.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) {
      return system_failure("open", finished);
    }
    if (::fsync(file.get()) != 0) {
      return system_failure("fsync", finished);
    }
  }
  if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    return system_failure("rename to", path);
  }
  return sync_folder(folder_of(path));
}

Result<FileReader> FileReader::open(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  if (!file) {
    return system_failure("open", path);
  }
  return FileReader(std::move(file), path);
}

Result<std::string> FileReader::next(std::size_t size_max) {
  std::string bytes(size_max, '\0');
  while (true) {
    const ssize_t got = ::read(file_.get(), bytes.data(), bytes.size());
    if (got >= 0) {
      bytes.resize(static_cast<std::size_t>(got));
      return bytes;
    }
    if (errno != EINTR) {
      return system_failure("read", path_);
    }
  }
}

namespace {

Result<std::string> read_private(const std::string& path, Kind kind) {
  // The folder is opened once and the file through it, so that both checks are about what is read.
  const std::string folder_path = folder_of(path);
  const Fd folder(::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return system_failure("open", folder_path);
  }
  CHANCERY_TRY(const struct stat folder_status, status_of(folder, folder_path));

  const std::string name = std::filesystem::path(path).filename().string();
  const Fd file(::openat(folder.get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ELOOP) {
    return fail(ErrorCode::kFilePermissions, path + " is a symbolic link");
  }
  if (!file) {
    return system_failure("open", path);
  }
  CHANCERY_TRY(const struct stat status, status_of(file, path));
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kFilePermissions, path + " is not a regular file");
  }
  CHANCERY_TRY_VOID(require_private(folder_status, "folder " + folder_path, kind));
  CHANCERY_TRY_VOID(require_private(status, path, kind));
  return read_open_file(file, path, kKeyFileSizeMax);
}

constexpr std::string_view kCredential = "credential:";
constexpr std::string_view kEnvironment = "env:";

// Set before this process began, and changed by nothing in it.
const char* variable(const std::string& name) {
  return ::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Result<std::string> read_key_file(const std::string& path) {
  return read_private(path, Kind::kKey);
}

bool is_elsewhere(std::string_view source) {
  return source.starts_with(kCredential) || source.starts_with(kEnvironment);
}

Result<void> check_secret_source(std::string_view source) {
  const auto names_nothing = [&](std::string_view what) {
    return fail(ErrorCode::kConfigInvalid, std::string(source).append(" names no ").append(what));
  };
  if (source.starts_with(kCredential)) {
    const std::string_view name = source.substr(kCredential.size());
    if (name.empty() || name == "." || name == ".." || name.contains('/') || name.contains('\0')) {
      return names_nothing("credential");
    }
  } else if (source.starts_with(kEnvironment)) {
    const std::string_view name = source.substr(kEnvironment.size());
    if (name.empty() || name.contains('=') || name.contains('\0')) {
      return names_nothing("variable");
    }
  }
  return {};
}

Result<std::string> read_secret(const std::string& source) {
  CHANCERY_TRY_VOID(check_secret_source(source));
  if (source.starts_with(kEnvironment)) {
    const std::string name = source.substr(kEnvironment.size());
    const char* const value = variable(name);
    if (value == nullptr) {
      return fail(ErrorCode::kFileMissing, "the environment has no " + name);
    }
    return std::string(value);
  }
  if (!source.starts_with(kCredential)) {
    return read_key_file(source);
  }
  const std::string name = source.substr(kCredential.size());
  const char* const folder = variable("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return fail(ErrorCode::kFileMissing, source +
                                             ": CREDENTIALS_DIRECTORY is not set; the unit "
                                             "gives it with LoadCredential=" +
                                             name + ":PATH");
  }
  return read_private(std::string(folder) + "/" + name, Kind::kCredential);
}

Result<void> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    return sync_folder(folder_of(path));
  }
  if (errno != EEXIST) {
    return system_failure("mkdir", path);
  }
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return system_failure("lstat", path);
  }
  if (!S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::kFilePermissions, path + " is there and is not a folder");
  }
  return require_private(status, path);
}

Result<void> check_writable_folder(const std::string& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return system_failure("open folder", path);
  }
  // With the effective user: the one that files are made with.
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return system_failure("write in folder", path);
  }
  return {};
}

Result<FileLock> lock_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    return system_failure("open", path);
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return system_failure("lock", path);
    }
    char text[16] = {};
    const ssize_t got = ::pread(file.get(), text, sizeof text - 1, 0);
    const auto holder = from_decimal({text, got > 0 ? static_cast<std::size_t>(got) : 0});
    return fail(ErrorCode::kStoreBusy,
                path + " is locked by process " + (holder ? std::to_string(*holder) : "(unknown)"));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return system_failure("write", path);
  }
  return FileLock(std::move(file));
}

}  // namespace chancery::os
