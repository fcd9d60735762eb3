"""The disk under the store of the hub or of a node fills up to the last block under load, and is freed later.

A daemon that cannot write must not acknowledge; it may end with an error that says so, and it may refuse to
start as long as there is no room. While it runs, what it has can be read. Counts disks filled up; the notes
say what the daemons did. Passes where after there is room, with a new start where one ended, P1 to P10 hold.
"""
from trial import eventually

NEEDS = ("root", "loop devices")
COUNT = 4
MERGE = 12
PER_ROUND = 2


def play(rig, faults):
    victims = ("hub", rig.members[0])
    disks = {name: rig.disk(name) for name in victims}
    rig.start()
    rig.load()
    rig.await_load(10)
    for number in faults:
        name = victims[number % len(victims)]
        disks[name].fill()
        rig.did(f"the disk of {name} is full")
        live(rig, name)
        disks[name].free()
        rig.did(f"the disk of {name} has room again")
        if rig.daemons[name].process.poll() is not None:
            rig.start(name)
        rig.await_load(20)


def live(rig, name):
    """Some seconds without room."""
    daemon = rig.daemons[name]
    ended = eventually(lambda: daemon.process.poll() is not None, 5)
    rig.notes[f"{'hub' if name == 'hub' else 'node'} {'ended' if ended else 'went on'}"] += 1
    if not ended:
        return
    judge_end(rig, name)
    if rig.dice.random() < 0.5:
        daemon.start()
        if eventually(lambda: daemon.process.poll() is not None, 1):
            rig.notes["ended again without room"] += 1
            judge_end(rig, name)


def judge_end(rig, name):
    daemon = rig.daemons[name]
    if daemon.process.returncode != 1 or " stopped error=" not in daemon.log() or "disk full" not in daemon.log():
        rig.finds("P10", f"{name} should say that its disk is full and exit with 1: "
                         f"{daemon.process.returncode}, {rig.last_words(name)}")
    rig.did(f"{name} ended for want of room")
