#!/usr/bin/env python3
"""How long hub and nodes take from their start to serving, and what memory they take, behind logs of several lengths.

  ./dev build release --target chancery-broker chancery-node chancery demo-flood
  python3 bench/restart.py [--record]

A hub, a node that publishes and one that receives, on this machine; the other members are away. The log is made by
demo-flood, notice by notice. At each length every daemon is ended and started again, several times by SIGTERM while
nothing is to be done, and by SIGKILL while notices come in. The time is that from the start of the process until its
log says `ready` (hub) or `listening` (node: applications are served). Memory is VmHWM: of the processes that made the
log as long as it is, and of those that were started behind it and worked for a moment.

A folder that is there is gone on with, so a run that was stopped loses nothing. Standard library only; Linux.
"""
import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
for folder in ("tests/system/support", "tests/faults"):
    sys.path.insert(0, str(ROOT / folder))
import memory  # noqa: E402
import trial  # noqa: E402
from trial import chancery, eventually  # noqa: E402

RECORD = ROOT / "bench/results/restart.md"
ORIGIN, RECIPIENT = "AM", "BY"
WORDS = {"hub": " ready ", ORIGIN: " listening ", RECIPIENT: " listening "}
TITLES = {"hub": "hub", ORIGIN: "node that publishes", RECIPIENT: "node that receives"}
CHUNK = 40_000  # Notices of one run of demo-flood, while the log grows; an application may have 60,000 in an outbox.
LOAD = 3_000  # The same, under way at each SIGKILL.
PATIENCE = 600
SOURCES = ("broker", "node", "client", "cli", "daemon", "core", "io", "proto", "demo")


