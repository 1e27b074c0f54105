# SPDX-License-Identifier: Apache-2.0
"""Legend: names of series, below a plot or at its right."""

import frames
import units
from canvas import Box

LINE_HEIGHT = 20


def legend_entries(panel, fields):
    """Name, colour and further texts of each field."""
    options = panel.get("options", {}).get("legend", {})
    calcs = options.get("calcs", [])
    entries = []
    for field in fields:
        hidden = field.config.get("custom", {}).get("hideFrom", {}).get("legend")
        if not hidden:
            entries.append((field.name, field.drawn, [
                units.value_text(field.config, frames.reduced(field, calc)) for calc in calcs]))
    return entries, [frames.CALC_TITLES[calc] for calc in calcs]


def draw_legend(canvas, box, entries, titles, options):
    """Draw it, and return the box that is left."""
    if not options.get("showLegend", True) or options.get("displayMode") == "hidden" or not entries:
        return box
    if options.get("placement") == "right":
        return legend_right(canvas, box, entries, titles)
    if options.get("displayMode") == "table":
        return legend_table(canvas, box, entries, titles)
    return legend_list(canvas, box, entries, titles)


def legend_mark(canvas, x, y, color):
    canvas.line([(x, y), (x + 11, y)], color, 4)


def legend_list(canvas, box, entries, titles):
    lines, left = [[]], box.width
    for name, color, values in entries:
        text = name + "".join("   %s: %s" % pair for pair in zip(titles, values))
        text = canvas.cut(text, 11, box.width - 20)
        width = 18 + canvas.measure(text, 11) + 14
        if width > left + 14 and lines[-1]:
            lines.append([])
            left = box.width
        lines[-1].append((text, color, width))
        left -= width
    most = max(1, int(box.height * 0.4 // LINE_HEIGHT))
    assert len(lines) <= most, "its legend has %d lines; there is room for %d" % (len(lines), most)
    y = box.y + box.height - LINE_HEIGHT * len(lines) + 10
    for line in lines:
        x = box.x
        for text, color, width in line:
            legend_mark(canvas, x, y, color)
            canvas.text(x + 18, y, text, 11)
            x += width
        y += LINE_HEIGHT
    return box.without_bottom(LINE_HEIGHT * len(lines) + 4)


def legend_table(canvas, box, entries, titles):
    most = max(1, int(box.height * 0.5 // LINE_HEIGHT) - 1)
    assert len(entries) <= most, "its legend has %d rows; there is room for %d" % (
        len(entries), most)
    height = LINE_HEIGHT * (len(entries) + 1)
    draw_rows(canvas, Box(box.x, box.y + box.height - height, box.width, height), entries, titles)
    return box.without_bottom(height + 6)


def legend_right(canvas, box, entries, titles):
    columns = [max([canvas.measure(title, 11)] + [canvas.measure(values[i], 11)
                                                  for _, _, values in entries]) + 14
               for i, title in enumerate(titles)]
    names = max(canvas.measure(name, 11) for name, _, _ in entries) + 24
    width = min(names + sum(columns), box.width * 0.58)
    rows = len(entries) + (1 if titles else 0)
    most = int(box.height // LINE_HEIGHT)
    assert rows <= most, "its legend has %d rows; there is room for %d" % (rows, most)
    place = Box(box.x + box.width - width, box.y, width, LINE_HEIGHT * rows)
    draw_rows(canvas, place, entries, titles)
    return box.without_right(width + 14)


def draw_rows(canvas, box, entries, titles):
    columns = [max([canvas.measure(title, 11)] + [canvas.measure(values[i], 11)
                                                  for _, _, values in entries]) + 14
               for i, title in enumerate(titles)]
    y = box.y + LINE_HEIGHT / 2
    right = box.x + box.width
    if titles:
        x = right
        for title, width in zip(reversed(titles), reversed(columns)):
            canvas.text(x, y, title, 11, units.NAMED["light-blue"], "right", "Medium")
            x -= width
        y += LINE_HEIGHT
    for name, color, values in entries:
        legend_mark(canvas, box.x, y, color)
        canvas.text(box.x + 18, y, canvas.cut(name, 11, box.width - 20 - sum(columns)), 11)
        x = right
        for value, width in zip(reversed(values), reversed(columns)):
            canvas.text(x, y, value, 11, align="right")
            x -= width
        y += LINE_HEIGHT
