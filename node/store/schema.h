// The tables of a node's store; node_store.h says what they hold.

#pragma once

#include <array>
#include <string_view>

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

inline constexpr std::array kSteps = {kSchema};
inline constexpr sqlite::StoreFormat kFormat{.application_id = kNodeStoreApplicationId,
                                             .steps = kSteps};
static_assert(kFormat.version() == kNodeStoreVersion);

}  // namespace chancery::node
