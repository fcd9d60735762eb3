#include "core/workflow/consultation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/workflow/consultation_oracle.h"

namespace chancery::workflow {
namespace {

using Codes = std::vector<std::string>;

constexpr std::uint64_t kDeadline = 1'000'000;

Hash numbered(std::uint64_t number) {
  return crypto::sha256({as_bytes(std::to_string(number))});
}

// Checkpoints of the tests are "size time", or anything else where no quorum cosigned them.
std::optional<Cut> read_cut(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.starts_with("no")) {
    return std::nullopt;
  }
  return Cut{.size = std::stoull(std::string(text.substr(0, space))),
             .time_ms = std::stoull(std::string(text.substr(space + 1)))};
}

void name(const std::optional<LastWord>& own, v1::ConsultationTally& tally) {
  const LastWord named = own.value_or(LastWord{});
  tally.set_answer(own.has_value() ? v1::TALLY_ANSWER_OWN : v1::TALLY_ANSWER_NONE);
  tally.set_own(own.has_value() ? to_string(named.n) : "");
  tally.set_response(named.response.has_value() ? to_string(*named.response) : "");
}

// One consultation of AM, put to BY and KZ, and to itself where it says so.
class ConsultationTest : public testing::Test {
 protected:
  void open(const Codes& participants, v1::ConsultationRule rule, std::uint32_t majority = 0) {
    v1::ConsultationOpen terms;
    for (const std::string& code : participants) {
      terms.add_participants(code);
    }
    terms.set_rule(rule);
    terms.set_majority(majority);
    terms.set_deadline_ms(kDeadline);
    terms.set_notice_period_ms(1000);
    add("AM", terms);
  }

  // The entry's N; addressed to everybody.
  template <typename Content>
  Hash add(const std::string& origin, const Content& content, std::vector<Hash> supersedes = {}) {
    ConsultationEntry entry;
    entry.index = entries_.empty() ? 10 : entries_.back().index + 1;
    entry.n = numbered(entry.index);
    entry.origin = origin;
    for (const char* const code : {"AM", "BY", "KG", "KZ"}) {
      if (origin != code) {
        entry.recipients.emplace_back(code);
      }
    }
    entry.status = v1::STATUS_ACTUAL;
    entry.about = entries_.empty() ? Hash{} : entries_.front().n;
    entry.supersedes = std::move(supersedes);
    entry.content = content;
    return entries_.emplace_back(std::move(entry)).n;
  }

  Hash respond(const std::string& origin, v1::Position position,
               std::vector<Hash> supersedes = {}) {
    v1::ConsultationRespond response;
    response.set_position(position);
    return add(origin, response, std::move(supersedes));
  }

  // What the last word is is taken from the log: a good node's tally.
  void tally(const std::string& origin, std::uint64_t size, std::uint64_t time_ms = kDeadline) {
    v1::ConsultationTally tally;
    tally.set_cut(std::to_string(size) + " " + std::to_string(time_ms));
    name(last_word(entries_, origin, size, log()), tally);
    add(origin, tally);
  }

  void tally_naming(const std::string& origin, v1::TallyAnswer answer, const Hash& own = {}) {
    v1::ConsultationTally tally;
    tally.set_cut(std::to_string(next()) + " " + std::to_string(kDeadline));
    tally.set_answer(answer);
    tally.set_own(answer == v1::TALLY_ANSWER_OWN ? to_string(own) : "");
    add(origin, tally);
  }

  [[nodiscard]] std::uint64_t next() const { return entries_.back().index + 1; }

  [[nodiscard]] LogView log() const {
    return {.cut = read_cut, .is_member = [this](std::string_view member, std::uint64_t) {
              return member != expelled_;
            }};
  }

  [[nodiscard]] Outcome outcome() const { return fold_consultation(entries_, log()); }

  [[nodiscard]] Standing standing(std::string_view member) const {
    const Outcome all = outcome();
    return std::ranges::find(all.parties, member, &Party::member)->standing;
  }

  [[nodiscard]] std::optional<Ignored> ignored(std::size_t at) const {
    return outcome().ignored.at(at);
  }

