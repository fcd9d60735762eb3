#include "node/core/intake.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/text.pb.h"
#include "tests/support/exchange.h"

namespace chancery::node {
namespace {

using exchange::Directory;
using test::must;
using test::Unsigned;

constexpr std::uint64_t kAcceptedAt = 1'700'000'100'000;

ledger::Leaf leaf_of(const exchange::Envelope& envelope, const Directory& directory) {
  return {.type = ledger::LeafType::kNotice,
          .accepted_at_ms = kAcceptedAt,
          .directory = directory.root(),
          .entry = envelope.entry};
}

std::unique_ptr<exchange::Opener> opener_of(std::string_view member) {
  std::vector<crypto::PrivateKey> keys;
  keys.push_back(test::agreement_private(test::node_key_name(member, 1, "sealing")));
  return std::make_unique<exchange::Opener>(std::move(keys));
}

// "good", or what it is and why: "void leaf-mismatch".
std::string said(const Arrival& arrival) {
  EXPECT_EQ(arrival.verdict != Verdict::kGood, arrival.error.has_value());
  if (!arrival.error.has_value()) {
    return "good";
  }
  EXPECT_TRUE(arrival.text.empty()) << "what is not good shows no text";
  return std::string(arrival.verdict == Verdict::kVoid      ? "void "
                     : arrival.verdict == Verdict::kGarbled ? "garbled "
                                                            : "unopenable ") +
         std::string(error_info(arrival.error->code).name);
}

// What a dishonest or broken origin may change while it seals.
struct Sealing {
  std::optional<std::string> plaintext = {};  // Instead of the padded text.
  std::optional<Hash> digest = {};            // Instead of the plaintext's.
  std::vector<std::string> info_codes = {"BY", "RU"};
  std::function<void(v1::SealedBody&)> alter = {};
};

// What a reader gets of it: the padding is checked and gone.
std::string said_text(const Arrival& arrival) {
  const bool sealed = arrival.envelope.has_value() && arrival.envelope->sealed();
  return sealed ? test::must(exchange::unpad_text(arrival.text)) : arrival.text;
}

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    v1::Text text;
    text.set_subject("Movement of forces near the border");
    text.set_language("en");
    text_ = text.SerializeAsString();
    own_ = judged_own();
    own_.error = Error{ErrorCode::kMalformed, "of the one before"};
    own_.verdict = Verdict::kErased;
    own_.lane = exchange::Lane::kUrgent;
  }

