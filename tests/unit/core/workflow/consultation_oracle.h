// What a consultation comes to, worked out from chapter 15 of the protocol alone, clause by clause
// and without regard to time: each question is asked of all entries again. It shares no code with
// core/workflow, and only its data types.

#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/workflow/consultation.h"

namespace chancery::workflow::oracle {

class Rules {
 public:
  Rules(std::span<const ConsultationEntry> entries, const LogView& log)
      : entries_(entries), log_(log) {}

  [[nodiscard]] std::set<std::string> participants() const {
    return {terms().participants().begin(), terms().participants().end()};
  }

  [[nodiscard]] std::set<std::string> parties() const {
    std::set<std::string> all = participants();
    all.insert(opener());
    return all;
  }

  // C-221
  [[nodiscard]] bool formed(std::size_t i) const {
    const ConsultationEntry& entry = entries_[i];
    std::set<std::string> missing = parties();
    const bool is_party = missing.erase(entry.origin) == 1;
    for (const std::string& recipient : entry.recipients) {
      missing.erase(recipient);
    }
    std::erase_if(missing,
                  [&](const std::string& party) { return !log_.is_member(party, entry.index); });
    return i > 0 && is_party && missing.empty() && entry.status == entries_[0].status;
  }

  [[nodiscard]] bool is_tally(std::size_t i) const { return is<v1::ConsultationTally>(i); }

  // C-222 to C-224, below a size. What superseded it later does not matter here.
  [[nodiscard]] bool counted_once(std::size_t i, std::uint64_t size) const {
    if (!formed(i) || is_tally(i) || entries_[i].index >= size || ended_before(i, size)) {
      return false;
    }
    const bool leads = entries_[i].origin == opener();
    if (is<v1::ConsultationRespond>(i)) {
      const int position = std::get<v1::ConsultationRespond>(entries_[i].content).position();
      if (!participants().contains(entries_[i].origin) || position < 1 || position > 4) {
        return false;
      }
      const std::optional<std::size_t> standing = response(entries_[i].origin, i, size);
      return !standing.has_value() || supersedes(i, *standing);
    }
    if (is<v1::ConsultationExtend>(i)) {
      return leads && std::get<v1::ConsultationExtend>(entries_[i].content).deadline_ms() >
                          deadline(i, size);
    }
    return leads;
  }

