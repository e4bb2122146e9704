# Plain names for what CMake, ninja and ctest do.  `make help` lists them.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

.PHONY: all help setup demo check test bench lint fuzz asan tsan install clean

all: build/release/heddle ## build the executable

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## install what building and testing need (apt-get)
	tools/setup build

build/%/build.ninja: CMakeLists.txt cmake/flags.cmake cmake/modules.cmake CMakePresets.json
	cmake --preset $* >/dev/null

.PHONY: build/release/heddle
build/release/heddle: build/release/build.ninja
	ninja -C build/release -j $(JOBS) heddle

demo: setup ## start heddle with a simulated registry and clusters, and a story to try
	$(MAKE) build/release/heddle
	build/release/heddle demo $(DEMO)

check: build/asan/build.ninja ## unit, golden and scenario tests, with sanitizers; under a minute after the build
	ninja -C build/asan -j $(JOBS)
	tools/run-tests build/asan -L unit

test: ## everything: check, threads, lint, fuzz corpora, demo, real parts; installs what it needs
	tools/setup test
	tools/test

bench: ## measure against what people use today, as ratios in one run
	tools/setup test
	bench/run

lint: ## clang-format, clang-tidy, layers, sizes, headers
	tools/setup lint
	tools/lint

fuzz: ## search with libFuzzer for SECONDS (60) on each target
	tools/setup lint
	SECONDS=$(or $(SECONDS),60) tools/fuzz $(TARGET)

tsan: build/tsan/build.ninja ## the tests in which threads meet, with ThreadSanitizer
	ninja -C build/tsan -j $(JOBS) tests/unit/loop/all tests/unit/http/all tests/unit/discover/all
	tools/run-tests build/tsan -R '^(loop|http_.*|discover)_test$$'

install: build/release/heddle ## install into PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove what was built, but not the test control plane
	rm -rf build/release build/debug build/asan build/tsan build/clang build/fuzz
