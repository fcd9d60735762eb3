#include "cli/audit_check.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "cli/export_folder.h"
#include "cli/terminal.h"
#include "core/base/encoding.h"
#include "core/exchange/exported_directory.h"
#include "core/ledger/leaf.h"
#include "io/os/bulk_files.h"
#include "io/os/clock.h"
#include "io/os/file.h"

namespace chancery::cli {
namespace {

bool says_of_the_file(ErrorCode code) {
  return code != ErrorCode::kIo && code != ErrorCode::kFilePermissions;
}

class ExportCheck {
 public:
  ExportCheck(const std::string& path, const Pins& pins) : folder_(path), pins_(pins) {}

  Result<ExportVerdict> run(bool show_progress) {
    CHANCERY_TRY_VOID(check_there());
    CHANCERY_TRY_VOID(read_words());
    if (has_head_) {
      CHANCERY_TRY_VOID(check_tree(show_progress));
      judge_words();
    }
    CHANCERY_TRY_VOID(find_surplus());
    return std::move(verdict_);
  }

 private:
  void found(std::string_view file, Error error) {
    const bool known =
        std::ranges::any_of(verdict_.findings, [&](const auto& one) { return one.file == file; });
    if (!known && verdict_.findings.size() < ledger::TreeCheck::kFindingsMax) {
      verdict_.findings.push_back({.file = std::string(file), .error = std::move(error)});
    }
  }

  Result<void> check_there() {
    if (folder_.has(kUnfinishedFile)) {
      return fail(ErrorCode::kUnavailable,
                  folder_.path() +
                      ": an export is under way there, or was cut off: let it end, or "
                      "run audit export again");
    }
    if (!folder_.has(kCheckpointFile) && !folder_.has("tile")) {
      return fail(ErrorCode::kFileMissing, folder_.path() + " is no export: it has no checkpoint");
    }
    return {};
  }

  // Empty, and a finding, where the file is not as it may be.
  Result<std::string> read(std::string_view name) {
    Result<std::string> bytes = folder_.read(name);
    if (bytes.has_value()) {
      return bytes;
    }
    if (!says_of_the_file(bytes.error().code)) {
      return std::unexpected(std::move(bytes).error());
    }
    found(name, bytes.error());
    return std::string();
  }

  Result<void> read_words() {
    CHANCERY_TRY(verdict_.checkpoint, read(kCheckpointFile));
    CHANCERY_TRY(vkey_text_, read(kVkeyFile));
    CHANCERY_TRY(policy_text_, read(kPolicyFile));
    CHANCERY_TRY(const std::string directory, read(kDirectoryFile));
    read_head();
    read_directory(directory);
    if (pins_.log_key.has_value() && vkey_text_ != pins_.log_key->format() + "\n") {
      found(kVkeyFile, {ErrorCode::kUnknownKey, "it is not the key that was given"});
    }
    return {};
  }

  void read_head() {
    const Result<ledger::Checkpoint> checkpoint = ledger::parse_checkpoint(verdict_.checkpoint);
    if (!checkpoint.has_value()) {
      found(kCheckpointFile, checkpoint.error());
      return;
    }
    has_head_ = true;
    verdict_.origin = checkpoint->origin;
    verdict_.size = checkpoint->size;
    verdict_.root = checkpoint->root;
  }

  void read_directory(const std::string& bytes) {
    Result<std::vector<exchange::ExportedEntry>> entries = exchange::parse_directory(bytes);
    if (entries.has_value() && entries->empty()) {
      entries = fail(ErrorCode::kMalformed, "a directory without entries");
    }
    const Result<Hash> genesis = entries.has_value()
                                     ? exchange::genesis_of(entries->front().envelope)
                                     : Result<Hash>(std::unexpected(entries.error()));
    if (!genesis.has_value()) {
      found(kDirectoryFile, genesis.error());
      return;
    }
    verdict_.genesis = *genesis;
    verdict_.directory_entries = entries->size();
    if (pins_.genesis.has_value() && *pins_.genesis != *genesis) {
      found(kDirectoryFile,
            {ErrorCode::kWrongGenesis, "its first entry makes the exchange " + hex(*genesis)});
    }
    directory_ = *std::move(entries);
    fold_.emplace(*genesis);
  }

  Result<void> check_tree(bool show_progress) {
    Progress progress(std::cerr, show_progress, os::steady_now());
    ledger::TreeCheck tree(verdict_.size, verdict_.root, folder_.files());
    while (!tree.done()) {
      // What is at the edge is known to be good only at the end.
      const bool last = verdict_.size - tree.checked() < ledger::kTileWidth;
      CHANCERY_TRY_VOID(tree.step());
      if (!last) {
        fold(tree);
      }
      progress.show("verifying entries", tree.checked(), verdict_.size, "", os::steady_now());
    }
    CHANCERY_TRY_VOID(tree.finish());
    if (verdict_.size % ledger::kTileWidth != 0) {
      fold(tree);
    }
    for (const ledger::FileFinding& finding : tree.findings()) {
      found(finding.file, finding.error);
    }
    return {};
  }

  // Leaves that the tree does not have are judged no further, nor what comes after them.
  void fold(const ledger::TreeCheck& tree) {
    if (!fold_.has_value() || (tree.done() && !tree.findings().empty()) || tree.entries().empty()) {
      fold_.reset();
      return;
    }
    for (const std::string_view leaf : tree.entries()) {
      const Result<void> judged = judge(*fold_, leaf);
      if (!judged.has_value()) {
        const bool of_leaf =
            judged.error().code == ErrorCode::kMalformed && !exchange::is_directory_leaf(leaf);
        found(of_leaf ? ledger::tile_name(bundle_of(fold_->size())) : std::string(kDirectoryFile),
              judged.error());
        fold_.reset();
        return;
      }
    }
  }

