# SPDX-License-Identifier: Apache-2.0
"""Panels: how each type of panel is drawn, in pixels, in Grafana's dark colours."""

import math
import time

import matplotlib
from matplotlib import font_manager, patches

import frames
import units

matplotlib.use("Agg")

CANVAS, PANEL, BORDER = "#111217", "#181b1f", "#2a2d33"
GRID, TEXT, FAINT = "#2c2f36", units.TEXT, units.FAINT
DPI = 100
PADDING, TITLE_HEIGHT, LINE_HEIGHT = 10, 34, 20
FONT = "/usr/share/fonts/opentype/inter/Inter-%s.otf"
FONTS = {weight: font_manager.FontProperties(fname=FONT % weight)
         for weight in ("Regular", "Medium", "SemiBold")}


class Canvas:
    """A figure in pixels, with y downwards. What it draws on is one pair of axes over all of it."""

    def __init__(self, figure, width, height):
        self.figure, self.width, self.height = figure, width, height
        self.axes = figure.add_axes([0, 0, 1, 1])
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)
        self.axes.axis("off")
        self.renderer = figure.canvas.get_renderer()

    def box(self, x, y, width, height, color, edge="none", radius=2, alpha=1):
        self.axes.add_patch(patches.FancyBboxPatch(
            (x + radius, y + radius), max(width - 2 * radius, 0.1), max(height - 2 * radius, 0.1),
            boxstyle="round,pad=%g" % radius, facecolor=color, edgecolor=edge, linewidth=0.8,
            alpha=alpha))

    def font(self, size, weight):
        font = FONTS[weight].copy()
        font.set_size(size * 72 / DPI)
        return font

    def measure(self, text, size, weight="Regular"):
        """The width of a text in pixels."""
        width, _, _ = self.renderer.get_text_width_height_descent(
            text.replace("$", "\\$"), self.font(size, weight), False)
        return width

    def cut(self, text, size, width, weight="Regular"):
        """The text, or its beginning with an ellipsis if it is wider."""
        if self.measure(text, size, weight) <= width:
            return text
        while text and self.measure(text + "…", size, weight) > width:
            text = text[:-1]
        return text.rstrip() + "…"

    def text(self, x, y, text, size=12, color=TEXT, align="left", weight="Regular"):
        """A text whose capitals have their middle at @y."""
        self.axes.text(x, y + size * 0.36, text.replace("$", "\\$"), color=color, ha=align,
                       va="baseline", fontproperties=self.font(size, weight), clip_on=False)

    def line(self, points, color, width=2):
        xs, ys = zip(*points)
        self.axes.plot(xs, ys, color=color, linewidth=width * 72 / DPI, solid_capstyle="round",
                       clip_on=False)

    def plot(self, x, y, width, height):
        """Axes of their own for a plot."""
        axes = self.figure.add_axes([x / self.width, 1 - (y + height) / self.height,
                                     width / self.width, height / self.height])
        axes.set_facecolor("none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(colors=FAINT, length=0, pad=5)
        return axes

    def label_ticks(self, axes, size=11):
        for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
            label.set_fontproperties(self.font(size, "Regular"))
            label.set_color(FAINT)


class Box:
    """The inside of a panel."""

    def __init__(self, x, y, width, height):
        self.x, self.y, self.width, self.height = x, y, width, height

    def without_bottom(self, height):
        return Box(self.x, self.y, self.width, self.height - height)

    def without_right(self, width):
        return Box(self.x, self.y, self.width - width, self.height)


# --- legends ---


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
    width = min(names + sum(columns), box.width * 0.5)
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


# --- time series ---


def nice_ticks(low, high, wanted):
    """Round numbers between two others, about as many as wanted."""
    raw = (high - low) / max(wanted, 1)
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * n, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def time_ticks(begin, end, wanted):
    span = end - begin
    step = next((step for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
                                   10800, 21600, 43200, 86400) if span / step <= wanted), 172800)
    form = "%H:%M:%S" if step < 60 else "%H:%M" if span < 86400 * 2 else "%m/%d"
    ticks = range(-(-begin // step) * step, end + 1, step)
    return list(ticks), [time.strftime(form, time.gmtime(tick)) for tick in ticks]


def time_axis(canvas, axes, source, width):
    axes.set_xlim(source.begin, source.end)
    ticks, labels = time_ticks(source.begin, source.end, max(2, width // 70))
    axes.set_xticks(ticks, labels)


def limits(fields, is_stacked):
    """The range of the y axis: of the values, or as the config says."""
    values = [value for field in fields for value in field.shown if not math.isnan(value)]
    low, high = (min(values), max(values)) if values else (0, 1)
    configs = [field.config for field in fields]
    if is_stacked or any(field.config.get("custom", {}).get("drawStyle") == "bars"
                         for field in fields):
        low = min(low, 0)
    for config in configs:
        custom = config.get("custom", {})
        for step in threshold_lines(config):
            if custom.get("thresholdsStyle", {}).get("mode", "off") != "off":
                high = max(high, step["value"] * 1.02)
        low = min(low, custom.get("axisSoftMin", low))
        high = max(high, custom.get("axisSoftMax", high))
    if high == low:
        low, high = (low - 1, high + 1) if low else (0, 1)
    margin = (high - low) * 0.06
    low, high = low - (0 if low == 0 else margin), high + margin
    mins = [config["min"] for config in configs if config.get("min") is not None]
    maxs = [config["max"] for config in configs if config.get("max") is not None]
    return (min(mins) if mins else low), (max(maxs) * 1.0 if maxs else high)


def threshold_lines(config):
    return [step for step in config.get("thresholds", {}).get("steps", [])
            if step.get("value") is not None]


def draw_thresholds(axes, config, low, high):
    mode = config.get("custom", {}).get("thresholdsStyle", {}).get("mode", "off")
    steps = config.get("thresholds", {}).get("steps", [])
    for i, step in enumerate(steps):
        color = units.color_of(step["color"])
        begin = low if step.get("value") is None else step["value"]
        end = steps[i + 1]["value"] if i + 1 < len(steps) else high
        if "area" in mode:
            axes.axhspan(max(begin, low), min(end, high), color=color, alpha=0.1, linewidth=0)
        if ("line" in mode or "dashed" in mode) and step.get("value") is not None:
            axes.axhline(begin, color=color, linewidth=1.1, alpha=0.8,
                         linestyle="--" if "dashed" in mode else "-")


def stack(fields):
    """Each field's lower edge; shown becomes its upper edge."""
    sums, lows = {}, []
    for field in fields:
        custom = field.config.get("custom", {})
        stacking = custom.get("stacking", {})
        if stacking.get("mode", "none") == "none":
            lows.append(None)
            continue
        group = stacking.get("group", "A")
        below = sums.get(group, [0.0] * len(field.values))
        lows.append(below)
        field.shown = [b + (0 if math.isnan(v) else v) for b, v in zip(below, field.values)]
        sums[group] = field.shown
    return lows


STEPS = {"stepAfter": "post", "stepBefore": "pre"}


def draw_series(axes, field, low_edge, floor):
    custom = field.config.get("custom", {})
    style = custom.get("drawStyle", "line")
    width = custom.get("lineWidth", 1) * 0.75
    alpha = custom.get("fillOpacity", 0) / 100
    times, values = field.times, field.shown
    if custom.get("spanNulls"):
        known = [(t, v) for t, v in zip(times, values) if not math.isnan(v)]
        times, values = zip(*known) if known else ((), ())
        low_edge = None
    edge = low_edge if low_edge is not None else [max(0, floor)] * len(times)
    if style == "bars":
        step = field.times[1] - field.times[0] if len(field.times) > 1 else 1
        axes.bar(times, [v - e for v, e in zip(values, edge)], bottom=edge, width=step * 0.9,
                 color=field.drawn, alpha=max(alpha, 0.3), linewidth=0)
        return
    step = STEPS.get(custom.get("lineInterpolation"))
    dash = custom.get("lineStyle", {}).get("fill")
    if style == "points" or custom.get("showPoints") == "always":
        axes.plot(times, values, "o", color=field.drawn, markersize=3)
    if style == "line":
        axes.plot(times, values, color=field.drawn, linewidth=width, solid_joinstyle="round",
                  clip_on=field.config.get("max") is not None and max(
                      (v for v in values if not math.isnan(v)), default=0) > field.config["max"],
                  drawstyle="steps-" + step if step else "default",
                  linestyle="--" if dash == "dash" else ":" if dash == "dot" else "-")
        if alpha:
            axes.fill_between(times, values, edge, color=field.drawn, alpha=alpha, linewidth=0,
                              step=step)


def draw_side(canvas, axes, fields, lows, box):
    """The fields of one y axis, and its ticks."""
    low, high = limits(fields, any(edge is not None for edge in lows))
    axes.set_ylim(low, high)
    config = fields[0].config
    draw_thresholds(axes, config, low, high)
    for field, edge in zip(fields, lows):
        draw_series(axes, field, edge, low)
    ticks = nice_ticks(low, high, box.height / 45)
    if config.get("decimals") == 0:
        ticks = [tick for tick in ticks if tick == int(tick)]
    labels = [units.value_text({**config, "decimals": config.get("decimals") or None}, tick)
              for tick in ticks]
    axes.set_yticks(ticks, labels)
    return max([canvas.measure(label, 11) for label in labels] or [0])


def draw_timeseries(canvas, box, panel, source, fields):
    for i, field in enumerate(fields):
        field.shown = field.values
        field.drawn = units.value_color(field.config, frames.reduced(field), i, "palette-classic")
    entries, titles = legend_entries(panel, fields)
    box = draw_legend(canvas, box, entries, titles, panel.get("options", {}).get("legend", {}))
    lows = stack(fields)
    sides = {"left": [], "right": []}
    for field, edge in zip(fields, lows):
        right = field.config.get("custom", {}).get("axisPlacement") == "right"
        sides["right" if right else "left"].append((field, edge))
    # Once to learn how wide the labels are; then with room for them.
    plot = canvas.plot(box.x, box.y, box.width, box.height - 20)
    margins = {"left": 0, "right": 14}
    axes_of = {}
    for side, pairs in sides.items():
        if pairs:
            axes_of[side] = axes = plot if side == "left" else plot.twinx()
            for spine in axes.spines.values():
                spine.set_visible(False)
            axes.tick_params(colors=FAINT, length=0, pad=5)
            margins[side] = draw_side(canvas, axes, *zip(*pairs), box) + 8
    if not sides["left"]:
        plot.set_yticks([])
    next(iter(axes_of.values())).grid(axis="both", color=GRID, linewidth=0.7)
    time_axis(canvas, plot, source, box.width)
    place = [(box.x + margins["left"]) / canvas.width, 1 - (box.y + box.height - 20) /
             canvas.height, (box.width - margins["left"] - margins["right"]) / canvas.width,
             (box.height - 22) / canvas.height]
    for axes in {plot, *axes_of.values()}:
        axes.set_axisbelow(True)
        axes.set_position(place)
        canvas.label_ticks(axes)


# --- one number ---


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
    texts = [units.value_text(field.config, frames.reduced(field, calc_of(panel)))
             for field in fields]
    mode = options.get("textMode", "auto")
    has_name = mode in ("value_and_name", "name") or mode == "auto" and len(fields) > 1
    places = tiles(box, len(fields), options.get("orientation", "auto"))
    size = fitting_size(canvas, [field.name for field in fields] if mode == "name" else texts,
                        places[0].width - 16, places[0].height * (0.4 if has_name else 0.5))
    for i, (field, text, place) in enumerate(zip(fields, texts, places)):
        value = frames.reduced(field, calc_of(panel))
        color = units.value_color(field.config, value, i)
        draw_stat_tile(canvas, place, field, color, options)
        over = TEXT if options.get("colorMode") == "none" else color
        if options.get("colorMode", "value").startswith("background"):
            over = "#ffffff" if color != TEXT else "#202226"
        middle = place.y + place.height / 2
        if has_name and mode != "name":
            name = canvas.cut(field.name, 12, place.width - 12)
            canvas.text(place.x + place.width / 2, middle - size * 0.62, name, 12,
                        TEXT if over == color else over, "center")
            middle += 10
        canvas.text(place.x + place.width / 2, middle, field.name if mode == "name" else text,
                    size, over, "center", "Medium")


def draw_stat_tile(canvas, place, field, color, options):
    """Its background, and its past as a line."""
    if options.get("colorMode", "value").startswith("background"):
        gradient(canvas, place, color, units.mix(color, "#000000", 0.25))
    known = [(t, v) for t, v in zip(field.times, field.values) if not math.isnan(v)]
    if options.get("graphMode", "area") == "none" or len(known) < 2:
        return
    height = place.height * 0.35
    plot = canvas.plot(place.x, place.y + place.height - height, place.width, height)
    plot.axis("off")
    over = "#ffffff" if options.get("colorMode", "value").startswith("background") else color
    times, values = zip(*known)
    low, high = min(values), max(values)
    plot.set_xlim(field.times[0], field.times[-1])
    plot.set_ylim(low - (high - low) * 0.1, high + (high - low) * 0.1 if high > low else low + 1)
    plot.plot(times, values, color=over, linewidth=1.2, alpha=0.7)
    plot.fill_between(times, values, low - (high - low) * 0.1, color=over, alpha=0.18, linewidth=0)


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
        value = frames.reduced(field, calc_of(panel))
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
    values = [frames.reduced(field, calc_of(panel)) or 0 for field in fields]
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
        if label and canvas.measure(label, 11) < max(room, 0) + 4:
            canvas.text(center[0] + at * math.cos(middle), center[1] + at * math.sin(middle), label,
                        11, "#ffffff" if field.drawn != "#F2CC0C" else "#202226", "center",
                        "SemiBold")
        begin += angle


# --- bars ---


def draw_bargauge(canvas, box, panel, source, fields):
    """Horizontal bars, each with its name above or beside it, and its value at the right."""
    options = panel.get("options", {})
    assert options.get("orientation", "auto") != "vertical", "only horizontal bars are drawn"
    values = [frames.reduced(field, calc_of(panel)) for field in fields]
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
    ticks = nice_ticks(low, high, (box.width / 90) if is_horizontal else box.height / 45)
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


# --- tables ---


def cell_config(panel, name):
    """The config of a column."""
    field = frames.Field(name, {}, "A")
    return frames.configure(panel, [field])[0].config


def draw_table(canvas, box, panel, source, fields):
    rows = frames.transformed(panel, fields)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    configs = {name: cell_config(panel, name) for name in columns}
    columns = [name for name in columns
               if not configs[name].get("custom", {}).get("hidden")]
    titles = {name: configs[name].get("displayName", name) for name in columns}
    for name in columns:
        if name == "Time":
            configs[name].setdefault("unit", "dateTimeAsIso")
    texts = [{name: cell_text(configs[name], row.get(name)) for name in columns} for row in rows]
    widths = {name: max([canvas.measure(titles[name], 12, "Medium")] +
                        [canvas.measure(text[name], 12) for text in texts]) + 20
              for name in columns}
    spare = box.width - sum(widths.values())
    assert spare > -40 * len(columns), "its table is too wide"
    widths = {name: width + spare / len(columns) for name, width in widths.items()}
    row_height = 28
    room = int((box.height - 26) // row_height)
    draw_cells(canvas, box, (columns, titles, widths, configs),
               list(zip(rows, texts))[:room], row_height)


def cell_text(config, value):
    return "" if value is None else units.value_text(config, value)


def draw_cells(canvas, box, head, lines, row_height):
    columns, titles, widths, configs = head
    y, x = box.y + 12, box.x
    is_number = {name: any(isinstance(row.get(name), float) for row, _ in lines) and name != "Time"
                 for name in columns}
    for name in columns:
        at = x + widths[name] - 10 if is_number[name] else x + 6
        canvas.text(at, y, canvas.cut(titles[name], 12, widths[name] - 8, "Medium"), 12,
                    units.NAMED["light-blue"], "right" if is_number[name] else "left", "Medium")
        x += widths[name]
    y = box.y + 26
    for row, text in lines:
        canvas.line([(box.x, y), (box.x + box.width, y)], GRID, 1)
        x = box.x
        for name in columns:
            draw_cell(canvas, Box(x, y, widths[name], row_height), configs[name], row.get(name),
                      (text[name], is_number[name]))
            x += widths[name]
        y += row_height


def draw_cell(canvas, box, config, value, shown):
    text, is_right = shown
    custom = config.get("custom", {})
    kind = custom.get("cellOptions", {}).get("type") or custom.get("displayMode", "auto")
    color = TEXT
    if kind.startswith("color-") and value is not None:
        found = units.mapping_of(config, value).get("color")
        color = units.color_of(found) if found else units.value_color(config, value) \
            if isinstance(value, float) else TEXT
    if kind == "color-background" and color != TEXT:
        canvas.box(box.x + 2, box.y + 2, box.width - 6, box.height - 4, color)
        color = "#ffffff"
    if kind in ("gauge", "basic", "gradient-gauge") and isinstance(value, float):
        low, high = config.get("min", 0), config.get("max", 100)
        share = min(max((value - low) / (high - low), 0), 1)
        color = units.value_color(config, value)
        room = box.width - canvas.measure(text, 12) - 30
        canvas.box(box.x + 6, box.y + 7, max(room * share, 3), box.height - 14, color)
    canvas.text(box.x + box.width - 10 if is_right else box.x + 6, box.y + box.height / 2,
                canvas.cut(text, 12, box.width - 8), 12, color, "right" if is_right else "left")


# --- heatmap ---

HEATMAP_SCHEMES = {"Oranges": ["#3a2112", "#8a3b0c", "#e0651a", "#fba55b", "#feedde"],
                   "Spectral": ["#3288bd", "#99d594", "#e6f598", "#fee08b", "#d53e4f"],
                   "Blues": ["#12233d", "#1f60c4", "#5794f2", "#8ab8ff", "#dbe9ff"],
                   "Greens": ["#132a16", "#37872d", "#56a64b", "#96d98d", "#e2f6df"],
                   "Reds": ["#3a1216", "#8a1220", "#e02f44", "#ff7383", "#ffe1e4"],
                   "YlOrRd": ["#5c1030", "#bd0026", "#f03b20", "#fd8d3c", "#ffffb2"],
                   "RdYlGn": ["#1a9850", "#a6d96a", "#ffffbf", "#fdae61", "#d73027"],
                   "Purples": ["#21143a", "#5a2ea6", "#8f3bb8", "#ca95e5", "#f2e6fa"]}


def heatmap_rows(fields):
    """Buckets by ascending bounds, each without those below it."""
    ordered = sorted(fields, key=lambda field: float(field.labels["le"]))
    rows, below = [], None
    for field in ordered:
        values = [0 if math.isnan(value) else value for value in field.values]
        rows.append([max(0, v - b) for v, b in zip(values, below)] if below else values)
        below = values
    return ordered, rows


def draw_heatmap(canvas, box, panel, source, fields):
    options = panel.get("options", {})
    assert not options.get("calculate"), "only heatmaps of buckets are drawn"
    ordered, rows = heatmap_rows(fields)
    # Cells at least six pixels wide.
    group = max(1, math.ceil(len(rows[0]) * 6 / box.width))
    rows = [[sum(row[i:i + group]) for i in range(0, len(row), group)] for row in rows]
    unit = options.get("yAxis", {}).get("unit")
    labels = ["+Inf" if field.labels["le"] == "+Inf" else
              units.text_of(float(field.labels["le"]), unit) for field in ordered]
    left = max(canvas.measure(label, 11) for label in labels) + 10
    scale = options.get("legend", {}).get("show", True)
    bottom = 20 + (26 if scale else 0)
    plot = canvas.plot(box.x + left, box.y, box.width - left - 14, box.height - bottom)
    scheme = HEATMAP_SCHEMES[options.get("color", {}).get("scheme", "Oranges")]
    exponent = options.get("color", {}).get("exponent", 0.5)
    most = max(max(row) for row in rows) or 1
    step = (source.end - source.begin) / len(rows[0])
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if value > 1e-9:
                plot.add_patch(patches.Rectangle(
                    (source.begin + j * step, i + 0.04), step * 0.92, 0.92, linewidth=0,
                    facecolor=heat(scheme, (value / most) ** exponent)))
    plot.set_ylim(0, len(rows))
    every = max(1, math.ceil(len(rows) * 15 / (box.height - bottom)))
    at = range(0, len(rows), every)
    plot.set_yticks([i + 1 for i in at], [labels[i] for i in at])
    time_axis(canvas, plot, source, box.width)
    canvas.label_ticks(plot)
    if scale:
        draw_scale(canvas, box, scheme, most, left)


def heat(scheme, share):
    place = min(max(share, 0), 1) * (len(scheme) - 1)
    first = min(int(place), len(scheme) - 2)
    return units.mix(scheme[first], scheme[first + 1], place - first)


def draw_scale(canvas, box, scheme, most, left):
    y, width = box.y + box.height - 8, 130
    for i in range(width):
        canvas.axes.add_patch(patches.Rectangle((box.x + left + 14 + i, y - 5), 1.5, 10,
                                                linewidth=0, facecolor=heat(scheme, i / width)))
    canvas.text(box.x + left + 8, y, "0", 11, FAINT, "right")
    canvas.text(box.x + left + width + 22, y, units.short(most, None), 11, FAINT)


# --- text ---


def draw_text(canvas, box, panel, source, fields):
    y = box.y + 12
    for line in panel["options"]["content"].splitlines():
        is_title = line.startswith("#")
        for part in wrapped(canvas, line.lstrip("# ").replace("**", "").replace("`", ""),
                            box.width):
            canvas.text(box.x, y, part, 16 if is_title else 12,
                        weight="Medium" if is_title else "Regular")
            y += 26 if is_title else 19


def wrapped(canvas, text, width):
    line = ""
    for word in text.split():
        if line and canvas.measure(line + " " + word, 12) > width:
            yield line
            line = word
        else:
            line = (line + " " + word).strip()
    yield line


DRAW = {"timeseries": draw_timeseries, "stat": draw_stat, "gauge": draw_gauge,
        "piechart": draw_piechart, "bargauge": draw_bargauge, "barchart": draw_barchart,
        "table": draw_table, "heatmap": draw_heatmap, "text": draw_text}


def calc_of(panel):
    return frames.calc_of(panel)
