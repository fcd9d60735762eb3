// Objects in JSON that a program gives, read strictly into a structure. Inner to client/.
//
// An unknown key or a wrong type is an error, since a misspelt "expires" must not publish a notice
// that never expires. No state, any thread.

#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/notice.h"
#include "client/src/errors.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::client {

inline constexpr std::size_t kDocumentBytesMax = 4U << 20U;
inline constexpr std::size_t kDocumentDepthMax = 32;

// kMalformed: "is not a text".
[[nodiscard]] std::unexpected<chancery::Error> wrong_type(std::string_view wanted);

[[nodiscard]] Result<std::string> as_text(const text::Json& value);
[[nodiscard]] Result<std::vector<std::string>> as_texts(const text::Json& value);
// "all" stands for ["all"].
[[nodiscard]] Result<std::vector<std::string>> as_names(const text::Json& value);
[[nodiscard]] Result<bool> as_truth(const text::Json& value);
[[nodiscard]] Result<std::uint64_t> as_count(const text::Json& value);

template <class Enum>
Result<Enum> as_word(const text::Json& value, Enum (*from)(std::string_view)) {
  CHANCERY_TRY(const std::string word, as_text(value));
  try {
    return from(word);
  } catch (const Error& error) {
    return fail(ErrorCode::kMalformed, error.detail());
  }
}

// `now` is for durations from it.
template <class T>
using FieldReader = std::function<Result<void>(T& out, const text::Json& value, Time now)>;
template <class T>
using FieldReaders = std::map<std::string, FieldReader<T>, std::less<>>;

template <class T, class Member>
FieldReader<T> into(Member T::* member, Result<Member> (*read)(const text::Json&)) {
  return [=](T& out, const text::Json& value, Time) -> Result<void> {
    CHANCERY_TRY(out.*member, read(value));
    return {};
  };
}

template <class T, class Enum>
FieldReader<T> into_word(Enum T::* member, Enum (*from)(std::string_view)) {
  return [=](T& out, const text::Json& value, Time) -> Result<void> {
    CHANCERY_TRY(out.*member, as_word(value, from));
    return {};
  };
}

struct Document {
  std::string_view source;  // Where a mistake is, for people: each detail begins with it.
  std::string_view of;      // "a notice"
  Time now;
};

// kMalformed.
[[nodiscard]] std::unexpected<chancery::Error> no_object(const Document& document);
// kMalformed, kInvalidUtf8 or kNestingTooDeep where it is no object in JSON.
[[nodiscard]] Result<text::Json> parse_object(std::string_view json, const Document& document);
// kUnknownField; names the keys that there are.
[[nodiscard]] std::unexpected<chancery::Error> unknown_key(std::string_view key,
                                                           const Document& document,
                                                           const std::vector<std::string>& known);

template <class T>
Result<T> read_fields(const text::Json& object, const Document& document,
                      const FieldReaders<T>& readers) {
  T out;
  for (const auto& [key, value] : object.items()) {
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      std::vector<std::string> known;
      for (const auto& [name, other] : readers) {
        known.push_back(name);
      }
      return unknown_key(key, document, known);
    }
    if (const auto read = reader->second(out, value, document.now); !read.has_value()) {
      return fail(read.error().code,
                  std::string(document.source) + ": '" + key + "': " + read.error().detail);
    }
  }
  return out;
}

template <class T>
Result<T> read_object(std::string_view json, const Document& document,
                      const FieldReaders<T>& readers) {
  CHANCERY_TRY(const text::Json object, parse_object(json, document));
  return read_fields(object, document, readers);
}

}  // namespace chancery::client
