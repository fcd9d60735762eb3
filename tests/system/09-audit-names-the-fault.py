#!/usr/bin/env python3
"""One byte changed in a copy of a store, anywhere that counts: the audit says no, and where it can it
names the entry. Protocol chapter 9."""
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery  # noqa: E402

FOUNDING = 7  # Entries before the first notice.


class AuditNamesTheFault(Trial):
    def setUp(self):
        super().setUp()
        self.start("AM", "BY")
        for i in range(4):
            self.assertEqual(self.publish("AM", f"notice {i}").code, 0)
        self.assert_arrives("BY", [f"notice {i}" for i in range(4)])
        for daemon in (*self.nodes.values(), self.hub):
            self.assertEqual(daemon.stop(), 0)

    def value(self, store, sql):
        """What a stopped store says. Nodes log statements three seconds after notices: how many are there, only it knows."""
        database = sqlite3.connect(self.path(store))
        [(value,)] = database.execute(sql).fetchall()
        database.close()
        return value

    def hub_size(self):
        return self.value("hub/store/hub.db", "SELECT count(*) FROM entry")

    def node_size(self, store):
        return self.value(store, "SELECT size FROM position")

    def audit_copy(self, store, change):
        """The audit of a copy of the store after change(database)."""
        copy = self.folder / "copy.db"
        shutil.copy(self.path(store), copy)
        copy.chmod(0o600)
        with sqlite3.connect(copy) as database:
            change(database)
        database.close()
        return chancery("audit", "verify", "--store", copy, "--genesis", self.made["genesis"], "--json")

    def audit_changed(self, store, table, column, key, value):
        """The audit of a copy in which the middle byte of one cell is another."""
        def change(database):
            [(cell,)] = database.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (value,)).fetchall()
            changed = bytearray(cell)
            changed[len(changed) // 2] ^= 1
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (bytes(changed), value))
        return self.audit_copy(store, change)

    def audit_edited(self, store, sql):
        """The audit of a copy in which one statement changed something."""
        def change(database):
            self.assertGreater(database.execute(sql).rowcount, 0, sql)
        return self.audit_copy(store, change)

    def assert_names(self, answer, index):
        self.assertEqual(answer.code, 1, answer)
        self.assertFalse(answer.json["verified"])
        self.assertIn(index, [finding["index"] for finding in answer.json["findings"]], answer)

    def test_the_stores_are_good_as_they_are(self):
        for store in ("hub/store/hub.db", "am/store/node.db", "by/store/node.db"):
            size = self.hub_size() if store.startswith("hub") else self.node_size(store)
            self.assertGreaterEqual(size, FOUNDING + 4)
            answer = chancery("audit", "verify", "--store", self.path(store), "--json")
            self.assertEqual((answer.code, answer.json["size"]), (0, size), answer)

    def test_an_entry_of_the_hub_is_named(self):  # C-121
        for index in (0, 3, FOUNDING, FOUNDING + 2):
            for column in ("header", "body", "signatures"):
                self.assert_names(self.audit_changed("hub/store/hub.db", "entry", column, "idx", index), index)

    def test_what_a_hub_says_about_its_entries_is_checked(self):
        answer = self.audit_changed("hub/store/hub.db", "batch", "entries", "first_index", FOUNDING + 1)
        self.assert_names(answer, FOUNDING + 1)
        for column in ("directory", "checkpoint"):
            answer = self.audit_changed("hub/store/hub.db", "batch", column, "first_index", FOUNDING + 1)
            self.assertEqual((answer.code, answer.json["verified"]), (1, False), answer)
            self.assertTrue(answer.json["findings"])

    def test_an_entry_of_a_node_is_named(self):
        for index in (FOUNDING, FOUNDING + 3):
            self.assert_names(self.audit_changed("by/store/node.db", "received", "envelope", "idx", index), index)
        self.assert_names(self.audit_changed("by/store/node.db", "directory_entry", "envelope", "idx", 2), 2)

    def test_the_leaves_and_checkpoints_of_a_node_are_checked(self):
        for column in ("leaves", "checkpoint"):
            for index in (1, FOUNDING + 1):
                answer = self.audit_changed("by/store/node.db", "batch", column, "first_index", index)
                self.assertEqual((answer.code, answer.json["verified"]), (1, False), answer)
                self.assertTrue(answer.json["findings"])

    def assert_says(self, answer, index, code, *words):
        self.assertEqual(answer.code, 1, answer)
        said = [finding for finding in answer.json["findings"]
                if (finding["index"], finding["code"]) == (index, code) and all(word in finding["detail"] for word in words)]
        self.assertTrue(said, answer)

    def test_a_feed_of_the_hub_is_what_the_drafts_say(self):  # C-124
        hub, at = "hub/store/hub.db", FOUNDING + 1
        row = "INSERT INTO feed(member, urgent, first_index, positions) VALUES"
        self.assertEqual(self.value(hub, f"SELECT size_after - first_index FROM batch WHERE first_index = {at}"), 1)
        for member in ("AM", "BY", "TJ"):
            withheld = self.audit_edited(hub, f"DELETE FROM feed WHERE member = '{member}' AND first_index = {at}")
            self.assert_says(withheld, at, "store-damaged", member, "lacks it")
        for index in (at, 2):
            stranger = self.audit_edited(hub, f"{row}('XX', 0, {index}, x'0000')")
            self.assert_says(stranger, index, "store-damaged", "XX")
        later = self.audit_edited(hub, f"{row}('XX', 0, {self.hub_size()}, x'0000')")
        self.assert_says(later, None, "store-damaged", "1 rows")
        lane = self.audit_edited(hub, f"UPDATE feed SET urgent = 1 - urgent WHERE member = 'BY' AND first_index = {at}")
        self.assert_says(lane, at, "store-damaged", "BY", "wrong lane")

    def test_the_clocks_of_the_hub_are_not_behind(self):  # C-125
        hub = "hub/store/hub.db"
        newest = self.value(hub, "SELECT max(idx) FROM entry WHERE origin = 'AM'")
        for sql in ("UPDATE clock SET created_at_us = created_at_us - 1", "DELETE FROM clock",
                    "UPDATE clock SET precedence = precedence + 1"):
            self.assert_says(self.audit_edited(hub, sql), newest, "store-damaged", "clock")
        self.assertEqual(self.audit_edited(hub, "UPDATE clock SET created_at_us = created_at_us + 1").code, 0)

    def test_the_outbox_of_a_node_is_what_was_logged(self):  # C-126
        node, at = "am/store/node.db", FOUNDING + 1
        swapped = self.audit_copy(node, lambda database: database.executescript(
            f"UPDATE outbox SET idx = NULL WHERE idx = {at}; UPDATE outbox SET idx = {at} WHERE idx = {at + 1};"))
        self.assert_says(swapped, at, "leaf-mismatch", "outbox")
        gone = self.audit_copy(node, lambda database: database.executescript(
            f"DELETE FROM received WHERE idx = {at}; UPDATE outbox_envelope SET envelope = x'00' WHERE seq = (SELECT seq FROM outbox WHERE idx = {at});"))
        self.assert_says(gone, at, "leaf-mismatch", "outbox")
        self.assertEqual(self.audit_edited(node, f"DELETE FROM received WHERE idx = {at}").code, 0)
        self.assertEqual(self.audit_edited(node, f"UPDATE outbox_envelope SET envelope = x'00' WHERE seq = (SELECT seq FROM outbox WHERE idx = {at})").code, 0)

    def test_the_inbox_of_a_node_is_what_was_received(self):  # C-126
        node, at = "by/store/node.db", FOUNDING + 1
        self.assert_says(self.audit_edited(node, f"DELETE FROM received WHERE idx = {at}"), at, "store-damaged", "inbox")
        for verdict in (1, 2):
            voided = self.audit_edited(node, f"UPDATE received SET verdict = {verdict}, code = 22 WHERE idx = {at}")
            self.assert_says(voided, at, "store-damaged", "inbox")
        for column, value in (("notice", "x'00'"), ("origin", "'BY'"), ("notice_id", "zeroblob(16)")):
            self.assert_says(self.audit_edited(node, f"UPDATE inbox SET {column} = {value} WHERE idx = {at}"), at,
                             "store-damaged", "another origin")
        lane = self.audit_edited(node, f"UPDATE inbox SET urgent = 1 - urgent WHERE idx = {at}")
        self.assert_says(lane, at, "store-damaged", "wrong lane")
        invented = self.audit_edited(node, f"UPDATE inbox SET idx = {self.node_size(node)} WHERE idx = {at}")
        self.assert_says(invented, None, "store-damaged", "1 rows")

    def assert_damaged(self, answer):
        self.assertEqual(answer.code, 1, answer)
        self.assertEqual([(f["index"], f["code"]) for f in answer.json["findings"]], [(None, "store-damaged")], answer)

    def test_what_a_start_relies_on_is_checked(self):  # C-121: entries that are good, and not to be found.
        self.assert_damaged(self.audit_edited("hub/store/hub.db", "DELETE FROM directory_entry WHERE idx = 3"))
        self.assert_damaged(self.audit_changed("hub/store/hub.db", "head", "edge", "id", 1))
        self.assert_damaged(self.audit_changed("am/store/node.db", "position", "edge", "id", 1))

    def test_an_index_that_misses_an_entry_is_damage(self):
        with sqlite3.connect(self.path("hub/store/hub.db")) as database:
            [(notice_id, notice)] = database.execute("SELECT notice_id, notice FROM entry WHERE idx = 8").fetchall()
        database.close()
        copy = self.folder / "copy.db"
        content = bytearray(self.path("hub/store/hub.db").read_bytes())
        # The id stands in the draft, in the row before N, and once more in the index that finds it.
        places = [at for at in range(len(content)) if content.startswith(b"AM" + notice_id, at)
                  and not content.startswith(notice, at + 2 + len(notice_id))]
        self.assertEqual(len(places), 1)
        content[places[0] + 2] ^= 1
        copy.write_bytes(content)
        copy.chmod(0o600)
        self.assert_damaged(chancery("audit", "verify", "--store", copy, "--genesis", self.made["genesis"], "--json"))

    def test_tables_that_are_not_ours_are_damage(self):
        answer = self.audit_copy("hub/store/hub.db", lambda db: db.execute("ALTER TABLE batch RENAME COLUMN directory TO d"))
        self.assertEqual(answer.code, 1, answer)

    def test_a_cut_log_is_no_whole_log(self):  # C-123
        answer = self.audit_edited("hub/store/hub.db", f"DELETE FROM batch WHERE first_index >= {FOUNDING + 2}")
        self.assertEqual((answer.code, answer.json["verified"]), (1, False), answer)

    def test_the_genesis_of_another_exchange_is_no_match(self):
        answer = chancery("audit", "verify", "--store", self.path("hub/store/hub.db"), "--genesis", "1" * 64, "--json")
        self.assertEqual((answer.code, answer.error), (2, "wrong-genesis"), answer)


if __name__ == "__main__":
    trial.main()
