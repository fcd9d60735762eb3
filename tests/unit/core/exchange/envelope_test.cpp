#include "core/exchange/envelope.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"
#include "tests/support/wire_bytes.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::exchange {
namespace {

using ledger::reference::hash_of;
using test::bytes_field;
using test::node_key_name;
using test::outcome;
using test::TestExchange;
using test::Unsigned;

std::string label(const std::string& name) {
  return "chancery/v1 " + name + std::string(1, '\0');
}

std::string sha(const std::string& bytes) {
  return to_string(hash_of(bytes));
}

// An envelope of this draft and header, as its maker wants it; signatures of the right shape only.
struct Parts {
  v1::Draft draft;
  v1::Header header;
  v1::Body body;
  v1::Signatures signatures;

  [[nodiscard]] std::string bytes() {
    header.set_draft(draft.SerializeAsString());
    return envelope_bytes(header.SerializeAsString(), body.SerializeAsString(),
                          signatures.SerializeAsString());
  }
};

v1::Signature shaped_signature(char first) {
  v1::Signature signature;
  signature.set_key_id(std::string(1, first) + std::string(31, 'k'));
  signature.set_value(std::string(64, 'v'));
  signature.mutable_batch()->set_tree_size(1);
  return signature;
}

v1::Stanza shaped_stanza(std::uint64_t number) {
  v1::Stanza stanza;
  stanza.set_key_id(std::string(24, 'k') + std::string(as_view(u64_be(number))));
  stanza.set_enc(std::string(32, 'e'));
  stanza.set_ct(std::string(48, 'c'));
  return stanza;
}

class EnvelopeTest : public testing::Test {
 protected:
  [[nodiscard]] Parts good() {
    Parts parts;
    parts.draft = exchange_.draft("AM", {"BY", "RU"}, "contact");
    parts.draft.set_text_digest(std::string(32, 'd'));
    parts.header.set_version(1);
    parts.header.set_salt(std::string(16, 's'));
    parts.header.set_created_at_us(5);
    *parts.header.mutable_log_seen() = tree_head(7, Hash{1});
    parts.body.set_clear("a text");
    *parts.signatures.add_signatures() = shaped_signature('1');
    return parts;
  }
  std::string parsed(Parts parts) {
    return outcome(parse_envelope(parts.bytes(), exchange_.genesis()));
  }
  std::string with_draft(const std::function<void(v1::Draft&)>& change) {
    Parts parts = good();
    change(parts.draft);
    return parsed(std::move(parts));
  }
  std::string with_header(const std::function<void(v1::Header&)>& change) {
    Parts parts = good();
    change(parts.header);
    return parsed(std::move(parts));
  }
  std::string with_sealed(const std::function<void(v1::SealedBody&)>& change) {
    Parts parts = good();
    *parts.body.mutable_sealed()->add_stanzas() = shaped_stanza(1);
    *parts.body.mutable_sealed()->add_stanzas() = shaped_stanza(2);
    parts.body.mutable_sealed()->set_ciphertext("ciphertext");
    change(*parts.body.mutable_sealed());
    return parsed(std::move(parts));
  }
  std::string with_signatures(const std::function<void(v1::Signatures&)>& change) {
    Parts parts = good();
    change(parts.signatures);
    return parsed(std::move(parts));
  }
  // Parsed and judged: what a hub or a node says in the end.
  std::string judged(const std::string& bytes, RootCache& cache) {
    const Result<Envelope> envelope = parse_envelope(bytes, exchange_.genesis());
    if (!envelope.has_value()) {
      return outcome(envelope);
    }
    return outcome(judge_notice(*envelope, exchange_.directory(), cache));
  }

