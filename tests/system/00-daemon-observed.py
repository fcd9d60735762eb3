#!/usr/bin/env python3
"""What a daemon tells over HTTP: metrics that are its status and the table in docs/reference/metrics.md, health
that follows the link, and clients that cost the daemon nothing. And its log as JSON, whatever is in it."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, Trial, chancery, eventually, free_port  # noqa: E402

OPEN = "application/openmetrics-text; version=1.0.0"
SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
RUNNING = {"disk.free_bytes",  # Others write to the disk, too.
           "cpu_ms.*"}         # An answer costs some.


def documented(program):
    """The rows of the table, by name."""
    page = (ROOT / "docs/reference/metrics.md").read_text().partition("## Table")[2]
    rows = re.findall(r"^\| `(chancery_%s_\w+)` \| (\w+) \| (\w*) +\| (.*?) \| `(.*?)` \| (.*) \|$" % program, page, re.M)
    return {name: {"type": kind, "unit": unit, "labels": re.findall(r"`(\w+)`", labels), "where": where, "help": text}
            for name, kind, unit, labels, where, text in rows}


def exposed(text):
    """The families of an exposition, by name, and their samples: {labels: value}."""
    families, of = {}, None
    assert text.endswith("# EOF\n"), text[-200:]
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            _, what, name, value = line.split(" ", 3)
            of = families.setdefault(name, {"unit": "", "samples": {}})
            of[what.lower()] = value
            continue
        name, labels, value = SAMPLE.match(line).groups()
        suffix = {"counter": "_total", "info": "_info", "gauge": ""}[of["type"]]
        assert families[name.removesuffix(suffix)] is of, line
        of["samples"][tuple(LABEL.findall(labels or ""))] = float(value)
    return families


def found(status, where, labels):
    """What stands at a place of the status, as {labels: value}; written anew from the page's own words."""
    at = [((), status)]
    for word in where.split("."):
        if word == "*":
            at = [((*names, (labels[0], key)), item) for names, value in at for key, item in value.items()]
        elif word.endswith("[]"):
            at = [(tuple((label, item[label]) for label in labels), item) for _, value in at for item in value[word[:-2]]]
        else:
            at = [(names, value[word]) for names, value in at if word in value]
    return dict(at)


def expected(status, name, row):
    values = found(status, row["where"], row["labels"])
    if name.endswith("_timestamp_seconds"):
        return {names: value / 1000 for names, value in values.items()}
    if row["type"] == "info":
        return {((row["labels"][0], value),): 1 for value in values.values()}
    if name.endswith(("_alarm", "_backup_running")):
        return {names: float(value is not None) for names, value in values.items()}
    return {names: len(value) if isinstance(value, list) else value for names, value in values.items()}


