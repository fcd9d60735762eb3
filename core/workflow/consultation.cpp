#include "core/workflow/consultation.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/exchange/kinds.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"

namespace chancery::workflow {
namespace {

constexpr std::uint64_t kWholeLog = std::numeric_limits<std::uint64_t>::max();

template <typename Content>
const Content* as(const ConsultationEntry& entry) {
  return std::get_if<Content>(&entry.content);
}

const v1::ConsultationOpen& terms_of(const ConsultationEntry& opening) {
  return std::get<v1::ConsultationOpen>(opening.content);
}

bool contains(const auto& ascending, std::string_view code) {
  return std::ranges::binary_search(ascending, code);
}

Result<Hash> n_from(std::string_view bytes, std::string_view what) {
  if (bytes.size() != Hash{}.size()) {
    return fail(ErrorCode::kMalformed, std::string(what) + " names no notice");
  }
  return hash_from(bytes);
}

template <typename Content>
Result<Content> content_of(const v1::Text& text) {
  return exchange::parse_wire<Content>(text.content(), exchange::Reading::kOpen);
}

// Which of a consultation's entries count below one size of the log, and which word each party has
// given there. Entries are read once, in the order of the log.
class Reading {
 public:
  Reading(std::span<const ConsultationEntry> entries, std::uint64_t size, const LogView& log)
      : entries_(entries),
        log_(log),
        size_(size),
        parties_(parties_of(entries.front())),
        deadlines_{{entries.front().index, terms_of(entries.front()).deadline_ms()}},
        ignored_(entries.size()) {
    for (std::size_t i = 1; i < entries.size(); ++i) {
      ignored_[i] = judge(i);
    }
  }

  [[nodiscard]] const std::vector<std::string>& parties() const { return parties_; }
  [[nodiscard]] std::uint64_t deadline_ms() const { return deadlines_.back().second; }
  // As what is below a smaller size leaves it, and above the opening.
  [[nodiscard]] std::uint64_t deadline_at(std::uint64_t size) const {
    const auto after =
        std::ranges::find_if(deadlines_, [&](const auto& step) { return step.first >= size; });
    return std::prev(after)->second;
  }
  [[nodiscard]] std::optional<Conclusion> ended() const { return ended_; }
  [[nodiscard]] std::vector<std::optional<Ignored>>& ignored() { return ignored_; }

  [[nodiscard]] std::optional<std::size_t> response_of(std::string_view member) const {
    return newest(responses_, member);
  }
  [[nodiscard]] std::optional<std::size_t> last_of(std::string_view member) const {
    return newest(last_, member);
  }

 private:
  using Places = std::vector<std::pair<std::string_view, std::size_t>>;

  static std::optional<std::size_t> newest(const Places& places, std::string_view member) {
    const auto found = std::ranges::find(places, member, &Places::value_type::first);
    return found == places.end() ? std::nullopt : std::optional(found->second);
  }

  static void put(Places& places, std::string_view member, std::size_t at) {
    const auto found = std::ranges::find(places, member, &Places::value_type::first);
    found == places.end() ? (void)places.emplace_back(member, at) : (void)(found->second = at);
  }

  std::optional<Ignored> judge(std::size_t at) {
    const ConsultationEntry& entry = entries_[at];
    if (const std::optional<Ignored> form =
            judge_form(entry, entries_.front().status, parties_, log_.is_member);
        form.has_value()) {
      return form;
    }
    if (as<v1::ConsultationTally>(entry) != nullptr) {
      return std::nullopt;  // Not before the cut is known.
    }
    if (entry.index >= size_) {
      return Ignored::kAfterCut;
    }
    if (ended_.has_value()) {
      return Ignored::kEnded;
    }
    return as<v1::ConsultationRespond>(entry) != nullptr ? respond(at) : lead(at);
  }

  std::optional<Ignored> respond(std::size_t at) {
    const ConsultationEntry& entry = entries_[at];
    const v1::ConsultationOpen& terms = terms_of(entries_.front());
    const auto& participants = terms.participants();
    if (!contains(participants, entry.origin)) {
      return Ignored::kNotAParty;
    }
    const v1::Position position = as<v1::ConsultationRespond>(entry)->position();
    if (position < v1::POSITION_AGREE || position > v1::POSITION_OBJECT) {
      return Ignored::kNoPosition;
    }
    const std::optional<std::size_t> before = response_of(entry.origin);
    if (before.has_value() && !names(entry.supersedes, entries_[*before].n)) {
      return Ignored::kAnsweredBefore;
    }
    put(responses_, entry.origin, at);
    put(last_, entry.origin, at);
    return std::nullopt;
  }

