# Freshline: what there is to do. `make` alone lists it.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
SCRATCH := .scratch
SAMPLE := $(SCRATCH)/shop
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help tools run test check bench demo-github clean

help: ## List what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 16

tools:
	@command -v git >/dev/null || { echo "freshline: git is needed; install the package git"; exit 1; }

$(VENV)/bin/pip: | tools
	@test -n "$(PYTHON)" || { echo "freshline: Python 3.11 or newer is needed; install the package python3 (or name one: make PYTHON=/path/to/python3 ...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "freshline: this Python has no venv; install the package python3-venv"; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

$(RUNTIME): pyproject.toml | $(VENV)/bin/pip
	@echo "Installing Freshline into it ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): pyproject.toml | $(RUNTIME)
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[postgres]' --group dev
	@touch $@

run: tools $(RUNTIME) ## Upgrade a small sample, or your own: make run REPO=path-or-URL
ifdef REPO
	@$(BIN)/freshline scan "$(REPO)"
	@$(BIN)/freshline run "$(REPO)"
else
	@rm -rf $(SAMPLE) $(SCRATCH)/state && mkdir -p $(SCRATCH) && cp -R tests/samples/shop $(SAMPLE)
	@git -C $(SAMPLE) -c init.defaultBranch=main init -q && git -C $(SAMPLE) add -A
	@git -C $(SAMPLE) -c user.name=You -c user.email=you@example.com -c commit.gpgSign=false commit -qm "feat: a small shop"
	@echo "A sample repository is in $(SAMPLE). What is behind in it:" && echo
	@XDG_STATE_HOME=$(CURDIR)/$(SCRATCH)/state $(BIN)/freshline scan $(SAMPLE)
	@echo && echo "Now every update on a branch of its own (freshline run $(SAMPLE)):" && echo
	@XDG_STATE_HOME=$(CURDIR)/$(SCRATCH)/state $(BIN)/freshline run $(SAMPLE)
	@echo && echo "One of them, as git shows it, and the words of its pull request:" && echo
	@git -C $(SAMPLE) --no-pager show --stat --format='%h %an: %s' freshline/pypi/django
	@echo && XDG_STATE_HOME=$(CURDIR)/$(SCRATCH)/state $(BIN)/freshline status $(SAMPLE) --show freshline/pypi/django
	@echo && echo "Look around: git -C $(SAMPLE) branch   Your own repository: make run REPO=/path/to/it"
endif

test: tools $(DEV) ## Run the tests (REQUIRE=all: a missing part is a failure; JOBS=0: one after the other)
	@$(BIN)/python -m pytest -n $(JOBS) --maxprocesses=4 --dist worksteal $(if $(REQUIRE),--require=$(REQUIRE)) --cov --cov-report=term:skip-covered $(ARGS)

check: tools $(DEV) ## Lint, types and architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache 

bench: tools $(DEV) ## Measure speed and memory; prints JSON
	@$(BIN)/python -m tests.benchmarks

demo-github: tools $(DEV) ## Try the GitHub App without an account, on a fake GitHub
	@$(BIN)/python -m tests.samples.demo_github

clean: ## Remove the virtual environment, caches and the sample
	@rm -rf $(VENV) $(SCRATCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
