#!/usr/bin/env python3
"""Consultations, as processes: agreed by silence, broken by an objection, and one where a member is unheard."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

MEMBERS = ("AM", "BY", "KG", "KZ", "RU", "TJ")
OTHERS = MEMBERS[1:]


class Consultation(Trial):
    def open(self, *words, rule="silence", seconds=6, participants=OTHERS):
        """AM asks."""
        opened = self.as_member("AM", "consult", "open", "--participants", ",".join(participants), "--question", "Agreed?",
                                "--proposal", "The text", "--rule", rule, "--deadline", f"{seconds}s", *words)
        self.assertEqual(opened.code, 0, opened)
        self.deadline = time.monotonic() + seconds
        self.opening = opened.json["notice"]

    def arrives(self, member):
        self.assertTrue(eventually(lambda: self.as_member(member, "show", self.opening).code == 0), member)

    def respond(self, member, *words):
        self.arrives(member)
        return self.as_member(member, "consult", "respond", self.opening, *words)

    def pass_the_deadline(self, publisher="AM"):
        """The log grows after it, so that a round has later times."""
        time.sleep(max(0.0, self.deadline - time.monotonic()) + 1)
        self.assertEqual(self.publish(publisher, "After the deadline").code, 0)

    def consultation(self, name):
        said = trial.chancery("consult", "status", self.opening[:16], "--exchange", self.exchange, name, "--json")
        self.assertEqual(said.code, 0, said)
        return said.json

    def prove(self, name, *words):
        """What the file that this member makes of it shows to somebody who has it, the program and the genesis."""
        path = self.folder / f"{name}-{time.monotonic_ns()}.evidence"
        made = trial.chancery("consult", "prove", self.opening[:16], "-o", path, "--exchange", self.exchange, name, "--json", *words)
        self.assertEqual(made.code, 0, made)
        said = self.outsider(path, "--json")
        self.assertEqual(said.code, 0, said)
        self.assertTrue(said.json["witnessed"])
        self.assertEqual(said.json["consultation"], made.json["consultation"])
        return said.json["consultation"]

    def standings(self, name):
        return {party["member"]: party["standing"] for party in self.consultation(name)["parties"]}

    def assert_concluded(self, conclusion, *members, final=True):
        """All of these say the same."""
        def same():
            return all((said["conclusion"], said["final"]) == (conclusion, final) for said in map(self.consultation, members))
        self.assertTrue(eventually(same, 30), [self.consultation(member) for member in members])
        cuts = {self.consultation(member)["cut"]["size"] for member in members}
        self.assertEqual(len(cuts), 1, cuts)

    def test_silence_of_all_is_agreement(self):  # C-225, C-227, C-229
        self.start(*MEMBERS)
        self.open()
        self.assertEqual(self.consultation("AM")["conclusion"], "open")
        self.assertEqual(self.respond("KG", "--agree").code, 0)
        self.pass_the_deadline()
        self.assert_concluded("agreed", *MEMBERS)
        self.assertEqual(self.standings("TJ"), {"AM": "silent", "BY": "silent", "KG": "agrees", "KZ": "silent", "RU": "silent",
                                                "TJ": "silent"})
        # An outsider with the file of any party computes what the parties do.
        for member in ("AM", "TJ"):
            self.assertEqual(self.prove(member), self.consultation(member))
        # What comes now changes nothing, and its own node says so before it is published.
        late = self.as_member("BY", "consult", "respond", self.opening, "--object")
        self.assertEqual((late.code, late.error), (1, "invalid-kind"), late)
        self.assertIn("after the cut", late.err)
        # A store tells as much as the daemon that it is of.
        self.assertEqual(self.nodes["RU"].stop(), 0)
        self.assertEqual(self.consultation("RU")["conclusion"], "agreed")
        listed = trial.chancery("consult", "list", "--exchange", self.exchange, "BY", "--json").json["consultations"]
        self.assertEqual([(each["opening"], each["conclusion"]) for each in listed], [(self.opening, "agreed")])
        for name in ("hub", "AM", "RU"):
            self.assertEqual(self.audit(name).code, 0, name)

    def test_an_objection_counts_although_the_hub_was_down_at_the_deadline(self):
        self.start(*MEMBERS)
        self.open()
        self.arrives("KZ")
        self.assertEqual(self.hub.stop(), 0)
        objected = self.as_member("KZ", "consult", "respond", self.opening, "--object", "--statement", "Not so", "--timeout", "1s")
        self.assertEqual((objected.code, objected.json["stage"]), (2, "queued"), objected)
        time.sleep(max(0.0, self.deadline - time.monotonic()) + 1)
        self.hub.start()
        self.assert_concluded("not agreed", *MEMBERS)
        self.assertEqual(self.standings("AM")["KZ"], "objects")
        party = next(party for party in self.consultation("TJ")["parties"] if party["member"] == "KZ")
        self.assertEqual((party["response"]["position"], party["response"]["statement"]), ("object", "Not so"))

    def test_a_member_that_is_unheard_has_not_agreed(self):
        self.start(*MEMBERS)
        self.open()
        self.arrives("TJ")
        self.assertEqual(self.nodes["TJ"].stop(), 0)
        self.pass_the_deadline()
        for member in MEMBERS[:5]:  # The tallies of all others are there.
            self.assertTrue(eventually(lambda member=member: [
                code for code, standing in self.standings(member).items() if standing == "unheard"] == ["TJ"]), self.standings(member))
        self.assert_concluded("not agreed", *MEMBERS[:5], final=False)
        self.assertIn("not every party is heard", trial.chancery("consult", "status", self.opening[:16], "--exchange", self.exchange, "AM").out)
        proven = self.prove("AM")
        self.assertEqual((proven["conclusion"], proven["final"]), ("not agreed", False))
        # Its node was there in time, and says so once it is back.
        self.start_node("TJ")
        self.assert_concluded("agreed", *MEMBERS)

    def test_who_had_the_text_too_late_is_not_silent(self):
        self.start(*MEMBERS[:5])
        self.open("--notice-period", "5s", seconds=8)
        time.sleep(max(0.0, self.deadline - time.monotonic()))
        self.start_node("TJ")
        self.pass_the_deadline()
        self.assert_concluded("not agreed", *MEMBERS)
        self.assertEqual(self.standings("AM")["TJ"], "served late")

    def test_the_opener_extends_and_withdraws(self):
        self.start(*MEMBERS)
        self.open("--majority", "2", rule="majority", participants=("BY", "KZ"), seconds=15)
        self.assertEqual(self.respond("BY", "--agree").code, 0)
        again = self.as_member("BY", "consult", "respond", self.opening, "--object")
        self.assertEqual((again.code, again.error), (1, "invalid-kind"), "once, unless it supersedes")
        response = next(party["response"]["notice"] for party in self.consultation("BY")["parties"] if party["member"] == "BY")
        changed = self.as_member("BY", "consult", "respond", self.opening, "--abstain", "--supersedes", response)
        self.assertEqual(changed.code, 0, changed)
        reserved = self.respond("KZ", "--reserve", "If it rains")
        self.assertEqual((reserved.code, reserved.error), (1, "invalid-kind"), "none are allowed")
        self.assertIn("no reservation", reserved.err)
        self.assertEqual(self.as_member("KZ", "consult", "extend", self.opening, "--deadline", "1h").error, "invalid-kind")
        extended = self.as_member("AM", "consult", "extend", self.opening, "--deadline", "1h", "--reason", "More time")
        self.assertEqual(extended.code, 0, extended)
        self.pass_the_deadline()
        self.assertEqual(self.consultation("AM")["conclusion"], "open")
        self.assertEqual(self.as_member("AM", "consult", "withdraw", self.opening).code, 0)
        self.assertEqual(self.consultation("AM")["conclusion"], "withdrawn")
        self.assertEqual(self.respond("KZ", "--agree").error, "invalid-kind")

    def test_what_nobody_could_answer_is_not_opened(self):  # C-233
        self.start("AM")
        for words, why in ((("--notice-period", "1h"), "notice_period_ms"), (("--majority", "2"), "majority")):
            refused = self.as_member("AM", "consult", "open", "--participants", "BY", "--question", "?", "--proposal", "!", "--rule",
                                     "silence", "--deadline", "10m", *words)
            self.assertEqual((refused.code, refused.error), (1, "invalid-kind"), refused)
            self.assertIn(why, refused.err)
        unknown = self.as_member("AM", "publish", "--kind", "consultation.respond", "--to", "BY", "--content",
                                 '{"position": "POSITION_AGREE"}', "--in-reply-to", "ab" * 32)
        self.assertEqual((unknown.code, unknown.error), (1, "not-found"), unknown)


if __name__ == "__main__":
    trial.main()
