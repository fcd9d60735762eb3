#include "tests/sim/authorities.h"

#include <utility>
#include <vector>

#include "core/exchange/minimize.h"
#include "tests/support/keys.h"

namespace chancery::sim {
namespace {

constexpr Micros kAskAgainAfter = kSecond;

Hash signing_key_id(const std::string& member, int number) {
  return test::signing_public(test::node_key_name(member, number, "signing")).id();
}

}  // namespace

void Authorities::enrol(const std::string& member, int number, Then then) {
  around_.trace.tell(member, "'s authority enrols node " + std::to_string(number));
  pursue({.stands =
              [id = signing_key_id(member, number)](const exchange::Directory& directory) {
                return directory.active_node(id) != nullptr;
              },
          .entry =
              [this, member, number](const exchange::Directory& directory) {
                const v1::DirectoryEntry node =
                    test::node_entry(member, number, /*voice=*/false, /*witness=*/false);
                return around_.exchange.enrol(node, directory);
              },
          .then = std::move(then)});
}

void Authorities::revoke(const std::string& member, int number) {
  around_.trace.tell(member, "'s authority revokes node " + std::to_string(number));
  for (const Hash& id :
       {signing_key_id(member, number),
        test::agreement_public(test::node_key_name(member, number, "sealing")).id(),
        test::agreement_public(test::node_key_name(member, number, "transport")).id()}) {
    pursue({.stands = [id](const exchange::Directory& on) { return on.revoked(id); },
            .entry =
                [this, id, member](const exchange::Directory& on) {
                  return around_.exchange.entry(test::revocation_of(id),
                                                std::vector{test::authority_name(member)}, on,
                                                member);
                },
            .then = {}});
  }
}

void Authorities::minimize(std::string_view value) {
  around_.trace.tell("KZ", "'s authority sets minimize to " + std::string(value));
  if (minimize_.empty()) {
    around_.scheduler.after(0, [this] { keep_minimize(); });
  }
  minimize_ = value;
}

// What was handed in before may be logged later: it is looked at again and again.
void Authorities::keep_minimize() {
  if (hub_.runs()) {
    const exchange::Directory& on = hub_.engine()->hub().sequencer().directory();
    if (on.state(exchange::kMinimizeState).value_or(exchange::kMinimizeOff) != minimize_) {
      hub_.hand_in(around_.exchange.entry(test::state_entry(exchange::kMinimizeState, minimize_),
                                          std::vector{test::authority_name("KZ")}, on, "KZ"));
    }
  }
  around_.scheduler.after(kAskAgainAfter, [this] { keep_minimize(); });
}

void Authorities::pursue(Wish wish) {
  if (hub_.runs()) {
    const exchange::Directory& directory = hub_.engine()->hub().sequencer().directory();
    if (wish.stands(directory)) {
      if (wish.then) {
        wish.then();
      }
      return;
    }
    hub_.hand_in(wish.entry(directory));
  }
  around_.scheduler.after(kAskAgainAfter,
                          [this, wish = std::move(wish)]() mutable { pursue(std::move(wish)); });
}

}  // namespace chancery::sim
