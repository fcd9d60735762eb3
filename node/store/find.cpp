// NodeStore: records of notices, by which they are found. They are made in quiet moments from what
// is stored anyway, and what is found is read from there, and hashed again.

#include "node/store/find.h"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kind_texts.h"
#include "core/exchange/names.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

constexpr std::string_view kThreatKind = "threat.alert";
constexpr std::string_view kNextArrival =
    "SELECT min(arrival) FROM inbox WHERE arrival > (SELECT arrival FROM recorded)";
// Enough to say that there is much to do.
constexpr std::string_view kUnreadCount =
    "SELECT coalesce((SELECT max(arrival) FROM inbox), 0) - (SELECT arrival FROM recorded) + "
    "(SELECT count(*) FROM (SELECT 1 FROM unrecorded LIMIT 1000000))";
constexpr int kSweptPages = 64;  // Of the index of words, in one portion.

int category_of(std::string_view kind, const v1::Text& text) {
  v1::ThreatAlert alert;
  return kind == kThreatKind && alert.ParseFromString(text.content()) ? alert.category() : 0;
}

// A question as SQL: conditions, and what is bound to their parameters in order.
class Conditions {
 public:
  void add(std::string condition) { sql_ += " AND " + std::move(condition); }
  template <class Value>
  void add(std::string condition, Value value) {
    add(std::move(condition));
    bind(std::move(value));
  }
  template <class Value>
  void bind(Value value) {
    binds_.push_back([value = std::move(value)](sqlite::Statement& statement, int at) {
      if constexpr (std::is_same_v<Value, std::string>) {
        statement.bind(at, std::string_view(value));
      } else {
        statement.bind(at, value);
      }
    });
  }
  // One of several, each with one value.
  void add_any(const std::string& each, const std::vector<std::string>& values) {
    std::string any;
    for (const std::string& value : values) {
      any += (any.empty() ? "(" : " OR ") + each;
      bind(value);
    }
    add(any + ")");
  }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  // From the parameter after this one on; gives the last.
  int bind_all(sqlite::Statement& statement, int at) const {
    for (const auto& bind : binds_) {
      bind(statement, ++at);
    }
    return at;
  }

 private:
  std::string sql_;
  std::vector<std::function<void(sqlite::Statement&, int)>> binds_;
};

std::string quoted(const std::vector<std::string>& words) {
  std::string phrase;
  for (const std::string& word : words) {
    phrase += (phrase.empty() ? "" : " ") + word;
  }
  return "\"" + phrase + "\"";
}

// A word, or words between quotes; with * after it, also what begins so.
struct Term {
  std::string text;
  bool begins = false;
};

std::vector<Term> terms_of(std::string_view words) {
  std::vector<Term> terms;
  while (!words.empty()) {
    const bool phrase = words.front() == '"';
    if (phrase) {
      words.remove_prefix(1);
    }
    const std::size_t end =
        std::min(words.find_first_of(phrase ? "\"" : "\" \t\r\n"), words.size());
    Term term{.text = std::string(words.substr(0, end))};
    words.remove_prefix(std::min(words.size(), end + (phrase ? 1 : 0)));
    if (phrase && words.starts_with('*')) {
      term.begins = true;
      words.remove_prefix(1);
    }
    term.begins = term.begins || (!phrase && term.text.ends_with('*'));
    terms.push_back(std::move(term));
    words.remove_prefix(std::min(words.size(), words.find_first_not_of(" \t\r\n")));
  }
  return terms;
}

// FTS5's own syntax, of nothing but words between quotes.
Result<std::string> match_of(std::string_view words, const words::Stemmer& stemmer) {
  if (words.size() > kFindWordsBytesMax) {
    return fail(ErrorCode::kUsage, "words of " + std::to_string(words.size()) + " bytes, at most " +
                                       std::to_string(kFindWordsBytesMax));
  }
  std::string match;
  std::size_t count = 0;
  for (const Term& term : terms_of(words)) {
    const std::vector<std::string> stems = stemmer.stems(term.text);
    if (stems.empty()) {
      continue;
    }
    count += stems.size();
    match += match.empty() ? "" : " AND ";
    match += term.begins
                 ? "(" + quoted(stems) + " OR " + quoted(words::Stemmer::whole(term.text)) + "*)"
                 : quoted(stems);
  }
  if (count == 0) {
    return fail(ErrorCode::kUsage, "there is no word to look for");
  }
  if (count > kFindWordsMax) {
    return fail(ErrorCode::kUsage,
                std::to_string(count) + " words, at most " + std::to_string(kFindWordsMax));
  }
  return match;
}

