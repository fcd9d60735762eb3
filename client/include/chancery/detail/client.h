// The classes of client.h over the C interface. Included by client.h, at its end.

#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "chancery/detail/call.h"
#include "chancery/detail/notice.h"
#include "chancery/detail/options.h"

namespace chancery::client {
namespace detail {

template <class Enum, class Words>
std::vector<std::string> words_of(const std::vector<Enum>& values, const Words& words) {
  std::vector<std::string> out;
  out.reserve(values.size());
  for (const Enum value : values) {
    out.push_back(words.word(value));
  }
  return out;
}

inline std::string json_of(const InboxQuery& query) {
  JsonWriter json;
  json.number("after", query.after.arrival);
  json.number("after_urgent", query.after.arrival_urgent);
  json.number("last", query.last);
  json.number("limit", query.limit);
  put(json, "origins", query.origins);
  put(json, "kinds", query.kinds);
  put(json, "statuses", words_of(query.statuses, kStatuses));
  if (query.precedence_min) {
    json.text("precedence_min", kPrecedences.word(*query.precedence_min));
  }
  put(json, "since", query.since);
  json.number("wait_ms", static_cast<std::uint64_t>(std::max(query.wait.count(), {})));
  return json.take();
}

inline Page page_of(const std::string& text) {
  const JsonObject json{JsonValue(text)};
  Page page;
  for (const JsonValue& item : items_of(json["notices"])) {
    page.notices.push_back(notice_of(JsonObject(item)));
  }
  page.next = {json["next_after"].number(), json["next_after_urgent"].number()};
  page.unmarked = json["unmarked"].truth();
  return page;
}

inline std::vector<std::string> attempts_of(const std::vector<Notice>& notices) {
  std::vector<std::string> out;
  out.reserve(notices.size());
  for (const Notice& notice : notices) {
    JsonWriter json;
    json.number("arrival", notice.arrival);
    json.number("attempts", notice.attempts);
    out.push_back(json.take());
  }
  return out;
}

// What chancery_ack() needs of a page.
inline std::string done_json(const Position& next, const std::vector<Notice>& notices) {
  JsonWriter json;
  json.number("next_after", next.arrival);
  json.number("next_after_urgent", next.arrival_urgent);
  json.list("notices", attempts_of(notices));
  return json.take();
}

inline std::string json_of(const Nack& how, const std::vector<Notice>& notices) {
  JsonWriter json;
  json.list("notices", attempts_of(notices));
  json.number("delay_ms", static_cast<std::uint64_t>(std::max(how.delay.count(), {})));
  json.number("attempts_max", how.attempts_max);
  json.truth("quarantine", how.quarantine);
  put(json, "reason", how.reason);
  return json.take();
}

inline Deferral deferral_of(const JsonObject& json) {
  Deferral deferral;
  deferral.arrival = json["arrival"].number();
  deferral.attempts = static_cast<std::uint32_t>(json["attempts"].number());
  deferral.due_at = time_of(json["due_at"].text());
  deferral.quarantined_at = optional_time(json["quarantined_at"]);
  deferral.reason = json["reason"].text();
  return deferral;
}

inline std::string json_of(const DeferredQuery& query) {
  JsonWriter json;
  json.number("after", query.after);
  json.number("limit", query.limit);
  json.truth("waiting", query.waiting);
  json.truth("quarantined", query.quarantined);
  return json.take();
}

inline DeferredPage deferred_page_of(const std::string& text) {
  const JsonObject json{JsonValue(text)};
  DeferredPage page;
  for (const JsonValue& item : items_of(json["notices"])) {
    const JsonObject entry(item);
    page.entries.push_back({notice_of(entry), deferral_of(entry)});
  }
  page.next_after = json["next_after"].number();
  page.last = json["last"].truth();
  return page;
}

inline std::uint64_t redrive(chancery_client* handle, const std::string& cursor,
                             const std::string& which) {
  std::uint64_t count = 0;
  check(chancery_redrive(handle, c_text(cursor, "the cursor"), which.c_str(), &count));
  return count;
}

inline std::string json_of(const OutboxQuery& query) {
  JsonWriter json;
  json.number("after", query.after);
  json.number("limit", query.limit);
  put(json, "stages", words_of(query.stages, kStages));
  return json.take();
}

template <class Answer>  // OutboxEntry, Outcome
void explain(Answer& answer, const JsonObject& error) {
  answer.code = error["code"].text();
  answer.text = error["text"].text();
  answer.detail = error["detail"].text();
  answer.remedy = error["remedy"].text();
}

inline OutboxEntry outbox_entry_of(const JsonObject& json) {
  OutboxEntry entry;
  entry.notice = notice_of(json);
  entry.number = json["number"].number();
  entry.stage = kStages.known(json["stage"].text());
  entry.sent = json["sent"].truth();
  entry.aside = json["aside"].truth();
  entry.application = json["application"].text();
  explain(entry, JsonObject(json["error"]));
  return entry;
}

inline Error error_of(const JsonObject& json) {
  ErrorParts parts;
  parts.number = static_cast<std::uint32_t>(json["number"].number());
  parts.name = json["code"].text();
  parts.text = json["text"].text();
  parts.detail = json["detail"].text();
  parts.remedy = json["remedy"].text();
  parts.retryable = json["retryable"].truth();
  parts.notice_id = json["notice_id"].text();
  parts.retry_after = std::chrono::milliseconds(json["retry_after_ms"].number());
  return Error(std::move(parts));
}

inline Verdict verdict_of(const std::string& word) {
  return word == "reached"   ? Verdict::kReached
         : word == "refused" ? Verdict::kRefused
                             : Verdict::kUnknown;
}

inline Outcome outcome_of(const std::string& text) {
  const JsonObject json{JsonValue(text)};
  Outcome outcome;
  outcome.verdict = verdict_of(json["verdict"].text());
  outcome.stage = kStages.known(json["stage"].text());
  outcome.index = json["index"].number();
  outcome.accepted_at = optional_time(json["accepted_at"]);
  explain(outcome, JsonObject(json["error"]));
  return outcome;
}

inline std::uint64_t ms_of(std::chrono::milliseconds timeout) {
  return static_cast<std::uint64_t>(std::max(timeout.count(), {}));
}

inline Outcome wait(chancery_client* handle, const std::string& id, Stage stage,
                    std::chrono::milliseconds timeout) {
  return outcome_of(text_of([&](char** outcome) {
    return chancery_wait(handle, c_text(id, "the id"), kStages.word(stage).c_str(), ms_of(timeout),
                         nullptr, outcome);
  }));
}

inline std::string bytes_of(const std::string& hex) {
  std::string out(hex.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    unsigned char byte = 0;
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, byte, 16);
    out[i] = static_cast<char>(byte);
  }
  return out;
}

}  // namespace detail

