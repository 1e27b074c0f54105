# SPDX-License-Identifier: Apache-2.0
#
# The two commands a newcomer needs are "make run" and "make test". Building is
# meson's; this only installs what is missing and calls it.

BUILD := build

# What building needs, by the names of Debian 12.
DEPS := gcc libc6-dev meson ninja-build pkg-config libuv1-dev uthash-dev libxxhash-dev \
	libmicrohttpd-dev libyaml-dev libjansson-dev libjemalloc-dev libisal-dev

# What "make test" needs on top. prometheus also brings promtool; g++ and locales are for the C
# client.
TEST_DEPS := bash g++ libcmocka-dev locales python3 python3-pytest python3-prometheus-client \
	prometheus

# What .ci/run needs on top of both: the other compiler, its sanitizers, formatter and linters,
# and what counts instructions.
CI_DEPS := clang libclang-rt-14-dev llvm clang-format-14 clang-tidy-14 \
	shellcheck util-linux valgrind

# What "make test-clients" needs on top: every shell, and every program that sends; then the clients
# that it drives, and their languages. npm's are in tests/clients/node.
CLIENT_TEST_DEPS := dash busybox zsh socat netcat-openbsd netcat-traditional ncat \
	python3-statsd python3-aiodogstatsd libnet-statsd-perl ruby ruby-statsd golang-go \
	golang-github-datadog-datadog-go-dev golang-github-cactus-go-statsd-client-dev \
	golang-gopkg-alexcesaro-statsd.v1-dev
CLIENTS_NODE := $(BUILD)/clients-node/node_modules/.package-lock.json

# What "make bench-peers" gets from npm.
STATSD := statsd@0.9.0

.PHONY: all run test test-clients bench bench-parts bench-peers budget npm build-tests deps \
	test-deps client-deps ci-deps install format clean help

all: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=false
	ninja -C $(BUILD) src/udometer c-client

run: all ## install what is missing, build, start on the defaults
	@$(BUILD)/src/udometer --welcome $(ARGS)

test: build-tests ## install what is missing, build, run every fast suite
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --no-suite shells; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

# Its own target: nobody who works on udometer should have to install four languages.
test-clients: build-tests client-deps $(CLIENTS_NODE) ## the shell client, and other clients
	@rm -f $(BUILD)/clients.xml
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite shells || true
	@PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/system \
		UDOMETER_BINARY=$(abspath $(BUILD))/src/udometer CLIENTS_BUILD=$(abspath $(BUILD)) \
		/usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml=$(BUILD)/clients.xml \
			tests/clients/test_existing.py; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json $(BUILD)/clients.xml

# Exactly the versions of the lock file, and no code of theirs runs to install them.
$(CLIENTS_NODE): tests/clients/node/package.json tests/clients/node/package-lock.json | client-deps
	mkdir -p $(BUILD)/clients-node
	cp $^ $(BUILD)/clients-node
	npm ci --prefix $(BUILD)/clients-node --omit=optional --ignore-scripts --no-audit --no-fund
	@touch $@

bench: build-tests ## measure and judge, with nothing else running (ROW=… for one row)
	@python3 tests/bench/bench.py --build=$(BUILD) $(addprefix --row=,$(ROW)) $(BENCH_ARGS)

bench-parts: build-tests ## print what single parts cost, unjudged
	@for bench in bench_cells bench_core bench_receive bench_new bench_scaling bench_client; do \
		echo "== $$bench"; $(BUILD)/tests/bench/$$bench; \
	done

# One that cannot be had does not keep the others from being measured. Debian starts the first
# two as services where there is systemd: "systemctl disable --now netdata collectd".
bench-peers: build-tests ## put netdata, collectd and statsd next to it, under the same load
	-$(call install-missing,netdata-core)
	-$(call install-missing,collectd-core)
	@command -v npm >/dev/null || { $(MAKE) --no-print-directory npm || true; }
	-@npm install --prefix $(BUILD)/peers --no-audit --no-fund --omit=optional $(STATSD)
	@python3 tests/bench/peers.py $(BUILD) $(ARGS)

# Not always Debian's: that of nodejs.org comes with nodejs, and does without this package.
npm:
	$(call install-missing,npm)

budget: build-tests ## count instructions, and compare with tests/bench/budget.json
	$(call install-missing,valgrind)
	@python3 tests/bench/check_budget.py $(BUILD) $(ARGS)

build-tests: deps test-deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@meson configure $(BUILD) -Dtests=true
	ninja -C $(BUILD)

# $(call install-missing,PACKAGES): nothing happens when all of them are there.
define install-missing
	@missing=""; \
	for package in $(1); do \
		dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q 'ok installed' \
			|| missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		$$as_root apt-get update -q && \
		$$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -q --no-install-recommends $$missing; \
	fi
endef

deps: ## install what building needs
	$(call install-missing,$(DEPS))

test-deps: deps ## install what testing needs
	$(call install-missing,$(TEST_DEPS))

# npm is often there already without being Debian's, whose package then cannot be installed.
client-deps: test-deps ## install what test-clients needs
	$(call install-missing,$(CLIENT_TEST_DEPS) $(if $(shell command -v npm 2>/dev/null),,nodejs npm))

ci-deps: test-deps ## install what .ci/run needs
	$(call install-missing,$(CI_DEPS))

install: all ## install the daemon and the C client (PREFIX with: meson configure build --prefix=…)
	meson install -C $(BUILD) --no-rebuild

format: ## bring all C files into form
	clang-format-14 -i $$(git ls-files "*.[ch]")

clean: ## remove what was built
	rm -rf $(BUILD) build-*

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14
