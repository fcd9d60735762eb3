"""One exchange under fault: real daemons, a load, the faults, healing, and the evidence for the oracle.

A campaign is given a Rig and does harm to it. Whatever it does is noted, with the time, for the story that
is told where something did not hold. Standard library only; Linux.
"""
import collections
import contextlib
import pathlib
import random
import re
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system/support"))
import trial  # noqa: E402
from trial import chancery, eventually  # noqa: E402

import disks  # noqa: E402
import load  # noqa: E402
import memory  # noqa: E402
import oracle  # noqa: E402
from oracle import Finding  # noqa: E402

HUB = "hub"
MEMBERS = ("AM", "BY", "KZ")
QUIET = ("KG", "RU", "TJ")  # Their nodes run where a hub needs them: it takes nothing before four of six have met it (C-150).
QUORUM = 4
FOUNDING = 7  # Entries of the profile's founding.
HEAL_SECONDS = 60  # P7.
RSS_MIB_MAX = 128  # P9, of each process.
START_SECONDS = 30
SICK = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "terminate called", "Assertion",
        "invariant broken")


class Rig:
    """A fresh exchange in a folder of its own. All faults of one round are done to it."""

    def __init__(self, seed, members=MEMBERS, pace=load.PACE, retry=0.8):
        self.seed, self.members, self.pace, self.retry = seed, members, pace, retry
        self.dice = random.Random(f"faults {seed}")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chf", dir="/tmp"))
        self.exchange = self.folder / "x"  # Short: paths of sockets have at most 107 bytes.
        self.cleanup = contextlib.ExitStack()
        self.born = time.monotonic()
        self.deeds, self.findings, self.notes = [], [], collections.Counter()
        self.peaks = memory.Peaks()
        self.touched = None  # Faults that met what they were for, where that is not each of them.
        self.acknowledged_count = 0  # Notices, once judged.
        self.founding = FOUNDING  # Entries of the log that no submitter knows of.
        self.pages = {member: [] for member in members}
        self.made = trial.make_exchange("csto", self.exchange)
        self.log = load.SideLog(self.folder / "side.jsonl")
        self.daemons = {HUB: self.daemon(HUB, "chancery-broker", "hub/hub.toml")}
        self.daemons.update({m: self.daemon(m, "chancery-node", f"{m.lower()}/node.toml")
                             for m in (*members, *QUIET[:max(QUORUM - len(members), 0)])})
        self.submitters = []

    def daemon(self, name, program, config):
        return self.peaks.daemon(name, program, self.exchange / config, self.folder / f"{config.partition('/')[0]}.log")

    def edit(self, config, key, value):
        """Another text for one key of a configuration."""
        path = self.exchange / config
        text, count = re.subn(f"^{key} = .*$", f'{key} = "{value}"', path.read_text(), flags=re.MULTILINE)
        assert count == 1, (path, key)
        path.write_text(text)

    def did(self, text):
        self.deeds.append((time.monotonic() - self.born, text))

    def finds(self, number, text, notice=None):
        self.findings.append(Finding(number, notice, text))

    # Life

    def start(self, *names, wait=True):
        """These daemons, or all. With `wait`, the hub is ready and nodes are in step on return."""
        for name in names or self.daemons:
            self.daemons[name].end()  # Where it should have ended by itself, and did not.
            self.daemons[name].start()
            if wait:
                self.await_ready(name)

    def await_ready(self, name):
        word = " ready " if name == HUB else "hub-welcome"
        if not self.daemons[name].says(word, START_SECONDS):
            self.finds("P10", f"{name} did not start: {self.last_words(name)}")
            raise Broken

    def last_words(self, name):
        return " / ".join(self.daemons[name].log().splitlines()[-3:])

    def load(self, **options):
        """Each member publishes from now on."""
        for member in self.members:
            others = [m for m in self.members if m != member]
            config = self.exchange / member.lower() / "apps/desk/client.toml"
            self.submitters.append(load.Submitter(
                trial.BIN.parent / "tests/fault-submit", config, member, others, self.log, self.seed,
                **{"pace": self.pace, "retry": self.retry, **options}))
            self.submitters[-1].start()

    def reader(self, member):
        """Reads from now on."""
        made = load.Reader(trial.BIN.parent / "tests/fault-read",
                           self.exchange / member.lower() / "apps/desk/client.toml")
        self.cleanup.callback(made.end)
        return made

    def acknowledged(self):
        return sum(submitter.acknowledged for submitter in self.submitters)

    def await_load(self, count, patience=20):
        """Until so many more are acknowledged; under some faults none are, and that is no finding."""
        aim = self.acknowledged() + count
        return eventually(lambda: self.acknowledged() >= aim, patience)

    def pause_for(self, least, most):
        seconds = self.dice.uniform(least, most)
        time.sleep(seconds)
        return seconds

    # Faults

    def check_alive(self, name):
        """P10: to be asked before a process is ended by us."""
        process = self.daemons[name].process
        if process.poll() is not None:
            self.finds("P10", f"{name} ended by itself, {how(process.returncode)}: {self.last_words(name)}")
            return False
        return True

    def disk(self, name, mebibytes=16, marks=(3_000_000, 2_000_000, 1_000_000)):
        """The store of a daemon that was not started yet stands on a disk of its own."""
        folder = self.exchange / name.lower() / "store"
        made = disks.Disk(folder, self.folder / f"{name}.img", mebibytes)
        self.cleanup.callback(made.release)
        config = self.exchange / ("hub/hub.toml" if name == HUB else f"{name.lower()}/node.toml")
        with open(config, "a", encoding="utf-8") as file:  # The defaults are for larger disks.
            file.write("\n[disk]\nwarn_free_bytes = {}\nroutine_free_bytes = {}\nurgent_free_bytes = {}\n".format(*marks))
        return made

    def kill(self, name, at_a_word=False):
        """With `at_a_word`, a node just as it has answered an application."""
        self.check_alive(name)
        if at_a_word:
            next(submitter for submitter in self.submitters if submitter.origin == name).await_word()
        self.daemons[name].end()
        self.did(f"kill -9 of {name}{', at a word of it' if at_a_word else ''}")

    @contextlib.contextmanager
    def standing_still(self, name):
        self.daemons[name].process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemons[name].process.send_signal(signal.SIGCONT)

    def pause(self, name, seconds):
        with self.standing_still(name):
            time.sleep(seconds)
        self.did(f"{name} stood still for {seconds:.1f} s")

    def read_cursor(self, member):
        """The next of a durable cursor. What a command that succeeds has shown must not come again."""
        answer = self.ask("inbox", "--as", member, "--cursor", "faults")
        if answer.code == 0:
            self.pages[member].append([notice["arrival"] for notice in answer.json["notices"]])

    # Judgement

    def ask(self, verb, *words):
        return chancery(*verb.split(), *words, "--exchange", self.exchange, "--json")

    def status(self, name):
        answer = self.ask("status", name)
        if answer.code == 1:
            self.finds("P7", f"{name} raises an alarm: {answer.json.get('alarm')}")
            raise Broken
        return answer.json if answer.code == 0 else None

    def in_step(self):
        """Nothing is on its way any more."""
        states = {name: self.status(name) for name in self.daemons}
        if None in states.values():
            return False
        hub = states.pop(HUB)
        return hub["queues"]["admission"]["items"] == 0 and all(
            state["hub"]["link"] == "up" and state["log"]["size"] == hub["log"]["size"]
            and state["outbox"]["queued"] == state["outbox"]["signed"] == state["queues"]["held"]["items"] == 0
            for state in states.values())

    def inboxes(self):
        found = {}
        for member in self.members:
            answer = self.ask("inbox", "--as", member)
            if answer.code != 0:
                self.finds("P7", f"the inbox of {member} cannot be read: {answer}")
                raise Broken
            found[member] = answer.json["notices"]
        return found

    def heal(self):
        """Every process runs, and nobody submits."""
        for submitter in self.submitters:
            submitter.stop()
        for name, daemon in self.daemons.items():
            if daemon.process is None or daemon.process.poll() is not None:
                self.start(name)
        self.did("healed")

    def judge(self):
        """All findings, after everything was healed, delivered and stopped."""
        deadline = time.monotonic() + HEAL_SECONDS
        with contextlib.suppress(Broken):
            self.heal()
            drained = eventually(self.in_step, HEAL_SECONDS)
            log = oracle.read_log(self.log.path)
            self.acknowledged_count = sum(attempt.outcome == "ok" for attempt in oracle.attempts(log).values())
            while True:
                inboxes = self.inboxes()
                found = oracle.judge(log, inboxes)
                if not {"P1", "P6"} & {f.property for f in found} or time.monotonic() > deadline:
                    break
                time.sleep(0.5)
            self.findings += found
            if not drained:
                self.finds("P7", f"not in step after {HEAL_SECONDS} s: "
                                 f"{ {name: brief(self.status(name)) for name in self.daemons} }")
            self.judge_cursors(inboxes)
            self.judge_counts(inboxes)
        self.stop()
        return self.findings

    def judge_cursors(self, inboxes):
        for member, inbox in inboxes.items():
            self.read_cursor(member)
            self.findings += oracle.cursor_findings(member, self.pages[member], inbox)

    def judge_counts(self, inboxes):
        """The hub's log has what the nodes sent, their statements among it, and nobody found anything amiss."""
        shown = {notice["notice"] for inbox in inboxes.values() for notice in inbox}
        def counted():
            states = [self.status(member) for member in self.members]
            return self.status(HUB)["log"]["size"] - self.founding, sum(
                state["outbox"]["logged"] + state["outbox"]["statements"] for state in states)
        size, sent = counted()
        deadline = time.monotonic() + HEAL_SECONDS
        while size != sent and time.monotonic() < deadline:  # A statement may be on its way.
            time.sleep(0.2)
            size, sent = counted()
        if size != sent or sent < len(shown):
            self.finds("P5", f"the log has {size} entries since its founding: nodes sent {sent}, and {len(shown)} notices are shown")
        for member in self.members:
            state = self.status(member)
            if state["inbox"]["void"] or state["inbox"]["unopenable"]:
                self.finds("P8", f"{member} judged notices of honest members: {state['inbox']}")
            if state["disputes"]:
                self.finds("P4", f"{member} disputes what honest members count: {state['disputes']}")

    def stop(self):
        """Ends all in order; then every store must pass the audit, with one log."""
        for name, daemon in self.daemons.items():
            if daemon.process is None:
                continue
            if self.check_alive(name) and (code := daemon.stop()) != 0:
                self.finds("P10", f"{name} does not end as asked: {code}, {self.last_words(name)}")
            self.check_words(name)
        heads = {}
        for name in self.daemons:
            answer = self.ask("audit verify", name)
            if answer.code != 0:
                self.finds("P8", f"the audit of {name}: {answer}")
            else:
                heads[name] = (answer.json["size"], answer.json["root"])
        if len(set(heads.values())) > 1:
            self.finds("P8", f"stores end in several heads: {heads}")
        for name, peak in self.peaks.bytes.items():
            if peak > RSS_MIB_MAX << 20:
                self.finds("P9", f"{name} took {peak >> 20} MiB")

    def check_words(self, name):
        text = self.daemons[name].log_path.read_text(errors="replace")
        for word in SICK:
            if word in text:
                self.finds("P10", f"{name} says {word!r}: see {self.daemons[name].log_path}")

    def end(self):
        """Nothing of it runs or is mounted any more. The folder stays; its owner removes it."""
        for submitter in self.submitters:
            submitter.stopping.set()
            submitter.end()
        for daemon in self.daemons.values():
            if daemon.process is not None:
                daemon.process.send_signal(signal.SIGCONT)
            daemon.end()
        self.peaks.end()
        self.cleanup.close()
        self.log.close()


class Broken(Exception):
    """The round cannot go on; what was found says why."""


def how(code):
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def brief(status):
    """What of a status matters where an exchange does not come into step."""
    if status is None:
        return None
    return {key: status[key] for key in ("hub", "cursor", "outbox", "queues", "nodes") if key in status} | {
        "size": status["log"]["size"]}