  TestExchange exchange_;
};

// Each layout is computed here again, with another hash call.
// C-31, C-32, C-33, C-34, C-35
TEST_F(EnvelopeTest, HashesFollowTheirLayouts) {
  const std::string genesis = to_string(exchange_.genesis());
  EXPECT_EQ(genesis_hash("header", "body"),
            hash_of(label("genesis") + sha("header") + sha("body")));
  EXPECT_EQ(notice_hash(exchange_.genesis(), "draft"),
            hash_of(label("draft") + genesis + sha("draft")));
  EXPECT_EQ(envelope_hash(exchange_.genesis(), "header", "body"),
            hash_of(label("notice") + genesis + sha("header") + sha("body")));
  EXPECT_EQ(entry_hash(Hash{7}, "signatures"),
            hash_of(label("entry") + to_string(Hash{7}) + sha("signatures")));
  EXPECT_EQ(text_digest("plaintext"), hash_of(label("text") + "plaintext"));
}

// C-30: the bytes received are what is kept and hashed.
TEST_F(EnvelopeTest, KeepsTheBytesReceivedAndNamesThem) {
  Parts parts = good();
  const std::string bytes = parts.bytes();
  const Envelope envelope = test::must(parse_envelope(bytes, exchange_.genesis()));
  EXPECT_EQ(envelope.bytes(), bytes);
  EXPECT_EQ(envelope.header_bytes, parts.header.SerializeAsString());
  EXPECT_EQ(envelope.notice, notice_hash(exchange_.genesis(), parts.draft.SerializeAsString()));
  EXPECT_EQ(envelope.d, envelope_hash(exchange_.genesis(), envelope.header_bytes,
                                      parts.body.SerializeAsString()));
  EXPECT_EQ(envelope.entry, entry_hash(envelope.d, parts.signatures.SerializeAsString()));
  EXPECT_EQ(envelope.recipient_codes(), (std::vector<std::string>{"BY", "RU"}));
  EXPECT_EQ(envelope.name(), "AM " + uuid_text(as_bytes(parts.draft.notice_id())));
  EXPECT_FALSE(envelope.sealed());
}

TEST_F(EnvelopeTest, GenesisOfAFirstRosterIsMadeOfItsBytes) {
  EXPECT_EQ(genesis_of(exchange_.founding_entries().front()).value(), exchange_.genesis());
  EXPECT_EQ(outcome(genesis_of("\x0a\x05"
                               "cut")),
            "malformed");
}

// C-31: another exchange names everything otherwise.
TEST_F(EnvelopeTest, AnotherExchangeGivesOtherNames) {
  const std::string bytes = good().bytes();
  const Envelope here = test::must(parse_envelope(bytes, exchange_.genesis()));
  const Envelope there = test::must(parse_envelope(bytes, Hash{9}));
  EXPECT_NE(here.notice, there.notice);
  EXPECT_NE(here.d, there.d);
  EXPECT_NE(here.entry, there.entry);
}

// C-36: re-stamped, the same draft is the same notice in another envelope.
TEST_F(EnvelopeTest, TheSameDraftStampedAgainIsTheSameNotice) {
  Parts parts = good();
  const Envelope first = test::must(parse_envelope(parts.bytes(), exchange_.genesis()));
  parts.header.set_created_at_us(6);
  const Envelope second = test::must(parse_envelope(parts.bytes(), exchange_.genesis()));
  EXPECT_EQ(first.notice, second.notice);
  EXPECT_NE(first.d, second.d);
}

// C-37
TEST_F(EnvelopeTest, DraftHasTheFormThatItMustHave) {
  using D = v1::Draft;
  EXPECT_EQ(with_draft([](D&) {}), "good");
  EXPECT_EQ(with_draft([](D& d) { d.set_origin("am"); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.clear_origin(); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_notice_id()->pop_back(); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { (*d.mutable_notice_id())[6] = '\x40'; }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.clear_kind(); }), "invalid-kind");
  EXPECT_EQ(with_draft([](D& d) { d.set_kind("Threat"); }), "invalid-kind");
  EXPECT_EQ(with_draft([](D& d) { d.clear_status(); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.clear_precedence(); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.clear_label(); }), "good");
  EXPECT_EQ(with_draft([](D& d) { d.clear_recipients(); }), "good");
  EXPECT_EQ(with_draft([](D& d) { d.clear_text_digest(); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_text_digest()->push_back('d'); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.set_expires_at_ms((1ULL << 48U) - 1); }), "good");
  EXPECT_EQ(with_draft([](D& d) { d.set_expires_at_ms(1ULL << 48U); }), "malformed");
}

// C-38
TEST_F(EnvelopeTest, RecipientsAscendOnceEachWithARoleAndWithoutTheOrigin) {
  using D = v1::Draft;
  EXPECT_EQ(with_draft([](D& d) { d.mutable_recipients()->SwapElements(0, 1); }), "not-canonical");
  EXPECT_EQ(with_draft([](D& d) { *d.add_recipients() = d.recipients(1); }), "not-canonical");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_recipients(0)->set_member("AM"); }), "malformed");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_recipients(1)->set_member("all"); }),
            "unknown-recipient");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_recipients(1)->clear_member(); }), "unknown-recipient");
  EXPECT_EQ(with_draft([](D& d) { d.mutable_recipients(1)->clear_role(); }), "malformed");
}

