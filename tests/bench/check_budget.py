#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check how many instructions a line and a scraped sample take, against tests/bench/budget.json.

    check_budget.py BUILD_FOLDER [--update]

Each part of count_core is run under callgrind, which counts exactly: the same program does the
same work, so a figure changes only if the code does. More than the budget is a regression. Clearly
less is progress, and must be written into the budget, or the next regression could hide in it.
--update writes whatever was measured; a reviewer reads the difference.

A figure also depends on the compiler, its options, libc and the allocator. The budget says which
ones it was made with; with others, the tolerance is 15%. It does not depend on the processor: libc
is told to use only what every x86-64 has.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import children  # noqa: E402

BUDGET = pathlib.Path(__file__).with_name("budget.json")

MORE, LESS = 1.01, 0.97
# With another compiler, libc or allocator than those of the budget.
ELSEWHERE_MORE, ELSEWHERE_LESS = 1.15, 0.85

# libc chooses variants of memcpy() and similar functions by these, and some loops by cache sizes.
NOT_EVERYWHERE = ("AVX AVX2 AVX512F AVX512VL AVX512BW AVX_Fast_Unaligned_Load BMI1 BMI2 ERMS FSRM "
                  "Fast_Unaligned_Copy LZCNT MOVBE POPCNT RTM SSE4_1 SSE4_2 SSSE3")
TUNABLES = ":".join([
    "glibc.cpu.hwcaps=" + ",".join("-" + name for name in NOT_EVERYWHERE.split()),
    "glibc.cpu.x86_non_temporal_threshold=0x1000000",
])

# Without the caller's environment, which lies on the stack and moves it. jemalloc does not return
# memory, which it would do by the clock.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GLIBC_TUNABLES": TUNABLES,
    "MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1",
}

SINGULAR = {"lines": "line", "samples": "sample", "series": "series"}

# Valgrind is some fifty times slower than the processor; a part takes some seconds.
DEADLINE_S = 300


def run(*command):
    """What @command prints; it must succeed, and in time."""
    try:
        done = subprocess.run(command, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=DEADLINE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"{error}\n0 passed, 1 failed")
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}"
                 "0 passed, 1 failed")
    return done.stdout


def describe(program):
    """The parts of count_core, and what it was built with."""
    parts, made_with = [], {"machine": platform.machine()}
    for line in run(program).splitlines():
        key, value = line.split(": ", 1)
        if key == "part":
            parts.append(value)
        else:
            made_with[key] = value
    return parts, made_with


def measure(program, part):
    """Instructions per unit of @part, and the name of the unit."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        said = run("valgrind", "--tool=callgrind", "--toggle-collect=counted*",
                   "--callgrind-out-file=" + out, program, part)
        totals = [line for line in open(out, encoding="utf-8") if line.startswith("totals:")]
    n_units, unit = said.split()
    n_instructions = sum(int(line.split()[1]) for line in totals)
    if not n_instructions:
        sys.exit(f"{part}: nothing was counted; is counted() inlined?\n0 passed, 1 failed")
    return round(n_instructions / int(n_units), 2), unit


def verdict(measured, budget, more, less):
    """None if the figure is within the budget, or what is wrong."""
    if budget is None:
        return "has no budget: --update"
    if measured > budget * more:
        return "a regression"
    if measured < budget * less:
        return "better than the budget: write the figure down with --update"
    return None


def tolerances(was_made_with, made_with):
    """How far a figure may be above and below the budget; prints why if that is wider."""
    differences = [f"{key} {made_with.get(key)} instead of {was_made_with.get(key)}"
                   for key in sorted(made_with | was_made_with)
                   if made_with.get(key) != was_made_with.get(key)]
    if not differences or not was_made_with:
        return MORE, LESS
    print("The budget was made with something else: " + ", ".join(differences))
    print(f"So {ELSEWHERE_LESS} to {ELSEWHERE_MORE} of the budget pass.")
    return ELSEWHERE_MORE, ELSEWHERE_LESS


def show(part, unit, measured, budget, wrong):
    share = f"{100 * measured / budget:6.1f}%" if budget else "      –"
    print(f"{part:28} {measured:9.2f} {budget or 0:9.2f} {share}  per {SINGULAR[unit]:6}"
          f"  {'FAILED: ' + wrong if wrong else 'passed'}", flush=True)


def check(program, budget):
    """Measure, print and judge. Returns the new budget, and how many figures failed."""
    parts, made_with = describe(program)
    more, less = tolerances(budget["made with"], made_with)
    print(f"{'instructions':28}  measured    budget   share")
    found, n_failed = {}, 0
    for part in parts:
        found[part], unit = measure(program, part)
        allowed = budget["instructions"].get(part)
        wrong = verdict(found[part], allowed, more, less)
        show(part, unit, found[part], allowed, wrong)
        n_failed += wrong is not None
    for part in budget["instructions"].keys() - found.keys():
        print(f"{part}: has a budget, but is not measured: --update")
        n_failed += 1
    return {"made with": made_with, "instructions": found}, n_failed


def main(build, is_update):
    budget = {"made with": {}, "instructions": {}}
    if BUDGET.exists():
        budget = json.loads(BUDGET.read_text(encoding="utf-8"))
    found, n_failed = check(str(pathlib.Path(build, "tests/bench/count_core")), budget)
    if is_update:
        BUDGET.write_text(json.dumps(found, indent=4) + "\n", encoding="utf-8")
        print(f"written to {BUDGET}")
        n_failed = 0
    print(f"{max(0, len(found['instructions']) - n_failed)} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    children.prepare()
    sys.exit(main(arguments[0], "--update" in sys.argv))
