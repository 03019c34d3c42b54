# Everything a person or CI runs. Two of these are enough to begin: make demo, make test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
LOCKS := deploy/requirements
LOCK := uv pip compile --quiet pyproject.toml --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
INSTALL := .venv/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes
NODE_MODULES := intake/browser/node_modules/.package-lock.json

.PHONY: help demo test lint unit setup deploy-test pythons soak bench replay build locks clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: .venv/demo ## show the whole chain with synthetic reports (ONCE=1: check each part and stop)
	@$(BIN)/python -m tests.demo $(if $(ONCE),--once)

test: setup lint unit ## everything that CI runs

setup: .venv/test $(NODE_MODULES) ## install what the tests need
	@bash tests/system-packages.sh chromium age strace fonts-dejavu-core libpangoft2-1.0-0 libharfbuzz-subset0 poppler-utils minisign \
		shellcheck postgresql systemd nftables caddy tor

lint: .venv/test ## ruff, mypy, the dependency rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: .venv/test ## pytest alone, in both cores
	$(BIN)/pytest -n 2 --dist loadfile

deploy-test: .venv/test ## a whole Debian server, installed and visited (root; TREES=DIR keeps the tree, SUITE=trixie)
	@bash tests/system-packages.sh debootstrap iproute2 util-linux buildah podman runc uidmap postgresql openssl
	$(BIN)/pytest -v tests/deploy/machine.py tests/deploy/shared.py tests/deploy/containers.py

pythons: .venv/test ## the built wheel, through the whole chain, on every Python here (PYTHONS="/path/to/python3.14 ...")
	$(BIN)/pytest -v tests/deploy/pythons.py

soak: .venv/test ## a thousand kills of the intake under load (KILLS=N for another number)
	WITNESSBOX_KILLS=$(or $(KILLS),1000) $(BIN)/pytest -s tests/faults/test_kills.py

bench: .venv/test ## print the benchmarks (JSON=FILE: save them too; REPORTS=N at the desk)
	$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON)) $(if $(REPORTS),--reports $(REPORTS))

replay: .venv/test ## the real records through the whole chain, and the guide's figures
	$(BIN)/python -m tests.real.replay
	$(BIN)/python -m tests.real.guide

build: .venv/test $(NODE_MODULES) ## make anew what is committed but generated
	npm --prefix intake/browser run build
	$(BIN)/witnessbox-intake form compile intake/forms/report.csv -o intake/forms/report.json

# Hashes only: a lock names no place to download from. uv is needed for this target alone.
locks: ## resolve the requirements anew
	$(LOCK) -o $(LOCKS)/intake.txt
	$(LOCK) --extra postgres -o $(LOCKS)/postgres.txt
	$(LOCK) --extra desk -o $(LOCKS)/desk.txt
	echo 'setuptools>=77' | $(subst pyproject.toml,-,$(LOCK)) -o $(LOCKS)/build.txt
	$(LOCK) --extra desk --extra privacy -o $(LOCKS)/privacy.txt
	$(LOCK) --extra desk --extra print --extra build -o $(LOCKS)/demo.txt
	$(LOCK) --extra desk --extra print --extra privacy --extra xlsx --extra postgres --extra build --extra test -o $(LOCKS)/test.txt

clean: ## remove what the targets above made
	rm -rf .venv .demo intake/browser/node_modules *.egg-info build
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@bash tests/make-venv.sh $(PYTHON)

# Requirements by hash first; then this project itself, which needs nothing more.
.venv/demo: $(LOCKS)/demo.txt pyproject.toml .venv/bin/python
	@echo "installing what the chain needs (once, about a minute)"
	@$(INSTALL) -r $(LOCKS)/demo.txt
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test: $(LOCKS)/test.txt .venv/demo
	@echo "installing what the tests need (once, about a minute)"
	@$(INSTALL) -r $(LOCKS)/test.txt
	@touch $@

$(NODE_MODULES): intake/browser/package.json intake/browser/package-lock.json
	npm --prefix intake/browser ci --no-audit --no-fund --loglevel=error
	@touch $@
