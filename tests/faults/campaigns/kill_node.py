"""kill -9 of one node at any moment under load, of applications and of the link; then it is started again.

Half of the kills come just as an application hears a word of the node: it must be durable by then. Now and then
the hub stands still meanwhile, so that tickets are worth what is in the outbox. Counts kills. Passes where P1 to
P10 hold: a ticket is durable, nothing enters an inbox twice, and no cursor moves back.
"""
import contextlib

NEEDS = ()
COUNT = 10
MERGE = 50
PER_ROUND = 10


def play(rig, faults):
    rig.start()
    rig.load()
    rig.await_load(10)
    for _ in faults:
        rig.pause_for(0.05, 0.4)
        name = rig.dice.choice(rig.members)
        with rig.standing_still("hub") if rig.dice.random() < 0.4 else contextlib.nullcontext():
            rig.pause_for(0.05, 0.2)
            rig.kill(name, at_a_word=rig.dice.random() < 0.5)
        rig.start(name, wait=rig.dice.random() < 0.7)
        if rig.dice.random() < 0.5:
            rig.read_cursor(rig.dice.choice(rig.members))
