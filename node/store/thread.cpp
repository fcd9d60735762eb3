#include "node/store/thread.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "core/workflow/assistance.h"
#include "core/workflow/document.h"
#include "core/workflow/thread.h"
#include "node/store/consultation.h"
#include "node/store/evidence.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

using workflow::AssistanceEntry;
using workflow::DocumentEntry;
using workflow::Entry;
using workflow::Reference;

constexpr std::size_t kLineBytesMax = 500;  // Of a subject, a title, an item.
constexpr std::string_view kUnreadable = "it cannot be read as its kind";

// What others wrote may be of any length.
std::string cut_line(std::string_view text) {
  std::size_t size = std::min(text.size(), kLineBytesMax);
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  return std::string(text.substr(0, size));
}

struct HeldEntry {
  HeldNotice notice;
  std::string subject;
};

class ThreadReader {
 public:
  ThreadReader(NodeStore& store, const ThreadLimits& limits)
      : store_(store), log_(store), limits_(limits) {}

  Result<v1::ThreadReply> read(const std::string& prefix) {
    CHANCERY_TRY(const std::uint64_t named, logged_index(store_, prefix));
    CHANCERY_TRY(const Entry entry, load(named));
    CHANCERY_TRY(const Entry root, climb(entry));
    CHANCERY_TRY_VOID(descend(root));
    reply_.set_notice(to_string(entry.n));
    reply_.set_root(to_string(root.n));
    if (!reply_.cut_off()) {
      CHANCERY_TRY_VOID(tell_consultations());
      tell_assistance();
      tell_documents();
      CHANCERY_TRY_VOID(log_.failure());
    }
    CHANCERY_TRY_VOID(put_entries());
    return std::move(reply_);
  }

 private:
  // Of a text that was erased the table alone knows what it referred to.
  Result<Entry> load(std::uint64_t index) {
    HeldEntry held;
    CHANCERY_TRY(held.notice, held_notice(store_, index));
    const exchange::Envelope& envelope = held.notice.envelope;
    Result<v1::Text> text =
        exchange::parse_wire<v1::Text>(held.notice.text.value_or(""), exchange::Reading::kOpen);
    Result<Entry> entry = text.has_value()
                              ? workflow::entry_of(envelope.draft, envelope.notice, index, *text)
                              : Result<Entry>(std::unexpected(text.error()));
    if (!entry.has_value()) {
      CHANCERY_TRY(entry, workflow::entry_of(envelope.draft, envelope.notice, index, v1::Text()));
    }
    if (!held.notice.text.has_value()) {
      CHANCERY_TRY(entry->supersedes, store_.referred_to(index));
    }
    held.subject = text.has_value() ? cut_line(text->subject()) : "";
    held_.insert_or_assign(index, std::move(held));
    return entry;
  }

  Result<Entry> climb(Entry entry) {
    while (true) {
      std::optional<std::uint64_t> above;
      for (const Reference& reference : workflow::references_of(entry)) {
        CHANCERY_TRY(const std::optional<std::uint64_t> index, store_.index_of(reference.n));
        if (index.has_value() && *index < entry.index) {
          above = index;
          break;
        }
      }
      if (!above.has_value()) {
        return entry;
      }
      held_.clear();
      CHANCERY_TRY(entry, load(*above));
    }
  }

  Result<void> descend(const Entry& root) {
    std::set<std::uint64_t> due = {root.index};
    std::size_t bytes = 0;
    while (!due.empty()) {
      if (entries_.size() == limits_.entries || bytes > limits_.bytes) {
        reply_.set_cut_off(true);
        return {};
      }
      const std::uint64_t index = *due.begin();
      due.erase(due.begin());
      CHANCERY_TRY(Entry entry, load(index));
      bytes += held_.at(index).notice.text.value_or("").size();
      CHANCERY_TRY(const std::vector<std::uint64_t> below,
                   store_.about(entry.n, limits_.entries + 1));
      for (const std::uint64_t each : below) {
        if (each > index) {
          due.insert(each);
        }
        if (due.size() > limits_.entries + 1) {
          due.erase(std::prev(due.end()));
        }
      }
      entries_.push_back(std::move(entry));
    }
    return {};
  }

