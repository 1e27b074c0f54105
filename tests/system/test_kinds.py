# SPDX-License-Identifier: Apache-2.0
"""Samples of each type appear as Prometheus expects them."""

import subprocess

from harness import promtool_check

INF = float("inf")


def test_a_counter_adds_up(udometer):
    udometer.send("requests_total:1|c", "requests_total:2|c", "requests_total:0.5|c")
    scrape = udometer.settle()
    assert scrape.families["requests_total"].type == "counter"
    assert scrape.value("requests_total") == 3.5


def test_a_gauge_keeps_the_last_value_set(udometer):
    udometer.send("depth:5|g", "depth:3.25|g")
    scrape = udometer.settle()
    assert scrape.families["depth"].type == "gauge"
    assert scrape.value("depth") == 3.25


def test_a_signed_gauge_changes_what_was_set(udometer):
    udometer.send("depth:10|g", "depth:+4|g", "depth:-1.5|g")
    assert udometer.settle().value("depth") == 12.5


def test_a_signed_gauge_begins_at_zero(udometer):
    udometer.send("debt:-3|g")
    assert udometer.settle().value("debt") == -3


def test_a_timer_is_a_histogram_of_seconds_under_its_own_name(udometer):
    udometer.send("latency:320|ms", "latency:7|ms", "latency:20000|ms")
    scrape = udometer.settle()
    assert scrape.families["latency"].type == "histogram"
    buckets = scrape.buckets("latency")
    assert buckets[0.005] == 0 and buckets[0.01] == 1
    assert buckets[0.25] == 1 and buckets[0.5] == 2
    assert buckets[10] == 2 and buckets[INF] == 3
    assert scrape.value("latency_count") == 3
    assert abs(scrape.value("latency_sum") - 20.327) < 1e-9
    assert not [name for name in scrape.families if "latency" in name and name != "latency"]


def test_a_timer_on_a_bound_is_in_its_bucket(udometer):
    """le means less than or equal, also after the division by 1000."""
    bounds_ms = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
    udometer.send(*["on_bound:%d|ms|#at:%d" % (ms, ms) for ms in bounds_ms])
    scrape = udometer.settle()
    for ms in bounds_ms:
        buckets = scrape.buckets("on_bound", at=str(ms))
        assert [le for le, count in sorted(buckets.items()) if count][0] == ms / 1000


def test_histograms_and_distributions_keep_their_unit(udometer):
    udometer.send("size:2|h", "size:0.25|h", "length:4|d")
    scrape = udometer.settle()
    assert scrape.families["size"].type == scrape.families["length"].type == "histogram"
    assert scrape.value("size_sum") == 2.25 and scrape.value("size_count") == 2
    assert scrape.buckets("size")[0.25] == 1 and scrape.buckets("size")[2.5] == 2
    assert scrape.value("length_sum") == 4 and scrape.value("length_count") == 1


def test_histogram_and_distribution_of_one_name_are_one_family(udometer):
    udometer.send("both:1|h", "both:2|d")
    assert udometer.settle().value("both_count") == 2


def test_a_family_without_tags_and_with_them_is_one_family(udometer):
    udometer.send("jobs_total:1|c", "jobs_total:2|c|#queue:mail")
    scrape = udometer.settle()
    assert scrape.value("jobs_total") == 1
    assert scrape.value("jobs_total", queue="mail") == 2


def test_every_family_says_what_it_is(udometer):
    udometer.send("a.b:1|c", "c:1|g", "d:1|ms")
    scrape = udometer.settle()
    assert "a.b" in scrape.families["a_b"].help
    assert all(family.help and family.type for family in scrape.families.values())


def test_a_sample_rate_weighs_counters_and_histograms(udometer):
    udometer.send("sampled_total:3|c|@0.1", "wait:500|ms|@0.25", "wait:8|h|@0.5")
    scrape = udometer.settle()
    assert scrape.value("sampled_total") == 30
    assert scrape.value("wait_count") == 6
    assert scrape.value("wait_sum") == 4 * 0.5 + 2 * 8


def test_a_sample_rate_does_not_weigh_gauges(udometer):
    udometer.send("level:7|g|@0.1")
    assert udometer.settle().value("level") == 7


def test_rate_and_tags_come_in_either_order(udometer):
    udometer.send("mixed_total:1|c|@0.5|#k:v", "mixed_total:1|c|#k:v|@0.5")
    assert udometer.settle().value("mixed_total", k="v") == 4


def test_an_unusable_rate_counts_as_one(udometer):
    udometer.send("odd_total:1|c|@0", "odd_total:1|c|@-1", "odd_total:1|c|@nan",
                  "odd_total:1|c|@x", "odd_total:1|c|@2")
    scrape = udometer.settle()
    assert scrape.value("odd_total") == 5
    assert scrape.value("udometer_sample_errors_total", reason="invalid_sample_factor") == 5


