#include "core/exchange/audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/seal.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::TestExchange;
using test::TestLog;
using Names = std::vector<std::string>;
using Pages = std::vector<v1::AuditBatch>;

constexpr std::size_t kNotices = 7;  // The batch of three notices; before it the founding entries.

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    log_.found();
    exchange_.see(log_.tree());
    log_.append(Names{notice(), notice(), notice()});
    log_.append_entry(exchange_.enrol(test::person_entry("AM"), log_.directory()));
    log_.append(Names{notice()});
  }
  std::string notice() {
    return exchange_.publish(exchange_.draft("AM", {"BY"}), "text", exchange_.directory());
  }
  AuditReport audit(const Pages& pages, std::uint64_t size) {
    Auditor auditor(exchange_.genesis());
    for (const v1::AuditBatch& page : pages) {
      if (!auditor.batch(page)) {
        break;
      }
    }
    return auditor.finish(size);
  }
  // The report on the log with one change to its pages.
  AuditReport after(const std::function<void(Pages&)>& change) {
    Pages pages = log_.audit_batches();
    change(pages);
    return audit(pages, log_.size());
  }
  // The same, and then the last page with one change.
  AuditReport after(const std::function<void(Pages&)>& change,
                    const std::function<void(v1::AuditPageReply&)>& last) {
    Pages pages = log_.audit_batches();
    change(pages);
    Auditor auditor(exchange_.genesis());
    for (const v1::AuditBatch& page : pages) {
      EXPECT_TRUE(auditor.batch(page));
    }
    v1::AuditPageReply page;
    last(page);
    auditor.last_page(page);
    return auditor.finish(log_.size());
  }
  static v1::AuditEntry& entry(Pages& pages, int number) {
    return *pages[kNotices].mutable_entries(number);
  }
  static void add_lane(v1::AuditBatch& batch, const std::string& member, bool urgent,
                       const std::vector<std::uint64_t>& indices) {
    v1::AuditLane& lane = *batch.mutable_feeds()->add_lanes();
    lane.set_member(member);
    lane.set_urgent(urgent);
    lane.set_first_index(batch.first_index());
    for (const std::uint64_t index : indices) {
      append_position(*lane.mutable_positions(), index - lane.first_index());
    }
  }
  // What a store shows of the notices 7 to 9, which are from AM to BY, where the first of them is
  // in the feeds of these.
  static void feed(Pages& pages, const Names& members) {
    for (const std::string member : {"AM", "BY", "RU"}) {
      std::vector<std::uint64_t> indices;
      if (std::ranges::find(members, member) != members.end()) {
        indices.push_back(kNotices);
      }
      if (member != "RU") {
        indices.insert(indices.end(), {kNotices + 1, kNotices + 2});
      }
      if (!indices.empty()) {
        add_lane(pages[kNotices], member, false, indices);
      }
    }
  }
  std::string opened(std::size_t index) {
    const Envelope envelope = logged(index);
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(test::agreement_private(test::node_key_name("BY", 1, "sealing")));
    return test::must(Opener(std::move(keys))
                          .open(exchange_.genesis(), "AM", envelope.recipient_codes(),
                                envelope.header_bytes, envelope.body.sealed(),
                                envelope.draft.text_digest()));
  }
  exchange::Envelope logged(std::size_t index) { return exchange_.parse(log_.envelopes()[index]); }

  static std::string said(const AuditReport& report) {
    if (report.passed()) {
      return "passed";
    }
    const AuditFinding& first = report.findings.front();
    return std::string(error_info(first.error.code).name) +
           (first.index.has_value() ? " at " + std::to_string(*first.index) : "");
  }

  TestExchange exchange_;
  TestLog log_{exchange_};
};

// C-120
TEST_F(AuditTest, AWholeLogPassesAndIsCounted) {
  const AuditReport report = after([](Pages&) {});
  EXPECT_EQ(said(report), "passed");
  EXPECT_EQ(report.size, 12U);
  EXPECT_EQ(report.root, log_.tree().root());
  EXPECT_EQ(report.batch_count, 10U);
  EXPECT_EQ(report.directory_entry_count, 8U);
  EXPECT_EQ(report.envelope_count, 12U);
  EXPECT_EQ(report.absent_count, 0U);
  EXPECT_EQ(report.void_count, 0U);
  EXPECT_FALSE(report.head_unsigned);
}

