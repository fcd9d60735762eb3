#!/usr/bin/env python3
"""config/: an example is read by the program that it is for, and shows every key of its role with its default; no file is of a
sort that nothing reads. Profiles and notices have unit tests: tests/unit/cli/config_test.cpp and notices_test.cpp."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, chancery  # noqa: E402

CONFIG = ROOT / "config"
EXAMPLES = sorted(CONFIG.glob("*.toml"))
# Read by the unit tests, which walk these folders; and pages.
OTHERS = [*CONFIG.glob("exchanges/*/profile.toml"), *CONFIG.glob("notices/*.json"), *CONFIG.rglob("README.md")]
LEFT_OUT = re.compile(r"^# (\[+\w+\]+|\w+ = .*)$", re.M)  # A key or a table behind a #; prose has no such form.


def client_defaults():
    """The keys of client.toml, which has no `config options`, from the page; what is needed has no default."""
    page = (ROOT / "docs/reference/config.md").read_text().partition("\n## client.toml\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|", page, re.M)
    return {("", key): default.strip() or None for key, default in rows}


def defaults(role):
    """(table, key): its default as text, None where it is needed or has none."""
    if role == "client":
        return client_defaults()
    options = chancery("config", "options", role, "--json").json["options"]
    return {(option["table"], option["key"]): option["default"] for option in options}


def keys(parsed):
    """(table, key): value, of a list of tables what any of them has."""
    found = {}
    for key, value in parsed.items():
        tables = value if isinstance(value, list) else [value]
        if tables and all(isinstance(table, dict) for table in tables):
            found.update(((key, inner), value) for table in tables for inner, value in table.items())
        else:
            found["", key] = value
    return found


class ConfigExamples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chx", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def check(self, role, text):
        """The file as its program reads it; a client's key lies beside it, as the example says."""
        path = self.folder / "example.toml"
        path.write_text(text)
        key = self.folder / "key.pem"
        if not key.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", key], check=True)
            key.chmod(0o600)
        checked = chancery("config", "check", path, "--json")
        self.assertEqual((checked.code, checked.err), (0, ""), (role, checked))
        self.assertEqual(checked.json["role"], role)

    def test_no_file_is_of_a_sort_that_nothing_reads(self):
        self.assertEqual({path for path in CONFIG.rglob("*") if path.is_file()} - {*EXAMPLES, *OTHERS}, set())
        self.assertEqual({path.name for path in EXAMPLES},
                         {"hub.example.toml", "node.example.toml", "client.example.toml"})

    def test_each_role_reads_its_example_as_it_is_and_with_all_that_may_be_left_out(self):
        for path in EXAMPLES:
            role, text = path.name.partition(".")[0], path.read_text()
            self.check(role, text)
            whole, count = LEFT_OUT.subn(r"\1", text)
            self.assertGreater(count, 0, path)
            self.check(role, whole)

    def test_an_example_shows_every_key_of_its_role_and_what_it_is_without(self):
        for path in EXAMPLES:
            role, text = path.name.partition(".")[0], path.read_text()
            shown, known = keys(tomllib.loads(LEFT_OUT.sub(r"\1", text))), defaults(role)
            self.assertEqual(shown.keys(), known.keys(), path)
            left_out = shown.keys() - keys(tomllib.loads(text)).keys()
            for place in left_out:
                if known[place] is not None:
                    self.assertEqual(str(shown[place]).lower(), known[place], (path, place))  # False is false.


if __name__ == "__main__":
    trial.main()
