# Everything a newcomer needs: each target does the set-up it depends on, and only what has changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# What is compiled once need not be compiled at each start of a process.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/pip --disable-pip-version-check -qq
INSTALL := $(BIN)/python setup/packages.py
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard src/qafila/locale/*/LC_MESSAGES/*.po))
COUNTRY ?=
BENCH ?=
SEEDS ?= 0..100000
# One test process more than cores, because many wait for the processes that they started; at most four.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 4 ? n + 1 : 4 )))

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: demo
demo: setup ## Run a hub and two units with a populated world (COUNTRY=egypt for another country)
	@$(BIN)/qafila demo $(if $(COUNTRY),--country $(COUNTRY))

.PHONY: test
test: dev ## Do the set-up for tests, check, and run every test
	@$(MAKE) --no-print-directory check > $(STAMPS)/check.log 2>&1 & checked=$$!; ended=0; \
	env -u QAFILA_DIR $(BIN)/pytest -n $(WORKERS) --dist loadscope --ignore=tests/security || ended=1; \
	wait $$checked || ended=1; cat $(STAMPS)/check.log; exit $$ended

.PHONY: soak
soak: dev ## Run 100,000 simulated fleets (SEEDS=from..to for others)
	@PYTHONPATH=src:. $(BIN)/python -m tests.sync.sim --seeds $(SEEDS)

.PHONY: security
security: dev ## Attack it for an hour: every address for every role, bombs, kills, stolen keys; what is shipped
	@setup/system.sh security
	@$(BIN)/python setup/supply.py code
	@$(BIN)/python setup/supply.py licences
	@env -u QAFILA_DIR $(BIN)/pytest tests/security --timeout 1800

.PHONY: check
check: dev ## Check style (ruff), types (mypy) and imports (import-linter)
	@$(BIN)/ruff check --output-format concise
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: setup
setup: system $(STAMPS)/base $(STAMPS)/static $(CATALOGUES) $(STAMPS)/qafila ## Do the set-up alone: packages, static files, translations

.PHONY: dev
dev: system-test setup $(STAMPS)/dev

.PHONY: lock
lock: dev ## Renew the locks (hashes, no addresses) after a change of pyproject.toml, requirements/*.in or package.json
	@lock() { $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$$@"; }; \
	lock pyproject.toml -o requirements/base.lock; \
	for name in build dev installer static; do lock requirements/$$name.in -o requirements/$$name.lock; done
	@npm install --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved --loglevel=error

.PHONY: screenshots
screenshots: dev ## Take the pictures of the screens in docs/
	@$(BIN)/python tests/browser/screenshots.py

.PHONY: bench
bench: dev ## Run a measurement (BENCH=name; without a name, list them)
	@$(BIN)/qafila bench $(BENCH)

.PHONY: clean
clean: ## Remove what the set-up and the tools made (not the nodes)
	@rm -rf $(VENV) node_modules src/qafila/web/static/vendor dist build
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src -name '*.mo' -delete
	@find src tests bench setup -name __pycache__ -prune -exec rm -rf {} +

.PHONY: system system-test
system:
	@setup/system.sh demo
system-test:
	@setup/system.sh test

$(STAMPS)/venv: setup/python.sh
	@setup/python.sh $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: requirements/base.lock requirements/build.lock requirements/installer.lock setup/packages.py $(STAMPS)/venv
	@echo "Installing Python packages"
	@$(INSTALL) requirements/base.lock requirements/build.lock
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/base
	@echo "Installing Python packages for tests"
	@$(INSTALL) requirements/dev.lock
	@touch $@

$(STAMPS)/qafila: pyproject.toml $(STAMPS)/base
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/static: package-lock.json requirements/static.lock setup/npm.sh setup/static.py setup/icons.txt $(STAMPS)/base
	@echo "Fetching static files"
	@setup/npm.sh $(VENV)
	@$(BIN)/python setup/static.py
	@touch $@

%.mo: %.po setup/translations.py $(STAMPS)/base
	@$(BIN)/python setup/translations.py $<
