#include "cli/audit_export.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cli/audit.h"
#include "cli/display.h"
#include "cli/export_folder.h"
#include "cli/terminal.h"
#include "core/base/encoding.h"
#include "core/exchange/exported_directory.h"
#include "core/exchange/limits.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "io/os/bulk_files.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

constexpr std::uint64_t kBeyondAll = std::uint64_t{1} << 62U;  // No log is as long.

// A signed head of the source's log.
struct Head {
  std::string note;
  ledger::Checkpoint checkpoint;
  bool is_said_at_quorum = false;
};

Result<Head> head_of(std::string note) {
  CHANCERY_TRY(ledger::Checkpoint checkpoint, ledger::parse_checkpoint(note));
  return Head{.note = std::move(note), .checkpoint = std::move(checkpoint)};
}

std::uint64_t end_of(const v1::AuditBatch& batch) {
  return batch.first_index() + batch.leaves().size() / ledger::kLeafBytes;
}

// The files beside tiles and checkpoint.
struct SmallFiles {
  std::string directory;
  std::string vkey;
  std::string policy;
};

SmallFiles small_files_of(const std::vector<exchange::ExportedEntry>& directory,
                          const ledger::WitnessPolicy& policy) {
  return {.directory = exchange::format_directory(directory),
          .vkey = policy.log_keys().front().format() + "\n",
          .policy = policy.format()};
}

Result<void> write(const ExportFolder& folder, const SmallFiles& small_files) {
  CHANCERY_TRY_VOID(folder.replace(kDirectoryFile, small_files.directory));
  CHANCERY_TRY_VOID(folder.replace(kVkeyFile, small_files.vkey));
  return folder.replace(kPolicyFile, small_files.policy);
}

// What lies in the folder already; of a new one nothing.
struct Before {
  std::optional<SmallFiles> small_files;
  std::optional<exchange::ExportedCheckpoint> checkpoint;
  std::vector<exchange::ExportedEntry> directory;
  ledger::TileMaker tiles;
  std::string bundle;  // The entries right of the full ones.

  [[nodiscard]] std::uint64_t size() const { return tiles.size(); }
};

std::unexpected<Error> damaged(const ExportFolder& folder, const std::string& what) {
  return fail(ErrorCode::kStoreDamaged,
              folder.path() + ": " + what + "; audit verify --export names what is wrong");
}

// The leaves of the partial bundle are those of the partial tile.
Result<std::string> read_last_bundle(const ExportFolder& folder, std::uint64_t size) {
  const auto width = static_cast<std::uint16_t>(size % ledger::kTileWidth);
  if (width == 0) {
    return std::string();
  }
  const ledger::Tile tile{.index = size / ledger::kTileWidth, .width = width};
  ledger::Tile entries = tile;
  entries.entries = true;
  CHANCERY_TRY(std::string bundle, folder.read(entries));
  CHANCERY_TRY(const std::string hashes, folder.read(tile));
  CHANCERY_TRY(const std::vector<std::string_view> leaves, ledger::parse_bundle(bundle, width));
  std::string made;
  for (const std::string_view leaf : leaves) {
    made += as_view(ledger::leaf_hash(as_bytes(leaf)));
  }
  return made == hashes ? Result<std::string>(std::move(bundle))
                        : damaged(folder, ledger::tile_name(entries) + " is altered");
}

// Of an export that was cut off the directory may be that of a larger log than its checkpoint.
Result<std::vector<exchange::ExportedEntry>> read_directory(const ExportFolder& folder,
                                                            std::uint64_t size) {
  CHANCERY_TRY(const std::string bytes, folder.read(kDirectoryFile));
  CHANCERY_TRY(std::vector<exchange::ExportedEntry> entries, exchange::parse_directory(bytes));
  std::erase_if(entries, [&](const auto& entry) { return entry.index >= size; });
  return entries;
}

