# SPDX-License-Identifier: Apache-2.0
"""Panels: which function draws which type.

Each function gets the canvas, the inside of the panel, the panel, the source of its data, and its
fields, which have data. A panel that it cannot draw is an AssertionError.
"""

from panels_table import draw_table, draw_text
from panels_time import draw_heatmap, draw_timeseries
from panels_value import draw_barchart, draw_bargauge, draw_gauge, draw_piechart, draw_stat

DRAW = {"timeseries": draw_timeseries, "stat": draw_stat, "gauge": draw_gauge,
        "piechart": draw_piechart, "bargauge": draw_bargauge, "barchart": draw_barchart,
        "table": draw_table, "heatmap": draw_heatmap, "text": draw_text}
