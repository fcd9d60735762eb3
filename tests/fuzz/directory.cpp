// Directory entries that hostile authorities agreed on: at most three, one after the other, each
// made of a few choices or of bytes, and signed by the keys that the input names, so that the rules
// behind the signatures are reached.
//
// Holds: an entry that is refused changes nothing; one that is good is signed by the authority that
// it is about, or by as many as the roster asks for, and stands in its slot; the roster is one that
// rosters may be, and every node that is active is of a member and not revoked.

#include "core/exchange/directory.h"

#include <google/protobuf/stubs/logging.h>

#include <array>

#include "core/exchange/limits.h"
#include "core/exchange/roster_rules.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kEntriesMax = 3;
constexpr std::array kCodes = {"AM", "BY", "KG", "KZ", "RU", "TJ", "UN", "XX"};
constexpr std::array kUses = {"signing", "witness", "sealing", "transport"};

struct Trial {
  test::TestExchange exchange;
  std::vector<std::unique_ptr<crypto::KeySigner>> signers;  // One for each bit of the input.

  Trial() {
    for (const char* const code : kCodes) {
      signers.push_back(test::key_signer(test::authority_name(code)));
    }
    for (const int node : {1, 2}) {
      signers.push_back(test::key_signer(test::node_key_name("AM", node, "signing")));
      signers.push_back(test::key_signer(test::node_key_name("AM", node, "witness")));
      signers.push_back(test::key_signer(test::node_key_name("BY", node, "signing")));
    }
    signers.push_back(test::key_signer(test::person_name("AM", 1)));
    signers.push_back(test::key_signer("hub log 2"));
  }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

v1::DirectoryEntry node(Input& input) {
  const std::string code = kCodes[input.choice(kCodes.size())];
  const auto number = static_cast<int>(1 + input.choice(3));
  const std::uint8_t bits = input.byte();
  v1::DirectoryEntry entry = test::node_entry(code, number, (bits & 1U) != 0, (bits & 2U) != 0);
  v1::NodeEnrolment& enrolment = *entry.mutable_node();
  if ((bits & 4U) != 0) {
    v1::SealingKey& more = *enrolment.add_sealing_keys();
    more = enrolment.sealing_keys(0);
    more.set_state(static_cast<v1::SealingKeyState>(input.choice(5)));
    more.set_key(to_string(test::agreement_public(code + " spare").raw()));
  }
  if ((bits & 8U) != 0) {  // A key that may be another's.
    const std::string other = test::node_key_name(kCodes[input.choice(kCodes.size())], 1,
                                                  kUses[input.choice(kUses.size())]);
    enrolment.set_transport_key(to_string(test::agreement_public(other).raw()));
  }
  return entry;
}

v1::DirectoryEntry revocation(Input& input) {
  const std::string code = kCodes[input.choice(kCodes.size())];
  const std::string_view use = kUses[input.choice(kUses.size())];
  const std::string name = test::node_key_name(code, 1, use);
  const bool agrees = use == "sealing" || use == "transport";
  return test::revocation_of(agrees ? test::agreement_public(name).id()
                                    : test::signing_public(name).id());
}

v1::DirectoryEntry roster(Input& input, const exchange::Directory& on) {
  v1::Roster changed = on.roster();
  switch (input.choice(8)) {
    case 0:
      changed.set_assent(input.byte());
      break;
    case 1:
      changed.mutable_members()->DeleteSubrange(
          static_cast<int>(input.choice(static_cast<std::size_t>(changed.members_size()))), 1);
      break;
    case 2:
      *changed.add_members() = test::roster_member(kCodes[input.choice(kCodes.size())],
                                                   static_cast<v1::MemberRole>(input.choice(5)));
      break;
    case 3:
      changed.mutable_hub()->add_log_keys(test::signing_public("hub log 2").spki());
      changed.mutable_hub()->set_old_key_lost(input.flag());
      break;
    case 4:
      changed.mutable_hub()->set_origin_line(std::string(input.chunk()));
      break;
    case 5:
      changed.add_classifications(std::string(input.chunk()));
      break;
    case 6:
      changed.add_states()->set_name(std::string(input.chunk()));
      break;
    default: {
      // Fields beside, or over, those that stand there.
      const auto more = exchange::parse_wire<v1::Roster>(input.chunk(), exchange::Reading::kOpen);
      changed.MergeFrom(more.value_or(v1::Roster()));
    }
  }
  return test::roster_entry(changed);
}

v1::DirectoryEntry make_entry(Input& input, const exchange::Directory& on) {
  switch (input.choice(6)) {
    case 0:
      return node(input);
    case 1:
      return test::person_entry(kCodes[input.choice(kCodes.size())],
                                static_cast<int>(input.choice(2)));
    case 2:
      return revocation(input);
    case 3: {
      const std::string name(input.chunk());
      return test::state_entry(name, input.chunk());
    }
    case 4:
      return roster(input, on);
    default:
      return exchange::parse_wire<v1::DirectoryEntry>(input.chunk(), exchange::Reading::kOpen)
          .value_or(v1::DirectoryEntry());
  }
}

struct Made {
  std::size_t signers = 0;
  v1::DirectoryEntry entry;
  std::string envelope;
};

Made make_envelope(Input& input, const exchange::Directory& on, std::size_t number) {
  const std::string origin = kCodes[input.choice(kCodes.size())];
  const std::uint8_t bits = input.byte();
  Made made;
  made.signers = std::size_t{input.byte()} << 8U;
  made.signers |= input.byte();
  made.entry = make_entry(input, on);
  if ((bits & 1U) == 0) {
    made.entry.set_slot(exchange::slot_for(made.entry).value_or("roster"));
  }
  if ((bits & 2U) == 0) {
    const std::optional<Hash> standing = on.slot(made.entry.slot());
    made.entry.set_replaces(standing.has_value() ? to_string(*standing) : "");
  }
  exchange::EntryProposal proposal(
      made.entry, origin, test::seeded_uuid("fuzz", number),
      {.salt = test::seeded_bytes("salt", 16), .created_at_us = number, .log_seen = std::nullopt},
      on.genesis());
  for (std::size_t i = 0; i < trial().signers.size(); ++i) {
    if ((made.signers >> i & 1U) != 0) {
      test::must(proposal.sign(*trial().signers[i]));
    }
  }
  made.envelope = proposal.envelope();
  return made;
}

// Whether who signed may do what the entry does, in the terms of protocol chapter 6. Of a key that
// is revoked it is not asked whose it was: any one authority counts as its member's.
bool has_right(const Made& made, const exchange::Directory& before) {
  std::size_t assent = 0;
  bool own = made.entry.has_revoked() && (made.signers & 0xffU) != 0;
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    const v1::Member* const member = before.member(kCodes[i]);
    if (member == nullptr || (made.signers >> i & 1U) == 0) {
      continue;
    }
    assent += member->role() == v1::MEMBER_ROLE_MEMBER ? 1U : 0U;
    own = own || made.entry.node().member() == kCodes[i] ||
          made.entry.person().member() == kCodes[i] ||
          (made.entry.has_state() && kCodes[i] == std::string_view("KZ"));
  }
  const bool asks_own = made.entry.has_node() || made.entry.has_person();
  return own || (!asks_own && assent >= before.roster().assent());
}