Result<Before> read_checked(const ExportFolder& folder, const Hash& genesis) {
  Before before;
  CHANCERY_TRY(const std::string note, folder.read(kCheckpointFile));
  CHANCERY_TRY(const Head head, head_of(note));
  CHANCERY_TRY(before.directory, read_directory(folder, head.checkpoint.size));
  if (before.directory.empty()) {
    return damaged(folder, "its directory has no entries");
  }
  CHANCERY_TRY(const Hash there, exchange::genesis_of(before.directory.front().envelope));
  if (there != genesis) {
    return fail(ErrorCode::kWrongGenesis, folder.path() + " holds the log of the exchange " +
                                              hex(there) + ", not of " + hex(genesis));
  }
  exchange::LeafFold fold(genesis);
  CHANCERY_TRY_VOID(fold.resume(before.directory, head.checkpoint.size));
  CHANCERY_TRY(const ledger::WitnessPolicy policy, exchange::policy_of(fold.directory()));
  before.small_files = small_files_of(before.directory, policy);
  CHANCERY_TRY(before.checkpoint, exchange::open_exported(note, policy));
  CHANCERY_TRY(before.tiles, ledger::TileMaker::resume(head.checkpoint.size, folder.files()));
  if (before.tiles.root() != head.checkpoint.root) {
    return damaged(folder, "its tiles do not make the root of its checkpoint");
  }
  CHANCERY_TRY(before.bundle, read_last_bundle(folder, head.checkpoint.size));
  return before;
}

Result<Before> read_before(const ExportFolder& folder, const Hash& genesis) {
  if (!folder.has(kCheckpointFile)) {
    return Before{};
  }
  Result<Before> before = read_checked(folder, genesis);
  const auto passed_on = [](ErrorCode code) {
    return code == ErrorCode::kWrongGenesis || code == ErrorCode::kStoreDamaged ||
           code == ErrorCode::kIo;
  };
  if (!before.has_value() && !passed_on(before.error().code)) {
    return damaged(folder, before.error().to_string());
  }
  return before;
}

// That the source's log had the head of the folder: it signs one wherever a batch ends.
Result<void> check_extends(const AuditSource& source, const ExportFolder& folder,
                           const Before& before) {
  const std::uint64_t size = before.size();
  std::uint64_t from = size > exchange::kBatchSizeMax ? size - exchange::kBatchSizeMax : 0;
  do {
    CHANCERY_TRY(const v1::AuditPageReply page, source.leaves(from, {}));
    for (const v1::AuditBatch& batch : page.batches()) {
      if (end_of(batch) == size) {
        CHANCERY_TRY(const Head head, head_of(batch.checkpoint()));
        if (head.checkpoint.size == size && head.checkpoint.root == before.tiles.root()) {
          return {};
        }
      }
    }
    from = page.next_index();
  } while (from != 0 && from < size);
  return fail(ErrorCode::kForeignLog, folder.path() + " has a head of " + std::to_string(size) +
                                          " entries that is not of this log");
}

// A log that is shorter: the same one, of before, or another?
Result<void> check_behind(const v1::AuditPageReply& end, const ExportFolder& folder,
                          const Before& before) {
  CHANCERY_TRY(const Hash root, ledger::root_from_tiles(end.size(), folder.within(before.size())));
  if (as_view(root) != end.root()) {
    return fail(ErrorCode::kForeignLog, folder.path() + " has another log: of its first " +
                                            std::to_string(end.size()) + " entries too");
  }
  return fail(ErrorCode::kUnavailable, folder.path() + " has " + std::to_string(before.size()) +
                                           " entries of this log, the daemon " +
                                           std::to_string(end.size()));
}

// The newest head that the log signed.
Result<Head> newest_signed(const AuditSource& source, std::uint64_t size) {
  std::uint64_t from = size > 2 * exchange::kBatchSizeMax ? size - 2 * exchange::kBatchSizeMax : 0;
  std::string note;
  do {
    CHANCERY_TRY(const v1::AuditPageReply page, source.leaves(from, {}));
    for (const v1::AuditBatch& batch : page.batches()) {
      note = batch.checkpoint().empty() ? note : batch.checkpoint();
    }
    from = page.next_index();
  } while (from != 0);
  if (note.empty()) {
    return fail(ErrorCode::kNotFound, "the log has no signed checkpoint yet");
  }
  return head_of(std::move(note));
}

