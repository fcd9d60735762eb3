#include "core/base/encoding.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>

namespace chancery {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// -1 where the character is no digit of the alphabet.
int digit_of(std::string_view alphabet, char character) {
  const std::size_t at = alphabet.find(character);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string hex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHexDigits[byte >> 4U];
    text += kHexDigits[byte & 0x0fU];
  }
  return text;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return fail(ErrorCode::kMalformed, "hexadecimal of odd length");
  }
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(kHexDigits, text[i]);
    const int low = digit_of(kHexDigits, text[i + 1]);
    if (high < 0 || low < 0) {
      return fail(ErrorCode::kMalformed, "not a lower-case hexadecimal digit");
    }
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Result<Hash> hash_from_hex(std::string_view text) {
  CHANCERY_TRY(const std::string bytes, from_hex(text));
  if (bytes.size() != Hash{}.size()) {
    return fail(ErrorCode::kMalformed,
                "a hash has 64 hexadecimal digits, found " + std::to_string(text.size()));
  }
  return hash_from(bytes);
}

std::string base64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < count ? bytes[i + k] : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kBase64Digits[(group >> (18U - 6U * k)) & 0x3fU] : '=';
    }
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return fail(ErrorCode::kMalformed, "base64 whose length is not a multiple of four");
  }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const int digit = k < digits ? digit_of(kBase64Digits, text[i + k]) : 0;
      if (digit < 0) {
        return fail(ErrorCode::kMalformed, "not a base64 character");
      }
      group = (group << 6U) | static_cast<std::uint32_t>(digit);
    }
    const std::size_t count = digits - 1;
    if ((group & ((1U << (24U - 8U * count)) - 1U)) != 0) {
      return fail(ErrorCode::kMalformed, "base64 with bits after its end");
    }
    for (std::size_t k = 0; k < count; ++k) {
      bytes += static_cast<char>((group >> (16U - 8U * k)) & 0xffU);
    }
  }
  return bytes;
}

Result<std::uint64_t> from_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) {
    return fail(ErrorCode::kMalformed, "not a decimal number without leading zeroes");
  }
  std::uint64_t value = 0;
  for (const char character : text) {
    if (character < '0' || character > '9') {
      return fail(ErrorCode::kMalformed, "not a decimal digit");
    }
    const auto digit = static_cast<std::uint64_t>(character - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      return fail(ErrorCode::kMalformed, "decimal number over 64 bits");
    }
    value = value * 10 + digit;
  }
  return value;
}

std::string uuid_text(Bytes uuid) {
  std::string text = hex(uuid);
  if (uuid.size() == 16) {
    for (const std::size_t at : {8U, 13U, 18U, 23U}) {
      text.insert(at, "-");
    }
  }
  return text;
}

Result<std::string> from_uuid_text(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return fail(ErrorCode::kMalformed, "a UUID is written 8-4-4-4-12");
  }
  std::string digits(text);
  std::erase(digits, '-');
  CHANCERY_TRY(std::string uuid, from_hex(digits));
  if (uuid.size() != 16) {
    return fail(ErrorCode::kMalformed, "a UUID is written 8-4-4-4-12");
  }
  return uuid;
}

std::string make_uuid_v7(std::uint64_t unix_ms, std::span<const std::uint8_t, 10> random) {
  std::string uuid;
  for (int shift = 40; shift >= 0; shift -= 8) {
    uuid += static_cast<char>(unix_ms >> static_cast<unsigned>(shift));
  }
  uuid += as_view(random);
  uuid[6] = static_cast<char>((static_cast<unsigned char>(uuid[6]) & 0x0fU) | 0x70U);
  uuid[8] = static_cast<char>((static_cast<unsigned char>(uuid[8]) & 0x3fU) | 0x80U);
  return uuid;
}

bool is_uuid_v7(Bytes uuid) {
  return uuid.size() == 16 && (uuid[6] & 0xf0U) == 0x70U && (uuid[8] & 0xc0U) == 0x80U;
}

void append_json_escape(std::string& out, char32_t code_point) {
  const auto append_unit = [&out](std::uint32_t unit) {
    out += "\\u";
    for (const std::uint32_t shift : {12U, 8U, 4U, 0U}) {
      out += kHexDigits[(unit >> shift) & 0xfU];
    }
  };
  if (code_point == '\n') {
    out += "\\n";
  } else if (code_point == '\r') {
    out += "\\r";
  } else if (code_point == '\t') {
    out += "\\t";
  } else if (code_point >= 0x10000) {
    append_unit(0xd800U + ((code_point - 0x10000U) >> 10U));
    append_unit(0xdc00U + ((code_point - 0x10000U) & 0x3ffU));
  } else {
    append_unit(code_point);
  }
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text);
}

}  // namespace chancery
