# Charles. `make` shows what there is.

PYTHON ?= python3
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif
UV := $(BIN)/python -m uv
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
LOCK_IMAGE = $(LOCK) -c requirements.txt --excludes infra/docker/only-with-a-screen.txt
DEMO ?=
BENCH ?=
CHAOS ?=
ROUNDTRIP ?=
TEST ?=
WORKERS ?= 2
TRIAL ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test chaos fuzz roundtrip test-compose bench dashboards lint lock clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## Install Charles and everything it needs into .venv

.venv/installed: requirements-dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(UV) --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: install ## Run the whole pipeline for ten minutes: make demo DEMO="--game carracing --minutes 15"
	$(BIN)/charles demo $(DEMO)

test: install ## Run all tests on a real broker, or some: make test TEST="-m 'not slow'"
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(TEST)

chaos: install ## Kill random programs 100 times and account for every tick: make chaos CHAOS="--seed 7 --kills 20"
	$(BIN)/python -m tests.chaos $(CHAOS)

fuzz: install ## Give every reader odd inputs, 100,000 in all, with a report by reader: make fuzz FUZZ="--seed 7"
	$(BIN)/python -m tests.fuzz $(FUZZ)

roundtrip: install ## Record, kill the recorder, replay, compare every record: make roundtrip ROUNDTRIP="--minutes 1 --kills 3"
	$(BIN)/python -m tests.roundtrip $(ROUNDTRIP)

test-compose: install ## Test docker-compose.yml: start it, kill containers, stop it: make test-compose TRIAL="--without grafana"
	$(BIN)/python -m tests.compose $(TRIAL)

bench: install ## Benchmark the pipeline against bare baselines: make bench BENCH="publish --rounds 7"
	$(BIN)/charles bench $(BENCH)

dashboards: install ## Regenerate Grafana's dashboards and the metrics table in OPERATIONS.md
	$(BIN)/python -m infra.grafana

lint: install ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: ## Pin the newest versions that pyproject.toml allows, with hashes, for Linux, macOS and Windows
	$(LOCK) --upgrade pyproject.toml -o requirements.txt
	$(LOCK) --upgrade --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(LOCK_IMAGE) --excludes infra/docker/only-learning.txt pyproject.toml -o requirements-slim.txt
	$(LOCK_IMAGE) pyproject.toml -o requirements-full.txt
	$(LOCK_IMAGE) --extra gpu pyproject.toml -o requirements-gpu.txt

clean: ## Remove generated files: .venv, data, demo
	rm -rf .venv data demo
