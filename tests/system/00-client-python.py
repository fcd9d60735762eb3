#!/usr/bin/env python3
"""The Python package against real daemons: what it can do, how it fails, and its examples. What it declares of
chancery.h is compared with the header."""
import ctypes
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, Trial, eventually  # noqa: E402

sys.path.insert(0, str(ROOT / "python"))
EXAMPLES = ROOT / "python/examples"
chancery = None  # Imported when it is known where the programs and the library are.


def load():
    global chancery
    os.environ["CHANCERY_LIBRARY"] = str(trial.BIN.parent / "lib/libchancery.so.0")
    os.environ["PYTHONPATH"] = str(ROOT / "python")
    import chancery as package
    chancery = package


def draft(**fields):
    return chancery.Draft(**{"kind": "threat.alert", "to": ["members"], "content": {"category": "THREAT_CATEGORY_OTHER", "summary": "Text"}, **fields})


class ProjectFile(unittest.TestCase):
    def test_pip_learns_the_version_of_the_library_and_all_files_of_the_package(self):
        load()
        text = (ROOT / "python/pyproject.toml").read_text()
        project, tool = tomllib.loads(text)["project"], tomllib.loads(text)["tool"]["setuptools"]
        self.assertEqual((project["name"], project["version"]), ("chancery", chancery.version()))
        folders = {path.parent.name for path in (ROOT / "python/chancery").rglob("*.py")}
        self.assertEqual(folders, set(tool["packages"]))
        others = {path.name for path in (ROOT / "python/chancery").iterdir() if path.is_file() and path.suffix != ".py"}
        self.assertEqual(others, set(tool["package-data"]["chancery"]))


