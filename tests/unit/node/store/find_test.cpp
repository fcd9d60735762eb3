#include "node/store/find.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "core/exchange/seal.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using test::must;
using Subjects = std::vector<std::string>;

v1::FindRequest asking(const std::string& words, const std::vector<std::string>& kinds = {}) {
  v1::FindRequest request;
  request.set_words(words);
  request.mutable_kinds()->Assign(kinds.begin(), kinds.end());
  return request;
}

class FindTest : public StoreTest {
 protected:
  FindTest() { found(); }

  struct Said {
    std::string subject;
    std::string kind = "threat.alert";
    std::string origin = "AM";
    v1::Status status = v1::STATUS_ACTUAL;
    std::string content{};
    std::vector<std::string> supersedes{};
    std::vector<std::string> cancels{};
  };
  v1::Text text_with(const Said& said) {
    v1::Text text;
    must(text.ParseFromString(text_of(said.subject, said.kind))
             ? Result<void>()
             : fail(ErrorCode::kMalformed, "a text of a test"));
    if (!said.content.empty()) {
      text.set_content(said.content);
    }
    text.mutable_supersedes()->Assign(said.supersedes.begin(), said.supersedes.end());
    text.mutable_cancels()->Assign(said.cancels.begin(), said.cancels.end());
    return text;
  }
  // Received, with its record. Gives N.
  std::string receive(const Said& said) {
    v1::Draft draft = exchange_.draft(said.origin, {said.origin == "BY" ? "AM" : "BY"}, said.kind);
    draft.set_status(said.status);
    const std::string envelope =
        exchange_.publish(draft, text_with(said).SerializeAsString(), exchange_.directory());
    StoreTest::receive(envelope);
    record();
    return to_string(exchange_.parse(envelope).notice);
  }
  // BY's own, logged where nothing else is.
  OutboxDraft queue(const Said& said, const std::string& application = "desk") {
    v1::Draft draft = exchange_.draft("BY", {"AM"}, said.kind);
    draft.set_status(said.status);
    const std::string text = text_with(said).SerializeAsString();
    draft.set_text_digest(to_string(exchange::text_digest(text)));
    OutboxDraft made;
    made.waiting = {.notice_id = draft.notice_id(),
                    .draft = draft.SerializeAsString(),
                    .text = text,
                    .sealed = false,
                    .precedence = draft.precedence()};
    made.notice = exchange::notice_hash(exchange_.genesis(), made.waiting.draft);
    made.request = exchange::text_digest(draft.notice_id());
    made.application = application;
    made.queued_at_ms = kNow;
    begin();
    must(store_->put_draft(made));
    return made;
  }
  void record() {
    begin();
    must(store_->record(100, 1U << 20U));
    commit();
  }
  v1::FindReply find(const v1::FindRequest& request) { return must(store_->find(request)); }
  static Subjects subjects_in(const v1::FindReply& reply) {
    Subjects subjects;
    for (const v1::FoundNotice& found : reply.found()) {
      v1::Text text;
      EXPECT_TRUE(text.ParseFromString(found.item().text()));
      subjects.push_back(text.subject() + (found.superseded() ? " (superseded)" : "") +
                         (found.cancelled() ? " (cancelled)" : ""));
    }
    return subjects;
  }
  Subjects found_by(const v1::FindRequest& request) { return subjects_in(find(request)); }
  Subjects found_by(const std::string& words) { return found_by(asking(words)); }
  // Whether these bytes are anywhere in the tables of the words.
  bool holds(const std::string& bytes) {
    store_.reset();
    bool held = false;
    {
      sqlite::Database raw =
          must(sqlite::Database::open(path_, {.mode = sqlite::OpenMode::kExisting,
                                              .application_id = kNodeStoreApplicationId,
                                              .user_version = kNodeStoreVersion}));
      for (const char* const sql :
           {"SELECT 1 FROM record_words_data WHERE instr(block, ?1)",
            "SELECT 1 FROM record_words_content WHERE instr(CAST(c0 AS BLOB), ?1) OR "
            "instr(CAST(c1 AS BLOB), ?1)"}) {
        sqlite::Statement select = must(raw.prepare(sql));
        held = must(select.bind(1, as_bytes(bytes)).step()) || held;
      }
    }
    open();
    return held;
  }
};

