# SPDX-License-Identifier: Apache-2.0
"""Meaning: a client says the samples of a vector, and the daemon must show what the case expects.

Most cases of proto/vectors have samples, which are what the sender meant. A client cannot always
send the bytes of the case, but it can send these samples.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import vectors
from test_vectors import end_all, family_differences, send_udp4

TOLERANCE = 1e-12
PACKET_MAX = 1432


def is_sayable(text, forbidden):
    return not re.search(forbidden, text) and not text.endswith(" ")


def is_within_limits(sample):
    """A client is for a daemon with the default limits; some cases are for another one."""
    return len(sample["family"]) <= 512 and len(sample["labels"]) <= 64 \
        and all(len(key) <= 256 for key in sample["labels"])


def milliseconds(seconds):
    return repr(float(Decimal(repr(seconds)) * 1000))


def member_of(sample):
    """The bytes of a set's member; nothing for a sample of another type."""
    member = sample["value"] if sample["type"] == "set" else ""
    return bytes.fromhex(member["hex"]) if isinstance(member, dict) else member.encode()


def complaints(subject, case, datagrams):
    """Differences between the case and what the daemon makes of these datagrams."""
    before = subject.page
    for raw in datagrams:
        assert len(raw) <= PACKET_MAX
        send_udp4(subject, raw)
    subject.page = subject.await_lines(sum(len(vectors.lines_of(raw)) for raw in datagrams))
    found = list(family_differences(subject.page, *vectors.expected(case.samples), TOLERANCE))
    for what in ("refused", "tag_errors", "unknown_sections", "sample_errors"):
        grown = {key: n for key, n in subject.page.counters.items()
                 if key[0] == f"udometer_{what}_total" and n > before.counters.get(key, 0)}
        found += [f"{key}: counted" for key in grown]
    return found + (end_all(subject, send_udp4) if subject.page.sent else [])


def misunderstood(subject, case, datagrams):
    """Nothing, or what is wrong with the case, as one text."""
    found = complaints(subject, case, datagrams)
    return ["\n    ".join([case.name, repr(datagrams)[:300], *found[:5]])] if found else []


def in_lanes(lanes, cases, work):
    """
    Share out the cases. @work gets a daemon and its share, and gives what is wrong. Most of the
    time is spent waiting, so all lanes run at once.
    """
    with ThreadPoolExecutor(len(lanes)) as pool:
        of_lanes = pool.map(lambda i: list(work(lanes[i].get(), cases[i::len(lanes)])),
                            range(len(lanes)))
        failed = [text for of_lane in of_lanes for text in of_lane]
    assert not failed, "%d of %d:\n%s" % (len(failed), len(cases), "\n".join(failed[:20]))