  // What the opener alone may do.
  std::optional<Ignored> lead(std::size_t at) {
    const ConsultationEntry& entry = entries_[at];
    if (entry.origin != entries_.front().origin) {
      return Ignored::kNotAParty;
    }
    if (const auto* const extend = as<v1::ConsultationExtend>(entry); extend != nullptr) {
      if (extend->deadline_ms() <= deadline_ms()) {
        return Ignored::kNotLater;
      }
      deadlines_.emplace_back(entry.index, extend->deadline_ms());
    } else {
      ended_ = as<v1::ConsultationWithdraw>(entry) != nullptr ? Conclusion::kWithdrawn
                                                              : Conclusion::kSuperseded;
    }
    put(last_, entry.origin, at);
    return std::nullopt;
  }

  std::span<const ConsultationEntry> entries_;
  const LogView& log_;
  std::uint64_t size_;
  std::vector<std::string> parties_;
  // From which index on each holds; the opening's first, rising.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> deadlines_;
  std::vector<std::optional<Ignored>> ignored_;
  std::optional<Conclusion> ended_;
  Places responses_;  // By member, the one that counts.
  Places last_;       // By member, the last entry of any kind that counts.
};

struct Tally {
  std::size_t at = 0;
  Cut cut;
};

// Each member's first good tally. Those that are none, or come after it, are noted in `ignored`.
std::vector<Tally> tallies_of(std::span<const ConsultationEntry> entries, const LogView& log,
                              const Reading& whole, std::vector<std::optional<Ignored>>& ignored) {
  std::vector<Tally> tallies;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto* const tally = as<v1::ConsultationTally>(entries[i]);
    if (tally == nullptr || ignored[i].has_value()) {
      continue;
    }
    if (std::ranges::any_of(tallies, [&](const Tally& other) {
          return entries[other.at].origin == entries[i].origin;
        })) {
      ignored[i] = Ignored::kAnsweredBefore;
      continue;
    }
    const std::optional<Cut> cut = log.cut(tally->cut());
    const bool good = cut.has_value() && cut->size > entries.front().index &&
                      cut->size <= entries[i].index && cut->time_ms >= whole.deadline_at(cut->size);
    if (!good) {
      ignored[i] = Ignored::kNoCut;
      continue;
    }
    tallies.push_back({.at = i, .cut = *cut});
  }
  return tallies;
}

Standing standing_of_response(const v1::ConsultationRespond& response,
                              const v1::ConsultationOpen& terms) {
  switch (response.position()) {
    case v1::POSITION_AGREE:
      return Standing::kAgrees;
    case v1::POSITION_AGREE_WITH_RESERVATION:
      // Where none is allowed it is not an agreement to the text, and surely no silence.
      return terms.reservations_allowed() ? Standing::kReserves : Standing::kObjects;
    case v1::POSITION_ABSTAIN:
      return Standing::kAbstains;
    default:
      return Standing::kObjects;
  }
}

// The tally of a party beside what the log has of it below the cut.
Standing standing_of(std::span<const ConsultationEntry> entries, const Party& party,
                     std::optional<std::size_t> last) {
  if (!party.tally.has_value()) {
    return Standing::kUnheard;
  }
  const auto& tally = std::get<v1::ConsultationTally>(entries[*party.tally].content);
  const std::string_view response = party.response.has_value() && party.response != last
                                        ? as_view(entries[*party.response].n)
                                        : std::string_view();
  const bool names_it = last.has_value() ? tally.answer() == v1::TALLY_ANSWER_OWN &&
                                               tally.own() == as_view(entries[*last].n)
                                         : tally.answer() == v1::TALLY_ANSWER_NONE ||
                                               tally.answer() == v1::TALLY_ANSWER_SERVED_LATE;
  if (!names_it || tally.response() != response) {
    return Standing::kContested;
  }
  if (party.response.has_value()) {
    return standing_of_response(std::get<v1::ConsultationRespond>(entries[*party.response].content),
                                terms_of(entries.front()));
  }
  return tally.answer() == v1::TALLY_ANSWER_SERVED_LATE ? Standing::kServedLate : Standing::kSilent;
}

// Whether the rule is met, with contested parties taken to stand so.
bool is_met(const v1::ConsultationOpen& terms, const std::vector<Party>& parties,
            Standing contested) {
  std::size_t voices = 0;
  std::size_t agreeing = 0;
  std::size_t abstaining = 0;
  std::size_t silent = 0;
  for (const Party& party : parties) {
    const Standing standing = party.standing == Standing::kContested ? contested : party.standing;
    const bool is_heard = standing != Standing::kUnheard && standing != Standing::kDropped;
    if (standing == Standing::kContested || (party.opens && !is_heard)) {
      return false;
    }
    if (!party.participates || standing == Standing::kDropped) {
      continue;
    }
    ++voices;
    agreeing += standing == Standing::kAgrees || standing == Standing::kReserves ? 1U : 0U;
    abstaining += standing == Standing::kAbstains ? 1U : 0U;
    silent += standing == Standing::kSilent ? 1U : 0U;
  }
  switch (terms.rule()) {
    case v1::CONSULTATION_RULE_SILENCE:
      return voices > 0 && agreeing + abstaining + silent == voices;
    case v1::CONSULTATION_RULE_CONSENSUS:
      return agreeing > 0 && agreeing + abstaining == voices;
    case v1::CONSULTATION_RULE_MAJORITY:
      return agreeing >= terms.majority();
    default:
      return false;
  }
}

Conclusion conclusion_of(const v1::ConsultationOpen& terms, const std::vector<Party>& parties) {
  if (is_met(terms, parties, Standing::kContested)) {
    return Conclusion::kAgreed;
  }
  return is_met(terms, parties, Standing::kAgrees) ? Conclusion::kContested
                                                   : Conclusion::kNotAgreed;
}

}  // namespace

