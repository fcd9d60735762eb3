#include "core/base/encoding.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace chancery {
namespace {

using namespace std::string_view_literals;

constexpr std::array<std::uint8_t, 10> kNoRandom{};

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
  }
  return bytes;
}

// What one call to is_utf8 is told about a code point: its bytes, without asking whether it may be.
std::string encoded(std::uint32_t point, std::size_t length) {
  constexpr std::array<std::uint32_t, 5> kLead = {0, 0x00, 0xc0, 0xe0, 0xf0};
  std::string bytes(length, '\0');
  for (std::size_t i = length; i-- > 1;) {
    bytes[i] = static_cast<char>(0x80U | (point & 0x3fU));
    point >>= 6U;
  }
  bytes[0] = static_cast<char>(kLead.at(length) | point);
  return bytes;
}

TEST(HexTest, EveryByteGoesThereAndBack) {
  EXPECT_EQ(hex(as_bytes("\x00\x9f\xff"sv)), "009fff");
  EXPECT_EQ(hex({}), "");
  EXPECT_EQ(from_hex(hex(as_bytes(all_bytes()))).value(), all_bytes());
}

TEST(HexTest, HasOneSpelling) {
  for (const std::string_view text :
       {"A0"sv, "a"sv, "abc"sv, "0x"sv, "g0"sv, " 0"sv, "a "sv, "0\0"sv, "\xd0\xb0"sv}) {
    EXPECT_EQ(from_hex(text).error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(HexTest, AHashHas64Digits) {
  const std::string text(64, 'a');
  EXPECT_EQ(hex(hash_from_hex(text).value()), text);
  EXPECT_FALSE(hash_from_hex(text.substr(2)).has_value());
  EXPECT_FALSE(hash_from_hex(text + "aa").has_value());
  EXPECT_FALSE(hash_from_hex("").has_value());
}

// RFC 4648 section 10.
TEST(Base64Test, MatchesTheVectorsOfRfc4648) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kVectors = {{
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  }};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(base64(as_bytes(bytes)), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
}

TEST(Base64Test, EveryLengthGoesThereAndBack) {
  const std::string bytes = all_bytes();
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string part = bytes.substr(bytes.size() - length);
    EXPECT_EQ(from_base64(base64(as_bytes(part))).value(), part) << length;
  }
}

TEST(Base64Test, HasOneSpelling) {
  for (const std::string_view text :
       {"Zg"sv, "Zg="sv, "Zg==="sv, "Zh=="sv, "Zm9="sv, "Z==="sv, "===="sv, "Zg==Zg=="sv, "Zm=v"sv,
        "Zm9v\n"sv, "Zm 9"sv, "Zm9-"sv, "Zm9_"sv, "Zg==\n\n\n\n"sv, "Zm9\0"sv}) {
    EXPECT_EQ(from_base64(text).error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(DecimalTest, ReadsTheWholeRangeOf64Bits) {
  EXPECT_EQ(from_decimal("0").value(), 0U);
  EXPECT_EQ(from_decimal("1000").value(), 1000U);
  EXPECT_EQ(from_decimal("18446744073709551615").value(),
            std::numeric_limits<std::uint64_t>::max());
}

TEST(DecimalTest, HasOneSpelling) {
  for (const std::string_view text :
       {""sv, "00"sv, "01"sv, "+1"sv, "-1"sv, " 1"sv, "1 "sv, "1.0"sv, "1e3"sv, "0x1"sv, "a"sv,
        "18446744073709551616"sv, "18446744073709551620"sv, "99999999999999999999"sv, "1\0"sv}) {
    EXPECT_EQ(from_decimal(text).error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(UuidTest, IsWritten84412) {
  const std::string text = "0190c3e2-0000-7abc-8def-0123456789ab";
  const std::string uuid = from_uuid_text(text).value();
  EXPECT_EQ(uuid.size(), 16U);
  EXPECT_EQ(uuid_text(as_bytes(uuid)), text);
}

TEST(UuidTest, HasOneSpelling) {
  for (const std::string_view text :
       {""sv, "0190c3e200007abc8def0123456789ab"sv, "0190C3E2-0000-7abc-8def-0123456789ab"sv,
        "{190c3e2-0000-7abc-8def-0123456789a}"sv, "0190c3e2-0000-7abc-8def-0123456789a"sv,
        "0190c3e2-0000-7abc-8def-0123456789abc"sv, "0190c3e20-000-7abc-8def-0123456789ab"sv,
        "0190c3e2-0000-7abc-8def--123456789ab"sv, "0190c3e2-0000-7abc-8def-0123456789aG"sv}) {
    EXPECT_FALSE(from_uuid_text(text).has_value()) << text;
  }
}

// RFC 9562 section 5.7: 48 bits of milliseconds, version 7, variant 0b10.
TEST(UuidTest, Version7HoldsTheTimeInFront) {
  std::array<std::uint8_t, 10> random{};
  random.fill(0xff);
  const std::string uuid = make_uuid_v7(0x0190'c3e2'1234, random);
  EXPECT_EQ(uuid_text(as_bytes(uuid)), "0190c3e2-1234-7fff-bfff-ffffffffffff");
  EXPECT_TRUE(is_uuid_v7(as_bytes(uuid)));
  EXPECT_LT(uuid, make_uuid_v7(0x0190'c3e2'1235, kNoRandom));
}

TEST(UuidTest, OtherVersionsVariantsAndLengthsAreNotVersion7) {
  const std::string good = make_uuid_v7(1, kNoRandom);
  for (unsigned version = 0; version < 16; ++version) {
    std::string uuid = good;
    uuid[6] = static_cast<char>(version << 4U);
    EXPECT_EQ(is_uuid_v7(as_bytes(uuid)), version == 7) << version;
  }
  for (unsigned variant = 0; variant < 4; ++variant) {
    std::string uuid = good;
    uuid[8] = static_cast<char>(variant << 6U);
    EXPECT_EQ(is_uuid_v7(as_bytes(uuid)), variant == 2) << variant;
  }
  EXPECT_FALSE(is_uuid_v7(as_bytes(good).first(15)));
  EXPECT_FALSE(is_uuid_v7(as_bytes(good + "x")));
  EXPECT_FALSE(is_uuid_v7({}));
}

// RFC 3629 section 3: the ranges of each length, at their ends.
TEST(Utf8Test, CodePointsAtTheEndsOfEachLengthAreValid) {
  for (const auto& [point, length] :
       std::initializer_list<std::pair<std::uint32_t, std::size_t>>{{0x00, 1},
                                                                    {0x7f, 1},
                                                                    {0x80, 2},
                                                                    {0x7ff, 2},
                                                                    {0x800, 3},
                                                                    {0xd7ff, 3},
                                                                    {0xe000, 3},
                                                                    {0xffff, 3},
                                                                    {0x10000, 4},
                                                                    {0x10ffff, 4}}) {
    EXPECT_TRUE(is_utf8(encoded(point, length))) << point;
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Ереван, Минск, Астана, Бишкек, Москва, Душанбе"));
}

TEST(Utf8Test, OverlongFormsSurrogatesAndWhatLiesBeyondAreInvalid) {
  for (const auto& [point, length] :
       std::initializer_list<std::pair<std::uint32_t, std::size_t>>{{0x00, 2},
                                                                    {0x2f, 2},
                                                                    {0x7f, 2},
                                                                    {0x7ff, 3},
                                                                    {0xffff, 4},
                                                                    {0xd800, 3},
                                                                    {0xdbff, 3},
                                                                    {0xdc00, 3},
                                                                    {0xdfff, 3},
                                                                    {0x110000, 4},
                                                                    {0x1fffff, 4}}) {
    EXPECT_FALSE(is_utf8(encoded(point, length))) << point << " in " << length;
  }
}

TEST(Utf8Test, LoneAndMissingContinuationsAreInvalid) {
  for (const std::string_view text :
       {"\x80"sv, "\xbf"sv, "a\x80"sv, "\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xc3("sv,
        "\xe2(\xa1"sv, "\xe2\x82("sv, "\xfe"sv, "\xff"sv, "\xf8\x88\x80\x80\x80"sv}) {
    EXPECT_FALSE(is_utf8(text)) << hex(as_bytes(text));
  }
}

// Cut anywhere, a text is valid exactly where a character ends.
TEST(Utf8Test, EveryCutInsideACharacterIsInvalid) {
  const std::string text = "aж€😀";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const bool at_end = length == 0 || length == 1 || length == 3 || length == 6 || length == 10;
    EXPECT_EQ(is_utf8(std::string_view(text).substr(0, length)), at_end) << length;
  }
}

// RFC 8259 section 7.
TEST(EncodingTest, ACodePointIsEscapedAsInJson) {
  const auto escaped = [](char32_t code_point) {
    std::string out = ">";
    append_json_escape(out, code_point);
    return out;
  };
  EXPECT_EQ(escaped(U'\n'), ">\\n");
  EXPECT_EQ(escaped(U'\r'), ">\\r");
  EXPECT_EQ(escaped(U'\t'), ">\\t");
  EXPECT_EQ(escaped(0), ">\\u0000");
  EXPECT_EQ(escaped(0x1b), ">\\u001b");
  EXPECT_EQ(escaped(0xffff), ">\\uffff");
  EXPECT_EQ(escaped(0x10000), ">\\ud800\\udc00");
  EXPECT_EQ(escaped(0x1d11e), ">\\ud834\\udd1e");  // The example of the RFC.
  EXPECT_EQ(escaped(0x10ffff), ">\\udbff\\udfff");
}

}  // namespace
}  // namespace chancery
