#include "cli/find.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <span>
#include <thread>
#include <utility>

#include "cli/display.h"
#include "cli/lookup.h"
#include "client/src/convert.h"
#include "client/src/notice_json.h"
#include "core/base/code_point.h"
#include "core/exchange/kind_rules.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kFoundPage = 500;
constexpr std::size_t kFoundDigits = 12;  // Of an N.
// A node looks new notices through once it is quiet: a moment is worth waiting for.
constexpr milliseconds kUnreadWait{100};
constexpr int kUnreadWaits = 20;
constexpr std::string_view kCategoryPrefix = "THREAT_CATEGORY_";

// A register, and which of its fields its table shows.
struct Register {
  std::string_view name;
  std::string_view kind;
  std::array<std::string_view, 3> shown;
};
constexpr std::array kRegisters = {
    Register{"contacts", "contact", {"date", "counterpart", "place"}},
    Register{"threats", "threat.alert", {"category", "areas", "summary"}},
    Register{"training", "training", {"begins", "title", "place"}},
};

std::string in_capitals(std::string word) {
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return word;
}

const Register& register_of(std::string_view kind) {
  const auto* const found = std::ranges::find(kRegisters, kind, &Register::kind);
  CHANCERY_CHECK(found != kRegisters.end());
  return *found;
}

Result<v1::ThreatCategory> category_from(std::string word) {
  std::ranges::replace(word, '-', '_');
  v1::ThreatCategory category = v1::THREAT_CATEGORY_UNSPECIFIED;
  if (!v1::ThreatCategory_Parse(std::string(kCategoryPrefix) + in_capitals(word), &category) ||
      category == v1::THREAT_CATEGORY_UNSPECIFIED) {
    return fail(ErrorCode::kUsage,
                "a category is one of terrorism, extremism, narcotics, illegal-migration, "
                "proliferation, arms-traffic, cyber, other");
  }
  return category;
}

std::string state_of(const FoundNotices::Entry& entry) {
  return entry.cancelled ? "cancelled" : entry.superseded ? "superseded" : "current";
}

// A value of a content as one text; lists and objects are joined.
std::string value_text(const text::Json& value) {
  if (value.is_string()) {
    const auto& word = value.get_ref<const std::string&>();
    const std::string_view named = exchange::value_words(word).in(exchange::Language::kEnglish);
    return named.empty() ? word : std::string(named);
  }
  if (!value.is_structured()) {
    return value.is_null() ? std::string() : text::dump(value);
  }
  std::string joined;
  for (const text::Json& each : value) {
    joined += (joined.empty() ? "" : "; ") + value_text(each);
  }
  return joined;
}

// By name; nothing of a content that is not known.
text::Json content_of(const client::Notice& notice) {
  const Result<text::Json> content = text::parse_json(notice.content_json, kContentDepthMax);
  return content.has_value() && content->is_object() ? *content : text::Json::object();
}

std::string field_text(const text::Json& content, std::string_view field) {
  const auto found = content.find(std::string(field));
  return found == content.end() ? std::string() : value_text(*found);
}

// Blanks may stand before it: some programs pass over them.
bool looks_like_formula(std::string_view text) {
  constexpr std::array<char32_t, 10> kBegins = {U'=',  U'+',   U'-',   U'@',   U'\t',
                                                U'\r', 0xff1d, 0xff0b, 0xff0d, 0xff20};
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) {
    return false;
  }
  return std::ranges::find(kBegins, first_code_point(text.substr(first)).value) != kBegins.end();
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    line += (line.empty() ? "" : ",") + csv_cell(cell);
  }
  return line + "\r\n";
}

std::vector<std::string_view> fields_of(std::string_view kind) {
  std::vector<std::string_view> fields;
  for (const exchange::FieldRule& rule : exchange::find_rules(kind)->fields) {
    if (rule.path.find('.') == std::string_view::npos) {
      fields.push_back(rule.path);
    }
  }
  return fields;
}

void add_row(std::string& out, const std::vector<std::string>& cells,
             std::span<const std::size_t> widths) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += cells[i];
    if (i + 1 < cells.size()) {
      out.append(widths[i] - shown_size(cells[i]) + 2, ' ');
    }
  }
  out += "\n";
}

