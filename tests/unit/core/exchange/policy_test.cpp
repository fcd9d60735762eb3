#include "core/exchange/policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/exchange/limits.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"
#include "tests/support/wire_bytes.h"

namespace chancery::exchange {
namespace {

using test::authority_name;
using test::node_key_name;
using test::outcome;
using test::TestExchange;
using test::Unsigned;
using Names = std::vector<std::string>;

constexpr std::uint64_t kNow = 1'700'000'001'000;

class PolicyTest : public testing::Test {
 protected:
  explicit PolicyTest(const std::function<void(v1::Roster&)>& adjust = {})
      : exchange_({.institution = true, .partner = true, .adjust_roster = adjust}),
        directory_(exchange_.directory()) {}

  std::string judge(const std::string& bytes) {
    return outcome(judge_notice(exchange_.parse(bytes), directory_, cache_));
  }
  std::string judge(const Envelope& envelope) {
    return outcome(judge_notice(envelope, directory_, cache_));
  }
  std::string draft(const std::function<void(v1::Draft&)>& change, bool sealed = true) {
    v1::Draft draft = exchange_.draft("AM", {"BY", "RU"});
    draft.set_text_digest(std::string(32, 'd'));
    change(draft);
    return outcome(judge_draft(draft, sealed, directory_));
  }
  void apply(const std::string& entry) {
    test::must(directory_.apply(exchange_.parse(entry), cache_));
  }
  void revoke(const Hash& key_id, std::string_view member) {
    apply(exchange_.entry(test::revocation_of(key_id), Names{authority_name(member)}, directory_));
  }
  static std::string am_key() { return node_key_name("AM", 1, "signing"); }

  TestExchange exchange_;
  Directory directory_;
  RootCache cache_;
};

TEST_F(PolicyTest, AGoodNoticeIsGoodSealedAndClear) {
  EXPECT_EQ(judge(exchange_.publish(exchange_.draft("AM", {"BY"}), "text", directory_)), "good");
  const v1::Draft open = exchange_.draft("AM", {"BY"}, "contact");
  const std::string text = TestExchange::text_of("A subject");
  EXPECT_EQ(judge(exchange_.sign(exchange_.clear(open, text), am_key())), "good");
}

// C-98: what every version reads alike; the content of a kind is asked where the kind is known.
TEST_F(PolicyTest, AClearBodyIsAText) {
  const auto clear = [&](const std::string& text) {
    return judge(
        exchange_.sign(exchange_.clear(exchange_.draft("AM", {"BY"}, "contact"), text), am_key()));
  };
  EXPECT_EQ(clear("\xff\xff\xff"), "malformed");
  EXPECT_EQ(clear(test::bytes_field(1, "\xff")), "invalid-utf8");
  EXPECT_EQ(clear(test::bytes_field(100, "a field that nobody knows yet")), "good");
}

// C-80
TEST_F(PolicyTest, NothingIsGoodBeforeTheExchangeIsFounded) {
  const Directory empty(exchange_.genesis());
  const std::string bytes =
      exchange_.publish(exchange_.draft("AM", {"BY"}), "text", exchange_.directory());
  EXPECT_EQ(outcome(judge_notice(exchange_.parse(bytes), empty, cache_)), "unknown-member");
  EXPECT_EQ(outcome(judge_draft(exchange_.draft("AM", {"BY"}), true, empty)), "unknown-member");
  EXPECT_EQ(outcome(expand_recipients({}, "AM", empty)), "unknown-member");
}

// C-81
TEST_F(PolicyTest, TheHeaderVersionIsTheOneInForce) {
  for (const std::uint32_t version : {0U, 2U, 7U}) {
    Envelope envelope =
        exchange_.parse(exchange_.publish(exchange_.draft("AM", {"BY"}), "text", directory_));
    envelope.header.set_version(version);
    EXPECT_EQ(judge(envelope), "unknown-version") << version;
  }
}

// C-82
TEST_F(PolicyTest, ADraftIsOfAKnownMemberAndOfAKindOfNotice) {
  EXPECT_EQ(draft([](v1::Draft&) {}), "good");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_origin("XX"); }), "unknown-member");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_kind("directory.roster"); }), "invalid-kind");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_kind("Not A Kind"); }), "invalid-kind");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_kind("of.tomorrow"); }), "good");  // "*" grants it.
  EXPECT_EQ(draft([](v1::Draft& d) { d.clear_text_digest(); }), "malformed");
}

