"""The power of the hub's machine or of a node's fails under load: what was not synced is gone from its disk.

The store is on an ext4 of its own, which is shut down without a flush; then it is mounted again, and the
daemon starts. Counts cuts. Passes where P1 to P10 hold: what was acknowledged was synced before.
"""
import signal

NEEDS = ("root", "loop devices")
COUNT = 6
MERGE = 30
PER_ROUND = 6


def play(rig, faults):
    victims = ("hub", rig.members[0])
    disks = {name: rig.disk(name) for name in victims}
    rig.start()
    rig.load()
    rig.await_load(10)
    for _ in faults:
        rig.pause_for(0.1, 0.7)
        name = rig.dice.choice(victims)
        rig.check_alive(name)
        rig.daemons[name].process.send_signal(signal.SIGSTOP)
        disks[name].cut_power()
        rig.daemons[name].end()
        disks[name].unmount()
        disks[name].mount()
        rig.did(f"power cut at {name}")
        rig.start(name)
