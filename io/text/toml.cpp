#include "io/text/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "core/base/nearest.h"

namespace chancery::text {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::none:
      break;
    default:
      return "a date or time";
  }
  return "nothing";
}

// How far a string reaches from the quote that it begins with; to the end where it does not end.
std::size_t string_size(std::string_view text) {
  const char quote = text.front();
  const bool many_lines = text.starts_with(std::string(3, quote));
  const std::string end(many_lines ? 3 : 1, quote);
  std::size_t at = end.size();
  while (at < text.size() && !text.substr(at).starts_with(end)) {
    at += text[at] == '\\' && quote == '"' ? 2U : 1U;
  }
  at += end.size();
  // Up to two quotes before the three that end it are of the string.
  for (int i = 0; many_lines && i < 2 && at < text.size() && text[at] == quote; ++i) {
    ++at;
  }
  return std::min(at, text.size());
}

// The line of the first key, if there is one, that has more than kKeyWordsMax words. Each word is a
// table in a table, and toml++ takes these apart by a recursion, so they are counted before it is
// asked. Wrong behind an error of syntax, where the parser stops anyway.
std::optional<std::size_t> line_of_long_key(std::string_view text) {
  std::size_t line = 1;
  std::size_t words = 1;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    const char c = text[at];
    if (c == '"' || c == '\'') {
      size = string_size(text.substr(at));
    } else if (c == '#') {
      size = std::min(text.find('\n', at), text.size()) - at;
    } else if (c == '.') {
      ++words;
    } else if (std::string_view("=[]{},\n").find(c) != std::string_view::npos) {
      words = 1;
    }
    if (words > kKeyWordsMax) {
      return line;
    }
    line += static_cast<std::size_t>(std::ranges::count(text.substr(at, size), '\n'));
    at += size;
  }
  return std::nullopt;
}

std::string range_text(std::int64_t min, std::int64_t max) {
  return "from " + std::to_string(min) + " to " + std::to_string(max);
}

}  // namespace

struct TomlTable::State {
  struct Document {
    std::string source_name;
    toml::table root;
  };

  std::shared_ptr<const Document> document;
  const toml::table* table = nullptr;
  std::string name;  // "hub.admin", empty for the root.
  std::set<std::string> asked;
  std::map<std::string, std::vector<std::shared_ptr<State>>> children;

  [[nodiscard]] std::string full_name(std::string_view key) const {
    return name.empty() ? std::string(key) : name + '.' + std::string(key);
  }
  // "hub.toml:12: hub.endpoint"; the line of the table itself where it has no such key.
  [[nodiscard]] std::string where(std::string_view key) const {
    std::uint32_t line = table->source().begin.line;
    if (const auto found = table->find(key); found != table->end()) {
      line = found->first.source().begin.line;
    }
    return document->source_name + ':' + std::to_string(std::max(line, 1U)) + ": " + full_name(key);
  }
  [[nodiscard]] std::unexpected<Error> wrong_type(std::string_view key, std::string_view expected,
                                                  std::string_view found) const {
    return fail(ErrorCode::kConfigWrongType, where(key) + ": expected " + std::string(expected) +
                                                 ", found " + std::string(found));
  }
  [[nodiscard]] std::unexpected<Error> unknown(std::string_view key,
                                               const std::set<std::string>& known) const {
    std::string detail = where(key) + ": no such key";
    if (const auto suggestion = nearest(key, known)) {
      detail += "; did you mean " + *suggestion + "?";
    }
    return fail(ErrorCode::kConfigUnknownKey, std::move(detail));
  }
  const toml::node* ask(std::string_view key) {
    asked.emplace(key);
    return table->get(key);
  }
  std::shared_ptr<State> child(std::string_view key, std::string child_name,
                               const toml::table& child_table) {
    auto& known = children[std::string(key)];
    const auto found = std::ranges::find(known, &child_table, &State::table);
    if (found != known.end()) {
      return *found;
    }
    return known.emplace_back(
        std::make_shared<State>(State{document, &child_table, std::move(child_name), {}, {}}));
  }

