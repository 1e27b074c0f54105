# SPDX-License-Identifier: Apache-2.0
"""Panels with a number for each series: stat, gauge, pie chart, bar gauge, bar chart."""

import math

from matplotlib import patches

import frames
import units
from canvas import GRID, PANEL, TEXT, Box
from legend import draw_legend
from panels_time import nice_ticks


def fitting_size(canvas, texts, width, height, most=56):
    size = min(most, height)
    while size > 10 and any(canvas.measure(text, size, "Medium") > width for text in texts):
        size -= 1
    return size


def tiles(box, n, orientation):
    """Boxes beside or below each other."""
    gap = 6
    if orientation == "vertical" or orientation != "horizontal" and box.width < box.height:
        height = (box.height - gap * (n - 1)) / n
        return [Box(box.x, box.y + i * (height + gap), box.width, height) for i in range(n)]
    width = (box.width - gap * (n - 1)) / n
    return [Box(box.x + i * (width + gap), box.y, width, box.height) for i in range(n)]


def draw_stat(canvas, box, panel, source, fields):
    options = panel.get("options", {})
    # In Grafana "vertical" is the direction in which the values are laid out.
    texts = [units.value_text(field.config, frames.reduced(field, frames.calc_of(panel)))
             for field in fields]
    mode = options.get("textMode", "auto")
    has_name = mode in ("value_and_name", "name") or mode == "auto" and len(fields) > 1
    places = tiles(box, len(fields), options.get("orientation", "auto"))
    size = fitting_size(canvas, [field.name for field in fields] if mode == "name" else texts,
                        places[0].width - 16, places[0].height * (0.4 if has_name else 0.5))
    for i, (field, text, place) in enumerate(zip(fields, texts, places)):
        value = frames.reduced(field, frames.calc_of(panel))
        color = units.value_color(field.config, value, i)
        has_graph = draw_stat_tile(canvas, place, field, color, options)
        over = TEXT if options.get("colorMode") == "none" else color
        if options.get("colorMode", "value").startswith("background"):
            over = units.text_color(color)
        middle = place.y + place.height * (0.4 if has_graph else 0.5)
        if has_name and mode != "name":
            name = canvas.cut(field.name, 12, place.width - 12)
            canvas.text(place.x + place.width / 2, middle - size * 0.62, name, 12,
                        TEXT if over == color else over, "center")
            middle += 10
        canvas.text(place.x + place.width / 2, middle, field.name if mode == "name" else text,
                    size, over, "center", "Medium")


def draw_stat_tile(canvas, place, field, color, options):
    """Its background, and its past as a line; returns whether there is one."""
    if options.get("colorMode", "value").startswith("background"):
        gradient(canvas, place, color, units.mix(color, "#000000", 0.25))
    known = [(t, v) for t, v in zip(field.times, field.values) if not math.isnan(v)]
    if options.get("graphMode", "area") == "none" or len(known) < 2:
        return False
    height = place.height * 0.35
    plot = canvas.plot(place.x, place.y + place.height - height, place.width, height)
    plot.axis("off")
    over = "#ffffff" if options.get("colorMode", "value").startswith("background") else color
    times, values = zip(*known)
    low = field.config.get("min", min(values))
    high = field.config.get("max", max(values))
    plot.set_xlim(field.times[0], field.times[-1])
    plot.set_ylim(low - (high - low) * 0.1, high + (high - low) * 0.1 if high > low else low + 1)
    plot.plot(times, values, color=over, linewidth=1.2, alpha=0.7)
    plot.fill_between(times, values, low - (high - low) * 0.1, color=over, alpha=0.18, linewidth=0)
    return True


def gradient(canvas, place, left, right):
    n = 24
    for i in range(n):
        begin, end = [round(place.x + place.width * j / n) for j in (i, i + 1)]
        canvas.axes.add_patch(patches.Rectangle((begin, place.y), end - begin, place.height,
                                                facecolor=units.mix(left, right, i / (n - 1)),
                                                linewidth=0))


def range_of(config, fields):
    low, high = config.get("min"), config.get("max")
    values = [v for field in fields for v in field.values if not math.isnan(v)] or [0]
    if config.get("unit") == "percentunit":
        low, high = 0 if low is None else low, 1 if high is None else high
    if config.get("unit") == "percent":
        low, high = 0 if low is None else low, 100 if high is None else high
    return min(0, *values) if low is None else low, max(values) if high is None else high


ARC_BEGIN, ARC = 210, 240


def draw_gauge(canvas, box, panel, source, fields):
    places = tiles(box, len(fields), "auto")
    for i, (field, place) in enumerate(zip(fields, places)):
        value = frames.reduced(field, frames.calc_of(panel))
        low, high = range_of(field.config, fields)
        field.config.update({"min": low, "max": high})
        share = 0 if value is None or high == low else min(max((value - low) / (high - low), 0), 1)
        has_name = len(fields) > 1
        room = place.height - (18 if has_name else 0)
        radius = min(place.width / 2 - 6, room / 1.5 - 4)
        x, y = place.x + place.width / 2, place.y + radius + (room - radius * 1.5) / 2
        draw_arcs(canvas, (x, y), radius, share, units.value_color(field.config, value, i),
                  field.config if panel.get("options", {}).get("showThresholdMarkers", True)
                  else None)
        text = units.value_text(field.config, value)
        size = fitting_size(canvas, [text], radius * 1.15, radius * 0.5, 40)
        canvas.text(x, y - 2, text, size, units.value_color(field.config, value, i), "center",
                    "Medium")
        if has_name:
            canvas.text(x, place.y + place.height - 8, canvas.cut(field.name, 12, place.width), 12,
                        align="center")


