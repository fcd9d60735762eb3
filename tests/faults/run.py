#!/usr/bin/env python3
"""Fault campaigns against the shipped programs: `./dev faults [NAME...]`.

A campaign does harm to real exchanges, round by round, each with a seed; the oracle judges every round
after healing. What held is kept in a tally and not run again for the same seed, commit and programs, so a run
that was stopped goes on where it was. Exit 0: all held. 1: a violation, with its story. 2: something could
not be run here. 64: there is no such campaign or option.
"""
import argparse
import collections
import contextlib
import hashlib
import importlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

import needs
import rig as rigs

HERE = pathlib.Path(__file__).resolve().parent
TALLY = rigs.ROOT / "build/faults/tally.jsonl"
RECORD = HERE / "TALLY.md"
USAGE = 64  # Exit code, as of the shipped programs.
ACKNOWLEDGED_LEAST = 10  # In a round that has as many faults; where nothing is acknowledged, nothing can be lost.


class Campaign:
    """A module of campaigns/: play() does harm, the constants say how much and what it takes."""

    def __init__(self, path):
        self.name = path.stem.replace("_", "-")
        self.module = importlib.import_module(f"campaigns.{path.stem}")
        self.title = self.module.__doc__.partition("\n")[0]
        self.missing = needs.missing(self.module.NEEDS)

    def count(self, arguments):
        """Faults to do; None is all that there are."""
        if arguments.count is not None:
            return arguments.count
        return self.module.MERGE if arguments.merge else self.module.COUNT

    def rounds(self, count):
        """(number, range of faults) of each round."""
        if count is None:
            count = self.module.total()
        per_round = self.module.PER_ROUND
        for number, first in enumerate(range(0, count, per_round)):
            yield number, range(first, min(first + per_round, count))


def campaign_files():
    return sorted((HERE / "campaigns").glob("[a-z]*.py"))


def campaigns(names):
    found = [Campaign(path) for path in campaign_files()]
    known = {campaign.name: campaign for campaign in found}
    return [known[name] for name in names] if names else found


