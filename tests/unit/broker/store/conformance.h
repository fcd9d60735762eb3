// What every hub store must do, whatever its engine: the promises of broker/store/hub_store.h.
//
// An engine joins by a type with these members, and INSTANTIATE_TYPED_TEST_SUITE_P in its own test:
//
//   Result<std::unique_ptr<HubStore>> open(const Hash& genesis);   of this object's place, to own
//   Result<std::unique_ptr<HubStore>> open_for_audit(const Hash& genesis);
//   void alter(column, index);    flips a bit of header, body, signatures or entry_hash of an entry
//   void forget(index);           drops all that says that this entry is one of the directory
//
// The last two are done behind the store's back, while it is closed.

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/store/hub_store.h"
#include "core/exchange/audit.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/proof.h"
#include "core/ledger/tile_proofs.h"
#include "tests/support/log.h"
#include "tests/unit/broker/support.h"

namespace chancery::broker {

inline constexpr std::size_t kMuch = 1U << 30U;

// The store as turn() wants it: steps that must succeed here.
struct StoreLog {
  HubStore& store;
  [[nodiscard]] Answers answer(const Questions& questions) const {
    return test::must(store.answer(questions));
  }
  void commit(const Commit& commit) { test::must(store.commit(commit)); }
};

template <class Engine>
class HubStoreConformance : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  HubStoreConformance() { reopen(); }

  void close() {
    sequencer_.reset();
    store_.reset();
  }
  // As after a stop: everything from what is durable.
  void reopen() {
    close();
    store_ = test::must(engine_.open(exchange_.genesis()));
    sequencer_ =
        std::make_unique<Sequencer>(test::must(store_->load()), AdmissionLimits{}, log_keys());
  }
  void found() {
    StoreLog log{*store_};
    broker::found(*sequencer_, log, exchange_);
    for (std::uint64_t size = 1; const HubStore::UnsignedHead& head : heads()) {
      EXPECT_EQ(head.size, size++);
      store_->keep_checkpoint(head.size, note(head.size, head.root));
    }
    test::must(store_->flush());
  }
  std::vector<HubStore::UnsignedHead> heads() { return test::must(store_->unsigned_heads()); }
  static std::string note(std::uint64_t size, const Hash& root) {
    return test::signed_checkpoint("chancery.test/trial", size, root, Names{"hub log 1"});
  }
  std::string envelope(const Names& recipients = {"BY"}) {
    return notice(exchange_, exchange_.draft("AM", recipients, "contact"),
                  {.seen = head_of(sequencer_->tree())});
  }
  // One batch, to the point where the store is asked.
  Commit decide(const Names& envelopes) {
    for (const std::string& bytes : envelopes) {
      test::must(sequencer_->offer(0, std::nullopt, bytes));
    }
    const Answers answers = test::must(store_->answer(sequencer_->begin()));
    return commit_of(sequencer_->decide(answers, kNow + ++turns_));
  }
  // One batch, committed; `checkpoint` says whether the process lived to sign it.
  Commit log(const Names& envelopes, bool checkpoint = true) {
    Commit commit = decide(envelopes);
    test::must(store_->commit(commit));
    sequencer_->committed();
    if (checkpoint) {
      store_->keep_checkpoint(commit.size_after, note(commit.size_after, commit.root_after));
    }
    return commit;
  }
  std::string person(int number) {
    return exchange_.enrol(test::person_entry("AM", number), sequencer_->directory());
  }
  std::vector<v1::LogBatch> batches(std::uint64_t from, std::size_t count = 1000,
                                    std::size_t bytes = kMuch) {
    return test::must(store_->read_batches(from, count, bytes));
  }
  // "index<-previous" of a page of a feed, or the name of the error.
  static FeedRead read_of(std::string_view member, std::uint64_t from, std::size_t count,
                          exchange::Lane lane = exchange::Lane::kPatient) {
    return {
        .node = {}, .member = std::string(member), .lane = lane, .from = from, .count_max = count};
  }
  std::string feed(std::string_view member, std::uint64_t from, std::size_t count = 1000,
                   std::size_t bytes = kMuch, exchange::Lane lane = exchange::Lane::kPatient) {
    const Result<std::vector<FeedEntry>> page =
        store_->read_feed(read_of(member, from, count, lane), bytes);
    if (!page.has_value()) {
      return page.error().to_string();
    }
    std::string all;
    for (const FeedEntry& entry : *page) {
      all += std::to_string(entry.index) + "<-" + std::to_string(entry.previous) + " ";
    }
    return all;
  }
  // The damages that a start finds, each "part index: error"; or the error that stops it.
  std::string tail() {
    const Result<std::vector<exchange::Damage>> damages = store_->check_tail();
    if (!damages.has_value()) {
      return test::outcome(damages);
    }
    std::string all;
    for (const exchange::Damage& damage : *damages) {
      all += damage.part + " " + std::to_string(damage.index) + ": " +
             std::string(error_info(damage.error.code).name);
    }
    return all.empty() ? "good" : all;
  }
  // A whole pass, so many records at a time: "10 records: part index ".
  std::string scrub(std::size_t count_max) {
    std::uint64_t count = 0;
    for (bool whole = false; !whole;) {
      const exchange::Scrubbed scrubbed = test::must(store_->scrub(count_max, kMuch));
      EXPECT_LE(scrubbed.record_count, count_max);
      count += scrubbed.record_count;
      whole = scrubbed.whole;
    }
    std::string all = std::to_string(count) + " records: ";
    for (const exchange::Damage& damage : store_->take_damages()) {
      all += damage.part + " " + std::to_string(damage.index) + " ";
    }
    return all;
  }
  exchange::AuditReport audit(HubStore& store, std::size_t bytes = kMuch) {
    exchange::Auditor auditor(exchange_.genesis());
    std::uint64_t size = 0;
    std::uint64_t from = 0;
    do {
      const v1::AuditPageReply page = test::must(store.audit_page(from, bytes));
      size = page.size();
      from = page.next_index();
      ++audit_pages_;
      bool going_on = true;
      for (const v1::AuditBatch& batch : page.batches()) {
        going_on = going_on && auditor.batch(batch);
      }
      if (from == 0) {
        auditor.last_page(page);
      }
      from = going_on ? from : 0;
    } while (from != 0);
    return auditor.finish(size);
  }
  // Everything that the store says, as one string: for "nothing was written".
  std::string content() {
    std::string all = test::must(store_->audit_page(0, kMuch)).SerializeAsString();
    for (const v1::LogBatch& batch : batches(0)) {
      all += batch.SerializeAsString();
    }
    for (const HubStore::UnsignedHead& head : heads()) {
      all += std::to_string(head.size) + " ";
    }
    const HubState state = test::must(store_->load());
    for (const KeyClock& clock : state.clocks) {
      all += std::to_string(clock.created_at_us) + " ";
    }
    return all + feed("AM", 0) + feed("BY", 0) +
           feed("BY", 0, 1000, kMuch, exchange::Lane::kUrgent);
  }

