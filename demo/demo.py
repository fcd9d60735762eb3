#!/usr/bin/env python3
"""Chancery at work: a hub and six members, nine notices, and the proof that it did what it says.

demo.py --bin FOLDER [--keep FOLDER]

Starts real processes over CURVE on loopback, publishes the notices of config/notices/, and checks what
it shows: who received what, that nobody else can read it, that the audits succeed, and that an audit
finds one changed byte. A second act kills the hub and floods it (second_act.py). Exit 0 only if every check held. --keep leaves everything it made in FOLDER.
Standard library only.
"""
import json
import shutil
import sqlite3
import sys
import time

import second_act
from stage import MEMBERS, NOTICES, Exchange, Failed, arguments_of, perform

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
CHANGED = "threat-alert"  # The one of which a copy is changed.
DELIVERY_SECONDS = 30
PHRASE_LENGTH = 32  # Where a page of a database ends inside one, a half of it is whole.


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


def found(phrases, files):
    """Which of the phrases, or a half of which, are in any of the files. The one search of this demo."""
    contents = []
    for path in files:
        try:
            contents.append(path.read_bytes())
        except FileNotFoundError:  # A -wal file that its owner was done with.
            continue
    half = PHRASE_LENGTH // 2
    return [phrase for phrase in phrases
            if any(part in content for content in contents for part in (phrase[:half], phrase[half:]))]


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
        report.check(ticket["stage"] in ("logged", "witnessed"),  # A round may be that quick.
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


def by_count(counts):
    """{"KG": 3, "KZ": 3, "hub": 0} as "3 at KG,KZ, 0 at hub"."""
    return ", ".join(f"{n} at " + ",".join(party for party, count in counts.items() if count == n)
                     for n in sorted(set(counts.values()), reverse=True))


def search_for_texts(exchange, notices, report, when):
    everything = [path for party in ["hub", *MEMBERS] for path in exchange.files_of(party)]
    wal_count = sum(path.name.endswith("-wal") for path in everything)
    report.title(f"Where the texts are found on disk, {when} ({len(everything)} files and the log, "
                 f"{wal_count} of them -wal)")
    for notice in notices:
        phrases = notice.phrases()
        there = {party: len(found(phrases, exchange.files_of(party))) for party in notice.recipients}
        outsiders = ["hub"] + [member for member in MEMBERS if member not in notice.readers()]
        elsewhere = {party: len(found(phrases, exchange.files_of(party))) for party in outsiders}
        in_logs = len(found(phrases, [exchange.log_path]))
        held = (phrases and there and all(n == len(phrases) for n in there.values())
                and not any(elsewhere.values()) and not in_logs)
        report.check(held, f"{notice.file['kind']:<20} of {len(phrases)} phrases {by_count(there)}; "
                           f"{by_count({**elsewhere, 'the logs': in_logs})}")


QUIET_SECONDS = 4  # Statements follow three seconds after what they count.


def wait_until_quiet(exchange):
    """Nodes state to each other what they counted: until that is done too, where they run."""
    since, before = time.monotonic(), None
    deadline = since + 60
    while time.monotonic() < deadline and time.monotonic() < since + QUIET_SECONDS:
        code, out, _ = exchange.call("status", "--exchange", exchange.folder, "hub", "--json")
        if code != 0:
            return
        size = json.loads(out)["log"]["size"]
        if size != before:
            since, before = time.monotonic(), size
        time.sleep(0.5)


def audit_everybody(exchange, report, what):
    wait_until_quiet(exchange)
    report.title(f"Audits of {what}: leaves, roots, checkpoints, directory, signatures")
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


def show_envelopes(exchange, notices, folder):
    """The envelope of each notice, as its first recipient's node has it, in a file to open."""
    paths = {}
    for notice in notices:
        shown = exchange.ask("show", notice.hash, "--exchange", exchange.folder, "--as", notice.recipients[0])
        paths[notice.name] = folder / f"{notice.name}.envelope"
        paths[notice.name].write_text(shown["envelope"])
    return paths


def try_keys(exchange, notices, envelopes, report):
    keys = {party: exchange.keys_of(party) for party in ["hub", *MEMBERS]}
    report.title("Every key of everybody whom a notice does not name, tried on it")
    report.say("keys: " + ", ".join(f"{party} {len(held)}" for party, held in keys.items()))
    report.check(all(keys.values()), "there are keys of every party")
    same_body = True
    for notice in notices:
        envelope = envelopes[notice.name]
        body = stored_body(exchange.folder / "hub/store/hub.db", notice.index)
        same_body &= len(body) > 0 and body in bytes.fromhex(envelope.read_text())
        readers = sorted(notice.readers())
        opened = [party for party in readers
                  if opens(exchange, envelope, exchange.folder / party.lower() / "keys/sealing.pem", notice)]
        outsiders = [party for party in keys if party not in readers]
        tried = [key for party in outsiders for key in keys[party]]
        refused = sum(not opens(exchange, envelope, key, notice) for key in tried)
        report.check(opened == readers and tried and refused == len(tried),
                     f"{notice.file['kind']:<20} opens for {','.join(opened):<17}; "
                     f"{refused} of {len(tried)} keys of {','.join(outsiders)} refused")
    report.check(same_body, "each sealed body is the one in the hub's store")


def opens(exchange, envelope, key, notice):
    """Whether the key opens it, to the text that the origin wrote. It is tried on every stanza."""
    code, out, err = exchange.call("open", envelope, "--key", key, "--genesis", exchange.genesis, "--json")
    try:
        answer = json.loads(out)
        if code == 0 and answer["opened"] is True:
            return answer["subject"] == notice.file["subject"]
        if code == 1 and answer["opened"] is False and answer["stanzas_tried"] == len(notice.readers()):
            return False
    except (ValueError, KeyError):
        pass
    raise Failed(f"chancery open with {key}: exit code {code}\n{out}{err}")


def audit_changed_copy(exchange, notices, folder, report):
    report.title("One byte changed in a copy of the hub's store")
    copy = folder / "copy"
    shutil.copytree(exchange.folder / "hub/store", copy)
    store = copy / "hub.db"
    index = next(notice.index for notice in notices if notice.name == CHANGED)

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


def run(arguments, folder, report):
    exchange = Exchange(arguments.bin, folder)
    try:
        play(exchange, folder, report, arguments.flood)
    except BaseException:
        if exchange.log_path.exists():
            print("The last lines of the log:")
            print("\n".join(exchange.log_path.read_text(errors="replace").splitlines()[-20:]))
        raise
    finally:
        exchange.stop()
        for name in exchange.left_behind():
            report.check(False, f"{name} is still running")


def play(exchange, folder, report, flood_count):
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
    audit_everybody(exchange, report, "the running hub and nodes")
    envelopes = show_envelopes(exchange, notices, folder)

    report.title("The end of the processes")
    code = exchange.stop()
    report.check(code == 0, f"the exchange stopped in order (exit code {code})")
    left = exchange.left_behind()
    report.check(not left, "no process is left behind" + (": " + ", ".join(left) if left else ""))
    search_for_texts(exchange, notices, report, "after the end")
    try_keys(exchange, notices, envelopes, report)
    audit_changed_copy(exchange, notices, folder, report)
    second_act.play(exchange, report, flood_count)
    audit_everybody(exchange, report, "the stores after the second act")


EPILOGUE = """Nine notices went out, and each was read by those it names.
The texts are in nobody else's files, and no key that anybody else holds, the hub included,
opens them. Everybody's copy of the log verifies, and the audit of a copy of the hub's store
in which one byte was changed fails and names the entry. A hub that was killed cost nobody a
notice, and a flash did not wait for what was before it."""


def main():
    parser = arguments_of(__doc__, bin="where chancery and the daemons are")
    parser.add_argument("--flood", type=int, default=10_000, metavar="N",
                        help="routine notices that the flash overtakes (10000)")
    arguments = parser.parse_args()
    programs = [arguments.bin / name for name in ("chancery", "chancery-broker", "chancery-node", "demo-flood")]
    return perform(parser, arguments, programs, run, EPILOGUE)


if __name__ == "__main__":
    sys.exit(main())
