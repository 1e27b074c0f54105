# SPDX-License-Identifier: Apache-2.0
"""Units: numbers as Grafana shows them, and its colours, thresholds and mappings of values."""

import math
import re
import time

# Grafana's palette: each hue in five shades, from dark to very light.
HUES = {
    "red": ["#C4162A", "#E02F44", "#F2495C", "#FF7383", "#FFA6B0"],
    "orange": ["#FA6400", "#FF780A", "#FF9830", "#FFB357", "#FFCB7D"],
    "yellow": ["#E0B400", "#F2CC0C", "#FADE2A", "#FFEE52", "#FFF899"],
    "green": ["#37872D", "#56A64B", "#73BF69", "#96D98D", "#C8F2C2"],
    "blue": ["#1F60C4", "#3274D9", "#5794F2", "#8AB8FF", "#C0D8FF"],
    "purple": ["#8F3BB8", "#A352CC", "#B877D9", "#CA95E5", "#DEB6F2"],
}
SHADES = ["dark-", "semi-dark-", "", "light-", "super-light-"]
TEXT = "#ccccdc"
FAINT = "#8e8f9c"
NAMED = {shade + hue: color for hue, colors in HUES.items() for shade, color in zip(SHADES, colors)}
NAMED.update({"text": TEXT, "gray": FAINT, "white": "#ffffff", "transparent": "#181b1f",
              "rgb(204, 204, 220)": TEXT})
CLASSIC = ["#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0",
           "#37872D", "#FADE2A", "#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477"]
SCHEMES = {
    "continuous-GrYlRd": ["#73BF69", "#F2CC0C", "#F2495C"],
    "continuous-RdYlGr": ["#F2495C", "#F2CC0C", "#73BF69"],
    "continuous-BlYlRd": ["#5794F2", "#F2CC0C", "#F2495C"],
    "continuous-YlRd": ["#F2CC0C", "#F2495C"],
    "continuous-BlPu": ["#5794F2", "#B877D9"],
    "continuous-blues": ["#181b1f", "#5794F2"],
    "continuous-greens": ["#181b1f", "#73BF69"],
    "continuous-reds": ["#181b1f", "#F2495C"],
}


def color_of(name):
    """A Grafana colour as #rrggbb."""
    if name in NAMED:
        return NAMED[name]
    match = re.fullmatch(r"rgba?\((\d+), *(\d+), *(\d+)(?:, *[\d.]+)?\)", name)
    if match:
        return "#%02x%02x%02x" % tuple(int(part) for part in match.groups())
    assert re.fullmatch(r"#[0-9a-fA-F]{6}", name), "%s is not a colour of Grafana" % name
    return name


def mix(one, other, share):
    """The colour between two others; @share of the second."""
    parts = [[int(color[i:i + 2], 16) for i in (1, 3, 5)] for color in (one, other)]
    return "#%02x%02x%02x" % tuple(round(a + (b - a) * share) for a, b in zip(*parts))


def text_color(background):
    """White, or nearly black on a light background."""
    red, green, blue = [int(background[i:i + 2], 16) for i in (1, 3, 5)]
    return "#202226" if 0.299 * red + 0.587 * green + 0.114 * blue > 165 else "#ffffff"


# --- numbers ---


