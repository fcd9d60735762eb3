"""An enrolled peer sends the hub frames with an error in each, messages without end, under others' names; an
application that may read sends its node as many such requests; and strangers talk to the hub's port: dripped, forged,
old and giant greetings, garbage, 400 who say nothing.

Counts changed frames; each round has all of the rest once. Passes where meanwhile the others publish and
receive, hub and node answer the next good frame, their memory stays under the bound, the hub's descriptors come
back, and P1 to P10 hold.
"""
import pathlib

import needs
from trial import eventually

if not needs.missing(["python3-zmq"]):
    import hostile

NEEDS = ("python3-zmq",)
COUNT = 1000
MERGE = 10000
PER_ROUND = 2500

VILLAIN = "RU"  # Enrolled; its node is stopped, and somebody else has its keys.
RIG = {"members": ("AM", "BY", "KZ", VILLAIN)}
HOST = "BY"  # Of whose node somebody has an application that reads: publishing is for the load alone.
STRIDE = 50  # Changed frames between two good ones.
UNFINISHED = 12 << 20  # Bytes; the hub lets 8 MiB of one message come.


def play(rig, faults):
    rig.start()
    envelopes = some_envelopes(rig)
    rig.members = tuple(member for member in rig.members if member != VILLAIN)
    rig.kill(VILLAIN)
    del rig.daemons[VILLAIN]
    rig.load()
    rig.await_load(10)
    config = rig.exchange / VILLAIN.lower()
    endpoint, server_key, genesis = hostile.hub_of(config / "node.toml")
    villain = (endpoint, server_key, hostile.secret_key(config / "keys/transport.pem"))
    descriptors = count_descriptors(rig)
    change_frames(rig, villain, hostile.frames(genesis, envelopes), genesis, len(faults))
    change_requests(rig, len(faults))
    endless_messages(rig, villain)
    claimed_names(rig, villain, genesis)
    for attack in hostile.RAW:
        attack(hostile.address_of(endpoint), rig.dice)
        goes_on(rig, attack.__doc__ or attack.__name__)
    if not eventually(lambda: count_descriptors(rig) <= descriptors, 30):
        rig.finds("P10", f"the hub has {count_descriptors(rig)} descriptors open, {descriptors} before")


def some_envelopes(rig):
    """That were logged: good in every way, and known."""
    found = []
    for number in range(3):
        answer = rig.ask("publish", "--as", VILLAIN, "--to", "TJ", "--kind", "threat.alert", "--subject", f"good {number}",
                         "--content", '{"category": "THREAT_CATEGORY_OTHER", "summary": "Text"}')
        shown = rig.ask("show", "--as", VILLAIN, answer.json["id"])
        found.append(bytes.fromhex(shown.json["envelope"]))
    rig.founding += len(found)  # Nobody here receives them.
    return found


def count_descriptors(rig):
    return len(list(pathlib.Path(f"/proc/{rig.daemons['hub'].process.pid}/fd").iterdir()))


def goes_on(rig, what):
    """The others publish and receive."""
    if not rig.await_load(3, 30):
        rig.finds("P7", f"nobody else can publish: {what}")
    rig.check_alive("hub")
    rig.did(what)


def change_frames(rig, villain, valid, genesis, count):
    peer = hostile.Peer(*villain)
    try:
        for number in range(count):
            peer.send(hostile.mutate(rig.dice, valid))
            if number % STRIDE == STRIDE - 1 and not peer.pings(number, genesis):
                rig.finds("P10", f"the hub does not answer after changed frame {number}")
            if number % (10 * STRIDE) == 0:
                goes_on(rig, f"changed frame {number}")
    finally:
        peer.close()


def change_requests(rig, count):
    added = rig.ask("app add", "--as", HOST, "villain", "--read", "*")
    if added.code != 0:
        raise AssertionError(added)
    peer = hostile.Peer(*hostile.node_of(rig.exchange / HOST.lower() / "apps/villain/client.toml"))
    valid = hostile.requests()
    try:
        for number in range(1, count + 1):
            peer.send(hostile.mutate(rig.dice, [hostile.field(1, number) + request for request in valid]))
            if number % STRIDE == 0 and not peer.is_answered(number):
                rig.finds("P10", f"the node of {HOST} does not answer after changed request {number}")
            if number % (10 * STRIDE) == 0:
                goes_on(rig, f"changed request {number}")
    finally:
        peer.close()
    rig.check_alive(HOST)


def endless_messages(rig, villain):
    """Parts of 64 KiB, and empty ones, of a message that does not end. The hub cuts the connection."""
    for part, count in ((bytes(hostile.PART), 300), (b"", 500_000)):
        cut = rig.status("hub")["counters"]["connections_undelivered"]
        relay = hostile.Unfinished(hostile.address_of(villain[0]), UNFINISHED)
        peer = hostile.Peer(relay.endpoint, *villain[1:])
        try:
            peer.send(*[part] * count)
            if not eventually(lambda: rig.status("hub")["counters"]["connections_undelivered"] > cut, 20):
                rig.finds("P9", f"the hub takes {UNFINISHED} bytes of one message, in parts of {len(part)}")
        finally:
            goes_on(rig, f"{UNFINISHED} bytes of a message that does not end, in parts of {len(part)}")
            peer.close()
            relay.close()


def claimed_names(rig, villain, genesis):
    """Under routing ids that others might have. The hub drops what comes so, and others lose nothing."""
    for name in (b"AM", b"BY", rig.dice.randbytes(5).replace(b"\0", b"x", 1), b"x" * 255):
        peer = hostile.Peer(*villain, routing_id=name)
        try:
            if peer.pings(1, genesis, tries=1, patience=1):
                rig.finds("P5", f"the hub answers a peer that calls itself {name!r}")
        finally:
            peer.close()
        goes_on(rig, "a claimed routing id")