// C-121
TEST_F(AuditTest, AnAlteredByteOfAnEnvelopeNamesTheEntry) {
  const std::size_t length = log_.envelopes()[kNotices + 1].size();
  for (std::size_t i = 0; i < length; i += 7) {
    const AuditReport report = after(
        [&](Pages& pages) { (*pages[kNotices].mutable_entries(1)->mutable_envelope())[i] ^= 1; });
    ASSERT_FALSE(report.passed()) << i;
    EXPECT_EQ(report.findings.front().index, kNotices + 1) << i;
    EXPECT_EQ(report.size, 12U) << i;  // The audit went on.
  }
}

// C-121: of a directory entry, after which nothing can be judged.
TEST_F(AuditTest, AnAlteredDirectoryEntryStopsTheAuditThere) {
  const AuditReport report = after([](Pages& pages) {
    std::string& envelope = *pages[2].mutable_entries(0)->mutable_envelope();
    envelope[envelope.size() - 10] ^= 1;  // In the value of the last signature.
  });
  EXPECT_EQ(said(report), "leaf-mismatch at 2");
  EXPECT_EQ(report.size, 2U);
}

// C-121
TEST_F(AuditTest, AMissingDirectoryEntryIsNamed) {
  EXPECT_EQ(said(after([](Pages& pages) { pages[3].clear_entries(); })), "store-damaged at 3");
}

// C-121
TEST_F(AuditTest, AnAlteredByteOfALeafIsFound) {
  for (std::size_t i = 0; i < ledger::kLeafBytes; ++i) {
    const AuditReport report =
        after([&](Pages& pages) { (*pages[kNotices].mutable_leaves())[73 + i] ^= 1; });
    ASSERT_FALSE(report.passed()) << i;
    EXPECT_EQ(report.findings.front().index, kNotices + 1) << i;
    const AuditReport single = after([&](Pages& pages) { (*pages[9].mutable_leaves())[i] ^= 1; });
    ASSERT_FALSE(single.passed()) << i;
    EXPECT_EQ(single.findings.front().index, 11U) << i;
  }
}

// C-121: the envelopes are gone, as in another member's store; the leaf is still signed.
TEST_F(AuditTest, AnAlteredLeafIsFoundWithoutItsEnvelope) {
  const AuditReport report = after([](Pages& pages) {
    pages[kNotices].clear_entries();
    (*pages[kNotices].mutable_leaves())[73 + 72] ^= 1;
  });
  ASSERT_EQ(said(report), "root-mismatch");
  EXPECT_NE(report.findings.front().error.detail.find("entries 7 to 9"), std::string::npos);
}

// C-121
TEST_F(AuditTest, AnAlteredByteOfACheckpointIsFound) {
  const std::size_t length = log_.batches()[kNotices].checkpoint().size();
  for (std::size_t i = 0; i < length; ++i) {
    EXPECT_FALSE(
        after([&](Pages& pages) { (*pages[kNotices].mutable_checkpoint())[i] ^= 1; }).passed())
        << i;
  }
}

// C-121
TEST_F(AuditTest, BatchesThatAreMissingSwappedOrCutAreFound) {
  EXPECT_EQ(said(after([](Pages& pages) { pages.erase(pages.begin() + kNotices); })), "gap at 10");
  EXPECT_FALSE(after([](Pages& pages) { std::swap(pages[8], pages[9]); }).passed());
  EXPECT_EQ(said(after([](Pages& pages) { pages.pop_back(); })), "store-damaged");
  EXPECT_EQ(said(after([](Pages& pages) { pages[kNotices].mutable_leaves()->pop_back(); })),
            "malformed at 9");
  EXPECT_EQ(said(after([](Pages& pages) { pages[kNotices].clear_leaves(); })), "malformed at 7");
  EXPECT_EQ(said(after([](Pages& pages) { pages[kNotices].mutable_entries(1)->set_index(99); })),
            "malformed at 99");
}

// C-122
TEST_F(AuditTest, AStoreNeedNotHoldOthersNotices) {
  const AuditReport report = after([](Pages& pages) { pages[kNotices].clear_entries(); });
  EXPECT_EQ(said(report), "passed");
  EXPECT_EQ(report.absent_count, 3U);
  EXPECT_EQ(report.envelope_count, 9U);
}

// C-122
TEST_F(AuditTest, WhatTheStoreItselfCallsBadIsCounted) {
  const AuditReport report = after([](Pages& pages) {
    pages[kNotices].mutable_entries(0)->set_faulted(true);
    pages[kNotices].mutable_entries(1)->set_faulted(true);
  });
  EXPECT_EQ(said(report), "passed");
  EXPECT_EQ(report.void_count, 2U);
}