TEST_F(FindTest, WordsAreFoundInSubjectAndContentWhateverTheirEndings) {
  v1::ThreatAlert alert;
  alert.set_category(v1::THREAT_CATEGORY_CYBER);
  alert.set_summary("Заражены почтовые шлюзы таможни");
  alert.add_areas("Northern border");
  receive({.subject = "Malware in customs systems", .content = alert.SerializeAsString()});
  receive({.subject = "Second"});
  const Subjects first = {"Malware in customs systems"};
  EXPECT_EQ(found_by("custom"), first);
  EXPECT_EQ(found_by("BORDERS malware"), first);
  EXPECT_EQ(found_by("таможня"), first);
  EXPECT_EQ(found_by("ПОЧТОВЫЙ шлюз"), first);
  EXPECT_EQ(found_by("malware absent"), Subjects());
  EXPECT_EQ(found_by("\"customs system\""), first);
  EXPECT_EQ(found_by("\"system customs\""), Subjects());
  EXPECT_EQ(found_by("malw"), Subjects());
  EXPECT_EQ(found_by("malw*"), first);
  EXPECT_EQ(found_by("borders*"), first) << "the word itself, with another ending";
  EXPECT_EQ(found_by("\"northern bor\"*"), first);
  EXPECT_EQ(found_by("summary"), Subjects{"Second"});
}

// Nothing of what is asked is a language of its own.
TEST_F(FindTest, AQuestionIsWordsAndNothingElse) {
  receive({.subject = "one two"});
  EXPECT_EQ(found_by("one AND two"), Subjects()) << "AND is a word";
  EXPECT_EQ(found_by("subject:one"), Subjects()) << "two words, side by side";
  EXPECT_EQ(found_by("one) OR (two"), Subjects());
  EXPECT_EQ(found_by("-one"), Subjects{"one two"});
  EXPECT_EQ(found_by("\"one two"), Subjects{"one two"}) << "a quote that is not closed";
  EXPECT_EQ(found_by("^one\x1b[0m*'"), Subjects());
  EXPECT_EQ(outcome(store_->find(asking("\"\" * —"))), "usage");
  EXPECT_EQ(outcome(store_->find(asking(std::string(kFindWordsBytesMax + 1, 'a')))), "usage");
  std::string words;
  for (std::size_t i = 0; i < kFindWordsMax; ++i) {
    words += "one ";
  }
  EXPECT_EQ(found_by(words), Subjects{"one two"});
  EXPECT_EQ(outcome(store_->find(asking(words + "one"))), "usage");
}

TEST_F(FindTest, WhatIsAskedForNarrowsIt) {
  v1::ThreatAlert alert;
  alert.set_category(v1::THREAT_CATEGORY_CYBER);
  receive({.subject = "cyber", .content = alert.SerializeAsString()});
  receive({.subject = "other"});
  receive({.subject = "drill", .status = v1::STATUS_EXERCISE});
  receive({.subject = "meeting", .kind = "contact"});
  receive({.subject = "of KZ", .origin = "KZ"});
  const auto found_with = [&](const std::function<void(v1::FindRequest&)>& change) {
    v1::FindRequest request;
    change(request);
    return found_by(request);
  };
  EXPECT_EQ(found_by(asking("", {"contact"})), Subjects{"meeting"});
  EXPECT_EQ(found_by(asking("", {"threat.*"})), (Subjects{"of KZ", "drill", "other", "cyber"}));
  EXPECT_EQ(found_by(asking("", {"threat.*", "contact"})).size(), 5U);
  EXPECT_EQ(found_by(asking("", {"contact.*"})), Subjects());
  EXPECT_EQ(outcome(store_->find(asking("", {"threat*"}))), "usage");
  EXPECT_EQ(found_with([](auto& request) { request.add_origins("KZ"); }), Subjects{"of KZ"});
  EXPECT_EQ(found_with([](auto& request) { request.set_exercise(true); }), Subjects{"drill"});
  EXPECT_EQ(found_with([](auto& request) { request.set_actual(true); }).size(), 4U);
  EXPECT_EQ(found_with([](auto& request) { request.set_category(v1::THREAT_CATEGORY_CYBER); }),
            Subjects{"cyber"});
  const std::uint64_t time = must(store_->inbox_item(3)).accepted_at_ms();
  EXPECT_EQ(found_with([&](auto& request) {
              request.set_since_ms(time);
              request.set_until_ms(time + 1);
            }),
            Subjects{"drill"});
  EXPECT_EQ(found_with([](auto& request) {
              for (int i = 0; i <= kFindNamesMax; ++i) {
                request.add_kinds("contact");
              }
              request.mutable_kinds()->RemoveLast();
            }),
            Subjects{"meeting"});
  v1::FindRequest many;
  for (int i = 0; i <= kFindNamesMax; ++i) {
    many.add_origins("KZ");
  }
  EXPECT_EQ(outcome(store_->find(many)), "usage");
}