  test::TestExchange exchange_;
  Engine engine_;
  std::unique_ptr<HubStore> store_;
  std::unique_ptr<Sequencer> sequencer_;
  std::uint64_t turns_ = 0;
  int audit_pages_ = 0;
};

TYPED_TEST_SUITE_P(HubStoreConformance);

TYPED_TEST_P(HubStoreConformance, AnEmptyStoreIsAnEmptyLog) {
  EXPECT_EQ(this->store_->genesis(), this->exchange_.genesis());
  const HubState state = test::must(this->store_->load());
  EXPECT_EQ(state.tree.size(), 0U);
  EXPECT_FALSE(state.directory.founded());
  EXPECT_TRUE(state.clocks.empty());
  EXPECT_TRUE(this->heads().empty());
  EXPECT_TRUE(this->batches(0).empty());
  EXPECT_EQ(this->feed("AM", 0), "");
  const v1::AuditPageReply page = test::must(this->store_->audit_page(0, kMuch));
  EXPECT_EQ(page.size(), 0U);
  EXPECT_EQ(page.next_index(), 0U);
  EXPECT_EQ(page.batches_size(), 0);
}

TYPED_TEST_P(HubStoreConformance, WhatWasCommittedIsThereAfterAStop) {
  this->found();
  this->log({this->envelope(), this->envelope()});
  this->log({this->person(1)});
  const Sequencer before = *this->sequencer_;
  const std::string content = this->content();
  this->reopen();
  const HubState state = test::must(this->store_->load());
  EXPECT_EQ(state.tree.size(), 10U);
  EXPECT_EQ(state.tree.root(), before.tree().root());
  EXPECT_EQ(state.tree.edge(), before.tree().edge());
  EXPECT_EQ(state.directory.root(), before.directory().root());
  EXPECT_EQ(state.directory.slots(), before.directory().slots());
  EXPECT_EQ(state.accepted_at_ms, before.accepted_at_ms());
  ASSERT_EQ(state.clocks.size(), 1U);
  EXPECT_EQ(state.clocks[0].key_id, node_id("AM"));
  EXPECT_EQ(state.clocks[0].precedence, static_cast<std::uint32_t>(v1::PRECEDENCE_ROUTINE));
  // And the log goes on from there.
  EXPECT_EQ(this->log({this->envelope()}).size_before, 10U);
  this->reopen();
  EXPECT_EQ(this->sequencer_->tree().size(), 11U);
  EXPECT_NE(this->content(), content);
}

// C-136: nobody can have written between what this process knows and what it commits.
TYPED_TEST_P(HubStoreConformance, AHeadThatMovedIsRefusedAndNothingIsWritten) {
  this->found();
  this->log({this->envelope()});
  const std::string content = this->content();
  const Commit good = this->decide({this->envelope(), this->envelope()});
  Commit bad = good;
  ++bad.size_before;
  EXPECT_EQ(test::outcome(this->store_->commit(bad)), "head-moved");
  bad = good;
  bad.size_before -= 2;
  EXPECT_EQ(test::outcome(this->store_->commit(bad)), "head-moved");
  bad = good;
  bad.root_before[31] ^= 1;  // The right size of another log.
  EXPECT_EQ(test::outcome(this->store_->commit(bad)), "head-moved");
  EXPECT_EQ(this->content(), content);
  EXPECT_EQ(test::outcome(this->store_->commit(good)), "good");
  EXPECT_EQ(test::outcome(this->store_->commit(good)), "head-moved");  // Once.
}

TYPED_TEST_P(HubStoreConformance, ACommitThatFailsHalfwayIsNotThere) {
  this->found();
  const Commit first = this->log({this->envelope()});
  const std::string content = this->content();
  Commit bad = this->decide({this->envelope(), this->envelope()});
  bad.entries[1].envelope = first.entries[0].envelope;  // An id that is in the log.
  EXPECT_FALSE(this->store_->commit(bad).has_value());
  EXPECT_EQ(this->content(), content);
}

TYPED_TEST_P(HubStoreConformance, AnswersWhatWasLoggedAndWhatWasAHead) {
  this->found();
  const Commit one = this->log({this->envelope(), this->envelope()});
  const v1::Draft& draft = one.entries[1].envelope.draft;
  const Answers answers =
      test::must(this->store_->answer({.ids = {{"AM", draft.notice_id()},
                                               {"BY", draft.notice_id()},
                                               {"AM", test::seeded_uuid("never", 1)}},
                                       .head_sizes = {0, 3, 8, 9, 10, 1000}}));
  ASSERT_EQ(answers.known.size(), 3U);
  const KnownNotice known = answers.known[0].value_or(KnownNotice{});
  EXPECT_EQ(known.index, 8U);
  EXPECT_EQ(known.notice, one.entries[1].envelope.notice);
  EXPECT_FALSE(answers.known[1].has_value());
  EXPECT_FALSE(answers.known[2].has_value());
  ASSERT_EQ(answers.heads.size(), 2U);  // 8 is inside a batch.
  EXPECT_EQ(answers.heads.at(9), one.root_after);
  EXPECT_TRUE(answers.heads.contains(3));
}