// C-38
TEST_F(EnvelopeTest, HandlingCodesAscendOnceEach) {
  using D = v1::Draft;
  const auto with_codes = [&](const std::vector<std::string>& codes) {
    return with_draft([&](D& d) {
      for (const std::string& code : codes) {
        d.mutable_label()->add_handling(code);
      }
    });
  };
  EXPECT_EQ(with_codes({"A", "B"}), "good");
  EXPECT_EQ(with_codes({"B", "A"}), "not-canonical");
  EXPECT_EQ(with_codes({"A", "A"}), "not-canonical");
  EXPECT_EQ(with_codes({""}), "not-canonical");
}

// C-36
TEST_F(EnvelopeTest, HeaderHasTheFormThatItMustHave) {
  using H = v1::Header;
  EXPECT_EQ(with_header([](H& h) { h.mutable_salt()->pop_back(); }), "malformed");
  EXPECT_EQ(with_header([](H& h) { h.mutable_salt()->push_back('s'); }), "malformed");
  EXPECT_EQ(with_header([](H& h) { h.clear_salt(); }), "malformed");
  EXPECT_EQ(with_header([](H& h) { h.clear_created_at_us(); }), "malformed");
  EXPECT_EQ(with_header([](H& h) { h.clear_log_seen(); }), "good");
  EXPECT_EQ(with_header([](H& h) { h.mutable_log_seen()->clear_size(); }), "good");
  EXPECT_EQ(with_header([](H& h) { h.mutable_log_seen()->clear_root(); }), "malformed");
  EXPECT_EQ(with_header([](H& h) { h.mutable_log_seen()->mutable_root()->pop_back(); }),
            "malformed");
}

// C-39
TEST_F(EnvelopeTest, BodyIsSealedOrClear) {
  Parts parts = good();
  parts.body.Clear();
  EXPECT_EQ(parsed(parts), "malformed");
  parts.body.set_clear("");
  EXPECT_EQ(parsed(parts), "good");
}

// C-52
TEST_F(EnvelopeTest, SealedBodyHasWholeStanzasThatAscend) {
  using S = v1::SealedBody;
  EXPECT_EQ(with_sealed([](S&) {}), "good");
  EXPECT_EQ(with_sealed([](S& s) { s.clear_stanzas(); }), "seal-malformed");
  EXPECT_EQ(with_sealed([](S& s) { s.mutable_stanzas()->SwapElements(0, 1); }), "not-canonical");
  EXPECT_EQ(with_sealed([](S& s) { *s.add_stanzas() = s.stanzas(1); }), "not-canonical");
  for (const auto& part :
       {&v1::Stanza::mutable_key_id, &v1::Stanza::mutable_enc, &v1::Stanza::mutable_ct}) {
    EXPECT_EQ(with_sealed([&](S& s) { (s.mutable_stanzas(1)->*part)()->pop_back(); }),
              "seal-malformed");
    EXPECT_EQ(with_sealed([&](S& s) { (s.mutable_stanzas(1)->*part)()->push_back('x'); }),
              "seal-malformed");
  }
}

