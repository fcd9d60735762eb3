// SQL that makes a node's store one of the version before, as far as tests of upgrades need it.

#pragma once

#include <string>
#include <utility>

namespace chancery::test {

// With triggers of the names that were there, which count nothing.
inline std::string undo_version13() {
  std::string sql =
      "DROP TABLE undelivered; CREATE TABLE undelivered(member TEXT NOT NULL, urgent INTEGER NOT "
      "NULL, idx INTEGER NOT NULL, PRIMARY KEY(member, urgent, idx)) STRICT, WITHOUT ROWID; ";
  using Trigger = std::pair<const char*, const char*>;
  for (const auto& [name, when] : {Trigger{"tally_outbox_insert", "INSERT ON outbox"},
                                   Trigger{"tally_outbox_update", "UPDATE ON outbox"},
                                   Trigger{"tally_unstored_insert", "INSERT ON undelivered"},
                                   Trigger{"tally_unstored_delete", "DELETE ON undelivered"},
                                   Trigger{"tally_inbox_insert", "INSERT ON inbox"},
                                   Trigger{"tally_received_insert", "INSERT ON received"},
                                   Trigger{"tally_received_delete", "DELETE ON received"},
                                   Trigger{"tally_garbled_insert", "INSERT ON garbled"},
                                   Trigger{"tally_garbled_delete", "DELETE ON garbled"},
                                   Trigger{"tally_erased_insert", "INSERT ON erased"},
                                   Trigger{"tally_erased_delete", "DELETE ON erased"},
                                   Trigger{"tally_statement_logged", "UPDATE ON outbox"},
                                   Trigger{"tally_statement_unlogged", "UPDATE ON outbox"},
                                   Trigger{"outbox_share_insert", "INSERT ON outbox"},
                                   Trigger{"outbox_share_update", "UPDATE ON outbox"},
                                   Trigger{"unrecorded_logged", "UPDATE ON outbox"}}) {
    sql.append("CREATE TRIGGER ").append(name).append(" AFTER ").append(when);
    sql.append(" BEGIN SELECT 1; END; ");
  }
  return sql;
}

// With indexes by N that are not unique.
inline constexpr const char* kUndoVersion15 =
    "DROP TABLE notice_index; DROP TABLE notice_indexed; "
    "UPDATE received SET envelope = w.envelope FROM received_whole w WHERE w.idx = received.idx; "
    "UPDATE received SET draft_at = NULL; DROP VIEW received_whole; "
    "ALTER TABLE received DROP COLUMN draft_at; ALTER TABLE received DROP COLUMN text_at; ";
// With views of the names that were there, which count nothing.
inline constexpr const char* kUndoVersion14 =
    "DROP VIEW outbox_whole; DROP VIEW recount; DROP VIEW outbox_share_recount; "
    "ALTER TABLE outbox ADD COLUMN draft BLOB NOT NULL DEFAULT x''; "
    "ALTER TABLE outbox ADD COLUMN text BLOB NOT NULL DEFAULT x''; "
    "ALTER TABLE outbox ADD COLUMN envelope BLOB; "
    "UPDATE outbox SET draft = c.draft, text = c.text FROM outbox_content c WHERE c.seq = "
    "outbox.seq; "
    "UPDATE outbox SET envelope = e.envelope FROM outbox_envelope e WHERE e.seq = outbox.seq; "
    "DROP TABLE outbox_content; DROP TABLE outbox_envelope; ALTER TABLE outbox DROP COLUMN bytes; "
    "CREATE VIEW recount AS SELECT 1; CREATE VIEW outbox_share_recount AS SELECT 1; ";
inline constexpr const char* kUndoVersion12 =
    "DROP TABLE owed; DROP INDEX outbox_exempt; ALTER TABLE outbox DROP COLUMN alarms; "
    "ALTER TABLE outbox DROP COLUMN exempt; ";
inline constexpr const char* kUndoVersion11 =
    "DROP TABLE record; DROP TABLE replaced; DROP TABLE recorded; DROP TRIGGER unrecorded_logged; "
    "DROP TABLE unrecorded; DROP TABLE record_words; ";

}  // namespace chancery::test
