#!/usr/bin/env python3
"""Seeds one fault at a time in a small tree and expects exactly the finding that names it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

CLEAN = {
    "core/base/CMakeLists.txt": "chancery_module(SOURCES a.cpp)\nchancery_tests(NAMES a)\n",
    "core/base/a.h": "// What a is for.\n#pragma once\n#include <string>\n",
    "core/base/a.cpp": '#include "core/base/a.h"\n',
    "tests/unit/core/base/a_test.cpp": '#include "core/base/a.h"\n#include <gtest/gtest.h>\n'
                                    "// C-1: a sentence.\nTEST(ATest, Signs) {\n}\n",
    "client/include/chancery/client.h": "// The library.\n#pragma once\n#include <string>\n",
    "docs/reference/protocol.md": "# P\n\n**C-1** A node MUST sign.\n\n**C-2** Said in passing.\n",
    "docs/page.md": "# Page\n\nSee [the protocol](reference/protocol.md#p) and [out](https://example.org/).\n",
}


def run(script, changes):
    """What the script prints about the clean tree with `changes` (path to text, None removes)."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **changes}.items():
            if text is not None:
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        done = subprocess.run([sys.executable, HERE / script, root], capture_output=True, text=True)
        assert done.stderr == "", done.stderr
        assert done.returncode == (1 if done.stdout else 0)
        return done.stdout.splitlines()


def pure(line, folder="core/base"):
    return {f"{folder}/b.h": f"// What b is for.\n{line}\n"}


