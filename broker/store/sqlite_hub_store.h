// The hub's store in one SQLite file: the embedded default.
//
//   exchange         genesis                                   one row
//   head             size, root, edge, accepted_at             one row: the compare-and-swap target
//   batch            first index -> size after, root, type, time, directory, checkpoint, and the E
//                                   of each of its entries
//   entry            index -> origin, notice id, N, header, body, signatures
//   feed             (member, urgent, first index) -> which entries of that batch they are sent
//   erased           index -> digest of the body that was there, when it was erased
//   directory_entry  index                                     which entries fold to the directory
//   clock            (signing key, precedence) -> created_at
//   conflict         (origin, notice id, N) -> a draft refused for its used id, and its envelope
//   anchor           size -> edge                              where a check of the log may begin
//   quarantine       (part, index) -> code, reason, times      records that fail their hash, and
//                                                              when one was restored
//
// WAL, synchronous=FULL, one connection: see io/sqlite. The schema's version is the file's
// user_version; a newer one is refused with the file untouched.

#pragma once

#include <memory>
#include <string>

#include "broker/store/hub_store.h"
#include "core/base/result.h"
#include "io/sqlite/store.h"

namespace chancery::broker {

using sqlite::StoreUse;

// kWrongGenesis where the file belongs to another exchange; the errors of io/sqlite otherwise. For
// an audit, `genesis` may be the zero hash: then the file's own word is taken.
[[nodiscard]] Result<std::unique_ptr<HubStore>> open_sqlite_hub_store(
    const std::string& path, const Hash& genesis, StoreUse use, const sqlite::Medium& medium = {});

inline constexpr std::uint32_t kHubStoreApplicationId = 0x43485562;  // "CHUb"
inline constexpr std::uint32_t kHubStoreVersion = 6;

}  // namespace chancery::broker
