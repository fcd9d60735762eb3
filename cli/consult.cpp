#include "cli/consult.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/publish.h"
#include "core/base/encoding.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kOpeningKind = "consultation.open";
constexpr std::size_t kDigitsShown = 16;  // Of an N, in a list.

std::uint64_t ms_of(client::Time time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

client::Time instant_of(std::uint64_t ms) {
  return client::Time(std::chrono::duration_cast<client::Time::duration>(
      std::chrono::milliseconds(static_cast<std::int64_t>(ms))));
}

Result<int> publish(client::Client& client, const client::Draft& draft, const std::string& timeout,
                    const Shared& shared) {
  CHANCERY_TRY(const std::chrono::milliseconds patience, text::parse_duration(timeout));
  const client::Ticket ticket = client.publish(draft);
  return tell_published(ticket, ticket.wait(client::Stage::kLogged, patience), shared);
}

// A draft about an opening, as its parties have to get it: to all of them, with its status,
// precedence and label.
Result<client::Draft> about(client::Client& client, const std::string& opening, std::string kind,
                            const text::Json& content) {
  const client::Notice notice = client.show(opening).notice;
  if (notice.kind != kOpeningKind) {
    return fail(ErrorCode::kUsage,
                "the notice is of kind " + notice.kind + ", and not a consultation's opening");
  }
  const text::Json terms = text::Json::parse(notice.content_json, nullptr, false);
  std::set<std::string> parties = {notice.origin};
  if (terms.is_object() && terms.contains("participants")) {
    for (const text::Json& participant : terms["participants"]) {
      parties.insert(participant.get<std::string>());
    }
  }
  client::Draft draft;
  draft.kind = std::move(kind);
  draft.status = client::status_from(notice.status);
  draft.precedence = client::precedence_from(notice.precedence);
  draft.label = notice.label;
  draft.to.assign(parties.begin(), parties.end());
  draft.subject = notice.subject;
  draft.language = notice.language;
  draft.content_json = content.dump();
  draft.in_reply_to = notice.notice;
  return draft;
}

Result<text::Json> content_of(const ConsultRespondOptions& options) {
  const int positions = static_cast<int>(options.agree) + static_cast<int>(options.abstain) +
                        static_cast<int>(options.object) +
                        static_cast<int>(options.reservation.has_value());
  if (positions != 1) {
    return fail(ErrorCode::kUsage, "one position: --agree, --reserve TEXT, --abstain or --object");
  }
  text::Json content = {{"position", options.agree     ? "POSITION_AGREE"
                                     : options.abstain ? "POSITION_ABSTAIN"
                                     : options.object  ? "POSITION_OBJECT"
                                                       : "POSITION_AGREE_WITH_RESERVATION"}};
  if (options.reservation.has_value()) {
    content["reservation"] = *options.reservation;
  }
  if (!options.statement.empty()) {
    content["statement"] = options.statement;
  }
  return content;
}

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

text::Json as_json(const v1::Consultation& shown) {
  text::Json json = {{"opening", hex(as_bytes(shown.opening()))},
                     {"index", shown.index()},
                     {"opener", shown.opener()},
                     {"subject", shown.subject()},
                     {"question", shown.terms().question()},
                     {"proposal", shown.terms().proposal()},
                     {"rule", word(shown.terms().rule())},
                     {"majority", shown.terms().majority()},
                     {"reservations_allowed", shown.terms().reservations_allowed()},
                     {"notice_period_ms", shown.terms().notice_period_ms()},
                     {"deadline", text::time_for_programs(instant_of(shown.deadline_ms()))},
                     {"conclusion", word(shown.conclusion())},
                     {"final", shown.final()},
                     {"cut", nullptr},
                     {"parties", text::Json::array()},
                     {"ignored", text::Json::array()}};
  if (shown.cut_size() > 0) {
    json["cut"] = {{"size", shown.cut_size()},
                   {"time", text::time_for_programs(instant_of(shown.cut_time_ms()))}};
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

void print(const v1::ConsultationParty& party, bool has_cut) {
  std::cout << "  " << harmless(party.member()) << (party.opens() ? " (opened it)" : "") << ": ";
  if (has_cut) {
    std::cout << (party.participates() || party.standing() == v1::CONSULTATION_STANDING_UNHEARD
                      ? word(party.standing())
                      : "heard");
  } else {
    std::cout << (party.participates() ? "not due yet" : "is not asked");
  }
  if (!party.response().empty()) {
    std::cout << "; said at " << party.response_index() << ": "
              << word(party.responded().position());
    for (const std::string& said :
         {party.responded().reservation(), party.responded().statement()}) {
      if (!said.empty()) {
        std::cout << ", \"" << harmless(said) << "\"";
      }
    }
  }
  if (!party.tally().empty()) {
    std::cout << "; tally at " << party.tally_index();
  }
  std::cout << "\n";
}

std::string word(const v1::Consultation& shown) {
  return std::string(word(shown.conclusion())) + (shown.final() ? " (final)"
                                                  : shown.cut_size() > 0
                                                      ? " so far: not every party is heard"
                                                      : "");
}

void print(const v1::Consultation& shown) {
  const bool has_cut = shown.cut_size() > 0;
  std::cout << word(shown) << "\n  opening     " << hex(as_bytes(shown.opening())) << " at "
            << shown.index() << ", by " << harmless(shown.opener()) << "\n";
  if (!shown.subject().empty()) {
    std::cout << "  subject     " << harmless(shown.subject()) << "\n";
  }
  std::cout << "  question    " << harmless(shown.terms().question()) << "\n  rule        "
            << word(shown.terms().rule());
  if (shown.terms().rule() == v1::CONSULTATION_RULE_MAJORITY) {
    std::cout << " of " << shown.terms().majority();
  }
  std::cout << (shown.terms().reservations_allowed() ? ", reservations allowed" : "")
            << "\n  deadline    " << text::time_for_people(instant_of(shown.deadline_ms())) << "\n";
  if (has_cut) {
    std::cout << "  cut         " << shown.cut_size() << " entries, cosigned by a quorum at "
              << text::time_for_people(instant_of(shown.cut_time_ms())) << "\n";
  }
  for (const v1::ConsultationParty& party : shown.parties()) {
    print(party, has_cut);
  }
  for (const v1::ConsultationIgnored& each : shown.ignored()) {
    std::cout << "  does not count: " << each.index() << " of " << harmless(each.origin()) << ", "
              << each.why() << "\n";
  }
}

Result<v1::ConsultationReply> ask(const DaemonOptions& daemon,
                                  const v1::ConsultationRequest& request, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage,
                "a member's node knows where a consultation stands, the hub reads none");
  }
  return ask_consultations(target, request);
}

}  // namespace