// C-122: what does not parse is evidence where it is what was logged, and damage where it is not.
TEST_F(AuditTest, WhatDoesNotParseIsEvidenceOnlyOfWhatWasLogged) {
  EXPECT_EQ(said(after([](Pages& pages) {
              pages[kNotices].mutable_entries(1)->set_faulted(true);
              pages[kNotices].mutable_entries(1)->set_envelope("does not parse");
            })),
            "unknown-field at 8");
  const Envelope good = exchange_.parse(notice());
  const std::string logged = envelope_bytes("\xff", good.body_bytes, good.signatures_bytes);
  log_.append_bytes(logged);
  EXPECT_EQ(said(after([](Pages& pages) { pages.back().mutable_entries(0)->set_faulted(true); })),
            "passed");
}

// C-122: evidence that was altered is no evidence.
TEST_F(AuditTest, WhatIsCalledBadStillHashesToItsLeaf) {
  EXPECT_EQ(said(after([&](Pages& pages) {
              pages[kNotices].mutable_entries(0)->set_faulted(true);
              pages[kNotices].mutable_entries(0)->set_envelope(log_.envelopes()[kNotices + 1]);
            })),
            "leaf-mismatch at 7");
}

// C-121: a hub that logs what policy forbids is found out by whoever holds the notice.
TEST_F(AuditTest, ANoticeThatTheHubHadToRefuseIsNamed) {
  const test::Unsigned open = exchange_.clear(exchange_.draft("AM", {"BY"}), "a text");
  log_.append(Names{notice(), exchange_.sign(open, "AM node 1 signing")});
  EXPECT_EQ(said(after([](Pages&) {})), "seal-required at 13");
}

// C-137: the first draft under an id stands, and another one is named; the same one again is not.
TEST_F(AuditTest, AnotherDraftUnderAUsedIdIsNamed) {
  const v1::Draft draft = exchange_.draft("AM", {"BY"});
  const std::string first = exchange_.publish(draft, "text", exchange_.directory());
  log_.append(Names{first, first});
  EXPECT_EQ(said(after([](Pages&) {})), "passed");
  log_.append(Names{exchange_.publish(draft, "another text", exchange_.directory())});
  const AuditReport report = after([](Pages&) {});
  EXPECT_EQ(said(report), "notice-id-reused at 14");
  EXPECT_EQ(report.findings.front().error.detail,
            "entry 12 has another draft of AM under id " + uuid_text(as_bytes(draft.notice_id())));
}

// C-110: what an origin signs to have seen is compared with the log that shows it.
TEST_F(AuditTest, ANoticeWhoseOriginSawAnotherLogIsNamed) {
  const ledger::CompactTree now = log_.tree();
  exchange_.see(now);
  log_.append(Names{notice()});
  EXPECT_EQ(said(after([](Pages&) {})), "passed");

  TestLog other(exchange_);
  other.found();
  const Names early = {notice()};
  other.append(early);  // A head of the same size as one of this log, and another root.
  exchange_.see(other.tree());
  log_.append(Names{notice()});
  EXPECT_EQ(said(after([](Pages&) {})), "foreign-log at 13");
}

// C-110: no head of this log, but a size within a batch, or one that was not there yet.
TEST_F(AuditTest, ASizeThatWasNoHeadBeforeTheNoticeIsForeign) {
  ledger::CompactTree within;
  for (std::size_t i = 0; i < kNotices + 2; ++i) {
    within.append(Hash{});
  }
  exchange_.see(within);
  log_.append(Names{notice()});
  EXPECT_EQ(said(after([](Pages&) {})), "foreign-log at 12");

  exchange_.see(ledger::CompactTree{});
  log_.append(Names{notice()});
  const AuditReport both = after([](Pages&) {});
  ASSERT_EQ(both.findings.size(), 2U);
  EXPECT_EQ(both.findings.back().index, 13U);
}

// C-123
TEST_F(AuditTest, TheLastBatchMayBeUnsignedAfterACrash) {
  const AuditReport report = after([](Pages& pages) { pages.back().clear_checkpoint(); });
  EXPECT_EQ(said(report), "passed");
  EXPECT_TRUE(report.head_unsigned);
  EXPECT_EQ(report.size, 11U);
}

