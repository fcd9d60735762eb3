// Many files in a folder, as of a log's tiles: made durable together, which takes one call and not
// one for each.
//
// Until sync_all() whoever is killed may leave some of them incomplete: a mark of the owner,
// written before the first, says so. Who writes them holds lock_folder(). Failures are those of
// file.h. Free of state: any thread.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/os/file.h"

namespace chancery::os {

// In the place of what is there; mode 0644. Its folder must be there. kIo where it is a link.
[[nodiscard]] Result<void> put_file(const std::string& path, std::string_view bytes);
// The folder and those above it that are not there; mode 0755.
[[nodiscard]] Result<void> make_folders(const std::string& path);
// Everything that was written to the file system of this folder is durable when it returns.
[[nodiscard]] Result<void> sync_all(const std::string& folder);

// One process at a time; kStoreBusy where another has it. Nothing is put into the folder.
[[nodiscard]] Result<FileLock> lock_folder(const std::string& path);

struct FoundFile {
  std::string name;  // Below the folder, with / between.
  bool is_regular = false;
};
// What is in a folder and in those below it, folders themselves not counted; links are not
// followed. Stops with the error that `each` gives.
[[nodiscard]] Result<void> for_each_file(
    const std::string& folder, const std::function<Result<void>(const FoundFile& file)>& each);
// Gone when it returns, or was not there; not synced.
[[nodiscard]] Result<void> remove_file(const std::string& path);
// Those below the folder in which nothing is, but not itself.
void remove_empty_folders(const std::string& folder);

}  // namespace chancery::os
