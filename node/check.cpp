// Server::check(): what would stop a node's start, found without making or changing anything.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/keys.h"
#include "daemon/keys.h"
#include "daemon/places.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/file.h"
#include "node/hooks.h"
#include "node/server.h"

namespace chancery::node {
namespace {

constexpr std::string_view kIpcPrefix = "ipc://";

using PublicKeyIf = std::optional<crypto::PublicKey>;

// Those that are there: see StartOptions::unit_keys.
struct Keys {
  PublicKeyIf signing;
  PublicKeyIf transport;
  std::vector<crypto::PublicKey> sealing;
  bool all_sealing = true;
};

Result<Keys> read_keys(const Config& config, bool unit_keys) {
  const auto public_half = [&](const std::string& path,
                               crypto::Algorithm algorithm) -> Result<PublicKeyIf> {
    CHANCERY_TRY(const std::optional<crypto::PrivateKey> key,
                 daemon::read_private_key_if(path, algorithm, unit_keys));
    return key.has_value() ? PublicKeyIf(key->public_key()) : std::nullopt;
  };
  CHANCERY_TRY(PublicKeyIf signing, public_half(config.signing_key, crypto::Algorithm::kEd25519));
  if (!config.witness_key.empty()) {
    CHANCERY_TRY_VOID(public_half(config.witness_key, crypto::Algorithm::kEd25519));
  }
  CHANCERY_TRY(PublicKeyIf transport,
               public_half(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY_VOID(public_half(config.local_key, crypto::Algorithm::kX25519));
  Keys keys{.signing = std::move(signing), .transport = std::move(transport), .sealing = {}};
  for (const std::string& path : config.sealing_keys) {
    CHANCERY_TRY(PublicKeyIf sealing, public_half(path, crypto::Algorithm::kX25519));
    keys.all_sealing = keys.all_sealing && sealing.has_value();
    if (sealing.has_value()) {
      keys.sealing.push_back(std::move(*sealing));
    }
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
  if (!directory.founded() || !keys.signing.has_value()) {
    return;
  }
  const exchange::NodeInfo* const node = directory.active_node(keys.signing->id());
  if (node == nullptr || node->member != config.member) {
    warn_not_enrolled(config.signing_key, size);
    return;
  }
  if (keys.transport.has_value() && !(node->transport_key == *keys.transport)) {
    warn_not_enrolled(config.transport_key, size);
  }
  const crypto::PublicKey* const current = node->current_sealing_key();
  if (current != nullptr && keys.all_sealing &&
      std::ranges::find(keys.sealing, *current) == keys.sealing.end()) {
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

// Warnings: a node starts with hooks that cannot be told.
void warn_of_hooks(const Config& config, bool unit_keys) {
  for (const HookConfig& hook : config.hooks) {
    if (!unit_keys && os::is_elsewhere(hook.secret)) {
      continue;
    }
    if (const Result<void> good = check_hook(hook); !good.has_value()) {
      log::warn("hook-failed", {{"hook", hook.name},
                                {"detail", good.error().to_string()},
                                {"remedy", error_info(good.error().code).remedy}});
    }
  }
}

}  // namespace

Result<void> Server::check(const Config& config, const daemon::StartOptions& options) {
  CHANCERY_TRY(const Keys keys, read_keys(config, options.unit_keys));
  CHANCERY_TRY_VOID(daemon::check_store_place("store", config.store));
  if (options.sockets) {
    CHANCERY_TRY_VOID(check_sockets(config));
  }
  warn_of_hooks(config, options.unit_keys);
  return check_store(config, keys, options);
}

}  // namespace chancery::node
