#!/usr/bin/env python3
"""Exports of logs, as processes: made from hub, node and store, gone on with, cut off, falsified, and verified by another program."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

HERE = pathlib.Path(__file__).parent
MEMBERS = ("AM", "BY", "KG", "KZ")


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


class Sumdb:
    """golang.org/x/mod/sumdb, as Debian has it."""

    program = None

    @classmethod
    def build(cls, folder):
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(folder / "cache"), "HOME": str(folder)}
        cls.program = folder / "sumdb-verify"
        subprocess.run(["go", "build", "-o", cls.program, HERE / "support" / "sumdb_verify.go"], env=env, check=True, timeout=120)

    @classmethod
    def verifies(cls, export):
        """How many leaves, or None where it does not verify."""
        done = subprocess.run([cls.program, export], capture_output=True, text=True, timeout=60)
        return int(done.stdout) if done.returncode == 0 else None


def setUpModule():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chp", dir="/tmp"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    Sumdb.build(folder)


class Exports(Trial):
    def setUp(self):
        super().setUp()
        self.export = self.folder / "export"
        self.env = {"XDG_STATE_HOME": str(self.folder / "state")}

    def start_at_quorum(self):
        self.start(*MEMBERS)
        self.wait_for_quorum()

    def wait_for_quorum(self):
        def whole():
            said = [self.status(name).json for name in ("hub", "AM")]
            return len({status[part]["size"] for status in said for part in ("log", "cosigned")}) == 1
        self.assertTrue(eventually(whole))

    def make(self, name, folder=None):
        return trial.chancery("audit", "export", folder or self.export, name, "--exchange", self.exchange, "--json")

    def verify(self, *words, folder=None):
        return trial.chancery("audit", "verify", "--export", folder or self.export, "--json", *words, env=self.env)

    def test_hub_node_and_store_give_the_same_log_and_it_grows(self):
        self.start_at_quorum()
        for number in range(3):
            self.publish("AM", f"Notice {number}")
        self.wait_for_quorum()
        made = self.make("hub")
        self.assertEqual((made.code, made.json["at_quorum"], made.json["added"]), (0, True, made.json["size"]))
        other = self.folder / "of-a-node"
        self.assertTrue(eventually(lambda: self.make("BY", other).json["size"] == self.make("hub").json["size"]))
        same, of_node = files_of(self.export), files_of(other)
        self.assertEqual([name for name in same if same[name] != of_node.get(name)], [name for name in ("checkpoint",) if same[name] != of_node[name]])

        self.publish("BY", "One more")
        self.wait_for_quorum()
        self.assertGreater(self.make("AM").json["added"], 0)  # Statements follow, so more than the one.
        self.assertEqual(self.nodes["AM"].stop(), 0)
        size = self.make("hub").json["size"]
        for words in ((), ("--genesis", self.made["genesis"]), ("--vkey", self.export / "log.vkey")):
            found = self.verify(*words)
            self.assertEqual((found.code, found.json["verified"], found.json["size"]), (0, True, size))
        self.assertEqual(Sumdb.verifies(self.export), size)

        # From a store that nobody runs, in a folder of before.
        stopped = trial.chancery("audit", "export", other, "--store", self.path("am/store/node.db"), "--genesis", self.made["genesis"], "--json")
        self.assertEqual(stopped.code, 0)
        self.assertGreater(stopped.json["added"], 0)
        self.assertEqual(self.verify(folder=other).code, 0)

    def test_what_is_not_known_is_said(self):
        self.start("AM")
        made = self.make("AM")
        self.assertEqual((made.code, made.json["at_quorum"]), (0, False))
        self.assertIn("NOT by a quorum", trial.chancery("audit", "export", self.export, "AM", "--exchange", self.exchange).out)
        open_ = self.verify()
        self.assertEqual((open_.code, open_.json["verified"], open_.json["findings"]), (2, None, []))
        self.assertEqual(self.verify("--log-signed").code, 0)
        self.assertEqual((self.verify(folder=self.folder).code, self.verify("--exchange", self.exchange).code), (2, 64))
        self.assertEqual(self.verify("--genesis", "00" * 32, "--log-signed").json["findings"][0]["file"], "directory")
        self.assertEqual(trial.chancery("audit", "verify", "AM", "--exchange", self.exchange, "--vkey", "x").code, 64)
        self.assertEqual(trial.chancery("audit", "verify", "live", "--node", self.path("am/node.toml")).code, 0)
        self.assertEqual(self.nodes["AM"].stop(), 0)
        self.assertEqual(trial.chancery("audit", "verify", "live", "--node", self.path("am/node.toml"), "--json").error, "no-daemon")

    def test_what_was_audited_last_is_extended(self):
        self.start_at_quorum()
        self.assertEqual(self.make("hub").code, 0)
        old = self.folder / "old"
        shutil.copytree(self.export, old)
        self.assertEqual(self.verify("--since-last").json["since"], None)
        self.publish("AM", "One")
        self.wait_for_quorum()
        grown = self.make("hub").json["size"]
        self.assertLess(self.verify("--since-last").json["since"]["size"], grown)
        self.assertEqual(self.verify("--since-last").json["since"]["size"], grown)
        behind = self.verify("--since-last", folder=old)
        self.assertEqual((behind.code, behind.error), (2, "unavailable"))
        # A daemon's log is compared with the same head, and another exchange has another one.
        live = trial.chancery("audit", "verify", "hub", "--exchange", self.exchange, "--since-last", "--json", env=self.env)
        self.assertEqual((live.code, live.json["since"]["size"]), (0, grown))
        head = next((self.folder / "state/chancery/audited").iterdir())
        self.assertEqual((head.name, head.stat().st_mode & 0o777), (self.made["genesis"], 0o600))
        lines = head.read_text().split("\n")
        lines[2] = "A" * 43 + "="
        head.write_text("\n".join(lines))
        for found in (self.verify("--since-last"), trial.chancery("audit", "verify", "hub", "--exchange", self.exchange, "--since-last", "--json", env=self.env)):
            self.assertEqual((found.code, found.json["findings"][0]["code"]), (1, "foreign-log"))

    def test_two_members_exports_are_compared(self):
        self.start_at_quorum()
        one, other = self.folder / "of-am", self.folder / "of-by"
        self.assertEqual(self.make("AM", one).code, 0)
        self.publish("AM", "One")
        self.wait_for_quorum()
        self.assertTrue(eventually(lambda: self.make("BY", other).json["size"] == self.status("hub").json["log"]["size"]))
        for sides in ((one, other), (other, one), (one, one)):
            compared = trial.chancery("audit", "compare", *sides, "--genesis", self.made["genesis"], "--json")
            self.assertEqual((compared.code, compared.json["agree"], compared.json["exports"][0]["export"]), (0, True, str(one)))
        proof = self.folder / "proof"
        missing = trial.chancery("audit", "compare", one, self.folder / "none", "-o", proof, "--json")
        self.assertEqual((missing.code, missing.error, proof.exists()), (2, "unavailable", False))
        proof.write_text("no proof")
        self.assertEqual(trial.chancery("audit", "verify", "--contradiction", proof, "--json").code, 1)

    def test_another_exchange_is_refused_and_changes_nothing(self):
        self.start_at_quorum()
        self.assertEqual(self.make("hub").code, 0)
        before = files_of(self.export)
        folder = self.folder / "y"
        trial.make_exchange(self.profile, folder)
        hub = trial.Daemon("chancery-broker", folder / "hub/hub.toml", self.folder / "other.log")
        self.addCleanup(hub.end)
        hub.start()
        self.assertTrue(hub.says(" ready "), hub.log())
        refused = trial.chancery("audit", "export", self.export, "hub", "--exchange", folder, "--json")
        self.assertEqual((refused.code, refused.error), (1, "wrong-genesis"))
        self.assertEqual(files_of(self.export), before)


class Generated(unittest.TestCase):
    """A log of 66,000 entries, for what takes more than a tile."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chp", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.export = self.folder / "export"

    def generate(self, size, **options):
        return subprocess.Popen([trial.BIN.parent / "tests" / "export-speed", self.export, str(size)], stdout=subprocess.DEVNULL, **options)

    def test_another_program_verifies_it_and_no_flipped_byte(self):
        self.assertEqual(self.generate(66_000).wait(60), 0)
        self.assertEqual(Sumdb.verifies(self.export), 66_000)
        for name in ("tile/0/000", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/000", "tile/entries/100",
                     "tile/entries/257.p/208", "checkpoint", "log.vkey"):
            path = self.export / name
            for at in (7, path.stat().st_size // 2):
                if name == "checkpoint" and at > 7:
                    at = 30  # In what the log signed: this library looks at no line of a witness.
                flip(path, at)
                self.assertIsNone(Sumdb.verifies(self.export), name)
                found = trial.chancery("audit", "verify", "--export", self.export, "--json")
                self.assertEqual((found.code, name in [finding["file"] for finding in found.json["findings"]]), (1, True), found)
                flip(path, at)
        self.assertEqual(Sumdb.verifies(self.export), 66_000)
        self.assertEqual(trial.chancery("audit", "verify", "--export", self.export).code, 0)

    def test_one_that_is_killed_is_gone_on_with(self):
        """Whenever it is killed, what lies there is no export yet, or the whole one, and the next run ends well."""
        size = 40_000
        for wait in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3):
            running = self.generate(size)
            time.sleep(wait)
            running.send_signal(signal.SIGKILL)
            running.wait()
            if self.export.exists() and any(self.export.iterdir()):
                found = trial.chancery("audit", "verify", "--export", self.export, "--json")
                self.assertIn((found.code, found.error), [(0, None), (2, "unavailable"), (2, "file-missing")], (wait, found))
        self.assertEqual(self.generate(size).wait(60), 0)
        self.assertEqual(Sumdb.verifies(self.export), size)


if __name__ == "__main__":
    trial.main()