// C-83
TEST_F(PolicyTest, TheRosterGrantsTheKindToTheOrigin) {
  EXPECT_EQ(draft([](v1::Draft& d) {
              d.set_origin("UN");
              d.set_kind("contact");
            }),
            "good");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_origin("UN"); }), "kind-not-granted");
}

// C-84
TEST_F(PolicyTest, ANoticeHasRecipientsThatTheRosterKnows) {
  EXPECT_EQ(draft([](v1::Draft& d) { d.clear_recipients(); }), "no-recipients");
  EXPECT_EQ(draft([](v1::Draft& d) { d.mutable_recipients(1)->set_member("XX"); }),
            "unknown-recipient");
}

// C-85
TEST_F(PolicyTest, ARecipientMayReceiveTheKind) {
  v1::Roster roster = directory_.roster();
  roster.mutable_members(1)->clear_receive();
  roster.mutable_members(1)->add_receive("training");
  apply(exchange_.next_roster(roster, test::four_members, directory_));
  EXPECT_EQ(draft([](v1::Draft&) {}), "kind-not-receivable");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_kind("training"); }), "good");
}

void to_un(v1::Draft& draft, const std::string& kind, v1::Tlp tlp) {
  draft.set_kind(kind);
  draft.mutable_recipients(1)->set_member("UN");
  draft.mutable_label()->set_tlp(tlp);
}

// C-86
TEST_F(PolicyTest, APartnerReceivesWhatIsGrantedToItAndNothingElse) {
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "contact", v1::TLP_AMBER); }), "good");
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "emergency.alert", v1::TLP_UNSPECIFIED); }), "good");
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "threat.alert", v1::TLP_CLEAR); }),
            "partner-forbidden");
}

// C-86
TEST_F(PolicyTest, ALabelKeepsPartnersOut) {
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "contact", v1::TLP_RED); }), "partner-forbidden");
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "contact", v1::TLP_AMBER_STRICT); }),
            "partner-forbidden");
  EXPECT_EQ(draft([](v1::Draft& d) {
              to_un(d, "contact", v1::TLP_CLEAR);
              d.mutable_label()->add_handling("MEMBERS-ONLY");
            }),
            "partner-forbidden");
  EXPECT_EQ(draft([](v1::Draft& d) {
              to_un(d, "contact", v1::TLP_CLEAR);
              d.mutable_label()->add_handling("MEMBERS");
            }),
            "good");
  // Among members the same labels say nothing.
  EXPECT_EQ(draft([](v1::Draft& d) {
              d.mutable_label()->set_tlp(v1::TLP_RED);
              d.mutable_label()->add_handling("MEMBERS-ONLY");
            }),
            "good");
}

// C-86: an observer is an outsider too, an institution is not.
TEST_F(PolicyTest, ObserversAreOutsidersAndInstitutionsAreNot) {
  EXPECT_EQ(draft([](v1::Draft& d) {
              d.mutable_recipients(1)->set_member("SEC");
              d.mutable_label()->set_tlp(v1::TLP_RED);
            }),
            "good");
  v1::Roster roster = directory_.roster();
  roster.mutable_members(roster.members_size() - 1)->set_role(v1::MEMBER_ROLE_OBSERVER);
  apply(exchange_.next_roster(roster, test::four_members, directory_));
  EXPECT_EQ(draft([](v1::Draft& d) { to_un(d, "contact", v1::TLP_RED); }), "partner-forbidden");
}

// C-87
TEST_F(PolicyTest, TheClassificationIsWithinTheCeilingOfEverybody) {
  const auto classified = [&](const std::string& name, bool with_un) {
    return draft([&](v1::Draft& d) {
      if (with_un) {
        to_un(d, "contact", v1::TLP_GREEN);
      }
      d.mutable_label()->set_classification(name);
    });
  };
  EXPECT_EQ(classified("secret", false), "good");
  EXPECT_EQ(classified("open", true), "good");
  EXPECT_EQ(classified("restricted", true), "classification-exceeded");
  EXPECT_EQ(classified("cosmic", false), "unknown-classification");
  EXPECT_EQ(draft([](v1::Draft& d) {
              d.set_origin("UN");
              d.set_kind("contact");
              d.mutable_label()->set_classification("restricted");
            }),
            "classification-exceeded");
}