inline Outcome Ticket::wait(Stage stage, std::chrono::milliseconds timeout) const {
  return detail::wait(handle_.get(), id_, stage, timeout);
}

inline Client::Client(const Options& options) {
  chancery_client* opened = nullptr;
  detail::check(chancery_open(detail::write_options(options).get(), &opened));
  handle_.reset(opened, &chancery_close);
}
inline Client::Client(Client&& other) noexcept = default;
inline Client& Client::operator=(Client&& other) noexcept = default;
inline Client::~Client() = default;

inline void Client::close() noexcept {
  chancery_close(handle_.get());
}

inline Ticket Client::publish(const Draft& draft) {
  const std::string text = detail::text_of([&](char** ticket) {
    return chancery_publish(handle_.get(), detail::json_of(draft).c_str(), ticket);
  });
  return ticket_of(detail::JsonObject(detail::JsonValue(text)));
}

inline PublishOutcome Client::publish_until(const Draft& draft, Stage stage,
                                            std::chrono::milliseconds timeout) {
  std::string known;
  const std::string text = detail::text_of([&](char** ticket) -> chancery_error* {
    known = detail::text_of([&](char** outcome) {
      return chancery_publish_until(handle_.get(), detail::json_of(draft).c_str(),
                                    detail::kStages.word(stage).c_str(), detail::ms_of(timeout),
                                    ticket, nullptr, outcome);
    });
    return nullptr;
  });
  return {ticket_of(detail::JsonObject(detail::JsonValue(text))), detail::outcome_of(known)};
}

