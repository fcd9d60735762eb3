// NodeStore: its records looked at again, without anybody having asked for them.

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/ledger/tree.h"
#include "node/store/impl.h"

namespace chancery::node {

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

// All that follow, each against its root.
Result<void> NodeStore::Impl::append_batches(ledger::CompactTree& tree) {
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
    const std::uint64_t count = leaves.size() / ledger::kLeafBytes;
    const bool whole = first == tree.size() && leaves.size() % ledger::kLeafBytes == 0 &&
                       first + count == size_after;
    for (std::size_t at = 0; whole && at < leaves.size(); at += ledger::kLeafBytes) {
      CHANCERY_TRY(const ledger::Leaf leaf,
                   ledger::parse_leaf(as_bytes(leaves).subspan(at, ledger::kLeafBytes)));
      tree.append(ledger::leaf_hash(leaf));
    }
    if (!whole || as_view(tree.root()) != root) {
      return fail(ErrorCode::kStoreDamaged, "the batch of entries " + std::to_string(first) +
                                                " to " + std::to_string(size_after) +
                                                " (excluded): its leaves make another root");
    }
  }
}

Result<std::vector<exchange::Damage>> NodeStore::Impl::check_received(NodeStore& store,
                                                                      std::uint64_t from) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT idx, envelope, verdict FROM received WHERE idx >= ?1 "
                         "ORDER BY idx DESC"));
  select->bind(1, from);
  std::vector<exchange::Damage> damages;
  for (std::size_t bytes = 0; bytes < exchange::kTailBytesMax;) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string envelope_bytes, select->column_blob(1));
    CHANCERY_TRY(const std::uint64_t verdict, select->column_u64(2));
    bytes += envelope_bytes.size();
    if (verdict == static_cast<std::uint64_t>(Verdict::kVoid)) {
      continue;  // It may never have been what was logged.
    }
    const Result<ledger::Leaf> leaf = store.leaf(index);
    const Result<exchange::Envelope> envelope =
        exchange::parse_envelope(envelope_bytes, genesis, exchange::Bodies::kMaybeErased);
    if (!leaf.has_value() || !envelope.has_value() || envelope->entry != leaf->entry) {
      damages.push_back(
          {.part = "received",
           .index = index,
           .error = {ErrorCode::kStoreDamaged, "the envelope received at " + std::to_string(index) +
                                                   " does not hash to its leaf"}});
    }
  }
  select->reset();
  return damages;
}

Result<std::vector<exchange::Damage>> NodeStore::check_tail() {
  CHANCERY_TRY(const std::uint64_t size, impl_->number("SELECT size FROM position"));
  const std::uint64_t from = size > exchange::kTailCount ? size - exchange::kTailCount : 0;
  CHANCERY_TRY(ledger::CompactTree tree, impl_->anchor_before(from));
  const std::uint64_t begin = tree.size();
  CHANCERY_TRY_VOID(impl_->append_batches(tree));
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
  return impl_->check_received(*this, from);
}

Result<std::uint64_t> NodeStore::clock_seen_ms() {
  CHANCERY_TRY(const std::uint64_t created_at_us, impl_->number("SELECT created_at_us FROM clock"));
  CHANCERY_TRY(const std::uint64_t arrived_at_ms,
               impl_->number("SELECT arrived_at_ms FROM inbox ORDER BY arrival DESC LIMIT 1"));
  return std::max(created_at_us / 1000, arrived_at_ms);
}

}  // namespace chancery::node
