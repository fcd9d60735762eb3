#!/usr/bin/env python3
"""Members cosign the log, as processes: a quorum of four of six, without one, and a witness whose store is older."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

MEMBERS = ("AM", "BY", "KG", "KZ", "RU", "TJ")


class WitnessRounds(Trial):
    def cosigned(self, *members):
        """Sizes of the head at quorum and of the log, as the hub and these nodes say them."""
        said = {name: self.status(name).json for name in ("hub", *members)}
        return {name: (status["cosigned"]["size"], status["log"]["size"]) for name, status in said.items()}

    def assert_whole(self, size, *members):
        """The whole log is at quorum, of this size at least, and all know."""
        def whole():
            said = set(self.cosigned(*members).values())
            return len(said) == 1 and all(cosigned == log >= size for cosigned, log in said)
        self.assertTrue(eventually(whole), self.cosigned(*members))

    def test_a_quorum_cosigns_what_is_logged_and_nobody_waits_for_it(self):
        self.start(*MEMBERS[:4])
        size = self.status("hub").json["log"]["size"]
        self.assert_whole(size, *MEMBERS[:4])
        self.assertEqual(self.publish("AM", "One").code, 0)
        self.assert_whole(size + 1, *MEMBERS[:4])

        # Three are no quorum: notices go on, and the hub says how much is not cosigned.
        self.assertEqual(self.nodes["KZ"].stop(), 0)
        self.assertEqual(self.publish("AM", "Two").code, 0)
        self.assert_arrives("BY", ["One", "Two"])
        hub = self.status("hub").json
        self.assertLess(hub["cosigned"]["size"], hub["log"]["size"])
        self.assertEqual(hub["cosigned"]["lag"], hub["log"]["size"] - hub["cosigned"]["size"])
        cosigned = hub["cosigned"]["size"]

        # Both remember across a stop; another fourth will do, and who was not there is told.
        self.assertEqual(self.hub.stop(), 0)
        self.hub.start()
        self.assertTrue(self.hub.says(" ready "))
        self.assertEqual(self.status("hub").json["cosigned"]["size"], cosigned)
        self.start_node("RU")
        self.assert_whole(size + 2, "AM", "BY", "KG", "RU")
        self.start_node("KZ")
        self.assert_whole(size + 2, "KZ")
        self.assertEqual(self.audit("hub").code, 0)

    def test_a_notice_is_marked_until_a_quorum_has_cosigned_it(self):  # C-174
        self.start(*MEMBERS[:2])
        self.assertEqual(self.publish("AM", "Marked", to="BY").code, 0)
        self.assert_arrives("BY", ["Marked"])

        def shown(verb, *words):
            return trial.chancery(verb, *words, "--exchange", self.exchange, "--as", "BY").out

        def marks():
            notice = self.as_member("BY", "inbox").json["notices"][0]
            also = self.as_member("BY", "show", notice["notice"]).json
            return {(each["logged"], each["witnessed"]) for each in (notice, also)}
        self.assertEqual(marks(), {(True, False)})
        notice = self.as_member("BY", "inbox").json["notices"][0]["notice"]
        self.assertRegex(shown("inbox"), r"  \(not witnessed\) Marked\n$")
        self.assertRegex(shown("inbox", "--cursor", "desk"), r"  \(not witnessed\) Marked\n$")
        self.assertIn("logged, not witnessed yet\n", shown("show", notice))
        for member in MEMBERS[2:4]:
            self.start_node(member)
        self.assertTrue(eventually(lambda: marks() == {(True, True)}), marks())
        self.assertRegex(shown("inbox"), r"  Marked\n$")
        self.assertNotIn("(", shown("inbox"))
        self.assertRegex(shown("show", notice), r"\nStage +witnessed\n")

    def test_a_witness_whose_store_was_put_back_does_not_cosign(self):
        size = self.start_where_all_are_needed()
        self.assertEqual(self.nodes["KG"].stop(), 0)
        store = self.path("kg/store/node.db")
        old = self.folder / "old.db"
        shutil.copy(store, old)
        newest = self.folder / "newest.db"
        self.start_node("KG")
        self.assertEqual(self.publish("AM", "Since then").code, 0)
        self.assert_whole(size + 1, *MEMBERS[:4])
        self.assertEqual(self.nodes["KG"].stop(), 0)
        shutil.copy(store, newest)
        self.put_in_place(old, store)
        self.start_node("KG")
        self.assertTrue(eventually(lambda: self.status("KG").json["witness"]["fault"].startswith("witness-older")), self.nodes["KG"].log())
        self.start_node("RU")
        self.assertEqual((self.status("KG").code, self.status("KG", "--check").code), (0, 1))
        self.assertEqual(self.publish("AM", "More").code, 0)
        self.assert_whole(size + 2, "AM", "BY", "KZ", "RU")
        self.assertEqual(self.status("KG").json["witness"]["size"], size)
        self.assert_arrives("KG", ["Since then", "More"])
        doctor = trial.chancery("doctor", "--exchange", self.exchange, "KG", "--json")
        found = next(found for found in doctor.json["findings"] if found["part"] == "witness")
        self.assertEqual((doctor.code, found["health"]), (1, "bad"))
        self.assertIn("new witness key", found["remedy"])
        self.assertEqual(self.nodes["KG"].stop(), 0)
        self.start_node("KG")
        self.assertRegex(self.status("KG").json["witness"]["fault"], "^witness-older", "a restart changes nothing")

        # What the remedy says first: the newest store there is.
        self.assertEqual(self.nodes["KG"].stop(), 0)
        self.put_in_place(newest, store)
        self.start_node("KG")
        self.assert_cosigns("KG")

    def start_where_all_are_needed(self):
        """Four nodes, so that no head is at quorum without the line of each; the size of one that is."""
        self.start(*MEMBERS[:4])
        size = self.status("hub").json["log"]["size"]
        self.assert_whole(size, *MEMBERS[:4])
        return size

    def put_in_place(self, copy, store):
        for name in store.parent.glob(store.name + "*"):
            name.unlink()
        shutil.copy(copy, store)

    def assert_cosigns(self, member):
        """What is logged from now on: a witness that comes back is not asked about what a quorum has cosigned without it."""
        size = self.publish("AM", "For the next round").json["index"] + 1

        def cosigns():
            witness = self.status(member).json["witness"]
            return witness["fault"] == "" and witness["size"] >= size
        self.assertTrue(eventually(cosigns), self.status(member).json["witness"])
        self.assertEqual(self.status(member, "--check").code, 0)

    def test_a_witness_whose_store_is_lost_cosigns_under_a_new_key(self):
        self.start_where_all_are_needed()
        self.assertEqual(self.nodes["KG"].stop(), 0)
        for name in self.path("kg/store").iterdir():
            name.unlink()
        self.start_node("KG")
        self.assertTrue(eventually(lambda: self.status("KG").json["witness"]["fault"].startswith("witness-older")), self.nodes["KG"].log())
        self.start_node("RU")

        # What the remedy says where no store is left, and docs/operating/keys.md how: while the hub still knows the key of before.
        key = self.path("kg/keys/witness-2.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        key.chmod(0o600)
        enrolled = self.enter("witness", "KG", key)
        self.edit("kg/node.toml", "^witness_key = .*$", 'witness_key = "keys/witness-2.pem"')
        self.assertEqual(self.nodes["KG"].stop(), 0)
        self.start_node("KG")
        self.assert_cosigns("KG")
        self.assert_whole(enrolled + 2, *MEMBERS[:5])

        # Without RU it is one of four, and its line counts.
        self.assertEqual(self.nodes["RU"].stop(), 0)
        size = self.publish("AM", "Under the new key").json["index"] + 1
        self.assert_whole(size, *MEMBERS[:4])


if __name__ == "__main__":
    trial.main()
