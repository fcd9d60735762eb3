#include "cli/thread.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "cli/consultation_text.h"
#include "cli/display.h"
#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "io/os/exit_codes.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kDigitsInTree = 12;  // Of an N.
constexpr std::uint32_t kDepthShown = 20;  // What is deeper stands as if it were so deep.

std::string_view state_of(const v1::Assistance& assistance) {
  switch (assistance.state()) {
    case v1::ASSISTANCE_STATE_OPEN:
      return "open";
    case v1::ASSISTANCE_STATE_COMPLETED:
      return "completed";
    case v1::ASSISTANCE_STATE_CANCELLED:
      return "cancelled";
    case v1::ASSISTANCE_STATE_SUPERSEDED:
      return "superseded";
    default:
      return "unknown";
  }
}

std::string_view state_of(const v1::Document& document) {
  switch (document.state()) {
    case v1::DOCUMENT_STATE_OPEN:
      return "open";
    case v1::DOCUMENT_STATE_ADOPTED:
      return "adopted";
    case v1::DOCUMENT_STATE_CANCELLED:
      return "cancelled";
    case v1::DOCUMENT_STATE_SUPERSEDED:
      return "superseded";
    default:
      return "unknown";
  }
}

std::string_view stance_of(const v1::AssistanceMember& member) {
  switch (member.stance()) {
    case v1::ASSISTANCE_STANCE_SILENT:
      return "silent";
    case v1::ASSISTANCE_STANCE_DECLINES:
      return "declines";
    case v1::ASSISTANCE_STANCE_NOT_TAKEN:
      return "not taken";
    case v1::ASSISTANCE_STANCE_OFFERS:
      return "offers";
    case v1::ASSISTANCE_STANCE_ACCEPTED:
      return "accepted";
    case v1::ASSISTANCE_STANCE_DELIVERED:
      return "delivered";
    default:
      return "unknown";
  }
}

std::string_view link_of(const v1::ThreadEntry& entry) {
  switch (entry.link()) {
    case v1::THREAD_LINK_IN_REPLY_TO:
      return "in reply to";
    case v1::THREAD_LINK_THREAD:
      return "thread";
    case v1::THREAD_LINK_TRANSLATION_OF:
      return "translation of";
    case v1::THREAD_LINK_SUPERSEDES:
      return "supersedes";
    case v1::THREAD_LINK_CANCELS:
      return "cancels";
    default:
      return "";
  }
}

std::string n_of(const std::string& bytes) {
  return hex(as_bytes(bytes));
}

std::string text_of(const v1::Assistance& shown) {
  std::string text = "assistance  " + std::string(state_of(shown)) + status_mark(shown.status()) +
                     ", asked by " + harmless(shown.requester()) + " at " +
                     std::to_string(shown.index()) + ": " + harmless(shown.subject()) + "\n";
  for (const v1::AssistanceTotal& total : shown.totals()) {
    text += "  " + harmless(total.item()) + ", " + harmless(total.unit()) + ": requested " +
            std::to_string(total.requested()) + ", offered " + std::to_string(total.offered()) +
            ", accepted " + std::to_string(total.accepted()) + ", delivered " +
            std::to_string(total.delivered()) + "\n";
  }
  if (shown.totals_left_off() > 0) {
    text += "  and " + std::to_string(shown.totals_left_off()) + " more items\n";
  }
  for (const v1::AssistanceMember& member : shown.members()) {
    text += "  " + harmless(member.member()) + ": " + std::string(stance_of(member)) + "\n";
  }
  return text;
}

std::string text_of(const v1::DocumentPosition& position) {
  std::string text;
  if (position.comments() > 0) {
    text =
        std::to_string(position.comments()) + (position.comments() == 1 ? " comment" : " comments");
  }
  if (!position.adoption().empty()) {
    text += text.empty() ? "adopted" : ", adopted";
  }
  return text;
}

std::string text_of(const v1::Document& shown) {
  std::string text = "document    " + std::string(state_of(shown));
  if (shown.adopted() > 0) {
    text += " in version " + std::to_string(shown.adopted());
  }
  text += status_mark(shown.status()) + ", drafted by " + harmless(shown.author()) + " at " +
          std::to_string(shown.index()) + ": " + harmless(shown.title()) + "\n";
  for (const v1::DocumentEdition& edition : shown.editions()) {
    text += "  version " + std::to_string(edition.version()) + " at " +
            std::to_string(edition.index()) + (edition.cancelled() ? " (cancelled)" : "") + "\n";
    for (const v1::DocumentPosition& position : edition.positions()) {
      text += "    " + harmless(position.member()) + ": " + text_of(position) + "\n";
    }
  }
  return text;
}

text::Json json_of(const v1::Assistance& shown) {
  text::Json json = {
      {"request", n_of(shown.request())}, {"index", shown.index()},
      {"requester", shown.requester()},   {"status", exchange::word(shown.status())},
      {"subject", shown.subject()},       {"state", state_of(shown)},
      {"totals", text::Json::array()},    {"totals_left_off", shown.totals_left_off()},
      {"members", text::Json::array()},
  };
  for (const v1::AssistanceTotal& total : shown.totals()) {
    json["totals"].push_back({{"item", total.item()},
                              {"unit", total.unit()},
                              {"requested", total.requested()},
                              {"offered", total.offered()},
                              {"accepted", total.accepted()},
                              {"delivered", total.delivered()}});
  }
  for (const v1::AssistanceMember& member : shown.members()) {
    json["members"].push_back({{"member", member.member()}, {"stance", stance_of(member)}});
  }
  return json;
}

