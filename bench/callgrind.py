"""Instructions that an item of a micro benchmark takes, as callgrind of valgrind counts them.

They are nearly the same in each run, whatever else the machine does, so a difference of a percent is one. They are no time: nothing
waits there, and the processor that valgrind plays has neither AVX-512 nor instructions for SHA-256.
"""
from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

MIN_TIME_S = 0.02  # Of the last run of a benchmark: what is done once, at first use, is in those before it.
# Between these Google Benchmark keeps the time, and we the count: each end writes what was counted since the last begin.
BEGINS = ("benchmark::State::StartKeepRunning()", "benchmark::State::ResumeTiming()")
LAST_END = "benchmark::State::FinishKeepRunning()"
ENDS = (LAST_END, "benchmark::State::PauseTiming()")


class Failed(Exception):
    """What a person is told, without a traceback."""


def command(program: pathlib.Path, name: str, out: pathlib.Path) -> list[str]:
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *(f"--zero-before={name}" for name in BEGINS),
            *(f"--dump-before={name}" for name in ENDS), str(program), f"--benchmark_filter=^{re.escape(name)}$",
            f"--benchmark_min_time={MIN_TIME_S}", "--benchmark_format=json"]


def last_run(dumps: list[str]) -> int:
    """Of the texts of all dumps in their order: a benchmark is run with more and more rounds, and the last run counts."""
    runs = [0]
    for text in dumps:
        total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
        trigger = re.search(r"^desc: Trigger: --dump-before=(.+)$", text, re.MULTILINE)
        if total is None or trigger is None:
            continue  # What is written when the program ends.
        runs[-1] += int(total[1])
        if trigger[1] == LAST_END:
            runs.append(0)
    if len(runs) < 2:
        raise Failed("callgrind wrote no counts")
    return runs[-2]


def items_of(entry: dict[str, Any]) -> float:
    """Of all rounds of an entry of Google Benchmark's JSON."""
    rounds = float(entry["iterations"])
    if not entry.get("items_per_second"):
        return rounds
    seconds = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}[entry["time_unit"]]
    return round(rounds * float(entry["items_per_second"]) * float(entry["cpu_time"]) * seconds)


def names_of(program: pathlib.Path, pattern: str) -> list[str]:
    done = subprocess.run([program, "--benchmark_list_tests", f"--benchmark_filter={pattern}"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failed(f"{program.name} ended with {done.returncode}")
    return done.stdout.split()


def count(program: pathlib.Path, name: str) -> float:
    """Of one benchmark, by its full name: instructions of an item."""
    with tempfile.TemporaryDirectory(prefix="chancery-") as folder:
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(command(program, name, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failed(f"{name} under valgrind ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        entry, = json.loads(done.stdout)["benchmarks"]
        if entry.get("error_occurred"):
            raise Failed(f"{name}: {entry.get('error_message', 'it failed')}")
        dumps = sorted(pathlib.Path(folder).glob("out.*"), key=lambda file: int(file.suffix[1:]))
        return last_run([file.read_text() for file in dumps]) / items_of(entry)


def count_all(program: pathlib.Path, pattern: str, tell: str = "") -> dict[str, float]:
    """Of each that matches, by its full name; of none where none does."""
    if shutil.which("valgrind") is None:
        raise Failed("no valgrind: ./dev setup instructions installs it")
    counts = {}
    for name in names_of(program, pattern):
        print(f"counting {tell}{name} ...", file=sys.stderr)
        counts[name] = count(program, name)
    return counts
