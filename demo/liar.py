#!/usr/bin/env python3
"""A hub that lies, caught: one that forks the log, one that withholds notices, and a proof for those who saw neither.

liar.py --bin FOLDER --liar PROGRAM [--keep FOLDER]

The hub is the shipped one with a liar linked into it (tests/liar); nodes and command are as they are shipped. Exit 0 only if every check
held. --keep leaves everything it made in FOLDER. Standard library only.
"""
import json
import pathlib
import shutil
import subprocess
import sys

from stage import Daemon, Exchange, Failed, Processes, arguments_of, eventually, perform

VICTIM = "BY"
# Without a quorum an export goes as far as the log's own signature: both histories can be shown whole.
FORK_MEMBERS = ("AM", "BY", "KZ")
WITHHOLD_MEMBERS = ("AM", "BY", "KG", "KZ")
WITNESS = "KZ"  # Neither writes to the other two about it nor is lied to.


class Scene(Processes):
    """An exchange of its own whose hub tells the victim this lie, from the first notice on."""

    def __init__(self, arguments, folder, lie, members):
        folder.mkdir()
        self.exchange = Exchange(arguments.bin, folder)
        self.made = self.exchange.make()
        first_notice = len(self.made["members"]) + 1  # Behind the roster and an enrolment of each.
        super().__init__(Daemon(self.exchange, "hub", program=arguments.liar,
                                env={"CHANCERY_LIE": f"{lie}:{VICTIM}:{first_notice}"}),
                         [Daemon(self.exchange, member) for member in members])

    def started(self):
        # In step, when the hub tells its first lie.
        if not eventually(lambda: all(" ready " in node.log_path.read_text(errors="replace") for node in self.nodes)):
            raise Failed("not every node follows the log")

    def write(self, origin, to, subject):
        self.exchange.ask("publish", "--exchange", self.exchange.folder, "--as", origin, "--kind", "contact", "--status", "test",
                          "--to", to, "--subject", subject, "--content",
                          '{"counterpart": "A neighbouring state"}', "--wait", "queued")

    def converse(self):
        for number in range(3):
            for origin, to in (("AM", VICTIM), ("AM", WITNESS), (VICTIM, "AM"), (WITNESS, VICTIM)):
                self.write(origin, to, f"{origin} to {to}, {number}")

    def status(self, member):
        """Exit code 1 is an alarm, and says it."""
        code, out, err = self.exchange.call("status", "--exchange", self.exchange.folder, member, "--json")
        if not out:
            raise Failed(f"status of {member}: exit code {code}\n{err}")
        return json.loads(out)

    def accusations(self, member):
        """What its node holds against the hub, or what it and a peer disagree about."""
        status = self.status(member)
        alarm = [status["alarm"]] if status["alarm"] is not None else []
        return alarm + status["disputes"]


def fork(scene, report, folder):
    report.title(f"First act: a hub that forks. {VICTIM} is shown one log, everybody else another")
    report.say("The hub signs both with its true key, and each is consistent in itself.")
    scene.converse()
    against = eventually(lambda: scene.accusations(VICTIM))
    report.check(bool(against), f"{VICTIM}'s node raises an alarm by itself: each notice says which log its origin saw")
    for each in against:
        report.say(f"{VICTIM}: {each['error']}: {each['detail']}")
    code, _, _ = scene.exchange.call("status", "--exchange", scene.exchange.folder, VICTIM, "--check")
    report.check(code != 0, f"chancery status --check of {VICTIM} fails, for whoever watches it (exit code {code})")
    report.check(scene.status(WITNESS)["alarm"] is None, f"{WITNESS}, to whom nobody lied, has no alarm")

    report.title(f"Two members compare: each exports the log that it was shown, AM and {VICTIM}")
    exports = [folder / member for member in ("AM", VICTIM)]

    def differ():
        for export in exports:
            scene.exchange.ask("audit", "export", export, export.name, "--exchange", scene.exchange.folder)
        return scene.exchange.call("audit", "compare", *exports)[0] == 1
    eventually(differ)
    proof = folder / "proof"
    code, out, err = scene.exchange.call("audit", "compare", *exports, "-o", proof, "--json")
    report.check(code == 1 and proof.exists(), "chancery audit compare finds that they contradict each other, and writes a file about it")
    if not proof.exists():
        raise Failed(f"no proof: {out}{err}")
    compared = json.loads(out)
    for export in compared["exports"]:
        report.say(f"{pathlib.Path(export['export']).name:<4}{export['size']} entries under the hub's signature, root {export['root']}")
    report.say(f"the first entry in which they differ: {compared['first_difference']}")
    report.say(f"the proof: {proof.stat().st_size:,} bytes: two heads as the hub signed them, and the directory that names its key. No notice")
    return proof


