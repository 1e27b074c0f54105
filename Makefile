# SPDX-License-Identifier: Apache-2.0
#
# The two commands a newcomer needs are "make run" and "make test". Meson builds; this file only
# installs missing packages and calls it.

BUILD := build

# Packages needed to build, by their names in Debian 12.
DEPS := gcc libc6-dev meson ninja-build pkg-config libuv1-dev uthash-dev libxxhash-dev \
	libmicrohttpd-dev libyaml-dev libjansson-dev libjemalloc-dev libisal-dev libpcre2-dev libzstd-dev

# Further packages for "make test". prometheus includes promtool; g++ and locales are for the C
# client.
TEST_DEPS := bash g++ jsonnet libcmocka-dev locales protobuf-compiler python3 python3-pytest \
	python3-prometheus-client python3-protobuf python3-yaml prometheus victoria-metrics zstd

# Further packages for .ci/run: the other compiler, its sanitizers, a formatter, linters, and
# valgrind to count instructions.
CI_DEPS := clang libclang-rt-14-dev llvm clang-format-14 clang-tidy-14 \
	shellcheck util-linux valgrind

# Further packages for "make test-clients": every shell and every program that can send, then the
# clients under test and their languages. npm packages are listed in tests/clients/node.
CLIENT_TEST_DEPS := dash busybox zsh socat netcat-openbsd netcat-traditional ncat \
	python3-statsd python3-aiodogstatsd libnet-statsd-perl ruby ruby-statsd golang-go \
	golang-github-datadog-datadog-go-dev golang-github-cactus-go-statsd-client-dev \
	golang-gopkg-alexcesaro-statsd.v1-dev
CLIENTS_NODE := $(BUILD)/clients-node/node_modules/.package-lock.json

# Further packages for "make test-examples": languages of the examples' bots, and what draws
# pictures of their dashboards. Node is installed as for the clients.
EXAMPLE_DEPS := python3-matplotlib fonts-inter python3-statsd golang-go \
	golang-github-datadog-datadog-go-dev

DASHBOARD_TYPES := $(BUILD)/dashboard-types/node_modules/.package-lock.json

# Further packages for "make test-image".
IMAGE_DEPS := buildah mmdebstrap

