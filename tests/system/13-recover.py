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
        # What is lost was at quorum.
        self.assertTrue(eventually(lambda: self.status("AM").json["cosigned"]["size"] > made.json["size"]))
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
        self.assertEqual((unsure.code, unsure.error, unsure.out), (1, "below-quorum", ""), unsure)
        few = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("authorities/AM.pem"))
        self.assertEqual((few.code, few.error), (1, "assent-missing"), few)
        other = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("hub/keys/log.pem"))
        self.assertEqual((other.code, other.error), (1, "not-an-authority"), other)
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

    def test_the_heads_that_a_quorum_cosigned_decide_what_may_be_given_up(self):
        size = self.lose_the_end()
        head = self.status("AM").json["cosigned"]
        lost = head["size"]
        self.assertEqual(self.hub.stop(), 0)
        told = self.recover()
        self.assertEqual((told.code, told.json["below_quorum"], told.json["quorum_size"]), (1, True, None), told)
        here, beyond, further = f"{size}:{told.json['root']}", f"{lost}:{head['root']}", f"{lost + 1}:{'ab' * 32}"
        before = self.path("hub/store/hub.db").read_bytes()

        cosigned = self.recover("--head", here, "--head", further, "--head", beyond)
        self.assertEqual((cosigned.code, cosigned.json["below_quorum"], cosigned.json["quorum_size"]), (1, True, lost + 1), cosigned)
        signed = ("--authority", self.path("authorities"), "--accept-rollback")
        refused = self.recover("--head", beyond, *signed)
        self.assertEqual((refused.code, refused.error), (1, "below-quorum"), refused)
        self.assertIn(f"a quorum cosigned {lost} entries", refused.err)
        other = self.recover("--head", f"{size}:{'ab' * 32}", *signed, "--below-quorum")
        self.assertEqual((other.code, other.error), (1, "foreign-log"), other)
        self.assertEqual(self.recover("--head", str(size), *signed).code, 64)
        self.assertEqual(self.path("hub/store/hub.db").read_bytes(), before)

        # Nothing that a quorum cosigned is given up: no other flag is needed.
        done = self.recover("--head", here, *signed)
        self.assertEqual((done.code, done.json["recovered"], done.json["below_quorum"], done.json["quorum_size"]), (0, True, False, None), done)
        self.hub.start()
        self.assertTrue(self.hub.says(" admits "), self.hub.log())
        self.assertTrue(eventually(lambda: all(self.is_whole(member) for member in MEMBERS)))

    def test_a_hub_that_lost_nothing_has_nothing_to_recover_from(self):
        empty = self.recover()
        self.assertEqual((empty.code, empty.error), (1, "file-missing"), empty)
        empty = self.recover("--accept-rollback")
        self.assertEqual((empty.code, empty.error), (1, "log-empty"), empty)
        self.start("AM")
        log = self.status("hub").json["log"]
        self.assertEqual(self.hub.stop(), 0)
        whole = self.recover("--head", f"{log['size']}:{log['root']}", "--accept-rollback", "--below-quorum")
        self.assertEqual((whole.code, whole.error), (1, "nothing-lost"), whole)

    def test_what_its_origin_has_not_handed_in_again_is_shown_as_not_logged(self):  # C-152, C-174
        self.lose_the_end()
        self.assertEqual(self.nodes["AM"].stop(), 0)
        self.assertEqual(self.hub.stop(), 0)
        done = self.recover("--accept-rollback", "--below-quorum", "--authority", self.path("authorities"))
        self.assertEqual(done.code, 0, done)
        self.hub.start()
        self.assertTrue(self.hub.says(" admits "), self.hub.log())

        def lost():
            return [each for each in self.as_member("BY", "inbox").json["notices"] if not each["logged"]]
        # What KZ sent is logged again; what AM did is not, while its node is away.
        self.assertTrue(eventually(lambda: [each["subject"] for each in lost()] == ["after, of AM"]), lost())
        notice = lost()[0]
        self.assertFalse(notice["witnessed"])
        for verb, words in (("inbox", ()), ("inbox", ("--cursor", "desk"))):
            lines = chancery(verb, *words, "--exchange", self.exchange, "--as", "BY").out.splitlines()
            self.assertEqual([line for line in lines if "(not logged)" in line],
                             [line for line in lines if line.endswith("after, of AM")])
        sheet = chancery("show", notice["notice"], "--exchange", self.exchange, "--as", "BY").out
        self.assertRegex(sheet, r"\nLogged +not any more: the log went on before it\n")
        self.assertFalse(self.as_member("BY", "show", notice["notice"]).json["logged"])
        tracked = self.as_member("BY", "track", notice["notice"])
        self.assertEqual((tracked.code, tracked.error), (2, "unknown-outcome"), tracked)
        self.start_node("AM")
        self.assertTrue(eventually(lambda: lost() == []), lost())
        self.assertTrue(self.as_member("BY", "show", notice["notice"]).json["logged"])

    def is_whole(self, member):
        """Nothing of its own is queued, and nothing of others is shown that is not logged."""
        own = self.status(member).json["outbox"]
        shown = self.as_member(member, "inbox").json["notices"]
        return own["queued"] + own["signed"] == 0 and all(notice["logged"] for notice in shown)

    def test_nothing_goes_back_on_the_hubs_word(self):  # C-152
        self.lose_the_end()
        for member in MEMBERS:
            self.assertTrue(self.nodes[member].says("foreign-log"), self.nodes[member].log())
            self.assertEqual(self.status(member).code, 1)
            self.assertNotIn("log-went-back", self.nodes[member].log())


if __name__ == "__main__":
    trial.main()
