#include "core/exchange/witnesses.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace chancery::exchange {
namespace {

// Under each of the sets; nothing where it is no quorum under one. `of_set` gives what was verified
// of a set.
template <typename OfSet>
Result<std::optional<std::uint64_t>> oldest_quorum(std::span<const WitnessSet> sets,
                                                   const OfSet& of_set) {
  std::optional<std::uint64_t> oldest;
  for (const WitnessSet& set : sets) {
    CHANCERY_TRY(const std::vector<ledger::Cosignature> cosignatures, of_set(set));
    const std::optional<std::uint64_t> time = quorum_time(set, cosignatures);
    if (!time.has_value()) {
      return std::optional<std::uint64_t>();
    }
    oldest = std::min(oldest.value_or(*time), *time);
  }
  return oldest;
}

}  // namespace

std::string witness_name(std::string_view origin_line, std::string_view member) {
  return std::string(origin_line).append("/").append(member);
}

namespace {

const NodeInfo* witness_node_of(const Directory& directory, std::string_view code) {
  const v1::Member* const member = directory.member(code);
  if (member == nullptr || member->role() != v1::MEMBER_ROLE_MEMBER) {
    return nullptr;
  }
  const std::vector<const NodeInfo*> nodes = directory.active_nodes_of(code);
  const auto found = std::ranges::find_if(
      nodes, [](const NodeInfo* node) { return node->witness_key.has_value(); });
  return found == nodes.end() ? nullptr : *found;
}

}  // namespace

const NodeInfo* witness_node(const Directory& directory, std::string_view name) {
  const std::string prefix = witness_name(directory.roster().hub().origin_line(), "");
  if (!name.starts_with(prefix)) {
    return nullptr;
  }
  return witness_node_of(directory, name.substr(prefix.size()));
}

WitnessSet witnesses_of(const Directory& directory) {
  WitnessSet set;
  for (const v1::Member& member : directory.roster().members()) {
    const NodeInfo* const node = witness_node_of(directory, member.code());
    if (node != nullptr && node->witness_key.has_value()) {
      set.keys.push_back(
          {.name = witness_name(directory.roster().hub().origin_line(), member.code()),
           .type = ledger::kNoteCosignature,
           .key = *node->witness_key});
    }
  }
  set.quorum = (set.keys.size() + directory.roster().faulty_max()) / 2 + 1;
  return set;
}

std::optional<std::uint64_t> quorum_time(const WitnessSet& set,
                                         std::span<const ledger::Cosignature> cosignatures) {
  if (cosignatures.size() < set.quorum) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> times;
  times.reserve(cosignatures.size());
  for (const ledger::Cosignature& cosignature : cosignatures) {
    times.push_back(cosignature.time_s);
  }
  std::ranges::sort(times, std::greater());
  return times[set.quorum - 1];
}

std::optional<std::uint64_t> quorum_time(std::span<const WitnessSet> sets,
                                         std::span<const CosignedBy> verified) {
  const auto of_set = [&](const WitnessSet& set) -> Result<std::vector<ledger::Cosignature>> {
    std::vector<ledger::Cosignature> cosignatures;
    for (const CosignedBy& each : verified) {
      const auto key = std::ranges::find(set.keys, each.witness);
      if (key != set.keys.end()) {
        cosignatures.push_back(
            {.witness = static_cast<std::size_t>(key - set.keys.begin()), .time_s = each.time_s});
      }
    }
    return cosignatures;
  };
  return oldest_quorum(sets, of_set).value_or(std::nullopt);  // None of these fails.
}

Result<std::optional<std::uint64_t>> quorum_time(const ledger::Note& note,
                                                 std::span<const WitnessSet> sets) {
  return oldest_quorum(
      sets, [&](const WitnessSet& set) { return ledger::verify_cosignatures(note, set.keys); });
}

}  // namespace chancery::exchange
