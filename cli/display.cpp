#include "cli/display.h"

#include <algorithm>

#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kShortNoticeDigits = 12;
constexpr std::size_t kLabelColumn = 14;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

void row(std::string& out, std::string_view label, std::string_view value) {
  if (!value.empty()) {
    out += label;
    out.append(kLabelColumn - label.size(), ' ');
    out += harmless(value) + "\n";
  }
}

std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) {
    out += (out.empty() ? "" : ", ") + item;
  }
  return out;
}

std::string recipients_of(const client::Notice& notice) {
  std::string out;
  for (const client::Recipient& recipient : notice.recipients) {
    out += (out.empty() ? "" : ", ") + recipient.member;
    if (recipient.role == client::Role::kInfo) {
      out += " (info)";
    }
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

bool is_flat(const text::Json& value) {
  return !value.is_structured() ||
         (value.is_array() &&
          std::ranges::none_of(value, [](const auto& v) { return v.is_structured(); }));
}

std::string flat(const text::Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (!value.is_array()) {
    return text::dump(value);
  }
  std::string out;
  for (const text::Json& item : value) {
    out += (out.empty() ? "" : "; ") + flat(item);
  }
  return out;
}

// The lines of a text stay lines here, each under its indent, so that none can pass for ours.
void add_paragraphs(std::string& out, std::string_view text, const std::string& indent) {
  bool first = true;
  while (true) {
    const std::size_t end = text.find('\n');
    out += (first ? "" : indent + "    ") + harmless(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) {
      return;
    }
    text.remove_prefix(end + 1);
    first = false;
  }
}

void add_content(std::string& out, const text::Json& value, const std::string& indent) {
  for (const auto& [key, item] : value.items()) {
    out += indent;
    out += harmless(value.is_array() ? "-" : key + ":");
    if (is_flat(item)) {
      out += " ";
      add_paragraphs(out, flat(item), indent);
    } else {
      out += "\n";
      add_content(out, item, indent + "  ");
    }
  }
}

}  // namespace

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

std::string sheet(const client::Details& details) {
  const client::Notice& notice = details.notice;
  std::string out;
  row(out, "Subject", notice.subject);
  row(out, "Text erased", notice.erased_at ? text::time_for_people(*notice.erased_at) : "");
  row(out, "From", notice.origin + (notice.own ? " (own)" : ""));
  row(out, "To", recipients_of(notice));
  row(out, "Kind", notice.kind);
  row(out, "Status", notice.status);
  row(out, "Precedence", notice.precedence);
  row(out, "Label", label_of(notice.label));
  row(out, "Logged",
      details.stage < client::Stage::kLogged || details.stage > client::Stage::kDelivered
          ? (notice.own ? "no" : "not any more: the log went on before it")
          : "index " + std::to_string(notice.index) + ", accepted " +
                text::time_for_people(notice.accepted_at));
  if (notice.logged || notice.own) {
    row(out, "Stage",
        to_string(details.stage) +
            (notice.logged && !notice.witnessed ? ", not witnessed yet" : ""));
  }
  for (const client::Details::RecipientStage& said : details.recipient_stages) {
    const std::string word = to_string(said.stage);
    row(out, said.member,
        word + " " + text::time_for_people(said.at) + ", entry " + std::to_string(said.index));
  }
  row(out, "Created", text::time_for_people(notice.created_at));
  row(out, "Expires", notice.expires_at ? text::time_for_people(*notice.expires_at) : "");
  row(out, "Reply by", notice.reply_by ? text::time_for_people(*notice.reply_by) : "");
  row(out, "Sealed", notice.sealed ? "yes" : "no");
  row(out, "Notice", notice.notice);
  row(out, "Id", notice.id);
  row(out, "Signed with", notice.key_id);
  row(out, "Thread", notice.thread);
  row(out, "In reply to", notice.in_reply_to);
  row(out, "Supersedes", list(notice.supersedes));
  row(out, "Cancels", list(notice.cancels));
  row(out, "Translates", notice.translation_of);
  row(out, "Language", notice.language);
  for (const client::Attachment& attachment : notice.attachments) {
    row(out, "Attachment",
        attachment.name + ", " + attachment.media_type + ", " + std::to_string(attachment.size));
  }
  const auto content = text::parse_json(notice.content_json, kContentDepthMax);
  if (content.has_value() && content->is_structured()) {
    out += "\n";
    add_content(out, *content, "  ");
  }
  return out;
}

}  // namespace chancery::cli
