#!/usr/bin/env python3
"""How long the command takes on an idle node: `publish` until it is logged, `publish --wait queued`, `inbox`, `show`,
`status`, one word completed in bash, and a start of the program that does nothing. Prints a table, judges nothing.

    latency.py --bin FOLDER [--runs N]

A hub and two nodes on this machine, a process for each call, as a person or a script would. What else the machine does
is in the figures: the load is printed with them.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/system/support"))
import trial  # noqa: E402

COMPLETE = """
source {script}
COMP_WORDS=(chancery publish --precedence f); COMP_CWORD=3
compopt() {{ :; }}
for ((i = 0; i < {runs}; i++)); do
  begun=${{EPOCHREALTIME/./}}; _chancery; ended=${{EPOCHREALTIME/./}}
  echo $((ended - begun))
done
"""


def timed(words, stdin=None):
    begun = time.perf_counter()
    done = subprocess.run([trial.BIN / "chancery", *map(str, words)], capture_output=True, text=True)
    taken = time.perf_counter() - begun
    if done.returncode != 0:
        sys.exit(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return taken * 1000


def completions(folder, runs):
    script = folder / "completion"
    script.write_bytes(subprocess.run([trial.BIN / "chancery", "completion", "bash"], capture_output=True, check=True).stdout)
    done = subprocess.run(["bash", "--norc", "-c", COMPLETE.format(script=script, runs=runs)], capture_output=True, text=True,
                          check=True)
    return [int(line) / 1000 for line in done.stdout.split()]


def measure(folder, runs):
    exchange = folder / "x"
    trial.make_exchange("csto", exchange)
    daemons = [trial.Daemon(program, exchange / config, folder / f"{name}.log").start()
               for program, config, name in (("chancery-broker", "hub/hub.toml", "hub"), ("chancery-node", "am/node.toml", "am"),
                                             ("chancery-node", "by/node.toml", "by"))]
    try:
        for daemon, said in zip(daemons, (" ready ", "hub-welcome", "hub-welcome"), strict=True):
            if not daemon.says(said):
                sys.exit(daemon.log())
        am = ["--exchange", exchange, "--as", "AM"]
        by = ["--exchange", exchange, "--as", "BY"]
        notice = ["--kind", "threat.alert", "--to", "members", "--subject", "x", "--content", '{"category": "THREAT_CATEGORY_OTHER", "summary": "x"}']
        calls = {
            "chancery version": ["version"],
            "chancery publish": ["publish", *am, *notice],
            "chancery publish --wait queued": ["publish", *am, *notice, "--wait", "queued"],
            "chancery inbox --last 10": ["inbox", *by, "--last", "10"],
            "chancery show 7": ["show", "7", *am],
            "chancery status": ["status", "AM", "--exchange", exchange],
        }
        figures = {}
        for name, words in calls.items():
            timed(words)  # What a first call reads from the disk is not of an idle node.
            figures[name] = [timed(words) for _ in range(runs)]
        figures["a word completed in bash"] = completions(folder, runs)
        return figures
    finally:
        for daemon in daemons:
            daemon.stop()
            daemon.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    trial.use(options.bin)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chl", dir="/tmp"))
    try:
        load = os.getloadavg()[0]
        figures = measure(folder, options.runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.runs} runs each, {os.cpu_count()} processors, load before {load:.1f}, milliseconds\n")
    print(f"| {'what':32} | median | 95 of 100 | longest |\n| {'-' * 32} | --- | --- | --- |")
    for name, taken in figures.items():
        ordered = sorted(taken)
        print(f"| {name:32} | {statistics.median(ordered):.1f} | {ordered[int(len(ordered) * 0.95)]:.1f} | {ordered[-1]:.1f} |")


if __name__ == "__main__":
    main()