inline Ticket Client::acknowledge(const std::string& name, Stage level, const std::string& remark) {
  const std::string text = detail::text_of([&](char** ticket) {
    return chancery_acknowledge(handle_.get(), detail::c_text(name, "the name"),
                                detail::kStages.word(level).c_str(),
                                detail::c_text(remark, "the remark"), ticket);
  });
  return ticket_of(detail::JsonObject(detail::JsonValue(text)));
}

inline Ticket Client::ticket_of(const detail::JsonObject& json) const {
  Ticket ticket;
  ticket.id_ = json["id"].text();
  ticket.notice_ = json["notice"].text();
  ticket.recipients_ = detail::texts_of(json["recipients"]);
  ticket.handle_ = handle_;
  return ticket;
}

// A document has 4 MiB at most: several, where the drafts are more.
inline std::vector<BatchResult> Client::publish_batch(const std::vector<Draft>& drafts) {
  constexpr std::size_t kDocumentBytes = 1U << 20U;
  constexpr std::string_view kBegin = "{\"drafts\":[";
  std::vector<BatchResult> results;
  std::string document(kBegin);
  std::size_t count = 0;  // In the document.
  const auto publish_document = [&] {
    document += "]}";
    const std::size_t end = results.size() + count;
    try {
      const std::string text = detail::text_of(
          [&](char** out) { return chancery_publish_batch(handle_.get(), document.c_str(), out); });
      for (const detail::JsonValue& item :
           detail::items_of(detail::JsonObject(detail::JsonValue(text))["results"])) {
        const detail::JsonObject json(item);
        const detail::JsonValue error = json["error"];
        BatchResult& result = results.emplace_back();
        if (error.is_null()) {
          result.ticket = ticket_of(json);
        } else {
          result.error = detail::error_of(detail::JsonObject(error));
        }
      }
    } catch (const Error& error) {
      results.resize(end, BatchResult{std::nullopt, error});
    }
    document = kBegin;
    count = 0;
  };
  for (const Draft& draft : drafts) {
    const std::string json = detail::json_of(draft);
    if (count > 0 && document.size() + json.size() > kDocumentBytes) {
      publish_document();
    }
    document.append(count == 0 ? "" : ",").append(json);
    ++count;
  }
  if (count > 0) {
    publish_document();
  }
  return results;
}

inline Outcome Client::wait(const std::string& id, Stage stage, std::chrono::milliseconds timeout) {
  return detail::wait(handle_.get(), id, stage, timeout);
}

inline Page Client::inbox(const InboxQuery& query) {
  return detail::page_of(detail::text_of([&](char** page) {
    return chancery_inbox(handle_.get(), detail::json_of(query).c_str(), nullptr, page);
  }));
}

inline Page Client::read(const std::string& cursor, const InboxQuery& query) {
  return detail::page_of(detail::text_of([&](char** page) {
    return chancery_read(handle_.get(), detail::c_text(cursor, "the cursor"),
                         detail::json_of(query).c_str(), nullptr, page);
  }));
}

inline Position Client::commit(const std::string& cursor, const Position& done) {
  const chancery_position from{done.arrival, done.arrival_urgent};
  chancery_position stands{};
  detail::check(
      chancery_commit(handle_.get(), detail::c_text(cursor, "the cursor"), &from, &stands));
  return {stands.arrival, stands.arrival_urgent};
}

inline Position Client::ack(const std::string& cursor, const Page& page) {
  chancery_position stands{};
  detail::check(chancery_ack(handle_.get(), detail::c_text(cursor, "the cursor"),
                             detail::done_json(page.next, page.notices).c_str(), &stands));
  return {stands.arrival, stands.arrival_urgent};
}

inline void Client::ack(const std::string& cursor, const Notice& notice) {
  detail::check(chancery_ack(handle_.get(), detail::c_text(cursor, "the cursor"),
                             detail::done_json({}, {notice}).c_str(), nullptr));
}

inline std::vector<Deferral> Client::nack(const std::string& cursor,
                                          const std::vector<Notice>& notices, const Nack& how) {
  const std::string text = detail::text_of([&](char** deferrals) {
    return chancery_nack(handle_.get(), detail::c_text(cursor, "the cursor"),
                         detail::json_of(how, notices).c_str(), deferrals);
  });
  std::vector<Deferral> all;
  for (const detail::JsonValue& item :
       detail::items_of(detail::JsonObject(detail::JsonValue(text))["deferrals"])) {
    all.push_back(detail::deferral_of(detail::JsonObject(item)));
  }
  return all;
}

