#!/usr/bin/env python3
"""docs/start.md as a reader follows it: every block of commands is run by one shell, in order, and what the page shows
under a block is compared with what its last command printed.

    00-start-page.py --bin FOLDER     the programs that were built there, a scratch folder instead of /tmp, a free port
    00-start-page.py --as-written     from a clone, nothing replaced: it installs packages, builds, and takes minutes

What is replaced stands in Page.here(), what a command is to answer besides 0 in ANSWERS. The second form says how long
it took until the reader's own program had published and received.
"""
import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, eventually  # noqa: E402

PAGE = ROOT / "docs/start.md"
AS_WRITTEN = sys.argv[1:2] == ["--as-written"]
COMMAND_SECONDS = 3000 if AS_WRITTEN else 120

# A command begins with this: its exit code, and what must be in what it prints. All others end with 0.
ANSWERS = [
    (r"chancery --help$", 0, "publish "),
    (r"chancery status hub$", 0, r"log\.size +7\n"),
    (r"chancery kinds contact$", 0, "counterpart"),
    (r"chancery publish .*--classification cosmic", 1, "unknown-classification"),
    (r"chancery publish .*--file", 0, r"logged at index \d+"),
    (r"chancery inbox --as KZ$", 0, "(?s)contact.*threat.alert"),
    (r"chancery inbox --as BY --kind 'threat", 0, r"\A(?!.*threat\.alert)"),
    (r'chancery show "\$ALERT" --as KZ$', 0, "threat.alert"),
    (r'chancery show "\$ALERT" --as BY$', 1, "not-found"),
    (r'chancery track "\$ALERT"', 0, "delivered"),
    (r"chancery audit verify --store", 1, "leaf-mismatch"),
    (r"chancery audit verify", 0, "verified: "),
    (r"\S*/example-publish ", 0, r"logged at index \d+"),
    (r"python3 python/examples/publish.py", 0, r"logged at index \d+"),
]
# Runs until it is stopped: it is left alone once it has said this; where the page says Ctrl-C later, it goes on till then.
STAYS = [
    (r"chancery exchange run ", "are ready for notices", False),
    (r"\S*/example-follow ", " AM threat.alert ", True),
]
STOP = "Stop the exchange with Ctrl-C"


def parts(text):
    """The page in order: ("text", …), ("sh", …) for commands, ("", …) for what is shown."""
    at = 0
    for block in re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, re.M):
        yield "text", text[at:block.start()]
        yield block[1], block[2]
        at = block.end()
    yield "text", text[at:]


def commands(block):
    """Whole commands, with here-documents and what goes on in the next line."""
    command = ""
    for line in block.splitlines(keepends=True):
        command += line
        parsed = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
        if parsed.returncode == 0 and not parsed.stderr and not line.endswith("\\\n"):
            yield command.strip()
            command = ""
    if command:
        raise AssertionError(f"no whole command: {command}")


def pattern_of(shown):
    """What is shown matches what is printed, except for hashes, identifiers and log indices, and for `...`."""
    pattern = ""
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        for word in re.split(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|\b[0-9a-f]{8}\.\.\.|index \d+)", line):
            if re.fullmatch(r"[0-9a-f-]{36}", word):
                pattern += r"[0-9a-f-]{36}"
            elif re.fullmatch(r"[0-9a-f]{64}", word):
                pattern += r"[0-9a-f]{64}"
            elif word.startswith("index "):  # Nodes log statements of their own between what the page does.
                pattern += r"index \d+"
            elif word.endswith("...") and len(word) == 11:
                pattern += r"[0-9a-f]+(?:\.\.\.)?"
            else:
                pattern += re.escape(word)
        pattern += r"\n"
    return pattern