// C-88
TEST_F(PolicyTest, AKindThatMustBeSealedIs) {
  EXPECT_EQ(draft([](v1::Draft&) {}, false), "seal-required");
  EXPECT_EQ(draft([](v1::Draft& d) { d.set_kind("threats"); }, false), "good");
  const v1::Draft secret = exchange_.draft("AM", {"BY"});
  EXPECT_EQ(judge(exchange_.sign(exchange_.clear(secret, "text"), am_key())), "seal-required");
}

// What a directory allowed it allows of the next draft of that form, and of no other, until it is
// another directory.
TEST_F(PolicyTest, WhatWasAllowedOnceIsAskedAgainWhereAnythingDiffers) {
  const auto judge_one = [&](const std::string& kind, bool sealed, const std::string& text) {
    const v1::Draft draft = exchange_.draft("AM", {"BY", "RU"}, kind);
    return judge(
        sealed ? exchange_.publish(draft, text, directory_)
               : exchange_.sign(exchange_.clear(draft, TestExchange::text_of(text)), am_key()));
  };
  const std::string secret = "threat.alert";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(judge_one(secret, true, "one"), "good");
    EXPECT_EQ(judge_one(secret, true, "two"), "good");
    EXPECT_EQ(judge_one(secret, false, "three"), "seal-required");
    EXPECT_EQ(judge_one("directory.roster", true, "four"), "invalid-kind");
  }
  v1::Roster roster = directory_.roster();
  roster.mutable_members(1)->clear_receive();
  roster.mutable_members(1)->add_receive("training");
  apply(exchange_.next_roster(roster, test::four_members, directory_));
  EXPECT_EQ(judge_one(secret, true, "five"), "kind-not-receivable");
}

// C-89: by the clock of who is asked, before the log; no clock makes void what is in it.
TEST_F(PolicyTest, ExpiryIsAQuestionOfNowAndNeverOneOfValidity) {
  v1::Draft late = exchange_.draft("AM", {"BY"});
  const auto at_now = [&](std::uint64_t expires_at_ms) {
    late.set_expires_at_ms(expires_at_ms);
    return outcome(check_not_expired(late.expires_at_ms(), kNow));
  };
  EXPECT_EQ(at_now(kNow + 1), "good");
  EXPECT_EQ(at_now(kNow), "expired");
  EXPECT_EQ(at_now(1), "expired");
  EXPECT_EQ(judge(exchange_.publish(late, "text", directory_)), "good");
  EXPECT_EQ(at_now(0), "good");  // Never.
}

// C-90
TEST_F(PolicyTest, ANodeOfTheOriginSigns) {
  const v1::Draft one = exchange_.draft("AM", {"BY"});
  const Unsigned made = exchange_.seal(one, "text", directory_);
  EXPECT_EQ(judge(exchange_.sign(made, node_key_name("BY", 1, "signing"))), "wrong-origin");
  EXPECT_EQ(judge(exchange_.sign(made, "a stranger")), "unknown-key");
  EXPECT_EQ(judge(exchange_.sign(made, node_key_name("AM", 1, "witness"))), "unknown-key");
  EXPECT_EQ(judge(exchange_.sign(made, authority_name("AM"))), "unknown-key");
  EXPECT_EQ(judge(envelope_bytes(made.header, made.body, "")), "signature-missing");
}

// C-90
TEST_F(PolicyTest, ARevokedKeyDoesNotSpeak) {
  const std::string before = exchange_.publish(exchange_.draft("AM", {"BY"}), "text", directory_);
  ASSERT_EQ(judge(before), "good");
  revoke(test::signing_public(am_key()).id(), "AM");
  EXPECT_EQ(judge(before), "revoked-key");
  // By the directory of its own leaf, and by no later one, it stays good.
  EXPECT_EQ(outcome(judge_notice(exchange_.parse(before), exchange_.directory(), cache_)), "good");
}

