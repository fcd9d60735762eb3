#include "core/exchange/completeness.h"

#include <gtest/gtest.h>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

Hash d_of(int number) {
  return crypto::sha256({as_bytes(std::to_string(number))});
}

// What AM and BY counted of the same log.
struct Both {
  PairCount ours{.size = 40};
  PairCount theirs{.size = 40};
  void sent_by_us(int number) {
    ours.add(true, d_of(number));
    theirs.add(false, d_of(number));
  }
  void sent_by_them(int number) {
    ours.add(false, d_of(number));
    theirs.add(true, d_of(number));
  }
  [[nodiscard]] std::string outcome() const {
    const std::string text =
        statement_text(theirs, {.peer = "AM", .root = d_of(0), .early = {41}, .unopenable = {3}});
    return test::outcome(compare(test::must(parse_statement(text, "AM", 50)), ours));
  }
};

TEST(CompletenessTest, BothEndsCountTheSameEntries) {
  Both both;
  EXPECT_EQ(both.outcome(), "good") << "nothing on either side";
  both.sent_by_us(1);
  both.sent_by_them(2);
  both.sent_by_us(3);
  EXPECT_EQ(both.outcome(), "good");
  both.ours.add(true, d_of(4));
  EXPECT_EQ(both.outcome(), "statement-mismatch") << "one did not arrive";
}

TEST(CompletenessTest, OneThatWasReplacedOrMovedIsADifference) {
  Both both;
  both.sent_by_us(1);
  both.sent_by_us(2);
  both.theirs.received = {};
  both.theirs.add(false, d_of(2));
  both.theirs.add(false, d_of(1));
  EXPECT_EQ(both.outcome(), "statement-mismatch");
  both.theirs.received = both.ours.sent;
  EXPECT_EQ(both.outcome(), "good");
  both.theirs.add(true, d_of(3));
  EXPECT_EQ(both.outcome(), "statement-mismatch") << "it sent what did not come";
}

TEST(CompletenessTest, AStatementSaysOnlyWhatItCan) {
  PairCount count{.size = 40};
  const StatementInput good{.peer = "AM", .root = d_of(0), .early = {40, 49}, .unopenable = {0}};
  const auto read = [&](const StatementInput& input, std::uint64_t logged_at = 50) {
    return test::outcome(parse_statement(statement_text(count, input), "AM", logged_at));
  };
  EXPECT_EQ(read(good), "good");
  EXPECT_EQ(read(good, 39), "malformed") << "of more than there was";
  StatementInput input = good;
  input.peer = "BY";
  EXPECT_EQ(read(input), "malformed") << "about somebody else";
  input = good;
  input.early = {39};
  EXPECT_EQ(read(input), "malformed") << "counted already";
  input.early = {50};
  EXPECT_EQ(read(input), "malformed") << "of what was not logged";
  input.early = {42, 41};
  EXPECT_EQ(read(input), "malformed") << "out of order";
  input = good;
  input.unopenable.resize(kStatementIndicesMax + 1);
  EXPECT_EQ(read(input), "limit-exceeded");
  count.size = 0;
  input = good;
  input.early.clear();
  EXPECT_EQ(read(input), "malformed") << "of no log";
  v1::Text text;
  EXPECT_EQ(test::outcome(parse_statement(text.SerializeAsString(), "", 1)), "malformed");
  v1::Statement statement;
  statement.set_peer("AM");
  statement.set_size(1);
  text.set_content(statement.SerializeAsString());
  EXPECT_EQ(test::outcome(parse_statement(text.SerializeAsString(), "AM", 1)), "malformed")
      << "without roots";
}

TEST(CompletenessTest, AnAcknowledgementNamesANoticeAndALevel) {
  const auto read = [](const std::string& notice, v1::AcknowledgementLevel level) {
    v1::Acknowledgement said;
    said.set_notice(notice);
    said.set_level(level);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    return test::outcome(parse_acknowledgement(text.SerializeAsString()));
  };
  const std::string notice(32, 'n');
  EXPECT_EQ(read(notice, v1::ACKNOWLEDGEMENT_LEVEL_READ), "good");
  EXPECT_EQ(read(notice, v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED), "good");
  EXPECT_EQ(read(notice, v1::ACKNOWLEDGEMENT_LEVEL_UNSPECIFIED), "malformed");
  EXPECT_EQ(read(notice, static_cast<v1::AcknowledgementLevel>(3)), "malformed");
  EXPECT_EQ(read(notice.substr(1), v1::ACKNOWLEDGEMENT_LEVEL_READ), "malformed");
}

}  // namespace
}  // namespace chancery::exchange
