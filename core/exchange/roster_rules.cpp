#include "core/exchange/roster_rules.h"

#include <algorithm>
#include <set>
#include <string>

#include "core/base/bytes.h"
#include "core/crypto/keys.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/ledger/note.h"

namespace chancery::exchange {
namespace {

template <class Strings>
bool ascending(const Strings& strings) {
  return std::ranges::adjacent_find(strings, std::greater_equal<>{}) == strings.end();
}

template <class Patterns>
Result<void> check_patterns(const Patterns& patterns, std::string_view what) {
  if (static_cast<std::size_t>(patterns.size()) > kPatternCountMax) {
    return fail(ErrorCode::kLimitExceeded, std::string(what) + ": too many patterns");
  }
  for (const std::string& pattern : patterns) {
    if (!is_pattern(pattern)) {
      return broken(std::string(what) + ": '" + pattern + "' is no pattern of kinds");
    }
  }
  if (!ascending(patterns)) {
    return broken(std::string(what) + ": patterns ascend, each once");
  }
  return {};
}

Result<void> check_member(const v1::Member& member, const std::set<std::string>& classifications) {
  if (!is_member_code(member.code())) {
    return broken("'" + member.code() + "' is not a member code");
  }
  if (member.role() == v1::MEMBER_ROLE_UNSPECIFIED) {
    return broken("member " + member.code() + " has no role");
  }
  if (member.name().size() > kNameBytesMax) {
    return broken("member " + member.code() + " has a name over the limit");
  }
  if (!member.ceiling().empty() && !classifications.contains(member.ceiling())) {
    return broken("the ceiling of " + member.code() + " is not a classification");
  }
  CHANCERY_TRY(const crypto::PublicKey authority,
               crypto::PublicKey::from_spki(as_bytes(member.authority_key())));
  if (authority.algorithm() != crypto::Algorithm::kEd25519) {
    return broken("the authority key of " + member.code() + " does not sign");
  }
  CHANCERY_TRY_VOID(check_patterns(member.publish(), member.code() + " publish"));
  return check_patterns(member.receive(), member.code() + " receive");
}

Result<void> check_members(const v1::Roster& roster) {
  if (static_cast<std::size_t>(roster.members_size()) > kMemberCountMax) {
    return fail(ErrorCode::kLimitExceeded, "roster: too many members");
  }
  const std::set<std::string> classifications(roster.classifications().begin(),
                                              roster.classifications().end());
  std::uint32_t voting = 0;
  for (int i = 0; i < roster.members_size(); ++i) {
    CHANCERY_TRY_VOID(check_member(roster.members(i), classifications));
    if (i > 0 && roster.members(i).code() <= roster.members(i - 1).code()) {
      return broken("members ascend by code, each once");
    }
    voting += roster.members(i).role() == v1::MEMBER_ROLE_MEMBER ? 1U : 0U;
  }
  if (roster.assent() == 0 || roster.assent() > voting) {
    return broken("assent is between 1 and the number of members of role member");
  }
  if (roster.faulty_max() >= voting) {
    return broken("faulty_max is below the number of members of role member");
  }
  return {};
}

Result<void> check_hub(const v1::HubIdentity& hub) {
  if (!ledger::is_key_name(hub.origin_line()) || hub.origin_line().size() > kNameBytesMax) {
    return broken("the hub's origin line cannot name a log key");
  }
  if (hub.log_keys().empty()) {
    return broken("the hub has a log key");
  }
  if (static_cast<std::size_t>(hub.log_keys_size()) > kLogKeyCountMax) {
    return fail(ErrorCode::kLimitExceeded, "roster: too many log keys");
  }
  for (const std::string& spki : hub.log_keys()) {
    CHANCERY_TRY(const crypto::PublicKey key, crypto::PublicKey::from_spki(as_bytes(spki)));
    if (key.algorithm() != crypto::Algorithm::kEd25519) {
      return broken("a log key does not sign");
    }
  }
  CHANCERY_TRY(
      [[maybe_unused]] const crypto::PublicKey transport,
      crypto::PublicKey::from_raw(crypto::Algorithm::kX25519, as_bytes(hub.transport_key())));
  if (hub.has_continues() && hub.continues().root().size() != 32) {
    return broken("continues names a root of 32 bytes");
  }
  return {};
}

}  // namespace

Result<void> check_roster(const v1::Roster& roster) {
  if (roster.header_version() != kHeaderVersion) {
    return fail(
        ErrorCode::kUnknownVersion,
        "the roster puts header version " + std::to_string(roster.header_version()) + " in force");
  }
  if (static_cast<std::size_t>(roster.classifications_size()) > kClassificationCountMax) {
    return fail(ErrorCode::kLimitExceeded, "roster: too many classifications");
  }
  const std::set<std::string> classifications(roster.classifications().begin(),
                                              roster.classifications().end());
  if (classifications.size() != static_cast<std::size_t>(roster.classifications_size()) ||
      classifications.contains("")) {
    return broken("classifications are named, each once");
  }
  CHANCERY_TRY_VOID(check_members(roster));
  CHANCERY_TRY_VOID(check_patterns(roster.sealed_kinds(), "sealed kinds"));
  for (const v1::ReleaseRule& rule : roster.releases()) {
    if (!is_pattern(rule.kinds()) || rule.people() == 0) {
      return broken("a release rule has a pattern of kinds and a number of people");
    }
  }
  for (const v1::Retention& rule : roster.retention()) {
    if (!is_pattern(rule.kinds()) || rule.days() == 0) {
      return broken("a retention rule has a pattern of kinds and a number of days");
    }
  }
  std::set<std::string> states;
  for (const v1::StateRule& rule : roster.states()) {
    if (!states.insert(rule.name()).second) {
      return broken("state '" + rule.name() + "' has two rules");
    }
  }
  for (const std::string& algorithm : roster.algorithms()) {
    if (algorithm != "ed25519") {
      return broken("algorithm '" + algorithm + "' is not known");
    }
  }
  if (!roster.has_hub()) {
    return broken("a roster names the hub");
  }
  return check_hub(roster.hub());
}

}  // namespace chancery::exchange
