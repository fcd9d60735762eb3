// The node's engine: its member's word on what it was consulted about. After the cut the node with
// voice makes a tally by itself: what its people said last, or that they said nothing. Protocol
// chapter 15 (C-225, C-227, C-232).

#include "core/workflow/consultation.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "chancery/v1/text.pb.h"
#include "io/log/log.h"
#include "node/engine/drafting.h"
#include "node/engine/engine.h"
#include "node/store/consultation.h"

namespace chancery::node {
namespace {

constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

bool has_ended(workflow::Conclusion conclusion) {
  return conclusion == workflow::Conclusion::kWithdrawn ||
         conclusion == workflow::Conclusion::kSuperseded;
}

}  // namespace

bool Engine::has_voice() const {
  const exchange::NodeInfo* const node = follower_.directory().active_node(node_id());
  return node != nullptr && node->voice;
}

Result<void> Engine::load_consultations() {
  consulted_.clear();
  CHANCERY_TRY(const std::vector<NodeStore::Consulted> waiting, store_->not_tallied());
  for (const NodeStore::Consulted& held : waiting) {
    consulted_[held.opening] = {.held = held};
  }
  return {};
}

// What nobody could read as its kind is shown to people, and no part of a consultation.
Result<void> Engine::take_consultation(const Arrival& arrival) {
  if (!arrival.envelope.has_value() ||
      !arrival.envelope->draft.kind().starts_with(workflow::kConsultationKinds)) {
    return {};
  }
  CHANCERY_TRY(const std::string text, text_of(arrival));
  const Result<std::optional<workflow::ConsultationEntry>> read = workflow::consultation_entry(
      arrival.envelope->draft, arrival.envelope->notice, arrival.index, text);
  if (!read.has_value()) {
    log::warn("bad-consultation", {{"index", arrival.index},
                                   {"peer", arrival.envelope->draft.origin()},
                                   {"error", read.error().to_string()}});
    return {};
  }
  if (!read->has_value()) {
    return {};
  }
  const workflow::ConsultationEntry entry = read->value_or(workflow::ConsultationEntry{});
  std::vector<Hash> about = {entry.about};
  if (std::holds_alternative<v1::ConsultationOpen>(entry.content)) {
    about = entry.supersedes;
    if (workflow::check_opening(entry).has_value()) {
      about.push_back(entry.n);
      const std::vector<std::string> parties = workflow::parties_of(entry);
      const NodeStore::Consulted consulted = {
          .opening = entry.n, .index = arrival.index, .held_since_ms = now_.unix_ms()};
      CHANCERY_TRY_VOID(store_->put_consulted(consulted));
      if (std::ranges::binary_search(parties, config_.member)) {
        consulted_.try_emplace(entry.n, Consulted{.held = consulted});
      }
    }
  }
  for (const Hash& opening : about) {
    CHANCERY_TRY_VOID(store_->put_about(opening, arrival.index));
    if (const auto waits = consulted_.find(opening); waits != consulted_.end()) {
      waits->second.deadline_ms = 0;
    }
  }
  return {};
}

Result<void> Engine::tally_consultations() {
  if (consulted_.empty() || !cosigned_.has_value() || link_.phase() != LinkPhase::kUp ||
      disk_.is_full() || !has_voice()) {
    return {};
  }
  std::erase_if(consulted_, [](const auto& each) { return each.second.is_done; });
  for (auto& [opening, consulted] : consulted_) {
    const bool late_enough = cosigned_->time_s * kMsPerSecond >= consulted.deadline_ms;
    if (late_enough || consulted.cut.has_value()) {
      CHANCERY_TRY_VOID(tally(consulted));
    }
  }
  return {};
}

// The first head that is late enough stays the cut, until everything below it has come: an
// extension may be among it.
Result<void> Engine::tally(Consulted& consulted) {
  const CosignedNote cut = consulted.cut.value_or(cosigned_.value_or(CosignedNote{}));
  if (cut.size <= consulted.held.index) {
    return {};
  }
  // Nothing new about it has come, and what is below the cut not yet: it is not read again.
  const bool is_known = consulted.cut.has_value() && consulted.deadline_ms != 0;
  if (is_known && link_.complete() < cut.size) {
    ask_how_far();
    return {};
  }
  StoredLog log(*store_);
  const Result<HeldConsultation> read = read_consultation(log, consulted.held.opening);
  if (!read.has_value()) {
    if (read.error().code == ErrorCode::kIo) {
      return std::unexpected(read.error());
    }
    log::error("cannot-tally",
               {{"index", consulted.held.index}, {"error", read.error().to_string()}});
    consulted.deadline_ms = kNever;
    consulted.cut.reset();
    return {};
  }
  const HeldConsultation& held = *read;
  consulted.cut = cut;
  consulted.deadline_ms = workflow::deadline_at(held.entries, cut.size, log.view());
  CHANCERY_TRY_VOID(log.failure());
  if (cut.time_s * kMsPerSecond < consulted.deadline_ms) {
    consulted.cut.reset();
    return {};
  }
  if (link_.complete() < cut.size) {
    ask_how_far();
    return {};
  }
  if (has_ended(held.outcome.conclusion)) {
    consulted.deadline_ms = kNever;  // Unless a tally shows that it ended too late.
    consulted.cut.reset();
    return {};
  }
  CHANCERY_TRY_VOID(write());
  const auto party =
      std::ranges::find(held.outcome.parties, config_.member, &workflow::Party::member);
  const bool is_party = party != held.outcome.parties.end();
  const bool is_tallied = is_party && party->tally.has_value();
  bool made = is_tallied || !is_party;
  if (!made) {
    CHANCERY_TRY(made, put_tally(consulted, held, log));
  }
  if (!made) {
    consulted.deadline_ms = kNever;  // Until the next start, or another entry about it.
    consulted.cut.reset();
    return {};
  }
  consulted.is_done = true;
  return store_->mark_tallied(consulted.held.opening);
}

// What people said before the deadline and the hub did not log in time is named as well: then the
// outcome is contested, and not silence.
Result<bool> Engine::put_tally(const Consulted& consulted, const HeldConsultation& held,
                               StoredLog& log) {
  const Hash& opening = consulted.held.opening;
  const CosignedNote cut = consulted.cut.value_or(CosignedNote{});
  std::optional<workflow::LastWord> own =
      workflow::last_word(held.entries, config_.member, cut.size, log.view());
  CHANCERY_TRY_VOID(log.failure());
  CHANCERY_TRY(const std::vector<NodeStore::OwnWord> words, store_->own_words(opening));
  const auto last = std::ranges::find_if(words, [&](const NodeStore::OwnWord& word) {
    return word.queued_at_ms < consulted.deadline_ms;
  });
  if (last != words.end() && last->index.value_or(kNever) >= cut.size) {
    own = workflow::LastWord{.n = last->n, .response = {}};
  }
  const auto& terms = std::get<v1::ConsultationOpen>(held.entries.front().content);
  const bool was_in_time =
      consulted.held.held_since_ms + terms.notice_period_ms() <= consulted.deadline_ms;
  v1::ConsultationTally tally;
  tally.set_open(to_string(opening));
  tally.set_answer(own.has_value() ? v1::TALLY_ANSWER_OWN
                   : was_in_time   ? v1::TALLY_ANSWER_NONE
                                   : v1::TALLY_ANSWER_SERVED_LATE);
  if (own.has_value()) {
    tally.set_own(to_string(own->n));
    tally.set_response(own->response.has_value() ? to_string(*own->response) : "");
  }
  tally.set_cut(cut.note);
  v1::Text text;
  text.set_in_reply_to(to_string(opening));
  text.set_content(tally.SerializeAsString());
  v1::PublishRequest request;
  request.set_notice_id(new_notice_id());
  request.set_kind("consultation.tally");
  request.set_status(held.draft.status());
  request.set_precedence(held.draft.precedence());
  if (held.draft.has_label()) {
    *request.mutable_label() = held.draft.label();
  }
  for (const std::string& party : workflow::parties_of(held.entries.front())) {
    if (party != config_.member && follower_.directory().member(party) != nullptr) {
      v1::Recipient& recipient = *request.add_recipients();
      recipient.set_member(party);
      recipient.set_role(v1::RECIPIENT_ROLE_INFO);
    }
  }
  request.set_text(text.SerializeAsString());
  request.set_clear(!held.sealed);
  const Result<OutboxDraft> draft = draft_notice(request, {.member = config_.member,
                                                           .genesis = store_->genesis(),
                                                           .directory = follower_.directory(),
                                                           .random = random_,
                                                           .now_ms = now_.unix_ms()});
  if (!draft.has_value()) {  // Nobody else is left, or the roster grants it no tallies.
    log::error("cannot-tally",
               {{"index", consulted.held.index}, {"error", draft.error().to_string()}});
    return {};
  }
  CHANCERY_TRY_VOID(store_->put_draft(*draft));
  outbox_changed_ = true;
  log::info("tallied", {{"index", consulted.held.index},
                        {"cut", cut.size},
                        {"answer", v1::TallyAnswer_Name(tally.answer())}});
  return true;
}

}  // namespace chancery::node
