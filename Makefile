# make demo   set up .venv, serve a small news site on loopback, crawl it into ./demo-archive
# make test   set up .venv with everything the tests need, then lint and test
# make lint   the checks without the tests
# Needs Python 3.11 or newer and pip; nothing else by hand. uv is used where it is there.

VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup

.DEFAULT_GOAL := help
.PHONY: help demo test lint clean
help:
	@sed -n 's/^# //p' Makefile | head -4

demo: $(SETUP)-demo
	$(BIN)/archiver demo

test: lint
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(SETUP)-test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# A stamp per set-up: a second run starts at once, a changed dependency installs again.
$(SETUP)-demo: $(BIN)/python pyproject.toml constraints.txt
	@if [ -f $(SETUP)-test ]; then :; else .ci/install $(VENV) -e .; fi
	@touch $@

$(SETUP)-test: $(BIN)/python pyproject.toml constraints.txt
	.ci/install $(VENV) -e '.[test,dev]'
	@touch $@

$(BIN)/python:
	.ci/venv $(VENV)

clean:
	rm -rf $(VENV) dist build *.egg-info demo-archive .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
