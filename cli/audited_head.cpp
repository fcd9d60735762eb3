#include "cli/audited_head.h"

#include <utility>

#include "cli/connection.h"
#include "core/base/encoding.h"
#include "io/os/bulk_files.h"
#include "io/os/file.h"

namespace chancery::cli {

Result<std::string> audited_path(const Hash& genesis) {
  const std::string folder = environment().state;
  if (folder.empty()) {
    return fail(ErrorCode::kNotFound,
                "no place for audited heads: neither XDG_STATE_HOME nor HOME is an absolute path");
  }
  return folder + "/chancery/audited/" + hex(genesis);
}

Result<std::optional<AuditedHead>> read_audited(const std::string& path) {
  Result<std::string> note = os::read_file(path, ledger::kNoteBytesMax);
  if (!note.has_value()) {
    return note.error().code == ErrorCode::kFileMissing
               ? Result<std::optional<AuditedHead>>(std::nullopt)
               : std::unexpected(note.error());
  }
  CHANCERY_TRY(ledger::Checkpoint checkpoint, ledger::parse_checkpoint(*note));
  return std::optional(
      AuditedHead{.path = path, .note = *std::move(note), .checkpoint = std::move(checkpoint)});
}

Result<void> write_audited(const std::string& path, const std::string& note) {
  const std::string folder = path.substr(0, path.rfind('/'));
  CHANCERY_TRY_VOID(os::make_folders(folder.substr(0, folder.rfind('/'))));
  CHANCERY_TRY_VOID(os::make_private_folder(folder));
  return os::replace_file(path, note, 0600);
}

namespace {

std::string named(const AuditedHead& head) {
  return "the head that was audited last, of " + std::to_string(head.checkpoint.size) +
         " entries with root " + hex(head.checkpoint.root) + " (" + head.path + ")";
}

}  // namespace

Result<void> check_reaches(const AuditedHead& head, std::uint64_t size) {
  return size >= head.checkpoint.size
             ? Result<void>()
             : fail(ErrorCode::kUnavailable,
                    "it ends at " + std::to_string(size) + ", before " + named(head));
}

Result<void> check_same(const AuditedHead& head, const Hash& root) {
  return root == head.checkpoint.root
             ? Result<void>()
             : fail(ErrorCode::kForeignLog,
                    "it does not extend " + named(head) + ": its root there is " + hex(root));
}

}  // namespace chancery::cli