  // What stands at the key, as T; nothing where the key is missing.
  template <class T>
  Result<std::optional<T>> scalar(std::string_view key, std::string_view expected) {
    const toml::node* const node = ask(key);
    if (node == nullptr) {
      return std::optional<T>();
    }
    if (const auto* const value = node->as<T>()) {
      return std::optional<T>(value->get());
    }
    return wrong_type(key, expected, type_name(*node));
  }
  Result<std::optional<std::int64_t>> integer(std::string_view key, std::int64_t min,
                                              std::int64_t max) {
    CHANCERY_TRY(const auto value, scalar<std::int64_t>(key, "an integer"));
    if (value && (*value < min || *value > max)) {
      return fail(ErrorCode::kConfigInvalid,
                  where(key) + ": " + std::to_string(*value) + " is not " + range_text(min, max));
    }
    return value;
  }
  Result<std::optional<std::int64_t>> integer(std::string_view key, CountRange range) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    return integer(key, static_cast<std::int64_t>(std::min(range.min, kMax)),
                   static_cast<std::int64_t>(std::min(range.max, kMax)));
  }
  Result<std::optional<std::vector<std::string>>> strings(std::string_view key) {
    const toml::node* const node = ask(key);
    if (node == nullptr) {
      return std::optional<std::vector<std::string>>();
    }
    const toml::array* const array = node->as_array();
    if (array == nullptr) {
      return wrong_type(key, "an array of strings", type_name(*node));
    }
    std::vector<std::string> out;
    for (const toml::node& item : *array) {
      const auto* const text = item.as_string();
      if (text == nullptr) {
        return wrong_type(key, "an array of strings", std::string(type_name(item)) + " in it");
      }
      out.push_back(text->get());
    }
    return out;
  }
  template <class T>
  Result<T> required(std::string_view key, Result<std::optional<T>> value) const {
    if (!value.has_value()) {
      return std::unexpected(std::move(value).error());
    }
    if (std::optional<T>& found = *value; found.has_value()) {
      return *std::move(found);
    }
    return fail(ErrorCode::kConfigInvalid, where(key) + ": missing");
  }
  template <class T>
  static Result<T> defaulted(Result<std::optional<T>> value, T otherwise) {
    if (!value) {
      return std::unexpected(value.error());
    }
    return std::move(*value).value_or(std::move(otherwise));
  }
  template <class To>
  static Result<To> converted(const Result<std::int64_t>& value) {
    if (!value) {
      return std::unexpected(value.error());
    }
    return static_cast<To>(*value);
  }
};

Result<TomlTable> TomlTable::parse(std::string_view text, std::string source_name) {
  auto document = std::make_shared<State::Document>();
  document->source_name = std::move(source_name);
  if (const auto line = line_of_long_key(text)) {
    return fail(ErrorCode::kConfigInvalid, document->source_name + ':' + std::to_string(*line) +
                                               ": a key has more than " +
                                               std::to_string(kKeyWordsMax) + " words");
  }
  try {
    document->root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kConfigInvalid, document->source_name + ':' +
                                               std::to_string(error.source().begin.line) + ": " +
                                               std::string(error.description()));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kConfigInvalid, document->source_name + ": " + error.what());
  }
  auto state = std::make_shared<State>();
  state->table = &document->root;
  state->document = std::move(document);
  return TomlTable(std::move(state));
}

Result<std::string> TomlTable::text(std::string_view key) {
  return state_->required(key, state_->scalar<std::string>(key, "a string"));
}

Result<std::string> TomlTable::text_or(std::string_view key, std::string_view otherwise) {
  return State::defaulted(state_->scalar<std::string>(key, "a string"), std::string(otherwise));
}

Result<std::optional<std::string>> TomlTable::text_if(std::string_view key) {
  return state_->scalar<std::string>(key, "a string");
}