// C-90: one signature by a node. A second one would give one notice two entries.
TEST_F(PolicyTest, ANoticeHasOneBatchSignature) {
  apply(exchange_.enrol(test::node_entry("AM", 2, false, false), directory_));
  const Unsigned made = exchange_.seal(exchange_.draft("AM", {"BY"}), "text", directory_);
  const Envelope first = exchange_.parse(exchange_.sign(made, am_key()));
  const Envelope second = exchange_.parse(exchange_.sign(made, node_key_name("AM", 2, "signing")));
  EXPECT_EQ(judge(first), "good");
  EXPECT_EQ(judge(second), "good");
  const std::string both =
      envelope_bytes(made.header, made.body,
                     signatures_bytes({test::signatures_of(first).signatures(0),
                                       test::signatures_of(second).signatures(0)}));
  EXPECT_EQ(judge(both), "malformed");
}

// C-91
TEST_F(PolicyTest, ConsultationsAreSignedByTheNodeWithVoice) {
  apply(exchange_.enrol(test::node_entry("AM", 2, false, false), directory_));
  const std::string second = node_key_name("AM", 2, "signing");
  const v1::Draft open = exchange_.draft("AM", {"BY"}, "consultation.open");
  EXPECT_EQ(judge(exchange_.sign(exchange_.seal(open, "text", directory_), second)), "no-voice");
  EXPECT_EQ(judge(exchange_.sign(exchange_.seal(open, "text", directory_), am_key())), "good");
  const v1::Draft other = exchange_.draft("AM", {"BY"});
  EXPECT_EQ(judge(exchange_.sign(exchange_.seal(other, "text", directory_), second)), "good");
}

class ReleaseTest : public PolicyTest {
 protected:
  ReleaseTest()
      : PolicyTest([](v1::Roster& roster) {
          v1::ReleaseRule& rule = *roster.add_releases();
          rule.set_kinds("security.*");
          rule.set_people(2);
        }) {
    for (const int person : {1, 2}) {
      apply(exchange_.enrol(test::person_entry("AM", person), directory_));
    }
    apply(exchange_.enrol(test::person_entry("BY", 1), directory_));
  }
  v1::Signature release(const std::string& person, const Hash& notice) {
    const std::unique_ptr<crypto::KeySigner> signer = test::key_signer(person);
    const Hash& id = signer->public_key().id();
    v1::Signature signature;
    signature.set_key_id(to_string(id));
    signature.set_value(
        test::must(signer->sign(as_bytes(release_message(exchange_.genesis(), id, notice)))));
    signature.mutable_release();
    return signature;
  }
  std::string released_by(const Names& people, const std::string& kind = "security.step") {
    const Unsigned made = exchange_.seal(exchange_.draft("AM", {"BY"}, kind), "text", directory_);
    const Envelope plain = exchange_.parse(exchange_.sign(made, am_key()));
    std::vector<v1::Signature> signatures = {test::signatures_of(plain).signatures(0)};
    for (const std::string& person : people) {
      signatures.push_back(release(person, plain.notice));
    }
    return judge(envelope_bytes(made.header, made.body, signatures_bytes(signatures)));
  }
};

// C-92, C-43
TEST_F(ReleaseTest, AsManyPeopleReleaseAsTheRosterAsks) {
  EXPECT_EQ(released_by({}), "release-missing");
  EXPECT_EQ(released_by({"AM person 1"}), "release-missing");
  EXPECT_EQ(released_by({"AM person 1", "AM person 2"}), "good");
  EXPECT_EQ(released_by({}, "training"), "good");
  EXPECT_EQ(released_by({"AM person 1"}, "training"), "good");
}

// C-92
TEST_F(ReleaseTest, OnlyPeopleOfTheOriginRelease) {
  EXPECT_EQ(released_by({"AM person 1", "BY person 1"}), "unknown-key");
  EXPECT_EQ(released_by({"AM person 1", "AM person 3"}), "unknown-key");
  EXPECT_EQ(released_by({"AM person 1", authority_name("AM")}), "unknown-key");
  revoke(test::signing_public("AM person 2").id(), "AM");
  EXPECT_EQ(released_by({"AM person 1", "AM person 2"}), "unknown-key");
}

