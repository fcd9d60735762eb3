#!/usr/bin/env python3
"""Of growth.py: what was recorded is drawn, each point where it belongs; and the plots of the documentation are these."""
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import growth  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def dots(text):
    root = xml.etree.ElementTree.fromstring(text)
    return [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter(SVG + "circle")]


class Drawn(unittest.TestCase):
    PLOT = growth.Plot("size", "x", "A & B", "size", "bytes", "µs", (growth.Line("cost", "hub"),))

    def test_each_point_is_where_it_belongs(self):
        points = [{"size": 10, "cost": 0.0}, {"size": 100, "cost": 50.0}, {"size": 1000, "cost": 100.0}]
        (x0, y0), (x1, y1), (x2, y2) = dots(growth.svg(self.PLOT, points))
        self.assertAlmostEqual(x1 - x0, x2 - x1, 1)  # A logarithm along, …
        self.assertAlmostEqual(y0 - y1, y1 - y2, 1)  # … and none upwards.
        self.assertGreater(y0, y2)

    def test_steps_are_round_and_reach_the_most(self):
        self.assertEqual(growth.steps(100), [0, 20, 40, 60, 80, 100])
        for most in (0.3, 1, 7, 19, 999, 12345):
            steps = growth.steps(most)
            self.assertGreaterEqual(steps[-1], most)
            self.assertTrue(2 <= len(steps) <= 8, steps)

    def test_numbers_are_short(self):
        self.assertEqual([growth.number(n) for n in (5, 0.2, 1024, 819200, 1000, 1e6)],
                         ["5", "0.2", "1Ki", "800Ki", "1k", "1M"])

    def test_the_plots_of_the_documentation_are_what_was_recorded(self):
        record = json.loads(growth.RECORD.read_text())
        with tempfile.TemporaryDirectory() as folder:
            growth.draw(record, pathlib.Path(folder))
            for plot in growth.PLOTS_OF_ALL:
                name = f"{plot.name}.svg"
                self.assertEqual((pathlib.Path(folder) / name).read_text(), (growth.PLOTS / name).read_text(), name)


if __name__ == "__main__":
    unittest.main()
