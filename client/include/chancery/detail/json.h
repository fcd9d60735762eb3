// The little of JSON that the library's documents need. Not for applications: it reads what
// chancery.h gives, which is well-formed, and is no judge of what is not.
//
// A JsonValue looks into the text that it was made from, which must outlive it; what lies in a
// value that nobody asks for (a notice's content) is stepped over, not read. Values; any thread,
// but for an object, which one thread uses at a time.

#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/detail/call.h"

namespace chancery::client::detail {

// Each letter, and the control character that a backslash before it stands for.
inline constexpr std::string_view kShortEscapes = "b\bf\fn\nr\rt\t";

inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6U));
    put(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12U));
    put(0x80 | ((code >> 6U) & 0x3FU));
    put(0x80 | (code & 0x3FU));
  } else {
    put(0xF0 | (code >> 18U));
    put(0x80 | ((code >> 12U) & 0x3FU));
    put(0x80 | ((code >> 6U) & 0x3FU));
    put(0x80 | (code & 0x3FU));
  }
}

class JsonValue {
 public:
  JsonValue() = default;  // As null.
  explicit JsonValue(std::string_view raw) : raw_(raw) {}

  [[nodiscard]] std::string_view raw() const { return raw_; }
  [[nodiscard]] bool is_null() const { return raw_.empty() || raw_ == "null"; }
  [[nodiscard]] bool truth() const { return raw_ == "true"; }
  [[nodiscard]] std::uint64_t number() const {
    std::uint64_t value = 0;
    std::from_chars(raw_.data(), raw_.data() + raw_.size(), value);
    return value;
  }
  [[nodiscard]] std::string text() const;  // "" of null.

 private:
  [[nodiscard]] std::uint32_t hex(std::size_t at) const {
    std::uint32_t code = 0;
    if (at + 4 <= raw_.size()) {
      std::from_chars(raw_.data() + at, raw_.data() + at + 4, code, 16);
    }
    return code;
  }

  std::string_view raw_;
};

inline std::string JsonValue::text() const {
  std::string out;
  if (raw_.size() < 2 || raw_.front() != '"') {
    return out;
  }
  const std::size_t end = raw_.size() - 1;
  for (std::size_t i = 1; i < end; ++i) {
    const std::size_t plain_end = std::min(raw_.find('\\', i), end);
    out.append(raw_, i, plain_end - i);
    i = plain_end + 1;
    if (i >= end) {
      break;
    }
    const char escape = raw_[i];
    const std::size_t known = kShortEscapes.find(escape);
    if (escape != 'u') {
      out += known == std::string_view::npos ? escape : kShortEscapes[known + 1];
      continue;
    }
    std::uint32_t code = hex(i + 1);
    i += 4;
    if (code >= 0xD800 && code < 0xDC00) {  // The first of a pair.
      code = 0x10000 + ((code - 0xD800) << 10U) + ((hex(i + 3) - 0xDC00) & 0x3FFU);
      i += 6;
    }
    append_utf8(out, code);
  }
  return out;
}

