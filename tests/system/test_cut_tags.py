# SPDX-License-Identifier: Apache-2.0
"""A '|' in the value of a tag cuts it: the log says so, once for each name, with the line."""


def cut_tags(udometer):
    udometer.stop()
    return [record for record in udometer.log()
            if record.get("msg") == "unknown section after tags"]


def test_a_name_is_logged_once_with_its_line(start):
    udometer = start("--workers=2")
    for i in range(20):
        # Senders of their own, so that both workers receive some.
        udometer.send("jobs.done:1|c|#path:a|b,try:%d" % i, flow=udometer.new_flow())
    udometer.send("jobs.done:1|c|#path:a", "other:1|g|#path:x y|z|T1")
    scrape = udometer.settle()
    assert scrape.value("udometer_unknown_sections_total") == 21
    first, second = cut_tags(udometer)
    assert first["name"] == "jobs.done" and first["level"] == "warn"
    assert first["line"].startswith("jobs.done:1|c|#path:a|b,try:")
    assert second["name"] == "other" and second["line"] == "other:1|g|#path:x y|z|T1"
    assert "'|' cannot be in a tag" in first["hint"]


def test_the_number_of_names_is_bounded(start):
    udometer = start("--workers=1")
    for i in range(300):
        udometer.send("n%d:1|c|#k:v|w" % i)
    udometer.settle()
    records = cut_tags(udometer)
    assert len(records) == 256
    assert "further names are not logged" in records[-1]["hint"]
    assert not any("further names" in record["hint"] for record in records[:-1])


def test_a_long_line_is_cut(start):
    udometer = start()
    udometer.send("a:1|c|#k:%s|b" % ("v" * 1000))
    udometer.settle()
    record, = cut_tags(udometer)
    assert record["line"] == ("a:1|c|#k:" + "v" * 1000)[:512]