TYPED_TEST_P(HubStoreConformance, AHeadStaysUnsignedUntilItsCheckpointIsDurable) {
  this->found();
  EXPECT_TRUE(this->heads().empty());
  const Commit one = this->log({this->envelope()}, /*checkpoint=*/false);
  this->reopen();  // A stop between commit and signature.
  ASSERT_EQ(this->heads().size(), 1U);
  EXPECT_EQ(this->heads()[0].size, 8U);
  EXPECT_EQ(this->heads()[0].root, one.root_after);
  EXPECT_EQ(this->batches(7)[0].checkpoint(), "");
  EXPECT_TRUE(this->audit(*this->store_).head_unsigned);  // C-123

  const std::string note = this->note(8, one.root_after);
  this->store_->keep_checkpoint(8, note);
  EXPECT_EQ(this->batches(7)[0].checkpoint(), note);  // Known at once,
  this->reopen();
  ASSERT_EQ(this->heads().size(), 1U);  // durable by flush,
  this->store_->keep_checkpoint(8, note);
  test::must(this->store_->flush());
  this->reopen();
  EXPECT_TRUE(this->heads().empty());
  EXPECT_EQ(this->batches(7)[0].checkpoint(), note);

  this->log({this->envelope()});
  this->log({this->envelope()});  // or with the next commit.
  this->reopen();
  ASSERT_EQ(this->heads().size(), 1U);
  EXPECT_EQ(this->heads()[0].size, 10U);
}

// C-139
// Ids mostly rise; where one does not, it is known all the same.
TYPED_TEST_P(HubStoreConformance, AnswersWhateverTheOrderOfTheIds) {
  this->found();
  const auto id = [](int digit) {
    return std::string(1, static_cast<char>(digit)) + test::seeded_uuid("id", 1).substr(1);
  };
  const auto known = [&](int digit) {
    const Answers answers =
        test::must(this->store_->answer({.ids = {{"AM", id(digit)}}, .head_sizes = {}}));
    return answers.known.at(0).has_value() ? answers.known[0]->index : 0;
  };
  const auto log = [&](int digit) {
    v1::Draft draft = this->exchange_.draft("AM", {"BY"}, "contact");
    draft.set_notice_id(id(digit));
    this->log({notice(this->exchange_, draft, {.seen = head_of(this->sequencer_->tree())})});
  };
  EXPECT_EQ(known(5), 0U);
  log(5);
  EXPECT_EQ(known(5), 7U);
  log(3);
  log(200);
  log(4);
  for (const bool again : {false, true}) {
    EXPECT_EQ(known(3), 8U) << again;
    EXPECT_EQ(known(4), 10U) << again;
    EXPECT_EQ(known(5), 7U) << again;
    EXPECT_EQ(known(200), 9U) << again;
    EXPECT_EQ(known(6), 0U) << again;
    EXPECT_EQ(known(201), 0U) << again;
    this->reopen();
  }
}

TYPED_TEST_P(HubStoreConformance, AFeedHasWhatIsForItsMemberWithWhatCameBefore) {
  this->found();
  const Commit one = this->log({this->envelope({"BY"}), this->envelope({"BY", "RU"})});
  this->log({this->person(1)});
  this->log({this->envelope({"RU"})});
  EXPECT_EQ(this->feed("AM", 0), "7<-0 8<-8 10<-9 ");
  EXPECT_EQ(this->feed("BY", 0), "7<-0 8<-8 ");
  EXPECT_EQ(this->feed("RU", 0), "8<-0 10<-9 ");
  EXPECT_EQ(this->feed("KZ", 0), "");
  EXPECT_EQ(this->feed("XX", 0), "");
  EXPECT_EQ(this->feed("", 0), "");
  const auto page = test::must(this->store_->read_feed(this->read_of("BY", 8, 1), kMuch));
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(*page[0].envelope, one.entries[1].envelope.bytes());  // C-30
}

// Rows of a feed are written many at a time, and what is left over one by one.
TYPED_TEST_P(HubStoreConformance, ABatchOfManyIsInTheFeedsOfItsReadersAlone) {
  this->found();
  std::vector<std::string> envelopes;
  std::string all;
  std::string of_ru;
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < 135; ++i) {  // Four times 32 and 7, and 45.
    const bool for_ru = i % 3 == 0;
    envelopes.push_back(for_ru ? this->envelope({"BY", "RU"}) : this->envelope({"BY"}));
    const std::uint64_t index = 7 + i;
    all += std::to_string(index) + "<-" + std::to_string(i == 0 ? 0 : index) + " ";
    if (for_ru) {
      of_ru += std::to_string(index) + "<-" + std::to_string(before) + " ";
      before = index + 1;
    }
  }
  this->log(envelopes);
  for (const bool again : {false, true}) {
    EXPECT_EQ(this->feed("BY", 0), all) << again;
    EXPECT_EQ(this->feed("AM", 0), all) << again;
    EXPECT_EQ(this->feed("RU", 0), of_ru) << again;
    EXPECT_EQ(this->feed("KZ", 0), "") << again;
    const auto page = test::must(this->store_->read_feed(this->read_of("RU", 0, 1000), kMuch));
    ASSERT_EQ(page.size(), 45U);
    for (const FeedEntry& entry : page) {
      EXPECT_EQ(*entry.envelope, envelopes[entry.index - 7]) << again;
    }
    this->reopen();  // As it was logged, and as it is read.
  }
}

TYPED_TEST_P(HubStoreConformance, AFeedIsReadInPages) {
  this->found();
  this->log({this->envelope(), this->envelope(), this->envelope(), this->envelope()});
  EXPECT_EQ(this->feed("BY", 0, 2), "7<-0 8<-8 ");
  EXPECT_EQ(this->feed("BY", 9, 2), "9<-9 10<-10 ");
  EXPECT_EQ(this->feed("BY", 9, 1), "9<-9 ");
  EXPECT_EQ(this->feed("BY", 11, 2), "");
  // The one that goes over the bytes is the last; there is always one.
  EXPECT_EQ(this->feed("BY", 0, 100, 0), "7<-0 ");
  const std::size_t size =
      test::must(this->store_->read_feed(this->read_of("BY", 7, 1), kMuch))[0].envelope->size();
  EXPECT_EQ(this->feed("BY", 0, 100, size - 1), "7<-0 ");
  EXPECT_EQ(this->feed("BY", 0, 100, size), "7<-0 8<-8 ");
}

// Wherever in which batch: what came before may be in the batch before, or in none.
TYPED_TEST_P(HubStoreConformance, AFeedIsReadFromAnywhere) {
  this->found();
  this->log({this->envelope({"BY"}), this->envelope({"KZ"})});
  this->log({this->envelope({"KZ"})});
  this->log({this->envelope({"KZ"}), this->envelope({"BY"}), this->envelope({"KZ"}),
             this->envelope({"BY"})});
  const std::vector<std::string> expected = {
      "7<-0 11<-8 13<-12 ", "11<-8 13<-12 ", "11<-8 13<-12 ", "11<-8 13<-12 ",
      "11<-8 13<-12 ",      "13<-12 ",       "13<-12 ",       ""};
  for (std::uint64_t from = 7; from <= 14; ++from) {
    EXPECT_EQ(this->feed("BY", from), expected[from - 7]) << from;
  }
  EXPECT_EQ(this->feed("KZ", 9, 2), "9<-9 10<-10 ");
  EXPECT_EQ(this->feed("KZ", 11, 1), "12<-11 ");
  EXPECT_EQ(this->feed("TJ", 7), "");
}

