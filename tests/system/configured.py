# SPDX-License-Identifier: Apache-2.0
"""A daemon with a config file that is changed and reloaded."""

import signal

import pytest

from harness import wait_until


def n_reloads(udometer):
    scrape = udometer.own_metrics()
    return {outcome: scrape.value("udometer_config_reloads_total", outcome=outcome)
            for outcome in ("success", "failure")}


def reload(udometer, outcome="success"):
    before = n_reloads(udometer)
    before[outcome] += 1
    udometer.send_signal(signal.SIGHUP)
    wait_until(lambda: n_reloads(udometer) == before, udometer.stderr)


class Configured:
    """A daemon with a config file."""

    def __init__(self, start, path, text, *flags, **options):
        self.path = path
        self.path.write_text(text)
        self.daemon = start("--config.file=" + str(path), *flags, **options)

    def change(self, text, outcome="success"):
        self.path.write_text(text)
        reload(self.daemon, outcome)

    def logged(self, message):
        """The records with this message; it waits for the first, as the log may come later."""
        return wait_until(lambda: [record for record in self.daemon.log()
                                   if record.get("msg") == message], self.daemon.stderr)


@pytest.fixture
def configure(start, tmp_path):
    return lambda text, *flags, **options: Configured(start, tmp_path / "udometer.yml", text,
                                                      *flags, **options)
