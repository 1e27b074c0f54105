# SPDX-License-Identifier: Apache-2.0
"""Rows about what happens inside the process, measured by programs in C."""

from row import Row, short

CORE_WANTED = {10_000: 25.0, 100_000: 20.0, 1_000_000: 11.25}

NEW_WANTED_PER_S = 1_000_000
STALL_MAX_MS = 10

GAIN_WANTED = 1.8

RULES_RATIO_MAX = 2


def core(lab):
    report = lab.run_program("bench_core")
    per_s = {size["series"]: 1e3 / size["line_ns"] for size in report["sizes"]}
    shuffled = {size["series"]: 1e3 / size["shuffled_ns"] for size in report["sizes"]}
    machine = ("the machine alone: %.0f ns to follow a pointer in 256 MiB, %.1f ns to copy a line"
               % (report["chase_ns"], report["copy_ns"]))
    for n_series, wanted in CORE_WANTED.items():
        details = ["lines in shuffled order: %.1f M lines/s" % shuffled[n_series]]
        if n_series == 10_000:
            details += ["1 k series: %.1f M lines/s, shuffled %.1f" % (per_s[1000], shuffled[1000]),
                        machine]
        else:
            details += ["%.0f %% of the rate at 10 k" % (100 * per_s[n_series] / per_s[10_000])]
        yield Row("core, in process", "parse and apply, %s series" % short(n_series),
                  ">= %g M lines/s" % wanted, "%.1f M lines/s" % per_s[n_series],
                  per_s[n_series] >= wanted, details)


def describe_stall(stall):
    parts = ["longest gap of a thread that only spins %.1f ms%s"
             % (stall["gap_ms"], " (noisy: not judged)" if stall["is_noisy"] else "")]
    for side in ("known", "new"):
        found = stall[side]
        parts.append("longest batch of %s series %.1f ms%s%s" % (
            side, found["ms"], ", waited" if found["was_blocked"] else "",
            ", preempted" if found["was_preempted"] else ""))
    return "; ".join(parts)


def new(lab):
    report = lab.run_program("bench_new")
    one, both = report["one_per_s"] / 1e6, report["both_per_s"] / 1e6
    yield Row("new series", "1 M series never seen before, 3 tags", ">= 1 M/s in total",
              "%.2f M/s by one worker, %.2f M/s by two" % (one, both),
              max(one, both) * 1e6 >= NEW_WANTED_PER_S,
              ["passes if one worker or two reach it"])
    judged = [stall for stall in report["stalls"] if not stall["is_noisy"]]
    details = [describe_stall(stall) for stall in report["stalls"]]
    what = ("new series", "known series meanwhile, on either worker",
            "no stall over %d ms" % STALL_MAX_MS)
    if not judged:
        yield Row(*what, "not judged: the machine was never quiet enough", False, details)
        return
    longest = {side: max(stall[side]["ms"] for stall in judged) for side in ("known", "new")}
    yield Row(*what, "longest batch of the worker that makes them %.1f ms, of the other %.1f ms"
              % (longest["new"], longest["known"]), max(longest.values()) <= STALL_MAX_MS, details)


def rules(lab):
    report = lab.run_program("bench_rules")
    few, many = report["sizes"][0], report["sizes"][-1]
    names = ("first", "last", "none")
    ratio = max(many[name + "_ns"] / few[name + "_ns"] for name in names)
    details = ["%s globs: the first %.0f ns, the last %.0f ns, none %.0f ns"
               % (short(size["rules"]), *(size[name + "_ns"] for name in names))
               for size in report["sizes"]]
    details.append("the worst name of 8,192 globs %.1f us, of one regex %.0f us; the last of 40 "
                   "regexes %.1f us" % (report["worst_glob_ns"] / 1e3,
                                        report["worst_regex_ns"] / 1e3, report["regexes_ns"] / 1e3))
    yield Row("rules", "new names that the first, the last or none of 10,000 globs match",
              "<= %g x the time of 10 globs" % RULES_RATIO_MAX, "x%.2f" % ratio,
              ratio <= RULES_RATIO_MAX, details)


def scaling(lab):
    report = lab.run_program("bench_scaling")
    same, own = report["same_series"], report["own_series"]
    spinning = report["spinning"]["gain"]
    yield Row("scaling", "2 workers on one registry, the same 10 k series",
              ">= %.1f x one worker's lines" % GAIN_WANTED, "x%.2f" % same["gain"],
              same["gain"] >= GAIN_WANTED,
              ["%.1f M lines/s by one, %.1f M by both; with series of their own x%.2f"
               % (same["one_per_s"] / 1e6, same["both_per_s"] / 1e6, own["gain"]),
               "two threads that share nothing, on this machine: x%.2f" % spinning,
               "lines counted by each worker: {:,} and {:,}".format(*report["lines_counted"])])
