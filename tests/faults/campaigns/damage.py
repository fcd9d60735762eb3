"""A stored file of a stopped daemon is damaged: a bit flipped, a block of it copied elsewhere, cut short, empty,
missing, another node's, or an older copy; the store or the write-ahead log beside it. Or one of a running daemon is
cut short, removed or exchanged.

Counts damages. Passes where each time the daemon refuses to start with an error that names the file, and leaves
the file as it is; or the audit finds it, and what is served all the same is true; or the audit passes, and then
everything is served as before. A running daemon ends with such an error before it promises anything more. An older log of the hub is refused by the nodes that saw a newer one. At last
the files are put back, and P1 to P10 hold.
"""
import os
import re
import shutil
import time

from rig import START_SECONDS
from trial import chancery, eventually

NEEDS = ()
COUNT = 20
MERGE = 200
PER_ROUND = 20

VICTIM, OTHER, WITNESS = "AM", "BY", "KZ"
BLOCK = 4096
TYPED = re.compile(r" stopped error=(store-damaged|store-version|wrong-genesis|exists|head-moved|io) ")


def play(rig, faults):
    rig.start()
    rig.load()
    rig.await_load(40)
    pause_load(rig, "stale", clean=True)
    rig.start()
    rig.load()
    rig.await_load(150)  # More than a write-ahead log takes before it goes into the store.
    for submitter in rig.submitters:
        submitter.stop()
    eventually(rig.in_step, 60)
    truth = {member: by_id(notices) for member, notices in rig.inboxes().items()}
    pause_load(rig, "good", clean=False)
    for number in faults:
        mode = MODES[number % len(MODES)]
        if mode in LIVE_MODES:
            live_damage(rig, mode)
        else:
            one_damage(rig, truth, mode)
    restore(rig)
    rig.did("the files are put back")


def pause_load(rig, copy, clean):
    """Ends everything and keeps a copy of all stores; after kill -9 much of them is in write-ahead logs."""
    for submitter in rig.submitters:
        submitter.stop()
    for name, daemon in rig.daemons.items():
        if clean:
            daemon.stop()
        daemon.end()
        shutil.copytree(store(rig, name).parent, rig.folder / copy / name)


def store(rig, name):
    return rig.exchange / name.lower() / "store" / ("hub.db" if name == "hub" else "node.db")


def wal(path):
    return path.with_name(path.name + "-wal")