  // Entries of one workflow; those that cannot be read are noted, and nothing is read where the
  // body of one was erased.
  template <typename EntryOf, typename Read>
  std::vector<EntryOf> entries_of(std::string_view kinds, const Read& read) {
    std::vector<EntryOf> all;
    for (const Entry& entry : entries_) {
      const HeldNotice& held = held_.at(entry.index).notice;
      if (!held.envelope.draft.kind().starts_with(kinds)) {
        continue;
      }
      if (!held.text.has_value()) {
        reply_.add_untold(std::string(kinds) + "*: the body of entry " +
                          std::to_string(entry.index) + " was erased");
        return {};
      }
      Result<std::optional<EntryOf>> parsed =
          read(held.envelope.draft, entry.n, entry.index, held.text.value_or(""));
      if (!parsed.has_value()) {
        why_[entry.index] = kUnreadable;
        continue;
      }
      if (std::optional<EntryOf> of_it = *std::move(parsed); of_it.has_value()) {
        all.push_back(*std::move(of_it));
      }
    }
    return all;
  }

  // Each good opening with what comes after it. `tell` gives what it found of each entry.
  template <typename EntryOf, typename Check, typename Tell>
  void tell_openings(std::span<const EntryOf> entries, std::string_view kinds, const Check& check,
                     const Tell& tell) {
    std::size_t count = 0;
    std::set<std::uint64_t> openings;
    for (std::size_t first = 0; first < entries.size(); ++first) {
      if (!check(entries[first]).has_value()) {
        continue;
      }
      openings.insert(entries[first].index);
      if (++count > limits_.openings) {
        reply_.add_untold(std::string(kinds) + "*: the thread has more than " +
                          std::to_string(limits_.openings) + " of them");
        break;
      }
      const std::span<const EntryOf> rest = entries.subspan(first);
      const std::vector<std::optional<workflow::Ignored>> ignored = tell(rest);
      for (std::size_t i = 0; i < rest.size(); ++i) {
        note(rest[i].index, ignored[i], i > 0);
      }
    }
    for (const std::uint64_t opening : openings) {
      if (why_[opening] == workflow::why(workflow::Ignored::kOfAnother)) {
        why_[opening].clear();  // It begins its own.
      }
    }
  }

  // An entry is of one opening at most; the others have no more to say of it.
  void note(std::uint64_t index, std::optional<workflow::Ignored> ignored, bool is_answer) {
    const std::string other(workflow::why(workflow::Ignored::kOfAnother));
    const auto known = why_.find(index);
    if (is_answer && (known == why_.end() || known->second == other)) {
      why_[index] = ignored.has_value() ? std::string(workflow::why(*ignored)) : "";
    }
  }

  void tell_assistance() {
    const std::vector<AssistanceEntry> entries =
        entries_of<AssistanceEntry>(workflow::kAssistanceKinds, workflow::assistance_entry);
    tell_openings(std::span(entries), workflow::kAssistanceKinds, workflow::check_request,
                  [&](std::span<const AssistanceEntry> of) {
                    workflow::AssistanceOutcome outcome =
                        workflow::fold_assistance(of, log_.view().is_member);
                    show(of.front(), outcome);
                    return std::move(outcome.ignored);
                  });
  }

  void show(const AssistanceEntry& request, const workflow::AssistanceOutcome& outcome) {
    v1::Assistance& shown = *reply_.add_assistances();
    shown.set_request(to_string(request.n));
    shown.set_index(request.index);
    shown.set_requester(request.origin);
    shown.set_status(request.status);
    shown.set_subject(held_.at(request.index).subject);
    // The enumerations have one more value than the fold's, which is the first.
    shown.set_state(static_cast<v1::AssistanceState>(std::to_underlying(outcome.state) + 1));
    for (const bool requested : {true, false}) {
      for (const auto& [item, quantities] : outcome.totals) {
        if ((quantities.requested > 0) != requested) {
          continue;
        }
        if (static_cast<std::size_t>(shown.totals_size()) == limits_.totals) {
          shown.set_totals_left_off(shown.totals_left_off() + 1);
          continue;
        }
        v1::AssistanceTotal& total = *shown.add_totals();
        total.set_item(cut_line(item.name));
        total.set_unit(cut_line(item.unit));
        total.set_requested(quantities.requested);
        total.set_offered(quantities.offered);
        total.set_accepted(quantities.accepted);
        total.set_delivered(quantities.delivered);
      }
    }
    for (const auto& [member, stance] : outcome.members) {
      v1::AssistanceMember& each = *shown.add_members();
      each.set_member(member);
      each.set_stance(static_cast<v1::AssistanceStance>(std::to_underlying(stance) + 1));
    }
  }

