#!/usr/bin/env python3
"""A hub that lies to one member, as processes: the shipped hub with a liar linked into it (tests/liar). Who has to notice does, by
the alarm that docs/internals/simulation.md names, and what was signed twice is proven by a file."""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402

QUORUM = ("AM", "BY", "KG", "KZ")
FOR_OTHERS = "KZ"
OVERDUE = 100  # Seconds: a head at quorum is overdue a minute after the log grew.


class Lies(Trial):
    def setUp(self):
        super().setUp()
        self.founded = len(self.made["members"]) + 1

    def start_lying(self, lies, *members):
        """The nodes are in step when the hub tells its first lie."""
        self.hub = self.daemon("../tests/chancery-liar", "hub/hub.toml")
        self.hub.env = {"CHANCERY_LIE": lies}
        self.start(*members)

    def lie_to_by(self, lie, *members):
        self.start_lying(f"{lie}:BY:{self.founded}", *members)

    def write(self, origin, subject, to, *words):
        """A notice that its node has; whether it is logged, the hub decides."""
        self.assertEqual(self.publish(origin, subject, "--wait", "queued", *words, to=to).code, 0)

    def converse(self, count=3):
        for number in range(count):
            for origin, to in (("AM", "BY"), ("AM", FOR_OTHERS), ("BY", "AM"), (FOR_OTHERS, "BY")):
                self.write(origin, f"{origin} {number}", to)

    def said(self, member):
        """What stands in its status, as the table of lies has it."""
        answer = self.status(member)
        if not answer.out:
            return set()  # It starts.
        status = answer.json
        words = {f"overdue {each['what']}" for each in status["overdue"]}
        words |= {f"dispute {each['error']}" for each in status["disputes"]}
        if status["alarm"] is not None:
            words.add(f"alarm {status['alarm']['error']}")
        return words

    def assert_noticed(self, member, *words, patience=trial.PATIENCE):
        self.assertTrue(eventually(lambda: self.said(member) & set(words), patience), f"{member}: {self.said(member)}")
        self.assertNotEqual(self.status(member, "--check").code, 0)

    def assert_calm(self, *members):
        for member in members:
            self.assertEqual({word for word in self.said(member) if not word.startswith("overdue")}, set(), member)

    def assert_proven(self, at=None):
        """The exports of two members make a file, and it convinces who has the genesis alone."""
        exports = [self.folder / member for member in ("AM", "BY")]
        proof = self.folder / "proof"

        def differ():
            for export in exports:
                made = chancery("audit", "export", export, export.name, "--exchange", self.exchange, "--json")
                self.assertEqual(made.code, 0, made)
            return chancery("audit", "compare", *exports, "--json").code == 1
        self.assertTrue(eventually(differ))
        compared = chancery("audit", "compare", *exports, "-o", proof, "--json")
        self.assertEqual(compared.code, 1, compared)
        self.assertGreaterEqual(compared.json["first_difference"], self.founded)
        self.assertTrue(compared.json["first_difference"] == at or at is None, compared)
        proven = chancery("audit", "verify", "--contradiction", proof, "--genesis", self.made["genesis"], "--json")
        self.assertEqual(proven.code, 0, proven)
        self.assertEqual(chancery("audit", "verify", "--contradiction", proof, "--genesis", "0" * 64).code, 1)

    def assert_kept(self, member, error, what=b""):
        """Its alarm stands in the store with what shows the lie, and that has these bytes in it."""
        self.assertEqual(self.nodes[member].stop(), 0)
        number = chancery("errors", "lookup", error, "--json").json["number"]
        with sqlite3.connect(self.path(member.lower(), "store/node.db")) as store:
            kept = [evidence for evidence, in store.execute("SELECT evidence FROM alarm WHERE code = ?", (number,))]
        self.assertTrue(any(what in evidence and evidence for evidence in kept), kept)

    def two_histories(self, lie):
        # Without a quorum an export goes as far as the log's own signature.
        self.lie_to_by(lie, "AM", "BY", FOR_OTHERS)
        self.converse()
        self.assert_noticed("BY", "alarm foreign-log", "alarm root-mismatch", "dispute foreign-log")
        self.assert_proven()
        self.assert_calm("AM", FOR_OTHERS)

    def test_a_fork(self):
        self.two_histories("fork")

    def test_a_notice_that_is_dropped_from_one_log(self):
        self.two_histories("drop")

    def test_a_revocation_that_is_withheld(self):
        self.lie_to_by("withhold-revocation", "AM", "BY", FOR_OTHERS)
        self.converse(1)
        self.assert_calm("AM", "BY", FOR_OTHERS)
        revoked = self.enter("revoke", "TJ")
        self.converse()
        self.assert_noticed("BY", "alarm foreign-log", "alarm root-mismatch", "dispute foreign-log")
        self.assert_proven(at=revoked)
        self.assert_calm("AM", FOR_OTHERS)

    def test_a_notice_that_is_logged_and_delivered_twice(self):
        self.two_histories("replay")

    def test_notices_that_change_places(self):
        self.lie_to_by("reorder", "AM", "BY", FOR_OTHERS)
        self.assertEqual(self.hub.stop(), 0)
        for number in range(6):  # While the hub is away they come to stand in one batch.
            self.write("AM", f"AM {number}", "BY")
        for member in ("ru", "tj"):  # They meet the hub, and cosign nothing: exports end at a head at quorum.
            self.edit(f"{member}/node.toml", "^witness_key = .*$", "")
        self.hub.start()
        self.start_quorum()
        self.assertTrue(self.hub.says(" ready "), self.hub.log())
        self.converse()
        self.assert_noticed("BY", "alarm foreign-log", "alarm root-mismatch", "dispute foreign-log")
        self.assert_proven()

    def test_the_first_roster_once_more(self):
        self.lie_to_by("old-roster", *QUORUM)
        self.converse(1)
        self.assert_noticed("BY", "alarm slot-conflict")
        self.assert_calm("AM", "KG", FOR_OTHERS)
        first_roster = self.path("founding.bin").read_bytes()[50:250]
        self.assert_kept("BY", "slot-conflict", first_roster)

    def test_a_key_that_the_roster_does_not_name(self):
        self.lie_to_by("swapped-key", *QUORUM)
        self.converse(1)
        self.assert_noticed("BY", "alarm bad-checkpoint")
        self.assert_calm("AM", "KG", FOR_OTHERS)

    def test_a_notice_that_was_not_logged_is_delivered(self):
        self.lie_to_by("unlogged", *QUORUM)
        self.converse()
        self.assert_noticed("BY", "alarm leaf-mismatch")
        self.assert_calm("AM", "KG", FOR_OTHERS)
        self.assert_kept("BY", "leaf-mismatch")

    def test_notices_that_were_logged_are_not_delivered(self):
        self.lie_to_by("undelivered", *QUORUM)
        self.converse()
        # Of BY's two peers one is silenced, and the statements of BY show it there.
        peers = ("AM", FOR_OTHERS)
        self.assertTrue(eventually(lambda: any("dispute statement-mismatch" in self.said(peer) for peer in peers)),
                        [self.said(peer) for peer in peers])

    def test_a_hub_from_yesterdays_backup(self):
        self.lie_to_by("backup", *QUORUM)
        self.converse()
        size = self.status("hub").json["log"]["size"]
        self.assertTrue(eventually(lambda: self.status("BY").json["log"]["size"] >= size))
        self.assertEqual(self.nodes["BY"].stop(), 0)
        self.node_of("BY").start()
        self.assert_noticed("BY", "alarm foreign-log")
        self.assert_calm("AM", "KG", FOR_OTHERS)

    def test_what_is_kept_back_is_overdue(self):
        """Three lies at a time, since each takes a minute: an old head, a log that ends, and silence."""
        self.start_lying(f"old-head:BY:{self.founded},withhold-tail:KG:{self.founded},stall:TJ:{self.founded}", "AM", "BY", "KG", "KZ",
                         "RU", "TJ")
        self.converse()
        for member in ("KG", "TJ"):
            self.write(member, "Urgent", "AM", "--precedence", "immediate")
        self.assert_noticed("KG", "overdue logged", patience=OVERDUE)
        self.assert_noticed("TJ", "overdue logged", patience=OVERDUE)
        self.assert_noticed("BY", "overdue cosigned", patience=OVERDUE)
        self.assert_calm("AM", "KZ", "RU")


if __name__ == "__main__":
    trial.main()
