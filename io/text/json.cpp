#include "io/text/json.h"

#include <simdjson.h>

#include <optional>
#include <utility>
#include <vector>

namespace chancery::text {
namespace {

// What nlohmann's parser calls for each thing that it reads; false ends it.
class Builder {
 public:
  static constexpr auto kUnknown = static_cast<std::size_t>(-1);  // nlohmann's.

  explicit Builder(std::size_t depth_max) : depth_max_(depth_max) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  // Of one with a sign. -0 is 0, which simdjson does not tell apart.
  bool number_integer(Json::number_integer_t value) {
    return value == 0 ? number_unsigned(0) : put(value);
  }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value); }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) { return false; }  // Not in JSON.
  bool start_object(std::size_t count) {
    if (!open(Json::object())) {
      return false;
    }
    open_.back()->get_ref<Json::object_t&>().reserve(count == kUnknown ? 0 : count);
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t count) {
    if (!open(Json::array())) {
      return false;
    }
    open_.back()->get_ref<Json::array_t&>().reserve(count == kUnknown ? 0 : count);
    return true;
  }
  bool end_array() { return close(); }

  // RFC 8259 section 4 leaves open which of two equal keys counts; two readers would disagree.
  bool key(std::string& name) {
    const auto [at, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(name, nullptr);
    if (!is_new) {
      error_ = {ErrorCode::kMalformed, "JSON has the key " + dump(at->first) + " twice"};
    }
    member_ = &at->second;
    return is_new;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) {
    error_ = {ErrorCode::kMalformed, "not JSON at byte " + std::to_string(position)};
    return false;
  }

  Result<Json> take() && {
    return error_.has_value() ? Result<Json>(std::unexpected(*std::move(error_)))
                              : Result<Json>(std::move(root_));
  }

 private:
  bool put(Json&& value) {
    place(std::move(value));
    return true;
  }

  // Where it now is. What is open does not move: its elements come only once it is the innermost.
  Json* place(Json&& value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    *member_ = std::move(value);
    return member_;
  }

  bool open(Json&& value) {
    if (open_.size() >= depth_max_) {
      error_ = {ErrorCode::kNestingTooDeep,
                "JSON nests deeper than " + std::to_string(depth_max_) + " levels"};
      return false;
    }
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t depth_max_;
  Json root_;
  std::vector<Json*> open_;  // From the outermost in.
  Json* member_ = nullptr;   // Of the innermost object, whose value comes next.
  std::optional<Error> error_;
};

namespace dom = simdjson::dom;

// Tells the builder what nlohmann's parser would; false where the builder ends it. Recursion is
// bounded by the builder's depth.
// NOLINTNEXTLINE(misc-no-recursion)
bool tell(const dom::element& element, Builder& builder) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return builder.null();
    case dom::element_type::BOOL:
      return builder.boolean(element.get_bool().value_unsafe());
    case dom::element_type::INT64: {
      const std::int64_t number = element.get_int64().value_unsafe();
      return number < 0 ? builder.number_integer(number)
                        : builder.number_unsigned(static_cast<std::uint64_t>(number));
    }
    case dom::element_type::UINT64:
      return builder.number_unsigned(element.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE:
      return builder.number_float(element.get_double().value_unsafe(), "");
    case dom::element_type::STRING: {
      std::string value(element.get_string().value_unsafe());
      return builder.string(value);
    }
    case dom::element_type::ARRAY: {
      const dom::array items = element.get_array().value_unsafe();
      if (!builder.start_array(items.size())) {
        return false;
      }
      for (const dom::element item : items) {
        if (!tell(item, builder)) {
          return false;
        }
      }
      return builder.end_array();
    }
    case dom::element_type::OBJECT: {
      const dom::object items = element.get_object().value_unsafe();
      if (!builder.start_object(items.size())) {
        return false;
      }
      for (const dom::key_value_pair item : items) {
        std::string name(item.key);
        if (!builder.key(name) || !tell(item.value, builder)) {
          return false;
        }
      }
      return builder.end_object();
    }
  }
  return false;
}

// What the fast parser keeps from one text to the next is some twelve times this.
constexpr std::size_t kFastBytesMax = 1U << 20U;

// Valid until the next text is parsed by this thread. Nothing where nlohmann's parser is to read
// it: because it is no JSON, and that one says where; or has a number beyond 64 bits; or is long.
std::optional<dom::element> parse_fast(std::string_view text) {
  thread_local dom::parser parser(kFastBytesMax);
  dom::element root;
  if (text.size() > kFastBytesMax ||
      parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return root;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t depth_max) {
  Builder builder(depth_max);
  if (const std::optional<dom::element> root = parse_fast(text)) {
    tell(*root, builder);
  } else {
    Json::sax_parse(text, &builder);
  }
  return std::move(builder).take();
}

std::optional<std::size_t> read_objects(std::string_view text, std::string_view name,
                                        std::size_t depth_max, const TakeField& take) {
  const std::optional<dom::element> root = parse_fast(text);
  dom::object document;
  dom::array list;
  if (!root.has_value() || root->get(document) != simdjson::SUCCESS || document.size() != 1 ||
      document[name].get(list) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::size_t count = 0;
  for (const dom::element item : list) {
    dom::object fields;
    if (item.get(fields) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    for (const dom::key_value_pair field : fields) {
      Builder builder(depth_max - 3);  // The document, the list and the object.
      tell(field.value, builder);
      const Result<Json> value = std::move(builder).take();
      if (!value.has_value() || !take(count, field.key, *value)) {
        return std::nullopt;
      }
    }
    ++count;
  }
  return count;
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chancery::text
