#include "core/exchange/kind_check.h"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "core/exchange/kind_rules.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "tests/support/keys.h"

namespace chancery::exchange {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using test::must;

constexpr std::uint64_t kCreated = 1'700'000'000'000;

// A value that keeps the form; of a choice the second, which no relation asks anything more of,
// but where noted.
std::string good_value(Form form) {
  switch (form) {
    case Form::kMember:
      return "AM";
    case Form::kLanguage:
      return "ru";
    case Form::kDay:
    case Form::kDayOrTime:
      return "2026-03-01";
    case Form::kTime:
      return "2026-03-01T08:30:00Z";
    case Form::kAddress:
      return "https://example.org";
    case Form::kCategory:
      return "Geo";
    case Form::kResponse:
      return "Shelter";
    case Form::kPolygon:
      return "1,2 3,4 5,6 1,2";
    case Form::kCircle:
      return "1,2 3";
    case Form::kDecimal:
      return "1.5";
    case Form::kHash:
      return std::string(32, 'h');
    default:
      return "text";
  }
}

void set_number(Message& message, const FieldDescriptor& field, std::uint64_t number) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    message.GetReflection()->SetUInt32(&message, &field, static_cast<std::uint32_t>(number));
  } else {
    message.GetReflection()->SetUInt64(&message, &field, number);
  }
}

void fill_good(const KindRules& rules, Message& message, const std::string& prefix, bool all);

void fill_field(const KindRules& rules, const FieldRule& rule, Message& message,
                const FieldDescriptor& field, bool all) {
  const auto& set = *message.GetReflection();
  switch (rule.form) {
    case Form::kObject:
      fill_good(rules,
                field.is_repeated() ? *set.AddMessage(&message, &field)
                                    : *set.MutableMessage(&message, &field),
                std::string(rule.path) + ".", all);
      return;
    case Form::kChoice:
      set.SetEnumValue(&message, &field, field.name() == "position" ? 1 : 2);
      return;
    case Form::kTruth:
      set.SetBool(&message, &field, true);
      return;
    case Form::kInstant:
      return set_number(message, field, kCreated + 1000);
    case Form::kNumber:
    case Form::kDuration:
      return set_number(message, field, 1);
    default:
      if (field.is_repeated()) {
        set.AddString(&message, &field, good_value(rule.form));
      } else {
        set.SetString(&message, &field, good_value(rule.form));
      }
  }
}

// Fields that belong to a value of another are left out.
bool is_conditional(const KindRules& rules, std::string_view path) {
  return std::ranges::any_of(rules.relations, [path](const Relation& relation) {
    return (relation.relates == Relates::kExactlyWith || relation.relates == Relates::kMajority) &&
           relation.field == path;
  });
}

void fill_good(const KindRules& rules, Message& message, const std::string& prefix, bool all) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const FieldRule& rule = *find_rule(rules, prefix + field.name());
    if ((all || rule.need == Need::kRequired) && !is_conditional(rules, rule.path)) {
      fill_field(rules, rule, message, field, all);
    }
  }
}

std::unique_ptr<Message> good(std::string_view kind, bool all) {
  std::unique_ptr<Message> message(find_kind(kind)->prototype->New());
  fill_good(*find_rules(kind), *message, "", all);
  if (kind == "emergency.alert" && all) {
    dynamic_cast<v1::EmergencyAlert&>(*message).set_expires("2026-03-01T08:30:01Z");
  }
  if (kind == "assistance.complete") {
    dynamic_cast<v1::AssistanceComplete&>(*message).set_report("All of it.");
  }
  if (kind == "document.draft") {
    dynamic_cast<v1::DocumentDraft&>(*message).set_text("1.");
  }
  if (kind == "document.version") {
    dynamic_cast<v1::DocumentVersion&>(*message).set_text("1.");
  }
  return message;
}

v1::Text text_with(const Message& content) {
  v1::Text text;
  text.set_in_reply_to(std::string(32, 'n'));
  text.set_content(content.SerializeAsString());
  return text;
}

std::vector<std::string> lines_of(std::string_view kind, const v1::Text& text,
                                  const Circumstances& circumstances = {
                                      .created_at_ms = kCreated}) {
  std::vector<std::string> out;
  for (const Problem& problem : problems_of(kind, text, circumstances)) {
    out.push_back(problem_line(problem));
  }
  return out;
}

std::string problem_with(std::string_view kind, const Message& content) {
  std::string out;
  for (const std::string& line : lines_of(kind, text_with(content))) {
    out += (out.empty() ? "" : "; ") + line;
  }
  return out;
}

