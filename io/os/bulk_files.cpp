#include "io/os/bulk_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "io/os/failure.h"

namespace chancery::os {
namespace {

namespace fs = std::filesystem;

Result<Fd> open_folder(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return system_failure("open", path);
  }
  return folder;
}

}  // namespace

Result<void> put_file(const std::string& path, std::string_view bytes) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) {
    return system_failure("create", path);
  }
  return write_all(file, path, bytes);
}

Result<void> make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? system_failure("mkdir", path, error.value()) : Result<void>();
}

Result<void> sync_all(const std::string& folder) {
  CHANCERY_TRY(const Fd open, open_folder(folder));
  return ::syncfs(open.get()) == 0 ? Result<void>() : system_failure("syncfs", folder);
}

Result<FileLock> lock_folder(const std::string& path) {
  CHANCERY_TRY(Fd folder, open_folder(path));
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? fail(ErrorCode::kStoreBusy, path + " is written by another process")
               : system_failure("lock", path);
  }
  return FileLock(std::move(folder));
}

Result<void> for_each_file(const std::string& folder,
                           const std::function<Result<void>(const FoundFile& file)>& each) {
  std::error_code error;
  const fs::path base(folder);
  for (fs::recursive_directory_iterator at(base, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code unknown;
    const fs::file_status status = at->symlink_status(unknown);
    if (unknown) {
      return system_failure("stat", at->path().string(), unknown.value());
    }
    if (fs::is_directory(status)) {
      continue;
    }
    CHANCERY_TRY_VOID(each({.name = at->path().lexically_relative(base).generic_string(),
                            .is_regular = fs::is_regular_file(status)}));
  }
  return error ? system_failure("read folder", folder, error.value()) : Result<void>();
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_failure("remove", path);
  }
  return {};
}

void remove_empty_folders(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory(error) && !at->is_symlink(error)) {
      folders.push_back(at->path());
    }
  }
  // Those below come after those above them.
  while (!folders.empty()) {
    ::rmdir(folders.back().c_str());  // What is not empty stays.
    folders.pop_back();
  }
}

}  // namespace chancery::os
