#!/usr/bin/env python3
"""House rules that no compiler knows: who may include whom, what pure code may call, which files and
protocol clauses nobody tests. One line a finding, `path:line: what and what instead`; exit 1 if any.

tidy.py [ROOT]    LAYERS is the authority on includes; docs/internals/README.md shows it drawn.
"""
import pathlib
import re
import subprocess
import sys

CORE = {"core/base", "core/crypto", "core/ledger", "core/wire", "core/exchange"}
IO = {"io/os", "io/log", "io/text", "io/words", "io/args", "io/http", "io/sqlite", "io/zmq"}
PUBLIC = "client/include/chancery"

LAYERS = {  # folder: the folders it may include, besides itself
    "core/base": set(),
    "core/crypto": {"core/base"},
    "core/ledger": {"core/base", "core/crypto"},
    "core/wire": set(),  # Generated from proto/.
    "core/exchange": CORE,
    "core/workflow": CORE,
    **{folder: {"core/base"} for folder in IO},
    "broker/core": CORE,
    "node/core": CORE,
    "broker/store": CORE | {"broker/core", "io/sqlite", "io/os"},
    "node/store": CORE | {"core/workflow", "node/core", "io/sqlite", "io/os", "io/words"},
    # Core and store together, without sockets: what a daemon and the simulation both run.
    "broker/engine": CORE | {"broker/core", "broker/store", "io/log"},
    "node/engine": CORE | {"core/workflow", "node/core", "node/store", "io/log"},
    "daemon": CORE | IO,  # What the processes of hub and node share.
    "broker": CORE | IO | {"broker/core", "broker/store", "broker/engine", "daemon"},
    # Of the library it takes how a notice is shown.
    "node": CORE | IO | {"node/core", "node/store", "node/engine", "daemon", "client"},
    PUBLIC: set(),  # What applications compile: C++17 and the standard library only.
    "client": CORE | {"io/zmq", "io/os", "io/text", PUBLIC},
    "client/examples": {PUBLIC},
}
LAYERS["cli"] = set(LAYERS)
LAYERS["demo"] = {PUBLIC}
LAYERS["tests"] = LAYERS["bench/micro"] = None  # They may see everything.

ONLY_IN = {  # third-party include: the folders that may know of it
    r"openssl/": {"core/crypto"},
    r"google/protobuf/": {"core/wire", "core/exchange"},
    r"zmq": {"io/zmq"},
    r"sqlite3": {"io/sqlite"},
    r"(spdlog|fmt)/": {"io/log"},
    r"(toml\+\+|nlohmann)/": {"io/text"},
    r"CLI/": {"io/args"},
    r"httplib\.h": {"io/http"},
    r"libstemmer\.h": {"io/words"},
    r"simdjson\.h": {"core/base", "core/exchange", "io/text"},
    r"(gtest|gmock)/": set(),
}
SYSTEM = re.compile(r"[\w.]+|(sys|net|netinet|arpa|linux)/[\w.]+")  # Standard library and POSIX.

# What pure code may take from the standard library. Anything else (sockets, files, threads, clocks,
# streams, randomness) is passed in; a header is added here only when it can do no I/O.
PURE = set(
    "algorithm array bit bitset cctype charconv chrono cinttypes climits cmath compare concepts cstddef "
    "cstdint cstdio cstdlib cstring deque expected functional initializer_list iterator limits list map "
    "memory numbers numeric optional queue ranges ratio set span stack string string_view tuple "
    "type_traits unordered_map unordered_set utility variant vector version".split())
IMPURE = re.compile(
    r"::now\(|\bstd::(cout|cerr|clog|this_thread)\b|\bRAND_\w+|\bEVP_PKEY_(keygen|generate|Q_keygen)\b|"
    r"(?<![\w.>])(getenv|setenv|time|clock|rand|random|getrandom|u?sleep|v?f?printf|f?puts|fopen|socket|"
    r"exit|_Exit|abort)\s*\(")
IMPURE_ALLOWED = {"core/base/result.cpp"}  # check_failed() reports and aborts.

