"""kill -9 of an application while it publishes; it asks again with the same notice id.

Counts kills. Passes where P1 to P10 hold: what was acknowledged before is there, and what was asked twice is
one notice.
"""
NEEDS = ()
COUNT = 10
MERGE = 50
PER_ROUND = 25


def play(rig, faults):
    rig.start()
    rig.load(pace=0.002, retry=1.0)
    rig.await_load(10)
    for _ in faults:
        rig.pause_for(0.02, 0.2)
        submitter = rig.dice.choice(rig.submitters)
        submitter.kill()
        rig.did(f"kill -9 of the application of {submitter.origin}")
