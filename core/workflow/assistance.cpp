#include "core/workflow/assistance.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/exchange/kinds.h"
#include "core/workflow/read_entry.h"

namespace chancery::workflow {
namespace {

using ItemList = google::protobuf::RepeatedPtrField<v1::AssistanceItem>;
using Amounts = std::map<Item, std::uint64_t>;

void add_to(std::uint64_t& sum, std::uint64_t more) {
  sum = more > std::numeric_limits<std::uint64_t>::max() - sum
            ? std::numeric_limits<std::uint64_t>::max()
            : sum + more;
}

// Nothing where one of them lacks what it has to have.
std::optional<Amounts> amounts_of(const ItemList& items) {
  Amounts amounts;
  for (const v1::AssistanceItem& item : items) {
    if (item.item().empty() || item.unit().empty() || item.quantity() == 0) {
      return std::nullopt;
    }
    add_to(amounts[{.name = item.item(), .unit = item.unit()}], item.quantity());
  }
  return amounts;
}

std::optional<Amounts> some_amounts_of(const ItemList& items) {
  return items.empty() ? std::nullopt : amounts_of(items);
}

template <typename Content>
const Content* what(const AssistanceEntry& entry) {
  return std::get_if<Content>(&entry.content);
}

Hash answered_by(const AssistanceEntry& entry) {
  return entry.in_reply_to != Hash{} ? entry.in_reply_to : entry.thread;
}

struct Offer {
  std::string_view origin{};
  Amounts items{};
  Amounts accepted{};
  std::set<std::size_t> acceptances{};
  std::optional<std::size_t> declined{};
  // Completions: the requester's, and of whoever made the offer.
  std::optional<std::size_t> received{};
  std::optional<std::size_t> sent{};
};

// Entries are read once, in the order of the log.
class Assisting {
 public:
  Assisting(std::span<const AssistanceEntry> entries, const Roster& roster)
      : entries_(entries), counting_(entries.front(), roster), ignored_(entries.size()) {
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (const std::optional<Ignored> ignored = judge(i); ignored.has_value()) {
        ignored_[i] = ignored;
      }
    }
  }

  AssistanceOutcome outcome() && {
    AssistanceOutcome outcome{.state = ended_.value_or(AssistanceState::kOpen),
                              .totals = totals(),
                              .members = {},
                              .ignored = {}};
    for (const std::string& member : entries_.front().asked) {
      outcome.members.emplace(member, stance_of(member));
    }
    outcome.ignored = std::move(ignored_);
    return outcome;
  }

 private:
  [[nodiscard]] bool is_requester(const Entry& entry) const {
    return entry.origin == entries_.front().origin;
  }

  [[nodiscard]] bool is_request(const Hash& n) const { return n == entries_.front().n; }

  std::optional<Ignored> judge(std::size_t at) {
    const AssistanceEntry& entry = entries_[at];
    if (const std::optional<Ignored> ignored = counting_.judge(entry); ignored.has_value()) {
      return ignored;
    }
    if (ended_.has_value()) {
      return Ignored::kEnded;
    }
    if (!entry.cancels.empty()) {
      return cancel(entry);
    }
    return std::visit([&](const auto& content) { return take(at, content); }, entry.content);
  }

