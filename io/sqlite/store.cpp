#include "io/sqlite/store.h"

#include "io/sqlite/transaction.h"

namespace chancery::sqlite {

Result<Database> open_store(const StorePlace& place, const StoreFormat& format, StoreUse use,
                            const std::function<Result<void>(Database&)>& fill) {
  const OpenMode mode = use == StoreUse::kAudit              ? OpenMode::kReadOnly
                        : is_there(place.path, place.medium) ? OpenMode::kExisting
                                                             : OpenMode::kCreate;
  CHANCERY_TRY(Database database,
               Database::open(place.path, {.mode = mode,
                                           .application_id = format.application_id,
                                           .user_version = format.version(),
                                           .medium = place.medium}));
  CHANCERY_TRY(std::uint32_t version, database.user_version());
  if (use == StoreUse::kAudit && version == 0) {
    return fail(ErrorCode::kStoreDamaged, place.path + " has no tables: it was never finished");
  }
  if (use == StoreUse::kAudit && version < format.version()) {
    return fail(ErrorCode::kStoreVersion, place.path + " has version " + std::to_string(version) +
                                              ", older than " + std::to_string(format.version()) +
                                              ": start its daemon once, which updates it");
  }
  for (; version < format.version(); ++version) {
    CHANCERY_TRY(Transaction transaction, Transaction::begin(database));
    const StoreStep& step = format.steps[version];
    CHANCERY_TRY_VOID(database.execute(std::string(step.sql)));
    if (step.after != nullptr) {
      CHANCERY_TRY_VOID(step.after(database));
    }
    if (version == 0) {
      CHANCERY_TRY_VOID(fill(database));
    }
    CHANCERY_TRY_VOID(database.set_user_version(version + 1));
    CHANCERY_TRY_VOID(transaction.commit());
  }
  return database;
}

}  // namespace chancery::sqlite