Result<void> add_kinds(const v1::FindRequest& request, Conditions& conditions) {
  std::vector<std::string> kinds;
  std::string each = "r.kind = ?";
  for (const std::string& kind : request.kinds()) {
    if (!exchange::is_pattern(kind)) {
      return fail(ErrorCode::kUsage, "'" + kind + "' is neither a kind nor a group of kinds");
    }
    if (kind.ends_with('*')) {
      each = "r.kind GLOB ?";  // Of a kind that ends otherwise it is the same.
    }
    kinds.push_back(kind);
  }
  if (!kinds.empty()) {
    conditions.add_any(each, kinds);
  }
  return {};
}

Result<Conditions> conditions_of(const v1::FindRequest& request) {
  if (request.kinds_size() > kFindNamesMax || request.origins_size() > kFindNamesMax) {
    return fail(ErrorCode::kUsage,
                "at most " + std::to_string(kFindNamesMax) + " kinds, and as many origins");
  }
  Conditions conditions;
  CHANCERY_TRY_VOID(add_kinds(request, conditions));
  std::string statuses;
  for (const auto& [asked, status] :
       {std::pair(request.actual(), v1::STATUS_ACTUAL),
        std::pair(request.exercise(), v1::STATUS_EXERCISE),
        std::pair(request.test(), v1::STATUS_TEST), std::pair(request.draft(), v1::STATUS_DRAFT)}) {
    if (asked) {
      statuses += (statuses.empty() ? "" : ", ") + std::to_string(status);
    }
  }
  if (!statuses.empty()) {
    conditions.add("r.status IN (" + statuses + ")");
  }
  if (request.origins_size() > 0) {
    conditions.add_any("r.origin = ?", {request.origins().begin(), request.origins().end()});
  }
  if (request.since_ms() > 0) {
    conditions.add("r.accepted_at_ms >= ?", request.since_ms());
  }
  if (request.until_ms() > 0) {
    conditions.add("r.accepted_at_ms < ?", request.until_ms());
  }
  if (request.category() != v1::THREAT_CATEGORY_UNSPECIFIED) {
    conditions.add("r.category = ?", static_cast<std::uint64_t>(request.category()));
  }
  if (request.before() > 0) {
    conditions.add("r.id < ?", request.before());
  }
  if (!request.replaced()) {
    conditions.add(
        "NOT EXISTS (SELECT 1 FROM replaced p WHERE p.notice = r.notice AND "
        "p.origin = r.origin AND p.status = r.status)");
  }
  return conditions;
}

constexpr std::string_view kFoundColumns =
    "SELECT r.id, "
    "EXISTS (SELECT 1 FROM replaced p WHERE p.notice = r.notice AND p.origin = r.origin AND "
    "p.status = r.status AND p.cancels = 0), "
    "EXISTS (SELECT 1 FROM replaced p WHERE p.notice = r.notice AND p.origin = r.origin AND "
    "p.status = r.status AND p.cancels = 1) FROM ";

}  // namespace

v1::InboxItem own_item(const OutboxRow& row, const Hash& genesis, std::uint64_t cosigned_size) {
  v1::InboxItem item;
  item.set_index(row.index);
  item.set_accepted_at_ms(row.accepted_at_ms);
  item.set_notice(to_string(row.notice));
  item.set_draft(row.draft);
  item.set_sealed(row.sealed);
  item.set_created_at_us(row.created_at_us);
  item.set_arrived_at_ms(row.queued_at_ms);
  item.set_logged(row.stage == OutboxStage::kLogged);
  item.set_own(true);
  item.set_erased_at_ms(row.erased_at_ms);
  const Result<std::string> text =
      row.sealed ? exchange::unpad_text(row.text) : Result<std::string>(row.text);
  item.set_text(text.value_or(""));
  const Result<exchange::Envelope> envelope =
      exchange::parse_envelope(row.envelope, genesis, exchange::Bodies::kMaybeErased);
  if (envelope.has_value() && !envelope->signatures.empty()) {
    item.set_key_id(to_string(envelope->signatures.front().key_id));
  }
  item.set_witnessed(item.logged() && item.index() < cosigned_size);
  return item;
}

