#include "daemon/places.h"

#include <filesystem>

#include "io/os/file.h"
#include "io/sqlite/database.h"
#include "io/zmq/ipc_listener.h"

namespace chancery::daemon {
namespace {

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

Result<void> of_key(std::string_view key, const Result<void>& checked) {
  if (!checked.has_value()) {
    return fail(checked.error().code, std::string(key) + ": " + checked.error().detail);
  }
  return {};
}

}  // namespace

Result<std::string> read_config_file(const std::string& path) {
  Result<std::string> text = os::read_file(path, kConfigBytesMax);
  if (!text.has_value() && text.error().code == ErrorCode::kLimitExceeded) {
    return fail(ErrorCode::kConfigInvalid, text.error().detail);
  }
  return text;
}

Result<void> check_store_place(std::string_view key, const std::string& path) {
  CHANCERY_TRY_VOID(of_key(key, os::check_writable_folder(folder_of(path))));
  return of_key(key, sqlite::check_place(path));
}

Result<void> check_socket_place(std::string_view key, const std::string& path) {
  // The length first: where it is wrong, a folder that is there is of no use.
  CHANCERY_TRY_VOID(of_key(key, zmq::check_ipc_path(path)));
  return of_key(key, os::check_writable_folder(folder_of(path)));
}

bool is_unfinished_store(const std::string& path, std::uint32_t application_id) {
  // The version is set with the tables, so that any store with tables is too new for this.
  return sqlite::Database::open(path, {.mode = sqlite::OpenMode::kReadOnly,
                                       .application_id = application_id,
                                       .user_version = 0})
      .has_value();
}

}  // namespace chancery::daemon
