#include "core/exchange/directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::exchange {
namespace {

using test::agreement_public;
using test::authority_name;
using test::enrolment_signers;
using test::ExchangeOptions;
using test::four_members;
using test::node_entry;
using test::node_key_name;
using test::outcome;
using test::person_entry;
using test::person_name;
using test::revocation_of;
using test::signing_public;
using test::state_entry;
using test::TestExchange;
using Names = std::vector<std::string>;

Names authorities_of(const Names& members) {
  Names names;
  for (const std::string& member : members) {
    names.push_back(authority_name(member));
  }
  return names;
}

class DirectoryTest : public testing::Test {
 protected:
  explicit DirectoryTest(const ExchangeOptions& options = {})
      : exchange_(options), directory_(exchange_.directory()) {}

  // Applies; on error, sees that nothing changed.
  std::string apply(const std::string& envelope) {
    const Hash root_before = directory_.root();
    const Names slots_before = directory_.slots();
    const std::string roster_before = directory_.roster().SerializeAsString();
    const Result<void> applied = directory_.apply(exchange_.parse(envelope), cache_);
    if (!applied.has_value()) {
      EXPECT_EQ(directory_.root(), root_before);
      EXPECT_EQ(directory_.slots(), slots_before);
      EXPECT_EQ(directory_.roster().SerializeAsString(), roster_before);
    } else {
      EXPECT_NE(directory_.root(), root_before);
    }
    return outcome(applied);
  }
  std::string apply(const v1::DirectoryEntry& entry, const Names& signers) {
    return apply(exchange_.entry(entry, signers, directory_));
  }
  std::string enrol(const v1::DirectoryEntry& entry) {
    return apply(exchange_.enrol(entry, directory_));
  }
  std::string revoke(const Hash& key_id, const Names& signers) {
    return apply(revocation_of(key_id), signers);
  }
  std::string next_roster(const std::function<void(v1::Roster&)>& change,
                          const Names& members = four_members) {
    v1::Roster roster = directory_.roster();
    change(roster);
    return apply(exchange_.next_roster(roster, members, directory_));
  }
  const NodeInfo* node(std::string_view member, int number = 1) {
    return directory_.active_node(signing_public(node_key_name(member, number, "signing")).id());
  }

  TestExchange exchange_;
  Directory directory_;
  RootCache cache_;
};

// A roster signed by these authorities, as the first entry of the exchange that it makes.
std::string founded_by(const Names& members, const std::function<void(v1::Roster&)>& change = {}) {
  v1::DirectoryEntry first = test::roster_entry(test::founding_roster({}));
  if (change) {
    change(*first.mutable_roster());
  }
  first.set_slot("roster");
  EntryProposal proposal(first, "AM", test::seeded_uuid("entry", 1),
                         {.salt = std::string(16, 's'), .created_at_us = 1, .log_seen = {}},
                         std::nullopt);
  for (const std::string& member : members) {
    test::must(proposal.sign(*test::key_signer(authority_name(member))));
  }
  const Envelope envelope = test::must(parse_envelope(proposal.envelope(), proposal.genesis()));
  Directory directory(proposal.genesis());
  RootCache cache;
  const std::string result = outcome(directory.apply(envelope, cache));
  EXPECT_EQ(directory.founded(), result == "good");
  return result;
}

// C-60
TEST(FoundingTest, TheFirstRosterIsSignedByAllItsMembers) {
  EXPECT_EQ(founded_by({"AM", "BY", "KG", "KZ", "RU", "TJ"}), "good");
  EXPECT_EQ(founded_by({"AM", "BY", "KG", "KZ", "RU"}), "signature-missing");
  EXPECT_EQ(founded_by({}), "signature-missing");
  EXPECT_EQ(founded_by({"AM", "BY", "KG", "KZ", "RU", "TJ", "UN"}), "unknown-key");
}

// C-60: institutions and partners are named by a roster and do not found it.
TEST(FoundingTest, OnlyMembersOfThatRoleSign) {
  const auto with_sec = [](v1::Roster& roster) {
    roster.mutable_members(5)->set_role(v1::MEMBER_ROLE_INSTITUTION);
  };
  EXPECT_EQ(founded_by({"AM", "BY", "KG", "KZ", "RU"}, with_sec), "good");
  EXPECT_EQ(founded_by({"AM", "BY", "KG", "KZ", "RU", "TJ"}, with_sec), "unknown-key");
}

// C-60
TEST_F(DirectoryTest, NothingComesBeforeTheRoster) {
  Directory empty(exchange_.genesis());
  EXPECT_EQ(outcome(empty.apply(exchange_.parse(exchange_.founding_entries()[1]), cache_)),
            "invalid-entry");
  EXPECT_FALSE(empty.founded());
  EXPECT_EQ(empty.member("AM"), nullptr);
  EXPECT_FALSE(empty.is_or_was_member("AM"));
  EXPECT_TRUE(directory_.is_or_was_member("AM"));
  for (const char* const nobody : {"ZZ", ""}) {
    EXPECT_FALSE(directory_.is_or_was_member(nobody)) << "'" << nobody << "'";
  }
}

// C-60: the genesis pins the roster.
TEST_F(DirectoryTest, ARosterOfAnotherExchangeDoesNotFoundThisOne) {
  Directory other(Hash{1});
  const Envelope first = test::must(parse_envelope(exchange_.founding_entries().front(), Hash{1}));
  EXPECT_EQ(outcome(other.apply(first, cache_)), "wrong-genesis");
}

// C-61: recomputed from the Ds by the definition of RFC 6962: roster first, then slots by bytes.
TEST_F(DirectoryTest, RootIsThatOfTheDsRosterFirstThenSlotsInByteOrder) {
  ASSERT_EQ(apply(state_entry("minimize", "priority"), {authority_name("KZ")}), "good");
  ASSERT_EQ(enrol(person_entry("AM")), "good");
  ASSERT_EQ(revoke(signing_public(person_name("AM", 1)).id(), {authority_name("AM")}), "good");
  const Names slots = directory_.slots();
  ASSERT_EQ(slots.size(), 1U + 6U + 3U);
  EXPECT_EQ(slots.front(), "roster");
  EXPECT_TRUE(std::is_sorted(slots.begin() + 1, slots.end()));
  EXPECT_TRUE(slots[1].starts_with("node/"));
  EXPECT_TRUE(slots[7].starts_with("person/"));
  EXPECT_TRUE(slots[8].starts_with("revoked/"));
  EXPECT_EQ(slots[9], "state/minimize");
  ledger::reference::Entries ds;
  for (const std::string& slot : slots) {
    ds.push_back(to_string(directory_.slot(slot).value_or(Hash{})));
  }
  EXPECT_EQ(directory_.root(), ledger::reference::root(ds));
}

// C-61
TEST_F(DirectoryTest, TheSameEntriesFoldToTheSameRoot) {
  Directory again(exchange_.genesis());
  EXPECT_EQ(again.root(), ledger::reference::root({}));
  for (const std::string& entry : exchange_.founding_entries()) {
    ASSERT_EQ(outcome(again.apply(exchange_.parse(entry), cache_)), "good");
  }
  EXPECT_EQ(again.root(), directory_.root());
  EXPECT_EQ(directory_.slot("roster"), exchange_.parse(exchange_.founding_entries()[0]).d);
}

// C-62: form, whatever the entry says.
TEST_F(DirectoryTest, AnEntryHasTheFormOfAnEntry) {
  const v1::DirectoryEntry content = [&] {
    v1::DirectoryEntry entry = state_entry("minimize", "priority");
    entry.set_slot("state/minimize");
    return entry;
  }();
  const auto made = [&](const std::function<void(v1::Draft&)>& change_draft,
                        const std::function<void(v1::Header&)>& change_header = {},
                        std::string body = "") {
    const std::string text = content.SerializeAsString();
    v1::Draft draft = exchange_.draft("KZ", {}, "directory.state");
    draft.set_text_digest(to_string(text_digest(text)));
    if (change_draft) {
      change_draft(draft);
    }
    v1::Header header;
    EXPECT_TRUE(
        header.ParseFromString(make_header(draft.SerializeAsString(), exchange_.next_stamp())));
    if (change_header) {
      change_header(header);
    }
    test::Unsigned one{.header = header.SerializeAsString(),
                       .body = body.empty() ? clear_body(text) : std::move(body)};
    one.d = envelope_hash(exchange_.genesis(), one.header, one.body);
    return apply(exchange_.sign(one, authority_name("KZ")));
  };
  using D = v1::Draft;
  const auto recipient = [](D& draft) {
    draft.add_recipients()->set_member("AM");
    draft.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_INFO);
  };
  v1::Body sealed;
  v1::Stanza& stanza = *sealed.mutable_sealed()->add_stanzas();
  stanza.set_key_id(std::string(32, 'k'));
  stanza.set_enc(std::string(32, 'e'));
  stanza.set_ct(std::string(48, 'c'));

