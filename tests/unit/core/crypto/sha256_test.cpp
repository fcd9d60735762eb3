#include "core/crypto/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/base/encoding.h"

namespace chancery::crypto {
namespace {

// FIPS 180-4, the examples published with it.
constexpr const char* kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kMillionAs =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, HashesTheStandardsExamples) {
  EXPECT_EQ(hex(sha256({})), kNothing);
  EXPECT_EQ(hex(sha256({as_bytes("")})), kNothing);
  EXPECT_EQ(hex(sha256({as_bytes("abc")})), kAbc);
}

TEST(Sha256Test, HashesPartsAsTheirConcatenation) {
  EXPECT_EQ(hex(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")})), kAbc);
}

TEST(Sha256Test, TakesBytesInPiecesAndStartsOver) {
  Sha256 hash;
  const std::string piece(1000, 'a');
  for (int i = 0; i < 1000; ++i) {
    hash.update(as_bytes(piece));
  }
  EXPECT_EQ(hex(hash.finish()), kMillionAs);
  EXPECT_EQ(hex(hash.finish()), kNothing);
}

TEST(Sha256Test, GoesOnAfterAMove) {
  Sha256 hash;
  hash.update(as_bytes("a"));
  Sha256 moved = std::move(hash);
  EXPECT_EQ(hex(sha256({as_bytes("abc")})), kAbc);  // One hash does not disturb another.
  moved.update(as_bytes("bc"));
  EXPECT_EQ(hex(moved.finish()), kAbc);
}

}  // namespace
}  // namespace chancery::crypto
