#!/usr/bin/env python3
"""Disks that fill up under the hub and under a node, and are freed: levels, refusals, the reserve of the urgent,
reads that go on, and recovery in the same process. As root, on file systems of a few MiB in memory.
docs/reference/config.md, Disk."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

MIB = 1 << 20
MARKS = {"warn_free_bytes": 6 * MIB, "routine_free_bytes": 4 * MIB, "urgent_free_bytes": 2 * MIB}


class DiskFull(Trial):
    def put_on_small_disk(self, name, marks):
        """The store of a daemon that was not started yet, on 16 MiB."""
        self.store = self.path(name.lower(), "store")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", self.store],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.store])
        config = self.path("hub/hub.toml" if name == "hub" else f"{name.lower()}/node.toml")
        with open(config, "a", encoding="utf-8") as file:
            file.write("\n[disk]\n" + "".join(f"{key} = {value}\n" for key, value in marks.items()))

    def leave(self, free_bytes):
        """Ballast takes all of the disk but so much."""
        ballast = self.store / "ballast"
        ballast.unlink(missing_ok=True)
        there = os.statvfs(self.store)
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, there.f_bavail * there.f_frsize - free_bytes)

    def free(self):
        (self.store / "ballast").unlink()

    def await_level(self, name, level):
        self.assertTrue(eventually(lambda: self.status(name).json["disk"]["level"] == level), self.status(name))

    def assert_goes_on(self, daemon, pid):
        self.assertIsNone(daemon.process.poll(), daemon.log())
        self.assertEqual(daemon.process.pid, pid)

    def test_a_hub_refuses_the_patient_first_then_all_and_goes_on(self):
        self.put_on_small_disk("hub", MARKS)
        self.start("AM", "BY")
        pid = self.hub.process.pid
        self.assertEqual(self.publish("AM", "before").code, 0)
        self.assertEqual(self.status("hub", "--check").code, 0)
        self.leave(5 * MIB)
        self.await_level("hub", "warning")
        self.assertEqual([self.status("hub").code, self.status("hub", "--check").code], [0, 1])
        self.assertEqual(self.publish("AM", "warned").code, 0)
        self.leave(3 * MIB)
        self.await_level("hub", "urgent-only")
        patient = self.publish("AM", "patient", "--timeout", "500ms")
        self.assertEqual((patient.code, patient.json["verdict"]), (2, "unknown"), patient)
        waits = self.as_member("AM", "outbox", "list").json["notices"]
        self.assertEqual([(n["subject"], n["sent"], n["error"]["code"]) for n in waits], [("patient", True, "disk-low")])
        self.assertEqual(self.publish("AM", "urgent", "--precedence", "flash").code, 0)
        self.assert_arrives("BY", ["before", "warned", "urgent"])

        self.leave(MIB)
        self.await_level("hub", "full")
        late = self.publish("AM", "late", "--precedence", "flash", "--timeout", "500ms")
        self.assertEqual(late.code, 2, late)
        self.assertEqual(len(self.subjects("BY")), 3)
        self.assertEqual(self.audit("hub").code, 0)
        self.nodes["BY"].stop()  # A node may leave and come back, and reads what there is.
        self.start_node("BY")
        self.assertTrue(eventually(lambda: self.status("BY").json["log"]["size"] == self.status("hub").json["log"]["size"]))

        self.free()
        self.await_level("hub", "ample")
        self.assertTrue(eventually(lambda: len(self.subjects("BY")) == 5), self.subjects("BY"))
        self.assertEqual(set(self.subjects("BY")[3:]), {"patient", "late"})
        self.assert_goes_on(self.hub, pid)
        self.assertTrue({"disk-low", "disk-full"} <= {w.split("error=")[1].split()[0] for w in self.nodes["AM"].log()
                        .splitlines() if " refused " in w}, self.nodes["AM"].log())

    def test_a_node_refuses_its_applications_and_takes_nothing_of_the_hub(self):
        self.put_on_small_disk("AM", MARKS)
        self.start("AM", "BY")
        pid = self.nodes["AM"].process.pid
        self.assertEqual(self.publish("BY", "before").code, 0)
        self.assert_arrives("AM", ["before"])
        self.leave(3 * MIB)
        self.await_level("AM", "urgent-only")
        patient = self.publish("AM", "patient")
        self.assertEqual((patient.code, patient.error), (1, "disk-low"), patient)
        self.assertEqual(self.publish("AM", "urgent", "--precedence", "immediate").code, 0)
        self.assertEqual(self.publish("BY", "patient too").code, 0)
        self.assertEqual(self.publish("BY", "urgent too", "--precedence", "immediate").code, 0)
        self.assert_arrives("AM", ["before", "urgent too"])

        self.leave(MIB)
        self.await_level("AM", "full")
        refused = self.publish("AM", "more", "--precedence", "override")
        self.assertEqual((refused.code, refused.error), (1, "disk-full"), refused)
        self.assertEqual(self.as_member("AM", "inbox", "--cursor", "desk").error, "disk-full")
        self.assertEqual(self.publish("BY", "while it is full").code, 0)  # Nobody else notices.
        size = self.status("AM").json["log"]["size"]
        self.assertLess(size, self.status("hub").json["log"]["size"])
        self.assertEqual(self.subjects("AM"), ["before", "urgent too"])

        self.free()
        self.assert_arrives("AM", ["before", "urgent too", "patient too", "while it is full"])
        notice_id = json.loads(patient.err.splitlines()[-1])["error"]["notice_id"]
        self.assertEqual(self.publish("AM", "patient", "--id", notice_id).code, 0)
        self.assert_goes_on(self.nodes["AM"], pid)

    def test_a_backup_leaves_what_is_kept_free_for_notices(self):
        self.put_on_small_disk("hub", MARKS)
        self.start("AM", "BY")
        copy = self.store / "copy.db"
        for free, code in ((4 * MIB, 1), (7 * MIB, 0)):
            self.leave(free)
            made = trial.chancery("backup", "--exchange", self.exchange, "hub", "--to", copy, "--json")
            self.assertEqual((made.code, made.error), (code, "disk-low" if code else None), made)
            self.assertEqual([path.name for path in self.store.glob("copy*")], [] if code else ["copy.db"])
        self.leave(4 * MIB)
        elsewhere = trial.chancery("backup", "--exchange", self.exchange, "hub", "--to", self.folder / "copy.db", "--json")
        self.assertEqual(elsewhere.code, 0, elsewhere)

    def test_a_write_that_finds_no_room_ends_nobody(self):
        blind = {"warn_free_bytes": 3, "routine_free_bytes": 2, "urgent_free_bytes": 1}
        for name, publisher in (("hub", "BY"), ("AM", "AM")):
            with self.subTest(name):
                self.doCleanups()
                self.setUp()
                self.put_on_small_disk(name, blind)
                self.start("AM", "BY")
                daemon = self.hub if name == "hub" else self.nodes["AM"]
                pid = daemon.process.pid
                self.assertEqual(self.publish(publisher, "before").code, 0)
                self.leave(200 << 10)  # Holds what daemons write by themselves, so that the large one finds the end.
                text = '{"category": "THREAT_CATEGORY_OTHER", "summary": "' + 400_000 * "x" + '"}'
                answer = self.as_member(publisher, "publish", "--kind", "threat.alert", "--to", "members", "--subject",
                                        "large", "--file", "-", "--timeout", "500ms",
                                        stdin='{"content": ' + text + "}")
                self.assertNotEqual(answer.code, 0, answer)
                self.assertTrue(eventually(lambda: "disk full" in daemon.log()), daemon.log())
                self.await_level(name, "full")
                self.free()
                self.await_level(name, "ample")
                self.assertEqual(self.publish("BY", "after", to="AM").code, 0)
                self.assertTrue(eventually(lambda: "after" in self.subjects("AM")), self.subjects("AM"))
                self.assert_goes_on(daemon, pid)
                self.assertEqual(self.audit(name).code, 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        DiskFull = unittest.skip("only root can mount")(DiskFull)
    trial.main()
