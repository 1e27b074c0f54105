# SPDX-License-Identifier: Apache-2.0
"""compose.yml and the provisioning of Grafana fit together, and the Dockerfile gives an image."""

import os
import re
import shutil
import socket
import subprocess
import urllib.request

import pytest
import yaml

import promql
from example import EXAMPLES, ROOT, all_systems
from exposition import Page
from harness import DEADLINE, host_and_port, read_log, wait_until

DOCKERFILE = EXAMPLES / "Dockerfile"
BASE = "docker.io/library/debian:bookworm-slim"
SECONDS_TO_BUILD = 900


def compose():
    return yaml.safe_load((EXAMPLES / "compose.yml").read_text("utf-8"))


def with_example(text, system):
    return text.replace("${EXAMPLE:-spacetraders}", system)


def provisioned(name):
    return yaml.safe_load((EXAMPLES / "grafana" / "provisioning" / name).read_text("utf-8"))


# --- compose.yml, as text ---


@pytest.mark.parametrize("system", all_systems())
def test_every_path_of_compose_exists(system):
    for service in compose()["services"].values():
        for volume in service.get("volumes", []):
            if isinstance(volume, dict):
                assert volume["type"] == "bind"
                assert not volume["bind"]["create_host_path"]
                source = with_example(volume["source"], system)
                assert (EXAMPLES / source).exists(), source
            else:
                assert volume.split(":")[0] in compose()["volumes"]


def test_compose_builds_the_dockerfile_from_the_root():
    build = compose()["services"]["udometer"]["build"]
    context = (EXAMPLES / build["context"]).resolve()
    assert context == ROOT
    assert context / build["dockerfile"] == DOCKERFILE


def port_of(words, flag):
    return next(word.rsplit(":", 1)[1] for word in words if word.startswith(flag))


def test_the_ports_of_compose_agree():
    services = compose()["services"]
    assert services["prometheus"]["network_mode"] == "service:udometer"
    udp = port_of(services["udometer"]["command"], "--statsd.listen-udp")
    prometheus = port_of(services["prometheus"]["command"], "--web.listen-address")
    assert services["udometer"]["ports"] == [
        "127.0.0.1:%s:%s/udp" % (udp, udp), "127.0.0.1:%s:%s" % (prometheus, prometheus)]
    source, = provisioned("datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://udometer:" + prometheus
    for system in all_systems():
        text = (EXAMPLES / system / "prometheus.yml").read_text("utf-8")
        assert prometheus not in text, "%s scrapes the port of Prometheus itself" % system


def test_grafana_finds_its_dashboards():
    mounts = {volume["target"]: volume["source"]
              for volume in compose()["services"]["grafana"]["volumes"]}
    provider, = provisioned("dashboards/examples.yml")["providers"]
    for system in all_systems():
        folder = EXAMPLES / with_example(mounts[provider["options"]["path"]], system)
        assert list(folder.glob("*.json"))
    assert (EXAMPLES / mounts["/etc/grafana/provisioning"] / "datasources").is_dir()


def test_grafana_knows_how_often_prometheus_scrapes():
    """Or $__rate_interval would be too short for two scrapes."""
    source, = provisioned("datasources/prometheus.yml")["datasources"]
    longest = 0
    for system in all_systems():
        config = yaml.safe_load((EXAMPLES / system / "prometheus.yml").read_text("utf-8"))
        for job in config["scrape_configs"]:
            interval = job.get("scrape_interval", config["global"]["scrape_interval"])
            longest = max(longest, promql.seconds_of(interval))
    assert promql.seconds_of(source["jsonData"]["timeInterval"]) == longest


def test_each_image_has_a_version():
    for name, service in compose()["services"].items():
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name


# --- the image ---


def can_chroot():
    """Whether this user may do what buildah does with --isolation=chroot."""
    words = ["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user", "--user"])
    return subprocess.run([*words, "chroot", "/", "true"], capture_output=True).returncode == 0


class Buildah:
    """buildah with a storage of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.words = ["buildah", "--storage-driver=vfs", "--root=%s" % (folder / "root"),
                      "--runroot=%s" % (folder / "run")]

    def __call__(self, *words):
        done = subprocess.run([*self.words, *words], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=SECONDS_TO_BUILD)
        assert done.returncode == 0, "%s\n%s\n%s" % (words, done.stdout[-3000:],
                                                     done.stderr[-3000:])
        return done.stdout.strip()

    def make_base(self):
        """An image under the name of Debian's, as no registry is asked."""
        tar = self.folder / "base.tar"
        done = subprocess.run(["mmdebstrap", "--variant=minbase", "bookworm", tar],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS_TO_BUILD)
        assert done.returncode == 0, done.stderr[-3000:]
        container = self("from", "scratch")
        self("add", "--quiet", container, str(tar), "/")
        self("commit", "--quiet", "--rm", container, BASE)
        tar.unlink()


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    if not can_chroot():
        pytest.skip("this user cannot chroot here, so buildah cannot build the image")
    folder = tmp_path_factory.mktemp("buildah")
    buildah = Buildah(folder)
    buildah.make_base()
    buildah("build", "--quiet", "--isolation=chroot", "--pull-never",
            "--file=%s" % DOCKERFILE, "--tag=udometer", ".")
    yield buildah
    shutil.rmtree(folder)


@pytest.mark.long
def test_the_image_starts_udometer_as_nobody(buildah):
    inspected = yaml.safe_load(buildah("inspect", "--type=image", "udometer"))
    config = inspected["OCIv1"]["config"]
    assert config["Entrypoint"] == ["udometer"]
    assert config["User"] == "nobody"
    assert set(config["ExposedPorts"]) == {"8125/udp", "9102/tcp"}


@pytest.mark.long
def test_a_container_receives_and_is_scraped(buildah, tmp_path):
    """It shares our network, so its ports are given by the kernel."""
    container = buildah("from", "--pull-never", "udometer")
    log = tmp_path / "log"
    words = ["run", "--isolation=chroot", container, "udometer",
             "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0"]
    with open(log, "wb") as stderr:
        process = subprocess.Popen([*buildah.words, *words], stdin=subprocess.DEVNULL,
                                   stdout=stderr, stderr=stderr)

    def places():
        assert process.poll() is None, log.read_text()
        records = read_log(log.read_text())
        return {record["protocol"]: host_and_port(record["address"]) for record in records
                if record.get("msg") == "listening"} \
            if any(record.get("msg") == "ready" for record in records) else None

    found = wait_until(places, log.read_text)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"from.outside:1|c", found["udp"])

        def has_come():
            with urllib.request.urlopen("http://%s:%d/metrics" % found["http"]) as reply:
                return Page(reply.read()).get("from_outside") == 1

        wait_until(has_come, "the sample is on the page")
    finally:
        process.terminate()
        process.wait(DEADLINE)
