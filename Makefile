# Everything a person or CI runs. Two of these are enough to begin: make demo, make test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
LOCKS := deploy/requirements
LOCK := uv pip compile --quiet pyproject.toml --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header
INSTALL := .venv/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes
NODE_MODULES := intake/browser/node_modules/.package-lock.json

.PHONY: help demo test lint unit coverage setup deploy-test pythons soak bench capacity fuzz mutants replay build locks audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: .venv/demo ## show the whole chain with synthetic reports (ONCE=1: check each part and stop)
	@$(BIN)/python -m tests.demo $(if $(ONCE),--once)

test: setup lint unit ## everything that CI runs

setup: .venv/test $(NODE_MODULES) ## install what the tests need
	@bash tests/system-packages.sh chromium wrk age strace fonts-dejavu-core libpangoft2-1.0-0 libharfbuzz-subset0 poppler-utils minisign \
		shellcheck postgresql systemd nftables caddy tor faketime e2fsprogs iproute2

lint: .venv/test ## ruff, mypy, the dependency rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: .venv/test ## pytest alone, in both cores
	$(BIN)/pytest -n 2 --dist loadfile

coverage: .venv/test ## pytest once more, and the lines and branches that no test reaches (TESTS=some; all: an hour)
	@rm -rf .coverage && mkdir .coverage
	@status=0; COVERAGE_FILE=$(CURDIR)/.coverage/part $(BIN)/coverage run -m pytest -n 2 --dist loadfile $(TESTS) || status=$$?; \
		$(BIN)/coverage combine --quiet --data-file=.coverage/part .coverage/part.*; \
		$(BIN)/coverage report --data-file=.coverage/part --show-missing; \
		exit $$status

deploy-test: .venv/test ## a whole Debian server, installed and visited (root; TREES=DIR keeps the tree, SUITE=trixie)
	@bash tests/system-packages.sh debootstrap iproute2 util-linux buildah podman runc uidmap postgresql openssl
	$(BIN)/pytest -v tests/deploy/machine.py tests/deploy/shared.py tests/deploy/containers.py

pythons: .venv/test ## the built wheel, through the whole chain, on every Python here (PYTHONS="/path/to/python3.14 ...")
	$(BIN)/pytest -v tests/deploy/pythons.py

# The crowd and the lock first, in the sizes that the tests have no time for.
soak: .venv/test ## an hour of load, kills, courier rounds and clock changes (MINUTES=N, POSTGRES=1; KILLS=1000: kills alone)
	@bash tests/system-packages.sh faketime postgresql
ifdef KILLS
	WITNESSBOX_KILLS=$(KILLS) $(BIN)/pytest -s tests/faults/test_kills.py
else
	WITNESSBOX_IDLE=10000 $(BIN)/pytest -q -s tests/faults/test_strange_clients.py -k idle
	WITNESSBOX_LOCKED=35 $(BIN)/pytest -q -s tests/faults/test_ailing_storage.py -k another_process
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) $(if $(POSTGRES),--postgres)
endif

bench: .venv/test ## print the benchmarks (JSON=FILE: save them too; PARTS="desk pages": some; REPORTS=N, FOLDER=DIR: see there)
	@bash tests/system-packages.sh wrk chromium postgresql
	$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON)) $(if $(REPORTS),--reports $(REPORTS)) \
		$(if $(FOLDER),--folder $(FOLDER)) $(PARTS)

capacity: .venv/test ## the benchmarks, written into deploy/CAPACITY.md (PARTS, REPORTS and FOLDER as above)
	$(MAKE) bench JSON=deploy/capacity.json
	$(BIN)/python -m tests.bench.capacity

fuzz: .venv/fuzz ## bounded fuzzing of every parser (INPUTS=N, SECONDS_EACH=N, TARGET=name)
	$(BIN)/python -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SECONDS_EACH),--seconds $(SECONDS_EACH)) $(if $(TARGET),--target $(TARGET))
	$(BIN)/python -m tests.fuzz.growth $(TARGET)
	$(if $(TARGET),,$(BIN)/python -m tests.fuzz.large)
	$(if $(TARGET),,$(BIN)/pytest -v tests/fuzz/surface.py)

mutants: .venv/fuzz ## change code in small ways and see that a test fails each time (OF=crypto, control or findings; SAMPLE=N, SEED=N, JOBS=N)
	$(BIN)/python -m tests.mutation $(or $(OF),crypto) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JOBS),--jobs $(JOBS))

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
	echo 'pip-audit>=2.10' | $(subst pyproject.toml,-,$(LOCK)) -o $(LOCKS)/audit.txt
	$(LOCK) --extra desk --extra privacy -o $(LOCKS)/privacy.txt
	$(LOCK) --extra desk --extra print --extra build -o $(LOCKS)/demo.txt
	$(LOCK) --extra desk --extra print --extra privacy --extra xlsx --extra postgres --extra build --extra test -o $(LOCKS)/test.txt
	$(LOCK) --extra desk --extra print --extra privacy --extra xlsx --extra postgres --extra build --extra test --extra fuzz \
		-c $(LOCKS)/test.txt -o $(LOCKS)/fuzz.txt

# One tool of its own, so that what it needs is never beside what it judges. It is asked about every version of every lock.
audit: .venv/audit .venv/test $(NODE_MODULES) ## ask the public databases for known vulnerabilities (needs a network)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; status=0; $(BIN)/python -m tests.supply.asked "$$folder"; \
		for file in "$$folder"/*.txt; do .venv/audit/bin/pip-audit --strict --progress-spinner off --disable-pip \
		--require-hashes --vulnerability-service osv -r "$$file" || status=1; done; [ $$status = 0 ] \
		|| { echo 'witnessbox: error: the Python packages have known vulnerabilities, or no database answered' >&2; exit 1; }
	@npm --prefix intake/browser audit \
		|| { echo "witnessbox: error: the browser's packages have known vulnerabilities, or no database answered" >&2; exit 1; }

.venv/audit: $(LOCKS)/audit.txt .venv/bin/python
	@rm -rf $@ && $(BIN)/python -m venv $@
	@$@/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/audit.txt || { rm -rf $@; exit 1; }

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

.venv/fuzz: $(LOCKS)/fuzz.txt .venv/test
	@echo "installing what fuzzing needs (once, about a minute)"
	@$(INSTALL) -r $(LOCKS)/fuzz.txt
	@touch $@

$(NODE_MODULES): intake/browser/package.json intake/browser/package-lock.json
	npm --prefix intake/browser ci --no-audit --no-fund --loglevel=error
	@touch $@
