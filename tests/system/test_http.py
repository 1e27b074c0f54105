# SPDX-License-Identifier: Apache-2.0
"""The pages, as requested by people, probes, scrapers and broken clients."""

import gzip
import json
import random
import re
import socket
import subprocess

import pytest

from exposition import Page, Scrape, own_metrics
from harness import DEADLINE, SLOWNESS, promtool_check, wait_until

PAGES = ["/", "/metrics", "/-/healthy", "/-/ready"]


def raw_connection(udometer):
    return socket.create_connection(udometer.http, timeout=DEADLINE)


def send_series(udometer, n):
    """Send this many series of one family, and wait until all of them exist."""
    for first in range(0, n, 50):
        lines = [f"packed_total:1|c|#a:{i}" for i in range(first, first + 50)]
        udometer.send("\n".join(lines))
    udometer.wait_for_lines()


def read_to_end(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_probes_answer_200_with_a_line_of_text(udometer, path):
    response = udometer.get(path)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.body.strip()


def test_the_landing_page_links_to_all_others(udometer):
    response = udometer.get("/")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/html")
    links = re.findall(r'href="([^"]+)"', response.body.decode())
    assert set(PAGES) - {"/"} <= set(links)
    assert [udometer.get(link).status for link in links] == [200] * len(links)


def test_metrics_say_their_format(udometer):
    content_type = udometer.get("/metrics").headers["Content-Type"]
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"


def test_whatever_a_scraper_prefers_it_gets_what_it_can_read(udometer):
    """For the format of Prometheus, which asks for OpenMetrics first, see test_openmetrics.py."""
    for accept in ["*/*", "text/html", "text/plain;version=1.0.0;q=0.5,*/*;q=0.1"]:
        response = udometer.get("/metrics", headers={"Accept": accept})
        assert response.status == 200
        assert "Content-Encoding" not in response.headers
        Scrape(response.body)


def test_a_scraper_that_takes_gzip_gets_the_same_page_packed(udometer):
    send_series(udometer, 20000)
    plain = udometer.get("/metrics")
    packed = udometer.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert len(packed.body) < len(plain.body) / 5

    def lines_of_series(page):
        return [line for line in page.splitlines() if line.startswith(b"packed")]

    assert len(lines_of_series(plain.body)) == 20000
    assert lines_of_series(gzip.decompress(packed.body)) == lines_of_series(plain.body)


def unpack_zstd(body):
    return subprocess.run(["zstd", "-dcq"], input=body, stdout=subprocess.PIPE, check=True).stdout


def test_a_client_that_takes_zstd_gets_the_same_page_packed(udometer):
    send_series(udometer, 20000)
    gzipped = udometer.get("/metrics", headers={"Accept-Encoding": "gzip"})
    packed = udometer.get("/metrics", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert packed.headers["Content-Encoding"] == "zstd"
    assert len(packed.body) < len(gzipped.body)

    def series(page):
        return re.findall(rb"(?m)^packed_total.*\n", page)

    assert series(unpack_zstd(packed.body)) == series(gzip.decompress(gzipped.body)) != []


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br, deflate", ""])
def test_who_does_not_take_gzip_does_not_get_it(udometer, accepted):
    response = udometer.get("/metrics", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    Scrape(response.body)


def test_short_pages_are_not_packed(udometer):
    response = udometer.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


def test_many_at_once_get_it_packed_or_not(udometer):
    """Each takes memory, so their number is limited; all are correct."""
    send_series(udometer, 20000)
    connections = [raw_connection(udometer) for _ in range(39)]
    for connection in connections:
        connection.sendall(b"GET /metrics HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
    n_packed = 0
    expected = re.findall(rb"(?m)^packed_total.*\n", udometer.scrape().body)
    assert len(expected) == 20000
    for connection in connections:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
        is_packed = b"Content-Encoding: gzip" in head
        n_packed += is_packed
        body = gzip.decompress(body) if is_packed else body
        own_metrics(body)
        assert re.findall(rb"(?m)^packed_total.*\n", body) == expected
        connection.close()
    assert n_packed == 39
    # Those that have finished do not count.
    again = udometer.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert again.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/nope", "/metrics/", "/metricsx", "/-/", "/-/reload/", "//",
                                  "/..", "/%00", "/" + "a" * 2000])
def test_other_pages_are_404(udometer, path):
    response = udometer.get(path)
    assert response.status == 404
    assert response.body


def test_a_query_does_not_change_the_page(udometer):
    assert udometer.get("/metrics?name[]=x&debug").status == 200
    assert udometer.get("/-/ready?").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", PAGES)
def test_other_methods_are_405_and_told_which_are_allowed(udometer, method, path):
    response = udometer.get(path, method=method)
    assert response.status == 405
    allowed = {name.strip() for name in response.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD"}


def test_a_post_with_a_body_is_405_too(udometer):
    connection = udometer.connect_http()
    connection.request("POST", "/metrics", body=b"x" * 100_000)
    assert connection.getresponse().status == 405
    connection.close()
    assert udometer.get("/-/ready").status == 200


def test_other_methods_on_no_page_are_404(udometer):
    assert udometer.get("/nope", method="POST").status == 404


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_the_body(udometer, path):
    head, get = udometer.get(path, method="HEAD"), udometer.get(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_tells_of_the_coding_too(udometer):
    """RFC 9110, 9.3.2: HEAD gets the headers that a GET would get."""
    accepted = {"Accept-Encoding": "gzip"}
    head = udometer.get("/metrics", method="HEAD", headers=accepted)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Encoding"] == "gzip"
    assert head.headers["Vary"] == "Accept-Encoding"


def test_a_connection_serves_many_requests(udometer):
    connection = udometer.connect_http()
    connection.connect()
    used = connection.sock
    for path in PAGES * 5 + ["/nope"] + PAGES:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.read()
        assert response.status == (404 if path == "/nope" else 200)
        assert connection.sock is used, "the connection was closed after " + path
    connection.close()


def test_http_1_0_gets_the_whole_page_and_the_end(udometer):
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        head, body = read_to_end(connection).split(b"\r\n\r\n", 1)
    assert b" 200 " in head.split(b"\r\n")[0]
    assert b"chunked" not in head.lower()
    Scrape(body)


def test_a_client_that_sends_no_more_gets_its_page_still(udometer):
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"0\r\n\r\n")


def test_requests_in_one_piece_are_answered_in_order(udometer):
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n"
                           b"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = read_to_end(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404"]


@pytest.mark.parametrize("target", [
    b"http://proxied.example:9102/metrics", b"HTTPS://[::1]/metrics?a=b", b"/%6Detrics",
    b"http://h/m%65trics?x"])
def test_a_page_may_be_asked_for_as_proxies_do(udometer, target):
    """RFC 9112, 3.2.2: the absolute form; RFC 3986, 6.2.2.2: what need not be escaped may be."""
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.0\r\nAccept-Encoding: deflate\r\n"
                           b"Accept-Encoding: gzip\r\n\r\n")
        head, body = read_to_end(connection).split(b"\r\n\r\n", 1)
    assert b" 200 " in head.split(b"\r\n")[0] and b"Content-Encoding: gzip" in head
    Scrape(gzip.decompress(body))


@pytest.mark.parametrize("target", [b"http:///metrics", b"ftp://h/metrics", b"/metrics%2F",
                                    b"http://h/metrics/", b"http://h/%2Fmetrics", b"/metrics%00"])
def test_what_is_another_page_stays_another(udometer, target):
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.0\r\n\r\n")
        assert b" 404 " in read_to_end(connection).split(b"\r\n")[0]


@pytest.mark.parametrize("path", ["/probe/numbers", "/api/v1/metrics"])
def test_the_telemetry_path_can_be_chosen(start, path):
    udometer = start("--web.telemetry-path=" + path)
    udometer.scrape(path)
    assert udometer.get("/metrics").status == 404
    assert 'href="%s"' % path in udometer.get("/").body.decode()
    assert udometer.get("/api/v1/refused").headers["Content-Type"] == "application/json"


# --- self-metrics on a page of their own ---

SELF = "--web.self-metrics-path=/self"


def own_names(page):
    return {name for name, _ in page.samples if name.startswith(("udometer_", "process_"))}


def test_self_metrics_may_have_a_page_of_their_own(start):
    udometer = start(SELF)
    assert udometer.metrics() == b""  # there are no series yet
    udometer.send("hits_total:3|c")
    wait_until(lambda: udometer.scrape("/self").value("udometer_lines_total") == 1, "it has come")
    page = udometer.scrape_series()
    assert page.value("hits_total") == 3 and not own_names(page)
    own = udometer.scrape("/self")
    assert own_names(own) == {name for name, _ in own.samples}
    assert own_names(own) == own_names(start().scrape())
    assert own.sum("udometer_series") == 1
    links = re.findall(r'href="([^"]+)"', udometer.get("/").body.decode())
    assert {"/metrics", "/self"} < set(links)
    assert [udometer.get(link).status for link in links] == [200] * len(links)


def test_their_names_are_free_then(start):
    """But those of the scraper are not: they are not udometer's."""
    udometer = start(SELF)
    udometer.send("process_cpu_seconds_total:2|c|#bot:a", "process_threads:7000|g",
                  "udometer_lines_total:5|c", "udometer_batch_datagrams:1|ms", "up:0|g")
    wait_until(lambda: udometer.scrape("/self").value("udometer_lines_total") == 5, "all have come")
    page, own = udometer.scrape_series(), udometer.scrape("/self")
    assert page.value("process_cpu_seconds_total", bot="a") == 2
    assert page.value("process_threads") == 7000 != own.value("process_threads")
    assert page.value("udometer_lines_total") == own.value("udometer_lines_total") == 5
    assert page.value("udometer_batch_datagrams_count") == 1
    assert own.refused("reserved_name") == 1 and "up" not in page.families
    refused = json.loads(udometer.get("/api/v1/refused").body)["data"]["lines"]
    assert [line["line"] for line in refused] == ["up:0|g"]


def test_both_pages_are_as_any_other(start):
    """HEAD, other methods, gzip; and promtool has nothing to say."""
    udometer = start(SELF, "--web.telemetry-path=/api/v1/metrics")
    packing = {"Accept-Encoding": "gzip"}
    nothing = udometer.get("/api/v1/metrics", headers=packing)
    assert nothing.body and gzip.decompress(nothing.body) == b""
    send_series_of_all_types(udometer)
    wait_until(lambda: udometer.scrape("/self").value("udometer_lines_total") == 4, "all have come")
    for path in "/api/v1/metrics", "/self":
        page = udometer.scrape_series(path)
        packed, head = (udometer.get(path, method, packing) for method in ("GET", "HEAD"))
        assert packed.headers["Content-Encoding"] == head.headers["Content-Encoding"] == "gzip"
        assert (head.status, head.body) == (200, b"")
        assert udometer.get(path, method="POST").status == 405
        assert len(Page(gzip.decompress(packed.body)).samples) == len(page.samples) > 3
        assert promtool_check(page) == (0, "")


def send_series_of_all_types(udometer):
    udometer.send("jobs_total:1|c|#k:v", "depth:2|g", "wait_seconds:300|ms", "users:a|s")


def test_statistics_are_about_the_page_with_the_series(start):
    udometer = start(SELF)
    for _ in range(3):
        udometer.scrape("/self")
    assert udometer.scrape("/self").value("udometer_scrape_size_bytes_count") == 0
    udometer.metrics()
    own = udometer.scrape("/self")
    assert own.value("udometer_scrape_size_bytes_count") == 1
    assert own.value("udometer_scrapes_broken_total") == 0


GARBAGE = [
    b"\r\n\r\n\r\n", b"\0" * 1000, b"GET\r\n\r\n", b"GET /metrics\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n", b"\xff\xfe" * 500, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"GET /metrics HTTP/1.1\r\n: : :\r\n\x00\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
    b"requests_total:1|c",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_hurts_nobody(udometer, garbage):
    with raw_connection(udometer) as connection:
        try:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it has hung up already
            pass
        assert udometer.get("/-/ready").status == 200
        udometer.scrape()


def test_random_bytes_hurt_nobody(udometer):
    chance = random.Random(2)
    for _ in range(100):
        with raw_connection(udometer) as connection:
            try:
                connection.sendall(chance.randbytes(chance.randrange(1, 3000)))
            except OSError:  # it has hung up already
                pass
    udometer.scrape()


@pytest.mark.parametrize("n", [200, 300])
def test_half_requests_do_not_hold_up_scrapes(udometer, n):
    """Slowloris: connections that never end their request. Beyond a limit, the first are closed."""
    slow = [raw_connection(udometer) for _ in range(n)]
    for i, connection in enumerate(slow):
        send_if_open(connection, [b"GET", b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b""][i % 3])
    try:
        for connection in slow[1:30:3]:
            udometer.scrape(seconds=5 * SLOWNESS)  # half of Prometheus' time-out
            send_if_open(connection, b"X: y\r\n")
    finally:
        for connection in slow:
            connection.close()


def send_if_open(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass


def test_scrapers_that_do_not_read_do_not_hold_up_others(udometer):
    send_long_series(udometer, 6000)
    lazy = []
    for _ in range(10):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(udometer.http)
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        lazy.append(connection)
    assert udometer.get("/-/ready").status == 200
    udometer.send("during_total:1|c")
    assert udometer.settle().value("during_total") == 1
    for connection in lazy:
        connection.close()
    wait_until(lambda: udometer.own_metrics().value("udometer_scrapes_broken_total") == len(lazy),
               "broken scrapes are counted")


def test_a_reader_that_pauses_gets_the_whole_page(udometer):
    send_many_series(udometer, 3000)
    with raw_connection(udometer) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        first = connection.recv(1000)
        send_many_series(udometer, 1000, name="later")
        body = (first + read_to_end(connection)).split(b"\r\n\r\n", 1)[1]
    assert len(Scrape(body).named("many_count")) == 3000


def send_long_series(udometer, n):
    """A page too long for the buffers of a connection: 2 KB for each series."""
    for i in range(n):
        udometer.send("long:1|g|#series:%d,v:%s" % (i, "x" * 2000))
        if i % 500 == 499:
            udometer.wait_for_lines()


def send_many_series(udometer, n, name="many"):
    for i in range(0, n, 20):
        udometer.send("\n".join("%s:%d|h|#series:%d" % (name, j, j) for j in range(i, i + 20)))
    udometer.wait_for_lines()