// C-43, C-92: a release is of one notice.
TEST_F(ReleaseTest, AReleaseOfAnotherNoticeIsRefused) {
  const Unsigned made =
      exchange_.seal(exchange_.draft("AM", {"BY"}, "security.step"), "text", directory_);
  const Envelope plain = exchange_.parse(exchange_.sign(made, am_key()));
  const std::vector<v1::Signature> signatures = {test::signatures_of(plain).signatures(0),
                                                 release("AM person 1", plain.notice),
                                                 release("AM person 2", Hash{1})};
  EXPECT_EQ(judge(envelope_bytes(made.header, made.body, signatures_bytes(signatures))),
            "bad-signature");
}

// C-43: a person does not release what no node signed.
TEST_F(ReleaseTest, ReleasesAloneAreNoSignature) {
  const Unsigned made =
      exchange_.seal(exchange_.draft("AM", {"BY"}, "security.step"), "text", directory_);
  const Hash notice = exchange_.parse(exchange_.sign(made, am_key())).notice;
  EXPECT_EQ(judge(envelope_bytes(made.header, made.body,
                                 signatures_bytes({release("AM person 1", notice),
                                                   release("AM person 2", notice)}))),
            "signature-missing");
}

// C-80, C-90, C-91, C-92: the node's signature first, then its voice, then the releases.
TEST_F(ReleaseTest, TheNodesSignatureIsAskedBeforeTheReleases) {
  const Unsigned made =
      exchange_.seal(exchange_.draft("AM", {"BY"}, "security.step"), "text", directory_);
  const Hash notice = exchange_.parse(exchange_.sign(made, am_key())).notice;
  EXPECT_EQ(judge(envelope_bytes(made.header, made.body,
                                 signatures_bytes({release("AM person 3", notice)}))),
            "signature-missing");

  apply(exchange_.enrol(test::node_entry("AM", 2, false, false), directory_));
  const Unsigned open =
      exchange_.seal(exchange_.draft("AM", {"BY"}, "consultation.open"), "text", directory_);
  const Envelope plain = exchange_.parse(exchange_.sign(open, node_key_name("AM", 2, "signing")));
  EXPECT_EQ(judge(envelope_bytes(open.header, open.body,
                                 signatures_bytes({test::signatures_of(plain).signatures(0),
                                                   release("AM person 3", plain.notice)}))),
            "no-voice");
}

// C-93
TEST_F(PolicyTest, AClearTextIsTheOneThatTheDraftNames) {
  Unsigned made = exchange_.clear(exchange_.draft("AM", {"BY"}, "contact"), "a text");
  made.body = clear_body("another");
  made.d = envelope_hash(exchange_.genesis(), made.header, made.body);
  EXPECT_EQ(judge(exchange_.sign(made, am_key())), "text-digest-mismatch");
}

class SealPolicyTest : public PolicyTest {
 protected:
  // A notice from AM to BY, sealed to these keys.
  std::string sealed_to(const Names& keys, std::size_t ciphertext_bytes = 64 + 16) {
    v1::Draft draft = exchange_.draft("AM", {"BY"});
    draft.set_text_digest(std::string(32, 'd'));
    v1::Body body;
    std::vector<std::string> ids;
    for (const std::string& name : keys) {
      ids.push_back(to_string(test::agreement_public(name).id()));
    }
    std::ranges::sort(ids);
    for (const std::string& id : ids) {
      v1::Stanza& stanza = *body.mutable_sealed()->add_stanzas();
      stanza.set_key_id(id);
      stanza.set_enc(std::string(32, 'e'));
      stanza.set_ct(std::string(48, 'c'));
    }
    body.mutable_sealed()->set_ciphertext(std::string(ciphertext_bytes, 'x'));
    Unsigned made{.header = make_header(draft.SerializeAsString(), exchange_.next_stamp()),
                  .body = body.SerializeAsString()};
    made.d = envelope_hash(exchange_.genesis(), made.header, made.body);
    return judge(exchange_.sign(made, am_key()));
  }
  static std::string sealing(std::string_view member, int node = 1) {
    return node_key_name(member, node, "sealing");
  }
};