  std::vector<ConsultationEntry> entries_;
  std::string expelled_;
};

TEST_F(ConsultationTest, SilenceOfAllIsAgreement) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  EXPECT_EQ(outcome().conclusion, Conclusion::kOpen);
  const std::uint64_t cut = next();
  tally("BY", cut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed) << "KZ is unheard";
  EXPECT_FALSE(outcome().is_final);
  tally("KZ", cut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed) << "so is the opener";
  tally("AM", cut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kAgreed);
  EXPECT_TRUE(outcome().is_final);
  EXPECT_EQ(standing("BY"), Standing::kSilent);
}

TEST_F(ConsultationTest, OneObjectionBreaksSilence) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  respond("KZ", v1::POSITION_OBJECT);
  const std::uint64_t cut = next();
  for (const char* const member : {"AM", "BY", "KZ"}) {
    tally(member, cut);
  }
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed);
  EXPECT_TRUE(outcome().is_final);
  EXPECT_EQ(standing("KZ"), Standing::kObjects);
}

TEST_F(ConsultationTest, WhoHadItTooLateIsNotSilent) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  const std::uint64_t cut = next();
  tally("AM", cut);
  tally("BY", cut);
  tally_naming("KZ", v1::TALLY_ANSWER_SERVED_LATE);
  EXPECT_EQ(standing("KZ"), Standing::kServedLate);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed);
}

TEST_F(ConsultationTest, SilenceIsNoConsensus) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_CONSENSUS);
  respond("BY", v1::POSITION_AGREE);
  const std::size_t without_kz = entries_.size();
  for (const bool kz_abstains : {false, true}) {
    entries_.resize(without_kz);
    if (kz_abstains) {
      respond("KZ", v1::POSITION_ABSTAIN);
    }
    const std::uint64_t cut = next();
    for (const char* const member : {"AM", "BY", "KZ"}) {
      tally(member, cut);
    }
    EXPECT_EQ(outcome().conclusion, kz_abstains ? Conclusion::kAgreed : Conclusion::kNotAgreed);
  }
}

TEST_F(ConsultationTest, AMajorityNeedsNoOneElse) {
  open({"BY", "KG", "KZ"}, v1::CONSULTATION_RULE_MAJORITY, 2);
  respond("BY", v1::POSITION_AGREE);
  respond("KG", v1::POSITION_OBJECT);
  respond("KZ", v1::POSITION_AGREE);
  const std::uint64_t cut = next();
  for (const char* const member : {"AM", "BY", "KG"}) {
    tally(member, cut);
  }
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed) << "who is unheard does not agree";
  tally("KZ", cut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kAgreed);
}

TEST_F(ConsultationTest, AReservationWhereNoneIsAllowedIsAnObjection) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  respond("BY", v1::POSITION_AGREE_WITH_RESERVATION);
  const std::uint64_t cut = next();
  tally("AM", cut);
  tally("BY", cut);
  EXPECT_EQ(standing("BY"), Standing::kObjects);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed);
  std::get<v1::ConsultationOpen>(entries_.front().content).set_reservations_allowed(true);
  EXPECT_EQ(standing("BY"), Standing::kReserves);
  EXPECT_EQ(outcome().conclusion, Conclusion::kAgreed);
}

TEST_F(ConsultationTest, TheFirstResponseCountsUnlessALaterOneSupersedesIt) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const Hash first = respond("BY", v1::POSITION_AGREE);
  respond("BY", v1::POSITION_OBJECT);
  EXPECT_EQ(ignored(2), Ignored::kAnsweredBefore);
  respond("BY", v1::POSITION_ABSTAIN, {first});
  const std::uint64_t cut = next();
  tally("BY", cut);
  tally("AM", cut);
  EXPECT_EQ(standing("BY"), Standing::kAbstains);
}

