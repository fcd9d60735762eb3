#!/usr/bin/env python3
"""A stranger's project against an installed copy, which was moved after it was installed: the examples, built
with find_package and with pkg-config as C++17 and C11, publish, follow and bridge between real daemons."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")


def run(*words, **options):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class ClientInstalled(Trial):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="chi", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        run("cmake", "--install", trial.BIN.parent, "--prefix", cls.home / "first")
        cls.prefix = cls.home / "moved"
        (cls.home / "first").rename(cls.prefix)
        trial.use(cls.prefix / "bin")
        cls.lib = next(cls.prefix.glob("lib/**/libchancery.so.0")).parent
        cls.build = cls.home / "build"
        examples = cls.prefix / "share/doc/chancery/examples"
        run("cmake", "-S", examples, "-B", cls.build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            f"-DCMAKE_CXX_FLAGS={' '.join(STRICT)}", f"-DCMAKE_C_FLAGS={' '.join(STRICT)}")
        run("cmake", "--build", cls.build, "--parallel", "2")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.lib / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "chancery", env=environment).split()
        run("cc", "-std=c11", *STRICT, examples / "publish.c", *flags, "-o", cls.home / "publish-c")

    def client(self, member):
        return self.path(member.lower(), "apps/desk/client.toml")

    def draft(self, subject):
        path = self.folder / "draft.json"
        path.write_text(json.dumps({"kind": "threat.alert", "to": "members", "subject": subject,
                                    "content": {"category": "THREAT_CATEGORY_OTHER", "summary": "Text"}}))
        return path

    def begin(self, *words, **options):
        process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_what_was_built_with_find_package_publishes_follows_and_bridges(self):
        self.start("AM", "BY")
        follower = self.begin(self.build / "example-follow", self.client("BY"))
        spool = self.folder / "spool"
        spool.mkdir()
        bridge = self.begin(self.build / "example-bridge", self.client("BY"), spool, "threat.*")

        self.assertEqual(self.publish("AM", "not to be bridged", kind="contact").code, 0)
        self.assertIn(" AM contact ", follower.stdout.readline())
        published = run(self.build / "example-publish", self.client("AM"), "From C++").splitlines()
        self.assertEqual(published[1], "logged at index 8")
        self.assertIn(" AM threat.alert ", follower.stdout.readline())
        ticket, outcome = map(json.loads, run(self.build / "example-publish-c", self.client("AM"),
                                              self.draft("From C")).splitlines())
        self.assertEqual((outcome["verdict"], outcome["index"]), ("reached", 9))

        def bridged():
            return sorted((json.loads(path.read_text()) for path in spool.glob("*.json")), key=lambda n: n["index"])
        self.assertTrue(eventually(lambda: len(bridged()) == 2), bridged())
        self.assertEqual([notice["subject"] for notice in bridged()], ["From C++", "From C"])
        shown = self.as_member("BY", "show", ticket["notice"]).json
        self.assertEqual(bridged()[1]["content"], shown["content"])
        self.assertEqual(set(bridged()[1]), set(shown) - {"stage", "d", "leaf", "recipient_stages", "envelope", "standing"})

        # Killed and started again it goes on behind what it handed over.
        self.assertTrue(eventually(lambda: self.as_member("BY", "inbox", "--cursor", "bridge").json["notices"] == []))
        bridge.kill()
        bridge.wait()
        for path in spool.iterdir():
            path.unlink()
        self.begin(self.build / "example-bridge", self.client("BY"), spool, "threat.*")
        run(self.build / "example-publish", self.client("AM"), "Later")
        self.assertTrue(eventually(lambda: [notice["subject"] for notice in bridged()] == ["Later"]), bridged())

    def test_what_was_built_with_pkg_config_publishes(self):
        self.start("AM", "BY")
        run(self.home / "publish-c", self.client("AM"), self.draft("From C"),
            env={**os.environ, "LD_LIBRARY_PATH": str(self.lib)})
        self.assert_arrives("BY", ["From C"])

    def test_the_python_package_finds_the_library_beside_it(self):
        self.start("AM", "BY")
        environment = {key: value for key, value in os.environ.items() if key != "CHANCERY_LIBRARY"}
        run(sys.executable, self.prefix / "share/doc/chancery/examples/python/publish.py", self.client("AM"), "From Python",
            env={**environment, "PYTHONPATH": str(self.prefix / "lib/python3/dist-packages")})
        self.assert_arrives("BY", ["From Python"])

    def test_an_example_says_why_it_could_not(self):
        done = subprocess.run([self.build / "example-publish-c", self.folder / "none.toml", self.draft("x")],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.partition(":")[0]), (1, "file-missing"), done)

    def test_all_is_there_and_nothing_holds_the_prefix(self):
        for file in ("bin/chancery-broker", "share/bash-completion/completions/chancery",
                     "share/zsh/vendor-completions/_chancery", "share/fish/vendor_completions.d/chancery.fish",
                     "share/man/man1/chancery-publish.1", "share/man/man8/chancery-node.8"):
            self.assertGreater((self.prefix / file).stat().st_size, 100, file)
        for path in self.prefix.rglob("*"):
            if path.is_file() and path.suffix not in (".md",):
                self.assertNotIn(str(self.home / "first").encode(), path.read_bytes(), path)


if __name__ == "__main__":
    trial.main()
