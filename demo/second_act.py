"""The demo's second act: the hub is killed, and nothing is lost; an alert of precedence flash overtakes what waits.

Runs hub and nodes one by one, since a supervisor would end the others with the hub.
"""
import json
import signal
import subprocess
import time

from stage import MEMBERS, NOTICES, Daemon, Processes

ORIGIN = "AM"
ONE_OUTBOX = 50_000  # An application has up to 60,000 notices waiting: of more a second member's has the other half.
OUTAGE_COUNT = 20
ARRIVAL_SECONDS = 120
ALERT = NOTICES / "emergency-alert.json"  # An earthquake, precedence flash.


class Scene(Processes):
    """The exchange of the first act."""

    def __init__(self, exchange, members):
        self.exchange = exchange
        self.members = members
        super().__init__(Daemon(exchange, "hub"), [Daemon(exchange, member) for member in members])

    def publish(self, *words):
        return self.exchange.ask("publish", "--exchange", self.exchange.folder, "--as", ORIGIN, *words, "--wait", "queued")

    def publish_contact(self, subject):
        return self.publish("--kind", "contact", "--status", "test", "--to", "members", "--precedence", "routine", "--subject",
                            subject, "--content", '{"counterpart": "A neighbouring state"}')

    def arrived(self, member, subjects):
        """Subjects that begin so, of all that the member's inbox shows, in order of arrival."""
        return [subject for _, subject in self.arrivals(member, subjects, [ORIGIN])]

    def arrivals(self, member, subjects, origins, *filters):
        """The same of all of these origins, each with its origin."""
        found = []
        code, out, err = self.exchange.call("inbox", "--exchange", self.exchange.folder, "--as", member, "--json", *filters,
                                            *(word for origin in origins for word in ("--from", origin)))
        if code != 0:
            raise OSError(f"the inbox of {member} cannot be read: {out}{err}")
        for notice in json.loads(out)["notices"]:
            if notice["subject"].startswith(subjects):
                found.append((notice["origin"], notice["subject"]))
        return found

    def shown(self):
        """By member, how many notices its inbox shows."""
        others = [member for member in self.members if member != ORIGIN]
        return {member: self.exchange.ask("status", "--exchange", self.exchange.folder, member)["inbox"]["shown"]
                for member in others}

    def await_shown(self, before, more):
        """Until each of these shows so many more than before, or the time is up."""
        deadline = time.monotonic() + ARRIVAL_SECONDS + max(more.values()) / 100
        while time.monotonic() < deadline:
            now = self.shown()
            if all(now[member] >= before[member] + count for member, count in more.items()):
                return
            time.sleep(0.1)

    def await_alert(self, subject):
        """Until each of the others has one of this subject among what is urgent, or the time is up."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        for member in self.members:
            while member != ORIGIN and time.monotonic() < deadline:
                if self.arrivals(member, (subject,), [ORIGIN], "--precedence", "immediate", "--last", "10"):
                    break
                time.sleep(0.1)

    def wait_for(self, subjects, count, before):
        """By member, what arrived, once `count` more are shown than before, or the time is up."""
        self.await_shown(before, dict.fromkeys(before, count))
        return {member: self.arrived(member, subjects) for member in before}


def outage(scene, report, _):
    report.title(f"Second act: the hub is killed (kill -9), and {ORIGIN} publishes {OUTAGE_COUNT} notices meanwhile")
    before = scene.shown()
    scene.hub.end(signal.SIGKILL)
    subjects = [f"While the hub is down {number:02}" for number in range(1, OUTAGE_COUNT + 1)]
    tickets = [scene.publish_contact(subject) for subject in subjects]
    report.check(all(ticket["stage"] == "queued" for ticket in tickets),
                 f"each of the {len(tickets)} is durable at {ORIGIN}'s node, without a hub")
    scene.hub.start()
    inboxes = scene.wait_for("While the hub is down", len(subjects), before)
    for_all = "each of " + ",".join(inboxes)
    report.check(all(set(found) == set(subjects) for found in inboxes.values()), f"the hub returns: {for_all} has them all")
    report.check(all(len(found) == len(set(found)) for found in inboxes.values()), f"{for_all} has each of them once")
    report.check(all(found == subjects for found in inboxes.values()), f"{for_all} has them in the order of publishing")


def flood(scene, members, count):
    """Routine notices to everybody, durable in their outboxes: what went wrong."""
    clients = [scene.exchange.folder / member.lower() / "apps/desk/client.toml" for member in members]
    runs = [subprocess.Popen([scene.exchange.programs / "demo-flood", client, str(count // len(members))], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for client in clients]
    told = [run.communicate(timeout=3600)[1] for run in runs]
    return "".join(err or "it ended with " + str(run.returncode) for run, err in zip(runs, told) if run.returncode != 0)


def flash(scene, report, count):
    report.title(f"An earthquake alert, precedence flash, overtakes {count:,} routine notices that wait")
    flooding = [ORIGIN, "BY"] if count > ONE_OUTBOX else [ORIGIN]
    count -= count % len(flooding)
    before = scene.shown()
    routine = {member: count - (count // len(flooding) if member in flooding else 0) for member in before}
    scene.hub.end(signal.SIGKILL)
    started = time.monotonic()
    wrong = flood(scene, flooding, count)
    report.check(not wrong, f"{count:,} routine notices wait in the outbox of {' and '.join(flooding)}, queued in "
                            f"{time.monotonic() - started:.1f} s" + wrong[:300])
    alert = json.loads(ALERT.read_text(encoding="utf-8"))["subject"]
    ticket = scene.publish("--file", ALERT)
    report.check(ticket["stage"] == "queued", "then the alert is published, the last of all")
    started = time.monotonic()
    scene.hub.start()
    scene.await_alert(alert)
    first = time.monotonic() - started
    scene.await_shown(before, {member: waited + 1 for member, waited in routine.items()})
    last = time.monotonic() - started
    inboxes = {member: scene.arrivals(member, (alert, "Routine "), flooding) for member in before}
    # What another member's node hands in before the node of the alert is there comes before it.
    report.check(all(next(subject for origin, subject in found if origin == ORIGIN) == alert for found in inboxes.values()),
                 f"the hub returns: every member has the alert, {first:.1f} s later and before each of {ORIGIN}'s routine notices")
    report.check(all(len(found) == len(set(found)) == routine[member] + 1 for member, found in inboxes.items()),
                 f"all that waited arrived, each once, {last:.1f} s after the hub's return")


def play(exchange, report, flood_count, acts=(outage, flash)):
    with Scene(exchange, MEMBERS) as scene:
        for act in acts:
            act(scene, report, flood_count)
        codes = scene.end()
        report.check(codes == [0] * len(codes), "hub and nodes end in order")
