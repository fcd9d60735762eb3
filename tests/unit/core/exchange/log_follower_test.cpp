#include "core/exchange/log_follower.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/exchange/limits.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::four_members;
using test::outcome;
using test::TestExchange;
using test::TestLog;
using Names = std::vector<std::string>;

const Names hub_key = {"hub log 1"};

class LogFollowerTest : public testing::Test {
 protected:
  LogFollowerTest() { log_.found(); }

  void catch_up(LogFollower& follower) {
    for (std::size_t i = 0; i < log_.batches().size(); ++i) {
      if (log_.batches()[i].first_index() >= follower.size()) {
        ASSERT_EQ(outcome(follower.follow(log_.batches()[i], cache_)), "good") << i;
      }
    }
  }
  // Follows; on error, sees that nothing changed (C-108).
  std::string follow(const v1::LogBatch& batch) {
    const std::uint64_t size = follower_.size();
    const Hash root = follower_.tree().root();
    const Hash directory = follower_.directory().root();
    const std::uint64_t time = follower_.accepted_at_ms();
    const Result<FollowedBatch> followed = follower_.follow(batch, cache_);
    if (!followed.has_value()) {
      EXPECT_EQ(follower_.size(), size);
      EXPECT_EQ(follower_.tree().root(), root);
      EXPECT_EQ(follower_.directory().root(), directory);
      EXPECT_EQ(follower_.accepted_at_ms(), time);
    }
    return outcome(followed);
  }
  // The next batch of two notices, changed, and signed by the hub over what it became.
  std::string follow_lie(const std::function<void(v1::LogBatch&)>& change) {
    v1::LogBatch batch = next_;
    change(batch);
    test::resign(batch, follower_.tree(), "chancery.test/trial", hub_key);
    return follow(batch);
  }
  void prepare_notices() {
    catch_up(follower_);
    next_ = log_.append(Names{notice(), notice()});
  }
  std::string notice() {
    return exchange_.publish(exchange_.draft("AM", {"BY"}), "text", exchange_.directory());
  }

  TestExchange exchange_;
  TestLog log_{exchange_};
  RootCache cache_;
  LogFollower follower_{exchange_.genesis()};
  v1::LogBatch next_;
};

// C-102
TEST_F(LogFollowerTest, FollowsFromTheFirstEntryToTheHead) {
  catch_up(follower_);
  log_.append(Names{notice(), notice(), notice()});
  log_.append_entry(exchange_.enrol(test::person_entry("AM"), log_.directory()));
  log_.append(Names{notice()}, log_.accepted_at_ms());  // The same time again is no step back.
  catch_up(follower_);
  EXPECT_EQ(follower_.size(), 7U + 3U + 1U + 1U);
  EXPECT_EQ(follower_.tree().root(), log_.tree().root());
  EXPECT_EQ(follower_.directory().root(), log_.directory().root());
  EXPECT_EQ(follower_.accepted_at_ms(), log_.accepted_at_ms());
}

// C-100, C-101
TEST_F(LogFollowerTest, HandsOutTheLeavesAndTheEntry) {
  const v1::LogBatch& first = log_.batches().front();
  const Result<FollowedBatch> followed = follower_.follow(first, cache_);
  ASSERT_EQ(outcome(followed), "good");
  EXPECT_EQ(followed->first_index, 0U);
  EXPECT_EQ(followed->checkpoint, first.checkpoint());
  const std::optional<Envelope>& entry = followed->directory_entry;
  if (!entry.has_value()) {
    FAIL() << "no entry";
  }
  EXPECT_EQ(entry->draft.kind(), "directory.roster");
  ASSERT_EQ(followed->leaves.size(), 1U);
  // A directory entry's leaf names the state after it.
  EXPECT_EQ(followed->leaves[0].directory, follower_.directory().root());
  EXPECT_EQ(followed->leaves[0].entry, entry->entry);
  EXPECT_EQ(followed->leaves[0].type, ledger::LeafType::kDirectory);
}

TEST_F(LogFollowerTest, GoesOnFromWhatItWas) {
  prepare_notices();
  LogFollower resumed(follower_.tree(), follower_.directory(), follower_.accepted_at_ms());
  EXPECT_EQ(outcome(resumed.follow(next_, cache_)), "good");
}

// C-102, C-108: after each refusal the next batch in order is still good.
TEST_F(LogFollowerTest, AGapIsSaidAndABatchIsTakenOnce) {
  prepare_notices();
  const v1::LogBatch later = log_.append(Names{notice()});
  EXPECT_EQ(follow(later), "gap");
  EXPECT_EQ(follow(next_), "good");
  EXPECT_EQ(follow(next_), "gap");
  EXPECT_EQ(follow(later), "good");
}