// C-94
TEST_F(SealPolicyTest, StanzasAreForTheNodesOfOriginAndRecipients) {
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY")}), "good");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY"), sealing("RU")}), "seal-for-others");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY"), "a stranger"}), "stale-directory");
  EXPECT_EQ(sealed_to({sealing("AM")}), "stale-directory");
  EXPECT_EQ(sealed_to({sealing("BY")}), "stale-directory");
  EXPECT_EQ(sealed_to({node_key_name("AM", 1, "transport"), sealing("AM"), sealing("BY")}),
            "stale-directory");
}

// C-94
TEST_F(SealPolicyTest, EveryActiveNodeHasAStanza) {
  apply(exchange_.enrol(test::node_entry("BY", 2, false, false), directory_));
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY")}), "stale-directory");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY"), sealing("BY", 2)}), "good");
  revoke(test::signing_public(node_key_name("BY", 2, "signing")).id(), "BY");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY"), sealing("BY", 2)}), "stale-directory");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY")}), "good");
}

// C-94
TEST_F(SealPolicyTest, ThePreviousKeyServesAndTheNextDoesNot) {
  v1::DirectoryEntry entry = test::node_entry("BY");
  entry.mutable_node()->mutable_sealing_keys(0)->set_state(v1::SEALING_KEY_STATE_PREVIOUS);
  for (const auto& [name, state] : {std::pair("BY current", v1::SEALING_KEY_STATE_CURRENT),
                                    std::pair("BY next", v1::SEALING_KEY_STATE_NEXT)}) {
    v1::SealingKey& key = *entry.mutable_node()->add_sealing_keys();
    key.set_kem(32);
    key.set_key(to_string(test::agreement_public(name).raw()));
    key.set_state(state);
  }
  apply(exchange_.enrol(entry, directory_));
  EXPECT_EQ(sealed_to({sealing("AM"), "BY current"}), "good");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("BY")}), "good");
  EXPECT_EQ(sealed_to({sealing("AM"), "BY next"}), "stale-directory");
}

// C-95
TEST_F(SealPolicyTest, TheCiphertextIsOfASizeClass) {
  const Names keys = {sealing("AM"), sealing("BY")};
  for (const std::size_t bytes : {64U, 128U, 4096U, 4608U}) {
    EXPECT_EQ(sealed_to(keys, bytes + 16), "good") << bytes;
  }
  for (const std::size_t bytes : {32U, 63U, 65U, 96U, 4097U, 4607U}) {
    EXPECT_EQ(sealed_to(keys, bytes + 16), "seal-malformed") << bytes;
  }
  for (const std::size_t bytes : {1U, 15U, 16U}) {
    EXPECT_EQ(sealed_to(keys, bytes), "seal-malformed") << bytes;
  }
}

// C-80, C-94, C-95, C-96: whom it is sealed to, its length, and last whether somebody has no node.
TEST_F(SealPolicyTest, TheRulesOfSealsAreAskedInTheirOrder) {
  constexpr std::size_t kNoSizeClass = 63 + 16;
  EXPECT_EQ(sealed_to({sealing("AM")}, kNoSizeClass), "stale-directory");
  revoke(test::signing_public(node_key_name("BY", 1, "signing")).id(), "BY");
  EXPECT_EQ(sealed_to({sealing("AM"), sealing("RU")}), "seal-for-others");
  EXPECT_EQ(sealed_to({sealing("AM")}, kNoSizeClass), "seal-malformed");
  EXPECT_EQ(sealed_to({sealing("AM")}), "recipient-without-node");
}

// C-96
TEST_F(PolicyTest, ARecipientWithoutANodeCannotBeSealedTo) {
  const std::string before = exchange_.publish(exchange_.draft("AM", {"BY"}), "t", directory_);
  revoke(test::signing_public(node_key_name("BY", 1, "signing")).id(), "BY");
  const Names by = {"BY"};
  EXPECT_EQ(outcome(sealing_keys_for("AM", by, directory_)), "recipient-without-node");
  EXPECT_EQ(outcome(sealing_keys_for("BY", Names{"AM"}, directory_)), "recipient-without-node");
  EXPECT_EQ(judge(before), "stale-directory");  // Its stanza is nobody's now.
}

