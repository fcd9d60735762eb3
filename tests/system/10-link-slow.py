#!/usr/bin/env python3
"""An urgent notice overtakes a backlog on its way over a slow link, too: no more that is patient is on the way than the
link drains in about a second. Judged by the bytes that pass before it, not by time."""
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system/support"))
sys.path.insert(0, str(ROOT / "tests/faults"))
import proxy  # noqa: E402
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

KIB = 1 << 10
RATE = 64 * KIB  # Bytes a second: so much may be on the way.
BACKLOG = 2000  # Notices of more than a KiB: node and hub would have 1,024 of them on the way.
AHEAD_MAX = 384 * KIB  # Of the link's pace twice, what the kernel holds of it, the log, and a poll of the inbox.


class SlowLink(Trial):
    def setUp(self):
        super().setUp()
        port = int(re.search(r":(\d+)\"", self.path("hub/hub.toml").read_text())[1])
        self.slow = proxy.Proxy(port, random.Random(1), down_rate=RATE)
        self.addCleanup(self.slow.close)
        self.edit("by/node.toml", r"^hub = .*$", f'hub = "tcp://127.0.0.1:{self.slow.port}"')

    def flood(self, member, count):
        client = self.path(f"{member.lower()}/apps/desk/client.toml")
        subprocess.run([trial.BIN / "demo-flood", client, str(count)], check=True, capture_output=True, timeout=100)
        self.assertTrue(eventually(lambda: self.waits(member) == 0, 60))

    def waits(self, member):
        outbox = self.status(member).json["outbox"]
        return outbox["queued"] + outbox["signed"]

    def test_a_flash_overtakes_what_is_on_its_way_to_a_slow_node(self):
        self.start("AM", "BY")
        self.flood("AM", BACKLOG)
        before = self.slow.passed
        self.assertEqual(self.publish("AM", "flash", "--precedence", "flash").code, 0)
        self.assertTrue(eventually(lambda: self.node("BY")["cursor_urgent"] > 0, 60), self.node("BY"))
        ahead = self.slow.passed - before
        node = self.node("BY")
        self.assertLess(ahead, AHEAD_MAX, node)
        self.assertLess(node["cursor"], BACKLOG, "or there was nothing to overtake")
        self.assertLess(node["pace"], 4 * RATE, node)
        queue = self.status("hub").json["queues"]["deliveries"]
        self.assertEqual((queue["items_max"], queue["bytes_max"]), (4096, 16 << 20))
        self.assertGreater(queue["bytes"], 0)

    def test_a_flash_of_a_node_that_is_far_behind_does_not_wait_for_the_log(self):
        self.start("AM")
        self.start_node("BY")
        self.assertTrue(self.nodes["BY"].says(" ready "))  # It knows the roster.
        self.assertEqual(self.nodes["BY"].stop(), 0)
        self.flood("AM", BACKLOG)
        self.start_node("BY")
        publish = ["publish", "--exchange", self.exchange, "--as", "BY", "--kind", "contact", "--to", "AM", "--subject", "x",
                   "--precedence", "flash", "--content", '{"counterpart": "x"}']
        with subprocess.Popen([trial.BIN / "chancery", *publish], stdout=subprocess.DEVNULL) as waiting:
            self.addCleanup(waiting.kill)
            self.assertTrue(eventually(lambda: "x" in self.subjects("AM"), 60))
            behind = self.status("BY").json
            self.assertLess(behind["log"]["size"], behind["hub"]["size"], "or there was nothing to wait for")
            waiting.kill()

    def node(self, member):
        return next(node for node in self.status("hub").json["nodes"] if node["member"] == member)


if __name__ == "__main__":
    trial.main()
