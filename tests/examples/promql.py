# SPDX-License-Identifier: Apache-2.0
"""PromQL: the expressions of dashboards, rules and lists, and how to ask them of a short run.

In a run at 120 times the speed, five minutes of the system pass in two and a half seconds. So
ranges and offsets in an expression become shorter by that factor, but not so short that fewer than
three scrapes are in them.
"""

import re

# With a scrape each second.
SHORTEST_RANGE_S = 4
UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
RANGE = re.compile(r"\[(%s)(:(?:%s)?)?\]" % (DURATION, DURATION))
OFFSET = re.compile(r"\boffset\s+(%s)" % DURATION)
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
# What Grafana itself defines, for a run of half a minute.
OF_GRAFANA = {"__rate_interval": "10s", "__interval": "1s", "__range": "30s", "__range_s": "30",
              "__interval_ms": "1000", "__range_ms": "30000"}


def seconds_of(duration):
    return sum(int(n) * UNITS_S[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


def for_speed(text, speed):
    """The expression with its ranges and offsets for a run at this speed."""
    if speed == 1:
        return text

    def shorter_range(match):
        seconds = max(SHORTEST_RANGE_S, seconds_of(match[1]) / speed)
        return "[%dms%s]" % (round(seconds * 1000), ":1s" if match[2] else "")

    def shorter_offset(match):
        return "offset %dms" % max(1000, round(seconds_of(match[1]) / speed * 1000))

    return OFFSET.sub(shorter_offset, RANGE.sub(shorter_range, text))


def with_variables(text, values):
    """The expression with each $variable replaced; one that is not known is an error."""
    def value_of(match):
        name = match[1] or match[2]
        assert name in values, "%s: the dashboard has no variable %s" % (text, name)
        return values[name]

    return VARIABLE.sub(value_of, text)


def panels_of(dashboard):
    """All panels, also those inside rows that are folded."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def values_of_variables(dashboard):
    """
    Each variable with what stands for it: for one whose values come from a query, what matches all
    of them, as "All" does; for others, the value with which the dashboard opens.
    """
    values = dict(OF_GRAFANA)
    for variable in dashboard.get("templating", {}).get("list", []):
        if variable["type"] == "datasource":
            continue
        current = variable.get("current", {}).get("value", "")
        current = current[0] if isinstance(current, list) else current
        is_query = variable["type"] == "query" or current in ("", "$__all")
        values[variable["name"]] = variable.get("allValue") or ".*" if is_query else current
    return values


def of_dashboard(dashboard):
    """Pairs of a panel's title and an expression of it, with the variables replaced."""
    values = values_of_variables(dashboard)
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            yield panel.get("title", "?"), with_variables(target["expr"], values)


def of_variables(dashboard):
    """Pairs of a variable's name and an expression that has data if its query does."""
    for variable in dashboard.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            query = variable["query"]
            text = query["query"] if isinstance(query, dict) else query
            match = re.fullmatch(r"label_values\((?:(.+),\s*)?(\w+)\)", text)
            assert match, "$%s: only label_values(…) is expected: %s" % (variable["name"], text)
            metric = match[1] or '{__name__=~".+"}'
            yield variable["name"], "count by (%s) (%s)" % (match[2], metric)


def of_rules(rules):
    """Pairs of a rule's name and its expression."""
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]


def alerts_of(rules):
    """The rules that are alerts."""
    return [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]


def of_list(text):
    """The expressions of a queries.promql, which are its lines but for comments."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