TEST_F(FindTest, WhatItsOriginReplacedIsLeftOutOrMarked) {
  const std::string first = receive({.subject = "first"});
  const std::string second = receive({.subject = "second"});
  receive({.subject = "third", .supersedes = {first}});
  receive({.subject = "false alarm", .cancels = {second}});
  EXPECT_EQ(found_by(asking("")), (Subjects{"false alarm", "third"}));
  v1::FindRequest all;
  all.set_replaced(true);
  EXPECT_EQ(found_by(all),
            (Subjects{"false alarm", "third", "second (cancelled)", "first (superseded)"}));
}

// Neither another member nor an exercise takes anything out of a register.
TEST_F(FindTest, OnlyTheOriginReplacesAndOnlyUnderTheSameStatus) {
  const std::string first = receive({.subject = "first"});
  receive({.subject = "of KZ", .origin = "KZ", .cancels = {first}});
  receive({.subject = "drill", .status = v1::STATUS_EXERCISE, .cancels = {first}});
  EXPECT_EQ(found_by(asking("")), (Subjects{"drill", "of KZ", "first"}));
}

TEST_F(FindTest, APageGoesOnWhereTheOneBeforeEnded) {
  for (const char* const subject : {"1", "2", "3", "4", "5"}) {
    receive({.subject = subject});
  }
  v1::FindRequest request = asking("summary");
  request.set_limit(2);
  v1::FindReply page = find(request);
  EXPECT_EQ(subjects_in(page), (Subjects{"5", "4"}));
  receive({.subject = "6"});
  request.set_before(page.next_before());
  page = find(request);
  EXPECT_EQ(subjects_in(page), (Subjects{"3", "2"}));
  request.set_before(page.next_before());
  page = find(request);
  EXPECT_EQ(subjects_in(page), Subjects{"1"});
  EXPECT_EQ(page.next_before(), 0U);
}

TEST_F(FindTest, OwnNoticesAreFoundOnceTheyAreLogged) {
  const OutboxDraft own = queue({.subject = "own"});
  queue({.subject = "refused"});
  const OutboxDraft statement = queue({.subject = "by the node"}, "");
  record();
  EXPECT_EQ(found_by(asking("")), Subjects());
  begin();
  mark_logged(own, 900, kNow);
  mark_logged(statement, 901, kNow);
  EXPECT_EQ(find(asking("")).unread(), 1U);
  record();
  const v1::FindReply reply = find(asking("summary"));
  ASSERT_EQ(subjects_in(reply), Subjects{"own"});
  EXPECT_TRUE(reply.found(0).item().own());
  EXPECT_TRUE(reply.found(0).item().logged());
  EXPECT_EQ(reply.found(0).item().index(), 900U);
  EXPECT_EQ(reply.unread(), 0U);
}

