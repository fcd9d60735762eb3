#include "core/exchange/pair_audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/crypto/sha256.h"
#include "core/exchange/completeness.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using Words = std::vector<std::string>;

constexpr PairSide kAm = PairSide::kFirst;
constexpr PairSide kBy = PairSide::kSecond;
const PairNames am_and_by = {"AM", "BY"};

Hash hash_of(std::uint64_t number) {
  return crypto::sha256({as_bytes(std::to_string(number))});
}

PairNotice notice(std::uint64_t index, PairSide origin) {
  return {.index = index, .notice = hash_of(index), .d = hash_of(index), .origin = origin};
}

// A log of 100 entries in which AM sent at 10, 20, 30 and BY at 15, and both stated that at 40.
class PairAuditTest : public testing::Test {
 protected:
  PairAuditTest() {
    for (PairRecord* const record : {&am_, &by_}) {
      record->notices = {notice(10, kAm), notice(15, kBy), notice(20, kAm), notice(30, kAm)};
      record->size = 100;
      record->heads = {{40, hash_of(40)}, {100, hash_of(100)}};
    }
    by_.holder = kBy;
    state(kAm, 41, 40, am_);
    state(kBy, 42, 40, by_);
  }

  // At an index, of a size, what this record has; both nodes get it.
  void state(PairSide by, std::uint64_t index, std::uint64_t size, const PairRecord& record) {
    PairStatement said{.by = by, .index = index, .size = size};
    for (const PairSide way : {kAm, kBy}) {
      ledger::CompactTree tree;
      for (const PairNotice& sent : record.notices) {
        if (sent.origin == way && sent.index < size && sent.fate != PairFate::kVoid) {
          tree.append(ledger::leaf_hash(sent.d));
        }
      }
      said.sent.at(std::to_underlying(way)) = {.count = tree.size(), .root = tree.root()};
    }
    am_.statements.push_back(said);
    by_.statements.push_back(said);
  }
  static void lose(PairRecord& record, std::uint64_t index) {
    std::erase_if(record.notices, [&](const PairNotice& one) { return one.index == index; });
  }
  static std::vector<PairNotice>::iterator at(PairRecord& record, std::uint64_t index) {
    return std::ranges::find(record.notices, index, &PairNotice::index);
  }

  [[nodiscard]] PairReport judge(PairRange range = {}) const {
    const std::vector<PairRecord> both = {am_, by_};
    return judge_pair(am_and_by, both, range).value();
  }
  static PairReport judge_alone(const PairRecord& record, PairRange range = {}) {
    const std::vector<PairRecord> one = {record};
    return judge_pair(am_and_by, one, range).value();
  }
  static Words said(const std::vector<AuditFinding>& findings) {
    Words words;
    for (const AuditFinding& finding : findings) {
      words.push_back(std::string(error_info(finding.error.code).name) + " at " +
                      std::to_string(finding.index.value_or(0)) + ": " + finding.error.detail);
    }
    return words;
  }
  static bool says(const Words& words, std::string_view start, std::string_view part) {
    return std::ranges::any_of(words, [&](const std::string& one) {
      return one.starts_with(start) && one.contains(part);
    });
  }

  PairRecord am_;
  PairRecord by_;
};

// C-195
TEST_F(PairAuditTest, WhatBothHaveAndBothStatedIsVerified) {
  const PairReport report = judge();
  EXPECT_EQ(report.verdict(), PairVerdict::kVerified);
  EXPECT_EQ(report.to, 40U) << "as far as both stated";
  EXPECT_EQ(report.ways[0].sent, 3U);
  EXPECT_EQ(report.ways[0].arrived, 3U);
  EXPECT_EQ(report.ways[1].sent, 1U);
  EXPECT_EQ(report.ways[1].arrived, 1U);
  EXPECT_EQ(report.covers[0].value_or(PairStatement{}).index, 41U);
  EXPECT_EQ(report.covers[1].value_or(PairStatement{}).index, 42U);
}

TEST_F(PairAuditTest, ARangeCountsWhatIsInIt) {
  const PairReport report = judge({.from = 20, .to = 30});
  EXPECT_EQ(report.verdict(), PairVerdict::kVerified);
  EXPECT_EQ(report.ways[0].sent, 1U) << "20 and not 30";
  EXPECT_EQ(report.ways[1].arrived, 0U);
  const std::vector<PairRecord> both = {am_, by_};
  EXPECT_EQ(test::outcome(judge_pair(am_and_by, both, {.from = 31, .to = 30})), "usage");
  EXPECT_EQ(judge({.from = 30, .to = 30}).verdict(), PairVerdict::kVerified);
}