// Who follows it is served from memory, which says what a store that was opened anew reads.
TYPED_TEST_P(HubStoreConformance, AFeedThatIsFollowedIsTheOneThatIsStored) {
  this->found();
  this->log({this->envelope({"BY"}), this->envelope({"KZ"})});
  this->log({this->envelope({"BY"})});
  EXPECT_EQ(this->feed("BY", 7, 1), "7<-0 ");
  EXPECT_EQ(this->feed("BY", 7), "7<-0 9<-8 ") << "a page that was cut is not all that there is";
  EXPECT_EQ(this->feed("RU", 0), "");
  this->log({this->envelope({"KZ"}), this->envelope({"BY"}), this->envelope({"BY", "RU"})});
  const std::vector<std::string> followed = {this->feed("BY", 0), this->feed("BY", 8),
                                             this->feed("BY", 11), this->feed("BY", 12, 1),
                                             this->feed("RU", 3)};
  EXPECT_EQ(followed, (std::vector<std::string>{"7<-0 9<-8 11<-10 12<-12 ", "9<-8 11<-10 12<-12 ",
                                                "11<-10 12<-12 ", "12<-12 ", "12<-0 "}));
  this->reopen();
  const std::vector<std::string> read = {this->feed("BY", 0), this->feed("BY", 8),
                                         this->feed("BY", 11), this->feed("BY", 12, 1),
                                         this->feed("RU", 3)};
  EXPECT_EQ(read, followed);
}

// C-141
TYPED_TEST_P(HubStoreConformance, BatchesAreWhatFollowersWereTold) {
  this->found();
  std::vector<v1::LogBatch> told;
  for (const std::vector<std::string>& envelopes :
       {std::vector{this->envelope(), this->envelope()}, std::vector{this->person(1)}}) {
    const Commit commit = this->log(envelopes);
    told.push_back(log_batch(commit, this->note(commit.size_after, commit.root_after)));
  }
  const std::vector<v1::LogBatch> stored = this->batches(7);
  ASSERT_EQ(stored.size(), 2U);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(stored[i].SerializeAsString(), told[i].SerializeAsString()) << i;
  }
  exchange::LogFollower follower(this->exchange_.genesis());
  exchange::RootCache cache;
  for (const v1::LogBatch& batch : this->batches(0)) {
    EXPECT_EQ(test::outcome(follower.follow(batch, cache)), "good") << batch.first_index();
  }
  EXPECT_EQ(follower.tree().root(), this->sequencer_->tree().root());
}

TYPED_TEST_P(HubStoreConformance, BatchesAreReadInPagesFromWhereOneStarts) {
  this->found();
  this->log({this->envelope(), this->envelope()});
  this->log({this->envelope(), this->envelope(), this->envelope()});
  const auto starts = [&](std::uint64_t from, std::size_t count, std::size_t bytes) {
    std::string all;
    for (const v1::LogBatch& batch : this->batches(from, count, bytes)) {
      all += std::to_string(batch.first_index()) + " ";
    }
    return all;
  };
  EXPECT_EQ(starts(0, 100, kMuch), "0 1 2 3 4 5 6 7 9 ");
  EXPECT_EQ(starts(5, 3, kMuch), "5 6 7 ");
  EXPECT_EQ(starts(9, 3, kMuch), "9 ");
  EXPECT_EQ(starts(0, 100, 0), "0 ");  // The one that goes over the bytes is the last.
  EXPECT_EQ(starts(12, 100, kMuch), "");
  const auto from = [&](std::uint64_t index) {
    return test::outcome(this->store_->read_batches(index, 100, kMuch));
  };
  EXPECT_EQ(from(8), "not-found");
  EXPECT_EQ(from(10), "not-found");  // Within the last batch.
  EXPECT_EQ(from(11), "not-found");
  EXPECT_EQ(from(12), "good");
}

// Every stored byte of an entry is hashed again before anybody gets it.
TYPED_TEST_P(HubStoreConformance, AnAlteredEntryIsNamedAndNeverServedAndTheOthersAre) {
  for (const char* const column : {"header", "body", "signatures", "entry_hash"}) {
    SCOPED_TRACE(column);
    this->close();
    this->engine_ = TypeParam();
    this->exchange_ = test::TestExchange();
    this->reopen();
    this->found();
    this->log({this->envelope(), this->envelope(), this->envelope()});
    test::must(this->store_->flush());
    this->close();
    this->engine_.alter(column, 8);
    this->reopen();
    EXPECT_EQ(this->feed("BY", 0), "7<-0 ");  // Up to it.
    const Result<std::vector<FeedEntry>> at_it =
        this->store_->read_feed(this->read_of("BY", 8, 10), kMuch);
    EXPECT_EQ(test::outcome(at_it), "store-damaged");
    EXPECT_NE(at_it.error().detail.find("entry 8 "), std::string::npos) << at_it.error().detail;
    EXPECT_EQ(this->feed("BY", 9), "9<-9 ");  // Behind it.
    // C-121: the audit of what is stored names it, so nothing was deleted or mended.
    const exchange::AuditReport report = this->audit(*this->store_);
    ASSERT_FALSE(report.passed());
    EXPECT_EQ(report.findings.front().index, 8U);
    if (column != std::string_view("entry_hash")) {
      EXPECT_EQ(report.size, 10U);  // The log itself is whole, and the audit went on.
    }
  }
}

TYPED_TEST_P(HubStoreConformance, AnAlteredDirectoryEntryStopsTheStart) {
  this->found();
  this->close();
  this->engine_.alter("body", 3);
  this->store_ = test::must(this->engine_.open(this->exchange_.genesis()));
  const Result<HubState> loaded = this->store_->load();
  EXPECT_EQ(test::outcome(loaded), "store-damaged");
  EXPECT_NE(loaded.error().detail.find("entry 3 "), std::string::npos) << loaded.error().detail;
  const Result<std::vector<v1::LogBatch>> page = this->store_->read_batches(3, 1, kMuch);
  EXPECT_EQ(test::outcome(page), "store-damaged");
  EXPECT_EQ(test::outcome(this->store_->read_batches(4, 1, kMuch)), "good");
  EXPECT_EQ(this->audit(*this->store_).findings.front().index, 3U);
}

