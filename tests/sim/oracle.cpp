#include "tests/sim/oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/exchange/audit.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kind_rules.h"
#include "core/exchange/minimize.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/leaf.h"

namespace chancery::sim {
namespace {

constexpr std::size_t kScanCount = 500;
constexpr std::size_t kPageBytes = 2U << 20U;

std::vector<node::NodeStore::InboxHead> all_heads(node::NodeStore& store) {
  std::vector<node::NodeStore::InboxHead> all;
  while (true) {
    const std::uint64_t after = all.empty() ? 0 : all.back().arrival;
    std::vector<node::NodeStore::InboxHead> page = test::must(
        store.scan_inbox({.after = after, .before = std::nullopt, .count_max = kScanCount}));
    if (page.empty()) {
      return all;
    }
    std::ranges::move(page, std::back_inserter(all));
  }
}

bool is_for(const Submission& submission, const std::string& member) {
  return std::ranges::find(submission.recipients, member) != submission.recipients.end();
}

bool is_as_submitted(const Submission& submission, const v1::Draft& draft) {
  return draft.origin() == submission.origin && draft.kind() == submission.kind &&
         draft.precedence() == submission.precedence &&
         draft.expires_at_ms() == submission.expires_at_ms &&
         std::ranges::equal(draft.recipients(), submission.recipients, {}, &v1::Recipient::member);
}

// The same for people.
std::string said(std::string_view origin, std::string_view kind, v1::Precedence precedence,
                 std::uint64_t expires_at_ms) {
  return std::string(origin) + " " + std::string(kind) + " " + v1::Precedence_Name(precedence) +
         (expires_at_ms == 0 ? "" : " until " + std::to_string(expires_at_ms)) + " to";
}

std::string said_of(const Submission& submission) {
  std::string all =
      said(submission.origin, submission.kind, submission.precedence, submission.expires_at_ms);
  for (const std::string& member : submission.recipients) {
    all += " " + member;
  }
  return all;
}

std::string said_of(const v1::Draft& draft) {
  std::string all = said(draft.origin(), draft.kind(), draft.precedence(), draft.expires_at_ms());
  for (const v1::Recipient& recipient : draft.recipients()) {
    all += " " + recipient.member();
  }
  return all;
}

}  // namespace

std::string told(const node::HeldConsultation& held) {
  const workflow::Outcome& outcome = held.outcome;
  std::string all = std::to_string(std::to_underlying(outcome.conclusion)) +
                    (outcome.is_final ? " final" : " so far") + " at " +
                    std::to_string(outcome.cut.value_or(workflow::Cut{}).size) + ":";
  for (const workflow::Party& party : outcome.parties) {
    all += " " + party.member + "=" + std::to_string(std::to_underlying(party.standing));
  }
  all += " of";
  for (const workflow::ConsultationEntry& entry : held.entries) {
    all += " " + std::to_string(entry.index);
  }
  return all;
}

namespace {

// What arrived of each application, in each precedence.
class Order {
 public:
  // The next arrival. False where it comes after what was asked for when it had its answer already;
  // or behind it on one connection, where neither had to be asked for again.
  bool take(const Submission& submission) {
    // What MINIMIZE holds back is overtaken by what it does not.
    const bool exempt = exchange::is_exempt_from_minimize(submission.kind);
    Newest& newest = newest_[{submission.node, submission.precedence, exempt}];
    const bool is_queued = submission.told == Told::kQueued;
    const bool at_once = is_queued && submission.asked_count == 1;
    const bool fits =
        !is_queued || submission.was_aside ||
        (submission.told_at >= newest.asked && (!at_once || submission.number >= newest.number));
    newest.asked = std::max(newest.asked, submission.asked_first);
    newest.number = at_once ? std::max(newest.number, submission.number) : newest.number;
    return fits;
  }

