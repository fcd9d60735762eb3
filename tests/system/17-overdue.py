#!/usr/bin/env python3
"""What is overdue, and MINIMIZE, as processes."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402


class Overdue(Trial):
    def overdue(self, name, *words):
        return trial.chancery("overdue", name, "--exchange", self.exchange, *words, "--json")

    def listed(self, name):
        return [(each["sort"], each["members"], each["notice"]["subject"]) for each in self.overdue(name).json["overdue"]]

    def minimize(self, name, value, authority, *words):
        return trial.chancery("minimize", name, "--exchange", self.exchange, "--set", value, "--authority",
                              self.path("authorities", f"{authority}.pem"), "--json", *words)

    def test_people_who_do_not_acknowledge_are_listed_at_both_ends(self):
        for member in ("am", "by"):
            with self.path(member, "node.toml").open("a", encoding="utf-8") as config:
                config.write("[overdue]\nacknowledged_seconds = 1\n")
        self.start("AM", "BY")
        self.publish("AM", "An exercise", "--status", "exercise", to="BY")
        notice = self.publish("AM", "Read \u202e me", to="BY", kind="contact").json["notice"]
        self.assertTrue(eventually(lambda: self.listed("AM") == [("acknowledged", ["BY"], "Read \u202e me")]), self.overdue("AM"))
        self.assertTrue(eventually(lambda: self.listed("BY") == [("acknowledged", ["BY"], "Read \u202e me")]), self.overdue("BY"))
        shown = trial.chancery("overdue", "AM", "--exchange", self.exchange, "--check")
        self.assertEqual((shown.code, shown.out.count("\n")), (1, 1), shown)
        self.assertIn("acknowledged  BY", shown.out)
        self.assertNotIn("\u202e", shown.out)
        self.assertTrue(eventually(lambda: self.status("AM", "--check").code == 1))

        def said():
            return [(each["what"], each["peer"]) for each in self.status("BY").json["overdue"]]
        self.assertTrue(eventually(lambda: said() == [("acknowledged", "BY")]), said())
        self.assertEqual(self.as_member("BY", "acknowledge", notice[:16], "--read").code, 0)
        self.assertTrue(eventually(lambda: self.listed("AM") == [] and self.listed("BY") == []))
        self.assertEqual(self.overdue("AM", "--check").code, 0)

    def test_low_precedences_wait_while_the_lines_are_to_be_free(self):  # C-260 to C-263
        self.start("AM", "BY")
        self.assertEqual(trial.chancery("minimize", "BY", "--exchange", self.exchange, "--json").json, {"minimize": "off", "index": None})
        said = self.minimize("BY", "priority", "BY")
        self.assertEqual((said.code, said.json["minimize"]), (0, "priority"), said)
        for name in ("AM", "BY", "hub"):
            self.assertTrue(eventually(lambda: self.status(name).json["states"].get("minimize", {}).get("value") == "priority"), name)
        waiting = self.publish("AM", "Waits", "--wait", "queued", to="BY")
        self.assertEqual(waiting.code, 0, waiting)
        self.publish("AM", "Goes", "--precedence", "flash", to="BY")
        self.assert_arrives("BY", ["Goes"])
        item = self.as_member("AM", "outbox", "list", "--stage", "queued").json["notices"][0]
        self.assertEqual((item["subject"], item["error"]["code"]), ("Waits", "suspended"), item)
        self.assertEqual(self.minimize("AM", "off", "BY", "--authority", self.path("authorities", "KZ.pem")).code, 0)
        self.assert_arrives("BY", ["Goes", "Waits"])
        # By the hub's operator, for a member.
        self.assertEqual(self.minimize("hub", "routine", "RU").code, 0)
        shown = trial.chancery("minimize", "hub", "--exchange", self.exchange)
        self.assertEqual(shown.out, "minimize is in force: notices below routine wait\n")


if __name__ == "__main__":
    trial.main()
