#!/usr/bin/env python3
"""What bench/micro.py computes, refuses, and in which order it runs what. No benchmark is built or run."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import callgrind  # noqa: E402
import micro  # noqa: E402


def entry(name, **fields):
    return {"name": name, "cpu_time": 2.0, "time_unit": "ms", **fields}


class Numbers(unittest.TestCase):
    def test_medians_ratio_and_spread(self):
        row, = micro.compare({"a": [100.0, 90.0, 400.0]}, {"a": [210.0, 200.0, 190.0]})
        self.assertEqual((row.before, row.after, row.ratio), (100.0, 200.0, 2.0))
        self.assertEqual((row.spread_before, row.spread_after), (3.1, 0.1))
        self.assertEqual(row.verdict, "noise")  # The 400 is above all of the others.

    def test_only_what_is_apart_is_faster_or_slower(self):
        verdicts = {row.name: row.verdict for row in micro.compare(
            {"faster": [10.0, 12.0], "slower": [10.0, 12.0], "touching": [10.0, 12.0]},
            {"faster": [8.0, 9.0], "slower": [13.0, 14.0], "touching": [12.0, 14.0]})}
        self.assertEqual(verdicts, {"faster": "faster", "slower": "slower", "touching": "noise"})

    def test_what_only_one_has_is_not_compared(self):
        before, after = {"old": [1.0, 1.0], "both": [1.0, 1.0]}, {"new": [1.0, 1.0], "both": [1.0, 1.0]}
        self.assertEqual([row.name for row in micro.compare(before, after)], ["both"])
        self.assertEqual((micro.only_in(before, after), micro.only_in(after, before)), (["old"], ["new"]))

    def test_time_is_of_an_item_where_there_are_some(self):
        self.assertEqual(micro.cpu_ns(entry("a")), 2e6)
        self.assertEqual(micro.cpu_ns(entry("a", cpu_time=3.0, time_unit="us")), 3000.0)
        self.assertEqual(micro.cpu_ns(entry("a", items_per_second=1e6)), 1000.0)
        self.assertEqual(micro.short("put_arrival/256/iterations:20"), "put_arrival/256")
        with self.assertRaisesRegex(micro.Refused, "a: it broke"):
            micro.cpu_ns(entry("a", error_occurred=True, error_message="it broke"))

    def test_times_are_readable(self):
        self.assertEqual([micro.time_text(ns) for ns in (0.123, 999, 1234, 56_789, 12_345_678, 3.2e9)],
                         ["0.123 ns", "999 ns", "1.23 µs", "56.8 µs", "12.3 ms", "3.2 s"])

    def test_the_table_has_a_line_for_each(self):
        rows = micro.compare({"a": [100.0, 100.0], "long_name": [1.0, 3.0]}, {"a": [50.0, 50.0], "long_name": [2.0, 2.0]})
        lines = micro.table(rows, "0123456789ab", "working tree").splitlines()
        self.assertEqual([line.split() for line in lines[1:]],
                         [["a", "100", "ns", "50", "ns", "0.50", "0%", "0%", "faster"],
                          ["long_name", "2", "ns", "2", "ns", "1.00", "100%", "0%", "noise"]])

    def test_a_record_names_no_machine_and_no_folder(self):
        record = micro.record_of({"context": {"host_name": "h", "executable": "/x/y", "num_cpus": 2}, "benchmarks": [entry("a")]})
        self.assertNotIn("/x/y", json.dumps(record))
        self.assertEqual((record["context"]["num_cpus"], record["context"]["preset"]), (2, "release"))
        self.assertEqual(set(record["context"]), {"num_cpus", "preset", "processor", "commit"})
        self.assertRegex(record["context"]["commit"], r"^([0-9a-f]{12}(-changed)?|unknown)$")
        self.assertEqual(record["benchmarks"], [entry("a")])


class Turns(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chancery-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def program(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\necho {name} \"$@\" >>'{self.folder}/calls'\n{script}\n")
        path.chmod(0o755)
        return path

    def test_two_programs_take_turns(self):
        answer = json.dumps({"benchmarks": [entry("a/iterations:20", time_unit="ns")]})
        programs = tuple(self.program(name, f"echo '{answer}'") for name in ("before", "after"))
        self.assertEqual(micro.take_turns(programs, 3, "a|b"), ({"a": [2.0] * 3}, {"a": [2.0] * 3}))
        calls = (self.folder / "calls").read_text().splitlines()
        self.assertEqual([call.split()[0] for call in calls], ["before", "after"] * 3)
        self.assertIn("--benchmark_filter=a|b ", calls[0])

    def test_what_one_program_has_none_of_is_run_of_the_other_alone(self):
        answer = json.dumps({"benchmarks": [entry("new", time_unit="ns")]})
        has, without = self.program("has", f"echo '{answer}'"), self.program("without", "exit 0")
        self.assertEqual(micro.take_turns((without, has), 3, "new"), ({}, {"new": [2.0] * 3}))
        self.assertEqual(micro.take_turns((has, without), 3, "new"), ({"new": [2.0] * 3}, {}))
        calls = (self.folder / "calls").read_text().splitlines()
        self.assertEqual([call.split()[0] for call in calls], ["without", "has", "has", "has", "has", "without", "has", "has"])
        with self.assertRaisesRegex(micro.Refused, "no benchmark matches --filter 'new'"):
            micro.take_turns((without, without), 3, "new")

    def test_a_program_that_fails_or_has_no_such_benchmark_is_told(self):
        with self.assertRaisesRegex(micro.Refused, "broken ended with 3"):
            micro.run_json(self.program("broken", "exit 3"), ".")
        with self.assertRaisesRegex(micro.Refused, "no benchmark matches --filter 'nope'"):
            micro.run_json(self.program("without", "exit 0"), "nope")
        with self.assertRaisesRegex(micro.Refused, "printed what is not JSON: 'Killed"):
            micro.take_turns((self.program("without", "exit 0"), self.program("cut", "echo Killed")), 3, ".")


def dump(total, end):
    return f"desc: Trigger: --dump-before=benchmark::State::{end}\nevents: Ir\ntotals: {total}\n"


class Instructions(unittest.TestCase):
    def test_the_last_run_counts_and_what_is_paused_does_not(self):
        finish, pause = "FinishKeepRunning()", "PauseTiming()"
        self.assertEqual(callgrind.last_run([dump(900, finish), dump(20, finish)]), 20)
        self.assertEqual(callgrind.last_run([dump(1, finish), dump(30, pause), dump(40, pause), dump(5, finish),
                                             "desc: Trigger: Program termination\ntotals: 77\n"]), 75)
        for nothing in ([], [dump(30, pause)], ["totals: 3\n"]):
            with self.assertRaisesRegex(callgrind.Failed, "no counts"):
                callgrind.last_run(nothing)

    def test_items_are_those_of_all_rounds(self):
        self.assertEqual(callgrind.items_of(entry("a", iterations=20)), 20)
        self.assertEqual(callgrind.items_of(entry("a", iterations=3, items_per_second=128_000.1)), 768)

    def test_a_program_is_counted_by_valgrind(self):
        with tempfile.TemporaryDirectory(prefix="chancery-") as folder:
            valgrind = pathlib.Path(folder) / "valgrind"
            valgrind.write_text("#!/bin/sh\nfor word; do case $word in --callgrind-out-file=*) out=${word#*=} ;; esac; done\n"
                                f"printf '%s' '{dump(5000, 'FinishKeepRunning()')}' >$out.10\n"
                                f"printf '%s' '{dump(70, 'FinishKeepRunning()')}' >$out.9\n"
                                f"echo '{json.dumps({'benchmarks': [entry('a/b', iterations=10)]})}'\n")
            valgrind.chmod(0o755)
            with unittest.mock.patch.dict(os.environ, {"PATH": f"{folder}:{os.environ['PATH']}"}):
                self.assertEqual(callgrind.count(pathlib.Path("program"), "a/b"), 500)
        words = callgrind.command(pathlib.Path("program"), "a/b.c", pathlib.Path("out"))
        self.assertIn("--benchmark_filter=^a/b\\.c$", words)


class Refusals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chancery-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.git("init", "--quiet")
        self.git("commit", "--quiet", "--allow-empty", "-m", "before")

    def git(self, *words):
        return micro.git("-c", "user.name=Test", "-c", "user.email=test@example.org", *words, root=self.root)

    def test_a_revision_that_is_not_there_or_has_none_is_refused(self):
        for revision in ("nope", "--all", ""):
            with self.assertRaisesRegex(micro.Refused, "no revision"):
                micro.commit_of(revision, self.root)
        with self.assertRaisesRegex(micro.Refused, "has no micro benchmarks yet"):
            micro.commit_of("HEAD", self.root)
        source = self.root / micro.SOURCE
        source.parent.mkdir(parents=True)
        source.write_text("")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "after")
        self.assertEqual(micro.commit_of("HEAD", self.root), self.git("rev-parse", "HEAD"))
        with self.assertRaisesRegex(micro.Refused, "has no micro benchmarks yet"):
            micro.commit_of("HEAD~", self.root)

    def test_words_that_make_no_sense_are_refused_before_anything_is_built(self):
        script = pathlib.Path(micro.__file__)
        for words, said in ((["compare", "--rounds", "2"], "apart by chance"),
                            (["compare", "--rounds", "many"], "invalid"),
                            (["compare", "--filter", "("], "no regular expression"),
                            (["--rounds", "3"], "unrecognized"), (["compare", "a", "b"], "unrecognized"),
                            (["--instructions", "--record", "x.json"], "measures none")):
            done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 64, words)
            self.assertIn(said, done.stderr, words)
        done = subprocess.run([sys.executable, script, "compare", "no-such-revision"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no-such-revision", done.stderr)


if __name__ == "__main__":
    unittest.main()
