#include "node/store/node_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

constexpr std::size_t kAlarmsKeptMax = 16;

// Folds a stored entry. What was folded once and does not fold now was altered since.
Result<void> fold(exchange::Directory& directory, std::uint64_t index, std::string_view bytes,
                  exchange::RootCache& cache) {
  const Result<exchange::Envelope> envelope = exchange::parse_envelope(bytes, directory.genesis());
  const Result<void> applied = envelope.has_value()
                                   ? directory.apply(*envelope, cache)
                                   : Result<void>(std::unexpected(envelope.error()));
  if (!applied.has_value()) {
    return fail(ErrorCode::kStoreDamaged, "directory entry " + std::to_string(index) +
                                              " does not fold: " + applied.error().to_string());
  }
  return {};
}

}  // namespace

NodeStore::NodeStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NodeStore::~NodeStore() = default;
const Hash& NodeStore::genesis() const {
  return impl_->genesis;
}
const std::string& NodeStore::member() const {
  return impl_->member;
}
bool NodeStore::in_transaction() const {
  return impl_->transaction.has_value();
}

Result<std::unique_ptr<NodeStore>> NodeStore::open(const std::string& path, const Hash& genesis,
                                                   std::string_view member, StoreUse use,
                                                   const sqlite::Medium& medium) {
  const auto fill = [&](sqlite::Database& made) -> Result<void> {
    CHANCERY_TRY(sqlite::Statement insert,
                 made.prepare("INSERT INTO exchange(id, genesis, member) VALUES(1, ?1, ?2)"));
    return insert.bind(1, Bytes(genesis)).bind(2, member).run();
  };
  CHANCERY_TRY(sqlite::Database database, sqlite::open_store({path, medium}, kFormat, use, fill));
  std::string stored_genesis;
  std::string stored_member;
  {
    CHANCERY_TRY(sqlite::Statement select,
                 database.prepare("SELECT genesis, member FROM exchange"));
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return fail(ErrorCode::kStoreDamaged, path + " names no exchange");
    }
    CHANCERY_TRY(stored_genesis, select.column_blob(0));
    CHANCERY_TRY(stored_member, select.column_text(1));
  }
  const bool any = use == StoreUse::kAudit && genesis == Hash{};
  if (!any &&
      (stored_genesis != as_view(genesis) || (use == StoreUse::kOwn && stored_member != member))) {
    return fail(ErrorCode::kWrongGenesis, path + " is of member " + stored_member +
                                              " in exchange " + hex(as_bytes(stored_genesis)));
  }
  auto impl = std::make_unique<Impl>(std::move(database));
  impl->genesis = hash_from(stored_genesis);
  impl->member = stored_member;
  return std::unique_ptr<NodeStore>(new NodeStore(std::move(impl)));
}

Result<void> NodeStore::begin() {
  CHANCERY_CHECK(!in_transaction());
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(impl_->database));
  impl_->transaction.emplace(std::move(transaction));
  return {};
}

Result<void> NodeStore::commit() {
  std::optional<sqlite::Transaction>& transaction = impl_->transaction;
  if (!transaction.has_value()) {
    return fail(ErrorCode::kInternal, "commit without begin");
  }
  Result<void> committed = impl_->write_memory();
  if (committed.has_value()) {
    committed = transaction->commit();
  }
  transaction.reset();
  if (std::exchange(impl_->memory_is_put, false) && committed.has_value()) {
    impl_->handed_in_memory.clear();
  }
  if (!committed.has_value()) {
    impl_->forget_memory();
  }
  return committed;
}

Result<void> NodeStore::Impl::write_memory() {
  if (counts_in_memory.has_value()) {
    CHANCERY_TRY_VOID(counts_in_memory->write(statements));
  }
  if (index_in_memory.has_value() && transaction.has_value()) {
    CHANCERY_TRY_VOID(index_in_memory->write(statements));
  }
  if (raised_cursors != exchange::PerLane<std::uint64_t>()) {
    CHANCERY_TRY(sqlite::Statement* const cursors,
                 statement("UPDATE position SET cursor = max(cursor, ?1), cursor_urgent = "
                           "max(cursor_urgent, ?2)"));
    CHANCERY_TRY_VOID(
        cursors->bind(1, raised_cursors.patient).bind(2, raised_cursors.urgent).run());
    raised_cursors = {};
  }
  if (clock_us.has_value()) {
    CHANCERY_TRY(sqlite::Statement* const clock,
                 statement("UPDATE clock SET created_at_us = max(created_at_us, ?1)"));
    CHANCERY_TRY_VOID(clock->bind(1, *clock_us).run());
    clock_us.reset();
  }
  return {};
}

void NodeStore::Impl::forget_memory() {
  counts_in_memory.reset();
  index_in_memory.reset();
  clock_us.reset();
  raised_cursors = {};
  forget_what_was_read();
}