// An objection that the hub held back until after the cut: its party's tally names it.
TEST_F(ConsultationTest, WhatATallyNamesAndCameTooLateIsContested) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  const std::uint64_t cut = next();
  tally("AM", cut);
  tally("BY", cut);
  tally_naming("KZ", v1::TALLY_ANSWER_OWN, numbered(cut + 3));
  respond("KZ", v1::POSITION_OBJECT);
  EXPECT_EQ(ignored(4), Ignored::kAfterCut);
  EXPECT_EQ(standing("KZ"), Standing::kContested);
  EXPECT_EQ(outcome().conclusion, Conclusion::kContested);
}

TEST_F(ConsultationTest, AContestedWordChangesNothingWhereAnotherObjected) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  respond("BY", v1::POSITION_OBJECT);
  const std::uint64_t cut = next();
  tally("AM", cut);
  tally("BY", cut);
  tally_naming("KZ", v1::TALLY_ANSWER_OWN, numbered(99));
  EXPECT_EQ(standing("KZ"), Standing::kContested);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed);
}

// A node that says "none" although it has answered, or names an answer that was superseded.
TEST_F(ConsultationTest, ATallyThatDeniesItsOwnWordIsContested) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const Hash first = respond("BY", v1::POSITION_AGREE);
  const std::size_t answered = entries_.size();
  for (const auto answer : {v1::TALLY_ANSWER_NONE, v1::TALLY_ANSWER_OWN}) {
    entries_.resize(answered);
    if (answer == v1::TALLY_ANSWER_OWN) {
      respond("BY", v1::POSITION_OBJECT, {first});
    }
    tally("AM", next());
    tally_naming("BY", answer, first);
    EXPECT_EQ(standing("BY"), Standing::kContested);
    EXPECT_EQ(outcome().conclusion, Conclusion::kContested);
  }
}

TEST_F(ConsultationTest, TheSmallestCutDecides) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_CONSENSUS);
  respond("BY", v1::POSITION_AGREE);
  const std::uint64_t first = next();
  respond("KZ", v1::POSITION_AGREE);
  const std::uint64_t second = next();
  tally("AM", second);
  tally("BY", second);
  tally("KZ", second);
  EXPECT_EQ(outcome().conclusion, Conclusion::kAgreed);
  entries_.erase(entries_.end() - 2);
  tally("BY", first);
  EXPECT_EQ(outcome().cut.value_or(Cut{}).size, first);
  EXPECT_EQ(standing("KZ"), Standing::kContested);
}

TEST_F(ConsultationTest, ATallyNeedsAQuorumAfterTheDeadline) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const std::uint64_t cut = next();
  tally("BY", cut, kDeadline - 1);
  EXPECT_EQ(ignored(1), Ignored::kNoCut) << "before the deadline";
  tally("BY", entries_.front().index);
  EXPECT_EQ(ignored(2), Ignored::kNoCut) << "before the opening";
  tally("BY", next() + 1);
  EXPECT_EQ(ignored(3), Ignored::kNoCut) << "of more than was logged";
  tally_naming("BY", v1::TALLY_ANSWER_NONE);
  std::get<v1::ConsultationTally>(entries_.back().content).set_cut("no quorum");
  EXPECT_EQ(ignored(4), Ignored::kNoCut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kOpen);
  tally("BY", cut);
  EXPECT_EQ(ignored(5), std::nullopt) << "the first good one counts";
  tally("BY", cut);
  EXPECT_EQ(ignored(6), Ignored::kAnsweredBefore);
}

TEST_F(ConsultationTest, AnExtensionMovesTheCut) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const std::uint64_t before = next();
  v1::ConsultationExtend extend;
  extend.set_deadline_ms(kDeadline + 1);
  add("AM", extend);
  extend.set_deadline_ms(kDeadline + 1);
  add("AM", extend);
  EXPECT_EQ(ignored(2), Ignored::kNotLater);
  add("BY", extend);
  EXPECT_EQ(ignored(3), Ignored::kNotAParty);
  EXPECT_EQ(outcome().deadline_ms, kDeadline + 1);
  tally("BY", next());
  EXPECT_EQ(ignored(4), Ignored::kNoCut);
  tally("BY", before);
  EXPECT_EQ(ignored(5), std::nullopt) << "the extension came after that cut";
  EXPECT_EQ(ignored(1), Ignored::kAfterCut);
  EXPECT_EQ(outcome().deadline_ms, kDeadline);
}