// C-103
TEST_F(LogFollowerTest, ABatchHasItsForm) {
  prepare_notices();
  using B = v1::LogBatch;
  EXPECT_EQ(follow_lie([](B& b) { b.clear_entries(); }), "malformed");
  EXPECT_EQ(follow_lie([](B& b) { b.mutable_entries()->resize(33); }), "malformed");
  EXPECT_EQ(follow_lie([](B& b) { b.set_type(3); }), "malformed");
  EXPECT_EQ(follow_lie([](B& b) { b.clear_type(); }), "malformed");
  EXPECT_EQ(follow_lie([](B& b) { b.mutable_directory()->pop_back(); }), "malformed");
  EXPECT_EQ(follow_lie([&](B& b) { b.set_directory_entry(exchange_.founding_entries()[1]); }),
            "malformed");
  EXPECT_EQ(follow_lie([](B&) {}), "good");
}

// C-103, C-22
TEST_F(LogFollowerTest, ABatchHasAtMost4096Entries) {
  prepare_notices();
  const auto entries = [&](std::size_t count) {
    return follow_lie([&](v1::LogBatch& b) { b.set_entries(std::string(32 * count, 'e')); });
  };
  EXPECT_EQ(entries(kBatchSizeMax + 1), "malformed");
  EXPECT_EQ(entries(kBatchSizeMax), "good");
}

// C-104
TEST_F(LogFollowerTest, TimeDoesNotRunBackwards) {
  prepare_notices();
  const std::uint64_t before = follower_.accepted_at_ms();
  EXPECT_EQ(follow_lie([&](v1::LogBatch& b) { b.set_accepted_at_ms(before - 1); }), "malformed");
  EXPECT_EQ(follow_lie([&](v1::LogBatch& b) { b.set_accepted_at_ms(before); }), "good");
}

// C-106: whatever is altered after the hub signed shows in the root.
TEST_F(LogFollowerTest, LeavesThatTheHubDidNotSignAreRefused) {
  prepare_notices();
  v1::LogBatch batch = next_;
  (*batch.mutable_entries())[40] ^= 1;
  EXPECT_EQ(follow(batch), "root-mismatch");
  batch = next_;
  batch.mutable_entries()->resize(32);
  EXPECT_EQ(follow(batch), "root-mismatch");
  batch = next_;
  batch.set_accepted_at_ms(batch.accepted_at_ms() + 1);
  EXPECT_EQ(follow(batch), "root-mismatch");
  const std::string entries = next_.entries();
  batch = next_;
  batch.set_entries(entries.substr(32) + entries.substr(0, 32));
  EXPECT_EQ(follow(batch), "root-mismatch");
  EXPECT_EQ(follow(next_), "good");
}

// C-106: the right size with another root, and the right root with another size.
TEST_F(LogFollowerTest, TheCheckpointIsOfThisSizeAndRoot) {
  prepare_notices();
  ledger::CompactTree tree = follower_.tree();
  for (const ledger::Leaf& leaf : test::leaves_of(next_)) {
    tree.append(ledger::leaf_hash(leaf));
  }
  v1::LogBatch batch = next_;
  const auto sign = [&](std::uint64_t size, const Hash& root, const std::string& origin,
                        const Names& keys) {
    batch.set_checkpoint(test::signed_checkpoint(origin, size, root, keys));
    return follow(batch);
  };
  const std::string name = "chancery.test/trial";
  EXPECT_EQ(sign(tree.size(), Hash{1}, name, hub_key), "root-mismatch");
  EXPECT_EQ(sign(tree.size() + 1, tree.root(), name, hub_key), "root-mismatch");
  EXPECT_EQ(sign(tree.size() - 1, tree.root(), name, hub_key), "root-mismatch");
  EXPECT_EQ(sign(tree.size(), tree.root(), "another/log", hub_key), "bad-checkpoint");
  EXPECT_EQ(sign(tree.size(), tree.root(), name, {"AM authority"}), "bad-checkpoint");
  EXPECT_EQ(sign(tree.size(), tree.root(), name, hub_key), "good");
}

// C-106
TEST_F(LogFollowerTest, ACheckpointThatIsNoneIsRefused) {
  prepare_notices();
  v1::LogBatch batch = next_;
  batch.clear_checkpoint();
  EXPECT_EQ(follow(batch), "bad-checkpoint");
  for (std::size_t i = 0; i < next_.checkpoint().size(); ++i) {
    batch = next_;
    (*batch.mutable_checkpoint())[i] ^= 1;
    EXPECT_NE(follow(batch), "good") << i;
  }
}

