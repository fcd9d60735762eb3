#include "cli/audit_compare.h"

#include <iostream>
#include <optional>
#include <utility>

#include "cli/display.h"
#include "cli/export_folder.h"
#include "cli/report.h"
#include "core/base/encoding.h"
#include "core/exchange/contradiction.h"
#include "core/ledger/proof.h"
#include "core/ledger/tile_proofs.h"
#include "core/ledger/tree_check.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

// An export, as far as it must be good to be compared: its checkpoint, and the tiles at its edge.
struct Side {
  ExportFolder folder;
  exchange::SignedSide words;
  exchange::LogIdentity log;
  ledger::Checkpoint checkpoint;

  [[nodiscard]] ledger::TileSource tiles() const { return folder.within(checkpoint.size); }
};

std::unexpected<Error> no_side(const std::string& folder, const Error& error) {
  return fail(ErrorCode::kUnavailable, folder + " cannot be compared: " + error.to_string() +
                                           "; audit verify --export names what is wrong");
}

Result<Side> read_good(const std::string& path, const Pins& pins) {
  Side side{.folder = ExportFolder(path), .words = {}, .log = {}, .checkpoint = {}};
  CHANCERY_TRY(side.words.note, side.folder.read(kCheckpointFile));
  CHANCERY_TRY(side.words.directory, side.folder.read(kDirectoryFile));
  CHANCERY_TRY(side.log, exchange::identity_of(side.words.directory));
  if (pins.genesis.has_value() && *pins.genesis != side.log.genesis) {
    return fail(ErrorCode::kWrongGenesis, "it is of the exchange " + hex(side.log.genesis));
  }
  if (pins.log_key.has_value()) {
    side.log.keys = {*pins.log_key};
  }
  CHANCERY_TRY(const ledger::SignedCheckpoint opened,
               ledger::open_checkpoint(side.words.note, side.log.keys));
  side.checkpoint = opened.checkpoint;
  CHANCERY_TRY(const Hash root, ledger::root_from_tiles(side.checkpoint.size, side.tiles()));
  if (root != side.checkpoint.root) {
    return fail(ErrorCode::kRootMismatch, "its tiles do not make the root of its checkpoint");
  }
  return side;
}

Result<Side> read_side(const std::string& path, const Pins& pins) {
  Result<Side> side = read_good(path, pins);
  return side.has_value() ? std::move(side) : no_side(path, side.error());
}

struct Comparison {
  std::optional<exchange::Contradiction> contradiction;
  std::optional<std::uint64_t> first_difference;
};

// `smaller` has no more entries than `larger`.
Result<Comparison> compare(const Side& smaller, const Side& larger) {
  const std::uint64_t size = smaller.checkpoint.size;
  CHANCERY_TRY(const Hash root, ledger::root_from_tiles(size, larger.tiles()));
  exchange::Contradiction found{.smaller = smaller.words, .larger = larger.words};
  if (size < larger.checkpoint.size) {
    found.root = root;
    CHANCERY_TRY(found.path,
                 ledger::consistency_proof(size, larger.checkpoint.size, larger.tiles()));
    CHANCERY_TRY_VOID(ledger::verify_consistency(size, root, larger.checkpoint.size,
                                                 larger.checkpoint.root, found.path));
  }
  Comparison comparison;
  if (root != smaller.checkpoint.root) {
    comparison.contradiction = std::move(found);
    // Of no weight in the proof, and lost where a tile is.
    comparison.first_difference =
        ledger::first_difference(size, smaller.tiles(), larger.checkpoint.size, larger.tiles())
            .value_or(std::nullopt);
  }
  return comparison;
}

text::Json as_json(const Side& side) {
  return {{"export", side.folder.path()},
          {"size", side.checkpoint.size},
          {"root", hex(side.checkpoint.root)}};
}

void print(const Comparison& comparison, const Side& smaller, const Side& larger,
           const CompareOptions& options) {
  const bool agree = !comparison.contradiction.has_value();
  std::cout << (agree ? "agree: " : "CONTRADICTION: ") << harmless(smaller.checkpoint.origin)
            << (!agree ? " has signed two logs\n"
                : smaller.checkpoint.size == larger.checkpoint.size
                    ? ", the same in both\n"
                    : ", and the second has more of it\n");
  for (const Side* const side : {&smaller, &larger}) {
    std::cout << "  " << (side == &smaller ? "first       " : "second      ")
              << harmless(side->folder.path()) << ": " << side->checkpoint.size << " entries, root "
              << hex(side->checkpoint.root) << "\n";
  }
  if (comparison.first_difference.has_value()) {
    std::cout << "  differ      from entry " << *comparison.first_difference << " on\n";
  }
  if (!agree && !options.proof.empty()) {
    std::cout << "  proof       " << harmless(options.proof) << "\n";
  }
}