CXX17 = set(
    "algorithm any array atomic bitset charconv chrono condition_variable cstddef cstdint cstdio cstdlib "
    "cstring deque exception filesystem forward_list functional future initializer_list iosfwd iostream "
    "istream iterator limits list locale map memory mutex new numeric optional ostream queue random ratio "
    "set shared_mutex sstream stack stddef.h stdexcept stdint.h streambuf string string_view system_error thread tuple "
    "type_traits typeindex typeinfo unordered_map unordered_set utility variant vector".split())
NOT_CXX17 = re.compile(
    r"\bstd::(expected|unexpected|span|format|jthread|byteswap|source_location|ranges|bit_cast)\b|<=>|"
    r"\b(concept|requires|consteval|constinit|co_await|co_return|co_yield|char8_t)\b")

THREADS = re.compile(r"\bstd::(jthread|thread|async)\b|\bfork\(")
COLUMNS_MAX = 100
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
CLAUSE = re.compile(r"\*\*(C-\d+)\*\*")
CITATION = re.compile(r"(?<![\w-])C-\d+\b")
CHAPTER = re.compile(r"(?<![\w-])C-(\d+) to C-(\d+)\b")  # Points at a chapter; cites none of its clauses.
TEST_CASE = re.compile(r"\s*(?:(?:TYPED_)?TEST(?:_[FP])?\(|def test_)")
COMMENT = re.compile(r"\s*(?://|#(?!include\b))")
CODE = (".h", ".cpp", ".def", ".proto", ".py")


def folder_of(path):
    """The module that a path belongs to: the longest match in the table."""
    return max((f for f in LAYERS if path.startswith(f + "/")), key=len, default=None)


def target_of(include):
    """The path in this tree that an include names, or None where it names none."""
    if include.startswith("chancery/v1/"):
        return "core/wire/" + include
    if include.startswith("chancery/"):
        return "client/include/" + include
    return include if folder_of(include) else None


def is_pure(home):
    return "core" in home.split("/")