// C-123: no other. Else one checkpoint removed would end every audit before what follows it.
TEST_F(AuditTest, AnyOtherBatchMustBeSigned) {
  const auto strip = [](Pages& pages) { pages[kNotices].clear_checkpoint(); };
  EXPECT_EQ(said(after(strip)), "store-damaged");

  Pages pages = log_.audit_batches();
  strip(pages);
  Auditor insists(exchange_.genesis());
  for (const v1::AuditBatch& page : pages) {
    (void)insists.batch(page);
  }
  EXPECT_EQ(said(insists.finish(10)), "bad-checkpoint at 10");

  EXPECT_EQ(said(after([](Pages& p) {
              p.back().set_first_index(99);
              p.back().clear_checkpoint();
              p.back().clear_entries();
            })),
            "gap at 99");
}

// C-120: trusts the genesis and nothing else.
TEST_F(AuditTest, TheLogOfAnotherExchangeDoesNotPass) {
  Auditor auditor(Hash{1});
  EXPECT_FALSE(auditor.batch(log_.audit_batches().front()));
  EXPECT_FALSE(auditor.finish(12).passed());
}

TEST_F(AuditTest, AnEmptyLogPassesWhereNothingIsClaimed) {
  EXPECT_EQ(said(audit({}, 0)), "passed");
  EXPECT_EQ(said(audit({}, 1)), "store-damaged");
}

// C-124
TEST_F(AuditTest, AFeedHasTheRecipientsAndTheOrigin) {
  EXPECT_EQ(said(after([](Pages& pages) { feed(pages, {"AM", "BY"}); })), "passed");
  EXPECT_EQ(said(after([](Pages& pages) {
              feed(pages, {"AM", "BY"});
              pages[kNotices].mutable_feeds()->mutable_lanes()->SwapElements(0, 1);
            })),
            "passed");
}

// C-124
TEST_F(AuditTest, ANoticeWithheldFromAFeedIsNamed) {
  for (const Names& members : {Names{"AM"}, Names{"BY"}, Names{}, Names{"AM", "RU"}}) {
    EXPECT_EQ(said(after([&](Pages& pages) { feed(pages, members); })), "store-damaged at 7");
  }
}

// C-124
TEST_F(AuditTest, ANoticeInTheFeedOfAStrangerIsNamed) {
  const AuditReport report = after([](Pages& pages) { feed(pages, {"AM", "BY", "RU"}); });
  ASSERT_EQ(said(report), "store-damaged at 7");
  EXPECT_NE(report.findings.front().error.detail.find("RU"), std::string::npos);
}

// C-124
TEST_F(AuditTest, ANoticeInBothLanesOfAFeedIsNamed) {
  const AuditReport report = after([](Pages& pages) {
    feed(pages, {"AM", "BY"});
    add_lane(pages[kNotices], "BY", true, {kNotices});
  });
  ASSERT_EQ(said(report), "store-damaged at 7");
  EXPECT_NE(report.findings.front().error.detail.find("wrong lane"), std::string::npos);
}

// C-124
TEST_F(AuditTest, ALaneOfAFeedNamesEachEntryOfItsBatchOnceAndInOrder) {
  const auto with_rows = [&](const std::function<void(v1::AuditBatch&)>& add) {
    return said(after([&](Pages& pages) {
      feed(pages, {"AM", "BY"});
      add(pages[kNotices]);
    }));
  };
  EXPECT_EQ(with_rows([](v1::AuditBatch&) {}), "passed");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) { add_lane(b, "BY", false, {8}); }),
            "store-damaged at 8");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) { add_lane(b, "BY", false, {10}); }),
            "store-damaged at 10");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) {
              add_lane(b, "BY", false, {});
              b.mutable_feeds()->mutable_lanes(2)->set_first_index(6);
              b.mutable_feeds()->mutable_lanes(2)->set_positions(std::string(2, '\0'));
            }),
            "store-damaged at 6");
  // Whose entries are each there once: but 8 would come after 9.
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) {
              v1::AuditLane& lane = *b.mutable_feeds()->mutable_lanes(1);
              lane.set_positions(std::string("\0\0\0\2", 4));
              v1::AuditLane& later = *b.mutable_feeds()->add_lanes();
              later = lane;
              later.set_first_index(8);
              later.set_positions(std::string(2, '\0'));
            }),
            "store-damaged at 8");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) {
              std::string& positions = *b.mutable_feeds()->mutable_lanes(1)->mutable_positions();
              std::swap(positions[1], positions[5]);
            }),
            "store-damaged at 7");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) {
              b.mutable_feeds()->mutable_lanes(1)->mutable_positions()->push_back('\0');
            }),
            "store-damaged at 7");
  EXPECT_EQ(with_rows([](v1::AuditBatch& b) { add_lane(b, "KZ", true, {}); }), "passed");
}