inline DeferredPage Client::deferred(const std::string& cursor, const DeferredQuery& query) {
  return detail::deferred_page_of(detail::text_of([&](char** page) {
    return chancery_deferred(handle_.get(), detail::c_text(cursor, "the cursor"),
                             detail::json_of(query).c_str(), page);
  }));
}

inline std::uint64_t Client::redrive(const std::string& cursor,
                                     const std::vector<std::uint64_t>& arrivals) {
  std::string list;
  for (const std::uint64_t arrival : arrivals) {
    list += (list.empty() ? "" : ", ") + std::to_string(arrival);
  }
  return detail::redrive(handle_.get(), cursor, R"({"arrivals": [)" + list + "]}");
}

inline std::uint64_t Client::redrive_all(const std::string& cursor) {
  return detail::redrive(handle_.get(), cursor, R"({"all": true})");
}

inline Position Client::reset(const std::string& cursor, const Position& to) {
  const chancery_position from{to.arrival, to.arrival_urgent};
  chancery_position stands{};
  detail::check(
      chancery_reset(handle_.get(), detail::c_text(cursor, "the cursor"), &from, &stands));
  return {stands.arrival, stands.arrival_urgent};
}

inline Cursors Client::cursors() {
  const std::string text =
      detail::text_of([&](char** cursors) { return chancery_cursors(handle_.get(), cursors); });
  const detail::JsonObject json{detail::JsonValue(text)};
  Cursors all;
  for (const detail::JsonValue& item : detail::items_of(json["cursors"])) {
    const detail::JsonObject each(item);
    all.cursors.push_back(
        {each["cursor"].text(), {each["arrival"].number(), each["arrival_urgent"].number()}});
  }
  all.newest_arrival = json["newest_arrival"].number();
  return all;
}

inline OutboxPage Client::outbox(const OutboxQuery& query) {
  const std::string text = detail::text_of([&](char** page) {
    return chancery_outbox(handle_.get(), detail::json_of(query).c_str(), page);
  });
  const detail::JsonObject json{detail::JsonValue(text)};
  OutboxPage page;
  for (const detail::JsonValue& item : detail::items_of(json["notices"])) {
    page.entries.push_back(detail::outbox_entry_of(detail::JsonObject(item)));
  }
  page.next_after = json["next_after"].number();
  page.last = json["last"].truth();
  return page;
}

inline Outcome Client::cancel(const std::string& id) {
  return detail::outcome_of(detail::text_of([&](char** outcome) {
    return chancery_cancel(handle_.get(), detail::c_text(id, "the id"), outcome);
  }));
}

inline Outcome Client::retry(const std::string& id) {
  return detail::outcome_of(detail::text_of([&](char** outcome) {
    return chancery_retry(handle_.get(), detail::c_text(id, "the id"), outcome);
  }));
}

inline Details Client::show(const std::string& name) {
  const std::string text = detail::text_of([&](char** details) {
    return chancery_show(handle_.get(), detail::c_text(name, "the name"), details);
  });
  const detail::JsonObject json{detail::JsonValue(text)};
  Details details;
  details.notice = detail::notice_of(json);
  details.stage = detail::kStages.known(json["stage"].text());
  details.envelope = detail::bytes_of(json["envelope"].text());
  details.d = json["d"].text();
  details.leaf = json["leaf"].text();
  for (const detail::JsonValue& item : detail::items_of(json["recipient_stages"])) {
    const detail::JsonObject said(item);
    details.recipient_stages.push_back(
        {said["member"].text(), detail::kStages.known(said["stage"].text()),
         detail::time_of(said["at"].text()), said["index"].number()});
  }
  return details;
}

inline Stats Client::stats() const {
  chancery_statistics from{};
  from.struct_size = sizeof from;
  detail::check(chancery_stats(handle_.get(), &from));
  return {from.connected != 0, from.connection_count, from.request_count, from.resend_count,
          from.timeout_count};
}

}  // namespace chancery::client