def without_comments(text):
    """Comments blanked out, line numbers kept."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def include_findings(home, include):
    if LAYERS[home] is None:
        return
    if target := target_of(include):
        if (module := folder_of(target)) not in LAYERS[home] | {home}:
            yield f"{home}/ may not include {module}/: the table is LAYERS in tests/tidy/tidy.py"
        return
    for pattern, owners in ONLY_IN.items():
        if re.match(pattern, include):
            if home not in owners:
                yield f"only {' and '.join(sorted(owners)) or 'tests'} may include <{include}>"
            return
    if not SYSTEM.fullmatch(include):
        yield f"<{include}> is in no module: include from the root, or give the library one folder"
    elif home == PUBLIC and include not in CXX17:
        yield f"<{include}> is not C++17's standard library, and applications compile this header"
    elif is_pure(home) and include not in PURE:
        yield f"{home}/ is sans-IO and <{include}> is not on its list: pass it in instead"


def cpp_findings(path, text):
    home = folder_of(path)
    if home is None:
        yield 1, "file is in no module: add its folder to LAYERS in tests/tidy/tidy.py"
        return
    if path.endswith(".h") and not text.startswith("// "):
        yield 1, "header does not open with `// ` and what it is for"
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > COLUMNS_MAX:
            yield number, f"line of {len(line)} columns: {COLUMNS_MAX} at most"
    for number, line in enumerate(without_comments(text).splitlines(), start=1):
        if include := INCLUDE.match(line):
            for message in include_findings(home, include[1]):
                yield number, message
        elif is_pure(home) and path not in IMPURE_ALLOWED and (call := IMPURE.search(line)):
            yield number, f"{home}/ is sans-IO: {call[0].rstrip('( ')} comes in as an argument, or goes"
        elif home == PUBLIC and (word := NOT_CXX17.search(line)):
            yield number, f"{word[0]} is not C++17, and applications compile this header"


def marker_findings(text):
    for number, line in enumerate(text.splitlines(), start=1):
        if "FIX" "ME" in line:
            yield number, "this marker never lands: repair it, or open an issue"
        elif re.search(r"\bTO" r"DO\b(?!\(#\d+\))", line):
            yield number, "a thing to do names its issue: TO" "DO(#12)"


def registered(files):
    """What the CMake lists build: (tests named by chancery_tests, those with THREADS, every file name in a list)."""
    tests, threaded, named = set(), set(), set()
    for path, text in files.items():
        if path.endswith("CMakeLists.txt"):
            folder = path.removesuffix("CMakeLists.txt")
            text = re.sub(r"#[^\n]*", "", text)
            for names, rest in re.findall(r"chancery_tests\(\s*NAMES\s+([^)]*?)((?:\s+[A-Z]{4,}\b[^)]*)?)\)", text):
                tests |= (found := {f"tests/unit/{folder}{name}_test.cpp" for name in names.split()})
                threaded |= found if "THREADS" in rest.split() else set()
            named |= {folder + name for name in re.findall(r"[\w./-]+\.cpp", text)}
    return tests, threaded, named


def build_findings(files):
    tests, threaded, named = registered(files)
    for path, text in files.items():
        if path.startswith("tests/unit/") and path.endswith("_test.cpp"):
            if path not in tests | named:
                yield path, 1, "test is in no chancery_tests(NAMES ...): it would never run"
            elif path not in threaded and (call := THREADS.search(text)):
                yield path, 1, f"{call[0]} without THREADS in chancery_tests: CI would not watch it for races"
        elif path.endswith(".cpp") and path not in named:
            yield path, 1, "source is in no CMakeLists.txt of its folder: it would never be built"


def clauses(protocol):
    """Clause id, line and text, each up to the next clause or heading."""
    for match in re.finditer(r"^(\*\*C-\d+\*\*.*?)(?=^\*\*C-\d+\*\*|^#|\Z)", protocol, flags=re.M | re.S):
        number = protocol.count("\n", 0, match.start()) + 1
        yield CLAUSE.match(match[1])[1], number, match[1]


def cited_by_tests(text):
    """The clauses that a test case cites: in the comment directly above it, or on its own line."""
    above, cited = "", set()
    for line in CHAPTER.sub("", text).splitlines():
        if TEST_CASE.match(line):
            cited |= set(CITATION.findall(above + line))
        above = above + line + "\n" if COMMENT.match(line) else ""
    return cited


def clause_findings(files):
    page = "docs/reference/protocol.md"
    defined, tested = {}, set()
    for name, number, text in clauses(files.get(page, "")):
        if name in defined:
            yield page, number, f"{name} is defined twice"
        defined[name] = (number, text)
    for path, text in files.items():
        if path.endswith(CODE):
            if path.startswith("tests/"):
                tested |= cited_by_tests(text)
            for number, line in enumerate(text.splitlines(), start=1):
                for first, last in CHAPTER.findall(line):
                    if not any(f"C-{n}" in defined for n in range(int(first), int(last) + 1)):
                        yield path, number, f"{page} has no clause from C-{first} to C-{last}"
                for name in CITATION.findall(CHAPTER.sub("", line)):
                    if name not in defined:
                        yield path, number, f"{name} is no clause of {page}"
    for name, (number, text) in defined.items():
        if re.search(r"\bMUST\b", text) and name not in tested:
            yield page, number, f"{name} says MUST and no test case under tests/ cites it"


def findings(files):
    for path, text in files.items():
        if path.endswith((".h", ".cpp")):
            yield from ((path, *finding) for finding in cpp_findings(path, text))
        if not path.endswith(".md"):
            yield from ((path, *finding) for finding in marker_findings(text))
    yield from build_findings(files)
    yield from clause_findings(files)


def read_tree(root):
    """Path to text of every file of ours: what git tracks or would; without git, everything."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "--deduplicate"],
                             capture_output=True, text=True)
    paths = listing.stdout.splitlines() if listing.returncode == 0 else (
        str(p.relative_to(root)) for p in root.rglob("*"))
    files = {}
    for path in sorted(paths):
        skipped = path.startswith(("build/", ".git/", "tests/tidy/"))  # These scripts name what they seek.
        wanted = path.endswith((*CODE, ".md", ".sh", "CMakeLists.txt", ".cmake")) or path == "dev"
        if wanted and not skipped and (root / path).is_file():
            files[path] = (root / path).read_text()
    return files


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    found = list(findings(read_tree(root)))
    for path, number, message in found:
        print(f"{path}:{number}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