// C-105: what the entries fold to is what the last batch names; a revocation may be what is gone.
TYPED_TEST_P(HubStoreConformance, AForgottenDirectoryEntryStopsTheStart) {
  this->found();
  this->log({this->exchange_.entry(test::revocation_of(node_id("AM")),
                                   std::vector{test::authority_name("AM")},
                                   this->sequencer_->directory())});
  this->reopen();
  this->close();
  this->engine_.forget(7);
  this->store_ = test::must(this->engine_.open(this->exchange_.genesis()));
  EXPECT_EQ(test::outcome(this->store_->load()), "store-damaged");
}

// C-120
TYPED_TEST_P(HubStoreConformance, ALiveStoreIsAuditedInPages) {
  this->found();
  this->log({this->envelope(), this->envelope()});
  this->log({this->person(1)});
  this->log({this->envelope()}, /*checkpoint=*/false);
  const std::pair<std::size_t, int> cases[] = {{kMuch, 1}, {0, 10}};  // Bytes, pages.
  for (const auto& [bytes, pages] : cases) {
    this->audit_pages_ = 0;
    const exchange::AuditReport report = this->audit(*this->store_, bytes);
    EXPECT_TRUE(report.passed()) << report.findings.front().error.to_string();
    EXPECT_EQ(report.size, 10U);  // C-123: and one whose checkpoint is not signed yet.
    EXPECT_TRUE(report.head_unsigned);
    EXPECT_EQ(report.batch_count, 9U);
    EXPECT_EQ(report.absent_count, 0U);
    EXPECT_EQ(this->audit_pages_, pages);
  }
}

// C-120: of a stopped hub's store.
TYPED_TEST_P(HubStoreConformance, AStoppedStoreIsAuditedReadOnly) {
  this->found();
  this->log({this->envelope()});
  test::must(this->store_->flush());
  this->close();
  for (const Hash& genesis : {this->exchange_.genesis(), Hash{}}) {
    const auto store = test::must(this->engine_.open_for_audit(genesis));
    EXPECT_EQ(store->genesis(), this->exchange_.genesis());
    EXPECT_TRUE(this->audit(*store).passed());
  }
  Hash other = this->exchange_.genesis();
  other[0] ^= 1;
  EXPECT_EQ(test::outcome(this->engine_.open_for_audit(other)), "wrong-genesis");
}

TYPED_TEST_P(HubStoreConformance, AnotherExchangesStoreIsRefused) {
  this->found();
  const std::string content = this->content();
  this->close();
  const test::TestExchange other({.name = "other"});
  EXPECT_EQ(test::outcome(this->engine_.open(other.genesis())), "wrong-genesis");
  EXPECT_EQ(test::outcome(this->engine_.open(Hash{})), "wrong-genesis");
  this->reopen();
  EXPECT_EQ(this->content(), content);
}

// C-137: each second draft once, at most 64 of an origin, and never in the log.
TYPED_TEST_P(HubStoreConformance, SecondDraftsUnderAnIdAreKept) {
  this->found();
  const auto conflict = [&](std::string_view origin) {
    const v1::Draft draft = this->exchange_.draft(origin, {"KG"}, "contact");
    return Conflict{.envelope = this->exchange_.parse(notice(this->exchange_, draft, {})),
                    .index_first = 7};
  };
  const Conflict first = conflict("AM");
  EXPECT_TRUE(test::must(this->store_->keep_conflict(first, kNow)));
  EXPECT_FALSE(test::must(this->store_->keep_conflict(first, kNow + 1)));
  EXPECT_EQ(test::must(this->store_->conflict_count()), 1U);
  for (std::size_t i = 1; i < kConflictsKeptMax; ++i) {
    EXPECT_TRUE(test::must(this->store_->keep_conflict(conflict("AM"), kNow)));
  }
  EXPECT_FALSE(test::must(this->store_->keep_conflict(conflict("AM"), kNow)));
  EXPECT_EQ(test::must(this->store_->conflict_count()), kConflictsKeptMax);
  EXPECT_TRUE(test::must(this->store_->keep_conflict(conflict("BY"), kNow)));
  this->reopen();
  EXPECT_EQ(test::must(this->store_->conflict_count()), kConflictsKeptMax + 1);
  EXPECT_EQ(test::must(this->store_->load()).tree.size(), kFounded);
}

// C-139: each lane is a feed of its own.
TYPED_TEST_P(HubStoreConformance, UrgentNoticesHaveALaneOfTheirOwn) {
  this->found();
  const auto urgent = [&](v1::Precedence precedence) {
    v1::Draft draft = this->exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(precedence);
    return notice(this->exchange_, draft, {.seen = head_of(this->sequencer_->tree())});
  };
  this->log({this->envelope({"BY"})});
  this->log({urgent(v1::PRECEDENCE_IMMEDIATE)});
  this->log({urgent(v1::PRECEDENCE_PRIORITY)});
  this->log({urgent(v1::PRECEDENCE_OVERRIDE)});
  for (const std::string_view member : {"AM", "BY"}) {
    EXPECT_EQ(this->feed(member, 0), "7<-0 9<-8 ");
    EXPECT_EQ(this->feed(member, 0, 1000, kMuch, exchange::Lane::kUrgent), "8<-0 10<-9 ");
  }
  EXPECT_EQ(this->feed("BY", 9, 1000, kMuch, exchange::Lane::kUrgent), "10<-9 ");
}