// C-124
TEST_F(AuditTest, AStoreWithFeedsSaysWhatEachEntryAndEachRootIs) {
  const auto with_feeds = [&](const std::function<void(v1::AuditBatch&)>& change) {
    return said(after([&](Pages& pages) {
      feed(pages, {"AM", "BY"});
      change(pages[kNotices]);
    }));
  };
  EXPECT_EQ(with_feeds([](v1::AuditBatch&) {}), "passed");
  EXPECT_EQ(with_feeds([](v1::AuditBatch& b) { b.clear_root(); }), "store-damaged at 7");
  EXPECT_EQ(with_feeds([](v1::AuditBatch& b) { b.mutable_entries(1)->clear_origin(); }),
            "store-damaged at 8");
  EXPECT_EQ(with_feeds([](v1::AuditBatch& b) { b.mutable_entries(1)->clear_notice_id(); }),
            "store-damaged at 8");
  EXPECT_EQ(with_feeds([](v1::AuditBatch& b) { b.mutable_entries(2)->clear_notice(); }),
            "store-damaged at 9");
}

// C-124
TEST_F(AuditTest, AStoreWithFeedsHasEveryEntry) {
  for (const std::uint64_t index : {7U, 8U, 9U}) {
    const AuditReport report = after([&](Pages& pages) {
      feed(pages, {"AM", "BY"});
      pages[kNotices].mutable_entries()->DeleteSubrange(static_cast<int>(index - kNotices), 1);
    });
    EXPECT_EQ(said(report), "store-damaged at " + std::to_string(index));
    EXPECT_EQ(report.size, 12U);  // The audit went on.
  }
  EXPECT_EQ(said(after([](Pages& pages) { pages[kNotices].mutable_entries()->Clear(); })),
            "passed");
}

TEST_F(AuditTest, AnEntryThatIsShownTwiceCountsOnce) {
  const AuditReport report = after([](Pages& pages) {
    const v1::AuditEntry twice = entry(pages, 0);
    *pages[kNotices].add_entries() = twice;
  });
  EXPECT_EQ(said(report), "passed");
  EXPECT_EQ(report.envelope_count, 12U);
}

// C-124
TEST_F(AuditTest, ADirectoryEntryIsInNoFeed) {
  const auto with = [](const Names& members) {
    return [members](Pages& pages) {
      pages[3].mutable_feeds();
      for (const std::string& member : members) {
        add_lane(pages[3], member, false, {3});
      }
    };
  };
  EXPECT_EQ(said(after(with({}))), "passed");
  EXPECT_EQ(said(after(with({"AM"}))), "store-damaged at 3");
}

// C-124
TEST_F(AuditTest, RowsOfEntriesBeyondTheLogAreAFinding) {
  const auto rows = [](std::uint64_t count) {
    return [count](v1::AuditPageReply& page) { page.set_rows_beyond(count); };
  };
  EXPECT_EQ(said(after([](Pages&) {}, rows(0))), "passed");
  EXPECT_EQ(said(after([](Pages&) {}, rows(1))), "store-damaged");
}

// C-125
TEST_F(AuditTest, AClockIsNotBehindTheNewestNoticeOfItsKeyAndPrecedence) {
  const Envelope newest = logged(11);  // All four are of one key and precedence.
  const auto clock = [&](std::uint64_t created_at_us) {
    return [&newest, created_at_us](v1::AuditPageReply& page) {
      v1::AuditClock& row = *page.mutable_clocks()->add_clocks();
      row.set_key_id(to_string(newest.signatures.front().key_id));
      row.set_precedence(static_cast<std::uint32_t>(newest.draft.precedence()));
      row.set_created_at_us(created_at_us);
    };
  };
  const std::uint64_t at = newest.header.created_at_us();
  const auto nothing = [](Pages&) {};
  EXPECT_EQ(said(after(nothing, clock(at))), "passed");
  EXPECT_EQ(said(after(nothing, clock(at + 1))), "passed");
  EXPECT_EQ(said(after(nothing, clock(at - 1))), "store-damaged at 11");
  EXPECT_EQ(said(after(nothing, [](v1::AuditPageReply& page) { page.mutable_clocks(); })),
            "store-damaged at 11");
  // A node keeps none.
  EXPECT_EQ(said(after(nothing, [](v1::AuditPageReply&) {})), "passed");
}

