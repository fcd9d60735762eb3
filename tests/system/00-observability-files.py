#!/usr/bin/env python3
"""deploy/observability: promtool takes the files, each alert fires where it should, and rules and dashboard name
nothing that no daemon tells."""
import json
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/observability"
RULES = (FOLDER / "chancery.rules.yml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)
SUFFIX = {"counter": "_total", "info": "_info", "gauge": ""}


def told():
    """The names of the samples that the table in docs/reference/metrics.md promises, with their labels."""
    rows = re.findall(r"^\| `(chancery_\w+)` \| (\w+) \| \w* +\| (.*?) \|", (ROOT / "docs/reference/metrics.md").read_text(), re.M)
    return {name + SUFFIX[kind]: set(re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def used(expression):
    """The metrics of an expression, and the labels that it picks them by. Names given as (hub|node) are both."""
    pattern = re.compile(r'(?:\{__name__=~"chancery_\(hub\|node\)_(\w+)"(.*?)\}|(chancery_\w+)(?:\{(.*?)\})?)')
    for either, more, name, labels in pattern.findall(expression):
        for whole in ([f"chancery_hub_{either}", f"chancery_node_{either}"] if either else [name]):
            yield whole, set(re.findall(r"(\w+)=", more or labels))


class Files(unittest.TestCase):
    def promtool(self, *words):
        done = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_promtool_takes_them(self):
        self.promtool("check", "rules", "chancery.rules.yml")
        self.promtool("check", "config", "prometheus.example.yml")

    def test_alerts_fire_where_they_should_and_nowhere_else(self):
        self.promtool("test", "rules", "chancery.rules.test.yml")

    def test_each_alert_is_tested_both_ways_and_explained(self):
        tests = (FOLDER / "chancery.rules.test.yml").read_text()
        page = (FOLDER / "README.md").read_text()
        for alert in ALERTS:
            self.assertEqual(len(re.findall(rf"alertname: {alert}$", tests, re.M)), 2, alert)
            self.assertEqual(len(re.findall(rf"alertname: {alert}\n +exp_alerts:\n +- ", tests)), 1, alert)
            self.assertIn(f"`{alert}`", page)
        for what in ("summary", "remedy", "severity"):
            self.assertEqual(len(re.findall(rf"^ +{what}: ", RULES, re.M)), len(ALERTS), what)

    def test_every_metric_is_one_that_a_daemon_tells(self):
        table = told()
        self.assertGreater(len(table), 50)
        dashboard = json.loads((FOLDER / "chancery.dashboard.json").read_text())
        expressions = re.findall(r'^ +expr: (.*)$', RULES, re.M)
        self.assertEqual(len(expressions), len(ALERTS))
        shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(shown), 20)
        for expression in [json.loads(text) for text in expressions] + shown:
            for name, labels in used(expression):
                self.assertIn(name, table, expression)
                self.assertLessEqual(labels - {"instance", "job"}, table[name], expression)


if __name__ == "__main__":
    unittest.main(verbosity=2)
