#!/usr/bin/env python3
"""What libchancery.so.0 promises, kept: the functions and structures of chancery.h are those that
client/abi/declared.txt holds, exported.map has the same functions, and so has a library that was built.

abi.py [ROOT] [--library FILE] [--accept]
One line a finding, `path: what and what to do`; exit 1 if any. --accept writes what was added into both files.
"""
import pathlib
import re
import subprocess
import sys

HEADER = "client/include/chancery/chancery.h"
DECLARED = "client/abi/declared.txt"
EXPORTED = "client/abi/exported.map"
CHANGED = ("programs that were built with it would break. Put it back; or, where that cannot be, "
           "raise SOVERSION in client/CMakeLists.txt, tell it in CHANGELOG.md, and take it out of client/abi by hand")
ADDED = "run python3 tests/tidy/abi.py --accept, and commit client/abi"


def declarations(header):
    """Functions, structures and enumerators, one a line, however they are laid out."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", header, flags=re.S)
    found = re.findall(r"^CHANCERY_API\s+([^;{]*;)", text, flags=re.M)
    found += re.findall(r"^typedef struct \w+ \{[^}]*\} \w+;", text, flags=re.M)
    found += [f"enum {item.strip()};" for body in re.findall(r"^enum \{([^}]*)\};", text, flags=re.M)
              for item in body.split(",") if item.strip()]
    return [re.sub(r"\s*([*(),;{}])\s*", r"\1", re.sub(r"\s+", " ", item)) for item in found]


def functions(lines):
    return {match[1] for line in lines if (match := re.match(r"[\w *]*?\b(chancery_\w+)\(", line))}


def exported_by_map(text):
    return set(re.findall(r"^\s+(chancery_\w+);", text, flags=re.M))


def exported_by_library(path):
    listing = subprocess.run(["nm", "--dynamic", "--defined-only", path], check=True, capture_output=True, text=True)
    symbols = {line.split()[-1] for line in listing.stdout.splitlines()}
    return {symbol.partition("@")[0] for symbol in symbols if not symbol.startswith("CHANCERY_0")}


def findings(root, library):
    declared = declarations((root / HEADER).read_text())
    kept = (root / DECLARED).read_text().splitlines()
    exported = exported_by_map((root / EXPORTED).read_text())
    for line in sorted(set(kept) - set(declared)):
        yield f"{HEADER}: `{line}` is gone or changed: {CHANGED}"
    for line in sorted(set(declared) - set(kept)):
        yield f"{HEADER}: `{line}` is not in {DECLARED}: {ADDED}"
    for name in sorted(functions(kept) - exported):
        yield f"{EXPORTED}: {name} is not exported: {ADDED}"
    for name in sorted(exported - functions(declared)):
        yield f"{EXPORTED}: {name} is not declared in {HEADER}: declare it there, or do not export it"
    if library:
        built = exported_by_library(library)
        for name in sorted(exported - built):
            yield f"{library}: {name} is not exported: is it defined with the declaration of {HEADER}?"
        for name in sorted(built - exported):
            yield f"{library}: {name} is exported and is not in {EXPORTED}: hide it"


def accept(root):
    """Adds what the header has more. What it has no more stays, and is found."""
    declared = declarations((root / HEADER).read_text())
    path = root / DECLARED
    kept = path.read_text().splitlines() if path.exists() else []
    kept += [line for line in declared if line not in kept]
    path.write_text("\n".join(kept) + "\n")
    names = "".join(f"    {name};\n" for name in sorted(functions(kept)))
    (root / EXPORTED).write_text("CHANCERY_0 {\n  global:\n" + names + "  local:\n    *;\n};\n")


def main():
    words = sys.argv[1:]
    library = words.pop(words.index("--library") + 1) if "--library" in words else None
    paths = [word for word in words if not word.startswith("--")]
    root = pathlib.Path(paths[0] if paths else pathlib.Path(__file__).parents[2]).resolve()
    if "--accept" in words:
        accept(root)
    found = list(findings(root, library))
    print("".join(f"{line}\n" for line in found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
