// NodeStore: its records looked at again, without anybody having asked for them.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/ledger/tree.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

// Whether they go on where the tree is, and make this root. `entries` gets their E.
bool append_leaves(ledger::CompactTree& tree, std::uint64_t first, std::uint64_t size_after,
                   std::string_view leaves, std::string_view root,
                   std::vector<Hash>* entries = nullptr) {
  const std::uint64_t count = leaves.size() / ledger::kLeafBytes;
  if (first != tree.size() || leaves.size() % ledger::kLeafBytes != 0 ||
      first + count != size_after) {
    return false;
  }
  for (std::size_t at = 0; at < leaves.size(); at += ledger::kLeafBytes) {
    const Result<ledger::Leaf> leaf =
        ledger::parse_leaf(as_bytes(leaves).subspan(at, ledger::kLeafBytes));
    if (!leaf.has_value()) {
      return false;
    }
    tree.append(ledger::leaf_hash(*leaf));
    if (entries != nullptr) {
      entries->push_back(leaf->entry);
    }
  }
  return as_view(tree.root()) == root;
}

// What is void may never have been what was logged.
bool may_differ(std::uint64_t verdict) {
  return static_cast<Verdict>(verdict) == Verdict::kVoid;
}

// One that fails its hash is among the damages by now, and the look goes on.
template <class Record>
Result<bool> looked_at(const Result<Record>& record) {
  if (!record.has_value() && record.error().code != ErrorCode::kStoreDamaged) {
    return std::unexpected(record.error());
  }
  return true;
}

}  // namespace

Result<void> NodeStore::Impl::write_anchor(std::uint64_t size, std::string_view edge) {
  CHANCERY_TRY(sqlite::Statement* const put,
               statement("INSERT INTO anchor(size, edge) VALUES(?1, ?2) ON CONFLICT(size) DO "
                         "UPDATE SET edge = ?2"));
  return put->bind(1, size).bind(2, as_bytes(edge)).run();
}

Result<ledger::CompactTree> NodeStore::Impl::anchor_before(std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT a.size, a.edge, b.root FROM anchor a LEFT JOIN batch b ON "
                         "b.size_after = a.size WHERE a.size <= ?1 ORDER BY a.size DESC LIMIT 1"));
  select->bind(1, size);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return ledger::CompactTree();  // A short log, or one from before there were anchors.
  }
  CHANCERY_TRY(const std::uint64_t at, select->column_u64(0));
  CHANCERY_TRY(const std::string edge, select->column_blob(1));
  std::string root;
  if (!select->column_is_null(2)) {
    CHANCERY_TRY(root, select->column_blob(2));
  }
  select->reset();
  return exchange::resume_stored(at, edge, root);
}

Result<void> NodeStore::Impl::append_batches(ledger::CompactTree& tree,
                                             std::vector<Hash>& entries) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT first_index, size_after, leaves, root FROM batch WHERE "
                         "first_index >= ?1 ORDER BY first_index"));
  select->bind(1, tree.size());
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
    CHANCERY_TRY(const std::uint64_t size_after, select->column_u64(1));
    CHANCERY_TRY(const std::string leaves, select->column_blob(2));
    CHANCERY_TRY(const std::string root, select->column_blob(3));
    if (!append_leaves(tree, first, size_after, leaves, root, &entries)) {
      return fail(ErrorCode::kStoreDamaged, "the batch of entries " + std::to_string(first) +
                                                " to " + std::to_string(size_after) +
                                                " (excluded): its leaves make another root");
    }
  }
}

// The parts need no parsing: those that hash to the leaf are the ones that were judged.
void NodeStore::Impl::check_received(std::uint64_t index, std::string_view bytes,
                                     const std::optional<Hash>& logged) {
  const Result<Hash> entry = exchange::entry_of(bytes, genesis);
  if (!logged.has_value() || !entry.has_value() || *entry != *logged) {
    damaged("received", index,
            "the envelope received at " + std::to_string(index) + " does not hash to its leaf");
  }
}

Result<void> NodeStore::Impl::check_received_from(std::uint64_t from, std::uint64_t begin,
                                                  const std::vector<Hash>& entries) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT idx, envelope, verdict FROM received_whole WHERE idx >= ?1 "
                         "ORDER BY idx DESC"));
  select->bind(1, from);
  for (std::size_t bytes = 0; bytes < exchange::kTailBytesMax;) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string envelope, select->column_blob(1));
    CHANCERY_TRY(const std::uint64_t verdict, select->column_u64(2));
    bytes += envelope.size();
    if (may_differ(verdict)) {
      continue;
    }
    const bool is_logged = index >= begin && index - begin < entries.size();
    check_received(index, envelope,
                   is_logged ? std::optional(entries[index - begin]) : std::nullopt);
  }
  select->reset();
  return {};
}