  EXPECT_EQ(made(recipient), "invalid-entry");
  EXPECT_EQ(made([](D& d) { d.set_status(v1::STATUS_EXERCISE); }), "invalid-entry");
  EXPECT_EQ(made([](D& d) { d.set_expires_at_ms(9); }), "invalid-entry");
  EXPECT_EQ(made([](D& d) { d.set_kind("directory.roster"); }), "invalid-kind");
  EXPECT_EQ(made([](D& d) { d.set_kind("contact"); }), "invalid-kind");
  EXPECT_EQ(made([](D& d) { (*d.mutable_text_digest())[0] ^= 1; }), "text-digest-mismatch");
  EXPECT_EQ(made([](D& d) { d.set_origin("XX"); }), "unknown-member");
  EXPECT_EQ(made({}, [](v1::Header& h) { h.set_version(2); }), "unknown-version");
  EXPECT_EQ(made({}, {}, sealed.SerializeAsString()), "invalid-entry");
  EXPECT_EQ(made({}), "good");
}

// C-62: the content is read strictly too.
TEST_F(DirectoryTest, AnEntryIsReadStrictly) {
  const auto with_text = [&](const std::string& text) {
    const v1::Draft draft = exchange_.draft("KZ", {}, "directory.state");
    return apply(exchange_.sign(exchange_.clear(draft, text), authority_name("KZ")));
  };
  v1::DirectoryEntry entry = state_entry("minimize", "priority");
  entry.set_slot("state/minimize");
  const std::string good = entry.SerializeAsString();
  EXPECT_EQ(with_text(good + std::string("\x42\x01x")), "unknown-field");
  EXPECT_EQ(with_text(good + good), "not-canonical");
  EXPECT_EQ(with_text(good.substr(0, good.size() - 1)), "malformed");
  EXPECT_EQ(with_text(""), "invalid-entry");
  EXPECT_EQ(with_text(good), "good");
}

// C-63: and a revocation of no key id has no slot.
TEST_F(DirectoryTest, AnEntryStandsInTheSlotOfItsContent) {
  v1::DirectoryEntry entry = state_entry("minimize", "priority");
  for (const char* const slot : {"roster", "state/other", "state/", "minimize", "State/minimize"}) {
    entry.set_slot(slot);
    EXPECT_EQ(apply(entry, {authority_name("KZ")}), "invalid-entry") << slot;
  }
  v1::DirectoryEntry short_id;
  short_id.mutable_revoked()->set_key_id("short");
  short_id.set_slot("revoked/" + hex(as_bytes("short")));
  EXPECT_EQ(apply(short_id, {authority_name("KZ")}), "invalid-entry");
}

