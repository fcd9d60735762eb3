#!/usr/bin/env python3
"""Runs clang-tidy on what the dev preset compiles of ours; exit 1 if it finds anything.

clang_tidy.py [--all] [--jobs N]
Without --all: the sources that changed against the last commit, or, where nothing did, in that commit;
a changed header stands for the sources that include it directly.
With it: everything, the sources of a module and its tests joined in one text, since what takes the time is
to read the headers and to match every check against them. Joined, and not included: a compiler says of its
main file alone that something in it is unused. A text that was found clean is not read again while it, what
it includes of ours, the checks and the packages stay as they are: ~/.cache/chancery/tidy has their hashes.
"""
import argparse
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "build/tidy"
CLEAN = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "chancery/tidy"
CLEAN_DAYS = 30
# Modules whose tests stay apart: what is in their nameless namespaces has the same names, or they are long.
APART = {"cli", "core.exchange", "core.workflow", "io.zmq", "node.engine"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


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
    return [c for c in commands
            if str(pathlib.Path(c["file"]).relative_to(ROOT)) in touched
            or headers & set(INCLUDE.findall(pathlib.Path(c["file"]).read_text()))]


class Unit:
    """The sources of one group in one file, and which line of it is which line of theirs."""

    def __init__(self, group, commands):
        self.path, self.places, texts = UNITS / f"{group}.cpp", [], []
        for command in commands:
            text = pathlib.Path(command["file"]).read_text()
            source = pathlib.Path(command["file"]).relative_to(ROOT)
            self.places += [f"{source}:{number}" for number in range(1, text.count("\n") + 1)]
            texts.append(text)
        self.path.write_text("".join(texts))
        # The last is of the tests, which include what the module does; what was said to that alone is added.
        last, words = commands[-1], []
        for command in commands:
            words += [w for w in command["command"].split(" ") if w.startswith(("-D", "-I")) and w not in words]
        told = last["command"].replace(last["file"], str(self.path)).split(" ")
        flags = next(number for number, word in enumerate(told) if word.startswith("-"))
        told[flags:flags] = [w for w in words if w not in told]
        self.command = {"directory": last["directory"], "file": str(self.path), "command": " ".join(told)}

    def at_home(self, output):
        without_numbers = re.sub(r"^ +\d+ \|", "      |", output, flags=re.M)
        return re.sub(re.escape(str(self.path)) + r":(\d+)", lambda m: self.places[int(m[1]) - 1], without_numbers)

    def hash(self):
        """Of all that is read to judge it; the same in another checkout."""
        parts = [packages(), (ROOT / ".clang-tidy").read_text(), self.path.read_text(),
                 self.command["command"].replace(str(ROOT), ".")]
        for path in sorted(included(self.path.read_text(), {})):
            parts += [str(path.relative_to(ROOT)), text_of(path)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def packages():
    """What is installed, with versions: system headers, and clang-tidy itself."""
    return subprocess.run(["dpkg-query", "-W"], capture_output=True, text=True, check=True).stdout


@functools.cache
def text_of(path):
    return path.read_text()


def included(text, known):
    """Files of ours that a text includes, and what these include: in any branch of an #if."""
    for name in INCLUDE.findall(text):
        for folder in (ROOT, ROOT / "client/include", ROOT / "build/dev/core/wire/generated"):
            path = folder / name
            if path not in known and path.is_file():
                known[path] = None
                included(text_of(path), known)
    return known


def target_of(command):
    """core.base_test, whose objects are in core/base/CMakeFiles/core.base_test.dir/."""
    return re.search(r" -o \S*?([^/ ]+)\.dir/", command["command"])[1]


def joined(commands):
    UNITS.mkdir(parents=True, exist_ok=True)
    groups = collections.defaultdict(list)
    for command in commands:
        target = target_of(command)
        module = target.removesuffix("_test")
        groups[target if module in APART else module].append(command)
    units = [Unit(name, sorted(group, key=lambda c: target_of(c).endswith("_test"))) for name, group in groups.items()]
    (UNITS / "compile_commands.json").write_text(json.dumps([unit.command for unit in units]))
    return sorted(units, key=lambda unit: -len(unit.places))  # The longest first, and none at the end alone.


def judged(unit):
    """What is found in a unit, and nothing where it was found clean before."""
    clean = CLEAN / unit.hash()
    if clean.exists():
        clean.touch()  # In use.
        return ""
    output = unit.at_home(tidy(UNITS, unit.path))
    if not output:
        CLEAN.mkdir(parents=True, exist_ok=True)
        clean.touch()
    return output


def forget():
    for path in CLEAN.glob("*"):
        if path.stat().st_mtime < time.time() - CLEAN_DAYS * 24 * 3600:
            path.unlink(missing_ok=True)


def tidy(folder, file):
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", folder, file], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode == 0:
        return ""
    return re.sub(r"^\d+ warnings generated\.\n", "", done.stdout, flags=re.M) or f"{file}: clang-tidy ended with {done.returncode}\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    commands, touched = compiled(), changed()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        if arguments.all or touched is None:
            forget()
            found = pool.map(judged, joined(commands))
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
