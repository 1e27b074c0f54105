# SPDX-License-Identifier: Apache-2.0
"""Unix sockets: abstract names."""

import os

import pytest

from harness import connect, write

KINDS = ["unixgram", "unix"]


def abstract_name(suffix=""):
    return "@udometer-test-%d%s" % (os.getpid(), suffix)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_arrive_at_an_abstract_name(start, kind):
    name = abstract_name()
    udometer = start("--statsd.listen-%s=%s" % (kind, name), "--workers=2")
    assert udometer.listening(kind) == [name]
    for _ in range(3):
        write(udometer, connect(udometer, kind), b"hits_total:1|c\n")
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 3
    assert not os.path.exists(name)
    if kind == "unixgram":
        assert [labels["listener"] for labels, _ in scrape.named("udometer_kernel_drops_total")
                if labels["listener"].startswith("unixgram")] == ["unixgram://" + name]


def test_an_abstract_name_is_free_after_a_crash(start):
    name = abstract_name()
    flags = ["--statsd.listen-unixgram=" + name, "--statsd.listen-unix=" + name]
    start(*flags).kill()
    udometer = start(*flags)
    for kind in KINDS:
        write(udometer, connect(udometer, kind), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 2