// C-64
TEST_F(DirectoryTest, AnEntryNamesWhatStandsInItsSlot) {
  const std::string first =
      exchange_.entry(state_entry("minimize", "priority"), Names{authority_name("KZ")}, directory_);
  const std::string rival = exchange_.entry(state_entry("minimize", "immediate"),
                                            Names{authority_name("KZ")}, directory_);
  ASSERT_EQ(apply(first), "good");
  EXPECT_EQ(apply(rival), "slot-conflict");
  EXPECT_EQ(apply(first), "slot-conflict");  // A replay.
  ASSERT_EQ(apply(state_entry("minimize", "off"), {authority_name("KZ")}), "good");
  EXPECT_EQ(apply(first), "slot-conflict");

  v1::DirectoryEntry wrong = state_entry("minimize", "priority");
  wrong.set_replaces(std::string(32, 'r'));
  EXPECT_EQ(apply(wrong, {authority_name("KZ")}), "slot-conflict");
  wrong.set_replaces("short");
  EXPECT_EQ(apply(wrong, {authority_name("KZ")}), "slot-conflict");
}

// C-64: an enrolment and a roster that were replaced do not come back.
TEST_F(DirectoryTest, OldEntriesCannotBeLoggedAgain) {
  for (const std::string& entry : exchange_.founding_entries()) {
    EXPECT_EQ(apply(entry), "slot-conflict");
  }
  ASSERT_EQ(next_roster([](v1::Roster& r) { r.set_faulty_max(2); }), "good");
  EXPECT_EQ(apply(exchange_.founding_entries()[0]), "slot-conflict");
}

// C-64
TEST_F(DirectoryTest, ANodeThatIsEnrolledAgainKeepsItsSlot) {
  v1::DirectoryEntry again = node_entry("AM");
  again.mutable_node()->mutable_sealing_keys(0)->set_state(v1::SEALING_KEY_STATE_PREVIOUS);
  v1::SealingKey& key = *again.mutable_node()->add_sealing_keys();
  key.set_kem(32);
  key.set_key(to_string(agreement_public("a newer sealing key").raw()));
  key.set_state(v1::SEALING_KEY_STATE_CURRENT);
  const std::size_t slot_count = directory_.slots().size();
  ASSERT_EQ(enrol(again), "good");
  EXPECT_EQ(directory_.slots().size(), slot_count);
  EXPECT_EQ(*node("AM")->current_sealing_key(), agreement_public("a newer sealing key"));
  EXPECT_EQ(node("AM")->sealing_keys.size(), 2U);
}

// C-65
TEST_F(DirectoryTest, ANextRosterNeedsTheAssentOfTheOneBefore) {
  const auto change = [](v1::Roster& roster) { roster.set_faulty_max(2); };
  EXPECT_EQ(next_roster(change, {}), "assent-missing");
  EXPECT_EQ(next_roster(change, {"AM", "BY", "KG"}), "assent-missing");
  EXPECT_EQ(next_roster(change, four_members), "good");
  EXPECT_EQ(next_roster(change, {"AM", "BY", "KG", "KZ", "RU", "TJ"}), "good");
}

// C-78: each place where the log went on counts once, however many rosters name it.
TEST_F(DirectoryTest, ContinuationsAreThoseThatWereNewAndAtMostSixtyFour) {
  const auto continues_at = [&](std::uint64_t size) {
    return next_roster(
        [&](v1::Roster& roster) {
          roster.mutable_hub()->mutable_continues()->set_size(size);
          roster.mutable_hub()->mutable_continues()->set_root(std::string(32, 'r'));
        },
        four_members);
  };
  ASSERT_EQ(continues_at(9), "good");
  ASSERT_EQ(continues_at(9), "good");
  EXPECT_EQ(next_roster([](v1::Roster& r) { r.mutable_hub()->clear_continues(); }, four_members),
            "good");
  ASSERT_EQ(directory_.continuations().size(), 1U);
  EXPECT_EQ(directory_.continuations().front().size, 9U);
  const Directory before = directory_;
  for (std::uint64_t size = 10; size < 9 + kContinuationCountMax; ++size) {
    ASSERT_EQ(continues_at(size), "good");
  }
  EXPECT_EQ(continues_at(1000), "limit-exceeded");
  EXPECT_EQ(outcome(check_continues(before, directory_, 72, hash_from(std::string(32, 'r')))),
            "good");
  EXPECT_EQ(outcome(check_continues(before, directory_, 73, hash_from(std::string(32, 'r')))),
            "invalid-entry");
  EXPECT_EQ(outcome(check_continues(before, directory_, 72, Hash{})), "invalid-entry");
  EXPECT_EQ(outcome(check_continues(directory_, directory_, 1, Hash{})), "good") << "nothing new";
}

// C-65: what the next one asks for counts from then on.
TEST_F(DirectoryTest, AssentIsCountedByTheRosterInForce) {
  ASSERT_EQ(next_roster([](v1::Roster& r) { r.set_assent(1); }), "good");
  EXPECT_EQ(next_roster([](v1::Roster& r) { r.set_assent(6); }, {"TJ"}), "good");
  EXPECT_EQ(next_roster([](v1::Roster& r) { r.set_assent(1); }, four_members), "assent-missing");
}

class InstitutionTest : public DirectoryTest {
 protected:
  InstitutionTest() : DirectoryTest({.institution = true, .partner = true}) {}
};

