#!/usr/bin/env python3
"""One file proves a notice to somebody who has nothing but the program and the genesis: as processes, made at a member's node
while it runs and from its store, verified in an empty directory; and a changed byte is found out."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402

MEMBERS = ("AM", "BY", "KG", "KZ")


class Evidence(Trial):
    def setUp(self):
        super().setUp()
        self.genesis = self.made["genesis"]
        self.start(*MEMBERS)

    def prove(self, member, notice, output, *words):
        return chancery("audit", "prove", notice[:12], member, "-o", self.folder / output, "--exchange", self.exchange,
                        "--json", *words)

    def delivered(self, notice, members):
        """What AM's node can show of it, once all of these are known to have it and a quorum cosigned that."""
        def whole():
            path = self.folder / "polled"
            path.unlink(missing_ok=True)
            proof = self.prove("AM", notice, "polled")
            known = proof.code == 0 and {to["member"] for to in proof.json["recipients"] if to["delivered"]}
            return known == set(members) and proof.json["witnessed"]
        self.assertTrue(eventually(whole), self.prove("AM", notice, "last"))

    def test_an_outsider_is_convinced_by_one_file(self):
        sent = self.publish("AM", "Heard at the border", to="BY,KZ")
        self.assertEqual(sent.code, 0, sent)
        notice = sent.json["notice"]
        self.delivered(notice, {"BY", "KZ"})
        arrived = self.as_member("BY", "inbox").json["notices"][0]
        self.assertEqual(self.as_member("BY", "acknowledge", arrived["notice"], "--read").code, 0)
        path = self.folder / "polled"
        self.assertTrue(eventually(lambda: path.unlink() or self.prove("AM", notice, "polled").json["recipients"][0]["read"]))

        told = self.outsider(path, "--json")
        self.assertEqual(told.code, 0, told)
        self.assertEqual((told.json["verified"], told.json["notice"], told.json["origin"], told.json["subject"]),
                         (True, notice, "AM", "Heard at the border"))
        self.assertEqual((told.json["witnessed"], told.json["quorum"], told.json["witness_count"]), (True, 4, 6))
        by, kz = told.json["recipients"]
        self.assertTrue(by["delivered"] and by["read"] and kz["delivered"] and not kz["read"], told)
        words = self.outsider(path)
        self.assertEqual(words.code, 0, words)
        for said in ("verified: AM sent threat.alert to BY, KZ", "by 4 of 6 witnesses (AM, BY, KG, KZ)", "BY        has it",
                     "read: its people said so", "Heard at the border", "genesis " + self.genesis):
            self.assertIn(said, words.out)

        # Another size is no verdict, the same size with another root is a false one.
        size, root = told.json["log"]["size"], told.json["log"]["root"]
        self.assertEqual(self.outsider(path, "--pin", f"{size}:{root}").code, 0)
        self.assertEqual(self.outsider(path, "--pin", f"{size + 1}:{root}").code, 2)
        pinned = self.outsider(path, "--pin", f"{size}:{'0' * 64}", "--json")
        self.assertEqual((pinned.code, pinned.json["code"]), (1, "foreign-log"))
        self.assertEqual(self.outsider(path, genesis="0" * 64).code, 1)
        self.assertEqual(self.outsider(path, genesis="0" * 63).code, 64)

        # A changed byte is found out, wherever it is; so is a file that was cut.
        whole = path.read_bytes()
        changed = self.folder / "changed"
        for place in range(0, len(whole), len(whole) // 40):
            changed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            answer = self.outsider(changed)
            self.assertEqual(answer.code, 1, f"byte {place}: {answer}")
            self.assertIn("FALSE", answer.out)
        changed.write_bytes(whole[:-1])
        self.assertEqual(self.outsider(changed, "--json").json["verified"], False)
        self.assertEqual(chancery("verify", self.folder / "none", "--genesis", self.genesis).code, 2)

    def test_a_recipient_proves_it_too_and_without_the_text(self):
        sent = self.publish("AM", "For few eyes", to="BY")
        notice = sent.json["notice"]
        self.delivered(notice, {"BY"})
        proof = self.prove("BY", notice, "by.evidence", "--hide-text")
        self.assertEqual(proof.code, 0, proof)
        path = self.folder / "by.evidence"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(proof.json["bytes"], path.stat().st_size)
        self.assertFalse(b"For few eyes" in path.read_bytes())
        told = self.outsider(path, "--json")
        self.assertEqual((told.code, told.json["text_disclosed"], told.json["notice"]), (0, False, notice))
        self.assertTrue(told.json["recipients"][0]["delivered"], told)
        self.assertEqual(self.prove("BY", notice, "by.evidence").error, "exists")

        # From the store of a stopped node, which is not written.
        self.assertEqual(self.nodes["BY"].stop(), 0)
        store = self.path("by/store/node.db")
        before = store.read_bytes()
        offline = chancery("audit", "prove", notice, "--store", store, "-o", self.folder / "offline", "--json")
        self.assertEqual(offline.code, 0, offline)
        self.assertEqual(store.read_bytes(), before)
        self.assertEqual(self.outsider(self.folder / "offline", "--json").json["subject"], "For few eyes")
        self.assertEqual(self.prove("hub", notice, "hub.evidence").error, "usage")
        self.assertEqual(self.prove("KZ", notice, "kz.evidence").error, "not-found")


if __name__ == "__main__":
    trial.main()