  void tell_documents() {
    const std::vector<DocumentEntry> entries =
        entries_of<DocumentEntry>(workflow::kDocumentKinds, workflow::document_entry);
    tell_openings(std::span(entries), workflow::kDocumentKinds, workflow::check_draft,
                  [&](std::span<const DocumentEntry> of) {
                    workflow::DocumentOutcome outcome =
                        workflow::fold_document(of, log_.view().is_member);
                    show(of, outcome);
                    return std::move(outcome.ignored);
                  });
  }

  void show(std::span<const DocumentEntry> entries, const workflow::DocumentOutcome& outcome) {
    const DocumentEntry& draft = entries.front();
    v1::Document& shown = *reply_.add_documents();
    shown.set_draft(to_string(draft.n));
    shown.set_index(draft.index);
    shown.set_author(draft.origin);
    shown.set_status(draft.status);
    shown.set_title(cut_line(std::get<v1::DocumentDraft>(draft.content).title()));
    shown.set_state(static_cast<v1::DocumentState>(std::to_underlying(outcome.state) + 1));
    shown.set_adopted(outcome.adopted);
    for (const workflow::Edition& edition : outcome.editions) {
      v1::DocumentEdition& each = *shown.add_editions();
      each.set_version(edition.version);
      each.set_notice(to_string(entries[edition.at].n));
      each.set_index(entries[edition.at].index);
      each.set_cancelled(edition.is_cancelled);
      for (const auto& [member, position] : edition.positions) {
        v1::DocumentPosition& said = *each.add_positions();
        said.set_member(member);
        said.set_comments(position.comments);
        said.set_adoption(position.adoption.has_value() ? to_string(entries[*position.adoption].n)
                                                        : "");
      }
    }
    for (const std::string& party : outcome.parties) {
      shown.add_parties(party);
    }
  }

  Result<void> tell_consultations() {
    std::size_t count = 0;
    for (const Entry& entry : entries_) {
      if (held_.at(entry.index).notice.envelope.draft.kind() != "consultation.open") {
        continue;
      }
      if (++count > limits_.openings) {
        reply_.add_untold("consultation.*: the thread has more than " +
                          std::to_string(limits_.openings) + " of them");
        return {};
      }
      const Result<v1::Consultation> shown = show_consultation(log_, entry.n);
      if (!shown.has_value() && shown.error().code == ErrorCode::kIo) {
        return std::unexpected(shown.error());
      }
      if (!shown.has_value()) {
        reply_.add_untold("consultation.open at " + std::to_string(entry.index) + ": " +
                          shown.error().to_string());
        continue;
      }
      for (const v1::ConsultationIgnored& ignored : shown->ignored()) {
        why_[ignored.index()] = ignored.why();
      }
      *reply_.add_consultations() = *shown;
    }
    return {};
  }

  Result<void> put_entries() {
    for (const workflow::Place& place : workflow::tree_of(entries_)) {
      const Entry& entry = entries_[place.at];
      const HeldEntry& held = held_.at(entry.index);
      CHANCERY_TRY(const ledger::Leaf leaf, store_.leaf(entry.index));
      v1::ThreadEntry& shown = *reply_.add_entries();
      shown.set_index(entry.index);
      shown.set_notice(to_string(entry.n));
      shown.set_origin(entry.origin);
      shown.set_kind(held.notice.envelope.draft.kind());
      shown.set_status(entry.status);
      shown.set_accepted_at_ms(leaf.accepted_at_ms);
      shown.set_subject(held.subject);
      shown.set_erased(!held.notice.text.has_value());
      shown.set_link(shown.erased() ? v1::THREAD_LINK_UNSPECIFIED
                                    : static_cast<v1::ThreadLink>(std::to_underlying(place.link)));
      shown.set_depth(static_cast<std::uint32_t>(place.depth));
      const auto why = why_.find(entry.index);
      shown.set_why(why == why_.end() ? "" : why->second);
    }
    return {};
  }

