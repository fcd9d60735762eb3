#include "core/exchange/seal.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/hpke.h"
#include "core/crypto/secret.h"
#include "core/crypto/sha256.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"

namespace chancery::exchange {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSealLabel = "chancery/v1 seal\0"sv;
constexpr std::string_view kNoticeKeyLabel = "chancery/v1 notice key\0"sv;
constexpr std::size_t kLengthBytes = kTextPrefixBytes - kTextSaltBytes;
constexpr std::size_t kSmallClassMax = 4096;
constexpr std::array<std::uint8_t, crypto::kAeadNonceBytes> kNonce{};  // Each key seals once.

std::string notice_key(std::string_view content_key, std::string_view header_bytes) {
  std::string info(kNoticeKeyLabel);
  info += as_view(crypto::sha256({as_bytes(header_bytes)}));
  return crypto::hkdf_expand(as_bytes(content_key), as_bytes(info), crypto::kAeadKeyBytes);
}

void append_code(std::string& bytes, std::string_view code) {
  bytes += static_cast<char>(code.size());
  bytes += code;
}

}  // namespace

std::size_t size_class(std::size_t bytes) {
  const std::size_t next = std::bit_ceil(bytes);
  if (next <= kSmallClassMax) {
    return next;
  }
  const std::size_t step = next / 2 / 8;
  return (bytes + step - 1) / step * step;
}

Result<std::string> pad_text(std::string_view salt, std::string_view text) {
  CHANCERY_CHECK(salt.size() == kTextSaltBytes);
  if (text.size() > kTextBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a text of " + std::to_string(text.size()) +
                                               " bytes, at most " + std::to_string(kTextBytesMax));
  }
  std::string plaintext(salt);
  plaintext += as_view(u64_be(text.size())).substr(8 - kLengthBytes);
  plaintext += text;
  plaintext.resize(size_class(plaintext.size()));
  return plaintext;
}

Result<std::string> unpad_text(std::string_view plaintext) {
  if (plaintext.size() < kTextPrefixBytes) {
    return fail(ErrorCode::kSealMalformed, "the plaintext is shorter than its prefix");
  }
  std::uint64_t length = 0;
  for (const char byte : plaintext.substr(kTextSaltBytes, kLengthBytes)) {
    length = (length << 8U) | static_cast<std::uint8_t>(byte);
  }
  if (length > plaintext.size() - kTextPrefixBytes ||
      plaintext.size() != size_class(kTextPrefixBytes + static_cast<std::size_t>(length))) {
    return fail(ErrorCode::kSealMalformed, "the plaintext's length is not that of its text");
  }
  const std::string_view text =
      plaintext.substr(kTextPrefixBytes, static_cast<std::size_t>(length));
  const std::string_view padding = plaintext.substr(kTextPrefixBytes + text.size());
  if (std::ranges::any_of(padding, [](char c) { return c != 0; })) {
    return fail(ErrorCode::kSealMalformed, "the padding is not zero");
  }
  return std::string(text);
}

std::string seal_info(const Hash& genesis, std::string_view origin,
                      std::span<const std::string> recipient_codes) {
  std::string recipients;
  for (const std::string& code : recipient_codes) {
    append_code(recipients, code);
  }
  std::string info(kSealLabel);
  info += as_view(genesis);
  append_code(info, origin);
  info += as_view(crypto::sha256({as_bytes(recipients)}));
  return info;
}

Result<SealGroup> SealGroup::make(std::string_view info, std::span<const crypto::PublicKey> keys,
                                  std::string_view random) {
  CHANCERY_CHECK(random.size() == random_bytes_needed(keys.size()));
  SealGroup group;
  group.content_key_ = std::string(random.substr(0, 32));
  std::vector<v1::Stanza> stanzas;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHANCERY_TRY(crypto::HpkeSealed sealed,
                 crypto::hpke_seal(keys[i], as_bytes(info), {}, as_bytes(group.content_key_),
                                   as_bytes(random.substr(32 * (i + 1), 32))));
    v1::Stanza& stanza = stanzas.emplace_back();
    stanza.set_key_id(to_string(keys[i].id()));
    stanza.set_enc(std::move(sealed.enc));
    stanza.set_ct(std::move(sealed.ct));
  }
  std::ranges::sort(stanzas, {}, &v1::Stanza::key_id);
  for (v1::Stanza& stanza : stanzas) {
    *group.stanzas_.add_stanzas() = std::move(stanza);
  }
  return group;
}

SealGroup::~SealGroup() {
  crypto::wipe(content_key_);
}

Result<std::string> SealGroup::seal(std::string_view header_bytes,
                                    std::string_view plaintext) const {
  std::string key = notice_key(content_key_, header_bytes);
  const crypto::WipeAtEnd wiped(key);
  v1::Body body;
  *body.mutable_sealed() = stanzas_;
  CHANCERY_TRY(*body.mutable_sealed()->mutable_ciphertext(),
               crypto::aes256gcm_seal(as_bytes(key), kNonce, {}, as_bytes(plaintext)));
  std::string bytes = body.SerializeAsString();
  if (bytes.size() > kBodyBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a body of " + std::to_string(bytes.size()) +
                                               " bytes, at most " + std::to_string(kBodyBytesMax));
  }
  return bytes;
}

Opener::~Opener() {
  for (auto& [fingerprint, key] : cache_) {
    crypto::wipe(key);
  }
}

Result<std::string> Opener::content_key(std::string_view info, const v1::Stanza& stanza,
                                        const crypto::PrivateKey& key) {
  const Hash fingerprint = crypto::sha256(
      {as_bytes(info), as_bytes(stanza.key_id()), as_bytes(stanza.enc()), as_bytes(stanza.ct())});
  if (const auto kept = cache_.find(fingerprint); kept != cache_.end()) {
    return kept->second;
  }
  CHANCERY_TRY(
      std::string content_key,
      crypto::hpke_open(key, as_bytes(stanza.enc()), as_bytes(info), {}, as_bytes(stanza.ct())));
  if (cache_order_.size() >= cache_count_max_) {
    const auto oldest = cache_.find(cache_order_.front());
    crypto::wipe(oldest->second);
    cache_.erase(oldest);
    cache_order_.pop_front();
  }
  cache_.emplace(fingerprint, content_key);
  cache_order_.push_back(fingerprint);
  return content_key;
}

Result<std::string> Opener::open(const Hash& genesis, std::string_view origin,
                                 std::span<const std::string> recipient_codes,
                                 std::string_view header_bytes, const v1::SealedBody& sealed,
                                 std::string_view digest) {
  const std::string info = seal_info(genesis, origin, recipient_codes);
  for (const v1::Stanza& stanza : sealed.stanzas()) {
    const auto mine = std::ranges::find_if(keys_, [&](const crypto::PrivateKey& key) {
      return as_view(key.public_key().id()) == stanza.key_id();
    });
    if (mine == keys_.end()) {
      continue;
    }
    CHANCERY_TRY(std::string content, content_key(info, stanza, *mine));
    const crypto::WipeAtEnd content_wiped(content);
    std::string key = notice_key(content, header_bytes);
    const crypto::WipeAtEnd key_wiped(key);
    CHANCERY_TRY(std::string plaintext,
                 crypto::aes256gcm_open(as_bytes(key), kNonce, {}, as_bytes(sealed.ciphertext())));
    if (as_view(text_digest(plaintext)) != digest) {
      return fail(ErrorCode::kTextDigestMismatch, "the sealed text is not the one signed for");
    }
    return plaintext;
  }
  return fail(ErrorCode::kUnknownKey, "no stanza is for this node");
}

}  // namespace chancery::exchange
