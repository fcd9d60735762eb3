"""kill -9 of the hub at any moment under load; then it is started again.

Counts kills. Passes where P1 to P10 hold: above all, what the hub said is logged is in the log.
"""
NEEDS = ()
COUNT = 10
MERGE = 50
PER_ROUND = 10


def play(rig, faults):
    rig.start()
    rig.load()
    rig.await_load(10)
    for _ in faults:
        rig.pause_for(0.05, 0.6)
        rig.kill("hub")
        rig.start("hub", wait=rig.dice.random() < 0.7)  # Or it is killed again while it starts.
        if rig.dice.random() < 0.3:
            rig.read_cursor(rig.dice.choice(rig.members))
