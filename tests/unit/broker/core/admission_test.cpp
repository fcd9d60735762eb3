#include "broker/core/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/outcome.h"

namespace chancery::broker {
namespace {

using test::outcome;

// The queue looks at kind, precedence and size; `name` finds it again.
Submission submission(std::string_view name, v1::Precedence precedence, std::size_t bytes = 30,
                      std::string_view kind = "contact") {
  Submission made;
  made.peer = 1;
  made.member = "AM";
  made.envelope.draft.set_notice_id(std::string(name));
  made.envelope.draft.set_precedence(precedence);
  made.envelope.draft.set_kind(std::string(kind));
  made.envelope.header_bytes = std::string(bytes / 3, 'h');
  made.envelope.body_bytes = std::string(bytes / 3, 'b');
  made.envelope.signatures_bytes = std::string(bytes - 2 * (bytes / 3), 's');
  return made;
}

Submission entry(std::string_view name, std::size_t bytes = 30) {
  return submission(name, v1::PRECEDENCE_PRIORITY, bytes, "directory.node");
}

Submission from(std::string_view member, Submission made) {
  made.member = std::string(member);
  return made;
}

std::string names(const std::vector<Submission>& taken) {
  std::string all;
  for (const Submission& one : taken) {
    all += one.envelope.draft.notice_id() + " ";
  }
  return all;
}

std::string push(AdmissionQueue& queue, Submission one) {
  return outcome(queue.push(std::move(one)));
}

// As many as go in, up to a number that no limit allows.
std::size_t flood(AdmissionQueue& queue, const Submission& one) {
  std::size_t count = 0;
  while (count < 10'000 && queue.push(one).has_value()) {
    ++count;
  }
  return count;
}

std::string refusal(AdmissionQueue& queue, Submission one) {
  const Result<void> pushed = queue.push(std::move(one));
  EXPECT_FALSE(pushed.has_value());
  return pushed.has_value() ? "" : pushed.error().detail;
}

TEST(AdmissionTest, TakesAsManyAsItsCountAndNotOneMore) {
  AdmissionQueue queue({.count_max = 3, .reserve_count = 0, .reserve_bytes = 0});
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_EQ(push(queue, submission(name, v1::PRECEDENCE_ROUTINE)), "good");
  }
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE)), "queue-full");
  EXPECT_EQ(queue.count(), 3U);
  EXPECT_EQ(queue.bytes(), 90U);
  EXPECT_EQ(names(queue.take(9)), "a b c ");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE)), "good");
}

TEST(AdmissionTest, TakesAsManyBytesAsItsLimitAndNotOneMore) {
  AdmissionQueue queue({.bytes_max = 100, .reserve_count = 0, .reserve_bytes = 0});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_ROUTINE, 60)), "good");
  EXPECT_EQ(push(queue, submission("b", v1::PRECEDENCE_ROUTINE, 41)), "queue-full");
  EXPECT_EQ(queue.bytes(), 60U);
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_ROUTINE, 40)), "good");
  EXPECT_EQ(queue.bytes(), 100U);
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE, 1)), "queue-full");
  EXPECT_EQ(names(queue.take(9)), "a c ");
}

TEST(AdmissionTest, KeepsItsReserveOfCountForTheUrgentAndForDirectoryEntries) {
  AdmissionQueue queue({.count_max = 5, .reserve_count = 3});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_DEFERRED)), "good");
  EXPECT_EQ(push(queue, submission("b", v1::PRECEDENCE_PRIORITY)), "good");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_PRIORITY)), "queue-full");
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE)), "queue-full");
  EXPECT_EQ(push(queue, submission("e", v1::PRECEDENCE_IMMEDIATE)), "good");
  EXPECT_EQ(push(queue, submission("f", v1::PRECEDENCE_OVERRIDE)), "good");
  EXPECT_EQ(push(queue, entry("g")), "good");
  EXPECT_EQ(push(queue, submission("h", v1::PRECEDENCE_FLASH)), "queue-full");
  EXPECT_EQ(push(queue, entry("i")), "queue-full");
}

TEST(AdmissionTest, KeepsItsReserveOfBytesForTheUrgentAndForDirectoryEntries) {
  AdmissionQueue queue({.bytes_max = 100, .reserve_count = 0, .reserve_bytes = 40});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_ROUTINE, 61)), "queue-full");
  EXPECT_EQ(push(queue, submission("b", v1::PRECEDENCE_ROUTINE, 60)), "good");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_PRIORITY, 1)), "queue-full");
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_IMMEDIATE, 39)), "good");
  EXPECT_EQ(push(queue, entry("e", 1)), "good");
  EXPECT_EQ(push(queue, submission("f", v1::PRECEDENCE_OVERRIDE, 1)), "queue-full");
}

