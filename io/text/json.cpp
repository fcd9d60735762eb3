#include "io/text/json.h"

#include <optional>
#include <utility>
#include <vector>

namespace chancery::text {
namespace {

// What nlohmann's parser calls for each thing that it reads; false ends it.
class Builder {
 public:
  explicit Builder(std::size_t depth_max) : depth_max_(depth_max) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(Json::number_integer_t value) { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value); }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) { return false; }  // Not in JSON.
  bool start_object(std::size_t /*count*/) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*count*/) { return open(Json::array()); }
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

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t depth_max) {
  Builder builder(depth_max);
  Json::sax_parse(text, &builder);
  return std::move(builder).take();
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chancery::text