void NodeStore::Impl::forget_what_was_read() {
  agreed_sizes.clear();
  first_lacking.clear();
  read_batch = {};
  read_root.reset();
  standings.clear();
}

Result<Counts*> NodeStore::Impl::counts() {
  if (!counts_in_memory.has_value()) {
    CHANCERY_TRY(counts_in_memory, Counts::load(statements));
  }
  return &*counts_in_memory;
}

Result<NoticeIndex*> NodeStore::Impl::notice_index() {
  if (!index_in_memory.has_value()) {
    CHANCERY_TRY(index_in_memory, NoticeIndex::load(statements));
  }
  return &*index_in_memory;
}

Result<std::uint64_t> NodeStore::Impl::find_row(NoticeIndex::Part part, std::string_view notice) {
  if (notice.size() != Hash{}.size()) {
    return 0;
  }
  CHANCERY_TRY(const NoticeIndex* const index, notice_index());
  CHANCERY_TRY(const std::optional<std::uint64_t> row,
               index->find(statements, part, hash_from(notice)));
  return row.value_or(0);
}

Result<void> NodeStore::Impl::recount() {
  for (const std::string_view sql :
       {"DELETE FROM tally", "INSERT INTO tally SELECT * FROM recount", "DELETE FROM outbox_share",
        "INSERT INTO outbox_share SELECT * FROM outbox_share_recount"}) {
    CHANCERY_TRY(sqlite::Statement* const change, statement(sql));
    CHANCERY_TRY_VOID(change->run());
  }
  counts_in_memory.reset();
  return {};
}

Result<sqlite::Backup> NodeStore::begin_backup(const std::string& path) {
  return sqlite::Backup::begin(impl_->database, path);
}

void NodeStore::roll_back() {
  impl_->transaction.reset();
  impl_->memory_is_put = false;
  impl_->forget_memory();
}

Result<void> NodeStore::write_back() {
  return impl_->database.write_back();
}

Result<void> NodeStore::make_durable() {
  return impl_->database.make_durable();
}

Result<NodeState> NodeStore::load() {
  LinkPosition position;
  std::string edge;
  std::uint64_t accepted_at_ms = 0;
  std::string root;
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT size, root, edge, accepted_at_ms, cursor, cursor_urgent "
                                "FROM position"));
  CHANCERY_TRY(const bool row, select->step());
  if (row) {
    CHANCERY_TRY(position.followed_size, select->column_u64(0));
    CHANCERY_TRY(root, select->column_blob(1));
    CHANCERY_TRY(edge, select->column_blob(2));
    CHANCERY_TRY(accepted_at_ms, select->column_u64(3));
    CHANCERY_TRY(position.cursors.patient, select->column_u64(4));
    CHANCERY_TRY(position.cursors.urgent, select->column_u64(5));
    for (const exchange::Lane lane : exchange::kLanes) {
      position.cursors[lane] = std::max(position.cursors[lane], impl_->raised_cursors[lane]);
    }
  }
  select->reset();
  ledger::CompactTree tree;
  if (row) {
    CHANCERY_TRY(tree, exchange::resume_stored(position.followed_size, edge, root));
  }
  position.followed_root = tree.root();

  if (position.followed_size > 0) {
    CHANCERY_TRY(sqlite::Statement* const last,
                 impl_->statement("SELECT checkpoint FROM batch WHERE size_after = ?1"));
    last->bind(1, position.followed_size);
    CHANCERY_TRY(const bool found, last->step());
    if (!found) {
      return fail(ErrorCode::kStoreDamaged, "no batch ends where the position is");
    }
    CHANCERY_TRY(position.checkpoint, last->column_blob(0));
    last->reset();
  }

  exchange::Directory directory(impl_->genesis);
  DirectoryHistory history;
  exchange::RootCache cache;
  CHANCERY_TRY(std::uint64_t left, impl_->number("SELECT count(*) FROM directory_entry"));
  CHANCERY_TRY(sqlite::Statement* const entries,
               impl_->statement("SELECT idx, envelope FROM directory_entry ORDER BY idx"));
  while (true) {
    CHANCERY_TRY(const bool more, entries->step());
    if (!more) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, entries->column_u64(0));
    CHANCERY_TRY(const std::string bytes, entries->column_blob(1));
    CHANCERY_TRY_VOID(fold(directory, index, bytes, cache));
    if (left-- <= kHistoryCountMax) {  // A copy of each state before would be for nothing.
      remember(history, index, directory);
    }
  }
  for (const exchange::Continuation& each : directory.continuations()) {
    position.continued.push_back(each.roster);
  }
  CHANCERY_TRY(const std::uint64_t written_us, impl_->number("SELECT created_at_us FROM clock"));
  const std::uint64_t created_at_us = std::max(written_us, impl_->clock_us.value_or(0));
  CHANCERY_TRY(std::optional<Error> alarm, first_alarm());
  CHANCERY_TRY(std::optional<CosignedNote> newest_cosigned, cosigned());
  return NodeState{
      .follower = exchange::LogFollower(std::move(tree), std::move(directory), accepted_at_ms),
      .history = std::move(history),
      .position = position,
      .created_at_us = created_at_us,
      .alarm = std::move(alarm),
      .cosigned = std::move(newest_cosigned)};
}

