// The tables of a node's store; node_store.h says what they hold.

#pragma once

#include <array>
#include <string_view>

#include "core/base/result.h"
#include "core/exchange/lane.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/store.h"
#include "node/store/node_store.h"

namespace chancery::node {

inline constexpr std::string_view kSchema = R"(
CREATE TABLE exchange(
  id INTEGER PRIMARY KEY CHECK(id = 1), genesis BLOB NOT NULL, member TEXT NOT NULL) STRICT;
CREATE TABLE position(
  id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
  edge BLOB NOT NULL, accepted_at_ms INTEGER NOT NULL, cursor INTEGER NOT NULL) STRICT;
CREATE TABLE batch(
  first_index INTEGER PRIMARY KEY, size_after INTEGER NOT NULL UNIQUE, root BLOB NOT NULL,
  leaves BLOB NOT NULL, checkpoint BLOB NOT NULL) STRICT;
CREATE TABLE directory_entry(idx INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT;
CREATE TABLE received(
  idx INTEGER PRIMARY KEY, envelope BLOB NOT NULL, verdict INTEGER NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX received_coded ON received(verdict, idx) WHERE code != 0;
CREATE TABLE garbled(
  id INTEGER PRIMARY KEY, idx INTEGER NOT NULL UNIQUE, envelope BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL, arrived_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE alarm(
  id INTEGER PRIMARY KEY, code INTEGER NOT NULL, reason TEXT NOT NULL, evidence BLOB NOT NULL,
  raised_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE inbox(
  arrival INTEGER PRIMARY KEY, idx INTEGER NOT NULL UNIQUE, notice BLOB NOT NULL UNIQUE,
  origin TEXT NOT NULL, notice_id BLOB NOT NULL, accepted_at_ms INTEGER NOT NULL,
  arrived_at_ms INTEGER NOT NULL, created_at_us INTEGER NOT NULL, sealed INTEGER NOT NULL,
  key_id BLOB NOT NULL, draft BLOB NOT NULL, text BLOB NOT NULL) STRICT;
CREATE INDEX inbox_notice_id ON inbox(notice_id);
CREATE TABLE outbox(
  seq INTEGER PRIMARY KEY, notice_id BLOB NOT NULL UNIQUE, notice BLOB NOT NULL UNIQUE,
  request BLOB NOT NULL, application TEXT NOT NULL, queued_at_ms INTEGER NOT NULL,
  precedence INTEGER NOT NULL, sealed INTEGER NOT NULL, draft BLOB NOT NULL, text BLOB NOT NULL,
  stage INTEGER NOT NULL, envelope BLOB, created_at_us INTEGER NOT NULL DEFAULT 0,
  idx INTEGER UNIQUE, accepted_at_ms INTEGER NOT NULL DEFAULT 0,
  code INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX outbox_waiting ON outbox(precedence DESC, seq) WHERE stage = 1;
CREATE INDEX outbox_signed ON outbox(created_at_us) WHERE stage = 2;
CREATE TABLE clock(id INTEGER PRIMARY KEY CHECK(id = 1), created_at_us INTEGER NOT NULL) STRICT;
CREATE TABLE cursor(
  application TEXT NOT NULL, name TEXT NOT NULL, arrival INTEGER NOT NULL,
  PRIMARY KEY(application, name)) STRICT, WITHOUT ROWID;
INSERT INTO clock(id, created_at_us) VALUES(1, 0);
)";

// Version 2: cursors and the inbox in two lanes; which recipients have not stored a notice of ours;
// what is set aside in the outbox; bodies that were erased; from where a check may begin.
inline constexpr std::string_view kSchema2 = R"(
ALTER TABLE position ADD COLUMN cursor_urgent INTEGER NOT NULL DEFAULT 0;
UPDATE position SET cursor_urgent = cursor;
ALTER TABLE cursor ADD COLUMN arrival_urgent INTEGER NOT NULL DEFAULT 0;
UPDATE cursor SET arrival_urgent = arrival;
ALTER TABLE inbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
CREATE TABLE unstored(
  member TEXT NOT NULL, urgent INTEGER NOT NULL, idx INTEGER NOT NULL,
  PRIMARY KEY(member, urgent, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX unstored_idx ON unstored(idx);
ALTER TABLE outbox ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox(precedence DESC, seq) WHERE stage = 1 AND aside != 1;
CREATE INDEX outbox_aside ON outbox(seq) WHERE aside = 1;
CREATE TABLE erased(idx INTEGER PRIMARY KEY, erased_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE anchor(size INTEGER PRIMARY KEY, edge BLOB NOT NULL) STRICT;
CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY, part TEXT NOT NULL, idx INTEGER NOT NULL, code INTEGER NOT NULL,
  reason TEXT NOT NULL, found_at_ms INTEGER NOT NULL, UNIQUE(part, idx)) STRICT;
)";
// Version 3: what is counted, at each write, so that nobody who asks how much there is reads it
// all; a row that is replaced by another one (INSERT OR REPLACE) would not be counted off. And what
// was handed out along cursors, and what was given back: before, nobody took note of that, so along
// any cursor it may be all there was (the row without names).
inline constexpr std::string_view kSchema3 = R"(
CREATE TABLE tally(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  queued INTEGER NOT NULL, aside INTEGER NOT NULL, signed INTEGER NOT NULL,
  logged INTEGER NOT NULL, refused INTEGER NOT NULL, unstored INTEGER NOT NULL,
  bytes INTEGER NOT NULL, signed_bytes INTEGER NOT NULL,
  shown INTEGER NOT NULL, void INTEGER NOT NULL, unopenable INTEGER NOT NULL,
  garbled INTEGER NOT NULL, erased INTEGER NOT NULL) STRICT;
CREATE VIEW recount AS SELECT 1 AS id,
  (SELECT count(*) FROM outbox WHERE stage = 1) AS queued,
  (SELECT count(*) FROM outbox WHERE aside = 1) AS aside,
  (SELECT count(*) FROM outbox WHERE stage = 2) AS signed,
  (SELECT count(*) FROM outbox WHERE stage = 3) AS logged,
  (SELECT count(*) FROM outbox WHERE stage = 4) AS refused,
  (SELECT count(DISTINCT idx) FROM unstored) AS unstored,
  (SELECT coalesce(sum(length(draft) + length(text)), 0) FROM outbox
     WHERE stage IN (1, 2)) AS bytes,
  (SELECT coalesce(sum(length(draft) + length(text)), 0) FROM outbox
     WHERE stage = 2) AS signed_bytes,
  (SELECT count(*) FROM inbox) AS shown,
  (SELECT count(*) FROM received WHERE verdict = 1 AND code != 0) AS void,
  (SELECT count(*) FROM received WHERE verdict = 2 AND code != 0) AS unopenable,
  (SELECT count(*) FROM garbled) AS garbled,
  (SELECT count(*) FROM erased) AS erased;
INSERT INTO tally SELECT * FROM recount;
CREATE TRIGGER tally_outbox_insert AFTER INSERT ON outbox BEGIN
  UPDATE tally SET
    queued = queued + (NEW.stage = 1), aside = aside + (NEW.aside = 1),
    signed = signed + (NEW.stage = 2), logged = logged + (NEW.stage = 3),
    refused = refused + (NEW.stage = 4),
    bytes = bytes + (NEW.stage IN (1, 2)) * (length(NEW.draft) + length(NEW.text)),
    signed_bytes = signed_bytes + (NEW.stage = 2) * (length(NEW.draft) + length(NEW.text));
END;
CREATE TRIGGER tally_outbox_update AFTER UPDATE OF stage, aside, draft, text ON outbox BEGIN
  UPDATE tally SET
    queued = queued + (NEW.stage = 1) - (OLD.stage = 1),
    aside = aside + (NEW.aside = 1) - (OLD.aside = 1),
    signed = signed + (NEW.stage = 2) - (OLD.stage = 2),
    logged = logged + (NEW.stage = 3) - (OLD.stage = 3),
    refused = refused + (NEW.stage = 4) - (OLD.stage = 4),
    bytes = bytes + (NEW.stage IN (1, 2)) * (length(NEW.draft) + length(NEW.text))
      - (OLD.stage IN (1, 2)) * (length(OLD.draft) + length(OLD.text)),
    signed_bytes = signed_bytes + (NEW.stage = 2) * (length(NEW.draft) + length(NEW.text))
      - (OLD.stage = 2) * (length(OLD.draft) + length(OLD.text));
END;
CREATE TRIGGER tally_unstored_insert AFTER INSERT ON unstored
  WHEN NOT EXISTS (SELECT 1 FROM unstored WHERE idx = NEW.idx AND member != NEW.member) BEGIN
  UPDATE tally SET unstored = unstored + 1;
END;
CREATE TRIGGER tally_unstored_delete AFTER DELETE ON unstored
  WHEN NOT EXISTS (SELECT 1 FROM unstored WHERE idx = OLD.idx) BEGIN
  UPDATE tally SET unstored = unstored - 1;
END;
CREATE TRIGGER tally_inbox_insert AFTER INSERT ON inbox BEGIN
  UPDATE tally SET shown = shown + 1;
END;
CREATE TRIGGER tally_received_insert AFTER INSERT ON received WHEN NEW.code != 0 BEGIN
  UPDATE tally SET void = void + (NEW.verdict = 1), unopenable = unopenable + (NEW.verdict = 2);
END;
CREATE TRIGGER tally_garbled_insert AFTER INSERT ON garbled BEGIN
  UPDATE tally SET garbled = garbled + 1;
END;
CREATE TRIGGER tally_erased_insert AFTER INSERT ON erased BEGIN
  UPDATE tally SET erased = erased + 1;
END;
CREATE TABLE handed(
  application TEXT NOT NULL, cursor TEXT NOT NULL, arrival INTEGER NOT NULL,
  arrival_urgent INTEGER NOT NULL, PRIMARY KEY(application, cursor)) STRICT, WITHOUT ROWID;
INSERT INTO handed(application, cursor, arrival, arrival_urgent)
  SELECT '', '', coalesce(max(arrival), 0), coalesce(max(arrival), 0) FROM inbox;
CREATE TABLE deferred(
  application TEXT NOT NULL, cursor TEXT NOT NULL, arrival INTEGER NOT NULL,
  urgent INTEGER NOT NULL, attempts INTEGER NOT NULL, attempts_before INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL, quarantined_at_ms INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(application, cursor, arrival)) STRICT, WITHOUT ROWID;
CREATE INDEX deferred_due ON deferred(application, cursor, urgent, due_at_ms, arrival)
  WHERE quarantined_at_ms = 0;
)";
// Version 4: what each application has in the outbox of a lane that is not logged; no row where
// that is nothing.
inline constexpr std::string_view kSchema4 = R"(
CREATE TABLE outbox_share(
  application TEXT NOT NULL, urgent INTEGER NOT NULL, count INTEGER NOT NULL,
  bytes INTEGER NOT NULL, PRIMARY KEY(application, urgent)) STRICT, WITHOUT ROWID;
CREATE VIEW outbox_share_recount AS
  SELECT application, precedence >= 4 AS urgent, count(*) AS count,
    sum(length(draft) + length(text)) AS bytes
  FROM outbox WHERE stage IN (1, 2) GROUP BY application, precedence >= 4;
INSERT INTO outbox_share SELECT * FROM outbox_share_recount;
CREATE TRIGGER outbox_share_insert AFTER INSERT ON outbox WHEN NEW.stage IN (1, 2) BEGIN
  INSERT INTO outbox_share VALUES(
    NEW.application, NEW.precedence >= 4, 1, length(NEW.draft) + length(NEW.text))
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER outbox_share_update AFTER UPDATE OF stage ON outbox
  WHEN (NEW.stage IN (1, 2)) != (OLD.stage IN (1, 2)) BEGIN
  INSERT INTO outbox_share VALUES(
    NEW.application, NEW.precedence >= 4, (NEW.stage IN (1, 2)) - (OLD.stage IN (1, 2)),
    ((NEW.stage IN (1, 2)) - (OLD.stage IN (1, 2))) * (length(NEW.draft) + length(NEW.text)))
    ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = bytes + excluded.bytes;
  DELETE FROM outbox_share WHERE count = 0;
END;
)";
static_assert(exchange::lane_of(static_cast<v1::Precedence>(3)) == exchange::Lane::kPatient &&
              exchange::lane_of(static_cast<v1::Precedence>(4)) == exchange::Lane::kUrgent);
// Lanes and recipients are in the drafts, which SQL does not read.
[[nodiscard]] Result<void> fill_schema2(sqlite::Database& database);
// Version 5: what this node's witness cosigned last, the newest head at quorum; the hashes of the
// log's tree above its leaves.
inline constexpr std::string_view kSchema5 = R"(
CREATE TABLE witness(
  id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
  time_s INTEGER NOT NULL, seen_size INTEGER NOT NULL) STRICT;
INSERT INTO witness(id, size, root, time_s, seen_size) VALUES(1, 0, zeroblob(32), 0, 0);
CREATE TABLE cosigned(
  id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, time_s INTEGER NOT NULL,
  note BLOB NOT NULL) STRICT;
)";
[[nodiscard]] Result<void> fill_tiles(sqlite::Database& database);
// Version 6: what was exchanged with each peer (recipients between commas), how far it was counted
// (end 0 for what this node states, 1 beside what the peer does), and what peers say.
inline constexpr std::string_view kSchema6 = R"(
ALTER TABLE unstored RENAME TO undelivered;
ALTER TABLE tally RENAME COLUMN unstored TO undelivered;
ALTER TABLE tally ADD COLUMN statements INTEGER NOT NULL DEFAULT 0;
DROP VIEW recount;
CREATE VIEW recount AS SELECT 1 AS id,
  (SELECT count(*) FROM outbox WHERE stage = 1) AS queued,
  (SELECT count(*) FROM outbox WHERE aside = 1) AS aside,
  (SELECT count(*) FROM outbox WHERE stage = 2) AS signed,
  (SELECT count(*) FROM outbox WHERE stage = 3 AND application != '') AS logged,
  (SELECT count(*) FROM outbox WHERE stage = 4) AS refused,
  (SELECT count(DISTINCT idx) FROM undelivered) AS undelivered,
  (SELECT coalesce(sum(length(draft) + length(text)), 0) FROM outbox
     WHERE stage IN (1, 2)) AS bytes,
  (SELECT coalesce(sum(length(draft) + length(text)), 0) FROM outbox
     WHERE stage = 2) AS signed_bytes,
  (SELECT count(*) FROM inbox) AS shown,
  (SELECT count(*) FROM received WHERE verdict = 1 AND code != 0) AS void,
  (SELECT count(*) FROM received WHERE verdict = 2 AND code != 0) AS unopenable,
  (SELECT count(*) FROM garbled) AS garbled,
  (SELECT count(*) FROM erased) AS erased,
  (SELECT count(*) FROM outbox WHERE stage = 3 AND application = '') AS statements;
CREATE TRIGGER tally_statement_logged AFTER UPDATE OF stage ON outbox
  WHEN NEW.stage = 3 AND OLD.stage != 3 AND NEW.application = '' BEGIN
  UPDATE tally SET logged = logged - 1, statements = statements + 1;
END;
CREATE TABLE exchanged(
  idx INTEGER PRIMARY KEY, d BLOB NOT NULL, origin TEXT NOT NULL, recipients TEXT NOT NULL,
  urgent INTEGER NOT NULL, unopenable INTEGER NOT NULL) STRICT;
CREATE INDEX exchanged_unopenable ON exchanged(origin, idx) WHERE unopenable = 1;
CREATE TABLE pair(
  peer TEXT NOT NULL, end INTEGER NOT NULL, size INTEGER NOT NULL,
  received INTEGER NOT NULL, received_edge BLOB NOT NULL,
  sent INTEGER NOT NULL, sent_edge BLOB NOT NULL,
  PRIMARY KEY(peer, end)) STRICT, WITHOUT ROWID;
CREATE TABLE statement(
  idx INTEGER PRIMARY KEY, peer TEXT NOT NULL, size INTEGER NOT NULL,
  accepted_at_ms INTEGER NOT NULL, verdict INTEGER NOT NULL, text BLOB NOT NULL,
  sealed INTEGER NOT NULL) STRICT;
CREATE INDEX statement_waiting ON statement(peer, size) WHERE verdict = 0;
CREATE INDEX statement_compared ON statement(peer, size, idx) WHERE verdict IN (1, 2);
CREATE TABLE early(
  peer TEXT NOT NULL, idx INTEGER NOT NULL, stated INTEGER NOT NULL,
  PRIMARY KEY(peer, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE unopened(
  peer TEXT NOT NULL, idx INTEGER NOT NULL, stated INTEGER NOT NULL,
  PRIMARY KEY(peer, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE acknowledged(
  notice BLOB NOT NULL, member TEXT NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL,
  accepted_at_ms INTEGER NOT NULL, PRIMARY KEY(notice, member, level)) STRICT, WITHOUT ROWID;
)";
[[nodiscard]] Result<void> fill_exchanged(sqlite::Database& database);
// Version 7: branches of the log that were abandoned, and what is counted where rows go to them.
inline constexpr std::string_view kSchema7 = R"(
CREATE TABLE abandoned(
  branch INTEGER PRIMARY KEY, continues INTEGER NOT NULL, size INTEGER NOT NULL,
  root BLOB NOT NULL, told_by BLOB NOT NULL, went_back_at_ms INTEGER NOT NULL,
  witness_size INTEGER NOT NULL, witness_root BLOB NOT NULL, witness_time_s INTEGER NOT NULL,
  cosigned BLOB) STRICT;
CREATE TABLE abandoned_batch(
  branch INTEGER NOT NULL, first_index INTEGER NOT NULL, size_after INTEGER NOT NULL,
  root BLOB NOT NULL, leaves BLOB NOT NULL, checkpoint BLOB NOT NULL,
  PRIMARY KEY(branch, first_index)) STRICT;
CREATE TABLE abandoned_entry(
  branch INTEGER NOT NULL, part TEXT NOT NULL, idx INTEGER, envelope BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TRIGGER tally_received_delete AFTER DELETE ON received WHEN OLD.code != 0 BEGIN
  UPDATE tally SET void = void - (OLD.verdict = 1), unopenable = unopenable - (OLD.verdict = 2);
END;
CREATE TRIGGER tally_garbled_delete AFTER DELETE ON garbled BEGIN
  UPDATE tally SET garbled = garbled - 1;
END;
CREATE TRIGGER tally_erased_delete AFTER DELETE ON erased BEGIN
  UPDATE tally SET erased = erased - 1;
END;
CREATE TRIGGER tally_statement_unlogged AFTER UPDATE OF stage ON outbox
  WHEN OLD.stage = 3 AND NEW.stage != 3 AND NEW.application = '' BEGIN
  UPDATE tally SET logged = logged + 1, statements = statements - 1;
END;
)";
// Version 8: by witness key, the largest head in which a line of it was seen that this store knew
// nothing of; without a key, where that was before this version.
inline constexpr std::string_view kSchema8 = R"(
CREATE TABLE seen_line(key BLOB PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO seen_line(key, size) SELECT x'', seen_size FROM witness WHERE seen_size > size;
ALTER TABLE witness DROP COLUMN seen_size;
)";
// Version 9: consultations. Which entries are about which opening, the opening's own among them;
// what this node has drafted about each; and openings, from when on this node has had each, and
// whether its member's tally is made or none of it is due.
inline constexpr std::string_view kSchema9 = R"(
CREATE TABLE about(
  opening BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(opening, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX about_idx ON about(idx);
CREATE TABLE own_word(
  opening BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(opening, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE consultation(
  idx INTEGER PRIMARY KEY, opening BLOB NOT NULL UNIQUE, held_since_ms INTEGER NOT NULL,
  tallied INTEGER NOT NULL) STRICT;
CREATE INDEX consultation_waits ON consultation(idx) WHERE tallied = 0;
)";
// Version 11: records, by which what is in the inbox is found, and what is own and logged. They are
// made in quiet moments, so a store of the version before begins with none: `recorded` says up to
// which arrival there is one, or none is due, and `unrecorded` which own ones wait. `sweeps` is 1
// and 2 while what was deleted is being cleaned out of the words.
inline constexpr std::string_view kSchemaOfRecords = R"(
CREATE TABLE record(
  id INTEGER PRIMARY KEY, arrival INTEGER UNIQUE, seq INTEGER UNIQUE, notice BLOB NOT NULL,
  origin TEXT NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL, category INTEGER NOT NULL,
  accepted_at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX record_kind ON record(kind, status, id, accepted_at_ms, origin, category);
CREATE TABLE replaced(
  notice BLOB NOT NULL, origin TEXT NOT NULL, status INTEGER NOT NULL, cancels INTEGER NOT NULL,
  PRIMARY KEY(notice, origin, status, cancels)) STRICT, WITHOUT ROWID;
CREATE TABLE recorded(
  id INTEGER PRIMARY KEY CHECK(id = 1), arrival INTEGER NOT NULL, sweeps INTEGER NOT NULL) STRICT;
INSERT INTO recorded(id, arrival, sweeps) VALUES(1, 0, 0);
CREATE TABLE unrecorded(seq INTEGER PRIMARY KEY) STRICT;
INSERT INTO unrecorded(seq) SELECT seq FROM outbox WHERE stage = 3 AND application != '';
CREATE TRIGGER unrecorded_logged AFTER UPDATE OF stage ON outbox
  WHEN NEW.stage = 3 AND OLD.stage != 3 AND NEW.application != '' BEGIN
  INSERT INTO unrecorded(seq) VALUES(NEW.seq) ON CONFLICT DO NOTHING;
END;
CREATE VIRTUAL TABLE record_words USING fts5(subject, content, tokenize = 'unicode61');
)";

// Version 10: an entry is about every notice that it refers to, not about openings alone.
[[nodiscard]] Result<void> fill_about(sqlite::Database& database);
inline constexpr std::string_view kSchema10 = R"(
ALTER TABLE about RENAME COLUMN opening TO notice;
)";

// Version 12: which own notices raise an alarm where something does not come (their status is
// actual), and which MINIMIZE does not hold back; and who owes an acknowledgement of what, of
// notices that are logged or shown from now on.
[[nodiscard]] Result<void> fill_alarms(sqlite::Database& database);
inline constexpr std::string_view kSchema12 = R"(
ALTER TABLE outbox ADD COLUMN alarms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN exempt INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_exempt ON outbox(precedence DESC, seq)
  WHERE stage = 1 AND aside != 1 AND exempt = 1;
CREATE TABLE owed(
  notice BLOB PRIMARY KEY, own INTEGER NOT NULL, urgent INTEGER NOT NULL,
  since_ms INTEGER NOT NULL, members TEXT NOT NULL, origin TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX owed_since ON owed(own, urgent, since_ms);
)";

// Version 13: what is counted is counted by the program (counts.h); who lacks a notice of ours
// stands in one row; own ones that are logged wait for their records by the program as well.
inline constexpr std::string_view kSchema13 = R"(
DROP TRIGGER tally_outbox_insert;
DROP TRIGGER tally_outbox_update;
DROP TRIGGER tally_unstored_insert;
DROP TRIGGER tally_unstored_delete;
DROP TRIGGER tally_inbox_insert;
DROP TRIGGER tally_received_insert;
DROP TRIGGER tally_received_delete;
DROP TRIGGER tally_garbled_insert;
DROP TRIGGER tally_garbled_delete;
DROP TRIGGER tally_erased_insert;
DROP TRIGGER tally_erased_delete;
DROP TRIGGER tally_statement_logged;
DROP TRIGGER tally_statement_unlogged;
DROP TRIGGER outbox_share_insert;
DROP TRIGGER outbox_share_update;
DROP TRIGGER unrecorded_logged;
CREATE TEMP TABLE lacking AS
  SELECT urgent, idx, ',' || group_concat(member, ',') || ',' AS members FROM undelivered
  GROUP BY urgent, idx;
DROP TABLE undelivered;
CREATE TABLE undelivered(
  urgent INTEGER NOT NULL, idx INTEGER NOT NULL, members TEXT NOT NULL,
  PRIMARY KEY(urgent, idx)) STRICT, WITHOUT ROWID;
INSERT INTO undelivered SELECT urgent, idx, members FROM lacking;
DROP TABLE lacking;
)";

// Version 14: what a notice of ours says, and its signed envelope, stand apart from what becomes of
// it: a change of its stage writes no text anew. Here and below a table goes once it is empty: DROP
// alone, where what is deleted is overwritten, would hold each of its pages in memory.
inline constexpr std::string_view kSchema14 = R"(
CREATE TABLE outbox_content(
  seq INTEGER PRIMARY KEY, draft BLOB NOT NULL, text BLOB NOT NULL) STRICT;
CREATE TABLE outbox_envelope(seq INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT;
INSERT INTO outbox_content SELECT seq, draft, text FROM outbox;
INSERT INTO outbox_envelope SELECT seq, envelope FROM outbox WHERE envelope IS NOT NULL;
DROP VIEW recount;
DROP VIEW outbox_share_recount;
CREATE TABLE outbox_state(
  seq INTEGER PRIMARY KEY, notice_id BLOB NOT NULL UNIQUE, notice BLOB NOT NULL UNIQUE,
  request BLOB NOT NULL, application TEXT NOT NULL, queued_at_ms INTEGER NOT NULL,
  precedence INTEGER NOT NULL, sealed INTEGER NOT NULL, bytes INTEGER NOT NULL,
  alarms INTEGER NOT NULL, exempt INTEGER NOT NULL, stage INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL DEFAULT 0, idx INTEGER UNIQUE,
  accepted_at_ms INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', aside INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO outbox_state SELECT seq, notice_id, notice, request, application, queued_at_ms,
  precedence, sealed, length(draft) + length(text), alarms, exempt, stage, created_at_us, idx,
  accepted_at_ms, code, reason, aside FROM outbox;
DELETE FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_state RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox(precedence DESC, seq) WHERE stage = 1 AND aside != 1;
CREATE INDEX outbox_exempt ON outbox(precedence DESC, seq)
  WHERE stage = 1 AND aside != 1 AND exempt = 1;
CREATE INDEX outbox_signed ON outbox(created_at_us) WHERE stage = 2;
CREATE INDEX outbox_aside ON outbox(seq) WHERE aside = 1;
)";
// Version 15: neither table has an index by N of its own; where a notice stands by it is in one
// that is written a stretch of N at a time (notice_index.h). What was received is stored without
// what it repeats (cut.h).
inline constexpr std::string_view kSchema15 = R"(
DROP VIEW IF EXISTS outbox_whole;
DROP VIEW IF EXISTS recount;
DROP VIEW IF EXISTS outbox_share_recount;
CREATE TABLE inbox_shown(
  arrival INTEGER PRIMARY KEY, idx INTEGER NOT NULL UNIQUE, notice BLOB NOT NULL,
  origin TEXT NOT NULL, notice_id BLOB NOT NULL, accepted_at_ms INTEGER NOT NULL,
  arrived_at_ms INTEGER NOT NULL, created_at_us INTEGER NOT NULL, sealed INTEGER NOT NULL,
  key_id BLOB NOT NULL, draft BLOB NOT NULL, text BLOB NOT NULL, urgent INTEGER NOT NULL) STRICT;
INSERT INTO inbox_shown SELECT arrival, idx, notice, origin, notice_id, accepted_at_ms,
  arrived_at_ms, created_at_us, sealed, key_id, draft, text, urgent FROM inbox;
DELETE FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_shown RENAME TO inbox;
CREATE INDEX inbox_notice_id ON inbox(notice_id);
CREATE INDEX inbox_lane ON inbox(urgent, arrival);
CREATE TABLE outbox_state(
  seq INTEGER PRIMARY KEY, notice_id BLOB NOT NULL UNIQUE, notice BLOB NOT NULL,
  request BLOB NOT NULL, application TEXT NOT NULL, queued_at_ms INTEGER NOT NULL,
  precedence INTEGER NOT NULL, sealed INTEGER NOT NULL, bytes INTEGER NOT NULL,
  alarms INTEGER NOT NULL, exempt INTEGER NOT NULL, stage INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL DEFAULT 0, idx INTEGER UNIQUE,
  accepted_at_ms INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', aside INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO outbox_state SELECT * FROM outbox;
DELETE FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_state RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox(precedence DESC, seq) WHERE stage = 1 AND aside != 1;
CREATE INDEX outbox_exempt ON outbox(precedence DESC, seq)
  WHERE stage = 1 AND aside != 1 AND exempt = 1;
CREATE INDEX outbox_signed ON outbox(created_at_us) WHERE stage = 2;
CREATE INDEX outbox_aside ON outbox(seq) WHERE aside = 1;
ALTER TABLE received ADD COLUMN draft_at INTEGER;
ALTER TABLE received ADD COLUMN text_at INTEGER;
CREATE TABLE notice_index(
  notice BLOB NOT NULL, own INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY(notice, own)) STRICT, WITHOUT ROWID;
INSERT INTO notice_index SELECT * FROM (SELECT notice, 0, arrival FROM inbox UNION ALL
  SELECT notice, 1, seq FROM outbox) ORDER BY 1, 2;
CREATE TABLE notice_indexed(
  id INTEGER PRIMARY KEY CHECK(id = 1), arrival INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
INSERT INTO notice_indexed SELECT 1, coalesce((SELECT max(arrival) FROM inbox), 0),
  coalesce((SELECT max(seq) FROM outbox), 0);
)";
// A table that views name is made anew without them. An envelope whose other rows are gone is what
// is left of it, which does not hash to its leaf.
inline constexpr std::string_view kViews = R"(
CREATE VIEW outbox_whole AS SELECT o.*, c.draft, c.text, e.envelope FROM outbox o
  LEFT JOIN outbox_content c ON c.seq = o.seq LEFT JOIN outbox_envelope e ON e.seq = o.seq;
CREATE VIEW received_whole AS SELECT r.idx, r.verdict, r.code, r.reason,
  iif(r.draft_at IS NULL, r.envelope, coalesce(CAST(
    substr(r.envelope, 1, r.draft_at) || coalesce(i.draft, c.draft) || iif(r.text_at IS NULL,
      substr(r.envelope, r.draft_at + 1),
      substr(r.envelope, r.draft_at + 1, r.text_at - r.draft_at) || coalesce(i.text, c.text) ||
        substr(r.envelope, r.text_at + 1)) AS BLOB), r.envelope)) AS envelope
  FROM received r LEFT JOIN inbox i ON i.idx = r.idx
  LEFT JOIN outbox o ON o.idx = r.idx LEFT JOIN outbox_content c ON c.seq = o.seq;
CREATE VIEW recount AS SELECT 1 AS id,
  (SELECT count(*) FROM outbox WHERE stage = 1) AS queued,
  (SELECT count(*) FROM outbox WHERE aside = 1) AS aside,
  (SELECT count(*) FROM outbox WHERE stage = 2) AS signed,
  (SELECT count(*) FROM outbox WHERE stage = 3 AND application != '') AS logged,
  (SELECT count(*) FROM outbox WHERE stage = 4) AS refused,
  (SELECT count(DISTINCT idx) FROM undelivered) AS undelivered,
  (SELECT coalesce(sum(bytes), 0) FROM outbox WHERE stage IN (1, 2)) AS bytes,
  (SELECT coalesce(sum(bytes), 0) FROM outbox WHERE stage = 2) AS signed_bytes,
  (SELECT count(*) FROM inbox) AS shown,
  (SELECT count(*) FROM received WHERE verdict = 1 AND code != 0) AS void,
  (SELECT count(*) FROM received WHERE verdict = 2 AND code != 0) AS unopenable,
  (SELECT count(*) FROM garbled) AS garbled,
  (SELECT count(*) FROM erased) AS erased,
  (SELECT count(*) FROM outbox WHERE stage = 3 AND application = '') AS statements;
CREATE VIEW outbox_share_recount AS
  SELECT application, precedence >= 4 AS urgent, count(*) AS count, sum(bytes) AS bytes
  FROM outbox WHERE stage IN (1, 2) GROUP BY application, precedence >= 4;
)";
[[nodiscard]] Result<void> make_views(sqlite::Database& database);

inline constexpr std::array kSteps = {sqlite::StoreStep{kSchema},
                                      sqlite::StoreStep{kSchema2, fill_schema2},
                                      sqlite::StoreStep{kSchema3},
                                      sqlite::StoreStep{kSchema4},
                                      sqlite::StoreStep{kSchema5, fill_tiles},
                                      sqlite::StoreStep{kSchema6, fill_exchanged},
                                      sqlite::StoreStep{kSchema7},
                                      sqlite::StoreStep{kSchema8},
                                      sqlite::StoreStep{kSchema9},
                                      sqlite::StoreStep{kSchema10, fill_about},
                                      sqlite::StoreStep{kSchemaOfRecords},
                                      sqlite::StoreStep{kSchema12, fill_alarms},
                                      sqlite::StoreStep{kSchema13},
                                      sqlite::StoreStep{kSchema14},
                                      sqlite::StoreStep{kSchema15, make_views}};
inline constexpr sqlite::StoreFormat kFormat{.application_id = kNodeStoreApplicationId,
                                             .steps = kSteps};
static_assert(kFormat.version() == kNodeStoreVersion);

}  // namespace chancery::node
