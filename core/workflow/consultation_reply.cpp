#include "core/workflow/consultation_reply.h"

#include <optional>
#include <utility>
#include <variant>

#include "core/base/bytes.h"

namespace chancery::workflow {

v1::Consultation as_reply(std::span<const ConsultationEntry> entries, const Outcome& outcome,
                          const std::string& subject) {
  const ConsultationEntry& opening = entries.front();
  v1::Consultation shown;
  shown.set_opening(to_string(opening.n));
  shown.set_index(opening.index);
  shown.set_opener(opening.origin);
  shown.set_status(opening.status);
  shown.set_subject(subject);
  *shown.mutable_terms() = std::get<v1::ConsultationOpen>(opening.content);
  // Both enumerations have one more value than the fold's, which is the first.
  shown.set_conclusion(
      static_cast<v1::ConsultationConclusion>(std::to_underlying(outcome.conclusion) + 1));
  shown.set_final(outcome.is_final);
  shown.set_deadline_ms(outcome.deadline_ms);
  shown.set_cut_size(outcome.cut.value_or(Cut{}).size);
  shown.set_cut_time_ms(outcome.cut.value_or(Cut{}).time_ms);
  for (const Party& party : outcome.parties) {
    v1::ConsultationParty& each = *shown.add_parties();
    each.set_member(party.member);
    each.set_opens(party.opens);
    each.set_participates(party.participates);
    each.set_standing(
        static_cast<v1::ConsultationStanding>(std::to_underlying(party.standing) + 1));
    if (party.response.has_value()) {
      const ConsultationEntry& response = entries[*party.response];
      each.set_response(to_string(response.n));
      each.set_response_index(response.index);
      *each.mutable_responded() = std::get<v1::ConsultationRespond>(response.content);
    }
    if (party.tally.has_value()) {
      each.set_tally(to_string(entries[*party.tally].n));
      each.set_tally_index(entries[*party.tally].index);
    }
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::optional<Ignored>& ignored = outcome.ignored[i];
    if (ignored.has_value()) {
      v1::ConsultationIgnored& each = *shown.add_ignored();
      each.set_index(entries[i].index);
      each.set_notice(to_string(entries[i].n));
      each.set_origin(entries[i].origin);
      each.set_why(std::string(why(*ignored)));
    }
  }
  return shown;
}

}  // namespace chancery::workflow