Result<std::optional<Error>> NodeStore::first_alarm() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT code, reason FROM (SELECT code, reason FROM alarm ORDER BY "
                                "id LIMIT 1) UNION ALL SELECT code, reason FROM (SELECT code, "
                                "reason FROM received WHERE verdict = 0 AND code != 0 ORDER BY idx "
                                "LIMIT 1) LIMIT 1"));
  CHANCERY_TRY(const bool row, select->step());
  std::optional<Error> alarm;
  if (row) {
    CHANCERY_TRY(const std::uint64_t code, select->column_u64(0));
    CHANCERY_TRY(std::string reason, select->column_text(1));
    alarm =
        Error{error_code_from_wire(static_cast<std::uint32_t>(code)).value_or(ErrorCode::kInternal),
              std::move(reason)};
  }
  select->reset();
  return alarm;
}

void remember(DirectoryHistory& history, std::uint64_t index,
              const exchange::Directory& directory) {
  history.emplace_back(index, directory);
  std::size_t key_count = 0;
  for (const auto& [at, state] : history) {
    key_count += state.key_count();
  }
  while (history.size() > 1 &&
         (history.size() > kHistoryCountMax || key_count > kHistoryKeyCountMax)) {
    key_count -= history.front().second.key_count();
    history.erase(history.begin());
  }
}

Result<void> NodeStore::put_alarm(const Error& alarm, std::string_view evidence,
                                  std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO alarm(code, reason, evidence, raised_at_ms) "
                                "SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM alarm) < ?5"));
  return insert->bind(1, static_cast<std::uint64_t>(alarm.code))
      .bind(2, std::string_view(alarm.detail))
      .bind(3, as_bytes(evidence))
      .bind(4, now_ms)
      .bind(5, kAlarmsKeptMax)
      .run();
}

Result<void> NodeStore::put_batch(const exchange::FollowedBatch& batch,
                                  const exchange::LogFollower& after) {
  std::string leaves;
  for (const ledger::Leaf& each : batch.leaves) {
    leaves += as_view(ledger::encode(each));
  }
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO batch(first_index, size_after, leaves, "
                                "checkpoint, root) VALUES(?1, ?2, ?3, ?4, ?5)"));
  CHANCERY_TRY_VOID(insert->bind(1, batch.first_index)
                        .bind(2, batch.first_index + batch.leaves.size())
                        .bind(3, as_bytes(leaves))
                        .bind(4, as_bytes(batch.checkpoint))
                        .bind(5, Bytes(after.tree().root()))
                        .run());
  if (batch.directory_entry.has_value()) {
    CHANCERY_TRY(sqlite::Statement* const entry,
                 impl_->statement("INSERT INTO directory_entry(idx, envelope) VALUES(?1, ?2)"));
    CHANCERY_TRY_VOID(
        entry->bind(1, batch.first_index).bind(2, as_bytes(batch.directory_entry->bytes())).run());
  }
  if (after.size() / exchange::kTailCount != batch.first_index / exchange::kTailCount) {
    CHANCERY_TRY_VOID(impl_->write_anchor(after.size(), after.tree().edge_bytes()));
  }
  CHANCERY_TRY_VOID(impl_->tiles().add(batch.first_index, after.size()));
  CHANCERY_TRY(
      sqlite::Statement* const position,
      impl_->statement("INSERT INTO position(id, size, root, edge, accepted_at_ms, cursor) "
                       "VALUES(1, ?1, ?2, ?3, ?4, 0) ON CONFLICT(id) DO UPDATE SET "
                       "size = ?1, root = ?2, edge = ?3, accepted_at_ms = ?4"));
  return position->bind(1, after.size())
      .bind(2, Bytes(after.tree().root()))
      .bind(3, as_bytes(after.tree().edge_bytes()))
      .bind(4, after.accepted_at_ms())
      .run();
}

Result<ledger::Leaf> NodeStore::leaf(std::uint64_t index) {
  Impl::ReadBatch& batch = impl_->read_batch;
  if (!batch.has(index)) {
    CHANCERY_TRY(sqlite::Statement* const select,
                 impl_->statement("SELECT first_index, leaves FROM batch WHERE first_index <= ?1 "
                                  "ORDER BY first_index DESC LIMIT 1"));
    select->bind(1, index);
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return fail(ErrorCode::kNotFound, "leaf " + std::to_string(index));
    }
    CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
    CHANCERY_TRY(std::string leaves, select->column_blob(1));
    select->reset();
    batch = {.first = first, .leaves = std::move(leaves)};
  }
  if (!batch.has(index)) {
    return fail(ErrorCode::kNotFound, "leaf " + std::to_string(index));
  }
  Result<ledger::Leaf> leaf = ledger::parse_leaf(
      as_bytes(batch.leaves)
          .subspan(static_cast<std::size_t>(index - batch.first) * ledger::kLeafBytes,
                   ledger::kLeafBytes));
  if (!leaf.has_value()) {
    return std::unexpected(impl_->damaged(
        "batch", batch.first, "leaf " + std::to_string(index) + ": " + leaf.error().to_string()));
  }
  return leaf;
}