  [[nodiscard]] ledger::Tile bundle_of(std::uint64_t index) const {
    const std::uint64_t first = index / ledger::kTileWidth * ledger::kTileWidth;
    return {.entries = true,
            .level = 0,
            .index = index / ledger::kTileWidth,
            .width = static_cast<std::uint16_t>(
                std::min<std::uint64_t>(verdict_.size - first, ledger::kTileWidth))};
  }

  Result<void> judge(exchange::LeafFold& fold, std::string_view leaf) {
    if (!exchange::is_directory_leaf(leaf)) {
      return fold.notice_leaf(leaf);
    }
    if (folded_ == directory_.size() || directory_[folded_].index != fold.size()) {
      return fail(ErrorCode::kLeafMismatch,
                  "it lacks the directory entry at " + std::to_string(fold.size()));
    }
    return fold.directory_leaf(leaf, directory_[folded_++].envelope);
  }

  void judge_words() {
    if (fold_.has_value() && fold_->directory().founded()) {
      if (folded_ < directory_.size()) {
        found(kDirectoryFile, {ErrorCode::kLeafMismatch,
                               "it has an entry at " + std::to_string(directory_[folded_].index) +
                                   " that the log has not"});
      }
      if (const Result<ledger::WitnessPolicy> policy = exchange::policy_of(fold_->directory());
          policy.has_value()) {
        judge_by(*policy);
        return;
      }
    }
    // By what the folder says then: there are findings already.
    if (const Result<ledger::WitnessPolicy> policy = ledger::WitnessPolicy::parse(policy_text_);
        policy.has_value()) {
      judge_checkpoint(*policy);
    }
  }

  void judge_by(const ledger::WitnessPolicy& policy) {
    verdict_.vkey = policy.log_keys().front().format();
    if (vkey_text_ != verdict_.vkey + "\n") {
      found(kVkeyFile, {ErrorCode::kUnknownKey, "it is not the log's key by the directory"});
    }
    if (policy_text_ != policy.format()) {
      found(kPolicyFile, {ErrorCode::kMalformed, "it is not the policy that the directory gives"});
    }
    judge_checkpoint(policy);
  }

  void judge_checkpoint(const ledger::WitnessPolicy& policy) {
    const Result<exchange::ExportedCheckpoint> opened =
        exchange::open_exported(verdict_.checkpoint, policy);
    if (!opened.has_value()) {
      found(kCheckpointFile, opened.error());
      return;
    }
    verdict_.quorum_needed = opened->quorum_needed;
    verdict_.at_quorum = opened->at_quorum;
    verdict_.cosignatures = opened->cosignatures.size();
  }

  Result<void> find_surplus() {
    const auto is_part = [this](const os::FoundFile& file) {
      if (file.name == kCheckpointFile || file.name == kVkeyFile || file.name == kPolicyFile ||
          file.name == kDirectoryFile) {
        return true;
      }
      const Result<ledger::Tile> tile = ledger::parse_tile_name(file.name);
      return !has_head_ || (tile.has_value() && ledger::is_tile_of(*tile, verdict_.size));
    };
    return os::for_each_file(folder_.path(), [&](const os::FoundFile& file) -> Result<void> {
      if (!is_part(file) || !file.is_regular) {
        found(file.name, {ErrorCode::kMalformed, file.is_regular ? "it is no part of the export"
                                                                 : "it is no regular file"});
      }
      return {};
    });
  }

  ExportFolder folder_;
  const Pins& pins_;
  ExportVerdict verdict_;
  bool has_head_ = false;
  std::string vkey_text_;
  std::string policy_text_;
  std::vector<exchange::ExportedEntry> directory_;
  std::size_t folded_ = 0;  // Entries of it.
  std::optional<exchange::LeafFold> fold_;
};

}  // namespace

Result<Pins> read_pins(const std::string& genesis, const std::string& vkey) {
  Pins pins;
  if (!genesis.empty()) {
    const Result<Hash> hash = hash_from_hex(genesis);
    if (!hash.has_value()) {
      return fail(ErrorCode::kUsage, "--genesis is 64 hexadecimal digits");
    }
    pins.genesis = *hash;
  }
  if (!vkey.empty()) {
    Result<ledger::NoteKey> key = ledger::NoteKey::parse(vkey);
    if (!key.has_value()) {
      std::string text = os::read_file(vkey, ledger::kNoteBytesMax).value_or("");
      text.resize(text.ends_with('\n') ? text.size() - 1 : text.size());
      key = ledger::NoteKey::parse(text);
    }
    if (!key.has_value() || key->type != ledger::kNoteEd25519) {
      return fail(ErrorCode::kUsage,
                  "--vkey is the verifier key of a log, NAME+ID+KEY, or a file that holds one");
    }
    pins.log_key = *std::move(key);
  }
  return pins;
}

Result<ExportVerdict> check_export(const std::string& folder, const Pins& pins,
                                   bool show_progress) {
  return ExportCheck(folder, pins).run(show_progress);
}

Result<void> check_extends(const std::string& folder, const ExportVerdict& verdict,
                           const AuditedHead& head) {
  CHANCERY_TRY_VOID(check_reaches(head, verdict.size));
  const ExportFolder files(folder);
  CHANCERY_TRY(const Hash root,
               ledger::root_from_tiles(head.checkpoint.size, files.within(verdict.size)));
  return check_same(head, root);
}

}  // namespace chancery::cli
