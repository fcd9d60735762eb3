"""A trial exchange as its user makes it: `chancery exchange init`, then real daemons, then the command.

Unlike demo/demo.py this starts each daemon by itself, so that a test can stop one and not the others.
Standard library only. Programs are in --bin FOLDER, given before unittest's own arguments.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE = 15  # Seconds; only a failing test waits so long.
STOP_TIME = 5
BIN = None
# No context that somebody selected here.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent/chancery-tests"


def content_of(kind):
    """A content that keeps the rules of its kind, as the examples have it; nothing of a kind without one."""
    if kind == "threat.alert":
        return {"category": "THREAT_CATEGORY_OTHER", "summary": "Text"}
    example = ROOT / "config/notices" / (kind.replace(".", "-") + ".json")
    return json.loads(example.read_text())["content"] if example.exists() else {}


def main():
    """Runs the tests of the calling script: SCRIPT --bin FOLDER [unittest's arguments]."""
    if len(sys.argv) < 3 or sys.argv[1] != "--bin":
        sys.exit(f"usage: {sys.argv[0]} --bin FOLDER [TEST ...]")
    use(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)


def use(programs):
    """The programs under test are in this folder."""
    global BIN
    BIN = pathlib.Path(programs).resolve()


def free_port():
    """Below those that the system gives to whoever connects: a daemon that is down finds its own again."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def eventually(condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


class Answer:
    """What a command said."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The error's name, from stderr in its JSON form; None where it says nothing."""
        lines = self.err.splitlines()
        return json.loads(lines[-1])["error"]["code"] if lines else None

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}{self.err}"


def chancery(*words, env=None, stdin=None):
    return Answer(subprocess.run([BIN / "chancery", *map(str, words)], capture_output=True, text=True,
                                 timeout=50, input=stdin,
                                 env={**os.environ, **env} if env is not None else None))


def make_exchange(profile, folder):
    """What `chancery exchange init` says of the exchange that it made there, on a free port."""
    made = chancery("exchange", "init", "--profile", ROOT / "config/exchanges" / profile, "--port", free_port(), folder,
                    "--json")
    if made.code != 0:
        raise AssertionError(made)
    return made.json


class Daemon:
    """A hub or a node, with its log in a file."""

    def __init__(self, program, config, log_path):
        self.program, self.config, self.log_path = program, config, log_path
        self.prefix, self.env = (), {}  # What runs it, and what it finds in its environment besides.
        self.words = ()  # On its command line, besides the configuration.
        self.process = None
        self.log_start = 0

    def start(self):
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.prefix, BIN / self.program, "--config", self.config, *self.words],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.env})
        return self

    def log(self):
        return self.log_path.read_bytes()[self.log_start:].decode(errors="replace")

    def says(self, text, patience=PATIENCE):
        return eventually(lambda: text in self.log() or self.process.poll() is not None, patience) and text in self.log()

    def wait(self, patience=STOP_TIME):
        """Its exit code, or None where it still runs."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Trial(unittest.TestCase):
    """A fresh exchange for each test."""

    profile = "csto"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chp", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.exchange = self.folder / "x"
        self.made = make_exchange(self.profile, self.exchange)
        self.hub = self.daemon("chancery-broker", "hub/hub.toml")
        self.nodes = {}

    def daemon(self, program, config):
        """One that is killed at the end of the test, should it still run."""
        daemon = Daemon(program, self.exchange / config, self.folder / (config.partition("/")[0] + ".log"))
        self.addCleanup(daemon.end)
        return daemon

    def start(self, *members):
        """The hub and the nodes of these members; they are in step when it returns."""
        self.hub.start()
        self.assertTrue(self.hub.says(" ready "), self.hub.log())
        for member in members:
            self.start_node(member)

    def node_of(self, member):
        if member not in self.nodes:
            self.nodes[member] = self.daemon("chancery-node", f"{member.lower()}/node.toml")
        return self.nodes[member]

    def start_node(self, member):
        self.node_of(member).start()
        self.assertTrue(self.nodes[member].says("hub-welcome"), self.nodes[member].log())

    def start_quorum(self):
        """As many nodes more as a hub that is started again has to meet before it takes anything (C-150): four of six."""
        running = {member for member, node in self.nodes.items() if node.process is not None and node.process.poll() is None}
        away = [member for member in ("TJ", "RU", "KZ", "KG", "BY", "AM") if member not in running]
        for member in away[:4 - len(running)] if len(running) < 4 else []:
            self.start_node(member)

    def path(self, *parts):
        return self.exchange.joinpath(*parts)

    def as_member(self, member, verb, *words, **options):
        return chancery(verb, *words, "--exchange", self.exchange, "--as", member, "--json", **options)

    def publish(self, member, subject, *words, kind="threat.alert", to="members"):
        return self.as_member(member, "publish", "--kind", kind, "--to", to, "--subject", subject, "--content",
                              json.dumps(content_of(kind)), *words)

    def subjects(self, member):
        """Of the notices of others in the inbox, by arrival."""
        answer = self.as_member(member, "inbox")
        self.assertEqual(answer.code, 0, answer)
        return [notice["subject"] for notice in answer.json["notices"] if not notice["own"]]

    def assert_arrives(self, member, subjects):
        self.assertTrue(eventually(lambda: self.subjects(member) == subjects), self.subjects(member))

    def status(self, name, *words):
        return chancery("status", "--exchange", self.exchange, name, "--json", *words)

    def outsider(self, path, *words, genesis=None):
        """What the program alone says of an evidence file, in a directory where nothing else is."""
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        shutil.copy(BIN / "chancery", elsewhere)
        shutil.copy(path, elsewhere / "file")
        return Answer(subprocess.run(
            ["./chancery", "verify", "file", "--genesis", genesis or self.made["genesis"], *words], cwd=elsewhere, text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(elsewhere)}, capture_output=True, timeout=50, check=False))

    def audit(self, name):
        return chancery("audit", "verify", "--exchange", self.exchange, name, "--json")

    def enter(self, *words):
        """Has the hub log a directory entry: "revoke", MEMBER or "witness", MEMBER, FILE; its index."""
        done = subprocess.run([BIN.parent / "tests/chancery-enter", self.exchange, *map(str, words)], capture_output=True,
                              text=True, timeout=50)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stdout)

    def edit(self, config, pattern, replacement):
        """Changes one line of a configuration."""
        path = self.path(config)
        text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
        self.assertEqual(count, 1, path)
        path.write_text(text)
