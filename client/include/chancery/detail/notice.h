// Notices and drafts as the JSON of chancery.h, and enumerators as words. Included by notice.h, at
// its end.
//
// No state, any thread.

#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "chancery/detail/json.h"

namespace chancery::client {
namespace detail {

// By their numbers, from the one given on: what the log itself calls them.
template <class Enum, std::size_t count>
struct Words {
  int first;
  std::array<std::string_view, count> words;

  [[nodiscard]] std::string word(Enum value) const {
    const int at = static_cast<int>(value) - first;
    return at >= 0 && at < static_cast<int>(count)
               ? std::string(words[static_cast<std::size_t>(at)])
               : std::to_string(static_cast<int>(value));
  }
  // Of a newer exchange: its number as word() gives it.
  [[nodiscard]] Enum known(std::string_view word) const {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = words[i] == word ? first + static_cast<int>(i) : value;
    }
    std::from_chars(word.data(), word.data() + word.size(), value);
    return static_cast<Enum>(value);
  }
  [[nodiscard]] Enum from(std::string_view word) const {
    std::string choices;
    for (std::size_t i = 0; i < count; ++i) {
      if (words[i] == word) {
        return static_cast<Enum>(first + static_cast<int>(i));
      }
      choices.append(i == 0 ? "" : ", ").append(words[i]);
    }
    fail("usage", "'" + std::string(word) + "' is none of " + choices);
  }
};

inline constexpr Words<Status, 4> kStatuses{1, {"actual", "exercise", "test", "draft"}};
inline constexpr Words<Precedence, 6> kPrecedences{
    1, {"deferred", "routine", "priority", "immediate", "flash", "override"}};
inline constexpr Words<Tlp, 6> kTlps{0, {"none", "clear", "green", "amber", "amber-strict", "red"}};
inline constexpr Words<Role, 2> kRoles{1, {"action", "info"}};
inline constexpr Words<Stage, 8> kStages{
    0, {"unknown", "queued", "logged", "witnessed", "delivered", "refused", "read", "actioned"}};

// Days since 1970 of a date of the Gregorian calendar, and back: by years that begin in March, so
// that the leap day is their last.
inline std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

// RFC 3339 in UTC with microseconds.
inline std::string time_text(Time time) {
  constexpr long long kDayUs = 86'400'000'000;
  const long long us = time.time_since_epoch().count();
  const long long days = us / kDayUs - (us % kDayUs < 0 ? 1 : 0);
  const long long rest = us - days * kDayUs;
  const long long shifted = days + 719468;
  const long long era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const long long day_of_era = shifted - era * 146097;
  const long long year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const long long day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const long long moved_month = (5 * day_of_year + 2) / 153;
  const long long month = moved_month + (moved_month < 10 ? 3 : -9);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%06lldZ",
                year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
                day_of_year - (153 * moved_month + 2) / 5 + 1, rest / 3'600'000'000,
                rest / 60'000'000 % 60, rest / 1'000'000 % 60, rest % 1'000'000);
  return out.data();
}

inline std::string time_text_ms(Time time) {
  std::string text = time_text(time);
  text.resize(text.size() - 4);
  return text + "Z";
}

// Of what the library writes: "2026-03-01T08:30:00.123456Z", with three digits or six.
inline Time time_of(const std::string& text) {
  const auto number = [&text](std::size_t at, std::size_t size) {
    std::int64_t value = 0;
    if (at + size <= text.size()) {
      std::from_chars(text.data() + at, text.data() + at + size, value);
    }
    return value;
  };
  const std::int64_t days = days_of(number(0, 4), number(5, 2), number(8, 2));
  const std::int64_t seconds =
      ((days * 24 + number(11, 2)) * 60 + number(14, 2)) * 60 + number(17, 2);
  const std::int64_t us = text.size() > 24 ? number(20, 6) : number(20, 3) * 1000;
  return Time(std::chrono::microseconds(seconds * 1'000'000 + us));
}

inline std::optional<Time> optional_time(const JsonValue& value) {
  return value.is_null() ? std::nullopt : std::optional(time_of(value.text()));
}