Result<std::optional<ledger::Leaf>> NodeStore::sound_leaf(std::uint64_t index) {
  Result<ledger::Leaf> found = leaf(index);
  if (found.has_value()) {
    return std::optional(*found);
  }
  const ErrorCode code = found.error().code;
  if (code != ErrorCode::kNotFound && code != ErrorCode::kStoreDamaged) {
    return std::unexpected(found.error());
  }
  return std::optional<ledger::Leaf>();
}

Result<std::optional<Hash>> NodeStore::root_at(std::uint64_t size) {
  const auto& read = impl_->read_root;
  if (read.has_value() && read->first == size) {
    return std::optional(read->second);
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT root FROM batch WHERE size_after = ?1"));
  select->bind(1, size);
  CHANCERY_TRY(const bool row, select->step());
  std::optional<Hash> root;
  if (row) {
    CHANCERY_TRY(const std::string bytes, select->column_blob(0));
    root = hash_from(bytes);
    impl_->read_root = {size, *root};
  }
  select->reset();
  return root;
}

Result<exchange::Directory> NodeStore::directory_at(std::uint64_t index) {
  exchange::Directory directory(impl_->genesis);
  exchange::RootCache cache;
  CHANCERY_TRY(sqlite::Statement* const entries,
               impl_->statement("SELECT idx, envelope FROM directory_entry WHERE idx <= ?1 "
                                "ORDER BY idx"));
  entries->bind(1, index);
  while (true) {
    CHANCERY_TRY(const bool more, entries->step());
    if (!more) {
      return directory;
    }
    CHANCERY_TRY(const std::uint64_t at, entries->column_u64(0));
    CHANCERY_TRY(const std::string bytes, entries->column_blob(1));
    CHANCERY_TRY_VOID(fold(directory, at, bytes, cache));
  }
}

// Another draft under a notice id that is logged and shown: the hub must not have logged it. And
// the arrival that a notice has already. By the id, whose index is written in its order.
Result<NodeStore::Shown> NodeStore::shown_of_id(const exchange::Envelope& envelope) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT arrival, notice = ?3, idx >= 0 FROM inbox WHERE notice_id = "
                       "?1 AND origin = ?2"));
  select->bind(1, as_bytes(envelope.draft.notice_id()))
      .bind(2, std::string_view(envelope.draft.origin()))
      .bind(3, Bytes(envelope.notice));
  Shown shown;
  while (true) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      return shown;
    }
    CHANCERY_TRY(const std::uint64_t same, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t is_logged, select->column_u64(2));
    if (same != 0) {
      CHANCERY_TRY(shown.arrival, select->column_u64(0));
    } else {
      shown.other = shown.other || is_logged != 0;
    }
  }
}

