// NodeStore: what its witness cosigned, and what a quorum did.

#include "core/base/encoding.h"
#include "node/store/impl.h"

namespace chancery::node {

Result<WitnessState> NodeStore::witness_state() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT size, root, time_s FROM witness"));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return fail(ErrorCode::kStoreDamaged, "what the witness cosigned last is not there");
  }
  WitnessState state;
  CHANCERY_TRY(state.tree.size, select->column_u64(0));
  CHANCERY_TRY(const std::string root, select->column_blob(1));
  CHANCERY_TRY(state.time_s, select->column_u64(2));
  select->reset();
  if (root.size() != state.tree.root.size()) {
    return fail(ErrorCode::kStoreDamaged, "the root that the witness cosigned last");
  }
  state.tree.root = hash_from(root);
  return state;
}

Result<void> NodeStore::advance_witness(const WitnessState& last, const WitnessState& next) {
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE witness SET size = ?1, root = ?2, time_s = ?3 "
                                "WHERE size = ?4 AND root = ?5 AND time_s = ?6"));
  CHANCERY_TRY_VOID(update->bind(1, next.tree.size)
                        .bind(2, Bytes(next.tree.root))
                        .bind(3, next.time_s)
                        .bind(4, last.tree.size)
                        .bind(5, Bytes(last.tree.root))
                        .bind(6, last.time_s)
                        .run());
  return impl_->database.changes() == 1
             ? Result<void>()
             : fail(ErrorCode::kHeadMoved, "the witness has cosigned something else since");
}

Result<std::uint64_t> NodeStore::seen_line(const Hash& key_id) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT coalesce(max(size), 0) FROM seen_line WHERE key = ?1"));
  select->bind(1, Bytes(key_id));
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::uint64_t size, select->column_u64(0));
  select->reset();
  return size;
}

Result<void> NodeStore::put_seen_line(const Hash& key_id, std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO seen_line(key, size) VALUES(?1, ?2) "
                                "ON CONFLICT(key) DO UPDATE SET size = max(size, ?2)"));
  return put->bind(1, Bytes(key_id)).bind(2, size).run();
}

Result<void> NodeStore::forget_seen_line(const Hash& key_id) {
  CHANCERY_TRY(sqlite::Statement* const forget,
               impl_->statement("DELETE FROM seen_line WHERE key = ?1"));
  return forget->bind(1, Bytes(key_id)).run();
}

Result<void> NodeStore::name_seen_line(const Hash& key_id) {
  CHANCERY_TRY(const std::uint64_t unnamed,
               impl_->number("SELECT count(*) FROM seen_line WHERE key = x''"));
  if (unnamed == 0) {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const update,
               impl_->statement("UPDATE seen_line SET key = ?1 WHERE key = x''"));
  return update->bind(1, Bytes(key_id)).run();
}

Result<void> NodeStore::check_witness() {
  CHANCERY_TRY(const WitnessState state, witness_state());
  if (state.tree.size == 0) {
    return {};
  }
  CHANCERY_TRY(const std::optional<Hash> root, root_at(state.tree.size));
  return root == state.tree.root
             ? Result<void>()
             : fail(ErrorCode::kStoreDamaged, "what the witness cosigned last, of " +
                                                  std::to_string(state.tree.size) +
                                                  " entries, is not of the log in this store");
}

Result<std::optional<CosignedNote>> NodeStore::cosigned() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT size, time_s, note FROM cosigned"));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<CosignedNote>();
  }
  CosignedNote head;
  CHANCERY_TRY(head.size, select->column_u64(0));
  CHANCERY_TRY(head.time_s, select->column_u64(1));
  CHANCERY_TRY(head.note, select->column_blob(2));
  select->reset();
  return std::optional(std::move(head));
}

Result<void> NodeStore::put_cosigned(const CosignedNote& head) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO cosigned(id, size, time_s, note) VALUES(1, ?1, ?2, "
                                "?3) ON CONFLICT(id) DO UPDATE SET size = ?1, time_s = ?2, "
                                "note = ?3"));
  return put->bind(1, head.size).bind(2, head.time_s).bind(3, as_bytes(head.note)).run();
}

}  // namespace chancery::node