std::string marks_of(const FoundNotices::Entry& entry) {
  const client::Notice& notice = entry.notice;
  std::string marks;
  if (notice.status != client::to_string(client::Status::kActual)) {
    marks += "[" + in_capitals(notice.status) + "] ";
  }
  if (entry.superseded || entry.cancelled) {
    marks += "(" + state_of(entry) + ") ";
  }
  marks += !notice.logged ? "(not logged) " : !notice.witnessed ? "(not witnessed) " : "";
  return marks + (notice.own ? "(own) " : "");
}

text::Json as_json(const FoundNotices& found) {
  text::Json notices = text::Json::array();
  for (const FoundNotices::Entry& entry : found.entries) {
    text::Json notice = client::notice_json(entry.notice);
    notice["superseded"] = entry.superseded;
    notice["cancelled"] = entry.cancelled;
    notices.push_back(std::move(notice));
  }
  return {{"notices", std::move(notices)}, {"more", found.more}, {"unread", found.unread}};
}

Result<FoundNotices> ask(const FindOptions& options, const Shared& shared) {
  CHANCERY_TRY(v1::FindRequest request, find_request(options, os::time_now()));
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage, "a member's node has its registers, the hub reads nothing");
  }
  return find_all([&](const v1::FindRequest& page) { return ask_find(target, page); },
                  std::move(request), options.limit);
}

// What a reader of the table would not see.
void tell_rest(const FoundNotices& found) {
  if (found.more) {
    std::cerr << "there are older ones: --limit\n";
  }
  if (found.unread > 0) {
    std::cerr << found.unread << " notices are not looked through yet\n";
  }
}

}  // namespace

std::string_view kind_of_register(std::string_view name) {
  const auto* const found = std::ranges::find(kRegisters, name, &Register::name);
  CHANCERY_CHECK(found != kRegisters.end());
  return found->kind;
}

Result<v1::FindRequest> find_request(const FindOptions& options, client::Time now) {
  v1::FindRequest request;
  for (const std::string& kind : options.kinds) {
    CHANCERY_TRY_VOID(require_pattern(kind));
    request.add_kinds(kind);
  }
  request.mutable_origins()->Assign(options.from.begin(), options.from.end());
  request.set_actual(options.statuses.empty());
  for (const std::string& word : options.statuses) {
    switch (client::status_from(word)) {
      case client::Status::kActual:
        request.set_actual(true);
        break;
      case client::Status::kExercise:
        request.set_exercise(true);
        break;
      case client::Status::kTest:
        request.set_test(true);
        break;
      case client::Status::kDraft:
        request.set_draft(true);
        break;
    }
  }
  if (!options.since.empty()) {
    CHANCERY_TRY(const client::Time since, text::parse_past(options.since, now));
    request.set_since_ms(client::ms_from(since));
  }
  if (!options.until.empty()) {
    CHANCERY_TRY(const client::Time until, text::parse_past(options.until, now));
    request.set_until_ms(client::ms_from(until));
  }
  if (!options.category.empty()) {
    CHANCERY_TRY(const v1::ThreatCategory category, category_from(options.category));
    request.set_category(category);
  }
  request.set_words(options.words);
  request.set_replaced(options.replaced);
  return request;
}

Result<FoundNotices> find_all(
    const std::function<Result<v1::FindReply>(const v1::FindRequest&)>& ask,
    v1::FindRequest request, std::uint32_t limit) {
  FoundNotices found;
  while (found.entries.size() < limit) {
    const auto left = static_cast<std::uint32_t>(limit - found.entries.size());
    request.set_limit(std::min(left, kFoundPage));
    CHANCERY_TRY(v1::FindReply reply, ask(request));
    for (int waits = 0; request.before() == 0 && reply.unread() > 0 && waits < kUnreadWaits;
         ++waits) {
      std::this_thread::sleep_for(kUnreadWait);
      CHANCERY_TRY(reply, ask(request));
    }
    for (const v1::FoundNotice& each : reply.found()) {
      CHANCERY_TRY(client::Notice notice, client::notice_from(each.item()));
      found.entries.push_back({.notice = std::move(notice),
                               .superseded = each.superseded(),
                               .cancelled = each.cancelled()});
    }
    found.unread = reply.unread();
    found.more = reply.next_before() != 0;
    if (!found.more) {
      break;
    }
    request.set_before(reply.next_before());
  }
  return found;
}