# What an example needs besides udometer, for "make example-SYSTEM"; and for a bot in Go or Python.
EXAMPLES := $(patsubst docs/examples/%/udometer.yml,%,$(wildcard docs/examples/*/udometer.yml))
EXAMPLE_RUN_DEPS := python3 python3-yaml prometheus
EXAMPLE_GO_DEPS := golang-go golang-github-datadog-datadog-go-dev
EXAMPLE_PYTHON_DEPS := python3-statsd

# The npm package for "make bench-peers".
STATSD := statsd@0.9.0

.PHONY: all run test test-clients example $(EXAMPLES:%=example-%) test-examples example-pictures \
	test-image test-attack bench bench-parts bench-peers budget find-cost npm \
	build-tests deps test-deps \
	client-deps example-deps ci-deps install format clean help

all: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=false
	ninja -C $(BUILD) src/udometer c-client

run: all ## install missing packages, build, start with the defaults
	@$(BUILD)/src/udometer --welcome $(ARGS)

# Many tests mostly wait, so twice as many run as there are cores, and each may take twice as long.
test: build-tests ## install missing packages, build, run every fast suite
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs \
		--num-processes $$((2 * $$(nproc))) --timeout-multiplier 2 --no-suite shells \
		--no-suite example-runs --no-suite image --no-suite attack; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

# Not in "make test", as it needs the machine for itself.
test-attack: build-tests ## attack the daemon, with honest traffic beside; UDOMETER_ATTACK_SECONDS=4
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite attack; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

# A target of its own, so that developers need not install four languages.
test-clients: build-tests client-deps $(CLIENTS_NODE) ## test the shell client and existing clients
	@rm -f $(BUILD)/clients.xml
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite shells || true
	@PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/system \
		UDOMETER_BINARY=$(abspath $(BUILD))/src/udometer CLIENTS_BUILD=$(abspath $(BUILD)) \
		/usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml=$(BUILD)/clients.xml \
			tests/clients/test_existing.py; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json $(BUILD)/clients.xml

# Installs exactly the versions of the lock file, and runs no install scripts.
$(CLIENTS_NODE): tests/clients/node/package.json tests/clients/node/package-lock.json | npm
	mkdir -p $(BUILD)/clients-node
	cp $^ $(BUILD)/clients-node
	npm ci --prefix $(BUILD)/clients-node --omit=optional --ignore-scripts --no-audit --no-fund
	@touch $@

# $(call has-bot,SYSTEM,LANGUAGE)
has-bot = $(wildcard docs/examples/$(1)/bot.$(2))

$(EXAMPLES:%=example-%): example-%: all
	$(call install-missing,$(EXAMPLE_RUN_DEPS) $(if $(call has-bot,$*,go),$(EXAMPLE_GO_DEPS)) \
		$(if $(call has-bot,$*,py),$(EXAMPLE_PYTHON_DEPS)))
	$(if $(call has-bot,$*,js),@$(MAKE) --no-print-directory $(CLIENTS_NODE))
	$(if $(call has-bot,$*,c),@ninja -C $(BUILD) docs/examples/$*-bot)
	@/usr/bin/python3 -B tests/examples/run_example.py --build=$(BUILD) $(ARGS) $*

# For a name that there is not: says which one is meant.
example-%:
	@/usr/bin/python3 -B tests/examples/run_example.py --build=$(BUILD) $*

example: ## list the examples; "make example-NAME" runs one: udometer, a bot, Prometheus
	@printf 'make example-%s\n' $(EXAMPLES)

# Two at a time, as each takes a minute and hardly a core.
test-examples: example-deps $(CLIENTS_NODE) $(DASHBOARD_TYPES)
test-examples: build-tests ## run each of docs/examples for a minute
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --num-processes 2 --suite example-runs; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

# What a dashboard looks like changes with it and with its bot.
example-pictures: export EXAMPLE_PICTURES := update
example-pictures: test-examples ## the same, and replace the pictures of their dashboards

# Likewise, for the types of Grafana's dashboards.
$(DASHBOARD_TYPES): tests/examples/types/package.json tests/examples/types/package-lock.json | npm
	mkdir -p $(BUILD)/dashboard-types
	cp $^ $(BUILD)/dashboard-types
	npm ci --prefix $(BUILD)/dashboard-types --ignore-scripts --no-audit --no-fund
	@touch $@

test-image: build-tests ## build the image of docs/examples/Dockerfile, and start it
	$(call install-missing,$(IMAGE_DEPS))
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite image; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

bench: build-tests ## measure and judge, with nothing else running (ROW=… for one row)
	@python3 tests/bench/bench.py --build=$(BUILD) $(addprefix --row=,$(ROW)) $(BENCH_ARGS)

bench-parts: build-tests ## print what single parts cost, without a verdict
	@for bench in bench_cells bench_core bench_receive bench_new bench_rules bench_scaling \
		bench_client; do \
		echo "== $$bench"; $(BUILD)/tests/bench/$$bench; \
	done

# A peer that cannot be installed is left out; the others are still measured. With systemd, Debian
# starts the first two as services: "systemctl disable --now netdata collectd" stops them.
bench-peers: build-tests ## measure netdata, collectd and statsd under the same load
	-$(call install-missing,netdata-core)
	-$(call install-missing,collectd-core)
	@command -v npm >/dev/null || { $(MAKE) --no-print-directory npm || true; }
	-@npm install --prefix $(BUILD)/peers --no-audit --no-fund --omit=optional $(STATSD)
	@python3 tests/bench/peers.py $(BUILD) $(ARGS)

# Nothing if npm exists: nodejs.org's nodejs brings its own, without Debian's package.
npm:
	$(call install-missing,$(if $(shell command -v npm 2>/dev/null),,nodejs npm))

find-cost: build-tests ## look for the datagrams that cost most for each byte (SECONDS=1200)
	@mkdir -p $(BUILD)/finds
	@$(BUILD)/tests/fuzz/find_cost $(or $(SECONDS),1200) $(BUILD)/finds \
		tests/fuzz/find_cost.in $(BUILD)/tests/fuzz/vectors

budget: build-tests ## count instructions and compare with tests/bench/budget.json
	$(call install-missing,valgrind)
	@python3 tests/bench/check_budget.py $(BUILD) $(ARGS)

build-tests: deps test-deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@meson configure $(BUILD) -Dtests=true
	ninja -C $(BUILD)

# $(call install-missing,PACKAGES): install those of PACKAGES that are not installed. Elsewhere than
# on Debian, meson says what is missing.
define install-missing
	@missing=""; \
	command -v dpkg-query >/dev/null || { \
		echo "not Debian; needed, by Debian's names:" $(1); exit 0; }; \
	for package in $(1); do \
		dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q 'ok installed' \
			|| missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		[ -z "$$as_root" ] || command -v sudo >/dev/null || { \
			echo "no sudo; as root, run: apt-get install --no-install-recommends$$missing"; \
			exit 1; }; \
		$$as_root apt-get update -q && \
		$$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -q --no-install-recommends $$missing; \
	fi
endef

deps: ## install packages needed to build
	$(call install-missing,$(DEPS))

test-deps: deps ## install packages needed for "make test"
	$(call install-missing,$(TEST_DEPS))

# If npm is already installed from elsewhere, Debian's package cannot be installed.
client-deps: test-deps ## install packages needed for "make test-clients"
	$(call install-missing,$(CLIENT_TEST_DEPS) $(if $(shell command -v npm 2>/dev/null),,nodejs npm))

example-deps: test-deps npm ## install packages needed for "make test-examples"
	$(call install-missing,$(EXAMPLE_DEPS))

ci-deps: test-deps ## install packages needed for .ci/run
	$(call install-missing,$(CI_DEPS))

install: all ## install the daemon and the C client (PREFIX with: meson configure build --prefix=…)
	meson install -C $(BUILD) --no-rebuild

format: ## format all C files
	clang-format-14 -i $$(git ls-files "*.[ch]")

clean: ## remove all build folders
	rm -rf $(BUILD) build-*

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18
