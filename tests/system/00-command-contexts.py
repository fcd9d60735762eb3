#!/usr/bin/env python3
"""Contexts of the command: nodes and hubs that a person names once. docs/reference/cli.md."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery  # noqa: E402


class Contexts(Trial):
    def setUp(self):
        super().setUp()
        self.home = self.folder / "home"
        self.file = self.home / "config/chancery/contexts.toml"

    def say(self, *words, **environment):
        return chancery(*words, "--json", env={"XDG_CONFIG_HOME": str(self.home / "config"), **environment})

    def add(self, *words):
        added = self.say("context", "add", *words)
        self.assertEqual((added.code, added.err), (0, ""), added)
        return added.json

    def assert_refused(self, answer, code, error, *texts):
        self.assertEqual((answer.code, answer.error, answer.out), (code, error, ""), answer)
        for text in texts:
            self.assertIn(text, answer.err)

    def test_a_name_stands_for_a_node_in_every_verb_that_asks_one(self):
        self.start("AM", "BY")
        added = self.add("am", "--exchange", self.exchange, "--as", "AM")
        self.assertEqual(added, {"name": "am", "selected": False, "exchange": str(self.exchange), "member": "AM",
                                 "client": None, "node": None, "hub": None, "file": str(self.file)})
        self.add("by", "--client", self.path("by/apps/desk/client.toml"))
        self.add("node", "--node", self.path("by/node.toml"))
        self.add("hub", "--hub", self.path("hub/hub.toml"))
        notice = ("--kind", "threat.alert", "--to", "members", "--content", '{"category": "THREAT_CATEGORY_OTHER", "summary": "x"}', "--subject")
        self.assertEqual(self.say("publish", *notice, "one", "--context", "am").code, 0)
        self.assert_arrives("BY", ["one"])
        self.assertEqual([n["subject"] for n in self.say("inbox", "--context", "by").json["notices"]], ["one"])
        self.assertEqual(self.say("show", "7", CHANCERY_CONTEXT="by").json["subject"], "one")
        self.assertEqual(self.say("status", "--context", "am").json["member"], "AM")
        self.assertEqual(self.say("status", "--context", "am", "hub").json["program"], "chancery-broker")
        self.assertEqual(self.say("status", CHANCERY_CONTEXT="node").json["member"], "BY")
        self.assertTrue(self.say("audit", "verify", "--context", "hub").json["verified"])
        self.assertEqual(self.say("backup", "--context", "hub", "--to", self.folder / "copy.db").code, 0)
        enrolled = self.say("app", "add", "reader", "--read", "*", "--context", "node")
        self.assertEqual((enrolled.code, enrolled.json["member"], enrolled.json["in_force"]), (0, "BY", True), enrolled)
        self.assertEqual(len(self.say("app", "list", "--context", "by", "--node", self.path("am/node.toml"))
                             .json["applications"]), 1, "a flag goes before a context")

    def test_the_selected_one_is_used_where_nothing_else_is_said(self):
        self.start("AM", "BY")
        self.add("am", "--exchange", self.exchange, "--as", "AM", "--select")
        self.add("by", "--exchange", self.exchange, "--as", "BY")
        member = lambda *words, **environment: self.say("status", *words, **environment).json["member"]
        self.assertEqual(member(), "AM")
        self.assertEqual(self.say("context", "select", "by").json["selected"], "by")
        self.assertEqual(member(), "BY")
        self.assertEqual(member(CHANCERY_CONTEXT="am"), "AM")
        self.assertEqual(member(CHANCERY_EXCHANGE=str(self.exchange), CHANCERY_MEMBER="AM"), "AM")
        self.assertEqual(member(CHANCERY_EXCHANGE=str(self.exchange), CHANCERY_MEMBER="AM", CHANCERY_CONTEXT="by"), "AM")
        self.assertEqual(member("--context", "by", CHANCERY_EXCHANGE=str(self.exchange), CHANCERY_MEMBER="AM"), "BY")
        self.assertEqual(member("--context", "by", "--node", self.path("am/node.toml")), "AM")
        self.assertEqual([c["name"] for c in self.say("context", "list").json["contexts"] if c["selected"]], ["by"])
        self.assertEqual(self.say("context", "remove", "by").json["selected"], None)
        self.assert_refused(self.say("status"), 64, "usage", "--context")
        self.assertEqual(self.say("context", "select", "am").code, 0)
        self.assertEqual(self.say("context", "select", "--none").json["selected"], None)
        self.assert_refused(self.say("inbox"), 64, "usage", "--context")

    def test_the_file_is_its_owners_alone(self):
        self.add("am", "--exchange", self.exchange)
        self.assertEqual([oct(path.stat().st_mode & 0o777) for path in (self.file, self.file.parent)], ["0o600", "0o700"])
        self.assertEqual(oct(self.file.parent.parent.stat().st_mode & 0o777), "0o700")
        self.file.chmod(0o640)
        for words in (("status", "--context", "am", "AM"), ("context", "list"), ("context", "remove", "am")):
            self.assert_refused(self.say(*words), 1, "file-permissions", str(self.file))
        self.file.chmod(0o600)
        self.file.write_text(self.file.read_text() + "colour = 1\n")
        self.assert_refused(self.say("context", "select", "am"), 1, "config-unknown-key", f"{self.file}:")
        self.assert_refused(self.say("status"), 1, "config-unknown-key")

    def test_home_is_used_where_there_is_no_other_place(self):
        home = self.folder / "person"
        home.mkdir()
        environment = {"XDG_CONFIG_HOME": "", "HOME": str(home)}
        self.assertEqual(self.say("context", "add", "am", "--exchange", self.exchange, **environment).code, 0)
        self.assertTrue((home / ".config/chancery/contexts.toml").is_file())
        environment["HOME"] = "here"
        self.assert_refused(self.say("context", "add", "am", "--exchange", self.exchange, **environment), 1, "not-found")
        self.assert_refused(self.say("inbox", **environment), 64, "usage")

    def test_what_does_not_name_a_node_is_refused_and_changes_nothing(self):
        self.add("am", "--exchange", self.exchange, "--as", "AM")
        before = self.file.read_text()
        for words, code, error in ((("am", "--exchange", self.exchange), 1, "exists"),
                                   (("a/b", "--exchange", self.exchange), 64, "usage"),
                                   (("x",), 64, "usage"),
                                   (("x", "--as", "AM"), 64, "usage"),
                                   (("x", "--exchange", self.exchange, "--node", "n"), 64, "usage"),
                                   (("x", "--exchange", self.exchange, "--as", "XX"), 1, "not-found"),
                                   (("x", "--exchange", self.folder), 1, "file-missing"),
                                   (("x", "--client", self.folder / "no"), 1, "file-missing"),
                                   (("x", "--node", self.path("hub/hub.toml")), 1, "config-unknown-key"),
                                   (("x", "--hub", self.folder / "no"), 1, "file-missing")):
            self.assert_refused(self.say("context", "add", *words), code, error)
        for verb in ("select", "remove"):
            self.assert_refused(self.say("context", verb, "an"), 1, "not-found", "did you mean 'am'?")
        self.assert_refused(self.say("inbox", "--context", "an"), 1, "not-found", "did you mean 'am'?")
        self.assert_refused(self.say("status", CHANCERY_CONTEXT="an"), 1, "not-found")
        self.assertEqual(self.file.read_text(), before)
        self.assertEqual(sorted(os.listdir(self.file.parent)), ["contexts.toml", "contexts.toml.lock"])

    def test_what_is_refused_makes_no_file(self):
        for words in (("list",), ("select", "--none"), ("select", "am"), ("remove", "am"), ("add", "am", "--exchange", "x")):
            self.say("context", *words)
            self.assertFalse(self.home.exists(), words)

    def test_relative_paths_are_kept_as_absolute_ones(self):
        os.chdir(self.exchange)
        self.addCleanup(os.chdir, "/")
        self.assertEqual(self.add("here", "--exchange", ".")["exchange"], str(self.exchange))
        self.assertEqual(self.add("node", "--node", "am/../am/node.toml")["node"], str(self.path("am/node.toml")))


if __name__ == "__main__":
    trial.main()