// Where the export is to end: nothing where the folder has the best there is.
Result<std::optional<Head>> choose_head(const AuditSource& source, const v1::AuditPageReply& end,
                                        const Before& before) {
  if (!end.cosigned().empty()) {
    CHANCERY_TRY(Head head, head_of(end.cosigned()));
    head.is_said_at_quorum = true;
    if (head.checkpoint.size >= before.size()) {
      return std::optional(std::move(head));
    }
  }
  if (before.checkpoint.has_value() && before.checkpoint->at_quorum) {
    return std::optional<Head>();
  }
  CHANCERY_TRY(Head head, newest_signed(source, end.size()));
  return head.checkpoint.size > before.size() ? std::optional(std::move(head)) : std::nullopt;
}

// Leaves from where the folder ends up to a head: judged, and as tiles and bundles in the folder.
class Exporter {
 public:
  Exporter(const AuditSource& source, ExportFolder& folder, Before before, const Head& head)
      : source_(source),
        folder_(folder),
        head_(head),
        fold_(source.genesis),
        directory_(std::move(before.directory)),
        tiles_(std::move(before.tiles)),
        bundle_(std::move(before.bundle)) {}

  Result<void> run(Progress& progress) {
    CHANCERY_TRY_VOID(fold_.resume(directory_, tiles_.size()));
    std::uint64_t from = tiles_.size();
    while (tiles_.size() < head_.checkpoint.size) {
      CHANCERY_TRY(const v1::AuditPageReply page, source_.leaves(from, {}));
      for (const v1::AuditBatch& batch : page.batches()) {
        if (tiles_.size() < head_.checkpoint.size) {
          CHANCERY_TRY_VOID(take(batch));
        }
      }
      progress.show("exporting entries", tiles_.size(), head_.checkpoint.size, "",
                    os::steady_now());
      from = page.next_index();
      if (from == 0 && tiles_.size() < head_.checkpoint.size) {
        return fail(ErrorCode::kGap,
                    "the log ends at " + std::to_string(tiles_.size()) + ", before its checkpoint");
      }
    }
    if (tiles_.size() != head_.checkpoint.size || tiles_.root() != head_.checkpoint.root) {
      return fail(ErrorCode::kRootMismatch,
                  "the leaves do not make the root of the checkpoint of " +
                      std::to_string(head_.checkpoint.size) + " entries");
    }
    return {};
  }

  // Everything but `checkpoint` in place, then that.
  Result<exchange::ExportedCheckpoint> finish() {
    CHANCERY_TRY(const ledger::WitnessPolicy policy, exchange::policy_of(fold_.directory()));
    CHANCERY_TRY(const std::string form, exchange::exported_form(head_.note, policy));
    CHANCERY_TRY(exchange::ExportedCheckpoint opened, exchange::open_exported(form, policy));
    if (head_.is_said_at_quorum && !opened.at_quorum) {
      return fail(ErrorCode::kStoreDamaged, "the checkpoint at quorum that is stored has none");
    }
    for (const ledger::MadeTile& made : tiles_.partial()) {
      CHANCERY_TRY_VOID(folder_.put(made.tile, made.bytes));
    }
    if (const std::uint64_t width = tiles_.size() % ledger::kTileWidth; width != 0) {
      CHANCERY_TRY_VOID(put_bundle(tiles_.size() / ledger::kTileWidth, width));
    }
    CHANCERY_TRY_VOID(os::sync_all(folder_.path()));
    CHANCERY_TRY_VOID(write(folder_, small_files_of(directory_, policy)));
    CHANCERY_TRY_VOID(folder_.replace(kCheckpointFile, form));
    return opened;
  }

 private:
  Result<void> take(const v1::AuditBatch& batch) {
    const std::string& leaves = batch.leaves();
    if (batch.first_index() != tiles_.size() || leaves.empty() ||
        leaves.size() % ledger::kLeafBytes != 0) {
      return fail(ErrorCode::kGap, "a batch at " + std::to_string(batch.first_index()) +
                                       ", expected at " + std::to_string(tiles_.size()));
    }
    for (std::size_t at = 0; at < leaves.size(); at += ledger::kLeafBytes) {
      CHANCERY_TRY_VOID(take(std::string_view(leaves).substr(at, ledger::kLeafBytes)));
    }
    return {};
  }