// C-41
TEST_F(EnvelopeTest, SignaturesAreWholeAndAscend) {
  using S = v1::Signatures;
  EXPECT_EQ(with_signatures([](S& s) { *s.add_signatures() = shaped_signature('2'); }), "good");
  EXPECT_EQ(with_signatures([](S& s) { *s.add_signatures() = shaped_signature('0'); }),
            "not-canonical");
  EXPECT_EQ(with_signatures([](S& s) { *s.add_signatures() = shaped_signature('1'); }),
            "not-canonical");
  EXPECT_EQ(with_signatures([](S& s) { s.mutable_signatures(0)->clear_form(); }), "malformed");
  EXPECT_EQ(with_signatures([](S& s) { s.mutable_signatures(0)->mutable_release(); }), "good");
  EXPECT_EQ(with_signatures([](S& s) { s.mutable_signatures(0)->mutable_value()->pop_back(); }),
            "malformed");
  EXPECT_EQ(with_signatures([](S& s) { s.mutable_signatures(0)->mutable_key_id()->pop_back(); }),
            "malformed");
  EXPECT_EQ(
      with_signatures([](S& s) { s.mutable_signatures(0)->mutable_batch()->add_path("short"); }),
      "malformed");
}

// C-20
TEST_F(EnvelopeTest, TheThreePartsHaveTheirLimits) {
  const auto code = [&](const std::string& bytes) {
    return outcome(parse_envelope(bytes, exchange_.genesis()));
  };
  // Nothing valid fills a header or signatures: at the limit another rule speaks, over it this one.
  const std::string rest = bytes_field(2, "b") + bytes_field(3, "s");
  EXPECT_EQ(code(bytes_field(1, std::string(kHeaderBytesMax, '\xff')) + rest), "malformed");
  EXPECT_EQ(code(bytes_field(1, std::string(kHeaderBytesMax + 1, '\xff')) + rest),
            "limit-exceeded");

  Parts parts = good();
  const std::size_t around = 4;  // Tag and length of the clear text.
  parts.body.set_clear(std::string(kBodyBytesMax - around, 'x'));
  ASSERT_EQ(parts.body.SerializeAsString().size(), kBodyBytesMax);
  EXPECT_EQ(parsed(parts), "good");
  parts.body.mutable_clear()->push_back('x');
  EXPECT_EQ(parsed(parts), "limit-exceeded");

  Parts again = good();
  (void)again.bytes();
  const std::string front = bytes_field(1, again.header.SerializeAsString()) +
                            bytes_field(2, again.body.SerializeAsString());
  EXPECT_EQ(code(front + bytes_field(3, std::string(kSignaturesBytesMax, '\xff'))), "malformed");
  EXPECT_EQ(code(front + bytes_field(3, std::string(kSignaturesBytesMax + 1, '\xff'))),
            "limit-exceeded");
  EXPECT_EQ(code(std::string(kEnvelopeBytesMax, '\xff')), "malformed");
  EXPECT_EQ(code(std::string(kEnvelopeBytesMax + 1, '\xff')), "limit-exceeded");
}

std::string code_of_number(std::size_t number) {
  std::string code(4, 'A');
  for (std::size_t i = 4; i-- > 0; number /= 26) {
    code[i] = static_cast<char>('A' + number % 26);
  }
  return code;
}

// C-21
TEST_F(EnvelopeTest, CountsOfADraftHaveTheirLimits) {
  const auto recipients = [&](std::size_t count) {
    return with_draft([&](v1::Draft& d) {
      d.clear_recipients();
      for (std::size_t i = 0; i < count; ++i) {
        d.add_recipients()->set_member(code_of_number(i));
        d.mutable_recipients(static_cast<int>(i))->set_role(v1::RECIPIENT_ROLE_INFO);
      }
    });
  };
  EXPECT_EQ(recipients(kRecipientCountMax), "good");
  EXPECT_EQ(recipients(kRecipientCountMax + 1), "limit-exceeded");
  const auto handling = [&](std::size_t count, std::size_t bytes) {
    return with_draft([&](v1::Draft& d) {
      for (std::size_t i = 0; i < count; ++i) {
        d.mutable_label()->add_handling(code_of_number(i) + std::string(bytes - 4, 'x'));
      }
    });
  };
  EXPECT_EQ(handling(kHandlingCountMax, kNameBytesMax), "good");
  EXPECT_EQ(handling(kHandlingCountMax + 1, 4), "limit-exceeded");
  EXPECT_EQ(handling(1, kNameBytesMax + 1), "limit-exceeded");
  const auto classification = [&](std::size_t bytes) {
    return with_draft(
        [&](v1::Draft& d) { d.mutable_label()->set_classification(std::string(bytes, 'c')); });
  };
  EXPECT_EQ(classification(kNameBytesMax), "good");
  EXPECT_EQ(classification(kNameBytesMax + 1), "limit-exceeded");
}

