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

    def audit_changed(self, store, table, column, key, value):
        """The audit of a copy in which the middle byte of one cell is another."""
        copy = self.folder / "copy.db"
        shutil.copy(self.path(store), copy)
        copy.chmod(0o600)
        with sqlite3.connect(copy) as database:
            [(cell,)] = database.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (value,)).fetchall()
            changed = bytearray(cell)
            changed[len(changed) // 2] ^= 1
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (bytes(changed), value))
        database.close()
        return chancery("audit", "verify", "--store", copy, "--genesis", self.made["genesis"], "--json")

    def assert_names(self, answer, index):
        self.assertEqual(answer.code, 1, answer)
        self.assertFalse(answer.json["verified"])
        self.assertIn(index, [finding["index"] for finding in answer.json["findings"]], answer)

    def test_the_stores_are_good_as_they_are(self):
        for store in ("hub/store/hub.db", "am/store/node.db", "by/store/node.db"):
            answer = chancery("audit", "verify", "--store", self.path(store), "--json")
            self.assertEqual((answer.code, answer.json["size"]), (0, FOUNDING + 4), answer)

    def test_an_entry_of_the_hub_is_named(self):  # C-121
        for index in (0, 3, FOUNDING, FOUNDING + 2):
            for column in ("header", "body", "signatures"):
                self.assert_names(self.audit_changed("hub/store/hub.db", "entry", column, "idx", index), index)

    def test_what_a_hub_says_about_its_entries_is_checked(self):
        for column in ("entry_hash",):
            answer = self.audit_changed("hub/store/hub.db", "entry", column, "idx", FOUNDING + 1)
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

    def test_a_cut_log_is_no_whole_log(self):  # C-123
        copy = self.folder / "copy.db"
        shutil.copy(self.path("hub/store/hub.db"), copy)
        copy.chmod(0o600)
        with sqlite3.connect(copy) as database:
            database.execute("DELETE FROM batch WHERE first_index >= ?", (FOUNDING + 2,))
        database.close()
        answer = chancery("audit", "verify", "--store", copy, "--json")
        self.assertEqual((answer.code, answer.json["verified"]), (1, False), answer)

    def test_the_genesis_of_another_exchange_is_no_match(self):
        answer = chancery("audit", "verify", "--store", self.path("hub/store/hub.db"), "--genesis", "1" * 64, "--json")
        self.assertEqual((answer.code, answer.error), (2, "wrong-genesis"), answer)


if __name__ == "__main__":
    trial.main()