// Steps over the parts of a text in JSON.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  // Whether `mark` comes next; then it is stepped over.
  bool take(char mark) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != mark) {
      return false;
    }
    ++at_;
    return true;
  }

  JsonValue value() {
    skip_space();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (depth > 0 && (c == '}' || c == ']')) {
        --depth;
        ++at_;
      } else if (depth > 0) {
        ++at_;
      } else {
        at_ = std::min(text_.find_first_of(",]} \n", at_), text_.size());
      }
    } while (depth > 0 && at_ < text_.size());
    return JsonValue(text_.substr(begin, at_ - begin));
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  void skip_string() {
    const auto is_escaped = [this](std::size_t at, std::size_t begin) {
      std::size_t before = at;
      while (before > begin && text_[before - 1] == '\\') {
        --before;
      }
      return (at - before) % 2 == 1;
    };
    const std::size_t begin = ++at_;
    bool escaped = true;
    while (escaped) {
      const std::size_t quote = std::min(text_.find('"', at_), text_.size());
      escaped = quote < text_.size() && is_escaped(quote, begin);
      at_ = std::min(quote + 1, text_.size());
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline std::vector<JsonValue> items_of(const JsonValue& list) {
  std::vector<JsonValue> out;
  JsonScanner scanner(list.raw());
  if (!scanner.take('[') || scanner.take(']')) {
    return out;
  }
  do {
    out.push_back(scanner.value());
  } while (scanner.take(','));
  return out;
}

inline std::vector<std::string> texts_of(const JsonValue& list) {
  std::vector<std::string> out;
  for (const JsonValue& item : items_of(list)) {
    out.push_back(item.text());
  }
  return out;
}

// A key that is not there is as one that is null: an older library gives fewer of them. The
// library's keys have nothing to escape, and none comes twice.
class JsonObject {
 public:
  explicit JsonObject(const JsonValue& object) {
    JsonScanner scanner(object.raw());
    if (!scanner.take('{') || scanner.take('}')) {
      return;
    }
    do {
      const std::string_view key = scanner.value().raw();
      if (key.size() < 2 || !scanner.take(':')) {
        fail("malformed", "the library gave what is not JSON");
      }
      fields_.emplace_back(key.substr(1, key.size() - 2), scanner.value());
    } while (scanner.take(','));
  }

  // Quickest where fields are asked for in their order.
  [[nodiscard]] JsonValue operator[](std::string_view key) const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      next_ = next_ < fields_.size() ? next_ : 0;
      const auto& [name, value] = fields_[next_++];
      if (name == key) {
        return value;
      }
    }
    return {};
  }

 private:
  std::vector<std::pair<std::string_view, JsonValue>> fields_;
  mutable std::size_t next_ = 0;  // Where the next one is looked for first.
};

// An object with what was set, in that order.
class JsonWriter {
 public:
  void text(const char* key, std::string_view value) {
    begin(key);
    quote(value);
  }
  void texts(const char* key, const std::vector<std::string>& values) {
    begin(key);
    out_ += '[';
    for (const std::string& value : values) {
      out_ += &value == &values.front() ? "" : ",";
      quote(value);
    }
    out_ += ']';
  }
  void number(const char* key, std::uint64_t value) { json(key, std::to_string(value)); }
  void truth(const char* key, bool value) { json(key, value ? "true" : "false"); }
  // What is JSON already.
  void json(const char* key, std::string_view value) {
    begin(key);
    out_ += value;
  }
  void list(const char* key, const std::vector<std::string>& values) {
    begin(key);
    out_ += '[';
    for (const std::string& value : values) {
      out_ += &value == &values.front() ? "" : ",";
      out_ += value;
    }
    out_ += ']';
  }

  [[nodiscard]] std::string take() {
    out_ += out_.empty() ? "{}" : "}";
    return std::move(out_);
  }

 private:
  void begin(const char* key) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += key;
    out_ += "\":";
  }
  void quote(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto is_plain = [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    };
    out_ += '"';
    const char* const end = value.data() + value.size();
    for (const char* done = value.data(); done != end;) {
      const char* const plain_end = std::find_if_not(done, end, is_plain);
      out_.append(done, plain_end);
      if (plain_end == end) {
        break;
      }
      const auto byte = static_cast<unsigned char>(*plain_end);
      const std::size_t known = kShortEscapes.find(*plain_end);
      out_ += '\\';
      if (byte >= 0x20) {
        out_ += *plain_end;
      } else if (known != std::string_view::npos) {
        out_ += kShortEscapes[known - 1];
      } else {
        out_.append("u00").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0xFU]);
      }
      done = plain_end + 1;
    }
    out_ += '"';
  }

  std::string out_;
};

}  // namespace chancery::client::detail
