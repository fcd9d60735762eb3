#include "core/exchange/exported_directory.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/exchange/witnesses.h"
#include "core/ledger/leaf.h"
#include "tests/support/exchange.h"
#include "tests/support/generated_log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::must;
using test::outcome;

class ExportedDirectoryTest : public ::testing::Test {
 protected:
  ExportedDirectoryTest() {
    for (const std::string& envelope : exchange_.founding_entries()) {
      entries_.push_back({.index = entries_.size(), .envelope = envelope});
    }
    policy_ = must(policy_of(exchange_.directory()));
  }
  // All leaves of the founding.
  LeafFold folded() {
    LeafFold fold(exchange_.genesis());
    for (const ExportedEntry& entry : entries_) {
      must(fold.directory_leaf(log_.leaf(entry.index), entry.envelope));
    }
    return fold;
  }

  test::TestExchange exchange_;
  test::GeneratedLog log_{exchange_, {.size = 100}};
  std::vector<ExportedEntry> entries_;
  ledger::WitnessPolicy policy_;
};

TEST_F(ExportedDirectoryTest, AFileOfADirectoryHasOneSpelling) {
  const std::string bytes = format_directory(entries_);
  EXPECT_EQ(must(parse_directory(bytes)), entries_);
  EXPECT_EQ(must(parse_directory("")), std::vector<ExportedEntry>());
  EXPECT_EQ(outcome(parse_directory(bytes + "x")), "malformed");
  EXPECT_EQ(outcome(parse_directory(bytes.substr(0, bytes.size() - 1))), "malformed");
  EXPECT_EQ(outcome(parse_directory(std::string(11, '\0'))), "malformed");
  EXPECT_EQ(must(parse_directory(std::string(12, '\0'))).size(), 1U);
  EXPECT_EQ(outcome(parse_directory(std::string(24, '\0'))), "malformed");  // The same index.
  EXPECT_EQ(outcome(parse_directory(std::string(kExportedDirectoryBytesMax + 1, '\0'))),
            "limit-exceeded");
}

TEST_F(ExportedDirectoryTest, LeavesAreJudgedByTheDirectoryAsItIsThere) {
  LeafFold fold = folded();
  must(fold.notice_leaf(log_.leaf(7)));
  EXPECT_EQ(fold.size(), 8U);
  std::string other = log_.leaf(8);
  other[20] = static_cast<char>(other[20] ^ 1);
  EXPECT_EQ(outcome(fold.notice_leaf(other)), "directory-mismatch");
  other = log_.leaf(8);
  other[0] = 3;
  EXPECT_EQ(outcome(fold.notice_leaf(other)), "malformed");
  EXPECT_EQ(outcome(fold.notice_leaf(log_.leaf(8) + "x")), "malformed");
  other = log_.leaf(8);
  other[4] = 0;  // Accepted before the one before.
  EXPECT_EQ(outcome(fold.notice_leaf(other)), "malformed");
  other[1] = 1;  // In far more than a million years.
  EXPECT_EQ(outcome(fold.notice_leaf(other)), "malformed");
  must(fold.notice_leaf(log_.leaf(8)));
}

TEST_F(ExportedDirectoryTest, ADirectoryEntryHashesToItsLeafAndFitsTheDirectory) {
  LeafFold fold(exchange_.genesis());
  EXPECT_EQ(outcome(fold.directory_leaf(log_.leaf(0), entries_[1].envelope)), "leaf-mismatch");
  must(fold.directory_leaf(log_.leaf(0), entries_[0].envelope));
  EXPECT_NE(outcome(fold.directory_leaf(log_.leaf(0), entries_[0].envelope)), "good");  // Twice.
  std::string other = log_.leaf(1);
  other[20] = static_cast<char>(other[20] ^ 1);
  EXPECT_EQ(outcome(fold.directory_leaf(other, entries_[1].envelope)), "directory-mismatch");
  LeafFold elsewhere(test::kGenesis);
  EXPECT_NE(outcome(elsewhere.directory_leaf(log_.leaf(0), entries_[0].envelope)), "good");
}

TEST_F(ExportedDirectoryTest, AFoldGoesOnBehindWhatWasJudged) {
  LeafFold fold(exchange_.genesis());
  must(fold.resume(entries_, 50));
  EXPECT_EQ(fold.size(), 50U);
  EXPECT_EQ(fold.directory().root(), exchange_.directory().root());
  must(fold.notice_leaf(log_.leaf(50)));
}

TEST_F(ExportedDirectoryTest, ThePolicyIsTheNewestLogKeyAndAQuorumOfTheWitnesses) {
  ASSERT_EQ(policy_.log_keys().size(), 1U);
  EXPECT_EQ(policy_.log_keys()[0], exchange_.directory().log_keys().back());
  EXPECT_EQ(policy_.witness_keys(), witnesses_of(exchange_.directory()).keys);
  EXPECT_TRUE(policy_.format().contains("\ngroup witnesses 4 ")) << policy_.format();
  // C-181: where five of five may be bad there is no quorum.
  test::TestExchange bad({.adjust_roster = [](v1::Roster& roster) { roster.set_faulty_max(5); }});
  Directory directory = bad.directory();
  const Hash node = test::signing_public(test::node_key_name("AM", 1, "signing")).id();
  must(directory.apply(
      bad.parse(bad.entry(test::revocation_of(node), std::vector{test::authority_name("AM")},
                          directory, "AM")),
      bad.cache()));
  EXPECT_TRUE(must(policy_of(directory)).format().ends_with("\nquorum none\n"));
}

TEST_F(ExportedDirectoryTest, ACheckpointHasTheLinesOfItsPolicyAndNoOthers) {
  const std::string good = log_.cosigned(100, 4);
  const ExportedCheckpoint opened = must(open_exported(good, policy_));
  EXPECT_EQ(opened.checkpoint.root, log_.root_at(100));
  EXPECT_EQ(opened.cosignatures.size(), 4U);
  EXPECT_TRUE(opened.at_quorum && opened.quorum_needed);
  EXPECT_FALSE(must(open_exported(log_.cosigned(100, 3), policy_)).at_quorum);
  EXPECT_FALSE(must(open_exported(log_.checkpoint(100), policy_)).at_quorum);

  const std::string other = test::GeneratedLog(exchange_, {.size = 101}).cosigned(101, 4);
  for (const std::string& surplus :
       {good + good.substr(good.rfind("\u2014")),                                 // Twice.
        good + "\u2014 somebody Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn\n",  // A stranger.
        good + other.substr(other.rfind("\u2014"))}) {  // Of another head.
    EXPECT_EQ(outcome(open_exported(surplus, policy_)), "bad-checkpoint") << surplus;
  }
  // What is written leaves strangers out, and of each witness its newest.
  EXPECT_EQ(must(exported_form(
                good + "\u2014 somebody Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn\n", policy_)),
            good);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    EXPECT_NE(outcome(open_exported(altered, policy_)), "good") << at;
  }
}

}  // namespace
}  // namespace chancery::exchange
