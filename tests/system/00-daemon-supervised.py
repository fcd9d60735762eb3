#!/usr/bin/env python3
"""A daemon under a supervisor: what it tells systemd, what SIGHUP changes and what it does not, what SIGTERM
still answers; and the units that are shipped."""
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402


class Supervisor:
    """The socket on which systemd hears of a service."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"}
        self.heard = []

    def hears(self, word):
        """Whether a message that begins so came, after all that was asked for before."""
        def came():
            try:
                while True:
                    self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                pass
            while self.heard:
                if self.heard.pop(0).startswith(word):
                    return True
            return False
        return eventually(came)


class Supervised(Trial):
    def start_supervised(self, daemon, name):
        supervisor = Supervisor(name)
        self.addCleanup(supervisor.socket.close)
        daemon.env = supervisor.environment
        daemon.start()
        return supervisor

    def test_a_supervisor_is_told_what_happens(self):
        node = self.daemon("chancery-node", "am/node.toml")
        for daemon, name in ((self.hub, str(self.folder / "notify")), (node, f"@chancery-{self.folder.name}")):
            supervisor = self.start_supervised(daemon, name)
            self.assertTrue(supervisor.hears("READY=1\nSTATUS="), daemon.log())
            for _ in range(3):
                self.assertTrue(supervisor.hears("WATCHDOG=1"), daemon.log())
            daemon.process.send_signal(signal.SIGHUP)
            self.assertTrue(supervisor.hears("RELOADING=1\nMONOTONIC_USEC="), daemon.log())
            self.assertTrue(supervisor.hears("READY=1"), daemon.log())
            self.assertIn("reloaded changed=nothing", daemon.log())
            self.assertEqual(daemon.stop(), 0)
            self.assertTrue(supervisor.hears("STOPPING=1"), daemon.log())
            supervisor.socket.close()

    def test_a_daemon_that_does_not_start_never_says_that_it_is_ready(self):
        self.path("founding.bin").unlink()
        supervisor = self.start_supervised(self.hub, str(self.folder / "notify"))
        self.assertEqual(self.hub.wait(), 1)
        self.assertRaises(BlockingIOError, supervisor.socket.recv, 4096)

    def test_keys_come_from_credentials_and_from_the_environment(self):
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o500)
        for config, keys in (("hub/hub.toml", ("log", "transport")), ("am/node.toml", ("signing", "sealing", "local"))):
            for key in keys:
                (credentials / f"{config[:2]}-{key}").write_bytes(self.path(config).with_name("keys").joinpath(f"{key}.pem").read_bytes())
                (credentials / f"{config[:2]}-{key}").chmod(0o400)
                self.edit(config, rf'"keys/{key}.pem"', f'"credential:{config[:2]}-{key}"')
        self.edit("am/node.toml", r'"keys/transport.pem"', '"env:AM_TRANSPORT"')
        self.edit("am/apps/desk/client.toml", r'^key = ".*"', 'key = "env:DESK_KEY"')
        node = self.node_of("AM")
        for daemon in (self.hub, node):
            daemon.start()
            self.assertEqual(daemon.wait(15), 1, daemon.log())
            self.assertRegex(daemon.log(), "error=file-missing .*LoadCredential=")
            daemon.env = {"CREDENTIALS_DIRECTORY": str(credentials)}
        node.start()
        self.assertEqual(node.wait(15), 1, node.log())
        self.assertIn("the environment has no AM_TRANSPORT", node.log())
        node.env["AM_TRANSPORT"] = self.path("am/keys/transport.pem").read_text()
        for path in (*self.path("hub/keys").iterdir(), *(self.path("am/keys") / f"{key}.pem" for key in ("signing", "sealing", "transport", "local"))):
            path.unlink()
        self.start("AM", "BY")
        desk = {"DESK_KEY": self.path("am/apps/desk/key.pem").read_text().rstrip()}  # As $(cat …) has it.
        published = self.as_member("AM", "publish", "--kind", "threat.alert", "--to", "BY", "--subject", "x",
                                   "--content", '{"category": "THREAT_CATEGORY_OTHER", "summary": "x"}', env=desk)
        self.assertEqual(published.code, 0, published)
        self.assert_arrives("BY", ["x"])
        self.assertEqual(self.as_member("AM", "inbox").error, "file-missing")

        # By hand there is neither folder nor variable: what runs is well, and an application can be enrolled.
        for name in ("AM", "hub"):
            seen = trial.chancery("doctor", "--exchange", self.exchange, name, "--json")
            self.assertEqual((seen.code, seen.json["health"]), (0, "good"), seen)
            keys = next(found["detail"] for found in seen.json["findings"] if found["part"] == "keys")
            self.assertRegex(keys, "credential:(am-sealing|hu-log), .*not looked at from here")
        enrolled = trial.chancery("app", "add", "late", "--read", "*", "--node", self.path("am/node.toml"), "--json")
        self.assertEqual((enrolled.code, enrolled.json["in_force"]), (0, True), enrolled)
        self.assertEqual(trial.chancery("inbox", "--client", self.path("am/apps/late/client.toml")).code, 0)
        self.assertEqual(node.stop(), 0)
        refused = trial.chancery("app", "add", "later", "--read", "*", "--node", self.path("am/node.toml"), "--json")
        self.assertEqual((refused.code, refused.error), (2, "no-daemon"), refused)
        self.assertIn("credential:am-local is the daemon's alone", refused.err)
        self.assertFalse(self.path("am/apps/later").exists())

    def reload(self, daemon, word="reloaded"):
        daemon.log_start = daemon.log_path.stat().st_size
        daemon.process.send_signal(signal.SIGHUP)
        self.assertTrue(daemon.says(f" {word} "), daemon.log())
        return daemon.log()

    def test_applications_change_while_the_node_runs(self):
        self.start("AM", "BY")
        node, config = self.nodes["AM"], self.path("am/node.toml")
        good = config.read_text()
        self.assertEqual(self.publish("AM", "Before").code, 0)

        config.write_text(re.sub(r"^publish = .*$", 'publish = ["contact"]', good, flags=re.M))
        self.assertIn("changed=application", self.reload(node))
        refused = self.publish("AM", "Not granted any more")
        self.assertEqual((refused.code, refused.error), (1, "no-grant"), refused)

        config.write_text(re.sub(r"^key = .*$", f'key = "{"7" * 64}"', good, flags=re.M))
        self.assertIn("changed=application", self.reload(node))
        self.assertNotEqual(self.as_member("AM", "inbox", "--timeout", "1s").code, 0, "its key is another one's now")

        config.write_text(good)
        self.reload(node)
        self.assertEqual(self.publish("AM", "Granted again").code, 0)
        self.assert_arrives("BY", ["Before", "Granted again"])
        self.assertNotIn("hub-lost", node.log())

    def test_quotas_and_marks_of_the_disk_change_while_the_daemons_run(self):
        self.start("AM", "BY")
        least = 2**62
        marks = f"\n[disk]\nwarn_free_bytes = {least + 2}\nroutine_free_bytes = {least + 1}\nurgent_free_bytes = 1\n"
        quota = "\n[quota]\nnotices_per_second = 1\nnotices_burst = 1\n"
        hub, node = self.path("hub/hub.toml"), self.path("am/node.toml")
        good = {file: file.read_text() for file in (hub, node)}
        hub.write_text(good[hub] + quota)
        self.assertIn("changed=quota", self.reload(self.hub))
        for number in range(4):
            self.assertEqual(self.publish("AM", f"number {number}", "--timeout", "20s").code, 0)
        self.assertGreater(self.status("hub").json["quotas"]["AM"]["refused"], 0)
        hub.write_text(good[hub] + marks)
        self.assertIn('changed="disk, quota"', self.reload(self.hub))
        self.assertTrue(eventually(lambda: self.status("hub").json["disk"]["level"] == "urgent-only"))
        node.write_text(good[node] + marks)
        self.assertIn("changed=disk", self.reload(self.nodes["AM"]))
        self.assertTrue(eventually(lambda: self.status("AM").json["disk"]["level"] == "urgent-only"))
        self.assertEqual(self.publish("AM", "routine").error, "disk-low")
        for file, text in good.items():
            file.write_text(text)
        for daemon in (self.hub, self.nodes["AM"]):
            self.assertIn("changed=disk", self.reload(daemon))
        self.assertTrue(eventually(lambda: self.publish("AM", "once more").code == 0))

    def test_when_something_is_overdue_changes_while_the_node_runs(self):
        self.start("AM")
        node, config = self.nodes["AM"], self.path("am/node.toml")
        self.assertTrue(node.says(" ready "), node.log())
        self.assertEqual(self.hub.stop(), 0)
        for precedence in ("routine", "immediate"):
            self.assertEqual(self.publish("AM", precedence, "--precedence", precedence, "--wait", "queued").code, 0)
        good = config.read_text()

        def overdue():
            return sorted((each["what"], each["urgent"]) for each in self.status("AM").json["overdue"])
        for table, found in (("logged_seconds = 86400\nurgent_logged_seconds = 1", [("logged", True)]),
                             ("logged_seconds = 1\nurgent_logged_seconds = 1", [("logged", False), ("logged", True)]),
                             ("logged_seconds = 86400\nurgent_logged_seconds = 86400", [])):
            config.write_text(f"{good}\n[overdue]\n{table}\n")
            self.assertIn("changed=overdue", self.reload(node))
            self.assertTrue(eventually(lambda: overdue() == found), overdue())
        self.assertIn("overdue-over", node.log())
        config.write_text(f"{good}\n[overdue]\nlogged_seconds = 0\n")
        self.assertIn("logged_seconds", self.reload(node, "reload-failed"))
        config.write_text(good)
        self.assertEqual(overdue(), [])

    def test_what_needs_a_restart_is_named_and_what_is_no_configuration_changes_nothing(self):
        self.start("AM", "BY")
        for daemon, config, keys in ((self.hub, "hub/hub.toml", ("listen", "admin")),
                                     (self.nodes["AM"], "am/node.toml", ("hub", "store"))):
            good = self.path(config).read_text()
            new = {"listen": '"tcp://127.0.0.1:1"', "admin": '"a.sock"', "hub": '"tcp://127.0.0.1:1"', "store": '"s.db"'}
            for key in keys:
                self.edit(config, f"^{key} = .*$", f"{key} = {new[key]}")
            log = self.reload(daemon)
            self.assertEqual(re.findall(r"WARN needs-restart key=(\w+)", log), list(keys))
            self.path(config).write_text(good + "\n[[[\n")
            log = self.reload(daemon, "reload-failed")
            self.assertIn("error=config-invalid", log)
            self.assertIn("the configuration from before", log)
            self.path(config).write_text(good)
            self.assertNotIn("needs-restart", self.reload(daemon))
        self.assertEqual(self.publish("AM", "All goes on").code, 0)
        self.assert_arrives("BY", ["All goes on"])

    def test_a_hub_that_is_stopped_logs_and_answers_what_it_received(self):
        self.start("AM")
        self.assertTrue(self.nodes["AM"].says(" ready "), self.nodes["AM"].log())  # It has followed the log.
        self.hub.process.send_signal(signal.SIGSTOP)
        for i in range(20):
            answer = self.publish("AM", f"notice {i}", "--wait", "queued")
            self.assertEqual(answer.code, 0, answer)
        outbox = lambda: self.status("AM").json["outbox"]
        self.assertTrue(eventually(lambda: outbox()["signed"] > 0))
        signed = outbox()["signed"]
        self.hub.process.send_signal(signal.SIGTERM)  # Before it reads any of them.
        self.hub.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.hub.wait(), 0)
        self.assertGreaterEqual(self.audit("hub").json["size"], 7 + signed)
        self.assertTrue(eventually(lambda: outbox()["logged"] >= signed), outbox())  # Told by the stopped hub.


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not here (package systemd)")
class Units(unittest.TestCase):
    UNITS = ("chancery-broker.service", "chancery-node.service")

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)

    def test_systemd_understands_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in self.UNITS:
                unit = pathlib.Path(folder) / name
                text = (trial.ROOT / "deploy/systemd" / name).read_text()
                unit.write_text(text.replace("/usr/bin/", f"{trial.BIN}/"))
                done = self.analyze("verify", "--man=no", unit)
                self.assertEqual((done.returncode, done.stderr.replace(str(folder), "")), (0, ""))

    def test_little_is_exposed(self):
        for name in self.UNITS:
            done = self.analyze("security", "--offline=true", "--threshold=20", "--no-pager",
                                trial.ROOT / "deploy/systemd" / name)
            self.assertEqual(done.returncode, 0, done.stdout[-500:])


if __name__ == "__main__":
    trial.main()
