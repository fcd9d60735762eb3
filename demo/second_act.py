"""The demo's second act: the hub is killed, and nothing is lost; a flash overtakes what waits.

Runs hub and nodes one by one, since a supervisor would end the others with the hub.
"""
import json
import os
import signal
import subprocess
import time

ORIGIN = "AM"
OUTAGE_COUNT = 20
START_SECONDS = 30
STOP_SECONDS = 15
ARRIVAL_SECONDS = 120
LISTENING = {"hub": " ready ", "node": " listening "}


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


class Scene(Processes):
    """The exchange of the first act."""

    def __init__(self, exchange, members):
        self.exchange = exchange
        self.members = members
        super().__init__(Daemon(exchange, "hub"), [Daemon(exchange, member) for member in members])

    def publish(self, subject, precedence):
        return self.exchange.ask("publish", "--exchange", self.exchange.folder, "--as", ORIGIN, "--kind", "contact",
                                 "--status", "test", "--to", "members", "--precedence", precedence, "--subject",
                                 subject, "--content", '{"counterpart": "A neighbouring state"}', "--wait", "queued")

    def arrived(self, member, subjects):
        """Subjects that begin so, of all that the member's inbox shows, in order of arrival."""
        found = []
        code, out, err = self.exchange.call("inbox", "--exchange", self.exchange.folder, "--as", member, "--from",
                                            ORIGIN, "--kind", "contact", "--json")
        if code != 0:
            raise OSError(f"the inbox of {member} cannot be read: {out}{err}")
        for notice in json.loads(out)["notices"]:
            if notice["subject"].startswith(subjects):
                found.append(notice["subject"])
        return found

    def shown(self):
        """By member, how many notices its inbox shows."""
        others = [member for member in self.members if member != ORIGIN]
        return {member: self.exchange.ask("status", "--exchange", self.exchange.folder, member)["inbox"]["shown"]
                for member in others}

    def wait_for(self, subjects, count, before):
        """By member, what arrived, once `count` more are shown than before, or the time is up."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while time.monotonic() < deadline:
            if all(now >= before[member] + count for member, now in self.shown().items()):
                break
            time.sleep(0.1)
        return {member: self.arrived(member, subjects) for member in before}


def outage(scene, report):
    report.title(f"Second act: the hub is killed (kill -9), and {ORIGIN} publishes {OUTAGE_COUNT} notices meanwhile")
    before = scene.shown()
    scene.hub.end(signal.SIGKILL)
    subjects = [f"While the hub is down {number:02}" for number in range(1, OUTAGE_COUNT + 1)]
    tickets = [scene.publish(subject, "routine") for subject in subjects]
    report.check(all(ticket["stage"] == "queued" for ticket in tickets),
                 f"each of the {len(tickets)} is durable at {ORIGIN}'s node, without a hub")
    scene.hub.start()
    inboxes = scene.wait_for("While the hub is down", len(subjects), before)
    for_all = "each of " + ",".join(inboxes)
    report.check(all(set(found) == set(subjects) for found in inboxes.values()), f"the hub returns: {for_all} has them all")
    report.check(all(len(found) == len(set(found)) for found in inboxes.values()), f"{for_all} has each of them once")
    report.check(all(found == subjects for found in inboxes.values()), f"{for_all} has them in the order of publishing")


def flash(scene, report, count):
    report.title(f"A flash overtakes {count:,} routine notices that wait")
    before = scene.shown()
    scene.hub.end(signal.SIGKILL)
    started = time.monotonic()
    client = scene.exchange.folder / ORIGIN.lower() / "apps/desk/client.toml"
    done = subprocess.run([scene.exchange.programs / "demo-flood", client, str(count)], capture_output=True, text=True,
                          timeout=900)
    report.check(done.returncode == 0, f"{count:,} routine notices wait in {ORIGIN}'s outbox, queued in "
                                       f"{time.monotonic() - started:.1f} s" + done.stderr[:300])
    ticket = scene.publish("Flash: dam at risk", "flash")
    report.check(ticket["stage"] == "queued", "then a flash is published, the last of all")
    started = time.monotonic()
    scene.hub.start()
    inboxes = scene.wait_for("Flash: dam", 1, before)
    report.check(all(found == ["Flash: dam at risk"] for found in inboxes.values()),
                 f"the hub returns: every member has the flash {time.monotonic() - started:.1f} s later")
    inboxes = scene.wait_for(("Flash: dam", "Routine "), count + 1, before)
    first = {member: found[:1] for member, found in inboxes.items()}
    report.check(all(found == ["Flash: dam at risk"] for found in first.values()),
                 "it arrived before every one of the routine notices")
    report.check(all(len(found) == len(set(found)) == count + 1 for found in inboxes.values()),
                 f"all {count:,} arrived after it, each once, {time.monotonic() - started:.1f} s after the hub's return")


def play(exchange, members, report, flood_count):
    with Scene(exchange, members) as scene:
        outage(scene, report)
        flash(scene, report, flood_count)
        codes = scene.end()
        report.check(codes == [0] * len(codes), "hub and nodes end in order")