TEST_F(ConsultationTest, TheOpenerWithdrawsBeforeTheCut) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const std::uint64_t before = next();
  add("BY", v1::ConsultationWithdraw{});
  EXPECT_EQ(ignored(1), Ignored::kNotAParty);
  add("AM", v1::ConsultationWithdraw{});
  respond("BY", v1::POSITION_AGREE);
  EXPECT_EQ(ignored(3), Ignored::kEnded);
  EXPECT_EQ(outcome().conclusion, Conclusion::kWithdrawn);
  tally("BY", before);
  tally_naming("AM", v1::TALLY_ANSWER_OWN, entries_[2].n);
  EXPECT_EQ(outcome().conclusion, Conclusion::kContested) << "the withdrawal came too late";
}

TEST_F(ConsultationTest, AnotherTextOfTheOpenerTakesItsPlace) {
  open({"BY"}, v1::CONSULTATION_RULE_SILENCE);
  const auto terms = std::get<v1::ConsultationOpen>(entries_.front().content);
  add("BY", terms, {entries_.front().n});
  EXPECT_EQ(ignored(1), Ignored::kNotAParty) << "somebody else's";
  add("AM", terms, {entries_.front().n});
  EXPECT_EQ(outcome().conclusion, Conclusion::kSuperseded);
}

TEST_F(ConsultationTest, WhatDoesNotReachEveryPartyDoesNotCount) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  respond("BY", v1::POSITION_OBJECT);
  entries_.back().recipients = {"AM"};
  EXPECT_EQ(ignored(1), Ignored::kNotToAll);
  respond("KG", v1::POSITION_OBJECT);
  EXPECT_EQ(ignored(2), Ignored::kNotAParty);
  respond("BY", v1::POSITION_OBJECT);
  entries_.back().status = v1::STATUS_EXERCISE;
  EXPECT_EQ(ignored(3), Ignored::kOtherStatus);
  respond("BY", v1::POSITION_UNSPECIFIED);
  EXPECT_EQ(ignored(4), Ignored::kNoPosition);
  respond("AM", v1::POSITION_AGREE);
  EXPECT_EQ(ignored(5), Ignored::kNotAParty) << "the opener only asks";
}

TEST_F(ConsultationTest, WhoIsNoMemberAtTheCutIsDropped) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_SILENCE);
  respond("KZ", v1::POSITION_OBJECT);
  const std::uint64_t cut = next();
  tally("AM", cut);
  tally("BY", cut);
  EXPECT_EQ(outcome().conclusion, Conclusion::kNotAgreed);
  expelled_ = "KZ";
  entries_.back().recipients = {"AM"};  // Nobody can address who has left.
  EXPECT_EQ(standing("KZ"), Standing::kDropped);
  EXPECT_EQ(outcome().conclusion, Conclusion::kAgreed);
  EXPECT_TRUE(outcome().is_final);
}

// C-220
TEST_F(ConsultationTest, AnOpeningIsChecked) {
  open({"BY", "KZ"}, v1::CONSULTATION_RULE_MAJORITY, 2);
  ASSERT_TRUE(check_opening(entries_.front()).has_value());
  const auto refused = [&](const std::function<void(v1::ConsultationOpen&)>& change) {
    ConsultationEntry entry = entries_.front();
    change(std::get<v1::ConsultationOpen>(entry.content));
    return !check_opening(entry).has_value();
  };
  EXPECT_TRUE(refused([](auto& terms) { terms.clear_participants(); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.add_participants("KZ"); })) << "twice";
  EXPECT_TRUE(refused([](auto& terms) { terms.add_participants("AM"); })) << "out of order";
  EXPECT_TRUE(refused([](auto& terms) { terms.add_participants("kz"); })) << "no code";
  EXPECT_TRUE(refused([](auto& terms) { terms.add_participants("TJ"); })) << "not addressed";
  EXPECT_TRUE(refused([](auto& terms) { terms.clear_rule(); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.set_rule(static_cast<v1::ConsultationRule>(4)); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.set_majority(0); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.set_majority(3); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.set_rule(v1::CONSULTATION_RULE_SILENCE); }));
  EXPECT_TRUE(refused([](auto& terms) { terms.clear_deadline_ms(); }));
  respond("BY", v1::POSITION_AGREE);
  EXPECT_FALSE(check_opening(entries_.back()).has_value());
}