 private:
  struct Newest {
    Micros asked = 0;
    std::uint64_t number = 0;
  };
  std::map<std::tuple<std::string, v1::Precedence, bool>, Newest> newest_;  // By machine.
};

}  // namespace

template <class Store>
std::pair<std::uint64_t, std::string> Oracle::audit(const std::string& name, Store& store,
                                                    const Visit& visit) {
  const std::string of = "P8: " + name + "'s store";
  exchange::Auditor auditor(store.genesis());
  std::pair<std::uint64_t, std::string> head;
  for (std::uint64_t from = 0, next = 1; next != 0; from = next) {
    const Result<v1::AuditPageReply> page = store.audit_page(from, kPageBytes);
    if (!page.has_value()) {
      violation(of + " cannot be read: " + page.error().to_string());
      return head;
    }
    for (const v1::AuditBatch& batch : page->batches()) {
      static_cast<void>(auditor.batch(batch));
      visit(batch);
    }
    next = page->next_index();
    if (next == 0) {
      auditor.last_page(*page);
      head = {page->size(), page->root()};
    }
  }
  for (const auto& finding : auditor.finish(head.first, head.second).findings) {
    violation(of + ": " + finding.error.to_string());
  }
  if (const Result<void> checked = store.check(); !checked.has_value()) {
    violation(of + ": " + checked.error().to_string());
  }
  for (const exchange::Damage& damage : test::must(store.quarantined())) {
    violation(of + " has quarantined: " + damage.error.to_string());
  }
  return head;
}

bool Oracle::is_due(const Submission& submission, const Seat& seat) const {
  return submission.opens && submission.asked_first >= seat.since &&
         is_for(submission, seat.member) && (seat.is_only_one || !may_be_erased(submission));
}

bool Oracle::may_be_erased(const Submission& submission) const {
  return submission.kind == "contact" && retention_passed_.has_value() &&
         submission.asked_first <= *retention_passed_;
}

std::size_t Oracle::missing(const Seat& seat, node::NodeStore& store) const {
  std::set<std::string> shown;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    shown.insert(head.draft.notice_id());
  }
  return static_cast<std::size_t>(std::ranges::count_if(submissions_, [&](const auto& item) {
    return item.second.told == Told::kQueued && is_due(item.second, seat) &&
           !shown.contains(item.first);
  }));
}

const Submission* Oracle::judge_notice(const std::string& who, const v1::Draft& draft,
                                       const std::optional<std::string>& text, bool erased) {
  const auto found = submissions_.find(draft.notice_id());
  if (found == submissions_.end()) {
    violation("P5: " + who + " has a notice that nobody published");
    return nullptr;
  }
  const Submission& submission = found->second;
  const std::string name = " '" + submission.subject + "'";
  if (!is_as_submitted(submission, draft)) {
    violation("P5: " + who + " has" + name + " as " + said_of(draft) + ", submitted as " +
              said_of(submission));
  }
  if (text.has_value() && !erased && *text != text_of(submission)) {
    violation("P5: " + who + " has" + name + " with another text");
  }
  if (submission.told == Told::kRefused || submission.told == Told::kExpired ||
      submission.told == Told::kUnvoiced) {
    violation("P6: " + who + " has" + name + ", which was refused");
  }
  if (!submission.opens && text.has_value()) {
    violation("P5: " + who + " shows" + name + ", whose seal does not open");
  }
  if (erased && !may_be_erased(submission)) {
    violation("P1: " + who + " has" + name + " erased before its time");
  }
  return &submission;
}

void Oracle::judge_logged(const v1::AuditBatch& batch, const Hash& genesis) {
  const std::size_t count = batch.leaves().size() / ledger::kLeafBytes;
  roots_[batch.first_index() + count] = batch.root();
  const auto first = ledger::parse_leaf(as_bytes(batch.leaves()).first(ledger::kLeafBytes));
  if (first.has_value() && first->type == ledger::LeafType::kDirectory) {
    return;
  }
  for (const v1::AuditEntry& entry : batch.entries()) {
    const auto envelope =
        exchange::parse_envelope(entry.envelope(), genesis, exchange::Bodies::kMaybeErased);
    if (!envelope.has_value()) {
      continue;  // The auditor has said so.
    }
    if (exchange::is_made_by_nodes(envelope->draft.kind())) {
      continue;
    }
    judge_notice("the log", envelope->draft, std::nullopt, envelope->erased.has_value());
    logged_.insert(envelope->draft.notice_id());
  }
}

std::uint64_t Oracle::judge_hub(broker::HubStore& store) {
  const Visit visit = [&](const v1::AuditBatch& batch) { judge_logged(batch, store.genesis()); };
  return audit("hub", store, visit).first;
}

void Oracle::judge_cosigned(const std::string& who, const node::CosignedNote& head) {
  const Result<ledger::Checkpoint> checkpoint = ledger::parse_checkpoint(head.note);
  const auto root = roots_.find(head.size);
  if (!checkpoint.has_value() || checkpoint->size != head.size || root == roots_.end() ||
      root->second != as_view(checkpoint->root)) {
    violation("P4: the head at quorum that " + who + " has, of " + std::to_string(head.size) +
              " entries, is not of the hub's log");
  }
}