// C-65, C-66: institutions and partners have authorities for their own keys, and no say in assent.
TEST_F(InstitutionTest, OnlyMembersOfThatRoleAssent) {
  const auto change = [](v1::Roster& roster) { roster.set_faulty_max(2); };
  EXPECT_EQ(next_roster(change, {"AM", "BY", "KG", "SEC"}), "unknown-key");
  EXPECT_EQ(next_roster(change, {"AM", "BY", "KG", "KZ", "UN"}), "unknown-key");
  EXPECT_EQ(next_roster(change, four_members), "good");
  EXPECT_EQ(enrol(node_entry("SEC", 2, false, false)), "good");
  EXPECT_EQ(revoke(node("UN")->signing_key.id(), {authority_name("UN")}), "good");
}

// C-66: every signature on an entry is good and of somebody who has a say.
TEST_F(DirectoryTest, ASurplusSignatureIsRefused) {
  Names signers = authorities_of(four_members);
  v1::Roster roster = directory_.roster();
  roster.set_faulty_max(2);
  signers.push_back(node_key_name("AM", 1, "signing"));
  EXPECT_EQ(apply(test::roster_entry(roster), signers), "unknown-key");
  signers.back() = "a stranger";
  EXPECT_EQ(apply(test::roster_entry(roster), signers), "unknown-key");
  EXPECT_EQ(apply(state_entry("minimize", "priority"), {authority_name("KZ"), "a stranger"}),
            "unknown-key");
}

// C-66
TEST_F(DirectoryTest, ABadSignatureIsRefusedHoweverManyAreGood) {
  const v1::DirectoryEntry entry = state_entry("minimize", "priority");
  Envelope envelope = exchange_.parse(
      exchange_.entry(entry, Names{authority_name("AM"), authority_name("KZ")}, directory_));
  for (Signature& signature : envelope.signatures) {
    if (signature.key_id == signing_public(authority_name("AM")).id()) {
      signature.value[5] ^= 1;
    }
  }
  EXPECT_EQ(outcome(directory_.apply(envelope, cache_)), "bad-signature");
  envelope.signatures.front().batch.reset();
  EXPECT_EQ(outcome(directory_.apply(envelope, cache_)), "malformed");
}

// C-67
TEST_F(DirectoryTest, ANodeIsEnrolledByItsAuthorityItsSigningAndItsWitnessKey) {
  const v1::DirectoryEntry second = node_entry("AM", 2, false, false);
  EXPECT_EQ(apply(second, {node_key_name("AM", 2, "signing")}), "signature-missing");
  EXPECT_EQ(apply(second, {authority_name("AM")}), "signature-missing");
  EXPECT_EQ(apply(second, {authority_name("BY"), node_key_name("AM", 2, "signing")}),
            "unknown-key");
  EXPECT_EQ(enrol(second), "good");
  ASSERT_NE(node("AM", 2), nullptr);
  EXPECT_EQ(node("AM", 2)->member, "AM");
  EXPECT_EQ(directory_.active_nodes_of("AM").size(), 2U);

  const Hash first_id = node("BY")->signing_key.id();
  ASSERT_EQ(revoke(first_id, {authority_name("BY")}), "good");
  const v1::DirectoryEntry witness = node_entry("BY", 2);
  EXPECT_EQ(apply(witness, {authority_name("BY"), node_key_name("BY", 2, "signing")}),
            "signature-missing");
  EXPECT_EQ(enrol(witness), "good");
  EXPECT_EQ(node("BY", 2)->witness_key, signing_public(node_key_name("BY", 2, "witness")));
}

// C-67
TEST_F(DirectoryTest, ANodeIsOfAMemberOfTheRoster) {
  EXPECT_EQ(apply(node_entry("XX"), {authority_name("XX"), node_key_name("XX", 1, "signing")}),
            "unknown-member");
}

// C-68
TEST_F(DirectoryTest, OneNodeOfAMemberHasVoiceAndOnlyItTheWitnessKey) {
  EXPECT_EQ(enrol(node_entry("AM", 2, true, false)), "invalid-entry");
  EXPECT_EQ(enrol(node_entry("AM", 2, false, true)), "invalid-entry");
  ASSERT_EQ(enrol(node_entry("AM", 2, false, false)), "good");
  // The voice passes on: taken from one, given to the other.
  ASSERT_EQ(enrol(node_entry("AM", 1, false, false)), "good");
  EXPECT_EQ(enrol(node_entry("AM", 2, true, true)), "good");
  EXPECT_EQ(enrol(node_entry("AM", 1, true, false)), "invalid-entry");
}

// C-68
TEST_F(DirectoryTest, ARevokedNodeLeavesTheVoiceToAnother) {
  ASSERT_EQ(revoke(node("AM")->signing_key.id(), {authority_name("AM")}), "good");
  EXPECT_EQ(enrol(node_entry("AM", 2)), "good");
}

// C-69
TEST_F(DirectoryTest, SealingKeysAreOneToFourWithOneCurrent) {
  const auto with = [&](const std::vector<v1::SealingKeyState>& states, std::uint32_t kem = 32) {
    v1::DirectoryEntry entry = node_entry("AM", 2, false, false);
    entry.mutable_node()->clear_sealing_keys();
    int number = 0;
    for (const v1::SealingKeyState state : states) {
      v1::SealingKey& key = *entry.mutable_node()->add_sealing_keys();
      key.set_kem(kem);
      key.set_key(to_string(agreement_public("key " + std::to_string(++number)).raw()));
      key.set_state(state);
    }
    Directory copy = directory_;
    return outcome(copy.apply(exchange_.parse(exchange_.enrol(entry, directory_)), cache_));
  };
  constexpr auto kCurrent = v1::SEALING_KEY_STATE_CURRENT;
  constexpr auto kPrevious = v1::SEALING_KEY_STATE_PREVIOUS;
  constexpr auto kNext = v1::SEALING_KEY_STATE_NEXT;
  EXPECT_EQ(with({kCurrent}), "good");
  EXPECT_EQ(with({kCurrent, kPrevious, kNext, kPrevious}), "good");
  EXPECT_EQ(with({kCurrent, kPrevious, kNext, kPrevious, kNext}), "limit-exceeded");
  EXPECT_EQ(with({}), "invalid-entry");
  EXPECT_EQ(with({kPrevious}), "invalid-entry");
  EXPECT_EQ(with({kCurrent, kCurrent}), "invalid-entry");
  EXPECT_EQ(with({kCurrent, v1::SEALING_KEY_STATE_UNSPECIFIED}), "invalid-entry");
  EXPECT_EQ(with({kCurrent}, 16), "invalid-entry");
}

