#include "client/src/answer_json.h"

#include <algorithm>
#include <limits>
#include <string>

#include "client/src/json_reader.h"
#include "client/src/notice_json.h"
#include "io/text/times.h"

namespace chancery::client {
namespace {

using text::Json;

constexpr std::uint64_t kWaitMsMax = 24ULL * 3'600'000;

Result<std::uint32_t> as_count_32(const Json& value) {
  CHANCERY_TRY(const std::uint64_t count, as_count(value));
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    return wrong_type("below 4294967296");
  }
  return static_cast<std::uint32_t>(count);
}

Result<std::chrono::milliseconds> as_wait(const Json& value) {
  CHANCERY_TRY(const std::uint64_t ms, as_count(value));
  return std::chrono::milliseconds(std::min(ms, kWaitMsMax));
}

Result<std::optional<Precedence>> as_precedence(const Json& value) {
  CHANCERY_TRY(const Precedence precedence, as_word(value, precedence_from));
  return precedence;
}

FieldReader<InboxQuery> into_position(std::uint64_t Position::* member) {
  return [=](InboxQuery& query, const Json& value, Time) -> Result<void> {
    CHANCERY_TRY(query.after.*member, as_count(value));
    return {};
  };
}

Result<void> read_since(InboxQuery& query, const Json& value, Time now) {
  CHANCERY_TRY(const std::string text, as_text(value));
  const auto time = text::parse_past(text, now);
  if (!time.has_value()) {
    return fail(ErrorCode::kMalformed, time.error().detail);
  }
  query.since = *time;
  return {};
}

const FieldReaders<InboxQuery>& query_readers() {
  static const FieldReaders<InboxQuery> all_readers = {
      {"after", into_position(&Position::arrival)},
      {"after_urgent", into_position(&Position::arrival_urgent)},
      {"last", into(&InboxQuery::last, as_count_32)},
      {"limit", into(&InboxQuery::limit, as_count_32)},
      {"origins", into(&InboxQuery::origins, as_names)},
      {"kinds", into(&InboxQuery::kinds, as_names)},
      {"precedence_min", into(&InboxQuery::precedence_min, as_precedence)},
      {"since", read_since},
      {"wait_ms", into(&InboxQuery::wait, as_wait)},
  };
  return all_readers;
}

Result<std::vector<Stage>> as_stages(const Json& value) {
  CHANCERY_TRY(const std::vector<std::string> words, as_texts(value));
  std::vector<Stage> stages;
  for (const std::string& word : words) {
    const std::optional<Stage> stage = outbox_stage(word);
    if (!stage.has_value()) {
      return fail(ErrorCode::kMalformed, no_outbox_stage(word));
    }
    stages.push_back(*stage);
  }
  return stages;
}

const FieldReaders<OutboxQuery>& outbox_query_readers() {
  static const FieldReaders<OutboxQuery> all_readers = {
      {"after", into(&OutboxQuery::after, as_count)},
      {"limit", into(&OutboxQuery::limit, as_count_32)},
      {"stages", into(&OutboxQuery::stages, as_stages)},
  };
  return all_readers;
}

std::string word(Verdict verdict) {
  return verdict == Verdict::kReached   ? "reached"
         : verdict == Verdict::kRefused ? "refused"
                                        : "unknown";
}

bool is_logged(Stage stage) {
  return stage >= Stage::kLogged && stage <= Stage::kDelivered;
}

}  // namespace

Result<InboxQuery> query_from_json(std::string_view json, Time now) {
  return read_object(json, {.source = "query", .of = "a query", .now = now}, query_readers());
}

std::optional<Stage> outbox_stage(std::string_view word) {
  for (const Stage stage : {Stage::kQueued, Stage::kLogged, Stage::kRefused}) {
    if (to_string(stage) == word) {
      return stage;
    }
  }
  return std::nullopt;
}

std::string no_outbox_stage(std::string_view word) {
  return "'" + std::string(word) + "' is none of queued, logged, refused";
}

