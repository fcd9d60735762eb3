// A strict reader of TOML 1.0 configuration: a misspelt key is an error, never a silent default.
//
// Each key is asked for by name and type, and finish() fails on what was never asked for, with the
// nearest key that was. Every error says file:line. Keys with dashes or underscores are taken as
// they are. What a value means is the caller's business: fail_at() gives such errors the same form.
//
//   CHANCERY_TRY(auto root, TomlTable::parse(bytes, path));
//   CHANCERY_TRY(auto hub, root.table("hub"));
//   CHANCERY_TRY(const std::string endpoint, hub.text("endpoint"));
//   CHANCERY_TRY_VOID(root.finish());      // Also looks into the tables that were handed out.
//
// Copies share their memory of what was asked. One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace chancery::text {

constexpr std::size_t kKeyWordsMax = 16;  // Of one key, with the dots between them.

struct NumberRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct CountRange {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();  // TOML has no larger number.
};

class TomlTable {
 public:
  // kConfigInvalid where the text is not TOML, which a key given twice is not, or has a key of more
  // than kKeyWordsMax words.
  [[nodiscard]] static Result<TomlTable> parse(std::string_view text, std::string source_name);

  // The plain form fails with kConfigInvalid where the key is missing; *_or takes the second value.
  // kConfigWrongType where it is of another type, kConfigInvalid where it is out of range.
  [[nodiscard]] Result<std::string> text(std::string_view key);
  [[nodiscard]] Result<std::string> text_or(std::string_view key, std::string_view otherwise);
  [[nodiscard]] Result<std::optional<std::string>> text_if(std::string_view key);
  [[nodiscard]] Result<std::int64_t> number(std::string_view key, NumberRange range = {});
  [[nodiscard]] Result<std::int64_t> number_or(std::string_view key, std::int64_t otherwise,
                                               NumberRange range = {});
  [[nodiscard]] Result<std::uint64_t> count(std::string_view key, CountRange range = {});
  [[nodiscard]] Result<std::uint64_t> count_or(std::string_view key, std::uint64_t otherwise,
                                               CountRange range = {});
  [[nodiscard]] Result<bool> flag(std::string_view key);
  [[nodiscard]] Result<bool> flag_or(std::string_view key, bool otherwise);
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key);
  [[nodiscard]] Result<std::vector<std::string>> texts_or_none(std::string_view key);
  [[nodiscard]] Result<TomlTable> table(std::string_view key);
  [[nodiscard]] Result<std::optional<TomlTable>> table_if(std::string_view key);
  [[nodiscard]] Result<std::vector<TomlTable>> tables(std::string_view key);  // Empty if missing.

  [[nodiscard]] bool has(std::string_view key) const;  // Does not count as asking.
  // All keys in alphabetical order, for tables whose keys are names; does not count as asking.
  [[nodiscard]] std::vector<std::string> keys() const;

  // kConfigUnknownKey for the first key here that is none of these. Before anything is asked for,
  // so that a key that is missing because it is misspelt is called misspelt.
  [[nodiscard]] Result<void> only(const std::vector<std::string_view>& keys) const;

  // kConfigUnknownKey for the first key, here or below, that nobody asked for.
  [[nodiscard]] Result<void> finish() const;

  // kConfigInvalid, "hub.toml:12: hub.endpoint: <problem>"
  [[nodiscard]] std::unexpected<Error> fail_at(std::string_view key,
                                               std::string_view problem) const;

 private:
  struct State;
  explicit TomlTable(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace chancery::text
