#include "daemon/backup.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "io/log/log.h"
#include "io/os/disk.h"

namespace chancery::daemon {
namespace {

constexpr int kPagesPerStep = 256;                 // 2 MiB.
constexpr std::size_t kHashedPerStep = 4U << 20U;  // Bytes.
constexpr std::uint64_t kPageBytes = 8192;

// Before each piece: others write on that disk, too, and the store grows meanwhile.
Result<void> check_room(const BackupUnderWay& job, const sqlite::Backup& copy,
                        std::uint64_t free_bytes_kept) {
  if (!job.on_store_disk) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t free_bytes,
               os::free_bytes(std::filesystem::path(job.path).parent_path().string()));
  const std::uint64_t wanted =
      (copy.page_count() - copy.copied_count()) * kPageBytes + free_bytes_kept;
  if (free_bytes < wanted) {
    return fail(ErrorCode::kDiskLow,
                "the copy would lie on the disk of the store and leave it too little: " +
                    std::to_string(free_bytes) + " bytes are free, " + std::to_string(wanted) +
                    " are needed with what is kept for notices; copy to another disk");
  }
  return {};
}

}  // namespace

BackupJob::BackupJob(const std::string& store_path) : store_(store_path) {}

Result<void> BackupJob::begin(Asker asker, const std::string& path, const Open& open) {
  std::error_code ignored;
  if (running_.has_value()) {
    return fail(ErrorCode::kUnavailable, "a backup to " + running_->path + " is under way");
  }
  if (!std::filesystem::path(path).is_absolute()) {
    return fail(ErrorCode::kUsage, "a backup goes to an absolute path, not to '" + path + "'");
  }
  if (std::filesystem::symlink_status(path, ignored).type() !=
      std::filesystem::file_type::not_found) {
    return fail(ErrorCode::kExists, path + " is there, and is not overwritten");
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const std::string store_folder = store_.parent_path().string();
  const std::string name = std::filesystem::path(path).filename().string();
  if (name.starts_with(store_.filename().string() + "-") &&
      std::filesystem::equivalent(folder, store_folder, ignored)) {
    return fail(ErrorCode::kUsage, path + " is a name that belongs to the store itself");
  }
  CHANCERY_TRY(const bool on_store_disk, os::on_one_disk(folder, store_folder));
  const std::string partial = path + ".partial";
  std::filesystem::remove(partial, ignored);  // What a crash left is of no use.
  CHANCERY_TRY(sqlite::Backup copy, open(partial));
  BackupUnderWay& job = running_.emplace();
  job.asker = std::move(asker);
  job.path = path;
  job.partial = partial;
  job.on_store_disk = on_store_disk;
  job.copy.emplace(std::move(copy));
  log::info("backup-begun", {{"path", path}});
  return {};
}

Result<bool> BackupJob::advance(BackupUnderWay& job, const std::function<LogHead()>& head,
                                std::uint64_t free_bytes_kept) {
  if (job.copy.has_value()) {
    CHANCERY_TRY(const bool copied, job.copy->step(kPagesPerStep));
    job.bytes_all = job.copy->page_count() * kPageBytes;
    CHANCERY_TRY_VOID(check_room(job, *job.copy, free_bytes_kept));
    if (copied) {
      job.head = head();
      job.copy.reset();
      CHANCERY_TRY(os::FileReader reader, os::FileReader::open(job.partial));
      job.reader.emplace(std::move(reader));
    }
    return false;
  }
  if (!job.reader.has_value()) {
    return fail(ErrorCode::kInternal, "a backup without its copy");
  }
  CHANCERY_TRY(const std::string piece, job.reader->next(kHashedPerStep));
  if (!piece.empty()) {
    job.hash.update(as_bytes(piece));
    job.bytes += piece.size();
    return false;
  }
  CHANCERY_TRY_VOID(os::give_name(job.partial, job.path));
  return true;
}

std::optional<BackupJob::Reply> BackupJob::step(const std::function<LogHead()>& head,
                                                std::uint64_t free_bytes_kept) {
  if (!running_.has_value()) {
    return std::nullopt;
  }
  const Result<bool> done = advance(*running_, head, free_bytes_kept);
  if (done.has_value() && !*done) {
    return std::nullopt;
  }
  BackupUnderWay job = *std::move(running_);
  running_.reset();
  Reply answer{.routing_id = job.asker.routing_id, .reply = {}};
  answer.reply.set_request_id(job.asker.request_id);
  if (done.has_value()) {
    v1::BackupReply& backup = *answer.reply.mutable_backup();
    backup.set_size(job.head.size);
    backup.set_root(to_string(job.head.root));
    backup.set_bytes(job.bytes);
    backup.set_digest(to_string(job.hash.finish()));
    log::info("backup-done", {{"path", job.path}, {"size", job.head.size}, {"bytes", job.bytes}});
    return answer;
  }
  std::error_code ignored;
  job.copy.reset();
  std::filesystem::remove(job.partial, ignored);
  refuse(answer.reply, done.error());
  log::error("backup-failed", {{"path", job.path},
                               {"error", error_info(done.error().code).name},
                               {"detail", done.error().detail},
                               {"remedy", error_info(done.error().code).remedy}});
  return answer;
}

text::Json BackupJob::progress() const {
  if (!running_.has_value()) {
    return nullptr;
  }
  const bool copies = running_->copy.has_value();
  return {{"path", running_->path},
          {"doing", copies ? "copying" : "hashing"},
          {"bytes", copies ? running_->copy->copied_count() * kPageBytes : running_->bytes},
          {"of", running_->bytes_all}};
}

}  // namespace chancery::daemon