// C-96
TEST_F(PolicyTest, NobodySealsToARevokedKey) {
  revoke(test::agreement_public(node_key_name("BY", 1, "sealing")).id(), "BY");
  EXPECT_EQ(outcome(sealing_keys_for("AM", Names{"BY"}, directory_)), "recipient-without-node");
  EXPECT_EQ(outcome(sealing_keys_for("AM", Names{"RU"}, directory_)), "good");
}

// C-94: what is sealed to now is what is judged good now.
TEST_F(PolicyTest, SealingKeysAreThoseOfEachNodeOfOriginAndRecipients) {
  apply(exchange_.enrol(test::node_entry("BY", 2, false, false), directory_));
  const auto keys = sealing_keys_for("AM", Names{"BY", "RU"}, directory_);
  ASSERT_EQ(outcome(keys), "good");
  EXPECT_EQ(keys->size(), 4U);
  EXPECT_EQ(judge(exchange_.publish(exchange_.draft("AM", {"BY", "RU"}), "t", directory_)), "good");
}

// The order of rules is part of the answer: the first that fails names the error (C-80).
TEST_F(PolicyTest, TheFirstRuleThatFailsNamesTheError) {
  EXPECT_EQ(draft(
                [](v1::Draft& d) {
                  d.set_origin("UN");
                  d.clear_recipients();
                },
                false),
            "kind-not-granted");
  EXPECT_EQ(draft([](v1::Draft& d) { d.clear_recipients(); }, false), "no-recipients");
  EXPECT_EQ(draft([](v1::Draft&) {}, false), "seal-required");
}

v1::Recipient named(const std::string& code, v1::RecipientRole role = v1::RECIPIENT_ROLE_ACTION) {
  v1::Recipient recipient;
  recipient.set_member(code);
  recipient.set_role(role);
  return recipient;
}

std::string expanded(const std::vector<v1::Recipient>& recipients, const Directory& directory) {
  const auto result = expand_recipients(recipients, "AM", directory);
  if (!result.has_value()) {
    return outcome(result);
  }
  std::string text;
  for (const v1::Recipient& recipient : *result) {
    text += (text.empty() ? "" : " ") + recipient.member() +
            (recipient.role() == v1::RECIPIENT_ROLE_INFO ? "?" : "");
  }
  return text;
}

// C-97
TEST_F(PolicyTest, MembersAreAllButPartnersObserversAndTheOrigin) {
  EXPECT_EQ(expanded({named("members")}, directory_), "BY KG KZ RU SEC TJ");
  EXPECT_EQ(expanded({named("members"), named("UN")}, directory_), "BY KG KZ RU SEC TJ UN");
  EXPECT_EQ(expanded({named("RU"), named("BY")}, directory_), "BY RU");
  EXPECT_EQ(expanded({named("AM"), named("BY")}, directory_), "BY");
  EXPECT_EQ(expanded({named("XX")}, directory_), "XX");  // Judged with the draft.
  EXPECT_EQ(expanded({}, directory_), "");
}

// C-97
TEST_F(PolicyTest, AllReachesNoPartnerThatNobodyNamed) {
  EXPECT_EQ(expanded({named("all")}, directory_), "partner-not-named");
  EXPECT_EQ(expanded({named("all"), named("UN")}, directory_), "BY KG KZ RU SEC TJ UN");
  EXPECT_EQ(outcome(expand_recipients(std::vector{named("all")}, "UN", directory_)), "good");
  const TestExchange without;
  EXPECT_EQ(expanded({named("all")}, without.directory()), "BY KG KZ RU TJ");
}

// C-97
TEST_F(PolicyTest, NamedTwiceForActionAndInfoIsForAction) {
  constexpr auto kInfo = v1::RECIPIENT_ROLE_INFO;
  EXPECT_EQ(expanded({named("BY", kInfo), named("BY")}, directory_), "BY");
  EXPECT_EQ(expanded({named("BY"), named("BY", kInfo)}, directory_), "BY");
  EXPECT_EQ(expanded({named("members", kInfo), named("RU")}, directory_),
            "BY? KG? KZ? RU SEC? TJ?");
}

}  // namespace
}  // namespace chancery::exchange
