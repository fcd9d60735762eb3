#!/usr/bin/env python3
"""Hub and nodes that go and come back: what an application was told is queued or logged stays so.
Protocol chapter 10."""
import contextlib
import pathlib
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402


class Relay:
    """Between a node and the hub. Of the first connection it passes the handshake, and swallows what the hub says after it."""

    def __init__(self, hub_port):
        self.hub_port, self.count = hub_port, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.sockets = [self.server]
        threading.Thread(target=self.serve, daemon=True).start()

    def end(self):
        for each in self.sockets:
            each.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                node, _ = self.server.accept()
                hub = socket.create_connection(("127.0.0.1", self.hub_port))
                self.sockets += [node, hub]
                self.count += 1
                for args in ((node, hub, False), (hub, node, self.count == 1)):
                    threading.Thread(target=self.pump, args=args, daemon=True).start()

    @staticmethod
    def pump(source, sink, only_handshake):
        with contextlib.suppress(OSError, EOFError):
            if only_handshake:
                for _ in range(64):  # The greeting, in which each side waits for the other; then WELCOME and READY.
                    sink.sendall(receive(source, 1))
                for _ in range(2):
                    head = receive(source, 2)
                    sink.sendall(head + receive(source, head[1]))
                sink = None
            while data := source.recv(65536):
                if sink is not None:
                    sink.sendall(data)
        if sink is not None:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)


