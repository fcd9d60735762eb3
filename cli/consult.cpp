#include "cli/consult.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/consultation_text.h"
#include "cli/display.h"
#include "cli/publish.h"
#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kOpeningKind = "consultation.open";
constexpr std::size_t kDigitsShown = 16;  // Of an N, in a list.

Result<int> publish(client::Client& client, const client::Draft& draft, const std::string& timeout,
                    const Shared& shared) {
  CHANCERY_TRY(const std::chrono::milliseconds patience, text::parse_duration(timeout));
  client::PublishOutcome done = client.publish_until(draft, client::Stage::kLogged, patience);
  return tell_published(done.ticket, std::move(done.outcome), shared);
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
  CHANCERY_TRY(const text::Json terms, text::parse_json(notice.content_json, kContentDepthMax));
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
                              {"deadline_ms", client::ms_from(deadline)},
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
                     {{"deadline_ms", client::ms_from(deadline)}, {"reason", options.reason}}));
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
  CHANCERY_TRY(*request.mutable_opening(), notice_prefix(options.opening));
  CHANCERY_TRY(const v1::ConsultationReply reply, ask(options.daemon, request, shared));
  if (reply.consultations_size() != 1) {
    return fail(ErrorCode::kMalformed, "the node answered something that was not asked");
  }
  if (shared.json) {
    std::cout << json_line(as_json(reply.consultations(0))) << "\n";
  } else {
    std::cout << describe_consultation(reply.consultations(0));
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
    const std::string digits = hex(as_bytes(shown.opening())).substr(0, kDigitsShown);
    if (!shown.problem().empty()) {
      std::cout << digits << "  " << conclusion_of(shown) << "\n";
      continue;
    }
    std::cout << digits << "  " << text::time_for_people(client::time_from_ms(shown.deadline_ms()))
              << "  " << conclusion_of(shown) << "  " << harmless(shown.opener()) << ": "
              << harmless(shown.terms().question()) << "\n";
  }
  if (reply.consultations().empty()) {
    std::cout << "no consultation was opened yet\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
