#include "io/sqlite/store.h"

#include "io/sqlite/transaction.h"

namespace chancery::sqlite {

namespace {

Result<void> bring_to(Database& database, const StoreFormat& format, std::uint32_t version,
                      const std::function<Result<void>(Database&)>& fill) {
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
  return {};
}

// Under another name until it is whole: what a crash leaves of it stands in nobody's way.
Result<void> make_store(const StorePlace& place, const OpenOptions& options,
                        const StoreFormat& format,
                        const std::function<Result<void>(Database&)>& fill) {
  CHANCERY_TRY_VOID(check_place(place.path));
  const std::string unfinished = place.path + ".new";
  remove_store(unfinished);
  const auto make = [&]() -> Result<void> {
    CHANCERY_TRY(Database database, Database::open(unfinished, options));
    CHANCERY_TRY_VOID(bring_to(database, format, 0, fill));
    return database.make_durable();
  };
  Result<void> made = make();
  if (made.has_value()) {
    made = give_place(unfinished, place.path);
  }
  if (!made.has_value()) {
    remove_store(unfinished);
  }
  return made;
}

}  // namespace

Result<Database> open_store(const StorePlace& place, const StoreFormat& format, StoreUse use,
                            const std::function<Result<void>(Database&)>& fill) {
  OpenOptions options{.mode = use == StoreUse::kAudit              ? OpenMode::kReadOnly
                              : is_there(place.path, place.medium) ? OpenMode::kExisting
                                                                   : OpenMode::kCreate,
                      .application_id = format.application_id,
                      .user_version = format.version(),
                      .medium = place.medium};
  if (options.mode == OpenMode::kCreate && place.medium.vfs.empty()) {
    CHANCERY_TRY_VOID(make_store(place, options, format, fill));
    options.mode = OpenMode::kExisting;
  }
  CHANCERY_TRY(Database database, Database::open(place.path, options));
  CHANCERY_TRY(const std::uint32_t version, database.user_version());
  if (use == StoreUse::kAudit && version == 0) {
    return fail(ErrorCode::kStoreDamaged, place.path + " has no tables: it was never finished");
  }
  const bool brings_copy = use == StoreUse::kAudit && version < format.version();
  if (brings_copy) {
    CHANCERY_TRY(database, database.temporary_copy());
  }
  CHANCERY_TRY_VOID(bring_to(database, format, version, fill));
  if (brings_copy) {
    CHANCERY_TRY_VOID(database.set_read_only());
  }
  return database;
}

}  // namespace chancery::sqlite