Result<void> NodeStore::Impl::put_unrecorded(std::uint64_t number) {
  CHANCERY_TRY(sqlite::Statement* const put,
               statement("INSERT INTO unrecorded(seq) VALUES(?1) ON CONFLICT DO NOTHING"));
  return put->bind(1, number).run();
}

Result<bool> NodeStore::has_unrecorded() {
  CHANCERY_TRY(const std::uint64_t waits,
               impl_->number("SELECT EXISTS (SELECT 1 FROM unrecorded) OR "
                             "coalesce((SELECT max(arrival) FROM inbox), 0) > "
                             "(SELECT arrival FROM recorded)"));
  return waits != 0;
}

Result<void> NodeStore::record(std::size_t count_max, std::size_t bytes_max) {
  std::size_t bytes = 0;
  for (std::size_t count = 0; count < count_max && bytes <= bytes_max; ++count) {
    CHANCERY_TRY(const bool more, impl_->record_one(*this, bytes));
    if (!more) {
      break;
    }
  }
  return {};
}

// Of the next of the inbox and the next own one, that which was accepted first: so records are
// about in that order.
Result<bool> NodeStore::Impl::record_one(NodeStore& store, std::size_t& bytes) {
  CHANCERY_TRY(const std::uint64_t arrival, number(kNextArrival));
  CHANCERY_TRY(const std::uint64_t seq, number("SELECT min(seq) FROM unrecorded"));
  if (arrival == 0 && seq == 0) {
    return false;
  }
  CHANCERY_TRY(sqlite::Statement* const own_first,
               statement("SELECT (SELECT accepted_at_ms FROM outbox WHERE seq = ?2) < "
                         "(SELECT accepted_at_ms FROM inbox WHERE arrival = ?1)"));
  CHANCERY_TRY(const bool row, own_first->bind(1, arrival).bind(2, seq).step());
  CHANCERY_CHECK(row);
  bool own = arrival == 0;
  if (!own_first->column_is_null(0)) {
    CHANCERY_TRY(const std::uint64_t first, own_first->column_u64(0));
    own = first != 0;
  }
  own_first->reset();
  CHANCERY_TRY_VOID(own ? record_own(store, seq, bytes) : record_arrival(store, arrival, bytes));
  return true;
}

// What fails its hash is among the damages, and has no record; neither has what was erased.
Result<void> NodeStore::Impl::record_arrival(NodeStore& store, std::uint64_t arrival,
                                             std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const position, statement("UPDATE recorded SET arrival = ?1"));
  CHANCERY_TRY_VOID(position->bind(1, arrival).run());
  const Result<v1::InboxItem> item = store.inbox_item(arrival);
  if (!item.has_value()) {
    return item.error().code == ErrorCode::kStoreDamaged ? Result<void>()
                                                         : std::unexpected(item.error());
  }
  bytes += item->text().size();
  return item->erased_at_ms() != 0 ? Result<void>() : put_record("arrival", arrival, *item);
}

Result<void> NodeStore::Impl::record_own(NodeStore& store, std::uint64_t seq, std::size_t& bytes) {
  CHANCERY_TRY(sqlite::Statement* const done, statement("DELETE FROM unrecorded WHERE seq = ?1"));
  CHANCERY_TRY_VOID(done->bind(1, seq).run());
  CHANCERY_TRY(const std::vector<OutboxRow> rows, store.scan_outbox(seq - 1, 1, 0));
  if (rows.empty() || rows.front().number != seq || rows.front().erased_at_ms != 0) {
    return {};
  }
  const v1::InboxItem item = own_item(rows.front(), genesis, 0);
  bytes += item.text().size();
  return put_record("seq", seq, item);
}

