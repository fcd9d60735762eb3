#!/usr/bin/env python3
"""The figures of docs/operating/performance.md: one run of `chancery bench` after the other, each result a file of bench/results/.

  bench/record.py --bin build/release/bin --folder DIR     all but those that take long, a quarter of an hour
  --long                                                   those that take long as well: 10,000,000 entries, half an hour of one rate
  --only NAME,...                                          these
  --resume                                                 not those whose file was made with the same commit

DIR is on the disk that is measured; with --long it has room for 10 GiB. On a machine that does nothing else: each file says by
`foreign_cores` whether it did. BIN has all three programs of one commit, of the preset release. Files are as --json prints them,
indented; `chancery bench report bench/results/latency*.json -o latency.html` shows some: a page has six of one scenario at most.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from growth import ROOT, bench  # noqa: E402

RECORDS = ROOT / "bench" / "results"
VERIFY = ("--sink", "verify")
RUNS: dict[str, tuple[str, ...]] = {
    "publish": ("publish", "--seconds", "8"),
    "publish-verify": ("publish", "--seconds", "8", *VERIFY),
    "publish-verify-single": ("publish", "--seconds", "8", *VERIFY, "--signatures", "single"),
    "publish-sealed": ("publish", "--seconds", "8", "--sealed"),
    "publish-sealed-verify": ("publish", "--seconds", "8", "--sealed", *VERIFY),
    "publish-to-one": ("publish", "--seconds", "8", "--recipients", "1"),
    "publish-of-three": ("publish", "--seconds", "8", "--origins", "3"),
    "publish-one-in-flight": ("publish", "--seconds", "8", "--window", "1", *VERIFY),
    "latency": ("latency", "--rates", "20,200,500,1000,2000,3000"),
    "latency-verify": ("latency", "--rates", "20,200,500,1000,2000,3000,5000", *VERIFY),
    "latency-verify-10000": ("latency", "--rates", "10000", *VERIFY),
    "catchup": ("catchup", "--count", "20000"),
    "fanout": ("fanout", "--deliveries", "300000"),
    "flood": ("flood", "--backlog", "100000"),
    "flood-lone": ("flood", "--backlog", "20000", "--flashes", "40", "--between", "300"),
    "startup": ("startup", "--prefill", "1000000", "--count", "1000"),
    "audit": ("audit", "--prefill", "1000000", "--rounds", "1"),
}
LONG: dict[str, tuple[str, ...]] = {
    "soak": ("soak", "--minutes", "30", "--rate", "40", "--every", "60"),
    "startup-10000000": ("startup", "--prefill", "10000000", "--count", "1000"),
}


def is_of(file: pathlib.Path, commit: str) -> bool:
    """Whether it is a result of this commit: of one that was changed, or is not known, none is."""
    try:
        known = json.loads(file.read_text())["versions"]["commit"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(known == commit and commit != "unknown" and not commit.endswith("-changed"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--folder", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else [*RUNS, *(LONG if arguments.long else ())]
    for name in names:
        if name not in RUNS and name not in LONG:
            parser.error(f"--only {name}: there are {', '.join([*RUNS, *LONG])}")
    version = subprocess.run([arguments.bin / "chancery", "version", "--json"], stdout=subprocess.PIPE, text=True, check=True)
    commit = json.loads(version.stdout)["commit"]
    for name in names:
        file = RECORDS / f"{name}.json"
        if arguments.resume and is_of(file, commit):
            continue
        result = bench(arguments.bin, arguments.folder, *{**RUNS, **LONG}[name])
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        fresh.rename(file)


if __name__ == "__main__":
    main()
