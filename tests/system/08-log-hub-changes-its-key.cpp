// The hub's log key changes while the log goes on: the roster says so, the hub has to hold the key,
// and followers and auditors go along. Protocol chapter 8.

#include <gtest/gtest.h>

#include "tests/system/support/link_test.h"

namespace chancery::test {
namespace {

using LogHubChangesItsKeyTest = LinkTest;

// C-106, C-107.
TEST_F(LogHubChangesItsKeyTest, AMemberFollowsAcrossTheChange) {
  const std::vector<std::string> members = {"AM", "BY", "KG", "KZ"};
  v1::Roster roster = exchange_.directory().roster();
  roster.mutable_hub()->add_log_keys(signing_public("hub log 2").spki());
  const std::string entry = exchange_.next_roster(roster, members, exchange_.directory());
  EXPECT_EQ(honest_->answer_to_envelope(entry), "hub-key-missing");
  EXPECT_EQ(honest_->answer_to_envelope(author_.publish("KZ", {"BY"}, "Before")), "accepted");

  const auto restart = [&] {
    ASSERT_EQ(hub_.daemon().stop(), 0);
    ASSERT_NO_FATAL_FAILURE(hub_.start());
    ASSERT_TRUE(honest_->reaches(zmq::LinkState::kConnected));
    ASSERT_TRUE(honest_->greet());
    ASSERT_NO_FATAL_FAILURE(meet_three_more());
    author_.saw(honest_->head());
  };
  hub_.set_log_keys("hub log 1", "hub log 2");
  ASSERT_NO_FATAL_FAILURE(restart());
  EXPECT_EQ(honest_->answer_to_envelope(entry), "accepted");
  EXPECT_EQ(honest_->answer_to_envelope(author_.publish("KZ", {"BY"}, "Under both")), "accepted");

  hub_.set_log_keys("hub log 2");
  ASSERT_NO_FATAL_FAILURE(restart());
  EXPECT_EQ(honest_->answer_to_envelope(author_.publish("KZ", {"BY"}, "After")), "accepted");
  EXPECT_TRUE(eventually([&] {
    return node_->subjects() == std::vector<std::string>{"Before", "Under both", "After"};
  })) << node_->daemon().log();
  EXPECT_EQ(node_->status().code, 0) << "no alarm";

  // The old key alone signs nothing that anybody would follow.
  ASSERT_EQ(hub_.daemon().stop(), 0);
  hub_.set_log_keys("hub log 1");
  hub_.daemon().start();
  EXPECT_TRUE(hub_.daemon().says({"is not the log key in the roster"})) << hub_.daemon().log();
  EXPECT_TRUE(eventually([&] { return !hub_.daemon().runs(); }));
  hub_.set_log_keys("hub log 2");
  ASSERT_NO_FATAL_FAILURE(hub_.start());
  ASSERT_TRUE(honest_->reaches(zmq::LinkState::kConnected));
  ASSERT_TRUE(honest_->greet());
  ASSERT_NO_FATAL_FAILURE(meet_three_more());
}

}  // namespace
}  // namespace chancery::test
