# SPDX-License-Identifier: Apache-2.0
"""Frames: what the queries of a panel return, as fields with names and with their own config.

This is the part of Grafana between a data source and a panel: legends, overrides, the reduction of
a series to a value, and transformations of tables.
"""

import copy
import math
import re

import promql


class Field:
    """A series, or with @value a single number."""

    def __init__(self, name, labels, ref, times=(), values=()):
        self.name = name
        self.labels = labels
        self.ref = ref
        self.times = list(times)
        self.values = list(values)
        self.config = {}


def legend_of(target, labels):
    """The name of a series, as legendFormat says."""
    legend = target.get("legendFormat") or "__auto"
    if legend != "__auto":
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), legend)
    others = {k: v for k, v in labels.items() if k != "__name__"}
    if len(others) == 1:
        return next(iter(others.values()))
    inside = ", ".join('%s="%s"' % pair for pair in sorted(others.items()))
    return labels.get("__name__", "") + ("{%s}" % inside if inside else "") or target["expr"]


class Source:
    """A Prometheus, a span of time, and a dashboard's variables."""

    def __init__(self, prometheus, begin, end, step_s, variables):
        self.prometheus = prometheus
        self.begin, self.end, self.step_s = begin, end, step_s
        span = end - begin
        # As Grafana: never shorter than four scrapes.
        self.variables = {**variables, "__interval": "%ds" % step_s,
                          "__rate_interval": "%ds" % (4 * step_s), "__range": "%ds" % span,
                          "__range_s": "%d" % span, "__interval_ms": "%d" % (step_s * 1000),
                          "__range_ms": "%d" % (span * 1000)}

    def fields(self, target):
        """The fields of one query."""
        text = promql.with_variables(target["expr"], self.variables)
        if target.get("instant"):
            return [Field(legend_of(target, result["metric"]), result["metric"], target["refId"],
                          [self.end], [float(result["value"][1])])
                    for result in self.prometheus.query(text, self.end)]
        return [self.filled(target, series)
                for series in self.prometheus.range(text, self.begin, self.end, self.step_s)]

    def filled(self, target, series):
        """A field with NaN where the series has no value, or one that no axis has."""
        known = {round(moment): float(value) for moment, value in series["values"]
                 if math.isfinite(float(value))}
        times = range(self.begin, self.end + 1, self.step_s)
        return Field(legend_of(target, series["metric"]), series["metric"], target["refId"], times,
                     [known.get(moment, math.nan) for moment in times])


# --- config ---


def set_property(config, name, value):
    """Set "unit", or "custom.lineWidth", of a field."""
    *path, last = name.split(".")
    for part in path:
        config = config.setdefault(part, {})
    config[last] = value


def matches(matcher, field):
    kind, options = matcher["id"], matcher.get("options")
    if kind == "byName":
        return field.name == options
    if kind == "byRegexp":
        return re.search(options.strip("/"), field.name) is not None
    if kind == "byFrameRefID":
        return field.ref == options
    if kind == "byNames":
        return field.name in options["names"]
    assert kind == "byType", "the matcher %s is not known here" % kind
    return options == "number"


def configure(panel, fields):
    """Give each field its config: the panel's defaults, then the overrides that match it."""
    for field in fields:
        field.config = copy.deepcopy(panel.get("fieldConfig", {}).get("defaults", {}))
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            if matches(override["matcher"], field):
                for prop in override["properties"]:
                    set_property(field.config, prop["id"], prop.get("value"))
        field.name = field.config.get("displayName") or field.name
    return fields


# --- reduction ---


def changes(values):
    return sum(after - before if after >= before else after
               for before, after in zip(values, values[1:]))


CALCS = {
    "last": lambda v: v[-1], "lastNotNull": lambda v: v[-1], "first": lambda v: v[0],
    "firstNotNull": lambda v: v[0], "min": min, "max": max, "sum": sum, "total": sum, "count": len,
    "mean": lambda v: sum(v) / len(v), "range": lambda v: max(v) - min(v),
    "delta": changes, "diff": lambda v: v[-1] - v[0],
}
CALC_TITLES = {"lastNotNull": "Last", "last": "Last", "mean": "Mean", "max": "Max", "min": "Min",
               "sum": "Total", "total": "Total", "first": "First", "firstNotNull": "First",
               "count": "Count", "range": "Range", "delta": "Delta", "diff": "Difference"}


def reduced(field, calc="lastNotNull"):
    """The number of a series, or None."""
    values = [value for value in field.values if not math.isnan(value)]
    return CALCS[calc](values) if values else None


def calc_of(panel):
    calcs = panel.get("options", {}).get("reduceOptions", {}).get("calcs") or ["lastNotNull"]
    return calcs[0]


# --- tables ---


def rows_of(fields):
    """A table's rows as dictionaries: the labels of a series, and its value."""
    refs = sorted({field.ref for field in fields})
    rows = []
    for field in fields:
        name = "Value" if len(refs) == 1 else "Value #" + field.ref
        rows.append({"Time": field.times[-1] * 1000.0,
                     **{k: v for k, v in sorted(field.labels.items())},
                     name: reduced(field)})
    return rows


def merge(rows, options):
    """Rows with the same labels become one."""
    merged = {}
    for row in rows:
        key = tuple(sorted((k, v) for k, v in row.items()
                           if not k.startswith("Value") and k != "__name__"))
        merged.setdefault(key, {}).update(row)
    return list(merged.values())


def join_by_field(rows, options):
    joined = {}
    for row in rows:
        joined.setdefault(row.get(options["byField"]), {}).update(row)
    return list(joined.values())


def organize(rows, options):
    excluded = {name for name, is_out in options.get("excludeByName", {}).items() if is_out}
    order, titles = options.get("indexByName", {}), options.get("renameByName", {})
    done = []
    for row in rows:
        names = sorted((name for name in row if name not in excluded),
                       key=lambda name: order.get(name, len(order) + 100))
        done.append({titles.get(name) or name: row[name] for name in names})
    return done


def sort_by(rows, options):
    for sort in reversed(options["sort"]):
        rows = sorted(rows, key=lambda row: (row.get(sort["field"]) is None, row[sort["field"]]),
                      reverse=sort.get("desc", False))
    return rows


def filter_fields(rows, options):
    include = options.get("include", {})
    names, pattern = include.get("names"), include.get("pattern")
    return [{name: value for name, value in row.items()
             if (names and name in names) or (pattern and re.search(pattern.strip("/"), name))}
            for row in rows]


def limit(rows, options):
    return rows[:int(options.get("limitField", 10))]


TRANSFORMATIONS = {"merge": merge, "organize": organize, "sortBy": sort_by, "limit": limit,
                   "joinByField": join_by_field, "seriesToColumns": join_by_field,
                   "filterFieldsByName": filter_fields,
                   "labelsToFields": lambda rows, options: rows}


def transformed(panel, fields):
    """The rows of a table after its transformations."""
    rows = rows_of(fields)
    for transformation in panel.get("transformations", []):
        name = transformation["id"]
        assert name in TRANSFORMATIONS, "the transformation %s is not known here" % name
        rows = TRANSFORMATIONS[name](rows, transformation.get("options", {}))
    return rows
