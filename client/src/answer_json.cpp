#include "client/src/answer_json.h"

#include <algorithm>
#include <limits>
#include <string>

#include "client/src/json_reader.h"
#include "client/src/notice_json.h"
#include "io/text/harmless.h"
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

Result<std::vector<Status>> as_statuses(const Json& value) {
  CHANCERY_TRY(const std::vector<std::string> words, as_names(value));
  std::vector<Status> statuses;
  for (const std::string& word : words) {
    CHANCERY_TRY(const Status status, as_word(Json(word), status_from));
    statuses.push_back(status);
  }
  return statuses;
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
      {"statuses", into(&InboxQuery::statuses, as_statuses)},
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

// Of each notice only what says which one it was: what else a document has of it was ours.
Result<std::vector<Attempt>> as_attempts(const Json& value) {
  if (!value.is_array()) {
    return wrong_type("a list of notices");
  }
  std::vector<Attempt> attempts;
  for (const Json& item : value) {
    if (!item.is_object() || !item.contains("arrival")) {
      return wrong_type("a list of notices, each with its arrival");
    }
    Attempt& attempt = attempts.emplace_back();
    CHANCERY_TRY(attempt.arrival, as_count(item.at("arrival")));
    if (item.contains("attempts")) {
      CHANCERY_TRY(attempt.attempts, as_count_32(item.at("attempts")));
    }
  }
  return attempts;
}

Result<std::vector<std::uint64_t>> as_counts(const Json& value) {
  if (!value.is_array()) {
    return wrong_type("a list of numbers");
  }
  std::vector<std::uint64_t> counts;
  for (const Json& item : value) {
    CHANCERY_TRY(const std::uint64_t count, as_count(item));
    counts.push_back(count);
  }
  return counts;
}

FieldReader<PageDone> into_end(std::uint64_t Position::* member) {
  return [=](PageDone& done, const Json& value, Time) -> Result<void> {
    CHANCERY_TRY(done.next.*member, as_count(value));
    return {};
  };
}

Result<void> pass_by(PageDone&, const Json&, Time) {
  return {};
}

const FieldReaders<PageDone>& page_done_readers() {
  static const FieldReaders<PageDone> all_readers = {
      {"notices", into(&PageDone::notices, as_attempts)},
      {"next_after", into_end(&Position::arrival)},
      {"next_after_urgent", into_end(&Position::arrival_urgent)},
      {"unmarked", pass_by},
  };
  return all_readers;
}

// A delay that is too long is the node's to refuse: it is not made shorter here.
Result<std::chrono::milliseconds> as_delay(const Json& value) {
  constexpr std::uint64_t kMost = 1ULL << 62U;
  CHANCERY_TRY(const std::uint64_t ms, as_count(value));
  return std::chrono::milliseconds(std::min(ms, kMost));
}

template <class Member>
FieldReader<NackOrder> into_how(Member Nack::* member, Result<Member> (*read)(const Json&)) {
  return [=](NackOrder& order, const Json& value, Time) -> Result<void> {
    CHANCERY_TRY(order.how.*member, read(value));
    return {};
  };
}

const FieldReaders<NackOrder>& nack_readers() {
  static const FieldReaders<NackOrder> all_readers = {
      {"notices", into(&NackOrder::notices, as_attempts)},
      {"delay_ms", into_how(&Nack::delay, as_delay)},
      {"attempts_max", into_how(&Nack::attempts_max, as_count_32)},
      {"quarantine", into_how(&Nack::quarantine, as_truth)},
      {"reason", into_how(&Nack::reason, as_text)},
  };
  return all_readers;
}

const FieldReaders<DeferredQuery>& deferred_query_readers() {
  static const FieldReaders<DeferredQuery> all_readers = {
      {"after", into(&DeferredQuery::after, as_count)},
      {"limit", into(&DeferredQuery::limit, as_count_32)},
      {"waiting", into(&DeferredQuery::waiting, as_truth)},
      {"quarantined", into(&DeferredQuery::quarantined, as_truth)},
  };
  return all_readers;
}

const FieldReaders<RedriveOrder>& redrive_readers() {
  static const FieldReaders<RedriveOrder> all_readers = {
      {"arrivals", into(&RedriveOrder::arrivals, as_counts)},
      {"all", into(&RedriveOrder::all, as_truth)},
  };
  return all_readers;
}

void add_deferral(Json& out, const Deferral& deferral) {
  out["attempts"] = deferral.attempts;
  out["due_at"] = text::time_for_programs(deferral.due_at);
  out["quarantined_at"] = deferral.quarantined_at
                              ? Json(text::time_for_programs(*deferral.quarantined_at))
                              : Json(nullptr);
  out["reason"] = deferral.reason;
}

std::string word(Verdict verdict) {
  return verdict == Verdict::kReached   ? "reached"
         : verdict == Verdict::kRefused ? "refused"
                                        : "unknown";
}

bool is_logged(Stage stage) {
  return stage >= Stage::kLogged && stage <= Stage::kDelivered;
}

Json fields_json(const std::vector<KindField>& fields) {
  Json out = Json::array();
  for (const KindField& field : fields) {
    out.push_back({{"name", field.name},
                   {"type", field.type},
                   {"required", field.required},
                   {"rule", field.rule},
                   {"label", field.label},
                   {"label_ru", field.label_ru},
                   {"fields", fields_json(field.fields)}});
  }
  return out;
}

std::string result_text(const PublishResult& result) {
  if (const auto* const why_not = std::get_if<ErrorParts>(&result)) {
    Json error = error_json(*why_not);
    error["number"] = why_not->number;
    error["retry_after_ms"] = why_not->retry_after.count();
    return text::dump(
        {{"id", why_not->notice_id.empty() ? Json(nullptr) : Json(why_not->notice_id)},
         {"notice", nullptr},
         {"recipients", nullptr},
         {"error", std::move(error)}});
  }
  const auto& published = std::get<Published>(result);
  detail::JsonWriter json;
  json.text("id", published.id);
  json.text("notice", published.notice);
  json.texts("recipients", published.recipients);
  json.json("error", "null");
  return json.take();
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

Result<std::vector<std::variant<Draft, ErrorParts>>> drafts_from_json(std::string_view json,
                                                                      Time now) {
  std::vector<std::variant<Draft, ErrorParts>> drafts;
  if (auto good = good_drafts(json, now)) {
    drafts.assign(std::make_move_iterator(good->begin()), std::make_move_iterator(good->end()));
    return drafts;
  }
  const Document document{.source = "drafts", .of = "a batch", .now = now};
  CHANCERY_TRY(const Json object, parse_object(json, document));
  for (const auto& [key, value] : object.items()) {
    if (key != "drafts") {
      return unknown_key(key, document, {"drafts"});
    }
  }
  if (!object.contains("drafts") || !object.at("drafts").is_array()) {
    return fail(ErrorCode::kMalformed, "drafts: 'drafts': is not a list of drafts");
  }
  for (const Json& item : object.at("drafts")) {
    const std::string source = "drafts[" + std::to_string(drafts.size()) + "]";
    Result<Draft> draft = draft_from_object(item, source, now);
    if (draft.has_value()) {
      drafts.emplace_back(*std::move(draft));
      continue;
    }
    ErrorParts parts = parts_of(draft.error());
    if (item.is_object() && item.contains("id") && item.at("id").is_string()) {
      parts.notice_id = item.at("id").get<std::string>();
    }
    drafts.emplace_back(std::move(parts));
  }
  return drafts;
}

std::string results_line(const std::vector<PublishResult>& results) {
  std::string line = "{\"results\":[";
  for (const PublishResult& result : results) {
    line += &result == &results.front() ? "" : ",";
    line += result_text(result);
  }
  line += "]}";
  return text::harmless(line);
}

Result<PageDone> page_done_from_json(std::string_view json) {
  return read_object(json, {.source = "page", .of = "a page", .now = {}}, page_done_readers());
}

Result<NackOrder> nack_from_json(std::string_view json) {
  return read_object(json, {.source = "nack", .of = "a nack", .now = {}}, nack_readers());
}

Result<DeferredQuery> deferred_query_from_json(std::string_view json) {
  return read_object(json, {.source = "query", .of = "a query", .now = {}},
                     deferred_query_readers());
}

Result<RedriveOrder> redrive_from_json(std::string_view json) {
  CHANCERY_TRY(RedriveOrder order,
               read_object(json, {.source = "which", .of = "what to redrive", .now = {}},
                           redrive_readers()));
  if (order.arrivals.empty() == !order.all) {
    return fail(ErrorCode::kMalformed, "which: either 'arrivals' or 'all'");
  }
  return order;
}

Json deferrals_json(const std::vector<Deferral>& deferrals) {
  Json list = Json::array();
  for (const Deferral& each : deferrals) {
    Json item = {{"arrival", each.arrival}};
    add_deferral(item, each);
    list.push_back(std::move(item));
  }
  return {{"deferrals", std::move(list)}};
}

Json deferred_entry_json(const DeferredEntry& entry) {
  Json out = notice_json(entry.notice);
  add_deferral(out, entry.deferral);
  return out;
}

Json deferred_json(const DeferredPage& page) {
  Json notices = Json::array();
  for (const DeferredEntry& entry : page.entries) {
    notices.push_back(deferred_entry_json(entry));
  }
  return {{"notices", std::move(notices)}, {"next_after", page.next_after}, {"last", page.last}};
}

Json outbox_entry_json(const OutboxEntry& entry) {
  ErrorParts error;
  error.name = entry.code;
  error.text = entry.text;
  error.detail = entry.detail;
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

std::string page_line(const Page& page, std::optional<bool> more) {
  std::vector<std::string> notices;
  notices.reserve(page.notices.size());
  for (const Notice& notice : page.notices) {
    notices.push_back(to_json(notice));
  }
  detail::JsonWriter json;
  json.list("notices", notices);
  json.number("next_after", page.next.arrival);
  json.number("next_after_urgent", page.next.arrival_urgent);
  json.truth("unmarked", page.unmarked);
  if (more.has_value()) {
    json.truth("more", *more);
  }
  return text::harmless(json.take());
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
  return {{"kind", kind.name},
          {"title", kind.title},
          {"title_ru", kind.title_ru},
          {"fields", fields_json(kind.fields)},
          {"rules", kind.rules}};
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
  parts.detail = outcome.detail;
  parts.remedy = outcome.remedy;
  parts.retryable = outcome.verdict == Verdict::kUnknown;
  return parts;
}

}  // namespace chancery::client
