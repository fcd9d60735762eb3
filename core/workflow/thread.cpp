#include "core/workflow/thread.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace chancery::workflow {
namespace {

Hash n_or_none(std::string_view bytes) {
  return bytes.size() == Hash{}.size() ? hash_from(bytes) : Hash{};
}

bool is_code_among(std::span<const std::string> ascending, std::string_view code) {
  return std::ranges::binary_search(ascending, code);
}

// What alone decides which opening an entry is of, so that none is of two.
Hash subject_of(const Entry& entry) {
  for (const Hash& n : {entry.thread, entry.in_reply_to}) {
    if (n != Hash{}) {
      return n;
    }
  }
  if (!entry.supersedes.empty()) {
    return entry.supersedes.front();
  }
  return entry.cancels.empty() ? Hash{} : entry.cancels.front();
}

}  // namespace

Result<Entry> entry_of(const v1::Draft& draft, const Hash& n, std::uint64_t index,
                       const v1::Text& text) {
  Entry entry{.index = index,
              .n = n,
              .origin = draft.origin(),
              .status = draft.status(),
              .thread = n_or_none(text.thread()),
              .in_reply_to = n_or_none(text.in_reply_to()),
              .translation_of = n_or_none(text.translation_of())};
  for (const v1::Recipient& recipient : draft.recipients()) {
    entry.recipients.push_back(recipient.member());
    if (recipient.role() == v1::RECIPIENT_ROLE_ACTION) {
      entry.asked.push_back(recipient.member());
    }
  }
  for (const std::string& superseded : text.supersedes()) {
    if (superseded.size() != Hash{}.size()) {
      return fail(ErrorCode::kMalformed, "supersedes names no notice");
    }
    entry.supersedes.push_back(hash_from(superseded));
  }
  for (const std::string& cancelled : text.cancels()) {
    if (const Hash named = n_or_none(cancelled); named != Hash{}) {
      entry.cancels.push_back(named);
    }
  }
  return entry;
}

std::vector<Reference> references_of(const Entry& entry) {
  std::vector<Reference> all = {{.link = Link::kInReplyTo, .n = entry.in_reply_to},
                                {.link = Link::kThread, .n = entry.thread},
                                {.link = Link::kTranslationOf, .n = entry.translation_of}};
  for (const Hash& n : entry.supersedes | std::views::take(kNamedMax)) {
    all.push_back({.link = Link::kSupersedes, .n = n});
  }
  for (const Hash& n : entry.cancels | std::views::take(kNamedMax)) {
    all.push_back({.link = Link::kCancels, .n = n});
  }
  std::erase_if(all, [](const Reference& reference) { return reference.n == Hash{}; });
  return all;
}

std::vector<Place> tree_of(std::span<const Entry> entries) {
  std::map<Hash, std::size_t> before;
  std::vector<std::vector<Place>> below(entries.size());
  std::vector<Place> waiting;  // The next one is the last.
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::optional<std::size_t> parent;
    Place place{.at = i};
    for (const Reference& reference : references_of(entries[i])) {
      if (const auto known = before.find(reference.n); known != before.end()) {
        parent = known->second;
        place.link = reference.link;
        break;
      }
    }
    (parent.has_value() ? below[*parent] : waiting).push_back(place);
    before.emplace(entries[i].n, i);
  }
  std::ranges::reverse(waiting);
  std::vector<Place> places;
  while (!waiting.empty()) {
    const Place next = waiting.back();
    waiting.pop_back();
    places.push_back(next);
    for (auto child = below[next.at].rbegin(); child != below[next.at].rend(); ++child) {
      child->depth = next.depth + 1;
      waiting.push_back(*child);
    }
  }
  return places;
}