TEST(AdmissionTest, GivesTheUrgentFirstAndKeepsTheOrderWithinAPrecedence) {
  AdmissionQueue queue({});
  for (int i = v1::PRECEDENCE_DEFERRED; i <= v1::PRECEDENCE_OVERRIDE; ++i) {
    const std::string name = std::to_string(i);
    EXPECT_EQ(push(queue, submission(name + "a", static_cast<v1::Precedence>(i))), "good");
    EXPECT_EQ(push(queue, submission(name + "b", static_cast<v1::Precedence>(i))), "good");
  }
  EXPECT_EQ(names(queue.take(100)), "6a 6b 5a 5b 4a 4b 3a 3b 2a 2b 1a 1b ");
}

TEST(AdmissionTest, GivesAtMostWhatIsAskedAndTheRestLater) {
  AdmissionQueue queue({});
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_EQ(push(queue, submission(name, v1::PRECEDENCE_ROUTINE)), "good");
  }
  EXPECT_EQ(names(queue.take(2)), "a b ");
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_FLASH)), "good");
  EXPECT_EQ(names(queue.take(2)), "d c ");
  EXPECT_EQ(names(queue.take(2)), "");
}

TEST(AdmissionTest, LeavesThePatientAloneWhereOnlyTheUrgentAreAskedFor) {
  AdmissionQueue queue({});
  EXPECT_FALSE(queue.has(Takes::kAll));
  for (const auto& [name, precedence] :
       {std::pair{"a", v1::PRECEDENCE_PRIORITY}, std::pair{"b", v1::PRECEDENCE_DEFERRED}}) {
    EXPECT_EQ(push(queue, submission(name, precedence)), "good");
  }
  EXPECT_TRUE(queue.has(Takes::kAll));
  EXPECT_FALSE(queue.has(Takes::kUrgent));
  EXPECT_EQ(names(queue.take(9, Takes::kUrgent)), "");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_IMMEDIATE)), "good");
  EXPECT_TRUE(queue.has(Takes::kUrgent));
  EXPECT_EQ(names(queue.take(9, Takes::kUrgent)), "c ");
  EXPECT_EQ(push(queue, entry("d")), "good");
  EXPECT_TRUE(queue.has(Takes::kUrgent));
  EXPECT_EQ(names(queue.take(9, Takes::kUrgent)), "d ");
  EXPECT_EQ(names(queue.take(9)), "a b ");
}

// C-101
TEST(AdmissionTest, GivesADirectoryEntryAloneAndInTurnWithNotices) {
  AdmissionQueue queue({});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_OVERRIDE)), "good");
  EXPECT_EQ(push(queue, entry("b")), "good");
  EXPECT_EQ(push(queue, entry("c")), "good");
  EXPECT_EQ(names(queue.take(100)), "b ");
  EXPECT_EQ(names(queue.take(100)), "a ");
  EXPECT_EQ(names(queue.take(100)), "c ");
}

TEST(AdmissionTest, TakesAsManyOfAMemberAsItsShareAndNotOneMore) {
  AdmissionQueue queue({.member_count_max = 3, .member_reserve_count = 0});
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_EQ(push(queue, submission(name, v1::PRECEDENCE_ROUTINE)), "good");
  }
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE)), "queue-full");
  EXPECT_EQ(push(queue, submission("e", v1::PRECEDENCE_OVERRIDE)), "queue-full");
  EXPECT_EQ(push(queue, entry("f")), "queue-full");
  EXPECT_NE(refusal(queue, entry("f")).find("the member's own share"), std::string::npos);
  EXPECT_EQ(push(queue, from("BY", submission("g", v1::PRECEDENCE_ROUTINE))), "good");
  EXPECT_EQ(names(queue.take(1)), "a ");
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE)), "good");
  EXPECT_EQ(push(queue, submission("h", v1::PRECEDENCE_ROUTINE)), "queue-full");
}

