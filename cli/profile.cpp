#include "cli/profile.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/exchange/names.h"
#include "core/exchange/roster_rules.h"
#include "io/text/toml.h"

namespace chancery::cli {
namespace {

using text::TomlTable;

struct Rights {
  std::vector<std::string> publish;
  std::vector<std::string> receive;
  std::string ceiling;
};

constexpr std::pair<std::string_view, v1::MemberRole> kRoles[] = {
    {"member", v1::MEMBER_ROLE_MEMBER},
    {"institution", v1::MEMBER_ROLE_INSTITUTION},
    {"partner", v1::MEMBER_ROLE_PARTNER},
    {"observer", v1::MEMBER_ROLE_OBSERVER},
};

Result<std::uint32_t> small_count(TomlTable& table, std::string_view key,
                                  text::CountRange range = {.min = 0, .max = 1'000'000}) {
  CHANCERY_TRY(const std::uint64_t count, table.count(key, range));
  return static_cast<std::uint32_t>(count);
}

// In the order that a roster wants, so that people need not sort: each pattern once.
Result<std::vector<std::string>> patterns(TomlTable& table, std::string_view key) {
  CHANCERY_TRY(std::vector<std::string> all, table.texts(key));
  for (const std::string& pattern : all) {
    if (!exchange::is_pattern(pattern)) {
      return table.fail_at(key, "'" + pattern + "' is neither a kind, nor prefix.*, nor *");
    }
  }
  std::ranges::sort(all);
  if (const auto twice = std::ranges::adjacent_find(all); twice != all.end()) {
    return table.fail_at(key, "'" + *twice + "' is listed twice");
  }
  return all;
}

Result<Rights> read_rights(TomlTable& table) {
  CHANCERY_TRY_VOID(table.only({"publish", "receive", "ceiling"}));
  Rights rights;
  CHANCERY_TRY(rights.publish, patterns(table, "publish"));
  CHANCERY_TRY(rights.receive, patterns(table, "receive"));
  CHANCERY_TRY(rights.ceiling, table.text("ceiling"));
  return rights;
}

Result<std::map<std::string, Rights, std::less<>>> read_rights_by_role(TomlTable& root) {
  std::map<std::string, Rights, std::less<>> by_role;
  CHANCERY_TRY(std::optional<TomlTable> all, root.table_if("rights"));
  if (!all.has_value()) {
    return by_role;
  }
  for (const auto& [role, value] : kRoles) {
    CHANCERY_TRY(std::optional<TomlTable> table, all->table_if(role));
    if (table.has_value()) {
      CHANCERY_TRY(by_role[std::string(role)], read_rights(*table));
    }
  }
  return by_role;
}

Result<v1::Member> read_member(TomlTable& table,
                               const std::map<std::string, Rights, std::less<>>& by_role,
                               const std::vector<std::string>& classifications) {
  CHANCERY_TRY_VOID(table.only({"code", "name", "role", "publish", "receive", "ceiling"}));
  v1::Member member;
  CHANCERY_TRY(const std::string code, table.text("code"));
  if (!exchange::is_member_code(code)) {
    return table.fail_at("code", "'" + code + "' is not 1 to 8 of A-Z 0-9");
  }
  member.set_code(code);
  CHANCERY_TRY(*member.mutable_name(), table.text("name"));
  CHANCERY_TRY(const std::string role, table.text("role"));
  const auto* const known =
      std::ranges::find(kRoles, role, &std::pair<std::string_view, v1::MemberRole>::first);
  if (known == std::end(kRoles)) {
    return table.fail_at("role",
                         "'" + role + "' is none of member, institution, partner, observer");
  }
  member.set_role(known->second);

  const auto usual = by_role.find(role);
  Rights rights = usual == by_role.end() ? Rights{} : usual->second;
  const bool has_usual = usual != by_role.end();
  if (!has_usual || table.has("publish")) {
    CHANCERY_TRY(rights.publish, patterns(table, "publish"));
  }
  if (!has_usual || table.has("receive")) {
    CHANCERY_TRY(rights.receive, patterns(table, "receive"));
  }
  if (!has_usual || table.has("ceiling")) {
    CHANCERY_TRY(rights.ceiling, table.text("ceiling"));
  }
  if (std::ranges::find(classifications, rights.ceiling) == classifications.end()) {
    return table.fail_at(table.has("ceiling") ? "ceiling" : "role",
                         "the ceiling '" + rights.ceiling + "' is not a classification");
  }
  member.mutable_publish()->Assign(rights.publish.begin(), rights.publish.end());
  member.mutable_receive()->Assign(rights.receive.begin(), rights.receive.end());
  member.set_ceiling(rights.ceiling);
  return member;
}

Result<void> read_members(TomlTable& root, v1::Roster& roster) {
  CHANCERY_TRY(const auto by_role, read_rights_by_role(root));
  CHANCERY_TRY(std::vector<TomlTable> tables, root.tables("member"));
  if (tables.empty()) {
    return root.fail_at("member", "an exchange has members: [[member]]");
  }
  const std::vector<std::string> classifications(roster.classifications().begin(),
                                                 roster.classifications().end());
  std::map<std::string, v1::Member> members;
  for (TomlTable& table : tables) {
    CHANCERY_TRY(v1::Member member, read_member(table, by_role, classifications));
    const std::string code = member.code();
    if (!members.emplace(code, std::move(member)).second) {
      return table.fail_at("code", "'" + code + "' is listed twice");
    }
  }
  for (auto& [code, member] : members) {
    *roster.add_members() = std::move(member);
  }
  return {};
}

Result<void> read_rules(TomlTable& root, v1::Roster& roster) {
  CHANCERY_TRY(std::vector<TomlTable> retention, root.tables("retention"));
  for (TomlTable& table : retention) {
    CHANCERY_TRY_VOID(table.only({"kinds", "days"}));
    v1::Retention& rule = *roster.add_retention();
    CHANCERY_TRY(*rule.mutable_kinds(), table.text("kinds"));
    CHANCERY_TRY(const std::uint32_t days, small_count(table, "days", {.min = 1, .max = 100'000}));
    rule.set_days(days);
  }
  CHANCERY_TRY(std::vector<TomlTable> releases, root.tables("release"));
  for (TomlTable& table : releases) {
    CHANCERY_TRY_VOID(table.only({"kinds", "people"}));
    v1::ReleaseRule& rule = *roster.add_releases();
    CHANCERY_TRY(*rule.mutable_kinds(), table.text("kinds"));
    CHANCERY_TRY(const std::uint32_t people, small_count(table, "people", {.min = 1, .max = 64}));
    rule.set_people(people);
  }
  CHANCERY_TRY(std::vector<TomlTable> states, root.tables("state"));
  for (TomlTable& table : states) {
    CHANCERY_TRY_VOID(table.only({"name", "members"}));
    v1::StateRule& rule = *roster.add_states();
    CHANCERY_TRY(*rule.mutable_name(), table.text("name"));
    CHANCERY_TRY(const std::vector<std::string> members, table.texts_or_none("members"));
    rule.mutable_members()->Assign(members.begin(), members.end());
  }
  return {};
}

}  // namespace

Result<Profile> parse_profile(std::string_view text, std::string source_name) {
  CHANCERY_TRY(TomlTable root, TomlTable::parse(text, std::move(source_name)));
  CHANCERY_TRY_VOID(
      root.only({"name", "origin_line", "port", "assent", "faulty_max", "classifications",
                 "sealed_kinds", "rights", "retention", "release", "state", "member"}));
  Profile profile;
  v1::Roster& roster = profile.roster;
  CHANCERY_TRY(*roster.mutable_exchange(), root.text("name"));
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (roster.exchange().empty() || std::ranges::any_of(roster.exchange(), is_control)) {
    return root.fail_at("name", "an exchange has a name, without control characters");
  }
  CHANCERY_TRY(*roster.mutable_hub()->mutable_origin_line(), root.text("origin_line"));
  CHANCERY_TRY(const std::uint64_t port, root.count_or("port", 7411, {.min = 1, .max = 65535}));
  profile.port = static_cast<std::uint16_t>(port);
  CHANCERY_TRY(const std::uint32_t assent, small_count(root, "assent"));
  roster.set_assent(assent);
  CHANCERY_TRY(const std::uint32_t faulty_max, small_count(root, "faulty_max"));
  roster.set_faulty_max(faulty_max);
  CHANCERY_TRY(const std::vector<std::string> classifications, root.texts("classifications"));
  roster.mutable_classifications()->Assign(classifications.begin(), classifications.end());
  CHANCERY_TRY(const std::vector<std::string> sealed, patterns(root, "sealed_kinds"));
  roster.mutable_sealed_kinds()->Assign(sealed.begin(), sealed.end());
  roster.set_header_version(exchange::kHeaderVersion);
  roster.add_algorithms("ed25519");
  CHANCERY_TRY_VOID(read_rules(root, roster));
  CHANCERY_TRY_VOID(read_members(root, roster));
  CHANCERY_TRY_VOID(root.finish());
  return profile;
}

}  // namespace chancery::cli
