#!/usr/bin/env python3
"""Checks the documents: relative links lead to files and headings that exist, a page has one title,
docs/reference/errors.md has every row of core/base/errors.def and no other, and docs/reference/logs.md every
event that the sources of the daemons log, with its levels, and no other. Every test that a page names is there.

docs.py [ROOT]    One line a finding, `path:line: what`; exit 1 if any. Links to other hosts are not tried.
"""
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ERROR = re.compile(r'^CHANCERY_ERROR\(\w+, (\d+), "([a-z0-9-]+)", k(Final|Retryable), "(.*)", "(.*)"\)$', re.M)
ROW = re.compile(r"^\|\s*`?(\d+)`?\s*\|\s*`([a-z0-9-]+)`\s*\|(.*)$", re.M)

LOGGED = re.compile(r"\blog::(debug|info|warn|error|log)\(|\w_\.line\(")
EVENT = re.compile(r'"([a-z]+(?:-[a-z]+)*)"')
LEVEL = re.compile(r"Level::k(Debug|Info|Warn|Error)\b")
OWN_FIELD = re.compile(r'\{"(time|level|program|event)",')  # Of every line: in JSON, a second one would hide it.
EVENT_ROW = re.compile(r"^\| `([a-z-]+)` \| ([a-z, ]+) \| (?:hub|node|both) \|", re.M)

