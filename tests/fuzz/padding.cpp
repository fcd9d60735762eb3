// The padded text inside of a seal, whose length its writer chose.
//
// Holds: one padding per text, both ways; size classes rise, and cost at most the half of a small
// text and an eighth of a large one.

#include "core/exchange/seal.h"
#include "tests/fuzz/input.h"

namespace exchange = chancery::exchange;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view plaintext = chancery::as_view(chancery::Bytes(data, size));
  if (const auto text = exchange::unpad_text(plaintext); text.has_value()) {
    const auto padded = exchange::pad_text(plaintext.substr(0, exchange::kTextSaltBytes), *text);
    CHANCERY_CHECK(padded.has_value() && *padded == plaintext);
  }
  const std::string salt(exchange::kTextSaltBytes, 's');
  const auto padded = exchange::pad_text(salt, plaintext);
  CHANCERY_CHECK(padded.has_value() && exchange::unpad_text(*padded).value_or("") == plaintext);
  chancery::fuzz::Input input(data, size);
  const std::size_t bytes = 1 + input.number() % exchange::kTextBytesMax;
  const std::size_t padded_bytes = exchange::size_class(bytes);
  CHANCERY_CHECK(padded_bytes >= bytes && exchange::size_class(bytes + 1) >= padded_bytes);
  CHANCERY_CHECK(padded_bytes <= 2 * bytes && (bytes <= 4096 || 8 * padded_bytes < 9 * bytes + 8));
  CHANCERY_CHECK(exchange::size_class(padded_bytes) == padded_bytes);
  return 0;
}
