#!/usr/bin/env python3
"""What `./dev faults` does around its campaigns, with no program of ours at hand."""
import collections
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import rig as rigs  # Before what needs the support of the system tests, which it finds.
import memory
import run
import tracing
from campaigns import kill_at_write

ROOT = rigs.ROOT
MEBIBYTE = 1 << 20


class AWrongCommandLine(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chf", dir="/tmp"))  # Nothing can be built in it.
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(ROOT / "dev", self.root)
        for folder in ("tests/faults", "tests/system/support"):
            shutil.copytree(ROOT / folder, self.root / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def faults(self, *words):
        return subprocess.run([self.root / "dev", "faults", *words], capture_output=True, text=True, timeout=50)

    def test_is_told_before_anything_is_built(self):
        for words, told in ((("kill-hub", "nope"), "no campaign 'nope': there are clock, damage, "),
                            (("kill-hub", "--cuont", "3"), "unrecognized arguments: --cuont"),
                            (("kill-hub", "--count", "0"), "0 is none at all")):
            with self.subTest(words=words):
                done = self.faults(*words)
                self.assertEqual(done.returncode, 64, done)
                self.assertIn(told, done.stderr)
                self.assertFalse((self.root / "build").exists(), done)


class WhatCannotRunHere(unittest.TestCase):
    @unittest.skipUnless(run.needs.is_root() and shutil.which("setpriv"), "takes rights away from root")
    def test_is_not_here_for_a_root_that_may_not_mount(self):
        few = "-sys_admin,-net_admin,-sys_ptrace"
        listed = subprocess.run(["setpriv", "--bounding-set", few, "--inh-caps", few, sys.executable, ROOT / "tests/faults/run.py",
                                 "--list"], capture_output=True, text=True, timeout=50, check=True).stdout
        self.assertRegex(listed, r"(?m)^power-cut .* not here: loop devices$")
        self.assertRegex(listed, r"(?m)^partition .* not here: network namespaces$")
        self.assertRegex(listed, r"(?m)^kill-hub .* runs here$")


class ThePeakOfAProcess(unittest.TestCase):
    """A daemon that takes 64 MiB for a moment, and says so."""

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="chf", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        self.peaks = memory.Peaks()
        self.addCleanup(self.peaks.end)
        rigs.trial.use("/")
        self.daemon = self.peaks.daemon("hub", sys.executable.lstrip("/"), "-", folder / "log")
        self.addCleanup(self.daemon.end)

    def start(self, then):
        program = f"import os, signal, time; x = bytearray(64 << 20); del x; print('taken', flush=True); {then}"
        self.daemon.prefix = (sys.executable, "-c", program)
        self.daemon.start()
        self.assertTrue(self.daemon.says("taken"))

    def test_is_seen_before_we_end_it(self):
        for end in (self.daemon.end, self.daemon.stop):
            self.peaks.over.set()  # No thread looks.
            self.peaks.bytes.clear()
            self.start("time.sleep(60)")
            end()
            self.assertGreater(self.peaks.bytes["hub"], 64 * MEBIBYTE)

    def test_is_seen_where_it_ends_by_itself(self):
        self.start("time.sleep(1); os.kill(os.getpid(), signal.SIGKILL)")
        self.assertEqual(self.daemon.wait(), -9)
        self.assertGreater(self.peaks.bytes["hub"], 64 * MEBIBYTE)


class EachCallOfAFlow(unittest.TestCase):
    """The campaign's own book-keeping, on a flow that makes as many calls as it is told to in each run."""

    def setUp(self):
        counts = [collections.Counter(fsync=5), collections.Counter(fsync=3)]
        for name, value in (("submitter", lambda rig: None), ("deliver", lambda *_: None), ("run_flow", self.run_flow),
                            ("count_flow", lambda *_: {"fsync": self.counts.pop()}),
                            ("POINTS", list(kill_at_write.points_of("deliver", "hub", counts)))):
            self.enterContext(mock.patch.object(kill_at_write, name, value))
        self.lengths, self.tried, self.counts = [], [], []
        self.rig = mock.MagicMock(findings=[], notes=collections.Counter(), touched=None, folder=pathlib.Path("/"))
        self.rig.finds = lambda *finding: self.rig.findings.append(finding)

    def run_flow(self, rig, origin, flow, target, rule, output):
        nth = int(rule.rpartition("=")[2])
        self.tried.append(nth)
        return nth <= (self.lengths.pop(0) if len(self.lengths) > 1 else self.lengths[0])

    def play(self, *lengths):
        """Of each run in turn; the last of all further ones."""
        self.lengths[:] = lengths
        kill_at_write.play(self.rig, range(5))
        return [finding[0] for finding in self.rig.findings]

    def test_is_tried_up_to_its_end(self):
        self.assertEqual(self.play(8), [])
        self.assertEqual((self.tried, self.rig.touched), (list(range(1, 10)), 8))

    def test_is_tried_again_where_a_run_was_shorter_than_all_that_were_counted(self):
        self.assertEqual(self.play(3, 0, 1, 3, 3), [])
        self.assertEqual((self.tried, self.rig.touched), ([1, 2, 2, 2, 3, 4, 4, 5, 5], 3))

    def test_is_missed_where_it_never_comes(self):
        for counts, found in (((3, 4, 3), ["cover"]), ((3, 2, 3), [])):  # Counted anew.
            self.counts[:] = counts
            self.assertEqual(self.play(2), found)
            self.rig.findings.clear()

    def test_has_an_end(self):
        self.assertEqual(self.play(10_000), ["cover"])


class ATrace(unittest.TestCase):
    def test_is_counted_by_thread_and_call_as_strace_counts_for_its_rules(self):
        with tempfile.NamedTemporaryFile("w", prefix="chf") as file:
            file.write('7  pwrite64(3, "a", 1, 0) = 1\n8  pwrite64(3, "a", 1, 0) = 1\n7  fdatasync(3) = 0\n'
                       '7  pwrite64(3, "a", 1, 0 <unfinished ...>\n7  <... pwrite64 resumed>) = 1\n8  +++ exited +++\n')
            file.flush()
            self.assertEqual(tracing.count_calls(file.name), {"pwrite64": 2, "fdatasync": 1})


class WhatATallyCounts(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="chf", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        self.tally = run.Tally(folder / "tally.jsonl")
        self.row = {"campaign": "kill-at-write", "seed": "1.0", "commit": "abc", "programs": "def", "first": 0, "faults": 20}
        self.record, run.RECORD = run.RECORD, folder / "TALLY.md"
        self.addCleanup(setattr, run, "RECORD", self.record)

    def test_faults_that_met_nothing_did_not_hold(self):
        self.tally.append({**self.row, "result": "held", "touched": 17, "seconds": 1.0, "properties": []})
        self.assertEqual(self.tally.held(self.row)["touched"], 17)
        run.record(self.tally)
        self.assertIn("| `kill-at-write` | 17 | 0 |", run.RECORD.read_text())

    def test_only_what_was_committed_and_held_is_not_run_again(self):
        for change in ({"result": "violated"}, {"result": "not judged"}, {"result": "held", "programs": "other"},
                       {"result": "held", "commit": "abc-dirty"}):
            self.tally.append({**self.row, "touched": 20, **change})
            self.assertIsNone(self.tally.held({**self.row, "commit": change.get("commit", "abc")}), change)


if __name__ == "__main__":
    unittest.main(verbosity=2)