TEST_F(PairAuditTest, OneNodesRecordsAreHeldAgainstTheWordOfTheOther) {
  for (const PairRecord* const record : {&am_, &by_}) {
    const PairReport report = judge_alone(*record);
    EXPECT_EQ(report.verdict(), PairVerdict::kVerified);
    EXPECT_EQ(report.ways[0].sent.has_value(), record->holder == kAm);
    EXPECT_EQ(report.ways[0].arrived.has_value(), record->holder == kBy);
  }
}

TEST_F(PairAuditTest, WhatNobodyStatedIsOpen) {
  const PairReport beyond = judge({.to = 41});
  EXPECT_EQ(beyond.verdict(), PairVerdict::kOpen);
  EXPECT_EQ(beyond.open.size(), 2U);
  EXPECT_EQ(beyond.open.front(), "AM has stated no more than what is below entry 40");
  std::erase_if(am_.statements, [](const PairStatement& one) { return one.by == kBy; });
  const PairReport silent = judge_alone(am_);
  EXPECT_EQ(silent.open, Words{"BY has stated nothing"});
  EXPECT_EQ(silent.to, 0U);
  EXPECT_EQ(judge_alone(PairRecord{}).verdict(), PairVerdict::kOpen) << "an empty store";
}

// C-195
TEST_F(PairAuditTest, ANoticeThatTheHubWithheldIsNamedByTheRecordsOfEither) {
  lose(by_, 20);
  am_.statements.clear();
  by_.statements.clear();
  state(kAm, 41, 40, am_);
  state(kBy, 42, 40, by_);
  const PairReport both = judge();
  EXPECT_EQ(both.verdict(), PairVerdict::kFalsified);
  EXPECT_TRUE(says(said(both.findings), "statement-mismatch at 20: ", "AM sent it")) << both.to;
  // What AM alone can show: of three notices the one without which BY's root is BY's.
  const PairReport by_am = judge_alone(am_);
  EXPECT_EQ(
      said(by_am.findings),
      Words{"statement-mismatch at 20: the statement of BY at entry 42 does not count it, and "
            "the records of AM have it"});
  EXPECT_TRUE(by_am.covers[0].has_value());
  EXPECT_FALSE(by_am.covers[1].has_value());
  // And BY, of AM's word: it has one fewer, and cannot know which.
  EXPECT_EQ(
      said(judge_alone(by_).findings),
      Words{"statement-mismatch at 41: the statement of AM at entry 41 counts 3 notices of AM "
            "below entry 40, the records of BY have 2"});
}

TEST_F(PairAuditTest, TwoThatWereWithheldOneAfterTheOtherAreBothNamed) {
  PairRecord poor = by_;
  lose(poor, 20);
  am_.statements.clear();
  state(kAm, 41, 40, am_);
  state(kBy, 42, 25, poor);
  state(kBy, 43, 28, poor);
  lose(poor, 30);
  state(kBy, 44, 40, poor);
  const Words found = said(judge_alone(am_).findings);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].starts_with("statement-mismatch at 20: the statement of BY at entry 42"));
  EXPECT_TRUE(found[1].starts_with("statement-mismatch at 30: the statement of BY at entry 44"));
}

TEST_F(PairAuditTest, ARecordThatLacksWhatItsOwnMemberStatedIsFalse) {
  lose(by_, 30);
  const PairReport alone = judge_alone(by_);
  EXPECT_EQ(alone.verdict(), PairVerdict::kFalsified);
  EXPECT_TRUE(says(said(alone.findings), "statement-mismatch at 42: ",
                   "counts 3 notices of AM below entry 40, the records of BY have 2"));
  EXPECT_TRUE(says(said(judge().findings), "statement-mismatch at 30: ",
                   "AM sent it, and the records of BY do not have it"));
}

TEST_F(PairAuditTest, ANoticeThatTheOriginDoesNotHaveIsNamed) {
  lose(am_, 20);
  EXPECT_TRUE(says(said(judge().findings), "statement-mismatch at 20: ",
                   "BY has it as sent by AM, whose records do not have it"));
}

TEST_F(PairAuditTest, OneThatWasExchangedForAnotherIsFound) {
  at(by_, 20)->d = hash_of(999);
  EXPECT_TRUE(says(said(judge_alone(by_).findings), "statement-mismatch at 42: ",
                   "the records of BY have 3, and not the same ones"));
}