// C-22
TEST_F(EnvelopeTest, CountsOfSignaturesHaveTheirLimits) {
  const auto signatures = [&](std::size_t count) {
    return with_signatures([&](v1::Signatures& s) {
      s.clear_signatures();
      for (std::size_t i = 0; i < count; ++i) {
        *s.add_signatures() = shaped_signature(static_cast<char>('!' + i));
      }
    });
  };
  EXPECT_EQ(signatures(0), "good");  // Of the right form; what judges it misses them.
  EXPECT_EQ(signatures(kSignatureCountMax), "good");
  EXPECT_EQ(signatures(kSignatureCountMax + 1), "limit-exceeded");
  const auto batch = [&](std::size_t tree_size, std::size_t path) {
    return with_signatures([&](v1::Signatures& s) {
      s.mutable_signatures(0)->mutable_batch()->set_tree_size(tree_size);
      for (std::size_t i = 0; i < path; ++i) {
        s.mutable_signatures(0)->mutable_batch()->add_path(std::string(32, 'p'));
      }
    });
  };
  EXPECT_EQ(batch(kBatchSizeMax, kBatchPathMax), "good");
  EXPECT_EQ(batch(kBatchSizeMax + 1, kBatchPathMax), "limit-exceeded");
  EXPECT_EQ(batch(kBatchSizeMax, kBatchPathMax + 1), "limit-exceeded");
}

// C-23
TEST_F(EnvelopeTest, StanzasHaveTheirLimit) {
  const auto stanzas = [&](std::size_t count) {
    return with_sealed([&](v1::SealedBody& s) {
      s.clear_stanzas();
      for (std::size_t i = 0; i < count; ++i) {
        *s.add_stanzas() = shaped_stanza(i);
      }
    });
  };
  EXPECT_EQ(stanzas(1), "good");
  EXPECT_EQ(stanzas(kStanzaCountMax), "good");
  EXPECT_EQ(stanzas(kStanzaCountMax + 1), "limit-exceeded");
}

// C-30, C-42: nothing in an envelope can change. Each byte is altered in three ways, sealed and
// clear, for one that never saw the batch and for one that remembers its root.
TEST_F(EnvelopeTest, AnAlteredByteIsNeverJudgedGood) {
  const v1::Draft open = exchange_.draft("AM", {"BY"}, "contact");
  const std::vector<Unsigned> both = {
      exchange_.seal(exchange_.draft("AM", {"BY"}), "a sealed text", exchange_.directory()),
      exchange_.clear(open, TestExchange::text_of("a clear text"))};
  for (const std::string& envelope : exchange_.sign(both, node_key_name("AM", 1, "signing"))) {
    RootCache warm;
    ASSERT_EQ(judged(envelope, warm), "good");
    for (std::size_t i = 0; i < envelope.size(); ++i) {
      for (const unsigned mask : {0x01U, 0x80U, 0xffU}) {
        std::string altered = envelope;
        altered[i] = static_cast<char>(static_cast<unsigned char>(altered[i]) ^ mask);
        RootCache cold;
        ASSERT_NE(judged(altered, cold), "good") << "byte " << i << " ^ " << mask;
        ASSERT_NE(judged(altered, warm), "good") << "byte " << i << " ^ " << mask;
      }
    }
  }
}

// C-18
TEST_F(EnvelopeTest, ACutOrLengthenedEnvelopeIsNeverJudgedGood) {
  const std::string envelope =
      exchange_.publish(exchange_.draft("AM", {"BY"}), "a text", exchange_.directory());
  for (std::size_t length = 0; length < envelope.size(); ++length) {
    RootCache cache;
    ASSERT_NE(judged(envelope.substr(0, length), cache), "good") << length;
  }
  for (const std::string& surplus :
       {std::string(1, '\0'), bytes_field(3, "x"), bytes_field(4, "x"), envelope}) {
    RootCache cache;
    ASSERT_NE(judged(envelope + surplus, cache), "good");
  }
}

