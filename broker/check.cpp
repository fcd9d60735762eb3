#include "broker/check.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "broker/server.h"
#include "broker/store/sqlite_hub_store.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"
#include "daemon/keys.h"
#include "daemon/places.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/file.h"

namespace chancery::broker {
namespace {

constexpr std::size_t kFoundingBytesMax = 64U << 20U;

// The directory that an empty log would have after its founding.
Result<exchange::Directory> fold_founding(const Config& config) {
  CHANCERY_TRY(const v1::FoundingFile founding, read_founding(config.founding));
  exchange::Directory directory(config.genesis);
  exchange::RootCache cache;
  for (int i = 0; i < founding.entries_size(); ++i) {
    const Result<exchange::Envelope> envelope =
        exchange::parse_envelope(founding.entries(i), config.genesis);
    const Result<void> applied = envelope.has_value()
                                     ? directory.apply(*envelope, cache)
                                     : Result<void>(std::unexpected(envelope.error()));
    if (!applied.has_value()) {
      return fail(applied.error().code,
                  config.founding + ", entry " + std::to_string(i) + ": " + applied.error().detail);
    }
  }
  if (!directory.founded()) {
    return fail(ErrorCode::kInvalidEntry, config.founding + " holds no roster");
  }
  return directory;
}

// The directory that a start would begin with; nothing where a daemon has the store.
Result<std::optional<exchange::Directory>> directory_at_start(const Config& config,
                                                              const daemon::StartOptions& options) {
  std::error_code unknown;  // Then check_store_place() has said why.
  if (std::filesystem::exists(config.store, unknown)) {
    const Result<std::unique_ptr<HubStore>> store =
        open_sqlite_hub_store(config.store, config.genesis, StoreUse::kAudit);
    if (!store.has_value() && store.error().code == ErrorCode::kStoreBusy) {
      log::info("store-in-use", {{"store", config.store}, {"checked", "all but its content"}});
      return std::nullopt;
    }
    if (!store.has_value() && !daemon::is_unfinished_store(config.store, kHubStoreApplicationId)) {
      return std::unexpected(store.error());
    }
    if (!store.has_value()) {
      return fold_founding(config);
    }
    if ((*store)->genesis() != config.genesis) {  // To an auditor zeroes mean any exchange.
      return fail(ErrorCode::kWrongGenesis,
                  config.store + " is of exchange " + hex((*store)->genesis()));
    }
    CHANCERY_TRY(HubState state, (*store)->load());
    if (!options.trust_clock) {
      CHANCERY_TRY_VOID(daemon::require_clock(state.accepted_at_ms, os::unix_ms()));
    }
    if (state.tree.size() > 0) {
      return std::move(state.directory);
    }
  }
  return fold_founding(config);
}

}  // namespace

Result<v1::FoundingFile> read_founding(const std::string& path) {
  CHANCERY_TRY(const std::string bytes, os::read_file(path, kFoundingBytesMax));
  return exchange::parse_wire<v1::FoundingFile>(bytes, exchange::Reading::kStrict,
                                                {.bytes_max = kFoundingBytesMax});
}

Result<LogSigners> read_log_signers(const Config& config, bool unit_keys) {
  LogSigners signers;
  for (const std::string& path : {config.log_key, config.log_key_next}) {
    if (!path.empty()) {
      CHANCERY_TRY(std::optional<crypto::PrivateKey> key,
                   daemon::read_private_key_if(path, crypto::Algorithm::kEd25519, unit_keys));
      if (key.has_value()) {
        signers.push_back(std::make_unique<crypto::KeySigner>(std::move(*key)));
      }
    }
  }
  return signers;
}

Result<void> require_own_keys(const Config& config, const exchange::Directory& directory,
                              std::span<const crypto::PublicKey> log_keys,
                              const crypto::PublicKey& transport_key) {
  const crypto::PublicKey newest = directory.log_keys().back().key;
  if (std::ranges::find(log_keys, newest) == log_keys.end()) {
    return fail(ErrorCode::kHubKeyMissing,
                config.log_key + " is not the log key in the roster, " + hex(newest.id()));
  }
  if (directory.roster().hub().transport_key() != as_view(transport_key.raw())) {
    return fail(ErrorCode::kConfigInvalid,
                config.transport_key + " is not the hub's transport key in the roster");
  }
  return {};
}

Result<void> Server::check(const Config& config, const daemon::StartOptions& options) {
  CHANCERY_TRY(const LogSigners log_signers, read_log_signers(config, options.unit_keys));
  CHANCERY_TRY(const std::optional<crypto::PrivateKey> transport_key,
               daemon::read_private_key_if(config.transport_key, crypto::Algorithm::kX25519,
                                           options.unit_keys));
  CHANCERY_TRY_VOID(daemon::check_store_place("store", config.store));
  if (options.sockets) {
    CHANCERY_TRY_VOID(daemon::check_socket_place("admin", config.admin));
  }
  CHANCERY_TRY(const std::optional<exchange::Directory> directory,
               directory_at_start(config, options));
  const bool all_log_keys = log_signers.size() == (config.log_key_next.empty() ? 1 : 2);
  if (!directory.has_value() || !all_log_keys || !transport_key.has_value()) {
    return {};
  }
  return require_own_keys(config, *directory, public_keys(log_signers),
                          transport_key->public_key());
}

}  // namespace chancery::broker