// C-26
TEST_F(DirectoryTest, AMemberHasAtMostEightNodes) {
  for (int number = 2; number <= static_cast<int>(kNodesPerMemberMax); ++number) {
    ASSERT_EQ(enrol(node_entry("AM", number, false, false)), "good") << number;
  }
  EXPECT_EQ(enrol(node_entry("AM", 9, false, false)), "limit-exceeded");
  ASSERT_EQ(revoke(node("AM", 8)->signing_key.id(), {authority_name("AM")}), "good");
  EXPECT_EQ(enrol(node_entry("AM", 9, false, false)), "good");
}

// C-79: what one authority can add alone ends somewhere, whatever it revokes or replaces.
TEST_F(DirectoryTest, AMemberHasAtMostItsNumberOfKeysEver) {
  constexpr int kOfItsNode = 4;  // Signing, witness, transport, sealing.
  const auto person = [&](int number) {
    const Names signers = {authority_name("AM"), person_name("AM", number)};
    return exchange_.entry(person_entry("AM", number), signers, directory_);
  };
  const int last = static_cast<int>(kKeysPerMemberMax) - kOfItsNode;
  for (int number = 1; number < last; ++number) {
    test::must(directory_.apply(exchange_.parse(person(number)), cache_));
  }
  EXPECT_EQ(apply(person(last)), "good");
  EXPECT_EQ(apply(person(last + 1)), "limit-exceeded");
  ASSERT_EQ(revoke(signing_public(person_name("AM", last)).id(), {authority_name("AM")}), "good");
  EXPECT_EQ(apply(person(last + 1)), "limit-exceeded");
  // What brings no new key still fits, and so does another member's.
  EXPECT_EQ(enrol(node_entry("AM", 1, false, false)), "good");
  EXPECT_EQ(enrol(person_entry("BY")), "good");
}

// C-70: all keys of all nodes and people, in all places where another entry could put them.
TEST_F(DirectoryTest, AKeyIsAcceptedOnceInOneSlotAndForOneUse) {
  ASSERT_EQ(enrol(person_entry("KZ")), "good");
  const Names signing = {authority_name("AM"),
                         authority_name("BY"),
                         "hub log 1",
                         node_key_name("BY", 1, "signing"),
                         node_key_name("BY", 1, "witness"),
                         node_key_name("AM", 1, "signing"),
                         person_name("KZ", 1)};
  const Names agreement = {"hub transport", node_key_name("BY", 1, "transport"),
                           node_key_name("BY", 1, "sealing"), node_key_name("AM", 1, "transport"),
                           node_key_name("AM", 1, "sealing")};
  ASSERT_EQ(revoke(node("AM")->signing_key.id(), {authority_name("AM")}), "good");
  const auto refused = [](const std::string& result) {
    return result == "key-reused" || result == "revoked-key";
  };
  for (const std::string& name : signing) {
    const std::string spki = signing_public(name).spki();
    v1::DirectoryEntry as_signing = node_entry("AM", 2);
    as_signing.mutable_node()->set_signing_key(spki);
    v1::DirectoryEntry as_witness = node_entry("AM", 2);
    as_witness.mutable_node()->set_witness_key(spki);
    v1::DirectoryEntry as_release = person_entry("AM", 2);
    as_release.mutable_person()->set_release_key(spki);
    Names signers = {authority_name("AM")};
    if (name != signers.front()) {
      signers.push_back(name);
    }
    EXPECT_PRED1(refused, apply(as_witness, signers)) << name;
    if (name != person_name("KZ", 1)) {
      EXPECT_PRED1(refused, apply(as_release, signers)) << name;
    }
    // Where the slot is one that stands already, the node or person there is who else it may be.
    if (name != node_key_name("BY", 1, "signing")) {
      EXPECT_PRED1(refused, apply(as_signing, signers)) << name;
    }
  }
  for (const std::string& name : agreement) {
    const std::string raw = to_string(agreement_public(name).raw());
    v1::DirectoryEntry as_transport = node_entry("AM", 2);
    as_transport.mutable_node()->set_transport_key(raw);
    v1::DirectoryEntry as_sealing = node_entry("AM", 2);
    as_sealing.mutable_node()->mutable_sealing_keys(0)->set_key(raw);
    EXPECT_EQ(enrol(as_transport), "key-reused") << name;
    EXPECT_EQ(enrol(as_sealing), "key-reused") << name;
  }
  EXPECT_EQ(enrol(node_entry("AM", 2)), "good");
}