def arc(canvas, center, radius, share_from, share_to, width, color):
    """A part of the gauge's ring. The axes' y is downwards, so angles are too."""
    if share_to <= share_from:
        return
    canvas.axes.add_patch(patches.Wedge(
        center, radius, -(ARC_BEGIN - ARC * share_from), -(ARC_BEGIN - ARC * share_to),
        width=width, facecolor=color, linewidth=0))


def draw_arcs(canvas, center, radius, share, color, config):
    ring = radius * 0.26
    inner = radius - 7 if config else radius
    arc(canvas, center, inner, 0, 1, ring, "#2c2f36")
    arc(canvas, center, inner, 0, share, ring, color)
    if not config:
        return
    low, high = config["min"], config["max"]
    steps = config.get("thresholds", {}).get("steps", [])
    is_share = config.get("thresholds", {}).get("mode") == "percentage"
    for i, step in enumerate(steps):
        begin = 0 if step.get("value") is None else \
            step["value"] / 100 if is_share else (step["value"] - low) / (high - low)
        after = steps[i + 1]["value"] if i + 1 < len(steps) else None
        end = 1 if after is None else after / 100 if is_share else (after - low) / (high - low)
        arc(canvas, center, radius, max(begin, 0), min(end, 1), 4, units.color_of(step["color"]))


# --- parts of a whole ---


def draw_piechart(canvas, box, panel, source, fields):
    options = panel.get("options", {})
    values = [frames.reduced(field, frames.calc_of(panel)) or 0 for field in fields]
    total = sum(values)
    wanted = options.get("legend", {}).get("values", [])
    entries = []
    for i, (field, value) in enumerate(zip(fields, values)):
        field.drawn = units.value_color(field.config, value, i, "palette-classic")
        texts = {"value": units.value_text(field.config, value),
                 "percent": "%.0f%%" % (100 * value / total if total else 0)}
        entries.append((field.name, field.drawn, [texts[name] for name in wanted]))
    order = sorted(range(len(fields)), key=lambda i: -values[i])
    legend = options.get("legend", {})
    titles = [name.capitalize() for name in wanted]
    if legend.get("placement") != "right" and legend.get("displayMode") == "list":
        entries = [(" ".join([name, *texts]), color, []) for name, color, texts in entries]
        titles = []
    box = draw_legend(canvas, box, [entries[i] for i in order], titles, legend)
    radius = min(box.width, box.height) / 2 - 6
    center = (box.x + box.width / 2, box.y + box.height / 2)
    draw_slices(canvas, center, radius, [(fields[i], values[i]) for i in order if values[i]],
                options)


def label_size(radius, options):
    """Grafana's rule: the larger the pie, the larger its labels, and less so if they have names."""
    if "name" in options.get("displayLabels", []):
        return min(max(radius / 150 * 14, 12), 30)
    return min(max(radius / 100 * 14, 12), 36)


def draw_slices(canvas, center, radius, slices, options):
    total = sum(value for _, value in slices)
    is_donut = options.get("pieType", "pie") == "donut"
    begin = -90
    for field, value in slices:
        angle = 360 * value / total
        canvas.axes.add_patch(patches.Wedge(
            center, radius, begin, begin + angle, width=radius * 0.38 if is_donut else None,
            facecolor=field.drawn, edgecolor=PANEL, linewidth=1.2))
        texts = {"percent": "%.0f%%" % (100 * value / total), "name": field.name,
                 "value": units.value_text(field.config, value)}
        label = "  ".join(texts[name] for name in options.get("displayLabels", []))
        middle = math.radians(begin + angle / 2)
        at = radius * (0.81 if is_donut else 0.65)
        room = 2 * at * math.sin(math.radians(min(angle, 180)) / 2)
        size = label_size(radius, options)
        while size > 11 and canvas.measure(label, size) + 4 >= room:
            size -= 1
        if label and canvas.measure(label, size) + 4 < room:
            canvas.text(center[0] + at * math.cos(middle), center[1] + at * math.sin(middle), label,
                        size, units.text_color(field.drawn), "center", "SemiBold")
        begin += angle


# --- bars ---


