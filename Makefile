# SPDX-License-Identifier: Apache-2.0
#
# The two commands a newcomer needs are "make run" and "make test". Building is
# meson's; this only installs what is missing and calls it.

BUILD := build

# What building needs, by the names of Debian 12.
DEPS := gcc libc6-dev meson ninja-build pkg-config libuv1-dev uthash-dev libxxhash-dev \
	libmicrohttpd-dev libyaml-dev libjansson-dev libjemalloc-dev libisal-dev

# What "make test" needs on top. prometheus also brings promtool.
TEST_DEPS := bash libcmocka-dev python3 python3-pytest python3-prometheus-client prometheus

# What .ci/run needs on top of both: the other compiler, its sanitizers, formatter and linter.
CI_DEPS := clang libclang-rt-14-dev llvm clang-format-14 clang-tidy-14 \
	util-linux

.PHONY: all run test bench build-tests deps test-deps ci-deps install format clean help

all: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=false
	ninja -C $(BUILD) src/udometer

run: all ## install what is missing, build, start on the defaults
	@$(BUILD)/src/udometer --welcome $(ARGS)

test: build-tests ## install what is missing, build, run every fast suite
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs; \
	python3 tests/summary.py $(BUILD)/meson-logs/testlog.json

bench: build-tests ## measure; nothing else should be running
	@for bench in bench_cells bench_core bench_receive; do \
		echo "== $$bench"; $(BUILD)/tests/bench/$$bench; \
	done

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

ci-deps: test-deps ## install what .ci/run needs
	$(call install-missing,$(CI_DEPS))

install: all ## install the daemon (PREFIX with: meson configure build --prefix=…)
	meson install -C $(BUILD) --no-rebuild

format: ## bring all C files into form
	clang-format-14 -i src/*/*.[ch] tests/*.[ch] tests/*/*.[ch]

clean: ## remove what was built
	rm -rf $(BUILD) build-*

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
