#include "cli/inbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

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

client::Notice in_thread(std::uint64_t index, char n, const std::string& in_reply_to = {}) {
  client::Notice notice;
  notice.index = index;
  notice.logged = true;
  notice.witnessed = true;
  notice.notice = std::string(64, n);
  notice.in_reply_to = in_reply_to;
  notice.subject = std::string("subject ") + n;
  return notice;
}

// "  b", "of c" of each line.
std::vector<std::string> outline(const std::string& lines) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    const std::string line = lines.substr(at, lines.find('\n', at) - at);
    const std::size_t subject = line.find("subject ");
    const std::string indent(line.find_first_not_of(' '), ' ');
    all.push_back(indent +
                  (subject == std::string::npos ? line.substr(0, 4) : line.substr(subject + 8)));
  }
  return all;
}

TEST(InboxTest, ThreadsAreTogetherAndTheNewestIsTheLast) {
  const auto n = [](char digit) { return std::string(64, digit); };
  std::vector<client::Notice> notices = {in_thread(9, '9', n('1')), in_thread(1, '1'),
                                         in_thread(2, '2'),         in_thread(3, '3', n('a')),
                                         in_thread(4, '4', n('a')), in_thread(5, '5', n('9')),
                                         in_thread(6, '6', n('2'))};
  notices[2].supersedes = {n('7')};  // It comes later, and is not below.
  notices.push_back(in_thread(7, '7'));
  notices[6].thread = std::exchange(notices[6].in_reply_to, n('b'));
  notices[4].in_reply_to.clear();
  notices[4].translation_of = n('a');
  const auto none = [](const std::string& /*n*/) { return std::optional<client::Notice>(); };
  EXPECT_EQ(outline(inbox_threads(notices, none)),
            (std::vector<std::string>{"of a", "  3", "  4", "5", "2", "  6", "7", "1", "  9"}))
      << "what refers to one thing that is not there is together";
  EXPECT_EQ(inbox_threads({}, none), "");
  const auto own = [&](const std::string& name) {
    return name == n('a') ? std::optional(in_thread(2, 'a', n('1'))) : std::nullopt;
  };
  EXPECT_EQ(outline(inbox_threads(notices, own)),
            (std::vector<std::string>{"5", "2", "  6", "7", "1", "  a", "    3", "    4", "  9"}))
      << "one's own is in between";
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
