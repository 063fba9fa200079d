# `make help` lists every target. Everything lands in .venv, .dispatch (data) and .build (caches, pictures, figures).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PYTHON ?= python3
PORT ?= $(or $(DISPATCH_PORT),8000)
MINUTES ?= 10
SEED ?= $(shell date +%s)
# what make chaos runs, and how long that takes beside MINUTES
ONLY ?= tests
FIXED := 30
# processes that share the tests
JOBS ?= 2
PY := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_PYTHON_VERSION_WARNING := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help run test lint unit bench chaos browser pictures audit lock clean settings

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name what; do
	    printf '  make %-10s %s\n' "$$name" "$$what"
	done

run: .venv/run.stamp ## Start everything with the demo: http://127.0.0.1:8000 (PORT=…; KAFKA=real for Apache Kafka)
	@DISPATCH_PORT=$(PORT) exec $(PY) -m dispatch up --demo $(if $(filter real,$(KAFKA)),--kafka)

settings: .venv/run.stamp ## Every setting, with value, source and meaning
	@exec $(PY) -m dispatch settings

test: .venv/dev.stamp .build/system.stamp lint unit ## Install what is missing, check style, types and imports, run all tests

lint: .venv/dev.stamp ## Style, types, direction of imports, insecure habits
	@echo '— ruff'
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	echo '— mypy'
	.venv/bin/mypy
	echo '— import-linter'
	.venv/bin/lint-imports
	echo '— bandit'
	.venv/bin/bandit -q -c pyproject.toml -r dispatch handlers schemas

unit: .venv/dev.stamp .build/system.stamp ## The tests alone (JOBS=2 processes share them)
	@skip="$$(cat .build/system.stamp)"
	if [ -n "$$skip" ]; then echo "— not run here: $$skip (see .build/system.log)"; fi
	.venv/bin/python -m pytest tests -rs -n $(JOBS) --dist loadfile -m "not chaos $$skip"

bench: .venv/dev.stamp ## Figures against bare loops in the same run; table on screen, kept in .build/bench
	@exec $(PY) -m tests.bench

chaos: .venv/dev.stamp .build/system.stamp ## Kill things under load for MINUTES (10), by SEED (the time), check all; then half an hour of single faults (ONLY=file)
	@echo "seed $(SEED): $(MINUTES) min of everything at once; as long, at most 10 min, without PostgreSQL; and whatever MINUTES says"
	echo "about $(FIXED) min of each fault by itself (2 cores that do nothing else). ONLY=tests/chaos/test_long.py: the first alone"
	CHAOS_MINUTES=$(MINUTES) CHAOS_SEED=$(SEED) exec .venv/bin/python -m pytest $(ONLY) -m chaos --timeout 0 -s --durations 15

browser: .venv/dev.stamp .build/system.stamp ## All pages in Chromium; pictures in .build/pictures
	@PICTURES=all exec .venv/bin/python -m pytest tests/browser -m browser

pictures: .venv/dev.stamp ## The README's pictures anew, from a running demo (make run) in Chromium
	@exec $(PY) -m tests.browser.pictures

audit: .venv/dev.stamp ## Known holes in what is installed, the tests' tools and the extra for traces too (asks the network)
	@failed=0
	for lock in deploy/requirements.lock deploy/requirements-dev.lock deploy/requirements-traces.lock; do
	    echo "— $$lock"
	    .venv/bin/pip-audit --require-hashes --disable-pip --strict -r $$lock || failed=1
	done
	exit $$failed

lock: ## Write the lock files anew from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv'; exit 1; }
	uv pip compile --python-version 3.11 --universal --generate-hashes -q --no-annotate --no-header pyproject.toml -o deploy/requirements.lock
	uv pip compile --python-version 3.11 --universal --generate-hashes -q --no-annotate --no-header pyproject.toml --group dev -o deploy/requirements-dev.lock
	uv pip compile --python-version 3.11 --universal --generate-hashes -q --no-annotate --no-header pyproject.toml --extra traces -c deploy/requirements-dev.lock -o deploy/requirements-traces.lock

clean: ## Remove .venv and .build; the data in .dispatch stays
	@rm -rf .venv .build .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# The program runs from the checkout (python -m dispatch); only what it depends on is installed, by hash.
.venv/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …'; exit 1; }
	if ! $(PYTHON) -c 'import ensurepip, venv' 2> /dev/null; then
	    if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
	        echo 'installing python3-venv'
	        mkdir -p .build
	        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv; } \
	            > .build/apt.log 2>&1 || { tail -3 .build/apt.log; exit 1; }
	    else
	        echo 'python3-venv is missing; as root: apt-get install python3-venv'; exit 1
	    fi
	fi
	$(PYTHON) -m venv .venv
	# the checkout itself is on the path, and .venv/bin/dispatch runs it
	pwd > "$$(echo .venv/lib/python3.*/site-packages)/dispatch-checkout.pth"
	# guarded: the processes that `dispatch audit` starts read this file again
	printf '#!%s\nfrom dispatch.__main__ import app\n\nif __name__ == "__main__":\n    app(prog_name="dispatch")\n' "$$PWD/$(PY)" > .venv/bin/dispatch
	chmod +x .venv/bin/dispatch
	touch $@

.venv/run.stamp: deploy/requirements.lock | .venv/made.stamp
	@echo 'installing (hashes checked) …'
	.venv/bin/python -m pip install -q --require-hashes --only-binary :all: -r deploy/requirements.lock
	touch $@

.venv/dev.stamp: deploy/requirements-dev.lock | .venv/made.stamp
	@echo 'installing, with what the tests need (hashes checked) …'
	.venv/bin/python -m pip install -q --require-hashes --only-binary :all: -r deploy/requirements-dev.lock
	touch $@ .venv/run.stamp

# System packages for tests. The stamp holds pytest's "and not …" for what cannot run here; empty when all can.
.build/system.stamp: deploy/system.sh
	@mkdir -p .build
	bash deploy/system.sh
