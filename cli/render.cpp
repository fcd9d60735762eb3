#include "cli/render.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/code_point.h"
#include "core/base/encoding.h"
#include "core/exchange/kind_rules.h"
#include "io/text/harmless.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

using exchange::FieldRule;
using exchange::Form;
using text::harmless;
using text::Json;

constexpr std::size_t kIndent = 2;
constexpr std::size_t kHanging = 4;    // Of the lines of a text after its first.
constexpr std::size_t kWidthMin = 40;  // Of a line behind its indent.

struct UnitOfTime {
  std::uint64_t ms = 1;
  exchange::Words name;
};
constexpr std::array kUnits = {
    UnitOfTime{86'400'000, {"d", "сут"}}, UnitOfTime{3'600'000, {"h", "ч"}},
    UnitOfTime{60'000, {"min", "мин"}}, UnitOfTime{1000, {"s", "с"}}, UnitOfTime{1, {"ms", "мс"}}};

// A number of protobuf's JSON, where those of 64 bits are texts.
std::optional<std::uint64_t> number_in(const Json& value) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>();
  }
  if (!value.is_string()) {
    return std::nullopt;
  }
  const Result<std::uint64_t> number = from_decimal(value.get_ref<const std::string&>());
  return number.has_value() ? std::optional(*number) : std::nullopt;
}

// In the largest unit that it is a whole number of.
std::string duration_words(std::uint64_t ms, Language language) {
  const auto* const unit =
      std::ranges::find_if(kUnits, [ms](const UnitOfTime& each) { return ms % each.ms == 0; });
  return std::to_string(ms / unit->ms) + " " + std::string(unit->name.in(language));
}

std::string instant_words(std::uint64_t ms) {
  return text::time_for_people(
      text::Time(std::chrono::milliseconds(static_cast<std::int64_t>(ms))));
}

std::string cap_word(Form form, const std::string& value, Language language) {
  const auto words = exchange::words_of(form);
  const auto found = std::ranges::find(words, value, &exchange::Word::word);
  return found == words.end() ? value : std::string(found->name.in(language));
}

std::string choice_of(const std::string& value, Language language) {
  const std::string_view name = exchange::value_words(value).in(language);
  return name.empty() ? value : std::string(name);
}

std::string hash_of(const std::string& value) {
  const Result<std::string> bytes = from_base64(value);
  return bytes.has_value() ? hex(as_bytes(*bytes)) : value;
}

std::string text_value(Form form, const std::string& value, Language language) {
  switch (form) {
    case Form::kCategory:
    case Form::kResponse:
      return cap_word(form, value, language);
    case Form::kChoice:
      return choice_of(value, language);
    case Form::kHash:
      return hash_of(value);
    default:
      return value;
  }
}

constexpr std::uint64_t kInstantMaxMs = 253'402'300'799'999;

// One that has nothing in it.
std::string value_text(const FieldRule* rule, const Json& value, Language language) {
  const Form form = rule == nullptr ? Form::kProse : rule->form;
  if (form == Form::kInstant || form == Form::kDuration) {
    const auto number = number_in(value);
    if (number && form == Form::kDuration) {
      return duration_words(*number, language);
    }
    if (number && *number <= kInstantMaxMs) {
      return instant_words(*number);
    }
  }
  if (value.is_boolean()) {
    return std::string(
        (value.get<bool>() ? exchange::Words{"yes", "да"} : exchange::Words{"no", "нет"})
            .in(language));
  }
  return value.is_string() ? text_value(form, value.get_ref<const std::string&>(), language)
                           : text::dump(value);
}

bool is_flat(const Json& value) {
  return !value.is_structured() ||
         (value.is_array() &&
          std::ranges::none_of(value, [](const auto& each) { return each.is_structured(); }));
}

std::string inner(std::string path, const std::string& key) {
  if (!path.empty()) {
    path += '.';
  }
  return path += key;
}

class Renderer {
 public:
  Renderer(std::string_view kind, const Style& style)
      : rules_(exchange::find_rules(kind)), style_(style) {}

