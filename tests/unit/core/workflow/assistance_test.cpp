#include "core/workflow/assistance.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <utility>

#include "chancery/v1/text.pb.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/workflow/thread_entries.h"

namespace chancery::workflow {
namespace {

using chancery::test::outcome;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

struct Amount {
  const char* item;
  std::uint64_t quantity;
  const char* unit = "pcs";
};
using Amounts = std::initializer_list<Amount>;

template <typename Items>
void fill(Items& items, Amounts amounts) {
  for (const Amount& amount : amounts) {
    v1::AssistanceItem& item = *items.Add();
    item.set_item(amount.item);
    item.set_quantity(amount.quantity);
    item.set_unit(amount.unit);
  }
}

// AM asks BY, KG and KZ.
class AssistanceTest : public testing::Test {
 protected:
  AssistanceEntry& request(Amounts amounts) {
    v1::AssistanceRequest content;
    fill(*content.mutable_items(), amounts);
    return thread_.add("AM", content);
  }
  AssistanceEntry& offer(const std::string& origin, Amounts amounts) {
    v1::AssistanceOffer content;
    fill(*content.mutable_items(), amounts);
    return thread_.add(origin, content, thread_.all.front().n);
  }
  AssistanceEntry& accept(std::size_t offered, Amounts amounts) {
    v1::AssistanceAccept content;
    fill(*content.mutable_items(), amounts);
    return thread_.add("AM", content, n(offered));
  }
  AssistanceEntry& decline(const std::string& origin, std::size_t answered) {
    return thread_.add(origin, v1::AssistanceDecline(), n(answered));
  }
  AssistanceEntry& complete(const std::string& origin, std::size_t answered, Amounts amounts) {
    v1::AssistanceComplete content;
    fill(*content.mutable_delivered(), amounts);
    return thread_.add(origin, content, n(answered));
  }

  [[nodiscard]] Hash n(std::size_t at) const { return thread_.all.at(at).n; }
  [[nodiscard]] AssistanceOutcome outcome_now() const {
    return fold_assistance(thread_.all, [](std::string_view, std::uint64_t) { return true; });
  }
  [[nodiscard]] Quantities total(const std::string& item, const std::string& unit = "pcs") const {
    const AssistanceOutcome now = outcome_now();
    const auto found = now.totals.find({item, unit});
    return found == now.totals.end() ? Quantities{} : found->second;
  }
  [[nodiscard]] Stance stance(const std::string& member) const {
    return outcome_now().members.at(member);
  }
  // Of the newest.
  [[nodiscard]] std::optional<Ignored> ignored() const { return outcome_now().ignored.back(); }