class Exchange:
    def __init__(self, folder):
        self.path = folder / "x"
        if not self.path.exists():
            trial.make_exchange("csto", self.path)
        self.daemons = {"hub": trial.Daemon("chancery-broker", self.path / "hub/hub.toml", folder / "hub.log")}
        for member in (ORIGIN, RECIPIENT):
            self.daemons[member] = trial.Daemon("chancery-node", self.path / member.lower() / "node.toml",
                                                folder / f"{member}.log")

    def start(self, name):
        """Seconds until it serves."""
        daemon = self.daemons[name]
        daemon.log_path.write_text("")
        began = time.monotonic()
        daemon.start()
        while WORDS[name] not in daemon.log():
            if daemon.process.poll() is not None or time.monotonic() - began > PATIENCE:
                sys.exit(f"restart: {name} does not serve: {daemon.log()}")
            time.sleep(0.0005)
        return time.monotonic() - began

    def status(self, name):
        answer = chancery("status", "--exchange", self.path, name, "--json")
        return answer.json if answer.code == 0 else None

    def size(self):
        return self.status("hub")["log"]["size"]

    def waiting(self):
        """Of the publishing node's notices, those that are not logged yet; None where it does not answer."""
        status = self.status(ORIGIN)
        return None if status is None else status["outbox"]["queued"] + status["outbox"]["signed"]

    def in_step(self):
        states = [self.status(name) for name in self.daemons]
        return (None not in states and len({state["log"]["size"] for state in states}) == 1 and self.waiting() == 0
                and all(state["hub"]["link"] == "up" and state["queues"]["held"]["items"] == 0 for state in states[1:])
                and self.received() == states[0]["log"]["size"])

    def received(self):
        """Entries, by the hub's word on what the recipient stored; the founding is nobody's."""
        cursors = [node["cursor"] for node in self.status("hub")["nodes"] if node["member"] == RECIPIENT and node["connected"]]
        return max(cursors, default=0)

    def settle(self):
        if not eventually(self.in_step, PATIENCE):
            sys.exit("restart: the exchange does not come into step")

    def flood(self, count):
        return subprocess.Popen([trial.BIN / "demo-flood", self.path / ORIGIN.lower() / "apps/desk/client.toml", str(count)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def grow(self, entries):
        began, first = time.monotonic(), self.size()
        flooding, asked = None, first
        while asked < entries or flooding is not None:
            if flooding is not None and flooding.poll() is not None:
                if flooding.returncode != 0:
                    sys.exit("restart: demo-flood failed")
                flooding = None
            if flooding is None and asked < entries and self.waiting() <= CHUNK:
                count = min(CHUNK, entries - asked)
                flooding, asked = self.flood(count), asked + count
            time.sleep(0.2)
        self.settle()
        seconds = time.monotonic() - began
        if asked > first:
            say(f"{asked - first:,} entries in {seconds:.0f} s, {(asked - first) / seconds:,.0f} a second")

    def peak(self, name):
        return memory.peak_bytes(self.daemons[name].process.pid)

    def end(self):
        for daemon in self.daemons.values():
            daemon.stop()
            daemon.end()


def say(text):
    print(text, file=sys.stderr, flush=True)


def restarts(exchange, name, count, end):
    """(seconds of each start, the highest VmHWM of the processes so started); `end` ends the one before."""
    seconds, peaks = [], []
    for _ in range(count):
        end(exchange, name)
        seconds.append(exchange.start(name))
        exchange.settle()
        peaks.append(exchange.peak(name))
    return seconds, max(peaks)


def terminate(exchange, name):
    if exchange.daemons[name].stop() != 0:
        sys.exit(f"restart: {name} does not end as asked: {exchange.daemons[name].log()}")


def kill_under_load(exchange, name):
    before, flooding = exchange.size(), exchange.flood(LOAD)
    if not eventually(lambda: exchange.size() > before):
        sys.exit("restart: nothing comes in")
    exchange.daemons[name].end()
    flooding.kill()  # What it was not told of is no matter here.
    flooding.wait()


def measure(exchange, entries, count):
    """A row for each daemon."""
    exchange.grow(entries)
    made = {name: exchange.peak(name) for name in exchange.daemons}
    rows = []
    for name in exchange.daemons:
        clean, clean_peak = restarts(exchange, name, count, terminate)
        rows.append({"name": name, "entries": exchange.size(), "clean": clean, "made": made[name], "peak": clean_peak})
    for row in rows:
        row["killed"], peak = restarts(exchange, row["name"], count, kill_under_load)
        row["peak"] = max(row["peak"], peak)
        row["entries_last"] = exchange.size()
        say(f"{row['name']} behind {row['entries']:,} entries: {statistics.median(row['clean']):.3f} s, "
            f"{statistics.median(row['killed']):.3f} s")
    return rows


def table(rows, count):
    def times(seconds):
        return f"{statistics.median(seconds):.3f} s, {max(seconds):.3f} s"

    yield (f"| daemon | entries | after SIGTERM: median, slowest of {count} | entries, then | after SIGKILL under load: median, "
           f"slowest of {count} | VmHWM, of those started so | VmHWM, of that which made the log |")
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        yield (f"| {TITLES[row['name']]} | {row['entries']:,} | {times(row['clean'])} | {row['entries_last']:,} | "
               f"{times(row['killed'])} | {row['peak'] >> 20} MiB | {row['made'] >> 20} MiB |")


def git(*words):
    done = subprocess.run(["git", "-C", ROOT, *words, "--", *SOURCES], capture_output=True, text=True)
    return done.stdout.strip()


def machine(folder):
    commit = git("log", "-1", "--abbrev=12", "--format=%h") + ("-dirty" if git("status", "--porcelain") else "")
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip()
    return (f"Programs of {commit or 'no commit'}, {os.cpu_count()} cores, a local disk ({kind}); a load average of "
            f"{os.getloadavg()[1]:.1f} before the last length, other work on the machine included.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="+", default=[100_000, 1_000_000], help="lengths of the log")
    parser.add_argument("--count", type=int, default=7, help="starts of each kind (%(default)s)")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp/chancery-restart"),
                        help="of the exchange, with a short path; kept (%(default)s)")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the programs")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.relative_to(ROOT)}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trial.use(arguments.bin)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    exchange, rows, where = Exchange(arguments.folder), [], ""
    try:
        for name in exchange.daemons:
            exchange.start(name)
        for entries in sorted(arguments.entries):
            where = machine(arguments.folder)
            rows += measure(exchange, entries, arguments.count)
    finally:
        exchange.end()
    lines = [where, "", *table(rows, arguments.count)]
    print("\n".join(lines))
    if arguments.record:
        RECORD.parent.mkdir(exist_ok=True)
        head = ["# From start to serving", "",
                "Written by `bench/restart.py --record`, whose head says what is measured. The founding is seven entries."]
        RECORD.write_text("\n".join([*head, *lines]) + "\n")


if __name__ == "__main__":
    main()
