#!/usr/bin/env python3
"""What `./dev faults` does around its campaigns, with no program of ours at hand."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


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
                            (("kill-hub", "--cuont", "3"), "unrecognized arguments: --cuont")):
            with self.subTest(words=words):
                done = self.faults(*words)
                self.assertEqual(done.returncode, 64, done)
                self.assertIn(told, done.stderr)
                self.assertFalse((self.root / "build").exists(), done)


if __name__ == "__main__":
    unittest.main(verbosity=2)
