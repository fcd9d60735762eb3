#include "cli/verify.h"

#include <chrono>
#include <iostream>
#include <utility>

#include "cli/consultation_text.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "core/exchange/names.h"
#include "core/workflow/consultation_reply.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

using exchange::EvidenceReport;
using exchange::RecipientEvidence;
using exchange::SaidBy;

constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::uint64_t kUsPerMs = 1000;

text::Time time_of_ms(std::uint64_t ms) {
  return text::Time(std::chrono::microseconds(ms * kUsPerMs));
}

// A witness may name any second; what no calendar shows is shown as the number.
std::string time_of_s(std::uint64_t seconds, bool json) {
  constexpr std::uint64_t kMost = 253'402'300'799;  // The end of 9999.
  if (seconds > kMost) {
    return std::to_string(seconds);
  }
  const text::Time time = time_of_ms(seconds * kMsPerSecond);
  return json ? text::time_for_programs(time) : text::time_for_people(time);
}

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += "    " + harmless(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string row(std::string_view name, const std::string& value) {
  constexpr std::size_t kWidth = 12;
  std::string out = "  " + std::string(name);
  out.append(out.size() < kWidth ? kWidth - out.size() : 1, ' ');
  return out + value + "\n";
}

std::string at(const SaidBy& said) {
  return "in entry " + std::to_string(said.index) + ", logged " +
         text::time_for_people(time_of_ms(said.accepted_at_ms));
}

std::string members(const EvidenceReport& report) {
  std::string all;
  for (const exchange::WitnessEvidence& witness : report.witnesses) {
    all += (all.empty() ? "" : ", ") + witness.member;
  }
  return all;
}

std::string recipients(const EvidenceReport& report) {
  std::string all;
  for (const RecipientEvidence& recipient : report.recipients) {
    all += (all.empty() ? "" : ", ") + recipient.member;
  }
  return all;
}

std::string witness_lines(const EvidenceReport& report) {
  const std::string count = std::to_string(report.witnesses.size()) + " of " +
                            std::to_string(report.witness_count) + " witnesses";
  if (report.witnessed_at_s.has_value()) {
    return row("witnessed", "by " + count + " (" + harmless(members(report)) + "), " +
                                std::to_string(report.quorum) + " are a quorum; at " +
                                time_of_s(*report.witnessed_at_s, false) + " or later") +
           row("", "their nodes computed this log themselves, and no other can have a quorum");
  }
  return row("witnessed",
             "NO: " + count + " cosigned, and " + std::to_string(report.quorum) + " are a quorum") +
         row("", "that others were shown the same log is the hub's word alone");
}

std::string recipient_lines(const RecipientEvidence& recipient) {
  std::string out;
  const std::string name = harmless(recipient.member);
  if (recipient.delivered.has_value()) {
    const exchange::DeliveryEvidence& delivered = *recipient.delivered;
    out += row(name,
               "has it: its node stated so " + at(delivered.by) +
                   (delivered.early ? ", by index"
                                    : ", counting the log to " + std::to_string(delivered.size)));
  } else {
    out += row(name, "nothing here shows that it has the notice");
  }
  if (recipient.read.has_value()) {
    out += row("", "read: its people said so " + at(*recipient.read));
  }
  if (recipient.actioned.has_value()) {
    out += row("", "actioned: its people said so " + at(*recipient.actioned));
  }
  return out;
}

struct Shown {
  std::string subject;
  std::string language;
  text::Json content;
};

// Nothing where the text is no Text: whoever signed it could not be read by anybody.
std::optional<Shown> shown(const EvidenceReport& report) {
  if (!report.text.has_value()) {
    return std::nullopt;
  }
  const std::string& kind = report.draft.kind();
  const Result<v1::Text> text = exchange::parse_text(kind, *report.text);
  if (!text.has_value()) {
    return std::nullopt;
  }
  const Result<text::Json> content =
      text::parse_json(exchange::content_to_json(kind, text->content()), kContentDepthMax);
  return Shown{.subject = text->subject(),
               .language = text->language(),
               .content = content.has_value() ? *content : text::Json(nullptr)};
}

std::string text_lines(const EvidenceReport& report) {
  if (!report.text.has_value()) {
    return row("text", report.sealed.has_value()
                           ? "withheld: the notice is signed for a text that is not in this file"
                           : "withheld with the whole body, or erased: only its hash is here");
  }
  const std::optional<Shown> text = shown(report);
  if (!text.has_value()) {
    return row("text", "disclosed, and no text that can be read");
  }
  return row("text", "disclosed, and the one that was signed for:") + indented(text->subject) +
         indented(text::dump(text->content, 2));
}

text::Json said_json(const std::optional<SaidBy>& said) {
  return said.has_value() ? text::Json{{"index", said->index},
                                       {"accepted_at",
                                        text::time_for_programs(time_of_ms(said->accepted_at_ms))}}
                          : text::Json(nullptr);
}

text::Json recipient_json(const RecipientEvidence& recipient) {
  text::Json delivered = nullptr;
  if (recipient.delivered.has_value()) {
    delivered = said_json(recipient.delivered->by);
    delivered["size"] = recipient.delivered->size;
    delivered["early"] = recipient.delivered->early;
  }
  return {{"member", recipient.member},
          {"role", exchange::word(recipient.role)},
          {"delivered", delivered},
          {"read", said_json(recipient.read)},
          {"actioned", said_json(recipient.actioned)}};
}

std::string_view word(exchange::PinVerdict pin) {
  switch (pin) {
    case exchange::PinVerdict::kNotAsked:
      return "not asked";
    case exchange::PinVerdict::kSame:
      return "same";
    case exchange::PinVerdict::kOtherSize:
      return "other size";
  }
  return "";
}

int told_false(const EvidenceOptions& options, const Error& error, bool json) {
  if (json) {
    std::cout << json_line({{"verified", false},
                            {"file", options.file},
                            {"code", error_info(error.code).name},
                            {"detail", error.detail}})
              << "\n";
  } else {
    std::cout << "FALSE: " << harmless(options.file) << " proves nothing\n"
              << row("because", harmless(error.to_string()));
  }
  return os::kExitFalse;
}

}  // namespace

