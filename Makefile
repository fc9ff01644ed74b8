# The two commands: make demo, make test. The rest is for working on it; make help tells.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build debug web demo test bench torture memcheck tsan fmt clean install
MAKEFLAGS += --no-print-directory

ARGS ?=
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
TORTURE_SECONDS ?= 600
TSAN_SECONDS ?= 30
START := $(shell date +%s)

# What happens and how long it has taken so far.
say = @printf '== %s (%d s)\n' "$(1)" "$$(($$(date +%s) - $(START)))"
# Runs CMake for a preset and builds; quiet when all is well, else the end of what it said.
define build
$(call say,building: $(1))
@mkdir -p build && { cmake --preset $(1) >build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }; }
@cmake --build --preset $(1) -j $(JOBS) $(2)
endef

help: ## this list
	@echo "Tebura: pass gates, pay and collect by face alone."
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12
	@echo
	@echo "make demo ARGS=--once ends by itself; make install PREFIX=/usr DESTDIR=/tmp/package; make bench ARGS=--json"

demo: ## set up, build and show an airport journey by face (root or sudo the first time)
	$(call say,set-up)
	@tools/setup --for demo
	@$(MAKE) START=$(START) web
	$(call build,release,--target programs)
	$(call say,the demo)
	@build/release/tebura demo $(ARGS)

test: ## set up, build with sanitizers, and run every test and check
	$(call say,set-up)
	@tools/setup --for test
	@$(MAKE) START=$(START) web
	$(call build,debug)
	$(call build,fuzz,--target fuzzers)
	$(call say,testing)
	@ctest --preset debug -j $(JOBS) $(ARGS)

build: ## the optimised programs in build/release
	@tools/setup --for demo
	$(call build,release,--target programs)

debug: ## the programs with AddressSanitizer and UndefinedBehaviorSanitizer in build/debug
	@tools/setup --for test
	$(call build,debug)

setup: ## only get what building needs
	@tools/setup --for demo

# The pages are built when one of their sources is newer.
pages := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
web: $(if $(wildcard web/package.json),web/dist/.built) ## the pages in web/dist
	@:
web/dist/.built: $(pages)
	$(call say,building: pages)
	@mkdir -p build && { npm --prefix web run build >build/web.log 2>&1 || { cat build/web.log; exit 1; }; }
	@touch $@

bench: ## measure, as a table and as JSON in build/bench (ARGS: what tebura bench takes)
	@tools/setup --for bench
	$(call build,release)
	@mkdir -p build/bench
	@build/release/tebura bench --save build/bench/$$(date -u +%Y%m%dT%H%M%SZ).json $(ARGS)

torture: ## longer: programs killed at random, threads under ThreadSanitizer, every fuzz target for FUZZ_SECONDS, the demo five times
	@tools/setup --for test
	@$(MAKE) START=$(START) tsan
	$(call build,fuzz,--target fuzzers)
	@set -e; for source in fuzz/fuzz_*.c; do noun=$${source#fuzz/fuzz_}; noun=$${noun%.c}; \
	    echo "== fuzzing $$noun for $(FUZZ_SECONDS) s"; tools/run-fuzz $$noun -1 $(FUZZ_SECONDS); done
	$(call build,release)
	@cmake --build --preset release --target torture_programs
	@cmake --build --preset release --target fault.management
	@TEBURA_TORTURE_ROUNDS=6 TEBURA_TEST_DATABASE=postgresql build/release/fault.management >build/fault.log 2>&1 || { tail -40 build/fault.log; exit 1; }
	$(call say,programs killed at random for $(TORTURE_SECONDS) s)
	@TEBURA_BIN=build/release node tests/torture/torture.mjs --seconds $(TORTURE_SECONDS) --quiet
	@TEBURA_BIN=build/release node tests/torture/torture.mjs --servers 3 --seconds $(TORTURE_SECONDS) --hazards leader,server,sessions,postgres,broker,frozen --quiet
	@TEBURA_BIN=build/release node tests/torture/torture.mjs --servers 3 --network --seconds $(TORTURE_SECONDS) --quiet
	@TEBURA_BIN=build/release node tests/torture/torture.mjs --network --disk 96 --clocks --seconds $(TORTURE_SECONDS) --quiet
	@TEBURA_BIN=build/release node tests/torture/torture.mjs --broker cluster --seconds $(TORTURE_SECONDS) --quiet
	@set -e; for turn in 1 2 3 4 5; do echo "== demo, turn $$turn"; build/release/tebura demo --once >build/demo.log || { tail -40 build/demo.log; exit 1; }; done

tsan: ## all that has threads of ours under ThreadSanitizer, with a count at the end
	@tools/setup --for test
	$(call build,tsan,--target libtebura.a)
	$(call say,ThreadSanitizer)
	@tools/run-tsan $(TSAN_SECONDS)

memcheck: ## unit tests of the optimised build under valgrind
	@tools/setup --for test
	$(call build,checked)
	@ctest --preset checked -L unit --overwrite MemoryCheckCommandOptions="--leak-check=full --error-exitcode=9" -T memcheck

fmt: ## format the C sources
	@tools/fmt

clean: ## remove what was built (not what set-up fetched)
	@rm -rf build web/dist

install: ## install below PREFIX
	$(call build,release)
	@cmake --install build/release --prefix $(PREFIX) >build/install.log || { cat build/install.log; exit 1; }
	$(call say,installed below $(DESTDIR)$(PREFIX))
