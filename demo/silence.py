#!/usr/bin/env python3
"""Three consultations: one text agreed by silence, one broken by an objection, one where a member is unheard.

silence.py --bin FOLDER [--keep FOLDER]

Hub, six nodes and the command, as they are shipped. What each consultation came to is proved by one file, in a directory where nothing but
the command and that file is. Exit 0 only if every check held. --keep leaves everything it made in FOLDER. Standard library only.
"""
import json
import shutil
import subprocess
import sys
import time

from stage import MEMBERS, Daemon, Exchange, Failed, Processes, arguments_of, eventually, perform

OPENER = "AM"
OTHERS = [member for member in MEMBERS if member != OPENER]
OBJECTOR = "KZ"
ABSENT = "TJ"
DEADLINE_SECONDS = 5


class Scene(Processes):
    def __init__(self, arguments, folder):
        self.exchange = Exchange(arguments.bin, folder)
        self.exchange.make()
        super().__init__(Daemon(self.exchange, "hub"), [Daemon(self.exchange, member) for member in MEMBERS])

    def node(self, member):
        return self.nodes[MEMBERS.index(member)]

    def as_member(self, member, *words):
        return self.exchange.call(*words, "--exchange", self.exchange.folder, "--as", member, "--json")

    def open(self, question):
        """The opening's N, once every member that runs has it."""
        opened = self.exchange.ask(
            "consult", "open", "--exchange", self.exchange.folder, "--as", OPENER, "--participants", ",".join(OTHERS),
            "--question", question, "--proposal", "The text as it was sent round", "--rule", "silence", "--deadline",
            f"{DEADLINE_SECONDS}s", "--status", "exercise")
        self.deadline = time.monotonic() + DEADLINE_SECONDS
        opening = opened["notice"]
        for member in OTHERS:
            if not eventually(lambda member=member: self.as_member(member, "show", opening)[0] == 0):
                raise Failed(f"{member} did not get the opening")
        return opening

    def pass_the_deadline(self):
        time.sleep(max(0.0, self.deadline - time.monotonic()) + 1)

    def go_on(self):
        """The log grows, as it does in a day: then a quorum of witnesses cosigns a later head."""
        self.exchange.ask("publish", "--exchange", self.exchange.folder, "--as", OPENER, "--kind", "contact", "--to", "members",
                          "--status", "exercise", "--content", '{"counterpart": "A neighbouring state"}', "--subject", "After it")

    def status(self, opening, member):
        return self.exchange.ask("consult", "status", opening, "--exchange", self.exchange.folder, member)

    def concluded(self, opening, conclusion, final, members, unheard=frozenset()):
        """What each of the members computes by itself, once all of them have come so far."""
        def has_come_so_far(said):
            silent = {party["member"] for party in said["parties"] if party["standing"] == "unheard"}
            return (said["conclusion"], said["final"], silent) == (conclusion, final, unheard)

        def all_say():
            said = [self.status(opening, member) for member in members]
            return said if all(map(has_come_so_far, said)) else None
        return eventually(all_say) or []


def show(outcome, report):
    for party in outcome["parties"]:
        response = party["response"]
        said = f" (in entry {response['index']})" if response else ""
        report.say(f"{party['member']}: {party['standing']}{said}" + (", which opened it" if party["opens"] else ""))


