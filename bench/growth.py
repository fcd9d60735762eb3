#!/usr/bin/env python3
"""What a notice costs as one thing grows: its size, the log, the members. Measures, records, and draws.

  bench/growth.py --bin build/release/bin --folder DIR     measures; bench/results/growth.json is what it was, with the plots
  bench/growth.py                                          draws the plots of docs/operating/ again from what was recorded
  --only size,entries,members                              measures these; the others stay as they were recorded
  --entries N,...                                          how long the log is; 10000,100000,1000000,10000000 without it

Each point is one run of `chancery bench` with recipients that store nothing, on an exchange of its own; DIR is on the disk
that is measured, and has room for the longest log: a kilobyte an entry. On a machine that does nothing else.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import pathlib
import subprocess
import sys
from typing import Any
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "bench" / "results" / "growth.json"
PLOTS = ROOT / "docs" / "operating"
SIZES = (256, 1024, 4096, 16384, 65536, 262144, 819200)
UNDER_WAY_BYTES = 8 << 20  # Of large notices fewer are under way.
SECONDS = 5
DELIVERIES = 200_000  # Of few notices to many members most would be what sessions cost by themselves.

Point = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Line:
    field: str
    label: str


@dataclasses.dataclass(frozen=True)
class Plot:
    dimension: str  # Of the record.
    name: str       # The file's, without its ending.
    title: str
    x: str          # A field of each point, and what stands at the axis.
    x_label: str
    y_label: str
    lines: tuple[Line, ...]


PLOTS_OF_ALL = (
    Plot("size", "growth-size", "CPU a notice, by its size", "size", "bytes of text", "µs",
         (Line("hub_cpu_us_per_notice", "hub"), Line("origins_cpu_us_per_notice", "node of the origin"),
          Line("sink_cpu_us_per_notice", "five recipients, without a store"))),
    Plot("entries", "growth-entries", "CPU a notice, by entries in the log before", "entries", "entries", "µs",
         (Line("hub_cpu_us_per_notice", "hub"), Line("origins_cpu_us_per_notice", "node of the origin"),
          Line("sink_cpu_us_per_notice", "five recipients, without a store"))),
    Plot("entries", "growth-memory", "Most memory of the hub, by entries in the log before", "entries", "entries", "MiB",
         (Line("hub_rss_mib_peak", "hub"),)),
    Plot("members", "growth-members", "CPU of the hub a delivery, by members that receive", "members", "members", "µs",
         (Line("hub_cpu_us_per_delivery", "hub"), Line("hub_transport_cpu_us_per_delivery", "of it the transport"))),
)
COLOURS = ("#2a6fbb", "#c2571a", "#3c8d40")


def bench(binaries: pathlib.Path, folder: str, *words: str) -> dict[str, Any]:
    print("chancery bench " + " ".join(words), file=sys.stderr, flush=True)
    done = subprocess.run([str(binaries / "chancery"), "bench", *words, "--folder", folder, "--json"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"chancery bench {' '.join(words)} ended with {done.returncode}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kept(report: dict[str, Any], **place: float) -> Point:
    """The numbers of a report, and where it stands."""
    return place | {name: value for name, value in report.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}


def measure(dimension: str, binaries: pathlib.Path, folder: str, entries: list[int]) -> list[Point]:
    publish = ("publish", "--sink", "verify", "--seconds", str(SECONDS))
    if dimension == "size":
        return [kept(bench(binaries, folder, *publish, "--size", str(size), "--window",
                           str(max(16, min(1024, UNDER_WAY_BYTES // size)))), size=size) for size in SIZES]
    if dimension == "entries":
        return [kept(bench(binaries, folder, *publish, "--prefill", str(count)), entries=count) for count in entries]
    sizes = bench(binaries, folder, "fanout", "--deliveries", str(DELIVERIES))["sizes"]
    return [kept(row) for row in sizes]


def number(value: float) -> str:
    if value >= 1024 and value % 1024 == 0:
        return f"{value // 1024:g}Ki"
    for limit, ending in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{ending}"
    return f"{value:g}"


def steps(most: float) -> list[float]:
    """Round numbers from 0 on, up to one that is not below."""
    each = 10 ** math.floor(math.log10(most))
    each = next(part for part in (each / 5, each / 2, each, each * 2) if most / part <= 6)
    return [each * i for i in range(math.ceil(most / each) + 1)]


def svg(plot: Plot, points: list[Point]) -> str:
    width, height, left, right, top, bottom = 640, 320, 64, 24, 44, 52
    xs = [math.log10(point[plot.x]) for point in points]
    marks = steps(max(point[line.field] for point in points for line in plot.lines))

    def at(x: float, y: float) -> tuple[float, float]:
        span = (xs[-1] - xs[0]) or 1.0
        return (left + (x - xs[0]) / span * (width - left - right), height - bottom - y / marks[-1] * (height - top - bottom))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f"<title>{escape(plot.title)}</title>", f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           f'<text x="{left}" y="20" font-size="14" fill="#222222">{escape(plot.title)}</text>']
    for mark in marks:
        _, y = at(xs[0], mark)
        out += [f'<path d="M{left} {y:.1f}H{width - right}" stroke="#dddddd"/>',
                f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{number(mark)}</text>']
    for x, point in zip(xs, points):
        place, base = at(x, 0)
        out.append(f'<text x="{place:.1f}" y="{base + 18:.1f}" text-anchor="middle" fill="#555555">{number(point[plot.x])}</text>')
    out += [f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle" fill="#555555">{escape(plot.x_label)}</text>',
            f'<text x="{left - 8}" y="{top - 8}" text-anchor="end" fill="#555555">{escape(plot.y_label)}</text>']
    for i, line in enumerate(plot.lines):
        places = [at(x, point[line.field]) for x, point in zip(xs, points)]
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path d="M{way}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[i]}"><title>{number(round(point[line.field], 1))} {escape(plot.y_label)}'
                f"</title></circle>" for (x, y), point in zip(places, points)]
        out.append(f'<text x="{left + 12}" y="{top + 14 + 16 * i}" fill="{COLOURS[i]}">{escape(line.label)}</text>')
    return "\n".join([*out, "</svg>", ""])


def draw(record: dict[str, Any], folder: pathlib.Path) -> None:
    for plot in PLOTS_OF_ALL:
        if points := record["points"].get(plot.dimension):
            (folder / f"{plot.name}.svg").write_text(svg(plot, points))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path)
    parser.add_argument("--folder", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--only", default="size,entries,members")
    parser.add_argument("--entries", default="10000,100000,1000000,10000000")
    arguments = parser.parse_args()
    record: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {"points": {}}
    if arguments.bin is not None:
        for dimension in arguments.only.split(","):
            if dimension not in ("size", "entries", "members"):
                parser.error(f"--only {dimension}: size, entries or members")
            entries = [int(count) for count in arguments.entries.split(",")]
            record["points"][dimension] = measure(dimension, arguments.bin, arguments.folder, entries)
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    draw(record, PLOTS)


if __name__ == "__main__":
    main()