Result<int> run_consult_open(const ConsultOpenOptions& options, const Shared& shared) {
  const client::Time now = os::time_now();
  CHANCERY_TRY(const client::Time deadline, text::parse_future(options.deadline, now));
  CHANCERY_TRY(const std::chrono::milliseconds notice_period,
               text::parse_duration(options.notice_period));
  std::vector<std::string> participants = options.participants;
  std::ranges::sort(participants);
  std::string rule = options.rule;
  std::ranges::transform(rule, rule.begin(),
                         [](char c) { return static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c); });
  const text::Json content = {{"question", options.question},
                              {"proposal", options.proposal},
                              {"participants", participants},
                              {"deadline_ms", ms_of(deadline)},
                              {"notice_period_ms", notice_period.count()},
                              {"rule", "CONSULTATION_RULE_" + rule},
                              {"majority", options.majority.value_or(0)},
                              {"reservations_allowed", options.reservations}};
  CHANCERY_TRY(client::Draft draft,
               make_draft({.kind = std::string(kOpeningKind),
                           .status = options.status,
                           .precedence = options.precedence,
                           .to = participants,
                           .info = options.info,
                           .subject = options.subject.empty() ? options.question : options.subject,
                           .language = options.language,
                           .content = content.dump()},
                          now));
  draft.supersedes = options.supersedes;
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  return publish(client, draft, options.timeout, shared);
}

Result<int> run_consult_respond(const ConsultRespondOptions& options, const Shared& shared) {
  CHANCERY_TRY(const text::Json content, content_of(options));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY(client::Draft draft,
               about(client, options.opening, "consultation.respond", content));
  if (!options.supersedes.empty()) {
    draft.supersedes = {client.show(options.supersedes).notice.notice};
  }
  return publish(client, draft, options.timeout, shared);
}

Result<int> run_consult_extend(const ConsultExtendOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Time deadline, text::parse_future(options.deadline, os::time_now()));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY(const client::Draft draft,
               about(client, options.opening, "consultation.extend",
                     {{"deadline_ms", ms_of(deadline)}, {"reason", options.reason}}));
  return publish(client, draft, options.timeout, shared);
}

Result<int> run_consult_withdraw(const ConsultWithdrawOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY(const client::Draft draft, about(client, options.opening, "consultation.withdraw",
                                                {{"reason", options.reason}}));
  return publish(client, draft, options.timeout, shared);
}

Result<int> run_consult_status(const ConsultStatusOptions& options, const Shared& shared) {
  v1::ConsultationRequest request;
  const Result<std::string> opening = from_hex(options.opening);
  if (!opening.has_value() || opening->empty()) {
    return fail(ErrorCode::kUsage,
                "an opening is named by 8 to 64 hexadecimal digits, an even number, of its N");
  }
  request.set_opening(*opening);
  CHANCERY_TRY(const v1::ConsultationReply reply, ask(options.daemon, request, shared));
  if (reply.consultations_size() != 1) {
    return fail(ErrorCode::kMalformed, "the node answered something that was not asked");
  }
  if (shared.json) {
    std::cout << json_line(as_json(reply.consultations(0))) << "\n";
  } else {
    print(reply.consultations(0));
  }
  return os::kExitDone;
}

Result<int> run_consult_list(const ConsultListOptions& options, const Shared& shared) {
  CHANCERY_TRY(const v1::ConsultationReply reply, ask(options.daemon, {}, shared));
  if (shared.json) {
    text::Json all = text::Json::array();
    for (const v1::Consultation& shown : reply.consultations()) {
      all.push_back(as_json(shown));
    }
    std::cout << json_line({{"consultations", std::move(all)}}) << "\n";
    return os::kExitDone;
  }
  for (const v1::Consultation& shown : reply.consultations()) {
    std::cout << hex(as_bytes(shown.opening())).substr(0, kDigitsShown) << "  "
              << text::time_for_people(instant_of(shown.deadline_ms())) << "  " << word(shown)
              << "  " << harmless(shown.opener()) << ": " << harmless(shown.terms().question())
              << "\n";
  }
  if (reply.consultations().empty()) {
    std::cout << "no consultation was opened yet\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