Result<int> compared(const CompareOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Pins pins, read_pins(options.genesis, options.vkey));
  CHANCERY_TRY(Side smaller, read_side(options.one, pins));
  CHANCERY_TRY(Side larger, read_side(options.other, pins));
  if (smaller.log.genesis != larger.log.genesis ||
      smaller.checkpoint.origin != larger.checkpoint.origin) {
    return fail(ErrorCode::kWrongGenesis,
                "the two are of different exchanges: " + hex(smaller.log.genesis) + " and " +
                    hex(larger.log.genesis));
  }
  if (smaller.checkpoint.size > larger.checkpoint.size) {
    std::swap(smaller, larger);
  }
  const Result<Comparison> comparison = compare(smaller, larger);
  if (!comparison.has_value()) {
    return no_side(larger.folder.path(), comparison.error());
  }
  const std::optional<exchange::Contradiction>& found = comparison->contradiction;
  const bool agree = !found.has_value();
  if (found.has_value() && !options.proof.empty()) {
    CHANCERY_TRY_VOID(os::write_file_new(options.proof, found->format(), 0644));
  }
  if (shared.json) {
    const auto& first = comparison->first_difference;
    std::cout << json_line({{"agree", agree},
                            {"genesis", hex(smaller.log.genesis)},
                            {"origin", smaller.checkpoint.origin},
                            {"exports", text::Json::array({as_json(smaller), as_json(larger)})},
                            {"first_difference",
                             first.has_value() ? text::Json(*first) : text::Json(nullptr)},
                            {"proof", agree || options.proof.empty() ? text::Json(nullptr)
                                                                     : text::Json(options.proof)}})
              << "\n";
  } else {
    print(*comparison, smaller, larger, options);
  }
  return agree ? os::kExitDone : os::kExitFalse;
}

}  // namespace

Result<int> run_audit_compare(const CompareOptions& options, const Shared& shared) {
  Result<int> code = compared(options, shared);
  // Only two heads that contradict each other are a 1.
  if (!code.has_value() && code.error().code != ErrorCode::kUsage) {
    report(code.error(), shared.json);
    return os::kExitUnknown;
  }
  return code;
}

Result<int> verify_contradiction_file(const std::string& path, const Pins& pins,
                                      const Shared& shared) {
  CHANCERY_TRY(const std::string bytes, os::read_file(path, exchange::kContradictionBytesMax));
  const Result<exchange::Contradiction> read = exchange::Contradiction::parse(bytes);
  const auto proven = read.has_value()
                          ? exchange::verify_contradiction(*read, pins.genesis, pins.log_key)
                          : Result<exchange::ProvenContradiction>(std::unexpected(read.error()));
  if (!proven.has_value()) {
    report(proven.error(), shared.json);
    return os::kExitFalse;
  }
  const auto side = [](const ledger::Checkpoint& checkpoint) {
    return text::Json{{"size", checkpoint.size}, {"root", hex(checkpoint.root)}};
  };
  if (shared.json) {
    std::cout << json_line(
                     {{"verified", true},
                      {"contradiction", path},
                      {"genesis", hex(proven->log.genesis)},
                      {"genesis_given", pins.genesis.has_value()},
                      {"vkey_given", pins.log_key.has_value()},
                      {"origin", proven->smaller.origin},
                      {"heads", text::Json::array({side(proven->smaller), side(proven->larger)})}})
              << "\n";
    return os::kExitDone;
  }
  std::cout << "verified: " << harmless(path) << " proves that the log "
            << harmless(proven->smaller.origin) << " signed two histories\n"
            << "  genesis     " << hex(proven->log.genesis)
            << (pins.genesis.has_value() ? ", as given" : ", by the file's own word") << "\n";
  for (const ledger::Checkpoint* const head : {&proven->smaller, &proven->larger}) {
    std::cout << "  signed      " << head->size << " entries, root " << hex(head->root) << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
