// The log of a daemon: one line per event on stderr, for journald, a file or a person.
//
//   2006-01-02T15:04:05.123Z INFO entry-logged index=7 member="Fleet \"A\""
//   {"time":"2006-01-02T15:04:05.123Z","level":"INFO","program":"chancery-hub","event":"…","n":7}
//
// Peers choose some of the values, so everything passes one function, escape(): nothing a peer
// sends can end a line, move a cursor, turn the direction of writing or fill a disk with one event.
// Nobody logs a secret or a text of a notice: fields are named one by one, there is no "log this
// message".
//
// init() once, before threads; log() from any thread. Levels: error = a person must act, warn = a
// peer or the network misbehaves, info = what an operator wants to know later, debug = the rest.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace chancery::log {

constexpr std::size_t kValueSizeMax = 512;  // Bytes of one value, before escaping.

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn", "error"
[[nodiscard]] std::optional<Level> level_from(std::string_view name);

struct Field {
  Field(std::string_view field_name, std::string text) : name(field_name), value(std::move(text)) {}
  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  Field(std::string_view field_name, bool flag)
      : name(field_name), value(flag ? "true" : "false"), literal(true) {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Field(std::string_view field_name, T number)
      : name(field_name), value(std::to_string(number)), literal(true) {}

  std::string_view name;
  std::string value;
  bool literal = false;  // A number or a truth value: JSON shows it without quotes.
};

// Before it is called, events of kInfo and above are written as text.
void init(std::string_view program_name, Level level, bool json);

// For a program that keeps the lines itself, as a simulation does: they go to `sink` as text,
// without their time, and nothing to stderr.
void init_sink(std::function<void(std::string_view line)> sink, Level level);

void log(Level level, std::string_view event, std::span<const Field> fields);
inline void log(Level level, std::string_view event, std::initializer_list<Field> fields = {}) {
  log(level, event, std::span(fields.begin(), fields.size()));
}

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(Level::kWarn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(Level::kError, event, fields);
}

// The one way in. Written as in a JSON string (RFC 8259 section 7), without the quotes: also
// escaped are DEL, the C1 controls, line and paragraph separators, invisible characters and those
// that change the direction of writing; invalid UTF-8 becomes \ufffd. Cut after kValueSizeMax
// bytes, which shows.
[[nodiscard]] std::string escape(std::string_view text);

// A line without its time; what log() writes.
[[nodiscard]] std::string format_text(Level level, std::string_view event,
                                      std::span<const Field> fields);
[[nodiscard]] std::string format_json(Level level, std::string_view program, std::string_view event,
                                      std::span<const Field> fields);

}  // namespace chancery::log