text::Json json_of(const v1::Document& shown) {
  text::Json json = {{"draft", n_of(shown.draft())},
                     {"index", shown.index()},
                     {"author", shown.author()},
                     {"status", exchange::word(shown.status())},
                     {"title", shown.title()},
                     {"state", state_of(shown)},
                     {"adopted", shown.adopted() > 0 ? text::Json(shown.adopted()) : nullptr},
                     {"versions", text::Json::array()},
                     {"parties", shown.parties()}};
  for (const v1::DocumentEdition& edition : shown.editions()) {
    text::Json version = {{"version", edition.version()},
                          {"notice", n_of(edition.notice())},
                          {"index", edition.index()},
                          {"cancelled", edition.cancelled()},
                          {"positions", text::Json::array()}};
    for (const v1::DocumentPosition& position : edition.positions()) {
      version["positions"].push_back(
          {{"member", position.member()},
           {"comments", position.comments()},
           {"adoption", position.adoption().empty() ? text::Json(nullptr)
                                                    : text::Json(n_of(position.adoption()))}});
    }
    json["versions"].push_back(std::move(version));
  }
  return json;
}

text::Json json_of(const v1::ThreadEntry& entry) {
  const auto or_none = [](std::string_view text) {
    return text.empty() ? text::Json(nullptr) : text::Json(text);
  };
  return {{"index", entry.index()},
          {"notice", n_of(entry.notice())},
          {"origin", entry.origin()},
          {"kind", entry.kind()},
          {"status", exchange::word(entry.status())},
          {"accepted_at", text::time_for_programs(client::time_from_ms(entry.accepted_at_ms()))},
          {"subject", entry.erased() ? text::Json(nullptr) : text::Json(entry.subject())},
          {"erased", entry.erased()},
          {"depth", entry.depth()},
          {"link", or_none(link_of(entry))},
          {"why", or_none(entry.why())}};
}

}  // namespace

std::string standing_text(const v1::ThreadReply& thread) {
  std::string text;
  for (const v1::Consultation& shown : thread.consultations()) {
    text += "consultation " + conclusion_of(shown) + ", opened by " + harmless(shown.opener()) +
            " at " + std::to_string(shown.index()) + ": " + harmless(shown.terms().question()) +
            "\n";
  }
  for (const v1::Assistance& shown : thread.assistances()) {
    text += text_of(shown);
  }
  for (const v1::Document& shown : thread.documents()) {
    text += text_of(shown);
  }
  for (const std::string& untold : thread.untold()) {
    text += "not told    " + harmless(untold) + "\n";
  }
  if (thread.cut_off()) {
    text += "not told    the thread has more entries than a node reads of one\n";
  }
  return text;
}

std::string tree_text(const v1::ThreadReply& thread) {
  std::string text;
  for (const v1::ThreadEntry& entry : thread.entries()) {
    text += std::string(2 * std::size_t{std::min(entry.depth(), kDepthShown)}, ' ') +
            std::to_string(entry.index()) + "  " +
            text::time_for_people(client::time_from_ms(entry.accepted_at_ms())) + "  " +
            harmless(entry.origin()) + "  " + harmless(entry.kind()) + "  " +
            n_of(entry.notice()).substr(0, kDigitsInTree) + "  " +
            (entry.erased() ? "(erased)" : harmless(entry.subject())) + status_mark(entry.status());
    if (entry.notice() == thread.notice() && thread.entries_size() > 1) {
      text += "  <- this one";
    }
    text += "\n";
    if (!entry.why().empty()) {
      text += std::string(2 * std::size_t{std::min(entry.depth(), kDepthShown)}, ' ') +
              "  does not count: " + harmless(entry.why()) + "\n";
    }
  }
  return text;
}

text::Json thread_json(const v1::ThreadReply& thread) {
  text::Json json = {{"notice", n_of(thread.notice())},      {"root", n_of(thread.root())},
                     {"cut_off", thread.cut_off()},          {"entries", text::Json::array()},
                     {"consultations", text::Json::array()}, {"assistance", text::Json::array()},
                     {"documents", text::Json::array()},     {"untold", thread.untold()}};
  for (const v1::ThreadEntry& entry : thread.entries()) {
    json["entries"].push_back(json_of(entry));
  }
  for (const v1::Consultation& shown : thread.consultations()) {
    json["consultations"].push_back(as_json(shown));
  }
  for (const v1::Assistance& shown : thread.assistances()) {
    json["assistance"].push_back(json_of(shown));
  }
  for (const v1::Document& shown : thread.documents()) {
    json["documents"].push_back(json_of(shown));
  }
  return json;
}

Result<int> run_thread(const ThreadOptions& options, const Shared& shared) {
  v1::ThreadRequest request;
  CHANCERY_TRY(*request.mutable_notice(), notice_prefix(options.notice));
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage, "a member's node knows its threads, the hub reads none");
  }
  CHANCERY_TRY(const v1::ThreadReply thread, ask_thread(target, request));
  if (shared.json) {
    std::cout << json_line(thread_json(thread)) << "\n";
  } else {
    std::cout << standing_text(thread) << tree_text(thread);
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