TEST_F(PairAuditTest, OneThatIsVoidAtOneEndOnlyIsNamed) {
  at(by_, 20)->fate = PairFate::kVoid;
  const PairReport report = judge();
  EXPECT_TRUE(says(said(report.findings), "statement-mismatch at 20: ",
                   "void by the records of BY and good by those of AM"));
  EXPECT_EQ(report.ways[0].arrived, 2U);
  EXPECT_EQ(report.ways[0].void_count, 1U);
}

TEST_F(PairAuditTest, WhatIsVoidAtBothIsNotCounted) {
  for (PairRecord* const record : {&am_, &by_}) {
    at(*record, 20)->fate = PairFate::kVoid;
    at(*record, 30)->fate = PairFate::kUnopenable;
  }
  am_.statements.clear();
  by_.statements.clear();
  state(kAm, 41, 40, am_);
  state(kBy, 42, 40, by_);
  const PairReport report = judge();
  EXPECT_EQ(report.verdict(), PairVerdict::kVerified);
  EXPECT_EQ(report.ways[0].arrived, 2U);
  EXPECT_EQ(report.ways[0].unopenable, 1U);
}

// C-195
TEST_F(PairAuditTest, WhatIsUnderWayIsOpenAndNotFalse) {
  am_.notices.push_back(notice(50, kAm));
  EXPECT_EQ(judge().verdict(), PairVerdict::kVerified) << "beyond what was asked";
  state(kAm, 61, 60, am_);
  const PairReport report = judge({.to = 60});
  EXPECT_EQ(report.verdict(), PairVerdict::kOpen) << said(report.findings).size();
  EXPECT_EQ(report.open.back(),
            "entry 50: AM sent it, and the records of BY do not have it; nor has it stated as far");
}

TEST_F(PairAuditTest, WhatARecordHasCountsBeforeItsMemberStatedIt) {
  PairRecord poor = by_;
  lose(poor, 30);
  am_.statements.clear();
  state(kBy, 42, 40, poor);
  EXPECT_TRUE(
      says(said(judge_alone(am_).findings), "statement-mismatch at 30: ", "of BY at entry 42"));
  by_.statements.clear();
  state(kAm, 41, 40, am_);
  lose(by_, 30);
  const PairReport behind = judge_alone(by_);
  EXPECT_EQ(behind.verdict(), PairVerdict::kOpen) << "it may be under way to BY";
  EXPECT_EQ(behind.open.front(), "BY has not stated yet what AM did at entry 41");
}

TEST_F(PairAuditTest, WhatALaterStatementAgreedToIsMended) {
  PairRecord poor = by_;
  lose(poor, 20);
  am_.statements.clear();
  by_.statements.clear();
  state(kAm, 35, 34, am_);
  state(kBy, 36, 34, poor);
  state(kAm, 41, 40, am_);
  EXPECT_EQ(judge({.to = 34}).verdict(), PairVerdict::kFalsified);
  state(kBy, 42, 40, by_);
  const PairReport report = judge({.to = 34});
  EXPECT_EQ(report.verdict(), PairVerdict::kVerified);
  EXPECT_TRUE(
      says(said(report.mended), "statement-mismatch at 20: ", "entry 36 does not count it"));
  EXPECT_EQ(report.covers[1].value_or(PairStatement{}).index, 42U);
}

TEST_F(PairAuditTest, AStatementOfAnotherLogIsFalse) {
  for (PairRecord* const record : {&am_, &by_}) {
    record->statements.back().of_this_log = false;
  }
  EXPECT_TRUE(says(said(judge().findings), "foreign-log at 42: ", "BY names another root"));
}

TEST_F(PairAuditTest, NodesThatFollowedDifferentLogsAreFalse) {
  by_.heads.back().second = hash_of(1);
  EXPECT_TRUE(says(said(judge().findings), "foreign-log at 0: ", "different logs"));
  by_.heads = {{40, hash_of(40)}};
  by_.size = 40;
  EXPECT_EQ(judge().verdict(), PairVerdict::kVerified) << "the other one is longer";
  by_.heads = {{39, hash_of(39)}};
  EXPECT_EQ(judge().verdict(), PairVerdict::kFalsified) << "no batch of the other one ends there";
}

TEST_F(PairAuditTest, ABackupThatEndsBeforeTheRangeIsOpen) {
  by_.size = 35;
  by_.heads = {};
  const PairReport report = judge({.to = 40});
  EXPECT_EQ(report.verdict(), PairVerdict::kOpen);
  EXPECT_EQ(report.open.front(), "the records of BY end at 35");
  EXPECT_EQ(judge().to, 35U);
}