  Result<void> take(std::string_view leaf) {
    if (exchange::is_directory_leaf(leaf)) {
      CHANCERY_TRY(std::string envelope, directory_entry(tiles_.size()));
      CHANCERY_TRY_VOID(fold_.directory_leaf(leaf, envelope));
      directory_.push_back({.index = tiles_.size(), .envelope = std::move(envelope)});
    } else {
      CHANCERY_TRY_VOID(fold_.notice_leaf(leaf));
    }
    CHANCERY_TRY_VOID(ledger::append_entry(bundle_, as_bytes(leaf)));
    for (const ledger::MadeTile& made : tiles_.append(ledger::leaf_hash(as_bytes(leaf)))) {
      CHANCERY_TRY_VOID(folder_.put(made.tile, made.bytes));
    }
    if (tiles_.size() % ledger::kTileWidth == 0) {
      CHANCERY_TRY_VOID(put_bundle(tiles_.size() / ledger::kTileWidth - 1, ledger::kTileWidth));
    }
    return {};
  }

  Result<void> put_bundle(std::uint64_t index, std::uint64_t width) {
    const Result<void> put = folder_.put(
        {.entries = true, .level = 0, .index = index, .width = static_cast<std::uint16_t>(width)},
        bundle_);
    bundle_.clear();
    return put;
  }

  // Pages of leaves do not have them: a page with entries, of which the others are kept for later.
  Result<std::string> directory_entry(std::uint64_t index) {
    if (const auto known = seen_.find(index); known != seen_.end()) {
      return known->second;
    }
    seen_.clear();
    CHANCERY_TRY(const v1::AuditPageReply page, source_.pages(index, {}));
    for (const v1::AuditBatch& batch : page.batches()) {
      if (exchange::is_directory_leaf(batch.leaves()) && batch.entries_size() == 1) {
        seen_.emplace(batch.first_index(), batch.entries(0).envelope());
      }
    }
    const auto found = seen_.find(index);
    return found != seen_.end()
               ? Result<std::string>(found->second)
               : fail(ErrorCode::kStoreDamaged,
                      "the directory entry at " + std::to_string(index) + " is not there");
  }

  const AuditSource& source_;
  ExportFolder& folder_;
  const Head& head_;
  exchange::LeafFold fold_;
  std::vector<exchange::ExportedEntry> directory_;
  std::map<std::uint64_t, std::string> seen_;
  ledger::TileMaker tiles_;
  std::string bundle_;
};

Result<void> prepare(const std::string& path) {
  CHANCERY_TRY_VOID(os::make_folders(path));
  const ExportFolder folder(path);
  if (folder.has(kCheckpointFile) || folder.has(kUnfinishedFile)) {
    return {};
  }
  std::error_code error;
  return std::filesystem::is_empty(path, error)
             ? Result<void>()
             : fail(ErrorCode::kExists, path + " has files and is no export");
}

// As it was before an export that could not be finished, or was cut off.
void take_back(const ExportFolder& folder, const std::optional<SmallFiles>& small_files,
               std::uint64_t size) {
  Result<void> done = folder.sweep(size);
  if (small_files.has_value() && done.has_value()) {
    done = write(folder, *small_files);
  }
  for (const std::string_view name : {kDirectoryFile, kVkeyFile, kPolicyFile}) {
    if (!small_files.has_value() && done.has_value()) {
      done = folder.remove(name);
    }
  }
  if (done.has_value()) {
    static_cast<void>(folder.remove(kUnfinishedFile));
  }
}

Result<exchange::ExportedCheckpoint> write_export(const AuditSource& source, ExportFolder& folder,
                                                  Before before, const Head& head,
                                                  bool show_progress) {
  const std::uint64_t size = before.size();
  const std::optional<SmallFiles> small_files = before.small_files;
  const bool was_cut_off = folder.has(kUnfinishedFile);
  // Under its own name at once: it says what it says also where it is empty.
  if (!was_cut_off) {
    CHANCERY_TRY_VOID(os::write_file_new(folder.path_of(kUnfinishedFile), "", 0644));
  }
  Progress progress(std::cerr, show_progress, os::steady_now());
  Exporter exporter(source, folder, std::move(before), head);
  Result<void> made = exporter.run(progress);
  progress.end();
  Result<exchange::ExportedCheckpoint> finished =
      made.has_value() ? exporter.finish()
                       : Result<exchange::ExportedCheckpoint>(std::unexpected(made.error()));
  if (!finished.has_value()) {
    take_back(folder, small_files, size);
    return finished;
  }
  CHANCERY_TRY_VOID(was_cut_off ? folder.sweep(head.checkpoint.size)
                                : folder.remove_partial(size, head.checkpoint.size));
  CHANCERY_TRY_VOID(folder.remove(kUnfinishedFile));
  return finished;
}

}  // namespace