Result<std::optional<ConsultationEntry>> consultation_entry(const v1::Draft& draft, const Hash& n,
                                                            std::uint64_t index,
                                                            std::string_view text) {
  if (!draft.kind().starts_with(kConsultationKinds)) {
    return std::optional<ConsultationEntry>();
  }
  CHANCERY_TRY(const v1::Text parsed, exchange::parse_text(draft.kind(), text));
  ConsultationEntry entry;
  CHANCERY_TRY(static_cast<Entry&>(entry), entry_of(draft, n, index, parsed));
  const std::string_view what = std::string_view(draft.kind()).substr(kConsultationKinds.size());
  if (what == "open") {
    CHANCERY_TRY(entry.content, content_of<v1::ConsultationOpen>(parsed));
    return std::optional(std::move(entry));
  }
  if (what == "tally") {
    CHANCERY_TRY(v1::ConsultationTally tally, content_of<v1::ConsultationTally>(parsed));
    CHANCERY_TRY(entry.about, n_from(tally.open(), "the tally"));
    entry.content = std::move(tally);
    return std::optional(std::move(entry));
  }
  if (what == "respond") {
    CHANCERY_TRY(entry.content, content_of<v1::ConsultationRespond>(parsed));
  } else if (what == "extend") {
    CHANCERY_TRY(entry.content, content_of<v1::ConsultationExtend>(parsed));
  } else if (what == "withdraw") {
    CHANCERY_TRY(entry.content, content_of<v1::ConsultationWithdraw>(parsed));
  } else {
    return std::optional<ConsultationEntry>();
  }
  CHANCERY_TRY(entry.about, n_from(parsed.in_reply_to(), "in_reply_to"));
  return std::optional(std::move(entry));
}

std::vector<std::string> parties_of(const ConsultationEntry& opening) {
  const auto& participants = terms_of(opening).participants();
  std::vector<std::string> parties(participants.begin(), participants.end());
  const auto place = std::ranges::lower_bound(parties, opening.origin);
  if (place == parties.end() || *place != opening.origin) {
    parties.insert(place, opening.origin);
  }
  return parties;
}

