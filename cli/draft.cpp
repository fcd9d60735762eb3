#include "cli/draft.h"

#include <algorithm>
#include <iostream>

#include "cli/display.h"
#include "cli/lookup.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

using exchange::FieldRule;
using exchange::Form;
using exchange::KindRules;
using exchange::Need;
using text::Json;

constexpr std::size_t kNameColumn = 30;

Json empty_object(const KindRules& rules, const std::string& prefix);

// JSON's null stands for nothing in every field: of a choice nothing else does.
Json empty_element(const KindRules& rules, const FieldRule& rule) {
  switch (rule.form) {
    case Form::kObject:
      return empty_object(rules, std::string(rule.path) + ".");
    case Form::kChoice:
      return nullptr;
    case Form::kTruth:
      return false;
    case Form::kNumber:
    case Form::kInstant:
    case Form::kDuration:
      return 0;
    default:
      return "";
  }
}

Json empty_object(const KindRules& rules, const std::string& prefix) {
  Json out = Json::object();
  for (const FieldRule& rule : rules.fields) {
    const std::string name(rule.path.substr(std::min(prefix.size(), rule.path.size())));
    if (!rule.path.starts_with(prefix) || name.find('.') != std::string::npos) {
      continue;
    }
    if (!exchange::is_list(rules, rule)) {
      out[name] = empty_element(rules, rule);
    } else {
      out[name] = Json::array();
      if (rule.need == Need::kRequired) {
        out[name].push_back(empty_element(rules, rule));
      }
    }
  }
  return out;
}

std::string guide_line(const KindRules& rules, const FieldRule& rule, Language language) {
  constexpr exchange::Words kIsRequired = {"required", "обязательно"};
  std::string line = "content." + std::string(rule.path);
  line.append(line.size() < kNameColumn ? kNameColumn - line.size() : 1, ' ');
  line += std::string(rule.label.in(language)) + ": ";
  if (rule.need == Need::kRequired) {
    line += std::string(kIsRequired.in(language)) + ", ";
  }
  return line + exchange::rule_line(rules, rule, language);
}

}  // namespace

Json draft_template(const KindRules& rules, Language language) {
  return {{"about", draft_guide(rules, language)},
          {"kind", rules.kind},
          {"status", "actual"},
          {"precedence", "routine"},
          {"classification", ""},
          {"handling", Json::array()},
          {"tlp", "none"},
          {"to", Json::array({"members"})},
          {"info", Json::array()},
          {"subject", ""},
          {"language", language == Language::kRussian ? "ru" : "en"},
          {"content", empty_object(rules, "")},
          {"thread", ""},
          {"in_reply_to", ""},
          {"supersedes", Json::array()},
          {"cancels", Json::array()},
          {"translation_of", ""}};
}

std::vector<std::string> draft_guide(const KindRules& rules, Language language) {
  std::vector<std::string> lines;
  lines.push_back(std::string(rules.kind) + ": " + std::string(rules.title.in(language)));
  for (const FieldRule& rule : rules.fields) {
    lines.push_back(guide_line(rules, rule, language));
  }
  for (const exchange::Relation& relation : rules.relations) {
    lines.push_back(exchange::relation_line(rules, relation, language));
  }
  constexpr exchange::Words kBesides = {"Besides, where it is wanted: ",
                                        "Кроме того, если нужно: "};
  lines.push_back(std::string(kBesides.in(language)) +
                  R"("expires": "7d", "reply_by": "48h", "clear": true, "id": a UUIDv7)");
  constexpr exchange::Words kThen = {"Fill it in and publish it: chancery publish --file FILE",
                                     "Заполните и отправьте: chancery publish --file FILE"};
  lines.emplace_back(kThen.in(language));
  return lines;
}

Result<int> run_draft(const DraftOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Language language, language_from(options.language));
  const KindRules* const rules = exchange::find_rules(options.kind);
  if (rules == nullptr) {
    return fail(ErrorCode::kNotFound, require_kind(options.kind).error().detail);
  }
  if (exchange::is_made_by_nodes(rules->kind)) {
    return fail(ErrorCode::kNoGrant, options.kind + " is for nodes to make");
  }
  const Json draft = draft_template(*rules, language);
  std::cout << (shared.json ? json_line(draft) : text::dump(draft, 2)) << "\n";
  return os::kExitDone;
}

}  // namespace chancery::cli
