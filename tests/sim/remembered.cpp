// Seven daemons verify the same signatures, and the auditor verifies them again for each; each
// recipient opens what its origin sealed. That was half of the time of a simulation. The linker has
// crypto::verify(), hpke_seal() and hpke_open() called here (CMakeLists.txt), and what is known is
// not computed again:
//
// - a signature that was found good, or that the real signer made for the same key and bytes;
// - what a signer signs, since Ed25519 has one signature for each key and bytes;
// - what the real hpke_seal() sealed to the same key, under the same info, to the same bytes.
//
// What is not known, as where a byte differs, is computed, each time if it is not good. One in
// kLookedAt of what was signed and sealed here is verified and opened as if it were not known.

#include "tests/sim/remembered.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/hpke.h"
#include "core/crypto/keys.h"
#include "core/crypto/sha256.h"
#include "tests/support/keys.h"

namespace chancery::crypto {

// These are the names that the linker knows the functions by.
Result<void> real_verify(const PublicKey& key, Bytes message,
                         Bytes signature) asm("__real_" CHANCERY_VERIFY);
Result<void> remembered_verify(const PublicKey& key, Bytes message,
                               Bytes signature) asm("__wrap_" CHANCERY_VERIFY);
Result<HpkeSealed> real_seal(const PublicKey& recipient, Bytes info, Bytes aad, Bytes plaintext,
                             Bytes ikm_e) asm("__real_" CHANCERY_HPKE_SEAL);
Result<HpkeSealed> remembered_seal(const PublicKey& recipient, Bytes info, Bytes aad,
                                   Bytes plaintext, Bytes ikm_e) asm("__wrap_" CHANCERY_HPKE_SEAL);
Result<std::string> real_open(const PrivateKey& recipient, Bytes enc, Bytes info, Bytes aad,
                              Bytes ct) asm("__real_" CHANCERY_HPKE_OPEN);
Result<std::string> remembered_open(const PrivateKey& recipient, Bytes enc, Bytes info, Bytes aad,
                                    Bytes ct) asm("__wrap_" CHANCERY_HPKE_OPEN);

namespace {

constexpr std::size_t kRememberedMax = 100'000;  // Of each kind.
constexpr std::uint64_t kLookedAt = 64;

struct FirstBytes {
  std::size_t operator()(const Hash& hash) const {
    std::size_t first = 0;
    std::memcpy(&first, hash.data(), sizeof(first));
    return first;
  }
};

template <class Known, class... Entry>
void remember(Known& known, Entry&&... entry) {
  if (known.size() >= kRememberedMax) {
    known.clear();
  }
  known.emplace(std::forward<Entry>(entry)...);
}

std::unordered_set<Hash, FirstBytes>& good_signatures() {
  static std::unordered_set<Hash, FirstBytes> good;
  return good;
}

std::unordered_map<Hash, std::string, FirstBytes>& sealed_texts() {
  static std::unordered_map<Hash, std::string, FirstBytes> sealed;
  return sealed;
}

// Nothing where a part whose length has to be fixed has another: the parts could be read otherwise.
std::optional<Hash> fingerprint(const PublicKey& key, Bytes message, Bytes signature) {
  return signature.size() == kSignatureBytes ? std::optional(sha256({key.id(), signature, message}))
                                             : std::nullopt;
}

std::optional<Hash> fingerprint(const PublicKey& recipient, Bytes enc, Bytes info, Bytes aad,
                                Bytes ct) {
  const std::array<std::uint8_t, 8> ct_bytes = u64_be(ct.size());
  return enc.size() == kHpkeEncBytes && aad.empty()
             ? std::optional(sha256({recipient.id(), enc, ct_bytes, ct, info}))
             : std::nullopt;
}

}  // namespace

Result<void> remembered_verify(const PublicKey& key, Bytes message, Bytes signature) {
  const std::optional<Hash> of_all = fingerprint(key, message, signature);
  if (of_all.has_value() && good_signatures().contains(*of_all)) {
    return {};
  }
  CHANCERY_TRY_VOID(real_verify(key, message, signature));
  if (of_all.has_value()) {
    remember(good_signatures(), *of_all);
  }
  return {};
}

Result<HpkeSealed> remembered_seal(const PublicKey& recipient, Bytes info, Bytes aad,
                                   Bytes plaintext, Bytes ikm_e) {
  static std::uint64_t count = 0;
  Result<HpkeSealed> sealed = real_seal(recipient, info, aad, plaintext, ikm_e);
  if (sealed.has_value() && ++count % kLookedAt != 0) {
    const std::optional<Hash> of_all =
        fingerprint(recipient, as_bytes(sealed->enc), info, aad, as_bytes(sealed->ct));
    if (of_all.has_value()) {
      remember(sealed_texts(), *of_all, std::string(as_view(plaintext)));
    }
  }
  return sealed;
}

Result<std::string> remembered_open(const PrivateKey& recipient, Bytes enc, Bytes info, Bytes aad,
                                    Bytes ct) {
  const std::optional<Hash> of_all = fingerprint(recipient.public_key(), enc, info, aad, ct);
  if (of_all.has_value()) {
    const auto known = sealed_texts().find(*of_all);
    if (known != sealed_texts().end()) {
      return known->second;
    }
  }
  return real_open(recipient, enc, info, aad, ct);
}

}  // namespace chancery::crypto

namespace chancery::sim {
namespace {

// A key is made of its name at each start of a program: here once.
crypto::KeySigner& signer_named(const std::string& name) {
  static std::map<std::string, std::unique_ptr<crypto::KeySigner>> known;
  std::unique_ptr<crypto::KeySigner>& signer = known[name];
  if (signer == nullptr) {
    signer = test::key_signer(name);
  }
  return *signer;
}

class RememberingSigner final : public crypto::Signer {
 public:
  explicit RememberingSigner(crypto::KeySigner& signer) : signer_(signer) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override {
    return signer_.public_key();
  }
  [[nodiscard]] Result<std::string> sign(Bytes message) override {
    static std::unordered_map<Hash, std::string, crypto::FirstBytes> made;
    static std::uint64_t count = 0;
    const Hash of_both = crypto::sha256({public_key().id(), message});
    if (const auto known = made.find(of_both); known != made.end()) {
      return known->second;
    }
    CHANCERY_TRY(std::string signature, signer_.sign(message));
    crypto::remember(made, of_both, signature);
    const std::optional<Hash> of_all =
        crypto::fingerprint(public_key(), message, as_bytes(signature));
    if (of_all.has_value() && ++count % crypto::kLookedAt != 0) {
      crypto::remember(crypto::good_signatures(), *of_all);
    }
    return signature;
  }

 private:
  crypto::KeySigner& signer_;
};

}  // namespace

std::unique_ptr<crypto::Signer> remembering_signer(const std::string& name) {
  return std::make_unique<RememberingSigner>(signer_named(name));
}

}  // namespace chancery::sim
