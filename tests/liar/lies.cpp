#include "tests/liar/lies.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace chancery::test {

const LieInfo& info_of(Lie lie) {
  return *std::ranges::find(kLies, lie, &LieInfo::lie);
}

std::optional<Lie> lie_of(std::string_view name) {
  const auto* const found = std::ranges::find(kLies, name, &LieInfo::name);
  return found == kLies.end() ? std::nullopt : std::optional(found->lie);
}

std::optional<LieOrder> LieOrder::parse(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) {
    return std::nullopt;
  }
  const std::optional<Lie> lie = lie_of(text.substr(0, first));
  const Result<std::uint64_t> index = from_decimal(text.substr(last + 1));
  if (!lie.has_value() || !index.has_value()) {
    return std::nullopt;
  }
  return LieOrder{.lie = *lie,
                  .member = std::string(text.substr(first + 1, last - first - 1)),
                  .index = *index};
}

}  // namespace chancery::test
