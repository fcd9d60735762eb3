// Private keys as a daemon reads them: in PEM, from files that nobody else can read, or from where
// a supervisor puts them (io/os/file.h).
//
// A file that others may read is refused (io/os/file.h). What was read is wiped; keys live in
// core/crypto, and as CURVE keys in io/zmq and inside libzmq.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/crypto/signer.h"
#include "io/zmq/curve.h"

namespace chancery::daemon {

// kFileMissing, kFilePermissions; kConfigInvalid where the file is no such key.
[[nodiscard]] Result<crypto::PrivateKey> read_private_key(const std::string& path,
                                                          crypto::Algorithm algorithm);

// The first that cannot be read is the error.
[[nodiscard]] Result<std::vector<crypto::PrivateKey>> read_private_keys(
    const std::vector<std::string>& paths, crypto::Algorithm algorithm);
// A signer by an Ed25519 key; null where no path is given.
[[nodiscard]] Result<std::unique_ptr<crypto::Signer>> read_signer_if(const std::string& path);

// For a check: nothing where `needed` is false and the source is a credential or a variable that is
// not there, since a supervisor gives those to the daemon alone.
[[nodiscard]] Result<std::optional<crypto::PrivateKey>> read_private_key_if(
    const std::string& source, crypto::Algorithm algorithm, bool needed);

// Exactly 32 bytes.
[[nodiscard]] zmq::CurveKey curve_key(Bytes raw);
[[nodiscard]] zmq::CurveKeyPair curve_pair(const crypto::PrivateKey& key);

// A CURVE key that is enrolled nowhere: for the self-test of admission.
[[nodiscard]] zmq::CurveSecret stranger_key();

}  // namespace chancery::daemon