Result<std::optional<std::uint64_t>> NodeStore::put_arrival(const Arrival& delivered,
                                                            const ledger::Leaf& leaf,
                                                            std::uint64_t now_ms) {
  Shown shown;
  if (delivered.verdict == Verdict::kGood && delivered.envelope.has_value() && !delivered.own) {
    CHANCERY_TRY(shown, shown_of_id(*delivered.envelope));
  }
  std::optional<Arrival> voided;
  if (shown.other) {
    voided = delivered;
    voided->verdict = Verdict::kVoid;
    voided->error = Error{ErrorCode::kNoticeIdReused, "another draft of this id is shown"};
  }
  const Arrival& arrival = voided.has_value() ? *voided : delivered;
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO received(idx, envelope, verdict, code, reason, "
                                "draft_at, text_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                                "ON CONFLICT(idx) DO NOTHING"));
  const std::uint32_t code =
      arrival.error.has_value() ? static_cast<std::uint32_t>(arrival.error->code) : 0;
  const bool is_for_people =
      arrival.envelope.has_value() && arrival.envelope->draft.kind() != exchange::kStatementKind;
  const bool is_to_show = arrival.verdict == Verdict::kGood && !arrival.own && is_for_people;
  Cut kept;
  if (is_to_show && !shown.arrival.has_value()) {
    kept = cut(arrival.envelope_bytes, arrival.envelope->header.draft(), arrival.text);
  } else if (arrival.own && arrival.envelope.has_value()) {
    CHANCERY_TRY(kept, impl_->cut_own(*arrival.envelope, arrival));
  } else {
    kept.bytes = arrival.envelope_bytes;
  }
  insert->bind(1, arrival.index)
      .bind(2, as_bytes(kept.bytes))
      .bind(3, static_cast<std::uint64_t>(arrival.verdict))
      .bind(4, code)
      .bind(5, std::string_view(arrival.error.has_value() ? arrival.error->detail : std::string()));
  CHANCERY_TRY_VOID(bind_places(*insert, 6, kept).run());
  // A hub may send one in both lanes.
  const bool is_new = impl_->database.changes() > 0;
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  if (is_new && code != 0) {
    IntakeCounts& intake = counts->change_intake();
    intake.void_count += arrival.verdict == Verdict::kVoid ? 1 : 0;
    intake.unopenable += arrival.verdict == Verdict::kUnopenable ? 1 : 0;
  }
  std::uint64_t& passed = impl_->raised_cursors[arrival.lane];
  passed = std::max(passed, arrival.index + 1);
  if (is_new && is_exchanged(arrival)) {
    CHANCERY_TRY_VOID(impl_->put_exchanged(arrival));
  }
  if (!is_new || !is_to_show) {
    return std::optional<std::uint64_t>();
  }
  const exchange::Envelope& envelope = *arrival.envelope;
  const exchange::Signature* const by = envelope.batch_signature();
  const std::string key_id = by == nullptr ? "" : to_string(by->key_id);
  if (shown.arrival.has_value()) {
    // One notice, shown once: the first acceptance stands, unless the log went back before it.
    CHANCERY_TRY(
        sqlite::Statement* const again,
        impl_->statement("UPDATE inbox SET idx = ?2, accepted_at_ms = ?3, "
                         "created_at_us = ?4, key_id = ?5 WHERE arrival = ?1 AND idx < 0"));
    CHANCERY_TRY_VOID(again->bind(1, *shown.arrival)
                          .bind(2, arrival.index)
                          .bind(3, leaf.accepted_at_ms)
                          .bind(4, envelope.header.created_at_us())
                          .bind(5, as_bytes(key_id))
                          .run());
    if (impl_->database.changes() > 0) {
      CHANCERY_TRY(sqlite::Statement* const record,
                   impl_->statement("UPDATE record SET accepted_at_ms = ?2 WHERE arrival = ?1"));
      CHANCERY_TRY_VOID(record->bind(1, *shown.arrival).bind(2, leaf.accepted_at_ms).run());
    }
    return std::optional<std::uint64_t>();
  }
  CHANCERY_TRY(
      sqlite::Statement* const inbox,
      impl_->statement("INSERT INTO inbox(idx, notice, origin, notice_id, accepted_at_ms, "
                       "arrived_at_ms, created_at_us, sealed, key_id, draft, text, urgent) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
  CHANCERY_TRY_VOID(
      inbox->bind(1, arrival.index)
          .bind(2, Bytes(envelope.notice))
          .bind(3, std::string_view(envelope.draft.origin()))
          .bind(4, as_bytes(envelope.draft.notice_id()))
          .bind(5, leaf.accepted_at_ms)
          .bind(6, now_ms)
          .bind(7, envelope.header.created_at_us())
          .bind(8, envelope.sealed() ? 1 : 0)
          .bind(9, as_bytes(key_id))
          .bind(10, as_bytes(envelope.header.draft()))
          .bind(11, as_bytes(arrival.text))
          .bind(12, std::to_underlying(exchange::lane_of(envelope.draft.precedence())))
          .run());
  const auto number = static_cast<std::uint64_t>(impl_->database.last_insert_rowid());
  counts->change_intake().shown += 1;
  CHANCERY_TRY(NoticeIndex* const index, impl_->notice_index());
  index->add(NoticeIndex::Part::kInbox, envelope.notice, number);
  CHANCERY_TRY_VOID(impl_->expect_acknowledgements(envelope.draft, envelope.notice, now_ms));
  return std::optional(number);
}

// By what stands in the outbox, where that is known to be what was logged there.
Result<Cut> NodeStore::Impl::cut_own(const exchange::Envelope& envelope, const Arrival& arrival) {
  CHANCERY_TRY(const std::optional<OutboxStanding> own,
               outbox_standing(envelope.draft.notice_id()));
  Cut whole{.bytes = arrival.envelope_bytes};
  if (!own.has_value() || own->place.stage != OutboxStage::kLogged || own->index != arrival.index) {
    return whole;
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT draft, text FROM outbox_content WHERE seq = ?1"));
  select->bind(1, own->number);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return whole;
  }
  CHANCERY_TRY(const std::string_view draft, select->column_view(0));
  CHANCERY_TRY(const std::string_view text, select->column_view(1));
  Cut kept = cut(arrival.envelope_bytes, draft, text);
  select->reset();
  return kept;
}

Result<bool> NodeStore::put_garbled(const Arrival& delivered, std::uint64_t now_ms) {
  CHANCERY_CHECK(delivered.verdict == Verdict::kGarbled && delivered.error.has_value());
  CHANCERY_TRY(sqlite::Statement* const known,
               impl_->statement("SELECT 1 FROM garbled WHERE idx = ?1"));
  known->bind(1, delivered.index);
  CHANCERY_TRY(const bool again, known->step());
  known->reset();
  if (again) {
    return false;
  }
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO garbled(idx, envelope, code, reason, arrived_at_ms) "
                                "VALUES(?1, ?2, ?3, ?4, ?5)"));
  CHANCERY_TRY_VOID(insert->bind(1, delivered.index)
                        .bind(2, as_bytes(delivered.envelope_bytes))
                        .bind(3, static_cast<std::uint64_t>(delivered.error->code))
                        .bind(4, std::string_view(delivered.error->detail))
                        .bind(5, now_ms)
                        .run());
  CHANCERY_TRY(Counts* const counts, impl_->counts());
  counts->change_intake().garbled += 1;
  return true;
}

Result<std::string> NodeStore::received_envelope(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT envelope FROM received_whole WHERE idx = ?1"));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return fail(ErrorCode::kNotFound, "no envelope was received at " + std::to_string(index));
  }
  CHANCERY_TRY(std::string envelope, select->column_blob(0));
  select->reset();
  return envelope;
}

