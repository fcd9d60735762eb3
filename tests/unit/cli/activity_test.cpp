#include "cli/activity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chancery/v1/text.pb.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::cli {
namespace {

using Words = std::vector<std::string>;

TEST(TimesTest, BinsBeginAtTheirEdges) {
  Times times;
  for (const std::uint64_t ms : {0U, 999U, 1'000U, 86'399'999U, 86'400'000U}) {
    times.record(ms);
  }
  EXPECT_EQ(times.bins[0], 2U);
  EXPECT_EQ(times.bins[1], 1U);
  EXPECT_EQ(times.bins[9], 1U);
  EXPECT_EQ(times.bins[10], 1U);
  Times both;
  both.merge(times);
  both.merge(times);
  EXPECT_EQ(both.count(), 10U);
  EXPECT_EQ(both.bins[0], 4U);
}

TEST(SeriesTest, ColumnsGrowWithTheTimeAndLoseNothing) {
  Series series;
  const std::uint64_t begin = 1'700'000'003'000;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    series.add(begin + i * i * 1000, i % 3 == 0);
    ASSERT_LE(series.columns().size(), Series::kColumnsMax) << i;
  }
  for (const Series::Column& column : series.columns()) {
    sum += column.patient + column.urgent;
  }
  EXPECT_EQ(sum, 3000U);
  EXPECT_EQ(series.width_ms(), 7ULL * 24 * 3600 * 1000) << "9 million seconds are 104 days";
  EXPECT_EQ(series.begin_ms() % series.width_ms(), 0U);
  EXPECT_LE(series.begin_ms(), begin);
  EXPECT_GT(series.columns().front().patient, 0U);
  EXPECT_GT(series.columns().back().patient, 0U);
}

TEST(SeriesTest, OneTimeIsOneColumn) {
  Series series;
  series.add(5'500, false);
  series.add(5'900, true);
  ASSERT_EQ(series.columns().size(), 1U);
  EXPECT_EQ(series.begin_ms(), 5'000U);
  EXPECT_EQ(series.columns()[0].patient, 1U);
  EXPECT_EQ(series.columns()[0].urgent, 1U);
}

// The log as AM's node has it. Statements and acknowledgements are clear: who reads them is not
// what is asked here.
class ActivityTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kBegin = 1'700'000'100'000;

  ActivityTest() {
    log_.found();
    exchange_.see(log_.tree());
  }
  // Seconds after the beginning.
  std::uint64_t log(const std::string& envelope, std::uint64_t seconds) {
    const std::uint64_t index = log_.size();
    log_.append(Words{envelope}, kBegin + seconds * 1000);
    return index;
  }
  std::string notice(std::string_view origin, const Words& recipients,
                     std::string_view kind = "threat.alert", bool urgent = false) {
    v1::Draft draft = exchange_.draft(origin, recipients, kind);
    if (urgent) {
      draft.set_precedence(v1::PRECEDENCE_FLASH);
    }
    return exchange_.publish(draft, "text", exchange_.directory());
  }
  std::string clear(std::string_view origin, const std::string& peer, std::string_view kind,
                    const std::string& text) {
    return exchange_.sign(exchange_.clear(exchange_.draft(origin, {peer}, kind), text),
                          std::string(origin) + " node 1 signing");
  }
  // Of all that is logged, of which the origin counts these.
  std::string statement(std::string_view origin, const std::string& peer,
                        const std::vector<std::uint64_t>& received,
                        const std::vector<std::uint64_t>& sent,
                        const std::vector<std::uint64_t>& unopenable = {}) {
    exchange::PairCount count{.size = log_.size()};
    for (const std::uint64_t index : received) {
      count.add(false, exchange_.parse(log_.envelopes().at(index)).d);
    }
    for (const std::uint64_t index : sent) {
      count.add(true, exchange_.parse(log_.envelopes().at(index)).d);
    }
    return clear(
        origin, peer, exchange::kStatementKind,
        exchange::statement_text(
            count,
            {.peer = peer, .root = log_.tree().root(), .early = {}, .unopenable = unopenable}));
  }
  std::string acknowledgement(std::string_view origin, const std::string& peer, std::uint64_t index,
                              v1::AcknowledgementLevel level) {
    v1::Acknowledgement said;
    said.set_notice(to_string(exchange_.parse(log_.envelopes().at(index)).notice));
    said.set_level(level);
    v1::Text text;
    text.set_subject("read");
    text.set_content(said.SerializeAsString());
    return clear(origin, peer, exchange::kAcknowledgementKind, text.SerializeAsString());
  }
  Activity activity(std::string member = "AM") {
    exchange::Auditor auditor(exchange_.genesis());
    ActivityFold fold(exchange_.genesis(), std::move(member));
    for (const v1::AuditBatch& batch : log_.audit_batches()) {
      auditor.batch(batch);
      fold.batch(batch, auditor);
    }
    return fold.finish();
  }

  test::TestExchange exchange_;
  test::TestLog log_{exchange_};
};

TEST_F(ActivityTest, VolumeIsByMemberAndKind) {
  log(notice("AM", {"BY"}), 0);
  log(notice("AM", {"BY", "KZ"}, "contact"), 1);
  log(notice("BY", {"AM"}, "threat.alert", true), 2);
  const Activity all = activity();
  EXPECT_EQ(all.notices, 3U);
  EXPECT_EQ(all.urgent, 1U);
  EXPECT_EQ(all.volume.at({"AM", "threat.alert"}), 1U);
  EXPECT_EQ(all.volume.at({"AM", "contact"}), 1U);
  EXPECT_EQ(all.volume.at({"BY", "threat.alert"}), 1U);
  EXPECT_EQ(all.peers.at("BY").to_peer, 2U);
  EXPECT_EQ(all.peers.at("BY").from_peer, 1U);
  EXPECT_EQ(all.peers.at("KZ").to_peer, 1U);
  EXPECT_EQ(all.over_time.columns().size(), 3U);
  EXPECT_EQ(all.last_at_ms, kBegin + 2000);
  EXPECT_TRUE(activity("").peers.empty()) << "a hub opens nothing";
  EXPECT_EQ(activity("").notices, 3U);
}

TEST_F(ActivityTest, DeliveryIsUntilTheFirstStatementThatAgrees) {
  const std::uint64_t one = log(notice("AM", {"BY"}), 0);
  const std::uint64_t two = log(notice("BY", {"AM"}), 1);
  const std::uint64_t first = log(statement("BY", "AM", {one}, {two}), 4);
  log(statement("BY", "AM", {one}, {two}), 50);
  const std::uint64_t three = log(notice("AM", {"BY"}), 60);
  log(statement("AM", "BY", {two}, {one, three}), 70);
  const Activity all = activity();
  const PeerActivity& by = all.peers.at("BY");
  EXPECT_EQ(by.delivered_to.count(), 1U);
  EXPECT_EQ(by.delivered_to.bins[2], 1U) << "4 seconds, index " << first;
  EXPECT_EQ(by.undelivered, 1U);
  EXPECT_EQ(by.delivered_from.count(), 1U);
  EXPECT_EQ(by.delivered_from.bins[6], 1U) << "69 seconds";
  EXPECT_EQ(all.statements, 3U);
  EXPECT_TRUE(all.mismatches.empty());
  EXPECT_EQ(all.notices, 3U) << "statements are none";
}

TEST_F(ActivityTest, WhatDoesNotAgreeIsAMismatchUntilALaterOneDoes) {
  const std::uint64_t one = log(notice("AM", {"BY"}), 0);
  log(notice("AM", {"KZ"}), 1);
  const std::uint64_t at = log(statement("BY", "AM", {}, {}), 4);
  Activity all = activity();
  ASSERT_EQ(all.mismatches.size(), 1U);
  EXPECT_EQ(all.mismatches[0].index, at);
  EXPECT_EQ(all.mismatches[0].by, "BY");
  EXPECT_EQ(all.mismatches[0].about, "AM");
  EXPECT_FALSE(all.mismatches[0].mended);
  EXPECT_EQ(all.peers.at("BY").undelivered, 1U);
  log(statement("BY", "AM", {one}, {}), 9);
  all = activity();
  ASSERT_EQ(all.mismatches.size(), 1U);
  EXPECT_TRUE(all.mismatches[0].mended);
  EXPECT_EQ(all.peers.at("BY").delivered_to.bins[3], 1U) << "9 seconds";
}

TEST_F(ActivityTest, WhatARecipientCannotOpenIsNotDelivered) {
  const std::uint64_t one = log(notice("AM", {"BY"}), 0);
  log(statement("BY", "AM", {one}, {}, {one}), 4);
  const Activity all = activity();
  EXPECT_EQ(all.peers.at("BY").delivered_to.count(), 0U);
  EXPECT_EQ(all.peers.at("BY").unopenable, 1U);
  EXPECT_EQ(all.peers.at("BY").undelivered, 0U);
}

TEST_F(ActivityTest, AnAcknowledgementCountsOnceForEachLevelAndOfOwnNoticesAlone) {
  const std::uint64_t own = log(notice("AM", {"BY", "KZ"}), 0);
  const std::uint64_t others = log(notice("KZ", {"AM"}), 1);
  log(acknowledgement("BY", "AM", own, v1::ACKNOWLEDGEMENT_LEVEL_READ), 20);
  log(acknowledgement("BY", "AM", own, v1::ACKNOWLEDGEMENT_LEVEL_READ), 30);
  log(acknowledgement("BY", "AM", own, v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED), 40);
  log(acknowledgement("BY", "AM", others, v1::ACKNOWLEDGEMENT_LEVEL_READ), 50);
  const Activity all = activity();
  EXPECT_EQ(all.peers.at("BY").read.count(), 1U);
  EXPECT_EQ(all.peers.at("BY").read.bins[4], 1U) << "20 seconds";
  EXPECT_EQ(all.peers.at("BY").actioned.count(), 1U);
  EXPECT_EQ(all.peers.at("KZ").read.count(), 0U);
}

TEST_F(ActivityTest, WhatIsVoidOrWasNotFoundGoodIsNotCounted) {
  log(notice("AM", {"BY"}), 0);
  log(notice("AM", {"BY"}), 1);
  exchange::Auditor auditor(exchange_.genesis());
  ActivityFold fold(exchange_.genesis(), "AM");
  std::vector<v1::AuditBatch> batches = log_.audit_batches();
  batches[batches.size() - 2].mutable_entries(0)->set_faulted(true);
  batches.back().clear_checkpoint();
  for (const v1::AuditBatch& batch : batches) {
    auditor.batch(batch);
    fold.batch(batch, auditor);
  }
  const Activity all = fold.finish();
  EXPECT_EQ(all.notices, 0U);
  EXPECT_EQ(all.void_count, 1U);
  EXPECT_EQ(all.size, log_.size() - 1);
}

}  // namespace
}  // namespace chancery::cli
