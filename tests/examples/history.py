# SPDX-License-Identifier: Apache-2.0
"""History: a run at high speed, as a Prometheus has it that lived through it at the speed of life.

In a fast run all rates are too high by the speed, and an hour is half a minute wide. So this reads
the pages meanwhile, as often as a Prometheus would in the system's own time, and then gives them to
a second Prometheus with the system's times. There an hour is an hour: a rate is as high as the
document means it, and a picture looks as it will look.
"""

import re
import subprocess
import threading
import time

from exposition import own_metrics

# Pages of a run. An hour has one every 15 s of the system's time, 125 ms apart.
PAGES = 240
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
SECONDS_MAX = 60
# How often to look for the first sample; a second or so of the system's time.
LOOK_S = 0.01


class Recorder:
    """
    Reads the pages of an example's jobs until it is stopped. The hour begins with the first sample,
    as a second in which a bot's interpreter starts would be two minutes of it.
    """

    def __init__(self, udometer, jobs, self_path, duration, speed):
        """@jobs: pairs of a name and a path."""
        self.udometer, self.jobs, self.speed = udometer, jobs, speed
        self.self_path = self_path
        self.duration = duration
        self.interval_s = max(1, duration // PAGES)
        self.pages = []  # (the system's time in seconds, job, bytes)
        self.late_s = 0  # by how much a page was read too late, at most; not the system's seconds
        self.error = None
        self.has_ended = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            while not self.has_begun():
                if self.has_ended.wait(LOOK_S):
                    return
            began = time.monotonic()
            for number in range(1, 1_000_000):
                moment = number * self.interval_s
                if self.has_ended.wait(began + moment / self.speed - time.monotonic()):
                    return
                self.late_s = max(self.late_s, time.monotonic() - began - moment / self.speed)
                for job, path in self.jobs:
                    self.pages.append((moment, job, self.udometer.get(path).body))
        except BaseException as error:
            self.error = error

    def has_begun(self):
        own = own_metrics(self.udometer.metrics(self.self_path))
        return own.value("udometer_lines_total") > 0

    def stop(self):
        self.has_ended.set()
        self.thread.join()
        if self.error:
            raise self.error

    def finish(self):
        """
        After the run: stop. The last pages are also those of its end, as a bot that has ended may
        say something else than one that runs.
        """
        self.stop()
        pages = self.pages[-len(self.jobs):]
        if pages[0][0] < self.duration:
            self.pages += [(self.duration, job, body) for _, job, body in pages]

    def openmetrics(self, begin, instance):
        """All pages as one text with times; the first is an interval after @begin."""
        lines = []
        for moment, job, body in self.pages:
            target = 'job="%s",instance="%s"' % (job, instance)
            lines.append("up{%s} 1 %d" % (target, begin + moment))
            for line in body.decode("utf-8").splitlines():
                match = SAMPLE.match(line)
                if match:
                    labels = ",".join(part for part in (match[2], target) if part)
                    lines.append("%s{%s} %s %d" % (match[1], labels, match[3], begin + moment))
        return "\n".join(lines) + "\n# EOF\n"


def last_full_hour():
    return int(time.time()) // 3600 * 3600


def write_blocks(recorder, directory, instance):
    """
    Write the blocks that a Prometheus reads when it starts with this directory. Returns when the
    run began and ended, in its own time; it ended with the last full hour.
    """
    end = last_full_hour()
    begin = end - recorder.duration
    text = directory / "pages.txt"
    text.write_text(recorder.openmetrics(begin, instance), "utf-8")
    done = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, directory / "data"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    return begin, end


def flags(recorder):
    """
    For that Prometheus. A series that is not on a page has ended; it learns that from scrapes, but
    not from blocks. So it must not look back as far as to the page before the last: of series that
    replace each other, both would be there.
    """
    return ["--query.lookback-delta=%ds" % max(1, recorder.interval_s - 1)]


def config(recorder):
    return "global: {scrape_interval: %ds}\n" % recorder.interval_s