// The reader: what stands in the pages of a node's store.
class PairReaderTest : public testing::Test {
 protected:
  PairReaderTest() {
    log_.found();
    exchange_.see(log_.tree());
    first_ = log_.size();
    log_.append(Words{from("AM", {"BY"}), from("BY", {"AM", "RU"}), from("AM", {"RU"})});
    const v1::Draft draft = exchange_.draft("BY", {"AM"}, kStatementKind);
    PairCount count{.size = log_.size()};
    count.add(false, exchange_.parse(log_.envelopes().at(first_)).d);
    count.add(true, exchange_.parse(log_.envelopes().at(first_ + 1)).d);
    text_ = statement_text(
        count, {.peer = "AM", .root = log_.tree().root(), .early = {}, .unopenable = {}});
    log_.append(Words{exchange_.sign(exchange_.clear(draft, text_), "BY node 1 signing")});
  }
  std::string from(std::string_view origin, const Words& recipients) {
    return exchange_.publish(exchange_.draft(origin, recipients), "text", exchange_.directory());
  }
  PairRecord read(const std::vector<v1::AuditBatch>& batches) {
    Auditor auditor(exchange_.genesis());
    PairReader reader(exchange_.genesis(), am_and_by, kAm);
    for (const v1::AuditBatch& batch : batches) {
      auditor.batch(batch);
      reader.batch(batch, auditor);
    }
    return reader.finish();
  }

  test::TestExchange exchange_;
  test::TestLog log_{exchange_};
  std::uint64_t first_ = 0;
  std::string text_;
};

TEST_F(PairReaderTest, NoticesOfThePairAndItsStatementsAreRead) {
  const PairRecord record = read(log_.audit_batches());
  EXPECT_EQ(record.size, log_.size());
  EXPECT_EQ(record.heads.back().second, log_.tree().root());
  ASSERT_EQ(record.notices.size(), 2U) << "one is for another member alone";
  EXPECT_EQ(record.notices[0].index, first_);
  EXPECT_EQ(record.notices[0].origin, kAm);
  EXPECT_EQ(record.notices[1].origin, kBy);
  EXPECT_EQ(record.notices[0].d, exchange_.parse(log_.envelopes().at(first_)).d);
  ASSERT_EQ(record.statements.size(), 1U);
  const PairStatement& said = record.statements.front();
  EXPECT_EQ(said.by, kBy);
  EXPECT_EQ(said.size, first_ + 3);
  EXPECT_TRUE(said.of_this_log);
  EXPECT_EQ(said.sent[0].count, 1U);
  EXPECT_EQ(said.sent[1].count, 1U);
  const std::vector<PairRecord> one = {record};
  EXPECT_EQ(judge_pair(am_and_by, one, {.to = first_ + 3}).value().open,
            Words{"AM has stated nothing"});
}

TEST_F(PairReaderTest, WhatDoesNotHashToItsLeafOrHasNotBeenFoundGoodIsNotRead) {
  std::vector<v1::AuditBatch> batches = log_.audit_batches();
  v1::AuditBatch& notices = batches.at(first_);
  notices.mutable_entries(0)->set_envelope(notices.entries(1).envelope());
  EXPECT_EQ(read(batches).notices.size(), 1U);
  batches.back().clear_checkpoint();
  const PairRecord record = read(batches);
  EXPECT_EQ(record.size, first_ + 3);
  EXPECT_TRUE(record.statements.empty());
}

TEST_F(PairReaderTest, WhatIsOnlyInTheOutboxWasSent) {
  std::vector<v1::AuditBatch> batches = log_.audit_batches();
  v1::AuditEntry& own = *batches.at(first_).mutable_entries(0);
  own.mutable_outbox()->set_envelope(own.envelope());
  own.mutable_outbox()->set_notice(to_string(exchange_.parse(log_.envelopes().at(first_)).notice));
  own.clear_envelope();
  EXPECT_EQ(read(batches).notices.size(), 2U);
}

TEST_F(PairReaderTest, FatesAreWhatTheStoreSays) {
  std::vector<v1::AuditBatch> batches = log_.audit_batches();
  v1::AuditBatch& notices = batches.at(first_);
  notices.mutable_entries(0)->set_faulted(true);
  notices.mutable_entries(1)->set_code(1);
  const PairRecord record = read(batches);
  EXPECT_EQ(record.notices.at(0).fate, PairFate::kVoid);
  EXPECT_EQ(record.notices.at(1).fate, PairFate::kUnopenable);
}

}  // namespace
}  // namespace chancery::exchange
