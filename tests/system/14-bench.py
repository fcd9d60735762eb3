#!/usr/bin/env python3
"""`chancery bench`: a short smoke of each scenario, by the programs that ship. All notices are compared with what was
published; no figure is judged. docs/reference/cli.md, bench."""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402

COMMON = {"scenario", "version", "versions", "machine", "durability", "parameters", "ceilings", "compared", "hub_rss_mib_peak"}
LATENCIES = {f"{what}_us_{part}" for what in ("logged", "delivery") for part in ("p50", "p90", "p99", "p999", "max")}
STAGES = {f"hub_{stage}_cpu_us_per_notice" for stage in ("transport", "parse", "verify", "tree", "store", "rounds", "read", "send", "other")}
USAGE = STAGES | {"hub_cpu_us_per_notice", "foreign_cores", "our_cores", "disk_flushes"}
SMALL = ["--recipients", "2", "--size", "64"]
# What is left has the threads of all; sanitizers are slow.
NOT_SANITIZED = unittest.skipIf("CHANCERY_SANITIZED" in os.environ, "without a sanitizer")


class Bench(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chb", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def bench(self, *words, programs=None):
        done = subprocess.run([(programs or trial.BIN) / "chancery", "bench", *words, "--folder", self.folder],
                              capture_output=True, text=True, timeout=300)
        return trial.Answer(done)

    def assert_smoke(self, count, recipients, fields, *words):
        """All that was published is at all recipients, and nothing is left behind."""
        answer = self.bench(*words, *SMALL, "--json")
        self.assertEqual((answer.code, answer.err), (0, ""), answer)
        report = answer.json
        self.assertLessEqual(COMMON | fields, report.keys())
        compared = report["compared"]
        self.assertGreaterEqual(compared["delivered"], count * recipients, answer)
        self.assertEqual(compared["delivered"] % recipients, 0, answer)
        self.assertEqual([compared[what] for what in ("missing", "differing", "repeated", "foreign")], [0] * 4, answer)
        self.assert_nothing_is_left()
        return report

    def assert_page(self, *results):
        """Of these results: XML that fetches and runs nothing, and has plots. All that it says."""
        files = [self.folder / f"result-{number}.json" for number in range(len(results))]
        for file, result in zip(files, results):
            file.write_text(json.dumps(result))
        page = self.folder / "report.html"
        answer = trial.chancery("bench", "report", *files, "-o", page, "--json")
        self.assertEqual((answer.code, answer.err, answer.json["file"]), (0, "", str(page)), answer)
        self.assertEqual([row["good"] for row in answer.json["results"]], [True] * len(results), answer)
        root = xml.etree.ElementTree.fromstring(page.read_text(encoding="utf-8"))
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        self.assertFalse(tags & {"script", "img", "link", "iframe", "object", "embed", "a"}, tags)
        self.assertIn("svg", tags)
        again = trial.chancery("bench", "report", *files, "-o", page, "--json")
        self.assertEqual((again.code, again.error), (1, "exists"), again)
        return " ".join(root.itertext())

    def test_what_was_recorded_can_be_read(self):
        """The results of which the documentation tells, six of a scenario on a page."""
        records = sorted((pathlib.Path(__file__).resolve().parents[2] / "bench" / "results").glob("*.json"))
        of_scenario = {}
        for file in records:
            if scenario := json.loads(file.read_text()).get("scenario"):
                of_scenario.setdefault(scenario, []).append(file)
        self.assertLessEqual({"publish", "latency", "catchup", "fanout", "flood", "startup", "audit"}, of_scenario.keys())
        for scenario, files in of_scenario.items():
            for at in range(0, len(files), 6):
                answer = trial.chancery("bench", "report", *files[at:at + 6], "-o", self.folder / f"{scenario}-{at}.html", "--json")
                self.assertEqual((answer.code, answer.err), (0, ""), answer)
                self.assertEqual({row["good"] for row in answer.json["results"]}, {True}, answer)

    def assert_nothing_is_left(self):
        self.assertEqual(list(self.folder.iterdir()), [])
        left = subprocess.run(["pgrep", "-f", "--", f"--config {self.folder}/"], capture_output=True, text=True)
        self.assertEqual(left.stdout, "")

    def test_publish(self):
        report = self.assert_smoke(1, 2, LATENCIES | USAGE | {"published_per_s", "delivered_per_s", "ratios"},
                                   "publish", "--seconds", "1", "--window", "64", "--origins", "2")
        self.assertGreater(report["published_per_s"], 0)
        self.assertGreater(report["ceilings"]["fdatasync_per_s"], 0)
        self.assertEqual((report["parameters"]["window"], report["parameters"]["sealed"]), (64, False))
        said = self.assert_page(report, report)
        self.assertIn("Version, machine and parameters are the same", said)
        self.assertIn(report["machine"]["processor"], said)
        self.assertIn(report["versions"]["commit"], said)
        self.assertRegex(report["versions"]["commit"], r"\A([0-9a-f]{12}(-changed)?|unknown)\Z")
        for library in ("libzmq", "openssl", "protobuf", "sqlite"):
            self.assertRegex(report["versions"][library], r"\A[1-9]\d*\.\d+", report["versions"])

    @NOT_SANITIZED
    def test_publish_one_after_the_other_and_sealed(self):
        report = self.assert_smoke(1, 2, LATENCIES, "publish", "--seconds", "1", "--window", "1", "--sealed")
        self.assertTrue(report["parameters"]["sealed"])

    def test_a_sink_verifies_in_place_of_nodes(self):
        report = self.assert_smoke(1, 2, LATENCIES | USAGE, "publish", "--seconds", "1", "--window", "32", "--sink", "verify",
                                   "--sealed")
        self.assertEqual(report["parameters"]["sink"], "verify")
        self.assertGreater(report["sink_cpu_us_per_notice"], 0)
        self.assertIsNone(report["recipient_cpu_us_per_notice"])

    @NOT_SANITIZED
    def test_each_notice_may_be_signed_alone(self):
        def longest_signatures(*words):
            """Bytes, of a log. Beside a signature its path in the batch stands, which one alone does not have."""
            answer = self.bench("publish", "--seconds", "1", "--window", "256", *words, *SMALL, "--keep", "--json")
            self.assertEqual(answer.code, 0, answer)
            kept = pathlib.Path(re.search(r"is kept in (.+)", answer.err)[1])
            store = sqlite3.connect(kept / "hub" / "store" / "hub.db")
            [(longest,)] = store.execute("SELECT max(length(signatures)) FROM entry WHERE idx >= 20").fetchall()
            store.close()
            shutil.rmtree(kept.parent)
            return answer.json["parameters"]["signatures"], longest
        together, long = longest_signatures()
        alone, short = longest_signatures("--signatures", "single")
        self.assertEqual((together, alone), ("batch", "single"))
        self.assertLess(short, 128)
        self.assertGreater(long, short + 2 * 32)

    @NOT_SANITIZED
    def test_what_a_sink_kept_is_compared(self):
        """One notice is taken out of what the sink wrote of a recipient, and of another one the digest is changed."""
        process = subprocess.Popen([trial.BIN / "chancery", "bench", "publish", "--seconds", "1", "--window", "8", "--sink", "verify",
                                    *SMALL, "--folder", self.folder, "--json"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.assertTrue(trial.eventually(lambda: list(self.folder.glob("*/x/r2")), 60))
        received = next(self.folder.glob("*/x")).parent / "received"
        received.mkdir(mode=0o700)
        kept = received / "R2"
        os.mkfifo(kept)  # Whoever writes waits for us, and whoever reads then.
        missing, differing, *others = kept.read_text().splitlines()
        name, digest, arrived = differing.split()
        other = ("1" if digest[0] == "0" else "0") + digest[1:]
        kept.write_text("\n".join([f"{name} {other} {arrived}", *others]) + "\n")
        compared = json.loads(process.communicate(timeout=60)[0])["compared"]
        self.assertEqual(process.returncode, 1)
        self.assertEqual([compared[what] for what in ("missing", "differing", "repeated", "foreign")], [1, 1, 0, 0])
        self.assertIn(name, compared["first"])
        self.assert_nothing_is_left()

    def test_latency(self):
        report = self.assert_smoke(60, 2, {"rates"}, "latency", "--rates", "20,40", "--seconds", "1", "--origins", "3")
        self.assertEqual([(row["rate"], row["published"]) for row in report["rates"]], [(20, 20), (40, 40)])
        for row in report["rates"]:
            self.assertLessEqual(LATENCIES | USAGE | {"logged_p50_to_lone_notice"}, row.keys())
            self.assertNotIn(None, [row[name] for name in LATENCIES | STAGES])
        self.assertIn("Until a notice is logged", self.assert_page(report))

    def test_latency_of_recipients_that_store_nothing(self):
        report = self.assert_smoke(30, 2, {"rates"}, "latency", "--rates", "10,20", "--seconds", "1", "--sink", "verify")
        for row in report["rates"]:
            self.assertNotIn(None, [row[name] for name in LATENCIES])
            self.assertGreater(row["delivery_us_p50"], 0)
            self.assertGreater(row["sink_cpu_us_per_notice"], 0)

    @NOT_SANITIZED
    def test_catchup(self):
        report = self.assert_smoke(300, 2, STAGES | {"caught_up_per_s", "ready_us", "ratios"}, "catchup", "--count", "300")
        self.assertEqual(report["missed"], 300)
        self.assert_page(report)

    @NOT_SANITIZED
    def test_startup(self):
        report = self.assert_smoke(100, 2, {"hub_ready_us_in_order", "hub_ready_us_killed", "node_ready_us_in_order",
                                            "node_ready_us_killed"}, "startup", "--count", "100", "--rounds", "1")
        self.assertGreaterEqual(report["entries"], 100)
        self.assert_page(report)

    @NOT_SANITIZED
    def test_fanout(self):
        answer = self.bench("fanout", "--members", "4,2", "--deliveries", "100", "--size", "64", "--json")
        self.assertEqual((answer.code, answer.err), (0, ""), answer)
        self.assertLessEqual(COMMON | {"sizes"}, answer.json.keys())
        compared, sizes = answer.json["compared"], answer.json["sizes"]
        self.assertEqual([(size["members"], size["published"], size["deliveries"]) for size in sizes],
                         [(4, 25, 100), (2, 50, 100)])
        self.assertEqual(compared["delivered"], 100 + 100 + 4 * (4 + 2), answer)  # And the warm-up.
        self.assertEqual([compared[what] for what in ("missing", "differing", "repeated", "foreign")], [0] * 4, answer)
        for size in sizes:
            self.assertLessEqual(USAGE | {"delivered_to_verify"}, size.keys())
        self.assert_nothing_is_left()
        self.assert_page(answer.json)

    @NOT_SANITIZED
    def test_soak(self):
        report = self.assert_smoke(120, 2, LATENCIES | USAGE | {"drift", "series", "ratios"},
                                   "soak", "--minutes", "0.05", "--rate", "40", "--every", "1", "--origins", "2")
        self.assertEqual((report["published"], len(report["series"])), (120, 3))
        figures = {row["figure"]: row for row in report["drift"]}
        self.assertLessEqual(LATENCIES | {"hub_rss_mib", "node_rss_mib", "hub_fds", "node_fds"}, figures.keys())
        self.assertEqual(figures["hub_fds"]["first"], report["series"][0]["hub_fds"])
        for window in report["series"]:
            self.assertNotIn(None, [window[name] for name in LATENCIES | {"hub_rss_mib", "node_rss_mib"}], window)
        self.assertIn("Open descriptors", self.assert_page(report))

    @NOT_SANITIZED
    def test_what_cannot_be_run_is_refused_before_it_begins(self):
        for words in (("soak", "--minutes", "60", "--every", "1", *SMALL), ("flood", "--backlog", "60001", "--origins", "1")):
            answer = self.bench(*words, "--json")
            self.assertEqual((answer.code, answer.error), (64, "usage"), answer)
            self.assert_nothing_is_left()

    @NOT_SANITIZED
    def test_audit(self):
        report = self.assert_smoke(50, 2, {"commands"}, "audit", "--prefill", "300", "--count", "50", "--rounds", "1")
        self.assertEqual([row["command"] for row in report["commands"]],
                         ["verify_hub_store", "verify_node_store", "export", "verify_export"])
        for row in report["commands"]:
            self.assertGreaterEqual(row["entries"], 350, row)
            for what in ("mib", "entries_per_s", "entries_per_cpu_s", "cpu_us_per_entry", "rss_mib_peak"):
                self.assertGreater(row[what], 0, row)
            self.assertLessEqual({"mib_per_s", "entries_to_verify", "mib_to_sha256"}, row.keys())  # Of so small a log they may be 0.
        self.assert_page(report)

    def test_flood(self):
        report = self.assert_smoke(500, 2, LATENCIES | USAGE | {"ratios", "idle_logged_us_p50", "idle_delivery_us_p50"},
                                   "flood", "--backlog", "500", "--flashes", "3")
        self.assertEqual((report["backlog"], report["flashes_idle"]), (500, 3))
        self.assert_page(report)

    @NOT_SANITIZED
    def test_what_is_kept_is_a_log_that_verifies(self):
        answer = self.bench("publish", "--seconds", "1", "--window", "32", *SMALL, "--keep")
        self.assertEqual(answer.code, 0, answer)
        self.assertRegex(answer.out, r"(?s)\Achancery bench publish\n.*published_per_s +[\d.]+\n.*ceilings\n.*\n"
                                     r"All notices arrived once, as they were published\.\n\Z")
        kept = pathlib.Path(re.search(r"is kept in (.+)", answer.err)[1])
        for name in ("hub", "R2"):
            audit = trial.chancery("audit", "verify", name, "--exchange", kept, "--json")
            self.assertEqual(audit.code, 0, audit)

    @NOT_SANITIZED
    def test_a_log_that_was_filled_before_verifies(self):
        answer = self.bench("startup", "--prefill", "700", "--count", "10", "--rounds", "1", *SMALL, "--json", "--keep")
        self.assertEqual(answer.code, 0, answer)
        self.assertGreaterEqual(answer.json["entries"], 710)
        self.assertEqual(len(answer.err.splitlines()), 1, answer)
        kept = pathlib.Path(re.search(r"is kept in (.+)", answer.err)[1])
        for name in ("hub", "R1"):
            audit = trial.chancery("audit", "verify", name, "--exchange", kept, "--json")
            self.assertEqual(audit.code, 0, audit)
            self.assertGreaterEqual(audit.json["size"], 710)
            if name == "hub":
                self.assertGreaterEqual(audit.json["envelopes"], 710)

    @NOT_SANITIZED
    def test_a_daemon_that_ends_is_told_with_its_last_words(self):
        programs = self.folder / "bin"
        programs.mkdir()
        for name in ("chancery", "chancery-broker"):
            (programs / name).symlink_to(trial.BIN / name)
        node = programs / "chancery-node"
        node.write_text("#!/bin/sh\necho its last words\nexit 3\n")
        node.chmod(0o755)
        answer = self.bench("publish", "--seconds", "1", *SMALL, "--bin", programs, "--json")
        self.assertEqual((answer.code, answer.error), (2, "internal"), answer)
        self.assertIn("its last words", json.loads(answer.err)["error"]["detail"])
        shutil.rmtree(programs)
        self.assert_nothing_is_left()

    def test_ctrl_c_takes_all_away(self):
        # Of the second each origin has a notice in half a minute: nobody waits for that.
        for number, words in ((signal.SIGINT, ["publish", "--seconds", "600"]),
                              (signal.SIGTERM, ["latency", "--rates", "1", "--seconds", "600", "--origins", "30"])):
            process = subprocess.Popen([trial.BIN / "chancery", "bench", *words, *SMALL, "--folder", self.folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.assertTrue(trial.eventually(lambda: list(self.folder.glob("*/x/r2/run/local.sock")), 60))
            time.sleep(1)  # It publishes by now; a slow machine is only stopped sooner.
            process.send_signal(number)
            self.assertEqual((process.communicate(timeout=20), process.returncode), (("", ""), -number))
            self.assert_nothing_is_left()


if __name__ == "__main__":
    trial.main()
