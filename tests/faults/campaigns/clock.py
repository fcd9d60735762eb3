"""The clock of the hub or of a node jumps under load: by a second, an hour, nine years, to and fro, into 2038.

Each daemon has its own clock (libfaketime); the monotonic one goes on as it is. Counts jumps. Passes where
P1 to P10 hold: order, repetition and what is in step do not hang on the time of day. A start believes its
clock: it is not in 2038 then, since a hub and a node that both are would erase bodies of ten years.
"""
import time

import needs

NEEDS = ("libfaketime",)
COUNT = 10
MERGE = 50
PER_ROUND = 10

HOUR, YEAR = 3600, 31557600
JUMPS = (1, -1, HOUR, -HOUR, 9 * YEAR, -9 * YEAR, 0)
END_OF_32_BITS = 1 << 31


def play(rig, faults):
    for name, daemon in rig.daemons.items():
        set_clock(rig, name, 0)
        daemon.env = {"LD_PRELOAD": str(needs.FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(rig.folder / f"{name}.clock"),
                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        daemon.words = ("--trust-clock",)  # A start asks for a clock that is not far behind the store.
    rig.start()
    rig.load()
    for _ in faults:
        rig.await_load(15)
        name = rig.dice.choice(list(rig.daemons))
        set_clock(rig, name, rig.dice.choice((*JUMPS, END_OF_32_BITS - int(time.time()) - 1)))
        if rig.dice.random() < 0.2:
            rig.kill(name)
            set_clock(rig, name, rig.dice.choice(JUMPS))
            rig.start(name)


def set_clock(rig, name, offset):
    """Seconds from the true time."""
    new = rig.folder / f"{name}.clock.new"
    new.write_text(f"{offset:+d}\n")
    new.rename(rig.folder / f"{name}.clock")
    rig.did(f"the clock of {name} is {offset:+d} s off")
