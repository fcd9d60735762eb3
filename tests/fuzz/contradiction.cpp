// A file that accuses a log of two histories. First byte: 0 the bytes are the file; 1 one of a log
// that did so is spoilt by edits of its bytes, four bytes each; 2 one of a log that did not is.
//
// Holds: a file has one spelling; one with another byte does not convince, or of the very same (the
// indices in its directories are nobody's word); nothing that is made of the heads of an honest log
// accuses it.

#include "core/exchange/contradiction.h"

#include <optional>

#include "core/exchange/exported_directory.h"
#include "core/ledger/leaf.h"
#include "core/ledger/proof.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"
#include "tests/support/generated_log.h"

namespace chancery::fuzz {
namespace {

using exchange::Contradiction;

constexpr std::uint64_t kSmaller = 9;
constexpr std::uint64_t kLarger = 13;

struct Made {
  test::TestExchange exchange;
  test::GeneratedLog log{exchange, {.size = kLarger, .heads = {kSmaller}}};
  test::GeneratedLog fork{exchange, {.size = kLarger, .heads = {kSmaller}, .fork_at = 8}};
  std::string accusation = against(fork);
  std::string calumny = against(log);

  // That the log at the smaller size is not the beginning of the other at the larger.
  [[nodiscard]] std::string against(const test::GeneratedLog& other) const {
    std::vector<exchange::ExportedEntry> entries;
    for (const std::string& envelope : exchange.founding_entries()) {
      entries.push_back({.index = entries.size(), .envelope = envelope});
    }
    const std::string directory = exchange::format_directory(entries);
    std::vector<Hash> hashes;
    hashes.reserve(other.size());
    for (std::uint64_t i = 0; i < other.size(); ++i) {
      hashes.push_back(ledger::leaf_hash(as_bytes(other.leaf(i))));
    }
    const Contradiction file{.smaller = {.directory = directory, .note = log.checkpoint(kSmaller)},
                             .larger = {.directory = directory, .note = other.checkpoint(kLarger)},
                             .root = other.root_at(kSmaller),
                             .path = ledger::consistency_proof(hashes, kSmaller)};
    return file.format();
  }
};

const Made& made() {
  static const Made all;
  return all;
}

std::optional<exchange::ProvenContradiction> proven(std::string_view bytes) {
  const Result<Contradiction> file = Contradiction::parse(bytes);
  if (!file.has_value()) {
    return std::nullopt;
  }
  CHANCERY_CHECK(file->format() == bytes);
  auto all = exchange::verify_contradiction(*file, made().exchange.genesis(), std::nullopt);
  return all.has_value() ? std::optional(*std::move(all)) : std::nullopt;
}

void check_accusation(const std::string& file) {
  const std::string& good = made().accusation;
  const auto found = proven(file);
  CHANCERY_CHECK(found.has_value() || file != good);
  if (found.has_value() && has_one_other_byte(file, good)) {
    CHANCERY_CHECK(found->smaller.root == made().log.root_at(kSmaller));
    CHANCERY_CHECK(found->larger.root == made().fork.root_at(kLarger));
  }
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzz = chancery::fuzz;
  fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      static_cast<void>(fuzz::proven(input.rest()));
      break;
    case 1:
      fuzz::check_accusation(fuzz::spoilt(fuzz::made().accusation, input));
      break;
    default:
      CHANCERY_CHECK(!fuzz::proven(fuzz::spoilt(fuzz::made().calumny, input)).has_value());
  }
  return 0;
}
