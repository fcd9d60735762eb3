#!/usr/bin/env python3
"""The micro benchmarks of bench/micro: of the working tree, and of two revisions against each other.

  ./dev bench [--filter REGEX] [--record FILE]    runs those of the working tree
  ./dev bench compare [REVISION]                  the same of REVISION (HEAD), in turns with the working tree
  --instructions                                  counts instructions instead of time (callgrind.py), of either

Programs are those of the preset release, with the tests, in build/bench. What is compared is the CPU time of an item, or of
a round where a benchmark has none. A revision is built in a git worktree, which is taken away again; its program stays,
for the next time.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
from collections.abc import Collection
from typing import Any, NoReturn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import callgrind  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build" / "bench"
SOURCE = "bench/micro/micro.cpp"
TARGET = "micro-benchmarks"
MIN_TIME_S = 0.2  # Of a benchmark in a round.
RECORDED_MIN_TIME_S = 2
NANOS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}

Samples = dict[str, list[float]]  # Of each benchmark: nanoseconds of CPU, one for each round.


class Refused(Exception):
    """What a person is told, without a traceback."""


class NoMatch(Refused):
    """The program has no benchmark of such a name."""


@dataclasses.dataclass(frozen=True)
class Row:
    """Nanoseconds; a spread is (largest - least) / median of the rounds."""
    name: str
    before: float
    after: float
    spread_before: float
    spread_after: float
    apart: bool  # All rounds of one are above all of the other.

    @property
    def ratio(self) -> float:
        return self.after / self.before

    @property
    def verdict(self) -> str:
        if not self.apart:
            return "noise"
        return "faster" if self.after < self.before else "slower"


def cpu_ns(run: dict[str, Any]) -> float:
    """Of one entry of Google Benchmark's JSON."""
    if run.get("error_occurred"):
        raise Refused(f"{run['name']}: {run.get('error_message', 'it failed')}")
    if run.get("items_per_second"):
        return 1e9 / float(run["items_per_second"])
    return float(run["cpu_time"]) * NANOS[run["time_unit"]]


def short(name: str) -> str:
    """Without how many rounds it had, which is the same in all."""
    return re.sub(r"/iterations:\d+", "", name)


