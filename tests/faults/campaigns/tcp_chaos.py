"""Between a node and the hub, the TCP stream is harmed under load: bits flipped, bytes missing, put in or
repeated, cut off, reset, dripped, stalled, and said again on a second connection.

Counts harms, in either direction. Passes where P1 to P10 hold: CURVE notices what was changed, the connection
ends, and the node comes back.
"""
import random

import proxy

NEEDS = ()
COUNT = 18
MERGE = 90
PER_ROUND = 18


def play(rig, faults):
    port = int(rig.made["hub"].rpartition(":")[2])
    proxies = {}
    for member in rig.members:
        proxies[member] = proxy.Proxy(port, random.Random(f"{rig.seed} {member}"))
        rig.cleanup.callback(proxies[member].close)
        rig.edit(f"{member.lower()}/node.toml", "hub", f"tcp://127.0.0.1:{proxies[member].port}")
    rig.start()
    rig.load()
    for number in faults:
        rig.await_load(5)
        member, kind = rig.dice.choice(rig.members), proxy.KINDS[number % len(proxy.KINDS)]
        upwards = rig.dice.random() < 0.5
        proxies[member].arm(kind, upwards)
        if not proxies[member].done.wait(30):
            rig.finds("P7", f"nothing passes between {member} and the hub")
        rig.did(f"{kind} {'from' if upwards else 'to'} {member}")