// C-99
TYPED_TEST_P(HubStoreConformance, AnErasedBodyLeavesWhatHashesToItsLeaf) {
  this->found();
  const Commit logged = this->log({this->envelope({"BY"}), this->envelope({"BY"})});
  const std::vector<exchange::Kept> kept = test::must(this->store_->kept(7, 10));
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].index, 8U);
  EXPECT_EQ(kept[1].accepted_at_ms, logged.accepted_at_ms);
  EXPECT_EQ(kept[1].draft.kind(), "contact");
  EXPECT_EQ(test::must(this->store_->kept(0, 3)).size(), 3U);

  const exchange::Envelope& whole = logged.entries[0].envelope;
  auto page = test::must(this->store_->read_feed(this->read_of("BY", 7, 1), kMuch));
  EXPECT_EQ(*page[0].envelope, whole.bytes());
  const std::vector<std::uint64_t> indices{7};
  EXPECT_TRUE(test::must(this->store_->erase_bodies(indices, kNow)).empty());
  const std::string erased = exchange::erased_bytes(
      whole.header_bytes, exchange::body_digest(whole.body_bytes), whole.signatures_bytes);
  page = test::must(this->store_->read_feed(this->read_of("BY", 7, 1), kMuch));
  EXPECT_EQ(*page[0].envelope, erased);
  test::must(this->store_->flush());
  this->reopen();
  EXPECT_EQ(test::must(this->store_->erased_count()), 1U);
  EXPECT_EQ(test::must(this->store_->kept(7, 10)).size(), 1U);
  EXPECT_EQ(this->feed("BY", 0), "7<-0 8<-8 ");
  page = test::must(this->store_->read_feed(this->read_of("BY", 7, 1), kMuch));
  EXPECT_EQ(*page[0].envelope, erased);
  EXPECT_EQ(test::must(exchange::entry_of(*page[0].envelope, this->exchange_.genesis())),
            whole.entry);
  const exchange::AuditReport report = this->audit(*this->store_);
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.erased_count, 1U);
}

TYPED_TEST_P(HubStoreConformance, AnAlteredBodyIsNotErased) {
  this->found();
  this->log({this->envelope({"BY"}), this->envelope({"BY"})});
  this->store_.reset();
  this->engine_.alter("body", 8);
  this->reopen();
  const std::vector<std::uint64_t> indices{7, 8};
  EXPECT_EQ(test::must(this->store_->erase_bodies(indices, kNow)), std::vector<std::uint64_t>{8});
  EXPECT_EQ(test::must(this->store_->erased_count()), 1U);
}

// An envelope that was altered is named; an entry that was altered is another log.
TYPED_TEST_P(HubStoreConformance, WhatWasWrittenLastIsLookedAtAgainAtAStart) {
  EXPECT_EQ(this->tail(), "good");
  this->found();
  this->log({this->envelope(), this->envelope(), this->envelope()});
  EXPECT_EQ(this->tail(), "good");
  for (const char* const column : {"header", "body", "signatures"}) {
    this->close();
    this->engine_.alter(column, kFounded + 1);
    this->reopen();
    EXPECT_EQ(this->tail(), "entry 8: store-damaged") << column;
    this->close();
    this->engine_.alter(column, kFounded + 1);  // The same bit again.
    this->reopen();
  }
  EXPECT_EQ(this->tail(), "good");
  this->close();
  this->engine_.alter("entry_hash", kFounded + 2);
  this->reopen();
  EXPECT_EQ(this->tail(), "store-damaged");
}

// However long the log is: what lies far back is for the audit.
TYPED_TEST_P(HubStoreConformance, AStartLooksAtTheEndOfTheLogOnly) {
  this->found();
  constexpr std::uint64_t kBatches = 5;
  constexpr std::uint64_t kSize = kFounded + (kBatches * 512);
  while (this->sequencer_->tree().size() < kSize) {
    std::vector<std::string> batch;
    batch.reserve(512);
    for (int i = 0; i < 512; ++i) {
      batch.push_back(this->envelope());
    }
    this->log(batch);
  }
  EXPECT_EQ(this->tail(), "good");
  for (const std::uint64_t index : {std::uint64_t{kFounded}, kSize - 2048}) {
    this->close();
    this->engine_.alter("entry_hash", index);
    this->reopen();
    EXPECT_EQ(this->tail(), "good") << index;
  }
  this->close();
  this->engine_.alter("header", kSize - exchange::kTailCount - 1);
  this->engine_.alter("header", kSize - exchange::kTailCount);
  this->reopen();
  EXPECT_EQ(this->tail(),
            "entry " + std::to_string(kSize - exchange::kTailCount) + ": store-damaged");
  this->close();
  this->engine_.alter("entry_hash", kSize - exchange::kTailCount);
  this->reopen();
  EXPECT_EQ(this->tail(), "store-damaged");
}

// Every record, a few at a time; what is harmed is named once, stays, and is never served.
TYPED_TEST_P(HubStoreConformance, EveryRecordIsLookedAtAgain) {
  this->found();
  this->log({this->envelope(), this->envelope(), this->envelope()});
  EXPECT_EQ(this->scrub(4), "10 records: ");
  EXPECT_EQ(this->scrub(1000), "10 records: ");
  this->close();
  this->engine_.alter("header", 8);
  this->reopen();
  EXPECT_EQ(this->scrub(4), "10 records: entry 8 ");
  EXPECT_EQ(this->scrub(3), "10 records: entry 8 ") << "the next pass begins anew";
  this->close();
  this->engine_.alter("entry_hash", 9);
  this->reopen();
  EXPECT_EQ(this->scrub(4), "10 records: batch 7 entry 8 entry 9 ");

  const exchange::Damage damage{
      .part = "entry", .index = 8, .error = {ErrorCode::kStoreDamaged, "words"}};
  EXPECT_TRUE(test::must(this->store_->quarantine(damage, kNow)));
  EXPECT_FALSE(test::must(this->store_->quarantine(damage, kNow + 1)));
  this->reopen();
  const std::vector<exchange::Damage> named = test::must(this->store_->quarantined());
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named[0].part, "entry");
  EXPECT_EQ(named[0].index, 8U);
  EXPECT_EQ(named[0].error.to_string(), damage.error.to_string());
  EXPECT_EQ(this->feed("BY", 0), "7<-0 ");
  EXPECT_EQ(this->store_->take_damages().size(), 1U) << "a read that meets it names it as well";
}

