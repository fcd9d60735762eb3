#include "core/workflow/thread.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "tests/support/outcome.h"

namespace chancery::workflow {
namespace {

using chancery::test::outcome;

Hash named(std::uint64_t index) {
  return crypto::sha256({as_bytes(std::to_string(index))});
}

bool everybody(std::string_view /*member*/, std::uint64_t /*size*/) {
  return true;
}

Entry entry_at(std::uint64_t index, const Hash& in_reply_to = {}) {
  return {.index = index, .n = named(index), .origin = "AM", .in_reply_to = in_reply_to};
}

// Of AM, to BY and KZ; KG reads along.
Entry opening() {
  Entry entry = entry_at(1);
  entry.recipients = {"BY", "KG", "KZ"};
  entry.asked = {"BY", "KZ"};
  entry.status = v1::STATUS_ACTUAL;
  return entry;
}

Entry from_by(std::uint64_t index, const Hash& in_reply_to) {
  Entry entry = entry_at(index, in_reply_to);
  entry.origin = "BY";
  entry.recipients = {"AM", "KZ"};
  entry.status = v1::STATUS_ACTUAL;
  return entry;
}

TEST(ThreadTest, AnEntryIsReadWithAllThatItRefersTo) {
  v1::Draft draft;
  draft.set_origin("BY");
  draft.set_status(v1::STATUS_EXERCISE);
  for (const auto& [code, role] :
       {std::pair("AM", v1::RECIPIENT_ROLE_ACTION), std::pair("KZ", v1::RECIPIENT_ROLE_INFO)}) {
    v1::Recipient& recipient = *draft.add_recipients();
    recipient.set_member(code);
    recipient.set_role(role);
  }
  v1::Text text;
  text.set_thread(to_string(named(1)));
  text.set_in_reply_to(to_string(named(2)));
  text.set_translation_of(to_string(named(3)));
  text.add_supersedes(to_string(named(4)));
  text.add_cancels(to_string(named(5)));
  text.add_cancels("short");
  const Result<Entry> entry = entry_of(draft, named(6), 6, text);
  ASSERT_EQ(outcome(entry), "good");
  EXPECT_EQ(entry->recipients, (std::vector<std::string>{"AM", "KZ"}));
  EXPECT_EQ(entry->asked, std::vector<std::string>{"AM"});
  EXPECT_EQ(entry->status, v1::STATUS_EXERCISE);
  EXPECT_EQ(references_of(*entry), (std::vector<Reference>{{Link::kInReplyTo, named(2)},
                                                           {Link::kThread, named(1)},
                                                           {Link::kTranslationOf, named(3)},
                                                           {Link::kSupersedes, named(4)},
                                                           {Link::kCancels, named(5)}}));
  Entry many = *entry;
  many.supersedes.resize(kNamedMax + 9, named(4));
  EXPECT_EQ(references_of(many).size(), kNamedMax + 4);
  text.set_thread("no notice");
  EXPECT_EQ(entry_of(draft, named(6), 6, text)->thread, Hash{});
  text.add_supersedes("no notice");
  EXPECT_EQ(outcome(entry_of(draft, named(6), 6, text)), "malformed");
}

// C-240
TEST(ThreadTest, EachStandsBelowTheFirstBeforeItThatItNames) {
  std::vector<Entry> entries = {entry_at(1), entry_at(2, named(1)), entry_at(3, named(1)),
                                entry_at(4, named(2)), entry_at(5)};
  entries[4].in_reply_to = named(99);
  entries[4].supersedes = {named(98), named(3)};
  EXPECT_EQ(tree_of(entries), (std::vector<Place>{{0, 0, Link::kNone},
                                                  {1, 1, Link::kInReplyTo},
                                                  {3, 2, Link::kInReplyTo},
                                                  {2, 1, Link::kInReplyTo},
                                                  {4, 2, Link::kSupersedes}}));
}

// C-240: nobody can sign a cycle, and one would do no harm.
TEST(ThreadTest, ACycleAndWhatIsLaterAreNothing) {
  std::vector<Entry> entries = {entry_at(1, named(2)), entry_at(2, named(1)), entry_at(3, named(3)),
                                entry_at(4, named(5)), entry_at(5, named(4))};
  EXPECT_EQ(tree_of(entries), (std::vector<Place>{{0, 0, Link::kNone},
                                                  {1, 1, Link::kInReplyTo},
                                                  {2, 0, Link::kNone},
                                                  {3, 0, Link::kNone},
                                                  {4, 1, Link::kInReplyTo}}));
  EXPECT_TRUE(tree_of({}).empty());
}

// C-241
TEST(ThreadTest, AnEntryIsOfOneOpeningByItsFirstReference) {
  const Entry first = opening();
  const Roster roster = everybody;
  Counting counting(first, roster);
  EXPECT_EQ(counting.parties(), (std::vector<std::string>{"AM", "BY", "KZ"}));
  EXPECT_EQ(counting.judge(from_by(2, named(1))), std::nullopt);
  EXPECT_EQ(counting.judge(from_by(3, named(2))), std::nullopt) << "through another";
  EXPECT_EQ(counting.judge(from_by(4, named(99))), Ignored::kOfAnother);
  Entry bridge = from_by(5, named(1));
  bridge.thread = named(99);
  EXPECT_EQ(counting.judge(bridge), Ignored::kOfAnother) << "it names another thread";
  EXPECT_EQ(counting.judge(from_by(6, named(5))), Ignored::kOfAnother);
  Entry superseding = from_by(7, {});
  superseding.supersedes = {named(99), named(2)};
  EXPECT_EQ(counting.judge(superseding), Ignored::kOfAnother);
  superseding.supersedes = {named(2), named(99)};
  EXPECT_EQ(counting.judge(superseding), std::nullopt);
}

// C-241, C-242: who was sent it alone must not read an answer to it otherwise than the rest.
TEST(ThreadTest, WhatWasNotSentToAllCarriesNothing) {
  const Entry first = opening();
  const Roster roster = [](std::string_view member, std::uint64_t size) {
    return member != "KZ" || size < 5;
  };
  Counting counting(first, roster);
  Entry aside = from_by(2, named(1));
  aside.recipients = {"AM"};
  EXPECT_EQ(counting.judge(aside), Ignored::kNotToAll);
  EXPECT_EQ(counting.judge(from_by(3, named(2))), Ignored::kOfAnother);
  aside.index = 5;
  EXPECT_EQ(counting.judge(aside), std::nullopt) << "KZ is no member any more";
  Entry other = from_by(6, named(1));
  other.status = v1::STATUS_EXERCISE;
  EXPECT_EQ(counting.judge(other), Ignored::kOtherStatus);
  other.status = v1::STATUS_ACTUAL;
  other.origin = "KG";
  EXPECT_EQ(counting.judge(other), Ignored::kNotAParty) << "it reads along";
}

// C-243
TEST(ThreadTest, NobodyTakesBackWhatAnotherSaid) {
  const Entry first = opening();
  const Roster roster = everybody;
  Counting counting(first, roster);
  const Entry said = from_by(2, named(1));
  counting.count(said, 1);
  Entry cancel = from_by(3, named(1));
  cancel.cancels = {named(2), named(99)};
  EXPECT_EQ(counting.judge(cancel), std::nullopt);
  cancel.cancels = {named(2), named(1)};
  EXPECT_EQ(counting.judge(cancel), Ignored::kNotItsOwn);
  Entry foreign = entry_at(4, named(1));
  foreign.recipients = {"BY", "KZ"};
  foreign.status = v1::STATUS_ACTUAL;
  foreign.cancels = {named(2)};
  EXPECT_EQ(counting.judge(foreign), Ignored::kNotItsOwn);
  foreign.cancels.clear();
  foreign.supersedes = {named(2)};
  EXPECT_EQ(counting.judge(foreign), Ignored::kNotItsOwn);
  foreign.supersedes.clear();
  foreign.cancels = {named(99)};
  EXPECT_EQ(counting.judge(foreign), Ignored::kNothingAnswered) << "there is nothing to cancel";
  EXPECT_EQ(counting.found(std::vector{named(2), named(1), named(2), named(99)}),
            std::vector<std::size_t>{1});
  counting.forget(named(2));
  EXPECT_EQ(counting.judge(cancel), Ignored::kNotItsOwn) << "the opening is another's still";
  EXPECT_EQ(counting.find(named(2)), std::nullopt);
}

TEST(ThreadTest, EachReasonIsSaidInItsOwnWords) {
  std::set<std::string_view> said;
  for (int reason = 0; reason <= static_cast<int>(Ignored::kTakenBack); ++reason) {
    said.insert(why(static_cast<Ignored>(reason)));
  }
  EXPECT_EQ(said.size(), static_cast<std::size_t>(Ignored::kTakenBack) + 1);
}

}  // namespace
}  // namespace chancery::workflow