std::string_view why(Ignored reason) {
  switch (reason) {
    case Ignored::kNotAParty:
      return "its origin has no say in this";
    case Ignored::kNotToAll:
      return "it was not addressed to every party";
    case Ignored::kOtherStatus:
      return "it has another status than the opening";
    case Ignored::kAfterCut:
      return "it was logged after the cut";
    case Ignored::kAnsweredBefore:
      return "an earlier one counts, which it does not supersede";
    case Ignored::kNotLater:
      return "it extends to no later time";
    case Ignored::kNoPosition:
      return "it takes no position";
    case Ignored::kEnded:
      return "what it is about had ended";
    case Ignored::kNoCut:
      return "its checkpoint is not at quorum, or from before the deadline";
    case Ignored::kOfAnother:
      return "what it refers to first is of something else";
    case Ignored::kNotItsOwn:
      return "it takes back what another said";
    case Ignored::kNothingAnswered:
      return "what it answers or cancels does not count";
    case Ignored::kNoItems:
      return "an item lacks its name, unit or quantity, or there is none";
    case Ignored::kMoreThanOffered:
      return "it accepts more than was offered";
    case Ignored::kNoVersion:
      return "there is no such version, or it was cancelled";
    case Ignored::kVersionNotHigher:
      return "its number is not above those of all versions before it";
    case Ignored::kTakenBack:
      return "it was taken back, or what it answers was";
  }
  return "";
}

std::optional<Ignored> judge_form(const Entry& entry, v1::Status status,
                                  std::span<const std::string> parties, const Roster& roster) {
  if (!is_code_among(parties, entry.origin)) {
    return Ignored::kNotAParty;
  }
  for (const std::string& party : parties) {
    if (party != entry.origin && !is_code_among(entry.recipients, party) &&
        roster(party, entry.index)) {
      return Ignored::kNotToAll;
    }
  }
  return entry.status == status ? std::nullopt : std::optional(Ignored::kOtherStatus);
}

bool names(std::span<const Hash> references, const Hash& n) {
  return std::ranges::find(references, n) != references.end();
}

std::vector<std::string> parties_asked(const Entry& opening) {
  std::vector<std::string> parties = opening.asked;
  const auto place = std::ranges::lower_bound(parties, opening.origin);
  if (place == parties.end() || *place != opening.origin) {
    parties.insert(place, opening.origin);
  }
  return parties;
}

Counting::Counting(const Entry& opening, const Roster& roster)
    : opening_(opening), roster_(roster), parties_(parties_asked(opening)), formed_{opening.n} {
  count(opening, 0);
}

bool Counting::is_of_this(const Entry& entry) const {
  return formed_.contains(subject_of(entry));
}

std::optional<Ignored> Counting::judge(const Entry& entry) {
  if (!is_of_this(entry)) {
    return Ignored::kOfAnother;
  }
  if (const auto form = judge_form(entry, opening_.status, parties_, roster_); form.has_value()) {
    return form;
  }
  formed_.insert(entry.n);
  bool cancels_any = false;
  for (const std::vector<Hash>* const named : {&entry.supersedes, &entry.cancels}) {
    for (const Hash& n : *named) {
      const auto counted = counted_.find(n);
      if (counted != counted_.end() && counted->second.origin != entry.origin) {
        return Ignored::kNotItsOwn;
      }
      cancels_any = cancels_any || (named == &entry.cancels && counted != counted_.end());
    }
  }
  return entry.cancels.empty() || cancels_any ? std::nullopt
                                              : std::optional(Ignored::kNothingAnswered);
}

std::optional<std::size_t> Counting::find(const Hash& n) const {
  const auto counted = counted_.find(n);
  return counted == counted_.end() ? std::nullopt : std::optional(counted->second.at);
}

std::vector<std::size_t> Counting::found(std::span<const Hash> ns) const {
  std::vector<std::size_t> places;
  for (const Hash& n : ns) {
    const std::optional<std::size_t> at = find(n);
    if (at.value_or(0) != 0 && std::ranges::find(places, *at) == places.end()) {
      places.push_back(*at);
    }
  }
  return places;
}

void Counting::count(const Entry& entry, std::size_t at) {
  counted_.insert_or_assign(entry.n, Counted{.at = at, .origin = entry.origin});
}

void Counting::forget(const Hash& n) {
  counted_.erase(n);
}

}  // namespace chancery::workflow