def receive(source, size):
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class LinkOutages(Trial):
    def outbox(self, member):
        return self.status(member).json["outbox"]

    def test_what_is_published_without_a_hub_is_logged_when_it_returns(self):
        self.start("AM", "BY")
        self.assertEqual(self.hub.stop(), 0)
        queued = [self.publish("AM", f"queued {i}", "--wait", "queued") for i in range(5)]
        for answer in queued:
            self.assertEqual((answer.code, answer.json["stage"], answer.json["index"]), (0, "queued", None), answer)
        waited = self.publish("AM", "waited", "--timeout", "300ms")
        self.assertEqual((waited.code, waited.json["verdict"], waited.json["error"]["code"]),
                         (2, "unknown", "unknown-outcome"), waited)
        self.assertEqual(self.subjects("BY"), [])
        self.start()
        self.start_quorum()
        self.assert_arrives("BY", [f"queued {i}" for i in range(5)] + ["waited"])
        again = self.publish("AM", "waited", "--id", waited.json["id"])
        self.assertEqual(again.code, 0, again)
        self.assertIn(again.json["stage"], ("logged", "witnessed"))
        self.assertEqual({key: self.outbox("AM")[key] for key in ("queued", "signed", "logged", "refused")},
                         {"queued": 0, "signed": 0, "logged": 6, "refused": 0})
        self.assertEqual(self.audit("hub").code, 0)

    def test_a_notice_is_out_until_each_recipient_states_that_it_has_it(self):  # C-194
        self.start("AM", "BY")
        sent = self.publish("AM", "for two", "--precedence", "flash", to="BY,KZ")
        self.assertEqual(sent.code, 0, sent)
        def delivered():
            said = self.as_member("AM", "show", sent.json["notice"]).json["recipient_stages"]
            return [stage["member"] for stage in said if stage["stage"] == "delivered"]
        self.assertTrue(eventually(lambda: delivered() == ["BY"]), delivered())
        self.assertEqual(self.outbox("AM")["undelivered"], 1)
        self.hub.stop(signal.SIGKILL)
        self.start("KZ")
        self.start_quorum()
        self.assertTrue(eventually(lambda: self.outbox("AM")["undelivered"] == 0), self.outbox("AM"))
        self.assertEqual(delivered(), ["BY", "KZ"])

    def test_a_node_that_nobody_enrolled_is_refused_and_says_so(self):  # C-131
        self.path("by/keys/transport.pem").write_bytes(self.path("by/keys/local.pem").read_bytes())
        self.start("AM")
        stranger = self.daemon("chancery-node", "by/node.toml").start()
        self.assertTrue(stranger.says("hub-refused"), stranger.log())
        self.assertIn("error=unknown-key", stranger.log())
        self.assertTrue(self.hub.says("handshakes-refused error=unknown-key"), self.hub.log())
        status = self.status("BY")
        self.assertEqual((status.code, status.json["hub"]["link"]), (0, "down"), status)
        self.assertIn("refused", status.json["hub"]["fault"])
        self.assertEqual(self.publish("AM", "Others go on").code, 0)
        self.assertEqual(stranger.stop(), 0)

    def test_a_killed_hub_loses_no_acknowledged_notice(self):
        self.start("AM", "BY")
        sent = []
        for number in (signal.SIGKILL, signal.SIGTERM):
            for i in range(5):
                sent.append(f"{number.name} {i}")
                self.assertEqual(self.publish("AM", sent[-1], "--wait", "logged" if i < 3 else "queued").code, 0)
            self.hub.stop(number)
            self.start()
            self.start_quorum()
            self.assert_arrives("BY", sent)
        # That BY has the last of them says nothing of how far AM is.
        self.assertTrue(eventually(lambda: self.outbox("AM")["logged"] == len(sent)))
        def whole():  # Statements follow, of each member that runs: all are recipients.
            stated = sum(self.outbox(member)["statements"] for member in self.nodes)
            return {self.audit(name).json["size"] for name in ("hub", "AM")} == {7 + len(sent) + stated}
        self.assertTrue(eventually(whole))
        self.assertEqual(self.audit("BY").code, 0)

    def test_a_hub_with_an_older_store_admits_nothing_and_says_so(self):  # C-134
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "before the copy").code, 0)
        self.assertEqual(self.hub.stop(), 0)
        store = self.path("hub/store/hub.db")
        older = store.read_bytes()
        self.start()
        self.start_quorum()
        self.assertEqual(self.publish("AM", "after the copy").code, 0)
        self.assertTrue(eventually(lambda: "after the copy" in self.subjects("BY")))
        self.assertEqual(self.nodes["BY"].stop(), 0)
        self.assertEqual(self.hub.stop(), 0)
        newer = store.read_bytes()
        store.write_bytes(older)
        self.start()
        self.assertTrue(self.hub.says("admission-stopped"), self.hub.log())
        status = self.status("hub")
        self.assertEqual((status.code, status.json["alarm"]["error"]), (1, "admission-stopped"), status)
        self.assertTrue(eventually(lambda: (self.status("AM").json["alarm"] or {}).get("error") == "foreign-log"))
        size = status.json["log"]["size"]
        self.nodes["BY"].start()
        self.assertTrue(self.nodes["BY"].says("error=foreign-log"), self.nodes["BY"].log())
        self.assertEqual(self.publish("BY", "meanwhile", "--wait", "queued").code, 0)
        self.assertEqual(self.status("hub").json["log"]["size"], size)

        # It is kept: a node that knows nothing of the newer log changes nothing when it comes first.
        for daemon in (self.hub, *self.nodes.values()):
            self.assertEqual(daemon.stop(), 0)
        self.start("KZ")
        self.assertTrue(self.hub.says("admission-stopped"), self.hub.log())  # At the start: no node knows of it.
        self.assertEqual(self.publish("KZ", "too early", "--timeout", "2s").json["verdict"], "unknown")
        self.assertIn("admission-stopped", self.status("KZ").json["hub"]["fault"])
        status = self.status("hub")
        self.assertEqual((status.json["alarm"]["error"], status.json["log"]["size"]), ("admission-stopped", size))

        # With its own store again, the nodes go on as they are.
        self.nodes["AM"].start()
        self.nodes["BY"].start()
        self.assertTrue(self.nodes["AM"].says("error=foreign-log"), self.nodes["AM"].log())
        self.assertEqual(self.hub.stop(), 0)
        store.write_bytes(newer)
        self.start()
        self.start_quorum()
        self.assertTrue(eventually(lambda: set(self.subjects("AM")) == {"meanwhile", "too early"}), self.subjects("AM"))
        self.assertTrue(eventually(lambda: self.publish("KZ", "in time").code == 0))
        self.assertEqual(self.status("KZ").json["hub"]["fault"], "")
        for name in ("hub", "AM", "BY", "KZ"):
            self.assertIsNone(self.status(name).json["alarm"], name)

    def test_what_was_submitted_and_never_answered_is_submitted_again(self):  # C-137
        self.start("AM", "BY")
        self.hub.process.send_signal(signal.SIGSTOP)  # Takes bytes, reads nothing.
        self.assertEqual(self.publish("AM", "on the way", "--wait", "queued").code, 0)
        self.assertTrue(eventually(lambda: self.outbox("AM")["signed"] == 1))
        self.hub.stop(signal.SIGKILL)
        self.start()
        self.start_quorum()
        self.assert_arrives("BY", ["on the way"])  # Well before the node's own timer would resend.
        self.assertEqual({key: self.outbox("AM")[key] for key in ("queued", "signed", "logged")},
                         {"queued": 0, "signed": 0, "logged": 1})

    def test_a_hub_that_stands_still_is_missed_and_goes_on(self):
        self.start("AM", "BY")
        self.hub.process.send_signal(signal.SIGSTOP)  # No FIN, no RST, and its kernel takes bytes.
        self.addCleanup(self.hub.process.send_signal, signal.SIGCONT)
        for member in ("AM", "BY"):
            self.assertTrue(self.nodes[member].says("hub-silent", 60), self.nodes[member].log())
            unanswered = re.search(r" hub-silent .*pings_unanswered=(\d+)", self.nodes[member].log())
            self.assertIn(int(unanswered.group(1)), (2, 3), "within three heartbeats")
            self.assertEqual(self.status(member).json["hub"]["link"], "down")
        self.assertEqual(self.publish("AM", "meanwhile", "--wait", "queued").code, 0)
        self.hub.process.send_signal(signal.SIGCONT)
        self.assert_arrives("BY", ["meanwhile"])

    def test_a_link_that_swallows_the_greeting_is_missed_too(self):
        port = int(re.search(r'^listen = "tcp://.*:(\d+)"', self.path("hub/hub.toml").read_text(), re.M)[1])
        relay = Relay(port)
        self.addCleanup(relay.end)
        self.edit("am/node.toml", r'^hub = "tcp://127.0.0.1:\d+"', f'hub = "tcp://127.0.0.1:{relay.port}"')
        self.start("BY")
        self.node_of("AM").start()
        self.assertTrue(self.nodes["AM"].says(" ready ", 60), self.nodes["AM"].log())
        self.assertIn(" hub-silent ", self.nodes["AM"].log())
        self.assertGreater(relay.count, 1)

    def test_a_node_that_finds_no_hub_says_so(self):
        self.edit("am/node.toml", r'^hub = "tcp://127.0.0.1:\d+"', 'hub = "tcp://127.0.0.1:9"')
        self.node_of("AM").start()
        self.assertTrue(self.nodes["AM"].says(" hub-unreachable ", 60), self.nodes["AM"].log())
        status = self.status("AM", "--check")
        self.assertEqual((status.code, status.json["hub"]["fault"]), (1, "no hub answers at tcp://127.0.0.1:9"))

    def test_all_nodes_come_back_to_a_killed_hub_and_greet_it_once(self):
        members = ("AM", "BY", "KZ", "KG", "RU", "TJ")
        self.start(*members)
        for member in members:
            self.assertTrue(self.nodes[member].says(" ready "), self.nodes[member].log())
        logs = {member: self.nodes[member].log for member in members}
        for round_number in range(3):
            before = {member: log().count(" hub-welcome ") for member, log in logs.items()}
            self.hub.stop(signal.SIGKILL)
            for member in members:
                answer = self.publish(member, f"{member} {round_number}", "--wait", "queued")
                self.assertEqual(answer.code, 0, answer)
            self.start()
            for member in members:
                others = {f"{other} {number}" for other in members for number in range(round_number + 1)
                          if other != member}
                self.assertTrue(eventually(lambda: set(self.subjects(member)) == others), self.subjects(member))
            greeted = {member: log().count(" hub-welcome ") - before[member] for member, log in logs.items()}
            self.assertEqual(greeted, dict.fromkeys(members, 1))
            counters = self.status("hub").json["counters"]
            self.assertEqual((counters["handshakes_too_often"], counters["connections_surplus"]), (0, 0))

    def test_a_node_keeps_inbox_cursor_and_outbox_over_its_end(self):
        self.start("AM", "BY")
        for i in range(3):
            self.assertEqual(self.publish("AM", f"before {i}").code, 0)
        self.assert_arrives("BY", ["before 0", "before 1", "before 2"])
        self.assertEqual(len(self.as_member("BY", "inbox", "--cursor", "desk").json["notices"]), 3)
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.nodes["BY"].stop(number)
            self.assertEqual(self.publish("AM", f"without BY {number.name}").code, 0)
            self.start_node("BY")
            self.assertTrue(eventually(lambda: f"without BY {number.name}" in self.subjects("BY")))
        self.assertEqual(self.subjects("BY")[:3], ["before 0", "before 1", "before 2"])
        new = self.as_member("BY", "inbox", "--cursor", "desk").json["notices"]
        self.assertEqual([n["subject"] for n in new], ["without BY SIGTERM", "without BY SIGKILL"])
        self.assertEqual(self.as_member("BY", "inbox", "--cursor", "desk").json["notices"], [])

        self.hub.stop()  # Now the outbox: queued, then the node is killed, then both return.
        self.assertEqual(self.publish("AM", "in the outbox", "--wait", "queued").code, 0)
        self.nodes["AM"].stop(signal.SIGKILL)
        self.start("AM")
        self.start_quorum()
        self.assertTrue(eventually(lambda: "in the outbox" in self.subjects("BY")))
        self.assertEqual(self.outbox("AM")["logged"], 6)
        for name in ("hub", "AM", "BY"):
            self.assertEqual(self.audit(name).code, 0)


if __name__ == "__main__":
    trial.main()
