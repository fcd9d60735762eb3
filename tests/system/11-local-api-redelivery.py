#!/usr/bin/env python3
"""What an application cannot handle now: given back, redelivered, quarantined and redriven, with real daemons. Its
programs are in Python; what people see of it, they see with the command."""
import dataclasses
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, Trial, chancery, eventually  # noqa: E402

sys.path.insert(0, str(ROOT / "python"))
CONTACT = {"counterpart": "x"}
package = None  # Imported when it is known where the library is.
READER = """import sys, chancery
with chancery.Client(sys.argv[1]) as node:
    page = node.read("crash", wait=20)
    print([(n.subject, n.redelivered) for n in page.notices])
"""


class Redelivery(Trial):
    @classmethod
    def setUpClass(cls):
        global package
        os.environ["CHANCERY_LIBRARY"] = str(trial.BIN.parent / "lib/libchancery.so.0")
        os.environ["PYTHONPATH"] = str(ROOT / "python")
        import chancery as module
        package = module

    def client(self, member):
        client = package.Client(self.path(member.lower(), "apps/desk/client.toml"))
        self.addCleanup(client.close)
        return client

    def begin(self, *subjects):
        self.start("AM", "BY")
        for subject in subjects:
            self.assertEqual(self.publish("AM", subject).code, 0)
        self.assert_arrives("BY", list(subjects))
        return self.client("BY")

    def restart(self, member):
        self.assertEqual(self.nodes[member].stop(), 0)
        self.nodes[member].start()
        self.assertTrue(self.nodes[member].says(" ready "))

    def given_back(self, cursor, *words):
        answer = self.as_member("BY", "cursor", "deferred", cursor, *words)
        self.assertEqual(answer.code, 0, answer)
        return [(n["subject"], n["attempts"], n["quarantined_at"] is not None, n["reason"]) for n in answer.json["notices"]]

    def test_what_may_have_been_read_before_says_so_after_crashes_of_both(self):  # C-170
        self.begin("one", "two")
        crash = [sys.executable, "-c", READER, self.path("by/apps/desk/client.toml")]
        first = subprocess.run(crash, capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(first.stdout, "[('one', False), ('two', False)]\n")
        self.nodes["BY"].process.kill()
        self.nodes["BY"].wait()
        self.nodes["BY"].start()
        self.assertTrue(self.nodes["BY"].says(" ready "))
        self.assertEqual(self.publish("AM", "three").code, 0)
        self.assert_arrives("BY", ["one", "two", "three"])
        second = subprocess.run(crash, capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(second.stdout, "[('one', True), ('two', True), ('three', False)]\n")

    def test_what_is_given_back_comes_again_when_it_is_due_and_the_others_go_on(self):  # C-170
        node = self.begin("bad", "good")
        page = node.read("c")
        given = node.nack("c", page.notices[0], delay=86400, reason="no target")
        self.assertEqual([(each.attempts, each.quarantined_at) for each in given], [(1, None)])
        self.assertEqual(node.ack("c", page), package.Position(2, 2))
        self.assertEqual(node.read("c").notices, [])
        self.assertEqual(self.given_back("c"), [("bad", 1, False, "no target")])
        self.restart("BY")
        self.assertEqual(node.read("c").notices, [])
        given = node.nack("c", dataclasses.replace(page.notices[0], attempts=1), delay=0.5)
        self.assertEqual([each.attempts for each in given], [2])
        again = node.read("c", wait=30)
        self.assertEqual([(n.subject, n.redelivered, n.attempts) for n in again.notices], [("bad", True, 2)])
        node.ack("c", again)
        self.assertEqual(node.read("c").notices, [])
        self.assertEqual(self.given_back("c"), [])

    def test_what_fails_again_and_again_is_quarantined_and_redriven_by_a_person(self):  # C-171
        node = self.begin("bad", "good")
        handled = []
        for _ in range(4):
            page = node.read("c")
            for notice in page.notices:
                if notice.subject == "bad":
                    node.nack("c", notice, attempts_max=3, reason="no target")
                else:
                    handled.append(notice.subject)
            node.ack("c", page)
        self.assertEqual(handled, ["good"])
        self.assertEqual(self.given_back("c", "--quarantined"), [("bad", 3, True, "no target")])
        status = self.status("BY").json
        self.assertEqual(status["given_back"], {"waiting": 0, "quarantined": 1})
        self.assertEqual((status["queues"]["deferred"]["items"], status["queues"]["deferred"]["items_max"]), (1, 4096))
        self.assertEqual(self.as_member("BY", "cursor", "reset", "c", "--to", "start").code, 0)
        self.assertEqual([n.subject for n in node.read("c").notices], ["good"], "kept out also of what is read again")
        shown = chancery("cursor", "deferred", "c", "--exchange", self.exchange, "--as", "BY")
        self.assertRegex(shown.out, r"  \(not witnessed\) bad  \(3 attempts, quarantined .*: no target\)\n")
        redriven = self.as_member("BY", "cursor", "redrive", "c", node.deferred("c").entries[0].notice.notice[:12])
        self.assertEqual((redriven.code, redriven.json), (0, {"cursor": "c", "redriven": 1}), redriven)
        page = node.read("c")
        self.assertEqual([(n.subject, n.attempts) for n in page.notices], [("bad", 3), ("good", 0)])
        node.ack("c", page)
        self.assertEqual(self.given_back("c"), [])

    def test_the_command_reads_gives_back_and_redrives(self):
        self.begin("one", "two")
        read = ("inbox", "--cursor", "desk")
        self.assertEqual([n["subject"] for n in self.as_member("BY", *read).json["notices"]], ["one", "two"])
        name = self.as_member("BY", "show", "7").json["notice"]
        given = self.as_member("BY", "cursor", "nack", "desk", name[:12], "--reason", "again, please")
        self.assertEqual((given.code, [d["attempts"] for d in given.json["deferrals"]]), (0, [1]), given)
        again = self.as_member("BY", *read).json["notices"]
        self.assertEqual([(n["subject"], n["redelivered"], n["attempts"]) for n in again], [("one", True, 1)])
        self.assertEqual(self.as_member("BY", *read).json["notices"], [], "it was shown, so it is done with")
        given = self.as_member("BY", "cursor", "nack", "desk", name[:12], "--quarantine")
        self.assertEqual(given.code, 0, given)
        self.assertEqual(self.as_member("BY", *read).json["notices"], [])
        self.assertEqual(self.as_member("BY", "cursor", "redrive", "desk", "--all").json["redriven"], 1)
        lines = chancery(*read, "--exchange", self.exchange, "--as", "BY").out.splitlines()
        self.assertEqual([line.rpartition("  ")[2] for line in lines], ["(not witnessed) one"])
        self.assertEqual(self.as_member("BY", *read).json["notices"], [])
        late = self.as_member("BY", "cursor", "nack", "desk", name[:12], "--delay", "8d")
        self.assertEqual((late.code, late.error), (1, "limit-exceeded"), late)
        self.assertIn("at most seven days", late.err)

    def test_a_cursor_that_is_not_there_is_named_with_the_nearest(self):
        node = self.begin("one")
        answer = self.as_member("BY", "cursor", "deferred", "desk")
        self.assertEqual((answer.code, answer.error), (1, "not-found"), answer)
        self.assertIn("no cursor 'desk': there is none", answer.err)
        made = self.as_member("BY", "cursor", "reset", "desk", "--to", "start")
        self.assertEqual((made.code, made.json["new"]), (0, True), made)
        self.assertEqual(self.as_member("BY", "cursor", "reset", "desk", "--to", "end").json["new"], False)
        place = ("--exchange", self.exchange, "--as", "BY")
        self.assertRegex(chancery("cursor", "reset", "more", "--to", "1", *place).out, r"\Amore  .*up to 1  \(new\)\n\Z")
        self.assertRegex(chancery("cursor", "reset", "more", "--to", "1", *place).out, r"\Amore  .*up to 1\n\Z")
        for words in (["deferred", "dsk"], ["nack", "dsk", "7"], ["redrive", "dsk", "7"], ["redrive", "dsk", "--all"]):
            answer = self.as_member("BY", "cursor", *words)
            self.assertEqual((answer.code, answer.error), (1, "not-found"), (words, answer))
            self.assertIn("no cursor 'dsk': did you mean 'desk'?", answer.err, words)
        self.assertEqual({c["cursor"] for c in self.as_member("BY", "cursor", "list").json["cursors"]}, {"desk", "more"})
        # A program that has given back and not moved yet.
        node.nack("early", node.read("early").notices[0], delay=86400)
        self.assertEqual(self.given_back("early"), [("one", 1, False, "")])
        self.assertEqual(self.as_member("BY", "cursor", "redrive", "early", "7").json["redriven"], 1)

    def test_only_those_of_a_status_are_read(self):
        self.start("AM", "BY")
        for subject, status in (("real", "actual"), ("drill", "exercise"), ("try", "test")):
            self.assertEqual(self.publish("AM", subject, "--status", status).code, 0)
        self.assert_arrives("BY", ["real", "drill", "try"])
        chosen = self.as_member("BY", "inbox", "--status", "actual,test").json["notices"]
        self.assertEqual([n["subject"] for n in chosen], ["real", "try"])
        self.assertEqual([n.subject for n in self.client("BY").read("c", statuses=["exercise"]).notices], ["drill"])
        wrong = self.as_member("BY", "inbox", "--status", "real")
        self.assertEqual((wrong.code, wrong.error), (64, "usage"), wrong)

    def test_a_batch_is_published_and_each_has_its_result(self):
        self.start("AM", "BY")
        drafts = [package.Draft(kind="contact", to=["BY"], subject=f"batch {i}", content=CONTACT) for i in range(60)]
        drafts[5] = package.Draft(kind="contact", to=["nobody"])
        drafts[6] = package.Draft(kind="contact", to=["BY"], subject="same", content=CONTACT, id=package.new_notice_id())
        node = self.client("AM")
        results = node.publish_batch(drafts)
        self.assertEqual([i for i, result in enumerate(results) if isinstance(result, package.Error)], [5])
        self.assertEqual(results[5].name, "unknown-recipient")
        self.assertTrue(results[5].notice_id)
        again = node.publish_batch([drafts[6], drafts[6]])
        self.assertEqual({result.notice for result in again}, {results[6].notice}, "one notice by its id")
        self.assertEqual(results[59].wait("logged", timeout=30).verdict, "reached")
        reader = self.client("BY")
        self.assertTrue(eventually(lambda: len(reader.inbox().notices) == 59))


if __name__ == "__main__":
    trial.main()
