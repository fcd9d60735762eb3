// LinkTest: a real hub, the real node of BY, and two peers in the test's hands. AM is hostile, KZ
// is honest.
//
// Every case ends in the same question: does the traffic of the others go on, and is nothing lost?
// A fresh notice of KZ has to reach BY's inbox, and the hub's log has to pass an audit.

#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/system/support/peer.h"
#include "tests/system/support/trial.h"

namespace chancery::test {

class LinkTest : public ::testing::Test {
 protected:
  static ExchangeOptions options() {
    return {.name = "trial",
            .institution = false,
            .partner = true,
            .adjust_roster = [](v1::Roster& roster) {
              v1::Member& am = *roster.mutable_members(0);
              am.clear_publish();
              for (const char* const kind : {"contact", "emergency.alert", "threat.alert"}) {
                am.add_publish(kind);
              }
            }};
  }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(hub_.start());
    node_ = std::make_unique<TrialNode>(exchange_, folder_, "BY", hub_.endpoint());
    node_->start();
    hostile_ = std::make_unique<Peer>(context_, exchange_, hub_, "AM node 1 transport");
    honest_ = std::make_unique<Peer>(context_, exchange_, hub_, "KZ node 1 transport");
    ASSERT_TRUE(hostile_->greet());
    ASSERT_TRUE(honest_->greet());
    author_.saw(honest_->head());
    ASSERT_TRUE(node_->daemon().says({"hub-welcome"})) << node_->daemon().log();
  }

  void TearDown() override {
    if (HasFatalFailure()) {
      return;
    }
    const std::string subject = "Traffic goes on";
    EXPECT_EQ(honest_->answer_to_envelope(author_.publish("KZ", {"BY"}, subject)), "accepted");
    EXPECT_TRUE(eventually([&] { return std::ranges::count(node_->subjects(), subject) == 1; }))
        << node_->daemon().log();
    const Ran audit = hub_.audit();
    EXPECT_EQ(audit.code, 0) << audit.output;
    EXPECT_EQ(node_->status().code, 0);
    EXPECT_EQ(node_->daemon().stop(), 0);
    EXPECT_EQ(hub_.daemon().stop(), 0);
  }

  // With KZ they are four members whom a hub has met that was started again: now it takes what is
  // handed in (C-150).
  void meet_three_more() {
    for (const std::string member : {"KG", "RU", "TJ"}) {
      Peer another(context_, exchange_, hub_, member + " node 1 transport");
      ASSERT_TRUE(another.greet()) << member;
    }
  }

  // Signed by AM as it stands.
  [[nodiscard]] std::string signed_by_am(const Unsigned& made) const {
    return exchange_.sign(made, "AM node 1 signing");
  }

  TestExchange exchange_{options()};
  Folder folder_;
  TrialHub hub_{exchange_, folder_};
  std::unique_ptr<TrialNode> node_;
  zmq::Context context_ = must(zmq::Context::create());
  std::unique_ptr<Peer> hostile_;
  std::unique_ptr<Peer> honest_;
  Author author_{exchange_, {}};
};

}  // namespace chancery::test
