#!/usr/bin/env python3
"""What keeps a daemon from starting: each has its own error on stderr, an exit code that is not 0, and
changes nothing. And what ends one: SIGTERM, in order and soon."""
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import sys
import time

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

    def test_a_second_daemon_founds_nothing_where_the_store_was_moved_away(self):
        self.start("AM")
        for store, first in (("hub/store/hub.db", self.hub), ("am/store/node.db", self.nodes["AM"])):
            first.process.send_signal(signal.SIGSTOP)  # It would find out by itself.
            path = self.path(store)
            path.rename(self.folder / path.name)
            second = self.daemon(first.program, str(first.config.relative_to(self.exchange)))
            self.assert_refuses(second, "address-in-use")
            self.assertFalse(path.exists(), second.log())

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

    def change(self, store, sql):
        with sqlite3.connect(store) as database:
            self.assertEqual(database.execute(sql).rowcount, 1)
        database.close()

    def stopped_stores(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "In the store").code, 0)
        self.assert_arrives("BY", ["In the store"])
        for daemon in (*self.nodes.values(), self.hub):
            self.assertEqual(daemon.stop(), 0)
        return ((self.path("hub/store/hub.db"), self.hub), (self.path("by/store/node.db"), self.nodes["BY"]))

    def test_a_clock_behind_the_store(self):
        (hub, hub_daemon), (node, node_daemon) = self.stopped_stores()
        now_ms = int(time.time() * 1000)
        later = {hub: "UPDATE head SET accepted_at_ms = {}", node: "UPDATE inbox SET arrived_at_ms = {}"}
        for store, daemon, ready in ((hub, hub_daemon, " ready "), (node, node_daemon, " listening ")):
            self.change(store, later[store].format(now_ms + 11 * 60_000))
            before = store.read_bytes()
            self.assert_refuses(daemon, "clock-behind")
            self.assertIn('remedy="Set the clock', daemon.log())
            self.assertEqual(store.read_bytes(), before)
            check = trial.subprocess.run([trial.BIN / daemon.program, "--config", daemon.config, "--check"],
                                         capture_output=True, text=True, timeout=15)
            self.assertIn("stopped error=clock-behind ", check.stderr)
            daemon.words = ("--trust-clock",)
            self.assertTrue(daemon.start().says(ready), daemon.log())
            self.assertEqual(daemon.stop(), 0)
            self.change(store, later[store].format(now_ms + 9 * 60_000))
            daemon.words = ()
            self.assertTrue(daemon.start().says(ready), daemon.log())
            self.assertEqual(daemon.stop(), 0)

    def test_a_log_whose_end_was_altered(self):
        (hub, hub_daemon), (node, node_daemon) = self.stopped_stores()
        # Not in the last batch and in no directory entry: a start would not look there for anything else.
        self.change(hub, "UPDATE batch SET accepted_at_ms = accepted_at_ms + 1 WHERE first_index = 6")
        self.change(node, "UPDATE batch SET root = zeroblob(32) WHERE first_index = 6")
        for store, daemon in ((hub, hub_daemon), (node, node_daemon)):
            before = store.read_bytes()
            self.assert_refuses(daemon, "store-damaged")
            self.assertIn(store.name, daemon.log())
            self.assertEqual(store.read_bytes(), before)

    def test_an_envelope_that_fails_its_hash_is_named_and_the_daemon_starts(self):
        (hub, hub_daemon), (node, node_daemon) = self.stopped_stores()
        self.change(hub, "UPDATE entry SET body = zeroblob(length(body)) WHERE idx = 7")
        self.change(node, "UPDATE received SET envelope = zeroblob(length(envelope)) WHERE idx = 7")
        for daemon, part, ready in ((hub_daemon, "entry", " ready "), (node_daemon, "received", " listening ")):
            self.assertTrue(daemon.start().says(ready), daemon.log())
            self.assertTrue(daemon.says(f"ERROR record-damaged part={part} index=7 "), daemon.log())
            self.assertRegex(daemon.log(), "record-damaged .*store-damaged.* remedy=")

    def test_a_store_that_is_cut_short_or_another_nodes(self):
        for store, daemon in self.stopped_stores():
            whole = store.read_bytes()
            for size in (len(whole) // 2, 8192, 100, 0):
                store.write_bytes(whole[:size])
                self.assert_refuses(daemon, "store-damaged")
                self.assertIn(store.name, daemon.log())
                self.assertEqual(store.read_bytes(), whole[:size])
            store.write_bytes(whole)
        shutil.copy(self.path("am/store/node.db"), self.path("by/store/node.db"))
        self.assert_refuses(self.nodes["BY"], "wrong-genesis")
        self.assertIn("member AM", self.nodes["BY"].log())

    def test_a_write_ahead_log_that_is_lost_after_a_kill_is_missed(self):
        self.start("AM", "BY")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        self.hub.stop()
        for subject in ("one", "two"):
            self.assertEqual(self.publish("AM", subject, "--wait", "queued").code, 0)
        self.nodes["AM"].end()
        wal = self.path("am/store/node.db-wal")
        whole = wal.read_bytes()
        for left in (None, b"", whole[:len(whole) // 2]):
            wal.unlink()
            if left is not None:
                wal.write_bytes(left)
                wal.chmod(0o600)
            self.assert_refuses(self.nodes["AM"], "store-damaged")
            self.assertRegex(self.nodes["AM"].log(), "node.db-wal is missing, cut off .* put it back")
            wal.write_bytes(left or b"")
        wal.write_bytes(whole)
        self.hub.start()
        self.nodes["AM"].start()
        self.start_quorum()
        self.assert_arrives("BY", ["one", "two"])

    def test_what_a_first_start_left_when_it_was_killed_is_in_nobodys_way(self):
        for folder, name in (("hub", "hub.db"), ("am", "node.db")):
            for suffix in (".new", ".new-wal"):
                self.path(f"{folder}/store/{name}{suffix}").write_bytes(b"begun")
        self.start("AM")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        self.assertEqual(sorted(path.name for path in self.path("am/store").iterdir()),
                         ["node.db", "node.db-mark", "node.db-wal"])

    def test_a_store_that_is_gone_is_made_anew_and_no_node_is_deceived(self):
        (hub, hub_daemon), (node, node_daemon) = self.stopped_stores()
        node.unlink()
        self.start("BY")  # Everything is fetched again.
        self.assert_arrives("BY", ["In the store"])
        self.assertEqual((node_daemon.stop(), hub_daemon.stop()), (0, 0))
        hub.unlink()
        self.assertTrue(hub_daemon.start().says(" ready "), hub_daemon.log())
        self.nodes["AM"].start()
        self.assertTrue(hub_daemon.says("admission-stopped"), hub_daemon.log())

    def test_usage(self):
        for program in ("chancery-broker", "chancery-node"):
            for words in ((), ("--no-such-flag",)):
                done = trial.subprocess.run([trial.BIN / program, *words], capture_output=True, timeout=10)
                self.assertEqual(done.returncode, 64, (program, words))


class DaemonChecksItself(Trial):
    """--check finds what would stop a start, without leaving a trace."""

    def run_check(self, config, at_rest=True):
        program = "chancery-broker" if "hub" in config else "chancery-node"
        before = self.everything() if at_rest else None
        done = trial.subprocess.run([trial.BIN / program, "--config", self.path(config), "--check"],
                                    capture_output=True, text=True, timeout=15)
        self.assertTrue(not at_rest or self.everything() == before, "something was changed")
        return done.returncode, done.stderr

    def everything(self):
        return {str(path): path.read_bytes() if path.is_file() else None for path in self.exchange.rglob("*")}

    def assert_good(self, config, *words, at_rest=True):
        code, log = self.run_check(config, at_rest)
        self.assertEqual(code, 0, log)
        for word in ("config-good", *words):
            self.assertIn(word, log)

    def assert_finds(self, config, error, *words):
        code, log = self.run_check(config)
        self.assertEqual(code, 1, log)
        self.assertIn(f"stopped error={error} ", log)
        self.assertRegex(log, 'remedy="[a-zA-Z]')
        for word in words:
            self.assertIn(word, log)

    CONFIGS = ("hub/hub.toml", "am/node.toml")

    def stopped_stores(self):
        self.start("AM")
        self.assertTrue(self.nodes["AM"].says(" ready "))  # It has followed the founding.
        self.assertEqual((self.nodes["AM"].stop(), self.hub.stop()), (0, 0))
        return self.path("hub/store/hub.db"), self.path("am/store/node.db")

    def test_what_init_made_is_good_before_during_and_after_a_run(self):
        for config in self.CONFIGS:
            self.assert_good(config)
        self.start("AM")
        for config in self.CONFIGS:
            self.assert_good(config, "store-in-use", at_rest=False)
        self.assertEqual(self.publish("AM", "The checks disturbed nobody").code, 0)
        self.assertEqual((self.nodes["AM"].stop(), self.hub.stop()), (0, 0))
        for config in self.CONFIGS:
            self.assert_good(config)

    def test_a_store_of_a_daemon_that_crashed_is_good(self):
        self.start("AM")
        for daemon in (self.nodes["AM"], self.hub):
            daemon.end()
        for config in self.CONFIGS:
            self.assert_good(config)

    def test_a_store_whose_making_was_interrupted_is_finished_by_the_start(self):
        for store, config, number in (("hub/store/hub.db", "hub/hub.toml", 0x43485562),
                                      ("am/store/node.db", "am/node.toml", 0x43484e64)):
            path = self.path(store)
            path.touch(mode=0o600)
            with sqlite3.connect(path) as database:
                database.execute(f"PRAGMA application_id = {number}")
            database.close()
            self.assert_good(config)
        self.start("AM")

    def test_missing_folders(self):
        for config in self.CONFIGS:
            good = self.path(config).read_text()
            for key in ("store", "admin", *(["local"] if "am" in config else [])):
                self.edit(config, f"^{key} = .*$", f'{key} = "no/such/file"')
                self.assert_finds(config, "file-missing", f"{key}: ", "no/such")
                self.path(config).write_text(good)

    def test_paths_that_are_taken_by_something_else(self):
        for config in self.CONFIGS:
            self.edit(config, "^admin = .*$", f'admin = "{self.path(config)}"')
            self.assert_finds(config, "exists", "admin: ")
        folder = self.path("am/store/node.db")
        folder.mkdir()
        self.edit("am/node.toml", "^admin = .*$", 'admin = "run/admin.sock"')
        self.path("am/run").mkdir(exist_ok=True)
        self.assert_finds("am/node.toml", "store-damaged", "store: ")

    def test_a_store_that_is_a_link(self):
        """What leads nowhere is refused by the check as by the start; what leads to a store, by neither."""
        stores = self.stopped_stores()
        for config, store in zip(self.CONFIGS, stores):
            moved = store.with_name("moved.db")
            store.rename(moved)
            store.symlink_to(moved)
            self.assert_good(config)
            moved.rename(moved.with_name("gone.db"))
            self.assert_finds(config, "exists", "store: ", store.name)
        for daemon, store in zip((self.hub, self.nodes["AM"]), stores):
            daemon.start()
            self.assertEqual(daemon.wait(), 1)
            self.assertRegex(daemon.log(), rf"stopped error=exists .*{store.name} is a link")
            store.with_name("gone.db").rename(store.with_name("moved.db"))
        self.start("AM")

    def test_a_socket_path_over_the_limit(self):
        for config, key in (("hub/hub.toml", "admin"), ("am/node.toml", "local"), ("by/node.toml", "admin")):
            room = 107 - len(str(self.path(config).parent)) - 1
            self.edit(config, f"^{key} = .*$", f'{key} = "{"x" * room}"')
            self.assert_good(config)
            self.edit(config, f"^{key} = .*$", f'{key} = "{"x" * (room + 1)}"')
            self.assert_finds(config, "config-invalid", f"{key}: ")

    def test_applications_that_are_malformed(self):
        good = self.path("am/node.toml").read_text()
        for line, value in (("key", '"abc"'), ("publish", '["Threat alert"]'), ("read", '["**"]'), ("name", '""')):
            self.edit("am/node.toml", rf"(?s)\A(.*\[\[application\]\].*?^){line} = [^\n]*$", rf"\1{line} = {value}")
            self.assert_finds("am/node.toml", "config-invalid", line)
            self.path("am/node.toml").write_text(good)

    def test_the_founding_where_there_is_no_store_yet(self):
        founding = self.path("founding.bin")
        good = founding.read_bytes()
        founding.write_bytes(good[:-1])
        self.assert_finds("hub/hub.toml", "malformed")
        founding.write_bytes(good[:-20] + bytes([good[-20] ^ 1]) + good[-19:])
        code, log = self.run_check("hub/hub.toml")
        self.assertEqual(code, 1, log)
        self.assertIn("founding.bin, entry 6", log)
        founding.write_bytes(b"")
        self.assert_finds("hub/hub.toml", "invalid-entry", "no roster")
        founding.unlink()
        self.assert_finds("hub/hub.toml", "file-missing", "founding.bin")

    def test_the_founding_of_another_exchange(self):
        self.edit("hub/hub.toml", "^genesis = .*$", f'genesis = "{"0" * 64}"')
        self.assert_finds("hub/hub.toml", "wrong-genesis", "entry 0")

    def test_keys_that_are_not_the_rosters(self):
        keys = {"log": self.path("am/keys/signing.pem"), "transport": self.path("am/keys/transport.pem")}
        codes = {"log": "hub-key-missing", "transport": "config-invalid"}
        for name, other in keys.items():
            own = self.path(f"hub/keys/{name}.pem")
            good = own.read_bytes()
            shutil.copy(other, own)
            self.assert_finds("hub/hub.toml", codes[name], f"{name}.pem", "in the roster")
            own.write_bytes(good)
        self.stopped_stores()
        self.path("founding.bin").unlink()  # From here on the directory is the store's.
        self.assert_good("hub/hub.toml")
        shutil.copy(keys["log"], self.path("hub/keys/log.pem"))
        self.assert_finds("hub/hub.toml", "hub-key-missing", "log.pem", "in the roster")

    def test_keys_that_a_node_has_not_enrolled_are_a_warning(self):
        self.stopped_stores()
        for name, word in (("sealing", "sealing-key-missing"), ("transport", "key-not-enrolled"),
                           ("signing", "key-not-enrolled")):
            shutil.copy(self.path(f"by/keys/{name}.pem"), self.path(f"am/keys/{name}.pem"))
            self.assert_good("am/node.toml", f"WARN {word} ")

    def test_a_store_of_a_newer_version(self):
        for store, config in zip(self.stopped_stores(), self.CONFIGS):
            with sqlite3.connect(store) as database:
                database.execute("PRAGMA user_version = 1000")
            database.close()
            self.assert_finds(config, "store-version", store.name)

    def test_a_store_of_another_exchange_member_or_program(self):
        hub, node = self.stopped_stores()
        self.edit("by/node.toml", "^store = .*$", f'store = "{node}"')
        self.assert_finds("by/node.toml", "wrong-genesis", "AM")
        for config in self.CONFIGS:
            good = self.path(config).read_text()
            self.edit(config, "^genesis = .*$", f'genesis = "{"0" * 64}"')
            self.assert_finds(config, "wrong-genesis")
            self.path(config).write_text(good)
        self.edit("am/node.toml", "^store = .*$", f'store = "{hub}"')
        self.assert_finds("am/node.toml", "store-damaged")

    def test_a_store_that_is_damaged_or_open_to_others(self):
        for store, config in zip(self.stopped_stores(), self.CONFIGS):
            with sqlite3.connect(store) as database:
                table = "head" if "hub" in config else "position"
                database.execute(f"UPDATE {table} SET root = zeroblob(32)")
            database.close()
            self.assert_finds(config, "store-damaged", str(store))
            store.chmod(0o640)
            self.assert_finds(config, "file-permissions", store.name)
            store.chmod(0o600)
            store.write_bytes(b"no store at all" * 100)
            self.assert_finds(config, "store-damaged")


class DaemonStops(Trial):
    def test_whoever_loses_its_files_promises_nothing_more(self):
        harms = {"is gone": pathlib.Path.unlink, "was cut short": lambda path: os.truncate(path, 100)}
        for name, store in (("hub", "hub/store/hub.db"), ("AM", "am/store/node.db-wal")):
            for words, harm in harms.items():
                with self.subTest(name, words=words):
                    self.doCleanups()
                    self.setUp()
                    self.start("AM", "BY")
                    self.assertEqual(self.publish("AM", "before").code, 0)
                    daemon = self.hub if name == "hub" else self.nodes["AM"]
                    harm(self.path(store))
                    self.assertEqual(self.publish("AM", "after", "--timeout", "2s").code, 2)
                    self.assertEqual(daemon.wait(), 1, daemon.log())
                    self.assertRegex(daemon.log(), f"stopped error=store-damaged .*{store}.* {words}.* remedy=")

    def test_sigterm_and_sigint_end_each_daemon_with_0_within_5_seconds(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start("AM", "BY", "KG", "KZ")
            self.assertEqual(self.publish("AM", number.name).code, 0)
            for daemon in (self.nodes["AM"], self.hub, *(self.nodes[m] for m in ("BY", "KG", "KZ"))):  # BY without its hub.
                self.assertEqual(daemon.stop(number), 0, daemon.log())


if __name__ == "__main__":
    trial.main()
