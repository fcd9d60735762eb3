#!/usr/bin/env python3
"""`chancery hub`: whom a hub serves, and its end by a person instead of a signal. docs/reference/cli.md."""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class Hub(Trial):
    def ask(self, verb, *words):
        return chancery("hub", verb, "--exchange", self.exchange, *words)

    def test_each_member_is_shown_with_its_nodes_and_how_far_they_are(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "one", to="BY").code, 0)
        self.assert_arrives("BY", ["one"])

        def members():
            answer = self.ask("members", "--json")
            self.assertEqual(answer.code, 0, answer)
            self.assertGreaterEqual(answer.json["size"], 8)
            return {member["code"]: member for member in answer.json["members"]}

        self.assertTrue(eventually(lambda: members()["BY"]["nodes"][0].get("cursor", 0) >= 8), members())
        shown = members()
        self.assertEqual({code: member["connected"] for code, member in shown.items()},
                         {"AM": True, "BY": True, "KG": False, "KZ": False, "RU": False, "TJ": False})
        self.assertEqual(shown["AM"]["name"], "Republic of Armenia")
        self.assertGreater(shown["AM"]["taken"], shown["BY"]["taken"])  # Statements may be among them.
        self.assertEqual(shown["KZ"]["nodes"], [{"node": shown["KZ"]["nodes"][0]["node"], "connected": False}])
        text = self.ask("members").out
        self.assertRegex(text, r"(?m)^log of \d+ entries\n")
        self.assertRegex(text, r"(?m)^BY    Republic of Belarus +[0-9a-f]{8}  stored up to \d+, urgent up to \d+  chancery-node ")
        self.assertRegex(text, r"(?m)^KZ    Republic of Kazakhstan +[0-9a-f]{8}  away$")
        self.assertGreaterEqual(self.ask("status", "--json").json["log"]["size"], 8)
        context = {"XDG_CONFIG_HOME": str(self.folder / "config")}
        self.assertEqual(chancery("context", "add", "ours", "--hub", self.path("hub/hub.toml"), "--select", env=context).code, 0)
        self.assertGreaterEqual(chancery("hub", "members", "--json", env=context).json["size"], 8)
        self.assertEqual(self.as_member("AM", "cursor", "reset", "hub", "--to", "start").code, 0, "an argument, not a verb")

    def test_a_drained_hub_has_answered_all_and_ends(self):
        self.start("AM", "BY")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        answers = []

        def publish(number):
            answers.append(self.publish("AM", str(number), "--wait", "queued"))

        publishers = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
        for publisher in publishers:
            publisher.start()
        drained = self.ask("drain", "--json")
        for publisher in publishers:
            publisher.join()
        self.assertEqual(drained.code, 0, drained)
        self.assertEqual(self.hub.wait(), 0, self.hub.log())
        self.assertIn("stopping asked=drain", self.hub.log())
        audited = self.audit("hub")
        self.assertEqual(audited.code, 0, audited)
        audit = audited.json
        self.assertEqual((audit["size"], audit["root"]), (drained.json["size"], drained.json["root"]), "the log went on")
        self.assertEqual([answer.code for answer in answers], 8 * [0], answers)
        gone = self.ask("drain", "--json")
        self.assertEqual((gone.code, gone.error), (2, "no-daemon"), gone)
        self.start()
        self.assertTrue(eventually(lambda: sorted(self.subjects("BY")) == [str(number) for number in range(8)]))


if __name__ == "__main__":
    trial.main()
