# Everything a developer or a new user needs, one command each; `make help` lists them.
# Nothing is written outside this folder, and no system library is needed.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DATA ?= ./data
PORT ?= 6543
WORKERS ?= 2
POSTGRES ?= tests/functional/core tests/functional/web tests/functional/demo
FOLDER := $(patsubst %/,%,$(DATA))
UNFINISHED := $(FOLDER).unfinished
METADATA := setup.cfg pyproject.toml constraints.txt $(wildcard plugins/*/setup.cfg plugins/*/pyproject.toml)
OURS := -e '.[testing]' -e plugins/complaints -e plugins/surveys -e plugins/appointments
SOURCES := crm_core search/crm_search views/crm_views scripts \
	plugins/complaints/crm_complaints plugins/surveys/crm_surveys plugins/appointments/crm_appointments \
	examples/crm-parking-permits/crm_parking_permits examples/crm-water-meter/crm_water_meter

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Container images set it; without compiled modules each of the hundreds of processes of the tests compiles all anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test postgres soak check check-types check-others bench bench-full lock texts pictures clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 14
	@echo
	@echo "  Variables: PORT=6543 and DATA=./data for run, PYTHON=… to choose another Python, WORKERS=2 for test"

$(READY): $(METADATA)
	@set -e; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		python=$$(sh scripts/find_python.sh); \
		echo "Making the environment $(VENV) with $$python"; \
		rm -rf $(VENV); \
		"$$python" -m venv $(VENV); \
	fi
	@echo "Installing (once; again when setup.cfg or constraints.txt changes)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt $(OURS)
	@touch $(READY)

# The demo is made beside the data folder and moved there when it is complete: what was interrupted starts anew.
run: $(READY) ## Set up, fill a demo city on first start, serve on 127.0.0.1:PORT
	@if [ -z "$$(ls -A "$(FOLDER)" 2>/dev/null)" ]; then \
		rm -rf "$(UNFINISHED)" && $(BIN)/crm demo --data "$(UNFINISHED)" || exit 1; \
		{ [ ! -d "$(FOLDER)" ] || rmdir "$(FOLDER)"; } && mv "$(UNFINISHED)" "$(FOLDER)"; \
	elif [ -f "$(FOLDER)/demo-logins.txt" ]; then cat "$(FOLDER)/demo-logins.txt"; fi
	@exec $(BIN)/crm serve --data "$(FOLDER)" --port $(PORT)

# File by file in the order of the folders: the browser's and the servers' few long tests must not come last, where one
# worker would wait for the other.
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(READY) ## Set up, prove the wheels (core alone, each plugin alone), then the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/packaging
	@$(BIN)/python -m pytest --ignore=tests/packaging $(SPREAD)

# Without the folders whose tests never open the storage that is chosen here: forms, and commands as processes.
postgres: $(READY) ## Run the functional tests of services and pages on a real PostgreSQL
	@$(BIN)/python -m pytest --storage=postgres $(SPREAD) \
		$(POSTGRES)

soak: $(READY) ## Kill the server N times (200) at random moments under load, and prove that nothing is lost
	@CRM_SOAK_ROUNDS=$(or $(N),200) $(BIN)/python -m pytest -s tests/functional/loss/test_killed_server.py

check: $(READY) ## Lint, types, import contracts, wheels' contents, translations, docs
	@$(MAKE) --no-print-directory -j2 check-types check-others

check-types: $(READY)
	@$(BIN)/mypy $(SOURCES)

check-others: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@PYTHONPATH=examples/crm-parking-permits:examples/crm-water-meter $(BIN)/lint-imports --config examples/.importlinter
	@$(BIN)/python scripts/packages.py
	@$(BIN)/python scripts/texts.py --check
	@$(BIN)/python scripts/hooks.py --check
	@test ! -e scripts/vendor.py || $(BIN)/python scripts/vendor.py --check
	@$(BIN)/python scripts/leaks.py
	@$(BIN)/python -m pytest -q tests/docs/test_documents.py

bench: $(READY) ## Measure; figures go to bench/results/latest.json
	@$(BIN)/python tests/bench/run.py

bench-full: $(READY) ## Measure offices of up to a million contacts; goes on where it stopped
	@$(BIN)/python tests/bench/full.py

lock: ## Refresh constraints.txt from the bounds in setup.cfg
	@set -e; \
	python=$$(sh scripts/find_python.sh); \
	rm -rf build/lock; "$$python" -m venv build/lock; \
	echo 'setuptools<81' > build/lock/bounds.txt; \
	build/lock/bin/python -m pip install --quiet -c build/lock/bounds.txt $(OURS); \
	build/lock/bin/python scripts/lock.py; \
	rm -rf build/lock

pictures: $(READY) ## Take the pictures of README and docs/ from the demo city and the design system (needs Chromium)
	@$(BIN)/python scripts/pictures.py

texts: $(READY) ## Collect the sentences of code and templates into the Persian catalogs and compile them
	@$(BIN)/python scripts/texts.py

clean: ## Remove what was built here (the environment and caches, never DATA)
	rm -rf $(VENV) build dist *.egg-info plugins/*/*.egg-info plugins/*/build .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis
	find crm_core views search plugins scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
