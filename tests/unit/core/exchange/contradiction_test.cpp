#include "core/exchange/contradiction.h"

#include <gtest/gtest.h>

#include <string>

#include "core/exchange/exported_directory.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/support/exchange.h"
#include "tests/support/generated_log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::GeneratedLog;
using test::must;
using test::outcome;

class ContradictionTest : public ::testing::Test {
 protected:
  ContradictionTest() {
    std::vector<ExportedEntry> entries;
    for (const std::string& envelope : exchange_.founding_entries()) {
      entries.push_back({.index = entries.size(), .envelope = envelope});
    }
    directory_ = format_directory(entries);
    for (std::uint64_t i = 0; i < fork_.size(); ++i) {
      hashes_.push_back(ledger::leaf_hash(as_bytes(fork_.leaf(i))));
    }
  }
  // The log with 40 entries, against the first so many of the one that parts from it at 30.
  Contradiction against(std::uint64_t size) {
    Contradiction made{.smaller = {.directory = directory_, .note = log_.checkpoint(40)},
                       .larger = {.directory = directory_, .note = fork_.checkpoint(size)}};
    if (size > 40) {
      made.root = fork_.root_at(40);
      made.path = ledger::consistency_proof(std::span(hashes_).first(size), 40);
    }
    return made;
  }
  std::string judged(const Contradiction& contradiction) {
    return outcome(verify_contradiction(contradiction, exchange_.genesis(), std::nullopt));
  }

  test::TestExchange exchange_;
  GeneratedLog log_{exchange_, {.size = 100, .heads = {40}}};
  GeneratedLog fork_{exchange_, {.size = 100, .heads = {40, 70}, .fork_at = 30}};
  std::string directory_;
  std::vector<Hash> hashes_;
};

TEST_F(ContradictionTest, TwoRootsOfOneSizeOrOneThatDoesNotBeginWithTheOther) {
  for (const std::uint64_t size : {40U, 70U, 100U}) {
    const Contradiction made = against(size);
    EXPECT_EQ(judged(made), "good") << size;
    EXPECT_EQ(must(Contradiction::parse(made.format())).format(), made.format());
    const ProvenContradiction proven = must(verify_contradiction(made, std::nullopt, std::nullopt));
    EXPECT_EQ(proven.log.genesis, exchange_.genesis());
    EXPECT_EQ(proven.smaller.root, log_.root_at(40));
    EXPECT_EQ(proven.larger.root, fork_.root_at(size));
  }
}

TEST_F(ContradictionTest, AnHonestLogIsNotAccused) {
  Contradiction same = against(40);
  same.larger.note = same.smaller.note;
  EXPECT_EQ(judged(same), "root-mismatch");
  // What the larger tree has at 40, against itself: it begins with it.
  Contradiction grown = against(100);
  grown.smaller.note = fork_.checkpoint(40);
  EXPECT_EQ(judged(grown), "root-mismatch");
  // A root that the larger tree has not there.
  Contradiction invented = against(100);
  invented.root = Hash{1};
  EXPECT_EQ(judged(invented), "bad-batch-path");
  std::swap(grown.smaller, grown.larger);
  EXPECT_EQ(judged(grown), "malformed");
  Contradiction bare = against(100);
  bare.root.reset();
  EXPECT_EQ(judged(bare), "malformed");
  Contradiction surplus = against(40);
  surplus.path.push_back(Hash{});
  EXPECT_EQ(judged(surplus), "malformed");
}

TEST_F(ContradictionTest, BothHeadsAreSignedByTheLogThatIsMeant) {
  const Contradiction made = against(70);
  const ledger::NoteKey key = exchange_.directory().log_keys().back();
  EXPECT_EQ(outcome(verify_contradiction(made, std::nullopt, key)), "good");
  EXPECT_EQ(outcome(verify_contradiction(made, test::kGenesis, std::nullopt)), "wrong-genesis");
  ledger::NoteKey other = key;
  other.key = test::signing_public("hub log 2");
  EXPECT_EQ(outcome(verify_contradiction(made, std::nullopt, other)), "bad-checkpoint");
}

TEST_F(ContradictionTest, EachAlteredByteIsRefused) {
  for (const std::uint64_t size : {40U, 70U}) {
    const std::string good = against(size).format();
    for (std::size_t at = 0; at < good.size();
         at += at < 60 || at + 900 > good.size() ? 5U : 211U) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      const Result<Contradiction> read = Contradiction::parse(bytes);
      EXPECT_NE(read.has_value() ? judged(*read) : "refused", "good") << size << " " << at;
    }
    EXPECT_EQ(outcome(Contradiction::parse(good + "\n")), "malformed");
    EXPECT_NE(outcome(Contradiction::parse(good.substr(0, good.size() - 1))), "good");
    EXPECT_EQ(outcome(Contradiction::parse("")), "malformed");
  }
}

}  // namespace
}  // namespace chancery::exchange
