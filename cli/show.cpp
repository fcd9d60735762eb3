#include "cli/show.h"

#include <unistd.h>

#include <iostream>
#include <optional>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/terminal.h"
#include "cli/thread.h"
#include "client/src/notice_json.h"
#include "core/base/encoding.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

// Nothing where the command may not ask the node's admin socket, or it is not logged.
std::optional<v1::ThreadReply> thread_of(const client::Notice& notice, const Shared& shared) {
  const Result<std::string> n = from_hex(notice.notice);
  if (!notice.logged || !n.has_value() || !shared.client_file.empty()) {
    return std::nullopt;
  }
  const Result<DaemonTarget> target = find_daemon({.name = shared.member}, shared);
  if (!target.has_value() || target->is_hub) {
    return std::nullopt;
  }
  v1::ThreadRequest request;
  request.set_notice(*n);
  Result<v1::ThreadReply> thread = ask_thread(*target, request);
  return thread.has_value() ? std::optional(*std::move(thread)) : std::nullopt;
}

text::Json thread_without_entries(const std::optional<v1::ThreadReply>& thread) {
  if (!thread.has_value()) {
    return nullptr;
  }
  text::Json json = thread_json(*thread);
  json.erase("notice");
  json["entries"] = thread->entries_size();
  return json;
}

std::string thread_text(const v1::ThreadReply& thread) {
  if (thread.entries_size() <= 1 && standing_text(thread).empty()) {
    return "";
  }
  return "\nthread      of " + hex(as_bytes(thread.root())) + ", " +
         std::to_string(thread.entries_size()) +
         (thread.entries_size() == 1 ? " notice\n" : " notices\n") + standing_text(thread);
}

}  // namespace

Result<int> run_show(const ShowOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Language language, language_from(options.language));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Details details = client.show(options.name);
  const std::optional<v1::ThreadReply> thread = thread_of(details.notice, shared);
  if (shared.json) {
    text::Json json = client::details_json(details);
    json["standing"] = thread_without_entries(thread);
    std::cout << json_line(json) << "\n";
    return os::kExitDone;
  }
  std::cout << sheet(details, {.language = language, .width = columns(STDOUT_FILENO)});
  if (thread.has_value()) {
    std::cout << thread_text(*thread);
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