Result<std::optional<std::string>> NodeStore::held_envelope(std::uint64_t index) {
  CHANCERY_TRY(const std::optional<ledger::Leaf> at, sound_leaf(index));
  if (!at.has_value()) {
    return std::optional<std::string>();
  }
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT envelope FROM received_whole WHERE idx = ?1 UNION ALL "
                                "SELECT envelope FROM directory_entry WHERE idx = ?1 UNION ALL "
                                "SELECT envelope FROM outbox_whole WHERE idx = ?1 "
                                "AND envelope IS NOT NULL"));
  select->bind(1, index);
  std::optional<std::string> held;
  while (!held.has_value()) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(std::string envelope, select->column_blob(0));
    const Result<Hash> entry = exchange::entry_of(envelope, impl_->genesis);
    if (entry.has_value() && *entry == at->entry) {
      held = std::move(envelope);
    }
  }
  select->reset();
  return held;
}

Result<IntakeCounts> NodeStore::intake_counts() {
  CHANCERY_TRY(const Counts* const counts, impl_->counts());
  return counts->intake();
}

Result<exchange::PerLane<std::uint64_t>> NodeStore::cursor(std::string_view application,
                                                           std::string_view name) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT arrival, arrival_urgent FROM cursor "
                                "WHERE application = ?1 AND name = ?2"));
  select->bind(1, application).bind(2, name);
  CHANCERY_TRY(const bool row, select->step());
  exchange::PerLane<std::uint64_t> arrivals;
  if (row) {
    CHANCERY_TRY(arrivals.patient, select->column_u64(0));
    CHANCERY_TRY(arrivals.urgent, select->column_u64(1));
  }
  select->reset();
  return arrivals;
}

Result<void> NodeStore::put_cursor(std::string_view application, std::string_view name,
                                   const exchange::PerLane<std::uint64_t>& arrivals) {
  CHANCERY_TRY(sqlite::Statement* const insert,
               impl_->statement("INSERT INTO cursor(application, name, arrival, arrival_urgent) "
                                "VALUES(?1, ?2, ?3, ?4) ON CONFLICT(application, name) DO UPDATE "
                                "SET arrival = max(arrival, ?3), "
                                "arrival_urgent = max(arrival_urgent, ?4)"));
  return insert->bind(1, application)
      .bind(2, name)
      .bind(3, arrivals.patient)
      .bind(4, arrivals.urgent)
      .run();
}

Result<void> NodeStore::reset_cursor(std::string_view application, std::string_view name,
                                     const exchange::PerLane<std::uint64_t>& arrivals) {
  CHANCERY_TRY(
      sqlite::Statement* const insert,
      impl_->statement("INSERT OR REPLACE INTO cursor(application, name, arrival, arrival_urgent) "
                       "VALUES(?1, ?2, ?3, ?4)"));
  return insert->bind(1, application)
      .bind(2, name)
      .bind(3, arrivals.patient)
      .bind(4, arrivals.urgent)
      .run();
}

Result<std::vector<NodeStore::NamedCursor>> NodeStore::cursors(std::string_view application) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT name, arrival, arrival_urgent FROM cursor "
                                "WHERE application = ?1 ORDER BY name"));
  select->bind(1, application);
  std::vector<NamedCursor> all;
  while (true) {
    CHANCERY_TRY(const bool more, select->step());
    if (!more) {
      return all;
    }
    NamedCursor& each = all.emplace_back();
    CHANCERY_TRY(each.name, select->column_text(0));
    CHANCERY_TRY(each.arrivals.patient, select->column_u64(1));
    CHANCERY_TRY(each.arrivals.urgent, select->column_u64(2));
  }
}

