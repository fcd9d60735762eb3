// Ceremonies: making keys, proposing directory entries and signing them with whoever has a say.
//
// The one place where a command makes keys or directory entries; `exchange init` plays all parties
// at once, later ceremonies one each. Randomness and time are arguments, so that a test repeats a
// ceremony byte for byte; nothing is read or written here. Protocol chapter 6.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/crypto/signer.h"
#include "core/exchange/compose.h"

namespace chancery::cli {

// So many random bytes; os::random_bytes outside of tests.
using Random = std::function<std::string(std::size_t)>;

class Ceremony {
 public:
  Ceremony(Random random, std::uint64_t now_us) : random_(std::move(random)), time_us_(now_us) {}

  [[nodiscard]] Result<crypto::PrivateKey> make_key(crypto::Algorithm algorithm);
  // Two entries of one ceremony never have the same time: it must rise for each signing key.
  // `genesis` is nothing for the first roster of an exchange.
  [[nodiscard]] exchange::EntryProposal propose(const v1::DirectoryEntry& entry,
                                                std::string_view origin,
                                                std::optional<Hash> genesis);

 private:
  Random random_;
  std::uint64_t time_us_;
};

// A key pair on its way into a file, and into an entry. Signs with a copy of the key.
[[nodiscard]] Result<void> sign_with(exchange::EntryProposal& proposal,
                                     const crypto::PrivateKey& key);

// Everything secret that a node has. Made where the node will run.
struct NodeKeys {
  crypto::PrivateKey signing;
  std::optional<crypto::PrivateKey> witness;
  crypto::PrivateKey transport;
  crypto::PrivateKey sealing;
};

[[nodiscard]] Result<NodeKeys> make_node_keys(Ceremony& ceremony, bool witness);
// The enrolment of a new node in an empty slot, not signed yet.
[[nodiscard]] Result<v1::DirectoryEntry> enrolment_of(std::string_view member, const NodeKeys& keys,
                                                      bool voice);

struct Founding {
  Hash genesis{};
  std::string file;  // A v1.FoundingFile.
};

// Puts founding entries together, after folding them as every follower of the log will: what the
// directory refuses is refused here, with its own code.
[[nodiscard]] Result<Founding> found(const Hash& genesis, std::span<const std::string> envelopes);

}  // namespace chancery::cli
