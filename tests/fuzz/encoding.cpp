// Hexadecimal, base64, decimals, UUIDs and UTF-8: what a peer, a file or a user wrote as text.
//
// Holds: one spelling per value, both ways; nothing that is accepted is longer than its text.

#include "core/base/encoding.h"

#include <string>

#include "tests/fuzz/input.h"

using chancery::as_bytes;
using chancery::Bytes;

namespace {

void check_text(std::string_view text) {
  if (const auto bytes = chancery::from_hex(text); bytes.has_value()) {
    CHANCERY_CHECK(chancery::hex(as_bytes(*bytes)) == text);
  }
  if (const auto hash = chancery::hash_from_hex(text); hash.has_value()) {
    CHANCERY_CHECK(chancery::hex(*hash) == text);
  }
  if (const auto bytes = chancery::from_base64(text); bytes.has_value()) {
    CHANCERY_CHECK(chancery::base64(as_bytes(*bytes)) == text);
  }
  if (const auto number = chancery::from_decimal(text); number.has_value()) {
    CHANCERY_CHECK(std::to_string(*number) == text);
  }
  if (const auto uuid = chancery::from_uuid_text(text); uuid.has_value()) {
    CHANCERY_CHECK(uuid->size() == 16 && chancery::uuid_text(as_bytes(*uuid)) == text);
  }
}

// A decoder of UTF-8 by the table of RFC 3629 section 4, to judge is_utf8() by.
bool follows_the_table(Bytes bytes) {
  const auto within = [](std::uint8_t byte, unsigned first, unsigned last) {
    return byte >= first && byte <= last;
  };
  while (!bytes.empty()) {
    const std::uint8_t lead = bytes[0];
    const std::size_t tails = within(lead, 0x00, 0x7f)   ? 0
                              : within(lead, 0xc2, 0xdf) ? 1
                              : within(lead, 0xe0, 0xef) ? 2
                              : within(lead, 0xf0, 0xf4) ? 3
                                                         : bytes.size();
    if (tails >= bytes.size()) {
      return false;
    }
    const unsigned first = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned last = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (std::size_t i = 1; i <= tails; ++i) {
      if (!within(bytes[i], i == 1 ? first : 0x80, i == 1 ? last : 0xbf)) {
        return false;
      }
    }
    bytes = bytes.subspan(tails + 1);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  check_text(chancery::as_view(bytes));
  check_text(chancery::hex(bytes));
  check_text(chancery::base64(bytes));
  check_text(chancery::uuid_text(bytes));
  CHANCERY_CHECK(chancery::from_hex(chancery::hex(bytes)).has_value());
  CHANCERY_CHECK(chancery::from_base64(chancery::base64(bytes)).has_value());
  CHANCERY_CHECK(chancery::is_utf8(chancery::as_view(bytes)) == follows_the_table(bytes));
  return 0;
}
