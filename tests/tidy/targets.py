#!/usr/bin/env python3
"""Prints the sources that clang-tidy has to look at, one a line; --all for every one.

Without --all: what changed against the last commit, or, where nothing did, what that commit changed.
A changed header stands for the sources that include it directly. Only what the dev preset compiles.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else None


def compiled():
    commands = json.loads((ROOT / "build/dev/compile_commands.json").read_text())
    own = (pathlib.Path(command["file"]) for command in commands)
    return sorted(str(p.relative_to(ROOT)) for p in own
                  if p.is_relative_to(ROOT) and not p.is_relative_to(ROOT / "build"))


def changed():
    """Changed paths, or nothing known (None): no git, or no commit to compare with."""
    new = git("ls-files", "-o", "--exclude-standard")
    edited = git("diff", "--name-only", "HEAD")
    if new is None or edited is None:
        return None
    return set(new + edited) or set(git("diff", "--name-only", "HEAD~1", "HEAD") or ()) or None


def main():
    sources, touched = compiled(), changed()
    if "--all" not in sys.argv and touched is not None:
        headers = {p.removeprefix("client/include/") for p in touched if p.endswith(".h")}
        include = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
        sources = [s for s in sources
                   if s in touched or headers & set(include.findall((ROOT / s).read_text()))]
    for source in sources:
        print(source)


if __name__ == "__main__":
    main()