Result<void> NodeStore::Impl::put_record(std::string_view which, std::uint64_t number,
                                         const v1::InboxItem& item) {
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(item.draft()));
  v1::Text text;
  if (!text.ParseFromString(item.text())) {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const record,
               statement("INSERT INTO record(" + std::string(which) +
                         ", notice, origin, kind, status, category, accepted_at_ms) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  CHANCERY_TRY_VOID(record->bind(1, number)
                        .bind(2, as_bytes(item.notice()))
                        .bind(3, std::string_view(draft.origin()))
                        .bind(4, std::string_view(draft.kind()))
                        .bind(5, static_cast<std::uint64_t>(draft.status()))
                        .bind(6, category_of(draft.kind(), text))
                        .bind(7, item.accepted_at_ms())
                        .run());
  const std::int64_t id = database.last_insert_rowid();
  CHANCERY_TRY(sqlite::Statement* const words,
               statement("INSERT INTO record_words(rowid, subject, content) VALUES(?1, ?2, ?3)"));
  CHANCERY_TRY_VOID(words->bind(1, id)
                        .bind(2, std::string_view(rules_of_words().line(text.subject())))
                        .bind(3, std::string_view(rules_of_words().line(
                                     exchange::content_texts(draft.kind(), text.content()))))
                        .run());
  CHANCERY_TRY(sqlite::Statement* const replaced,
               statement("INSERT INTO replaced(notice, origin, status, cancels) "
                         "VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"));
  const auto put = [&](const std::string& notice, int cancels) {
    return replaced->bind(1, as_bytes(notice))
        .bind(2, std::string_view(draft.origin()))
        .bind(3, static_cast<std::uint64_t>(draft.status()))
        .bind(4, cancels)
        .run();
  };
  for (const std::string& notice : text.supersedes()) {
    CHANCERY_TRY_VOID(put(notice, 0));
  }
  for (const std::string& notice : text.cancels()) {
    CHANCERY_TRY_VOID(put(notice, 1));
  }
  return {};
}

// What it superseded or cancelled stays so: that is no text.
Result<void> NodeStore::Impl::forget_record(std::uint64_t index) {
  return forget_records(
      "arrival = (SELECT arrival FROM inbox WHERE idx = ?1) OR "
      "seq = (SELECT seq FROM outbox WHERE idx = ?1)",
      index);
}

Result<void> NodeStore::Impl::forget_records(const std::string& which, std::uint64_t parameter) {
  const std::string ids = "(SELECT id FROM record WHERE " + which + ")";
  CHANCERY_TRY(sqlite::Statement* const words,
               statement("DELETE FROM record_words WHERE rowid IN " + ids));
  CHANCERY_TRY_VOID(words->bind(1, parameter).run());
  CHANCERY_TRY(sqlite::Statement* const record, statement("DELETE FROM record WHERE id IN " + ids));
  CHANCERY_TRY_VOID(record->bind(1, parameter).run());
  if (database.changes() == 0) {
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const sweep, statement("UPDATE recorded SET sweeps = 1"));
  return sweep->run();
}

Result<bool> NodeStore::has_unswept() {
  CHANCERY_TRY(const std::uint64_t sweeps, impl_->number("SELECT sweeps FROM recorded"));
  return sweeps != 0;
}

// FTS5 marks what was deleted, and it is gone once all parts of the index are merged into one: the
// first portion says so by a negative number, and there is no more to do once one changes nothing.
Result<void> NodeStore::sweep_words() {
  CHANCERY_TRY(const std::uint64_t sweeps, impl_->number("SELECT sweeps FROM recorded"));
  if (sweeps == 0) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t before, impl_->number("SELECT total_changes()"));
  CHANCERY_TRY(
      sqlite::Statement* const merge,
      impl_->statement("INSERT INTO record_words(record_words, rank) VALUES('merge', ?1)"));
  CHANCERY_TRY_VOID(merge->bind(1, sweeps == 1 ? -kSweptPages : kSweptPages).run());
  CHANCERY_TRY(const std::uint64_t after, impl_->number("SELECT total_changes()"));
  CHANCERY_TRY(sqlite::Statement* const next, impl_->statement("UPDATE recorded SET sweeps = ?1"));
  return next->bind(1, after - before < 2 ? 0 : 2).run();
}

