// What has to be right before a hub starts: looked at by the start itself and by `--check`.
//
// Server::check() (declared in server.h, defined here) goes through all of it without making or
// changing anything. One thread.

#pragma once

#include <span>
#include <string>

#include "broker/config.h"
#include "broker/engine/engine.h"
#include "chancery/v1/directory.pb.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/exchange/directory.h"

namespace chancery::broker {

// At most 64 MiB. kFileMissing, kLimitExceeded, or what the strict reading says.
[[nodiscard]] Result<v1::FoundingFile> read_founding(const std::string& path);

[[nodiscard]] Result<LogSigners> read_log_signers(const Config& config, bool unit_keys = true);

// kHubKeyMissing where none of the log keys is the newest in this directory, which is founded;
// kConfigInvalid where the transport key is not the hub's.
[[nodiscard]] Result<void> require_own_keys(const Config& config,
                                            const exchange::Directory& directory,
                                            std::span<const crypto::PublicKey> log_keys,
                                            const crypto::PublicKey& transport_key);

}  // namespace chancery::broker
