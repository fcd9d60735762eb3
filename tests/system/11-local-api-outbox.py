#!/usr/bin/env python3
"""What became of what was published, and of what was read: outbox, track and cursor, with real daemons."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class Outbox(Trial):
    def entries(self, member, *words):
        answer = self.as_member(member, "outbox", "list", *words)
        self.assertEqual(answer.code, 0, answer)
        return answer.json["notices"]

    def test_what_waits_is_listed_and_withdrawn_and_what_was_sent_is_not(self):  # C-169
        self.start("AM", "BY")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        published = self.publish("AM", "logged").json
        logged = published["id"]
        self.assertEqual(self.hub.stop(), 0)
        self.assertTrue(self.nodes["AM"].says("hub-lost"))
        waiting = self.publish("AM", "waits", "--wait", "queued").json["id"]
        listed = self.entries("AM")
        self.assertEqual([(n["id"], n["stage"], n["sent"], n["subject"], n["application"]) for n in listed],
                         [(waiting, "queued", False, "waits", "desk")])
        queues = self.status("AM").json["queues"]
        self.assertEqual(queues["outbox_share"], {"items": 1, "items_max": 60_000, "bytes": queues["outbox"]["bytes"],
                                                  "bytes_max": 644_245_095})
        everything = self.entries("AM", "--stage", "queued,logged,refused")
        self.assertEqual([n["id"] for n in everything], [logged, waiting])
        self.assertIsNone(everything[0]["content"])
        tracked = self.as_member("AM", "track", waiting)
        self.assertEqual((tracked.code, json.loads(tracked.out)["stage"]), (2, "queued"), tracked)
        self.assertEqual(tracked.error, "unknown-outcome", "what is missing is said without --watch, too")
        in_vain = ("track", waiting, "--watch", "--timeout", "300ms")
        tracked = self.as_member("AM", *in_vain)
        self.assertEqual((tracked.code, tracked.error), (2, "unknown-outcome"), tracked)
        tracked = chancery(*in_vain, "--exchange", self.exchange, "--as", "AM")
        self.assertIn("chancery: unknown-outcome: ", tracked.err)
        self.assertIn("  remedy: ", tracked.err)

        refused = self.as_member("AM", "outbox", "cancel", logged)
        self.assertEqual((refused.code, refused.error), (1, "already-sent"), refused)
        withdrawn = self.as_member("AM", "outbox", "cancel", waiting)
        self.assertEqual((withdrawn.code, withdrawn.json["error"]["code"]), (0, "withdrawn"), withdrawn)
        shown = chancery("outbox", "list", "--exchange", self.exchange, "--as", "AM")
        self.assertIn(f"  withdrawn  ROUTINE  threat.alert  {waiting}  waits  (withdrawn: by desk)", shown.out)
        tracked = self.as_member("AM", "track", waiting, "--watch")
        self.assertEqual((tracked.code, json.loads(tracked.out.splitlines()[-1])["stage"]), (1, "withdrawn"), tracked)
        self.hub.start()
        self.assertTrue(self.hub.says(" ready "))
        self.start_quorum()
        self.assertEqual(self.publish("AM", "after").code, 0)
        self.assert_arrives("BY", ["logged", "after"])

        again = self.as_member("AM", "outbox", "retry", waiting)  # It was wanted after all.
        self.assertEqual((again.code, again.json["stage"]), (0, "queued"), again)
        self.assert_arrives("BY", ["logged", "after", "waits"])
        self.assertEqual(self.entries("AM"), [])
        called_off = self.publish("AM", "called off", "--cancels", published["notice"])
        self.assertEqual(called_off.code, 0, called_off)
        self.assert_arrives("BY", ["logged", "after", "waits", "called off"])
        shown = self.as_member("BY", "show", called_off.json["notice"])
        self.assertEqual(shown.json["cancels"], [published["notice"]], shown)
        none = self.as_member("AM", "outbox", "cancel", "01890a5d-ac96-774b-bcce-b302099a8057")
        self.assertEqual((none.code, none.error), (1, "not-found"), none)
        for verb in ("cancel", "retry"):
            wrong = self.as_member("AM", "outbox", verb, "a-b")
            self.assertEqual((wrong.code, wrong.error), (64, "usage"), wrong)
            self.assertIn("'a-b' is no notice id, which is written 8-4-4-4-12", wrong.err)

    def test_a_notice_is_tracked_until_it_is_delivered_to_each_recipient(self):
        self.start("AM", "BY")
        command = [trial.BIN / "chancery", "track", "--exchange", self.exchange, "--as", "AM", "--watch", "--json"]
        name = self.publish("AM", "to two", to="BY,KZ").json["notice"]
        with subprocess.Popen([*command, name[:12]], stdout=subprocess.PIPE, text=True) as tracker:
            self.addCleanup(tracker.kill)
            told = [json.loads(tracker.stdout.readline()) for _ in range(3)]
            self.assertEqual([(event["stage"], event["member"]) for event in told],
                             [("queued", None), ("logged", None), ("delivered", "BY")])
            self.assertIsNone(tracker.poll(), "KZ has not got it")
            in_vain = self.as_member("AM", "track", name[:12], "--watch", "--timeout", "300ms")
            self.assertEqual((in_vain.code, in_vain.error), (2, "unknown-outcome"), in_vain)
            self.assertIn("delivered to 1 of 2 recipients", in_vain.err)
            self.start_node("KZ")
            self.assertEqual(json.loads(tracker.stdout.readline())["member"], "KZ")
            in_vain = self.as_member("AM", "track", name[:12], "--watch", "--timeout", "300ms")
            self.assertEqual((in_vain.code, in_vain.error), (2, "unknown-outcome"), in_vain)
            self.assertIn("no quorum of witnesses", in_vain.err)
            self.start_node("KG")  # Four of six are one.
            self.assertEqual(json.loads(tracker.stdout.readline())["stage"], "witnessed")
            self.assertEqual(tracker.wait(15), 0)
        there = self.as_member("AM", "track", name[:12])
        self.assertEqual((there.code, there.err), (0, ""), there)
        there = self.as_member("BY", "track", name[:12], "--watch")  # Of others: it is there.
        self.assertEqual((there.code, [json.loads(line)["stage"] for line in there.out.splitlines()][0]), (0, "logged"), there)

    def test_a_cursor_is_listed_and_put_back(self):  # C-164
        self.start("AM", "BY")
        for subject in ("first", "second"):
            self.assertEqual(self.publish("AM", subject).code, 0)
        self.assert_arrives("BY", ["first", "second"])
        read = ("inbox", "--cursor", "archive")
        self.assertEqual(self.as_member("BY", "cursor", "list").json, {"cursors": [], "newest_arrival": 2})
        self.assertEqual(len(self.as_member("BY", *read).json["notices"]), 2)
        self.assertEqual(self.as_member("BY", *read).json["notices"], [])
        stands = {"cursor": "archive", "arrival": 2, "arrival_urgent": 2}
        self.assertEqual(self.as_member("BY", "cursor", "list").json["cursors"], [stands])
        for to, count in (("start", 2), ("end", 0), ("1", 1)):
            moved = self.as_member("BY", "cursor", "reset", "archive", "--to", to)
            self.assertEqual(moved.code, 0, moved)
            self.assertEqual(len(self.as_member("BY", *read).json["notices"]), count, to)
        for to, code, error in (("3", 1, "not-found"), ("there", 64, "usage")):
            wrong = self.as_member("BY", "cursor", "reset", "archive", "--to", to)
            self.assertEqual((wrong.code, wrong.error), (code, error), wrong)


if __name__ == "__main__":
    trial.main()
