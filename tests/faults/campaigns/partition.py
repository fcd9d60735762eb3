"""The network between the hub and some nodes is cut under load: whole, one way, flapping, lossy; then it heals.

Each daemon has a network of its own. Counts cuts, of 0.5 to 22 s. Passes where P1 to P10 hold: a node comes
back by itself, also where only one side knew that the other was gone.
"""
import time

import networks

NEEDS = ("root", "network namespaces")
COUNT = 3
MERGE = 12
PER_ROUND = 3


def play(rig, faults):
    nodes = [name for name in rig.daemons if name != "hub"]
    network = networks.Network(nodes)
    rig.cleanup.callback(network.release)
    rig.edit("hub/hub.toml", "listen", f"tcp://*:{networks.PORT}")
    for member in nodes:
        rig.edit(f"{member.lower()}/node.toml", "hub", network.hub_of(member))
    for name, daemon in rig.daemons.items():
        daemon.prefix = network.prefix(name)
    rig.start()
    rig.load(pace=0.05)
    for _ in faults:
        rig.await_load(20)
        cut = rig.dice.choice((whole, one_way, flapping, lossy))
        members = rig.dice.sample(nodes, rig.dice.randint(1, len(nodes)))
        rig.did(f"cut off {', '.join(members)}: {cut.__name__.replace('_', ' ')}")
        cut(rig, network, members)
        network.heal()
        rig.did("the network is whole")


def a_while(rig):
    """Shorter than the patience of 15 s, or longer: then connections end."""
    rig.pause_for(*rig.dice.choice(((0.5, 5), (17, 22))))


def whole(rig, network, members):
    network.cut(members)
    a_while(rig)


def one_way(rig, network, members):
    to_hub = rig.dice.random() < 0.5
    network.cut(members, to_hub=to_hub, from_hub=not to_hub)
    a_while(rig)


def flapping(rig, network, members):
    end = time.monotonic() + rig.dice.uniform(2, 8)
    while time.monotonic() < end:
        network.cut(members)
        rig.pause_for(0.05, 0.8)
        network.heal()
        rig.pause_for(0.05, 0.8)


def lossy(rig, network, members):
    network.cut(members, share=rig.dice.choice((5, 30)))
    rig.pause_for(2, 8)