def prove_elsewhere(scene, opening, prover, folder, report):
    """The outcome by one file, on "another machine"."""
    folder.mkdir()
    proof = folder / "outcome"
    scene.exchange.ask("consult", "prove", opening, "-o", proof, "--exchange", scene.exchange.folder, prover)
    shutil.copy(scene.exchange.chancery, folder / "chancery")

    def verify(file):
        done = subprocess.run(["/usr/bin/env", "-i", "./chancery", "verify", file, "--genesis", scene.exchange.genesis, "--json"],
                              cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout
    report.say(f"{prover} writes it down: chancery consult prove, {proof.stat().st_size:,} bytes. In an empty directory, with the genesis:")
    code, out = verify("outcome")
    proven = json.loads(out).get("consultation") if code == 0 else None
    report.check(proven == scene.status(opening, prover), f"chancery verify computes the same outcome from the file (exit code {code})")
    changed = bytearray(proof.read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "changed").write_bytes(changed)
    report.check(verify("changed")[0] == 1, "with one bit changed it proves nothing")


def agreed(scene, folder, report):
    report.title(f"A text is put to {', '.join(OTHERS)}: whoever says nothing until the deadline agrees")
    opening = scene.open("The communique of 3 June?")
    scene.pass_the_deadline()
    scene.go_on()
    outcomes = scene.concluded(opening, "agreed", True, MEMBERS)
    report.check(bool(outcomes), "agreed, and final: every member computes it by itself, from the log")
    if outcomes:
        report.check(all(outcome == outcomes[0] for outcome in outcomes), "all six to the last detail")
        show(outcomes[0], report)
        report.say("Silent is what a member's own node says of it, signed, after the deadline. A hub cannot say it for anybody.")
    prove_elsewhere(scene, opening, "RU", folder / "agreed", report)


def objected(scene, folder, report):
    report.title(f"The next one: {OBJECTOR} objects in time, while the hub is down over the deadline")
    opening = scene.open("The plan for the exercises?")
    scene.hub.end()
    code, out, _ = scene.as_member(OBJECTOR, "consult", "respond", opening, "--object", "--statement", "Not in July", "--timeout",
                                   "1s")
    report.check(json.loads(out)["stage"] == "queued", f"the objection waits in {OBJECTOR}'s outbox (exit code {code})")
    scene.pass_the_deadline()
    scene.hub.start()
    report.say("The hub is back. What it logs before a quorum has cosigned a head with times after the deadline is in time.")
    outcomes = scene.concluded(opening, "not agreed", True, MEMBERS)
    report.check(bool(outcomes), "not agreed, and final, at every member: the hub's outage cost nobody their word")
    if outcomes:
        show(outcomes[0], report)
        standing = {party["member"]: party["standing"] for party in outcomes[0]["parties"]}
        report.check(standing[OBJECTOR] == "objects", f"{OBJECTOR}'s objection counts")
    prove_elsewhere(scene, opening, OBJECTOR, folder / "objected", report)


def unheard(scene, folder, report):
    report.title(f"The last one: {ABSENT}'s node is cut off before the deadline")
    opening = scene.open("The list of observers?")
    scene.node(ABSENT).end()
    scene.pass_the_deadline()
    scene.go_on()
    present = [member for member in MEMBERS if member != ABSENT]
    outcomes = scene.concluded(opening, "not agreed", False, present, unheard={ABSENT})
    report.check(bool(outcomes), f"not agreed: {ABSENT} alone is unheard, has not agreed, and nobody can be silent in its stead")
    if outcomes:
        show(outcomes[0], report)
    prove_elsewhere(scene, opening, OPENER, folder / "unheard", report)
    scene.node(ABSENT).start()
    outcomes = scene.concluded(opening, "agreed", True, MEMBERS)
    report.check(bool(outcomes), f"{ABSENT}'s node is back. It had the text in time, and says so: only now it is agreed, and final")


def run(arguments, folder, report):
    report.say("A hub and six nodes. A consultation has a deadline, and its outcome follows from the log, and from nobody's clock.")
    with Scene(arguments, folder) as scene:
        agreed(scene, folder, report)
        objected(scene, folder, report)
        unheard(scene, folder, report)
        codes = scene.end()
        report.check(codes == [0] * len(codes), "hub and nodes end in order")


EPILOGUE = """Silence was agreement where each silent party's own node had said so, and nowhere
else. The hub could delay a word, and neither suppress one nor make one up; and one file shows all of it to
somebody who trusts neither the hub nor the member that gave it."""


def main():
    parser = arguments_of(__doc__, bin="where chancery and the daemons are")
    arguments = parser.parse_args()
    programs = [arguments.bin / name for name in ("chancery", "chancery-broker", "chancery-node")]
    return perform(parser, arguments, programs, run, EPILOGUE)


if __name__ == "__main__":
    sys.exit(main())