TEST(AdmissionTest, TheFullestShareIsToldAtItsLimit) {
  AdmissionQueue queue({.member_count_max = 3, .member_reserve_count = 0});
  EXPECT_EQ(queue.fullest_share().count, 0U);
  EXPECT_EQ(push(queue, from("BY", submission("g", v1::PRECEDENCE_FLASH, 30))), "good");
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_EQ(push(queue, submission(name, v1::PRECEDENCE_ROUTINE, 20)), "good");
  }
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_ROUTINE, 20)), "queue-full");
  EXPECT_EQ(queue.fullest_share().count, 3U);
  EXPECT_EQ(queue.fullest_share().bytes, 60U);
  EXPECT_EQ(names(queue.take(1)), "g ");
  EXPECT_EQ(names(queue.take(3)), "a b c ");
  EXPECT_EQ(queue.fullest_share().bytes, 0U);
}

TEST(AdmissionTest, TakesAsManyBytesOfAMemberAsItsShareAndNotOneMore) {
  AdmissionQueue queue({.member_bytes_max = 100, .member_reserve_bytes = 0});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_ROUTINE, 60)), "good");
  EXPECT_EQ(push(queue, submission("b", v1::PRECEDENCE_ROUTINE, 41)), "queue-full");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_ROUTINE, 40)), "good");
  EXPECT_NE(refusal(queue, submission("d", v1::PRECEDENCE_OVERRIDE, 1)).find("own share"),
            std::string::npos);
  EXPECT_EQ(push(queue, from("BY", submission("e", v1::PRECEDENCE_ROUTINE, 100))), "good");
  EXPECT_EQ(names(queue.take(1)), "a ");
  EXPECT_EQ(push(queue, submission("f", v1::PRECEDENCE_ROUTINE, 60)), "good");
}

TEST(AdmissionTest, KeepsTheReserveOfAMembersShareForItsUrgent) {
  AdmissionQueue queue({.member_count_max = 3, .member_reserve_count = 1});
  EXPECT_EQ(push(queue, submission("a", v1::PRECEDENCE_ROUTINE)), "good");
  EXPECT_EQ(push(queue, submission("b", v1::PRECEDENCE_PRIORITY)), "good");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_PRIORITY)), "queue-full");
  EXPECT_EQ(push(queue, submission("d", v1::PRECEDENCE_IMMEDIATE)), "good");
  EXPECT_EQ(push(queue, submission("e", v1::PRECEDENCE_OVERRIDE)), "queue-full");

  AdmissionQueue bytes({.member_bytes_max = 100, .member_reserve_bytes = 40});
  EXPECT_EQ(push(bytes, submission("a", v1::PRECEDENCE_ROUTINE, 61)), "queue-full");
  EXPECT_EQ(push(bytes, submission("b", v1::PRECEDENCE_ROUTINE, 60)), "good");
  EXPECT_EQ(push(bytes, submission("c", v1::PRECEDENCE_IMMEDIATE, 41)), "queue-full");
  EXPECT_EQ(push(bytes, submission("d", v1::PRECEDENCE_IMMEDIATE, 40)), "good");
}

TEST(AdmissionTest, TakesAsManyDirectoryEntriesOfAMemberAsItsLimitAndNotOneMore) {
  AdmissionQueue queue({.directory_count_max = 3, .member_directory_count_max = 2});
  EXPECT_EQ(push(queue, entry("a")), "good");
  EXPECT_EQ(push(queue, entry("b")), "good");
  EXPECT_NE(refusal(queue, entry("c")).find("own share"), std::string::npos);
  EXPECT_EQ(push(queue, from("BY", entry("d"))), "good");
  EXPECT_EQ(refusal(queue, from("BY", entry("e"))).find("own share"), std::string::npos);
  EXPECT_EQ(names(queue.take(1)), "a ");
  EXPECT_EQ(push(queue, from("", entry("f"))), "good") << "the hub's own admin socket";
}