Result<void> check_opening(const ConsultationEntry& opening) {
  const auto* const terms = as<v1::ConsultationOpen>(opening);
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::kInvalidKind, "consultation.open: " + std::string(what));
  };
  if (terms == nullptr) {
    return bad("it is none");
  }
  const auto& participants = terms->participants();
  if (participants.empty() || !std::ranges::all_of(participants, exchange::is_member_code) ||
      std::ranges::adjacent_find(participants, std::ranges::greater_equal()) !=
          participants.end()) {
    return bad("participants are codes of members, ascending, each once, at least one");
  }
  if (terms->rule() < v1::CONSULTATION_RULE_SILENCE ||
      terms->rule() > v1::CONSULTATION_RULE_MAJORITY) {
    return bad("the rule is silence, consensus or majority");
  }
  const bool by_number = terms->rule() == v1::CONSULTATION_RULE_MAJORITY;
  const auto most = by_number ? static_cast<std::uint32_t>(participants.size()) : 0U;
  if (terms->majority() > most || (by_number && terms->majority() == 0)) {
    return bad("with rule majority, and only there, majority is 1 to the number of participants");
  }
  if (terms->deadline_ms() == 0) {
    return bad("a deadline is required");
  }
  for (const std::string& participant : participants) {
    if (participant != opening.origin && !contains(opening.recipients, participant)) {
      return bad("it is not addressed to " + participant);
    }
  }
  return {};
}

std::vector<std::size_t> needed_entries(std::span<const ConsultationEntry> entries,
                                        const Outcome& outcome) {
  std::vector<std::size_t> needed = {0};
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const bool is_a_partys = std::ranges::any_of(outcome.parties, [&](const Party& party) {
      return party.response == i || party.tally == i;
    });
    const bool leads = !outcome.ignored[i].has_value() &&
                       as<v1::ConsultationRespond>(entries[i]) == nullptr &&
                       as<v1::ConsultationTally>(entries[i]) == nullptr;
    if (is_a_partys || leads) {
      needed.push_back(i);
    }
  }
  return needed;
}

std::uint64_t deadline_at(std::span<const ConsultationEntry> entries, std::uint64_t size,
                          const LogView& log) {
  return Reading(entries, size, log).deadline_ms();
}

std::optional<LastWord> last_word(std::span<const ConsultationEntry> entries,
                                  std::string_view member, std::uint64_t size, const LogView& log) {
  const Reading reading(entries, size, log);
  const std::optional<std::size_t> last = reading.last_of(member);
  const std::optional<std::size_t> response = reading.response_of(member);
  if (!last.has_value()) {
    return std::nullopt;
  }
  return LastWord{.n = entries[*last].n,
                  .response = response.has_value() && response != last
                                  ? std::optional(entries[*response].n)
                                  : std::nullopt};
}

Outcome fold_consultation(std::span<const ConsultationEntry> entries, const LogView& log) {
  const v1::ConsultationOpen& terms = terms_of(entries.front());
  Reading whole(entries, kWholeLog, log);
  const std::vector<Tally> tallies = tallies_of(entries, log, whole, whole.ignored());
  Outcome outcome;
  if (!tallies.empty()) {
    outcome.cut = std::ranges::min(tallies, {}, [](const Tally& tally) {
                    return std::pair(tally.cut.size, tally.cut.time_ms);
                  }).cut;
  }
  const std::uint64_t size = outcome.cut.has_value() ? outcome.cut->size : kWholeLog;
  Reading in_time(entries, size, log);
  for (const std::string& member : in_time.parties()) {
    Party& party =
        outcome.parties.emplace_back(Party{.member = member,
                                           .opens = member == entries.front().origin,
                                           .participates = contains(terms.participants(), member),
                                           .standing = Standing::kDropped,
                                           .response = in_time.response_of(member),
                                           .tally = {}});
    const auto tally = std::ranges::find_if(
        tallies, [&](const Tally& each) { return entries[each.at].origin == member; });
    if (tally != tallies.end()) {
      party.tally = tally->at;
    }
    if (log.is_member(member, std::min(size, entries.back().index + 1))) {
      party.standing = standing_of(entries, party, in_time.last_of(member));
    }
  }
  outcome.deadline_ms = in_time.deadline_ms();
  outcome.conclusion = in_time.ended().value_or(
      outcome.cut.has_value() ? conclusion_of(terms, outcome.parties) : Conclusion::kOpen);
  outcome.is_final = outcome.cut.has_value() &&
                     std::ranges::find(outcome.parties, Standing::kUnheard, &Party::standing) ==
                         outcome.parties.end();
  outcome.ignored = std::move(in_time.ignored());
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (as<v1::ConsultationTally>(entries[i]) != nullptr) {
      outcome.ignored[i] = whole.ignored()[i];
    }
  }
  return outcome;
}

}  // namespace chancery::workflow