TEST(ConsultationEntryTest, IsReadFromANotice) {
  v1::Draft draft;
  draft.set_origin("BY");
  draft.set_kind("consultation.respond");
  draft.set_status(v1::STATUS_EXERCISE);
  draft.add_recipients()->set_member("AM");
  v1::ConsultationRespond response;
  response.set_position(v1::POSITION_OBJECT);
  v1::Text text;
  text.set_content(response.SerializeAsString());
  const auto read = [&] {
    return consultation_entry(draft, numbered(7), 12, text.SerializeAsString());
  };
  EXPECT_EQ(test::outcome(read()), "malformed") << "it answers nothing";
  text.set_in_reply_to(to_string(numbered(1)));
  text.add_supersedes(to_string(numbered(2)));
  const ConsultationEntry entry = read().value().value_or(ConsultationEntry{});
  EXPECT_EQ(entry.index, 12U);
  EXPECT_EQ(entry.n, numbered(7));
  EXPECT_EQ(entry.origin, "BY");
  EXPECT_EQ(entry.recipients, Codes{"AM"});
  EXPECT_EQ(entry.status, v1::STATUS_EXERCISE);
  EXPECT_EQ(entry.about, numbered(1));
  EXPECT_EQ(entry.supersedes, std::vector<Hash>{numbered(2)});
  EXPECT_EQ(std::get<v1::ConsultationRespond>(entry.content).position(), v1::POSITION_OBJECT);
  text.add_supersedes("short");
  EXPECT_EQ(test::outcome(read()), "malformed");
  draft.set_kind("consultation.poll");
  EXPECT_FALSE(consultation_entry(draft, {}, 1, "").value().has_value()) << "of later times";
  draft.set_kind("contact");
  EXPECT_FALSE(consultation_entry(draft, {}, 1, "").value().has_value());
}

// Random threads of a small world, and what the oracle makes of each. CHANCERY_THREADS says how
// many (docs/internals/testing.md has how many were tried).
class RandomThread {
 public:
  explicit RandomThread(std::uint64_t seed) : random_(seed) {
    make_opening();
    const std::size_t count = below(12);
    for (std::size_t i = 0; i < count; ++i) {
      make_entry();
    }
    for (const std::string& code : members_) {
      if (below(12) == 0) {
        left_at_[code] = 10 + below(20);
      }
    }
  }

  // Instead of the tallies that it has, one of each member, as a good node makes it. Who was
  // expelled logs nothing.
  void tally_as_good_nodes() {
    keep_logged(false);
    const std::uint64_t end = entries_.back().index + 1;
    for (const std::string& member : members_) {
      ConsultationEntry& entry = make(member);
      entry.status = entries_.front().status;
      entry.recipients = members_;
      std::erase(entry.recipients, member);
      const std::uint64_t size = std::max(entries_.front().index + 1, end - below(3));
      const std::uint64_t time = deadline_at(entries_, size, log());
      v1::ConsultationTally tally;
      tally.set_cut(std::to_string(size) + " " + std::to_string(time));
      name(last_word(entries_, member, size, log()), tally);
      entry.content = tally;
    }
    keep_logged(true);
  }

  // Without some of what came after the opening.
  std::vector<ConsultationEntry> some_entries() {
    std::vector<ConsultationEntry> some;
    const std::uint64_t rarely = 2 + below(6);
    for (const ConsultationEntry& entry : entries_) {
      if (some.empty() || below(rarely) != 0) {
        some.push_back(entry);
      }
    }
    return some;
  }

