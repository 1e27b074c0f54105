# SPDX-License-Identifier: Apache-2.0
"""Machine: a description of the machine, and how much of it other processes use."""

import json
import os
import platform
import re
import resource
import subprocess
import time
from pathlib import Path

from processes import cpu_ns

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def read(path, otherwise="unknown"):
    try:
        return Path(path).read_text().strip()
    except OSError:
        return otherwise


def cpu_field(name):
    match = re.search(r"^%s\s*:\s*(.*)$" % name, read("/proc/cpuinfo"), re.M)
    return match[1] if match else "unknown"


def caches():
    """Level and size of processor 0's caches, except for instructions."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if read(index / "type") != "Instruction":
            found.append("L%s %s" % (read(index / "level"), read(index / "size")))
    return ", ".join(found) or "caches unknown"


def output_of(*command):
    """What a program prints; empty if it is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    return done.stdout.strip()


def virtualisation():
    """The hypervisor and the container, if they can be detected."""
    match = re.search(r"^Hypervisor vendor:\s*(.*)$", output_of("lscpu"), re.M)
    if match:
        found = match[1]
    else:
        found = "a hypervisor" if "hypervisor" in cpu_field("flags") else "none visible"
    container = output_of("systemd-detect-virt", "--container")
    return found + (", in a container (%s)" % container if container not in ("", "none") else "")


def memory():
    match = re.search(r"^MemTotal:\s+(\d+)", read("/proc/meminfo"), re.M)
    return "%.1f GiB" % (int(match[1]) / (1 << 20)) if match else "unknown"


def chosen(path):
    """The word in brackets: always [madvise] never."""
    match = re.search(r"\[(\w+)\]", read(path))
    return match[1] if match else "unknown"


def build_options(build):
    try:
        options = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    except (OSError, ValueError):
        return "unknown"
    wanted = {option["name"]: option["value"] for option in options}
    return "buildtype=%s, optimization=%s, b_sanitize=%s" % tuple(
        wanted.get(name) for name in ("buildtype", "optimization", "b_sanitize"))


def versions(daemon_page):
    match = re.search(r"^udometer_build_info\{(.*)\} 1$", daemon_page.text(), re.M)
    return dict(re.findall(r'(\w+)="([^"]*)"', match[1])) if match else {}


class Usage:
    """Processor time that other processes, and other machines on the host, have used so far."""

    def __init__(self, own_pids=()):
        # user, nice, system, idle, iowait, irq, softirq, steal
        fields = [int(word) * TICK_S for word in read("/proc/stat").splitlines()[0].split()[1:9]]
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                      resource.RUSAGE_CHILDREN)]
        own_s = (sum(usage.ru_utime + usage.ru_stime for usage in usages)
                 + sum(cpu_ns(pid) / 1e9 for pid in own_pids))
        self.at = time.monotonic()
        self.others_s = sum(fields) - fields[3] - fields[4] - fields[7] - own_s
        self.stolen_s = fields[7]

    def share_of_others(self, since):
        """The share of all processors that other processes have used, from 0 to 1."""
        share = (self.others_s - since.others_s) / (self.at - since.at) / os.cpu_count()
        return min(max(share, 0.0), 1.0)


def busy_before():
    """The share of the processors that others use before anything is started here."""
    before = Usage()
    time.sleep(1)
    return Usage().share_of_others(before)


def describe(build, daemon_page):
    """Pairs of a name and a value."""
    build_info = versions(daemon_page)
    buffers = daemon_page.values("udometer_receive_buffer_bytes")
    return [
        ("CPU", "%s (family %s, model %s), %d processors, %s" % (
            cpu_field("model name"), cpu_field("cpu family"), cpu_field("model"), os.cpu_count(),
            caches())),
        ("memory", memory()),
        ("virtualisation", virtualisation()),
        ("kernel", "%s %s" % (platform.system(), platform.release())),
        ("transparent huge pages", chosen("/sys/kernel/mm/transparent_hugepage/enabled")),
        ("net.core.rmem_max", "%s; granted to each of %d sockets: %d" % (
            read("/proc/sys/net/core/rmem_max"), len(buffers), min(buffers))),
        ("udometer", build_info.get("version", "unknown")),
        ("compiler", "%s, %s" % (build_info.get("compiler", "unknown"), build_options(build))),
    ]