class Tally:
    """What was run, a JSON object a line; never rewritten."""

    def __init__(self, path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def held(self, row):
        """The row of the same round, where it held before."""
        keys = ("campaign", "seed", "commit", "programs", "first", "faults")
        if row["commit"].endswith("-dirty"):
            return None
        return next((old for old in self.rows
                     if old["result"] == "held" and "touched" in old and all(old.get(key) == row[key] for key in keys)), None)

    def append(self, row):
        self.rows.append(row)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def commit():
    said = subprocess.run(["git", "-C", rigs.ROOT, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
                          capture_output=True, text=True)
    return said.stdout.strip() if said.returncode == 0 else "unknown-dirty"


def programs(folder):
    """A name for these very programs."""
    whole = hashlib.sha256()
    for name in ("chancery-broker", "chancery-node", "chancery"):
        whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return whole.hexdigest()[:12]


class Progress:
    """One line that moves, on a terminal; elsewhere nothing until a campaign is over."""

    def show(self, text):
        if sys.stdout.isatty():
            print(f"\r\033[K{text}", end="", flush=True)

    def say(self, text):
        print(("\r\033[K" if sys.stdout.isatty() else "") + text, flush=True)


def play_round(campaign, seed, faults):
    """(the rig with what was found, a traceback where the rig itself failed)."""
    rig = rigs.Rig(seed, **getattr(campaign.module, "RIG", {}))
    broken, over = None, False
    try:
        with contextlib.suppress(rigs.Broken):
            campaign.module.play(rig, faults)
        rig.judge()
        least = min(ACKNOWLEDGED_LEAST, len(faults))
        if rig.acknowledged_count < least:
            rig.finds("load", f"{rig.acknowledged_count} notices were acknowledged, at least {least} should be: there "
                              "was nothing to lose")
        over = True
    except Exception:
        broken, over = traceback.format_exc(), True
    finally:
        rig.end()
        if not over:  # By Ctrl-C: there is nothing to look at.
            shutil.rmtree(rig.folder, ignore_errors=True)
    return rig, broken


def story(campaign, seed, rig, broken):
    yield f"VIOLATION: {campaign.name}, seed {seed}" if not broken else f"NOT JUDGED: {campaign.name}, seed {seed}"
    for at, text in rig.deeds:
        yield f"  {at:8.3f} s  {text}"
    for finding in rig.findings[:20]:
        yield f"  {finding.property:<6}{'notice ' + finding.notice + ': ' if finding.notice else ''}{finding.text}"
    if len(rig.findings) > 20:
        yield f"  and {len(rig.findings) - 20} more"
    if broken:
        yield from ("  " + line for line in broken.splitlines())
    yield f"  stores, logs and the side log: {rig.folder}"


def run(campaign, arguments, tally, progress):
    """True where all held."""
    started, notes, faults_held, skipped = time.monotonic(), collections.Counter(), 0, 0
    for number, faults in campaign.rounds(campaign.count(arguments)):
        seed = f"{arguments.seed}.{number}"
        row = {"campaign": campaign.name, "seed": seed, "commit": arguments.commit, "programs": arguments.programs,
               "first": faults.start, "faults": len(faults)}
        if earlier := tally.held(row):
            skipped += earlier["touched"]
            continue
        progress.show(f"{campaign.name}: {faults_held + skipped} held, {time.monotonic() - started:.0f} s")
        begun = time.monotonic()
        rig, broken = play_round(campaign, seed, faults)
        held = not rig.findings and not broken
        touched = len(faults) if rig.touched is None else rig.touched
        tally.append({**row, "result": "held" if held else "not judged" if broken else "violated",
                      "properties": sorted({finding.property for finding in rig.findings}),
                      "touched": touched, "acknowledged": rig.acknowledged_count,
                      "peak_mib": max(rig.peaks.bytes.values(), default=0) >> 20,
                      "seconds": round(time.monotonic() - begun, 1), "notes": dict(rig.notes)})
        if not held:
            for line in story(campaign, seed, rig, broken):
                progress.say(line)
            return False
        shutil.rmtree(rig.folder, ignore_errors=True)
        faults_held += touched
        notes += rig.notes
    told = "".join(f"; {text}: {count}" for text, count in sorted(notes.items()))
    before = f" ({skipped} of them before)" if skipped else ""
    progress.say(f"{campaign.name}: {faults_held + skipped} held{before}, {time.monotonic() - started:.0f} s{told}")
    return True


def show_list():
    for campaign in campaigns([]):
        module = campaign.module
        here = f"not here: {', '.join(campaign.missing)}" if campaign.missing else "runs here"
        merge = "all" if module.MERGE is None else module.MERGE
        print(f"{campaign.name:<18}{merge!s:>6}  {', '.join(module.NEEDS) or 'nothing':<28}{here}\n"
              f"{'':18}{'':6}  {campaign.title}")


def record(tally):
    """The table of what was run of the newest commit that a campaign ran with, for people."""
    sums, properties = collections.defaultdict(collections.Counter), collections.defaultdict(set)
    peaks = collections.Counter()
    newest = {row["campaign"]: row["commit"] for row in tally.rows}
    for row in tally.rows:
        if row["commit"] != newest[row["campaign"]]:
            continue
        # Where a round did not hold, all that it was for is open; faults that met nothing held nothing.
        sums[row["campaign"]][row["result"]] += row.get("touched", row["faults"]) if row["result"] == "held" else row["faults"]
        sums[row["campaign"]]["seconds"] += row["seconds"]
        sums[row["campaign"]]["acknowledged"] += row.get("acknowledged", 0)
        peaks[row["campaign"]] = max(peaks[row["campaign"]], row.get("peak_mib", 0))
        properties[row["campaign"]].update(row["properties"])
    lines = ["# Tally of the fault campaigns", "",
             "Written by `./dev faults --record` from what was run on one machine. "
             "[What they are](../../docs/internals/faults.md).", "",
             "| campaign | faults that held | in violated rounds | in rounds not judged | notices acknowledged | peak of a "
             "process, MiB | minutes | commit |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, counts in sorted(sums.items()):
        violated = " ".join((f"{counts['violated']:,}", *sorted(properties[name])))
        lines.append(f"| `{name}` | {counts['held']:,} | {violated} | {counts['not judged']:,} | "
                     f"{counts['acknowledged']:,} | {peaks[name] or '-'} | {counts['seconds'] / 60:.1f} | "
                     f"{newest[name]} |")
    RECORD.write_text("\n".join(lines) + "\n")


class Parser(argparse.ArgumentParser):
    """Exit 2 means that a campaign could not be run, so a wrong command line has another code."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"faults: {message}\n")


def positive(word):
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is none at all")
    return number


def main():
    parser = Parser(prog="./dev faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="campaigns; left out, all")
    parser.add_argument("--count", type=positive, help="so many faults of each")
    parser.add_argument("--seed", type=int, default=1, help="of the first exchange on (1)")
    parser.add_argument("--merge", action="store_true", help="as many as before a merge")
    parser.add_argument("--list", action="store_true", help="the campaigns, and what each needs")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.relative_to(rigs.ROOT)}; runs nothing")
    parser.add_argument("--bin", type=pathlib.Path, default=rigs.ROOT / "build/release/bin", help="the programs")
    parser.add_argument("--rss", type=int, default=rigs.RSS_MIB_MAX, metavar="MIB",
                        help="what a process may take (%(default)s)")
    parser.add_argument("--tally", type=pathlib.Path, default=TALLY, help="where the tally is kept")
    parser.add_argument("--only-parse", action="store_true", help=argparse.SUPPRESS)  # Of ./dev, before it builds.
    arguments = parser.parse_args()
    known = [path.stem.replace("_", "-") for path in campaign_files()]
    if unknown := [name for name in arguments.names if name not in known]:
        parser.error(f"no campaign {', '.join(map(repr, unknown))}: there are {', '.join(known)}")
    if arguments.only_parse:
        return 0
    if arguments.list:
        return show_list()
    tally = Tally(arguments.tally)
    if arguments.record:
        return record(tally)
    rigs.trial.use(arguments.bin)
    rigs.RSS_MIB_MAX = arguments.rss
    arguments.commit, arguments.programs = commit(), programs(arguments.bin)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # What is mounted is unmounted.
    progress, violated, not_run = Progress(), [], []
    for campaign in campaigns(arguments.names):
        if campaign.missing:
            progress.say(f"{campaign.name}: not run: there is no {', '.join(campaign.missing)} here")
            not_run.append(campaign.name)
        elif not run(campaign, arguments, tally, progress):
            violated.append(campaign.name)
    if violated:
        progress.say(f"violated: {', '.join(violated)}")
    return 1 if violated else 2 if not_run else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nfaults: stopped; the same command goes on where it was")