def take_away(path):
    """A store with all that lies beside it: what stays would be taken for a part of the next one, which is refused."""
    for suffix in ("", "-wal", "-mark"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def copy_of(rig, copy, name):
    return rig.folder / copy / name / store(rig, name).name


def restore(rig):
    for name, daemon in rig.daemons.items():
        daemon.end()
        daemon.process = None
        folder = store(rig, name).parent
        for path in folder.iterdir():
            path.unlink()
        for path in (rig.folder / "good" / name).iterdir():
            shutil.copy(path, folder)


# How a file is damaged: each says what it did, or None where there is nothing to do.

def flip(rig, name, path):
    content = bytearray(path.read_bytes())
    at = rig.dice.randrange(len(content))
    content[at] ^= 1 << rig.dice.randrange(8)
    path.write_bytes(content)
    return f"a bit of byte {at} of {path.name}"


def misdirect(rig, name, path):
    content = bytearray(path.read_bytes())
    source, aim = (rig.dice.randrange(len(content) // BLOCK) * BLOCK for _ in range(2))
    content[aim:aim + BLOCK] = content[source:source + BLOCK]
    path.write_bytes(content)
    return f"block at {source} of {path.name} over the one at {aim}"


def truncate(rig, name, path):
    size = rig.dice.randrange(path.stat().st_size)
    size = rig.dice.choice((size, size // BLOCK * BLOCK))
    with open(path, "r+b") as file:
        file.truncate(size)
    return f"{path.name} cut to {size} bytes"


def empty(rig, name, path):
    path.write_bytes(b"")
    return f"{path.name} is empty"


def missing(rig, name, path):
    path.unlink()
    return f"{path.name} is gone"


def swapped(rig, name, path):
    other = copy_of(rig, "good", OTHER if name != OTHER else VICTIM)
    shutil.copy(other if path.suffix == ".db" else wal(other), path)
    return f"{path.name} is another node's"


def older(rig, name, path):
    """A whole backup, and nothing beside it."""
    take_away(store(rig, name))
    shutil.copy(copy_of(rig, "stale", name), store(rig, name))
    return "a backup was put back"


def half_older(rig, name, path):
    """A backup, beside the write-ahead log of now."""
    shutil.copy(copy_of(rig, "stale", name), store(rig, name))
    return "a backup was put back, beside a newer write-ahead log"


# The same, while a daemon has the file open.

def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def removed(path):
    path.unlink()


def exchanged(path):
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


LIVE_MODES = (cut, removed, exchanged)
MODES = (flip, misdirect, cut, flip, truncate, flip, older, removed, flip, empty, flip, missing, flip, exchanged, swapped,
         flip, half_older)


def looks_older(mode, path, lost):
    """Good in itself: only who saw the newer log can tell. So is a write-ahead log that ends too early, and one whose
    last transactions do not fit, as after a crash that cut them short."""
    return mode in (older, missing) or path.suffix == ".db-wal" and (mode in (truncate, empty) or lost <= 2)



def one_damage(rig, truth, mode):
    restore(rig)
    name = rig.dice.choice(("hub", VICTIM))
    path = rig.dice.choice((store(rig, name), wal(store(rig, name))))
    what = f"{name}: {mode(rig, name, path)}"
    before = contents(rig, name)
    audit = audit_of(rig, store(rig, name))
    found = audit.code != 0
    if contents(rig, name) != before:
        rig.finds("P8", f"{what}: the audit changed the files")
    daemon = rig.daemons[name]
    if name != "hub":
        rig.start("hub")
    daemon.start()
    if not daemon.says(" ready " if name == "hub" else " listening ", 15) or daemon.process.poll() is not None:
        daemon.wait()
        end = "refused"
        judge_refusal(rig, name, what, before)
    elif name == "hub":
        lost = 0 if found else audit_of(rig, copy_of(rig, "good", name)).json["batches"] - audit.json["batches"]
        end = serve_hub(rig, truth, what, found, looks_older(mode, path, lost))
    else:
        end = serve_node(rig, truth, what, found)
    rig.notes[end] += 1
    rig.did(f"{what}; audit {audit.code}; {end}")
    for other in rig.daemons.values():
        if other.process is not None and other.process.poll() not in (None, 1):
            rig.finds("P10", f"{what}: {other.program} ended with {other.process.returncode}")
        other.end()


def live_damage(rig, mode):
    restore(rig)
    rig.start()
    name = rig.dice.choice(("hub", VICTIM))
    path = rig.dice.choice((store(rig, name), wal(store(rig, name))))
    what = f"{name}, running: {path.name} is {mode.__name__}"
    if publish(rig).code != 0:
        rig.finds("P7", f"{what}: nothing was logged before")
    await_quiet(rig, name)
    mode(path)
    before = contents(rig, name)
    answer = publish(rig)
    if answer.code == 0:
        rig.finds("P1", f"{what}: acknowledged all the same: {answer}")
    rig.daemons[name].wait(START_SECONDS)
    judge_refusal(rig, name, what, before)
    rig.notes["ended"] += 1
    rig.did(what)
    for daemon in rig.daemons.values():
        daemon.end()


def await_quiet(rig, name):
    """Until nothing is written any more, statements neither, which come 3 s after what they count. A commit that is under
    way goes into whatever its files have become, and its end is noted beside them, before the daemon looks and ends."""
    looks = [None]

    def same():
        time.sleep(0.5)
        looks.append(contents(rig, name))
        del looks[:-9]
        return len(looks) == 9 and all(look == looks[0] for look in looks)

    if not eventually(same, 20):
        rig.finds("P7", f"{name} writes on, and nobody asks it anything")


def publish(rig):
    return rig.ask("publish", "--as", VICTIM, "--kind", "contact", "--to", OTHER, "--subject", "x", "--content", '{"counterpart": "x"}',
                   "--timeout", "5s")


def audit_of(rig, path):
    return chancery("audit", "verify", "--store", path, "--genesis", rig.made["genesis"], "--json")


def contents(rig, name):
    return {path.name: path.read_bytes() for path in store(rig, name).parent.iterdir()}


def judge_refusal(rig, name, what, before):
    daemon = rig.daemons[name]
    if daemon.process.returncode != 1 or not TYPED.search(daemon.log()) or store(rig, name).name not in daemon.log():
        rig.finds("P10", f"{what}: should refuse, naming the file: {daemon.process.returncode}, {rig.last_words(name)}")
    after = contents(rig, name)
    if after != before:
        changed = sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))
        rig.finds("P8", f"{what}: the refusal changed {', '.join(changed)}")


def by_id(notices):
    """What must be the same wherever and whenever a notice is shown; arrivals are the node's own."""
    keys = ("index", "notice", "origin", "precedence", "created_at", "accepted_at", "subject", "content", "recipients")
    return {n["id"]: {key: n[key] for key in keys} for n in notices if not n["own"]}


def serve_node(rig, truth, what, found):
    """A node that runs on a damaged store: what it shows is true, and all of it unless the audit found the damage."""
    name = VICTIM
    answers = []

    def shows_all():
        answers.append(rig.ask("inbox", "--as", name))
        return answers[-1].code == 0 and by_id(answers[-1].json["notices"]).keys() == truth[name].keys()

    complete = eventually(shows_all, 1 if found else 30)
    answer = answers[-1]
    if rig.daemons[name].process.poll() is not None:
        if rig.daemons[name].process.returncode != 1 or not TYPED.search(rig.daemons[name].log()):
            rig.finds("P10", f"{what}: ended with {rig.daemons[name].process.returncode}: {rig.last_words(name)}")
        return "ended later" if found else fail(rig, what, "ended, and the audit found nothing")
    if answer.code == 0:
        judge_shown(rig, truth[name], by_id(answer.json["notices"]), f"{what}: {name}")
    elif not found:
        return fail(rig, what, f"the audit found nothing, and the inbox cannot be read: {answer}")
    if not complete and not found:
        return fail(rig, what, "the audit found nothing, and notices are missing")
    return "found by the audit" if found else "all is there"


def serve_hub(rig, truth, what, found, is_older):
    """A hub that runs on a damaged store: a node that knows the log, and one that knows nothing, take nothing false."""
    take_away(store(rig, WITNESS))
    for name in (VICTIM, WITNESS):
        rig.daemons[name].start()
        if not rig.daemons[name].says(" listening "):
            return fail(rig, what, f"{name} does not start: {rig.last_words(name)}")
    states = []

    def settled():
        states[:] = [rig.ask("status", name) for name in ("hub", VICTIM, WITNESS)]
        if any(state.code == 2 for state in states):
            return False
        hub, knows, new = (state.json for state in states)
        return bool(knows["alarm"]) or knows["log"] == new["log"] == hub["log"] and len(
            by_id(rig.ask("inbox", "--as", WITNESS).json["notices"])) == len(truth[WITNESS])

    whole = eventually(settled, 2 if found else 30)
    for name in (VICTIM, WITNESS):
        answer = rig.ask("inbox", "--as", name)
        if answer.code != 0:
            return fail(rig, what, f"the inbox of {name} cannot be read: {answer}")
        shown = by_id(answer.json["notices"])
        judge_shown(rig, truth[name], shown, f"{what}: {name}")
        if name == VICTIM and shown.keys() != truth[name].keys():
            fail(rig, what, f"{name} lost notices that it had")
    alarm = states and states[1].code == 1 and states[1].json["alarm"]
    if found:
        return "found by the audit"
    if alarm and is_older:
        return f"refused by nodes: {alarm['error']}"
    if alarm:
        return fail(rig, what, f"the audit found nothing, and nodes refuse the hub's log: {alarm}")
    return "all is there" if whole else fail(rig, what, "the audit found nothing, no node complains, and not all is there")


def judge_shown(rig, truth, shown, where):
    for key, notice in shown.items():
        if truth.get(key) != notice:
            rig.finds("P5", f"{where} shows {notice}, true is {truth.get(key)}", key)


def fail(rig, what, text):
    rig.finds("P8", f"{what}: {text}")
    return "violated"