  test::ThreadEntries<AssistanceEntry> thread_;
};

// C-244, C-249
TEST_F(AssistanceTest, TotalsAreOfWhatWasWrittenExactly) {
  request({{"Truck", 5}, {"truck", 1}, {"Truck", 2, "t"}, {"Truck", 3}});
  offer("BY", {{"Truck", 4}});
  offer("KZ", {{"Tent", 7}, {"Truck", 1}});
  EXPECT_EQ(total("Truck"), (Quantities{.requested = 8, .offered = 5}));
  EXPECT_EQ(total("truck"), (Quantities{.requested = 1}));
  EXPECT_EQ(total("Truck", "t"), (Quantities{.requested = 2}));
  EXPECT_EQ(total("Tent"), (Quantities{.offered = 7})) << "it was not asked for";
  EXPECT_EQ(outcome_now().totals.size(), 4U);
  EXPECT_EQ(outcome_now().state, AssistanceState::kOpen);
}

// C-244
TEST_F(AssistanceTest, SumsStayAtTheLargestNumber) {
  request({{"Truck", kMost}, {"Truck", kMost}});
  offer("BY", {{"Truck", kMost}, {"Truck", 9}});
  offer("KZ", {{"Truck", kMost}});
  accept(1, {{"Truck", kMost}, {"Truck", 5}});
  EXPECT_EQ(total("Truck"), (Quantities{.requested = kMost, .offered = kMost, .accepted = kMost}));
  accept(1, {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kMoreThanOffered);
  accept(1, {{"Truck", kMost - 1}}).supersedes = {n(3)};
  EXPECT_EQ(total("Truck").accepted, kMost - 1) << "what is superseded is taken off whole";
}

// C-244, C-245: nothing is counted of what lacks a name, a unit or a number.
TEST_F(AssistanceTest, ItemsHaveToBeWhole) {
  request({{"Truck", 5}});
  for (const Amount& bad : {Amount{"", 1}, Amount{"Truck", 0}, Amount{"Truck", 1, ""}}) {
    offer("BY", {{"Tent", 1}, bad});
    EXPECT_EQ(ignored(), Ignored::kNoItems);
  }
  offer("BY", {});
  EXPECT_EQ(ignored(), Ignored::kNoItems);
  EXPECT_EQ(outcome_now().totals.size(), 1U);
}

// C-245
TEST_F(AssistanceTest, TheSameIsOfferedOnceUnlessItSupersedes) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  offer("BY", {{"Tent", 1}, {"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  offer("BY", {{"Tent", 1}});
  EXPECT_EQ(ignored(), std::nullopt) << "what was not offered before is beside it";
  accept(1, {{"Truck", 4}});
  offer("BY", {{"Truck", 2}}).supersedes = {n(1)};
  EXPECT_EQ(total("Truck"), (Quantities{.requested = 5, .offered = 2}))
      << "an acceptance goes with what it accepts";
  EXPECT_EQ(outcome_now().ignored[1], Ignored::kTakenBack);
  EXPECT_EQ(outcome_now().ignored[4], Ignored::kTakenBack);
  EXPECT_EQ(stance("BY"), Stance::kOffers);
  accept(1, {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kNothingAnswered) << "that offer is gone";
  offer("KZ", {{"Truck", 9}}).supersedes = {n(5)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
  EXPECT_EQ(total("Truck").offered, 2U);
}

// C-245
TEST_F(AssistanceTest, WhoAsksOffersNothingAndAnOfferAnswersTheRequest) {
  request({{"Truck", 5}});
  offer("AM", {{"Truck", 4}});
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  offer("BY", {{"Truck", 4}});
  offer("KZ", {{"Tent", 4}}).in_reply_to = n(2);
  EXPECT_EQ(ignored(), Ignored::kNothingAnswered);
  AssistanceEntry& by_thread = offer("KZ", {{"Tent", 4}});
  by_thread.thread = std::exchange(by_thread.in_reply_to, Hash{});
  EXPECT_EQ(ignored(), std::nullopt);
}

// C-246
TEST_F(AssistanceTest, TheRequesterAcceptsUpToWhatWasOffered) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  accept(1, {{"Truck", 3}});
  EXPECT_EQ(ignored(), std::nullopt);
  EXPECT_EQ(stance("BY"), Stance::kAccepted);
  accept(1, {{"Truck", 2}});
  EXPECT_EQ(ignored(), Ignored::kMoreThanOffered);
  accept(1, {{"Tent", 1}});
  EXPECT_EQ(ignored(), Ignored::kMoreThanOffered) << "it was not offered";
  accept(1, {{"Truck", 4}}).supersedes = {n(2)};
  EXPECT_EQ(total("Truck").accepted, 4U);
  accept(1, {{"Truck", 9}}).supersedes = {n(5)};
  EXPECT_EQ(ignored(), Ignored::kMoreThanOffered);
  EXPECT_EQ(total("Truck").accepted, 4U) << "what does not count takes nothing back";
  accept(1, {{"Truck", 1}}).origin = "KZ";
  thread_.all.back().recipients = {"AM", "BY", "KG"};
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  accept(0, {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kNothingAnswered) << "a request is no offer";
  accept(1, {});
  EXPECT_EQ(ignored(), Ignored::kNoItems);
}

// C-247
TEST_F(AssistanceTest, AnOfferIsDeclinedByTheRequesterAlone) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  decline("KZ", 1);
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  decline("AM", 1);
  EXPECT_EQ(stance("BY"), Stance::kNotTaken);
  accept(1, {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  decline("AM", 1);
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  accept(1, {{"Truck", 1}}).supersedes = {n(3)};
  EXPECT_EQ(stance("BY"), Stance::kAccepted);
  decline("AM", 1);
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore) << "it was accepted";
  decline("AM", 1).supersedes = {n(6)};
  EXPECT_EQ(stance("BY"), Stance::kNotTaken);
  EXPECT_EQ(total("Truck"), (Quantities{.requested = 5, .offered = 4}));
}

// C-247
TEST_F(AssistanceTest, WhoDeclinesTheRequestHasNoOffers) {
  request({{"Truck", 5}});
  decline("AM", 0);
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  offer("BY", {{"Truck", 4}});
  decline("BY", 0);
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  decline("BY", 0).supersedes = {n(2)};
  EXPECT_EQ(stance("BY"), Stance::kDeclines);
  EXPECT_EQ(total("Truck").offered, 0U);
  decline("BY", 0);
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  offer("BY", {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  offer("BY", {{"Truck", 1}}).supersedes = {n(4)};
  EXPECT_EQ(stance("BY"), Stance::kOffers);
  EXPECT_EQ(stance("KZ"), Stance::kSilent);
}

// C-248, C-249
TEST_F(AssistanceTest, TheRequestersWordOnWhatCameGoesBeforeTheOther) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  complete("BY", 1, {{"Truck", 4}});
  EXPECT_EQ(ignored(), Ignored::kNothingAnswered) << "nothing of it was accepted";
  accept(1, {{"Truck", 4}});
  complete("KZ", 1, {{"Truck", 4}});
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  complete("BY", 1, {{"Truck", 4}});
  EXPECT_EQ(total("Truck").delivered, 4U);
  EXPECT_EQ(stance("BY"), Stance::kDelivered);
  complete("BY", 1, {{"Truck", 4}});
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  complete("AM", 1, {{"Truck", 3}, {"Driver", 2}});
  EXPECT_EQ(total("Truck").delivered, 3U);
  EXPECT_EQ(total("Driver").delivered, 2U);
  complete("AM", 1, {{"Truck", 1}}).supersedes = {n(7)};
  EXPECT_EQ(total("Truck").delivered, 1U);
  EXPECT_EQ(total("Driver").delivered, 0U);
  thread_.add("AM", v1::AssistanceComplete(), n(1)).cancels = {n(8)};
  EXPECT_EQ(total("Truck").delivered, 4U) << "the other's word is left";
  EXPECT_EQ(outcome_now().state, AssistanceState::kOpen);
}

// C-248, C-249
TEST_F(AssistanceTest, TheRequesterCompletesTheWhole) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  accept(1, {{"Truck", 4}});
  complete("BY", 0, {});
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  complete("BY", 1, {{"Truck", 4}});
  complete("AM", 0, {{"Truck", 0}});
  EXPECT_EQ(ignored(), Ignored::kNoItems);
  const std::size_t before = thread_.all.size();
  for (const bool names_items : {false, true}) {
    thread_.all.resize(before);
    names_items ? complete("AM", 0, {{"Truck", 2}}) : complete("AM", 0, {});
    EXPECT_EQ(outcome_now().state, AssistanceState::kCompleted);
    EXPECT_EQ(
        total("Truck"),
        (Quantities{
            .requested = 5, .offered = 4, .accepted = 4, .delivered = names_items ? 2U : 4U}));
  }
  offer("KZ", {{"Truck", 1}});
  EXPECT_EQ(ignored(), Ignored::kEnded);
}

// C-243, C-249
TEST_F(AssistanceTest, WhoAskedCancelsAndNobodyElse) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}});
  decline("KZ", 0).cancels = {n(0)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
  decline("KZ", 0).cancels = {n(1)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
  EXPECT_EQ(stance("KZ"), Stance::kSilent) << "it says nothing else either";
  offer("BY", {{"Tent", 4}}).cancels = {n(1)};
  EXPECT_EQ(total("Truck").offered, 0U);
  EXPECT_EQ(total("Tent").offered, 0U) << "a cancellation offers nothing";
  EXPECT_EQ(stance("BY"), Stance::kSilent);
  request({{"Tent", 1}}).cancels = {n(0)};
  EXPECT_EQ(outcome_now().state, AssistanceState::kCancelled);
  offer("BY", {{"Truck", 4}});
  EXPECT_EQ(ignored(), Ignored::kEnded);
}

// C-249
TEST_F(AssistanceTest, AnotherRequestSupersedesIt) {
  request({{"Truck", 5}});
  request({{"Truck", 6}}).in_reply_to = n(0);
  EXPECT_EQ(ignored(), Ignored::kOfAnother) << "it asks beside it";
  complete("AM", 0, {}).supersedes = {n(0)};
  EXPECT_EQ(outcome_now().state, AssistanceState::kCompleted) << "a request alone supersedes one";
  thread_.all.pop_back();
  request({{"Truck", 6}}).supersedes = {n(0)};
  EXPECT_EQ(outcome_now().state, AssistanceState::kSuperseded);
  EXPECT_EQ(total("Truck").requested, 5U);
}

// C-242
TEST_F(AssistanceTest, AnExerciseOffersNothing) {
  request({{"Truck", 5}});
  offer("BY", {{"Truck", 4}}).status = v1::STATUS_EXERCISE;
  EXPECT_EQ(ignored(), Ignored::kOtherStatus);
  offer("BY", {{"Truck", 4}}).recipients = {"AM"};
  EXPECT_EQ(ignored(), Ignored::kNotToAll);
  EXPECT_EQ(total("Truck").offered, 0U);
}

// C-244
TEST_F(AssistanceTest, ARequestAsksSomebodyForSomething) {
  EXPECT_EQ(outcome(check_request(request({{"Truck", 5}}))), "good");
  EXPECT_EQ(outcome(check_request(request({}))), "invalid-kind");
  EXPECT_EQ(outcome(check_request(request({{"Truck", 0}}))), "invalid-kind");
  EXPECT_EQ(outcome(check_request(offer("BY", {{"Truck", 4}}))), "invalid-kind");
  AssistanceEntry& nobody = request({{"Truck", 5}});
  nobody.asked.clear();
  EXPECT_EQ(outcome(check_request(nobody)), "invalid-kind");
  AssistanceEntry& cancels = request({{"Truck", 5}});
  cancels.cancels = {n(0)};
  EXPECT_EQ(outcome(check_request(cancels)), "invalid-kind");
}

// C-242, C-246: whatever is signed.
TEST_F(AssistanceTest, WhatDoesNotCountChangesNothing) {
  std::mt19937 random(16);
  std::size_t accepted_count = 0;
  for (int round = 0; round < 400; ++round) {
    thread_.all.clear();
    request({{"Truck", 5}});
    const std::size_t size = 4 + random() % 20;
    for (std::size_t i = 1; i < size; ++i) {
      const std::string origin = std::vector{"AM", "AM", "BY", "KG", "KZ"}[random() % 5];
      const char* const item = random() % 2 == 0 ? "Truck" : "Tent";
      const std::uint64_t quantity = random() % 4;
      switch (random() % 12) {
        case 0:
          request({{item, 1}});
          break;
        case 1:
        case 2:
        case 3:
        case 4:
          offer(origin, {{item, 2}, {item, quantity}});
          break;
        case 5:
          decline(origin, 0);
          break;
        case 6:
          complete(origin, 0, {{item, quantity}});
          break;
        default:
          accept(0, {{item, quantity}});
      }
      AssistanceEntry& entry = thread_.all.back();
      test::refer_at_random(thread_.all, random);
      if (std::holds_alternative<v1::AssistanceOffer>(entry.content)) {
        entry.in_reply_to = n(0);
      }
    }
    test::expect_that_what_is_ignored_changes_nothing(
        thread_.all, [&](const std::vector<AssistanceEntry>& entries) {
          const AssistanceOutcome outcome =
              fold_assistance(entries, [](std::string_view, std::uint64_t) { return true; });
          std::string told = std::to_string(static_cast<int>(outcome.state));
          for (const auto& [what, sums] : outcome.totals) {
            EXPECT_LE(sums.accepted, sums.offered);
            accepted_count += sums.accepted;
            told += " " + what.name + " " + std::to_string(sums.requested) + " " +
                    std::to_string(sums.offered) + " " + std::to_string(sums.accepted) + " " +
                    std::to_string(sums.delivered);
          }
          for (const auto& [member, stance] : outcome.members) {
            told += " " + member + " " + std::to_string(static_cast<int>(stance));
          }
          return test::Told{.ignored = outcome.ignored, .outcome = told};
        });
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GT(accepted_count, 0U) << "some of it counts";
}

TEST_F(AssistanceTest, AnEntryIsReadFromItsNotice) {
  v1::AssistanceAccept content;
  fill(*content.mutable_items(), {{"Truck", 4}});
  v1::Text text;
  text.set_content(content.SerializeAsString());
  text.set_in_reply_to(std::string(32, 'r'));
  v1::Draft draft;
  draft.set_kind("assistance.accept");
  const auto read = [&] { return assistance_entry(draft, {}, 7, text.SerializeAsString()); };
  ASSERT_EQ(outcome(read()), "good");
  const AssistanceEntry entry = read()->value_or(AssistanceEntry{});
  EXPECT_EQ(entry.index, 7U);
  EXPECT_EQ(as_view(entry.in_reply_to), std::string(32, 'r'));
  EXPECT_EQ(std::get<v1::AssistanceAccept>(entry.content).items(0).item(), "Truck");
  for (const char* const kind : {"assistance.other", "threat.alert"}) {
    draft.set_kind(kind);
    EXPECT_FALSE(read()->has_value()) << kind;
  }
  draft.set_kind("assistance.offer");
  text.set_content("\xff");
  EXPECT_NE(outcome(read()), "good");
}

}  // namespace
}  // namespace chancery::workflow
