"""The hub or a node stands still for 1 to 25 s under load (SIGSTOP), as a machine that swaps or is moved.

Counts pauses. Passes where P1 to P10 hold: over 15 s its peers leave it, nobody takes that for a loss, and no
pause ends a process.
"""
NEEDS = ()
COUNT = 2
MERGE = 10
PER_ROUND = 2


def play(rig, faults):
    rig.start()
    rig.load()
    for _ in faults:
        rig.await_load(20)
        rig.pause(rig.dice.choice(list(rig.daemons)), rig.dice.uniform(1, 25))
