#include "core/ledger/cosignature.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/crypto/signer.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kBody =
    "hub.example.org/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";

struct Witness {
  explicit Witness(const std::string& name, char fill)
      : signer(crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519,
                                             as_bytes(std::string(32, fill)))
                   .value()),
        key{.name = name, .type = kNoteCosignature, .key = signer.public_key()} {}

  NoteSignature cosign(std::uint64_t time_s, std::string_view body = kBody) {
    const std::string message = cosignature_message(time_s, body);
    const std::string signature = signer.sign(as_bytes(message)).value();
    return note_signature(key, as_bytes(cosignature_payload(time_s, as_bytes(signature))));
  }

  crypto::KeySigner signer;
  NoteKey key;
};

ErrorCode refusal(const NoteKey& key, const NoteSignature& line, std::string_view body = kBody) {
  const Result<std::uint64_t> time = verify_cosignature(key, body, line);
  return time.has_value() ? ErrorCode::kInternal : time.error().code;  // kInternal: taken.
}

TEST(CosignatureTest, VerifiesThePublishedOnes) {
  const test::Vectors vectors("notes.txt");
  for (const std::string name : {"witness", "mirror"}) {
    const NoteKey key = NoteKey::parse(vectors.text(name + "_key")).value();
    EXPECT_EQ(key.type, kNoteCosignature);
    EXPECT_EQ(key.format(), vectors.text(name + "_key"));
    const std::string body = vectors.text(name + "_body");
    const Note note = parse_note(body + "\n" + vectors.text(name + "_line")).value();
    EXPECT_EQ(verify_cosignature(key, body, note.signatures[0]).value(),
              std::stoull(vectors.text("time")));
    EXPECT_TRUE(verify_note(note, std::span(&key, 1)).has_value());
  }
}

TEST(CosignatureTest, MakesThePublishedLine) {
  const test::Vectors vectors("notes.txt");
  const std::string seed = vectors.bytes("cosigner_seed");
  crypto::KeySigner signer(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(seed)).value());
  const NoteKey key{
      .name = "witness1.example.org/w", .type = kNoteCosignature, .key = signer.public_key()};
  EXPECT_EQ(key.format(), vectors.text("cosigner_key"));
  const std::uint64_t time_s = std::stoull(vectors.text("cosigner_time"));
  const std::string message = cosignature_message(time_s, vectors.text("log_body"));
  EXPECT_EQ(message, "cosignature/v1\ntime 1700000000\n" + vectors.text("log_body"));
  EXPECT_EQ(cosignature_line(key, time_s, as_bytes(signer.sign(as_bytes(message)).value())),
            vectors.text("cosigner_line"));
}

TEST(CosignatureTest, AnyFlippedBitIsRefused) {
  Witness witness("w", 'w');
  const NoteSignature good = witness.cosign(1700000000);
  ASSERT_EQ(good.signature.size(), kCosignatureBytes);
  ASSERT_EQ(refusal(witness.key, good), ErrorCode::kInternal);
  for (std::size_t bit = 0; bit < kCosignatureBytes * 8; ++bit) {
    NoteSignature altered = good;
    altered.signature[bit / 8] = static_cast<char>(altered.signature[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(refusal(witness.key, altered), ErrorCode::kBadCheckpoint) << bit;
  }
  EXPECT_EQ(refusal(witness.key, good, std::string(kBody) + "x\n"), ErrorCode::kBadCheckpoint);
}

TEST(CosignatureTest, EveryOtherLengthIsRefused) {
  Witness witness("w", 'w');
  NoteSignature line = witness.cosign(1);
  const std::string whole = line.signature;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    line.signature = whole.substr(0, length);
    EXPECT_EQ(refusal(witness.key, line), ErrorCode::kBadCheckpoint) << length;
  }
  line.signature = whole + '\0';
  EXPECT_EQ(refusal(witness.key, line), ErrorCode::kBadCheckpoint);
}

// c2sp.org/tlog-cosignature: at most 2^63-1; 0 would be no time at all.
TEST(CosignatureTest, TimesAreFromOneToTwoToThe63MinusOne) {
  Witness witness("w", 'w');
  EXPECT_EQ(refusal(witness.key, witness.cosign(0)), ErrorCode::kBadCheckpoint);
  EXPECT_EQ(verify_cosignature(witness.key, kBody, witness.cosign(1)).value(), 1U);
  EXPECT_EQ(verify_cosignature(witness.key, kBody, witness.cosign(kCosignatureTimeMax)).value(),
            kCosignatureTimeMax);
  EXPECT_EQ(refusal(witness.key, witness.cosign(kCosignatureTimeMax + 1)),
            ErrorCode::kBadCheckpoint);
}

TEST(CosignatureTest, ASignatureOverThePlainNoteIsNone) {
  Witness witness("w", 'w');
  const std::string plain = witness.signer.sign(as_bytes(kBody)).value();
  EXPECT_EQ(refusal(witness.key,
                    note_signature(witness.key, as_bytes(cosignature_payload(5, as_bytes(plain))))),
            ErrorCode::kBadCheckpoint);
  EXPECT_EQ(refusal(witness.key, note_signature(witness.key, as_bytes(plain))),
            ErrorCode::kBadCheckpoint);
}

TEST(CosignatureTest, ALineOfAnotherKeyIsRefused) {
  Witness witness("w", 'w');
  Witness other("v", 'v');
  EXPECT_EQ(refusal(witness.key, other.cosign(5)), ErrorCode::kBadCheckpoint);
  NoteKey as_log = witness.key;
  as_log.type = kNoteEd25519;  // The type is hashed into the key hash, so the line names another.
  EXPECT_EQ(refusal(as_log, witness.cosign(5)), ErrorCode::kBadCheckpoint);
}

TEST(CosignaturesTest, CountsEachWitnessOnceWithItsNewestTime) {
  Witness first("w1", 'a');
  Witness second("w2", 'b');
  const Witness absent("w3", 'c');
  Witness unknown("w4", 'd');
  const std::vector<NoteKey> witnesses = {absent.key, second.key, first.key};
  const Note note{.text = std::string(kBody),
                  .signatures = {first.cosign(20), unknown.cosign(30), second.cosign(7),
                                 first.cosign(25), first.cosign(21)}};
  EXPECT_EQ(verify_cosignatures(note, witnesses).value(),
            (std::vector<Cosignature>{{.witness = 1, .time_s = 7}, {.witness = 2, .time_s = 25}}));
  EXPECT_TRUE(verify_cosignatures(note, {}).value().empty());
}

TEST(CosignaturesTest, AKnownWitnessesBadLineRefusesTheNote) {
  Witness first("w1", 'a');
  Witness second("w2", 'b');
  const std::vector<NoteKey> witnesses = {first.key, second.key};
  const Note note{.text = std::string(kBody),
                  .signatures = {first.cosign(20), second.cosign(7, "another\n8\nbody\n")}};
  EXPECT_EQ(verify_cosignatures(note, witnesses).error().code, ErrorCode::kBadCheckpoint);
  EXPECT_TRUE(verify_cosignatures(note, std::span(witnesses).first(1)).has_value());
}

}  // namespace
}  // namespace chancery::ledger