def plain(value, decimals):
    """As many digits as are needed to tell a value of this size from others, at most."""
    if decimals is not None:
        return "%.*f" % (decimals, value)
    size = abs(value)
    digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    if 0 < size < 0.01:
        digits = min(9, 2 - math.floor(math.log10(size)))
    text = "%.*f" % (digits, value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def scaled(value, decimals, names, factor=1000):
    size = abs(value)
    step = 0
    while size >= factor and step + 1 < len(names):
        size, value, step = size / factor, value / factor, step + 1
    return plain(value, decimals), names[step]


def short(value, decimals):
    number, name = scaled(value, decimals, ["", " K", " Mil", " Bil", " Tri"])
    return number + name


def money(symbol):
    def format_money(value, decimals):
        number, name = scaled(abs(value), decimals, ["", "K", "M", "B", "T"])
        return ("-" if value < 0 else "") + symbol + number + name
    return format_money


def seconds(value, decimals):
    size = abs(value)
    for least, divisor, name in [(31536000, 31536000, " years"), (86400 * 7, 86400, " days"),
                                 (86400, 86400, " days"), (3600, 3600, " hours"), (60, 60, " mins"),
                                 (1, 1, " s"), (1e-3, 1e-3, " ms"), (1e-6, 1e-6, " µs")]:
        if size >= least:
            text = plain(value / divisor, decimals)
            return text + (name[:-1] if text == "1" and name in (" days", " hours", " mins")
                           else name)
    return plain(value, decimals) + (" s" if size == 0 else " ns")


def clock(value, decimals):
    value = int(value)
    days, rest = divmod(value, 86400)
    text = "%02d:%02d:%02d" % (rest // 3600, rest // 60 % 60, rest % 60)
    return "%d d %s" % (days, text) if days else text


def bytes_of(names, factor):
    def format_bytes(value, decimals):
        return " ".join(scaled(value, decimals, names, factor))
    return format_bytes


def with_suffix(suffix):
    return lambda value, decimals: short(value, decimals) + suffix


BINARY = bytes_of(["B", "KiB", "MiB", "GiB", "TiB"], 1024)
DECIMAL = bytes_of(["B", "kB", "MB", "GB", "TB"], 1000)
FORMATS = {
    None: plain, "none": plain, "short": short, "s": seconds, "dtdurations": seconds,
    "ms": lambda v, d: seconds(v / 1000, d), "m": lambda v, d: seconds(v * 60, d),
    "h": lambda v, d: seconds(v * 3600, d), "dtdhms": clock,
    "bytes": BINARY, "decbytes": DECIMAL,
    "Bps": lambda v, d: DECIMAL(v, d) + "/s", "binBps": lambda v, d: BINARY(v, d) + "/s",
    "percent": lambda v, d: plain(v, d) + "%",
    "percentunit": lambda v, d: plain(v * 100, d) + "%",
    "reqps": with_suffix(" req/s"), "ops": with_suffix(" ops/s"), "cps": with_suffix(" c/s"),
    "cpm": with_suffix(" c/m"), "rps": with_suffix(" rd/s"), "wps": with_suffix(" wr/s"),
    "opm": with_suffix(" ops/m"), "reqpm": with_suffix(" req/m"), "rpm": with_suffix(" rd/m"),
    "currencyUSD": money("$"), "currencyEUR": money("€"), "currencyBTC": money("₿"),
    "bool": lambda v, d: "True" if v else "False", "bool_yes_no": lambda v, d: "Yes" if v else "No",
    "bool_on_off": lambda v, d: "On" if v else "Off",
    "dateTimeAsIso": lambda v, d: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(v / 1000)),
    "dateTimeFromNow": lambda v, d: time.strftime("%H:%M:%S", time.gmtime(v / 1000)),
}


def text_of(value, unit=None, decimals=None):
    """A number with its unit, as Grafana writes it."""
    if value is None or math.isnan(value):
        return "No data" if value is None else "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit in FORMATS:
        return FORMATS[unit](value, decimals)
    kind, _, rest = unit.partition(":")
    # Grafana writes these whole, without K or Mil.
    if kind == "suffix":
        return plain(value, decimals) + " " + rest
    if kind == "prefix":
        return rest + plain(value, decimals)
    assert kind in ("currency", "currencysuffix"), "the unit %s is not known here" % unit
    return money(rest)(value, decimals)


# --- what a field's config makes of a value ---


def mapping_of(config, value):
    """The text and colour that mappings give a value, or {}."""
    for mapping in config.get("mappings", []):
        options = mapping["options"]
        if mapping["type"] == "value":
            found = options.get("%g" % value if isinstance(value, float) else value)
            if found:
                return found
        elif mapping["type"] == "range" and isinstance(value, float):
            low, high = options.get("from"), options.get("to")
            if (low is None or value >= low) and (high is None or value <= high):
                return options["result"]
        elif mapping["type"] == "special":
            is_match = {"null": value is None, "nan": value != value,
                        "null+nan": value is None or value != value}.get(options["match"], False)
            if is_match:
                return options["result"]
    return {}


def threshold_color(config, value, low=0, high=100):
    """The colour of the highest threshold that a value reaches."""
    thresholds = config.get("thresholds") or {"steps": [{"color": "green", "value": None},
                                                        {"color": "red", "value": 80}]}
    if thresholds.get("mode") == "percentage":
        value = (value - low) / (high - low) * 100 if high > low else 0
    color = thresholds["steps"][0]["color"]
    for step in thresholds["steps"][1:]:
        if value >= step["value"]:
            color = step["color"]
    return color_of(color)


def scheme_color(name, share):
    colors = SCHEMES[name]
    place = min(max(share, 0), 1) * (len(colors) - 1)
    first = min(int(place), len(colors) - 2)
    return mix(colors[first], colors[first + 1], place - first)


def value_color(config, value, index=0, default="thresholds"):
    """The colour of a value: of its mapping, else as the field's color says."""
    if value is None:
        return FAINT
    mapped = mapping_of(config, value)
    if "color" in mapped:
        return color_of(mapped["color"])
    low, high = config.get("min", 0), config.get("max", 100)
    mode = config.get("color", {}).get("mode", default)
    if mode in ("fixed", "shades"):
        return color_of(config["color"].get("fixedColor", "green"))
    if mode.startswith("palette-classic"):
        return CLASSIC[index % len(CLASSIC)]
    if mode.startswith("continuous-"):
        return scheme_color(mode, (value - low) / (high - low) if high > low else 0)
    assert mode == "thresholds", "the colour mode %s is not known here" % mode
    return threshold_color(config, value, low, high)


def value_text(config, value):
    """A value as its panel writes it."""
    if value is None:
        return config.get("noValue", "No data")
    mapped = mapping_of(config, value)
    if "text" in mapped:
        return mapped["text"]
    if isinstance(value, str):
        return value
    return text_of(value, config.get("unit"), config.get("decimals"))
