"""A peer that keeps to no rule: an enrolled node's key in the hands of somebody else, and bare TCP.

The link's messages (proto/chancery/v1/link.proto) are written by hand here, so that they can be wrong.
"""
import base64
import contextlib
import re
import socket
import struct
import threading
import time

import zmq
from zmq.utils import z85

PART = 1 << 16
RAW_KEY = 32  # The last bytes of a PKCS#8 X25519 key are the secret itself.
POST_SECONDS = 10  # Until the hub takes the next frame.


def secret_key(path):
    text = "".join(line for line in path.read_text().splitlines() if not line.startswith("-"))
    return z85.encode(base64.b64decode(text)[-RAW_KEY:])


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


INSTANCE = bytes(16)  # All connections of this program are of one daemon.


def hello(genesis):
    credits_wanted = field(1, 64) + field(2, 1 << 20)
    return field(1, field(1, 1) + field(2, genesis) + field(6, credits_wanted) + field(7, b"hostile") +
                 field(11, INSTANCE))


def frames(genesis, envelopes):
    """One valid message of each sort."""
    return [hello(genesis), field(2, b"".join(field(1, e) for e in envelopes)), field(2, field(1, envelopes[0])),
            field(3, field(1, 7) + field(2, field(1, 8) + field(2, 4096))), field(4, field(1, 1) + field(2, 3)),
            field(4, field(1, 2)), field(5, field(1, 1) + field(2, 200) + field(3, b"text")), field(6, field(1, 7))]


def requests():
    """One valid request of each sort to a node's local API, without the id that goes before it."""
    notice_id, cursor = bytes(16), field(1, b"reader")
    attempts = field(2, field(1, 1) + field(2, 1)) + field(2, field(1, 2))
    filtered = field(1, b"AM") + field(1, b"KZ") + field(2, b"threat.*") + field(3, 2) + field(5, 1)
    return [field(2, field(1, notice_id) + field(2, b"threat.alert") + field(3, 1) + field(4, 2) +
                  field(6, field(1, b"all") + field(2, 1)) + field(8, field(1, b"subject"))),
            field(3, field(1, notice_id) + field(2, 2) + field(3, 500)),
            field(4, field(4, 3) + field(5, filtered) + field(6, 200)), field(4, field(3, 2)),
            field(4, field(1, 2) + field(2, b"reader") + field(4, 3) + field(7, 1)),
            field(5, cursor + field(2, 2) + field(3, 1) + field(4, field(1, 1) + field(2, 1))),
            field(6, field(1, bytes(4))), field(6, field(3, 9)), field(7, field(2, 2) + field(4, 1)),
            field(8, field(1, notice_id)), field(9, field(1, notice_id)), field(10, b""), field(11, cursor + field(2, 1)),
            field(12, cursor + attempts + field(3, 100) + field(4, 3) + field(6, b"why")), field(13, cursor + field(3, 2)),
            field(14, cursor + attempts), field(14, cursor + field(3, 1))]


def mutate(dice, valid):
    """One of the valid frames, changed in one place or joined to another."""
    data = bytearray(dice.choice(valid))
    at = dice.randrange(len(data))
    kind = dice.randrange(7)
    if kind == 0:
        data[at] ^= 1 << dice.randrange(8)
    elif kind == 1:
        data[at] = dice.choice((0, 1, 0x7f, 0x80, 0xff, dice.randrange(256)))
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        data[at:at] = dice.randbytes(dice.choice((1, 2, 8, 100)))
    elif kind == 4:
        del data[at:at + dice.randint(1, 16)]
    elif kind == 5:
        data[at:at] = varint(dice.choice((1 << 31, 1 << 32, (1 << 64) - 1)))
    else:
        data = data[:at] + dice.choice(valid)[dice.randrange(4):]
    return bytes(data)


def is_pong(message, nonce):
    return message[:1] == field(8, b"")[:1] and message[2:].startswith(field(1, nonce))


class Peer:
    """libzmq as it is, with the transport key of an enrolled node."""

    def __init__(self, endpoint, server_key, secret, routing_id=None, deaf=False, context=None):
        self.own = zmq.Context() if context is None else None
        self.context = context or self.own
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDTIMEO, 1000 * POST_SECONDS)
        self.socket.curve_secretkey, self.socket.curve_publickey = secret, zmq.curve_public(secret)
        self.socket.curve_serverkey = server_key
        if deaf:  # Nothing more is read than fits into one message and little buffers.
            self.socket.setsockopt(zmq.RCVHWM, 1)
            self.socket.setsockopt(zmq.RCVBUF, 1 << 14)
        if routing_id:
            self.socket.setsockopt(zmq.ROUTING_ID, routing_id)
        self.socket.connect(endpoint)

    def send(self, *parts):
        self.socket.send_multipart(parts)

    def pings(self, nonce, genesis, tries=5, patience=2):
        """Whether the hub answers on this connection, greeted anew each time."""
        for _ in range(tries):
            self.send(hello(genesis))
            self.send(field(6, field(1, nonce)))
            end = time.monotonic() + patience
            while (left := end - time.monotonic()) > 0 and self.socket.poll(1000 * left):
                if is_pong(self.socket.recv_multipart()[-1], nonce):
                    return True
        return False

    def is_answered(self, number, patience=10):
        """Whether a node answers a good request under this id, whatever else it has to say first."""
        self.send(field(1, number) + field(10, b""))
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0 and self.socket.poll(1000 * left):
            if self.socket.recv().startswith(field(1, number) + field(9, b"")[:1]):
                return True
        return False

    def close(self):
        self.socket.close(linger=0)
        if self.own:
            self.own.destroy(linger=0)