Result<ExportReport> export_log(const AuditSource& source, const std::string& path,
                                bool show_progress) {
  CHANCERY_TRY_VOID(prepare(path));
  CHANCERY_TRY(const os::FileLock lock, os::lock_folder(path));
  ExportFolder folder(path);
  CHANCERY_TRY(Before before, read_before(folder, source.genesis));
  CHANCERY_TRY(const v1::AuditPageReply end, source.leaves(kBeyondAll, {}));
  if (end.size() < before.size()) {
    CHANCERY_TRY_VOID(check_behind(end, folder, before));
  }
  if (before.size() > 0) {
    CHANCERY_TRY_VOID(check_extends(source, folder, before));
  }
  CHANCERY_TRY(const std::optional<Head> head, choose_head(source, end, before));
  ExportReport report{.origin = {}, .genesis = source.genesis};
  report.log_size = end.size();
  exchange::ExportedCheckpoint opened = before.checkpoint.value_or(exchange::ExportedCheckpoint{});
  if (head.has_value()) {
    report.added = head->checkpoint.size - before.size();
    CHANCERY_TRY(opened, write_export(source, folder, std::move(before), *head, show_progress));
  } else if (folder.has(kUnfinishedFile)) {
    take_back(folder, before.small_files, before.size());
  }
  report.origin = opened.checkpoint.origin;
  report.size = opened.checkpoint.size;
  report.root = opened.checkpoint.root;
  report.quorum_needed = opened.quorum_needed;
  report.at_quorum = opened.at_quorum;
  report.cosignatures = opened.cosignatures.size();
  return report;
}

namespace {

text::Json as_json(const ExportReport& report, const ExportOptions& options) {
  return {{"export", options.folder},
          {"genesis", hex(report.genesis)},
          {"origin", report.origin},
          {"size", report.size},
          {"root", hex(report.root)},
          {"added", report.added},
          {"quorum_needed", report.quorum_needed},
          {"at_quorum", report.at_quorum},
          {"cosignatures", report.cosignatures},
          {"log_size", report.log_size}};
}

std::string quorum_text(const ExportReport& report) {
  const std::string count = " (" + std::to_string(report.cosignatures) + " cosigned)";
  if (!report.quorum_needed) {
    return "alone: its directory has too few witnesses for a quorum" + count;
  }
  return (report.at_quorum ? "and by a quorum of its witnesses"
                           : "NOT by a quorum of its witnesses") +
         count;
}

void print(const ExportReport& report, const ExportOptions& options) {
  std::cout << "exported: " << harmless(options.folder) << "\n"
            << "  log         " << harmless(report.origin) << ", " << report.size << " entries, "
            << report.added << " of them new\n"
            << "  root        " << hex(report.root) << "\n"
            << "  genesis     " << hex(report.genesis) << "\n"
            << "  checkpoint  signed by the log, " << quorum_text(report) << "\n";
  if (report.log_size > report.size) {
    std::cout << "  not in it   " << report.log_size - report.size
              << " newer entries that no quorum has cosigned yet\n";
  }
}

Result<int> run_export(const ExportOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  CHANCERY_TRY(const AuditSource source, open_audit(target));
  CHANCERY_TRY(const ExportReport report,
               export_log(source, options.folder, !shared.json && is_terminal(STDERR_FILENO)));
  if (shared.json) {
    std::cout << json_line(as_json(report, options)) << "\n";
  } else {
    print(report, options);
  }
  return os::kExitDone;
}

}  // namespace

Result<int> run_audit_export(const ExportOptions& options, const Shared& shared) {
  return run_export(options, shared);
}

}  // namespace chancery::cli