// Some programs begin a new cell at each semicolon, whatever quotes are around it.
std::string csv_cell(std::string_view text) {
  std::string cell = (looks_like_formula(text) ? "'" : "") + harmless(text);
  for (std::size_t at = cell.find(';'); at != std::string::npos; at = cell.find(';', at + 1)) {
    if (looks_like_formula(std::string_view(cell).substr(at + 1))) {
      cell.insert(at + 1, "'");
    }
  }
  if (cell.find_first_of(",\"") == std::string::npos && !cell.starts_with(' ') &&
      !cell.ends_with(' ')) {
    return cell;
  }
  std::string quoted = "\"";
  for (const char c : cell) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string register_csv(std::string_view kind, const FoundNotices& found) {
  const std::vector<std::string_view> fields = fields_of(kind);
  std::vector<std::string> cells = {"accepted", "origin", "status",   "precedence", "state",
                                    "index",    "notice", "language", "subject"};
  cells.insert(cells.end(), fields.begin(), fields.end());
  std::string out = csv_line(cells);
  for (const FoundNotices::Entry& entry : found.entries) {
    const client::Notice& notice = entry.notice;
    cells = {text::time_for_programs(notice.accepted_at),
             notice.origin,
             notice.status,
             notice.precedence,
             state_of(entry),
             notice.logged ? std::to_string(notice.index) : "",
             notice.notice,
             notice.language,
             notice.subject};
    const text::Json content = content_of(notice);
    for (const std::string_view field : fields) {
      cells.push_back(field_text(content, field));
    }
    out += csv_line(cells);
  }
  return out;
}

std::string register_table(std::string_view kind, const FoundNotices& found) {
  const Register& shown = register_of(kind);
  const exchange::KindRules& rules = *exchange::find_rules(kind);
  std::vector<std::vector<std::string>> rows = {{"Accepted", "Origin", "Notice"}};
  for (const std::string_view field : shown.shown) {
    rows.front().emplace_back(
        exchange::find_rule(rules, field)->label.in(exchange::Language::kEnglish));
  }
  rows.front().emplace_back("Subject");
  for (const FoundNotices::Entry& entry : found.entries) {
    const client::Notice& notice = entry.notice;
    std::vector<std::string>& row = rows.emplace_back();
    row = {text::time_for_people(notice.accepted_at), harmless(notice.origin),
           notice.notice.substr(0, kFoundDigits)};
    const text::Json content = content_of(notice);
    for (const std::string_view field : shown.shown) {
      row.push_back(harmless(field_text(content, field)));
    }
    row.push_back(harmless(marks_of(entry) + notice.subject));
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], shown_size(row[i]));
    }
  }
  std::string out;
  for (const std::vector<std::string>& row : rows) {
    add_row(out, row, widths);
  }
  return out;
}

std::string found_line(const FoundNotices::Entry& entry) {
  const client::Notice& notice = entry.notice;
  return harmless(text::time_for_people(notice.accepted_at) + "  " + notice.origin + "  " +
                  in_capitals(notice.precedence) + "  " + notice.kind + "  " +
                  notice.notice.substr(0, kFoundDigits) + "  " + marks_of(entry) + notice.subject);
}

Result<int> run_register(const FindOptions& options, const Shared& shared) {
  if (options.csv && shared.json) {
    return fail(ErrorCode::kUsage, "either --csv or --json");
  }
  CHANCERY_TRY(const FoundNotices found, ask(options, shared));
  const std::string& kind = options.kinds.front();
  if (shared.json) {
    std::cout << json_line(as_json(found)) << "\n";
  } else {
    std::cout << (options.csv ? register_csv(kind, found) : register_table(kind, found));
    tell_rest(found);
  }
  return os::kExitDone;
}

Result<int> run_search(const FindOptions& options, const Shared& shared) {
  CHANCERY_TRY(const FoundNotices found, ask(options, shared));
  if (shared.json) {
    std::cout << json_line(as_json(found)) << "\n";
    return os::kExitDone;
  }
  for (const FoundNotices::Entry& entry : found.entries) {
    std::cout << found_line(entry) << "\n";
  }
  if (found.entries.empty()) {
    std::cout << "nothing was found\n";
  }
  tell_rest(found);
  return os::kExitDone;
}

}  // namespace chancery::cli
