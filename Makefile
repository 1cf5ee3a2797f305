# Each target sets up its own virtual environment; nothing but Python 3.11+ is needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test simulate lint bench evaluate chaos setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "syncd needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: setup
	$(BIN)/syncd demo

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

# Goes on where it stopped; SEEDS=0..9999 and JOBS=2 may be given.
SEEDS ?= 0..9999
JOBS ?= 2
simulate: setup
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --jobs $(JOBS) --resume simulated.jsonl

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: setup
	$(BIN)/python -m benchmarks.run

# Measures the association on held-out worlds; ends in 1 when a bar is missed.
evaluate: setup
	$(BIN)/python -m benchmarks.association.evaluate --write

# CHAOS="--changes 1000 --kills 20" for a smaller storm.
CHAOS ?=
chaos: setup
	$(BIN)/python -m tests.chaos $(CHAOS)

clean:
	rm -rf $(VENV) simulated.jsonl .mypy_cache .ruff_cache .pytest_cache .hypothesis