// C-70: two uses in one entry, also across algorithms.
TEST_F(DirectoryTest, AnEntryDoesNotUseOneKeyTwice) {
  const std::string signing = node_key_name("AM", 2, "signing");
  v1::DirectoryEntry entry = node_entry("AM", 2, false, false);
  entry.mutable_node()->mutable_sealing_keys(0)->set_key(entry.node().transport_key());
  EXPECT_EQ(enrol(entry), "key-reused");
  entry = node_entry("AM", 2, false, false);
  v1::SealingKey twice = entry.node().sealing_keys(0);
  twice.set_state(v1::SEALING_KEY_STATE_NEXT);
  *entry.mutable_node()->add_sealing_keys() = twice;
  EXPECT_EQ(enrol(entry), "key-reused");
  ASSERT_EQ(revoke(node("AM")->signing_key.id(), {authority_name("AM")}), "good");
  entry = node_entry("AM", 2);
  entry.mutable_node()->set_witness_key(entry.node().signing_key());
  EXPECT_EQ(apply(entry, {authority_name("AM"), signing}), "key-reused");
}

// C-70: another member's key, another use, another member's authority of before.
TEST_F(DirectoryTest, ARosterReusesNoKey) {
  const auto authority = [&](const std::string& name) {
    return next_roster([&](v1::Roster& r) {
      r.mutable_members(0)->set_authority_key(signing_public(name).spki());
    });
  };
  EXPECT_EQ(authority(authority_name("BY")), "key-reused");
  EXPECT_EQ(authority("hub log 1"), "key-reused");
  EXPECT_EQ(authority(node_key_name("AM", 1, "signing")), "key-reused");
  EXPECT_EQ(authority(node_key_name("AM", 1, "witness")), "key-reused");
  ASSERT_EQ(authority("AM authority 2"), "good");
  EXPECT_EQ(next_roster(
                [](v1::Roster& r) {
                  r.mutable_members(1)->set_authority_key(signing_public("AM authority").spki());
                },
                {"BY", "KG", "KZ", "RU"}),
            "key-reused");
  EXPECT_EQ(
      next_roster(
          [](v1::Roster& r) {
            r.mutable_hub()->add_log_keys(signing_public(node_key_name("AM", 1, "signing")).spki());
          },
          {"BY", "KG", "KZ", "RU"}),
      "key-reused");
  EXPECT_EQ(next_roster(
                [](v1::Roster& r) {
                  r.mutable_hub()->set_transport_key(
                      to_string(agreement_public(node_key_name("AM", 1, "transport")).raw()));
                },
                {"BY", "KG", "KZ", "RU"}),
            "key-reused");
  // A key of its own that it had before, for the same use, is no reuse.
  EXPECT_EQ(next_roster(
                [](v1::Roster& r) {
                  r.mutable_members(0)->set_authority_key(signing_public("AM authority").spki());
                },
                {"BY", "KG", "KZ", "RU"}),
            "good");
}

// C-71: RFC 8032 and RFC 7748 keys, canonical and not of small order, in every place.
TEST_F(DirectoryTest, KeysAreCanonicalAndNotOfSmallOrder) {
  const std::string zeroes(32, '\0');
  const std::string unreduced = "\xef" + std::string(30, '\xff') + "\x7f";  // p + 2
  const std::string prefix = signing_public("any").spki().substr(0, 12);
  const auto cases = {std::pair(zeroes, "key-small-order"),
                      std::pair(unreduced, "key-not-canonical"),
                      std::pair(std::string("short"), "malformed")};
  for (const auto& [raw, expected] : cases) {
    v1::DirectoryEntry entry = node_entry("AM", 2, false, false);
    entry.set_slot("node/00");
    const Names signers = {authority_name("AM")};
    entry.mutable_node()->set_transport_key(raw);
    entry.clear_slot();
    EXPECT_EQ(apply(entry, signers), expected);
    entry = node_entry("AM", 2, false, false);
    entry.mutable_node()->mutable_sealing_keys(0)->set_key(raw);
    EXPECT_EQ(apply(entry, signers), expected);
    entry = node_entry("AM", 2, true, false);
    entry.mutable_node()->set_witness_key(prefix + raw);
    EXPECT_EQ(apply(entry, signers), expected);
    entry = node_entry("AM", 2, false, false);
    entry.mutable_node()->set_signing_key(prefix + raw);
    entry.set_slot("node/" + std::string(64, '0'));
    EXPECT_EQ(apply(entry, signers), expected);
    v1::DirectoryEntry person = person_entry("AM", 2);
    person.mutable_person()->set_release_key(prefix + raw);
    person.set_slot("person/" + std::string(64, '0'));
    EXPECT_EQ(apply(person, signers), expected);
    EXPECT_EQ(
        next_roster([&](v1::Roster& r) { r.mutable_members(0)->set_authority_key(prefix + raw); }),
        expected);
    EXPECT_EQ(next_roster([&](v1::Roster& r) { r.mutable_hub()->add_log_keys(prefix + raw); }),
              expected);
    EXPECT_EQ(next_roster([&](v1::Roster& r) { r.mutable_hub()->set_transport_key(raw); }),
              expected);
  }
}

// C-71: a key to agree on secrets does not sign.
TEST_F(DirectoryTest, AKeyThatSignsIsAnEd25519Key) {
  const std::string spki = agreement_public("an X25519 key").spki();
  v1::DirectoryEntry entry = node_entry("AM", 2, true, false);
  entry.mutable_node()->set_witness_key(spki);
  EXPECT_EQ(apply(entry, {authority_name("AM")}), "invalid-entry");
  v1::DirectoryEntry person = person_entry("AM", 2);
  person.mutable_person()->set_release_key(spki);
  person.set_slot("person/" + std::string(64, '0'));
  EXPECT_EQ(apply(person, {authority_name("AM")}), "invalid-entry");
}

