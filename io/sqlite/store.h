// Opening a store as its owner or as an auditor: made where there is none, brought to this
// program's format where it is older, refused with the file untouched where it is newer or another.
//
// A format is a list of steps: the first makes the tables of version 1, each other one turns the
// version before into its own. A step is SQL, and where SQL cannot read what has to be moved, a
// function after it. It is one transaction, so a crash in between leaves a store of
// the one version or of the other. A step that was published is never changed.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/sqlite/database.h"

namespace chancery::sqlite {

enum class StoreUse : std::uint8_t {
  kOwn,    // Read and write; made where there is no file.
  kAudit,  // Read only, of a store that nobody runs or of a copy.
};

struct StoreStep {
  std::string_view sql;
  Result<void> (*after)(Database&) = nullptr;
};

struct StoreFormat {
  std::uint32_t application_id = 0;
  std::span<const StoreStep> steps;  // Version n is what steps[n - 1] makes.

  [[nodiscard]] constexpr std::uint32_t version() const {
    return static_cast<std::uint32_t>(steps.size());
  }
};

// Where a store is, and how it is written.
struct StorePlace {
  std::string path;
  Medium medium;
};

// `fill` completes a store that is being made, in the transaction of the first step. kStoreDamaged
// where an audited store was never finished; one of an older version is brought to this one in a
// copy in TMPDIR. Otherwise the errors of Database::open().
[[nodiscard]] Result<Database> open_store(const StorePlace& place, const StoreFormat& format,
                                          StoreUse use,
                                          const std::function<Result<void>(Database&)>& fill);

}  // namespace chancery::sqlite
