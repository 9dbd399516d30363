# SPDX-License-Identifier: MIT
# A thin front for CMake; `make help` says what there is.

PREFIX ?= /usr/local
OUT ?= out
DEMO ?=
PG ?=
EXAMPLE ?= .

all:         ## build the library and the examples, into build/plain
	@cmake --preset plain -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build --preset plain

demo:        ## install what is missing, build, serve "Close the tab": PG=1
	@tools/setup demo$(PG:%=-pg)
	@$(MAKE) --no-print-directory all
	@exec $(PG:%=tools/with-postgres) build/plain/apps/demo/belay-demo $(DEMO)

picture:     ## film the page anew for the README: docs/demo.gif
	@tools/setup picture
	@$(MAKE) --no-print-directory all
	@tests/page/film build/plain/apps/demo/belay-demo docs/demo.gif

example:     ## install what is missing, build, and run the first example
	@tools/setup example
	@$(MAKE) --no-print-directory all
	build/plain/examples/01_deadline $(EXAMPLE)

test:        ## install what is missing, then build and test everything
	@tools/test

prove:       ## prove the core, for hours: QUICK=1, or schedules only: SEEDS=n
	@tools/setup test
ifdef SEEDS
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target prove
	@QUICK=$(QUICK) build/release/tests/prove/prove $(SEEDS)
else
	@QUICK=$(QUICK) tests/prove/all
endif

bench:       ## measure, next to what else there is
	@tools/setup bench
	@cmake --preset bench >/dev/null
	@cmake --build --preset bench
	@bench/run

install: all ## into PREFIX (/usr/local); DESTDIR is respected
	@cmake --install build/plain
	@test -n "$(DESTDIR)" || ldconfig || true

site:        ## the documentation as HTML, into out/site
	@tools/setup site
	@tools/site out/site
	@echo out/site/index.html

samples:     ## bring the code that the pages show up to date
	@tools/samples README.md docs/*.md docs/*/*.md

amalgamation: ## belay.h and belay.c, into OUT (out)
	@tools/amalgamate $(OUT)

deb:         ## Debian packages, looked at and tried, into OUT (out)
	@tests/debian build/debian $(OUT)

cross:       ## the tests for other processors, emulated, where tools are there
	@tools/cross

format:      ## lay out the C sources; the public headers are by hand
	@find src work tests bench examples adapters apps docs -name '*.[ch]' | \
	    xargs clang-format -i

tidy:        ## let clang-tidy read the core
	@cmake --preset debug >/dev/null
	@clang-tidy -p build/debug --quiet src/*.c src/os/*.c

clean:       ## remove all that was built
	rm -rf build out

help:        ## this list
	@awk -F ':.*## *' '/^[a-z]+:.*##/ {printf "%-14s%s\n", $$1, $$2}' Makefile

.PHONY: all demo picture example test prove bench install site samples \
    amalgamation deb cross format tidy clean help