std::string problem_in(std::string_view kind, std::string_view json) {
  v1::Text text = must(text_from_json(kind, "s", "ru", json));
  text.set_in_reply_to(std::string(32, 'n'));
  std::string out;
  for (const std::string& line : lines_of(kind, text)) {
    out += (out.empty() ? "" : "; ") + line;
  }
  return out;
}

TEST(KindCheckTest, WhatHasAllOrOnlyWhatIsRequiredIsGood) {
  for (const KindInfo& info : kinds()) {
    for (const bool all : {false, true}) {
      EXPECT_EQ(problem_with(info.kind, *good(info.kind, all)), "") << info.kind << all;
    }
  }
}

// Every field at every depth: what is required is missed, and what has not its form is named.
class Walk {
 public:
  explicit Walk(const KindInfo& info) : info_(info), rules_(*find_rules(info.kind)) {}

  void run() {
    for (const FieldRule& rule : rules_.fields) {
      if (is_conditional(rules_, rule.path)) {
        continue;
      }
      expect_missed(rule);
      expect_at_most(rule);
      expect_form(rule);
    }
  }

  [[nodiscard]] int judged() const { return judged_; }

 private:
  // The innermost message that has the field of a path: in lists the first.
  static Message& holder(Message& message, std::string_view path, std::string& shown) {
    const std::size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    shown += name;
    if (dot == std::string_view::npos) {
      return message;
    }
    const FieldDescriptor& field = *message.GetDescriptor()->FindFieldByName(name);
    const auto& set = *message.GetReflection();
    shown += field.is_repeated() ? "[0]." : ".";
    return holder(field.is_repeated() ? *set.MutableRepeatedMessage(&message, &field, 0)
                                      : *set.MutableMessage(&message, &field),
                  path.substr(dot + 1), shown);
  }

  void expect_missed(const FieldRule& rule) {
    const std::unique_ptr<Message> message = good(info_.kind, true);
    std::string shown;
    Message& at = holder(*message, rule.path, shown);
    at.GetReflection()->ClearField(&at, field_of(at, rule));
    const std::string problem = problem_with(info_.kind, *message);
    if (rule.need == Need::kRequired) {
      EXPECT_TRUE(problem.starts_with(shown + " is missing: give")) << info_.kind << problem;
    } else if (rule.path != "text") {
      EXPECT_EQ(problem, "") << info_.kind << " without " << rule.path;
    }
    ++judged_;
  }

  void expect_at_most(const FieldRule& rule) {
    const std::unique_ptr<Message> message = good(info_.kind, true);
    std::string shown;
    Message& at = holder(*message, rule.path, shown);
    const FieldDescriptor& field = *field_of(at, rule);
    if (field.is_repeated() && rule.form != Form::kMember && rule.most < 1000) {
      while (at.GetReflection()->FieldSize(at, &field) < static_cast<int>(rule.most)) {
        fill_field(rules_, rule, at, field, true);
      }
      EXPECT_EQ(problem_with(info_.kind, *message), "") << info_.kind << shown;
      fill_field(rules_, rule, at, field, true);
      EXPECT_EQ(problem_with(info_.kind, *message),
                shown + " has too many: give " + std::to_string(rule.most) + " at most");
    }
    if (rule.form == Form::kNumber) {
      set_number(at, field, rule.most);
      EXPECT_EQ(problem_with(info_.kind, *message), "") << info_.kind << shown;
      set_number(at, field, rule.most + 1);
      EXPECT_EQ(problem_with(info_.kind, *message),
                shown + " is too large: give " + std::to_string(rule.most) + " at most");
    }
  }

  void expect_form(const FieldRule& rule) {
    const std::unique_ptr<Message> message = good(info_.kind, true);
    std::string shown;
    Message& at = holder(*message, rule.path, shown);
    const FieldDescriptor& field = *field_of(at, rule);
    if (rule.form == Form::kChoice) {
      at.GetReflection()->SetEnumValue(&at, &field, 99);
      EXPECT_NE(problem_with(info_.kind, *message).find(shown + " is not one that is known"),
                std::string::npos)
          << info_.kind;
    } else if (rule.form != Form::kProse && rule.form < Form::kBytes) {
      const std::string bad = "no\nform";
      if (field.is_repeated()) {
        at.GetReflection()->SetRepeatedString(&at, &field, 0, bad);
        shown += "[0]";
      } else {
        at.GetReflection()->SetString(&at, &field, bad);
      }
      EXPECT_EQ(problem_with(info_.kind, *message),
                shown + " has not its form: give " + std::string(form_words(rule.form).english));
    }
  }