Result<Explained> explain_evidence(std::string_view bytes, const Hash& genesis,
                                   const std::optional<exchange::LogPin>& pin) {
  Explained what;
  CHANCERY_TRY(what.report, exchange::verify_evidence(bytes, genesis, pin));
  if (!what.report.thread.empty()) {
    CHANCERY_TRY(std::optional<workflow::ProvenConsultation> proven,
                 workflow::proven_consultation(what.report));
    if (proven.has_value()) {
      what.contradicted = std::move(proven->contradicted);
      what.consultation = workflow::as_reply(proven->entries, proven->outcome, proven->subject);
    }
  }
  return what;
}

std::string describe_evidence(const Explained& what) {
  const EvidenceReport& report = what.report;
  const v1::Draft& draft = report.draft;
  std::string out =
      "verified: " + harmless(draft.origin()) + " sent " + harmless(draft.kind()) + " to " +
      harmless(recipients(report)) + "\n" + row("exchange", harmless(report.exchange)) +
      row("", "genesis " + hex(report.genesis)) + row("notice", hex(report.notice)) +
      row("", exchange::word(draft.precedence()) + ", " + exchange::word(draft.status()) +
                  (draft.label().classification().empty()
                       ? ""
                       : ", " + harmless(draft.label().classification()))) +
      row("signed",
          "by a node of " + harmless(draft.origin()) + ", key " + hex(report.signing_key)) +
      row("",
          "which says that it made it " +
              text::time_for_people(text::Time(std::chrono::microseconds(report.created_at_us))));
  for (const std::string& person : report.released_by) {
    out += row("", "released by " + harmless(person));
  }
  out +=
      row("logged", "as entry " + std::to_string(report.index) + " of " +
                        harmless(report.origin_line) + ", by its clock " +
                        text::time_for_people(time_of_ms(report.accepted_at_ms))) +
      row("", "in the log of " + std::to_string(report.size) + " entries with root " +
                  hex(report.root)) +
      row("", "good under the directory of then, of which all " +
                  std::to_string(report.directory_entry_count) + " entries to that size are here");
  out += witness_lines(report);
  for (const RecipientEvidence& recipient : report.recipients) {
    out += recipient_lines(recipient);
  }
  out += text_lines(report);
  if (what.consultation.has_value()) {
    out += "The consultation that it opens, by the " + std::to_string(report.thread.size()) +
           " entries that are here: " + describe_consultation(*what.consultation);
  }
  for (const workflow::ContradictedTally& each : what.contradicted) {
    out += "  CONTRADICTED: the tally of " + harmless(each.member) + " in entry " +
           std::to_string(each.tally_index) +
           " says that its node had the text too late, and the same member's statement " +
           at(each.stated) + ", that it had it\n";
  }
  if (report.pin == exchange::PinVerdict::kSame) {
    out += row("pin", "the log is the one that you named");
  } else if (report.pin == exchange::PinVerdict::kOtherSize) {
    out += row("pin", "COULD NOT TELL: the file is of size " + std::to_string(report.size) +
                          " and shows nothing of the size that you named");
  }
  return out;
}

