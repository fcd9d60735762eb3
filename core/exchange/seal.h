// Sealing: who may read a text is decided by the origin and by nobody else.
//
// A content key lives for one signature batch and one recipient set. It is sealed by HPKE (RFC
// 9180, base mode) to each active node of each recipient and of the origin, in a stanza each; every
// notice of the batch derives its own key from it and its own header. The text is padded to a size
// class and salted, and the draft names its digest: one text can be disclosed and proved, and two
// texts for two recipients are impossible. Protocol chapter 5 (C-50 to C-59).
//
// Randomness is an argument. Content keys are wiped when their owner goes.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"

namespace chancery::exchange {

inline constexpr std::size_t kTextSaltBytes = 32;
inline constexpr std::size_t kTextPrefixBytes = kTextSaltBytes + 4;  // Salt and length.
// The largest text whose padded plaintext, tag and 64 stanzas fit a body.
inline constexpr std::size_t kTextBytesMax = 896U << 10U;

// The next power of two up to 4 KiB, then the next multiple of 1/8 of the power of two below.
[[nodiscard]] std::size_t size_class(std::size_t bytes);

// plaintext = salt (32) || u32 length, big-endian || text || zeros up to the size class
[[nodiscard]] Result<std::string> pad_text(std::string_view salt, std::string_view text);
// kSealMalformed unless it is exactly what pad_text makes.
[[nodiscard]] Result<std::string> unpad_text(std::string_view plaintext);

// info of HPKE: binds the exchange, the origin and the recipients. Codes ascend.
[[nodiscard]] std::string seal_info(const Hash& genesis, std::string_view origin,
                                    std::span<const std::string> recipient_codes);

// A content key and its stanzas: made once for the notices that are signed together to the same
// recipients.
class SealGroup {
 public:
  // `random` has 32 bytes for the content key and 32 for each key of `keys`.
  [[nodiscard]] static Result<SealGroup> make(std::string_view info,
                                              std::span<const crypto::PublicKey> keys,
                                              std::string_view random);
  SealGroup(const SealGroup&) = delete;
  SealGroup& operator=(const SealGroup&) = delete;
  SealGroup(SealGroup&&) = default;
  SealGroup& operator=(SealGroup&&) = delete;  // Would drop a key that is not wiped.
  ~SealGroup();

  [[nodiscard]] static std::size_t random_bytes_needed(std::size_t key_count) {
    return 32 * (1 + key_count);
  }

  // The bytes of a Body.
  [[nodiscard]] Result<std::string> seal(std::string_view header_bytes,
                                         std::string_view plaintext) const;

 private:
  SealGroup() = default;

  std::string content_key_;
  v1::SealedBody stanzas_;  // Without ciphertext.
};

// Opens what is sealed to this node. Content keys of recent stanzas are kept, since a batch shares
// them; the oldest is wiped first.
class Opener {
 public:
  explicit Opener(std::vector<crypto::PrivateKey> keys, std::size_t cache_count_max = 256)
      : keys_(std::move(keys)), cache_count_max_(cache_count_max) {}
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  Opener(Opener&&) noexcept = default;
  Opener& operator=(Opener&&) = delete;
  ~Opener();

  // The padded plaintext. kUnknownKey where no stanza is for these keys, kSealBroken where one is
  // and does not open, kTextDigestMismatch where it opens to another text than the draft names.
  [[nodiscard]] Result<std::string> open(const Hash& genesis, std::string_view origin,
                                         std::span<const std::string> recipient_codes,
                                         std::string_view header_bytes,
                                         const v1::SealedBody& sealed, std::string_view digest);

 private:
  Result<std::string> content_key(std::string_view info, const v1::Stanza& stanza,
                                  const crypto::PrivateKey& key);

  std::vector<crypto::PrivateKey> keys_;
  std::size_t cache_count_max_;
  std::map<Hash, std::string> cache_;  // SHA-256(info || stanza) -> content key.
  std::deque<Hash> cache_order_;
};

}  // namespace chancery::exchange