  static const FieldDescriptor* field_of(const Message& at, const FieldRule& rule) {
    return at.GetDescriptor()->FindFieldByName(
        std::string(rule.path.substr(rule.path.rfind('.') + 1)));
  }

  const KindInfo& info_;
  const KindRules& rules_;
  int judged_ = 0;
};

TEST(KindCheckTest, EveryRuleOfEveryFieldIsKept) {
  for (const KindInfo& info : kinds()) {
    Walk walk(info);
    walk.run();
    EXPECT_GT(walk.judged(), 0) << info.kind;
  }
}

TEST(KindCheckTest, ThePeriodOfTwoDaysOrTimes) {
  const auto period = [](const std::string& begins, const std::string& ends) {
    return problem_in("training",
                      R"({"title":"t","begins":")" + begins + R"(","ends":")" + ends + R"("})");
  };
  EXPECT_EQ(period("2027-10-04", "2027-10-04"), "");
  EXPECT_EQ(period("2027-10-04T23:59:59Z", "2027-10-04"), "");
  EXPECT_EQ(period("2027-10-04T10:00:00Z", "2027-10-04T10:00:00Z"), "");
  const std::string after = "begins is after ends: give an earlier one, or correct the other";
  EXPECT_EQ(period("2027-10-05", "2027-10-04"), after);
  EXPECT_EQ(period("2027-10-05T00:00:00Z", "2027-10-04"), after);
  EXPECT_EQ(period("2027-10-04T10:00:01Z", "2027-10-04T10:00:00Z"), after);
}

TEST(KindCheckTest, AnAlertIsInForceBeforeItExpires) {
  const auto alert = [](const std::string& more) {
    return problem_in(
        "emergency.alert",
        R"({"event":"e","urgency":1,"severity":1,"certainty":1,"categories":["Geo"],)" + more +
            "}");
  };
  EXPECT_EQ(alert(R"("effective":"2027-01-01T00:00:00Z","expires":"2027-01-01T00:00:01Z")"), "");
  EXPECT_EQ(alert(R"("effective":"2027-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z")"),
            "effective is not before expires: give an earlier one, or correct the other");
  EXPECT_EQ(alert(R"("onset":"2027-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z")"), "");
  EXPECT_EQ(alert(R"("onset":"2027-01-01T00:00:01Z","expires":"2027-01-01T00:00:00Z")"),
            "onset is after expires: give an earlier one, or correct the other");
}

TEST(KindCheckTest, AReservationBelongsToAgreementWithReservation) {
  EXPECT_EQ(problem_in("consultation.respond", R"({"position":2,"reservation":"r"})"), "");
  EXPECT_EQ(problem_in("consultation.respond", R"({"position":2})"),
            "reservation is missing, which belongs to position POSITION_AGREE_WITH_RESERVATION: "
            "give it");
  EXPECT_EQ(problem_in("consultation.respond", R"({"position":1,"reservation":"r"})"),
            "reservation is given without position POSITION_AGREE_WITH_RESERVATION: leave it out, "
            "or correct position");
  const std::string own = std::string(43, 'A') + "=";
  const std::string tally = R"({"open":")" + own + R"(","cut":"AA==","answer":)";
  EXPECT_EQ(problem_in("consultation.tally", tally + R"(1,"own":")" + own + R"("})"), "");
  EXPECT_EQ(problem_in("consultation.tally", tally + R"(2,"own":")" + own + R"("})"),
            "own is given without answer TALLY_ANSWER_OWN: leave it out, or correct answer");
}

std::string opening(const std::string& more) {
  return R"({"question":"q","participants":["AM","BY"],)" + more + "}";
}

TEST(KindCheckTest, AMajorityIsOfTheParticipantsAndOfItsRule) {
  const auto open = [](const std::string& more) {
    return problem_in("consultation.open", opening(R"("deadline_ms":1800000000000,)" + more));
  };
  EXPECT_EQ(open(R"("rule":3,"majority":1)"), "");
  EXPECT_EQ(open(R"("rule":3,"majority":2)"), "");
  EXPECT_EQ(open(R"("rule":3,"majority":3)"),
            "majority is more than there are participants: give 2 at most");
  EXPECT_EQ(open(R"("rule":3)"),
            "majority is missing, which belongs to rule CONSULTATION_RULE_MAJORITY: give it");
  EXPECT_EQ(open(R"("rule":1,"majority":1)"),
            "majority is given without rule CONSULTATION_RULE_MAJORITY: leave it out, or correct "
            "rule");
}