text::Json as_json(const Explained& what) {
  const EvidenceReport& report = what.report;
  text::Json witnesses = text::Json::array();
  for (const exchange::WitnessEvidence& witness : report.witnesses) {
    witnesses.push_back({{"member", witness.member}, {"time", time_of_s(witness.time_s, true)}});
  }
  text::Json said = text::Json::array();
  for (const RecipientEvidence& recipient : report.recipients) {
    said.push_back(recipient_json(recipient));
  }
  text::Json json{
      {"verified", true},
      {"exchange", report.exchange},
      {"genesis", hex(report.genesis)},
      {"notice", hex(report.notice)},
      {"d", hex(report.d)},
      {"origin", report.draft.origin()},
      {"notice_id", uuid_text(as_bytes(report.draft.notice_id()))},
      {"kind", report.draft.kind()},
      {"precedence", exchange::word(report.draft.precedence())},
      {"status", exchange::word(report.draft.status())},
      {"classification", report.draft.label().classification()},
      {"created_at",
       text::time_for_programs(text::Time(std::chrono::microseconds(report.created_at_us)))},
      {"signing_key", hex(report.signing_key)},
      {"released_by", report.released_by},
      {"index", report.index},
      {"accepted_at", text::time_for_programs(time_of_ms(report.accepted_at_ms))},
      {"log", {{"origin", report.origin_line}, {"size", report.size}, {"root", hex(report.root)}}},
      {"directory_entries", report.directory_entry_count},
      {"witnessed", report.witnessed()},
      {"witnesses", witnesses},
      {"witness_count", report.witness_count},
      {"quorum", report.quorum},
      {"recipients", said},
      {"sealed", report.sealed.has_value() ? text::Json(*report.sealed) : text::Json(nullptr)},
      {"pin", word(report.pin)}};
  json["witnessed_at"] = report.witnessed_at_s.has_value()
                             ? text::Json(time_of_s(*report.witnessed_at_s, true))
                             : text::Json(nullptr);
  json["text_disclosed"] = report.text.has_value();
  if (const std::optional<Shown> text = shown(report); text.has_value()) {
    json["subject"] = text->subject;
    json["language"] = text->language;
    json["content"] = text->content;
  }
  if (what.consultation.has_value()) {
    json["consultation"] = as_json(*what.consultation);
    json["contradicted"] = text::Json::array();
    for (const workflow::ContradictedTally& each : what.contradicted) {
      json["contradicted"].push_back({{"member", each.member},
                                      {"tally_index", each.tally_index},
                                      {"stated", said_json(each.stated)}});
    }
  }
  return json;
}

Result<int> run_verify(const EvidenceOptions& options, const Shared& shared) {
  const Result<Hash> genesis = hash_from_hex(options.genesis);
  if (!genesis.has_value()) {
    return fail(ErrorCode::kUsage, "--genesis is 64 hexadecimal digits in lower case");
  }
  std::optional<exchange::LogPin> pin;
  if (!options.pin.empty()) {
    const Result<exchange::LogPin> parsed = exchange::parse_log_pin(options.pin);
    if (!parsed.has_value()) {
      return fail(ErrorCode::kUsage, "--pin is SIZE:ROOT, the root in 64 hexadecimal digits");
    }
    pin = *parsed;
  }
  const Result<std::string> bytes =
      expecting("an evidence file", os::read_file(options.file, exchange::kEvidenceBytesMax + 1));
  if (!bytes.has_value()) {
    report(bytes.error(), shared.json);
    return os::kExitUnknown;
  }
  const Result<Explained> found = explain_evidence(*bytes, *genesis, pin);
  if (!found.has_value()) {
    return told_false(options, found.error(), shared.json);
  }
  if (shared.json) {
    text::Json json = as_json(*found);
    json["file"] = options.file;
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << describe_evidence(*found);
  }
  return found->report.pin == exchange::PinVerdict::kOtherSize ? os::kExitUnknown : os::kExitDone;
}

}  // namespace chancery::cli