// C-72
TEST_F(DirectoryTest, APersonIsEnrolledByTheAuthorityAndItsOwnKey) {
  const v1::DirectoryEntry person = person_entry("AM");
  EXPECT_EQ(apply(person, {authority_name("AM")}), "signature-missing");
  EXPECT_EQ(apply(person, {person_name("AM", 1)}), "signature-missing");
  EXPECT_EQ(apply(person, {authority_name("BY"), person_name("AM", 1)}), "unknown-key");
  ASSERT_EQ(enrol(person), "good");
  const PersonInfo* const found =
      directory_.active_person(signing_public(person_name("AM", 1)).id());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->member, "AM");
  ASSERT_EQ(revoke(found->release_key.id(), {authority_name("AM")}), "good");
  EXPECT_EQ(directory_.active_person(signing_public(person_name("AM", 1)).id()), nullptr);
}

// C-25, C-72
TEST_F(DirectoryTest, APersonHasANameWithinTheLimit) {
  v1::DirectoryEntry person = person_entry("AM");
  person.mutable_person()->clear_name();
  EXPECT_EQ(enrol(person), "invalid-entry");
  person.mutable_person()->set_name(std::string(kNameBytesMax + 1, 'n'));
  EXPECT_EQ(enrol(person), "invalid-entry");
  person.mutable_person()->set_name(std::string(kNameBytesMax, 'n'));
  EXPECT_EQ(enrol(person), "good");
}

// C-73
TEST_F(DirectoryTest, AKeyIsRevokedByItsMembersAuthority) {
  const Hash id = node("AM")->signing_key.id();
  EXPECT_EQ(revoke(id, {authority_name("BY")}), "assent-missing");
  EXPECT_EQ(revoke(id, {}), "assent-missing");
  EXPECT_EQ(revoke(id, {node_key_name("AM", 1, "signing")}), "unknown-key");
  ASSERT_EQ(revoke(id, {authority_name("AM")}), "good");
  EXPECT_TRUE(directory_.revoked(id));
  EXPECT_EQ(node("AM"), nullptr);
  EXPECT_EQ(directory_.active_nodes_of("AM").size(), 0U);
  EXPECT_EQ(directory_.active_nodes().size(), 5U);
}

// C-73
TEST_F(DirectoryTest, AKeyIsRevokedByTheAssentThatChangesTheRoster) {
  const Hash id = node("AM")->signing_key.id();
  EXPECT_EQ(revoke(id, authorities_of({"BY", "KG", "KZ"})), "assent-missing");
  EXPECT_EQ(revoke(id, authorities_of({"BY", "KG", "KZ", "RU"})), "good");
}

// C-73
TEST_F(DirectoryTest, OnlyKeysOfNodesAndPeopleAreRevoked) {
  EXPECT_EQ(revoke(Hash{1}, authorities_of(four_members)), "unknown-key");
  EXPECT_EQ(revoke(signing_public(authority_name("AM")).id(), authorities_of(four_members)),
            "unknown-key");
  EXPECT_EQ(revoke(signing_public("hub log 1").id(), authorities_of(four_members)), "unknown-key");
  EXPECT_EQ(revoke(agreement_public("hub transport").id(), authorities_of(four_members)),
            "unknown-key");
  EXPECT_EQ(revoke(node("AM")->transport_key.id(), {authority_name("AM")}), "good");
}

// C-74: final. The key comes back neither in its own slot nor in another.
TEST_F(DirectoryTest, ARevocationIsFinalAndMayBeRepeated) {
  const Hash id = node("AM")->signing_key.id();
  ASSERT_EQ(revoke(id, {authority_name("AM")}), "good");
  EXPECT_EQ(revoke(id, {authority_name("AM")}), "good");
  EXPECT_EQ(enrol(node_entry("AM")), "revoked-key");
  v1::DirectoryEntry state = state_entry("minimize", "off");
  state.set_slot("revoked/" + hex(id));
  EXPECT_EQ(apply(state, {authority_name("KZ")}), "invalid-entry");
}

// C-74: a sealing key alone. Nobody seals to it; the node goes on with another.
TEST_F(DirectoryTest, ARevokedSealingKeyIsNobodys) {
  const Hash id = agreement_public(node_key_name("AM", 1, "sealing")).id();
  ASSERT_EQ(directory_.sealing_key_owner(as_view(id)), "AM");
  ASSERT_EQ(revoke(id, {authority_name("AM")}), "good");
  EXPECT_EQ(directory_.sealing_key_owner(as_view(id)), std::nullopt);
  EXPECT_NE(node("AM"), nullptr);
  EXPECT_EQ(enrol(node_entry("AM")), "revoked-key");
  v1::DirectoryEntry again = node_entry("AM");
  again.mutable_node()->mutable_sealing_keys(0)->set_key(
      to_string(agreement_public("a newer sealing key").raw()));
  EXPECT_EQ(enrol(again), "good");
}

// C-75
TEST_F(DirectoryTest, AStateIsSetAsTheRosterSays) {
  EXPECT_EQ(apply(state_entry("minimize", "priority"), {authority_name("AM")}), "assent-missing");
  EXPECT_EQ(apply(state_entry("minimize", "priority"), {}), "assent-missing");
  EXPECT_EQ(apply(state_entry("minimize", "priority"), {authority_name("KZ")}), "good");
  EXPECT_EQ(apply(state_entry("minimize", "off"), authorities_of({"AM", "BY", "KG", "RU"})),
            "good");
  EXPECT_EQ(apply(state_entry("other", "on"), authorities_of(four_members)), "invalid-entry");
  ASSERT_EQ(next_roster([](v1::Roster& r) { r.add_states()->set_name("other"); }), "good");
  const auto other = [&](std::size_t bytes) {
    return apply(state_entry("other", std::string(bytes, 'v')), authorities_of(four_members));
  };
  EXPECT_EQ(other(kNameBytesMax + 1), "invalid-entry");
  EXPECT_EQ(other(kNameBytesMax), "good");
}

