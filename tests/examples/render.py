#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draw dashboards of Grafana, without Grafana, from a Prometheus: one PNG for each.

    render.py --prometheus=URL --out=FOLDER [--range=SECONDS] [--end=TIME] DASHBOARD.json...

A panel without data is an error, as is one that does not fit.
"""

import argparse
import io
import json
import math
import pathlib
import sys
import time
import urllib.parse
import urllib.request

from matplotlib.figure import Figure
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import frames
import panels
import promql
import units
from canvas import BORDER, CANVAS, DPI, PANEL, Box, Canvas

COLUMNS, WIDTH, ROW_HEIGHT, GAP, HEAD = 24, 1400, 38, 8, 52
PADDING, TITLE_HEIGHT = 10, 34
POINTS = 240
# In a repository, and on a page with five of them.
BYTES_MAX = 150_000


class Problem(Exception):
    """What is wrong with a panel."""


class Prometheus:
    """The two queries of tests/system/prometheus.py, for use without its process."""

    def __init__(self, url):
        self.url = url

    def ask(self, path, **parameters):
        url = self.url + path + "?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=60) as reply:
            return json.load(reply)["data"]["result"]

    def query(self, text, at):
        return self.ask("/api/v1/query", query=text, time=at)

    def range(self, text, begin, end, step_s):
        return self.ask("/api/v1/query_range", query=text, start=begin, end=end, step=step_s)


def grid_box(panel):
    grid = panel["gridPos"]
    column = (WIDTH - 2 * GAP) / COLUMNS
    return Box(GAP + grid["x"] * column + GAP / 2, HEAD + grid["y"] * ROW_HEIGHT,
                      grid["w"] * column - GAP, grid["h"] * ROW_HEIGHT - GAP)


def draw_head(canvas, dashboard, source):
    canvas.text(GAP * 2, HEAD / 2, dashboard["title"], 18, weight="Medium")
    span = "%s – %s" % tuple(time.strftime("%H:%M", time.gmtime(t))
                             for t in (source.begin, source.end))
    canvas.text(WIDTH - GAP * 2, HEAD / 2, span, 13, units.FAINT, "right")


def draw_row(canvas, box, panel):
    y = box.y + box.height / 2
    canvas.line([(box.x + 4, y - 2), (box.x + 8, y + 2), (box.x + 12, y - 2)], units.TEXT, 1.6)
    canvas.text(box.x + 22, y, panel["title"], 14, weight="Medium")


def draw_panel(canvas, box, panel, source):
    """Draw a panel with its data. Returns nothing; raises Problem."""
    canvas.box(box.x, box.y, box.width, box.height, PANEL, BORDER)
    canvas.text(box.x + PADDING, box.y + 17,
                canvas.cut(panel.get("title", ""), 13, box.width - 20, "Medium"), 13,
                weight="Medium")
    inside = Box(box.x + PADDING, box.y + TITLE_HEIGHT,
                        box.width - 2 * PADDING,
                        box.height - TITLE_HEIGHT - PADDING + 2)
    fields = [field for target in panel.get("targets", []) for field in source.fields(target)]
    is_empty = all(math.isnan(value) for field in fields for value in field.values)
    if is_empty and panel["type"] != "text":
        raise Problem("no data")
    frames.configure(panel, fields)
    fields = [field for field in fields if not field.config.get("custom", {}).get(
        "hideFrom", {}).get("viz")]
    panels.DRAW[panel["type"]](canvas, inside, panel, source, fields)


def shown_panels(dashboard):
    """All panels where they are once each folded row is open, and the height of it all."""
    shown, offset, below = [], 0, 0
    for panel in sorted(dashboard["panels"], key=lambda p: (p["gridPos"]["y"], p["gridPos"]["x"])):
        inside = panel.get("panels", [])
        for one in [panel, *inside]:
            place = {**one["gridPos"], "y": one["gridPos"]["y"] + offset}
            shown.append({**one, "gridPos": place})
            below = max(below, place["y"] + place["h"])
        if inside:
            offset += max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in inside) - \
                panel["gridPos"]["y"] - panel["gridPos"]["h"]
    return shown, below


def draw(dashboard, prometheus, begin, end, step_s):
    """A dashboard as an image, and the problems of its panels."""
    source = frames.Source(prometheus, begin, end, step_s, promql.values_of_variables(dashboard))
    shown, below = shown_panels(dashboard)
    height = HEAD + below * ROW_HEIGHT + GAP
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI,
                    facecolor=CANVAS)
    FigureCanvasAgg(figure)
    canvas = Canvas(figure, WIDTH, height)
    draw_head(canvas, dashboard, source)
    problems = []
    for panel in shown:
        box = grid_box(panel)
        if panel["type"] == "row":
            draw_row(canvas, box, panel)
            continue
        try:
            draw_panel(canvas, box, panel, source)
        except (Problem, AssertionError) as problem:
            problems.append("%s: %s" % (panel.get("title"), problem))
    memory = io.BytesIO()
    figure.savefig(memory, format="png", facecolor=CANVAS)
    return Image.open(memory).convert("RGB"), problems


def save(image, path):
    """With 256 colours, for a third of the bytes, or with fewer if it is still too large."""
    for colors in 256, 128, 64:
        fewer = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE, kmeans=5,
                               dither=Image.Dither.NONE)
        fewer.save(path, optimize=True)
        if path.stat().st_size <= BYTES_MAX:
            return


def render(paths, prometheus, folder, span):
    """Write a PNG for each dashboard. @span: begin, end and step in seconds. Returns problems."""
    problems = []
    for path in paths:
        image, found = draw(json.loads(path.read_text("utf-8")), prometheus, *span)
        save(image, folder / (path.stem + ".png"))
        problems += ["%s: %s" % (path.name, problem) for problem in found]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--range", type=int, default=3600, metavar="SECONDS")
    parser.add_argument("--end", type=int, default=int(time.time()), metavar="TIME")
    parser.add_argument("dashboards", nargs="+", type=pathlib.Path)
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    step_s = max(1, words.range // POINTS)
    problems = render(words.dashboards, Prometheus(words.prometheus), words.out,
                      (words.end - words.range, words.end, step_s))
    print("\n".join(problems) or "%d pictures are in %s" % (len(words.dashboards), words.out))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