def test_a_datagram_holds_several_lines(udometer):
    udometer.send("one_total:1|c\ntwo:2|g\nthree:3|h")
    scrape = udometer.settle()
    assert scrape.value("one_total") == 1 and scrape.value("two") == 2
    assert scrape.value("three_sum") == 3
    assert scrape.value("udometer_datagrams_total") == 1
    assert scrape.value("udometer_lines_total") == 3


def test_a_line_may_end_with_cr_lf(udometer):
    udometer.send("crlf_total:1|c\r\ncrlf_total:1|c|#k:v\r\n\r\ncrlf_total:2|c|#k:v\r\n")
    scrape = udometer.settle()
    assert scrape.value("crlf_total") == 1
    assert scrape.value("crlf_total", k="v") == 3


def test_empty_lines_are_nothing(udometer):
    udometer.send("\n\n\nx_total:1|c\n\n")
    assert udometer.settle().value("udometer_lines_total") == 1


def test_tags_in_any_order_are_one_series(udometer):
    udometer.send("order_total:1|c|#a:1,b:2,c:3", "order_total:1|c|#c:3,a:1,b:2",
                  "order_total:1|c|#b:2,c:3,a:1")
    scrape = udometer.settle()
    assert scrape.named("order_total") == [({"a": "1", "b": "2", "c": "3"}, 3)]


def test_names_become_prometheus_names(udometer):
    udometer.send("web.api-v2/hits:1|c|#http.status:200", "9lives:9|g", "größe:1|g")
    scrape = udometer.settle()
    assert scrape.value("web_api_v2_hits", http_status="200") == 1
    assert scrape.value("_9lives") == 9
    assert scrape.value("gr__e") == 1


def test_a_tag_value_may_hold_colons(udometer):
    udometer.send("urls_total:1|c|#url:http://example.org:80/")
    assert udometer.settle().value("urls_total", url="http://example.org:80/") == 1


def test_sections_for_datadog_are_passed_over(udometer):
    """Container id and timestamp of DogStatsD 1.2 and 1.3, and a section that a later one may have.
    """
    udometer.send("dog_total:1|c|#k:v|c:83c0a99c0a54c0c187f461c7980e9b57",
                  "dog_total:1|c|#k:v|T1656581400", "dog_total:1|c|new:thing|#k:v|?")
    scrape = udometer.settle()
    assert scrape.value("dog_total", k="v") == 3
    assert scrape.value("udometer_unknown_sections_total") == 2


def test_numbers_are_read_as_other_servers_read_them(udometer):
    udometer.send("e_total:1e3|c", "plus_total:+2|c", "dot:.5|g", "tail:5.|g", "tiny:1e-400|g")
    scrape = udometer.settle()
    assert scrape.value("e_total") == 1000 and scrape.value("plus_total") == 2
    assert scrape.value("dot") == 0.5 and scrape.value("tail") == 5
    assert scrape.value("tiny") == 0


def test_large_and_small_numbers_come_back_as_sent(udometer):
    numbers = ["0.1", "123456789.123", "9007199254740991", "1e300", "5e-324", "0.30000000000000004"]
    udometer.send(*["number:%s|g|#as:%s" % (number, number) for number in numbers])
    scrape = udometer.settle()
    for number in numbers:
        assert scrape.value("number", **{"as": number}) == float(number)


def test_the_line_of_the_readme_works_in_bash(udometer):
    host, port = udometer.udp[0]
    lines = [r"bot.routes_total:1|c|#player_id:1,status:completed", r"bot.players:17|g",
             r"bot.route_time:320|ms|#player_id:1", r"bot.route_length:12.5|h"]
    for line in lines:
        subprocess.run(["bash", "-c", "printf '%s' > /dev/udp/%s/%d" % (line, host, port)],
                       check=True, timeout=30)
    udometer.n_sent = len(lines)
    scrape = udometer.settle()
    assert scrape.value("bot_routes_total", player_id="1", status="completed") == 1
    assert scrape.value("bot_players") == 17
    assert scrape.value("bot_route_time_sum", player_id="1") == 0.32
    assert scrape.buckets("bot_route_time", player_id="1")[0.5] == 1
    assert scrape.value("bot_route_length_sum") == 12.5
    assert promtool_check(scrape) == (0, "")


def test_promtool_finds_nothing_wrong(udometer):
    assert promtool_check(udometer.scrape()) == (0, "")
    udometer.send("hits_total:1|c|#path:/", "depth:1|g", "latency_seconds:3|ms", "size_bytes:1|h",
                  "length_meters:1|d", "hits_total:1|c|#path:\"quoted\\back\"")
    assert promtool_check(udometer.settle()) == (0, "")
