#include "cli/inbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace chancery::cli {
namespace {

// An inbox as a node pages it: 2,000 rows are looked at for one page.
struct Inbox {
  std::uint64_t newest = 0;
  std::set<std::uint64_t> matching{};
  int page_count = 0;

  client::Page ask(const client::InboxQuery& query) {
    EXPECT_EQ(query.last, 0U);
    EXPECT_EQ(query.origins, std::vector<std::string>{"AM"}) << "the same is asked for";
    ++page_count;
    client::Page page;
    page.next.arrival = std::min(newest, query.after.arrival + 2000);
    const auto found = matching.upper_bound(query.after.arrival);
    if (found != matching.end() && *found <= page.next.arrival) {
      page.notices.emplace_back().arrival = *found;
      page.next.arrival = *found;
    }
    return page;
  }

  // After the newest of them came as an answer.
  Older older_than(const std::vector<std::uint64_t>& shown) {
    client::InboxQuery query;
    query.origins = {"AM"};
    query.last = 500;
    client::Page page;
    page.next.arrival = newest;
    for (const std::uint64_t arrival : shown) {
      page.notices.emplace_back().arrival = arrival;
    }
    return look_for_older([this](const client::InboxQuery& asked) { return ask(asked); }, query,
                          page);
  }
};

TEST(InboxTest, FewerThanTheLastThatWereAskedForAreAllThatMatchOrNot) {
  EXPECT_EQ((Inbox{.newest = 9, .matching = {3, 7}}.older_than({3, 7})), Older::kNone);
  EXPECT_EQ((Inbox{.newest = 9, .matching = {2, 3, 7}}.older_than({3, 7})), Older::kSome);
  EXPECT_EQ((Inbox{.newest = 9, .matching = {1}}.older_than({1})), Older::kNone);
  EXPECT_EQ((Inbox{.newest = 9}.older_than({})), Older::kNone);
  EXPECT_EQ((Inbox{.newest = 0}.older_than({})), Older::kNone);
  EXPECT_EQ((Inbox{.newest = 150'000, .matching = {10}}.older_than({})), Older::kSome)
      << "beyond the rows that a node looks at";
}

TEST(InboxTest, TheRestIsLookedThroughUpToABoundAndThenPerhapsMatches) {
  Inbox all{.newest = 100'000};
  EXPECT_EQ(all.older_than({}), Older::kNone);
  EXPECT_EQ(all.page_count, 50);
  Inbox more{.newest = 100'001};
  EXPECT_EQ(more.older_than({}), Older::kPerhaps);
  EXPECT_EQ(more.page_count, 50);
}

}  // namespace
}  // namespace chancery::cli
