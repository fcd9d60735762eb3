#include "cli/ceremony.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/secret.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"

namespace chancery::cli {
namespace {

constexpr std::uint32_t kKemX25519 = 32;  // DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1.
constexpr std::size_t kSaltBytes = 16;

}  // namespace

Result<crypto::PrivateKey> Ceremony::make_key(crypto::Algorithm algorithm) {
  std::string seed = random_(crypto::kKeyBytes);
  const crypto::WipeAtEnd wipe(seed);
  return crypto::PrivateKey::from_seed(algorithm, as_bytes(seed));
}

exchange::EntryProposal Ceremony::propose(const v1::DirectoryEntry& entry, std::string_view origin,
                                          std::optional<Hash> genesis) {
  const std::string random = random_(10);
  std::array<std::uint8_t, 10> tail{};
  std::ranges::copy(as_bytes(random), tail.begin());
  const std::string notice_id = make_uuid_v7(time_us_ / 1000, tail);
  const exchange::Stamp stamp = {
      .salt = random_(kSaltBytes), .created_at_us = time_us_++, .log_seen = std::nullopt};
  return {entry, origin, notice_id, stamp, genesis};
}

Result<void> sign_with(exchange::EntryProposal& proposal, const crypto::PrivateKey& key) {
  std::string seed = key.raw();
  const crypto::WipeAtEnd wipe(seed);
  CHANCERY_TRY(crypto::PrivateKey copy,
               crypto::PrivateKey::from_seed(key.public_key().algorithm(), as_bytes(seed)));
  crypto::KeySigner signer(std::move(copy));
  return proposal.sign(signer);
}

Result<NodeKeys> make_node_keys(Ceremony& ceremony, bool witness) {
  CHANCERY_TRY(crypto::PrivateKey signing, ceremony.make_key(crypto::Algorithm::kEd25519));
  std::optional<crypto::PrivateKey> witness_key;
  if (witness) {
    CHANCERY_TRY(witness_key, ceremony.make_key(crypto::Algorithm::kEd25519));
  }
  CHANCERY_TRY(crypto::PrivateKey transport, ceremony.make_key(crypto::Algorithm::kX25519));
  CHANCERY_TRY(crypto::PrivateKey sealing, ceremony.make_key(crypto::Algorithm::kX25519));
  return NodeKeys{.signing = std::move(signing),
                  .witness = std::move(witness_key),
                  .transport = std::move(transport),
                  .sealing = std::move(sealing)};
}

Result<v1::DirectoryEntry> enrolment_of(std::string_view member, const NodeKeys& keys, bool voice) {
  v1::DirectoryEntry entry;
  v1::NodeEnrolment& node = *entry.mutable_node();
  node.set_member(std::string(member));
  node.set_signing_key(keys.signing.public_key().spki());
  node.set_voice(voice);
  if (keys.witness.has_value()) {
    node.set_witness_key(keys.witness->public_key().spki());
  }
  node.set_transport_key(to_string(keys.transport.public_key().raw()));
  v1::SealingKey& sealing = *node.add_sealing_keys();
  sealing.set_kem(kKemX25519);
  sealing.set_key(to_string(keys.sealing.public_key().raw()));
  sealing.set_state(v1::SEALING_KEY_STATE_CURRENT);
  CHANCERY_TRY(*entry.mutable_slot(), exchange::slot_for(entry));
  return entry;
}

Result<Founding> found(const Hash& genesis, std::span<const std::string> envelopes) {
  exchange::Directory directory(genesis);
  exchange::RootCache cache;
  v1::FoundingFile file;
  for (const std::string& bytes : envelopes) {
    CHANCERY_TRY(const exchange::Envelope envelope, exchange::parse_envelope(bytes, genesis));
    CHANCERY_TRY_VOID(directory.apply(envelope, cache));
    file.add_entries(bytes);
  }
  return Founding{.genesis = genesis, .file = file.SerializeAsString()};
}

}  // namespace chancery::cli
