#include "cli/backup.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

#include "cli/audit.h"
#include "cli/display.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;
constexpr std::uint64_t kMib = 1U << 20U;

// What an operator should know before an older store runs, in plain words.
constexpr std::string_view kHubAfter =
    "Before you start the hub: its log ends where this copy does. Where a node knows more, the "
    "hub\n"
    "admits nothing (admission-stopped) and nothing is lost: put the newest store there is in "
    "place.\n"
    "Nodes keep what they sent, and send again what this log does not have.";
constexpr std::string_view kNodeAfter =
    "The node fetches what it lacks and shows it again under new arrival numbers. What it "
    "published\n"
    "since the copy is in the hub's log; publishing it again with the same id makes no second "
    "notice.\n"
    "Applications' cursors are those of the copy, so some notices are read twice.";

Result<std::string> digest_of(const std::string& path) {
  CHANCERY_TRY(os::FileReader reader, os::FileReader::open(path));
  crypto::Sha256 hash;
  while (true) {
    CHANCERY_TRY(const std::string piece, reader.next(kPieceBytes));
    if (piece.empty()) {
      return hex(hash.finish());
    }
    hash.update(as_bytes(piece));
  }
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() !=
         std::filesystem::file_type::not_found;
}

// Nothing of another store may lie there: not even a write-ahead log, which would be read into it.
Result<void> put_in_place(const std::string& backup, const std::string& store) {
  for (const char* const suffix : {"", "-wal", "-journal", "-shm", "-mark"}) {
    if (is_there(store + suffix)) {
      return fail(ErrorCode::kExists, store + suffix +
                                          " is there and is not overwritten: stop its daemon, and "
                                          "move it away with all that begins like it");
    }
  }
  if (is_there(backup + "-wal")) {
    return fail(ErrorCode::kExists, backup +
                                        "-wal lies beside it: this is no backup, but the "
                                        "files of a store; copy both by hand");
  }
  const std::string partial = store + ".partial";
  std::error_code error;
  std::filesystem::remove(partial, error);
  CHANCERY_TRY_VOID(os::write_file_new(partial, "", 0600));
  std::filesystem::copy_file(backup, partial, std::filesystem::copy_options::overwrite_existing,
                             error);
  std::error_code mode;
  std::filesystem::permissions(partial, std::filesystem::perms(0600), mode);
  if (error || mode) {
    return fail(ErrorCode::kIo, "copying to " + partial + ": " + (error ? error : mode).message());
  }
  CHANCERY_TRY(const std::string before, digest_of(backup));
  CHANCERY_TRY(const std::string after, digest_of(partial));
  if (before != after) {
    return fail(ErrorCode::kIo, partial + " does not hold what was written to it");
  }
  return os::give_name(partial, store);
}

Result<int> backup(const BackupOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  std::error_code error;
  const std::string path = std::filesystem::absolute(options.to, error).lexically_normal().string();
  Progress progress(std::cerr, !shared.json && is_terminal(STDERR_FILENO), os::steady_now());
  const Result<v1::BackupReply> reply =
      ask_backup(target, path, [&](std::string_view doing, std::uint64_t bytes, std::uint64_t of) {
        progress.show(harmless(doing), bytes / kMib, of / kMib, "MiB", os::steady_now());
      });
  progress.end();
  if (!reply.has_value()) {
    return std::unexpected(reply.error());
  }
  if (shared.json) {
    std::cout << json_line({{"name", target.name},
                            {"path", path},
                            {"size", reply->size()},
                            {"root", hex(as_bytes(reply->root()))},
                            {"bytes", reply->bytes()},
                            {"sha256", hex(as_bytes(reply->digest()))}})
              << "\n";
    return os::kExitDone;
  }
  std::cout << "backup of " << harmless(target.name) << ": " << harmless(path) << "\n"
            << "  log         " << reply->size() << " entries\n"
            << "  root        " << hex(as_bytes(reply->root())) << "\n"
            << "  file        " << reply->bytes() << " bytes\n"
            << "  sha-256     " << hex(as_bytes(reply->digest())) << "\n"
            << "verify it with: chancery restore --verify " << harmless(path) << "\n";
  return os::kExitDone;
}

Result<int> restore(const RestoreOptions& options, const Shared& shared) {
  DaemonOptions named;
  named.store = options.backup;
  named.genesis = options.genesis;
  CHANCERY_TRY(const DaemonTarget target, find_daemon(named, shared));
  CHANCERY_TRY(const AuditSource source, open_audit(target));
  CHANCERY_TRY(const exchange::AuditReport report, audit_all(source, shared.json));
  const bool places = report.passed() && !options.to.empty();
  if (places) {
    CHANCERY_TRY_VOID(put_in_place(options.backup, options.to));
  }
  CHANCERY_TRY(const std::string digest, digest_of(options.backup));
  if (shared.json) {
    text::Json json = as_json(report, target, source);
    json["kind"] = target.is_hub ? "hub" : "node";
    json["sha256"] = digest;
    json["placed"] = places ? text::Json(options.to) : text::Json(nullptr);
    std::cout << json_line(json) << "\n";
  } else {
    print(report, target, source);
    std::cout << "  sha-256     " << digest << "\n";
    if (places) {
      std::cout << "in place: " << harmless(options.to) << "\n"
                << (target.is_hub ? kHubAfter : kNodeAfter) << "\n";
    }
  }
  return report.passed() ? os::kExitDone : os::kExitFalse;
}

}  // namespace

Result<int> run_backup(const BackupOptions& options, const Shared& shared) {
  return backup(options, shared);
}

Result<int> run_restore(const RestoreOptions& options, const Shared& shared) {
  Result<int> code = restore(options, shared);
  // Refusing to overwrite is no question of what the copy holds.
  const bool refused = !code.has_value() && code.error().code == ErrorCode::kExists;
  return refused ? code : no_verdict(std::move(code), shared);
}

}  // namespace chancery::cli
