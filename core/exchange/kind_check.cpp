#include "core/exchange/kind_check.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "core/base/code_point.h"
#include "core/exchange/kind_rules.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"

namespace chancery::exchange {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::uint64_t kInstantMaxMs = 253'402'300'799'999;  // The last of year 9999.

bool has_more_characters(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  while (!text.empty() && count <= most) {
    text.remove_prefix(first_code_point(text).size);
    ++count;
  }
  return count > most;
}

std::string give(Form form) {
  return ": give " + std::string(form_words(form).english);
}

// Of the few that a message has: sooner looked through than found by a hash. Every rule names one:
// a unit test.
const FieldDescriptor& field_named(const google::protobuf::Descriptor& message,
                                   std::string_view name) {
  int i = 0;
  while (message.field(i)->name() != name) {
    ++i;
  }
  return *message.field(i);
}

// One message's field, read as its rule has it.
class Field {
 public:
  Field(const Message& message, std::string_view name)
      : message_(message),
        field_(field_named(*message.GetDescriptor(), name)),
        get_(*message.GetReflection()) {}

  [[nodiscard]] bool is_list() const { return field_.is_repeated(); }
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(is_list() ? get_.FieldSize(message_, &field_)
                                    : get_.HasField(message_, &field_) ? 1
                                                                       : 0);
  }
  [[nodiscard]] bool is_given() const { return size() != 0; }
  [[nodiscard]] std::string text(std::size_t i = 0) const {
    return is_list() ? get_.GetRepeatedString(message_, &field_, static_cast<int>(i))
                     : get_.GetString(message_, &field_);
  }
  [[nodiscard]] const Message& object(std::size_t i = 0) const {
    return is_list() ? get_.GetRepeatedMessage(message_, &field_, static_cast<int>(i))
                     : get_.GetMessage(message_, &field_);
  }
  [[nodiscard]] std::uint64_t number() const {
    return field_.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ? get_.GetUInt32(message_, &field_)
                                                                : get_.GetUInt64(message_, &field_);
  }
  [[nodiscard]] int choice() const { return get_.GetEnumValue(message_, &field_); }
  [[nodiscard]] const google::protobuf::EnumDescriptor& choices() const {
    return *field_.enum_type();
  }

 private:
  const Message& message_;
  const FieldDescriptor& field_;
  const google::protobuf::Reflection& get_;
};

class RuleJudge {
 public:
  RuleJudge(const KindRules* rules, const v1::Text& text, const Circumstances& circumstances)
      : rules_(rules), text_(text), circumstances_(circumstances) {}

  void judge_content(const Message& content);
  void judge_text();
  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  void add(std::string field, std::string text) {
    if (problems_.size() < kProblemCountMax) {
      problems_.push_back({std::move(field), std::move(text)});
    }
  }
  // `path` and `shown` end with a dot, or are empty: "items." and "items[1].".
  void judge_fields(const Message& message, const std::string& path, const std::string& shown);
  void judge_field(const FieldRule& rule, const Field& field, const std::string& shown);
  void judge_item(const FieldRule& rule, const Field& field, std::size_t i,
                  const std::string& shown);
  void judge_number(const FieldRule& rule, std::uint64_t number, const std::string& shown);
  void judge_relation(const Relation& relation, const Message& content);
  void judge_times(const Relation& relation, const Message& content);
  void judge_clock(const Relation& relation, const Field& field, const Message& content);
  void judge_majority(const Relation& relation, const Field& field, const Message& content);
  // Whether `field` is given exactly where it has to be.
  bool judge_presence(const Relation& relation, const Field& field, const Message& content);
  void judge_each_once(const Relation& relation, const Field& field);
  void judge_references();

  const KindRules* rules_;
  const v1::Text& text_;
  const Circumstances& circumstances_;
  std::vector<Problem> problems_;
};

void RuleJudge::judge_number(const FieldRule& rule, std::uint64_t number,
                             const std::string& shown) {
  const std::uint64_t most = rule.form == Form::kInstant ? kInstantMaxMs : rule.most;
  if (number > most) {
    add(shown, "is too large: give " + std::to_string(most) + " at most");
  }
}

