// A hub that goes and comes back, in order or not, with sessions open: what was acknowledged is
// there, under the same index, and the nodes come back by themselves. Protocol chapter 10.

#include <gtest/gtest.h>

#include <map>

#include "core/exchange/limits.h"
#include "tests/system/support/link_test.h"

namespace chancery::test {
namespace {

class LinkHubRestartsTest : public LinkTest {
 protected:
  // Three submits, an end of the hub in the middle of them, and the same three again.
  void survive(const std::function<void()>& end) {
    std::vector<std::vector<std::string>> submits(3);
    std::vector<std::string> ids;
    for (std::vector<std::string>& envelopes : submits) {
      for (std::size_t i = 0; i < exchange::kSubmitCountMax; ++i) {
        const v1::Draft draft = exchange_.draft("AM", {"BY", "KZ"});
        ids.push_back(draft.notice_id());
        envelopes.push_back(author_.publish(draft, std::to_string(ids.size())));
      }
    }
    for (const std::vector<std::string>& envelopes : submits) {
      ASSERT_TRUE(hostile_->submit(envelopes));
    }
    const auto before = hostile_->answers(1);
    end();
    hostile_->drain();
    const std::map<std::string, std::uint64_t> acknowledged = hostile_->indices();
    ASSERT_FALSE(acknowledged.empty());
    ASSERT_NO_FATAL_FAILURE(hub_.start());

    ASSERT_TRUE(hostile_->reaches(zmq::LinkState::kConnected));
    ASSERT_TRUE(hostile_->greet());
    ASSERT_TRUE(honest_->reaches(zmq::LinkState::kConnected));
    const std::uint64_t cursor =
        honest_->delivered().empty() ? 0 : honest_->delivered().rbegin()->first + 1;
    ASSERT_TRUE(honest_->greet(cursor));
    EXPECT_GE(hostile_->head().size(), acknowledged.size());
    ASSERT_NO_FATAL_FAILURE(meet_three_more());
    for (const std::vector<std::string>& envelopes : submits) {
      ASSERT_TRUE(hostile_->submit(envelopes));
    }
    EXPECT_TRUE(eventually([&] {
      hostile_->drain();
      honest_->drain();
      return hostile_->indices().size() == ids.size();
    }));
    for (const auto& [id, index] : acknowledged) {
      EXPECT_EQ(hostile_->indices().at(id), index);
    }
    EXPECT_TRUE(eventually([&] {
      honest_->drain();
      return honest_->delivered().size() == ids.size();
    }));
    EXPECT_TRUE(eventually([&] { return node_->count("inbox", "shown") == ids.size(); }))
        << node_->daemon().log();
  }
};

// C-136, C-137.
TEST_F(LinkHubRestartsTest, AKilledHubHasEverythingThatItAcknowledged) {
  survive([&] { hub_.daemon().kill(); });
}

TEST_F(LinkHubRestartsTest, AStoppedHubHasEverythingThatItAcknowledged) {
  survive([&] { EXPECT_EQ(hub_.daemon().stop(), 0); });
}

}  // namespace
}  // namespace chancery::test