def spread(values: list[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def compare(before: Samples, after: Samples) -> list[Row]:
    """In the order of `after`; what only one of them has cannot be compared."""
    rows = []
    for name, values in after.items():
        if name in before:
            old = before[name]
            rows.append(Row(name, statistics.median(old), statistics.median(values), spread(old), spread(values),
                            max(old) < min(values) or max(values) < min(old)))
    return rows


def only_in(one: Collection[str], other: Collection[str]) -> list[str]:
    return [name for name in one if name not in other]


def time_text(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1000 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.3g} ns"


def table(rows: list[Row], before: str, after: str) -> str:
    lines: list[tuple[str, ...]] = [("benchmark", before, after, "ratio", "spread", "spread", "")]
    lines += [(row.name, time_text(row.before), time_text(row.after), f"{row.ratio:.2f}", f"{row.spread_before:.0%}",
               f"{row.spread_after:.0%}", row.verdict) for row in rows]
    return columns(lines)


def columns(lines: list[tuple[str, ...]]) -> str:
    """The first to the left, and a seventh; numbers to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "".join("  ".join(cell.ljust(width) if column in (0, 6) else cell.rjust(width)
                             for column, (cell, width) in enumerate(zip(line, widths))).rstrip() + "\n" for line in lines)


def run_json(program: pathlib.Path, pattern: str, min_time_s: float = MIN_TIME_S) -> dict[str, Any]:
    """One round of a program: what it prints as JSON."""
    done = subprocess.run([program, f"--benchmark_filter={pattern}", f"--benchmark_min_time={min_time_s}",
                           "--benchmark_format=json"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused(f"{program.name} ended with {done.returncode}")
    if not done.stdout.strip():  # It says so on stderr where no name matches.
        raise NoMatch(f"no benchmark matches --filter {pattern!r}")
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise Refused(f"{program.name} printed what is not JSON: {done.stdout[:100]!r}") from None
    return answer


def take_turns(programs: tuple[pathlib.Path, pathlib.Path], rounds: int, pattern: str,
               tell: bool = False) -> tuple[Samples, Samples]:
    """A B A B ...: what else runs on the machine meets both alike. One of the two may have no benchmark that matches."""
    samples: tuple[Samples, Samples] = ({}, {})
    for number in range(rounds):
        for program, into in zip(programs, samples):
            if number > 0 and not into:
                continue
            if tell:
                print(f"round {number + 1} of {rounds}: {'before' if into is samples[0] else 'after'}", file=sys.stderr)
            try:
                runs = run_json(program, pattern)["benchmarks"]
            except NoMatch:
                if into is samples[1] and not samples[0]:
                    raise
                continue
            for run in runs:
                into.setdefault(short(run["name"]), []).append(cpu_ns(run))
    return samples


def git(*words: str, root: pathlib.Path = ROOT) -> str:
    done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit_of(revision: str, root: pathlib.Path = ROOT) -> str:
    """Its full hash; refused where there is none, or where it has no micro benchmarks."""
    try:
        commit = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", root=root)
    except Refused:
        raise Refused(f"no revision {revision!r} in this repository; git log --oneline lists them") from None
    if not git("ls-tree", "--name-only", commit, "--", SOURCE, root=root):
        raise Refused(f"{revision} ({commit[:12]}) has no micro benchmarks yet: there is no {SOURCE} in it")
    return commit


def build(source: pathlib.Path, folder: pathlib.Path, jobs: int) -> pathlib.Path:
    """The program, with the flags of the preset release."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.with_suffix(".log")
    print(f"building {source} ...", file=sys.stderr)
    with log.open("w") as said:
        for words in (["cmake", "--preset", "release", "-S", str(source), "-B", str(folder), "-DCHANCERY_TESTS=ON"],
                      ["cmake", "--build", str(folder), "--target", TARGET, "--parallel", str(jobs)]):
            if subprocess.run(words, cwd=source, stdout=said, stderr=subprocess.STDOUT).returncode != 0:
                raise Refused(f"cannot build {source}: {log} says why")
    return folder / "tests" / TARGET


def build_revision(commit: str, jobs: int) -> pathlib.Path:
    folder = BUILDS / commit[:12]
    program = folder / "build" / "tests" / TARGET
    if program.exists():
        return program
    tree = folder / "tree"
    remove_tree(tree)  # Of one that was killed.
    git("worktree", "add", "--quiet", "--detach", str(tree), commit)
    try:
        return build(tree, folder / "build", jobs)
    finally:
        remove_tree(tree)


def remove_tree(tree: pathlib.Path) -> None:
    if tree.exists():
        git("worktree", "remove", "--force", str(tree))
    git("worktree", "prune")


def record_of(answer: dict[str, Any]) -> dict[str, Any]:
    """What Google Benchmark printed, without the names of this machine and its folders, and with its processor and the commit."""
    context = {key: value for key, value in answer["context"].items() if key not in ("host_name", "executable")}
    return {"context": {"commit": changed_commit(), "processor": processor(), "preset": "release", **context},
            "benchmarks": answer["benchmarks"]}


def changed_commit() -> str:
    """As `chancery version` says it (cmake/commit.cmake)."""
    try:
        return git("describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=-changed", root=ROOT)
    except Refused:
        return "unknown"


def processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


def count(program: pathlib.Path, pattern: str, tell: str = "") -> dict[str, float]:
    """Instructions of an item, of each benchmark that matches."""
    return {short(name): number for name, number in callgrind.count_all(program, pattern, tell).items()}


def run_own(options: argparse.Namespace) -> int:
    program = build(ROOT, BUILDS / "working", options.jobs)
    if options.instructions:
        counts = count(program, options.filter)
        if not counts:
            raise NoMatch(f"no benchmark matches --filter {options.filter!r}")
        print(columns([("benchmark", "instructions of an item"), *((name, f"{number:,.0f}") for name, number in counts.items())]), end="")
        return 0
    if options.record is None:
        return subprocess.run([program, f"--benchmark_filter={options.filter}"]).returncode
    record = record_of(run_json(program, options.filter, RECORDED_MIN_TIME_S))
    options.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def run_compare(options: argparse.Namespace) -> int:
    commit = commit_of(options.revision)
    programs = (build_revision(commit, options.jobs), build(ROOT, BUILDS / "working", options.jobs))
    if options.instructions:
        return compare_instructions(options, commit, programs)
    before, after = take_turns(programs, options.rounds, options.filter, tell=True)
    rows = compare(before, after)
    if options.json:
        print(json.dumps({"before": commit, "after": "working tree", "rounds": options.rounds, "benchmarks": [
            {"name": row.name, "before_ns": row.before, "after_ns": row.after, "ratio": row.ratio,
             "spread_before": row.spread_before, "spread_after": row.spread_after, "verdict": row.verdict} for row in rows],
            "only_before": only_in(before, after), "only_after": only_in(after, before)}))
        return 0
    if rows:
        print(f"Medians of {options.rounds} rounds in turns, CPU time. Spread: (largest - least) / median of the rounds;\n"
              "`noise` where the rounds of the two overlap.\n")
        print(table(rows, commit[:12], "working tree"), end="")
    tell_others(before, after)
    return 0


def tell_others(before: Collection[str], after: Collection[str]) -> None:
    if not set(before) & set(after):
        print("There is nothing to compare.")
    for which, names in (("before", only_in(before, after)), ("after", only_in(after, before))):
        if names:
            print(f"only {which}: {', '.join(names)}")


def compare_instructions(options: argparse.Namespace, commit: str, programs: tuple[pathlib.Path, pathlib.Path]) -> int:
    before, after = (count(program, options.filter, f"{which}: ")
                     for program, which in zip(programs, ("before", "after")))
    if not before and not after:
        raise NoMatch(f"no benchmark matches --filter {options.filter!r}")
    both = [name for name in after if name in before]
    if options.json:
        print(json.dumps({"before": commit, "after": "working tree", "benchmarks": [
            {"name": name, "before_instructions": before[name], "after_instructions": after[name],
             "ratio": after[name] / before[name]} for name in both],
            "only_before": only_in(before, after), "only_after": only_in(after, before)}))
        return 0
    if both:
        print("Instructions of an item; a difference of less than a percent is none.\n")
        print(columns([("benchmark", commit[:12], "working tree", "ratio"),
                       *((name, f"{before[name]:,.0f}", f"{after[name]:,.0f}", f"{after[name] / before[name]:.3f}") for name in both)]),
              end="")
    tell_others(before, after)
    return 0


def rounds_of(text: str) -> int:
    number = int(text)
    if not 3 <= number <= 1000:
        raise argparse.ArgumentTypeError("from 3 to 1000: the rounds of fewer are apart by chance")
    return number


def pattern_of(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"no regular expression: {error}") from None
    return text


class Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def parse(words: list[str]) -> argparse.Namespace:
    common = Parser(add_help=False)
    common.add_argument("--filter", metavar="REGEX", type=pattern_of, default=".", help="only benchmarks whose names match")
    common.add_argument("--instructions", action="store_true",
                        help="count instructions by valgrind, some minutes: the same whatever else the machine does")
    common.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help=argparse.SUPPRESS)
    if words[:1] == ["compare"]:
        words = words[1:]
        parser = Parser(prog="./dev bench compare", parents=[common],
                        description="A revision against the working tree, in turns.")
        parser.add_argument("revision", metavar="REVISION", nargs="?", default="HEAD", help="default: the last commit")
        parser.add_argument("--rounds", metavar="N", type=rounds_of, default=7, help="of each; default: 7")
        parser.add_argument("--json", action="store_true", help="the numbers as one object")
        parser.set_defaults(run=run_compare)
    else:
        parser = Parser(prog="./dev bench", parents=[common],
                        description="Runs the micro benchmarks; `./dev bench compare --help` for the other.")
        parser.add_argument("--record", metavar="FILE", type=pathlib.Path, help="write the numbers there, with the machine")
        parser.set_defaults(run=run_own)
    options = parser.parse_args(words)
    if options.instructions and getattr(options, "record", None) is not None:
        parser.error("--record is of times, and --instructions measures none: one of the two")
    return options


def main(words: list[str]) -> int:
    only_parse = words[:1] == ["--only-parse"]  # ./dev asks before it installs anything.
    options = parse(words[1:] if only_parse else words)
    if only_parse:
        return 0
    try:
        return int(options.run(options))
    except (Refused, callgrind.Failed) as refused:
        print(f"bench: {refused}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
