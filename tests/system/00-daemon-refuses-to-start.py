#!/usr/bin/env python3
"""What keeps a daemon from starting: each has its own error on stderr, an exit code that is not 0, and
changes nothing. And what ends one: SIGTERM, in order and soon."""
import pathlib
import shutil
import signal
import socket
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial  # noqa: E402


class DaemonRefusesToStart(Trial):
    def assert_refuses(self, daemon, error):
        daemon.start()
        self.assertEqual(daemon.wait(15), 1, daemon.log())
        self.assertIn(f"stopped error={error} ", daemon.log())

    def both(self):
        return (("hub/hub.toml", self.hub), ("am/node.toml", self.daemon("chancery-node", "am/node.toml")))

    def test_an_unknown_key_in_the_configuration(self):
        for config, daemon in self.both():
            path = self.path(config)
            path.write_text('lisen = "x"\n' + path.read_text())
            self.assert_refuses(daemon, "config-unknown-key")
            self.assertIn("lisen", daemon.log())

    def test_a_wrong_type_in_the_configuration(self):
        for config, daemon in self.both():
            self.edit(config, r"^store = .*$", "store = 7")
            self.assert_refuses(daemon, "config-wrong-type")

    def test_a_value_that_cannot_be(self):
        for config, daemon in self.both():
            self.edit(config, r"^genesis = .*$", 'genesis = "abc"')
            self.assert_refuses(daemon, "config-invalid")

    def test_text_that_is_no_configuration(self):
        for config, daemon in self.both():
            self.path(config).write_text("[[[\n")
            self.assert_refuses(daemon, "config-invalid")

    def test_a_missing_configuration(self):
        for config, daemon in self.both():
            self.path(config).unlink()
            self.assert_refuses(daemon, "file-missing")

    def test_a_missing_key(self):
        for config, daemon in self.both():
            self.path(config).parent.joinpath("keys/transport.pem").unlink()
            self.assert_refuses(daemon, "file-missing")
            self.assertIn("transport.pem", daemon.log())

    def test_a_missing_founding_file(self):
        self.path("founding.bin").unlink()
        self.assert_refuses(self.hub, "file-missing")

    def test_a_key_that_others_can_read(self):
        for config, daemon in self.both():
            key = self.path(config).parent / "keys/transport.pem"
            for mode in (0o640, 0o604):
                key.chmod(mode)
                self.assert_refuses(daemon, "file-permissions")
            key.chmod(0o600)
            key.parent.chmod(0o755)
            self.assert_refuses(daemon, "file-permissions")

    def test_a_key_of_another_kind_or_none(self):
        for config, daemon in self.both():
            keys = self.path(config).parent / "keys"
            other = keys / ("log.pem" if config.startswith("hub") else "signing.pem")
            shutil.copy(other, keys / "transport.pem")
            self.assert_refuses(daemon, "config-invalid")
            (keys / "transport.pem").write_text("no key")
            self.assert_refuses(daemon, "config-invalid")

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.edit("hub/hub.toml", r"^listen = .*$", f'listen = "tcp://127.0.0.1:{taken.getsockname()[1]}"')
            self.assert_refuses(self.hub, "address-in-use")

    def test_a_socket_in_use(self):
        self.start("AM")
        other = self.daemon("chancery-node", "am/other.toml")
        text = self.path("am/node.toml").read_text().replace("store/node.db", "store/other.db")
        self.path("am/other.toml").write_text(text)
        self.assert_refuses(other, "address-in-use")
        self.assertEqual(self.publish("AM", "The first one goes on").code, 0)

    def test_two_daemons_on_one_store(self):
        self.start("AM")
        second_hub = self.daemon("chancery-broker", "hub/second.toml")
        text = self.path("hub/hub.toml").read_text().replace("admin.sock", "second.sock")
        self.path("hub/second.toml").write_text(text)
        self.assert_refuses(second_hub, "store-busy")
        second_node = self.daemon("chancery-node", "am/second.toml")
        text = self.path("am/node.toml").read_text().replace(".sock", "2.sock")
        self.path("am/second.toml").write_text(text)
        self.assert_refuses(second_node, "store-busy")
        self.assertEqual(self.status("hub").code, 0)
        self.assertEqual(self.publish("AM", "The first ones go on").code, 0)

    def test_a_store_of_a_newer_version_is_left_as_it_is(self):
        self.start("AM")
        self.assertEqual((self.nodes["AM"].stop(), self.hub.stop()), (0, 0))
        for store, daemon in (("hub/store/hub.db", self.hub), ("am/store/node.db", self.nodes["AM"])):
            path = self.path(store)
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA user_version = 1000")
            database.close()
            before = path.read_bytes()
            self.assert_refuses(daemon, "store-version")
            self.assertEqual(path.read_bytes(), before)
            audit = trial.chancery("audit", "verify", "--store", path, "--json")
            self.assertEqual((audit.code, audit.error), (2, "store-version"), audit)

    def test_a_store_of_another_exchange_or_program(self):
        self.start("AM")
        self.assertEqual((self.nodes["AM"].stop(), self.hub.stop()), (0, 0))
        self.edit("hub/hub.toml", r"^genesis = .*$", f'genesis = "{"0" * 64}"')
        self.assert_refuses(self.hub, "wrong-genesis")
        shutil.copy(self.path("hub/store/hub.db"), self.path("am/store/node.db"))
        self.assert_refuses(self.nodes["AM"], "store-damaged")

    def test_usage(self):
        for program in ("chancery-broker", "chancery-node"):
            for words in ((), ("--no-such-flag",)):
                done = trial.subprocess.run([trial.BIN / program, *words], capture_output=True, timeout=10)
                self.assertEqual(done.returncode, 64, (program, words))


class DaemonStops(Trial):
    def test_sigterm_and_sigint_end_each_daemon_with_0_within_5_seconds(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start("AM", "BY")
            self.assertEqual(self.publish("AM", number.name).code, 0)
            for daemon in (self.nodes["AM"], self.hub, self.nodes["BY"]):  # BY without its hub.
                self.assertEqual(daemon.stop(number), 0, daemon.log())


if __name__ == "__main__":
    trial.main()
