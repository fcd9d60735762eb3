#!/usr/bin/env python3
"""Chancery at work: a hub and six members, nine notices, and the proof that it did what it says.

demo.py --bin FOLDER [--keep FOLDER]

Starts real processes over CURVE on loopback, publishes the notices of config/notices/, and checks what
it shows: who received what, that nobody else can read it, that the audits succeed, and that an audit
finds one changed byte. Exit 0 only if every check held. --keep leaves everything it made in FOLDER.
Standard library only.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROFILE = ROOT / "config/exchanges/csto"
NOTICES = ROOT / "config/notices"
MEMBERS = ["AM", "BY", "KG", "KZ", "RU", "TJ"]
# Who publishes which notice: the table of config/notices/README.md.
ORIGINS = {
    "foreign-policy-step": "KZ",
    "security-step": "BY",
    "contact": "AM",
    "threat-alert": "TJ",
    "emergency-alert": "KG",
    "consultation-open": "BY",
    "assistance-request": "TJ",
    "training": "RU",
    "document-draft": "AM",
}
SECRET = "threat-alert"  # The one whose seal every key is tried on.
START_SECONDS = 30
DELIVERY_SECONDS = 30
STOP_SECONDS = 15
PHRASE_LENGTH = 32  # Short, so that a page of a database rarely ends inside one.


class Failed(Exception):
    """The demo cannot go on."""


class Report:
    """What was checked. Everything is printed as it happens; what did not hold, once more at the end."""

    def __init__(self):
        self.count = 0
        self.broken = []

    def title(self, text):
        print(f"\n{text}", flush=True)

    def say(self, text):
        print(f"  {text}", flush=True)

    def check(self, held, text):
        self.count += 1
        if not held:
            self.broken.append(text)
        print(f"  {'ok ' if held else 'NOT'}  {text}", flush=True)


class Exchange:
    """A trial exchange in a folder, and the processes that run it."""

    def __init__(self, programs, folder):
        self.chancery = programs / "chancery"
        self.programs = programs
        self.folder = folder / "x"  # Short: paths of sockets have at most 107 bytes.
        self.log_path = folder / "log"
        self.ready_path = folder / "ready"
        self.runner = None
        self.pids = {}
        self.genesis = ""

    def call(self, *words):
        """Exit code, what it wrote to stdout, and to stderr."""
        done = subprocess.run([self.chancery, *map(str, words)], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def ask(self, *words):
        """The same where it has to succeed: its JSON."""
        code, out, err = self.call(*words, "--json")
        if code != 0:
            raise Failed(f"chancery {' '.join(map(str, words))}: exit code {code}\n{out}{err}")
        return json.loads(out)

    def make(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        made = self.ask("exchange", "init", "--profile", PROFILE, "--port", port, self.folder)
        self.genesis = made["genesis"]
        return made

    def start(self):
        with open(self.log_path, "wb") as log:
            self.runner = subprocess.Popen(
                [self.chancery, "exchange", "run", self.folder, "--bin", self.programs, "--ready-file",
                 self.ready_path], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self.ready_path.exists():
            if self.runner.poll() is not None or time.monotonic() > deadline:
                raise Failed("the exchange did not start")
            time.sleep(0.05)
        lines = self.ready_path.read_text().splitlines()
        self.pids = {name: int(pid) for name, pid in (line.split() for line in lines)}

    def stop(self):
        """The runner's exit code; the runner itself ends its children."""
        if self.runner is None:
            return None
        if self.runner.poll() is None:
            self.runner.terminate()
            try:
                self.runner.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.runner.kill()  # Its children get SIGTERM from the kernel then.
                self.runner.wait()
        return self.runner.returncode

    def left_behind(self):
        """Processes of ours that still run, by their ids."""
        pids = {"exchange run": self.runner.pid, **self.pids} if self.runner else {}
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and any(is_alive(pid) for pid in pids.values()):
            time.sleep(0.05)
        return [f"{name} ({pid})" for name, pid in pids.items() if is_alive(pid)]

    def inbox(self, member):
        return self.ask("inbox", "--exchange", self.folder, "--as", member)["notices"]

    def files_of(self, party):
        """Everything that a party has on disk: stores, -wal files, configuration."""
        return [path for path in sorted((self.folder / party.lower()).rglob("*")) if path.is_file()]

    def keys_of(self, party):
        keys = [path for path in self.files_of(party) if path.suffix == ".pem"]
        authority = self.folder / "authorities" / f"{party}.pem"
        return keys + ([authority] if authority.exists() else [])


