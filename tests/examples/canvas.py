# SPDX-License-Identifier: Apache-2.0
"""Canvas: a figure in pixels, in Grafana's dark colours."""

import matplotlib
from matplotlib import font_manager, patches

import units

matplotlib.use("Agg")

CANVAS, PANEL, BORDER = "#111217", "#181b1f", "#2a2d33"
GRID, TEXT, FAINT = "#2c2f36", units.TEXT, units.FAINT
DPI = 100
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
