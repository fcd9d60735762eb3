#include "client/src/notice_json.h"

#include <algorithm>
#include <string>
#include <utility>

#include "client/src/json_reader.h"
#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "io/text/harmless.h"
#include "io/text/times.h"

namespace chancery::client {
namespace {

using text::Json;

Result<Time> as_future(const Json& value, Time now) {
  CHANCERY_TRY(const std::string text, as_text(value));
  auto time = text::parse_future(text, now);
  if (!time.has_value()) {
    return fail(ErrorCode::kMalformed, time.error().detail);
  }
  return time;
}

FieldReader<Draft> into_time(std::optional<Time> Draft::* member) {
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

// An object, or its JSON as a text, which is judged with the kind.
Result<std::string> as_content(const Json& value) {
  if (!value.is_object() && !value.is_string()) {
    return wrong_type("an object");
  }
  return value.is_string() ? value.get<std::string>() : text::dump(value);
}

// What `chancery draft` says of the fields: for people.
Result<void> pass_over(Draft&, const Json&, Time) {
  return {};
}

const FieldReaders<Draft>& draft_readers() {
  static const FieldReaders<Draft> all_readers = {
      {"about", pass_over},
      {"kind", into(&Draft::kind, as_text)},
      {"status", into_word(&Draft::status, status_from)},
      {"precedence", into_word(&Draft::precedence, precedence_from)},
      {"classification", read_classification},
      {"handling", read_handling},
      {"tlp", read_tlp},
      {"to", into(&Draft::to, as_names)},
      {"info", into(&Draft::info, as_names)},
      {"expires", into_time(&Draft::expires_at)},
      {"subject", into(&Draft::subject, as_text)},
      {"language", into(&Draft::language, as_text)},
      {"content", into(&Draft::content_json, as_content)},
      {"thread", into(&Draft::thread, as_text)},
      {"in_reply_to", into(&Draft::in_reply_to, as_text)},
      {"supersedes", into(&Draft::supersedes, as_texts)},
      {"cancels", into(&Draft::cancels, as_texts)},
      {"translation_of", into(&Draft::translation_of, as_text)},
      {"reply_by", into_time(&Draft::reply_by)},
      {"clear", into(&Draft::clear, as_truth)},
      {"id", into(&Draft::id, as_text)},
  };
  return all_readers;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

Result<Draft> draft_from_json(std::string_view json, std::string_view source, Time now) {
  return read_object(json, {.source = source, .of = "a notice", .now = now}, draft_readers());
}

Result<Draft> draft_from_object(const Json& object, std::string_view source, Time now) {
  const Document document{.source = source, .of = "a notice", .now = now};
  if (!object.is_object()) {
    return no_object(document);
  }
  return read_fields(object, document, draft_readers());
}

std::optional<std::vector<Draft>> good_drafts(std::string_view json, Time now) {
  using Reader = FieldReaders<Draft>::value_type;
  const FieldReaders<Draft>& readers = draft_readers();
  std::vector<Draft> drafts;
  std::vector<const Reader*> given;  // In the last one.
  const auto take = [&](std::size_t at, std::string_view key, const Json& value) {
    if (drafts.size() <= at) {
      drafts.resize(at + 1);
      given.clear();
    }
    const auto reader = readers.find(key);
    if (reader == readers.end() || std::ranges::find(given, &*reader) != given.end()) {
      return false;
    }
    given.push_back(&*reader);
    return reader->second(drafts.back(), value, now).has_value();
  };
  const std::optional<std::size_t> count =
      text::read_objects(json, "drafts", kDocumentDepthMax, take);
  if (!count.has_value()) {
    return std::nullopt;
  }
  drafts.resize(*count);
  return drafts;
}

std::string notice_line(const Notice& notice) {
  return text::harmless(to_json(notice));
}

Json notice_json(const Notice& notice) {
  constexpr std::size_t kDepthMax = kDocumentDepthMax + 1;  // The content's, in the notice.
  Result<Json> json = text::parse_json(notice_line(notice), kDepthMax);
  if (!json.has_value()) {  // Only its content may be what is none, or too deep.
    Notice rest = notice;
    rest.content_json.clear();
    json = text::parse_json(notice_line(rest), kDepthMax);
  }
  CHANCERY_CHECK(json.has_value());
  return *std::move(json);
}

Json details_json(const Details& details) {
  Json out = notice_json(details.notice);
  out["stage"] = to_string(details.stage);
  out["d"] = text_or_null(details.d);
  out["leaf"] = text_or_null(details.leaf);
  out["recipient_stages"] = Json::array();
  for (const Details::RecipientStage& said : details.recipient_stages) {
    out["recipient_stages"].push_back({{"member", said.member},
                                       {"stage", to_string(said.stage)},
                                       {"at", text::time_for_programs(said.at)},
                                       {"index", said.index}});
  }
  out["envelope"] = text_or_null(hex(as_bytes(details.envelope)));
  return out;
}

}  // namespace chancery::client
