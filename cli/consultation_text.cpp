#include "cli/consultation_text.h"

#include "cli/display.h"
#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

std::string_view word(v1::ConsultationConclusion conclusion) {
  switch (conclusion) {
    case v1::CONSULTATION_CONCLUSION_OPEN:
      return "open";
    case v1::CONSULTATION_CONCLUSION_AGREED:
      return "agreed";
    case v1::CONSULTATION_CONCLUSION_NOT_AGREED:
      return "not agreed";
    case v1::CONSULTATION_CONCLUSION_CONTESTED:
      return "contested";
    case v1::CONSULTATION_CONCLUSION_WITHDRAWN:
      return "withdrawn";
    case v1::CONSULTATION_CONCLUSION_SUPERSEDED:
      return "superseded";
    default:
      return "unknown";
  }
}

std::string_view word(v1::ConsultationStanding standing) {
  switch (standing) {
    case v1::CONSULTATION_STANDING_UNHEARD:
      return "unheard";
    case v1::CONSULTATION_STANDING_SILENT:
      return "silent";
    case v1::CONSULTATION_STANDING_SERVED_LATE:
      return "served late";
    case v1::CONSULTATION_STANDING_AGREES:
      return "agrees";
    case v1::CONSULTATION_STANDING_RESERVES:
      return "agrees with a reservation";
    case v1::CONSULTATION_STANDING_ABSTAINS:
      return "abstains";
    case v1::CONSULTATION_STANDING_OBJECTS:
      return "objects";
    case v1::CONSULTATION_STANDING_CONTESTED:
      return "contested";
    case v1::CONSULTATION_STANDING_DROPPED:
      return "no member any more";
    default:
      return "unknown";
  }
}

std::string_view word(v1::ConsultationRule rule) {
  switch (rule) {
    case v1::CONSULTATION_RULE_SILENCE:
      return "silence";
    case v1::CONSULTATION_RULE_CONSENSUS:
      return "consensus";
    case v1::CONSULTATION_RULE_MAJORITY:
      return "majority";
    default:
      return "unknown";
  }
}

std::string_view word(v1::Position position) {
  switch (position) {
    case v1::POSITION_AGREE:
      return "agree";
    case v1::POSITION_AGREE_WITH_RESERVATION:
      return "agree with a reservation";
    case v1::POSITION_ABSTAIN:
      return "abstain";
    default:
      return "object";
  }
}

text::Json as_json(const v1::ConsultationParty& party) {
  text::Json json = {{"member", party.member()},
                     {"opens", party.opens()},
                     {"participates", party.participates()},
                     {"standing", word(party.standing())},
                     {"response", nullptr},
                     {"tally", nullptr}};
  if (!party.response().empty()) {
    json["response"] = {{"notice", hex(as_bytes(party.response()))},
                        {"index", party.response_index()},
                        {"position", word(party.responded().position())},
                        {"reservation", party.responded().reservation()},
                        {"statement", party.responded().statement()}};
  }
  if (!party.tally().empty()) {
    json["tally"] = {{"notice", hex(as_bytes(party.tally()))}, {"index", party.tally_index()}};
  }
  return json;
}

// The same to whoever asks what it means.
std::string_view in_words(v1::ConsultationStanding standing) {
  switch (standing) {
    case v1::CONSULTATION_STANDING_UNHEARD:
      return "unheard: its node has not said what its word is";
    case v1::CONSULTATION_STANDING_SILENT:
      return "silent: its own node says so, and that it had the text in time";
    case v1::CONSULTATION_STANDING_SERVED_LATE:
      return "served late: its own node says that it had the text too late";
    case v1::CONSULTATION_STANDING_CONTESTED:
      return "contested: its own node names another word than was logged in time";
    default:
      return word(standing);
  }
}