  // BY receives it at index 42, under this directory.
  Arrival receive(const std::string& envelope, const Directory& directory,
                  std::string_view member = "BY") {
    return receive(envelope, leaf_of(exchange_.parse(envelope), directory), directory, member);
  }
  Arrival receive(const std::string& envelope) { return receive(envelope, exchange_.directory()); }
  Arrival receive(const std::string& envelope, const ledger::Leaf& leaf, const Directory& directory,
                  std::string_view member = "BY") {
    Arrival arrival =
        judge_delivery(42, envelope, leaf, member, directory, *opener_, exchange_.cache());
    EXPECT_EQ(arrival.index, 42U);
    EXPECT_EQ(arrival.envelope_bytes, envelope) << "the evidence is kept as it came";
    Arrival used = own_;
    judge_delivery_into(used, 42, envelope, leaf, member, directory, *opener_, exchange_.cache());
    expect_same(used, arrival);
    return arrival;
  }
  static void expect_same(const Arrival& one, const Arrival& other) {
    EXPECT_EQ(one.index, other.index);
    EXPECT_EQ(one.lane, other.lane);
    EXPECT_EQ(one.verdict, other.verdict);
    EXPECT_EQ(one.error.has_value(), other.error.has_value());
    const Error none{ErrorCode::kInternal, ""};
    EXPECT_EQ(one.error.value_or(none).to_string(), other.error.value_or(none).to_string());
    EXPECT_EQ(one.envelope_bytes, other.envelope_bytes);
    EXPECT_EQ(one.text, other.text);
    EXPECT_EQ(one.own, other.own);
    ASSERT_EQ(one.envelope.has_value(), other.envelope.has_value());
    if (one.envelope.has_value() && other.envelope.has_value()) {
      EXPECT_EQ(one.envelope->bytes(), other.envelope->bytes());
      EXPECT_EQ(one.envelope->entry, other.envelope->entry);
      EXPECT_EQ(one.envelope->erased, other.envelope->erased);
      EXPECT_EQ(one.envelope->draft.SerializeAsString(), other.envelope->draft.SerializeAsString());
      EXPECT_EQ(one.envelope->body.SerializeAsString(), other.envelope->body.SerializeAsString());
      EXPECT_EQ(one.envelope->signatures.size(), other.envelope->signatures.size());
    }
  }
  // A member's own, in clear.
  Arrival judged_own() {
    const std::string envelope =
        exchange_.sign(exchange_.clear(exchange_.draft("AM", {"BY", "RU", "KZ"}, "contact"), text_),
                       "AM node 1 signing");
    return judge_delivery(41, envelope, leaf_of(exchange_.parse(envelope), exchange_.directory()),
                          "AM", exchange_.directory(), *opener_, exchange_.cache());
  }
  std::string publish(std::string_view text) {
    return exchange_.publish(exchange_.draft("AM", {"BY", "RU"}), text, exchange_.directory());
  }
  // Sealed by AM to BY and RU as TestExchange does it, but for `sealing`; signed all the same.
  std::string publish(const Sealing& sealing) {
    v1::Draft draft = exchange_.draft("AM", {"BY", "RU"});
    const std::vector<std::string> codes = {"BY", "RU"};
    const auto keys = must(exchange::sealing_keys_for("AM", codes, exchange_.directory()));
    const auto group = must(exchange::SealGroup::make(
        exchange::seal_info(exchange_.genesis(), "AM", sealing.info_codes), keys,
        test::seeded_bytes("group", exchange::SealGroup::random_bytes_needed(keys.size()))));
    const std::string plaintext = sealing.plaintext.value_or(
        must(exchange::pad_text(test::seeded_bytes("salt", exchange::kTextSaltBytes), text_)));
    draft.set_text_digest(to_string(sealing.digest.value_or(exchange::text_digest(plaintext))));
    Unsigned made;
    made.header = exchange::make_header(draft.SerializeAsString(), exchange_.next_stamp());
    made.body = must(group.seal(made.header, plaintext));
    if (sealing.alter) {
      v1::Body body;
      EXPECT_TRUE(body.ParseFromString(made.body));
      sealing.alter(*body.mutable_sealed());
      made.body = body.SerializeAsString();
    }
    made.d = exchange::envelope_hash(exchange_.genesis(), made.header, made.body);
    return exchange_.sign(made, "AM node 1 signing");
  }
  Directory with(std::string_view entry) {
    Directory directory = exchange_.directory();
    must(directory.apply(exchange_.parse(entry), exchange_.cache()));
    return directory;
  }

  test::TestExchange exchange_;
  std::unique_ptr<exchange::Opener> opener_ = opener_of("BY");
  std::string text_;
  Arrival own_;  // Whose memory is used by what is judged next.
};

// C-50, C-109
TEST_F(IntakeTest, ASealedNoticeOpensToItsText) {
  const Arrival arrival = receive(publish(text_));
  EXPECT_EQ(said(arrival), "good");
  EXPECT_EQ(said_text(arrival), text_);
  EXPECT_TRUE(arrival.envelope.has_value() && arrival.envelope->sealed());
  EXPECT_FALSE(arrival.own);
}

// C-93
TEST_F(IntakeTest, AClearNoticeIsItsText) {
  const Unsigned clear = exchange_.clear(exchange_.draft("AM", {"BY"}, "contact"), text_);
  const Arrival arrival = receive(exchange_.sign(clear, "AM node 1 signing"));
  EXPECT_EQ(said(arrival), "good");
  EXPECT_EQ(said_text(arrival), text_);
}

// C-139: the hub delivers a member's own entries to its nodes; C-50: they open there.
TEST_F(IntakeTest, AnOwnNoticeIsTakenForOne) {
  opener_ = opener_of("AM");
  const Arrival arrival = receive(publish(text_), exchange_.directory(), "AM");
  EXPECT_EQ(said(arrival), "good");
  EXPECT_TRUE(arrival.own);
  EXPECT_EQ(said_text(arrival), text_);
}

// C-109, C-111
TEST_F(IntakeTest, OtherBytesThanWereLoggedAreGarbled) {
  const std::string sent = publish(text_);
  const exchange::Envelope logged = exchange_.parse(sent);
  const ledger::Leaf leaf = leaf_of(logged, exchange_.directory());
  v1::Body body = logged.body;
  body.mutable_sealed()->mutable_ciphertext()->front() ^= 1;
  const std::string altered = exchange::envelope_bytes(
      logged.header_bytes, body.SerializeAsString(), logged.signatures_bytes);
  EXPECT_EQ(said(receive(altered, leaf, exchange_.directory())), "garbled leaf-mismatch");
  v1::Signatures signatures = test::signatures_of(logged);
  signatures.mutable_signatures(0)->mutable_value()->front() ^= 1;
  const std::string resigned = exchange::envelope_bytes(logged.header_bytes, logged.body_bytes,
                                                        signatures.SerializeAsString());
  EXPECT_EQ(said(receive(resigned, leaf, exchange_.directory())), "garbled leaf-mismatch");
}

