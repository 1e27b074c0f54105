# SPDX-License-Identifier: Apache-2.0
"""Incidents: in which minutes of the hour something goes wrong, and which alerts say so.

expected/SYSTEM.json has both. An incident is [from, until], in minutes of the system's hour. An
alert names the incidents in which it must fire, and for each how many minutes longer it may: a rate
over five minutes still sees the last of them, and a gauge stays until its TTL has passed.
"""

import promql

# Two scrapes, one to see that it begins and one to see that it ends; and half a minute, a quarter
# of a second of the run, for machines that are busy.
TOLERANCE_S = 60


def firing(values, step_s, needed_s):
    """The moments of a range at which an alert fires: it has been true for @needed_s without a gap.
    """
    moments, began, before = [], None, None
    for moment, _ in values:
        if before is None or moment - before > step_s * 1.5:
            began = moment
        before = moment
        if moment - began >= needed_s:
            moments.append(moment)
    return moments


def minutes_of(moments):
    """As text: the first and the last minute of each run."""
    text, before = [], None
    for second in sorted(moments):
        if before is None or second - before > 60:
            text.append([second, second])
        text[-1][1] = before = second
    return ", ".join("%.1f to %.1f" % (first / 60, last / 60) for first, last in text) or "never"


def problems_of(seconds, spans, incidents):
    """
    What is wrong with an alert that fires at these @seconds of the hour. @spans: for each of its
    incidents, how many minutes longer it may fire.
    """
    def allowed(name):
        begin, end = incidents[name]
        return [second for second in seconds
                if begin * 60 <= second <= (end + spans[name]) * 60 + TOLERANCE_S]

    silent = [name for name in spans if not allowed(name)]
    outside = set(seconds) - {second for name in spans for second in allowed(name)}
    return ["it does not fire when: " + name for name in silent] + \
        (["it fires without an incident, minutes " + minutes_of(outside)] if outside else [])


def problems_of_alerts(rules, expected, ask):
    """
    All that is wrong, as text. @ask gives the series of an expression over the hour, as pairs of
    the second and a value, and the seconds between two of them.
    """
    rules = {rule["alert"]: rule for rule in promql.alerts_of(rules)}
    found = ["%s: expected/ has it, alerts.yml has not" % name
             for name in expected["alerts"].keys() - rules.keys()]
    unseen = expected["incidents"].keys() - {name for spans in expected["alerts"].values()
                                             for name in spans}
    found += ["no alert is for: " + name for name in unseen]
    for name, rule in rules.items():
        needed_s = promql.seconds_of(rule.get("for", "0s"))
        all_series, step_s = ask(rule["expr"])
        seconds = {second for values in all_series for second in firing(values, step_s, needed_s)}
        problems = problems_of(seconds, expected["alerts"].get(name, {}), expected["incidents"])
        found += ["%s: %s; it fires in minutes %s" % (name, problem, minutes_of(seconds))
                  for problem in problems or ([] if seconds else ["it never fires"])]
    return found
