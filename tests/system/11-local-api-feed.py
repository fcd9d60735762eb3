#!/usr/bin/env python3
"""What arrives at a node, heard by a plain ZeroMQ subscriber that knows nothing of the project. Protocol chapter 11."""
import json
import os
import pathlib
import stat
import sys

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

PATIENCE = 20_000  # Milliseconds. Only a failing test waits as long.


class Subscriber:
    """SUB at a socket file, with the topics it asks for."""

    def __init__(self, path, *topics, queue_max=1000):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, queue_max)
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        for topic in topics:
            self.socket.subscribe(topic)
        self.socket.connect(f"ipc://{path}")
        self.socket.setsockopt(zmq.RCVTIMEO, PATIENCE)

    def is_connected(self):
        return self.monitor.poll(PATIENCE) != 0 and bool(self.monitor.recv_multipart())

    def next(self):
        """Topic, and the notice."""
        topic, notice = self.socket.recv().decode().split(" ", 1)
        return topic, json.loads(notice)

    def has_nothing(self, patience=0):
        return self.socket.poll(patience) == 0

    def close(self):
        self.socket.disable_monitor()
        self.context.destroy(linger=0)


class Feed(Trial):
    def setUp(self):
        super().setUp()
        self.feed = self.path("by/feed.sock")
        self.edit("by/node.toml", "^(admin = .*)$", r'\1\nfeed = "feed.sock"')

    def subscriber(self, *topics, **options):
        subscriber = Subscriber(self.feed, *topics, **options)
        self.addCleanup(subscriber.close)
        self.assertTrue(subscriber.is_connected())
        return subscriber

    def test_who_subscribes_hears_what_the_inbox_gets(self):  # C-168
        self.start("AM", "BY", "KZ")
        self.assertEqual(self.publish("AM", "Before anybody listened").code, 0)
        self.assert_arrives("BY", ["Before anybody listened"])
        everything, alerts = self.subscriber(""), self.subscriber("AM/threat.alert/", "KZ/contact/")
        for origin, subject in (("AM", "One\nof\u202etwo \x1b[31m"), ("KZ", "Of another origin"), ("AM", "The last")):
            self.assertEqual(self.publish(origin, subject, to="BY").code, 0)
        inbox = self.as_member("BY", "inbox").json["notices"]
        self.assertEqual(len(inbox), 4)
        heard = [everything.next() for _ in range(3)]
        self.assertEqual(heard, [(f"{notice['origin']}/{notice['kind']}/", notice) for notice in inbox[1:]])
        self.assertEqual([alerts.next()[1]["subject"] for _ in range(2)], [inbox[1]["subject"], "The last"])
        self.assertTrue(alerts.has_nothing(), "KZ/threat.alert/ was not asked for")
        queues = self.status("BY").json["queues"]
        subscribers = queues["subscribers"]
        self.assertEqual([subscribers[part] for part in ("items", "items_max", "refused")], [2, 64, 0])
        self.assertLess(0, subscribers["bytes"])
        self.assertLess(subscribers["bytes"], 1024)
        self.assertEqual(queues["feed"]["refused"], 0)
        self.assertNotIn("feed", self.status("AM").json["queues"])

        # The subscriber comes back by itself. It asks anew once it listens, so what comes before is lost to it.
        self.assertEqual(self.nodes["BY"].stop(), 0)
        self.assertFalse(self.feed.exists())
        self.nodes["BY"].start()
        self.assertTrue(everything.is_connected())

        def is_heard():
            self.assertEqual(self.publish("AM", "After the restart", to="BY").code, 0)
            return not everything.has_nothing(500)

        self.assertTrue(eventually(is_heard))
        self.assertEqual(everything.next()[1]["subject"], "After the restart")

    def test_who_asks_for_too_many_topics_is_cut_and_costs_its_node_little(self):
        self.start("AM", "BY")
        honest = self.subscriber("AM/threat.alert/")
        greedy = self.subscriber()
        for number in range(60_000):
            greedy.socket.subscribe(f"{number:06}" + 234 * "x")
        node = self.nodes["BY"]
        self.assertTrue(eventually(lambda: "asked for more topics than it may" in node.log()))
        for number in range(3):
            self.assertEqual(self.publish("AM", f"number {number}", to="BY").code, 0)
            self.assertEqual(honest.next()[1]["subject"], f"number {number}")
        subscribers = self.status("BY").json["queues"]["subscribers"]
        self.assertGreater(subscribers["refused"], 0)
        self.assertLess(subscribers["bytes"], subscribers["bytes_max"])
        peak = pathlib.Path(f"/proc/{node.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        if "CHANCERY_SANITIZED" not in os.environ:  # A sanitizer's memory says nothing of ours.
            self.assertLess(int(peak) >> 10, 64)

    def test_who_does_not_read_is_cut_and_who_reads_hears_all(self):
        self.start("AM", "BY")
        deaf, honest = self.subscriber("", queue_max=1), self.subscriber("")
        file = self.path("large.json")
        subjects = [f"number {number}" for number in range(70)]  # More than may wait for all: 16 MiB.
        for subject in subjects:
            file.write_text(json.dumps({"kind": "threat.alert", "precedence": "flash", "to": ["BY"], "subject": subject,
                                        "content": {"category": "THREAT_CATEGORY_OTHER", "summary": 300_000 * "x"}}))
            answer = self.as_member("AM", "publish", "--file", file)
            self.assertEqual(answer.code, 0, answer)
        self.assertEqual([honest.next()[1]["subject"] for _ in subjects], subjects)
        self.assertGreater(self.status("BY").json["queues"]["feed"]["refused"], 0)
        self.assertIn("a subscriber of the feed did not read", self.nodes["BY"].log())
        self.assertFalse(deaf.has_nothing(), "it was sent something, and did not take it")

    def test_the_file_is_for_owner_and_group(self):
        self.start("BY")
        mode = self.feed.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o660)

    def test_a_place_that_is_taken_stops_the_start_and_the_check(self):
        self.feed.write_text("something else")
        node = self.node_of("BY")
        for words in (("--check",), ()):
            node.words = words
            node.start()
            self.assertEqual(node.wait(), 1)
            self.assertIn("error=exists", node.log())
            self.assertIn("feed.sock", node.log())
        self.assertEqual(self.feed.read_text(), "something else")


if __name__ == "__main__":
    trial.main()
