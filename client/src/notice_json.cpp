#include "client/src/notice_json.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "io/text/times.h"

namespace chancery::client {
namespace {

using text::Json;

constexpr std::size_t kNoticeDepthMax = 32;

std::unexpected<chancery::Error> wrong_type(std::string_view wanted) {
  return fail(ErrorCode::kMalformed, "is not " + std::string(wanted));
}

Result<std::string> as_text(const Json& value) {
  if (!value.is_string()) {
    return wrong_type("a text");
  }
  return value.get<std::string>();
}

Result<std::vector<std::string>> as_texts(const Json& value) {
  std::vector<std::string> out;
  if (!value.is_array()) {
    return wrong_type("a list of texts");
  }
  for (const Json& item : value) {
    if (!item.is_string()) {
      return wrong_type("a list of texts");
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

// "all" stands for ["all"].
Result<std::vector<std::string>> as_members(const Json& value) {
  return value.is_string() ? std::vector{value.get<std::string>()} : as_texts(value);
}

Result<Time> as_future(const Json& value, Time now) {
  CHANCERY_TRY(const std::string text, as_text(value));
  auto time = text::parse_future(text, now);
  if (!time.has_value()) {
    return fail(ErrorCode::kMalformed, time.error().detail);
  }
  return time;
}

template <class Enum>
Result<Enum> as_word(const Json& value, Enum (*from)(std::string_view)) {
  CHANCERY_TRY(const std::string word, as_text(value));
  try {
    return from(word);
  } catch (const Error& error) {
    return fail(ErrorCode::kMalformed, error.detail());
  }
}

using FieldReader = std::function<Result<void>(Draft&, const Json&, Time now)>;

template <class T>
FieldReader into(T Draft::* member, Result<T> (*read)(const Json&)) {
  return [=](Draft& draft, const Json& value, Time) -> Result<void> {
    CHANCERY_TRY(draft.*member, read(value));
    return {};
  };
}

template <class Enum>
FieldReader into_word(Enum Draft::* member, Enum (*from)(std::string_view)) {
  return [=](Draft& draft, const Json& value, Time) -> Result<void> {
    CHANCERY_TRY(draft.*member, as_word(value, from));
    return {};
  };
}

FieldReader into_time(std::optional<Time> Draft::* member) {
  return [=](Draft& draft, const Json& value, Time now) -> Result<void> {
    CHANCERY_TRY(draft.*member, as_future(value, now));
    return {};
  };
}

Result<void> read_classification(Draft& draft, const Json& value, Time) {
  CHANCERY_TRY(draft.label.classification, as_text(value));
  return {};
}

Result<void> read_handling(Draft& draft, const Json& value, Time) {
  CHANCERY_TRY(draft.label.handling, as_texts(value));
  return {};
}

Result<void> read_tlp(Draft& draft, const Json& value, Time) {
  CHANCERY_TRY(draft.label.tlp, as_word(value, tlp_from));
  return {};
}

Result<void> read_clear(Draft& draft, const Json& value, Time) {
  if (!value.is_boolean()) {
    return wrong_type("true or false");
  }
  draft.clear = value.get<bool>();
  return {};
}

Result<void> read_content(Draft& draft, const Json& value, Time) {
  if (!value.is_object()) {
    return wrong_type("an object");
  }
  draft.content_json = text::dump(value);
  return {};
}

const std::map<std::string, FieldReader, std::less<>>& readers() {
  static const std::map<std::string, FieldReader, std::less<>> all_readers = {
      {"kind", into(&Draft::kind, as_text)},
      {"status", into_word(&Draft::status, status_from)},
      {"precedence", into_word(&Draft::precedence, precedence_from)},
      {"classification", read_classification},
      {"handling", read_handling},
      {"tlp", read_tlp},
      {"to", into(&Draft::to, as_members)},
      {"info", into(&Draft::info, as_members)},
      {"expires", into_time(&Draft::expires_at)},
      {"subject", into(&Draft::subject, as_text)},
      {"language", into(&Draft::language, as_text)},
      {"content", read_content},
      {"thread", into(&Draft::thread, as_text)},
      {"in_reply_to", into(&Draft::in_reply_to, as_text)},
      {"supersedes", into(&Draft::supersedes, as_texts)},
      {"cancels", into(&Draft::cancels, as_texts)},
      {"reply_by", into_time(&Draft::reply_by)},
      {"clear", read_clear},
      {"id", into(&Draft::id, as_text)},
  };
  return all_readers;
}

std::string known_keys() {
  std::string out;
  for (const auto& [key, reader] : readers()) {
    out += (out.empty() ? "" : ", ") + key;
  }
  return out;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(text::time_for_programs(*time)) : Json(nullptr);
}

Json recipients_json(const Notice& notice) {
  Json out = Json::array();
  for (const Recipient& recipient : notice.recipients) {
    out.push_back({{"member", recipient.member}, {"role", to_string(recipient.role)}});
  }
  return out;
}

Json attachments_json(const Notice& notice) {
  Json out = Json::array();
  for (const Attachment& attachment : notice.attachments) {
    out.push_back({{"name", attachment.name},
                   {"media_type", attachment.media_type},
                   {"size", attachment.size}});
  }
  return out;
}

}  // namespace

Result<Draft> draft_from_json(std::string_view json, std::string_view source, Time now) {
  const std::string name(source);
  const auto value = text::parse_json(json, kNoticeDepthMax);
  if (!value.has_value()) {
    return fail(value.error().code, name + ": " + value.error().detail);
  }
  if (!value->is_object()) {
    return fail(ErrorCode::kMalformed, name + ": not a JSON object");
  }
  Draft draft;
  for (const auto& [key, item] : value->items()) {
    const auto reader = readers().find(key);
    std::string where = name;
    where.append(": '").append(key).append("'");
    if (reader == readers().end()) {
      return fail(ErrorCode::kUnknownField,
                  where.append(" is not a key of a notice; those are ").append(known_keys()));
    }
    if (const auto read = reader->second(draft, item, now); !read.has_value()) {
      return fail(read.error().code, where.append(": ").append(read.error().detail));
    }
  }
  return draft;
}

Json notice_json(const Notice& notice) {
  auto content = text::parse_json(notice.content_json, kNoticeDepthMax);
  return {{"arrival", notice.arrival},
          {"index", notice.index},
          {"accepted_at", text::time_for_programs(notice.accepted_at)},
          {"created_at", text::time_for_programs(notice.created_at)},
          {"arrived_at", text::time_for_programs(notice.arrived_at)},
          {"notice", notice.notice},
          {"id", notice.id},
          {"origin", notice.origin},
          {"kind", notice.kind},
          {"status", notice.status},
          {"precedence", notice.precedence},
          {"classification", notice.label.classification},
          {"handling", notice.label.handling},
          {"tlp", to_string(notice.label.tlp)},
          {"recipients", recipients_json(notice)},
          {"expires_at", time_or_null(notice.expires_at)},
          {"subject", notice.subject},
          {"language", notice.language},
          {"content", content.has_value() ? *std::move(content) : Json(nullptr)},
          {"thread", text_or_null(notice.thread)},
          {"in_reply_to", text_or_null(notice.in_reply_to)},
          {"supersedes", notice.supersedes},
          {"cancels", notice.cancels},
          {"translation_of", text_or_null(notice.translation_of)},
          {"reply_by", time_or_null(notice.reply_by)},
          {"attachments", attachments_json(notice)},
          {"sealed", notice.sealed},
          {"own", notice.own},
          {"erased_at", time_or_null(notice.erased_at)},
          {"key_id", notice.key_id}};
}

Json details_json(const Details& details) {
  Json out = notice_json(details.notice);
  out["stage"] = to_string(details.stage);
  out["d"] = text_or_null(details.d);
  out["leaf"] = text_or_null(details.leaf);
  out["stored"] = details.stored;
  out["envelope"] = text_or_null(hex(as_bytes(details.envelope)));
  return out;
}

}  // namespace chancery::client