// Where the backlog of others has left the reserve alone.
TEST(AdmissionTest, NoMemberUsesTheReserveUp) {
  AdmissionQueue queue({.count_max = 6, .reserve_count = 4, .member_reserve_count = 2});
  EXPECT_EQ(push(queue, from("BY", submission("a", v1::PRECEDENCE_ROUTINE))), "good");
  EXPECT_EQ(push(queue, from("BY", submission("b", v1::PRECEDENCE_ROUTINE))), "good");
  EXPECT_EQ(push(queue, submission("c", v1::PRECEDENCE_OVERRIDE)), "good");
  EXPECT_EQ(push(queue, entry("d")), "good");
  EXPECT_EQ(push(queue, submission("e", v1::PRECEDENCE_OVERRIDE)), "queue-full");
  EXPECT_EQ(push(queue, entry("e")), "queue-full");
  EXPECT_EQ(push(queue, from("KZ", submission("f", v1::PRECEDENCE_IMMEDIATE))), "good");
  EXPECT_EQ(push(queue, from("KZ", submission("g", v1::PRECEDENCE_IMMEDIATE))), "good");
  EXPECT_EQ(push(queue, from("RU", submission("h", v1::PRECEDENCE_OVERRIDE))), "queue-full");

  AdmissionQueue bytes(
      {.bytes_max = 100, .reserve_count = 0, .reserve_bytes = 80, .member_reserve_bytes = 40});
  EXPECT_EQ(push(bytes, from("BY", submission("a", v1::PRECEDENCE_ROUTINE, 20))), "good");
  EXPECT_EQ(push(bytes, submission("b", v1::PRECEDENCE_OVERRIDE, 41)), "queue-full");
  EXPECT_EQ(push(bytes, submission("c", v1::PRECEDENCE_OVERRIDE, 40)), "good");
  EXPECT_EQ(push(bytes, submission("d", v1::PRECEDENCE_OVERRIDE, 1)), "queue-full");
  EXPECT_EQ(push(bytes, from("KZ", submission("e", v1::PRECEDENCE_OVERRIDE, 40))), "good");
}

TEST(AdmissionTest, MembersTakeTurnsWithinAPrecedenceAndKeepTheirOwnOrder) {
  AdmissionQueue queue({});
  for (const char* const name : {"a1", "a2", "a3", "a4"}) {
    EXPECT_EQ(push(queue, from("AM", submission(name, v1::PRECEDENCE_ROUTINE))), "good");
  }
  for (const char* const name : {"k1", "k2"}) {
    EXPECT_EQ(push(queue, from("KZ", submission(name, v1::PRECEDENCE_ROUTINE))), "good");
  }
  EXPECT_EQ(push(queue, from("BY", submission("b1", v1::PRECEDENCE_ROUTINE))), "good");
  EXPECT_EQ(names(queue.take(4)), "a1 b1 k1 a2 ");
  EXPECT_EQ(names(queue.take(1)), "k2 ") << "the turn goes on where it stopped";
  EXPECT_EQ(names(queue.take(9)), "a3 a4 ");
}

TEST(AdmissionTest, MembersTakeTurnsWithDirectoryEntries) {
  AdmissionQueue queue({});
  EXPECT_EQ(push(queue, from("AM", entry("a1"))), "good");
  EXPECT_EQ(push(queue, from("AM", entry("a2"))), "good");
  EXPECT_EQ(push(queue, from("BY", entry("b1"))), "good");
  EXPECT_EQ(names(queue.take(9)), "a1 ");
  EXPECT_EQ(names(queue.take(9)), "b1 ");
  EXPECT_EQ(names(queue.take(9)), "a2 ");
}

// Two members that wait have half of the places each; what one does not need the other gets.
TEST(AdmissionTest, ABatchIsSharedOutAmongThoseWhoWaitWhateverTheirPrecedence) {
  AdmissionQueue queue({});
  for (const char* const name : {"f1", "f2", "f3", "f4", "f5"}) {
    EXPECT_EQ(push(queue, from("AM", submission(name, v1::PRECEDENCE_OVERRIDE))), "good");
  }
  for (const char* const name : {"r1", "r2", "r3"}) {
    EXPECT_EQ(push(queue, from("BY", submission(name, v1::PRECEDENCE_DEFERRED))), "good");
  }
  EXPECT_EQ(names(queue.take(4)), "f1 f2 r1 r2 ");
  EXPECT_EQ(names(queue.take(4)), "f3 f4 f5 r3 ");
}

TEST(AdmissionTest, AFloodOfOneMemberLeavesRoomForAnotherAtEachPrecedence) {
  const AdmissionLimits limits;
  for (int flooded = v1::PRECEDENCE_DEFERRED; flooded <= v1::PRECEDENCE_OVERRIDE; ++flooded) {
    for (int other = v1::PRECEDENCE_DEFERRED; other <= v1::PRECEDENCE_OVERRIDE; ++other) {
      AdmissionQueue queue(limits);
      const bool urgent = flooded >= v1::PRECEDENCE_IMMEDIATE;
      EXPECT_EQ(flood(queue, submission("flood", static_cast<v1::Precedence>(flooded))),
                limits.member_count_max - (urgent ? 0 : limits.member_reserve_count));
      EXPECT_EQ(push(queue, from("RU", submission("x", static_cast<v1::Precedence>(other)))),
                "good");
      EXPECT_NE(names(queue.take(512)).find("x "), std::string::npos)
          << flooded << " against " << other;
    }
  }
}

}  // namespace
}  // namespace chancery::broker