  [[nodiscard]] const std::vector<ConsultationEntry>& entries() const { return entries_; }
  [[nodiscard]] LogView log() const {
    return {.cut = read_cut, .is_member = [this](std::string_view member, std::uint64_t size) {
              const auto left = left_at_.find(std::string(member));
              return left == left_at_.end() || size < left->second;
            }};
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void keep_logged(bool with_tallies) {
    const auto gone =
        std::remove_if(entries_.begin() + 1, entries_.end(), [&](const ConsultationEntry& entry) {
          return !log().is_member(entry.origin, entry.index) ||
                 (!with_tallies && std::holds_alternative<v1::ConsultationTally>(entry.content));
        });
    entries_.erase(gone, entries_.end());
  }

  ConsultationEntry& make(const std::string& origin) {
    ConsultationEntry& entry = entries_.emplace_back();
    entry.index = entries_.size() == 1 ? 10 : entries_[entries_.size() - 2].index + 1 + below(2);
    entry.n = numbered(entry.index);
    entry.origin = origin;
    entry.status = below(20) == 0 ? v1::STATUS_EXERCISE : v1::STATUS_ACTUAL;
    for (const std::string& code : members_) {
      if (code != origin && below(40) != 0) {
        entry.recipients.push_back(code);
      }
    }
    return entry;
  }

  void make_opening() {
    ConsultationEntry& entry = make(members_[below(2)]);
    entry.recipients.clear();
    v1::ConsultationOpen terms;
    for (const std::string& code : members_) {
      if (below(3) != 0 || (terms.participants_size() == 0 && code == members_.back())) {
        terms.add_participants(code);
      }
      if (code != entry.origin) {
        entry.recipients.push_back(code);
      }
    }
    terms.set_deadline_ms(100 + below(4));
    terms.set_rule(static_cast<v1::ConsultationRule>(1 + below(3)));
    if (terms.rule() == v1::CONSULTATION_RULE_MAJORITY) {
      terms.set_majority(1 + static_cast<std::uint32_t>(
                                 below(static_cast<std::uint64_t>(terms.participants_size()))));
    }
    terms.set_reservations_allowed(below(2) == 0);
    entry.content = terms;
  }

  Hash some_n() { return entries_[below(entries_.size())].n; }

  void make_entry() {
    const Hash earlier = some_n();
    ConsultationEntry& entry = make(members_[below(members_.size())]);
    entry.about = entries_.front().n;
    if (below(3) == 0) {
      entry.supersedes = {earlier};
    }
    switch (below(16)) {
      case 0: {
        v1::ConsultationExtend extend;
        extend.set_deadline_ms(100 + below(8));
        entry.origin = below(3) == 0 ? entry.origin : entries_.front().origin;
        entry.content = extend;
        break;
      }
      case 1:
        entry.origin = below(3) == 0 ? entry.origin : entries_.front().origin;
        entry.content = v1::ConsultationWithdraw{};
        break;
      case 2:
        if (below(3) == 0) {
          entry.content = entries_.front().content;
          entry.supersedes = {entries_.front().n};
          break;
        }
        [[fallthrough]];
      case 3:
      case 4:
      case 5:
      case 6:
      case 7: {
        v1::ConsultationRespond response;
        response.set_position(static_cast<v1::Position>(below(12) == 0 ? below(6) : 1 + below(4)));
        entry.content = response;
        break;
      }
      default:
        make_tally(entry);
    }
    std::erase(entry.recipients, entry.origin);
  }

  // Mostly what a good node would say.
  void make_tally(ConsultationEntry& entry) {
    v1::ConsultationTally tally;
    const std::uint64_t size = below(3) == 0 ? 9 + below(12) : entry.index - below(2);
    tally.set_cut(below(12) == 0 ? "no quorum"
                                 : std::to_string(size) + " " + std::to_string(100 + below(9)));
    std::optional<Hash> own;
    std::optional<Hash> response;
    for (const ConsultationEntry& other : entries_) {
      if (other.index < size && other.origin == entry.origin &&
          !std::holds_alternative<v1::ConsultationTally>(other.content) &&
          !std::holds_alternative<v1::ConsultationOpen>(other.content)) {
        own = other.n;
        response = std::holds_alternative<v1::ConsultationRespond>(other.content)
                       ? std::optional(other.n)
                       : response;
      }
    }
    if (below(10) == 0) {
      own = below(2) == 0 ? std::optional(numbered(10 + below(30))) : std::nullopt;
    }
    tally.set_answer(own.has_value() ? v1::TALLY_ANSWER_OWN
                     : below(8) == 0 ? v1::TALLY_ANSWER_SERVED_LATE
                                     : v1::TALLY_ANSWER_NONE);
    tally.set_own(own.has_value() ? to_string(*own) : "");
    tally.set_response(response.has_value() && response != own ? to_string(*response) : "");
    entry.content = tally;
  }

  const Codes members_ = {"AM", "BY", "KG", "KZ"};
  std::mt19937_64 random_;
  std::vector<ConsultationEntry> entries_;
  std::map<std::string, std::uint64_t> left_at_;
};

std::uint64_t thread_count() {
  const char* const asked = std::getenv("CHANCERY_THREADS");
  return asked == nullptr ? 20'000 : std::strtoull(asked, nullptr, 10);
}

TEST(ConsultationOracleTest, ConcludesAsTheRulesDo) {
  const std::uint64_t count = thread_count();
  std::map<Conclusion, std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const RandomThread thread(seed);
    ASSERT_TRUE(check_opening(thread.entries().front()).has_value()) << seed;
    const Outcome outcome = fold_consultation(thread.entries(), thread.log());
    ASSERT_EQ(oracle::told(outcome), oracle::told(oracle::conclude(thread.entries(), thread.log())))
        << "thread " << seed;
    ++seen[outcome.conclusion];
  }
  for (const Conclusion conclusion :
       {Conclusion::kOpen, Conclusion::kAgreed, Conclusion::kNotAgreed, Conclusion::kContested,
        Conclusion::kWithdrawn, Conclusion::kSuperseded}) {
    EXPECT_GT(seen[conclusion], count / 1000) << static_cast<int>(conclusion);
  }
}