// C-105
TEST_F(LogFollowerTest, ALeafThatNamesAnotherDirectoryIsRefused) {
  prepare_notices();
  EXPECT_EQ(follow_lie([](v1::LogBatch& b) { b.set_directory(std::string(32, 'd')); }),
            "directory-mismatch");
}

// C-105: the point of the directory root in every leaf. The hub folds a revocation and does not
// send it; the next leaf betrays it, whether or not the hub signs that leaf.
TEST_F(LogFollowerTest, AWithheldRevocationShowsInTheNextLeaf) {
  catch_up(follower_);
  Directory revoked = follower_.directory();
  const std::string entry =
      exchange_.entry(test::revocation_of(test::signing_public("AM node 1 signing").id()),
                      Names{"AM authority"}, revoked);
  test::must(revoked.apply(exchange_.parse(entry), cache_));
  next_ = log_.append(Names{notice()});
  EXPECT_EQ(follow_lie([&](v1::LogBatch& b) { b.set_directory(to_string(revoked.root())); }),
            "directory-mismatch");
}

// C-105: a notice before the first roster.
TEST_F(LogFollowerTest, NothingIsFollowedBeforeTheRoster) {
  v1::LogBatch batch;
  batch.set_type(1);
  batch.set_accepted_at_ms(1);
  batch.set_entries(std::string(32, 'e'));
  batch.set_directory(to_string(follower_.directory().root()));
  EXPECT_EQ(follow(batch), "directory-mismatch");
}

// C-101: a directory entry is a batch of its own, is the envelope that it says, and is good.
TEST_F(LogFollowerTest, ADirectoryBatchHoldsItsOneEntry) {
  catch_up(follower_);
  const std::string entry = exchange_.enrol(test::person_entry("AM"), log_.directory());
  next_ = log_.append_entry(entry);
  using B = v1::LogBatch;
  EXPECT_EQ(follow_lie([](B& b) { b.clear_directory_entry(); }), "malformed");
  EXPECT_EQ(follow_lie([&](B& b) { b.set_directory_entry(exchange_.founding_entries()[1]); }),
            "leaf-mismatch");
  EXPECT_EQ(follow_lie([](B& b) { b.mutable_entries()->append(std::string(32, 'e')); }),
            "leaf-mismatch");
  EXPECT_EQ(follow_lie([&](B& b) {
              b.set_directory_entry(exchange_.founding_entries()[1]);
              b.set_entries(to_string(exchange_.parse(exchange_.founding_entries()[1]).entry));
            }),
            "slot-conflict");
  EXPECT_EQ(follow(next_), "good");
}

class LogKeyTest : public LogFollowerTest {
 protected:
  // Logs a roster with a second log key, whose first checkpoint these keys sign.
  std::string change(bool old_key_lost, const Names& signed_by) {
    catch_up(follower_);
    v1::Roster roster = log_.directory().roster();
    roster.mutable_hub()->add_log_keys(test::signing_public("hub log 2").spki());
    roster.mutable_hub()->set_old_key_lost(old_key_lost);
    log_.set_log_keys(signed_by);
    return follow(log_.append_entry(exchange_.next_roster(roster, four_members, log_.directory())));
  }
};

// C-107
TEST_F(LogKeyTest, TheNewAndTheOldKeySignTheFirstCheckpointAfterAChange) {
  EXPECT_EQ(change(false, {"hub log 1", "hub log 2"}), "good");
  // From then on the new one alone, and the old one no more.
  log_.set_log_keys({"hub log 2"});
  EXPECT_EQ(follow(log_.append(Names{notice()})), "good");
  log_.set_log_keys({"hub log 1"});
  EXPECT_EQ(follow(log_.append(Names{notice()})), "bad-checkpoint");
}

TEST_F(LogKeyTest, WithoutTheOldKeyAChangeIsRefused) {
  EXPECT_EQ(change(false, {"hub log 2"}), "bad-checkpoint");
}

TEST_F(LogKeyTest, WithoutTheNewKeyAChangeIsRefused) {
  EXPECT_EQ(change(false, {"hub log 1"}), "bad-checkpoint");
}

// C-107
TEST_F(LogKeyTest, ALostKeyNeedNotSign) {
  EXPECT_EQ(change(true, {"hub log 2"}), "good");
}

TEST_F(LogKeyTest, ALostKeyIsNoLeaveToSignWithIt) {
  EXPECT_EQ(change(true, {"hub log 1"}), "bad-checkpoint");
}

}  // namespace
}  // namespace chancery::exchange
