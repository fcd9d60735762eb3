#!/usr/bin/env python3
"""A store copied while its daemon works, verified offline, and put in place again. Protocol chapter 9."""
import hashlib
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class Backups(Trial):
    def backup(self, name, path):
        return chancery("backup", "--exchange", self.exchange, name, "--to", path, "--json")

    def restore(self, path, *words):
        return chancery("restore", "--verify", path, "--genesis", self.made["genesis"], "--json", *words)

    def flow(self, member):
        """Publishes without a pause until it is ended."""
        script = """while :; do "$0" publish --exchange "$1" --as "$2" --kind contact --to BY --subject flow \
                    --content '{"counterpart": "x"}' || exit 1; done"""
        process = subprocess.Popen(["bash", "-c", script, trial.BIN / "chancery", self.exchange, member],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def size_of(self, name):
        return self.status(name).json["log"]["size"]

    def test_a_backup_under_load_verifies_and_restores(self):  # C-120
        self.start("AM", "BY")
        flows = [self.flow("AM") for _ in range(3)]
        self.assertTrue(eventually(lambda: self.size_of("hub") > 15))
        for name in ("hub", "BY"):
            copy = self.folder / f"{name}.db"
            before = self.size_of(name)
            made = self.backup(name, copy)
            self.assertEqual(made.code, 0, made)
            self.assertEqual(made.json["sha256"], hashlib.sha256(copy.read_bytes()).hexdigest())
            self.assertEqual(made.json["bytes"], copy.stat().st_size)
            self.assertTrue(before <= made.json["size"] <= self.size_of(name), made)
            self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
            verdict = self.restore(copy)
            self.assertEqual((verdict.code, verdict.json["verified"]), (0, True), verdict)
            self.assertEqual((verdict.json["size"], verdict.json["root"], verdict.json["sha256"]),
                             (made.json["size"], made.json["root"], made.json["sha256"]))
            again = self.backup(name, copy)
            self.assertEqual((again.code, again.error), (1, "exists"), again)
        for number in range(6):  # Whatever the hub is in the middle of.
            copy = self.folder / f"hub-{number}.db"
            made, verdict = self.backup("hub", copy), self.restore(copy)
            self.assertEqual((verdict.json["size"], verdict.json["root"]), (made.json["size"], made.json["root"]))
            copy.unlink()
        self.assertIsNone(self.status("hub").json["backup"])
        for flow in flows:
            flow.kill()
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.db*")), ["BY.db", "hub.db"])

        # BY goes on with its copy: what came since is fetched.
        self.assertTrue(eventually(lambda: self.size_of("BY") == self.size_of("hub")))
        count = len(self.subjects("BY"))
        store = self.path("by/store/node.db")
        running = self.restore(self.folder / "BY.db", "--to", store)
        self.assertEqual((running.code, running.error), (1, "exists"), running)
        self.assertEqual(self.nodes["BY"].stop(), 0)
        for path in store.parent.iterdir():
            path.unlink()
        placed = self.restore(self.folder / "BY.db", "--to", store)
        self.assertEqual((placed.code, placed.json["placed"]), (0, str(store)), placed)
        self.assertEqual(store.read_bytes(), (self.folder / "BY.db").read_bytes())
        self.start_node("BY")
        self.assertTrue(eventually(lambda: len(self.subjects("BY")) == count))
        self.assertEqual(self.audit("BY").code, 0)

        # The hub with an older store: it says so and admits nothing (C-134).
        size = self.size_of("hub")
        self.assertEqual(self.hub.stop(), 0)
        hub = self.path("hub/store/hub.db")
        newest = self.folder / "newest"
        shutil.move(hub.parent, newest)
        hub.parent.mkdir(mode=0o700)
        told = chancery("restore", "--verify", self.folder / "hub.db", "--to", hub)
        self.assertEqual(told.code, 0, told)
        self.assertIn("admission-stopped", told.out)
        self.assertTrue(self.hub.start().says("admission-stopped"), self.hub.log())
        self.assertLess(self.size_of("hub"), size)

    def test_what_is_no_backup_is_no_backup(self):  # C-121
        self.start("AM")
        copy = self.folder / "hub.db"
        self.assertEqual(self.publish("AM", "In the copy").code, 0)
        self.assertEqual(self.backup("hub", copy).code, 0)
        aim = self.folder / "aim.db"
        with sqlite3.connect(copy) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("UPDATE entry SET body = zeroblob(length(body)) WHERE idx = 7")
        database.close()
        altered = self.restore(copy, "--to", aim)
        self.assertEqual((altered.code, altered.json["verified"], altered.json["placed"]), (1, False, None), altered)
        self.assertEqual(altered.json["findings"][0]["index"], 7)
        copy.write_bytes(copy.read_bytes()[:20_000])
        cut = self.restore(copy, "--to", aim)
        self.assertEqual(cut.code, 1, cut)
        other = chancery("restore", "--verify", self.path("am/store/node.db"), "--genesis", "1" * 64, "--json")
        self.assertNotEqual(other.code, 0, other)
        self.assertFalse(aim.exists())

    def test_a_daemon_that_is_killed_leaves_no_half_file_under_the_name(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "In the store").code, 0)
        copy = self.folder / "hub.db"
        self.hub.process.send_signal(signal.SIGSTOP)
        asks = subprocess.Popen([trial.BIN / "chancery", "backup", "--exchange", self.exchange, "hub", "--to", copy,
                                 "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (asks.kill(), asks.communicate()))
        self.hub.process.send_signal(signal.SIGCONT)
        partial = self.folder / "hub.db.partial"
        while not partial.exists() and not copy.exists() and asks.poll() is None:
            pass
        self.hub.stop(signal.SIGKILL)
        if copy.exists():  # It was quicker than we were: then the copy is whole.
            self.assertEqual(self.restore(copy).code, 0)
            copy.unlink()
        partial.write_bytes(b"half a file, as a crash leaves it")
        self.start()
        made = self.backup("hub", copy)
        self.assertEqual(made.code, 0, made)
        self.assertEqual(self.restore(copy).code, 0)
        self.assertFalse(partial.exists())

    def test_a_place_where_no_copy_can_be_made(self):
        self.start("AM")
        for path, code in ((self.folder / "no" / "folder" / "x.db", "file-missing"), (self.hub.config, "exists"),
                           (self.path("hub/store/hub.db"), "exists"), (self.path("hub/store/hub.db-journal"), "usage")):
            made = self.backup("hub", path)
            self.assertEqual((made.code, made.error), (64 if code == "usage" else 1, code), made)
        self.hub.stop()
        made = self.backup("hub", self.folder / "x.db")
        self.assertEqual(made.error, "no-daemon", made)


if __name__ == "__main__":
    trial.main()
