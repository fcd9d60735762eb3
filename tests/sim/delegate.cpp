#include "tests/sim/delegate.h"

#include <utility>

#include "chancery/v1/text.pb.h"

namespace chancery::sim {
namespace {

constexpr Micros kLooksEvery = 2 * kSecond;
constexpr std::uint64_t kDeadlineMsMin = 10'000;
constexpr std::uint64_t kDeadlineMsMax = 90'000;
constexpr std::uint64_t kNoticePeriodMsMax = 8'000;
constexpr std::uint64_t kSilentPpm = 500'000;
constexpr std::uint64_t kChangesMindPpm = 300'000;
constexpr std::uint64_t kReplacesNonePpm = 300'000;
constexpr std::uint64_t kExtendsPpm = 200'000;
constexpr std::uint64_t kWithdrawsPpm = 100'000;

std::set<std::string> parties_of(const v1::ConsultationOpen& terms, const std::string& opener) {
  std::set<std::string> parties(terms.participants().begin(), terms.participants().end());
  parties.insert(opener);
  return parties;
}

}  // namespace

Delegate::Delegate(Surroundings& around, NodeMachine& node, Publisher& publisher,
                   const Reader& reader, std::vector<std::string> members, Random random)
    : around_(around),
      node_(node),
      publisher_(publisher),
      reader_(reader),
      members_(std::move(members)),
      random_(random) {}

void Delegate::sometime(Micros within, Scheduler::Action action) {
  around_.scheduler.after(random_.below(within), [this, action = std::move(action)] {
    if (!finishing_) {
      action();
    }
  });
}

template <class Content>
std::size_t Delegate::say(const std::string& what, const std::set<std::string>& parties,
                          const Content& content, const std::string& opening,
                          const std::string& supersedes) {
  v1::Text text;
  text.set_subject(node_.name() + " " + what);
  text.set_in_reply_to(opening);
  if (!supersedes.empty()) {
    text.add_supersedes(supersedes);
  }
  text.set_content(content.SerializeAsString());
  std::vector<std::string> others;
  for (const std::string& party : parties) {
    if (party != node_.member()) {
      others.push_back(party);
    }
  }
  around_.trace.tell(node_.name(), "'s delegate: consultation." + what);
  return publisher_.submit("consultation." + what, std::move(others), text.SerializeAsString());
}

void Delegate::start() {
  around_.scheduler.after(kLooksEvery, [this] {
    if (!finishing_) {
      look();
      start();
    }
  });
}

void Delegate::open() {
  if (finishing_) {
    return;
  }
  v1::ConsultationOpen terms;
  for (const std::string& member : members_) {
    if (random_.chance(member == node_.member() ? 300'000 : 800'000)) {
      terms.add_participants(member);
    }
  }
  const std::set<std::string> parties = parties_of(terms, node_.member());
  if (parties.size() < 2) {
    return;
  }
  terms.set_question("The text?");
  terms.set_proposal("This text");
  terms.set_rule(static_cast<v1::ConsultationRule>(1 + random_.below(3)));
  if (terms.rule() == v1::CONSULTATION_RULE_MAJORITY) {
    terms.set_majority(1 + static_cast<std::uint32_t>(random_.below(
                               static_cast<std::uint64_t>(terms.participants_size()))));
  }
  terms.set_reservations_allowed(random_.chance(500'000));
  terms.set_notice_period_ms(random_.below(kNoticePeriodMsMax));
  terms.set_deadline_ms(node_.unix_us() / 1000 + random_.between(kDeadlineMsMin, kDeadlineMsMax));
  const std::size_t opening = say("open", parties, terms, {});
  sometime(60 * kSecond, [this, opening, terms] { lead(opening, terms); });
}

void Delegate::lead(std::size_t opening, const v1::ConsultationOpen& terms) {
  const std::string n = publisher_.submissions()[opening].notice;
  if (n.empty()) {
    return;  // Nobody told it under which N.
  }
  const std::set<std::string> parties = parties_of(terms, node_.member());
  if (terms.participants().size() > 0 &&
      parties.size() == static_cast<std::size_t>(terms.participants_size())) {
    respond(n, terms, node_.member(), 0);
  }
  if (random_.chance(kExtendsPpm)) {
    v1::ConsultationExtend extend;
    extend.set_deadline_ms(terms.deadline_ms() + random_.below(kDeadlineMsMax));
    say("extend", parties, extend, n);
  }
  if (random_.chance(kWithdrawsPpm)) {
    sometime(30 * kSecond, [this, parties, n] {
      v1::ConsultationWithdraw withdraw;
      withdraw.set_reason("It is settled");
      say("withdraw", parties, withdraw, n);
    });
  }
}

void Delegate::look() {
  const std::vector<Reading>& readings = reader_.readings();
  for (; seen_ < readings.size(); ++seen_) {
    if (readings[seen_].draft.kind() == "consultation.open") {
      take(readings[seen_]);
    }
  }
}

void Delegate::take(const Reading& opening) {
  v1::Text text;
  v1::ConsultationOpen terms;
  if (!known_.insert(opening.notice).second || !text.ParseFromString(opening.text) ||
      !terms.ParseFromString(text.content()) || random_.chance(kSilentPpm)) {
    return;
  }
  sometime(60 * kSecond, [this, n = opening.notice, terms, opener = opening.draft.origin()] {
    respond(n, terms, opener, kChangesMindPpm);
  });
}

void Delegate::respond(const std::string& opening, const v1::ConsultationOpen& terms,
                       const std::string& opener, std::uint64_t changes_mind) {
  const auto make = [this] {
    v1::ConsultationRespond response;
    response.set_position(static_cast<v1::Position>(1 + random_.below(4)));
    if (response.position() == v1::POSITION_AGREE_WITH_RESERVATION) {
      response.set_reservation("If it rains");
    }
    return response;
  };
  const std::set<std::string> parties = parties_of(terms, opener);
  const std::size_t first = say("respond", parties, make(), opening);
  if (random_.chance(changes_mind)) {
    sometime(40 * kSecond, [this, first, parties, opening, make] {
      const std::string before = publisher_.submissions()[first].notice;
      if (!before.empty()) {  // Some forget to say what it replaces: then it is refused, or counts.
        say("respond", parties, make(), opening, random_.chance(kReplacesNonePpm) ? "" : before);
      }
    });
  }
}

}  // namespace chancery::sim
