#!/usr/bin/env python3
"""A node's witness over HTTP, as a C2SP log client asks it: POST /add-checkpoint of tlog-witness. What an outsider sends changes nothing
but what was cosigned, and the exchange goes on meanwhile."""
import base64
import hashlib
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually, free_port  # noqa: E402

BODY_MAX = 96 << 10
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")
EMPTY_ROOT = hashlib.sha256().digest()


def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


class Outside(Trial):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        config = self.path("kg/outside.toml")
        config.write_text(self.path("kg/node.toml").read_text() + f'\n[witness]\nlisten = "127.0.0.1:{self.port}"\n')
        self.nodes["KG"] = self.daemon("chancery-node", "kg/outside.toml")
        # Three of six are no quorum, so no round of the hub asks for anything.
        self.start("AM", "BY", "KG")
        self.assertTrue(self.nodes["KG"].says(" ready "), self.nodes["KG"].log())

    # The client's side: the log as an export of the node has it, signed by the log's key.
    def export(self):
        folder = self.folder / f"export{time.monotonic_ns()}"
        made = chancery("audit", "export", folder, "KG", "--exchange", self.exchange, "--json")
        self.assertEqual(made.code, 0, made)
        return folder, (folder / "checkpoint").read_text()

    def leaf_hashes(self, folder):
        tiles = sorted((folder / "tile/0").rglob("*"))
        hashes = b"".join(path.read_bytes() for path in tiles if path.is_file())
        return [hashes[i:i + 32] for i in range(0, len(hashes), 32)]

    def root(self, leaves):
        if len(leaves) < 2:
            return leaves[0] if leaves else EMPTY_ROOT
        k = 1 << ((len(leaves) - 1).bit_length() - 1)
        return hashlib.sha256(b"\x01" + self.root(leaves[:k]) + self.root(leaves[k:])).digest()

    def consistency(self, leaves, old, known=True):
        """RFC 6962 2.1.2."""
        if old == len(leaves):
            return [] if known else [self.root(leaves)]
        k = 1 << ((len(leaves) - 1).bit_length() - 1)
        if old <= k:
            return self.consistency(leaves[:k], old, known) + [self.root(leaves[k:])]
        return self.consistency(leaves[k:], old - k, False) + [self.root(leaves[:k])]

    def sign(self, message, key):
        """By openssl, with the private key in this file."""
        text = self.folder / "message"
        text.write_bytes(message)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text], check=True,
                              capture_output=True).stdout

    def public(self, key):
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.assertTrue(der.startswith(SPKI_ED25519))
        return der[len(SPKI_ED25519):]

    def note(self, origin, size, root, key):
        body = f"{origin}\n{size}\n{b64(root)}\n"
        line = key_id(origin, 1, self.public(key)) + self.sign(body.encode(), key)
        return f"{body}\n\u2014 {origin} {b64(line)}\n"

    def request(self, old, proof, checkpoint):
        return (f"old {old}\n" + "".join(b64(node) + "\n" for node in proof) + "\n" + checkpoint).encode()

    def post(self, body, path="/add-checkpoint", method="POST"):
        """Status, content type, text."""
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=20) as response:
                return response.status, response.headers["Content-Type"], response.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Content-Type"], refused.read().decode()

    def state(self):
        status = self.status("KG").json
        self.assertIsNone(status["alarm"])
        self.assertEqual(status["witness"]["fault"], "")
        return status["witness"]["size"]

    def assert_cosignature(self, line, checkpoint):
        """cosignature/v1 of KG's witness over this checkpoint, by openssl."""
        body = checkpoint.partition("\n\n")[0] + "\n"
        origin = body.splitlines()[0]
        dash, name, payload = line.rstrip("\n").split(" ")
        self.assertEqual((dash, name), ("\u2014", f"{origin}/KG"))
        data = base64.b64decode(payload, validate=True)
        key = self.path("kg/keys/witness.pem")
        public = self.public(key)
        self.assertEqual((len(data), data[:4]), (76, key_id(name, 4, public)))
        message = f"cosignature/v1\ntime {int.from_bytes(data[4:12], 'big')}\n{body}".encode()
        for name, content in (("message", message), ("signature", data[12:]), ("public", SPKI_ED25519 + public)):
            (self.folder / name).write_bytes(content)
        subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", self.folder / "public", "-in",
                        self.folder / "message", "-sigfile", self.folder / "signature"], check=True, capture_output=True)
        return int.from_bytes(data[4:12], "big")

    def test_a_log_client_is_answered_as_the_specification_says(self):
        _, first = self.export()
        origin, size = first.splitlines()[0], int(first.splitlines()[1])
        log_key, other_key = self.path("hub/keys/log.pem"), self.path("am/keys/signing.pem")

        # First contact: the size is asked for, and then the whole log is handed in.
        self.assertEqual(self.post(self.request(size, [], first)), (409, "text/x.tlog.size", "0\n"))
        root = base64.b64decode(first.splitlines()[2])
        for body, status in ((b"nonsense", 400), (b"", 400), (b"\xff" * 5000, 400), (b"old 0\n" * 70, 400),
                             (self.request(0, [], self.note("example.org/other", size, root, log_key)), 404),
                             (self.request(0, [], self.note(origin, size, root, other_key)), 403),
                             (self.request(size + 1, [], first), 400),
                             (self.request(0, [root], first), 422),
                             (self.request(0, [], self.note(origin, size, EMPTY_ROOT, log_key)), 422)):
            self.assertEqual(self.post(body)[0], status, body)
        self.assertEqual(self.state(), 0, "nothing of that was cosigned, nor an alarm")
        status, kind, line = self.post(self.request(0, [], first))
        self.assertEqual((status, kind), (200, "text/plain; charset=utf-8"), line)
        self.assert_cosignature(line, first)
        self.assertEqual(self.state(), size)
        self.assertEqual(self.post(self.request(size, [], first))[0], 200)

        # The log grows, and is handed in with a proof.
        for number in range(3):
            self.assertEqual(self.publish("AM", f"number {number}").code, 0)
        self.assertTrue(eventually(lambda: self.status("KG").json["log"]["size"] >= size + 3))
        folder, second = self.export()
        leaves = self.leaf_hashes(folder)
        self.assertEqual(len(leaves), int(second.splitlines()[1]))
        proof = self.consistency(leaves, size)
        self.assertEqual(self.post(self.request(size, proof[:-1], second))[0], 422)
        self.assertEqual(self.post(self.request(size, [*proof[:-1], EMPTY_ROOT], second))[0], 422)
        self.assertEqual(self.post(self.request(0, [], second)), (409, "text/x.tlog.size", f"{size}\n"))
        status, _, line = self.post(self.request(size, proof, second))
        self.assertEqual(status, 200, line)
        self.assert_cosignature(line, second)
        self.assertEqual(self.state(), len(leaves))
        self.assertEqual(self.post(self.request(size, proof, second)), (409, "text/x.tlog.size", f"{len(leaves)}\n"))

        # It is remembered, and the hub's rounds go on from there.
        self.assertEqual(self.nodes["KG"].stop(), 0)
        self.start_node("KG")
        self.assertEqual(self.post(self.request(0, [], first)), (409, "text/x.tlog.size", f"{len(leaves)}\n"))
        self.start_node("KZ")
        self.assertTrue(eventually(lambda: self.status("hub").json["cosigned"]["size"] > len(leaves) - 1))
        self.assertGreaterEqual(self.state(), len(leaves))
        self.assertGreater(self.status("KG").json["witness"]["outside"]["answered"], 0)

    def assert_cut_while_dripping(self):
        """A byte each twentieth of a second, which would take most of a minute."""
        with socket.create_connection(("127.0.0.1", self.port)) as drip:
            drip.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
            drip.settimeout(0.05)
            for _ in range(1000):
                try:
                    drip.sendall(b"x")
                    if not drip.recv(1000).startswith(b"HTTP/1.1 200 "):
                        return
                except TimeoutError:
                    continue
                except (BrokenPipeError, ConnectionResetError):
                    return
        self.fail("it may go on for as long as it likes")

    def test_what_is_no_request_is_refused_and_delays_nobody(self):
        for body, path, method, status in ((b"x", "/other", "POST", 404), (None, "/add-checkpoint", "GET", 405),
                                           (b"x", "/add-checkpoint", "PUT", 405), (b"x" * (BODY_MAX + 1), "/add-checkpoint", "POST", 413),
                                           (b"x" * BODY_MAX, "/add-checkpoint", "POST", 400), (iter([b"old 0\n"]), "/add-checkpoint", "POST", 411)):
            self.assertEqual(self.post(body, path, method)[0], status, (path, method))
        drips = []
        for _ in range(12):
            drips.append(socket.create_connection(("127.0.0.1", self.port)))
            drips[-1].sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1000\r\n\r\nold")
        try:
            self.assertEqual(self.publish("AM", "Meanwhile").code, 0)
            self.assert_arrives("KG", ["Meanwhile"])
            self.assertEqual(self.publish("KG", "And from there").code, 0)
            self.assert_arrives("BY", ["Meanwhile", "And from there"])
            for drip in drips:
                drip.settimeout(20)
                try:
                    self.assertNotIn(b" 200 ", drip.recv(1000))
                except ConnectionResetError:
                    pass  # Closed for those that came later.
        finally:
            for drip in drips:
                drip.close()
        self.assert_cut_while_dripping()
        _, checkpoint = self.export()
        self.assertEqual(self.post(self.request(0, [], checkpoint))[0], 200)
        self.assertIsNone(self.nodes["KG"].process.poll())


if __name__ == "__main__":
    trial.main()