void check_state(const exchange::Directory& directory) {
  CHANCERY_CHECK(exchange::check_roster(directory.roster()).has_value());
  CHANCERY_CHECK(!directory.log_keys().empty());
  for (const exchange::NodeInfo* const node : directory.active_nodes()) {
    CHANCERY_CHECK(directory.member(node->member) != nullptr);
    CHANCERY_CHECK(!directory.revoked(node->signing_key.id()));
    CHANCERY_CHECK(node->sealing_keys.size() <= exchange::kSealingKeysPerNodeMax);
    CHANCERY_CHECK(node->current_sealing_key() != nullptr);
  }
}

void run(Input& input) {
  const google::protobuf::LogSilencer silent;  // Of texts that are not UTF-8, to be refused.
  exchange::Directory directory = trial().exchange.directory();
  exchange::RootCache cache;
  for (std::size_t i = 0; i < kEntriesMax && !input.empty(); ++i) {
    const Made made = make_envelope(input, directory, i);
    const auto envelope = exchange::parse_envelope(made.envelope, directory.genesis());
    if (!envelope.has_value()) {
      continue;
    }
    const bool may = has_right(made, directory);
    const Hash root = directory.root();
    const std::vector<std::string> slots = directory.slots();
    const std::size_t key_count = directory.key_count();
    const std::size_t active_count = directory.active_nodes().size();
    if (directory.apply(*envelope, cache).has_value()) {
      CHANCERY_CHECK(may && directory.root() != root);
      CHANCERY_CHECK(directory.slot(made.entry.slot()) == envelope->d);
      check_state(directory);
    } else {
      CHANCERY_CHECK(directory.root() == root && directory.slots() == slots);
      CHANCERY_CHECK(directory.key_count() == key_count);
      CHANCERY_CHECK(directory.active_nodes().size() == active_count);
    }
  }
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::run(input);
  return 0;
}