// C-18, C-14
TEST_F(IntakeTest, BytesThatAreNoEnvelopeAreGarbledAndKept) {
  const std::string sent = publish(text_);
  const ledger::Leaf leaf = leaf_of(exchange_.parse(sent), exchange_.directory());
  const Arrival cut = receive(sent.substr(0, sent.size() - 1), leaf, exchange_.directory());
  EXPECT_EQ(said(cut), "garbled malformed");
  EXPECT_FALSE(cut.envelope.has_value());
  EXPECT_FALSE(cut.own);
  EXPECT_EQ(said(receive(sent + "\x78\x01", leaf, exchange_.directory())), "garbled unknown-field");
  EXPECT_EQ(said(receive("", leaf, exchange_.directory())).substr(0, 8), "garbled ");
}

// C-101: bytes that are no notice, and were logged as one: the hub's fault for good, and nothing to
// ask for again.
TEST_F(IntakeTest, WhatWasLoggedAndDoesNotParseIsVoid) {
  const exchange::Envelope good = exchange_.parse(publish(text_));
  const std::string logged =
      exchange::envelope_bytes("\xff", good.body_bytes, good.signatures_bytes);
  ledger::Leaf leaf = leaf_of(good, exchange_.directory());
  leaf.entry = must(exchange::entry_of(logged, exchange_.genesis()));
  EXPECT_EQ(said(receive(logged, leaf, exchange_.directory())), "void malformed");
}

// C-109
TEST_F(IntakeTest, ANoticeAtTheLeafOfAnotherIsGarbled) {
  const ledger::Leaf other = leaf_of(exchange_.parse(publish(text_)), exchange_.directory());
  EXPECT_EQ(said(receive(publish(text_), other, exchange_.directory())), "garbled leaf-mismatch");
}

// C-100: an entry of the directory is no notice, and the other way about.
TEST_F(IntakeTest, ANoticeAtADirectoryLeafIsVoid) {
  const std::string sent = publish(text_);
  ledger::Leaf leaf = leaf_of(exchange_.parse(sent), exchange_.directory());
  leaf.type = ledger::LeafType::kDirectory;
  EXPECT_EQ(said(receive(sent, leaf, exchange_.directory())), "void leaf-mismatch");
}

// C-139: the hub shows a member what is for others.
TEST_F(IntakeTest, ANoticeForOthersIsVoidHere) {
  EXPECT_EQ(said(receive(publish(text_), exchange_.directory(), "KZ")), "void unknown-recipient");
}

// C-74, C-90: keys are judged by log index only, by the directory of the notice's own leaf.
TEST_F(IntakeTest, ARevocationCountsFromItsLeafOnAndNotBefore) {
  const std::string sent = publish(text_);
  const Hash key = test::signing_public("AM node 1 signing").id();
  const std::vector<std::string> signer = {"AM authority"};
  const Directory later =
      with(exchange_.entry(test::revocation_of(key), signer, exchange_.directory()));
  EXPECT_EQ(said(receive(sent, exchange_.directory())), "good");
  EXPECT_EQ(said(receive(sent, later)), "void revoked-key");
}

// C-94: what another node of the recipient cannot open was sealed under an older directory.
TEST_F(IntakeTest, ASealUnderAnotherDirectoryIsVoid) {
  const std::string sent = publish(text_);
  const Directory later =
      with(exchange_.enrol(test::node_entry("BY", 2, false, false), exchange_.directory()));
  EXPECT_EQ(said(receive(sent, later)), "void stale-directory");
}

// C-88, C-93, C-40: one of each part of the judgement reaches the verdict.
TEST_F(IntakeTest, WhatTheHubShouldHaveRefusedIsVoid) {
  const Unsigned clear = exchange_.clear(exchange_.draft("AM", {"BY"}), text_);
  EXPECT_EQ(said(receive(exchange_.sign(clear, "AM node 1 signing"))), "void seal-required");

  Unsigned other_text = exchange_.clear(exchange_.draft("AM", {"BY"}, "contact"), text_);
  other_text.body = exchange::clear_body(text_ + text_);
  other_text.d = exchange::envelope_hash(exchange_.genesis(), other_text.header, other_text.body);
  EXPECT_EQ(said(receive(exchange_.sign(other_text, "AM node 1 signing"))),
            "void text-digest-mismatch");

  const Unsigned foreign = exchange_.clear(exchange_.draft("AM", {"BY"}, "contact"), text_);
  EXPECT_EQ(said(receive(exchange_.sign(foreign, "RU node 1 signing"))), "void wrong-origin");
}

