#!/usr/bin/env python3
"""`chancery config`: the table that the daemons read by is that of docs/reference/config.md, and a file is checked as its
program would read it."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, chancery  # noqa: E402

PAGE = ROOT / "docs/reference/config.md"
COLUMNS = ["key", "type", "default", "change", "meaning", "if it is wrong"]
# Where the tables of the page begin, in its order; [disk] and [http] are for both daemons.
PLACES = [("## hub.toml", "hub", ""), ("`[quota]`", "hub", "quota"), ("## node.toml", "node", ""),
          ("`[overdue]`", "node", "overdue"), ("`[witness]`", "node", "witness"), ("`[[hook]]`", "node", "hook"), ("`[[application]]`", "node", "application"), ("## Disk", None, "disk"), ("## HTTP", None, "http")]


def plain(cell):
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").replace("*", "")


def number(text):
    """A default of the page as a daemon has it: `1 GiB`, `50,000`."""
    found = re.fullmatch(r"([\d,]+)(?: ([MG])iB)?", text)
    if not found:
        return text
    return str(int(found[1].replace(",", "")) << {None: 0, "M": 20, "G": 30}[found[2]])


def rows_of_page():
    """(daemon, table, key): the cells of its row."""
    rows, place = {}, None
    for line in PAGE.read_text().splitlines():
        for begin, daemon, table in PLACES:
            if line.startswith(begin):
                place = (daemon, table)
        if line.startswith("## client.toml"):
            place = None
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if place and line.startswith("| `"):
            daemon, table = place
            for name in (daemon,) if daemon else ("hub", "node"):
                rows[name, table, cells[0].strip("`")] = dict(zip(COLUMNS, cells, strict=True))
    return rows


class ConfigOptions(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chc", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def check(self, text, *words):
        path = self.folder / "file.toml"
        path.write_text(text)
        return chancery("config", "check", path, "--json", *words)

    def test_the_page_has_the_rows_that_the_daemons_read_by(self):
        page = rows_of_page()
        known = {}
        for daemon in ("hub", "node"):
            for option in chancery("config", "options", daemon, "--json").json["options"]:
                known[daemon, option["table"], option["key"]] = option
        self.assertEqual(page.keys(), known.keys())
        self.assertGreater(len(known), 35)
        for place, option in known.items():
            row = page[place]
            default = "" if option["needed"] else option["default"] or "none"
            self.assertEqual((row["type"], number(row["default"]), row["change"]),
                             (option["type"], default, option["change"]), place)
            self.assertTrue(plain(row["meaning"]).startswith(option["meaning"]), (place, option["meaning"]))

    def test_a_file_is_of_the_role_whose_keys_it_has(self):
        for name, role in (("hub", "hub"), ("node", "node")):
            checked = chancery("config", "check", ROOT / f"config/{name}.example.toml", "--json")
            self.assertEqual((checked.code, checked.json["role"], checked.json["good"]), (0, role, True), checked)
        made = trial.make_exchange("csto", self.folder / "x")
        self.assertEqual(made["name"], "CSTO")
        for path, role in (("hub/hub.toml", "hub"), ("am/node.toml", "node"), ("am/apps/desk/client.toml", "client")):
            checked = chancery("config", "check", self.folder / "x" / path, "--json")
            self.assertEqual((checked.code, checked.json["role"]), (0, role), checked)

    def test_what_its_program_would_refuse_is_refused_with_line_and_remedy(self):
        good = (ROOT / "config/hub.example.toml").read_text()
        for change, error, detail in (
                ((r"^listen =", "lisen ="), "config-unknown-key", "did you mean listen?"),
                ((r"^listen =.*", "listen = 7"), "config-wrong-type", "a string"),
                ((r"^listen =.*", "listen = 'ipc:///x'"), "config-invalid", "tcp://"),
                ((r"^listen =.*", "listen ="), "config-invalid", "file.toml:")):
            text, count = re.subn(*change, good, flags=re.M)
            self.assertEqual(count, 1, change)
            checked = self.check(text)
            self.assertEqual((checked.code, checked.out, checked.error), (1, "", error), checked)
            self.assertIn(detail, checked.err)
        node = (ROOT / "config/node.example.toml").read_text()
        self.assertIn("did you mean publish?", self.check(re.sub(r"^publish =", "publsh =", node, count=1, flags=re.M)).err)

    def test_a_grant_of_a_kind_that_nobody_knows_is_good_and_warned_of(self):
        node = (ROOT / "config/node.example.toml").read_text()
        text, count = re.subn(r'^read = .*', 'read = ["contac", "threat.*", "*"]', node, count=1, flags=re.M)
        self.assertEqual(count, 1)
        checked = self.check(text)
        self.assertEqual((checked.code, checked.json["good"], len(checked.json["warnings"])), (0, True, 1), checked)
        self.assertRegex(checked.json["warnings"][0],
                         r"\Aread of the application '[^']+' grants nothing: no kind 'contac': did you mean 'contact'\?\Z")
        shown = chancery("config", "check", self.folder / "file.toml")
        self.assertEqual((shown.code, shown.err), (0, f"warning: {checked.json['warnings'][0]}\n"), shown)
        self.assertRegex(shown.out, r"\Agood: ")
        checked = self.check(re.sub(r'^publish = .*', 'publish = ["traning"]', node, count=1, flags=re.M))
        self.assertRegex(checked.json["warnings"][0], r"\Apublish of .*'training'")
        self.assertEqual(self.check(node).json["warnings"], [])

    def test_a_file_that_says_nothing_of_its_role_is_named_so(self):
        checked = self.check("store = 'x'\n")
        self.assertEqual((checked.code, checked.error), (1, "config-invalid"), checked)
        self.assertIn("--role", checked.err)
        self.assertIn("listen", self.check("store = 'x'\n", "--role", "hub").err)
        self.assertEqual(self.check("", "--role", "broker").code, 64)
        self.assertEqual(chancery("config", "check", self.folder / "none.toml", "--json").error, "file-missing")
        self.assertEqual(chancery("config", "options", "client", "--json").code, 64)


if __name__ == "__main__":
    trial.main()
