#include "cli/lookup.h"

#include <algorithm>
#include <optional>

#include "chancery/notice.h"
#include "cli/exchange_run.h"
#include "core/base/nearest.h"
#include "core/exchange/names.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kListedMax = 40;  // Members of a large exchange are not a message.

template <class Names>
std::string listed(const Names& names) {
  std::string out;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count == kListedMax) {
      return out + " and " + std::to_string(names.size() - count) + " more";
    }
    out += (count++ == 0 ? "" : ", ") + name;
  }
  return out;
}

std::set<std::string> kind_names() {
  std::set<std::string> names;
  for (const client::Kind& known : client::kinds()) {
    names.insert(known.name);
  }
  return names;
}

}  // namespace

std::string not_among(std::string_view what, std::string_view name,
                      const std::set<std::string>& candidates) {
  const std::string none = "no " + std::string(what) + " '" + std::string(name) + "': ";
  if (candidates.empty()) {
    return none + "there is none";
  }
  const std::optional<std::string> near = nearest(name, candidates);
  return none +
         (near.has_value() ? "did you mean '" + *near + "'?" : "there are " + listed(candidates));
}

Result<void> require_pattern(std::string_view pattern) {
  const std::set<std::string> names = kind_names();
  const bool grants =
      exchange::is_pattern(pattern) && std::ranges::any_of(names, [&](const std::string& kind) {
        return exchange::matches(pattern, kind);
      });
  if (!grants) {
    return fail(ErrorCode::kInvalidKind, not_among("kind", pattern, names));
  }
  return {};
}

Result<void> require_plain_name(std::string_view what, std::string_view name) {
  if (!exchange::is_plain_name(name)) {
    return fail(ErrorCode::kUsage, "'" + std::string(name) + "' is no name of " +
                                       std::string(what) +
                                       ": letters, digits, '.', '_' and '-', 64 at most");
  }
  return {};
}

Result<void> require_kind(std::string_view kind) {
  const std::set<std::string> names = kind_names();
  if (!names.contains(std::string(kind))) {
    return fail(ErrorCode::kInvalidKind, not_among("kind", kind, names));
  }
  return {};
}

Error explain_missing(const std::string& folder, std::string_view name, Meant meant,
                      Error missing) {
  if (missing.code != ErrorCode::kFileMissing) {
    return missing;
  }
  const Result<ExchangeFile> exchange = read_exchange_file(folder);
  if (!exchange.has_value()) {
    return exchange.error().code == ErrorCode::kFileMissing ? exchange.error() : missing;
  }
  // Codes are short, so that each is near to each: no guess, the list.
  std::vector<std::string> there = exchange->members;
  if (std::ranges::find(there, name) != there.end()) {
    return missing;
  }
  if (meant == Meant::kDaemon) {
    there.insert(there.begin(), "hub");
  }
  return {ErrorCode::kNotFound,
          std::string(meant == Meant::kDaemon ? "no daemon '" : "no member '") + std::string(name) +
              "' in " + folder + ": there are " + listed(there)};
}

}  // namespace chancery::cli