# How a page names tests. In a column `test` of a table whatever is code is one; elsewhere what looks like one.
CASE = re.compile(r"^(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.M)
STORY_CASE = re.compile(r"^    def (test_\w+)\(", re.M)
SPAN = re.compile(r"`([^`]+)`")
LOOKS_LIKE_A_TEST = re.compile(r"\w+(?:Test|Conformance)(?:\.\w+)?|test_\w+|(?:tests/system/)?\d\d-[a-z][a-z-]+(?:\.\w+)?")


def without_code(text):
    """Fenced blocks and code spans blanked out, line numbers kept."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"`[^`\n]*`", blank, re.sub(r"^```.*?^```", blank, text, flags=re.M | re.S))


def anchors(text):
    """The anchors that the headings of a page get, as the usual viewers make them."""
    fences = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    headings = re.findall(r"^#+ +(.*?) *$", fences, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_findings(root, page, text):
    for number, line in enumerate(without_code(text).splitlines(), start=1):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            aim = (page.parent / path) if path else page
            if not aim.exists():
                yield number, f"link to {target}: there is no such file"
            elif not aim.resolve().is_relative_to(root):
                yield number, f"link to {target}: leads out of the repository"
            elif anchor and aim.suffix == ".md" and anchor not in anchors(aim.read_text()):
                yield number, f"link to {target}: there is no such heading"


def title_findings(text):
    titles = len(re.findall(r"^# ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M))
    if titles != 1:
        yield 1, f"{titles} titles (lines that open with one #): a page has one"


def error_findings(root):
    page = root / "docs/reference/errors.md"
    table = root / "core/base/errors.def"
    if not table.is_file():
        return
    if not page.is_file():
        yield page, 1, "page is missing: every error of core/base/errors.def is a row of it"
        return
    text = page.read_text()
    shown = {(number, name): rest for number, name, rest in ROW.findall(text)}
    known = {(number, name): [retry.lower(), *words] for number, name, retry, *words in ERROR.findall(table.read_text())}
    for key in known.keys() - shown.keys():
        yield page, 1, "no row `| {} | `{}` | {} | ...`".format(*key, known[key][0])
    for key in shown.keys() - known.keys():
        yield page, 1, "row {} `{}` is not in core/base/errors.def".format(*key)
    for key in known.keys() & shown.keys():
        cells = [cell.strip() for cell in shown[key].strip().strip("|").split("|")]
        for word in known[key]:
            if word not in cells:
                yield page, 1, "row {} `{}` does not say {}".format(*key, word)


def log_calls(root):
    """Where the daemons log: (file, text of the file, match of the call)."""
    for folder in ("broker", "node", "daemon"):
        for source in sorted((root / folder).rglob("*")):
            if source.suffix in (".cpp", ".h"):
                text = source.read_text()
                yield from ((source, text, call) for call in LOGGED.finditer(text))


def events(root):
    """The events that the daemons log, each with its levels."""
    found = {}
    for _, text, call in log_calls(root):
        # Before the fields: a level where the name of the function has none, and the event, or one of two. A limited
        # line has its sort behind the event.
        words = re.split(r"[{;]", text[call.end():], maxsplit=1)[0]
        names = EVENT.findall(words)
        levels = {level.lower() for level in LEVEL.findall(words)} or {call[1]}
        for name in names if call[1] else names[:1]:
            found.setdefault(name, set()).update(levels)
    return found


def log_findings(root):
    for source, text, call in log_calls(root):
        for field in OWN_FIELD.findall(text[call.end():].partition(";")[0]):
            yield source, text.count("\n", 0, call.start()) + 1, f"field `{field}` is the name of a part of every line"
    page = root / "docs/reference/logs.md"
    logged = events(root)
    shown = {name: set(levels.split(", ")) for name, levels in EVENT_ROW.findall(page.read_text())} if page.is_file() else {}
    for name in logged.keys() - shown.keys():
        yield page, 1, f"no row of the event `{name}`, which is logged"
    for name in shown.keys() - logged.keys():
        yield page, 1, f"event `{name}` is logged nowhere"
    for name in logged.keys() & shown.keys():
        if logged[name] != shown[name]:
            yield page, 1, f"event `{name}` is logged as {', '.join(sorted(logged[name]))}"


class Tests:
    """What there is under tests/, as pages name it."""

    def __init__(self, root):
        self.root = root
        self.suites, self.cases, self.stories = {}, set(), set()
        for path in sorted([*(root / "tests").rglob("*.cpp"), *(root / "tests").rglob("*.h")]):
            for suite, case in CASE.findall(path.read_text()):
                self.suites.setdefault(suite, set()).add(case)
        for path in sorted((root / "tests/system").glob("[0-9][0-9]-*")):
            self.stories.update((path.name, path.stem))
            if path.suffix == ".py":
                self.cases.update(STORY_CASE.findall(path.read_text()))

    def is_there(self, name, suite):
        """`Suite`, `Suite.Case`, `test_case`, `NN-story`, a path; of the suite before: `.Case`, `…part…`."""
        head, dot, case = name.partition(".")
        if "…" in name:
            form = re.compile(name.lstrip(".").replace("…", r"\w*"))
            return any(form.fullmatch(known) for known in self.suites.get(suite, ()))
        if name.startswith("test_"):
            return name in self.cases
        if name.removeprefix("tests/system/") in self.stories:
            return True
        if "/" in name:
            return (self.root / name).exists()
        known = self.suites.get(head or suite, ())
        return case in known if dot else bool(known)


def test_findings(tests, text):
    column = None
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            column = cells.index("test") if "test" in cells else -1
        suite = None
        for place, cell in enumerate(cells or [line]):
            for name in SPAN.findall(cell):
                if place == column or LOOKS_LIKE_A_TEST.fullmatch(name):
                    if not tests.is_there(name, suite):
                        yield number, f"`{name}`: there is no such test"
                    suite = name.partition(".")[0] if name[0].isupper() else suite


def findings(root):
    tests = Tests(root)
    for page in sorted(root.rglob("*.md")):
        if page.relative_to(root).parts[0] in ("build", ".git") or "node_modules" in page.parts:
            continue
        text = page.read_text()
        yield from ((page, *finding) for finding in link_findings(root, page, text))
        yield from ((page, *finding) for finding in title_findings(text))
        yield from ((page, *finding) for finding in test_findings(tests, text))
    yield from error_findings(root)
    yield from log_findings(root)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    found = list(findings(root))
    for page, number, message in found:
        print(f"{page.relative_to(root)}:{number}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