  void add(const Json& value, const std::string& path, std::size_t indent) {
    for (const auto& [key, item] : value.items()) {
      if (value.is_array()) {
        add_item(item, path, indent);
      } else {
        add_field(item, key, inner(path, key), indent);
      }
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] const FieldRule* rule_of(std::string_view path) const {
    return rules_ == nullptr ? nullptr : exchange::find_rule(*rules_, path);
  }
  [[nodiscard]] std::string label_of(const FieldRule* rule, const std::string& key) const {
    return rule == nullptr ? key : std::string(rule->label.in(style_.language));
  }
  [[nodiscard]] std::string flat(const FieldRule* rule, const Json& value) const {
    if (!value.is_array()) {
      return value_text(rule, value, style_.language);
    }
    std::string out;
    for (const Json& item : value) {
      out += (out.empty() ? "" : "; ") + value_text(rule, item, style_.language);
    }
    return out;
  }

  [[nodiscard]] std::string in_one_line(const Json& object, const std::string& path) const {
    std::string line;
    for (const auto& [key, value] : object.items()) {
      const FieldRule* const rule = rule_of(inner(path, key));
      line += (line.empty() ? "" : "; ") + label_of(rule, key) + ": " + flat(rule, value);
    }
    return line;
  }

  void add_head(const std::string& head, std::size_t indent) {
    out_ += std::string(indent, ' ') + harmless(head);
  }
  void add_rest(const std::string& head, const std::string& text, std::size_t indent) {
    add_wrapped(out_, text, indent + shown_size(harmless(head)), indent + kHanging,
                std::max(style_.width, indent + kHanging + kWidthMin));
  }

  void add_field(const Json& item, const std::string& key, const std::string& path,
                 std::size_t indent) {
    const FieldRule* const rule = rule_of(path);
    const std::string head = label_of(rule, key) + ":";
    add_head(head, indent);
    if (is_flat(item)) {
      out_ += " ";
      add_rest(head + " ", flat(rule, item), indent);
      return;
    }
    out_ += "\n";
    add(item, path, indent + kIndent);
  }

  // Of a list of objects; those of which each field is short stand in one line.
  void add_item(const Json& item, const std::string& path, std::size_t indent) {
    if (item.is_array() || (item.is_object() && !std::ranges::all_of(item, is_flat))) {
      add_head("-", indent);
      out_ += "\n";
      add(item, path, indent + kIndent);
      return;
    }
    add_head("- ", indent);
    add_rest("- ", item.is_object() ? in_one_line(item, path) : flat(rule_of(path), item), indent);
  }

  const exchange::KindRules* rules_;
  Style style_;
  std::string out_;
};

// One line of a text, without controls.
void add_line(std::string& out, std::string_view line, std::size_t column, std::size_t indent,
              std::size_t width) {
  bool first = true;
  while (true) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    const std::size_t size = shown_size(word);
    if (!first && column + 1 + size > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += " ";
      ++column;
    }
    out += word;
    column += size;
    first = false;
    if (end == line.size()) {
      return;
    }
    line.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Language> language_from(std::string_view word) {
  if (word == "en" || word == "ru") {
    return word == "en" ? Language::kEnglish : Language::kRussian;
  }
  return fail(ErrorCode::kUsage, "'" + std::string(word) + "' is neither en nor ru");
}

std::size_t shown_size(std::string_view text) {
  std::size_t size = 0;
  for (; !text.empty(); ++size) {
    text.remove_prefix(first_code_point(text).size);
  }
  return size;
}

void add_wrapped(std::string& out, std::string_view text, std::size_t column, std::size_t indent,
                 std::size_t width) {
  while (true) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    add_line(out, harmless(text.substr(0, end)), column, indent, width);
    out += "\n";
    if (end == text.size()) {
      return;
    }
    text.remove_prefix(end + 1);
    out.append(indent, ' ');
    column = indent;
  }
}

std::string rendered(std::string_view kind, const Json& content, const Style& style) {
  Renderer renderer(kind, style);
  renderer.add(content, "", kIndent);
  return renderer.take();
}

}  // namespace chancery::cli
