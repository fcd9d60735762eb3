// The hub refuses what the roster, the directory or the signatures do not allow: each with its own
// error, while others are served. Protocol chapters 4, 5, 7 and 10.

#include <gtest/gtest.h>

#include "core/exchange/compose.h"
#include "tests/system/support/link_test.h"

namespace chancery::test {
namespace {

using PolicyHubRefusesTest = LinkTest;

struct Case {
  std::string what;
  std::string envelope;
  std::string answer;
};

// The envelope with one signature by this key over a message of the test's own.
std::string signed_over(const Unsigned& made, const Hash& genesis, std::string_view message,
                        std::string_view key_name) {
  const auto key = key_signer(key_name);
  const exchange::BatchToSign to_sign(genesis, key->public_key().id(), std::span(&made.d, 1));
  return exchange::envelope_bytes(
      made.header, made.body,
      exchange::signatures_bytes({to_sign.signature(0, must(key->sign(as_bytes(message))))}));
}

// C-135: a node submits its own member's notices; directory entries may come from any node.
TEST_F(PolicyHubRefusesTest, TakesOnlyNoticesOfTheMemberThatSubmitsThem) {
  EXPECT_EQ(hostile_->answer_to_envelope(author_.publish("KZ", {"BY"}, "Not mine")),
            "wrong-origin");
  const Unsigned made = author_.sealed(exchange_.draft("AM", {"BY"}), "Signed by another");
  EXPECT_EQ(hostile_->answer_to_envelope(exchange_.sign(made, "KZ node 1 signing")),
            "wrong-origin");  // C-90
  EXPECT_EQ(
      hostile_->answer_to_envelope(exchange_.enrol(person_entry("KZ"), exchange_.directory())),
      "accepted");
}

// C-71: the directory takes no key that proves nothing, or that has two spellings.
TEST_F(PolicyHubRefusesTest, EnrolsNoSmallOrderAndNoNonCanonicalKey) {
  const auto enrolled_with = [&](const std::string& transport_key) {
    v1::DirectoryEntry entry = node_entry("AM", 2, /*voice=*/false, /*witness=*/false);
    entry.mutable_node()->set_transport_key(transport_key);
    return hostile_->answer_to_envelope(exchange_.enrol(entry, exchange_.directory()));
  };
  EXPECT_EQ(enrolled_with(std::string(32, '\0')), "key-small-order");
  EXPECT_EQ(enrolled_with(std::string(31, '\xff') + '\x7f'), "key-not-canonical");
  EXPECT_EQ(enrolled_with("short"), "malformed");
}

// C-131: rights are those of the directory of now, also on a connection that is open.
TEST_F(PolicyHubRefusesTest, ARevokedNodeLosesItsConnectionAndOthersDoNot) {
  const std::vector<std::string> signers = {authority_name("AM")};
  const std::string revocation =
      exchange_.entry(revocation_of(signing_public("AM node 1 signing").id()), signers,
                      exchange_.directory(), "AM");
  EXPECT_EQ(honest_->answer_to_envelope(revocation), "accepted");
  EXPECT_TRUE(hostile_->reaches(zmq::LinkState::kRefused));
  EXPECT_TRUE(honest_->alive());
}

// C-40 to C-49.
TEST_F(PolicyHubRefusesTest, TakesNoSignatureOverAnythingElse) {
  const auto made = [&] { return author_.sealed(exchange_.draft("AM", {"BY"}), "Text"); };
  const Hash genesis = exchange_.genesis();
  const Hash key_id = key_signer("AM node 1 signing")->public_key().id();
  std::vector<Case> cases;

  const Unsigned other_label = made();
  cases.push_back(
      {"label of a release",
       signed_over(other_label, genesis, exchange::release_message(genesis, key_id, other_label.d),
                   "AM node 1 signing"),
       "bad-signature"});
  const Unsigned other_genesis = made();
  const Hash foreign = TestExchange({.name = "elsewhere"}).genesis();
  cases.push_back(
      {"genesis of another exchange",
       signed_over(other_genesis, genesis,
                   exchange::BatchToSign(foreign, key_id, std::span(&other_genesis.d, 1)).message(),
                   "AM node 1 signing"),
       "bad-signature"});
  cases.push_back(
      {"a key that nobody enrolled", exchange_.sign(made(), "AM node 2 signing"), "unknown-key"});
  cases.push_back({"nothing signed", exchange::envelope_bytes(made().header, made().body, ""),
                   "signature-missing"});

  const Unsigned altered = made();
  const std::string whole = signed_by_am(altered);
  v1::Envelope parts;
  ASSERT_TRUE(parts.ParseFromString(whole));
  v1::Header header;
  ASSERT_TRUE(header.ParseFromString(parts.header()));
  header.set_created_at_us(header.created_at_us() + 1);
  cases.push_back(
      {"an altered header",
       exchange::envelope_bytes(header.SerializeAsString(), parts.body(), parts.signatures()),
       "bad-signature"});
  std::string body = parts.body();
  body.back() = static_cast<char>(body.back() ^ 1);
  cases.push_back({"an altered body",
                   exchange::envelope_bytes(parts.header(), body, parts.signatures()),
                   "bad-signature"});

  const std::vector<Unsigned> batch = {made(), made(), made()};
  ASSERT_TRUE(parts.ParseFromString(exchange_.sign(batch, "AM node 1 signing").front()));
  const auto with_path = [&](const std::function<void(v1::BatchPath&)>& change) {
    v1::Signatures signatures;
    EXPECT_TRUE(signatures.ParseFromString(parts.signatures()));
    change(*signatures.mutable_signatures(0)->mutable_batch());
    return exchange::envelope_bytes(parts.header(), parts.body(), signatures.SerializeAsString());
  };
  cases.push_back({"a path cut short",
                   with_path([](v1::BatchPath& path) { path.mutable_path()->RemoveLast(); }),
                   "bad-batch-path"});
  cases.push_back({"a place beyond the batch",
                   with_path([](v1::BatchPath& path) { path.set_leaf_index(3); }),
                   "bad-batch-path"});
  cases.push_back({"a path to another root", with_path([](v1::BatchPath& path) {
                     path.mutable_path(0)->back() = static_cast<char>(path.path(0).back() ^ 1);
                   }),
                   "bad-signature"});

  for (const Case& one : cases) {
    EXPECT_EQ(hostile_->answer_to_envelope(one.envelope), one.answer) << one.what;
  }
}

// C-80 to C-97.
TEST_F(PolicyHubRefusesTest, AsksEveryRuleOfTheRoster) {
  const auto draft = [&](const std::vector<std::string>& to, std::string_view kind) {
    return exchange_.draft("AM", to, kind);
  };
  const auto clear = [&](const v1::Draft& of) { return signed_by_am(author_.clear(of, "")); };
  std::vector<Case> cases;
  cases.push_back({"kind not granted", clear(draft({"BY"}, "training")), "kind-not-granted"});
  cases.push_back({"directory kind", clear(draft({"BY"}, "directory.roster")), "invalid-entry"});
  cases.push_back({"no such member", clear(draft({"XX"}, "emergency.alert")), "unknown-recipient"});
  cases.push_back({"nobody", clear(draft({}, "emergency.alert")), "no-recipients"});
  cases.push_back({"a kind that partners do not get", clear(draft({"UN"}, "threat.alert")),
                   "partner-forbidden"});
  v1::Draft labelled = draft({"UN"}, "contact");
  labelled.mutable_label()->add_handling("MEMBERS-ONLY");
  cases.push_back({"a label that keeps partners out", clear(labelled), "partner-forbidden"});
  v1::Draft red = draft({"UN"}, "contact");
  red.mutable_label()->set_tlp(v1::TLP_RED);
  cases.push_back({"TLP red for a partner", clear(red), "partner-forbidden"});
  v1::Draft secret = draft({"UN"}, "contact");
  secret.mutable_label()->set_classification("secret");
  cases.push_back({"above a partner's ceiling", clear(secret), "classification-exceeded"});
  v1::Draft unheard = draft({"BY"}, "contact");
  unheard.mutable_label()->set_classification("cosmic");
  cases.push_back({"no such classification", clear(unheard), "unknown-classification"});
  cases.push_back({"not sealed", clear(draft({"BY"}, "threat.alert")), "seal-required"});
  v1::Draft expired = draft({"BY"}, "emergency.alert");
  expired.set_expires_at_ms(1'700'000'000'000);
  cases.push_back({"expired", clear(expired), "expired"});

  v1::Draft later = draft({"BY"}, "emergency.alert");
  later.set_text_digest(to_string(exchange::text_digest("")));
  v1::Header header = author_.header(later);
  header.set_version(2);
  cases.push_back(
      {"an unknown header version",
       signed_by_am(author_.with_header(header.SerializeAsString(), exchange::clear_body(""))),
       "unknown-version"});
  v1::Draft digest = draft({"BY"}, "emergency.alert");
  digest.set_text_digest(to_string(exchange::text_digest("another text")));
  cases.push_back({"another text than the draft names",
                   signed_by_am(author_.with_header(author_.header(digest).SerializeAsString(),
                                                    exchange::clear_body("this text"))),
                   "text-digest-mismatch"});
  const Unsigned unseen = exchange_.clear(draft({"BY"}, "emergency.alert"), "");
  cases.push_back({"made on another log", signed_by_am(unseen), "foreign-log"});

  for (const Case& one : cases) {
    EXPECT_EQ(hostile_->answer_to_envelope(one.envelope), one.answer) << one.what;
  }
  EXPECT_EQ(hostile_->answer_to_envelope(clear(draft({"UN"}, "contact"))), "accepted");
}

// C-94 to C-96: what a hub can see of a seal without a key.
TEST_F(PolicyHubRefusesTest, LooksAtEverySealFromOutside) {
  const auto changed = [&](const std::function<void(v1::SealedBody&)>& change) {
    const Unsigned made = author_.sealed(exchange_.draft("AM", {"BY"}), "Text");
    v1::Body body;
    EXPECT_TRUE(body.ParseFromString(made.body));
    change(*body.mutable_sealed());
    return signed_by_am(author_.with_header(made.header, body.SerializeAsString()));
  };
  const std::string stranger = to_string(agreement_public("KZ node 1 sealing").id());
  const std::vector<Case> cases = {
      {"a stanza for somebody else", changed([&](v1::SealedBody& sealed) {
         v1::Stanza more = sealed.stanzas(0);
         more.set_key_id(stranger);
         std::vector<v1::Stanza> all(sealed.stanzas().begin(), sealed.stanzas().end());
         all.push_back(more);
         std::ranges::sort(all, {}, [](const v1::Stanza& stanza) { return stanza.key_id(); });
         sealed.mutable_stanzas()->Assign(all.begin(), all.end());
       }),
       "seal-for-others"},
      {"a stanza left out",
       changed([](v1::SealedBody& sealed) { sealed.mutable_stanzas()->RemoveLast(); }),
       "stale-directory"},
      {"a stanza cut",
       changed([](v1::SealedBody& sealed) { sealed.mutable_stanzas(0)->mutable_ct()->pop_back(); }),
       "seal-malformed"},
      {"a ciphertext of no size class",
       changed([](v1::SealedBody& sealed) { sealed.mutable_ciphertext()->pop_back(); }),
       "seal-malformed"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(hostile_->answer_to_envelope(one.envelope), one.answer) << one.what;
  }
}

// C-137: one notice id, one draft; the first acceptance stands.
TEST_F(PolicyHubRefusesTest, TakesOneDraftUnderOneNoticeId) {
  const v1::Draft draft = exchange_.draft("AM", {"BY"}, "emergency.alert");
  const std::string text = text_with("Once");
  const std::string first = signed_by_am(author_.clear(draft, text));
  EXPECT_EQ(hostile_->answer_to_envelope(first), "accepted");
  const std::uint64_t index = hostile_->indices().at(draft.notice_id());

  EXPECT_EQ(hostile_->answer_to_envelope(first), "accepted");
  EXPECT_EQ(hostile_->indices().at(draft.notice_id()), index);
  EXPECT_EQ(hostile_->answer_to_envelope(signed_by_am(author_.clear(draft, text))), "accepted");
  EXPECT_EQ(hostile_->indices().at(draft.notice_id()), index);
  v1::Draft other = draft;
  other.set_precedence(v1::PRECEDENCE_FLASH);
  EXPECT_EQ(hostile_->answer_to_envelope(signed_by_am(author_.clear(other, text))),
            "notice-id-reused");
  EXPECT_TRUE(eventually([&] { return node_->subjects() == std::vector<std::string>{"Once"}; }));
}

}  // namespace
}  // namespace chancery::test
