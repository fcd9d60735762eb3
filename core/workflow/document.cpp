#include "core/workflow/document.h"

#include <algorithm>
#include <utility>

#include "core/exchange/kinds.h"
#include "core/workflow/read_entry.h"

namespace chancery::workflow {
namespace {

// Entries are read once, in the order of the log.
class Drafting {
 public:
  Drafting(std::span<const DocumentEntry> entries, const Roster& roster)
      : entries_(entries), roster_(roster), counting_(entries.front(), roster) {
    outcome_.editions.push_back({.version = 1, .at = 0, .positions = {}});
    outcome_.parties = counting_.parties();
    outcome_.ignored.resize(entries.size());
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (const std::optional<Ignored> ignored = judge(i); ignored.has_value()) {
        outcome_.ignored[i] = ignored;
      }
    }
  }

  DocumentOutcome outcome() && { return std::move(outcome_); }

 private:
  std::optional<Ignored> judge(std::size_t at) {
    const DocumentEntry& entry = entries_[at];
    if (const std::optional<Ignored> ignored = counting_.judge(entry); ignored.has_value()) {
      return ignored;
    }
    if (outcome_.state != DocumentState::kOpen) {
      return Ignored::kEnded;
    }
    if (!entry.cancels.empty()) {
      return cancel(entry);
    }
    return std::visit([&](const auto& content) { return take(at, content); }, entry.content);
  }

  // It says nothing else.
  std::optional<Ignored> cancel(const DocumentEntry& entry) {
    for (const std::size_t place : counting_.found(entry.cancels)) {
      take_back(place);
    }
    if (names(entry.cancels, entries_.front().n)) {
      outcome_.state = DocumentState::kCancelled;
    }
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::DocumentDraft& /*draft*/) {
    if (!names(entries_[at].supersedes, entries_.front().n)) {
      return Ignored::kOfAnother;
    }
    outcome_.state = DocumentState::kSuperseded;
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::DocumentVersion& content) {
    const DocumentEntry& entry = entries_[at];
    if (entry.origin != entries_.front().origin) {
      return Ignored::kNotAParty;
    }
    if (content.version() <= outcome_.editions.back().version) {
      return Ignored::kVersionNotHigher;
    }
    replace(entry);
    outcome_.editions.push_back({.version = content.version(), .at = at, .positions = {}});
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::DocumentComment& content) {
    const DocumentEntry& entry = entries_[at];
    Edition* const edition = edition_of(content.version());
    if (edition == nullptr) {
      return Ignored::kNoVersion;
    }
    replace(entry);
    ++edition->positions[entry.origin].comments;
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::DocumentAdopt& content) {
    const DocumentEntry& entry = entries_[at];
    Edition* const edition = edition_of(content.version());
    if (edition == nullptr) {
      return Ignored::kNoVersion;
    }
    const auto position = edition->positions.find(entry.origin);
    const std::optional<std::size_t> before =
        position == edition->positions.end() ? std::nullopt : position->second.adoption;
    if (before.has_value() && !names(entry.supersedes, entries_[*before].n)) {
      return Ignored::kAnsweredBefore;
    }
    replace(entry);
    edition->positions[entry.origin].adoption = at;
    counting_.count(entry, at);
    if (is_adopted(*edition, entry.index)) {
      outcome_.state = DocumentState::kAdopted;
      outcome_.adopted = edition->version;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_adopted(const Edition& edition, std::uint64_t size) const {
    return std::ranges::all_of(outcome_.parties, [&](const std::string& party) {
      const auto position = edition.positions.find(party);
      return (position != edition.positions.end() && position->second.adoption.has_value()) ||
             !roster_(party, size);
    });
  }

  Edition* edition_of(std::uint32_t version) {
    const auto found = std::ranges::lower_bound(outcome_.editions, version, {}, &Edition::version);
    return found == outcome_.editions.end() || found->version != version || found->is_cancelled
               ? nullptr
               : &*found;
  }

  // A version goes on from those before it, whatever it says that it supersedes.
  void replace(const DocumentEntry& entry) {
    for (const std::size_t place : counting_.found(entry.supersedes)) {
      if (!std::holds_alternative<v1::DocumentVersion>(entries_[place].content)) {
        take_back(place);
      }
    }
  }

  void take_back(std::size_t place) {
    const DocumentEntry& entry = entries_[place];
    outcome_.ignored[place] = Ignored::kTakenBack;
    counting_.forget(entry.n);
    if (std::holds_alternative<v1::DocumentVersion>(entry.content)) {
      std::ranges::find(outcome_.editions, place, &Edition::at)->is_cancelled = true;
      return;
    }
    const auto* const comment = std::get_if<v1::DocumentComment>(&entry.content);
    const auto* const adoption = std::get_if<v1::DocumentAdopt>(&entry.content);
    const std::uint32_t version = comment != nullptr ? comment->version() : adoption->version();
    const auto edition =
        std::ranges::lower_bound(outcome_.editions, version, {}, &Edition::version);
    Position& position = edition->positions[entry.origin];
    if (comment != nullptr) {
      --position.comments;
    } else {
      position.adoption.reset();
    }
    if (position == Position{}) {
      edition->positions.erase(entry.origin);
    }
  }

  std::span<const DocumentEntry> entries_;
  const Roster& roster_;
  Counting counting_;
  DocumentOutcome outcome_;
};

}  // namespace

Result<std::optional<DocumentEntry>> document_entry(const v1::Draft& draft, const Hash& n,
                                                    std::uint64_t index, std::string_view text) {
  if (!draft.kind().starts_with(kDocumentKinds)) {
    return std::optional<DocumentEntry>();
  }
  CHANCERY_TRY(const v1::Text parsed, exchange::parse_text(draft.kind(), text));
  const std::string_view step = std::string_view(draft.kind()).substr(kDocumentKinds.size());
  return step == "draft" ? read_entry<DocumentEntry, v1::DocumentDraft>(draft, n, index, parsed)
         : step == "comment"
             ? read_entry<DocumentEntry, v1::DocumentComment>(draft, n, index, parsed)
         : step == "version"
             ? read_entry<DocumentEntry, v1::DocumentVersion>(draft, n, index, parsed)
         : step == "adopt" ? read_entry<DocumentEntry, v1::DocumentAdopt>(draft, n, index, parsed)
                           : std::optional<DocumentEntry>();
}

Result<void> check_draft(const DocumentEntry& draft) {
  const auto bad = [](std::string_view problem) {
    return fail(ErrorCode::kInvalidKind, "document.draft: " + std::string(problem));
  };
  if (!std::holds_alternative<v1::DocumentDraft>(draft.content) || !draft.cancels.empty()) {
    return bad("it is none");
  }
  if (draft.asked.empty()) {
    return bad("nobody is asked: it is for action to no one");
  }
  return {};
}

DocumentOutcome fold_document(std::span<const DocumentEntry> entries, const Roster& roster) {
  return Drafting(entries, roster).outcome();
}

}  // namespace chancery::workflow
