#include "cli/thread.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "cli/consultation_text.h"

namespace chancery::cli {
namespace {

constexpr const char* kDeceptive = "\x1b[2J\xe2\x80\xae\n=1+1";

// What others wrote is in every field that can have it.
v1::ThreadReply hostile_thread() {
  v1::ThreadReply thread;
  thread.set_notice(std::string(32, 'n'));
  thread.set_root(std::string(32, 'r'));
  v1::ThreadEntry& first = *thread.add_entries();
  first.set_notice(thread.root());
  first.set_origin(kDeceptive);
  first.set_kind(kDeceptive);
  first.set_subject(kDeceptive);
  first.set_status(v1::STATUS_EXERCISE);
  v1::ThreadEntry& deep = *thread.add_entries();
  deep.set_notice(thread.notice());
  deep.set_depth(std::numeric_limits<std::uint32_t>::max());
  deep.set_link(v1::THREAD_LINK_CANCELS);
  deep.set_status(v1::STATUS_ACTUAL);
  deep.set_erased(true);
  deep.set_why(kDeceptive);
  v1::Assistance& assistance = *thread.add_assistances();
  assistance.set_requester(kDeceptive);
  assistance.set_subject(kDeceptive);
  assistance.set_state(v1::ASSISTANCE_STATE_OPEN);
  assistance.set_totals_left_off(7);
  v1::AssistanceTotal& total = *assistance.add_totals();
  total.set_item(kDeceptive);
  total.set_unit(kDeceptive);
  total.set_requested(std::numeric_limits<std::uint64_t>::max());
  v1::AssistanceMember& member = *assistance.add_members();
  member.set_member(kDeceptive);
  member.set_stance(v1::ASSISTANCE_STANCE_NOT_TAKEN);
  v1::Document& document = *thread.add_documents();
  document.set_author(kDeceptive);
  document.set_title(kDeceptive);
  document.set_state(v1::DOCUMENT_STATE_ADOPTED);
  document.set_adopted(2);
  v1::DocumentEdition& edition = *document.add_editions();
  edition.set_version(2);
  edition.set_cancelled(true);
  v1::DocumentPosition& position = *edition.add_positions();
  position.set_member(kDeceptive);
  position.set_comments(1);
  position.set_adoption(thread.notice());
  v1::Consultation& consultation = *thread.add_consultations();
  consultation.set_opener(kDeceptive);
  consultation.mutable_terms()->set_question(kDeceptive);
  consultation.set_conclusion(v1::CONSULTATION_CONCLUSION_OPEN);
  thread.add_untold(kDeceptive);
  return thread;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++times;
  }
  return times;
}

TEST(ThreadTest, NothingThatOthersWroteReachesTheTerminalAsItIs) {
  const v1::ThreadReply thread = hostile_thread();
  const std::string text = standing_text(thread) + tree_text(thread);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_EQ(text.find("\n=1+1"), std::string::npos);
  EXPECT_EQ(count(text, "=1+1"), 15U) << text;
}

TEST(ThreadTest, WhatItComesToIsInWords) {
  const std::string text = standing_text(hostile_thread());
  EXPECT_NE(text.find("requested 18446744073709551615, offered 0"), std::string::npos);
  EXPECT_NE(text.find("and 7 more items"), std::string::npos);
  EXPECT_NE(text.find(": not taken"), std::string::npos);
  EXPECT_NE(text.find("adopted in version 2"), std::string::npos);
  EXPECT_NE(text.find("(cancelled)"), std::string::npos);
  EXPECT_NE(text.find(": 1 comment, adopted"), std::string::npos);
  EXPECT_EQ(standing_text({}), "");
  v1::ThreadReply cut;
  cut.set_cut_off(true);
  EXPECT_NE(standing_text(cut).find("more entries than"), std::string::npos);
}

TEST(ThreadTest, TheTreeIsIndentedUpToADepth) {
  const std::string text = tree_text(hostile_thread());
  EXPECT_NE(text.find("[exercise]"), std::string::npos);
  EXPECT_NE(text.find("\n" + std::string(40, ' ') + "0 "), std::string::npos);
  EXPECT_NE(text.find("(erased)  <- this one"), std::string::npos) << text;
  EXPECT_NE(text.find("does not count: "), std::string::npos);
}

// docs/concepts/notice.md: what is not actual says so wherever it is shown.
TEST(ThreadTest, WhatIsNotActualSaysSo) {
  v1::Consultation consultation;
  consultation.set_conclusion(v1::CONSULTATION_CONCLUSION_AGREED);
  consultation.set_final(true);
  consultation.set_status(v1::STATUS_ACTUAL);
  EXPECT_EQ(conclusion_of(consultation), "agreed (final)");
  consultation.set_status(v1::STATUS_EXERCISE);
  EXPECT_EQ(conclusion_of(consultation), "agreed (final) [exercise]");
  EXPECT_EQ(as_json(consultation)["status"], "exercise");
  EXPECT_TRUE(as_json(consultation)["problem"].is_null());
  consultation.set_problem("body-erased");
  EXPECT_EQ(conclusion_of(consultation), "cannot be read here: body-erased");
  EXPECT_EQ(as_json(consultation)["problem"], "body-erased");
  v1::ThreadReply thread;
  thread.add_assistances()->set_status(v1::STATUS_TEST);
  thread.add_documents()->set_status(v1::STATUS_DRAFT);
  const std::string text = standing_text(thread);
  EXPECT_NE(text.find(" [test], asked by"), std::string::npos) << text;
  EXPECT_NE(text.find(" [draft], drafted by"), std::string::npos) << text;
}

TEST(ThreadTest, ProgramsGetNumbersAndWords) {
  const text::Json json = thread_json(hostile_thread());
  EXPECT_EQ(json["assistance"][0]["totals"][0]["requested"],
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json["assistance"][0]["members"][0]["stance"], "not taken");
  EXPECT_EQ(json["documents"][0]["versions"][0]["positions"][0]["adoption"], json["notice"]);
  EXPECT_EQ(json["entries"][1]["link"], "cancels");
  EXPECT_TRUE(json["entries"][1]["subject"].is_null());
  EXPECT_TRUE(json["entries"][0]["why"].is_null());
  EXPECT_EQ(json["consultations"][0]["conclusion"], "open");
  EXPECT_EQ(json["untold"].size(), 1U);
}

}  // namespace
}  // namespace chancery::cli
