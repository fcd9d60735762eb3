#include "core/ledger/note.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/crypto/signer.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::ledger {
namespace {

const std::string dash = "\xe2\x80\x94 ";

crypto::KeySigner signer_from(char fill) {
  const std::string seed(32, fill);
  return crypto::KeySigner(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(seed)).value());
}

NoteKey key_of(const std::string& name, char fill, std::uint8_t type = kNoteEd25519) {
  return {.name = name, .type = type, .key = signer_from(fill).public_key()};
}

std::string line_by(const NoteKey& key, char fill, const std::string& text) {
  return note_signature_line(key, as_bytes(signer_from(fill).sign(as_bytes(text)).value()));
}

ErrorCode refusal(std::string_view bytes) {
  const Result<Note> note = parse_note(bytes);
  return note.has_value() ? ErrorCode::kInternal : note.error().code;  // kInternal: taken.
}

bool verifies(const std::string& bytes, std::vector<NoteKey> keys) {
  const Result<Note> note = parse_note(bytes);
  EXPECT_TRUE(note.has_value()) << bytes;
  const Result<void> verified = verify_note(note.value(), keys);
  EXPECT_TRUE(verified.has_value() || verified.error().code == ErrorCode::kBadCheckpoint);
  return verified.has_value();
}

TEST(NoteTest, TakesThePublishedExample) {
  const test::Vectors vectors("notes.txt");
  const NoteKey key = NoteKey::parse(vectors.text("example_key")).value();
  EXPECT_EQ(key.name, "example.com/foo");
  EXPECT_EQ(key.key_hash(), 0x530d903aU);
  EXPECT_EQ(key.format(), vectors.text("example_key"));
  const std::string bytes = vectors.text("example_text") + "\n" + vectors.text("example_line");
  const Note note = parse_note(bytes).value();
  EXPECT_EQ(note.text, vectors.text("example_text"));
  ASSERT_EQ(note.signatures.size(), 1U);
  EXPECT_TRUE(key.named_by(note.signatures[0]));
  EXPECT_EQ(format_note(note), bytes);
  EXPECT_TRUE(verifies(bytes, {key}));
}

TEST(NoteTest, MakesThePublishedLine) {
  const test::Vectors vectors("notes.txt");
  const std::string seed = vectors.bytes("log_seed");
  crypto::KeySigner signer(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(seed)).value());
  const NoteKey key{.name = "hub.example.org/log", .key = signer.public_key()};
  EXPECT_EQ(key.format(), vectors.text("log_key"));
  const std::string body = vectors.text("log_body");
  EXPECT_EQ(note_signature_line(key, as_bytes(signer.sign(as_bytes(body)).value())),
            vectors.text("log_line"));
}

// c2sp.org/signed-note: the text may itself have empty lines, so the last one divides.
TEST(NoteTest, DividesAtTheLastEmptyLine) {
  const NoteKey key = key_of("log", 'a');
  const std::string inner = "one\n\n" + dash + "not a signature\n\ntwo\n";
  const std::string bytes = inner + "\n" + line_by(key, 'a', inner);
  EXPECT_EQ(parse_note(bytes).value().text, inner);
  EXPECT_TRUE(verifies(bytes, {key}));
}

// C-106
TEST(NoteTest, LinesOfUnknownKeysArePassedOver) {
  const NoteKey key = key_of("log", 'a');
  const std::string good = line_by(key, 'a', "text\n");
  // The right name with another key hash, and the right hash under another name: both unknown.
  std::string grease = dash + "grease.example " + base64(as_bytes("random bytes")) + "\n";
  grease += line_by(key_of("log", 'b'), 'b', "other\n");
  EXPECT_TRUE(verifies("text\n\n" + grease + good, {key}));
  EXPECT_TRUE(verifies("text\n\n" + good + grease, {key}));
  EXPECT_FALSE(verifies("text\n\n" + grease, {key}));
  EXPECT_FALSE(verifies("text\n\n" + good, {}));
}

// C-106
TEST(NoteTest, AKnownKeysBadLineRefusesTheNoteWhereverItStands) {
  const NoteKey key = key_of("log", 'a');
  const NoteKey second = key_of("second", 'b');
  const std::string good = line_by(key, 'a', "text\n");
  const std::string bad = line_by(key, 'a', "other\n");
  EXPECT_FALSE(verifies("text\n\n" + bad, {key}));
  EXPECT_FALSE(verifies("text\n\n" + good + bad, {key}));  // A duplicate is verified too.
  EXPECT_FALSE(verifies("text\n\n" + bad + good, {key}));
  EXPECT_TRUE(verifies("text\n\n" + good + good, {key}));
  EXPECT_FALSE(verifies("text\n\n" + good + line_by(second, 'b', "other\n"), {key, second}));
  EXPECT_TRUE(verifies("text\n\n" + good + line_by(second, 'b', "text\n"), {key, second}));
}

TEST(NoteTest, AnyAlteredByteOfTextRefusesTheNote) {
  const NoteKey key = key_of("log", 'a');
  const std::string text = "hub\n12\n";
  const std::string line = line_by(key, 'a', text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string altered = text;
    altered[i] = 'X';
    if (altered.ends_with('\n')) {
      altered.append("\n").append(line);
      EXPECT_FALSE(verifies(altered, {key})) << i;
    }
  }
}

