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

inline std::string json_of(const InboxQuery& query) {
  JsonWriter json;
  json.number("after", query.after.arrival);
  json.number("after_urgent", query.after.arrival_urgent);
  json.number("last", query.last);
  json.number("limit", query.limit);
  put(json, "origins", query.origins);
  put(json, "kinds", query.kinds);
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
  return page;
}

inline std::string json_of(const OutboxQuery& query) {
  JsonWriter json;
  json.number("after", query.after);
  json.number("limit", query.limit);
  std::vector<std::string> stages;
  stages.reserve(query.stages.size());
  for (const Stage stage : query.stages) {
    stages.push_back(kStages.word(stage));
  }
  put(json, "stages", stages);
  return json.take();
}

template <class Answer>  // OutboxEntry, Outcome
void explain(Answer& answer, const JsonObject& error) {
  answer.code = error["code"].text();
  answer.text = error["detail"].text().empty() ? error["text"].text() : error["detail"].text();
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

inline Outcome wait(chancery_client* handle, const std::string& id, Stage stage,
                    std::chrono::milliseconds timeout) {
  const auto ms = static_cast<std::uint64_t>(std::max(timeout.count(), {}));
  return outcome_of(text_of([&](char** outcome) {
    return chancery_wait(handle, c_text(id, "the id"), kStages.word(stage).c_str(), ms, nullptr,
                         outcome);
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
  const detail::JsonObject json{detail::JsonValue(text)};
  Ticket ticket;
  ticket.id_ = json["id"].text();
  ticket.notice_ = json["notice"].text();
  ticket.recipients_ = detail::texts_of(json["recipients"]);
  ticket.handle_ = handle_;
  return ticket;
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
  details.stored = detail::texts_of(json["stored"]);
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
