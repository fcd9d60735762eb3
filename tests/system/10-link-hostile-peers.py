#!/usr/bin/env python3
"""Peers and strangers that keep to no rule: only the offender suffers. Each attack is made on real sockets while two
honest members publish and receive, the hub stays the process that it was, and its descriptors come back.
Protocol chapter 10. `./dev faults hostile-bytes` goes on for longer."""
import contextlib
import json
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system/support"))
sys.path.insert(0, str(ROOT / "tests/faults"))
import hostile  # noqa: E402
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

MIB = 1 << 20
MOST = (1 << 63) - 1
FLOOD = f"""import sys
sys.path.insert(0, {str(ROOT / "tests/faults")!r})
import hostile
hostile.flood(sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode(), int(sys.argv[4]))"""
SANITIZED = "CHANCERY_SANITIZED" in os.environ  # Then all is slow and large.


class HostilePeers(Trial):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(10)
        self.count = 0
        config = self.path("ru")  # Enrolled; its node never runs, somebody else has its keys.
        endpoint, server_key, self.genesis = hostile.hub_of(config / "node.toml")
        self.address = hostile.address_of(endpoint)
        self.villain = (endpoint, server_key, hostile.secret_key(config / "keys/transport.pem"))

    def start(self, *members):
        super().start(*members)
        self.pid = self.hub.process.pid
        self.descriptors = self.count_descriptors()

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.hub.process.pid}/fd"))

    def assert_small(self, daemon=None, mib=128):
        text = pathlib.Path(f"/proc/{(daemon or self.hub).process.pid}/status").read_text()
        if not SANITIZED:  # A sanitizer's memory says nothing of ours.
            self.assertLess(int(text.split("VmHWM:")[1].split()[0]) >> 10, mib)

    def assert_others_go_on(self, while_what):
        """AM publishes and BY receives, in the time that a user would wait."""
        self.count += 1
        answer = self.publish("AM", f"number {self.count}", "--timeout", "40s" if SANITIZED else "10s")
        self.assertEqual(answer.code, 0, f"{while_what}: {answer}")
        self.assertTrue(eventually(lambda: f"number {self.count}" in self.subjects("BY")), while_what)
        self.assertIsNone(self.hub.process.poll(), self.hub.log())
        self.assertEqual(self.hub.process.pid, self.pid)

    def peer(self, endpoint=None, **options):
        of_node = dict(zip(("server_key", "secret"), self.villain[1:]))
        peer = hostile.Peer(endpoint or self.villain[0], **{**of_node, **options})
        self.addCleanup(peer.close)
        return peer

    def greet(self, peer, cursor=0, items=64, size=MIB):
        peer.send(hostile.field(1, hostile.field(1, 1) + hostile.field(2, self.genesis) +
                                (hostile.field(3, cursor) if cursor else b"") +
                                hostile.field(6, hostile.field(1, items) + hostile.field(2, size)) +
                                hostile.field(7, b"hostile") + hostile.field(11, hostile.INSTANCE)))

    def credit(self, peer, cursor, items, size):
        peer.send(hostile.field(3, (hostile.field(1, cursor) if cursor else b"") +
                                hostile.field(2, hostile.field(1, items) + hostile.field(2, size))))

    def test_strangers_on_the_port_disturb_nobody(self):
        self.start("AM", "BY")
        for attack in hostile.RAW:  # Drip, wrong mechanisms, ZMTP 1 and 2, giant frames, garbage, 400 silent ones.
            attack(self.address, self.dice)
            self.assert_others_go_on(attack.__name__)
        self.assertTrue(eventually(lambda: self.count_descriptors() <= self.descriptors, 30), self.count_descriptors())
        self.assert_small()

    def test_the_crowd_is_still_there_while_others_go_on(self):
        self.start("AM", "BY")
        crowd = [socket.create_connection(self.address, timeout=5) for _ in range(600)]  # The hub keeps 512.
        self.assert_others_go_on("600 silent connections")
        self.start_node("KZ")  # A newcomer finds its place.
        for one in crowd:
            one.close()

    def test_a_message_without_end_costs_its_sender_the_connection(self):
        self.start("AM", "BY")
        for part, count in ((bytes(hostile.PART), 300), (b"", 500_000)):
            cut = self.status("hub").json["counters"]["connections_undelivered"]
            relay = hostile.Unfinished(self.address, 12 << 20)
            self.addCleanup(relay.close)
            self.peer(relay.endpoint).send(*[part] * count)
            self.assertTrue(eventually(
                lambda: self.status("hub").json["counters"]["connections_undelivered"] > cut), len(part))
            self.assert_others_go_on(f"parts of {len(part)} bytes without end")
        self.assert_small()

    def test_many_connections_of_one_key_are_let_in_one_by_one(self):
        self.start("AM", "BY")
        context = hostile.zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        crowd = [self.peer(context=context) for _ in range(150)]
        for peer in crowd:
            for size in ((2 * MIB - 64) * b"x", (2 * MIB - 64) * b"x", (2 * MIB - 64) * b"x"):
                peer.send(size)  # Refused, each of them, once it is read.
        for _ in range(3):
            self.assert_others_go_on("many connections of one key")
        self.assert_small()
        self.assertGreater(self.status("hub").json["counters"]["handshakes_too_often"], 100)

    def application(self, name):
        """Endpoint, key of the node and key of a new application of BY."""
        self.assertEqual(self.as_member("BY", "app", "add", name, "--read", "*").code, 0)
        return hostile.node_of(self.path(f"by/apps/{name}/client.toml"))

    def test_many_connections_of_applications_cost_their_node_little(self):
        self.start("AM", "BY")
        context = hostile.zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        crowd = [self.peer(node, server_key=node_key, secret=key, context=context)
                 for number, count in enumerate((18, 14, 14, 14))
                 for node, node_key, key in [self.application(f"villain{number}")]
                 for _ in range(count)]
        for _ in range(5):
            for peer in crowd:
                peer.send(1_300_000 * b"x")  # Refused, each of them, once it is read.
            self.assert_others_go_on("many connections of applications")
        self.assertTrue(eventually(lambda: self.status("BY").json["queues"]["connections"]["refused"] > 0))
        self.assertIn("too many connections of one key", self.nodes["BY"].log())
        queues = self.status("BY").json["queues"]
        self.assertEqual(queues["unread_local"]["refused"], 0, queues)  # They wait, and none is cut.
        self.assertLess(queues["unread_local"]["bytes_max"], 20 * MIB)
        self.assert_small(self.nodes["BY"], mib=64)

    def test_requests_that_wait_cost_their_node_little(self):
        self.start("AM", "BY")
        node, node_key, key = self.application("villain")
        peer = self.peer(node, server_key=node_key, secret=key)
        large, many = hostile.field(1, 1_200_000 * b"x"), 30_000 * hostile.field(1, b"")
        waits = hostile.field(6, 60_000)  # Of an inbox request; its field 5 is a filter, 1000 is none that it has.
        for inbox in (hostile.field(5, large), hostile.field(1000, large), hostile.field(5, many), 30_000 * hostile.field(1000, b"")):
            for _ in range(120):
                peer.send(hostile.field(1, 1) + hostile.field(4, waits + inbox))
            self.assert_others_go_on("requests that wait")
        self.assert_small(self.nodes["BY"], mib=64)
        self.assertEqual(self.status("BY").json["queues"]["waiters"]["bytes_max"], 4 * MIB)

    def test_a_message_without_end_of_an_application_costs_it_the_connection(self):
        self.start("AM", "BY")
        node, node_key, key = self.application("villain")
        for part, count in ((bytes(hostile.PART), 3000), (b"", 600_000)):
            cut = self.status("BY").json["queues"]["unread_local"]["refused"]
            relay = hostile.Unfinished(node.removeprefix("ipc://"), count * (len(part) + 35) - hostile.PART)
            self.addCleanup(relay.close)
            self.peer(relay.endpoint, server_key=node_key, secret=key).send(*[part] * count)
            self.assertTrue(eventually(
                lambda: self.status("BY").json["queues"]["unread_local"]["refused"] > cut), len(part))
            self.assert_others_go_on(f"parts of {len(part)} bytes without end")
        self.assert_small(self.nodes["BY"], mib=64)

    def test_an_application_that_floods_with_heartbeats_and_is_killed_leaves_its_node_alone(self):
        self.start("AM", "BY")
        node = self.nodes["BY"].process
        words = [*self.application("villain"), *(200, 20_000, 1_000_000)]
        for number in range(16):
            endpoint, node_key, key = (word.decode() if isinstance(word, bytes) else word for word in words[:3])
            flood = subprocess.Popen([sys.executable, "-c", FLOOD, endpoint, node_key, key, str(words[3 + number % 3])])
            self.addCleanup(flood.wait)
            self.addCleanup(flood.kill)
            time.sleep(self.dice.uniform(0.4, 0.8))
            if number % 2 == 0:  # What it sent last, and its end, come at once.
                node.send_signal(signal.SIGSTOP)
                time.sleep(0.3)
            flood.kill()
            flood.wait()
            node.send_signal(signal.SIGCONT)
            self.assertIsNone(node.poll(), self.nodes["BY"].log())
        self.assert_others_go_on("floods with heartbeats")
        self.assert_small(self.nodes["BY"], mib=64)

    def test_who_does_not_read_its_replies_costs_its_node_little(self):
        self.start("AM", "BY")
        large = json.dumps({"category": "THREAT_CATEGORY_OTHER", "summary": 100_000 * "x"})
        for number in range(8):
            answer = self.as_member("AM", "publish", "--kind", "threat.alert", "--to", "BY", "--subject", str(number), "--content", large)
            self.assertEqual(answer.code, 0, answer)
        self.assert_arrives("BY", [str(number) for number in range(8)])
        self.assertEqual(self.as_member("BY", "app", "add", "villain", "--read", "*").code, 0)
        node, node_key, key = hostile.node_of(self.path("by/apps/villain/client.toml"))
        context = hostile.zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        crowd = []
        for _ in range(15):
            deaf = context.socket(hostile.zmq.DEALER)
            self.addCleanup(deaf.close)
            deaf.rcvhwm, deaf.rcvbuf = 1, 1 << 14
            deaf.curve_secretkey, deaf.curve_publickey, deaf.curve_serverkey = key, hostile.zmq.curve_public(key), node_key
            deaf.connect(node)
            crowd.append(deaf)
        inbox = hostile.field(1, 1) + hostile.field(4, hostile.field(1, 0) + hostile.field(4, 100))

        def they_ask_for_more_than_leaves():
            for _ in range(10):
                for deaf in crowd:
                    with contextlib.suppress(hostile.zmq.Again):
                        deaf.send(inbox, hostile.zmq.NOBLOCK)
                time.sleep(0.05)
            return self.status("BY").json["queues"]["leaving"]["refused"] > 0

        self.assertTrue(eventually(they_ask_for_more_than_leaves))
        leaving = self.status("BY").json["queues"]["leaving"]
        self.assertLessEqual(leaving["bytes"], leaving["bytes_max"] + 15 * 2 * MIB)
        self.assert_others_go_on("applications that do not read")
        self.assert_small(self.nodes["BY"])

    def test_a_claimed_routing_id_gets_no_word(self):
        self.start("AM", "BY")
        for name in (b"AM", b"\x01\x80\0\0A", b"x" * 255):
            self.assertFalse(self.peer(routing_id=name).pings(1, self.genesis, tries=1, patience=0.5), name)
            self.assert_others_go_on("a claimed routing id")

    def test_a_forged_cursor_moves_nothing_but_its_own_feed(self):
        self.start("AM", "BY")
        for _ in range(3):
            self.assertEqual(self.publish("AM", "for all").code, 0)
        size = self.status("hub").json["log"]["size"]
        peer = self.peer()
        self.greet(peer, cursor=MOST)  # Beyond the log.
        self.assertTrue(eventually(lambda: self.node("RU")["connected"]))
        self.assertGreaterEqual(self.node("RU")["cursor"], size)
        for cursor in (0, MOST, 1, size, 0):  # Backwards, and beyond what was sent.
            self.credit(peer, cursor, 64, MIB)
        self.assertTrue(peer.pings(7, self.genesis))
        self.assertLessEqual(self.node("RU")["cursor"], size)
        for member in ("AM", "BY"):
            self.assertTrue(eventually(lambda: self.node(member)["cursor"] >= size))
        self.assert_others_go_on("forged cursors")
        # What it passed over is still there for it, from the beginning.
        honest = self.peer()
        self.greet(honest)
        self.assertTrue(self.hears(honest, b"to/RU"))

    def hears(self, peer, topic):
        end = time.monotonic() + trial.PATIENCE
        while time.monotonic() < end and peer.socket.poll(1000):
            if peer.socket.recv_multipart()[0] == topic:
                return True
        return False

    def node(self, member):
        return next(node for node in self.status("hub").json["nodes"] if node["member"] == member)

    def test_credits_without_measure_cost_the_hub_its_own_window_only(self):
        self.start("AM", "BY")
        peer = self.peer()
        self.greet(peer, items=MOST, size=MOST)
        self.credit(peer, 0, MOST, MOST)
        self.assertTrue(eventually(lambda: self.node("RU")["connected"]))
        large = '{"content": {"category": "THREAT_CATEGORY_OTHER", "summary": "' + 700_000 * "x" + '"}}'
        before = self.status("hub").json["counters"]["delivered"]
        for number in range(40):  # 28 MB, and the window is 16 MiB; nobody reads them.
            answer = self.as_member("AM", "publish", "--kind", "threat.alert", "--to", "RU", "--subject", f"{number}",
                                    "--file", "-", stdin=large)
            self.assertEqual(answer.code, 0, answer)
        self.assert_others_go_on("credits without measure")
        # AM got its own 40, and RU what the window holds: 24 of them at most.
        self.assertLess(self.status("hub").json["counters"]["delivered"] - before, 40 + 24 + 6)
        self.assert_small()

    def test_peers_that_ask_and_do_not_read_share_one_bound(self):
        self.start("AM", "BY")
        large = '{"content": {"category": "THREAT_CATEGORY_OTHER", "summary": "' + 700_000 * "x" + '"}}'
        answer = self.as_member("AM", "publish", "--kind", "threat.alert", "--to", "members", "--subject", "large",
                                "--file", "-", stdin=large)
        self.assertEqual(answer.code, 0, answer)
        peers = [hostile.Peer(*hostile.hub_of(self.path(code) / "node.toml")[:2],
                              hostile.secret_key(self.path(code) / "keys/transport.pem"), deaf=True)
                 for code in ("ru", "kz", "kg", "tj")]
        for peer in peers:
            self.addCleanup(peer.close)
            self.greet(peer, items=MOST, size=MOST)
        again = hostile.field(4, hostile.field(1, 2))  # Fetch of deliveries from 0: the large one comes once more.
        for _ in range(150):
            for peer in peers:
                peer.send(again)
            time.sleep(0.01)  # Or a turn of the hub would take many of them for one.
        leaving = self.status("hub").json["queues"]["leaving"]
        self.assertEqual(leaving["bytes_max"], 32 * MIB)
        self.assertLessEqual(leaving["bytes"], leaving["bytes_max"])
        self.assertGreater(leaving["bytes"], leaving["bytes_max"] / 2)
        self.assert_others_go_on("peers that ask and do not read")
        self.assert_small()

    def test_a_daemon_asks_for_the_descriptors_that_it_may_need(self):
        self.hub.prefix = ("prlimit", "--nofile=1000:1000")
        self.hub.start()
        self.assertEqual(self.hub.wait(), 1)
        self.assertIn("LimitNOFILE", self.hub.log())
        self.hub.prefix = ("prlimit", "--nofile=64:1024")  # It takes what it may.
        self.start("AM")
        limits = pathlib.Path(f"/proc/{self.hub.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files +1024 +1024")

    def test_crowds_at_the_socket_files_leave_descriptors(self):
        self.hub.prefix = self.node_of("AM").prefix = ("prlimit", "--nofile=1024:1024")
        self.start("AM", "BY")
        for sockets in (self.path("hub/run"), self.path("am/run")):
            for path in sorted(sockets.glob("*.sock")):
                self.crowd(512, lambda: socket.create_connection(self.address, timeout=5))
                self.crowd(1500, lambda path=path: self.connect_file(path))
                self.assertIsNone(self.nodes["AM"].process.poll(), self.nodes["AM"].log())
                self.assert_others_go_on(f"a crowd at {path}")
        for name in ("hub", "AM"):
            def admin(name=name):
                answer = self.status(name)
                self.assertEqual(answer.code, 0)
                return answer.json["queues"]["admin"]
            self.assertEqual(admin()["items_max"], 16)
            self.assertTrue(eventually(lambda: 1 <= admin()["items"] <= 16), admin())  # One that was cut may still go.
            self.assertGreater(admin()["refused"], 0)

    @staticmethod
    def connect_file(path):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(2)
        try:
            made.connect(str(path))
        except OSError:
            made.close()
            raise
        return made

    def crowd(self, count, connect):
        """As many connections as can be had; they stay."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        made = []
        for _ in range(count):
            with contextlib.suppress(OSError):
                made.append(connect())
                self.addCleanup(made[-1].close)
        return made

    @unittest.skipIf(SANITIZED, "UBSan reads /proc to judge a pointer, and takes a refusal for a finding")
    def test_a_hub_without_descriptors_keeps_those_that_it_has(self):
        self.start("AM", "BY")
        subprocess.run(["prlimit", f"--pid={self.pid}", "--nofile=64:1024"], check=True)
        crowd = [socket.create_connection(self.address, timeout=5) for _ in range(100)]
        self.assertTrue(eventually(lambda: self.count_descriptors() >= 63), self.count_descriptors())
        self.assert_others_go_on("no descriptor is left")
        for one in crowd:
            one.close()
        self.start_node("KZ")
        self.assert_others_go_on("descriptors are back")

    def test_a_flood_of_refused_frames_fills_no_log(self):
        self.start("AM", "BY")
        peer = self.peer()
        before = len(self.hub.log())
        for number in range(20_000):
            peer.send(b"\xff" * (1 + number % 50))
        self.assertTrue(peer.pings(3, self.genesis, tries=10))
        self.assert_others_go_on("a flood of refused frames")
        log = self.hub.log()[before:]
        self.assertIn("refused-frame", log)
        self.assertLess(len(log), 64 << 10)
        self.assertTrue(self.hub.says("left_out=", 30), log)

    def test_a_member_over_its_quota_waits_and_its_flash_does_not(self):
        with open(self.path("hub/hub.toml"), "a", encoding="utf-8") as config:
            config.write("\n[quota]\nnotices_per_second = 1\nnotices_burst = 4\n")
        self.start("AM", "BY", "KZ")
        for number in range(12):
            self.assertEqual(self.publish("AM", f"patient {number}", "--wait", "queued").code, 0)
        self.assertEqual(self.publish("AM", "flash", "--precedence", "flash").code, 0)
        self.assertEqual(self.publish("KZ", "of another").code, 0)
        subjects = ["flash", "of another", *(f"patient {number}" for number in range(12))]
        self.assertTrue(eventually(lambda: set(self.subjects("BY")) == set(subjects)), self.subjects("BY"))
        patient = [subject for subject in self.subjects("BY") if subject.startswith("patient")]
        self.assertEqual(patient, subjects[2:])  # In their order, whatever was refused in between.
        self.assertIn("error=quota-exceeded", self.nodes["AM"].log())
        quotas = self.status("hub").json["quotas"]
        self.assertGreater(quotas["AM"]["refused"], 0)
        self.assertGreater(quotas["KZ"]["taken"], 0)

    def test_an_application_publishes_at_the_rate_of_its_grant(self):
        self.edit("am/node.toml", r'^(name = "desk")$', r"\1\nrate = 1")
        self.start("AM", "BY")
        answers = [self.publish("AM", f"{number}", "--wait", "queued") for number in range(8)]
        refused = [answer for answer in answers if answer.code != 0]
        self.assertTrue(refused)
        self.assertEqual({(answer.code, answer.error) for answer in refused}, {(1, "quota-exceeded")})
        self.assertEqual(self.publish("AM", "flash", "--precedence", "flash").code, 0)
        self.assertEqual(self.status("AM").json["quotas"]["desk"]["refused"], len(refused))


if __name__ == "__main__":
    trial.main()