  // The response of a participant that counts, of the entries before one.
  [[nodiscard]] std::optional<std::size_t> response(const std::string& member, std::size_t before,
                                                    std::uint64_t size) const {
    for (std::size_t i = before; i-- > 1;) {
      if (entries_[i].origin == member && is<v1::ConsultationRespond>(i) && counted_once(i, size)) {
        return i;  // Whichever counted after another superseded it.
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint64_t deadline(std::size_t before, std::uint64_t size) const {
    for (std::size_t i = before; i-- > 1;) {
      if (is<v1::ConsultationExtend>(i) && counted_once(i, size)) {
        return std::get<v1::ConsultationExtend>(entries_[i].content).deadline_ms();
      }
    }
    return terms().deadline_ms();
  }

  [[nodiscard]] bool ends(std::size_t i) const {
    return formed(i) && entries_[i].origin == opener() &&
           (is<v1::ConsultationWithdraw>(i) || is<v1::ConsultationOpen>(i));
  }
  [[nodiscard]] std::optional<std::size_t> end(std::uint64_t size) const {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (ends(i) && entries_[i].index < size) {
        return i;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] bool ended_before(std::size_t i, std::uint64_t size) const {
    const std::optional<std::size_t> at = end(size);
    return at.has_value() && *at < i;
  }

  // C-225
  [[nodiscard]] std::optional<Cut> good_cut(std::size_t i) const {
    if (!formed(i) || !is_tally(i)) {
      return std::nullopt;
    }
    const auto cut = log_.cut(std::get<v1::ConsultationTally>(entries_[i].content).cut());
    if (!cut.has_value() || cut->size <= entries_[0].index || cut->size > entries_[i].index ||
        cut->time_ms < deadline(entries_.size(), cut->size)) {
      return std::nullopt;
    }
    return cut;
  }
  [[nodiscard]] std::optional<std::size_t> tally(const std::string& member) const {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (entries_[i].origin == member && good_cut(i).has_value()) {
        return i;
      }
    }
    return std::nullopt;
  }

  // C-226
  [[nodiscard]] std::optional<Cut> cut() const {
    std::optional<Cut> smallest;
    for (const std::string& member : parties()) {
      if (const auto at = tally(member); at.has_value()) {
        const Cut cut = good_cut(*at).value_or(Cut{});
        if (!smallest.has_value() || cut.size < smallest->size ||
            (cut.size == smallest->size && cut.time_ms < smallest->time_ms)) {
          smallest = cut;
        }
      }
    }
    return smallest;
  }

  // C-227
  [[nodiscard]] std::optional<std::size_t> last_word(const std::string& member,
                                                     std::uint64_t size) const {
    for (std::size_t i = entries_.size(); i-- > 1;) {
      if (entries_[i].origin == member && counted_once(i, size)) {
        return i;
      }
    }
    return std::nullopt;
  }

  // C-228
  [[nodiscard]] Standing standing(const std::string& member, std::uint64_t size) const {
    if (!log_.is_member(member, std::min(size, entries_.back().index + 1))) {
      return Standing::kDropped;
    }
    const std::optional<std::size_t> at = tally(member);
    if (!at.has_value()) {
      return Standing::kUnheard;
    }
    const auto& said = std::get<v1::ConsultationTally>(entries_[*at].content);
    const std::optional<std::size_t> last = last_word(member, size);
    const bool names_one = said.answer() == v1::TALLY_ANSWER_OWN;
    if (names_one != last.has_value() || (names_one && said.own() != as_view(entries_[*last].n))) {
      return Standing::kContested;
    }
    const std::optional<std::size_t> own = response(member, entries_.size(), size);
    std::string besides;
    if (own.has_value() && own != last) {
      besides = to_string(entries_[*own].n);
    }
    if (said.response() != besides) {
      return Standing::kContested;
    }
    if (!own.has_value()) {
      return said.answer() == v1::TALLY_ANSWER_SERVED_LATE ? Standing::kServedLate
                                                           : Standing::kSilent;
    }
    switch (std::get<v1::ConsultationRespond>(entries_[*own].content).position()) {
      case v1::POSITION_AGREE:
        return Standing::kAgrees;
      case v1::POSITION_AGREE_WITH_RESERVATION:
        return terms().reservations_allowed() ? Standing::kReserves : Standing::kObjects;
      case v1::POSITION_ABSTAIN:
        return Standing::kAbstains;
      default:
        return Standing::kObjects;
    }
  }

  // C-229, with contested parties taken to agree.
  [[nodiscard]] bool met(std::uint64_t size) const {
    if (standing(opener(), size) == Standing::kUnheard ||
        standing(opener(), size) == Standing::kDropped) {
      return false;
    }
    std::multiset<Standing> stand;
    for (const std::string& member : participants()) {
      const Standing each = standing(member, size);
      if (each != Standing::kDropped) {
        stand.insert(each == Standing::kContested ? Standing::kAgrees : each);
      }
    }
    const std::size_t agree = stand.count(Standing::kAgrees) + stand.count(Standing::kReserves);
    const std::size_t abstain = stand.count(Standing::kAbstains);
    if (terms().rule() == v1::CONSULTATION_RULE_MAJORITY) {
      return agree >= terms().majority();
    }
    if (terms().rule() == v1::CONSULTATION_RULE_CONSENSUS) {
      return agree > 0 && agree + abstain == stand.size();
    }
    return !stand.empty() && agree + abstain + stand.count(Standing::kSilent) == stand.size();
  }

  [[nodiscard]] const v1::ConsultationOpen& terms() const {
    return std::get<v1::ConsultationOpen>(entries_[0].content);
  }
  [[nodiscard]] const std::string& opener() const { return entries_[0].origin; }

 private:
  template <typename Content>
  [[nodiscard]] bool is(std::size_t i) const {
    return std::holds_alternative<Content>(entries_[i].content);
  }
  [[nodiscard]] bool supersedes(std::size_t later, std::size_t earlier) const {
    const std::vector<Hash>& all = entries_[later].supersedes;
    return std::find(all.begin(), all.end(), entries_[earlier].n) != all.end();
  }

  std::span<const ConsultationEntry> entries_;
  const LogView& log_;
};

// C-230, C-231. Why an entry does not count is not in the clauses: `ignored` has a value for it.
inline Outcome conclude(std::span<const ConsultationEntry> entries, const LogView& log) {
  const Rules rules(entries, log);
  Outcome outcome;
  outcome.cut = rules.cut();
  const std::uint64_t size =
      outcome.cut.has_value() ? outcome.cut->size : std::numeric_limits<std::uint64_t>::max();
  bool contested = false;
  outcome.is_final = outcome.cut.has_value();
  for (const std::string& member : rules.parties()) {
    outcome.parties.push_back({.member = member,
                               .opens = member == rules.opener(),
                               .participates = rules.participants().contains(member),
                               .standing = rules.standing(member, size),
                               .response = rules.response(member, entries.size(), size),
                               .tally = rules.tally(member)});
    contested = contested || outcome.parties.back().standing == Standing::kContested;
    outcome.is_final = outcome.is_final && outcome.parties.back().standing != Standing::kUnheard;
  }
  outcome.deadline_ms = rules.deadline(entries.size(), size);
  const std::optional<std::size_t> end = rules.end(size);
  if (end.has_value()) {
    outcome.conclusion = std::holds_alternative<v1::ConsultationWithdraw>(entries[*end].content)
                             ? Conclusion::kWithdrawn
                             : Conclusion::kSuperseded;
  } else if (!outcome.cut.has_value()) {
    outcome.conclusion = Conclusion::kOpen;
  } else if (!rules.met(size)) {
    outcome.conclusion = Conclusion::kNotAgreed;
  } else {
    outcome.conclusion = contested ? Conclusion::kContested : Conclusion::kAgreed;
  }
  outcome.ignored.resize(entries.size());
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const bool counts =
        rules.is_tally(i) ? rules.tally(entries[i].origin) == i : rules.counted_once(i, size);
    if (!counts) {
      outcome.ignored[i] = Ignored::kEnded;
    }
  }
  return outcome;
}

// An outcome in words, for a test to compare and to print.
inline std::string told(const Outcome& outcome) {
  std::string text = std::to_string(static_cast<int>(outcome.conclusion)) +
                     (outcome.is_final ? " final" : " so far") + " until " +
                     std::to_string(outcome.deadline_ms);
  if (outcome.cut.has_value()) {
    text +=
        " cut " + std::to_string(outcome.cut->size) + " at " + std::to_string(outcome.cut->time_ms);
  }
  const auto place = [](std::optional<std::size_t> at) {
    return at.has_value() ? std::to_string(*at) : "-";
  };
  for (const Party& party : outcome.parties) {
    text += "; " + party.member + (party.opens ? " opens" : "") +
            (party.participates ? " participates" : "") + " stands " +
            std::to_string(static_cast<int>(party.standing)) + " responded " +
            place(party.response) + " tallied " + place(party.tally);
  }
  text += "; ignored";
  for (std::size_t i = 0; i < outcome.ignored.size(); ++i) {
    text += outcome.ignored[i].has_value() ? " " + std::to_string(i) : "";
  }
  return text;
}

}  // namespace chancery::workflow::oracle