// C-75: it holds while the roster has a rule for it.
TEST_F(DirectoryTest, AStateHoldsAsLongAsItsRule) {
  EXPECT_EQ(directory_.state("minimize"), std::nullopt);
  ASSERT_EQ(apply(state_entry("minimize", "priority"), {authority_name("KZ")}), "good");
  EXPECT_EQ(directory_.state("minimize"), "priority");
  EXPECT_EQ(directory_.state("other"), std::nullopt);
  ASSERT_EQ(next_roster([](v1::Roster& r) { r.clear_states(); }), "good");
  EXPECT_EQ(directory_.state("minimize"), std::nullopt);
}

// C-260
TEST_F(DirectoryTest, MinimizeIsAPrecedenceThatNothingUrgentIsBelow) {
  for (const char* const value : {"routine", "priority", "immediate", "off"}) {
    EXPECT_EQ(apply(state_entry("minimize", value), {authority_name("KZ")}), "good") << value;
  }
  for (const char* const value : {"", "on", "deferred", "flash", "override", "Priority", "3"}) {
    EXPECT_EQ(apply(state_entry("minimize", value), {authority_name("KZ")}), "invalid-entry")
        << value;
  }
}

// C-75: without members in the rule, the assent.
TEST_F(DirectoryTest, AStateWithoutSettersNeedsTheAssent) {
  ASSERT_EQ(next_roster([](v1::Roster& r) { r.mutable_states(0)->clear_members(); }), "good");
  EXPECT_EQ(apply(state_entry("minimize", "priority"), {authority_name("KZ")}), "assent-missing");
  EXPECT_EQ(apply(state_entry("minimize", "priority"), authorities_of(four_members)), "good");
}

// C-76
TEST_F(DirectoryTest, NodesOfAMemberThatLeftAreNotActive) {
  ASSERT_EQ(enrol(person_entry("AM")), "good");
  const Hash id = node("AM")->signing_key.id();
  const Hash sealing = agreement_public(node_key_name("AM", 1, "sealing")).id();
  v1::Member left;
  ASSERT_EQ(next_roster([&](v1::Roster& r) {
              left = r.members(0);
              r.mutable_members()->DeleteSubrange(0, 1);
            }),
            "good");
  EXPECT_EQ(directory_.member("AM"), nullptr);
  EXPECT_TRUE(directory_.is_or_was_member("AM")) << "what it published has an origin all the same";
  EXPECT_EQ(directory_.active_node(id), nullptr);
  EXPECT_EQ(directory_.active_nodes().size(), 5U);
  EXPECT_EQ(directory_.active_person(signing_public(person_name("AM", 1)).id()), nullptr);
  EXPECT_EQ(directory_.sealing_key_owner(as_view(sealing)), std::nullopt);
  // Its authority has no say any more, not even about its own keys.
  EXPECT_EQ(
      apply(exchange_.entry(revocation_of(id), Names{authority_name("AM")}, directory_, "BY")),
      "unknown-key");
  EXPECT_EQ(apply(exchange_.entry(revocation_of(id), authorities_of({"BY", "KG", "KZ", "RU"}),
                                  directory_, "BY")),
            "good");
  EXPECT_EQ(apply(exchange_.entry(node_entry("AM", 2), enrolment_signers(node_entry("AM", 2)),
                                  directory_, "BY")),
            "unknown-member");
}

// C-76: an authority that changed leaves what the one before it enrolled.
TEST_F(DirectoryTest, ANewAuthoritySpeaksInsteadOfTheOld) {
  ASSERT_EQ(next_roster([](v1::Roster& r) {
              r.mutable_members(0)->set_authority_key(signing_public("AM authority 2").spki());
            }),
            "good");
  EXPECT_NE(node("AM"), nullptr);
  const v1::DirectoryEntry second = node_entry("AM", 2, false, false);
  EXPECT_EQ(enrol(second), "unknown-key");
  EXPECT_EQ(apply(second, {"AM authority 2", node_key_name("AM", 2, "signing")}), "good");
  EXPECT_EQ(next_roster([](v1::Roster& r) { r.set_faulty_max(2); }, four_members), "unknown-key");
}

// C-77
TEST_F(DirectoryTest, TheLogKeepsItsName) {
  EXPECT_EQ(next_roster([](v1::Roster& r) { r.mutable_hub()->set_origin_line("another/log"); }),
            "invalid-entry");
}

TEST_F(DirectoryTest, AnswersWhoIsWho) {
  EXPECT_EQ(directory_.member("KZ")->code(), "KZ");
  EXPECT_EQ(directory_.member("XX"), nullptr);
  EXPECT_EQ(directory_.member(""), nullptr);
  EXPECT_EQ(directory_.classification_rank(""), 0);
  EXPECT_EQ(directory_.classification_rank("open"), 0);
  EXPECT_EQ(directory_.classification_rank("secret"), 2);
  EXPECT_EQ(directory_.classification_rank("cosmic"), -1);
  const std::vector<ledger::NoteKey> keys = directory_.log_keys();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].name, "chancery.test/trial");
  EXPECT_EQ(keys[0].key, signing_public("hub log 1"));
  EXPECT_EQ(directory_.slot("state/minimize"), std::nullopt);
}

// C-70: whose a key is does not change, so no authority can take over another member's node.
TEST_F(DirectoryTest, ANodeStaysItsMembers) {
  v1::DirectoryEntry entry = node_entry("AM", 1, false, false);
  entry.mutable_node()->set_member("BY");
  const Names signers = {authority_name("BY"), node_key_name("AM", 1, "signing")};
  EXPECT_EQ(apply(entry, signers), "key-reused");
  EXPECT_EQ(revoke(signing_public(node_key_name("AM", 1, "signing")).id(), {authority_name("AM")}),
            "good");
}

}  // namespace
}  // namespace chancery::exchange
