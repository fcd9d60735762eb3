// TOML as text: values as they are written, and changes that leave the rest of a file as it is.
//
// io/text/toml.h reads and does not write; whoever changes a text reads the result with it, and
// compares. One thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace chancery::cli {

[[nodiscard]] std::string toml_text(std::string_view text);  // "a \"b\""
[[nodiscard]] std::string toml_list(const std::vector<std::string>& texts);
[[nodiscard]] std::string toml_line(std::string_view key, std::string_view text);  // With its end.

// The table at the end, behind an empty line.
[[nodiscard]] std::string with_table(std::string_view text, std::string_view table);

// Without the table [[name]] of this number, from 0: its header and its keys. Comments around it
// stay, and of two empty lines that meet, one. kNotFound where there are not so many headers of
// that name.
[[nodiscard]] Result<std::string> without_table(std::string_view text, std::string_view name,
                                                std::size_t number);

}  // namespace chancery::cli
