"""What the demos share: an exchange of their own, its processes, what was checked, and the frame around it all.

Standard library only.
"""
import argparse
import json
import os
import pathlib
import random
import re
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
START_SECONDS = 30
STOP_SECONDS = 15
NOTICE_SECONDS = 60  # Only where a demo fails does it wait so long.
LISTENING = {"hub": " ready ", "node": " listening "}


class Failed(Exception):
    """The demo cannot go on."""


def free_port():
    """Below those that the system gives to whoever connects: a hub that is down finds its own again."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


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
        made = self.ask("exchange", "init", "--profile", PROFILE, "--port", free_port(), self.folder)
        self.genesis = made["genesis"]
        return made

    def start(self):
        with open(self.log_path, "wb") as log:
            self.runner = subprocess.Popen(
                [self.chancery, "exchange", "run", self.folder, "--bin", self.programs, "--ready-file",
                 self.ready_path], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                cwd=self.folder)  # Whatever is started by it, in whatever session, is found by this.
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
        """Processes that still run: those that were started, and what in /proc looks like one of theirs."""
        if self.runner is None:
            return []
        names = {self.runner.pid: "exchange run", **{pid: name for name, pid in self.pids.items()}}
        deadline = time.monotonic() + 2
        while True:
            alive = [pid for pid in names if is_alive(pid)]
            strays = strays_of(self.runner.pid, self.folder.parent)
            if not (alive or strays) or time.monotonic() > deadline:
                return [f"{names[pid]} ({pid})" for pid in alive] + [
                    f"{line} ({pid})" for pid, line in strays.items() if pid not in alive]
            time.sleep(0.05)

    def inbox(self, member):
        return self.ask("inbox", "--exchange", self.folder, "--as", member)["notices"]

    def files_of(self, party):
        """Everything that a party has on disk: stores, -wal files, configuration."""
        return [path for path in sorted((self.folder / party.lower()).rglob("*")) if path.is_file()]

    def keys_of(self, party):
        keys = [path for path in self.files_of(party) if path.suffix == ".pem"]
        authority = self.folder / "authorities" / f"{party}.pem"
        return keys + ([authority] if authority.exists() else [])


def is_alive(pid):
    try:
        return stat_fields(pid)[0] != "Z"
    except OSError:
        return False


def strays_of(session, folder):
    """By id, the command lines of processes in this session or process group, or that have to do with the
    folder: an argument that names it or something in it, or a working folder there. Not us, nor those that
    we were started from: their command lines may name the folder of --keep."""
    ours, pid = set(), os.getpid()
    while pid > 0:
        ours.add(pid)
        try:
            pid = int(stat_fields(pid)[1])
        except OSError:  # Not shown to us, as those above it.
            break
    there = re.compile(re.escape(os.fsencode(folder)) + rb"(?![^/\0])")  # Not /tmp/ab for /tmp/a.
    strays = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        try:
            state, _, group, sid = stat_fields(entry.name)[:4]
            line = (entry / "cmdline").read_bytes()
        except OSError:  # It just ended.
            continue
        try:
            works_in = os.fsencode(os.readlink(entry / "cwd"))
        except OSError:  # Another user's; its command line tells.
            works_in = b""
        if state != "Z" and (session in (int(group), int(sid)) or there.search(line) or there.match(works_in)):
            strays[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
    return strays


def stat_fields(pid):
    """State, parent, process group, session and more."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Daemon:
    """A hub or node on its own, with its log in a file."""

    def __init__(self, exchange, name, program=None, env=None):
        self.name = name
        kind = "hub" if name == "hub" else "node"
        program = program or exchange.programs / ("chancery-broker" if kind == "hub" else "chancery-node")
        self.env = {**os.environ, **(env or {})}
        self.command = [program, "--config", exchange.folder / name.lower() / f"{kind}.toml"]
        self.listening = LISTENING[kind]
        self.log_path = exchange.folder.parent / f"{name.lower()}-act2.log"
        self.process = None

    def start(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.env)
        deadline = time.monotonic() + START_SECONDS
        while self.listening not in self.log_path.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"{self.name} did not start:\n{self.log_path.read_text(errors='replace')}")
            time.sleep(0.02)

    def end(self, number=signal.SIGTERM):
        """Its exit code; negative where a signal ended it."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Processes:
    """A hub and nodes that are run process by process; whatever goes wrong, none of them stays behind."""

    def __init__(self, hub, nodes):
        self.hub, self.nodes = hub, nodes

    def __enter__(self):
        try:
            for daemon in [self.hub, *self.nodes]:
                daemon.start()
            self.started()
        except BaseException:  # The end of this program, too.
            self.end()
            raise
        return self

    def started(self):
        """What has to be so before the scene begins."""

    def __exit__(self, *_):
        self.end()

    def end(self):
        return [daemon.end() for daemon in [*self.nodes, self.hub]]


def eventually(look):
    """What it gives once that is something, or the last that it gave when the time is up."""
    deadline = time.monotonic() + NOTICE_SECONDS
    while True:
        found = look()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def arguments_of(doc, **programs):
    """A parser with what every demo takes; by option, what is to be there."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for name, what in programs.items():
        parser.add_argument(f"--{name}", required=True, type=lambda path: pathlib.Path(path).resolve(), help=what)
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="leave everything in this new folder")
    return parser


def perform(parser, arguments, programs, run, epilogue):
    """Plays run(arguments, folder, report) in a new folder: the exit code, 0 only if every check held."""
    for program in programs:
        if not os.access(program, os.X_OK):
            parser.error(f"there is no program {program}")
    if arguments.keep:
        if arguments.keep.exists():
            parser.error(f"{arguments.keep} exists already")
        arguments.keep.mkdir(parents=True, mode=0o700)
    folder = (arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="chy", dir="/tmp"))).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that the processes are stopped below.
    os.environ["XDG_CONFIG_HOME"] = str(folder)  # No context that somebody selected here.
    report, failure = Report(), None
    try:
        run(arguments, folder, report)
    except (Failed, OSError, ValueError, KeyError, sqlite3.Error, subprocess.TimeoutExpired) as error:
        failure = error
    except (KeyboardInterrupt, SystemExit):
        failure = "interrupted"
    code = conclude(report, failure, epilogue)
    if arguments.keep:
        print(f"Everything is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def conclude(report, failure, epilogue):
    print()
    if failure is not None:
        print(f"The demo could not go on: {failure}")
    for text in report.broken:
        print(f"did NOT hold: {text}")
    if failure is None and not report.broken:
        print(f"All {report.count} checks held. {epilogue}")
        return 0
    print(f"{report.count} checks made, {len(report.broken)} did not hold.")
    return 1