// An outcome without its places.
std::string come_to(const Outcome& outcome) {
  Outcome bare = outcome;
  for (Party& party : bare.parties) {
    party.response = party.tally = std::nullopt;
  }
  bare.ignored.clear();
  return oracle::told(bare);
}

TEST(ConsultationOracleTest, WhatIsNotNeededChangesNothing) {
  for (std::uint64_t seed = 0; seed < thread_count(); ++seed) {
    const RandomThread thread(seed);
    const Outcome outcome = fold_consultation(thread.entries(), thread.log());
    if (!outcome.cut.has_value()) {
      continue;
    }
    std::vector<ConsultationEntry> needed;
    for (const std::size_t at : needed_entries(thread.entries(), outcome)) {
      needed.push_back(thread.entries()[at]);
    }
    ASSERT_EQ(come_to(fold_consultation(needed, thread.log())), come_to(outcome))
        << "thread " << seed;
  }
}

// C-227, C-231: who shows a part of a consultation, and not all of it, shows no agreement that is
// final and is none.
TEST(ConsultationOracleTest, LeavingOutMakesNoAgreement) {
  std::map<bool, std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < thread_count(); ++seed) {
    RandomThread thread(seed);
    thread.tally_as_good_nodes();
    const Conclusion whole = fold_consultation(thread.entries(), thread.log()).conclusion;
    ++seen[whole == Conclusion::kAgreed];
    for (int i = 0; i < 8 && whole != Conclusion::kAgreed; ++i) {
      const std::vector<ConsultationEntry> part = thread.some_entries();
      const Outcome shown = fold_consultation(part, thread.log());
      ASSERT_FALSE(shown.is_final && shown.conclusion == Conclusion::kAgreed) << "thread " << seed;
    }
  }
  EXPECT_GT(seen[true], 500U);
  EXPECT_GT(seen[false], 500U);
}

}  // namespace
}  // namespace chancery::workflow