class Shell:
    """One bash that keeps its variables from command to command."""

    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        cwd=ROOT, text=True, start_new_session=True)

    def run(self, command):
        """Its exit code, and what it printed."""
        script, printed = self.folder / "command", self.folder / "printed"
        script.write_text(command + "\n")
        self.process.stdin.write(f"source {script} </dev/null >{printed} 2>&1; echo $?\n")
        self.process.stdin.flush()
        answered, _, _ = select.select([self.process.stdout], [], [], COMMAND_SECONDS)
        code = self.process.stdout.readline() if answered else ""
        if not code:
            raise AssertionError(f"{'the shell ended' if answered else 'no end'}: {command}\n{printed.read_text()}")
        return int(code), printed.read_text(errors="replace")

    def environment(self):
        _, text = self.run("env -0")
        return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # With a command that did not come to its end.
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Staying:
    """A command in a terminal of its own."""

    def __init__(self, command, environment, printed):
        self.printed = printed
        with open(printed, "wb") as out:
            self.process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, env=environment, stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)

    def says(self, text):
        return eventually(lambda: text in self.printed.read_text(errors="replace") or self.process.poll() is not None)

    def ctrl_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class StartPage(unittest.TestCase):
    def setUp(self):
        # A script's background job ignores Ctrl-C, and hands that on to all that it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chs", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.shell = Shell(self.folder)
        self.addCleanup(self.shell.end)
        self.port = trial.free_port()
        self.ran = self.compared = 0
        self.exchange = None

    def here(self, text):
        """A line of the page, for this run."""
        if AS_WRITTEN:
            return text
        text = text.replace("/tmp/", f"{self.folder}/")
        if text == "./dev demo":  # Without a build, and a flood that takes its time in another test.
            return f"{shlex.quote(sys.executable)} demo/demo.py --bin {trial.BIN} --flood 500"
        if text == "./dev build release":  # It is built.
            return f"test -x {trial.BIN}/chancery-broker"
        if text.startswith("chancery exchange init "):  # The page says what to do where the port is taken.
            text += f" --port {self.port}"
        text = text.replace("$PWD/build/release/bin", str(trial.BIN))
        return text.replace("--install build/release", f"--install {trial.BIN.parent}")

    def stay(self, command, said, ends):
        printed = self.folder / f"staying-{self.ran}"
        staying = Staying(self.here(command), self.shell.environment(), printed)
        self.addCleanup(staying.end)
        self.assertTrue(staying.says(said) and staying.process.poll() is None, (command, printed.read_text()))
        if ends:
            self.assertEqual(staying.ctrl_c(), -signal.SIGINT, command)
        else:
            self.exchange = staying
        return printed.read_text(errors="replace")

    def do(self, command):
        self.ran += 1
        for begin, said, ends in STAYS:
            if re.match(begin, command):
                return self.stay(command, said, ends)
        answers = [answer for answer in ANSWERS if re.match(answer[0], command.replace("\\\n", " "))]
        expected, said = answers[0][1:] if answers else (0, "(?s)")
        read = command.startswith(("chancery inbox", "chancery show"))
        asked = []  # More than once where a delivery takes longer than the next command of a script.

        def answered():
            if not asked or read:
                asked.append(self.shell.run(self.here(command)))
            return asked[-1][0] == expected and re.search(said, asked[-1][1])
        eventually(answered, trial.PATIENCE if read else 0)
        code, printed = asked[-1]
        self.assertEqual(code, expected, f"{command}\n{printed}")
        self.assertRegex(printed, said, command)
        return printed

    def test_every_command_does_what_the_page_says(self):
        begun = time.monotonic()
        printed = None
        for sort, text in parts(PAGE.read_text()):
            if sort == "text":
                if STOP in " ".join(text.split()):
                    self.assertEqual(self.exchange.ctrl_c(), 0, self.exchange.printed.read_text())
                    self.exchange = None
            elif sort == "sh":
                for command in commands(text):
                    printed = self.do(command)
                    if "/own/build/own" in command and AS_WRITTEN:
                        processors = self.shell.run("times")[1].splitlines()[1]  # Of what it ran: user, system.
                        print(f"an own program published and received after {time.monotonic() - begun:.0f} s, "
                              f"of processors {processors}", flush=True)
            else:
                self.assertEqual(sort, "", "a block is of commands (sh) or shows what is printed")
                self.assertRegex(printed, r"\A" + pattern_of(self.here(text)) + r"\Z")
                self.compared += 1
        self.assertIsNone(self.exchange, f"the page does not say: {STOP}")
        self.assertGreater(self.ran, 30)
        self.assertEqual(self.compared, 4)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.is_dir()], [], "what is not cleaned up")


if __name__ == "__main__":
    if AS_WRITTEN:
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
    trial.main()
