"""kill -9 of one node at any moment under load, of applications and of the link; then it is started again.

Counts kills. Passes where P1 to P10 hold: a ticket is in the outbox, nothing enters an inbox twice, and
no cursor that was moved moves back.
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
        name = rig.dice.choice(rig.members)
        rig.kill(name)
        rig.start(name, wait=rig.dice.random() < 0.7)
        if rig.dice.random() < 0.5:
            rig.read_cursor(rig.dice.choice(rig.members))