void RuleJudge::judge_item(const FieldRule& rule, const Field& field, std::size_t i,
                           const std::string& shown) {
  switch (rule.form) {
    case Form::kObject:
      judge_fields(field.object(i), std::string(rule.path) + ".", shown + ".");
      return;
    case Form::kChoice:
      if (field.choices().FindValueByNumber(field.choice()) == nullptr) {
        add(shown, "is not one that is known: give one of " + choices_of(field.choices()));
      }
      return;
    case Form::kNumber:
    case Form::kInstant:
    case Form::kDuration:
      judge_number(rule, field.number(), shown);
      return;
    case Form::kTruth:
      return;
    default:
      if (const std::string value = field.text(i); value.empty() || !has_form(rule.form, value)) {
        add(shown, (value.empty() ? "is empty" : "has not its form") + give(rule.form));
      }
  }
}

void RuleJudge::judge_field(const FieldRule& rule, const Field& field, const std::string& shown) {
  const std::size_t size = field.size();
  if (size == 0) {
    if (rule.need == Need::kRequired) {
      add(shown, "is missing" + (rule.form == Form::kChoice
                                     ? ": give one of " + choices_of(field.choices())
                                     : give(rule.form)));
    }
    return;
  }
  if (field.is_list() && size > rule.most) {
    add(shown, "has too many: give " + std::to_string(rule.most) + " at most");
    return;
  }
  for (std::size_t i = 0; i < size; ++i) {
    judge_item(rule, field, i, field.is_list() ? shown + "[" + std::to_string(i) + "]" : shown);
  }
}

void RuleJudge::judge_fields(const Message& message, const std::string& path,
                             const std::string& shown) {
  for (const FieldRule& rule : rules_->fields) {
    const std::string_view name =
        rule.path.starts_with(path) ? rule.path.substr(path.size()) : std::string_view(".");
    if (name.find('.') == std::string_view::npos) {
      judge_field(rule, Field(message, name), shown + std::string(name));
    }
  }
}

void RuleJudge::judge_times(const Relation& relation, const Message& content) {
  const auto span = [&](std::string_view name) {
    const FieldRule* const rule = find_rule(*rules_, name);
    return span_of(rule->form, Field(content, name).text());
  };
  const auto field = span(relation.field);
  const auto other = span(relation.other);
  const bool before = relation.relates == Relates::kBefore;
  if (field && other && (before ? field->begin >= other->begin : field->begin > other->end)) {
    add(std::string(relation.field), std::string(before ? "is not before " : "is after ")
                                         .append(relation.other)
                                         .append(": give an earlier one, or correct the other"));
  }
}

void RuleJudge::judge_clock(const Relation& relation, const Field& field, const Message& content) {
  const std::uint64_t now = circumstances_.created_at_ms;
  if (now == 0) {
    return;
  }
  if (relation.relates == Relates::kFuture) {
    if (field.is_given() && field.number() <= now) {
      add(std::string(relation.field), "has passed: give a later one");
    }
    return;
  }
  const std::uint64_t end = Field(content, relation.other).number();
  if (end > now && field.number() > end - now) {
    add(std::string(relation.field), std::string("is longer than ")
                                         .append(relation.other)
                                         .append(" leaves: give a shorter one, or a later ")
                                         .append(relation.other));
  }
}

bool RuleJudge::judge_presence(const Relation& relation, const Field& field,
                               const Message& content) {
  const Field other(content, relation.other);
  const bool wanted = other.choice() == relation.value;
  if (field.is_given() == wanted) {
    return wanted;
  }
  const std::string with =
      std::string(relation.other) + " " + other.choices().FindValueByNumber(relation.value)->name();
  add(std::string(relation.field), wanted ? "is missing, which belongs to " + with + ": give it"
                                          : "is given without " + with +
                                                ": leave it out, or correct " +
                                                std::string(relation.other));
  return false;
}

void RuleJudge::judge_majority(const Relation& relation, const Field& field,
                               const Message& content) {
  const std::uint64_t participants = Field(content, "participants").size();
  if (judge_presence(relation, field, content) && field.number() > participants) {
    add(std::string(relation.field),
        "is more than there are participants: give " + std::to_string(participants) + " at most");
  }
}

void RuleJudge::judge_each_once(const Relation& relation, const Field& field) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!seen.insert(field.text(i)).second) {
      add(std::string(relation.field) + "[" + std::to_string(i) + "]",
          "is there twice: name each once");
    }
  }
}