  NodeStore& store_;
  StoredLog log_;
  ThreadLimits limits_;
  std::map<std::uint64_t, HeldEntry> held_;  // By index.
  std::vector<Entry> entries_;               // Ascending.
  std::map<std::uint64_t, std::string> why_;
  v1::ThreadReply reply_;
};

// What cannot be read refers to nothing.
std::vector<Reference> references_in(std::uint64_t index, std::string_view bytes, bool sealed) {
  const Result<std::string> unpadded =
      sealed ? exchange::unpad_text(bytes) : Result<std::string>(std::string(bytes));
  if (!unpadded.has_value()) {
    return {};
  }
  const Result<v1::Text> text = exchange::parse_wire<v1::Text>(*unpadded, exchange::Reading::kOpen);
  const Result<Entry> entry = text.has_value() ? workflow::entry_of(v1::Draft(), {}, index, *text)
                                               : Result<Entry>(std::unexpected(text.error()));
  return entry.has_value() ? workflow::references_of(*entry) : std::vector<Reference>();
}

}  // namespace

Result<void> NodeStore::put_references_of(std::uint64_t index, std::string_view text,
                                          const exchange::Envelope& envelope) {
  CHANCERY_TRY(sqlite::Statement* const put, impl_->statement(kPutAbout));
  const std::string& origin = envelope.draft.origin();
  for (const Reference& reference : references_in(index, text, envelope.sealed())) {
    const std::string_view n = as_view(reference.n);
    CHANCERY_TRY_VOID(put->bind(1, Bytes(reference.n)).bind(2, index).run());
    if (envelope.draft.status() != v1::STATUS_ACTUAL) {
      continue;  // No exercise ends what is owed: that is of actual notices.
    }
    CHANCERY_TRY_VOID(end_owed_by(origin, n));
    if (reference.link == workflow::Link::kSupersedes ||
        reference.link == workflow::Link::kCancels) {
      CHANCERY_TRY_VOID(end_owed_of(origin, n));
    }
  }
  return {};
}

Result<void> fill_about(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement rows,
               database.prepare("SELECT idx, text, sealed FROM inbox WHERE idx >= 0 UNION ALL "
                                "SELECT idx, text, sealed FROM outbox WHERE stage = 3"));
  CHANCERY_TRY(sqlite::Statement put, database.prepare(kPutAbout));
  while (true) {
    CHANCERY_TRY(const bool row, rows.step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, rows.column_u64(0));
    CHANCERY_TRY(const std::string text, rows.column_blob(1));
    CHANCERY_TRY(const std::uint64_t sealed, rows.column_u64(2));
    for (const Reference& reference : references_in(index, text, sealed != 0)) {
      CHANCERY_TRY_VOID(put.bind(1, Bytes(reference.n)).bind(2, index).run());
    }
  }
}

Result<std::vector<Hash>> NodeStore::referred_to(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT notice FROM about WHERE idx = ?1"));
  select->bind(1, index);
  return hashes_of(*select);
}

Result<std::optional<std::uint64_t>> NodeStore::index_of(const Hash& notice) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT idx FROM inbox WHERE arrival = ?2 AND notice = ?1 AND idx >= 0 "
                       "UNION ALL SELECT idx FROM outbox WHERE seq = ?3 AND notice = ?1 "
                       "AND stage = 3 LIMIT 1"));
  CHANCERY_TRY(const std::uint64_t arrival,
               impl_->find_row(NoticeIndex::Part::kInbox, as_view(notice)));
  CHANCERY_TRY(const std::uint64_t number,
               impl_->find_row(NoticeIndex::Part::kOutbox, as_view(notice)));
  select->bind(1, Bytes(notice)).bind(2, arrival).bind(3, number);
  CHANCERY_TRY(const std::vector<std::uint64_t> indices, indices_of(*select));
  return indices.empty() ? std::nullopt : std::optional(indices.front());
}

Result<v1::ThreadReply> show_thread(NodeStore& store, const v1::ThreadRequest& request,
                                    const ThreadLimits& limits) {
  return ThreadReader(store, limits).read(request.notice());
}

}  // namespace chancery::node