TEST_F(IntakeTest, AnAlteredStanzaIsUnopenable) {
  const std::string mine = to_string(test::agreement_public("BY node 1 sealing").id());
  for (const bool enc : {false, true}) {
    const std::string sent = publish({.alter = [&](v1::SealedBody& sealed) {
      for (v1::Stanza& stanza : *sealed.mutable_stanzas()) {
        if (stanza.key_id() == mine) {
          (enc ? stanza.mutable_enc() : stanza.mutable_ct())->back() ^= 1;
        }
      }
    }});
    const Arrival arrival = receive(sent);
    EXPECT_EQ(said(arrival), "unopenable seal-broken") << enc;
    EXPECT_TRUE(arrival.envelope.has_value()) << "good for all others to see";
  }
}

TEST_F(IntakeTest, AnAlteredCiphertextIsUnopenable) {
  EXPECT_EQ(
      said(receive(publish(
          {.alter = [](v1::SealedBody& sealed) { sealed.mutable_ciphertext()->front() ^= 1; }}))),
      "unopenable seal-broken");
}

// A stanza under our name that was made for somebody else.
TEST_F(IntakeTest, ASealForSomebodyElseIsUnopenable) {
  EXPECT_EQ(said(receive(publish({.alter =
                                      [](v1::SealedBody& sealed) {
                                        const v1::Stanza first = sealed.stanzas(0);
                                        for (v1::Stanza& stanza : *sealed.mutable_stanzas()) {
                                          const std::string key_id = stanza.key_id();
                                          stanza =
                                              key_id == first.key_id() ? sealed.stanzas(1) : first;
                                          stanza.set_key_id(key_id);
                                        }
                                      }}))),
            "unopenable seal-broken");
}

// C-51
TEST_F(IntakeTest, ASealBoundToOtherRecipientsIsUnopenable) {
  EXPECT_EQ(said(receive(publish({.info_codes = {"BY", "KZ"}}))), "unopenable seal-broken");
}

TEST_F(IntakeTest, WithoutTheKeyANoticeIsUnopenable) {
  opener_ = opener_of("KZ");
  EXPECT_EQ(said(receive(publish(text_))), "unopenable unknown-key");
}

// C-56
TEST_F(IntakeTest, AnotherTextThanTheDraftNamesIsUnopenable) {
  EXPECT_EQ(said(receive(publish({.digest = exchange::text_digest("another")}))),
            "unopenable text-digest-mismatch");
}

// C-54: the digest is right, the layout is not.
TEST_F(IntakeTest, APlaintextThatIsPaddedOtherwiseIsUnopenable) {
  const std::string good =
      must(exchange::pad_text(test::seeded_bytes("salt", exchange::kTextSaltBytes), text_));
  std::string padding = good;
  padding.back() = 1;
  std::string length = good;
  length[exchange::kTextSaltBytes] = '\x7f';
  std::string too_long = good + std::string(good.size(), '\0');
  EXPECT_EQ(said(receive(publish({.plaintext = good}))), "good");
  EXPECT_EQ(said(receive(publish({.plaintext = padding}))), "unopenable seal-malformed");
  EXPECT_EQ(said(receive(publish({.plaintext = length}))), "unopenable seal-malformed");
  EXPECT_EQ(said(receive(publish({.plaintext = too_long}))), "unopenable seal-malformed");
}

// C-9, C-17, C-98
TEST_F(IntakeTest, ATextThatIsNoTextIsUnopenable) {
  EXPECT_EQ(said(receive(publish(std::string("\xff\xff\xff")))), "unopenable malformed");
  v1::Text text;
  text.set_language("en");
  std::string latin = text.SerializeAsString();
  latin[latin.size() - 1] = '\xe9';
  EXPECT_EQ(said(receive(publish(latin))), "unopenable invalid-utf8");
  text.set_content("\xff\xff\xff");
  EXPECT_EQ(said(receive(publish(text.SerializeAsString()))), "unopenable malformed");
}

// C-9: unknown fields of a text are kept.
TEST_F(IntakeTest, ATextWithAFieldFromTheFutureIsGoodAndKept) {
  const std::string later = text_ + "\xf8\x06\x01";  // Field 111.
  const Arrival arrival = receive(publish(later));
  EXPECT_EQ(said(arrival), "good");
  EXPECT_EQ(said_text(arrival), later);
}

}  // namespace
}  // namespace chancery::node