TEST(KindCheckTest, AParticipantIsNamedOnce) {
  EXPECT_EQ(problem_in("consultation.open",
                       R"({"question":"q","rule":1,"deadline_ms":1800000000000,
                           "participants":["AM","BY","AM"]})"),
            "participants[2] is there twice: name each once");
}

TEST(KindCheckTest, ParticipantsAreAtMostAsManyAsMembersCanBe) {
  auto open = good("consultation.open", true);
  auto& content = dynamic_cast<v1::ConsultationOpen&>(*open);
  while (content.participants_size() < static_cast<int>(kMemberCountMax)) {
    content.add_participants("M" + std::to_string(content.participants_size()));
  }
  EXPECT_EQ(problem_with("consultation.open", content), "");
  content.add_participants("LAST");
  EXPECT_EQ(problem_with("consultation.open", content),
            "participants has too many: give 1024 at most");
}

TEST(KindCheckTest, ADeadlineIsAheadAndLeavesTheNoticePeriod) {
  const auto open = [](std::uint64_t deadline, std::uint64_t period) {
    return problem_in("consultation.open",
                      opening(R"("rule":1,"deadline_ms":)" + std::to_string(deadline) +
                              R"(,"notice_period_ms":)" + std::to_string(period)));
  };
  EXPECT_EQ(open(kCreated + 1, 1), "");
  EXPECT_EQ(open(kCreated + 1, 2),
            "notice_period_ms is longer than deadline_ms leaves: give a shorter one, or a later "
            "deadline_ms");
  EXPECT_EQ(open(kCreated, 0), "deadline_ms has passed: give a later one");
  EXPECT_EQ(open(253'402'300'799'999, 0), "");
  EXPECT_EQ(open(253'402'300'800'000, 0), "deadline_ms is too large: give 253402300799999 at most");
  v1::Text text = must(text_from_json("consultation.extend", "s", "", R"({"deadline_ms":1})"));
  text.set_in_reply_to(std::string(32, 'n'));
  EXPECT_TRUE(lines_of("consultation.extend", text, {}).empty()) << "not known when it was made";
  text = must(text_from_json("consultation.open", "s", "",
                             opening(R"("rule":1,"deadline_ms":5,"notice_period_ms":6)")));
  EXPECT_TRUE(lines_of("consultation.open", text, {}).empty()) << "not known when it was made";
}

TEST(KindCheckTest, AnAnswerNamesWhatItAnswers) {
  for (const char* const kind :
       {"consultation.respond", "consultation.extend", "consultation.withdraw", "assistance.accept",
        "assistance.decline"}) {
    v1::Text text = text_with(*good(kind, true));
    text.clear_in_reply_to();
    EXPECT_EQ(
        lines_of(kind, text),
        std::vector<std::string>{"in_reply_to is missing: name the notice that this one answers"})
        << kind;
  }
}

TEST(KindCheckTest, ACompletionSaysSomething) {
  EXPECT_EQ(problem_in("assistance.complete", R"({"report":"r"})"), "");
  EXPECT_EQ(
      problem_in("assistance.complete", R"({"delivered":[{"item":"i","quantity":1,"unit":"u"}]})"),
      "");
  EXPECT_EQ(problem_in("assistance.complete", "{}"),
            "delivered is missing, and so is report: give one of them");
}

TEST(KindCheckTest, ADocumentHasATextOrIsAttached) {
  v1::Text text = must(text_from_json("document.draft", "s", "ru", R"({"title":"t"})"));
  EXPECT_EQ(lines_of("document.draft", text),
            std::vector<std::string>{"text is missing: give it, or attach the document"});
  text.add_attachments();
  EXPECT_TRUE(lines_of("document.draft", text).empty());
}

std::string text_problem(const std::function<void(v1::Text&)>& change,
                         std::uint64_t expires_at_ms = 0) {
  v1::Text text = text_with(*good("contact", true));
  change(text);
  const auto lines =
      lines_of("contact", text, {.created_at_ms = kCreated, .expires_at_ms = expires_at_ms});
  return lines.empty() ? "" : lines.front();
}