def draw_bargauge(canvas, box, panel, source, fields):
    """Horizontal bars, each with its name above or beside it, and its value at the right."""
    options = panel.get("options", {})
    assert options.get("orientation", "auto") != "vertical", "only horizontal bars are drawn"
    values = [frames.reduced(field, frames.calc_of(panel)) for field in fields]
    low, high = range_of(fields[0].config, fields)
    texts = [units.value_text(field.config, value) for field, value in zip(fields, values)]
    names = min(max(canvas.measure(field.name, 12) for field in fields) + 12, box.width * 0.45)
    right = max(canvas.measure(text, 14, "Medium") for text in texts) + 12
    gap = 6
    height = min((box.height - gap * (len(fields) - 1)) / len(fields), 40)
    assert height >= 12, "%d bars do not fit" % len(fields)
    y = box.y + (box.height - (height + gap) * len(fields) + gap) / 2
    room = box.width - names - right
    for i, (field, value, text) in enumerate(zip(fields, values, texts)):
        field.config.update({"min": low, "max": high})
        color = units.value_color(field.config, value, i)
        share = 0 if value is None or high == low else min(max((value - low) / (high - low), 0), 1)
        canvas.text(box.x + names - 10, y + height / 2, canvas.cut(field.name, 12, names - 12), 12,
                    align="right")
        canvas.box(box.x + names, y, room, height, "#22252b")
        if share:
            canvas.box(box.x + names, y, max(room * share, 4), height, color, alpha=0.85)
        canvas.text(box.x + box.width, y + height / 2, text, 14, color, "right", "Medium")
        y += height + gap


def bar_names(panel, fields):
    """Of a bar chart each row of the table is a place, and each number of it a bar."""
    rows = frames.transformed(panel, fields)
    wanted = panel.get("options", {}).get("xField")
    places = []
    for row in rows:
        texts = [name for name, value in row.items() if isinstance(value, str)
                 and name != "__name__"]
        numbers = {name: value for name, value in row.items()
                   if not isinstance(value, str) and name != "Time"}
        name = row.get(wanted) if wanted in row else ", ".join(row[text] for text in texts)
        places.append((name if isinstance(name, str) else "%g" % name, numbers))
    return places


def draw_barchart(canvas, box, panel, source, fields):
    """Bars of a table's rows, or of series' last values."""
    config = fields[0].config
    if any(target.get("format") == "table" for target in panel["targets"]):
        places = bar_names(panel, fields)
    else:
        places = [(field.name, {field.name: frames.reduced(field)}) for field in fields]
    keys = list(dict.fromkeys(key for _, numbers in places for key in numbers))
    is_horizontal = panel.get("options", {}).get("orientation") == "horizontal"
    plot = canvas.plot(box.x, box.y, box.width, box.height)
    width = 0.8 / len(keys)
    values = [value for _, numbers in places for value in numbers.values() if value is not None]
    for j, key in enumerate(keys):
        heights = [numbers.get(key) or 0 for _, numbers in places]
        at = [i + (j - (len(keys) - 1) / 2) * width for i in range(len(places))]
        colors = [units.value_color(config, height, j if len(keys) > 1 else i, "palette-classic")
                  for i, height in enumerate(heights)]
        (plot.barh if is_horizontal else plot.bar)(at, heights, width * 0.92, color=colors,
                                                   alpha=0.85)
        for place, height in zip(at, heights):
            text = units.value_text(config, height).replace("$", "\\$")
            plot.annotate(text, (height, place) if is_horizontal else (place, height),
                          xytext=(4, 0) if is_horizontal else (0, 4), textcoords="offset points",
                          ha="left" if is_horizontal else "center", color=TEXT,
                          va="center" if is_horizontal else "bottom",
                          fontproperties=canvas.font(11, "Medium"))
    finish_barchart(canvas, box, plot, [name for name, _ in places], values, config, is_horizontal)


def finish_barchart(canvas, box, plot, names, values, config, is_horizontal):
    low, high = min(0, *values), max(values) * 1.15 or 1
    if config.get("max") is not None:
        high = config["max"] * 1.1
    ticks = nice_ticks(low, high, (box.width / 90) if is_horizontal else box.height / 45,
                       config.get("unit"))
    labels = [units.value_text(config, tick).replace("$", "\\$") for tick in ticks]
    names_width = max(canvas.measure(name, 11) for name in names)
    if is_horizontal:
        plot.set_xlim(low, high)
        plot.set_xticks(ticks, labels)
        plot.set_yticks(range(len(names)), names)
        plot.invert_yaxis()
        left, bottom = min(names_width + 12, box.width * 0.45), 20
    else:
        plot.set_ylim(low, high)
        plot.set_yticks(ticks, labels)
        left = max(canvas.measure(label, 11) for label in labels) + 10
        room = (box.width - left) / len(names) - 8
        bottom = 20
        if names_width > room:
            names = [canvas.cut(name, 11, box.height * 0.4) for name in names]
            bottom = min(names_width, box.height * 0.4) * 0.75 + 14
        plot.set_xticks(range(len(names)), names, rotation=45 if bottom > 20 else 0,
                        ha="right" if bottom > 20 else "center", rotation_mode="anchor")
    plot.grid(axis="x" if is_horizontal else "y", color=GRID, linewidth=0.7)
    plot.set_axisbelow(True)
    canvas.label_ticks(plot)
    plot.set_position([(box.x + left) / canvas.width, 1 - (box.y + box.height - bottom) /
                       canvas.height, (box.width - left - 6) / canvas.width,
                       (box.height - bottom - 4) / canvas.height])