// C-149: whatever of the record is harmed, and where it is gone.
TYPED_TEST_P(HubStoreConformance, ARecordIsRestoredFromTheEnvelopeThatWasLogged) {
  for (const std::string_view harmed :
       {"header", "body", "signatures", "entry_hash", "row", "row, entry_hash"}) {
    SCOPED_TRACE(harmed);
    const bool hash_is_harmed = harmed.ends_with("entry_hash");
    this->close();
    this->engine_ = TypeParam();
    this->exchange_ = test::TestExchange();
    this->reopen();
    this->found();
    const std::string first = this->envelope();
    const std::string envelope = this->envelope({"BY", "KZ"});
    const std::string other = this->envelope();
    this->log({first, envelope, other});
    this->close();
    if (harmed.starts_with("row")) {
      this->engine_.lose(8);
    } else {
      this->engine_.alter(harmed, 8);
    }
    if (harmed == "row, entry_hash") {
      this->engine_.alter("entry_hash", 8);
    }
    this->reopen();
    EXPECT_TRUE(test::must(this->store_->damaged_entries(10)).empty()) << "nobody looked";
    EXPECT_NE(this->scrub(100), "10 records: ");
    for (const char* const part : {"entry", "batch"}) {
      const std::uint64_t index = part == std::string_view("entry") ? 8 : kFounded;
      EXPECT_TRUE(test::must(this->store_->quarantine(
          {.part = part, .index = index, .error = {ErrorCode::kStoreDamaged, "words"}}, kNow)));
    }
    const std::vector<DamagedEntry> damaged = test::must(this->store_->damaged_entries(10));
    ASSERT_EQ(damaged.size(), 1U);
    EXPECT_EQ(damaged[0].index, 8U);
    EXPECT_EQ(damaged[0].readers, (std::vector<std::string>{"AM", "BY", "KZ"}));

    EXPECT_EQ(test::outcome(this->store_->restore_entry(8, other, kNow)), "leaf-mismatch");
    EXPECT_EQ(test::outcome(this->store_->restore_entry(8, "nonsense", kNow)), "unknown-field");
    const exchange::Envelope parsed =
        test::must(exchange::parse_envelope(envelope, this->exchange_.genesis()));
    const std::string erased = exchange::erased_bytes(
        parsed.header_bytes, exchange::body_digest(parsed.body_bytes), parsed.signatures_bytes);
    EXPECT_EQ(test::outcome(this->store_->restore_entry(8, erased, kNow)), "body-erased");
    EXPECT_EQ(this->feed("BY", 0), "7<-0 ");

    EXPECT_EQ(test::outcome(this->store_->restore_entry(8, envelope, kNow)), "good");
    this->reopen();
    EXPECT_EQ(this->feed("BY", 0), "7<-0 8<-8 9<-9 ");
    EXPECT_EQ(this->scrub(100), "10 records: ");
    EXPECT_TRUE(this->audit(*this->store_).passed());
    EXPECT_TRUE(test::must(this->store_->damaged_entries(10)).empty());
    EXPECT_EQ(test::must(this->store_->quarantined()).size(), hash_is_harmed ? 0U : 1U)
        << "of a batch it was shown only where that had to be asked";
    // What is harmed again is new again.
    EXPECT_TRUE(test::must(this->store_->quarantine(
        {.part = "entry", .index = 8, .error = {ErrorCode::kStoreDamaged, "again"}}, kNow + 1)));
  }
}

TYPED_TEST_P(HubStoreConformance, AnAuditNamesAnEntryThatIsGone) {
  this->found();
  this->log({this->envelope(), this->envelope(), this->envelope()});
  for (const std::uint64_t index : {9U, 8U, 7U, 2U}) {
    this->close();
    this->engine_.lose(index);
    const auto store = test::must(this->engine_.open_for_audit(this->exchange_.genesis()));
    const exchange::AuditReport report = this->audit(*store);
    ASSERT_FALSE(report.passed());
    EXPECT_EQ(report.findings.front().index, index);
    EXPECT_NE(report.findings.front().error.detail.find("is not there"), std::string::npos);
  }
}

// The body went by the roster's rule: it does not come back.
TYPED_TEST_P(HubStoreConformance, ARestoredRecordStaysWithoutTheBodyThatWasErased) {
  this->found();
  const std::string envelope = this->envelope();
  this->log({envelope});
  test::must(this->store_->flush());
  ASSERT_TRUE(
      test::must(this->store_->erase_bodies(std::vector<std::uint64_t>{kFounded}, kNow)).empty());
  this->close();
  this->engine_.alter("header", kFounded);
  this->reopen();
  EXPECT_EQ(test::outcome(this->store_->restore_entry(kFounded, envelope, kNow)), "good");
  const std::vector<FeedEntry> page =
      test::must(this->store_->read_feed(this->read_of("BY", 0, 10), kMuch));
  ASSERT_EQ(page.size(), 1U);
  const exchange::Envelope restored = test::must(exchange::parse_envelope(
      *page[0].envelope, this->exchange_.genesis(), exchange::Bodies::kMaybeErased));
  EXPECT_TRUE(restored.erased.has_value());
  this->close();
  EXPECT_EQ(this->engine_.stored("body", kFounded), "");
  this->reopen();
  EXPECT_EQ(this->audit(*this->store_).erased_count, 1U);
}

TYPED_TEST_P(HubStoreConformance, ALookIsBoundedInBytes) {
  this->found();
  EXPECT_EQ(test::must(this->store_->scrub(1000, 1)).record_count, 1U);
}

// The tiles are those of the log, whatever its batches were, and lead to what was signed.
TYPED_TEST_P(HubStoreConformance, ProofsComeFromItsTiles) {
  this->found();
  std::vector<ledger::CompactTree> trees = {this->sequencer_->tree()};
  for (const std::size_t count : {3U, 120U, 1U, 200U, 90U, 110U}) {
    std::vector<std::string> envelopes;
    envelopes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      envelopes.push_back(this->envelope());
    }
    this->log(envelopes);
    trees.push_back(this->sequencer_->tree());
  }
  const auto source = [&](const ledger::Tile& tile) { return this->store_->tile(tile); };
  const ledger::CompactTree& last = trees.back();
  ASSERT_GT(last.size(), 512U);
  EXPECT_EQ(test::must(ledger::root_from_tiles(last.size(), source)), last.root());
  for (const ledger::CompactTree& before : trees) {
    const std::vector<Hash> proof =
        test::must(ledger::consistency_proof(before.size(), last.size(), source));
    EXPECT_EQ(test::outcome(ledger::verify_consistency(before.size(), before.root(), last.size(),
                                                       last.root(), proof)),
              "good");
  }
  EXPECT_EQ(test::outcome(this->store_->check()), "good");
}

// What is signed was read back.
TYPED_TEST_P(HubStoreConformance, ABatchThatReadsBackOtherwiseIsNamed) {
  this->found();
  const ledger::CompactTree before = this->sequencer_->tree();
  this->log({this->envelope(), this->envelope()});
  EXPECT_EQ(test::outcome(this->store_->check_batch(before)), "good");
  this->close();
  this->engine_.alter("entry_hash", 8);
  this->store_ = test::must(this->engine_.open(this->exchange_.genesis()));
  EXPECT_EQ(test::outcome(this->store_->check_batch(before)), "store-damaged");
}