TEST_F(FindTest, RecordsAreMadeInPortionsAndSurviveAStart) {
  for (const char* const subject : {"1", "2", "3"}) {
    StoreTest::receive(notice(subject));
  }
  EXPECT_TRUE(must(store_->has_unrecorded()));
  const auto unread = [&] { return find(asking("")).unread(); };
  must(store_->record(1, 1U << 20U));
  EXPECT_EQ(unread(), 2U);
  must(store_->record(9, 0));
  EXPECT_EQ(unread(), 1U) << "the one that goes over the bytes is the last";
  must(store_->record(9, 0));
  EXPECT_EQ(unread(), 0U);
  must(store_->record(9, 0));
  EXPECT_FALSE(must(store_->has_unrecorded()));
  commit();
  StoreTest::receive(notice("4"));
  commit();
  open();
  EXPECT_EQ(found_by(asking("")), (Subjects{"3", "2", "1"}));
  EXPECT_EQ(find(asking("")).unread(), 1U);
}

TEST_F(FindTest, WhatFailsItsHashIsPassedOver) {
  receive({.subject = "first"});
  receive({.subject = "second"});
  tamper(last_byte_of("inbox", "draft") + " WHERE arrival = 1");
  EXPECT_EQ(found_by(asking("")), Subjects{"second"});
  EXPECT_FALSE(store_->take_damages().empty());
  StoreTest::receive(notice("third"));
  commit();
  tamper(last_byte_of("inbox", "draft") + " WHERE arrival = 3");
  record();
  EXPECT_FALSE(must(store_->has_unrecorded()));
  EXPECT_EQ(found_by(asking("")), Subjects{"second"});
}

TEST_F(FindTest, WhatIsErasedIsFoundNoMoreAndItsWordsAreGone) {
  receive({.subject = "kept"});
  receive({.subject = "zanzibar"});
  for (int i = 0; i < 20; ++i) {
    receive({.subject = "more " + std::to_string(i)});
  }
  ASSERT_EQ(found_by("zanzibar"), Subjects{"zanzibar"});
  ASSERT_TRUE(holds("zanzibar"));
  begin();
  const std::uint64_t index = must(store_->inbox_item(2)).index();
  EXPECT_TRUE(must(store_->erase_bodies(std::vector{index}, kNow)).empty());
  EXPECT_EQ(found_by("zanzibar"), Subjects());
  EXPECT_EQ(found_by(asking("")).size(), 21U);
  commit();
  for (int portions = 0; must(store_->has_unswept()); ++portions) {
    ASSERT_LT(portions, 100);
    begin();
    must(store_->sweep_words());
    commit();
  }
  EXPECT_FALSE(holds("zanzibar"));
  EXPECT_EQ(found_by("kept"), Subjects{"kept"});
  EXPECT_EQ(found_by("more").size(), 20U);
}

TEST_F(FindTest, WhatIsErasedBeforeItIsLookedThroughGetsNoRecord) {
  const std::string envelope = notice("zanzibar");
  StoreTest::receive(envelope);
  const std::uint64_t index = must(store_->inbox_item(1)).index();
  EXPECT_TRUE(must(store_->erase_bodies(std::vector{index}, kNow)).empty());
  record();
  EXPECT_EQ(found_by(asking("")), Subjects());
  EXPECT_FALSE(must(store_->has_unrecorded()));
}

TEST_F(FindTest, AnOwnNoticeThatIsNotLoggedAnyMoreIsFoundOnceItIsAgain) {
  const std::uint64_t size = log_.size();
  receive({.subject = "shown"});
  const OutboxDraft own = queue({.subject = "own"});
  mark_logged(own, size + 1, kNow);
  const OutboxDraft later = queue({.subject = "not looked at yet"});
  record();
  begin();
  mark_logged(later, size + 2, kNow);
  ASSERT_EQ(found_by(asking("")), (Subjects{"own", "shown"}));
  must(store_->go_back(must(store_->follower_at(size)), "told by", kNow));
  EXPECT_EQ(found_by(asking("")), Subjects{"shown"});
  EXPECT_EQ(found_by("own"), Subjects());
  EXPECT_FALSE(must(store_->has_unrecorded()));
  mark_logged(own, size, kNow);
  record();
  EXPECT_EQ(found_by("own"), Subjects{"own"});
}

}  // namespace
}  // namespace chancery::node
