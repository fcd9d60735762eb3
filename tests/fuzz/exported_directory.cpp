// What lies beside a log at rest. First byte: 0 the bytes are a file of a directory; 1 an honest
// one is spoilt by edits of its bytes, four bytes each; 2 so is a leaf of a notice; 3 a checkpoint.
//
// Holds: a file has one spelling, and none but the honest one fits the leaves; a leaf that fits the
// directory names it; a checkpoint that opens is the one that was signed, in one spelling.

#include "core/exchange/exported_directory.h"

#include <algorithm>

#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"
#include "tests/support/generated_log.h"
#include "tests/support/outcome.h"

namespace chancery::fuzz {
namespace {

using exchange::ExportedEntry;
using exchange::LeafFold;

constexpr std::uint64_t kNotice = 8;  // Behind the founding.

struct Honest {
  test::TestExchange exchange;
  test::GeneratedLog log{exchange, {.size = 10}};
  ledger::WitnessPolicy policy = test::must(exchange::policy_of(exchange.directory()));
  std::string head = log.cosigned(10, 4);
  std::string directory;
  LeafFold fold{exchange.genesis()};

  Honest() {
    std::vector<ExportedEntry> entries;
    for (const std::string& envelope : exchange.founding_entries()) {
      test::must(fold.directory_leaf(log.leaf(entries.size()), envelope));
      entries.push_back({.index = entries.size(), .envelope = envelope});
    }
    directory = exchange::format_directory(entries);
  }
};

const Honest& honest() {
  static const Honest made;
  return made;
}

// Whether it stands for all leaves of the founding.
bool fits(std::string_view bytes) {
  const Result<std::vector<ExportedEntry>> entries = exchange::parse_directory(bytes);
  if (!entries.has_value()) {
    return false;
  }
  CHANCERY_CHECK(exchange::format_directory(*entries) == bytes);
  LeafFold fold(honest().exchange.genesis());
  const bool all = std::ranges::all_of(*entries, [&](const ExportedEntry& entry) {
    return entry.index == fold.size() && entry.index < honest().log.size() &&
           fold.directory_leaf(honest().log.leaf(entry.index), entry.envelope).has_value();
  });
  return all && fold.size() == honest().fold.size();
}

void judge_leaf(const std::string& leaf) {
  LeafFold fold = honest().fold;
  if (!fold.notice_leaf(leaf).has_value()) {
    return;
  }
  const std::string good = honest().log.leaf(kNotice);
  CHANCERY_CHECK(leaf.size() == good.size() && !exchange::is_directory_leaf(leaf));
  CHANCERY_CHECK(leaf.substr(9, 32) == good.substr(9, 32));  // The root of the directory.
}

void judge_head(const std::string& note) {
  const auto opened = exchange::open_exported(note, honest().policy);
  CHANCERY_CHECK(opened.has_value() || note != honest().head);
  if (opened.has_value()) {
    CHANCERY_CHECK(opened->checkpoint.size == honest().log.size());
    CHANCERY_CHECK(opened->checkpoint.root == honest().log.root_at(honest().log.size()));
    CHANCERY_CHECK(test::must(exchange::exported_form(note, honest().policy)) == note);
  }
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzz = chancery::fuzz;
  fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      static_cast<void>(fuzz::fits(input.rest()));
      break;
    case 1: {
      const std::string file = fuzz::spoilt(fuzz::honest().directory, input);
      CHANCERY_CHECK(fuzz::fits(file) == (file == fuzz::honest().directory));
      break;
    }
    case 2:
      fuzz::judge_leaf(fuzz::spoilt(fuzz::honest().log.leaf(fuzz::kNotice), input));
      break;
    default:
      fuzz::judge_head(fuzz::spoilt(fuzz::honest().head, input));
  }
  return 0;
}
