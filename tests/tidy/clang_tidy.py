#!/usr/bin/env python3
"""Runs clang-tidy on what the dev preset compiles of ours; exit 1 if it finds anything.

clang_tidy.py [--all] [--jobs N]
Without --all: the sources that changed against the last commit, or, where nothing did, in that commit;
a changed header stands for the sources that include it directly.
With it: everything, the sources of a target joined in one text, since what takes the time is to read the
headers and to match every check against them. Joined, and not included: a compiler says of its main file
alone that something in it is unused.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "build/tidy"


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else None


def compiled():
    """The compile commands of the dev preset, without those of generated code and of examples in C."""
    commands = json.loads((ROOT / "build/dev/compile_commands.json").read_text())
    return [c for c in commands if c["file"].endswith(".cpp") and not pathlib.Path(c["file"]).is_relative_to(ROOT / "build")]


def changed():
    """Changed paths, or nothing known (None): no git, or no commit to compare with."""
    new = git("ls-files", "-o", "--exclude-standard")
    edited = git("diff", "--name-only", "HEAD")
    if new is None or edited is None:
        return None
    return set(new + edited) or set(git("diff", "--name-only", "HEAD~1", "HEAD") or ()) or None


def affected(commands, touched):
    headers = {p.removeprefix("client/include/") for p in touched if p.endswith(".h")}
    include = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
    return [c for c in commands
            if str(pathlib.Path(c["file"]).relative_to(ROOT)) in touched
            or headers & set(include.findall(pathlib.Path(c["file"]).read_text()))]


class Unit:
    """The sources of one target in one file, and which line of it is which line of theirs."""

    def __init__(self, target, commands):
        self.path, self.places, texts = UNITS / f"{target}.cpp", [], []
        for command in commands:
            text = pathlib.Path(command["file"]).read_text()
            source = pathlib.Path(command["file"]).relative_to(ROOT)
            self.places += [f"{source}:{number}" for number in range(1, text.count("\n") + 1)]
            texts.append(text)
        self.path.write_text("".join(texts))
        first = commands[0]
        command = first["command"].replace(first["file"], str(self.path))
        self.command = {"directory": first["directory"], "file": str(self.path), "command": command}

    def at_home(self, output):
        without_numbers = re.sub(r"^ +\d+ \|", "      |", output, flags=re.M)
        return re.sub(re.escape(str(self.path)) + r":(\d+)", lambda m: self.places[int(m[1]) - 1], without_numbers)


def target_of(command):
    """core.base_test, whose objects are in core/base/CMakeFiles/core.base_test.dir/."""
    return re.search(r" -o \S*?([^/ ]+)\.dir/", command["command"])[1]


def joined(commands):
    UNITS.mkdir(parents=True, exist_ok=True)
    units = [Unit(target, list(group)) for target, group in itertools.groupby(commands, target_of)]
    (UNITS / "compile_commands.json").write_text(json.dumps([unit.command for unit in units]))
    return sorted(units, key=lambda unit: -len(unit.places))  # The longest first, and none at the end alone.


def tidy(folder, file):
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", folder, file], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return re.sub(r"^\d+ warnings generated\.\n", "", done.stdout, flags=re.M) if done.returncode else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    commands, touched = compiled(), changed()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        if arguments.all or touched is None:
            found = pool.map(lambda unit: unit.at_home(tidy(UNITS, unit.path)), joined(commands))
        else:
            found = pool.map(lambda c: tidy(ROOT / "build/dev", c["file"]), affected(commands, touched))
        clean = True
        for output in found:
            if output:
                print(output, end="", flush=True)
                clean = False
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
