#!/usr/bin/env python3
"""Runs the fuzz targets, each from its committed corpus; `./dev fuzz` builds them first.

A target goes on where it was: what it found interesting stays in build/fuzz/corpus/TARGET, and an
input that does not hold in build/fuzz/findings/TARGET, which is tried again in each run. Exit 1
where there is such an input.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "tests/fuzz"
BUILD = ROOT / "build/fuzz"
COUNTS = BUILD / "tally.json"
TALLY = HOME / "TALLY.md"
RSS_MB_MAX = 2048  # Of one process, which also has the sanitizers' shadow and quarantine.
SYMBOLS = {"ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"}
# Where memory was taken is worth its time only once there is an input to try again.
QUICK = SYMBOLS | {"ASAN_OPTIONS": "malloc_context_size=0"}
COMMITTED_MAX = 60  # Inputs of a target in the repository.
INPUT_SECONDS_MAX = 10  # One input that takes longer is a finding.


def targets():
    """Name to the longest input, as tests/fuzz/CMakeLists.txt declares them."""
    lists = (HOME / "CMakeLists.txt").read_text()
    declared = re.findall(r"^chancery_fuzz\((\w+)\.cpp(?: BYTES_MAX (\d+))?", lists, flags=re.M)
    return {name: int(most or 4096) for name, most in declared}


def command(target, bytes_max):
    return [BUILD / "fuzz" / target, f"-max_len={bytes_max}", f"-timeout={INPUT_SECONDS_MAX}",
            f"-rss_limit_mb={RSS_MB_MAX}"]


def run(target, bytes_max, options):
    """One run of a target: what it counted, and the inputs that did not hold."""
    corpus, findings = BUILD / "corpus" / target, BUILD / "findings" / target
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-runs={options.runs}", f"-max_total_time={options.seconds}"]
    dictionary = HOME / "dictionaries" / f"{target}.txt"
    if dictionary.exists():
        limits.append(f"-dict={dictionary}")
    started = time.monotonic()
    done = subprocess.run([*command(target, bytes_max), *limits, "-print_final_stats=1", "-verbosity=1",
                           f"-artifact_prefix={findings}/", corpus, HOME / "corpus" / target, findings],
                          cwd=BUILD, env=os.environ | QUICK, stderr=subprocess.PIPE, text=True,
                          errors="replace")
    seconds = time.monotonic() - started
    log = done.stderr
    (BUILD / "findings" / f"{target}.log").write_text(log)
    inputs = re.findall(r"^stat::number_of_executed_units: (\d+)", log, flags=re.M) or re.findall(
        r"^#(\d+)\s", log, flags=re.M)
    edges = re.findall(r"\bcov: (\d+)", log)
    found = [pathlib.Path(path) for path in re.findall(r"Test unit written to (.+)", log)]
    if done.returncode != 0 and not found:
        raise RuntimeError(f"{target} stopped with {done.returncode} and left no input:\n{log[-2000:]}")
    return {"target": target, "inputs": int(inputs[-1]) if inputs else 0,
            "edges": int(edges[-1]) if edges else 0, "seconds": seconds, "findings": found,
            "why": re.findall(r"^(?:.*invariant broken:|SUMMARY:|terminate called).*", log, flags=re.M)}


def counted():
    return json.loads(COUNTS.read_text()) if COUNTS.exists() else {}


def count(result):
    """Adds a run to the tally of this build folder."""
    tally = counted()
    row = tally.setdefault(result["target"], {"inputs": 0, "findings": 0})
    row["inputs"] += result["inputs"]
    row["findings"] += len(result["findings"])
    row["edges"] = result["edges"]
    row["commit"] = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True,
                                   text=True).stdout.strip()
    COUNTS.write_text(json.dumps(tally, indent=1))


def record():
    """Writes the tally: of a target that this build folder did not run, the row that stands there."""
    lines = ["# Tally of the fuzz targets", "",
             "Inputs that each target was given, as `./dev fuzz --record` counted them in one build folder; edges",
             "are those of the control flow that its last run covered, of that commit. A finding is an input that did",
             "not hold: what was wrong, the program or the target, was repaired, and it stands in the corpus.", "",
             "| target | inputs | edges | findings | last run |", "| --- | ---: | ---: | ---: | --- |"]
    old = TALLY.read_text() if TALLY.exists() else ""
    rows = {row[2:].split()[0]: row for row in re.findall(r"^\| \w+ \| [\d,]+ \|.*$", old, flags=re.M)}
    for target, row in counted().items():
        rows[target] = (f"| {target} | {row['inputs']:,} | {row['edges']:,} | {row['findings']} "
                        f"| {row.get('commit', '')} |")
    lines += [rows[target] for target in targets() if target in rows]
    TALLY.write_text("\n".join(lines) + "\n")


def merge(target, bytes_max):
    """Of the working corpus, into the committed one: few inputs that cover all the edges, best first."""
    committed, working, cover = HOME / "corpus" / target, BUILD / "corpus" / target, BUILD / "cover" / target
    shutil.rmtree(cover, ignore_errors=True)
    cover.mkdir(parents=True)
    subprocess.run([*command(target, bytes_max), "-set_cover_merge=1", "-use_counters=0", cover, committed,
                    working], cwd=BUILD, stderr=subprocess.DEVNULL, check=True)
    known = {path.read_bytes() for path in committed.iterdir()}
    # In the order in which the merge chose them: each adds less than the one before.
    chosen = sorted(cover.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    new = [path for path in chosen if path.read_bytes() not in known]
    added = new[:max(0, COMMITTED_MAX - len(known))]
    for path in added:
        shutil.copy(path, committed / path.name[:16])
    print(f"{target}: {len(known)} inputs, and {len(added)} of {len(new)} that cover more")


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them, where none is named")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs for each target (1,000,000)")
    parser.add_argument("--seconds", type=int, default=0, help="the longest run of each target (no limit)")
    parser.add_argument("--jobs", type=int, default=1, help="targets that run at a time (./dev: JOBS)")
    parser.add_argument("--list", action="store_true", help="name the targets, and run nothing")
    parser.add_argument("--seeds", action="store_true", help="write the seeds of the corpora anew")
    parser.add_argument("--merge", action="store_true", help="take what was found into the committed corpora")
    parser.add_argument("--record", action="store_true", help="write tests/fuzz/TALLY.md after the runs")
    parser.add_argument("--only-parse", action="store_true", help=argparse.SUPPRESS)  # Of ./dev, before it builds.
    options = parser.parse_args()
    known = targets()
    if options.list:
        print("\n".join(known))
        return 0
    if unknown := [target for target in options.targets if target not in known]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.only_parse:
        return 0
    if options.seeds:
        return subprocess.run([BUILD / "fuzz/make_seeds", HOME / "corpus", ROOT / "config"]).returncode
    chosen = options.targets or list(known)
    if options.merge:
        for target in chosen:
            merge(target, known[target])
        return 0
    print(f"{'target':<16} {'inputs':>10} {'a second':>9} {'edges':>7} {'findings':>8}", flush=True)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        runs = [pool.submit(run, target, known[target], options) for target in chosen]
        for result in (done.result() for done in concurrent.futures.as_completed(runs)):
            count(result)
            speed = result["inputs"] / max(result["seconds"], 0.001)
            print(f"{result['target']:<16} {result['inputs']:>10,} {speed:>9,.0f} {result['edges']:>7,}"
                  f" {len(result['findings']):>8}", flush=True)
            failed += [result] if result["findings"] else []
    if options.record:
        record()
    for result in failed:
        for path in result["findings"]:
            setting = " ".join(f"{name}={value}" for name, value in SYMBOLS.items())
            print(f"\n{result['target']} does not hold on {path.relative_to(ROOT)}:",
                  *result["why"], "again:", f"{setting} build/fuzz/fuzz/{result['target']} "
                  f"{path.relative_to(ROOT)}", sep="\n  ", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
