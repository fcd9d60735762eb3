#!/usr/bin/env python3
"""Applications of a node by the command: enrolled, denied what they have no grant for, revoked, while the node runs.
Protocol chapter 11; docs/reference/cli.md."""
import json
import pathlib
import re
import subprocess
import sys

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class Grants(Trial):
    def app(self, verb, *words, member="AM"):
        return self.as_member(member, "app", verb, *words)

    def client(self, name):
        return self.path("am/apps", name, "client.toml")

    def publish_as(self, name, kind, *words):
        return chancery("publish", "--client", self.client(name), "--kind", kind, "--to", "members", "--subject", "Text",
                        "--content", json.dumps(trial.content_of(kind)), "--json", *words)

    def says(self, *texts):
        """Whether one line of the node's log has all of these."""
        return eventually(lambda: any(all(text in line for text in texts) for line in self.nodes["AM"].log().splitlines()))

    def test_an_application_is_enrolled_while_the_node_runs_and_does_what_its_grant_says(self):
        self.start("AM", "BY")
        before = self.path("am/node.toml").read_text()
        added = self.app("add", "alerts", "--publish", "threat.alert", "--read", "assistance.*,contact")
        self.assertEqual((added.code, added.err), (0, ""), added)
        self.assertEqual(set(added.json), {"name", "key", "publish", "read", "rate", "member", "config", "client", "secret",
                                           "in_force", "need_restart"})
        self.assertEqual((added.json["in_force"], added.json["need_restart"]), (True, []))
        self.assertEqual(added.json["client"], str(self.client("alerts")))
        self.assertTrue(self.path("am/node.toml").read_text().startswith(before))
        self.assertTrue(self.says("reloaded changed=application"))

        self.assertEqual(self.publish_as("alerts", "threat.alert").code, 0)
        self.assert_arrives("BY", ["Text"])
        denied = self.publish_as("alerts", "contact")
        self.assertEqual((denied.code, denied.error), (1, "no-grant"), denied)
        self.assertTrue(self.says("WARN application-denied ", "application=alerts", "error=no-grant", "verb=publish"))
        self.assertEqual(self.publish("BY", "Not for it").code, 0)
        self.assertTrue(eventually(lambda: "Not for it" in self.subjects("AM")))
        read = chancery("inbox", "--client", self.client("alerts"), "--json")
        self.assertEqual((read.code, read.json["notices"]), (0, []), read)
        self.assertEqual(chancery("inbox", "--kind", "assistance.*", "--client", self.client("alerts")).code, 0)
        unread = chancery("inbox", "--kind", "threat.alert", "--client", self.client("alerts"), "--json")
        self.assertEqual((unread.code, unread.error, unread.out), (1, "no-grant", ""), unread)
        self.assertTrue(self.says("application-denied", "application=alerts", "error=no-grant", "verb=inbox"))
        notice = self.as_member("AM", "inbox").json["notices"][-1]
        shown = chancery("show", notice["notice"], "--client", self.client("alerts"), "--json")
        self.assertEqual((shown.code, shown.error), (1, "no-grant"), shown)
        self.assertTrue(self.says("application-denied", "application=alerts", "verb=show"))

        listed = self.app("list").json["applications"]
        self.assertEqual([application["name"] for application in listed], ["desk", "alerts"])
        self.assertEqual(listed[1]["key"], added.json["key"])

    def test_a_rate_is_kept(self):
        self.start("AM")
        self.assertEqual(self.app("add", "slow", "--publish", "threat.alert", "--rate", "1").code, 0)
        answers = [self.publish_as("slow", "threat.alert", "--wait", "queued") for _ in range(8)]
        self.assertIn("quota-exceeded", [answer.error for answer in answers if answer.code != 0], answers)
        self.assertTrue(self.says("application-denied", "application=slow", "error=quota-exceeded"))

    def test_a_revoked_application_is_cut_off_at_its_next_word_and_never_comes_back(self):
        self.start("AM", "BY")
        self.assertEqual(self.app("add", "reader", "--read", "*").code, 0)
        command = [trial.BIN / "chancery", "inbox", "--client", self.client("reader"), "--follow", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            self.addCleanup(follower.kill)
            self.assertEqual(self.publish("BY", "before").code, 0)
            self.assertEqual(json.loads(follower.stdout.readline())["subject"], "before")
            revoked = self.app("revoke", "reader")
            self.assertEqual((revoked.code, revoked.json["in_force"]), (0, True), revoked)
            self.assertEqual(self.publish("BY", "after").code, 0)
            self.assertTrue(eventually(lambda: "after" in self.subjects("AM")))
            self.assertTrue(self.says("refused-frame", 'application="none any more"', f"key={revoked.json['key']}"))
            self.assertTrue(self.says("WARN handshakes-refused error=unknown-key"))
            refused = chancery("inbox", "--client", self.client("reader"), "--json")
            self.assertEqual((refused.code, refused.error), (1, "unknown-key"), refused)
            follower.terminate()
            self.assertNotIn("after", follower.stdout.read())
        again = self.app("revoke", "reader")
        self.assertEqual((again.code, again.error), (1, "not-found"), again)
        self.assertEqual(self.publish("AM", "the desk goes on").code, 0)

    def test_what_did_not_come_into_force_is_said_and_has_exit_code_2(self):
        added = self.app("add", "early", "--read", "*")
        self.assertEqual((added.code, added.error, added.json["in_force"]), (2, "no-daemon", False), added)
        kept = self.app("add", "kept", "--publish", "contact", "--no-reload")
        self.assertEqual((kept.code, kept.err, kept.json["in_force"]), (0, "", False), kept)
        self.start("AM")
        self.assertEqual(chancery("inbox", "--client", self.client("early"), "--json").code, 0)
        self.assertEqual(self.publish_as("kept", "threat.alert").error, "no-grant")
        late = self.app("add", "late", "--read", "*", "--no-reload")
        self.assertEqual(late.code, 0, late)
        self.assertEqual(chancery("inbox", "--client", self.client("late"), "--json").error, "unknown-key")
        self.edit("am/node.toml", "^hub = .*$", 'hub = "tcp://127.0.0.1:1"')
        taken = self.app("revoke", "early")
        self.assertEqual((taken.code, taken.json["need_restart"]), (0, ["hub"]), taken)
        self.assertEqual(chancery("inbox", "--client", self.client("late"), "--json").code, 0)

    def test_a_node_that_reads_another_file_is_not_taken_for_this_one(self):
        self.start("AM")
        other = self.path("am/other.toml")
        other.write_text(self.path("am/node.toml").read_text())
        other.chmod(0o600)
        added = chancery("app", "add", "elsewhere", "--read", "*", "--node", other, "--json")
        self.assertEqual((added.code, added.error, added.json["in_force"]), (1, "config-invalid", False), added)
        self.assertIn(str(self.path("am/node.toml")), added.err)

    def test_what_cannot_be_enrolled_changes_nothing(self):
        self.start("AM")
        before = self.path("am/node.toml").read_text()
        for words, code, error in ((("desk", "--read", "*"), 1, "exists"),
                                   (("x", "--publish", "threat.alrt"), 1, "invalid-kind"),
                                   (("x",), 64, "usage"),
                                   (("../x", "--read", "*"), 64, "usage"),
                                   (("x", "--read", "*", "--rate", "0"), 64, "usage")):
            refused = self.app("add", *words)
            self.assertEqual((refused.code, refused.error, refused.out), (code, error, ""), words)
        nobody = self.app("add", "x", "--read", "*", member="XX")
        self.assertEqual((nobody.code, nobody.error), (1, "not-found"), nobody)
        self.assertEqual(self.path("am/node.toml").read_text(), before)
        self.assertEqual([path.name for path in self.path("am/apps").iterdir()], ["desk"])
        self.assertIsNone(re.search("reloaded", self.nodes["AM"].log()))

    def test_the_hub_reloads_when_it_is_asked_as_at_a_signal(self):
        self.start()
        self.path("hub/hub.toml").write_text(self.path("hub/hub.toml").read_text() + "\n[quota]\nnotices_per_second = 7\n")
        answer = self.ask_admin("hub/run/admin.sock", b"\x08\x01\x32\x00")  # AdminRequest{1, reload {}}
        self.assertTrue(answer.startswith(b"\x08\x01\x3a"), answer)  # AdminReply{1, reload}
        self.assertIn(b"quota", answer)
        self.assertIn(str(self.path("hub/hub.toml")).encode(), answer)
        self.assertTrue(self.hub.says("reloaded changed=quota"))
        self.path("hub/hub.toml").write_text("[[[\n")
        answer = self.ask_admin("hub/run/admin.sock", b"\x08\x02\x32\x00")
        self.assertTrue(answer.startswith(b"\x08\x02\x12"), answer)  # AdminReply{2, error}
        self.assertTrue(self.hub.says("reload-failed error=config-invalid"))

    def ask_admin(self, path, request):
        """One request to an admin socket, as any ZeroMQ DEALER sends it."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(f"ipc://{self.path(path)}")
            dealer.send(request)
            self.assertTrue(dealer.poll(1000 * trial.PATIENCE), "no answer")
            return dealer.recv()


if __name__ == "__main__":
    trial.main()