class Notice:
    """A notice of config/notices/, and what became of it."""

    def __init__(self, name):
        self.name = name
        self.path = NOTICES / f"{name}.json"
        self.origin = ORIGINS[name]
        self.file = json.loads(self.path.read_text(encoding="utf-8"))
        self.recipients = []
        self.hash = ""
        self.index = -1

    def readers(self):
        return {self.origin, *self.recipients}

    def phrases(self):
        """Beginnings of its longer texts, as the bytes that they are in any store."""
        texts = list(strings(self.file["content"])) + [self.file["subject"]]
        # Shorter ones might be words that programs and stores use as well.
        return [text[:PHRASE_LENGTH].encode() for text in texts if len(text) >= PHRASE_LENGTH]


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def found(phrases, files):
    """Which of the phrases are in any of the files. The one search that this demo uses."""
    contents = []
    for path in files:
        try:
            contents.append(path.read_bytes())
        except FileNotFoundError:  # A -wal file that its owner was done with.
            continue
    return [phrase for phrase in phrases if any(phrase in content for content in contents)]


def publish_all(exchange, report):
    report.title("Nine notices, each by the member whose matter it is")
    notices = [Notice(name) for name in ORIGINS]
    for notice in notices:
        started = time.monotonic()
        ticket = exchange.ask("publish", "--exchange", exchange.folder, "--as", notice.origin,
                              "--file", notice.path, "--wait", "logged")
        notice.recipients = ticket["recipients"]
        notice.hash, notice.index = ticket["notice"], ticket["index"]
        file = notice.file
        report.check(ticket["stage"] == "logged",
                     f"{notice.origin} {file['kind']:<20}{file['precedence']:<10}{file['status']:<9} to "
                     f"{','.join(notice.recipients):<15} logged at index {notice.index}, "
                     f"{(time.monotonic() - started) * 1000:.0f} ms")
    return notices