std::unexpected<Error> NodeStore::Impl::damaged_outbox(std::string_view notice_id) {
  std::uint64_t number_of_row = 0;
  if (const auto select = statement("SELECT seq FROM outbox WHERE notice_id = ?1");
      select.has_value()) {
    (*select)->bind(1, as_bytes(notice_id));
    if (const auto row = (*select)->step(); row.has_value() && *row) {
      number_of_row = (*select)->column_u64(0).value_or(0);
    }
    (*select)->reset();
  }
  return std::unexpected(
      damaged("outbox", number_of_row, "outbox row " + uuid_text(as_bytes(notice_id))));
}

// False where there is no further batch.
Result<bool> NodeStore::Impl::scrub_batch(std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT b.first_index, b.size_after, b.leaves, b.root, a.edge FROM batch "
                         "b LEFT JOIN anchor a ON a.size = b.size_after WHERE b.first_index >= ?1 "
                         "ORDER BY b.first_index LIMIT 1"));
  select->bind(1, scrub.next);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return false;
  }
  CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
  CHANCERY_TRY(const std::uint64_t size_after, select->column_u64(1));
  CHANCERY_TRY(const std::string leaves, select->column_blob(2));
  CHANCERY_TRY(const std::string root, select->column_blob(3));
  std::string edge;
  if (!select->column_is_null(4)) {
    CHANCERY_TRY(edge, select->column_blob(4));
  }
  select->reset();
  bytes += leaves.size();
  scrub.next = std::max(size_after, first + 1);
  CHANCERY_TRY_VOID(tiles().mend(first, size_after));
  if (scrub.tree.has_value() && !append_leaves(*scrub.tree, first, size_after, leaves, root)) {
    damaged("batch", first,
            "the leaves of the batch at " + std::to_string(first) + " make another root");
    scrub.tree.reset();
  }
  if (!scrub.tree.has_value()) {  // Roots are compared again from the next anchor on.
    if (Result<ledger::CompactTree> anchor = exchange::resume_stored(size_after, edge, root);
        anchor.has_value()) {
      scrub.tree = *std::move(anchor);
    }
  }
  return true;
}

Result<bool> NodeStore::Impl::scrub_received(NodeStore& store, std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT idx, envelope, verdict FROM received_whole WHERE idx >= ?1 "
                         "ORDER BY idx LIMIT 1"));
  select->bind(1, scrub.next);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return false;
  }
  CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
  CHANCERY_TRY(const std::string envelope, select->column_blob(1));
  CHANCERY_TRY(const std::uint64_t verdict, select->column_u64(2));
  select->reset();
  scrub.next = index + 1;
  bytes += envelope.size();
  if (may_differ(verdict)) {
    return true;
  }
  CHANCERY_TRY(const std::optional<ledger::Leaf> leaf, store.sound_leaf(index));
  check_received(index, envelope, leaf.has_value() ? std::optional(leaf->entry) : std::nullopt);
  return true;
}

Result<bool> NodeStore::Impl::scrub_inbox(NodeStore& store, std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT arrival FROM inbox WHERE arrival >= ?1 ORDER BY arrival LIMIT 1"));
  select->bind(1, scrub.next);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return false;
  }
  CHANCERY_TRY(const std::uint64_t arrival, select->column_u64(0));
  select->reset();
  scrub.next = arrival + 1;
  const Result<v1::InboxItem> item = store.inbox_item(arrival);
  bytes += item.has_value() ? item->text().size() : 0;
  return looked_at(item);
}

Result<bool> NodeStore::Impl::scrub_outbox(NodeStore& store, std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT seq, notice_id FROM outbox WHERE seq >= ?1 ORDER BY seq LIMIT 1"));
  select->bind(1, scrub.next);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return false;
  }
  CHANCERY_TRY(const std::uint64_t number_of_row, select->column_u64(0));
  CHANCERY_TRY(const std::string notice_id, select->column_blob(1));
  select->reset();
  scrub.next = number_of_row + 1;
  const Result<std::optional<OutboxRow>> own = store.find_outbox(notice_id);
  bytes += own.has_value() ? own->value_or(OutboxRow()).envelope.size() : 0;
  return looked_at(own);
}

// The next record of the part that the look is at; false where that part has no more.
Result<bool> NodeStore::Impl::scrub_one(NodeStore& store, std::size_t& bytes) {
  switch (scrub.part) {
    case 0:
      return scrub_batch(bytes);
    case 1:
      return scrub_received(store, bytes);
    case 2:
      return scrub_inbox(store, bytes);
    default:
      return scrub_outbox(store, bytes);
  }
}

