"""The disk under the store of the hub or of a node fills up to the last block under load, and is freed later.

In each second round the daemon's marks are of no use: it hears of it by a write that finds no room. Meanwhile the
daemon acknowledges nothing that it could not store; it runs on, says that its disk is full and shows what it has, to
one who reads along a cursor all the time, too, and never a notice twice as if for the first time.
Counts disks filled up; the notes say what the daemons met. Passes where they take notices again by themselves once
there is room, and P1 to P10 hold.
"""
from trial import eventually

NEEDS = ("root", "loop devices")
COUNT = 4
MERGE = 12
PER_ROUND = 2

BLIND = {"marks": (3, 2, 1)}
SOME_BYTES = 1 << 16  # More than a blind mark, and little for a write.


def play(rig, faults):
    victims = ("hub", rig.members[0])
    blind = faults.start // PER_ROUND % 2 == 1
    # What the load writes is not what fills them.
    disks = {name: rig.disk(name, 64, **(BLIND if blind else {})) for name in victims}
    rig.start()
    rig.load()
    reader = rig.reader(rig.members[0])
    rig.await_load(10)
    for number in faults:
        name = victims[number % len(victims)]
        disks[name].fill(leave=SOME_BYTES if blind else 0)
        rig.did(f"the disk of {name} is full{', and its marks say nothing' if blind else ''}")
        live(rig, name)
        disks[name].free()
        rig.did(f"the disk of {name} has room again")
        if rig.check_alive(name) and not eventually(lambda: level(rig, name) == "ample", 20):
            rig.finds("P7", f"{name} does not see that there is room: {level(rig, name)}")
        if not rig.await_load(20):
            rig.finds("P7", f"nothing is taken though {name} has room again")
    pages, told = reader.stop()
    rig.notes["pages read along a cursor"] += pages
    for text in told:
        rig.finds("P2" if text.startswith("again") else "P10", f"a reader of {rig.members[0]} was told: {text}")


def level(rig, name):
    status = rig.status(name)
    return status and status["disk"]["level"]


def live(rig, name):
    """Some seconds without room."""
    if not eventually(lambda: level(rig, name) == "full", 10):
        rig.finds("P10", f"{name} does not see that its disk is full: {rig.last_words(name)}")
    rig.pause_for(2, 8)  # A write that failed makes a disk count as full for 5 s.
    if not rig.check_alive(name):
        return
    member = rig.members[0] if name == "hub" else name
    if rig.ask("inbox", "--as", member).code != 0:
        rig.finds("P10", f"the inbox of {member} cannot be read while the disk of {name} is full")
    rig.notes["a write found no room" if "disk full" in rig.daemons[name].log() else "refused in time"] += 1