inline void put(JsonWriter& json, const char* key, const std::string& text) {
  if (!text.empty()) {
    json.text(key, text);
  }
}
inline void put(JsonWriter& json, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) {
    json.texts(key, texts);
  }
}
inline void put(JsonWriter& json, const char* key, const std::optional<Time>& time) {
  if (time) {
    json.text(key, time_text(*time));
  }
}

inline std::string json_of(const Draft& draft) {
  JsonWriter json;
  put(json, "kind", draft.kind);
  json.text("status", kStatuses.word(draft.status));
  json.text("precedence", kPrecedences.word(draft.precedence));
  put(json, "classification", draft.label.classification);
  put(json, "handling", draft.label.handling);
  json.text("tlp", kTlps.word(draft.label.tlp));
  put(json, "to", draft.to);
  put(json, "info", draft.info);
  put(json, "expires", draft.expires_at);
  put(json, "subject", draft.subject);
  put(json, "language", draft.language);
  json.text("content", draft.content_json);  // As a text: it cannot pass for more than the content.
  put(json, "thread", draft.thread);
  put(json, "in_reply_to", draft.in_reply_to);
  put(json, "supersedes", draft.supersedes);
  put(json, "cancels", draft.cancels);
  put(json, "translation_of", draft.translation_of);
  put(json, "reply_by", draft.reply_by);
  json.truth("clear", draft.clear);
  put(json, "id", draft.id);
  return json.take();
}

inline Notice notice_of(const JsonObject& json) {
  Notice notice;
  notice.arrival = json["arrival"].number();
  notice.index = json["index"].number();
  notice.accepted_at = time_of(json["accepted_at"].text());
  notice.created_at = time_of(json["created_at"].text());
  notice.arrived_at = time_of(json["arrived_at"].text());
  notice.notice = json["notice"].text();
  notice.id = json["id"].text();
  notice.origin = json["origin"].text();
  notice.kind = json["kind"].text();
  notice.status = json["status"].text();
  notice.precedence = json["precedence"].text();
  notice.label.classification = json["classification"].text();
  notice.label.handling = texts_of(json["handling"]);
  notice.label.tlp = kTlps.known(json["tlp"].text());
  for (const JsonValue& item : items_of(json["recipients"])) {
    const JsonObject recipient(item);
    notice.recipients.push_back(
        {recipient["member"].text(), kRoles.known(recipient["role"].text())});
  }
  notice.expires_at = optional_time(json["expires_at"]);
  notice.subject = json["subject"].text();
  notice.language = json["language"].text();
  notice.content_json = json["content"].is_null() ? "" : std::string(json["content"].raw());
  notice.problems = texts_of(json["problems"]);
  notice.thread = json["thread"].text();
  notice.in_reply_to = json["in_reply_to"].text();
  notice.supersedes = texts_of(json["supersedes"]);
  notice.cancels = texts_of(json["cancels"]);
  notice.translation_of = json["translation_of"].text();
  notice.reply_by = optional_time(json["reply_by"]);
  for (const JsonValue& item : items_of(json["attachments"])) {
    const JsonObject attachment(item);
    notice.attachments.push_back(
        {attachment["name"].text(), attachment["media_type"].text(), attachment["size"].number()});
  }
  notice.logged = json["logged"].truth();
  notice.witnessed = json["witnessed"].truth();
  notice.sealed = json["sealed"].truth();
  notice.own = json["own"].truth();
  notice.erased_at = optional_time(json["erased_at"]);
  notice.key_id = json["key_id"].text();
  notice.redelivered = json["redelivered"].truth();
  notice.attempts = static_cast<std::uint32_t>(json["attempts"].number());
  return notice;
}

inline std::vector<KindField> fields_of(const JsonValue& fields) {
  std::vector<KindField> out;
  for (const JsonValue& item : items_of(fields)) {
    const JsonObject field(item);
    out.push_back({field["name"].text(), field["type"].text(), field["required"].truth(),
                   field["rule"].text(), field["label"].text(), field["label_ru"].text(),
                   fields_of(field["fields"])});
  }
  return out;
}

