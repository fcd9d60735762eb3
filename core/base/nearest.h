// "Did you mean": the name that somebody who mistyped one probably meant.
//
// Pure. For names that people write: the work is quadratic in their length, so a long one has no
// nearest.

#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace chancery {

inline constexpr std::size_t kMistypedBytesMax = 100;

// Levenshtein's distance: how many bytes to insert, delete or replace.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The first of the nearest candidates. Nothing where none is near (more than a third of the name,
// or two bytes, would have to change), or where the name has more than kMistypedBytesMax bytes: a
// wild guess is worse than none.
[[nodiscard]] std::optional<std::string> nearest(std::string_view name,
                                                 const std::set<std::string>& candidates);

}  // namespace chancery