class ClientPython(Trial):
    @classmethod
    def setUpClass(cls):
        load()

    def client(self, member, **options):
        client = chancery.Client(self.path(member.lower(), "apps/desk/client.toml"), **options)
        self.addCleanup(client.close)
        return client

    def assert_fails(self, name, call, *arguments, **fields):
        with self.assertRaises(chancery.Error) as caught:
            call(*arguments, **fields)
        self.assertEqual(caught.exception.name, name, caught.exception)
        return caught.exception

    def begin(self, example, *words, **options):
        process = subprocess.Popen([sys.executable, EXAMPLES / example, *map(str, words)], stdout=subprocess.PIPE,
                                   text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_notice_is_published_waited_for_read_and_shown(self):
        self.start("AM", "BY")
        node = self.client("AM")
        expires = datetime.datetime(2100, 1, 2, 3, 4, 5, 678000, datetime.timezone.utc)
        ticket = node.publish(draft(subject="Учение \u202e \0", precedence="flash", tlp="amber", to=("BY",),
                                    info=["KZ"], expires=expires))
        self.assertEqual(ticket.recipients, ["BY", "KZ"])
        outcome = ticket.wait("logged", timeout=20)
        self.assertEqual((outcome.verdict, outcome.index, outcome.error), ("reached", 7, None))

        reader = self.client("BY")
        page = reader.read("c", kinds=["threat.*"], wait=20)
        self.assertEqual([n.subject for n in page.notices], ["Учение \u202e \0"])
        notice = page.notices[0]
        self.assertEqual((notice.notice, notice.origin, notice.tlp, notice.expires_at, notice.sealed),
                         (ticket.notice, "AM", "amber", expires, True))
        self.assertEqual((notice.logged, notice.witnessed), (True, False), "two of six are no quorum")
        self.assertEqual(notice.content, {"category": "THREAT_CATEGORY_OTHER", "summary": "Text"})
        self.assertLessEqual(notice.created_at, datetime.datetime.now(datetime.timezone.utc))
        self.assertEqual(len(reader.read("c").notices), 1)  # Not committed, so read again.
        self.assertEqual(reader.commit("c", page.next), page.next)
        self.assertEqual(reader.read("c").notices, [])
        self.assertEqual([n.notice for n in reader.inbox(last=5).notices], [ticket.notice])
        for given in ({"kinds": "threat.alert"}, {"origins": "AM"}, {"statuses": "actual"}, {"kinds": ""}):
            self.assertEqual([n.notice for n in reader.inbox(**given).notices], [ticket.notice], given)
        self.assertEqual(reader.inbox(kinds="contact").notices, [])
        details = reader.show(ticket.notice[:12])
        self.assertEqual((details.notice, details.stage), (notice, "logged"))
        self.assertGreater(len(details.envelope), 100)
        self.assertTrue(reader.stats().connected)

    def test_the_outbox_and_cursors(self):
        self.start("AM", "BY")
        node, reader = self.client("AM"), self.client("BY")
        ticket, outcome = node.publish_until(draft(subject="one", to=("BY",)), "logged", timeout=20)
        self.assertEqual(outcome.verdict, "reached")
        self.assertEqual(ticket.wait("logged", timeout=20), outcome)
        page = node.outbox(stages=["logged"])
        self.assertEqual([(e.notice.id, e.stage, e.sent, e.error, e.notice.subject) for e in page.entries],
                         [(ticket.id, "logged", True, None, "one")])
        self.assertTrue(node.outbox(after=page.next_after).last)
        self.assert_fails("already-sent", node.cancel, ticket.id)
        self.assertEqual(node.retry(ticket.id).stage, "logged")

        self.assertEqual(reader.commit("c", reader.read("c", wait=20).next), chancery.Position(1, 1))
        self.assertEqual(reader.cursors(), {"c": chancery.Position(1, 1)})
        self.assertEqual(reader.reset("c", chancery.Position()), chancery.Position())
        self.assertEqual([n.subject for n in reader.read("c").notices], ["one"])

    def test_the_same_id_is_one_notice(self):
        self.start("AM", "BY")
        node = self.client("AM")
        again = draft(subject="once", id=chancery.new_notice_id())
        self.assertEqual(node.publish(again).notice, node.publish(again).notice)
        error = self.assert_fails("notice-id-reused", node.publish, draft(subject="other", id=again.id))
        self.assertEqual((error.notice_id, error.retryable), (again.id, False))

    def test_what_does_not_arrive_in_time_is_unknown_and_no_error(self):
        self.start("AM")
        self.hub.stop()
        self.assertEqual(self.client("AM").publish_until(draft(), timeout=0.7)[1].verdict, "unknown")
        self.assertEqual(self.client("AM").publish_until(draft(), timeout=-1)[1].verdict, "unknown")
        for after in (0.2, 0.8):  # In the first slice, and in a later one.
            node = self.client("AM")
            threading.Timer(after, node.close).start()
            ticket, outcome = node.publish_until(draft(), timeout=30)
            self.assertEqual((len(ticket.notice), outcome.verdict, outcome.error["code"]), (64, "unknown", "client-closed"))
        outcome = self.client("AM").publish(draft()).wait("logged", timeout=0.7)
        self.assertEqual((outcome.verdict, outcome.stage, outcome.error["code"]),
                         ("unknown", "queued", "unknown-outcome"))
        self.assertEqual(self.client("AM").read("c", wait=0.7).notices, [])

    def test_each_mistake_has_its_error(self):
        error = self.assert_fails("no-daemon", self.client("AM", connect_timeout_ms=50).show, "1")
        self.assertTrue(error.retryable and error.remedy and error.text and error.number == 89, error)
        self.assert_fails("file-missing", chancery.Client, self.folder / "none.toml")
        self.assert_fails("config-unknown-key", self.client, "AM", nod="x")
        self.assert_fails("config-invalid", self.client, "AM", request_timeout_ms=0)
        node = self.client("AM")
        self.assert_fails("malformed", node.publish, draft(status="real"))
        self.assert_fails("unknown-recipient", node.publish, draft(to=["nobody"]))
        self.assertRaises(ValueError, chancery.Position, 2**64)
        self.assertRaises(ValueError, chancery.Position, 0, -1)
        self.assert_fails("bad-argument", node.read, "a\0b")
        self.assert_fails("bad-argument", node.read, "")
        self.assert_fails("bad-argument", node.wait, chancery.new_notice_id(), "read")
        self.assertIn("threat.alert", [kind["kind"] for kind in chancery.kinds()])

    def test_after_close_and_after_a_fork_each_call_says_so(self):
        self.start("AM")
        node = self.client("AM")
        node.publish(draft())
        child = os.fork()
        if child == 0:
            code = 1
            try:
                node.stats()
            except chancery.Error as error:
                own = chancery.Client(self.path("am/apps/desk/client.toml"))
                code = 0 if error.name == "after-fork" and own.publish(draft()).id else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        node.publish(draft())
        with node:
            pass
        self.assert_fails("client-closed", node.publish, draft())
        self.assert_fails("client-closed", node.stats)

    def test_close_ends_what_another_thread_waits_for(self):
        self.start("AM")
        node = self.client("AM")
        failed = []

        def follow():
            try:
                node.read("c", wait=60)
            except chancery.Error as error:
                failed.append(error.name)
        reader = threading.Thread(target=follow)
        reader.start()
        self.assertTrue(eventually(lambda: node.stats().request_count >= 1))
        node.close()
        reader.join(10)
        self.assertEqual(failed, ["client-closed"])

    def test_a_program_that_ends_with_a_client_open_ends(self):
        self.start("AM")
        program = f"""import chancery; node = chancery.Client({str(self.path('am/apps/desk/client.toml'))!r})
print(node.publish(chancery.Draft(kind="contact", to=["BY"], content={{"counterpart": "x"}})).id)"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, len(done.stdout.strip()), done.stderr), (0, 36, ""))

    def test_the_examples_work(self):
        self.start("AM", "BY")
        by = self.path("by/apps/desk/client.toml")
        follower = self.begin("follow.py", by)
        taken = self.folder / "taken"
        taking = (f"import sys\nfor line in sys.stdin:\n open({str(taken)!r}, 'a').write(line)\n"
                  " print('later' if 'not now' in line else 'done', flush=True)")
        bridge = self.begin("bridge.py", by, "threat.*", "--", sys.executable, "-c", taking)
        self.assertEqual(self.publish("AM", "not to be bridged", kind="contact").code, 0)
        self.assertIn(" AM contact ", follower.stdout.readline())
        done = subprocess.run([sys.executable, EXAMPLES / "publish.py", self.path("am/apps/desk/client.toml"), "Example"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout.splitlines()[1:]), (0, ["logged at index 8"]), done)
        self.assertIn(" AM threat.alert 'Example'", follower.stdout.readline())

        def bridged():
            return [json.loads(line)["subject"] for line in taken.read_text().splitlines()] if taken.exists() else []
        self.assertTrue(eventually(lambda: bridged() == ["Example"]), bridged())
        self.assertEqual(self.publish("AM", "not now").code, 0)
        self.assertEqual(self.publish("AM", "after it").code, 0)
        self.assertTrue(eventually(lambda: bridged() == ["Example", "not now", "after it"]), bridged())
        given = self.client("BY").deferred("bridge-py").entries
        self.assertEqual([(each.notice.subject, each.deferral.attempts) for each in given], [("not now", 1)])
        self.assertIn(" AM threat.alert 'not now'", follower.stdout.readline())
        self.assertIn(" AM threat.alert 'after it'", follower.stdout.readline())
        for program in (follower, bridge):  # Ctrl-C, while it waits for more.
            program.send_signal(signal.SIGINT)
            self.assertEqual(program.wait(5), 0)
        for example in ("publish.py", "follow.py", "bridge.py"):
            done = subprocess.run([sys.executable, EXAMPLES / example], capture_output=True)
            self.assertEqual(done.returncode, 64, done)

    def test_its_declarations_are_those_of_the_header(self):
        from chancery import _abi
        header = {}
        for line in (ROOT / "client/abi/declared.txt").read_text().splitlines():
            if "(" in line and not line.startswith("typedef"):
                name = line[:line.index("(")].replace("*", " ").split()[-1]
                arguments = line[line.index("(") + 1:-2]
                header[name] = (line[:line.index(name)].strip(), [] if arguments == "void" else arguments.split(","))
        kinds = {"void": {None}, "const char*": {_abi.TEXT}, "char*": {ctypes.c_void_p}, "uint32_t": {_abi.U32},
                 "uint64_t": {_abi.U64}, "uint64_t*": {ctypes.POINTER(_abi.U64)}, "int": {_abi.INT}, "int*": {ctypes.POINTER(_abi.INT)}, "char**": {_abi.OUT}}

        def fits(c_type, python):
            c_type = c_type.strip()
            if "chancery_position*" in c_type:
                return python is _abi.POSITION
            if "chancery_" in c_type:
                return python is (_abi.OUT if c_type.endswith("**") else ctypes.c_void_p)
            return python in kinds[c_type]
        self.assertEqual(len(header), 42)
        for name, (result, arguments) in _abi.SIGNATURES.items():
            c_result, c_arguments = header[name]
            self.assertTrue(fits(c_result, result), (name, c_result, result))
            self.assertEqual(len(arguments), len(c_arguments), name)
            for c_argument, argument in zip(c_arguments, arguments):
                c_type = c_argument.rstrip("abcdefghijklmnopqrstuvwxyz_") if "*" in c_argument else c_argument.split()[0]
                self.assertTrue(fits(c_type, argument), (name, c_argument, argument))


if __name__ == "__main__":
    trial.main()
