#!/usr/bin/env python3
"""`chancery completion`: the scripts in the shells that they are for.

bash and fish complete a line themselves; of zsh the function is called as its completion system would, with that
system's own commands replaced by ones that print. That zsh's own system finds and calls it, a terminal shows.
"""
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402

BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_chancery && printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ :; }}
_describe() {{ print -l -- "${{(@)${{(P)2}}%%:*}}" }}
_files() {{ print -l -- *(N) }}
source {script}
words=({words}); CURRENT=$#words
_chancery
"""


class Completes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "notice.json").touch()

    def candidates(self, shell, line):
        """What the shell offers for the last word of the line; an empty one is a word, too."""
        script = pathlib.Path(self.folder.name, "script")
        script.write_bytes(subprocess.run([trial.BIN / "chancery", "completion", shell], check=True,
                                          capture_output=True).stdout)
        if shell == "fish":
            program = f"source {script}; complete -C '{line}'"
        else:
            words = " ".join(f"'{word}'" for word in line.split(" "))
            program = {"bash": BASH, "zsh": ZSH}[shell].format(script=script, words=words)
        flags = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
        done = subprocess.run([shell, *flags, program], capture_output=True, text=True, cwd=self.folder.name,
                              env={"PATH": "/usr/bin:/bin", "HOME": self.folder.name})
        self.assertEqual(done.stderr, "", shell)
        found = [offered.split("\t")[0] for offered in done.stdout.splitlines()]
        # zsh's own system takes away what does not begin with the word.
        return sorted(word for word in found if word.startswith(line.split(" ")[-1]))

    def assert_offers(self, line, expected):
        for shell in ("bash", "zsh", "fish"):
            with self.subTest(shell=shell, line=line):
                self.assertEqual(self.candidates(shell, line), sorted(expected))

    def test_verbs_flags_and_values(self):
        self.assert_offers("chancery pub", ["publish"])
        self.assert_offers("chancery audit ver", ["verify"])
        self.assert_offers("chancery errors l", ["list", "lookup"])
        self.assert_offers("chancery publish --pre", ["--precedence"])
        self.assert_offers("chancery publish --precedence f", ["flash"])
        self.assert_offers("chancery publish --kind assistance.o", ["assistance.offer"])
        self.assert_offers("chancery kinds threat", ["threat.alert"])
        self.assert_offers("chancery publish --wait ", ["logged", "queued"])
        self.assert_offers("chancery bench publish --sink v", ["verify"])
        self.assert_offers("chancery bench si", [])  # A verb that no help shows.

    def test_files_where_files_are_meant_and_nowhere_else(self):
        self.assert_offers("chancery publish --file not", ["notice.json"])
        self.assert_offers("chancery publish --subject not", [])
        self.assert_offers("chancery publish --clear --file not", ["notice.json"])

    def test_every_verb_of_the_help_is_offered(self):
        for shell in ("bash", "zsh", "fish"):
            offered = self.candidates(shell, "chancery ")
            shown = subprocess.run([trial.BIN / "chancery", "--help"], capture_output=True, text=True).stdout
            verbs = [line.split()[0] for line in shown.split("Subcommands:")[1].splitlines()
                     if line.startswith("  ") and not line.startswith("   ")]
            self.assertGreater(len(verbs), 10)
            self.assertLessEqual(set(verbs), set(offered), shell)

    def in_a_terminal(self, setup, line):
        """What an interactive zsh that was set up shows of the line, in which keys may be pressed, and of its end."""
        child, screen = pty.fork()
        if child == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": f"{trial.BIN}:/usr/bin:/bin", "HOME": self.folder.name,
                                                   "TERM": "dumb", "PS1": "ready> "})
        shown = b""

        def read_until(end):
            nonlocal shown
            until = time.monotonic() + 20
            while end not in shown and time.monotonic() < until:
                if select.select([screen], [], [], 0.2)[0]:
                    shown += os.read(screen, 4096)
            self.assertIn(end, shown)

        try:
            read_until(b"ready> ")
            os.write(screen, f"{setup}; print set''up\n".encode())
            read_until(b"setup\r\n")
            shown = shown.split(b"setup\r\n")[-1]
            read_until(b"ready> ")
            shown = b""
            os.write(screen, f"{line}\n".encode())
            read_until(b"ready> ")
            return shown.decode()
        finally:
            os.close(screen)
            os.waitpid(child, 0)

    def test_zsh_answers_the_first_tab(self):
        script = pathlib.Path(self.folder.name, "_chancery")
        script.write_bytes(subprocess.run([trial.BIN / "chancery", "completion", "zsh"], check=True,
                                          capture_output=True).stdout)
        system = f"fpath=({self.folder.name} $fpath); autoload -Uz compinit; compinit -D -u"
        sourced = f"autoload -Uz compinit; compinit -D -u; source {script}"
        for how in (system, f"{system}; source {script}", sourced):
            with self.subTest(how=how):
                self.assertIn("[chancery][inbox]", self.in_a_terminal(
                    f"{how}; chancery() {{ print -r -- \"[chancery][$1]\" }}", "chancery inb\t"))

    def test_another_shell_is_a_wrong_command_line(self):
        done = subprocess.run([trial.BIN / "chancery", "completion", "bsh"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("did you mean 'bash'?", done.stderr)


if __name__ == "__main__":
    for shell in ("bash", "zsh", "fish"):
        if shutil.which(shell) is None:
            sys.exit(f"{shell} is not installed: ./dev setup test")
    trial.main()
