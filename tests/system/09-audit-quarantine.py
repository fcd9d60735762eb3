#!/usr/bin/env python3
"""A stored record that fails its hash: found without being asked for, named, never served, never deleted, and
in nobody's way. Protocol chapter 9."""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402


def flip(value):
    return value[:-3] + bytes([value[-3] ^ 1]) + value[-2:]


class Quarantine(Trial):
    def setUp(self):
        super().setUp()
        self.start("AM", "BY")
        for i in range(4):
            self.assertEqual(self.publish("AM", f"notice {i}").code, 0)
        self.assert_arrives("BY", [f"notice {i}" for i in range(4)])

    def stop(self, *daemons):
        for daemon in daemons:
            self.assertEqual(daemon.stop(), 0)

    def flip_a_bit(self, store, table, column, where):
        with sqlite3.connect(store) as database:
            (value,) = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (flip(value),))
        database.close()

    def quarantine(self, name):
        return [(record["part"], record["index"], record["code"])
                for record in self.status(name).json["quarantine"]["records"]]

    def test_an_entry_of_the_hub(self):
        store = self.path("hub/store/hub.db")
        self.stop(self.nodes["BY"], self.nodes["AM"], self.hub)
        self.flip_a_bit(store, "entry", "body", "idx = 8")
        self.path("by/store/node.db").unlink()  # BY is to get everything again.
        self.hub.start()
        self.assertTrue(self.hub.says("ERROR record-damaged part=entry index=8 "), self.hub.log())
        self.assertRegex(self.hub.log(), "record-damaged .*store-damaged.* remedy=")
        self.assertEqual(self.quarantine("hub"), [("entry", 8, "store-damaged")])
        self.start_node("BY")
        self.assert_arrives("BY", ["notice 0"])  # What stands before it; the feed waits there.
        self.start_node("KZ")
        self.assert_arrives("KZ", ["notice 0"])
        for member in ("RU", "TJ"):  # AM, the origin, is to stay away.
            self.start_node(member)
        self.assertEqual(self.publish("BY", "The other lane goes on", "--precedence", "flash", to="KZ").code, 0)
        self.assert_arrives("KZ", ["notice 0", "The other lane goes on"])
        audit = self.audit("hub")
        self.assertEqual((audit.code, audit.json["findings"][0]["index"]), (1, 8), audit)
        self.stop(self.hub)
        self.hub.start()
        self.assertTrue(eventually(lambda: self.status("hub").code == 0))
        self.assertEqual(self.quarantine("hub"), [("entry", 8, "store-damaged")], "a start forgets nothing")
        self.assertNotIn("record-damaged", self.hub.log())
        self.assertTrue(eventually(lambda: self.status("BY").json["hub"]["damaged"] == [8]), self.status("BY"))
        self.assertEqual([self.status(name, "--check").code for name in ("BY", "hub")], [1, 1])
        # C-149: the origin holds it.
        self.start_node("AM")
        self.assertTrue(self.hub.says("INFO record-restored index=8 from=AM"), self.hub.log())
        self.assert_arrives("BY", [f"notice {i}" for i in range(4)])
        self.assertEqual(self.quarantine("hub"), [])
        self.assertEqual([self.status(name, "--check").code for name in ("BY", "hub")], [0, 0])
        self.assertEqual(self.audit("hub").code, 0)

    def test_a_notice_in_an_inbox(self):
        store = self.path("by/store/node.db")
        for column, arrival in (("text", 2), ("draft", 3)):
            self.stop(self.nodes["BY"])
            self.flip_a_bit(store, "inbox", column, f"arrival = {arrival}")
            self.start_node("BY")
            self.assertTrue(self.nodes["BY"].says(f"ERROR record-damaged part=inbox index={arrival} "),
                            self.nodes["BY"].log())
        self.assertEqual(self.subjects("BY"), ["notice 0", "notice 3"])
        # What was received is stored without the draft, which is in the inbox.
        self.assertTrue(eventually(lambda: sorted(self.quarantine("BY")) == [
            ("inbox", 2, "store-damaged"), ("inbox", 3, "store-damaged"), ("received", 9, "store-damaged")]))
        shown = self.as_member("BY", "show", "8")
        self.assertNotEqual(shown.code, 0, shown)
        self.assertEqual(self.publish("AM", "BY goes on").code, 0)
        self.assert_arrives("BY", ["notice 0", "notice 3", "BY goes on"])
        self.stop(self.nodes["BY"])
        with sqlite3.connect(store) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM inbox").fetchone(), (5,))  # Nothing is deleted.
        database.close()

    def test_what_was_received_and_what_waits_to_be_sent(self):
        store = self.path("am/store/node.db")
        self.stop(self.hub)
        for word in ("never", "after it"):
            self.assertEqual(self.publish("AM", word, "--wait", "queued").code, 0)
        self.stop(self.nodes["AM"])
        self.flip_a_bit(store, "outbox_content", "draft", "seq = 5")
        self.flip_a_bit(store, "received", "envelope", "idx = 9")
        self.start("AM")
        self.start_quorum()
        for part in ("received index=9", "outbox index=5"):
            self.assertTrue(self.nodes["AM"].says(f"record-damaged part={part} "), self.nodes["AM"].log())
        self.assertTrue(eventually(lambda: "after it" in self.subjects("BY")))
        self.assertNotIn("never", self.subjects("BY"))
        self.assertEqual(self.status("AM").json["outbox"]["queued"], 1)


if __name__ == "__main__":
    trial.main()
