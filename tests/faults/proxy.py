"""A TCP relay that does what bad networks and bad people do to a stream. One for each node."""
import contextlib
import socket
import struct
import threading
import time

SLOW_BUFFER = 1 << 13
RECORDED = 1 << 16  # Bytes of a node kept for a second connection that says the same.


def flip(data, dice):
    """One bit."""
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1:]


def omit(data, dice):
    """Some bytes are missing, and those after them come."""
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randint(1, 40):]


def insert(data, dice):
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.choice((1, 9, 5000))) + data[at:]


def repeat(data, _):
    return data + data


CHANGES = {"flip": flip, "omit": omit, "insert": insert, "repeat": repeat}
KINDS = (*CHANGES, "truncate", "reset", "drip", "stall", "duplicate")


class Proxy:
    """Listens where the node connects, and does to the next bytes that pass what it was armed with."""

    def __init__(self, target_port, dice, down_rate=None):
        """down_rate: bytes a second that pass from the hub; `passed` counts them, and little waits in between."""
        self.target, self.dice = ("127.0.0.1", target_port), dice
        self.down_rate, self.passed = down_rate, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.armed, self.done = None, threading.Event()
        self.sockets = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, kind, upwards):
        """The next bytes towards the hub (or from it) are harmed; `done` is set then."""
        with self.lock:
            self.done.clear()
            self.armed = kind, upwards

    def accept(self):
        with contextlib.suppress(OSError):  # Closed: the end of it.
            while True:
                node, _ = self.listener.accept()
                try:
                    hub = socket.socket()
                    if self.down_rate:
                        hub.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
                    hub.connect(self.target)
                except OSError:
                    node.close()
                    continue
                self.sockets |= {node, hub}
                said = bytearray()
                for source, sink, upwards in ((node, hub, True), (hub, node, False)):
                    threading.Thread(target=self.pump, args=(source, sink, upwards, said), daemon=True).start()

    def pump(self, source, sink, upwards, said):
        with contextlib.suppress(OSError):
            slow = self.down_rate and not upwards
            while data := source.recv(SLOW_BUFFER if slow else 1 << 16):
                if slow:
                    time.sleep(len(data) / self.down_rate)
                    self.passed += len(data)
                if upwards and len(said) < RECORDED:
                    said += data
                with self.lock:
                    kind = self.armed[0] if self.armed and self.armed[1] == upwards else None
                    if kind:
                        self.armed = None
                if kind is None:
                    sink.sendall(data)
                elif not self.harm(kind, data, source, sink, bytes(said)):
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def harm(self, kind, data, source, sink, said):
        """False where the connection ends with it."""
        try:
            if kind in CHANGES:
                sink.sendall(CHANGES[kind](data, self.dice))
            elif kind == "truncate":
                sink.sendall(data[:self.dice.randrange(len(data))])
                return False
            elif kind == "reset":
                for end in (source, sink):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.close()
                return False
            elif kind == "drip":
                for at in range(min(len(data), 1000)):
                    sink.sendall(data[at:at + 1])
                    time.sleep(0.002)
                sink.sendall(data[1000:])
            elif kind == "stall":
                time.sleep(self.dice.uniform(1, 8))
                sink.sendall(data)
            elif kind == "duplicate":
                sink.sendall(data)
                with socket.create_connection(self.target) as again:
                    again.sendall(said)
                    time.sleep(0.2)
            return True
        finally:
            self.done.set()

    def close(self):
        for end in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
