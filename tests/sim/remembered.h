// What a simulation computes once though an exchange computes it at each machine: signatures that
// are good, and what was sealed. remembered.cpp says why, and what still fails.

#pragma once

#include <memory>
#include <string>

#include "core/crypto/signer.h"

namespace chancery::sim {

// Signs with the key of this name (tests/support/keys.h): what it signed is not signed again, and
// verifies.
[[nodiscard]] std::unique_ptr<crypto::Signer> remembering_signer(const std::string& name);

}  // namespace chancery::sim
