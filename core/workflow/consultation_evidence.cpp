#include "core/workflow/consultation_evidence.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "chancery/v1/text.pb.h"
#include "core/exchange/kinds.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"

namespace chancery::workflow {
namespace {

constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::string_view kOpeningKind = "consultation.open";

Result<ConsultationEntry> entry_of(const v1::Draft& draft, const Hash& n, std::uint64_t index,
                                   std::string_view text) {
  CHANCERY_TRY(std::optional<ConsultationEntry> entry, consultation_entry(draft, n, index, text));
  if (!entry.has_value()) {
    return fail(ErrorCode::kNotProven, "entry " + std::to_string(index) + " is of no consultation");
  }
  return *std::move(entry);
}

// The fold asks for members at the indices of entries, behind the last, and at cuts: each has a
// leaf in the file that names the directory.
class ProvenLog {
 public:
  explicit ProvenLog(const exchange::EvidenceReport& report) : report_(report) {
    states_[report.index + 1] = report.directory;
    for (const exchange::ThreadEvidence& entry : report.thread) {
      states_[entry.by.index] = states_[entry.by.index + 1] = entry.directory;
    }
    for (const auto& [size, head] : report.heads) {
      states_[size] = head.directory;
    }
  }

  [[nodiscard]] LogView view() const {
    return {.cut = [this](std::string_view checkpoint) -> std::optional<Cut> {
              return cut_of(checkpoint,
                            [this](std::uint64_t size) -> Result<std::optional<LogHead>> {
                              return head_at(size);
                            })
                  .value_or(std::nullopt);
            },
            .is_member =
                [this](std::string_view member, std::uint64_t size) {
                  const auto state = states_.find(size);
                  return state != states_.end() &&
                         report_.directories.at(state->second).member(member) != nullptr;
                }};
  }

 private:
  [[nodiscard]] std::optional<LogHead> head_at(std::uint64_t size) const {
    const auto head = report_.heads.find(size);
    if (head == report_.heads.end()) {
      return std::nullopt;
    }
    return LogHead{.root = head->second.root,
                   .directory = &report_.directories.at(head->second.directory)};
  }

  const exchange::EvidenceReport& report_;
  std::map<std::uint64_t, Hash> states_;  // By size of the log, the root of its directory.
};

std::vector<ContradictedTally> contradicted(const ProvenConsultation& proven,
                                            const exchange::EvidenceReport& report) {
  const auto& terms = std::get<v1::ConsultationOpen>(proven.entries.front().content);
  std::vector<ContradictedTally> all;
  for (const Party& party : proven.outcome.parties) {
    const auto recipient =
        std::ranges::find(report.recipients, party.member, &exchange::RecipientEvidence::member);
    const std::optional<exchange::DeliveryEvidence> delivered =
        recipient == report.recipients.end() ? std::nullopt : recipient->delivered;
    if (!party.tally.has_value() || !delivered.has_value()) {
      continue;
    }
    const ConsultationEntry& entry = proven.entries[*party.tally];
    const exchange::SaidBy stated = delivered->by;
    if (std::get<v1::ConsultationTally>(entry.content).answer() == v1::TALLY_ANSWER_SERVED_LATE &&
        stated.accepted_at_ms + terms.notice_period_ms() <= proven.outcome.deadline_ms) {
      all.push_back({.member = party.member, .tally_index = entry.index, .stated = stated});
    }
  }
  return all;
}

}  // namespace

Result<std::optional<Cut>> cut_of(
    std::string_view checkpoint,
    const std::function<Result<std::optional<LogHead>>(std::uint64_t size)>& head_at) {
  const std::optional<Cut> none;
  const Result<ledger::Checkpoint> named = ledger::parse_checkpoint(checkpoint);
  if (!named.has_value() || named->size == 0) {
    return none;
  }
  CHANCERY_TRY(const std::optional<LogHead> head, head_at(named->size));
  if (!head.has_value() || head->root != named->root) {
    return none;
  }
  const Result<ledger::SignedCheckpoint> opened =
      ledger::open_checkpoint(checkpoint, head->directory->log_keys());
  if (!opened.has_value()) {
    return none;
  }
  const Result<std::optional<std::uint64_t>> time_s =
      exchange::quorum_time(opened->note, std::array{exchange::witnesses_of(*head->directory)});
  if (!time_s.has_value() || !time_s->has_value()) {
    return none;
  }
  return Cut{.size = named->size, .time_ms = time_s->value_or(0) * kMsPerSecond};
}

Result<std::optional<ProvenConsultation>> proven_consultation(
    const exchange::EvidenceReport& report) {
  if (report.draft.kind() != kOpeningKind || !report.text.has_value()) {
    return std::optional<ProvenConsultation>();
  }
  ProvenConsultation proven;
  CHANCERY_TRY(const v1::Text text, exchange::parse_text(report.draft.kind(), *report.text));
  proven.subject = text.subject();
  CHANCERY_TRY(proven.entries.emplace_back(),
               entry_of(report.draft, report.notice, report.index, *report.text));
  CHANCERY_TRY_VOID(check_opening(proven.entries.front()));
  for (const exchange::ThreadEvidence& each : report.thread) {
    CHANCERY_TRY(proven.entries.emplace_back(),
                 entry_of(each.draft, each.notice, each.by.index, each.text));
  }
  proven.outcome = fold_consultation(proven.entries, ProvenLog(report).view());
  proven.contradicted = contradicted(proven, report);
  return std::optional(std::move(proven));
}

}  // namespace chancery::workflow