class TidyTest(unittest.TestCase):
    def expect(self, text, changes, script="tidy.py"):
        found = run(script, changes)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def expect_clean(self, changes, script="tidy.py"):
        self.assertEqual(run(script, changes), [])

    def test_a_clean_tree_has_no_findings(self):
        self.expect_clean({})

    def test_includes_point_downwards_only(self):
        upwards = "core/base/ may not include core/ledger/"
        self.expect(upwards, pure('#include "core/ledger/tree.h"'))
        self.expect("io/zmq/ may not include io/log/", pure('#include "io/log/log.h"', "io/zmq"))
        self.expect("broker/core/ may not include node/core/", pure('#include "node/core/n.h"', "broker/core"))
        self.expect("node/core/ may not include io/os/", pure('#include "io/os/f.h"', "node/core"))
        self.expect("broker/ may not include node/", pure('#include "node/daemon.h"', "broker"))
        self.expect("core/ledger/ may not include core/wire/",
                    pure('#include "chancery/v1/envelope.pb.h"', "core/ledger"))
        self.expect("client/include/chancery/ may not include core/base/",
                    pure('#include "core/base/a.h"', "client/include/chancery"))
        self.expect_clean(pure('#include "chancery/v1/envelope.pb.h"', "core/exchange"))
        self.expect_clean(pure('#include "chancery/client.h"', "cli"))
        self.expect_clean(pure('#include "io/sqlite/db.h"', "node/store"))

    def test_a_third_party_library_lives_in_one_folder(self):
        self.expect("only core/crypto may include <openssl/evp.h>", pure("#include <openssl/evp.h>"))
        self.expect("only io/zmq may include <zmq.h>", pure("#include <zmq.h>", "broker"))
        self.expect("only io/text may include <toml++/toml.h>", pure("#include <toml++/toml.h>", "cli"))
        self.expect("only tests may include <gtest/gtest.h>", pure("#include <gtest/gtest.h>", "cli"))
        self.expect("<boost/asio.hpp> is in no module", pure("#include <boost/asio.hpp>", "broker"))
        self.expect_clean(pure("#include <openssl/evp.h>", "core/crypto"))

    def test_pure_folders_do_no_input_or_output(self):
        self.expect("<mutex> is not on its list", pure("#include <mutex>"))
        self.expect("<unistd.h> is not on its list", pure("#include <unistd.h>", "node/core"))
        self.expect("::now comes in", pure("auto t = std::chrono::system_clock::now();"))
        self.expect("getenv comes in", pure('auto v = std::getenv("HOME");'))
        self.expect("RAND_bytes comes in", pure("RAND_bytes(out, 32);", "core/crypto"))
        self.expect_clean(pure("// Never calls time(nullptr)."))
        self.expect_clean(pure("auto t = leaf.time(3);"))
        self.expect_clean(pure("#include <thread>", "broker"))

    def test_headers_that_applications_compile_are_cxx17(self):
        folder = "client/include/chancery"
        self.expect("<span> is not C++17", pure("#include <span>", folder))
        self.expect("<sys/types.h> is not C++17", pure("#include <sys/types.h>", folder))
        self.expect("std::expected is not C++17", pure("std::expected<int, int> f();", folder))

    def test_form_of_files(self):
        self.expect("does not open with", {"core/base/b.h": "#pragma once\n"})
        self.expect("line of 101 columns", pure("//" + "x" * 99))
        self.expect_clean(pure("//" + "x" * 98))
        self.expect("file is in no module", {"lib/b.h": "// B.\n"})
        self.expect("never lands", pure("// FIX" "ME: soon"))
        self.expect("names its issue", pure("// TO" "DO: soon"))
        self.expect_clean(pure("// TO" "DO(#7): soon"))

    def test_every_source_and_test_is_built(self):
        self.expect("would never run", {"tests/unit/core/base/b_test.cpp": ""})
        self.expect("would never be built", {"core/base/b.cpp": ""})
        self.expect("would never be built", {"cli/a.cpp": ""})
        lists = CLEAN["core/base/CMakeLists.txt"]
        self.expect("would never run", {"core/base/CMakeLists.txt": lists.replace("chancery_tests", "# ")})

    def test_a_test_with_threads_says_so_where_it_is_built(self):
        test, lists = "tests/unit/core/base/a_test.cpp", CLEAN["core/base/CMakeLists.txt"]
        threads = {test: CLEAN[test] + "std::jthread other;\n"}
        self.expect("std::jthread without THREADS", threads)
        self.expect("std::jthread without THREADS",
                    {**threads, "core/base/CMakeLists.txt": lists.replace("NAMES a", "NAMES a DEPS b")})
        for more in ("THREADS", "DEPS b THREADS", "\n  THREADS\n  DEPS b"):
            self.expect_clean({**threads, "core/base/CMakeLists.txt": lists.replace("NAMES a", "NAMES a " + more)})

    def test_clauses_are_defined_once_and_tested(self):
        test = "tests/unit/core/base/a_test.cpp"
        page = "docs/reference/protocol.md"
        self.expect("C-1 says MUST and no test case under tests/ cites it", {test: ""})
        self.expect("C-1 says MUST", {test: "// C-12\nTEST(A, B) {}\n", page: CLEAN[page] + "\n**C-12** More.\n"})
        self.expect("C-3 is no clause", pure("// SPEC: C-3"))
        self.expect("has no clause from C-3 to C-9", pure("// C-3 to C-9"))
        self.expect("C-1 says MUST", {test: "// C-1 to C-9\nTEST(A, B) {}\n"})
        self.expect_clean(pure("// C-2 to C-9"))

    def test_only_a_test_case_cites_a_clause(self):
        test, script = "tests/unit/core/base/a_test.cpp", "tests/system/01-a.py"
        uncited = "C-1 says MUST"
        self.expect(uncited, {test: "// C-1\nvoid helper() {}\n\nTEST(A, B) {}\n"})
        self.expect(uncited, {test: "// C-1\n\nTEST(A, B) {}\n"})
        self.expect(uncited, {test: "TEST(A, B) {  // of a helper\n  // C-1\n}\n"})
        self.expect(uncited, {test: "", "tests/support/a.h": "// C-1\n"})
        self.expect(uncited, {test: "", script: "def helper(self):  # C-1\n"})
        self.expect_clean({test: "// A sentence (C-2,\n// C-1).\nTYPED_TEST_P(A, B) {}\n"})
        self.expect_clean({test: "TEST_F(A, B) {  // C-1\n"})
        self.expect_clean({test: "", script: "    def test_a(self):  # C-1\n"})

    def test_clauses_are_numbered_once(self):
        page = "docs/reference/protocol.md"
        self.expect("C-2 is defined twice", {page: CLEAN[page] + "\n**C-2** Again.\n"})

    def test_links_lead_somewhere(self):
        docs = lambda text: {"docs/page.md": f"# Page\n\n{text}\n"}
        self.expect("there is no such file", docs("[a](gone.md)"), "docs.py")
        self.expect("there is no such heading", docs("[a](reference/protocol.md#gone)"), "docs.py")
        self.expect("leads out of the repository", docs("[a](../../)"), "docs.py")
        self.expect("2 titles", docs("# Another"), "docs.py")
        self.expect_clean(docs("`[a](gone.md)`"), "docs.py")

    def test_named_tests_are_there(self):
        tree = {"tests/unit/core/base/a_test.cpp": CLEAN["tests/unit/core/base/a_test.cpp"]
                + "TEST_F(QueueTest, TakesAsMany) {}\nTEST_F(QueueTest, LosesNothing) {}\nTYPED_TEST_P(Store,\n    Holds) {}\n",
                "tests/system/10-link-slow.py": "class Slow:\n    def test_it_is_slow(self):\n        pass\n"}
        table = lambda cell: {**tree, "docs/page.md": f"# Page\n\n| what | test |\n| --- | --- |\n| `a queue` | {cell} |\n"}
        self.expect_clean(table("`QueueTest`, `QueueTest.TakesAsMany`, `.LosesNothing`, `…sNoth…`, `Store.Holds`"), "docs.py")
        self.expect_clean(table("`10-link-slow`, `10-link-slow.py`, `tests/system/10-link-slow`, `test_it_is_slow`"), "docs.py")
        for cell in ("`QueueTest.Takes`", "`GoneTest`", "`QueueTest`, `.Gone`", "`QueueTest`, `…gone`", "`…sNothing`", "`Gone.Holds`",
                     "`10-link-gone`", "`tests/system/10-gone`", "`test_it_is_fast`", "`test_it_is`", "anything `else`"):
            self.expect("there is no such test", table(cell), "docs.py")
        text = lambda words: {**tree, "docs/page.md": f"# Page\n\n{words}\n"}
        self.expect_clean(text("`what` is in no table, `QueueTest.TakesAsMany` is there, `Other.Name` may be anything"), "docs.py")
        for name in ("QueueTest.Gone", "GoneTest", "StoreConformance.Gone", "tests/system/10-link-gone.py", "test_it_is_fast"):
            self.expect("there is no such test", text(f"says `{name}`"), "docs.py")

    def test_the_error_page_shows_the_table(self):
        table = {"core/base/errors.def": 'CHANCERY_ERROR(kGap, 75, "gap", kRetryable, "T.", "R.")\n'}
        row = "| 75 | `gap` | retryable | T. | R. |\n"
        page = lambda text: {**table, "docs/reference/errors.md": f"# Errors\n\n{text}"}
        self.expect("page is missing", table, "docs.py")
        self.expect("no row", page(""), "docs.py")
        self.expect("is not in core/base/errors.def", page(row + row.replace("75", "76")), "docs.py")
        self.expect("does not say retryable", page(row.replace("retryable", "final")), "docs.py")
        self.expect("does not say T.", page(row.replace("T.", "Another text.")), "docs.py")
        self.expect("does not say R.", page(row.replace("R.", "An older remedy.")), "docs.py")
        self.expect_clean(page(row), "docs.py")

    def test_log_page(self):
        code = {"daemon/b.cpp": 'log::warn("seen", {{"why", "none"}});\nlimiter_.line(now, log::Level::kError, "cut", "sort",\n'
                                '              {});\nlog::log(bad ? log::Level::kWarn : log::Level::kInfo, "disk", {});\n'
                                'log::info(one ? "left" : "right");\n'}
        page = lambda rows: {**code, "docs/reference/logs.md": "# L\n\n" + rows}
        rows = "".join(f"| `{name}` | {levels} | both | What. |\n" for name, levels in (
            ("seen", "warn"), ("cut", "error"), ("disk", "info, warn"), ("left", "info"), ("right", "info")))
        found = lambda rows: [line for line in run("docs.py", page(rows)) if "logs.md" in line]
        self.assertEqual(found(rows), [])
        self.assertIn("no row of the event `cut`", found(rows.replace("| `cut` | error |", "| `cut` | error"))[0])
        self.assertIn("event `gone` is logged nowhere", found(rows + "| `gone` | info | hub | What. |\n")[0])
        self.assertIn("event `seen` is logged as warn", found(rows.replace("`seen` | warn", "`seen` | info"))[0])
        code["daemon/c.cpp"] = 'log::warn("seen",\n          {{"why", "none"}, {"level", 7}});\n'
        self.assertIn("field `level`", run("docs.py", page(rows))[0])

    def test_the_c_interface_stays(self):
        header = "client/include/chancery/chancery.h"
        function, struct = "CHANCERY_API int chancery_a(const char *b,\n    int c);\n", "typedef struct chancery_s {\n  int d;\n} chancery_s;\n"
        tree = {header: function + struct + "enum { CHANCERY_E = 1 };\n",
                "client/abi/declared.txt": "int chancery_a(const char*b,int c);\ntypedef struct chancery_s{int d;}chancery_s;\n"
                                           "enum CHANCERY_E = 1;\n",
                "client/abi/exported.map": "CHANCERY_0 {\n  global:\n    chancery_a;\n  local:\n    *;\n};\n"}
        self.expect_clean(tree, "abi.py")
        self.expect_clean({**tree, header: tree[header].replace("b,\n    int", "b, /* size */ int")}, "abi.py")
        for change in (("int c", "long c"), ("const char", "char"), ("int d", "int e"), ("E = 1", "E = 2"), ("chancery_a", "chancery_z")):
            found = run("abi.py", {**tree, header: tree[header].replace(*change)})
            self.assertTrue(any("is gone or changed" in line for line in found), (change, found))
        self.expect("is not in client/abi/declared.txt", {**tree, header: tree[header] + "CHANCERY_API void chancery_n(void);\n"},
                    "abi.py")
        exported = "client/abi/exported.map"
        self.expect("chancery_x is not declared", {**tree, exported: tree[exported].replace("  local", "    chancery_x;\n  local")},
                    "abi.py")
        self.expect("chancery_a is not exported", {**tree, exported: tree[exported].replace("    chancery_a;\n", "")}, "abi.py")


if __name__ == "__main__":
    unittest.main()
