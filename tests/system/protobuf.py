# SPDX-License-Identifier: Apache-2.0
"""A page in protobuf, read by Google's decoder with what protoc makes of proto/."""

import pathlib
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
ACCEPT = {"Accept": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                    "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"}
CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " \
    "encoding=delimited; escaping=underscores"


def load_messages():
    """The class of MetricFamily."""
    done = subprocess.run(["protoc", "-I", PROTO, "--descriptor_set_out=/dev/stdout",
                           "metric_family.proto"], stdout=subprocess.PIPE, check=True, timeout=60)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(done.stdout).file:
        pool.Add(file)
    found = pool.FindMessageTypeByName("io.prometheus.client.MetricFamily")
    return message_factory.MessageFactory(pool).GetPrototype(found)


MetricFamily = load_messages()
TYPES = MetricFamily.DESCRIPTOR.fields_by_name["type"].enum_type


def split(page):
    """The bytes of each message, without its length."""
    at = 0
    while at < len(page):
        length = shift = 0
        while True:
            byte = page[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        assert at + length <= len(page), "the page ends within a message"
        yield page[at:at + length]
        at += length


class Family:
    """The messages of a family, joined."""

    def __init__(self, message):
        self.name, self.help, self.unit = message.name, message.help, message.unit
        self.type = TYPES.values_by_number[message.type].name.lower()
        self.metrics = []
        self.n_messages = 0

    def add(self, message):
        assert (message.name, message.help, message.unit) == (self.name, self.help, self.unit)
        assert TYPES.values_by_number[message.type].name.lower() == self.type
        assert message.metric, "a message without series: " + self.name
        self.metrics += message.metric
        self.n_messages += 1


def read(page):
    """The families of a page, in their order. The messages of one follow each other."""
    families = {}
    last = None
    for raw in split(page):
        message = MetricFamily.FromString(raw)
        assert not message.UnknownFields(), "fields that the .proto does not have: " + message.name
        assert message.name == last or message.name not in families, "twice: " + message.name
        last = message.name
        families.setdefault(last, Family(message)).add(message)
    return families


def samples_of(family):
    """The samples of a family, as the text format has them: by name and labels."""
    found = {}

    def add(suffix, labels, value):
        key = family.name + suffix, frozenset(labels.items())
        assert key not in found, key
        found[key] = float(value)

    for metric in family.metrics:
        labels = {label.name: label.value for label in metric.label}
        assert len(labels) == len(metric.label) and list(labels) == sorted(labels), labels
        assert metric.HasField(family.type), metric
        if family.type == "histogram":
            histogram = metric.histogram
            for bucket in histogram.bucket:
                add("_bucket", {**labels, "le": bucket.upper_bound}, bucket.cumulative_count)
            add("_sum", labels, histogram.sample_sum)
            add("_count", labels, histogram.sample_count)
        else:
            add("", labels, getattr(metric, family.type).value)
    return found
