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

}  // namespace
}  // namespace chancery::broker