def connect(address):
    """To a port, or to a socket file."""
    if isinstance(address, tuple):
        return socket.create_connection(address)
    made = socket.socket(socket.AF_UNIX)
    made.connect(address)
    return made


def flood(endpoint, server_key, secret, size):
    """Never returns: as many frames as go, over eight connections with libzmq's heartbeats between them."""
    context = zmq.Context()
    sockets = [context.socket(zmq.DEALER) for _ in range(8)]
    for each in sockets:
        each.setsockopt(zmq.HEARTBEAT_IVL, 1)
        each.setsockopt(zmq.SNDHWM, 50)
        each.curve_secretkey, each.curve_publickey = secret, zmq.curve_public(secret)
        each.curve_serverkey = server_key
        each.connect(endpoint)
    while True:
        for each in sockets:
            with contextlib.suppress(zmq.Again):
                each.send(bytes(size), zmq.DONTWAIT)


class Unfinished:
    """A relay that withholds all that comes after so many bytes: libzmq sends no message before it is whole."""

    def __init__(self, address, limit):
        self.address, self.left = address, limit
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.ends = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            self.ends = [self.listener.accept()[0], connect(self.address)]
            peer, hub = self.ends
            threading.Thread(target=self.pump, args=(hub, peer, False), daemon=True).start()
            self.pump(peer, hub, True)

    def pump(self, source, sink, upwards):
        with contextlib.suppress(OSError):
            while data := source.recv(PART):
                if upwards:
                    data, self.left = data[:self.left], max(0, self.left - len(data))
                sink.sendall(data)
        self.close()

    def close(self):
        for end in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


# Bare TCP. Each takes the hub's address and the dice, and leaves nothing open.

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00"


def greeting(mechanism):
    return GREETING + mechanism.ljust(20, b"\0") + bytes(32)


@contextlib.contextmanager
def connection(address):
    with socket.create_connection(address, timeout=5) as made:
        yield made


def say(address, data, wait=0.3):
    with connection(address) as made, contextlib.suppress(OSError):
        made.sendall(data)
        made.settimeout(wait)
        while made.recv(4096):
            pass


def drip(address, dice):
    """A greeting, a byte at a time, never whole."""
    with connection(address) as made, contextlib.suppress(OSError):
        for byte in greeting(b"CURVE")[:dice.randint(11, 60)]:
            made.sendall(bytes([byte]))
            time.sleep(0.02)


def wrong_mechanism(address, dice):
    for mechanism in (b"NULL", b"PLAIN", b"GSSAPI", b"curve", dice.randbytes(20)):
        say(address, greeting(mechanism) + b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x06DEALER", 0.1)


def old_versions(address, _):
    """ZMTP 1.0 has no greeting, 2.0 a short one; both come without any mechanism."""
    say(address, b"\x01\x00" + b"\x02\x00x")
    say(address, b"\xff" + bytes(7) + b"\x01\x7f\x01\x05\x00\x00" + b"\x00\x05hello")


def giant_frames(address, _):
    """After the greeting, frames that claim to be huge."""
    for size in (1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1):
        say(address, greeting(b"CURVE") + b"\x06" + struct.pack(">Q", size) + bytes(1000), 0.1)


def forged_handshakes(address, dice):
    for _ in range(20):
        say(address, greeting(b"CURVE") + b"\x04\xc8\x05HELLO\x01\x00" + dice.randbytes(192), 0.02)


def garbage(address, dice):
    for size in (1, 10, 64, 1000, 100000):
        say(address, dice.randbytes(size), 0.05)


def silent_crowd(address, _):
    """400 connections that say nothing for a while."""
    with contextlib.ExitStack() as crowd:
        for _ in range(400):
            crowd.enter_context(connection(address))
        time.sleep(1)


RAW = (drip, wrong_mechanism, old_versions, giant_frames, forged_handshakes, garbage, silent_crowd)


def address_of(endpoint):
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return host, int(port)


def node_of(client_config):
    """Endpoint, key and the application's own secret key of a client.toml."""
    values = dict(re.findall(r'^(\w+) = "(.*)"$', client_config.read_text(), re.MULTILINE))
    folder = client_config.parent
    return (f"ipc://{(folder / values['node']).resolve()}", z85.encode(bytes.fromhex(values["node_key"])),
            secret_key(folder / values["key"]))


def hub_of(node_config):
    """(endpoint, server key, genesis) from a node.toml."""
    text = node_config.read_text()
    value = {key: re.search(f'^{key} = "(.*)"$', text, re.M)[1] for key in ("hub", "hub_key", "genesis")}
    return value["hub"], z85.encode(bytes.fromhex(value["hub_key"])), bytes.fromhex(value["genesis"])