// The directory entries, what was received, and what outbox and inbox say of an index: also where
// nothing was received there.
Result<void> NodeStore::Impl::fill_audit_entries(v1::AuditBatch& batch, std::uint64_t size_after) {
  CHANCERY_TRY(
      sqlite::Statement* const entries,
      statement(
          "SELECT idx, envelope, 0, 0, NULL, NULL, NULL, NULL, 0, NULL FROM directory_entry "
          "WHERE idx >= ?1 AND idx < ?2 "
          "UNION ALL SELECT r.idx, r.envelope, r.verdict, r.code, i.text, i.origin, "
          "i.notice_id, i.notice, i.urgent, coalesce(s.text, c.text) FROM received_whole r "
          "LEFT JOIN inbox i ON i.idx = r.idx LEFT JOIN statement s ON s.idx = r.idx "
          "LEFT JOIN outbox o ON o.idx = r.idx LEFT JOIN outbox_content c ON c.seq = o.seq "
          "WHERE r.idx >= ?1 AND r.idx < ?2 "
          "UNION ALL SELECT i.idx, x'', 0, 0, i.text, i.origin, i.notice_id, i.notice, i.urgent, "
          "NULL FROM inbox i WHERE i.idx >= ?1 AND i.idx < ?2 AND NOT EXISTS "
          "(SELECT 1 FROM received r WHERE r.idx = i.idx) ORDER BY 1"));
  entries->bind(1, batch.first_index()).bind(2, size_after);
  std::map<std::uint64_t, v1::AuditEntry*> by_index;
  while (true) {
    CHANCERY_TRY(const bool more, entries->step());
    if (!more) {
      break;
    }
    v1::AuditEntry& entry = *batch.add_entries();
    CHANCERY_TRY(const std::uint64_t index, entries->column_u64(0));
    CHANCERY_TRY(*entry.mutable_envelope(), entries->column_blob(1));
    CHANCERY_TRY(const std::uint64_t verdict, entries->column_u64(2));
    CHANCERY_TRY(const std::uint64_t code, entries->column_u64(3));
    entry.set_index(index);
    entry.set_faulted(verdict == static_cast<std::uint64_t>(Verdict::kVoid));
    entry.set_code(static_cast<std::uint32_t>(code));
    entry.set_shown(!entries->column_is_null(4));
    if (entry.shown()) {
      CHANCERY_TRY(*entry.mutable_plaintext(), entries->column_blob(4));
      CHANCERY_TRY(*entry.mutable_origin(), entries->column_text(5));
      CHANCERY_TRY(*entry.mutable_notice_id(), entries->column_blob(6));
      CHANCERY_TRY(*entry.mutable_notice(), entries->column_blob(7));
      CHANCERY_TRY(const std::uint64_t urgent, entries->column_u64(8));
      entry.set_shown_urgent(urgent != 0);
    } else if (!entries->column_is_null(9)) {
      CHANCERY_TRY(*entry.mutable_plaintext(), entries->column_blob(9));
    }
    by_index.emplace(index, &entry);
  }
  CHANCERY_TRY(sqlite::Statement* const outbox,
               statement("SELECT idx, notice, envelope, idx < (SELECT CASE WHEN precedence >= ?3 "
                         "THEN cursor_urgent ELSE cursor END FROM position) "
                         "FROM outbox_whole WHERE stage = 3 AND idx >= ?1 AND idx < ?2"));
  outbox->bind(1, batch.first_index())
      .bind(2, size_after)
      .bind(3, static_cast<std::uint64_t>(v1::PRECEDENCE_IMMEDIATE));
  while (true) {
    CHANCERY_TRY(const bool more, outbox->step());
    if (!more) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, outbox->column_u64(0));
    const auto known = by_index.find(index);
    v1::AuditEntry& entry = known != by_index.end() ? *known->second : *batch.add_entries();
    entry.set_index(index);
    CHANCERY_TRY(*entry.mutable_outbox()->mutable_notice(), outbox->column_blob(1));
    if (!outbox->column_is_null(2)) {
      CHANCERY_TRY(*entry.mutable_outbox()->mutable_envelope(), outbox->column_blob(2));
    }
    CHANCERY_TRY(const std::uint64_t passed, outbox->column_u64(3));
    entry.mutable_outbox()->set_passed(passed != 0);
  }
}

