// What to say where something that was named on the command line is not there.
//
// The message says what was looked for, and what there is instead or the nearest to it; where it is
// a file, what it should have been. Reads the list of a trial exchange, and nothing else. One
// thread.

#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"

namespace chancery::cli {

// "no kind 'threat.alrt': did you mean 'threat.alert'?"; where none is near, all there are,
// or that there is none.
[[nodiscard]] std::string not_among(std::string_view what, std::string_view name,
                                    const std::set<std::string>& candidates);

// Of a result that is kFileMissing, with what the file should have been: "a notice in JSON".
template <class T>
[[nodiscard]] Result<T> expecting(std::string_view what, Result<T> read) {
  if (!read.has_value() && read.error().code == ErrorCode::kFileMissing) {
    return fail(ErrorCode::kFileMissing, read.error().detail + "; expected " + std::string(what));
  }
  return read;
}

// kInvalidKind where this program knows no such kind of notice.
[[nodiscard]] Result<void> require_kind(std::string_view kind);

// The same of a pattern that grants kinds: "*", a kind, or a group of which there is a kind.
[[nodiscard]] Result<void> require_pattern(std::string_view pattern);

// kUsage unless it may be the name of an application or a context: letters, digits, '.', '_' and
// '-', of which the first is a letter or a digit, 64 at most.
[[nodiscard]] Result<void> require_plain_name(std::string_view what, std::string_view name);

// Of a result that is kFileMissing, for a file that the trial exchange in `folder` has for `name`:
// kNotFound where it has no such member (nor a hub of that name, where one may be meant), and
// kFileMissing that says so where the folder is no trial exchange at all.
enum class Meant : std::uint8_t { kMember, kDaemon };
[[nodiscard]] Error explain_missing(const std::string& folder, std::string_view name, Meant meant,
                                    Error missing);

}  // namespace chancery::cli
