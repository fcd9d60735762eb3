"""The k-th fsync of the hub or of a node fails once, under load: EIO, as from a dying disk.

What was to be written is then on no disk, though a second fsync would succeed. So the process must end by
itself, with an error, and acknowledge nothing of it. Counts errors. Passes where it does, and after a new
start P1 to P10 hold.
"""
import tracing

NEEDS = ("root", "strace")
COUNT = 5
MERGE = 20
PER_ROUND = 5


def play(rig, faults):
    rig.start()
    rig.load()
    rig.await_load(10)
    for number in faults:
        name = rig.dice.choice(list(rig.daemons))
        daemon, nth = rig.daemons[name], rig.dice.randint(1, 40)
        with tracing.Strace(daemon, tracing.SYNC_CALLS, f"{tracing.SYNC_CALLS}:error=EIO:when={nth}", rig.folder / f"strace-{number}"):
            code = daemon.wait(30)
        rig.did(f"fsync {nth} of {name} failed")
        if code is None:
            rig.finds("P10", f"{name} goes on after fsync {nth} failed")
        elif code != 1 or "stopped error=io" not in daemon.log():
            rig.finds("P10", f"{name} should say io and exit with 1, and did {code}: {rig.last_words(name)}")
        rig.start(name)
        rig.await_load(5)
