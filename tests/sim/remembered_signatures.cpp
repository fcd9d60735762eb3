// Seven daemons verify the same signatures, and the auditor verifies them again for each: half of
// the time of a simulation. A signature that was found good is good: the linker has
// crypto::verify() called here (CMakeLists.txt), and what was good once is not computed again. What
// is not good is computed each time.

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "core/base/bytes.h"
#include "core/crypto/keys.h"
#include "core/crypto/sha256.h"
#include "core/crypto/signer.h"

namespace chancery::crypto {

// CHANCERY_VERIFY is the name that the linker knows verify() by.
Result<void> real_verify(const PublicKey& key, Bytes message,
                         Bytes signature) asm("__real_" CHANCERY_VERIFY);
Result<void> remembered_verify(const PublicKey& key, Bytes message,
                               Bytes signature) asm("__wrap_" CHANCERY_VERIFY);

namespace {

constexpr std::size_t kRememberedMax = 100'000;

struct FirstBytes {
  std::size_t operator()(const Hash& hash) const {
    return std::hash<std::string_view>()(as_view(hash));
  }
};

}  // namespace

Result<void> remembered_verify(const PublicKey& key, Bytes message, Bytes signature) {
  static std::unordered_set<Hash, FirstBytes> good;
  Sha256 fingerprint;
  fingerprint.update(key.id());
  fingerprint.update(crypto::sha256({message}));
  fingerprint.update(signature);
  const Hash of_all = fingerprint.finish();
  if (good.contains(of_all)) {
    return {};
  }
  CHANCERY_TRY_VOID(real_verify(key, message, signature));
  if (good.size() >= kRememberedMax) {
    good.clear();
  }
  good.insert(of_all);
  return {};
}

}  // namespace chancery::crypto
