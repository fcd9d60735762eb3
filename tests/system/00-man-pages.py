#!/usr/bin/env python3
"""The manual pages that the build writes: every verb and flag of --help is in its page, with the same words, and
mandoc and groff have nothing to say against them. docs/internals/cli.md."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402


def help_of(*words):
    done = subprocess.run([trial.BIN / words[0], *words[1:], "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def verbs_of(*words):
    """What the help lists as its subcommands, with what it says of each."""
    _, _, below = help_of(*words).partition("\nSubcommands:\n")
    lines = re.match(r"(?:  .*\n)*", below)[0]
    return dict(re.findall(r"^  (\w+) +(.*(?:\n {10,}.*)*)", lines, re.M))


def flags_of(*words):
    """The flags of the help, with what it says of each."""
    _, _, below = help_of(*words).partition("\nOptions:\n")
    section = below.partition("\n\n")[0]
    found = re.findall(r"^  (?:-\w,)?(--[\w-]+)(?: \S+)*?(?:  +|\n {10,})(.*(?:\n {10,}.*)*)", section, re.M)
    return {flag: " ".join(text.split()) for flag, text in found}


class ManPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = trial.BIN.parent / "man"
        cls.pages = {path.name: path for path in cls.folder.glob("man?/*")}
        if not cls.pages:
            raise AssertionError(f"no pages in {cls.folder}: build the target `man`")

    def shown(self, page):
        """A page as its reader sees it, in one line of words."""
        done = subprocess.run(["mandoc", "-Tutf8", "-O", "width=1000", self.pages[page]], capture_output=True, text=True, check=True)
        return " ".join(re.sub(r".\x08", "", done.stdout).split())

    def assert_tells(self, page, *words):
        text = self.shown(page)
        flags = flags_of(*words)
        self.assertIn("--help", flags)
        for flag, meaning in flags.items():
            self.assertRegex(text, rf"(?<![\w-]){flag}(?![\w-])", page)
            self.assertIn(meaning, text, (page, flag))

    def test_each_verb_has_a_page_with_all_its_flags(self):
        verbs = verbs_of("chancery")
        self.assertGreater(len(verbs), 12)
        for verb in verbs.keys() - {"help"}:
            page = f"chancery-{verb}.1"
            self.assert_tells(page, "chancery", verb)
            for below, meaning in verbs_of("chancery", verb).items():
                self.assertIn(f"chancery {verb} {below}", self.shown(page))
                self.assertIn(" ".join(meaning.split()), self.shown(page))
                self.assert_tells(page, "chancery", verb, below)
        self.assertEqual(set(self.pages), {f"chancery-{verb}.1" for verb in verbs.keys() - {"help"}} |
                         {"chancery.1", "chancery-broker.8", "chancery-node.8"})

    def test_the_command_and_the_daemons_have_theirs(self):
        self.assert_tells("chancery.1", "chancery")
        for verb, meaning in verbs_of("chancery").items():
            self.assertIn(f"{verb} {' '.join(meaning.split())}", self.shown("chancery.1"))
        for daemon in ("chancery-broker", "chancery-node"):
            self.assert_tells(f"{daemon}.8", daemon)

    def test_what_the_footer_teaches_is_in_the_page(self):
        for verb in ("publish", "doctor", "restore"):
            footer = help_of("chancery", verb).partition("Examples:\n")[2]
            self.assertGreater(len(footer.splitlines()), 3)
            text = self.shown(f"chancery-{verb}.1")
            for line in footer.splitlines():
                self.assertIn(" ".join(line.split()), text, verb)

    def test_mandoc_and_groff_find_nothing(self):
        for path in self.pages.values():
            # A date would make each build differ.
            lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", path], capture_output=True, text=True)
            complaints = [line for line in lint.stdout.splitlines() if "missing date" not in line]
            self.assertEqual((complaints, lint.stderr), ([], ""))
            groff = subprocess.run(["groff", "-man", "-ww", "-z", path], capture_output=True, text=True)
            self.assertEqual((groff.returncode, groff.stderr), (0, ""), path)
            self.assertTrue(path.read_text().isascii(), path)


if __name__ == "__main__":
    trial.main()