// C-125: each precedence of a key has a clock of its own.
TEST_F(AuditTest, AClockOfAnotherPrecedenceDoesNotCount) {
  const Envelope newest = logged(11);
  EXPECT_EQ(
      said(after([](Pages&) {},
                 [&](v1::AuditPageReply& page) {
                   v1::AuditClock& row = *page.mutable_clocks()->add_clocks();
                   row.set_key_id(to_string(newest.signatures.front().key_id));
                   row.set_precedence(static_cast<std::uint32_t>(newest.draft.precedence()) + 1);
                   row.set_created_at_us(newest.header.created_at_us());
                 })),
      "store-damaged at 11");
}

// C-126
TEST_F(AuditTest, WhatTheOutboxSaysWasLoggedIsTheNoticeOfTheLeaf) {
  const Envelope own = logged(7);
  const auto says = [&](const Envelope& notice, const Envelope& stored, bool passed,
                        bool received) {
    return said(after([&](Pages& pages) {
      v1::AuditOutbox& outbox = *entry(pages, 0).mutable_outbox();
      outbox.set_notice(to_string(notice.notice));
      outbox.set_envelope(stored.bytes());
      outbox.set_passed(passed);
      if (!received) {
        entry(pages, 0).clear_envelope();
      }
    }));
  };
  const Envelope other = logged(8);
  EXPECT_EQ(says(own, own, true, true), "passed");
  EXPECT_EQ(says(own, other, true, true), "passed");  // The delivery decides.
  EXPECT_EQ(says(own, own, true, false), "passed");
  EXPECT_EQ(says(other, other, true, true), "leaf-mismatch at 7");
  EXPECT_EQ(says(other, other, false, true), "leaf-mismatch at 7");
  EXPECT_EQ(says(other, other, true, false), "leaf-mismatch at 7");
  EXPECT_EQ(says(own, other, true, false), "leaf-mismatch at 7");
  EXPECT_EQ(says(other, own, true, false), "leaf-mismatch at 7");
  EXPECT_EQ(says(other, other, false, false), "passed");  // The delivery is still to come.
}

// C-126
TEST_F(AuditTest, AnOwnNoticeThatTheNodeFoundVoidIsStillTheOneThatWasLogged) {
  EXPECT_EQ(said(after([&](Pages& pages) {
              v1::AuditEntry& void_one = entry(pages, 0);
              void_one.set_faulted(true);
              void_one.mutable_outbox()->set_notice(to_string(logged(7).notice));
              void_one.mutable_outbox()->set_envelope(logged(8).bytes());
              void_one.mutable_outbox()->set_passed(true);
            })),
            "passed");
}

// C-126
TEST_F(AuditTest, WhatTheInboxShowsIsAGoodEnvelopeThatWasReceived) {
  const auto shown = [&](const std::function<void(v1::AuditEntry&)>& change) {
    return said(after([&](Pages& pages) {
      entry(pages, 0).set_shown(true);
      entry(pages, 0).set_plaintext(opened(kNotices));
      change(entry(pages, 0));
    }));
  };
  EXPECT_EQ(shown([](v1::AuditEntry&) {}), "passed");
  EXPECT_EQ(shown([&](v1::AuditEntry& e) { e.set_notice(to_string(logged(7).notice)); }), "passed");
  EXPECT_EQ(shown([&](v1::AuditEntry& e) { e.set_notice(to_string(logged(8).notice)); }),
            "store-damaged at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.set_origin("BY"); }), "store-damaged at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.clear_origin(); }), "store-damaged at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.clear_plaintext(); }), "text-digest-mismatch at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.clear_envelope(); }), "store-damaged at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.set_faulted(true); }), "store-damaged at 7");
  EXPECT_EQ(shown([](v1::AuditEntry& e) { e.set_code(22); }), "store-damaged at 7");  // Unopenable.
}

// Findings are bounded, however bad a store is.
TEST_F(AuditTest, ReportsAtMostAHundredFindings) {
  const AuditReport report = after([](Pages& pages) {
    for (int i = 0; i < 200; ++i) {
      pages[kNotices].add_entries()->set_index(1'000);
    }
  });
  EXPECT_EQ(report.findings.size(), Auditor::kFindingsMax);
}

}  // namespace
}  // namespace chancery::exchange