TEST(KindCheckTest, WhatAllTextsShareIsJudgedToo) {
  EXPECT_EQ(text_problem([](auto& text) { text.set_subject(std::string(500, 'x')); }), "");
  EXPECT_EQ(text_problem([](auto& text) { text.set_subject(std::string(501, 'x')); }),
            "subject is too long: give 500 characters at most");
  EXPECT_EQ(text_problem([](auto& text) { text.set_language("hy"); }), "");
  EXPECT_EQ(text_problem([](auto& text) { text.set_language("Russian, please"); }),
            "language has not its form: give a language tag of BCP 47, as ru");
  EXPECT_EQ(text_problem([](auto& text) { text.set_thread("abc"); }),
            "thread is no notice: give its 64 digits");
  EXPECT_EQ(text_problem([](auto& text) { text.set_in_reply_to(std::string(31, 'x')); }),
            "in_reply_to is no notice: give its 64 digits");
  const auto many = [](int count) {
    return text_problem([count](auto& text) {
      for (int i = 0; i < count; ++i) {
        text.add_cancels(std::string(32, 'c'));
      }
    });
  };
  EXPECT_EQ(many(64), "");
  EXPECT_EQ(many(65), "cancels has too many: give 64 at most");
  EXPECT_EQ(text_problem([](auto& text) { text.add_supersedes(""); }),
            "supersedes[0] is empty: give the 64 digits of a notice");
}

TEST(KindCheckTest, ATranslationSaysItsLanguage) {
  const auto translation = [](const std::string& language) {
    return text_problem([&](v1::Text& text) {
      text.set_translation_of(std::string(32, 'a'));
      text.set_language(language);
    });
  };
  EXPECT_EQ(translation("en"), "");
  EXPECT_EQ(translation(""),
            "language is missing of a translation: give a language tag of BCP 47, as ru");
}

TEST(KindCheckTest, AReplyIsAskedForAheadAndBeforeTheNoticeExpires) {
  const auto reply_by = [](std::uint64_t at_ms, std::uint64_t expires_at_ms = 0) {
    return text_problem([at_ms](auto& text) { text.set_reply_by_ms(at_ms); }, expires_at_ms);
  };
  EXPECT_EQ(reply_by(kCreated + 1), "");
  EXPECT_EQ(reply_by(kCreated), "reply_by has passed: give a later one");
  EXPECT_EQ(reply_by(kCreated + 5, kCreated + 5), "");
  EXPECT_EQ(reply_by(kCreated + 6, kCreated + 5),
            "reply_by is after the notice expires: give an earlier one, or a later expiry");
  EXPECT_EQ(reply_by(253'402'300'800'000),
            "reply_by is too far: give a time before the year 10000");
}

TEST(KindCheckTest, AllProblemsAreToldAndNoMoreThanTheirLimit) {
  const v1::Text text = must(text_from_json("threat.alert", "", "", "{}"));
  const Result<void> checked = check_rules("threat.alert", text, {});
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidKind);
  EXPECT_EQ(checked.error().detail,
            "category is missing: give one of THREAT_CATEGORY_TERRORISM, "
            "THREAT_CATEGORY_EXTREMISM, THREAT_CATEGORY_NARCOTICS, "
            "THREAT_CATEGORY_ILLEGAL_MIGRATION, THREAT_CATEGORY_PROLIFERATION, "
            "THREAT_CATEGORY_ARMS_TRAFFIC, THREAT_CATEGORY_CYBER, THREAT_CATEGORY_OTHER; summary "
            "is missing: give a text (chancery kinds threat.alert shows the rules)");
  v1::SecurityStep step;
  step.set_summary("s");
  for (int i = 0; i < 100; ++i) {
    step.add_areas("");
  }
  const v1::Text many = text_with(step);
  EXPECT_EQ(problems_of("security.step", many, {}).size(), kProblemCountMax);
  EXPECT_EQ(lines_of("security.step", many).front(),
            "areas[0] is empty: give one line of at most 500 characters");
}

TEST(KindCheckTest, OfAKindThatIsNotKnownOnlyTheTextIsJudged) {
  v1::Text text;
  text.set_content("\xff");
  EXPECT_TRUE(lines_of("of.tomorrow", text).empty());
  text.set_language("?");
  EXPECT_EQ(lines_of("of.tomorrow", text).size(), 1U);
}

TEST(KindCheckTest, WhatIsNoMessageOfItsKindIsOneProblem) {
  v1::Text text;
  text.set_content("\xff");
  EXPECT_EQ(lines_of("contact", text),
            std::vector<std::string>{"content is not of this kind: give its fields"});
}

}  // namespace
}  // namespace chancery::exchange