Result<exchange::Scrubbed> NodeStore::scrub(std::size_t count_max, std::size_t bytes_max) {
  CHANCERY_TRY_VOID(impl_->database.check_files());
  constexpr int kParts = 4;
  exchange::Scrubbed scrubbed;
  for (std::size_t bytes = 0; scrubbed.record_count < count_max && bytes < bytes_max;) {
    CHANCERY_TRY(const bool more, impl_->scrub_one(*this, bytes));
    if (more) {
      ++scrubbed.record_count;
      continue;
    }
    impl_->scrub.next = 0;
    if (++impl_->scrub.part == kParts) {
      impl_->scrub = {};
      scrubbed.whole = true;
      return scrubbed;
    }
  }
  return scrubbed;
}

std::vector<exchange::Damage> NodeStore::take_damages() {
  return std::exchange(impl_->damages, {});
}

Result<bool> NodeStore::quarantine(const exchange::Damage& damage, std::uint64_t now_ms) {
  const bool own_transaction = !in_transaction();
  if (own_transaction) {
    CHANCERY_TRY_VOID(begin());
  }
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO quarantine(part, idx, code, reason, found_at_ms) "
                                "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"));
  CHANCERY_TRY_VOID(put->bind(1, std::string_view(damage.part))
                        .bind(2, damage.index)
                        .bind(3, static_cast<std::uint64_t>(damage.error.code))
                        .bind(4, std::string_view(damage.error.detail))
                        .bind(5, now_ms)
                        .run());
  const bool is_new = impl_->database.changes() > 0;
  impl_->standings.clear();  // Who awaits what is damaged is to meet the damage.
  if (own_transaction) {
    CHANCERY_TRY_VOID(commit());
  }
  return is_new;
}

Result<std::vector<exchange::Damage>> NodeStore::quarantined() {
  std::vector<exchange::Damage> damages;
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT part, idx, code, reason FROM quarantine ORDER BY id"));
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return damages;
    }
    exchange::Damage& damage = damages.emplace_back();
    CHANCERY_TRY(damage.part, select->column_text(0));
    CHANCERY_TRY(damage.index, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t code, select->column_u64(2));
    damage.error.code =
        error_code_from_wire(static_cast<std::uint32_t>(code)).value_or(ErrorCode::kInternal);
    CHANCERY_TRY(damage.error.detail, select->column_text(3));
  }
}

Result<std::vector<exchange::Damage>> NodeStore::check_tail() {
  CHANCERY_TRY(const std::uint64_t size, impl_->number("SELECT size FROM position"));
  const std::uint64_t from = size > exchange::kTailCount ? size - exchange::kTailCount : 0;
  CHANCERY_TRY(ledger::CompactTree tree, impl_->anchor_before(from));
  const std::uint64_t begin = tree.size();
  std::vector<Hash> entries;
  CHANCERY_TRY_VOID(impl_->append_batches(tree, entries));
  CHANCERY_TRY(sqlite::Statement* const head, impl_->statement("SELECT root, edge FROM position"));
  CHANCERY_TRY(const bool row, head->step());
  bool fits = tree.size() == size;
  if (row) {
    CHANCERY_TRY(const std::string root, head->column_blob(0));
    CHANCERY_TRY(const std::string edge, head->column_blob(1));
    fits = fits && as_view(tree.root()) == root && tree.edge_bytes() == edge;
  }
  head->reset();
  if (!fits) {
    return fail(ErrorCode::kStoreDamaged, "the leaves make another head than the stored one");
  }
  if (tree.size() - begin > 4 * exchange::kTailCount) {  // From before there were anchors.
    CHANCERY_TRY_VOID(impl_->write_anchor(tree.size(), tree.edge_bytes()));
  }
  CHANCERY_TRY_VOID(impl_->check_received_from(from, begin, entries));
  return impl_->damages;
}

Result<std::uint64_t> NodeStore::clock_seen_ms() {
  CHANCERY_TRY(const std::uint64_t written_us, impl_->number("SELECT created_at_us FROM clock"));
  const std::uint64_t created_at_us = std::max(written_us, impl_->clock_us.value_or(0));
  CHANCERY_TRY(const std::uint64_t arrived_at_ms,
               impl_->number("SELECT arrived_at_ms FROM inbox ORDER BY arrival DESC LIMIT 1"));
  return std::max(created_at_us / 1000, arrived_at_ms);
}

}  // namespace chancery::node
