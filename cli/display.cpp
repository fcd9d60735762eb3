#include "cli/display.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/exchange/kind_rules.h"
#include "core/exchange/names.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kShortNoticeDigits = 12;
constexpr std::size_t kLabelColumn = 14;
constexpr std::size_t kRussianLabelColumn = 16;

// Statuses, precedences and stages.
constexpr std::array kWords = {
    exchange::Word{"actual", {"actual", "действительное"}},
    exchange::Word{"exercise", {"exercise", "учебное"}},
    exchange::Word{"test", {"test", "проверочное"}},
    exchange::Word{"draft", {"draft", "проект"}},
    exchange::Word{"deferred", {"deferred", "отложенная"}},
    exchange::Word{"routine", {"routine", "обычная"}},
    exchange::Word{"priority", {"priority", "срочная"}},
    exchange::Word{"immediate", {"immediate", "немедленная"}},
    exchange::Word{"flash", {"flash", "молния"}},
    exchange::Word{"override", {"override", "вне очереди"}},
    exchange::Word{"queued", {"queued", "в очереди"}},
    exchange::Word{"logged", {"logged", "в журнале"}},
    exchange::Word{"witnessed", {"witnessed", "засвидетельствовано"}},
    exchange::Word{"delivered", {"delivered", "доставлено"}},
    exchange::Word{"refused", {"refused", "отклонено"}},
    exchange::Word{"read", {"read", "прочитано"}},
    exchange::Word{"actioned", {"actioned", "исполнено"}},
};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) {
    out += (out.empty() ? "" : ", ") + item;
  }
  return out;
}

std::string label_of(const client::Label& label) {
  std::string out = label.classification;
  const auto add = [&out](const std::string& part) {
    if (!part.empty()) {
      out += (out.empty() ? "" : " / ") + part;
    }
  };
  add(list(label.handling));
  add(label.tlp == client::Tlp::kNone ? "" : "TLP:" + upper(to_string(label.tlp)));
  return out;
}

// The rows of a notice in full, in a language.
class Sheet {
 public:
  explicit Sheet(const Style& style) : style_(style) {}

  void row(const exchange::Words& label, std::string_view value) {
    named_row(label.in(style_.language), value);
  }
  void named_row(std::string_view label, std::string_view value) {
    if (!value.empty()) {
      out_ += label;
      const std::size_t size = shown_size(label);
      out_.append(size < column() ? column() - size : 1, ' ');
      out_ += harmless(value) + "\n";
    }
  }
  [[nodiscard]] std::string say(const exchange::Words& words) const {
    return std::string(words.in(style_.language));
  }
  void add_content(const client::Notice& notice) {
    const auto content = text::parse_json(notice.content_json, kContentDepthMax);
    if (content.has_value() && content->is_structured()) {
      out_ += "\n" + rendered(notice.kind, *content, style_);
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] std::size_t column() const {
    return style_.language == Language::kEnglish ? kLabelColumn : kRussianLabelColumn;
  }

  Style style_;
  std::string out_;
};

// Of a word that a newer exchange may have: as it is.
std::string in_language(const std::string& word, const Sheet& sheet) {
  const auto* const found = std::ranges::find(kWords, word, &exchange::Word::word);
  return found == kWords.end() ? word : sheet.say(found->name);
}

std::string recipients_of(const client::Notice& notice, const Sheet& sheet) {
  std::string out;
  for (const client::Recipient& recipient : notice.recipients) {
    out += (out.empty() ? "" : ", ") + recipient.member;
    if (recipient.role == client::Role::kInfo) {
      out += " (" + sheet.say({"info", "для сведения"}) + ")";
    }
  }
  return out;
}

std::string logged_of(const client::Details& details, const Sheet& sheet) {
  const client::Notice& notice = details.notice;
  if (details.stage < client::Stage::kLogged || details.stage > client::Stage::kDelivered) {
    return sheet.say(notice.own ? exchange::Words{"no", "нет"}
                                : exchange::Words{"not any more: the log went on before it",
                                                  "уже нет: журнал продолжен до него"});
  }
  return sheet.say({"index ", "индекс "}) + std::to_string(notice.index) +
         sheet.say({", accepted ", ", принято "}) + text::time_for_people(notice.accepted_at);
}

void add_stages(Sheet& sheet, const client::Details& details) {
  const client::Notice& notice = details.notice;
  if (notice.logged || notice.own) {
    sheet.row({"Stage", "Состояние"},
              in_language(to_string(details.stage), sheet) +
                  (notice.logged && !notice.witnessed
                       ? sheet.say({", not witnessed yet", ", ещё не засвидетельствовано"})
                       : ""));
  }
  for (const client::Details::RecipientStage& said : details.recipient_stages) {
    sheet.named_row(said.member, in_language(to_string(said.stage), sheet) + " " +
                                     text::time_for_people(said.at) +
                                     sheet.say({", entry ", ", запись "}) +
                                     std::to_string(said.index));
  }
}

void add_references(Sheet& sheet, const client::Notice& notice) {
  sheet.row({"Thread", "Переписка"}, notice.thread);
  sheet.row({"In reply to", "В ответ на"}, notice.in_reply_to);
  sheet.row({"Supersedes", "Заменяет"}, list(notice.supersedes));
  sheet.row({"Cancels", "Отменяет"}, list(notice.cancels));
  sheet.row({"Translates", "Перевод"}, notice.translation_of);
  sheet.row({"Language", "Язык"}, notice.language);
  for (const client::Attachment& attachment : notice.attachments) {
    sheet.row({"Attachment", "Вложение"}, attachment.name + ", " + attachment.media_type + ", " +
                                              std::to_string(attachment.size));
  }
}

}  // namespace

