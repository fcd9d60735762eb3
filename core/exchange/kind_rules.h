// What a notice has to say, for each kind: one table of fields and of relations between them, with
// the names of fields and values in English and in Russian.
//
// Pure data, no state, any thread. kind_check.h judges by it, chancery draft and show write by it,
// and docs/reference/kinds.md has all of it.

#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/exchange/forms.h"

namespace chancery::exchange {

enum class Need : std::uint8_t { kOptional, kRequired };

struct FieldRule {
  // In the content; "items.quantity" is in each object of the list `items`, where it is required
  // of each.
  std::string_view path;
  Form form;
  Words label;
  Need need = Need::kOptional;
  // Of a list: how many; of a number: the largest.
  std::uint64_t most = 256;
};

enum class Relates : std::uint8_t {
  kNotAfter,     // `field` does not begin after `other` ends.
  kBefore,       // `field` is before `other`.
  kFuture,       // `field` is after the notice was made.
  kNoticeTime,   // From when it was made to `other` it is at least as long as `field` says.
  kEither,       // `field` or `other` is given.
  kExactlyWith,  // `field` is given where `other` has `value`, and nowhere else.
  kMajority,     // As kExactlyWith, and at most as large as `participants` is long.
  kEachOnce,     // Nothing is in the list `field` twice.
  kInReplyTo,    // The text has in_reply_to.
  kOrAttached,   // `field` is given, or the text has attachments.
};

struct Relation {
  Relates relates;
  std::string_view field = {};
  std::string_view other = {};
  int value = 0;  // The number of an enumerator.
};

struct KindRules {
  std::string_view kind;
  Words title;
  std::span<const FieldRule> fields;
  std::span<const Relation> relations;
};

// By kind; each kind of kinds.h has its own.
[[nodiscard]] std::span<const KindRules> kind_rules();
[[nodiscard]] const KindRules* find_rules(std::string_view kind);
// Nothing for a field that the table does not have.
[[nodiscard]] const FieldRule* find_rule(const KindRules& rules, std::string_view path);

// "cyber" of THREAT_CATEGORY_CYBER; nothing for a value that has no name here.
[[nodiscard]] Words value_words(std::string_view enumerator);

// Of a rule of the table: whether its field is a list.
[[nodiscard]] bool is_list(const KindRules& rules, const FieldRule& rule);

// statement and consultation.tally, which applications may not publish.
[[nodiscard]] bool is_made_by_nodes(std::string_view kind);

// "up to 256, each one line of at most 500 characters": what a field takes, for people.
[[nodiscard]] std::string rule_line(const KindRules& rules, const FieldRule& rule,
                                    Language language);
// "begins is not after ends"
[[nodiscard]] std::string relation_line(const KindRules& rules, const Relation& relation,
                                        Language language);

// "THREAT_CATEGORY_TERRORISM, …", without the first, which stands for nothing.
[[nodiscard]] std::string choices_of(const google::protobuf::EnumDescriptor& type);

}  // namespace chancery::exchange
