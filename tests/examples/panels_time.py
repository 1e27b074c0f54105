# SPDX-License-Identifier: Apache-2.0
"""Panels with an axis of time: time series and heatmaps."""

import math
import time

from matplotlib import patches

import frames
import units
from canvas import FAINT, GRID
from legend import draw_legend, legend_entries


SPANS_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]


def nice_step(raw, unit):
    """The least step that is not below @raw and is round in the unit."""
    if unit in ("s", "dtdurations") and raw > 2:
        return next((span for span in SPANS_S if span >= raw * 0.999), 86400 * math.ceil(
            raw / 86400))
    base = 1
    if unit == "bytes" and raw > 1:
        # 512 KiB and more is better told in MiB.
        base = 1024 ** math.floor(math.log(raw, 1024) + 0.1)
    power = base * 10 ** math.floor(math.log10(raw / base))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)


def nice_ticks(low, high, wanted, unit=None):
    """Round numbers between two others, about as many as wanted."""
    step = nice_step((high - low) / max(wanted, 1), unit)
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
    ticks = nice_ticks(low, high, box.height / 45, config.get("unit"))
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