std::string status_mark(v1::Status status) {
  return status == v1::STATUS_ACTUAL ? "" : " [" + harmless(exchange::word(status)) + "]";
}

std::string inbox_line(const client::Notice& notice) {
  std::string line = std::to_string(notice.arrival) + "  " +
                     text::time_for_people(notice.accepted_at) + "  " + notice.origin + "  " +
                     upper(notice.precedence) + "  " + notice.kind + "  " +
                     notice.notice.substr(0, kShortNoticeDigits) + "  ";
  if (notice.status != to_string(client::Status::kActual)) {
    line += "[" + upper(notice.status) + "] ";
  }
  const std::string_view mark = !notice.logged      ? "(not logged) "
                                : !notice.witnessed ? "(not witnessed) "
                                                    : "";
  return harmless(line.append(mark) + (notice.own ? "(own) " : "") +
                  (notice.erased_at ? "(text erased)" : notice.subject));
}

std::string state_word(client::Stage stage, std::string_view code) {
  const bool says_it = code == "expired" || code == "withdrawn";
  return stage == client::Stage::kRefused && says_it ? std::string(code) : to_string(stage);
}

std::string outbox_line(const client::OutboxEntry& entry) {
  const client::Notice& notice = entry.notice;
  const bool queued = entry.stage == client::Stage::kQueued;
  std::string line = std::to_string(entry.number) + "  " +
                     text::time_for_people(notice.arrived_at) + "  " +
                     (queued && entry.aside  ? "aside"
                      : queued && entry.sent ? "sent"
                                             : state_word(entry.stage, entry.code)) +
                     "  " + upper(notice.precedence) + "  " + notice.kind + "  " + notice.id +
                     "  " + (notice.erased_at ? "(text erased)" : notice.subject);
  if (!entry.code.empty()) {
    line += "  (" + entry.code + ": " + (entry.detail.empty() ? entry.text : entry.detail) + ")";
  }
  return harmless(line);
}

std::string sheet(const client::Details& details, const Style& style) {
  const client::Notice& notice = details.notice;
  Sheet sheet(style);
  const auto time = [](const std::optional<client::Time>& at) {
    return at ? text::time_for_people(*at) : std::string();
  };
  sheet.row({"Subject", "Тема"}, notice.subject);
  sheet.row({"Text erased", "Текст удалён"}, time(notice.erased_at));
  sheet.row({"From", "От кого"},
            notice.origin + (notice.own ? sheet.say({" (own)", " (собственное)"}) : ""));
  sheet.row({"To", "Кому"}, recipients_of(notice, sheet));
  const exchange::KindRules* const rules = exchange::find_rules(notice.kind);
  sheet.row({"Kind", "Вид"},
            notice.kind + (rules == nullptr ? "" : " (" + sheet.say(rules->title) + ")"));
  sheet.row({"Status", "Статус"}, in_language(notice.status, sheet));
  sheet.row({"Precedence", "Категория"}, in_language(notice.precedence, sheet));
  sheet.row({"Label", "Гриф"}, label_of(notice.label));
  sheet.row({"Logged", "В журнале"}, logged_of(details, sheet));
  add_stages(sheet, details);
  sheet.row({"Created", "Создано"}, text::time_for_people(notice.created_at));
  sheet.row({"Expires", "Действует до"}, time(notice.expires_at));
  sheet.row({"Reply by", "Ответить до"}, time(notice.reply_by));
  sheet.row({"Sealed", "Зашифровано"},
            sheet.say(notice.sealed ? exchange::Words{"yes", "да"} : exchange::Words{"no", "нет"}));
  sheet.row({"Notice", "Сообщение"}, notice.notice);
  sheet.row({"Id", "Номер"}, notice.id);
  sheet.row({"Signed with", "Ключ подписи"}, notice.key_id);
  add_references(sheet, notice);
  for (const std::string& problem : notice.problems) {
    sheet.row({"Not in order", "Нарушение"}, problem);
  }
  sheet.add_content(notice);
  return sheet.take();
}

}  // namespace chancery::cli
