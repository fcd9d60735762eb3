// SHA-256 (FIPS 180-4), the one hash of Chancery.
//
// core/crypto/ is the only folder that includes <openssl/*>; callers see bytes and Results. Safe
// from any thread; a Sha256 object belongs to one thread at a time.

#pragma once

#include <initializer_list>
#include <memory>

#include "core/base/bytes.h"

namespace chancery::crypto {

// Hash of the concatenation of `parts`, in order.
[[nodiscard]] Hash sha256(std::initializer_list<Bytes> parts);

// The same for bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256(Sha256&& other) noexcept;
  Sha256& operator=(Sha256&& other) noexcept;
  ~Sha256();

  void update(Bytes part);
  // The hash of all parts; the object then starts over, empty.
  [[nodiscard]] Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::crypto
