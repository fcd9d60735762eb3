// The forms that single fields of a notice's content may have to keep: a date, a country, a
// polygon.
//
// Pure, no state, any thread. Judges the form alone: an empty field is judged by whether it is
// required, and two fields by core/exchange/kind_check.h.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/rfc3339.h"

namespace chancery::exchange {

enum class Language : std::uint8_t { kEnglish, kRussian };

// What people read, in the languages of this program.
struct Words {
  std::string_view english;
  std::string_view russian;

  [[nodiscard]] constexpr std::string_view in(Language language) const {
    return language == Language::kEnglish ? english : russian;
  }
};

inline constexpr std::size_t kLineCharactersMax = 500;

enum class Form : std::uint8_t {
  // Texts.
  kProse,      // Any text, of any number of lines.
  kLine,       // One line of at most kLineCharactersMax characters, without controls.
  kState,      // A line: of two capital letters it is a code of ISO 3166-1, EU or UN.
  kMember,     // A member code.
  kLanguage,   // BCP 47, by its shape.
  kDay,        // 2026-03-01
  kDayOrTime,  // The same, or RFC 3339 with its seconds.
  kTime,       // RFC 3339 with its seconds.
  kAddress,    // https:// or http://, without spaces.
  kCategory,   // A word of CAP 1.2 for `category`.
  kResponse,   // A word of CAP 1.2 for `responseType`.
  kPolygon,    // Of CAP 1.2.
  kCircle,     // Of CAP 1.2.
  kDecimal,    // "-12.5"
  // Bytes.
  kHash,   // 32 of them: an N, or a root.
  kBytes,  // Any.
  // Numbers.
  kNumber,
  kInstant,   // Unix time in milliseconds, up to the end of year 9999.
  kDuration,  // Milliseconds.
  // Others, of which the message's own type says all.
  kChoice,
  kTruth,
  kObject,
};

// "a date of the calendar, as 2026-03-01": what to give, for people.
[[nodiscard]] Words form_words(Form form);

// Of a text or of bytes.
[[nodiscard]] bool has_form(Form form, std::string_view value);

// Of kDay, kDayOrTime and kTime: when it begins, and when it ends, which for a date is the end of
// its day in UTC. Nothing where it has not the form.
struct Span {
  UnixTime begin;
  UnixTime end;
};
[[nodiscard]] std::optional<Span> span_of(Form form, std::string_view value);

// The words that kCategory and kResponse may have, with their names; none for other forms.
struct Word {
  std::string_view word;
  Words name;
};
[[nodiscard]] std::span<const Word> words_of(Form form);

}  // namespace chancery::exchange