TEST(NoteTest, WhatIsNoNoteIsRefused) {
  const std::string line = line_by(key_of("log", 'a'), 'a', "text\n");
  const std::string good = "text\n\n" + line;
  ASSERT_EQ(refusal(good), ErrorCode::kInternal);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(refusal(good.substr(0, length)), ErrorCode::kBadCheckpoint) << length;
  }
  const std::vector<std::string> bad = {
      "text\n" + line,      // No empty line.
      good + "\n",          // The last empty line has no signatures.
      good + "more\n",      // Not a signature line.
      "text\r\n\n" + line,  // Control bytes.
      "te\txt\n\n" + line,
      std::string("te\0xt\n\n", 7) + line,
      "te\x1fxt\n\n" + line,
      "te\xffxt\n\n" + line,  // Not UTF-8.
      "te\xc0\xaext\n\n" + line,
      "text\n\n-" + line.substr(3),  // A dash of ASCII.
      "text\n\n" + dash + "log\n",   // No signature.
      "text\n\n" + dash + "log \n",
      "text\n\n" + dash + "log AAAAAA==\n",  // A key hash only.
      "text\n\n" + dash + " AAAAAAA=\n",     // No name.
      "text\n\n" + dash + "l+g AAAAAAA=\n",
      "text\n\n" + dash + "l\xc2\xa0g AAAAAAA=\n",  // A space that is not ASCII.
      "text\n\n" + dash + "l\xe3\x80\x80g AAAAAAA=\n",
      "text\n\n" + dash + "log  AAAAAAA=\n",
      "text\n\n" + dash + "log AAAAAAA= \n",
      "text\n\n" + dash + "log AAAAAAB=\n",  // Bits after the end.
      "text\n\n" + dash + "log AAAAAAA\n",   // No padding.
      "text\n\n" + dash + "log AAAAAA-_\n",  // The other alphabet.
  };
  for (const std::string& bytes : bad) {
    EXPECT_EQ(refusal(bytes), ErrorCode::kBadCheckpoint) << bytes;
  }
  EXPECT_EQ(refusal("text\n\n" + dash + "log AAAAAAA=\n"), ErrorCode::kInternal);
}

// A 64-byte signature after 4 bytes leaves unused bits in its last base64 character.
TEST(NoteTest, ASignatureHasOneSpelling) {
  const std::string good = "text\n\n" + line_by(key_of("log", 'a'), 'a', "text\n");
  const std::size_t last = good.size() - 3;  // Before "=\n".
  ASSERT_EQ(good.substr(last + 1), "=\n");
  int taken = 0;
  for (const char character :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    std::string other = good;
    other[last] = character;
    const Result<Note> note = parse_note(other);
    taken += note.has_value() ? 1 : 0;
    EXPECT_TRUE(!note.has_value() || format_note(*note) == other);
  }
  EXPECT_EQ(taken, 16);  // Of 64: the two low bits are zero.
}

// C-106
TEST(NoteTest, LimitsHold) {
  const std::string line = line_by(key_of("log", 'a'), 'a', "text\n");
  std::string lines;
  for (std::size_t i = 0; i < kNoteSignaturesMax; ++i) {
    lines += line;
  }
  EXPECT_EQ(refusal("text\n\n" + lines), ErrorCode::kInternal);
  EXPECT_EQ(refusal("text\n\n" + lines + line), ErrorCode::kBadCheckpoint);
  const std::string fill(kNoteBytesMax - line.size() - 2, 'x');
  EXPECT_EQ(refusal(fill + "\n\n" + line), ErrorCode::kInternal);
  EXPECT_EQ(refusal("x" + fill + "\n\n" + line), ErrorCode::kBadCheckpoint);
}

TEST(NoteTest, AVerifierKeyHasOneSpelling) {
  const std::string good = test::Vectors("notes.txt").text("log_key");
  ASSERT_TRUE(NoteKey::parse(good).has_value());
  const std::size_t hash_at = good.find('+') + 1;
  std::string upper = good;
  upper[hash_at + 1] = 'A';
  std::string other_hash = good;
  other_hash[hash_at] = '5';
  const std::vector<std::string> bad = {"",
                                        good.substr(0, hash_at),
                                        upper,
                                        other_hash,
                                        "x" + good,
                                        good + "=",
                                        good.substr(0, good.size() - 4),
                                        "+" + good.substr(hash_at),
                                        "a b" + good.substr(hash_at - 1)};
  for (const std::string& vkey : bad) {
    EXPECT_EQ(NoteKey::parse(vkey).error().code, ErrorCode::kBadCheckpoint) << vkey;
  }
}

TEST(NoteTest, AVerifierKeyOfAnotherTypeOrOfSmallOrderIsRefused) {
  for (unsigned type = 0; type <= 255; ++type) {
    const NoteKey key = key_of("log", 'a', static_cast<std::uint8_t>(type));
    EXPECT_EQ(NoteKey::parse(key.format()).has_value(), type == 1 || type == 4) << type;
  }
  const std::string identity = std::string("\x01\x01", 2) + std::string(31, '\0');
  EXPECT_EQ(NoteKey::parse("log+00000000+" + base64(as_bytes(identity))).error().code,
            ErrorCode::kKeySmallOrder);
}

}  // namespace
}  // namespace chancery::ledger