Result<OutboxQuery> outbox_query_from_json(std::string_view json) {
  return read_object(json, {.source = "query", .of = "a query", .now = {}}, outbox_query_readers());
}

Json outbox_entry_json(const OutboxEntry& entry) {
  ErrorParts error;
  error.name = entry.code;
  error.text = entry.text;
  error.remedy = entry.remedy;
  error.retryable = entry.stage != Stage::kRefused;
  Json out = notice_json(entry.notice);
  out["number"] = entry.number;
  out["stage"] = to_string(entry.stage);
  out["sent"] = entry.sent;
  out["aside"] = entry.aside;
  out["application"] = entry.application;
  out["error"] = entry.code.empty() ? Json(nullptr) : error_json(error);
  return out;
}

Json outbox_json(const OutboxPage& page) {
  Json notices = Json::array();
  for (const OutboxEntry& entry : page.entries) {
    notices.push_back(outbox_entry_json(entry));
  }
  return {{"notices", std::move(notices)}, {"next_after", page.next_after}, {"last", page.last}};
}

Json cursors_json(const Cursors& cursors) {
  Json list = Json::array();
  for (const CursorState& each : cursors.cursors) {
    list.push_back({{"cursor", each.name},
                    {"arrival", each.stands.arrival},
                    {"arrival_urgent", each.stands.arrival_urgent}});
  }
  return {{"cursors", std::move(list)}, {"newest_arrival", cursors.newest_arrival}};
}

Json page_json(const Page& page) {
  Json notices = Json::array();
  for (const Notice& notice : page.notices) {
    notices.push_back(notice_json(notice));
  }
  return {{"notices", std::move(notices)},
          {"next_after", page.next.arrival},
          {"next_after_urgent", page.next.arrival_urgent}};
}

Json published_json(const Published& published) {
  return {{"id", published.id}, {"notice", published.notice}, {"recipients", published.recipients}};
}

Json outcome_json(const Outcome& outcome) {
  const bool logged = is_logged(outcome.stage);
  return {{"verdict", word(outcome.verdict)},
          {"stage", to_string(outcome.stage)},
          {"index", logged ? Json(outcome.index) : Json(nullptr)},
          {"accepted_at", outcome.accepted_at ? Json(text::time_for_programs(*outcome.accepted_at))
                                              : Json(nullptr)},
          {"error",
           outcome.verdict == Verdict::kReached ? Json(nullptr) : error_json(parts_of(outcome))}};
}

Json stats_json(const Stats& stats) {
  return {{"connected", stats.connected},
          {"connection_count", stats.connection_count},
          {"request_count", stats.request_count},
          {"resend_count", stats.resend_count},
          {"timeout_count", stats.timeout_count}};
}

Json kind_json(const Kind& kind) {
  Json fields = Json::array();
  for (const KindField& field : kind.fields) {
    fields.push_back({{"name", field.name}, {"type", field.type}});
  }
  return {{"kind", kind.name}, {"title", kind.title}, {"fields", std::move(fields)}};
}

Json kinds_json(const std::vector<Kind>& kinds) {
  Json list = Json::array();
  for (const Kind& kind : kinds) {
    list.push_back(kind_json(kind));
  }
  return {{"kinds", std::move(list)}};
}

Json error_json(const ErrorParts& error) {
  Json out = {{"code", error.name},
              {"text", error.text},
              {"detail", error.detail},
              {"remedy", error.remedy},
              {"retryable", error.retryable}};
  if (!error.notice_id.empty()) {
    out["notice_id"] = error.notice_id;
  }
  return out;
}

ErrorParts parts_of(const Outcome& outcome) {
  ErrorParts parts;
  parts.name = outcome.code;
  parts.text = outcome.text;
  parts.remedy = outcome.remedy;
  parts.retryable = outcome.verdict == Verdict::kUnknown;
  return parts;
}

}  // namespace chancery::client