// C-99: the digest of the body stands in its place, and the hashes stay what they were.
TEST_F(EnvelopeTest, AnErasedBodyLeavesTheHashes) {
  const std::string sent = exchange_.publish(exchange_.draft("AM", {"BY"}),
                                             TestExchange::text_of("gone"), exchange_.directory());
  const Envelope whole = test::must(parse_envelope(sent, exchange_.genesis()));
  const std::string rest =
      erased_bytes(whole.header_bytes, body_digest(whole.body_bytes), whole.signatures_bytes);
  EXPECT_EQ(outcome(parse_envelope(rest, exchange_.genesis())), "body-erased");
  const Envelope erased =
      test::must(parse_envelope(rest, exchange_.genesis(), Bodies::kMaybeErased));
  EXPECT_EQ(erased.notice, whole.notice);
  EXPECT_EQ(erased.d, whole.d);
  EXPECT_EQ(erased.entry, whole.entry);
  EXPECT_EQ(test::must(entry_of(rest, exchange_.genesis())), whole.entry);
  EXPECT_EQ(erased.bytes(), rest);
  EXPECT_TRUE(erased.body_bytes.empty());
  RootCache cache;
  EXPECT_EQ(outcome(judge_notice(erased, exchange_.directory(), cache)), "good");
  const auto with = [&](std::string_view body, const std::string& digest) {
    v1::Envelope parts;
    parts.set_header(whole.header_bytes);
    parts.set_body(std::string(body));
    parts.set_signatures(whole.signatures_bytes);
    parts.set_body_digest(digest);
    return outcome(
        parse_envelope(parts.SerializeAsString(), exchange_.genesis(), Bodies::kMaybeErased));
  };
  EXPECT_EQ(with("", std::string(31, 'd')), "malformed");
  EXPECT_EQ(with(whole.body_bytes, to_string(body_digest(whole.body_bytes))), "malformed");
  EXPECT_EQ(with("", std::string(32, 'd')), "good") << "another body: another leaf";
}

// All that was read of an envelope, as a text.
std::string all_of(const Envelope& envelope) {
  std::string all = envelope.bytes() + envelope.header.SerializeAsString() +
                    envelope.draft.SerializeAsString() + envelope.body.SerializeAsString();
  for (const Hash& hash :
       {envelope.erased.value_or(Hash{}), envelope.notice, envelope.d, envelope.entry}) {
    all += hex(hash);
  }
  for (const Signature& signature : envelope.signatures) {
    all += " " + hex(signature.key_id) + hex(signature.value);
    if (signature.batch.has_value()) {
      all += " " + std::to_string(signature.batch->leaf_index) + " of " +
             std::to_string(signature.batch->tree_size);
      for (const Hash& hash : signature.batch->path) {
        all += hex(hash);
      }
    }
  }
  return all;
}

// What an envelope was read into before leaves nothing in it, whether it was good or not.
TEST_F(EnvelopeTest, AnEnvelopeIsReadOverAnotherAsIfItWereTheFirst) {
  std::vector<std::string> envelopes;
  std::vector<Unsigned> three;
  three.reserve(3);
  for (int i = 0; i < 3; ++i) {
    three.push_back(exchange_.seal(exchange_.draft("AM", {"BY", "RU"}), "a sealed text",
                                   exchange_.directory()));
  }
  for (const std::string& sealed : exchange_.sign(three, node_key_name("AM", 1, "signing"))) {
    envelopes.push_back(sealed);
    const Envelope whole = test::must(parse_envelope(sealed, exchange_.genesis()));
    envelopes.push_back(
        erased_bytes(whole.header_bytes, body_digest(whole.body_bytes), whole.signatures_bytes));
  }
  Parts released = good();
  released.signatures.add_signatures()->CopyFrom(shaped_signature('2'));
  released.signatures.mutable_signatures(0)->mutable_release();
  envelopes.push_back(released.bytes());
  Parts bare = good();
  bare.header.clear_log_seen();
  bare.draft.clear_recipients();
  bare.draft.clear_label();
  bare.signatures.clear_signatures();
  envelopes.push_back(bare.bytes());
  envelopes.push_back(good().bytes());
  const auto read_alone = [&](const std::string& bytes) {
    return test::must(parse_envelope(bytes, exchange_.genesis(), Bodies::kMaybeErased));
  };
  for (const std::string& before : envelopes) {
    for (const std::string& bytes : envelopes) {
      for (const std::size_t cut : {std::size_t{0}, before.size() / 2, before.size()}) {
        Envelope envelope = read_alone(before);
        EXPECT_EQ(parse_envelope_into(envelope, before.substr(0, cut), exchange_.genesis(),
                                      Bodies::kMaybeErased)
                      .has_value(),
                  cut == before.size());
        test::must(parse_envelope_into(envelope, bytes, exchange_.genesis(), Bodies::kMaybeErased));
        EXPECT_EQ(all_of(envelope), all_of(read_alone(bytes)));
      }
    }
  }
}

