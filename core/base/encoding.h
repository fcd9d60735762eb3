// Hexadecimal and base64, strict: one spelling per value. And the escapes of JSON.
//
// Base64 is RFC 4648 section 4 with padding; the unused low bits of the last character must be
// zero, so that a signature has one spelling. UUIDs are RFC 9562.

#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery {

[[nodiscard]] std::string hex(Bytes bytes);  // Lower case.
[[nodiscard]] Result<std::string> from_hex(std::string_view text);
[[nodiscard]] Result<Hash> hash_from_hex(std::string_view text);  // 64 lower-case digits.

[[nodiscard]] std::string base64(Bytes bytes);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

// Decimal without sign or leading zeroes; "0" is zero.
[[nodiscard]] Result<std::uint64_t> from_decimal(std::string_view text);

// 16 bytes as 8-4-4-4-12.
[[nodiscard]] std::string uuid_text(Bytes uuid);
[[nodiscard]] Result<std::string> from_uuid_text(std::string_view text);
// UUIDv7 from a time in milliseconds and 10 random bytes.
[[nodiscard]] std::string make_uuid_v7(std::uint64_t unix_ms,
                                       std::span<const std::uint8_t, 10> random);
[[nodiscard]] bool is_uuid_v7(Bytes uuid);

// A code point in the escapes of JSON (RFC 8259 section 7): \n, \r and \t for these three, \u and
// four digits for the others, twice above U+FFFF.
void append_json_escape(std::string& out, char32_t code_point);

// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace chancery