void RuleJudge::judge_relation(const Relation& relation, const Message& content) {
  if (relation.relates == Relates::kInReplyTo) {
    if (text_.in_reply_to().empty()) {
      add("in_reply_to", "is missing: name the notice that this one answers");
    }
    return;
  }
  const Field field(content, relation.field);
  switch (relation.relates) {
    case Relates::kNotAfter:
    case Relates::kBefore:
      return judge_times(relation, content);
    case Relates::kFuture:
    case Relates::kNoticeTime:
      return judge_clock(relation, field, content);
    case Relates::kEither:
      if (!field.is_given() && !Field(content, relation.other).is_given()) {
        add(std::string(relation.field),
            "is missing, and so is " + std::string(relation.other) + ": give one of them");
      }
      return;
    case Relates::kExactlyWith:
      static_cast<void>(judge_presence(relation, field, content));
      return;
    case Relates::kMajority:
      return judge_majority(relation, field, content);
    case Relates::kEachOnce:
      return judge_each_once(relation, field);
    case Relates::kOrAttached:
      if (!field.is_given() && text_.attachments().empty()) {
        add(std::string(relation.field), "is missing: give it, or attach the document");
      }
      return;
    case Relates::kInReplyTo:
      return;
  }
}

void RuleJudge::judge_content(const Message& content) {
  judge_fields(content, "", "");
  for (const Relation& relation : rules_->relations) {
    judge_relation(relation, content);
  }
}

void RuleJudge::judge_references() {
  const auto judge = [this](const std::string& name, const std::string& reference) {
    if (!reference.empty() && !has_form(Form::kHash, reference)) {
      add(name, "is no notice: give its 64 digits");
    }
  };
  judge("thread", text_.thread());
  judge("in_reply_to", text_.in_reply_to());
  judge("translation_of", text_.translation_of());
  const auto judge_list = [&](const std::string& name, const auto& list) {
    if (list.size() > static_cast<int>(kReferenceCountMax)) {
      add(name, "has too many: give " + std::to_string(kReferenceCountMax) + " at most");
      return;
    }
    for (int i = 0; i < list.size(); ++i) {
      const std::string shown = name + "[" + std::to_string(i) + "]";
      judge(shown, list[i]);
      if (list[i].empty()) {
        add(shown, "is empty: give the 64 digits of a notice");
      }
    }
  };
  judge_list("supersedes", text_.supersedes());
  judge_list("cancels", text_.cancels());
}

void RuleJudge::judge_text() {
  if (has_more_characters(text_.subject(), kSubjectCharactersMax)) {
    add("subject",
        "is too long: give " + std::to_string(kSubjectCharactersMax) + " characters at most");
  }
  if (!text_.language().empty() && !has_form(Form::kLanguage, text_.language())) {
    add("language", "has not its form" + give(Form::kLanguage));
  }
  if (!text_.translation_of().empty() && text_.language().empty()) {
    add("language", "is missing of a translation" + give(Form::kLanguage));
  }
  judge_references();
  const std::uint64_t reply_by = text_.reply_by_ms();
  if (reply_by > kInstantMaxMs) {
    add("reply_by", "is too far: give a time before the year 10000");
  } else if (reply_by != 0 && reply_by <= circumstances_.created_at_ms) {
    add("reply_by", "has passed: give a later one");
  } else if (reply_by > circumstances_.expires_at_ms && circumstances_.expires_at_ms != 0) {
    add("reply_by", "is after the notice expires: give an earlier one, or a later expiry");
  }
}

}  // namespace

std::vector<Problem> problems_of(std::string_view kind, const v1::Text& text,
                                 const Circumstances& circumstances) {
  const KindInfo* const info = find_kind(kind);
  RuleJudge judge(find_rules(kind), text, circumstances);
  if (info != nullptr) {
    const std::unique_ptr<Message> content(info->prototype->New());
    if (!content->ParseFromString(text.content())) {
      return {{"content", "is not of this kind: give its fields"}};
    }
    judge.judge_content(*content);
  }
  judge.judge_text();
  return judge.take();
}

std::string problem_line(const Problem& problem) {
  return problem.field + " " + problem.text;
}

Result<void> check_rules(std::string_view kind, const v1::Text& text,
                         const Circumstances& circumstances) {
  const std::vector<Problem> problems = problems_of(kind, text, circumstances);
  if (problems.empty()) {
    return {};
  }
  std::string detail;
  for (const Problem& problem : problems) {
    detail += (detail.empty() ? "" : "; ") + problem_line(problem);
  }
  return fail(ErrorCode::kInvalidKind,
              detail + " (chancery kinds " + std::string(kind) + " shows the rules)");
}

}  // namespace chancery::exchange
