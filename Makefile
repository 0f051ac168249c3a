# make demo [DATA=file.h5ad]   train on the sample section (or your file) and look at the result
# make test                    lint, types, import contracts, all tests; make --jobs 2 test: side by side
# make check                   the quick part of it
# make campaign [ONLY=WORD]    some 1,300 broken files, settings, outputs, models and kills
# make coverage                all tests, with the lines and branches they reach
# make notebooks · make bench · make screenshots · make clean
# Each does all the set-up it needs, for Python 3.11 where there is one. Another can be named:
# make test PYTHON=python3.13

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
MINOR := $(if $(PYTHON),$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null))
# the same versions for everybody on Python 3.11, and the newest that there are on a newer one
CONSTRAINTS ?= $(if $(filter 3.11,$(MINOR)),constraints.txt,constraints-newest.txt)
READY := .venv/.ready-$(MINOR)
SYSTEM_PACKAGES ?= install
BIN := .venv/bin
# one file of tests stays in one worker: its tests share a window, or a fitted model;
# files go in the order of tests/conftest.py, slow ones first, not by their number of tests;
# a worker that crashed is not replaced: the one after it would meet the same test, without an end
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

export OMP_WAIT_POLICY := PASSIVE
# what is compiled once is kept: tests start Python some dozen times
export PYTHONDONTWRITEBYTECODE :=
export NAPARI_CONFIG :=

.DEFAULT_GOAL := help
.PHONY: help setup window browser demo check test pytest campaign coverage notebooks bench screenshots clean

help:
	@sed -n '/^$$/q; s/^# //p' Makefile

setup: window $(READY)

window browser:
	@[ "$(SYSTEM_PACKAGES)" = skip ] || PYTHON="$(PYTHON)" bash .ci/system-packages.sh $@

browser: | window # packages are installed one after the other

# torch is named beside the rest, so that a CPU wheel lying on the machine is preferred to an index's CUDA build.
# setuptools comes first: that of a new venv may be too old to build docrep, of which there is no wheel.
# pip would compile all modules one by one; some that are templates cannot be compiled, by pip neither;
# a third of them are tests, and bindings that nothing here imports.
$(READY): pyproject.toml $(CONSTRAINTS) | window
	@[ -n "$(MINOR)" ] || { echo 'Python 3.11 or newer is needed$(if $(PYTHON),; $(PYTHON) does not run). Name one: make setup PYTHON=...' >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON): a few minutes, about 3 GB"
	[ -e $(BIN)/python$(MINOR) ] || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --upgrade pip hatchling setuptools
	$(BIN)/python -m pip install --no-compile --no-build-isolation --constraint $(CONSTRAINTS) \
		$$(grep '^torch==' $(CONSTRAINTS)) --editable '.[all,dev]'
	$(BIN)/python -m compileall -qq -j 0 -x '/(tests|OpenGL)/' .venv/lib || true
	@touch $@

demo: setup
	$(BIN)/stimpute demo $(if $(DATA),"$(DATA)") --out demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(if $(filter 3.11,$(MINOR)),$(BIN)/mypy,@echo 'Types are checked on Python 3.11 alone: against the versions of constraints.txt.')
	$(BIN)/lint-imports

test: check pytest

pytest: setup browser
	$(PYTEST)

campaign: setup
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m campaign --only "$(ONLY)"

coverage: setup browser
	$(PYTEST) --cov --cov-report=term

notebooks: setup
	$(BIN)/python notebooks/store_outputs.py

bench: setup
	@for script in tests/benchmarks/bench_*.py; do echo "── $$script"; $(BIN)/python $$script || exit 1; done

screenshots: setup
	$(BIN)/python tests/benchmarks/make_screenshots.py

clean:
	rm -rf build demo dist htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find napari_stimpute sample_data tests -name __pycache__ -type d -prune -exec rm -rf {} +