  // It says nothing else.
  std::optional<Ignored> cancel(const AssistanceEntry& entry) {
    for (const std::size_t place : counting_.found(entry.cancels)) {
      take_back(place);
    }
    if (names(entry.cancels, entries_.front().n)) {
      ended_ = AssistanceState::kCancelled;
    }
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::AssistanceRequest& /*request*/) {
    if (!names(entries_[at].supersedes, entries_.front().n)) {
      return Ignored::kOfAnother;
    }
    ended_ = AssistanceState::kSuperseded;
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::AssistanceOffer& content) {
    const AssistanceEntry& entry = entries_[at];
    if (is_requester(entry)) {
      return Ignored::kNotAParty;
    }
    if (!is_request(answered_by(entry))) {
      return Ignored::kNothingAnswered;
    }
    std::optional<Amounts> items = some_amounts_of(content.items());
    if (!items.has_value()) {
      return Ignored::kNoItems;
    }
    const auto declined = declined_.find(entry.origin);
    if ((declined != declined_.end() && stands(declined->second, entry)) ||
        std::ranges::any_of(*items, [&](const auto& item) {
          const auto offered = offered_.find({entry.origin, item.first});
          return offered != offered_.end() && stands(offered->second, entry);
        })) {
      return Ignored::kAnsweredBefore;
    }
    replace(entry);
    for (const auto& [item, quantity] : *items) {
      offered_[{entry.origin, item}] = at;
    }
    offers_[at] = {.origin = entry.origin, .items = *std::move(items)};
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::AssistanceAccept& content) {
    const AssistanceEntry& entry = entries_[at];
    if (!is_requester(entry)) {
      return Ignored::kNotAParty;
    }
    const std::optional<std::size_t> place = offer_answered(entry);
    if (!place.has_value()) {
      return Ignored::kNothingAnswered;
    }
    const std::optional<Amounts> items = some_amounts_of(content.items());
    if (!items.has_value()) {
      return Ignored::kNoItems;
    }
    Offer& offer = offers_.at(*place);
    if (offer.declined.has_value() && stands(*offer.declined, entry)) {
      return Ignored::kAnsweredBefore;
    }
    if (!has_left(offer, *items, entry)) {
      return Ignored::kMoreThanOffered;
    }
    replace(entry);
    for (const auto& [item, quantity] : *items) {
      offer.accepted[item] += quantity;  // No more than was offered.
    }
    offer.acceptances.insert(at);
    answers_[at] = *place;
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::AssistanceDecline& /*content*/) {
    const AssistanceEntry& entry = entries_[at];
    if (is_request(answered_by(entry))) {
      return decline_request(at);
    }
    const std::optional<std::size_t> place = offer_answered(entry);
    if (!place.has_value()) {
      return Ignored::kNothingAnswered;
    }
    if (!is_requester(entry)) {
      return Ignored::kNotAParty;
    }
    Offer& offer = offers_.at(*place);
    const auto before = [&](std::size_t answer) { return stands(answer, entry); };
    if ((offer.declined.has_value() && before(*offer.declined)) ||
        std::ranges::any_of(offer.acceptances, before)) {
      return Ignored::kAnsweredBefore;
    }
    replace(entry);
    offer.declined = at;
    answers_[at] = *place;
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> decline_request(std::size_t at) {
    const AssistanceEntry& entry = entries_[at];
    if (is_requester(entry)) {
      return Ignored::kNotAParty;
    }
    const auto declined = declined_.find(entry.origin);
    if ((declined != declined_.end() && stands(declined->second, entry)) ||
        std::ranges::any_of(offers_, [&](const auto& offer) {
          return offer.second.origin == entry.origin && stands(offer.first, entry);
        })) {
      return Ignored::kAnsweredBefore;
    }
    replace(entry);
    declined_[entry.origin] = at;
    counting_.count(entry, at);
    return std::nullopt;
  }

  std::optional<Ignored> take(std::size_t at, const v1::AssistanceComplete& content) {
    const AssistanceEntry& entry = entries_[at];
    const std::optional<Amounts> items = amounts_of(content.delivered());
    if (is_request(answered_by(entry))) {
      if (!is_requester(entry)) {
        return Ignored::kNotAParty;
      }
      if (!items.has_value()) {
        return Ignored::kNoItems;
      }
      replace(entry);
      received_ = *items;
      ended_ = AssistanceState::kCompleted;
      return std::nullopt;
    }
    const std::optional<std::size_t> place = offer_answered(entry);
    if (!place.has_value() || offers_.at(*place).acceptances.empty()) {
      return Ignored::kNothingAnswered;
    }
    Offer& offer = offers_.at(*place);
    if (!is_requester(entry) && entry.origin != offer.origin) {
      return Ignored::kNotAParty;
    }
    if (!items.has_value()) {
      return Ignored::kNoItems;
    }
    std::optional<std::size_t>& word = is_requester(entry) ? offer.received : offer.sent;
    if (word.has_value() && stands(*word, entry)) {
      return Ignored::kAnsweredBefore;
    }
    replace(entry);
    word = at;
    answers_[at] = *place;
    counting_.count(entry, at);
    return std::nullopt;
  }

  // It counts, and this one does not supersede it.
  [[nodiscard]] bool stands(std::size_t place, const AssistanceEntry& entry) const {
    return !names(entry.supersedes, entries_[place].n);
  }

  [[nodiscard]] std::optional<std::size_t> offer_answered(const AssistanceEntry& entry) const {
    const std::optional<std::size_t> place = counting_.find(entry.in_reply_to);
    // One that this very entry takes back is not answered by it.
    return place.has_value() && offers_.contains(*place) && stands(*place, entry) ? place
                                                                                  : std::nullopt;
  }

  // Beside the acceptances that this one supersedes.
  [[nodiscard]] bool has_left(const Offer& offer, const Amounts& wanted,
                              const AssistanceEntry& entry) const {
    Amounts taken = offer.accepted;
    for (const std::size_t place : counting_.found(entry.supersedes)) {
      if (offer.acceptances.contains(place)) {
        give_back(taken, place);
      }
    }
    return std::ranges::all_of(wanted, [&](const auto& item) {
      const auto offered = offer.items.find(item.first);
      return offered != offer.items.end() && item.second <= offered->second - taken[item.first];
    });
  }

  void give_back(Amounts& taken, std::size_t acceptance) const {
    const auto& content = std::get<v1::AssistanceAccept>(entries_[acceptance].content);
    for (const auto& [item, quantity] : amounts_of(content.items()).value_or(Amounts{})) {
      taken[item] -= quantity;
    }
  }

  void replace(const AssistanceEntry& entry) {
    for (const std::size_t place : counting_.found(entry.supersedes)) {
      take_back(place);
    }
  }

  void take_back(std::size_t place) {
    ignored_[place] = Ignored::kTakenBack;
    counting_.forget(entries_[place].n);
    std::erase_if(declined_, [&](const auto& each) { return each.second == place; });
    if (const auto offer = offers_.find(place); offer != offers_.end()) {
      for (const auto& [item, quantity] : offer->second.items) {
        offered_.erase({offer->second.origin, item});
      }
      for (const auto& [answer, answered] : answers_) {
        if (answered == place) {
          ignored_[answer] = Ignored::kTakenBack;
          counting_.forget(entries_[answer].n);
        }
      }
      std::erase_if(answers_, [&](const auto& each) { return each.second == place; });
      offers_.erase(offer);
      return;
    }
    if (const auto answer = answers_.find(place); answer != answers_.end()) {
      take_back_answer(offers_.at(answer->second), place);
      answers_.erase(answer);
    }
  }

  void take_back_answer(Offer& offer, std::size_t place) const {
    if (offer.acceptances.erase(place) == 1) {
      give_back(offer.accepted, place);
    }
    for (std::optional<std::size_t>* const word : {&offer.declined, &offer.received, &offer.sent}) {
      if (*word == place) {
        word->reset();
      }
    }
  }

  [[nodiscard]] std::map<Item, Quantities> totals() const {
    std::map<Item, Quantities> totals;
    const auto add = [&](const Amounts& amounts, std::uint64_t Quantities::* sum) {
      for (const auto& [item, quantity] : amounts) {
        if (quantity > 0) {  // Of an acceptance that was taken back nothing is left.
          add_to(totals[item].*sum, quantity);
        }
      }
    };
    const auto& request = std::get<v1::AssistanceRequest>(entries_.front().content);
    add(amounts_of(request.items()).value_or(Amounts{}), &Quantities::requested);
    for (const auto& [place, offer] : offers_) {
      add(offer.items, &Quantities::offered);
      add(offer.accepted, &Quantities::accepted);
      const std::optional<std::size_t> word =
          offer.received.has_value() ? offer.received : offer.sent;
      if (received_.empty() && word.has_value()) {
        const auto& complete = std::get<v1::AssistanceComplete>(entries_[*word].content);
        add(amounts_of(complete.delivered()).value_or(Amounts{}), &Quantities::delivered);
      }
    }
    add(received_, &Quantities::delivered);
    return totals;
  }

  [[nodiscard]] Stance stance_of(const std::string& member) const {
    Stance stance = declined_.contains(member) ? Stance::kDeclines : Stance::kSilent;
    for (const auto& [place, offer] : offers_) {
      if (offer.origin == member) {
        stance = std::max(stance, offer.received.has_value() || offer.sent.has_value()
                                      ? Stance::kDelivered
                                  : !offer.acceptances.empty() ? Stance::kAccepted
                                  : offer.declined.has_value() ? Stance::kNotTaken
                                                               : Stance::kOffers);
      }
    }
    return stance;
  }

  std::span<const AssistanceEntry> entries_;
  Counting counting_;
  std::vector<std::optional<Ignored>> ignored_;
  std::optional<AssistanceState> ended_;
  std::map<std::size_t, Offer> offers_;                               // Those that count.
  std::map<std::pair<std::string_view, Item>, std::size_t> offered_;  // In which of them.
  std::map<std::size_t, std::size_t> answers_;                        // To which of them.
  std::map<std::string, std::size_t, std::less<>> declined_;          // The request, by member.
  Amounts received_;  // By the completion of the whole.
};

}  // namespace

Result<std::optional<AssistanceEntry>> assistance_entry(const v1::Draft& draft, const Hash& n,
                                                        std::uint64_t index,
                                                        std::string_view text) {
  if (!draft.kind().starts_with(kAssistanceKinds)) {
    return std::optional<AssistanceEntry>();
  }
  CHANCERY_TRY(const v1::Text parsed, exchange::parse_text(draft.kind(), text));
  const std::string_view step = std::string_view(draft.kind()).substr(kAssistanceKinds.size());
  return step == "request"
             ? read_entry<AssistanceEntry, v1::AssistanceRequest>(draft, n, index, parsed)
         : step == "offer"
             ? read_entry<AssistanceEntry, v1::AssistanceOffer>(draft, n, index, parsed)
         : step == "accept"
             ? read_entry<AssistanceEntry, v1::AssistanceAccept>(draft, n, index, parsed)
         : step == "decline"
             ? read_entry<AssistanceEntry, v1::AssistanceDecline>(draft, n, index, parsed)
         : step == "complete"
             ? read_entry<AssistanceEntry, v1::AssistanceComplete>(draft, n, index, parsed)
             : std::optional<AssistanceEntry>();
}

Result<void> check_request(const AssistanceEntry& request) {
  const auto bad = [](std::string_view problem) {
    return fail(ErrorCode::kInvalidKind, "assistance.request: " + std::string(problem));
  };
  const auto* const content = what<v1::AssistanceRequest>(request);
  if (content == nullptr || !request.cancels.empty()) {
    return bad("it is none");
  }
  if (request.asked.empty()) {
    return bad("nobody is asked: it is for action to no one");
  }
  if (!some_amounts_of(content->items()).has_value()) {
    return bad(why(Ignored::kNoItems));
  }
  return {};
}

AssistanceOutcome fold_assistance(std::span<const AssistanceEntry> entries, const Roster& roster) {
  return Assisting(entries, roster).outcome();
}

}  // namespace chancery::workflow