Result<std::int64_t> TomlTable::number(std::string_view key, NumberRange range) {
  return state_->required(key, state_->integer(key, range.min, range.max));
}

Result<std::int64_t> TomlTable::number_or(std::string_view key, std::int64_t otherwise,
                                          NumberRange range) {
  return State::defaulted(state_->integer(key, range.min, range.max), otherwise);
}

Result<std::uint64_t> TomlTable::count(std::string_view key, CountRange range) {
  return State::converted<std::uint64_t>(state_->required(key, state_->integer(key, range)));
}

Result<std::uint64_t> TomlTable::count_or(std::string_view key, std::uint64_t otherwise,
                                          CountRange range) {
  CHANCERY_TRY(const auto value, state_->integer(key, range));
  return value ? static_cast<std::uint64_t>(*value) : otherwise;
}

Result<bool> TomlTable::flag(std::string_view key) {
  return state_->required(key, state_->scalar<bool>(key, "a boolean"));
}

Result<bool> TomlTable::flag_or(std::string_view key, bool otherwise) {
  return State::defaulted(state_->scalar<bool>(key, "a boolean"), otherwise);
}

Result<std::vector<std::string>> TomlTable::texts(std::string_view key) {
  return state_->required(key, state_->strings(key));
}

Result<std::vector<std::string>> TomlTable::texts_or_none(std::string_view key) {
  return State::defaulted(state_->strings(key), {});
}

Result<std::optional<TomlTable>> TomlTable::table_if(std::string_view key) {
  const toml::node* const node = state_->ask(key);
  if (node == nullptr) {
    return std::optional<TomlTable>();
  }
  const toml::table* const found = node->as_table();
  if (found == nullptr) {
    return state_->wrong_type(key, "a table", type_name(*node));
  }
  return TomlTable(state_->child(key, state_->full_name(key), *found));
}

Result<TomlTable> TomlTable::table(std::string_view key) {
  return state_->required(key, table_if(key));
}

Result<std::vector<TomlTable>> TomlTable::tables(std::string_view key) {
  std::vector<TomlTable> out;
  const toml::node* const node = state_->ask(key);
  if (node == nullptr) {
    return out;
  }
  const toml::array* const array = node->as_array();
  if (array == nullptr) {
    return state_->wrong_type(key, "an array of tables", type_name(*node));
  }
  for (const toml::node& item : *array) {
    const toml::table* const found = item.as_table();
    if (found == nullptr) {
      return state_->wrong_type(key, "an array of tables", std::string(type_name(item)) + " in it");
    }
    std::string name = state_->full_name(key) + '[' + std::to_string(out.size()) + ']';
    out.push_back(TomlTable(state_->child(key, std::move(name), *found)));
  }
  return out;
}

bool TomlTable::has(std::string_view key) const {
  return state_->table->contains(key);
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, node] : *state_->table) {
    out.emplace_back(key.str());
  }
  return out;
}

Result<void> TomlTable::only(const std::vector<std::string_view>& keys) const {
  const std::set<std::string> known(keys.begin(), keys.end());
  for (const auto& [key, node] : *state_->table) {
    if (!known.contains(std::string(key.str()))) {
      return state_->unknown(key.str(), known);
    }
  }
  return {};
}

Result<void> TomlTable::finish() const {
  for (const auto& [key, node] : *state_->table) {
    if (!state_->asked.contains(std::string(key.str()))) {
      return state_->unknown(key.str(), state_->asked);
    }
  }
  for (const auto& [key, children] : state_->children) {
    for (const auto& child : children) {
      CHANCERY_TRY_VOID(TomlTable(child).finish());
    }
  }
  return {};
}

std::unexpected<Error> TomlTable::fail_at(std::string_view key, std::string_view problem) const {
  return fail(ErrorCode::kConfigInvalid, state_->where(key) + ": " + std::string(problem));
}

}  // namespace chancery::text
