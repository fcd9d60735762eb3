#!/usr/bin/env python3
"""The keys of a node in two running daemons: one has the link, the other says what to do. Protocol chapter 10."""
import pathlib
import re
import shutil
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402


class CopiedKeys(Trial):
    def copy_of(self, member):
        """A daemon with this member's keys and a store of its own."""
        folder, copy = self.path(member.lower()), self.path(f"{member.lower()}-copy")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock", "*.db*"))
        return self.daemon("chancery-node", f"{copy.name}/node.toml")

    def link_of(self, daemon):
        return trial.chancery("status", "--node", daemon.config, "--json").json["hub"]

    def test_the_second_is_refused_and_waits_for_its_turn(self):  # C-148
        self.start("AM", "BY")
        first, second = self.nodes["AM"], self.copy_of("AM").start()
        self.assertTrue(second.says("node-runs-elsewhere"), second.log())
        self.assertIn('remedy="Stop one of the two', second.log())
        link = self.link_of(second)
        self.assertEqual(link["link"], "greeting")
        self.assertRegex(link["fault"], "node-runs-elsewhere: .* of AM.*Stop one of the two")
        self.assertIn("error=node-runs-elsewhere", self.hub.log())

        self.assertEqual(self.publish("AM", "The first keeps the link").code, 0)
        self.assert_arrives("BY", ["The first keeps the link"])
        self.assertNotIn("hub-lost", first.log())
        self.assertEqual(self.link_of(first)["fault"], "")

        self.assertEqual(first.stop(), 0)
        self.assertTrue(second.says("hub-welcome"), second.log())
        first.start()
        self.assertTrue(first.says("node-runs-elsewhere"), first.log())
        second.stop(signal.SIGKILL)
        self.assertTrue(first.says("hub-welcome"), first.log())
        self.assertEqual(self.link_of(first)["fault"], "")
        self.assertEqual(self.publish("BY", "To whoever has the link").code, 0)
        self.assert_arrives("AM", ["To whoever has the link"])

    def test_a_node_that_was_killed_is_served_again_at_once(self):  # C-148
        self.start("AM")
        port = int(re.search(r'^listen = "tcp://.*:(\d+)"', self.path("hub/hub.toml").read_text(), re.M)[1])
        for _ in range(5):
            self.nodes["AM"].stop(signal.SIGKILL)
            # Gets the descriptor that is free now, so that nothing but the end itself can tell that AM went.
            self.addCleanup(socket.create_connection(("127.0.0.1", port)).close)
            self.start_node("AM")
            self.assertNotIn("node-runs-elsewhere", self.nodes["AM"].log())

    def test_a_machine_that_is_gone_without_a_word_gives_its_place_up(self):  # C-148
        self.start("AM")
        self.nodes["AM"].process.send_signal(signal.SIGSTOP)  # No FIN, no RST: only its silence tells.
        second = self.copy_of("AM").start()
        self.assertTrue(second.says("node-runs-elsewhere"), second.log())
        self.assertTrue(eventually(lambda: "hub-welcome" in second.log(), 50), second.log())


if __name__ == "__main__":
    trial.main()
