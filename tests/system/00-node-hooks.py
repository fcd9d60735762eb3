#!/usr/bin/env python3
"""Hooks of a node: what is overdue, and that it is over, told to commands and to servers on loopback, honest and otherwise."""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, Trial, chancery, eventually  # noqa: E402

SECRET = bytes(range(256)) + b"\n"  # Any bytes are a secret, the last line end too.


class Receiver(http.server.BaseHTTPRequestHandler):
    """A server that does with an event what its path says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), body))
        times = sum(path == self.path for path, _, _ in self.server.heard)
        if self.path == "/endless" and times == 1:
            return self.endless()
        self.send_response({"/moved": 302, "/flaky?a=b%20c": 503 if times == 1 else 204}.get(self.path, 200))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"x" * 100_000)

    def endless(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 ")
            while True:
                self.wfile.write(b"y" * (1 << 20))
        except OSError:
            pass  # It hung up.

    def log_message(self, *words):
        pass


class Hooks(Trial):
    def serve(self, context=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        server.heard, server.daemon_threads = [], True
        server.handle_error = lambda *words: None  # Clients that leave in the handshake.
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def self_signed(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=pager", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key,
                        "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate

    def script(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return json.dumps([str(path)])

    def hooks(self):
        return self.status("AM").json["hooks"]

    def assert_comes(self, name, **expected):
        self.assertTrue(eventually(lambda: expected.items() <= self.hooks()[name].items()), (name, self.hooks()[name]))

    def heard(self, server, path):
        return [(headers, body) for at, headers, body in server.heard if at == path]

    def test_what_is_overdue_is_told_and_that_it_is_over(self):
        node, config = self.node_of("AM"), self.path("am/node.toml")
        self.start("AM")
        self.assertTrue(node.says(" ready "), node.log())
        self.assertEqual(self.hub.stop(), 0)
        self.assertEqual(self.publish("AM", "x", "--precedence", "immediate", "--wait", "queued").code, 0)
        config.write_text(config.read_text() + "\n[overdue]\nurgent_logged_seconds = 1\n")
        node.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.status("AM").json["overdue"]), node.log())

        context, certificate = self.self_signed()
        plain, secure = self.serve(), self.serve(context)
        at, safe = f"http://127.0.0.1:{plain.server_port}", f"https://127.0.0.1:{secure.server_port}"
        secret = self.path("am/keys/hook.secret")
        secret.write_bytes(SECRET)
        secret.chmod(0o600)
        told, hanging = self.folder / "told", self.folder / "hanging"
        hooks = {
            "duty": f"command = {self.script('duty', f'cat >> {told}; echo >> {told}')}",
            "flaky": f'url = "{at}/flaky?a=b%20c"\nsecret = "keys/hook.secret"',
            "retried": f"command = {self.script('retried', f'test -e {told}.2 || {{ touch {told}.2; echo not yet >&2; exit 9; }}')}",
            "hangs": f"command = {self.script('hangs', f'sleep 300 & echo $! > {hanging}; wait')}\ntimeout_seconds = 600",
            "moved": f'url = "{at}/moved"',
            "safe": f'url = "{safe}/safe"\nca = "{certificate}"',
            "stranger": f'url = "{safe}/stranger"',
            "another": f'url = "https://localhost:{secure.server_port}/another"\nca = "{certificate}"',
            "other": f'url = "{at}/other"\non = ["delivered", "acknowledged", "cosigned"]',
            "gone": 'command = ["/nonexistent/page"]',
        }
        if "CHANCERY_SANITIZED" not in os.environ:  # Where memory has no bound.
            hooks["endless"] = f'url = "{at}/endless"'
        tables = "".join(f'\n[[hook]]\nname = "{name}"\n{keys}\n' for name, keys in hooks.items())
        config.write_text(config.read_text() + tables)
        node.process.send_signal(signal.SIGHUP)

        # It was overdue when they came, and is told to each of them.
        for name in ("duty", "safe"):
            self.assert_comes(name, told=1, failed=0, waiting=0, last_error="")
        for name, why in (("moved", "status 302"), ("stranger", "the certificate is not of this host"),
                          ("another", "the certificate is not of this host"), ("gone", "file-missing")):
            self.assertTrue(eventually(lambda: self.hooks()[name]["failed"]), name)
            self.assertTrue(self.hooks()[name]["last_error"].startswith(why), self.hooks()[name])
            self.assert_comes(name, told=0, waiting=1)
        self.assertEqual(self.heard(plain, "/elsewhere"), [])
        self.assertEqual([path for path, _, _ in secure.heard], ["/safe"])
        if "endless" in hooks:
            self.assert_comes("endless", failed=1)
            self.assertRegex(node.log(), r'hook-failed hook=endless .*detail="the answer is no use')
        self.assertRegex(node.log(), r"WARN hook-failed hook=gone .*remedy=")

        # What failed is told again, the same event.
        self.assert_comes("flaky", told=1, failed=1, waiting=0, last_error="")
        self.assert_comes("retried", told=1, failed=1)
        attempts = self.heard(plain, "/flaky?a=b%20c")
        self.assertEqual(attempts[0][1], attempts[1][1])
        document = json.loads(attempts[0][1])
        status = self.status("AM").json
        overdue = status["overdue"][0]
        self.assertEqual({key: document[key] for key in overdue}, overdue)
        self.assertEqual((document["event"], document["member"], document["genesis"]), ("overdue", "AM", status["genesis"]))
        self.verify(*attempts[0], secret)

        # The hub is back: it is over.
        self.hub.start()
        self.start_quorum()
        self.assertTrue(eventually(lambda: self.hooks()["duty"]["told"] == 2, 30), node.log())
        overdue, over = map(json.loads, told.read_text().splitlines())
        self.assertEqual((overdue["event"], over["event"]), ("overdue", "over"))
        self.assertEqual({key: over[key] for key in ("what", "urgent", "since_ms")},
                         {"what": "logged", "urgent": True, "since_ms": overdue["since_ms"]})
        self.assert_comes("flaky", told=2)
        self.assert_comes("gone", waiting=0)  # Nobody heard of it.
        self.assertEqual(self.hooks()["other"], {"told": 0, "failed": 0, "waiting": 0, "last_error": ""})
        self.assertRegex(node.log(), r"INFO hook-told hook=duty told=over what=logged")
        self.assertRegex(node.log(), r"reloaded changed=hook\b")

        # A command that hangs ends with its node.
        self.assertTrue(eventually(hanging.exists))
        self.assertEqual(node.stop(), 0, node.log())
        child = pathlib.Path(f"/proc/{int(hanging.read_text())}/stat")
        self.assertTrue(eventually(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"))

    def verify(self, headers, body, secret):
        """By Python, and by the line of the page."""
        self.assertEqual(headers["Content-Type"], "application/json")
        signature = headers["Chancery-Signature"]
        self.assertEqual(signature, "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest())
        page = (ROOT / "docs/operating/hooks.md").read_text()
        line = re.search(r"^openssl dgst .*$", page, re.M)[0]
        (self.folder / "body.json").write_bytes(body)
        (self.folder / "hook.secret").write_bytes(secret.read_bytes())
        said = subprocess.run(line, shell=True, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        self.assertEqual(said.split()[-1], signature.removeprefix("sha256="))

    def test_a_hook_that_cannot_be_told_is_found_by_a_check_and_stops_no_start(self):
        config = self.path("am/node.toml")
        config.write_text(config.read_text() + '\n[[hook]]\nname = "duty"\nurl = "http://127.0.0.1:1"\nsecret = "keys/none"\n')
        checked = subprocess.run([trial.BIN / "chancery-node", "--config", config, "--check"], capture_output=True, text=True,
                                 timeout=50)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertRegex(checked.stderr, "WARN hook-failed hook=duty .*none")
        self.start("AM")
        self.assertRegex(self.hooks()["duty"]["last_error"], "^file-missing: .*none")
        config.write_text(config.read_text().replace("secret =", "secrt ="))
        self.assertEqual(chancery("config", "check", config, "--json").error, "config-unknown-key")


if __name__ == "__main__":
    trial.main()
