#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Apache Airflow, simulated: its scheduler and its tasks, and the metrics that it sends.

They are sent as Airflow sends them, by python3-statsd, with ids in their names; and those with ids
a second time without. Half of the DAGs has tasks whose ids are new in every run, as with names that
contain a date or a customer: in a week, 33,000 of them.

Each hour has four incidents: a warehouse is down, workers are lost, a file cannot be imported, and
the scheduler hangs. Times are multiples of 1/64 s, so that sums of durations are exact.
"""

import argparse
import bisect
import collections
import heapq
import json
import math
import os
import signal
import time

# --- metrics: what Airflow's module stats does ---

# The bounds in udometer.yml, which only the totals need.
BUCKETS = collections.defaultdict(lambda: [0.1, 0.5, 1, 5, 15, 60, 300, 1800], {
    "airflow_task_duration_seconds": [1, 10, 60, 300, 1800],
    "airflow_dagrun_duration_seconds": [10, 60, 300, 900, 1800, 3600, 14400]})


def connect(is_on):
    """A client as Airflow has one, or None, to which nothing is sent."""
    if not is_on:
        return None
    from statsd import StatsClient
    return StatsClient(os.environ.get("STATSD_HOST") or "localhost",
                       int(os.environ.get("STATSD_PORT") or 8125), prefix="airflow")


def series(name, **labels):
    """A series as /metrics shows it."""
    inside = ",".join('%s="%s"' % pair for pair in sorted(labels.items()))
    return name + ("{%s}" % inside if inside else "")


class Stats:
    """
    Sends each sample by its name of Airflow, and keeps what they must add up to in the series that
    the mapping makes of it. Without a series it is one that the mapping drops.
    """

    def __init__(self, client):
        self.client = client
        self.n_sent = 0
        self.counters = collections.Counter()
        self.gauges = {}
        self.histograms = {}

    def incr(self, name, to=None, count=1):
        self.n_sent += 1
        if self.client:
            self.client.incr(name, count)
        if to:
            self.counters[to] += count

    def gauge(self, name, value, to=None):
        self.n_sent += 1
        if self.client:
            self.client.gauge(name, value)
        if to:
            self.gauges[to] = value

    def timing(self, name, seconds, to=None):
        """Airflow sends milliseconds, and udometer shows seconds."""
        self.n_sent += 1
        if self.client:
            self.client.timing(name, seconds * 1000)
        if to:
            bounds = BUCKETS[to.partition("{")[0]]
            values = self.histograms.setdefault(to, [0] * (len(bounds) + 1) + [0])
            values[bisect.bisect_left(bounds, seconds)] += 1
            values[-1] += seconds

    def totals(self):
        found = {**self.counters, **self.gauges}
        for to, values in self.histograms.items():
            name, _, labels = to.partition("{")
            labels = labels.rstrip("}")
            n = 0
            for bound, count in zip([*BUCKETS[name], "+Inf"], values):
                n += count
                inside = sorted([*labels.split('",'), 'le="%s' % bound] if labels else
                                ['le="%s' % bound])
                text = ",".join(part.rstrip('"') + '"' for part in inside)
                found["%s_bucket{%s}" % (name, text)] = n
            tail = "{%s}" % labels if labels else ""
            found[name + "_sum" + tail] = values[-1]
            found[name + "_count" + tail] = n
        return found


# --- chance, DAGs and incidents, the same for the same seed ---


class Random:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def number(self):
        """From 0 to 1, without 1."""
        mask = 2 ** 64 - 1
        self.state = (self.state + 0x9e3779b97f4a7c15) & mask
        z = self.state
        z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & mask
        z = ((z ^ z >> 27) * 0x94d049bb133111eb) & mask
        return (z ^ z >> 31) / 2 ** 64

    def about(self, typical):
        """In sixty-fourths, from a half of a typical number to twice it."""
        return max(1, round(typical * 2 ** (2 * self.number() - 1) * 64)) / 64


class Dag:
    """
    A DAG that runs every so many minutes. Its @stages are lists of tasks, (id, operator, typical
    seconds), that run at once. In an id, * stands for a number that no other task has.
    """

    def __init__(self, dag_id, minutes, stages):
        self.dag_id, self.minutes, self.stages = dag_id, minutes, stages


def parts(prefix, operator, seconds):
    return [(prefix + "_*", operator, seconds)] * 10


DAGS = [
    Dag("sales", 15, [[("extract.orders", "SqlSensor", 40), ("extract.items", "SqlSensor", 30)],
                      [("load", "PostgresOperator", 70)], [("report", "EmailOperator", 4)]]),
    Dag("inventory", 20, [[("extract", "PythonOperator", 60)],
                          [("load", "PostgresOperator", 90)]]),
    Dag("cleanup", 30, [[("logs", "BashOperator", 20), ("xcoms", "PythonOperator", 15)]]),
    Dag("machine_learning", 60, [[("features", "PythonOperator", 300)],
                                 [("train", "KubernetesPodOperator", 700)]]),
    Dag("export_customers", 12, [parts("customer", "PythonOperator", 25)]),
    Dag("import_files", 12, [parts("file", "BashOperator", 15)]),
    Dag("crawl", 12, [parts("site", "HttpOperator", 35)]),
    Dag("backfill", 12, [parts("day", "PostgresOperator", 30)]),
]

# Of each hour, from and until which minute.
INCIDENTS = {"warehouse_is_down": (5, 20), "workers_are_lost": (28, 38), "file_is_broken": (39, 44),
             "scheduler_hangs": (48, 58)}
SLOTS = 16
LOOP_S = 60
FILES_S = 300
HEARTBEAT_S = 5
# A gauge of a running task vanishes five minutes after the last one. One that is younger than this
# at the end is there; the scheduler hangs long enough for the others to be gone.
YOUNG_S = 180


class Run:
    """A run of a DAG, and how far it is."""

    def __init__(self, dag, due, began):
        self.dag, self.due, self.began = dag, due, began
        self.stages = iter(dag.stages)
        self.n_left = 0
        self.has_failed = False


class Task:
    def __init__(self, run, task_id, operator, seconds, queued):
        self.run, self.dag_id, self.task_id = run, run.dag.dag_id, task_id
        self.operator, self.seconds, self.queued = operator, seconds, queued
        self.has_ended = False

    def ids(self):
        return {"dag_id": self.dag_id, "task_id": self.task_id}


# --- Airflow ---


class Airflow:
    def __init__(self, stats, seed):
        self.stats = stats
        self.random = Random(seed)
        self.now = 0.0
        self.events = []
        self.n_events = self.n_ids = self.n_jobs = 0
        self.queue = collections.deque()
        self.running = []
        self.used = {}  # when a usage was sent last, by series
        self.at(0, self.beat)
        self.at(0, self.loop)
        for i, dag in enumerate(DAGS):
            self.at(30 + 40 * i, self.begin_run, dag, 30 + 40 * i)

    def at(self, moment, function, *words):
        self.n_events += 1
        heapq.heappush(self.events, (moment, self.n_events, function, words))

    def step(self):
        """Let the next event happen, which is due at self.events[0][0]."""
        self.now, _, function, words = heapq.heappop(self.events)
        function(*words)

    def is_in(self, incident):
        begin, end = INCIDENTS[incident]
        return begin <= self.now % 3600 / 60 < end

    # --- the scheduler ---

    def beat(self):
        if not self.is_in("scheduler_hangs"):
            self.stats.incr("scheduler_heartbeat", "airflow_scheduler_heartbeat_total")
        self.at(self.now + HEARTBEAT_S, self.beat)

    def loop(self):
        self.at(self.now + LOOP_S, self.loop)
        if self.now % 3600 == INCIDENTS["workers_are_lost"][0] * 60:
            self.lose_workers()
        if self.is_in("scheduler_hangs"):
            return
        slow = 40 if self.is_in("file_is_broken") else 1
        self.stats.timing("scheduler.scheduler_loop_duration", self.random.about(0.3 * slow),
                          "airflow_scheduler_loop_seconds")
        self.stats.timing("scheduler.critical_section_duration", self.random.about(0.05 * slow),
                          "airflow_scheduler_critical_section_seconds")
        self.start_tasks()
        self.report_slots()
        if self.now % FILES_S == 0:
            self.report_files()
        for task in self.running:
            self.report_usage(task)

    def lose_workers(self):
        """Tasks that ran have no heartbeat any more, so the scheduler ends them as zombies."""
        for task in self.running[:]:
            self.stats.incr("zombies_killed", "airflow_zombies_killed_total")
            self.end_task(task, code=-9)

    def slots(self):
        return 2 if self.is_in("workers_are_lost") else SLOTS

    def report_slots(self):
        n_open = max(0, self.slots() - len(self.running))
        starving = len(self.queue) if n_open == 0 else 0
        for what, n in {"executable": len(self.queue), "starving": starving}.items():
            self.stats.gauge("scheduler.tasks." + what, n, "airflow_scheduler_tasks_" + what)
        for what, n in {"open_slots": n_open, "queued_tasks": len(self.queue),
                        "running_tasks": len(self.running)}.items():
            self.stats.gauge("executor." + what, n, "airflow_executor_" + what)
        for what, n in {"open_slots": n_open, "queued_slots": len(self.queue),
                        "running_slots": len(self.running), "starving_tasks": starving}.items():
            self.stats.gauge("pool.%s.default_pool" % what, n,
                             series("airflow_pool_" + what, pool="default_pool"))
            self.stats.gauge("pool." + what, n)

    def report_files(self):
        is_broken = self.is_in("file_is_broken")
        self.stats.gauge("dagbag_size", len(DAGS) - (2 if is_broken else 0), "airflow_dagbag_size")
        self.stats.gauge("dag_processing.import_errors", 2 if is_broken else 0,
                         "airflow_dag_processing_import_errors")
        self.stats.gauge("dag_processing.total_parse_time", self.random.about(3),
                         "airflow_dag_processing_total_parse_time_seconds")
        for dag in DAGS:
            file = {"dag_file": dag.dag_id}
            seconds = self.random.about(0.4)
            self.stats.timing("dag_processing.last_duration." + dag.dag_id, seconds,
                              series("airflow_dag_processing_last_duration_seconds", **file))
            self.stats.timing("dag_processing.last_duration", seconds)
            self.stats.gauge("dag_processing.last_run.seconds_ago." + dag.dag_id,
                             self.random.about(15),
                             series("airflow_dag_processing_last_run_ago_seconds", **file))

    # --- runs of DAGs ---

    def begin_run(self, dag, due):
        """A run that is due while the scheduler hangs begins late."""
        if self.is_in("scheduler_hangs"):
            self.at(self.now + 10, self.begin_run, dag, due)
            return
        self.at(max(due + dag.minutes * 60, self.now), self.begin_run, dag, due + dag.minutes * 60)
        label = {"dag_id": dag.dag_id}
        late = self.now - due + self.random.about(1)
        self.stats.timing("dagrun.schedule_delay." + dag.dag_id, late,
                          series("airflow_dagrun_schedule_delay_seconds", **label))
        self.stats.timing("dagrun.schedule_delay", late)
        seconds = self.random.about(0.1)
        self.stats.timing("dagrun.dependency-check." + dag.dag_id, seconds,
                          series("airflow_dagrun_dependency_check_seconds", **label))
        self.stats.timing("dagrun.dependency-check", seconds)
        self.begin_stage(Run(dag, due, self.now))

    def begin_stage(self, run):
        stage = next(run.stages, None)
        if stage is None or run.has_failed:
            self.end_run(run)
            return
        for task_id, operator, seconds in stage:
            self.n_ids += "*" in task_id
            self.queue.append(Task(run, task_id.replace("*", "%06d" % self.n_ids), operator,
                                   seconds, self.now))
            self.stats.incr("task_instance_created_" + operator,
                            series("airflow_task_instances_created_total", operator=operator))
            self.stats.incr("task_instance_created")
            run.n_left += 1
        self.start_tasks()

    def end_run(self, run):
        state = "failed" if run.has_failed else "success"
        seconds = self.now - run.began
        self.stats.timing("dagrun.duration.%s.%s" % (state, run.dag.dag_id), seconds,
                          series("airflow_dagrun_duration_seconds", dag_id=run.dag.dag_id,
                                 state=state))
        self.stats.timing("dagrun.duration." + state, seconds)

    # --- tasks ---

    def start_tasks(self):
        while self.queue and len(self.running) < self.slots() and \
                not self.is_in("scheduler_hangs"):
            self.start_task(self.queue.popleft())

    def start_task(self, task):
        name = "%s.%s" % (task.dag_id, task.task_id)
        for state, seconds in {"scheduled": self.random.about(0.5),
                               "queued": self.now - task.queued}.items():
            self.stats.timing("dag.%s.%s_duration" % (name, state), seconds,
                              series("airflow_task_%s_seconds" % state, dag_id=task.dag_id))
            self.stats.timing("task.%s_duration" % state, seconds)
        self.stats.incr("localtaskjob_start", series("airflow_jobs_total", job_type="localtaskjob",
                                                     event="start"))
        self.stats.incr("ti.start." + name, series("airflow_ti_started_total", **task.ids()))
        self.stats.incr("ti.start")
        task.began = self.now
        self.running.append(task)
        self.at(self.now + self.random.about(task.seconds), self.end_task, task)
        self.report_usage(task)

    def report_usage(self, task):
        for what, typical in ("cpu", 40), ("mem", 10):
            to = series("airflow_task_%s_usage_percent" % what, **task.ids())
            self.stats.gauge("task.%s_usage.%s.%s" % (what, task.dag_id, task.task_id),
                             self.random.about(typical), to)
            self.used[to] = self.now

    def end_task(self, task, code=None):
        if task.has_ended:
            return
        task.has_ended = True
        self.running.remove(task)
        if code is None:
            share = 0.02
            if self.is_in("warehouse_is_down") and task.operator == "PostgresOperator":
                share = 0.7
            code = int(self.random.number() < share)
        self.report_end(task, code)
        task.run.has_failed |= code != 0
        task.run.n_left -= 1
        if task.run.n_left == 0:
            self.begin_stage(task.run)
        self.start_tasks()

    def report_end(self, task, code):
        state, outcome = ("failed", "failures") if code else ("success", "successes")
        name = "%s.%s" % (task.dag_id, task.task_id)
        self.stats.incr("ti.finish.%s.%s" % (name, state),
                        series("airflow_ti_finished_total", state=state, **task.ids()))
        self.stats.incr("ti.finish")
        seconds = self.now - task.began
        self.stats.timing("dag.%s.duration" % name, seconds,
                          series("airflow_task_duration_seconds", **task.ids()))
        self.stats.timing("task.duration", seconds)
        self.stats.incr("operator_%s_%s" % (outcome, task.operator),
                        series("airflow_operator_%s_total" % outcome, operator=task.operator))
        self.stats.incr("operator_" + outcome)
        self.stats.incr("ti_" + outcome, "airflow_ti_%s_total" % outcome)
        self.n_jobs += 1
        self.stats.incr("local_task_job.task_exit.%d.%s.%d" % (self.n_jobs, name, code),
                        series("airflow_task_exits_total", dag_id=task.dag_id, return_code=code))
        self.stats.incr("local_task_job.task_exit")
        self.stats.incr("localtaskjob_end", series("airflow_jobs_total", job_type="localtaskjob",
                                                   event="end"))


# --- the program ---


def above_zero(text):
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError("%s: expected a number above 0" % text)
    return number


def read_flags():
    parser = argparse.ArgumentParser(description="simulate Apache Airflow", allow_abbrev=False)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same events")
    parser.add_argument("--duration", type=above_zero, default=math.inf, help="simulated seconds")
    parser.add_argument("--speed", type=above_zero, default=1, help="simulated seconds in a second")
    parser.add_argument("--metrics", choices=["on", "off"], default="off")
    parser.add_argument("--totals", help="file for what the metrics must show at the end")
    return parser.parse_args()


def run(airflow, duration, speed):
    """Let events happen when they are due, until the end or a signal. Returns the seconds of work.
    """
    signals = []
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda number, _: signals.append(number))
    start = time.monotonic()
    waited = 0
    while airflow.events[0][0] < duration and not signals:
        left = start + airflow.events[0][0] / speed - time.monotonic()
        if left > 0.001:
            # A signal does not end a sleep.
            waited += min(left, 0.1)
            time.sleep(min(left, 0.1))
        else:
            airflow.step()
    return time.monotonic() - start - waited


def write_totals(airflow, path, seconds):
    """What must be there, and what must have vanished: usage of tasks that have long ended."""
    stats = airflow.stats
    old = {to for to, moment in airflow.used.items() if airflow.now - moment > YOUNG_S}
    totals = {"series": {to: value for to, value in stats.totals().items() if to not in old},
              "absent": sorted(old)[:20],
              "info": {"samples_sent": stats.n_sent, "loop_seconds": seconds,
                       "task_ids": airflow.n_ids}}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(totals, file, indent=1)


def main():
    flags = read_flags()
    airflow = Airflow(Stats(connect(flags.metrics == "on")), flags.seed)
    seconds = run(airflow, flags.duration, flags.speed)
    if flags.totals:
        write_totals(airflow, flags.totals, seconds)


if __name__ == "__main__":
    main()
