// Whole files: read with a limit, written so that a crash leaves the old content or the new one.
//
// Every write but write_all() is durable when it returns: the file and its folder are fsynced. Key
// files are read only where nobody else can read them or put another in their place. Not for
// stores, which are io/sqlite.
//
// Failures: kFileMissing (not there), kExists, kFilePermissions (others may read it),
// kLimitExceeded (larger than asked for), kDiskFull, kIo (anything else, in the
// system's own words). Free of state: any thread.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/os/fd.h"

namespace chancery::os {

constexpr std::size_t kKeyFileSizeMax = std::size_t{64} * 1024;

// Regular files only: a pipe or a device could block for ever.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t size_max);

// All of the bytes, at the file's place of now; not durable yet. `path` is for the error.
[[nodiscard]] Result<void> write_all(const Fd& file, const std::string& path,
                                     std::string_view bytes);

// Never overwrites. The file has exactly this mode, whatever the umask, or it is not there.
[[nodiscard]] Result<void> write_file_new(const std::string& path, std::string_view bytes,
                                          mode_t mode);

// Puts a file in place of what is there, or where nothing is. kIo after the rename (the detail says
// "folder not synced") means that readers see the new content, and a power cut may undo it.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view bytes,
                                        mode_t mode);

// New content for a file that is there: as replace_file(), with the mode and the owner that the
// file has. Of a symbolic link, what it leads to. kFilePermissions where the owner cannot be kept;
// access lists and extended attributes are not.
[[nodiscard]] Result<void> rewrite_file(const std::string& path, std::string_view bytes);

// Gives a finished file its name, durably; it is in the same folder. kExists where something is
// there: that is never overwritten, and the file keeps the name that it has.
[[nodiscard]] Result<void> give_name(const std::string& finished, const std::string& path);

// A file, piece by piece.
class FileReader {
 public:
  [[nodiscard]] static Result<FileReader> open(const std::string& path);
  // The next bytes, at most so many; empty at the end.
  [[nodiscard]] Result<std::string> next(std::size_t size_max);

 private:
  FileReader(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Fd file_;
  std::string path_;
};

// kFilePermissions unless it is a regular file (no symbolic link) of our own, without any right for
// group or others, in a folder of which the same is true. At most kKeyFileSizeMax bytes.
[[nodiscard]] Result<std::string> read_key_file(const std::string& path);

// A secret is in a key file, or "credential:NAME", a file of $CREDENTIALS_DIRECTORY as systemd
// gives one (systemd.exec(5), LoadCredential=), or "env:NAME", a variable of the environment.
[[nodiscard]] bool is_elsewhere(std::string_view source);  // One of the latter two.
// kConfigInvalid where nothing could ever be there: the name is empty, is none of a file in a
// folder, or none that a variable can have.
[[nodiscard]] Result<void> check_secret_source(std::string_view source);
// kFileMissing where the directory, the file or the variable is not there. Of a credential the
// folder and the file may be root's, and readable for a group: the mask of the ACL that names the
// user of the unit shows there.
[[nodiscard]] Result<std::string> read_secret(const std::string& source);

// Makes a folder of mode 0700; its parent must be there. One that is there already is accepted
// where it is ours and private, otherwise kFilePermissions: it is never changed.
[[nodiscard]] Result<void> make_private_folder(const std::string& path);

// kFileMissing or kIo unless it is a folder in which this process may make files.
[[nodiscard]] Result<void> check_writable_folder(const std::string& path);

// Held until destroyed. The file stays behind, empty of meaning: removing it would let two
// processes lock two files of one name.
class FileLock {
 public:
  explicit FileLock(Fd file) : file_(std::move(file)) {}

 private:
  Fd file_;  // flock(2) goes with the open file; O_CLOEXEC keeps it from children.
};

// kStoreBusy, naming the process that holds it, where another does.
[[nodiscard]] Result<FileLock> lock_file(const std::string& path);

}  // namespace chancery::os
