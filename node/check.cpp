// Server::check(): what would stop a node's start, found without making or changing anything.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/keys.h"
#include "daemon/keys.h"
#include "daemon/places.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "node/server.h"

namespace chancery::node {
namespace {

constexpr std::string_view kIpcPrefix = "ipc://";

struct Keys {
  crypto::PublicKey signing;
  crypto::PublicKey transport;
  std::vector<crypto::PublicKey> sealing;
};

Result<Keys> read_keys(const Config& config) {
  const auto public_half = [](const std::string& path,
                              crypto::Algorithm algorithm) -> Result<crypto::PublicKey> {
    CHANCERY_TRY(const crypto::PrivateKey key, daemon::read_private_key(path, algorithm));
    return key.public_key();
  };
  CHANCERY_TRY(crypto::PublicKey signing,
               public_half(config.signing_key, crypto::Algorithm::kEd25519));
  if (!config.witness_key.empty()) {
    CHANCERY_TRY_VOID(public_half(config.witness_key, crypto::Algorithm::kEd25519));
  }
  CHANCERY_TRY(crypto::PublicKey transport,
               public_half(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY_VOID(public_half(config.local_key, crypto::Algorithm::kX25519));
  Keys keys{.signing = std::move(signing), .transport = std::move(transport), .sealing = {}};
  for (const std::string& path : config.sealing_keys) {
    CHANCERY_TRY(crypto::PublicKey sealing, public_half(path, crypto::Algorithm::kX25519));
    keys.sealing.push_back(std::move(sealing));
  }
  return keys;
}

void warn_not_enrolled(const std::string& path, std::uint64_t size) {
  log::warn("key-not-enrolled", {{"key", path}, {"log_size", size}});
}

// Warnings: keys are enrolled, and replaced, while a node runs or is down, and the store knows the
// directory only as far as the node has followed the log. None of this stops a start.
void compare_with_directory(const Config& config, const Keys& keys, const NodeState& state) {
  const exchange::Directory& directory = state.follower.directory();
  const std::uint64_t size = state.follower.size();
  if (!directory.founded()) {
    return;
  }
  const exchange::NodeInfo* const node = directory.active_node(keys.signing.id());
  if (node == nullptr || node->member != config.member) {
    warn_not_enrolled(config.signing_key, size);
    return;
  }
  if (!(node->transport_key == keys.transport)) {
    warn_not_enrolled(config.transport_key, size);
  }
  const crypto::PublicKey* const current = node->current_sealing_key();
  if (current != nullptr && std::ranges::find(keys.sealing, *current) == keys.sealing.end()) {
    log::warn("sealing-key-missing", {{"key_id", hex(current->id())}, {"log_size", size}});
  }
}

Result<void> check_store(const Config& config, const Keys& keys,
                         const daemon::StartOptions& options) {
  std::error_code unknown;  // Then check_store_place() has said why.
  if (!std::filesystem::exists(config.store, unknown)) {
    return {};
  }
  const Result<std::unique_ptr<NodeStore>> store =
      NodeStore::open(config.store, config.genesis, config.member, StoreUse::kAudit);
  if (!store.has_value() && store.error().code == ErrorCode::kStoreBusy) {
    log::info("store-in-use", {{"store", config.store}, {"checked", "all but its content"}});
    return {};
  }
  if (!store.has_value()) {
    return daemon::is_unfinished_store(config.store, kNodeStoreApplicationId)
               ? Result<void>()
               : std::unexpected(store.error());
  }
  // To an auditor zeroes mean any exchange, and any member will do.
  if ((*store)->genesis() != config.genesis || (*store)->member() != config.member) {
    return fail(ErrorCode::kWrongGenesis, config.store + " is of member " + (*store)->member() +
                                              " in exchange " + hex((*store)->genesis()));
  }
  CHANCERY_TRY(const NodeState state, (*store)->load());
  if (!options.trust_clock) {
    CHANCERY_TRY(const std::uint64_t stored_ms, (*store)->clock_seen_ms());
    CHANCERY_TRY_VOID(daemon::require_clock(stored_ms, os::unix_ms()));
  }
  compare_with_directory(config, keys, state);
  return {};
}

Result<void> check_sockets(const Config& config) {
  CHANCERY_TRY_VOID(daemon::check_socket_place("admin", config.admin));
  if (config.local.starts_with(kIpcPrefix)) {
    CHANCERY_TRY_VOID(daemon::check_socket_place("local", config.local.substr(kIpcPrefix.size())));
  }
  if (!config.feed.empty()) {
    CHANCERY_TRY_VOID(daemon::check_socket_place("feed", config.feed));
  }
  return {};
}

}  // namespace

Result<void> Server::check(const Config& config, const daemon::StartOptions& options) {
  CHANCERY_TRY(const Keys keys, read_keys(config));
  CHANCERY_TRY_VOID(daemon::check_store_place("store", config.store));
  if (options.sockets) {
    CHANCERY_TRY_VOID(check_sockets(config));
  }
  return check_store(config, keys, options);
}

}  // namespace chancery::node