Result<void> NodeStore::check() {
  CHANCERY_TRY_VOID(impl_->database.check_integrity());
  CHANCERY_TRY_VOID(load());
  CHANCERY_TRY_VOID(impl_->write_memory());
  CHANCERY_TRY(const std::uint64_t same, impl_->number("SELECT count(*) FROM (SELECT * FROM tally "
                                                       "INTERSECT SELECT * FROM recount)"));
  CHANCERY_TRY(const std::uint64_t differing,
               impl_->number("SELECT count(*) FROM ("
                             "SELECT * FROM (SELECT * FROM outbox_share EXCEPT "
                             "SELECT * FROM outbox_share_recount) UNION ALL "
                             "SELECT * FROM (SELECT * FROM outbox_share_recount EXCEPT "
                             "SELECT * FROM outbox_share))"));
  if (same != 1 || differing != 0) {
    return fail(ErrorCode::kStoreDamaged, "the tally is not what the rows come to");
  }
  CHANCERY_TRY(
      const std::uint64_t not_indexed,
      impl_->number("SELECT (SELECT count(*) FROM inbox i WHERE arrival <= (SELECT arrival FROM "
                    "notice_indexed) "
                    "AND NOT EXISTS (SELECT 1 FROM notice_index n WHERE n.notice = i.notice AND "
                    "n.own = 0 AND "
                    "n.number = i.arrival)) + "
                    "(SELECT count(*) FROM outbox o WHERE seq <= (SELECT seq FROM notice_indexed) "
                    "AND NOT EXISTS (SELECT 1 FROM notice_index n WHERE n.notice = o.notice AND "
                    "n.own = 1 AND "
                    "n.number = o.seq))"));
  if (not_indexed != 0) {
    return fail(ErrorCode::kStoreDamaged,
                std::to_string(not_indexed) + " notices are not where the index by N has them");
  }
  CHANCERY_TRY(const std::uint64_t size, impl_->number("SELECT size FROM position"));
  CHANCERY_TRY_VOID(check_witness());
  return impl_->tiles().check(0, size);
}

Result<v1::AuditPageReply> NodeStore::audit_page(std::uint64_t from_index, std::size_t bytes_max,
                                                 v1::AuditPageReply used) {
  CHANCERY_TRY_VOID(impl_->write_memory());
  CHANCERY_TRY(v1::AuditPageReply reply,
               audit_batches(from_index, bytes_max, true, std::move(used)));
  if (reply.next_index() == 0) {
    CHANCERY_TRY(sqlite::Statement* const beyond,
                 impl_->statement("SELECT (SELECT count(*) FROM received WHERE idx >= ?1) + "
                                  "(SELECT count(*) FROM inbox WHERE idx >= ?1)"));
    beyond->bind(1, reply.size());
    CHANCERY_TRY_VOID(beyond->step());
    CHANCERY_TRY(const std::uint64_t count, beyond->column_u64(0));
    beyond->reset();
    reply.set_rows_beyond(count);
  }
  return reply;
}

Result<v1::AuditPageReply> NodeStore::audit_leaves(std::uint64_t from_index,
                                                   std::size_t bytes_max) {
  return audit_batches(from_index, bytes_max, false, {});
}

Result<v1::AuditPageReply> NodeStore::audit_batches(std::uint64_t from_index, std::size_t bytes_max,
                                                    bool entries, v1::AuditPageReply used) {
  v1::AuditPageReply reply = std::move(used);
  reply.Clear();
  CHANCERY_TRY(sqlite::Statement* const head, impl_->statement("SELECT size, root FROM position"));
  CHANCERY_TRY(const bool followed, head->step());
  std::uint64_t size = 0;
  if (followed) {
    CHANCERY_TRY(size, head->column_u64(0));
    CHANCERY_TRY(*reply.mutable_root(), head->column_blob(1));
  }
  head->reset();
  reply.set_size(size);
  CHANCERY_TRY(
      sqlite::Statement* const batches,
      impl_->statement("SELECT first_index, size_after, leaves, checkpoint, root FROM batch "
                       "WHERE first_index >= ?1 ORDER BY first_index LIMIT ?2"));
  batches->bind(1, from_index).bind(2, exchange::kBatchesCountMax);
  std::size_t bytes = 0;
  while (bytes <= bytes_max) {
    CHANCERY_TRY(const bool row, batches->step());
    if (!row) {
      break;
    }
    v1::AuditBatch& batch = *reply.add_batches();
    CHANCERY_TRY(const std::uint64_t first, batches->column_u64(0));
    CHANCERY_TRY(const std::uint64_t size_after, batches->column_u64(1));
    CHANCERY_TRY(*batch.mutable_leaves(), batches->column_blob(2));
    CHANCERY_TRY(*batch.mutable_checkpoint(), batches->column_blob(3));
    CHANCERY_TRY(*batch.mutable_root(), batches->column_blob(4));
    batch.set_first_index(first);
    if (entries) {
      CHANCERY_TRY_VOID(impl_->fill_audit_entries(batch, size_after));
    }
    bytes += batch.ByteSizeLong();
    reply.set_next_index(size_after >= size ? 0 : size_after);
  }
  batches->reset();
  if (reply.next_index() == 0) {
    CHANCERY_TRY(const std::optional<CosignedNote> head_at_quorum, cosigned());
    reply.set_cosigned(head_at_quorum.value_or(CosignedNote{}).note);
  }
  return reply;
}

}  // namespace chancery::node