Result<v1::FindReply> NodeStore::find(const v1::FindRequest& request) {
  CHANCERY_TRY(const Conditions conditions, conditions_of(request));
  const std::uint32_t count_max =
      std::min(request.limit() == 0 ? kFoundCountDefault : request.limit(), kFoundCountMax);
  std::string sql(kFoundColumns);
  std::string match;
  if (request.words().empty()) {
    sql += "record r WHERE true" + conditions.sql() + " ORDER BY r.id DESC LIMIT ?";
  } else {
    CHANCERY_TRY(match, match_of(request.words(), impl_->rules_of_words()));
    sql += "record_words w JOIN record r ON r.id = w.rowid WHERE record_words MATCH ?" +
           conditions.sql() + " ORDER BY w.rowid DESC LIMIT ?";
  }
  CHANCERY_TRY(sqlite::Statement select, impl_->database.prepare(sql));
  int at = 0;
  if (!match.empty()) {
    select.bind(++at, std::string_view(match));
  }
  at = conditions.bind_all(select, at);
  select.bind(++at, count_max + 1);
  v1::FindReply reply;
  CHANCERY_TRY(const std::uint64_t cosigned_size, impl_->number("SELECT size FROM cosigned"));
  std::uint64_t last = 0;
  std::size_t bytes = 0;
  for (std::uint32_t count = 0;; ++count) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      break;
    }
    if (count == count_max || bytes > kFoundBytesMax) {
      reply.set_next_before(last);
      break;
    }
    CHANCERY_TRY(last, select.column_u64(0));
    CHANCERY_TRY(const std::uint64_t superseded, select.column_u64(1));
    CHANCERY_TRY(const std::uint64_t cancelled, select.column_u64(2));
    CHANCERY_TRY(std::optional<v1::InboxItem> item,
                 impl_->recorded_item(*this, last, cosigned_size));
    if (item.has_value()) {
      bytes += item->ByteSizeLong();
      v1::FoundNotice& found = *reply.add_found();
      *found.mutable_item() = *std::move(item);
      found.set_superseded(superseded != 0);
      found.set_cancelled(cancelled != 0);
    }
  }
  CHANCERY_TRY(const std::uint64_t unread, impl_->number(kUnreadCount));
  reply.set_unread(unread);
  return reply;
}

// Nothing where it fails its hash.
Result<std::optional<v1::InboxItem>> NodeStore::Impl::recorded_item(NodeStore& store,
                                                                    std::uint64_t id,
                                                                    std::uint64_t cosigned_size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               statement("SELECT arrival, seq FROM record WHERE id = ?1"));
  CHANCERY_TRY(const bool row, select->bind(1, id).step());
  if (!row) {
    return std::optional<v1::InboxItem>();
  }
  if (select->column_is_null(0)) {
    CHANCERY_TRY(const std::uint64_t seq, select->column_u64(1));
    select->reset();
    CHANCERY_TRY(const std::vector<OutboxRow> rows, store.scan_outbox(seq - 1, 1, 0));
    return rows.empty() || rows.front().number != seq
               ? std::optional<v1::InboxItem>()
               : std::optional(own_item(rows.front(), genesis, cosigned_size));
  }
  CHANCERY_TRY(const std::uint64_t arrival, select->column_u64(0));
  select->reset();
  Result<v1::InboxItem> item = store.inbox_item(arrival);
  if (!item.has_value()) {
    return item.error().code == ErrorCode::kStoreDamaged
               ? Result<std::optional<v1::InboxItem>>(std::nullopt)
               : std::unexpected(item.error());
  }
  item->set_witnessed(item->logged() && item->index() < cosigned_size);
  return std::optional(*std::move(item));
}

}  // namespace chancery::node
