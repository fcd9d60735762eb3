#include "core/workflow/consultation_evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/completeness.h"
#include "core/exchange/evidence.h"
#include "core/exchange/kinds.h"
#include "core/exchange/strict.h"
#include "tests/support/evidence_log.h"
#include "tests/support/outcome.h"

namespace chancery::workflow {
namespace {

using exchange::EvidenceParts;
using test::must;

constexpr std::uint64_t kMsPerSecond = 1000;
const std::vector<std::string> all_parties = {"AM", "BY", "RU"};

// AM asks BY and RU, under silence: BY agrees, RU says nothing, all three tally.
class ConsultationEvidenceTest : public testing::Test, protected test::EvidenceLog {
 protected:
  ConsultationEvidenceTest() {
    terms_.set_question("The communique?");
    terms_.add_participants("BY");
    terms_.add_participants("RU");
    terms_.set_deadline_ms(test::kTimeS * kMsPerSecond);
    terms_.set_rule(v1::CONSULTATION_RULE_SILENCE);
    opening_ = say("AM", "open", terms_, {});
  }

  template <typename Content>
  std::uint64_t say(const std::string& origin, const std::string& what, const Content& content,
                    const std::string& about) {
    v1::Text text;
    text.set_subject("communique");
    text.set_in_reply_to(about);
    text.set_content(content.SerializeAsString());
    std::vector<std::string> others = all_parties;
    std::erase_if(others, [&](const std::string& code) {
      return code == origin || log_.directory().member(code) == nullptr;
    });
    return publish(exchange_.draft(origin, others, "consultation." + what),
                   text.SerializeAsString());
  }

  [[nodiscard]] std::string opening() const { return to_string(envelope_at(opening_).notice); }

  std::uint64_t respond(const std::string& origin, v1::Position position) {
    v1::ConsultationRespond response;
    response.set_position(position);
    return say(origin, "respond", response, opening());
  }

  std::uint64_t tally(const std::string& origin, const std::string& cut,
                      std::optional<std::uint64_t> own = {}) {
    v1::ConsultationTally tally;
    tally.set_open(opening());
    tally.set_answer(own.has_value() ? v1::TALLY_ANSWER_OWN : v1::TALLY_ANSWER_NONE);
    tally.set_own(own.has_value() ? to_string(envelope_at(*own).notice) : "");
    tally.set_cut(cut);
    return say(origin, "tally", tally, opening());
  }

  // The consultation to its end; what is said in it after the opening.
  std::vector<std::uint64_t> conclude() {
    const std::uint64_t response = respond("BY", v1::POSITION_AGREE);
    cut_ = log_.size();
    const std::string note = this->note(test::four_members);
    return {response, tally("AM", note), tally("BY", note, response), tally("RU", note)};
  }

  EvidenceParts parts(const std::vector<std::uint64_t>& thread) {
    EvidenceParts parts = parts_of(opening_, thread);
    parts.heads = {head_of(cut_)};
    return parts;
  }

  [[nodiscard]] Result<exchange::EvidenceReport> verify(const EvidenceParts& parts) const {
    return exchange::verify_evidence(must(exchange::evidence_bytes(parts)), exchange_.genesis());
  }

  [[nodiscard]] Outcome outcome(const EvidenceParts& parts) const {
    return must(proven_consultation(must(verify(parts)))).value_or(ProvenConsultation{}).outcome;
  }

  [[nodiscard]] static std::vector<Standing> standings(const Outcome& outcome) {
    std::vector<Standing> all;
    all.reserve(outcome.parties.size());
    for (const Party& party : outcome.parties) {
      all.push_back(party.standing);
    }
    return all;
  }