def prove_elsewhere(chancery, genesis, proof, folder, report):
    report.title("Another machine: an empty directory with the command and the proof, no environment, and the genesis by voice")
    folder.mkdir()
    shutil.copy(chancery, folder / "chancery")
    shutil.copy(proof, folder / "proof")

    def verify(file, of):
        done = subprocess.run(["/usr/bin/env", "-i", "./chancery", "audit", "verify", "--contradiction", file, "--genesis", of,
                               "--json"], cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr
    report.say(f"env -i ./chancery audit verify --contradiction proof --genesis {genesis}")
    code, out, err = verify("proof", genesis)
    proven = code == 0 and json.loads(out)["verified"]
    report.check(proven, f"it proves that the hub of this exchange signed two histories (exit code {code}){err}")
    if proven:
        for head in json.loads(out)["heads"]:
            report.say(f"signed: {head['size']} entries, root {head['root']}")
    another = genesis[:-1] + ("0" if genesis[-1] != "0" else "1")
    code = verify("proof", another)[0]
    report.check(code == 1, f"against the hub of another exchange it proves nothing (exit code {code})")
    changed = bytearray(proof.read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "changed").write_bytes(changed)
    code = verify("changed", genesis)[0]
    report.check(code == 1, f"with one bit changed it proves nothing (exit code {code}): nobody can make one up")


def withhold(scene, report):
    report.title(f"Second act: a hub that withholds. It logs notices for {VICTIM}, and does not deliver them")
    report.say("Every signature is good, and all follow one log: nothing that is shown is false. It is only not all.")
    scene.converse()
    report.say("Each node states to each peer what it counted, in signed notices of its own, and compares.")
    peers = ("AM", WITNESS)
    found = eventually(lambda: {peer: scene.status(peer)["disputes"] for peer in peers if scene.status(peer)["disputes"]})
    report.check(any(each["peer"] == VICTIM and each["error"] == "statement-mismatch" for each in sum(found.values(), [])),
                 f"the origin is told by {VICTIM}'s own statement that its notices did not arrive")
    for peer, disputes in found.items():
        for each in disputes:
            report.say(f"{peer}: {each['error']} with {each['peer']}: {each['detail']}")
    for origin in found:
        withheld = [notice["subject"] for notice in scene.exchange.inbox(VICTIM) if notice["origin"] == origin]
        report.check(not withheld, f"and so it is: none of what {origin} wrote is in {VICTIM}'s inbox")
        audited = eventually(lambda origin=origin: audit_pair(scene, origin))
        report.check(bool(audited), f"chancery audit pair {origin} {VICTIM}, over the records of both, names what is missing")
        for each in [each for each in audited if each["index"] is not None]:
            report.say(f"entry {each['index']}: {each['code']}: {each['detail']}")


def audit_pair(scene, origin):
    """Its findings, once both have stated."""
    code, out, _ = scene.exchange.call("audit", "pair", origin, VICTIM, "--exchange", scene.exchange.folder, "--json")
    return json.loads(out)["findings"] if code == 1 and out else []


def run(arguments, folder, report):
    report.say("Hub, nodes and command are the shipped programs. Into this hub a liar is linked: tests/liar.")
    with Scene(arguments, folder / "fork", "fork", FORK_MEMBERS) as scene:
        proof = fork(scene, report, folder)
        genesis = scene.exchange.genesis
    prove_elsewhere(arguments.bin / "chancery", genesis, proof, folder / "elsewhere", report)
    with Scene(arguments, folder / "withhold", "undelivered", WITHHOLD_MEMBERS) as scene:
        withhold(scene, report)


EPILOGUE = """The hub can lie, and it is seen: who was shown another log found out from the first notice
that came of it, and what two members hold convinces a third who trusts neither, with one file. Who was not given
what was logged is found out by the members' own counts."""


def main():
    parser = arguments_of(__doc__, bin="where chancery and the nodes are", liar="the hub that lies")
    arguments = parser.parse_args()
    return perform(parser, arguments, (arguments.bin / "chancery", arguments.bin / "chancery-node", arguments.liar), run, EPILOGUE)


if __name__ == "__main__":
    sys.exit(main())
