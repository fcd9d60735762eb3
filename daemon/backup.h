// `chancery backup` while a daemon runs: its store copied between its turns, in bounded steps,
// hashed and given its name once it is whole and durable.
//
// Until then it lies beside that name with `.partial` after it; one that a crash left there is
// replaced. One backup at a time. On the disk of the store it leaves what is kept free there for
// notices: where it would not, nothing is left of it (kDiskLow). One thread, the daemon's.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/sha256.h"
#include "daemon/admin.h"
#include "io/os/file.h"
#include "io/sqlite/backup.h"
#include "io/text/json.h"

namespace chancery::daemon {

struct LogHead {
  std::uint64_t size = 0;
  Hash root{};
};

// Inner to BackupJob.
struct BackupUnderWay {
  Asker asker;
  std::string path;
  std::string partial;
  bool on_store_disk = false;
  std::optional<sqlite::Backup> copy;  // While it is made.
  std::optional<os::FileReader> reader;
  crypto::Sha256 hash;
  LogHead head;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_all = 0;  // Of the copy, as far as it is known.
};

class BackupJob {
 public:
  using Open = std::function<Result<sqlite::Backup>(const std::string& path)>;

  explicit BackupJob(const std::string& store_path);

  // An error of begin() is for whoever asked; nothing was begun then.
  [[nodiscard]] Result<void> begin(Asker asker, const std::string& path, const Open& open);
  [[nodiscard]] bool is_running() const { return running_.has_value(); }
  [[nodiscard]] bool is_copying() const {
    return running_.has_value() && running_->copy.has_value();
  }

  // The next piece of work, of a few milliseconds; between turns, with no transaction open. `head`
  // is asked at the moment that the copy shows; so many bytes stay free on the store's disk. Gives
  // the reply when it is over, well or not.
  struct Reply {
    std::string routing_id;
    v1::AdminReply reply;
  };
  [[nodiscard]] std::optional<Reply> step(const std::function<LogHead()>& head,
                                          std::uint64_t free_bytes_kept);

  // For `status`: null, or how far it is.
  [[nodiscard]] text::Json progress() const;

 private:
  // Whether it is done.
  static Result<bool> advance(BackupUnderWay& job, const std::function<LogHead()>& head,
                              std::uint64_t free_bytes_kept);

  std::filesystem::path store_;
  std::optional<BackupUnderWay> running_;
};

}  // namespace chancery::daemon
