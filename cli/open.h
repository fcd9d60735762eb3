// `chancery open`: a sealed envelope and a key file, offline. Does the key open it?
//
// Tries more than a node would: every stanza, also those that name another key, and keys that are
// not for sealing at all (an Ed25519 key's 32 bytes are taken as an X25519 secret). So "it does not
// open" means what it says: whoever holds only this key cannot read the text. Judges neither
// signatures nor policy; `chancery audit verify` does.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chancery/v1/text.pb.h"
#include "cli/shared.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/exchange/envelope.h"

namespace chancery::cli {

struct OpenTrial {
  bool opened = false;
  bool named = false;            // A stanza is for this key.
  std::size_t stanza_count = 0;  // How many were tried.
  Error refused{};               // Where nothing opened: what the last try said.
  v1::Text text;                 // Where it opened.
};

// Errors are about the input; that nothing opens is an answer.
[[nodiscard]] Result<OpenTrial> try_open(const exchange::Envelope& envelope, const Hash& genesis,
                                         const crypto::PrivateKey& key);

// The bytes of an envelope from a file's content: raw, or in hexadecimal as --json shows it.
[[nodiscard]] Result<exchange::Envelope> read_envelope(std::string_view content,
                                                       const Hash& genesis);

struct OpenOptions {
  std::string envelope;  // A file.
  std::string key;       // A key file.
  std::string genesis;   // Or nothing, where Shared names an exchange.
};

[[nodiscard]] Result<int> run_open(const OpenOptions& options, const Shared& shared);

[[nodiscard]] std::string describe_trial(const OpenTrial& trial, const exchange::Envelope& envelope,
                                         bool json);

}  // namespace chancery::cli