std::string describe(const v1::ConsultationParty& party, bool has_cut) {
  std::string out = "  " + harmless(party.member()) + (party.opens() ? " (opened it)" : "") + ": ";
  if (has_cut) {
    const bool is_asked =
        party.participates() || party.standing() == v1::CONSULTATION_STANDING_UNHEARD;
    out += is_asked ? in_words(party.standing()) : "heard";
  } else {
    out += party.participates() ? "not due yet" : "is not asked";
  }
  if (!party.response().empty()) {
    out += "; said at " + std::to_string(party.response_index()) + ": " +
           std::string(word(party.responded().position()));
    for (const std::string& said :
         {party.responded().reservation(), party.responded().statement()}) {
      out += said.empty() ? "" : ", \"" + harmless(said) + "\"";
    }
  }
  if (!party.tally().empty()) {
    out += "; tally at " + std::to_string(party.tally_index());
  }
  return out + "\n";
}

}  // namespace

std::string conclusion_of(const v1::Consultation& shown) {
  if (!shown.problem().empty()) {
    return "cannot be read here: " + harmless(shown.problem());
  }
  return std::string(word(shown.conclusion())) +
         (shown.final()          ? " (final)"
          : shown.cut_size() > 0 ? " so far: not every party is heard"
                                 : "") +
         status_mark(shown.status());
}

std::string describe_consultation(const v1::Consultation& shown) {
  const bool has_cut = shown.cut_size() > 0;
  std::string out = conclusion_of(shown) + "\n  opening     " + hex(as_bytes(shown.opening())) +
                    " at " + std::to_string(shown.index()) + ", by " + harmless(shown.opener()) +
                    "\n";
  if (!shown.subject().empty()) {
    out += "  subject     " + harmless(shown.subject()) + "\n";
  }
  out += "  question    " + harmless(shown.terms().question()) + "\n  rule        " +
         std::string(word(shown.terms().rule()));
  if (shown.terms().rule() == v1::CONSULTATION_RULE_MAJORITY) {
    out += " of " + std::to_string(shown.terms().majority());
  }
  out += std::string(shown.terms().reservations_allowed() ? ", reservations allowed" : "") +
         "\n  deadline    " + text::time_for_people(client::time_from_ms(shown.deadline_ms())) +
         "\n";
  if (has_cut) {
    out += "  cut         " + std::to_string(shown.cut_size()) +
           " entries, cosigned by a quorum at " +
           text::time_for_people(client::time_from_ms(shown.cut_time_ms())) + "\n";
  }
  for (const v1::ConsultationParty& party : shown.parties()) {
    out += describe(party, has_cut);
  }
  for (const v1::ConsultationIgnored& each : shown.ignored()) {
    out += "  does not count: " + std::to_string(each.index()) + " of " + harmless(each.origin()) +
           ", " + each.why() + "\n";
  }
  return out;
}

text::Json as_json(const v1::Consultation& shown) {
  text::Json json = {
      {"opening", hex(as_bytes(shown.opening()))},
      {"index", shown.index()},
      {"opener", shown.opener()},
      {"status", exchange::word(shown.status())},
      {"subject", shown.subject()},
      {"question", shown.terms().question()},
      {"proposal", shown.terms().proposal()},
      {"rule", word(shown.terms().rule())},
      {"majority", shown.terms().majority()},
      {"reservations_allowed", shown.terms().reservations_allowed()},
      {"notice_period_ms", shown.terms().notice_period_ms()},
      {"deadline", text::time_for_programs(client::time_from_ms(shown.deadline_ms()))},
      {"conclusion", word(shown.conclusion())},
      {"final", shown.final()},
      {"cut", nullptr},
      {"parties", text::Json::array()},
      {"ignored", text::Json::array()},
      {"problem", shown.problem().empty() ? text::Json(nullptr) : text::Json(shown.problem())}};
  if (shown.cut_size() > 0) {
    json["cut"] = {{"size", shown.cut_size()},
                   {"time", text::time_for_programs(client::time_from_ms(shown.cut_time_ms()))}};
  }
  for (const v1::ConsultationParty& party : shown.parties()) {
    json["parties"].push_back(as_json(party));
  }
  for (const v1::ConsultationIgnored& each : shown.ignored()) {
    json["ignored"].push_back({{"index", each.index()},
                               {"notice", hex(as_bytes(each.notice()))},
                               {"origin", each.origin()},
                               {"why", each.why()}});
  }
  return json;
}

}  // namespace chancery::cli