def wait_for_delivery(exchange, notices):
    """What each member has, once everybody has what is addressed to it, or the time is up."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while True:
        inboxes = {member: {item["notice"]: item for item in exchange.inbox(member)} for member in MEMBERS}
        missing = [n.name for n in notices for code in n.recipients if n.hash not in inboxes[code]]
        if not missing or time.monotonic() > deadline:
            return inboxes
        time.sleep(0.1)


def show_who_has_what(exchange, notices, report):
    report.title("Who received what (each inbox asked through the member's own node)")
    inboxes = wait_for_delivery(exchange, notices)
    report.say(f"{'notice':<22}" + "".join(f"{member:>8}" for member in MEMBERS))
    as_addressed = nothing_more = same_text = True
    for notice in notices:
        cells = []
        for member in MEMBERS:
            item = inboxes[member].get(notice.hash)
            addressed = member in notice.recipients
            as_addressed &= not addressed or item is not None
            nothing_more &= addressed or item is None or member == notice.origin
            same_text &= item is None or item["subject"] == notice.file["subject"]
            role = next((r["role"] for r in item["recipients"] if r["member"] == member), "") if item else ""
            cells.append("sent" if member == notice.origin else role if item else "-")
        report.say(f"{notice.file['kind']:<22}" + "".join(f"{cell:>8}" for cell in cells))
    report.check(as_addressed, "every recipient has every notice that is addressed to it")
    report.check(nothing_more, "nobody has a notice that is not addressed to it")
    report.check(same_text, "each reads the text as its origin wrote it")


def search_for_texts(exchange, notices, report, when):
    everything = [path for party in ["hub", *MEMBERS] for path in exchange.files_of(party)]
    wal_count = sum(path.name.endswith("-wal") for path in everything)
    report.title(f"Where the texts are found on disk, {when} ({len(everything)} files and the log, "
                 f"{wal_count} of them -wal)")
    for notice in notices:
        phrases = notice.phrases()
        reader = notice.recipients[0]
        there = len(found(phrases, exchange.files_of(reader)))
        outsiders = ["hub"] + [member for member in MEMBERS if member not in notice.readers()]
        elsewhere = {party: len(found(phrases, exchange.files_of(party))) for party in outsiders}
        in_logs = len(found(phrases, [exchange.log_path]))
        held = phrases and there * 2 > len(phrases) and not any(elsewhere.values()) and not in_logs
        report.check(held, f"{notice.file['kind']:<20} {there} of {len(phrases)} phrases at {reader}; "
                           + ", ".join(f"{n} at {party}" for party, n in elsewhere.items())
                           + f"; {in_logs} in the logs")


def audit_everybody(exchange, report):
    report.title("Audits of the running hub and nodes: leaves, roots, checkpoints, directory, signatures")
    roots = set()
    for name in ["hub", *MEMBERS]:
        code, out, err = exchange.call("audit", "verify", "--exchange", exchange.folder, name, "--json")
        try:
            found_out = json.loads(out)
        except ValueError:
            report.check(False, f"{name}: {err.strip() or 'no answer'}")
            continue
        roots.add((found_out["size"], found_out["root"]))
        report.check(code == 0 and found_out["verified"],
                     f"{name:<4}{found_out['size']} entries, {found_out['envelopes']} envelopes verified, "
                     f"{found_out['absent']} not held there")
    report.check(len(roots) == 1, "all seven hold the same log: one size, one root")


def stored_body(store, index):
    with sqlite3.connect(store) as database:
        row = database.execute("SELECT body FROM entry WHERE idx = ?", (index,)).fetchone()
    database.close()
    if row is None:
        raise Failed(f"the hub's store has no entry {index}")
    return row[0]


def try_keys(exchange, notices, envelope_path, report):
    secret = next(notice for notice in notices if notice.name == SECRET)
    outsiders = ["hub"] + [member for member in MEMBERS if member not in secret.readers()]
    report.title(f"Every key that {', '.join(outsiders)} hold, tried on {secret.file['kind']} from "
                 + secret.origin)
    body = stored_body(exchange.folder / "hub/store/hub.db", secret.index)
    report.check(body in bytes.fromhex(envelope_path.read_text()),
                 "the sealed body is the one in the hub's store")

    def opens(key):
        code, out, err = exchange.call("open", envelope_path, "--key", key, "--genesis", exchange.genesis,
                                       "--json")
        try:
            answer = json.loads(out)
        except ValueError:
            raise Failed(f"chancery open with {key}: exit code {code}\n{out}{err}") from None
        return answer, code

    for member in sorted(secret.readers()):
        answer, code = opens(exchange.folder / member.lower() / "keys/sealing.pem")
        report.check(code == 0 and answer.get("subject") == secret.file["subject"],
                     f"{member}: its sealing key opens it")
    for party in outsiders:
        keys = exchange.keys_of(party)
        answers = [opens(key) for key in keys]
        refused = sum(code == 1 and answer["opened"] is False for answer, code in answers)
        stanzas = answers[0][0]["stanzas_tried"] if answers else 0
        report.check(keys and refused == len(keys),
                     f"{party}: {refused} of {len(keys)} keys refused, each on all {stanzas} stanzas")


def audit_changed_copy(exchange, notices, folder, report):
    report.title("One byte changed in a copy of the hub's store")
    copy = folder / "copy"
    shutil.copytree(exchange.folder / "hub/store", copy)
    store = copy / "hub.db"
    index = next(notice.index for notice in notices if notice.name == SECRET)

    def audit():
        return exchange.call("audit", "verify", "--store", store, "--genesis", exchange.genesis, "--json")

    code, out, err = audit()
    report.check(code == 0, f"the copy as it is: the audit succeeds{'' if code == 0 else ': ' + out + err}")
    body = bytearray(stored_body(store, index))
    position = len(body) // 2
    body[position] ^= 1
    with sqlite3.connect(store) as database:
        database.execute("UPDATE entry SET body = ? WHERE idx = ?", (bytes(body), index))
    database.close()
    code, out, err = audit()
    findings = json.loads(out)["findings"] if out else []
    report.say(f"byte {position} of {len(body)} in the body of entry {index}: one bit turned over")
    report.check(code == 1 and [finding["index"] for finding in findings] == [index],
                 f"the audit fails and names entry {index}, and no other{err and ': ' + err}")
    for finding in findings:
        report.say(f"entry {finding['index']}: {finding['code']}: {finding['detail']}")


def run(exchange, folder, report):
    started = time.monotonic()
    report.title("A trial exchange: one hub, six members, keys of their own")
    made = exchange.make()
    report.say(f"{made['name']} in {made['folder']}, {made['files']} files, hub at {made['hub']}")
    report.say(f"genesis {made['genesis']}")
    exchange.start()
    report.check(len(exchange.pids) == 7, f"{len(exchange.pids)} processes are ready after "
                                          f"{time.monotonic() - started:.1f} s")
    notices = publish_all(exchange, report)
    show_who_has_what(exchange, notices, report)
    search_for_texts(exchange, notices, report, "while everything runs")
    audit_everybody(exchange, report)
    secret = next(notice for notice in notices if notice.name == SECRET)
    shown = exchange.ask("show", secret.hash, "--exchange", exchange.folder, "--as", secret.recipients[0])
    envelope_path = folder / "envelope"
    envelope_path.write_text(shown["envelope"])

    report.title("The end of the processes")
    code = exchange.stop()
    report.check(code == 0, f"the exchange stopped in order (exit code {code})")
    left = exchange.left_behind()
    report.check(not left, "no process is left behind" + (": " + ", ".join(left) if left else ""))
    search_for_texts(exchange, notices, report, "after the end")
    try_keys(exchange, notices, envelope_path, report)
    audit_changed_copy(exchange, notices, folder, report)


def conclude(exchange, report, failure):
    print()
    if failure is not None:
        print(f"The demo could not go on: {failure}")
        if exchange.log_path.exists():
            print("The last lines of the log:")
            print("\n".join(exchange.log_path.read_text(errors="replace").splitlines()[-20:]))
    for text in report.broken:
        print(f"did NOT hold: {text}")
    if failure is None and not report.broken:
        print(f"All {report.count} checks held. Nine notices went out, each was read by those it names\n"
              "and by nobody else; the hub logged them without being able to read them; everybody's copy of the\n"
              "log verifies, and one changed byte does not go unseen.")
        return 0
    print(f"{report.count} checks made, {len(report.broken)} did not hold.")
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="where chancery and the daemons are")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                        help="leave everything in this new folder")
    arguments = parser.parse_args()
    programs = arguments.bin.resolve()
    for name in ("chancery", "chancery-broker", "chancery-node"):
        if not os.access(programs / name, os.X_OK):
            parser.error(f"there is no program {programs / name}")
    if arguments.keep:
        if arguments.keep.exists():
            parser.error(f"{arguments.keep} exists already")
        arguments.keep.mkdir(parents=True, mode=0o700)
    folder = (arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="chy", dir="/tmp"))).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that the processes are stopped below.

    exchange, report, failure = Exchange(programs, folder), Report(), None
    try:
        run(exchange, folder, report)
    except (Failed, OSError, ValueError, KeyError, sqlite3.Error, subprocess.TimeoutExpired) as error:
        failure = error
    except (KeyboardInterrupt, SystemExit):
        failure = "interrupted"
    exchange.stop()
    for name in exchange.left_behind():
        report.check(False, f"{name} is still running")
    code = conclude(exchange, report, failure)
    if arguments.keep:
        print(f"Everything is in {folder}; to go on: {exchange.chancery} exchange run {exchange.folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
