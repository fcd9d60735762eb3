// The table of a daemon's options: one row says of a key what reads it, what it is where the file
// is silent, whether a reload takes it over, and what it is for.
//
// From its rows come the strict reading (a key without a row is unknown), what a reload calls
// changed and what of it needs a restart, and `chancery config options`, with which a test compares
// docs/reference/config.md. Rows are read in their order. Free of state: any thread.

#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "io/text/toml.h"
#include "io/zmq/endpoint.h"

namespace chancery::daemon {

enum class Change : std::uint8_t { kRestart, kReload };

// What is said of a key, for people.
struct Saying {
  std::string_view key;
  std::string_view type;  // "endpoint", in the words of docs/reference/config.md.
  std::string_view meaning{};
  bool needed = true;
  Change change = Change::kRestart;  // In a table that of the table counts.
};

// The same, with the place and the default.
struct OptionRow {
  std::string table;  // "disk"; empty at the root.
  std::string key;
  std::string type;
  std::string otherwise;  // Empty where it is needed, or where there is none.
  bool needed = true;
  Change change = Change::kRestart;
  std::string meaning;
};

struct OptionSource {
  text::TomlTable& table;
  std::filesystem::path folder{};  // Paths are relative to it.

  [[nodiscard]] std::string absolute(std::string_view path) const;
};

template <class Target>
struct Option {
  Saying saying;
  Result<void> (*read)(const OptionSource& from, std::string_view key, Target& target) = nullptr;
  bool (*same)(const Target& a, const Target& b) = nullptr;
  std::string (*otherwise)() = nullptr;
  std::vector<OptionRow> (*below)() = nullptr;  // Of a key that is a table: the rows in it.
};

// Of what is no number and no flag the default is that nothing is done.
template <class Value>
[[nodiscard]] std::string default_text(const Value& value) {
  if constexpr (std::same_as<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::unsigned_integral<Value>) {
    return std::to_string(value);
  } else if constexpr (std::same_as<Value, std::chrono::seconds>) {
    return std::to_string(value.count());
  } else {
    return {};
  }
}

template <auto kMember>
struct At {
  auto& operator()(auto& target) const { return target.*kMember; }
};

// `Get` gives a value in the target; `Read` is called as read(from, key, value as it is), and gives
// a Result of the value. Both are without state.
template <class Target, class Get, class Read>
[[nodiscard]] constexpr Option<Target> option(Saying saying, Get /*get*/, Read /*read*/) {
  return {
      .saying = saying,
      .read = [](const OptionSource& from, std::string_view key, Target& target) -> Result<void> {
        CHANCERY_TRY(Get{}(target), Read{}(from, key, std::as_const(Get{}(target))));
        return {};
      },
      .same = [](const Target& a, const Target& b) { return Get{}(a) == Get{}(b); },
      .otherwise =
          [] {
            const Target target{};
            return default_text(Get{}(target));
          }};
}

// A key that is a table, or a list of them.
template <class Target, class Get, class Read>
[[nodiscard]] constexpr Option<Target> table_option(Saying saying, Get get, Read read,
                                                    std::vector<OptionRow> (*below)()) {
  Option<Target> made = option<Target>(saying, get, read);
  made.below = below;
  return made;
}

template <class Target>
[[nodiscard]] Result<void> read_options(std::span<const Option<Target>> options,
                                        const OptionSource& from, Target& target) {
  std::vector<std::string_view> keys;
  for (const Option<Target>& option : options) {
    keys.push_back(option.saying.key);
  }
  CHANCERY_TRY_VOID(from.table.only(keys));
  for (const Option<Target>& option : options) {
    CHANCERY_TRY_VOID(option.read(from, option.saying.key, target));
  }
  return {};
}

// The keys at the root whose values differ.
template <class Target>
[[nodiscard]] std::vector<std::string> changed_options(std::span<const Option<Target>> options,
                                                       const Target& before, const Target& after) {
  std::vector<std::string> keys;
  for (const Option<Target>& option : options) {
    if (!option.same(before, after)) {
      keys.emplace_back(option.saying.key);
    }
  }
  return keys;
}

template <class Target>
[[nodiscard]] std::vector<std::string_view> reloaded_options(
    std::span<const Option<Target>> options) {
  std::vector<std::string_view> keys;
  for (const Option<Target>& option : options) {
    if (option.saying.change == Change::kReload) {
      keys.push_back(option.saying.key);
    }
  }
  return keys;
}

template <class Target>
[[nodiscard]] std::vector<OptionRow> option_rows(std::span<const Option<Target>> options) {
  std::vector<OptionRow> rows;
  for (const Option<Target>& option : options) {
    const Saying& saying = option.saying;
    if (option.below == nullptr) {
      rows.push_back({.table = {},
                      .key = std::string(saying.key),
                      .type = std::string(saying.type),
                      .otherwise = saying.needed ? std::string() : option.otherwise(),
                      .needed = saying.needed,
                      .change = saying.change,
                      .meaning = std::string(saying.meaning)});
      continue;
    }
    for (OptionRow& row : option.below()) {
      row.table = saying.key;
      row.change = saying.change;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// Readers. Each fails with the file, the line and the rule.
struct ReadText {
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
struct ReadHex32 {
  Result<Hash> operator()(const OptionSource& from, std::string_view key, const Hash& now) const;
};
struct ReadPath {
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
struct ReadKeySource {  // A path, a credential or a variable: io/os/file.h.
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
struct ReadKeySourceIf {
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
[[nodiscard]] Result<std::string> key_source(const OptionSource& from, std::string_view key,
                                             const std::string& source);
struct ReadPathIf {  // Or nothing.
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
struct ReadSocket {  // A path at which libzmq can listen.
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
struct ReadSocketIf {
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& now) const;
};
[[nodiscard]] Result<std::string> read_endpoint(const OptionSource& from, std::string_view key,
                                                zmq::EndpointUse use);
template <zmq::EndpointUse kUse>
struct ReadEndpoint {
  Result<std::string> operator()(const OptionSource& from, std::string_view key,
                                 const std::string& /*now*/) const {
    return read_endpoint(from, key, kUse);
  }
};
template <std::uint64_t kMin = 0, std::uint64_t kMax = text::CountRange{}.max>
struct ReadCount {
  Result<std::uint64_t> operator()(const OptionSource& from, std::string_view key,
                                   std::uint64_t now) const {
    return from.table.count_or(key, now, {.min = kMin, .max = kMax});
  }
};
template <std::uint64_t kMin, std::uint64_t kMax>
struct ReadSeconds {
  Result<std::chrono::seconds> operator()(const OptionSource& from, std::string_view key,
                                          std::chrono::seconds now) const {
    CHANCERY_TRY(const std::uint64_t count,
                 (ReadCount<kMin, kMax>{}(from, key, static_cast<std::uint64_t>(now.count()))));
    return std::chrono::seconds(count);
  }
};

}  // namespace chancery::daemon
