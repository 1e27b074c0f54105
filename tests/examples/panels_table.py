# SPDX-License-Identifier: Apache-2.0
"""Panels of text: tables, and what an author wrote."""

import frames
import units
from canvas import CANVAS, FAINT, GRID, TEXT, Box

HEAD_HEIGHT, ROW_HEIGHT, PAGER_HEIGHT = 26, 28, 30
SCROLLBAR_WIDTH = 12
PAGES_SHOWN = 8


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
    lines = list(zip(rows, texts))
    room = int((box.height - HEAD_HEIGHT) // ROW_HEIGHT)
    if len(lines) > room and panel.get("options", {}).get("footer", {}).get("enablePagination"):
        room = int((box.height - HEAD_HEIGHT - PAGER_HEIGHT) // ROW_HEIGHT)
        draw_pager(canvas, box, room, len(lines))
    elif len(lines) > room:
        box = box.without_right(SCROLLBAR_WIDTH)
        draw_scrollbar(canvas, box, room / len(lines))
    draw_cells(canvas, box, (columns, titles, widths, configs), lines[:room], ROW_HEIGHT)


def draw_pager(canvas, box, n_shown, n_all):
    """The numbers of the pages, of which the first is shown, and which rows these are."""
    y = box.y + box.height - PAGER_HEIGHT / 2
    n_pages = -(-n_all // n_shown)
    for i in range(min(n_pages, PAGES_SHOWN)):
        x = box.x + box.width / 2 + 26 * (i - min(n_pages, PAGES_SHOWN) / 2)
        canvas.box(x, y - 10, 22, 20, units.NAMED["blue"] if i == 0 else GRID)
        canvas.text(x + 11, y, "%d" % (i + 1), 11, CANVAS if i == 0 else TEXT, "center", "Medium")
    canvas.text(box.x + box.width - 6, y, "1 - %d of %d rows" % (n_shown, n_all), 11, FAINT,
                "right")


def draw_scrollbar(canvas, box, share):
    canvas.box(box.x + box.width + 4, box.y + HEAD_HEIGHT, SCROLLBAR_WIDTH - 6,
               max((box.height - HEAD_HEIGHT) * share, 12), FAINT, alpha=0.5)


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
    y = box.y + HEAD_HEIGHT
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
        color = units.text_color(color)
    if kind in ("gauge", "basic", "gradient-gauge") and isinstance(value, float):
        low, high = config.get("min", 0), config.get("max", 100)
        share = min(max((value - low) / (high - low), 0), 1)
        color = units.value_color(config, value)
        room = box.width - canvas.measure(text, 12) - 30
        canvas.box(box.x + 6, box.y + 7, max(room * share, 3), box.height - 14, color)
    canvas.text(box.x + box.width - 10 if is_right else box.x + 6, box.y + box.height / 2,
                canvas.cut(text, 12, box.width - 8), 12, color, "right" if is_right else "left")


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