// Its draft is read anew wherever it is not like the one before.
TEST_F(EnvelopeTest, OverOneThatWasGoodTheSameIsFoundWrong) {
  const std::function<void(v1::Draft&)> changes[] = {
      [](v1::Draft&) {},
      [](v1::Draft& draft) { draft.set_notice_id(std::string(16, 'i')); },
      [](v1::Draft& draft) { draft.set_text_digest(std::string(32, 'e')); },
      [](v1::Draft& draft) { draft.set_kind("CONTACT"); },
      [](v1::Draft& draft) { draft.set_origin("BY"); },
      [](v1::Draft& draft) { draft.mutable_recipients()->SwapElements(0, 1); },
      [](v1::Draft& draft) { draft.mutable_recipients(0)->set_member("AM"); },
      [](v1::Draft& draft) { draft.mutable_recipients(0)->clear_role(); },
      [](v1::Draft& draft) { draft.set_status(static_cast<v1::Status>(9)); },
  };
  for (const std::function<void(v1::Draft&)>& change : changes) {
    Parts parts = good();
    change(parts.draft);
    Envelope over = test::must(parse_envelope(good().bytes(), exchange_.genesis(), Bodies::kThere));
    const std::string found =
        outcome(parse_envelope_into(over, parts.bytes(), exchange_.genesis(), Bodies::kThere));
    EXPECT_EQ(found, parsed(parts));
    const std::string next = good().bytes();
    test::must(parse_envelope_into(over, next, exchange_.genesis(), Bodies::kThere));
    EXPECT_EQ(all_of(over), all_of(test::must(parse_envelope(next, exchange_.genesis()))));
  }
}

// Its memory is of use to the next one; its draft is not, once somebody took that.
TEST_F(EnvelopeTest, OneWhoseDraftWasTakenIsReadWhole) {
  Envelope envelope = test::must(parse_envelope(good().bytes(), exchange_.genesis()));
  const v1::Draft taken = std::move(envelope.draft);
  EXPECT_EQ(taken.origin(), "AM");
  test::must(parse_envelope_into(envelope, good().bytes(), exchange_.genesis(), Bodies::kThere));
  EXPECT_EQ(envelope.draft.origin(), "AM");
}

TEST_F(EnvelopeTest, ItsBytesAreThoseThatProtobufWrites) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16'383U, 16'384U, 1'048'576U}) {
    v1::Envelope parts;
    parts.set_header(std::string(size, 'h'));
    parts.set_body(std::string(size / 2, 'b'));
    parts.set_signatures(std::string(size / 3, 's'));
    EXPECT_EQ(envelope_bytes(parts.header(), parts.body(), parts.signatures()),
              parts.SerializeAsString());
    parts.clear_body();
    parts.set_body_digest(to_string(Hash{'d'}));
    EXPECT_EQ(erased_bytes(parts.header(), Hash{'d'}, parts.signatures()),
              parts.SerializeAsString());
  }
}

// C-40: the signature of one exchange says nothing in another with the same keys.
TEST_F(EnvelopeTest, AnEnvelopeOfAnotherExchangeIsRefused) {
  TestExchange other({.name = "another"});
  const std::string envelope =
      other.sign(other.clear(other.draft("AM", {"BY"}, "contact"), "a text"),
                 node_key_name("AM", 1, "signing"));
  RootCache cache;
  EXPECT_EQ(judged(envelope, cache), "bad-signature");
}

}  // namespace
}  // namespace chancery::exchange