class Observed(Trial):
    def setUp(self):
        super().setUp()
        self.ports = {}
        for name in ("hub", "am"):
            self.ports[name] = free_port()
            config = self.path(name, "hub.toml" if name == "hub" else "node.toml")
            config.write_text(config.read_text() + f'\n[http]\nlisten = "127.0.0.1:{self.ports[name]}"\n')

    def ask(self, name, path, method="GET", **headers):
        """Status and text."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[name]}{path}", headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def families(self, name):
        status, text = self.ask(name, "/metrics", Accept=OPEN)
        self.assertEqual(status, 200, text)
        return exposed(text)

    def total(self, name, family):
        return self.families(name)[family]["samples"][()]

    def test_metrics_are_the_documented_ones_and_the_status(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "one").code, 0)
        self.assert_arrives("BY", ["one"])
        for name, program in (("hub", "hub"), ("am", "node")):
            table = documented(program)
            families = self.families(name)
            self.assertEqual(list(families), list(table))
            for family, row in table.items():
                told = families[family]
                self.assertEqual((told["type"], told["unit"], told["help"]), (row["type"], row["unit"], row["help"]))
                words = {label for labels in told["samples"] for label, _ in labels}
                self.assertLessEqual(words, set(row["labels"]), family)

            def differing():
                status = self.status(name if name == "hub" else "AM").json
                status["queues"]["admin"]["items"] -= 1  # Whoever asks for the status.
                families = self.families(name)
                return [(family, families[family]["samples"], expected(status, family, row))
                        for family, row in table.items()
                        if row["where"] not in RUNNING and not family.endswith(("_disk_level", "_hub_link"))
                        and families[family]["samples"] != expected(status, family, row)]
            self.assertTrue(eventually(lambda: not differing()), differing())
            self.assertEqual(families[f"chancery_{program}_disk_level"]["samples"][(("level", self.status(
                name if name == "hub" else "AM").json["disk"]["level"]),)], 1)
        used = self.families("hub")["chancery_hub_cpu_seconds"]["samples"]
        self.assertEqual({labels[0][0] for labels in used}, {"stage"})
        for labels, seconds in used.items():
            self.assertGreater(seconds, 0, labels)
            self.assertLessEqual(seconds * 1000, self.status("hub").json["cpu_ms"][labels[0][1]] + 1e-6, labels)
        self.assertEqual(self.families("am")["chancery_node_hub_link"]["samples"],
                         {(("state", state),): float(state == "up") for state in ("down", "greeting", "up", "alarm")})

    def test_counters_move_and_promtool_has_no_complaint(self):
        self.start("AM")
        before = self.total("hub", "chancery_hub_notices_accepted")
        for number in range(3):
            self.assertEqual(self.publish("AM", f"number {number}").code, 0)
        self.assertTrue(eventually(lambda: self.total("hub", "chancery_hub_notices_accepted") == before + 3))
        logged = (("state", "logged"),)
        self.assertTrue(eventually(
            lambda: self.families("am")["chancery_node_outbox_notices"]["samples"][logged] == 3))
        for name in self.ports:
            status, text = self.ask(name, "/metrics")
            self.assertEqual(status, 200)
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_health_follows_the_link(self):
        self.start("AM")
        for name in self.ports:
            self.assertTrue(eventually(lambda: self.ask(name, "/healthz/ready") == (200, "ok\n")))
            self.assertEqual(self.ask(name, "/healthz/live"), (200, "ok\n"))
            self.assertEqual(self.ask(name, "/healthz"), (200, "ok\n"))
        self.hub.stop(signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.ask("am", "/healthz/ready")[0] == 503))
        self.assertRegex(self.ask("am", "/healthz/ready")[1], r"^the link to the hub is \w+\n$")
        self.assertEqual(self.ask("am", "/healthz")[0], 503)
        self.assertEqual(self.ask("am", "/healthz/live"), (200, "ok\n"))
        self.hub.start()
        self.assertTrue(eventually(lambda: self.ask("am", "/healthz/ready")[0] == 200))

    def test_clients_of_http_delay_nobody(self):
        self.start("AM", "BY")
        dripping = []
        for port in self.ports.values():
            for _ in range(400):
                self.addCleanup(socket.create_connection(("127.0.0.1", port)).close)
            client = socket.create_connection(("127.0.0.1", port))
            self.addCleanup(client.close)
            client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            dripping.append(client)
        self.assertEqual(self.publish("AM", "past the crowd").code, 0)
        for name in self.ports:
            self.assertEqual(self.ask(name, "/metrics")[0], 200)
        self.assert_arrives("BY", ["past the crowd"])
        for client in dripping:
            self.assertTrue(eventually(lambda: self.is_closed_to(client)))

    @staticmethod
    def is_closed_to(client):
        """After one more byte; in the end it is, however much it drips."""
        try:
            client.sendall(b"x")
            return client.recv(4096, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def test_hostile_requests_are_refused(self):
        self.start("AM")
        for name, port in self.ports.items():
            self.assertEqual(self.ask(name, "/")[0], 404)
            self.assertEqual(self.ask(name, "/metrics/../healthz")[0], 404)
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                self.assertEqual(self.ask(name, "/metrics", method=method)[0], 405)
            for hostile in (b"\0" * 4000, b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 4000, b"GET " + b"/" * 100000,
                            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n" * 3000,
                            b"GET /metrics HTTP/1.1\r\nRange: bytes=" + b"0-1," * 900 + b"\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", port)) as client:
                    try:
                        client.sendall(hostile)
                        client.shutdown(socket.SHUT_WR)
                        client.recv(65536)
                    except OSError:
                        pass  # It closed before it had read all.
            self.assertEqual(self.ask(name, "/healthz"), (200, "ok\n"))
        self.assertEqual(self.publish("AM", "after all that").code, 0)

    def test_each_line_of_the_log_is_json_whatever_it_is_about(self):
        self.hub.words = ("--log-json", "--log-level", "debug")
        self.hub.start()
        self.assertTrue(self.hub.says('"event":"ready"'), self.hub.log())
        self.assertEqual(self.hub.stop(), 0)
        hostile = b"hub/a\n\x1b[2J\r\x07\xe2\x80\xae\xff\",\"event\":\"ready\".toml"
        os.symlink(os.fsencode(self.path("hub/hub.toml")), os.fsencode(self.exchange) + b"/" + hostile)
        checked = self.daemon("chancery-broker", os.fsdecode(hostile))
        checked.words = ("--log-json", "--check")
        self.assertEqual(checked.start().wait(), 0)
        lines = checked.log_path.read_bytes().split(b"\n")
        self.assertEqual(lines.pop(), b"")
        seen = []
        for line in lines:
            self.assertFalse(any(byte < 0x20 or byte == 0x7f for byte in line), line)
            self.assertNotIn("\u202e", line.decode())  # It is UTF-8, too.
            pairs = json.loads(line, object_pairs_hook=list)
            names = [name for name, _ in pairs]
            self.assertEqual(names[:4], ["time", "level", "program", "event"])
            self.assertEqual(len(names), len(set(names)), line)
            seen.append(dict(pairs))
        self.assertEqual([line["event"] for line in seen if line["event"] in ("ready", "config-good")],
                         ["ready", "config-good"])
        self.assertIn('a\n\x1b[2J\r\x07\u202e\ufffd","event":"ready".toml', seen[-1]["file"])
        for line in seen:
            self.assertIn(line["level"], ("DEBUG", "INFO", "WARN", "ERROR"))

    def test_a_text_in_the_status_does_nothing_to_a_terminal(self):
        self.edit("am/node.toml", r'^local = .*', r'local = "lo\\u001B[31m\\u202Ecal.sock"')
        self.start("AM")
        shown = chancery("status", "--exchange", self.exchange, "AM")
        self.assertEqual(shown.code, 0, shown)
        self.assertIn("cal.sock", shown.out)
        for character in "\x1b\u202e":
            self.assertNotIn(character, shown.out)

    def test_an_address_that_cannot_be_is_refused(self):
        self.edit("am/node.toml", r"^listen = .*", 'listen = "0.0.0.0:9465"')
        node = self.daemon("chancery-node", "am/node.toml")
        node.words = ("--check",)
        self.assertEqual(node.start().wait(), 1)
        self.assertIn("config-invalid", node.log())
        self.assertIn("reverse proxy", node.log())
        with socket.create_server(("127.0.0.1", self.ports["hub"])):
            self.hub.start()
            self.assertEqual(self.hub.wait(), 1)
            self.assertIn("address-in-use", self.hub.log())


if __name__ == "__main__":
    trial.main()
