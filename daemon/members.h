// Who takes part, in `status --json` of hub and node.

#pragma once

#include <string>

#include "core/base/encoding.h"
#include "core/crypto/keys.h"
#include "core/exchange/directory.h"
#include "io/text/json.h"

namespace chancery::daemon {

// Of the newest head at quorum; zeroes before the first.
[[nodiscard]] inline text::Json cosigned_json(std::uint64_t size, std::uint64_t time_s) {
  return {{"size", size}, {"time_ms", time_s * 1000}};
}

// The id of its key, in digits.
[[nodiscard]] inline std::string authority_of(const v1::Member& member) {
  const Result<crypto::PublicKey> key =
      crypto::PublicKey::from_spki(as_bytes(member.authority_key()));
  return key.has_value() ? hex(key->id()) : std::string();
}

[[nodiscard]] inline text::Json members_json(const exchange::Directory& directory) {
  text::Json members = text::Json::array();
  for (const v1::Member& member : directory.roster().members()) {
    members.push_back({{"code", member.code()},
                       {"name", member.name()},
                       {"authority", authority_of(member)},
                       {"nodes", directory.active_nodes_of(member.code()).size()}});
  }
  return members;
}

// The states that are set, by name, with the D of the entry that set each.
[[nodiscard]] inline text::Json states_json(const exchange::Directory& directory) {
  text::Json states = text::Json::object();
  for (const v1::StateRule& rule : directory.roster().states()) {
    if (const auto value = directory.state(rule.name()); value.has_value()) {
      states[rule.name()] = {
          {"value", *value},
          {"entry", hex(directory.slot("state/" + rule.name()).value_or(Hash{}))}};
    }
  }
  return states;
}

}  // namespace chancery::daemon