TYPED_TEST_P(HubStoreConformance, TheHeadAtQuorumStaysWithItsWitnesses) {
  this->found();
  EXPECT_FALSE(test::must(this->store_->load()).cosigned.has_value());
  this->log({this->envelope()});
  const ledger::CompactTree tree = this->sequencer_->tree();
  const exchange::WitnessSet witnesses = exchange::witnesses_of(this->sequencer_->directory());
  CosignedHead head{.head = {.checkpoint = {.origin = "chancery.test/trial",
                                            .size = tree.size(),
                                            .root = tree.root()},
                             .note = this->note(tree.size(), tree.root()),
                             .witnesses = {}},
                    .time_s = 1'800'000'000};
  this->store_->keep_cosigned(head);
  // Who is no witness any more was one then.
  const Hash key = node_id("AM");
  this->log(
      {this->exchange_.entry(test::revocation_of(key), std::vector{test::authority_name("AM")},
                             this->sequencer_->directory(), "AM")});
  EXPECT_NE(exchange::witnesses_of(this->sequencer_->directory()), witnesses);
  this->reopen();
  const HubState state = test::must(this->store_->load());
  const CosignedHead stored = state.cosigned.value_or(CosignedHead{});
  EXPECT_EQ(stored.head.checkpoint, head.head.checkpoint);
  EXPECT_EQ(stored.head.note, head.head.note);
  EXPECT_EQ(stored.head.witnesses, witnesses);
  EXPECT_EQ(stored.time_s, head.time_s);
  head.time_s += 30;
  this->store_->keep_cosigned(head);
  this->reopen();
  EXPECT_EQ(test::must(this->store_->load()).cosigned.value_or(CosignedHead{}).time_s,
            head.time_s - 30);
  this->store_->keep_cosigned(head);
  test::must(this->store_->flush());
  EXPECT_EQ(test::must(this->store_->load()).cosigned.value_or(CosignedHead{}).time_s, head.time_s);
}

// C-166
TYPED_TEST_P(HubStoreConformance, PagesWithoutEntriesHaveTheSameLeavesAndEndWithTheHeadAtQuorum) {
  this->found();
  this->log({this->envelope(), this->envelope(), this->envelope()});
  this->log({this->envelope()});
  const v1::AuditPageReply whole = test::must(this->store_->audit_page(0, kMuch));
  const v1::AuditPageReply all = test::must(this->store_->audit_leaves(0, kMuch));
  EXPECT_EQ(all.cosigned(), "");
  v1::AuditPageReply bare = whole;
  for (v1::AuditBatch& batch : *bare.mutable_batches()) {
    EXPECT_GT(batch.entries_size(), 0);
    batch.clear_entries();
    batch.clear_feeds();
  }
  bare.clear_clocks();
  bare.clear_rows_beyond();
  EXPECT_EQ(all.SerializeAsString(), bare.SerializeAsString());

  const ledger::CompactTree tree = this->sequencer_->tree();
  const CosignedHead head{.head = {.checkpoint = {.origin = "chancery.test/trial",
                                                  .size = tree.size(),
                                                  .root = tree.root()},
                                   .note = this->note(tree.size(), tree.root()),
                                   .witnesses = {}},
                          .time_s = 1'800'000'000};
  this->store_->keep_cosigned(head);
  const auto told = [&] {
    return test::must(this->store_->audit_leaves(tree.size(), kMuch)).cosigned();
  };
  EXPECT_EQ(told(), head.head.note);  // Also before it is durable.
  test::must(this->store_->flush());
  EXPECT_EQ(told(), head.head.note);
  EXPECT_EQ(test::must(this->store_->audit_page(tree.size(), kMuch)).cosigned(), head.head.note);
  std::uint64_t from = 0;
  std::uint64_t pages = 0;
  do {
    const v1::AuditPageReply page = test::must(this->store_->audit_leaves(from, 0));
    EXPECT_EQ(page.cosigned().empty(), page.next_index() != 0);
    from = page.next_index();
    ++pages;
  } while (from != 0);
  EXPECT_EQ(pages, static_cast<std::uint64_t>(whole.batches_size()));
}

REGISTER_TYPED_TEST_SUITE_P(
    HubStoreConformance, PagesWithoutEntriesHaveTheSameLeavesAndEndWithTheHeadAtQuorum,
    AnEmptyStoreIsAnEmptyLog, WhatWasCommittedIsThereAfterAStop,
    AHeadThatMovedIsRefusedAndNothingIsWritten, ACommitThatFailsHalfwayIsNotThere,
    AnswersWhatWasLoggedAndWhatWasAHead, AHeadStaysUnsignedUntilItsCheckpointIsDurable,
    AFeedHasWhatIsForItsMemberWithWhatCameBefore, ABatchOfManyIsInTheFeedsOfItsReadersAlone,
    AFeedIsReadInPages, AFeedIsReadFromAnywhere, AFeedThatIsFollowedIsTheOneThatIsStored,
    AnswersWhateverTheOrderOfTheIds, BatchesAreWhatFollowersWereTold,
    BatchesAreReadInPagesFromWhereOneStarts, AnAlteredEntryIsNamedAndNeverServedAndTheOthersAre,
    AnAlteredDirectoryEntryStopsTheStart, AForgottenDirectoryEntryStopsTheStart,
    ALiveStoreIsAuditedInPages, AStoppedStoreIsAuditedReadOnly, AnotherExchangesStoreIsRefused,
    SecondDraftsUnderAnIdAreKept, UrgentNoticesHaveALaneOfTheirOwn,
    AnErasedBodyLeavesWhatHashesToItsLeaf, AnAlteredBodyIsNotErased, AnAuditNamesAnEntryThatIsGone,
    WhatWasWrittenLastIsLookedAtAgainAtAStart, AStartLooksAtTheEndOfTheLogOnly,
    ARecordIsRestoredFromTheEnvelopeThatWasLogged, ARestoredRecordStaysWithoutTheBodyThatWasErased,
    EveryRecordIsLookedAtAgain, ALookIsBoundedInBytes, ProofsComeFromItsTiles,
    ABatchThatReadsBackOtherwiseIsNamed, TheHeadAtQuorumStaysWithItsWitnesses);

}  // namespace chancery::broker