  v1::ConsultationOpen terms_;
  std::uint64_t opening_ = 0;
  std::uint64_t cut_ = 0;
};

using enum Standing;

// C-215, C-216, C-217
TEST_F(ConsultationEvidenceTest, ShowsAnOutcomeWithSilenceInIt) {
  const Outcome outcome = this->outcome(parts(conclude()));
  EXPECT_EQ(outcome.conclusion, Conclusion::kAgreed);
  EXPECT_TRUE(outcome.is_final);
  EXPECT_EQ(outcome.cut, (Cut{.size = cut_, .time_ms = test::kTimeS * kMsPerSecond}));
  EXPECT_EQ(standings(outcome), (std::vector{kSilent, kAgrees, kSilent}));
}

TEST_F(ConsultationEvidenceTest, WhatIsLeftOutIsNeverSilence) {
  const std::vector<std::uint64_t> thread = conclude();
  for (const std::uint64_t left_out : thread) {
    std::vector<std::uint64_t> rest = thread;
    std::erase(rest, left_out);
    EXPECT_NE(outcome(parts(rest)).conclusion, Conclusion::kAgreed) << left_out;
  }
}

// C-217: a tally is told with the head that it names, and no other head is.
TEST_F(ConsultationEvidenceTest, EachTallyHasItsHead) {
  const std::vector<std::uint64_t> thread = conclude();
  const auto with = [&](const std::vector<std::uint64_t>& sizes) {
    EvidenceParts parts = this->parts(thread);
    parts.heads.clear();
    for (const std::uint64_t size : sizes) {
      parts.heads.push_back(head_of(size));
    }
    return test::outcome(verify(parts));
  };
  EXPECT_EQ(with({cut_}), "good");
  EXPECT_EQ(with({}), "not-proven");
  EXPECT_EQ(with({cut_ - 1}), "not-proven");
  EXPECT_EQ(with({cut_, cut_ + 1}), "not-proven");
  EvidenceParts moved = parts(thread);
  moved.heads[0].path = path_of(cut_);
  EXPECT_EQ(test::outcome(verify(moved)), "bad-batch-path");
}

// C-225: what a tally names has to be of this log, at quorum, and late enough.
TEST_F(ConsultationEvidenceTest, ACheckpointThatIsNoCutMakesNoTally) {
  const std::uint64_t response = respond("BY", v1::POSITION_AGREE);
  cut_ = log_.size();
  const Hash root = log_.tree().root();
  Hash other = root;
  other[0] ^= 1U;
  const auto concluded_by = [&](const std::string& note) {
    return outcome(parts({response, tally("AM", note)})).conclusion;
  };
  EXPECT_EQ(concluded_by(note_over(cut_, other, test::four_members)), Conclusion::kOpen);
  EXPECT_EQ(concluded_by(note_over(cut_, root, {"AM", "BY", "KG"})), Conclusion::kOpen);
  EXPECT_EQ(concluded_by(note_over(cut_, root, test::four_members, test::kTimeS - 1)),
            Conclusion::kOpen);
  EXPECT_EQ(concluded_by(note_over(cut_, root, test::four_members)), Conclusion::kNotAgreed);
}

// C-228: by the directory of the cut, which the leaf below it names.
TEST_F(ConsultationEvidenceTest, WhoWasExpelledByTheCutIsDropped) {
  const std::uint64_t response = respond("BY", v1::POSITION_AGREE);
  v1::Roster roster = exchange_.roster();
  roster.clear_members();
  for (const v1::Member& member : exchange_.roster().members()) {
    if (member.code() != "RU") {
      *roster.add_members() = member;
    }
  }
  enter(exchange_.next_roster(roster, test::four_members, log_.directory()));
  cut_ = log_.size();
  const std::string note = this->note(test::four_members);
  publish(exchange_.draft("AM", {"BY"}, "contact"), test::TestExchange::text_of("between"));
  const Outcome outcome =
      this->outcome(parts({response, tally("AM", note), tally("BY", note, response)}));
  EXPECT_EQ(outcome.conclusion, Conclusion::kAgreed);
  EXPECT_EQ(standings(outcome), (std::vector{kSilent, kAgrees, kDropped}));
}

// C-215: two signed entries of one member.
TEST_F(ConsultationEvidenceTest, ATallyThatLiesIsContradictedByItsOwnStatement) {
  const auto contradicted = [&](v1::TallyAnswer answer) {
    exchange::PairCount count{.size = log_.size()};
    count.add(false, envelope_at(opening_).d);
    const std::uint64_t stated = publish(
        exchange_.draft("BY", {"AM"}, exchange::kStatementKind),
        exchange::statement_text(count, {.peer = "AM", .root = {}, .early = {}, .unopenable = {}}));
    cut_ = log_.size();
    v1::ConsultationTally tally;
    tally.set_open(opening());
    tally.set_answer(answer);
    tally.set_cut(note(test::four_members));
    EvidenceParts parts = this->parts({stated, say("BY", "tally", tally, opening())});
    exchange::CountPath path;
    path.add(envelope_at(opening_).d, true);
    parts.counts = {path.finish()};
    std::vector<std::string> members;
    for (const ContradictedTally& each : must(proven_consultation(must(verify(parts))))
                                             .value_or(ProvenConsultation{})
                                             .contradicted) {
      EXPECT_EQ(each.stated.index, stated);
      members.push_back(each.member);
    }
    return members;
  };
  EXPECT_EQ(contradicted(v1::TALLY_ANSWER_SERVED_LATE), std::vector<std::string>{"BY"});
  EXPECT_TRUE(contradicted(v1::TALLY_ANSWER_NONE).empty());
  terms_.set_notice_period_ms(test::kTimeS * kMsPerSecond - log_.accepted_at_ms());
  opening_ = say("AM", "open", terms_, {});
  EXPECT_TRUE(contradicted(v1::TALLY_ANSWER_SERVED_LATE).empty()) << "it was stated too late";
}

// C-216
TEST_F(ConsultationEvidenceTest, NothingOfAnotherThreadIsInIt) {
  const std::uint64_t first = opening_;
  opening_ = say("AM", "open", terms_, {});
  const std::uint64_t of_another = respond("BY", v1::POSITION_OBJECT);
  opening_ = first;
  const std::uint64_t response = respond("BY", v1::POSITION_AGREE);
  EXPECT_EQ(test::outcome(verify(parts_of(first, {response}))), "good");
  EXPECT_EQ(test::outcome(verify(parts_of(first, {of_another, response}))), "not-proven");
}

TEST_F(ConsultationEvidenceTest, AnotherNoticeOpensNone) {
  const std::uint64_t contact = publish(exchange_.draft("AM", {"BY"}, "contact"),
                                        test::TestExchange::text_of("a contact", "contact"));
  const auto proven = proven_consultation(must(verify(parts_of(contact, {}))));
  EXPECT_FALSE(must(proven).has_value());
}

}  // namespace
}  // namespace chancery::workflow