void Oracle::note_delivered(const Seat& seat, node::NodeStore& store) {
  for (const auto& [id, submission] : submissions_) {
    const std::optional<node::OutboxRow> row = test::must(store.outbox_as_it_is(id));
    if (!row.has_value() || row->stage != node::OutboxStage::kLogged) {
      continue;
    }
    for (const std::string& recipient : submission.recipients) {
      if (test::must(store.delivered(recipient, row->index)).has_value()) {
        delivered_.push_back({.who = seat.name, .notice_id = id, .recipient = recipient});
      }
    }
  }
}

void Oracle::judge_delivered() {
  for (const Claim& claim : delivered_) {
    if (!held_by_.contains({claim.notice_id, claim.recipient})) {
      violation("P4: " + claim.who + " takes '" + submissions_.at(claim.notice_id).subject +
                "' for delivered to " + claim.recipient + ", which shows it nowhere");
    }
  }
}

void Oracle::judge_node(const Seat& seat, node::NodeStore& store,
                        const std::vector<Reading>& readings) {
  const auto [size, root] = audit(seat.name, store, [](const v1::AuditBatch&) {});
  if (const Result<void> checked = store.check(); !checked.has_value()) {
    violation("P8: " + seat.name + "'s store: " + checked.error().to_string());
  }
  const auto at_hub = roots_.find(size);
  if (size != 0 && (at_hub == roots_.end() || at_hub->second != root)) {
    violation("P8: " + seat.name + "'s log is not the hub's");
  }
  if (const std::optional<node::CosignedNote> head = test::must(store.cosigned());
      head.has_value()) {
    judge_cosigned(seat.name, *head);
  }
  std::set<std::string> shown;
  Arrivals arrivals;
  Order order;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    arrivals[exchange::lane_of(head.draft.precedence())].push_back(head.arrival);
    if (exchange::is_made_by_nodes(head.draft.kind())) {
      continue;
    }
    const Result<v1::InboxItem> item = store.inbox_item(head.arrival);
    const Submission* const submission =
        item.has_value()
            ? judge_notice(seat.name, head.draft, item->text(), item->erased_at_ms() != 0)
            : nullptr;
    if (submission == nullptr) {
      continue;  // No such, or damaged: the auditor has said so.
    }
    held_by_.insert({submission->notice_id, seat.member});
    const std::string has = seat.name + " has '" + submission->subject + "'";
    if (!shown.insert(submission->notice_id).second) {
      violation("P2: " + has + " twice");
    }
    if (!is_for(*submission, seat.member)) {
      violation("P5: " + has + ", which is for others");
    }
    if (!order.take(*submission)) {
      violation("P3: " + has + " after what was published later");
    }
  }
  for (const auto& [id, submission] : submissions_) {
    if (!is_due(submission, seat) || shown.contains(id)) {
      continue;
    }
    if (submission.told == Told::kQueued) {
      violation("P1: " + seat.name + " never got '" + submission.subject + "'");
    } else if (logged_.contains(id)) {
      violation("P6: " + seat.name + " never got '" + submission.subject +
                "', of which nobody was told, and the log has it");
    }
  }
  note_delivered(seat, store);
  judge_readings(seat, arrivals, test::must(store.cursor("application", "reader")), readings);
}

void Oracle::judge_readings(const Seat& seat, const Arrivals& arrivals,
                            const exchange::PerLane<std::uint64_t>& cursor,
                            const std::vector<Reading>& readings) {
  const std::string who = seat.name + "'s reader";
  exchange::PerLane<std::size_t> handed;  // So many of the lane, from the first on.
  std::map<std::string, std::uint64_t> known;
  for (const Reading& reading : readings) {
    if (!exchange::is_made_by_nodes(reading.draft.kind())) {
      judge_notice(who, reading.draft, reading.text, reading.erased);
    }
    const std::string was_handed = who + " was handed arrival " + std::to_string(reading.arrival);
    if (reading.arrival <= reading.acknowledged && !reading.given_back) {
      violation("P2: " + was_handed + " again after it had acknowledged it");
    }
    const auto [of, is_new] = known.try_emplace(reading.draft.notice_id(), reading.arrival);
    if (!is_new && of->second != reading.arrival) {
      violation("P2: " + was_handed + ", which it had as arrival " + std::to_string(of->second));
    }
    const exchange::Lane lane = exchange::lane_of(reading.draft.precedence());
    const auto rest =
        std::ranges::subrange(arrivals[lane]).advance(static_cast<std::ptrdiff_t>(handed[lane]));
    const auto passed =
        static_cast<std::size_t>(std::ranges::upper_bound(rest, reading.arrival) - rest.begin());
    if (passed > 1) {
      violation("P3: " + was_handed + " and not what came before it");
    }
    handed[lane] += passed;
  }
  for (const exchange::Lane lane : exchange::kLanes) {
    const auto& all = arrivals[lane];
    if (handed[lane] < all.size() && all[handed[lane]] <= cursor[lane]) {
      violation("P1: the cursor of " + who + " passed by arrival " +
                std::to_string(all[handed[lane]]));
    }
  }
}

