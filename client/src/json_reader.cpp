#include "client/src/json_reader.h"

#include "core/base/encoding.h"
#include "core/base/nearest.h"

namespace chancery::client {

using text::Json;

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

Result<std::vector<std::string>> as_names(const Json& value) {
  return value.is_string() ? std::vector{value.get<std::string>()} : as_texts(value);
}

Result<bool> as_truth(const Json& value) {
  if (!value.is_boolean()) {
    return wrong_type("true or false");
  }
  return value.get<bool>();
}

Result<std::uint64_t> as_count(const Json& value) {
  if (!value.is_number_unsigned()) {
    return wrong_type("a whole number");
  }
  return value.get<std::uint64_t>();
}

std::unexpected<chancery::Error> no_object(const Document& document) {
  return fail(ErrorCode::kMalformed, std::string(document.source) + ": not a JSON object");
}

Result<Json> parse_object(std::string_view json, const Document& document) {
  const std::string source(document.source);
  if (!is_utf8(json)) {
    return fail(ErrorCode::kInvalidUtf8, source + ": not UTF-8");
  }
  auto value = text::parse_json(json, kDocumentDepthMax);
  if (!value.has_value()) {
    return fail(value.error().code, source + ": " + value.error().detail);
  }
  if (!value->is_object()) {
    return no_object(document);
  }
  return value;
}

std::unexpected<chancery::Error> unknown_key(std::string_view key, const Document& document,
                                             const std::vector<std::string>& known) {
  std::string detail(document.source);
  detail.append(": '").append(key).append("' is not a key of ").append(document.of);
  if (const auto meant = nearest(key, {known.begin(), known.end()})) {
    detail.append(": did you mean '").append(*meant).append("'?");
    return fail(ErrorCode::kUnknownField, std::move(detail));
  }
  detail.append("; those are ");
  for (const std::string& name : known) {
    detail += (name == known.front() ? "" : ", ") + name;
  }
  return fail(ErrorCode::kUnknownField, std::move(detail));
}

}  // namespace chancery::client
