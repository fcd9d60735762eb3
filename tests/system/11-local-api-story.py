#!/usr/bin/env python3
"""A user's day with the command: publish, inbox, show, follow, status, audit; JSON and exit codes.
Protocol chapters 9 and 11; docs/reference/cli.md."""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402

ALERT = json.dumps(trial.content_of("threat.alert"))

NOTICE_KEYS = {"arrival", "index", "accepted_at", "created_at", "arrived_at", "notice", "id", "origin", "kind", "status",
               "precedence", "classification", "tlp", "handling", "recipients", "expires_at", "reply_by", "subject",
               "language", "content", "problems", "thread", "in_reply_to", "translation_of", "supersedes", "cancels", "attachments",
               "logged", "witnessed", "sealed", "own", "erased_at", "key_id", "redelivered", "attempts"}


def uuid7(number):
    return f"01a20000-0000-7000-8000-{number:012x}"


class LocalApiStory(Trial):
    def test_a_notice_is_published_read_shown_and_audited(self):
        self.start("AM", "BY", "KZ")
        ticket = self.publish("AM", "Для всех", "--precedence", "flash", "--status", "exercise")
        self.assertEqual(ticket.code, 0, ticket)
        self.assertEqual(set(ticket.json), {"id", "notice", "recipients", "verdict", "stage", "index", "accepted_at",
                                            "error"})
        self.assertEqual((ticket.json["verdict"], ticket.json["index"]), ("reached", 7))
        self.assertIn(ticket.json["stage"], ("logged", "witnessed"))
        self.assertEqual(ticket.json["recipients"], ["BY", "KG", "KZ", "RU", "TJ"])
        self.assert_arrives("BY", ["Для всех"])
        self.assert_arrives("KZ", ["Для всех"])

        inbox = self.as_member("BY", "inbox").json
        self.assertEqual(set(inbox), {"notices", "next_after", "next_after_urgent", "unmarked", "more"})
        notice = inbox["notices"][0]
        self.assertEqual(set(notice), NOTICE_KEYS)
        self.assertEqual((notice["origin"], notice["precedence"], notice["status"], notice["sealed"], notice["own"]),
                         ("AM", "flash", "exercise", True, False))
        self.assertEqual(notice["notice"], ticket.json["notice"])
        self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", notice["accepted_at"]))
        self.assertEqual(self.as_member("BY", "inbox", "--from", "KZ").json["notices"], [])
        self.assertEqual(len(self.as_member("BY", "inbox", "--precedence", "flash").json["notices"]), 1)

        for name in (notice["notice"][:16], notice["id"], "7"):
            shown = self.as_member("BY", "show", name)
            self.assertEqual(shown.code, 0, shown)
            self.assertEqual(set(shown.json), NOTICE_KEYS | {"stage", "recipient_stages", "d", "leaf", "envelope", "standing"})
            self.assertEqual(len(bytes.fromhex(shown.json["leaf"])), 73)
        missing = self.as_member("BY", "show", "0123456789abcdef")
        self.assertEqual((missing.code, missing.error), (1, "not-found"))

        for name in ("hub", "AM", "BY", "KZ"):
            status = self.status(name)
            self.assertEqual(status.code, 0, status)
            self.assertEqual(status.json["genesis"], self.made["genesis"])
            audit = self.audit(name)
            self.assertEqual((audit.code, audit.json["verified"], audit.json["source"]), (0, True, "running daemon"), audit)
            self.assertEqual(audit.json["findings"], [])
        def agree():  # Statements follow while they are asked one after another.
            audits = [self.audit(name).json for name in ("hub", "AM", "BY", "KZ")]
            return len({(audit["size"], audit["root"]) for audit in audits}) == 1
        self.assertTrue(eventually(agree))
        for daemon in (self.hub, *self.nodes.values()):
            self.assertEqual(daemon.stop(), 0, daemon.log())
        for name in ("hub", "AM", "BY"):
            audit = self.audit(name)
            self.assertEqual((audit.code, audit.json["source"]), (0, "store"), audit)
            self.assertEqual(self.status(name).code, 2)

    def test_the_same_id_is_one_notice_and_another_text_is_refused(self):  # C-137, C-162
        self.start("AM", "BY")
        first = self.publish("AM", "Once")
        again = self.publish("AM", "Once", "--id", first.json["id"])
        self.assertEqual((again.code, again.json["index"]), (0, first.json["index"]), again)
        other = self.publish("AM", "Another", "--id", first.json["id"])
        self.assertEqual((other.code, other.error), (1, "notice-id-reused"), other)
        self.assert_arrives("BY", ["Once"])

    def test_refusals_have_exit_code_1_and_usage_has_64(self):
        self.start("AM")
        for words, error in ((("--to", "XX"), "unknown-recipient"),
                             (("--classification", "cosmic", "--to", "BY"), "unknown-classification"),
                             (("--clear", "--to", "BY"), "seal-required")):
            refused = self.as_member("AM", "publish", "--kind", "threat.alert", "--content", ALERT, *words)
            self.assertEqual((refused.code, refused.error), (1, error), refused)
        kind = self.as_member("AM", "publish", "--kind", "no.such.kind", "--to", "BY", "--content", '{"a": 1}')
        self.assertEqual((kind.code, kind.error), (1, "invalid-kind"), kind)
        for words in ((), ("publish",), ("no-such-verb",), ("inbox", "--no-such-flag"), ("show",),
                      ("publish", "--exchange", self.exchange, "--as", "AM", "--kind", "contact"),
                      ("publish", "--exchange", self.exchange, "--as", "AM", "--kind", "contact", "--to", "BY",
                       "--precedence", "high"), ("status",)):
            self.assertEqual(chancery(*words).code, 64, words)
        self.assertEqual(chancery("--help").code, 0)
        self.assertEqual(set(chancery("version", "--json").json), {"program", "version", "commit"})

    def assert_error(self, answer, code, error, *words):
        """With --json: one object on stderr, nothing on stdout."""
        self.assertEqual((answer.code, answer.error, answer.out), (code, error, ""), answer)
        said = json.loads(answer.err)["error"]
        self.assertTrue(said["remedy"])
        for word in words:
            self.assertIn(word, said["detail"])

    def test_a_mistyped_name_is_answered_with_what_there_is(self):
        self.start("AM")
        members = "AM, BY, KG, KZ, RU, TJ"
        for words in (("inbox",), ("show", "7"), ("publish", "--kind", "contact", "--to", "AM")):
            self.assert_error(self.as_member("AX", *words), 1, "not-found", "'AX'", members)
        self.assert_error(self.status("hbu"), 1, "not-found", "'hbu'", "hub, " + members)
        self.assert_error(self.audit("AX"), 2, "not-found", "'AX'", "hub, " + members)
        self.assert_error(self.publish("AM", "x", kind="threat.alrt"), 1, "invalid-kind", "mean 'threat.alert'?")
        self.assert_error(chancery("kinds", "contct", "--json"), 1, "not-found", "mean 'contact'?")
        self.assert_error(chancery("inbx", "--json"), 64, "usage", "mean 'inbox'?")
        elsewhere = self.folder / "nowhere"
        self.assert_error(chancery("status", "--exchange", elsewhere, "AM", "--json"), 1, "file-missing", str(elsewhere))
        self.assert_error(chancery("inbox", "--exchange", elsewhere, "--as", "AM", "--json"), 1, "file-missing",
                          str(elsewhere))
        helped = chancery("help", "publish")
        self.assertEqual((helped.code, helped.err, helped.out), (0, "", chancery("publish", "--help").out))

    def test_each_verb_fails_with_the_exit_code_that_is_true(self):
        self.start("AM")
        at = ("--exchange", self.exchange, "--as", "AM")
        self.assert_error(self.as_member("AM", "show", "no notice"), 64, "usage")
        self.assert_error(self.as_member("AM", "show", "1" * 19), 1, "not-found")
        self.assert_error(self.as_member("AM", "inbox", "--kind", "threat.alrt"), 1, "invalid-kind",
                          "did you mean 'threat.alert'?")
        self.assert_error(self.as_member("AM", "publish", "--file", "/no/f"), 1, "file-missing", "/no/f")
        self.assert_error(self.as_member("AM", "publish", "--file", "/dev/stdin", stdin='{"kinds": "x"}'), 1,
                          "unknown-field", "/dev/stdin: 'kinds' is not a key of a notice: did you mean 'kind'?")
        self.assert_error(chancery("exchange", "init", "--profile", trial.ROOT / "config/exchanges/csto", self.exchange,
                                   "--json"), 1, "exists")
        self.assertEqual(chancery("exchange", "run", self.folder / "nowhere").code, 1)
        key = self.path("by/keys/sealing.pem")
        self.assert_error(chancery("open", key, "--key", key, "--exchange", self.exchange, "--json"), 1,
                          "unknown-field", str(key))
        envelope = self.folder / "envelope"
        envelope.write_text(self.as_member("AM", "show", self.publish("AM", "x").json["notice"]).json["envelope"])
        self.assert_error(chancery("open", envelope, "--key", self.path("am/node.toml"), "--exchange", self.exchange,
                                   "--json"), 64, "usage", "am/node.toml", "PEM")
        opened = chancery("open", envelope, "--key", self.path("kz/keys/transport.pem"), "--exchange", self.exchange,
                          "--json")
        self.assertEqual((opened.code, opened.json["opened"], opened.err), (1, False, ""), opened)
        self.assert_error(chancery("audit", "verify", "--store", key, "--json"), 1, "store-damaged")
        with open("/dev/full", "w", encoding="utf-8") as full:
            for words in (("kinds",), ("version",), ("show", "7", *at), ("status", "--exchange", self.exchange, "AM"),
                          ("audit", "verify", "--exchange", self.exchange, "AM"), ("help",)):
                done = subprocess.run([trial.BIN / "chancery", *map(str, words)], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 2, (words, done.stderr))

    def test_no_daemon_has_exit_code_2(self):
        answer = self.as_member("AM", "inbox")
        self.assertEqual((answer.code, answer.error), (2, "no-daemon"), answer)
        self.assertEqual(self.publish("AM", "Nobody takes it").code, 2)
        for name in ("hub", "AM"):
            status = self.status(name)
            self.assertEqual((status.code, status.error), (2, "no-daemon"), status)

    def test_a_key_that_the_node_does_not_know_gets_no_answer(self):  # C-161
        self.start("AM", "BY")
        self.path("am/apps/desk/key.pem").write_bytes(self.path("by/apps/desk/key.pem").read_bytes())
        answer = self.as_member("AM", "inbox")
        self.assertEqual((answer.code, answer.error), (1, "unknown-key"), answer)

    def test_follow_shows_a_notice_as_it_arrives(self):
        self.start("AM", "BY")
        command = [trial.BIN / "chancery", "inbox", "--exchange", self.exchange, "--as", "BY", "--follow", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
            self.addCleanup(follower.kill)
            for subject in ("first", "second"):
                self.assertEqual(self.publish("AM", subject).code, 0)
                self.assertEqual(json.loads(follower.stdout.readline())["subject"], subject)
            follower.terminate()

    def test_the_last_one_is_one_while_others_arrive(self):
        self.start("AM", "BY")
        client = self.path("am/apps/desk/client.toml")
        asked = 0
        with subprocess.Popen([trial.BIN / "demo-flood", client, "2000"], stdout=subprocess.DEVNULL) as flood:
            self.addCleanup(flood.kill)
            while flood.poll() is None:
                self.assertLessEqual(len(self.as_member("BY", "inbox", "--last", "1").json["notices"]), 1)
                asked += 1
        self.assertGreater(asked, 0)

    def test_a_cursor_does_not_pass_what_could_not_be_shown(self):  # C-164
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "first").code, 0)
        self.assert_arrives("BY", ["first"])
        words = ("inbox", "--exchange", self.exchange, "--as", "BY", "--cursor", "desk")
        for form in ((), ("--json",)):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([trial.BIN / "chancery", *words, *form], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 2, done)
        shown = self.as_member("BY", "inbox", "--cursor", "desk").json
        self.assertEqual([n["subject"] for n in shown["notices"]], ["first"])
        self.assertEqual(self.as_member("BY", "inbox", "--cursor", "desk").json["notices"], [])

    def test_the_last_that_do_not_fit_into_an_answer_are_not_left_out_without_a_word(self):
        self.start("AM", "BY")
        large = self.folder / "large.json"
        for i in range(4):  # An answer has 2 MiB.
            large.write_text(json.dumps({"kind": "threat.alert", "to": ["BY"], "subject": f"large {i}",
                                         "content": {"category": "THREAT_CATEGORY_OTHER", "summary": "x" * 800_000}}))
            self.assertEqual(self.as_member("AM", "publish", "--file", large).code, 0)
        self.assertTrue(eventually(lambda: self.status("BY").json["inbox"]["shown"] == 4))
        cut = self.as_member("BY", "inbox", "--last", 4)
        self.assertEqual(([n["subject"] for n in cut.json["notices"]], cut.json["more"]), (["large 2", "large 3"], True))
        self.assertIn("these are 2, and older notices match as well: --last gives 2 MiB", cut.err)
        for words in (("--last", 2), ("--last", 4, "--from", "KZ"), ()):
            whole = self.as_member("BY", "inbox", *words)
            self.assertEqual((whole.code, whole.err, whole.json["more"]), (0, "", False), words)
        self.assertEqual(len(whole.json["notices"]), 4)
        with subprocess.Popen([trial.BIN / "chancery", "inbox", "--exchange", self.exchange, "--as", "BY", "--last", "9",
                               "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            self.addCleanup(follower.kill)
            self.assertIn("large 2", follower.stdout.readline())
            self.assertIn("these are 2, and older notices match", follower.stderr.readline())
            follower.terminate()

    def test_a_filter_finds_what_stands_behind_thousands(self):
        self.start("AM", "BY", "KZ")
        rows_of_a_page = 2000
        lines = "".join(f"{uuid7(i)}\troutine\tKZ\t-\t0\tother {i}\ttext\n" for i in range(rows_of_a_page + 50))
        done = subprocess.run([trial.BIN.parent / "tests/fault-submit", self.path("am/apps/desk/client.toml")], input=lines,
                              capture_output=True, text=True, timeout=100)
        self.assertEqual(done.stdout.count("\tok\t"), rows_of_a_page + 50, done.stderr)
        self.assertTrue(eventually(lambda: self.status("KZ").json["inbox"]["shown"] == rows_of_a_page + 50, 60))
        self.assertEqual(self.publish("BY", "sought", to="KZ").code, 0)
        self.assertTrue(eventually(lambda: self.status("KZ").json["inbox"]["shown"] == rows_of_a_page + 51))
        for words in (("--from", "BY"), ("--from", "BY", "--cursor", "desk")):
            found = self.as_member("KZ", "inbox", *words)
            self.assertEqual([n["subject"] for n in found.json["notices"]], ["sought"], words)
        self.assertEqual(self.as_member("KZ", "inbox", "--from", "BY", "--cursor", "desk").json["notices"], [])

    def test_the_examples_of_the_client_library_work(self):
        self.start("AM", "BY")
        examples = trial.BIN.parent / "examples"
        with subprocess.Popen([examples / "example-follow", self.path("by/apps/desk/client.toml")],
                              stdout=subprocess.PIPE, text=True) as follower:
            self.addCleanup(follower.kill)
            done = subprocess.run([examples / "example-publish", self.path("am/apps/desk/client.toml"), "Example"],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("logged at index 7", done.stdout)
            self.assertIn(" AM threat.alert ", follower.stdout.readline())
            follower.terminate()
        self.assertEqual(subprocess.run([examples / "example-publish"], capture_output=True).returncode, 64)


if __name__ == "__main__":
    trial.main()
