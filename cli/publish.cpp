#include "cli/publish.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "cli/connection.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "client/src/answer_json.h"
#include "client/src/notice_json.h"
#include "core/base/bytes.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

Result<std::string> read_to_its_end(std::istream& from, const std::string& name) {
  std::string text;
  std::istreambuf_iterator<char> in(from);
  for (; in != std::istreambuf_iterator<char>(); ++in) {
    if (text.size() == client::kNoticeFileBytesMax) {
      return fail(ErrorCode::kLimitExceeded, name + ": more than 4 MiB");
    }
    text += *in;
  }
  return text;
}

// What a shell makes of <(…), and /dev/stdin.
bool is_a_stream(const std::string& file) {
  std::error_code none;
  const std::filesystem::file_status status = std::filesystem::status(file, none);
  return std::filesystem::is_fifo(status) || std::filesystem::is_character_file(status);
}

Result<std::string> read_document(const std::string& file) {
  if (file == "-") {
    return read_to_its_end(std::cin, "stdin");
  }
  if (is_a_stream(file)) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      return fail(ErrorCode::kIo, file + " cannot be opened");
    }
    return read_to_its_end(stream, file);
  }
  return expecting("a notice as a JSON object", os::read_file(file, client::kNoticeFileBytesMax));
}

Result<client::Draft> read_draft(const std::string& file, client::Time now) {
  if (file.empty()) {
    return client::Draft{};
  }
  CHANCERY_TRY(const std::string json, read_document(file));
  return client::draft_from_json(json, file == "-" ? "stdin" : file, now);
}

void replace(std::string& field, const std::optional<std::string>& given) {
  field = given.value_or(field);
}

void replace(std::vector<std::string>& field, const std::vector<std::string>& given) {
  if (!given.empty()) {
    field = given;
  }
}

text::Json publish_json(const client::Ticket& ticket, const client::Outcome& outcome) {
  text::Json out = client::published_json(
      {.id = ticket.id(), .notice = ticket.notice(), .recipients = ticket.recipients()});
  out.update(client::outcome_json(outcome));
  return out;
}

void print(const client::Ticket& ticket, const client::Outcome& outcome) {
  std::cout << to_string(outcome.stage);
  if (outcome.stage >= client::Stage::kLogged && outcome.stage <= client::Stage::kDelivered) {
    std::cout << " at index " << outcome.index;
  }
  std::cout << "\n  notice " << harmless(ticket.notice()) << "\n  id     " << harmless(ticket.id())
            << "\n  to    ";
  for (const std::string& member : ticket.recipients()) {
    std::cout << " " << harmless(member);
  }
  std::cout << "\n";
}

}  // namespace

Result<client::Draft> make_draft(const PublishOptions& options, client::Time now) {
  CHANCERY_TRY(client::Draft draft, read_draft(options.file, now));
  replace(draft.kind, options.kind);
  draft.status = options.status ? client::status_from(*options.status) : draft.status;
  draft.precedence =
      options.precedence ? client::precedence_from(*options.precedence) : draft.precedence;
  replace(draft.label.classification, options.classification);
  replace(draft.label.handling, options.handling);
  draft.label.tlp = options.tlp ? client::tlp_from(*options.tlp) : draft.label.tlp;
  replace(draft.to, options.to);
  replace(draft.info, options.info);
  replace(draft.subject, options.subject);
  replace(draft.language, options.language);
  replace(draft.content_json, options.content);
  replace(draft.thread, options.thread);
  replace(draft.in_reply_to, options.in_reply_to);
  replace(draft.translation_of, options.translation_of);
  replace(draft.supersedes, options.supersedes);
  replace(draft.cancels, options.cancels);
  replace(draft.id, options.id);
  draft.clear = draft.clear || options.clear;
  if (options.expires) {
    CHANCERY_TRY(draft.expires_at, text::parse_future(*options.expires, now));
  }
  if (options.reply_by) {
    CHANCERY_TRY(draft.reply_by, text::parse_future(*options.reply_by, now));
  }
  if (draft.kind.empty()) {
    return fail(ErrorCode::kUsage, "which kind of notice? give --kind or --file");
  }
  if (draft.to.empty() && draft.info.empty() && draft.in_reply_to.empty()) {
    return fail(ErrorCode::kUsage, "to whom? give --to members, or codes as --to AM,BY");
  }
  return draft;
}

Result<void> complete_references(
    client::Draft& draft, const std::function<client::Notice(const std::string& name)>& show) {
  const auto complete = [&](std::string& name) {
    if (!name.empty() && name.size() != 2 * Hash{}.size()) {
      name = show(name).notice;
    }
  };
  for (std::string* const name : {&draft.thread, &draft.in_reply_to, &draft.translation_of}) {
    complete(*name);
  }
  std::ranges::for_each(draft.supersedes, complete);
  std::ranges::for_each(draft.cancels, complete);
  if (!draft.to.empty() || !draft.info.empty()) {
    return {};
  }
  const client::Notice answered = show(draft.in_reply_to);
  draft.to = {answered.origin};
  for (const client::Recipient& recipient : answered.recipients) {
    (recipient.role == client::Role::kAction ? draft.to : draft.info).push_back(recipient.member);
  }
  return {};
}

int tell_published(const client::Ticket& ticket, client::Outcome outcome, const Shared& shared) {
  if (outcome.stage == client::Stage::kUnknown) {
    outcome.stage = client::Stage::kQueued;  // That much the ticket says.
  }
  if (shared.json) {
    std::cout << json_line(publish_json(ticket, outcome)) << "\n";
  } else {
    print(ticket, outcome);
    if (outcome.verdict != client::Verdict::kReached) {
      std::cerr << error_text(client::parts_of(outcome));
    }
  }
  return outcome.verdict == client::Verdict::kReached   ? os::kExitDone
         : outcome.verdict == client::Verdict::kRefused ? os::kExitFalse
                                                        : os::kExitUnknown;
}

Result<int> run_publish(const PublishOptions& options, const Shared& shared) {
  CHANCERY_TRY(const std::chrono::milliseconds timeout, text::parse_duration(options.timeout));
  CHANCERY_TRY(client::Draft draft, make_draft(options, os::time_now()));
  CHANCERY_TRY_VOID(require_kind(draft.kind));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY_VOID(complete_references(
      draft, [&](const std::string& name) { return client.show(name).notice; }));
  if (options.wait == "logged") {
    client::PublishOutcome done = client.publish_until(draft, client::Stage::kLogged, timeout);
    return tell_published(done.ticket, std::move(done.outcome), shared);
  }
  client::Outcome outcome;
  outcome.verdict = client::Verdict::kReached;
  outcome.stage = client::Stage::kQueued;
  return tell_published(client.publish(draft), std::move(outcome), shared);
}

}  // namespace chancery::cli