inline void put_or_null(JsonWriter& json, const char* key, const std::string& text) {
  if (text.empty()) {
    json.json(key, "null");
  } else {
    json.text(key, text);
  }
}
inline void put_or_null(JsonWriter& json, const char* key, const std::optional<Time>& time) {
  put_or_null(json, key, time ? time_text_ms(*time) : std::string());
}

inline std::vector<std::string> recipients_of(const Notice& notice) {
  std::vector<std::string> out;
  for (const Recipient& recipient : notice.recipients) {
    JsonWriter json;
    json.text("member", recipient.member);
    json.text("role", kRoles.word(recipient.role));
    out.push_back(json.take());
  }
  return out;
}

inline std::vector<std::string> attachments_of(const Notice& notice) {
  std::vector<std::string> out;
  for (const Attachment& attachment : notice.attachments) {
    JsonWriter json;
    json.text("name", attachment.name);
    json.text("media_type", attachment.media_type);
    json.number("size", attachment.size);
    out.push_back(json.take());
  }
  return out;
}

}  // namespace detail

inline std::string to_json(const Notice& notice) {
  detail::JsonWriter json;
  json.number("arrival", notice.arrival);
  json.number("index", notice.index);
  json.text("accepted_at", detail::time_text_ms(notice.accepted_at));
  json.text("created_at", detail::time_text(notice.created_at));
  json.text("arrived_at", detail::time_text_ms(notice.arrived_at));
  json.text("notice", notice.notice);
  json.text("id", notice.id);
  json.text("origin", notice.origin);
  json.text("kind", notice.kind);
  json.text("status", notice.status);
  json.text("precedence", notice.precedence);
  json.text("classification", notice.label.classification);
  json.texts("handling", notice.label.handling);
  json.text("tlp", to_string(notice.label.tlp));
  json.list("recipients", detail::recipients_of(notice));
  detail::put_or_null(json, "expires_at", notice.expires_at);
  json.text("subject", notice.subject);
  json.text("language", notice.language);
  json.json("content", notice.content_json.empty() ? "null" : notice.content_json);
  json.texts("problems", notice.problems);
  detail::put_or_null(json, "thread", notice.thread);
  detail::put_or_null(json, "in_reply_to", notice.in_reply_to);
  json.texts("supersedes", notice.supersedes);
  json.texts("cancels", notice.cancels);
  detail::put_or_null(json, "translation_of", notice.translation_of);
  detail::put_or_null(json, "reply_by", notice.reply_by);
  json.list("attachments", detail::attachments_of(notice));
  json.truth("logged", notice.logged);
  json.truth("witnessed", notice.witnessed);
  json.truth("sealed", notice.sealed);
  json.truth("own", notice.own);
  detail::put_or_null(json, "erased_at", notice.erased_at);
  json.text("key_id", notice.key_id);
  json.truth("redelivered", notice.redelivered);
  json.number("attempts", notice.attempts);
  return json.take();
}

inline std::string to_string(Status status) {
  return detail::kStatuses.word(status);
}
inline std::string to_string(Precedence precedence) {
  return detail::kPrecedences.word(precedence);
}
inline std::string to_string(Tlp tlp) {
  return detail::kTlps.word(tlp);
}
inline std::string to_string(Role role) {
  return detail::kRoles.word(role);
}
inline std::string to_string(Stage stage) {
  return detail::kStages.word(stage);
}
inline Status status_from(std::string_view word) {
  return detail::kStatuses.from(word);
}
inline Precedence precedence_from(std::string_view word) {
  return detail::kPrecedences.from(word);
}
inline Tlp tlp_from(std::string_view word) {
  return detail::kTlps.from(word);
}

inline std::vector<Kind> kinds() {
  const std::string text = detail::text_of([](char** kinds) { return chancery_kinds(kinds); });
  std::vector<Kind> out;
  for (const auto& item : detail::items_of(detail::JsonObject(detail::JsonValue(text))["kinds"])) {
    const detail::JsonObject kind(item);
    out.push_back({kind["kind"].text(), kind["title"].text(), kind["title_ru"].text(),
                   detail::fields_of(kind["fields"]), detail::texts_of(kind["rules"])});
  }
  return out;
}

inline std::string new_notice_id() {
  return detail::text_of([](char** id) { return chancery_new_notice_id(id); });
}

}  // namespace chancery::client
