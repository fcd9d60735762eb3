"""Protocol C-152: a hub that lost the end of its log goes on by a roster of the authorities, and every notice still arrives
once. Nothing goes back without it."""
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import trial
from trial import chancery, eventually

MEMBERS = ("AM", "BY", "KG", "KZ", "RU", "TJ")


class Recover(trial.Trial):
    """Runs an exchange whose hub comes back with an older store."""

    def recover(self, *words):
        return chancery("recover", "hub", "--exchange", self.exchange, "--json", *words)

    def lose_the_end(self):
        """The hub's log ends at the copy: what was published as "after" is gone from it, and its nodes know."""
        self.start(*MEMBERS)
        self.assertEqual(self.publish("AM", "before", to="BY").code, 0)
        self.assert_arrives("BY", ["before"])
        copy = self.folder / "copy.db"
        made = chancery("backup", "--exchange", self.exchange, "hub", "--to", copy, "--json")
        self.assertEqual(made.code, 0, made)
        for origin, to in (("AM", "BY"), ("BY", "AM"), ("KZ", "members")):
            self.assertEqual(self.publish(origin, "after, of " + origin, to=to).code, 0)
        for member, subjects in (("BY", {"before", "after, of AM", "after, of KZ"}), ("AM", {"after, of BY", "after, of KZ"})):
            self.assertTrue(eventually(lambda: set(self.subjects(member)) == subjects), self.subjects(member))
        self.assertEqual(self.hub.stop(), 0)
        store = self.path("hub/store")
        shutil.rmtree(store)
        store.mkdir(mode=0o700)
        placed = chancery("restore", "--verify", copy, "--to", store / "hub.db", "--json")
        self.assertEqual(placed.code, 0, placed)
        self.hub.start()
        self.assertTrue(self.hub.says("admission-stopped"), self.hub.log())
        return made.json["size"]

    def test_all_that_was_acknowledged_arrives_once(self):  # C-152
        size = self.lose_the_end()
        self.assertTrue(eventually(lambda: self.status("AM").json["hub"]["link"] == "alarm"))
        # Published while the hub admits nothing: it waits.
        self.assertEqual(self.publish("AM", "meanwhile", "--timeout", "100ms", to="BY").code, 2)
        busy = self.recover("--accept-rollback")
        self.assertEqual((busy.code, busy.error), (1, "store-busy"), busy)
        self.assertEqual(self.hub.stop(), 0)

        before = self.path("hub/store/hub.db").read_bytes()
        told = self.recover()
        self.assertEqual((told.code, told.json["recovered"], told.json["size"]), (1, False, size), told)
        self.assertIn("holds this hub's own checkpoint", told.json["shown"])
        unsure = self.recover("--accept-rollback", "--authority", self.path("authorities"))
        self.assertEqual((unsure.code, unsure.json["recovered"], unsure.json["below_quorum"]), (1, False, True), unsure)
        few = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("authorities/AM.pem"))
        self.assertEqual((few.code, few.error), (1, "assent-missing"), few)
        other = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("hub/keys/log.pem"))
        self.assertEqual((other.code, other.error), (1, "unknown-key"), other)
        self.assertEqual(self.path("hub/store/hub.db").read_bytes(), before)

        shown = {member: self.subjects(member) for member in MEMBERS}
        done = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("authorities"))
        self.assertEqual((done.code, done.json["recovered"], done.json["size"]), (0, True, size), done)
        self.hub.start()
        for member in MEMBERS:
            self.assertTrue(self.nodes[member].says("log-went-back"), self.nodes[member].log())
        self.assertTrue(self.hub.says(" admits "), self.hub.log())
        self.assert_arrives("BY", shown["BY"] + ["meanwhile"])
        again = self.publish("TJ", "and on", to="AM")
        self.assertEqual(again.code, 0, again)
        self.assert_arrives("AM", shown["AM"] + ["and on"])
        for member in MEMBERS:
            with self.subTest(member=member):
                # All that was logged once is logged again, and shown once.
                self.assertTrue(eventually(lambda: self.is_whole(member)), self.as_member(member, "inbox"))
                self.assertEqual(len(self.subjects(member)), len(set(self.subjects(member))))
                self.assertEqual(self.status(member).code, 0, self.status(member))
        for name in ("hub", *MEMBERS):
            verdict = self.audit(name)
            self.assertEqual(verdict.code, 0, verdict)
        # The branch that was given up is evidence at each node.
        for member in MEMBERS:
            self.nodes[member].stop()
            with sqlite3.connect(self.path(member.lower(), "store/node.db")) as store:
                branches = store.execute("SELECT continues, size FROM abandoned").fetchall()
                kept = store.execute("SELECT count(*) FROM abandoned_batch").fetchone()[0]
            self.assertEqual([branch[0] for branch in branches], [size])
            self.assertGreater(branches[0][1], size)
            self.assertGreater(kept, 0)

    def is_whole(self, member):
        """Nothing of its own is queued, and nothing of others is shown that is not logged."""
        own = self.status(member).json["outbox"]
        shown = self.as_member(member, "inbox").json["notices"]
        return own["queued"] + own["signed"] == 0 and all(notice["index"] > 0 for notice in shown)

    def test_nothing_goes_back_on_the_hubs_word(self):  # C-152
        self.lose_the_end()
        for member in MEMBERS:
            self.assertTrue(self.nodes[member].says("foreign-log"), self.nodes[member].log())
            self.assertEqual(self.status(member).code, 1)
            self.assertNotIn("log-went-back", self.nodes[member].log())


if __name__ == "__main__":
    trial.main()
