// Own notices as items, and what a question for notices may be. NodeStore::find() answers them:
// docs/reference/cli.md, `chancery register` and `chancery search`.

#pragma once

#include <cstddef>
#include <cstdint>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "node/store/node_store.h"

namespace chancery::node {

inline constexpr std::uint32_t kFoundCountMax = 500;          // Of a page …
inline constexpr std::uint32_t kFoundCountDefault = 100;      // … where none is asked for.
inline constexpr std::size_t kFoundBytesMax = 2U << 20U;      // One that goes over is the last.
inline constexpr int kFindNamesMax = 64;                      // Of kinds, and of origins.
inline constexpr std::size_t kFindWordsMax = 32;              // Of a question …
inline constexpr std::size_t kFindWordsBytesMax = 4U << 10U;  // … and all of them.

// Of a row of the outbox, with its text.
[[nodiscard]] v1::InboxItem own_item(const OutboxRow& row, const Hash& genesis,
                                     std::uint64_t cosigned_size);

}  // namespace chancery::node