// Silent is nobody who had said something in time, and whoever counts as agreeing had not thought
// better of it: before the deadline by its node's clock, or after it and below the cut.
void Oracle::judge_agreed(const std::string& who, const node::HeldConsultation& held) {
  const workflow::ConsultationEntry& opening = held.entries.front();
  const auto* const terms = std::get_if<v1::ConsultationOpen>(&opening.content);
  if (terms == nullptr) {
    violation("P11: " + who + " takes for agreed what opens no consultation, entry " +
              std::to_string(opening.index));
    return;
  }
  const std::uint64_t cut = held.outcome.cut.value_or(workflow::Cut{}).size;
  const auto is_below_cut = [&](const Submission& submission) {
    return std::ranges::any_of(held.entries, [&](const workflow::ConsultationEntry& entry) {
      return entry.index < cut && to_string(entry.n) == submission.notice;
    });
  };
  for (const workflow::Party& party : held.outcome.parties) {
    if (!party.participates || party.standing == workflow::Standing::kDropped) {
      continue;
    }
    const Submission* last = nullptr;
    for (const auto& [id, submission] : submissions_) {
      v1::Text text;
      if (submission.kind == "consultation.respond" && submission.origin == party.member &&
          submission.told == Told::kQueued &&
          (submission.newest_ms < held.outcome.deadline_ms || is_below_cut(submission)) &&
          text.ParseFromString(submission.text) && text.in_reply_to() == as_view(opening.n) &&
          (last == nullptr || last->number < submission.number)) {
        last = &submission;
      }
    }
    v1::Text text;
    v1::ConsultationRespond said;
    if (last == nullptr || !text.ParseFromString(last->text) ||
        !said.ParseFromString(text.content())) {
      continue;
    }
    const bool objects =
        said.position() == v1::POSITION_OBJECT ||
        (said.position() == v1::POSITION_AGREE_WITH_RESERVATION && !terms->reservations_allowed());
    const bool is_broken = terms->rule() != v1::CONSULTATION_RULE_MAJORITY && objects;
    if (is_broken || party.standing == workflow::Standing::kSilent) {
      violation("P11: " + who + " takes the consultation of entry " +
                std::to_string(opening.index) + " for agreed, and " + party.member +
                " had said otherwise in time: '" + text.subject() + "', " +
                v1::Position_Name(said.position()));
    }
  }
}

void Oracle::judge_consultations(const Seat& seat, node::NodeStore& store, bool drained) {
  node::StoredLog log(store);
  for (const Hash& opening : test::must(store.openings("", node::kConsultationsMax))) {
    const Result<node::HeldConsultation> held = node::read_consultation(log, opening);
    if (!held.has_value()) {
      violation("P11: " + seat.name +
                " cannot tell what a consultation came to: " + held.error().to_string());
      continue;
    }
    const workflow::Outcome& outcome = held->outcome;
    if (outcome.conclusion == workflow::Conclusion::kAgreed && outcome.is_final) {
      judge_agreed(seat.name, *held);
    }
    if (outcome.is_final) {
      const auto [first, is_new] =
          finals_.try_emplace(opening, Final{.who = seat.name, .conclusion = outcome.conclusion});
      if (first->second.conclusion != outcome.conclusion) {
        violation("P11: " + first->second.who + " takes another conclusion than " + seat.name +
                  " for final, of the consultation of entry " +
                  std::to_string(held->entries.front().index));
      }
    }
    if (drained) {
      const std::string said = told(*held);
      const auto [first, is_new] =
          concluded_.try_emplace(opening, Concluded{.who = seat.name, .outcome = said});
      if (first->second.outcome != said) {
        violation("P11: " + first->second.who + " makes of the consultation of entry " +
                  std::to_string(held->entries.front().index) + " " + first->second.outcome +
                  ", and " + seat.name + " " + said);
      }
    }
    ++outcomes_[outcome.conclusion];
  }
}

}  // namespace chancery::sim
