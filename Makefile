# `make help` lists what there is. Everything runs in .venv, which the first command makes.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 3
# Processes that the tests start, wherever they run, add to the same figures.
COVERED := COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml COVERAGE_FILE=$(CURDIR)/.coverage
# Compile once: the tests are hundreds of files, and start Python a hundred times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run dev test test-all campaign-deploy campaign-security campaign-jobs lint format bench bench-reload bench-limits bench-people lock clean

help: ## List the commands
	@echo "Solo. Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.solo-run ## Start Solo on http://localhost:5000/api/ with all it needs; Ctrl-C stops it
	@exec $(BIN)/python tornado_server.py

dev: .venv/.solo-run ## The same, and changed code is served at once, without a request lost
	@exec $(BIN)/python hot_deploy.py

test: .venv/.solo-dev ## Run the tests, or some: make test T=tests/blog
	@$(BIN)/python -m pytest $(if $(T),,-n $(WORKERS)) -m "not mariadb and not deploy and not long" $(T)

test-all: .venv/.solo-dev ## Run all tests, on SQLite and MariaDB, with coverage; deploy for real (75 minutes; DRILL=short: 50)
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not mariadb and not deploy"
	@$(COVERED) $(BIN)/python -m tests.services.mariadb -- $(BIN)/python -m pytest -n $(WORKERS) -m "not deploy and not long" --cov --cov-report=
	@DRILL=$(DRILL) $(BIN)/python -m tests.services.mariadb -- $(BIN)/python -m pytest -m deploy --verbose
	@$(BIN)/coverage report --skip-covered
	@$(BIN)/coverage report --fail-under=95 --include='flask_api/core/*' --skip-covered
	@$(BIN)/coverage report --fail-under=95 --include='flask_api/accounts/*' --skip-covered

campaign-deploy: .venv/.solo-dev ## Deploy and roll back under load for a long time, killed at random moments
	@$(BIN)/python -m tests.services.mariadb -- $(BIN)/python -m tests.deploy.campaign

campaign-security: .venv/.solo-dev ## Attack real servers: replays, guesses, floods, odd requests, slow clients (half an hour)
	@$(BIN)/python -m tests.security.campaign

campaign-jobs: .venv/.solo-dev ## Kill the worker of 2,000 background jobs 50 times, and Redis: nothing is lost (10 minutes)
	@$(BIN)/python -m tests.services.mariadb -- $(BIN)/python -m tests.jobs.campaign

lint: .venv/.solo-dev ## Check style, types, who imports whom, and packages for known holes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tests.security.audit requirements.txt

format: .venv/.solo-dev ## Put the style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/.solo-bench ## Measure Solo beside its peers; draws bench/results/frame.svg
	@$(BIN)/python -m bench.frame
	@$(BIN)/python -m bench.limits

bench-reload: .venv/.solo-bench ## Measure how soon a change is served, beside other reloaders, and that nothing fails
	@$(BIN)/python -m bench.reload

bench-limits: .venv/.solo-bench ## Measure what rate limits cost a request, beside Flask-Limiter
	@$(BIN)/python -m bench.limits

bench-people: .venv/.solo-dev ## Measure lists of people in cities of 10,000 and 1,000,000 (loads them first: half an hour, 8 GB)
	@$(BIN)/python -m bench.people

lock: .venv/.solo-dev ## Pin the newest versions that requirements*.in allow; takes some minutes
	@$(BIN)/pip install --quiet pip-tools
	@for name in requirements requirements-providers requirements-dev requirements-bench; do echo "$$name.txt"; \
	  $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o $$name.txt $$name.in || exit 1; done

clean: ## Remove .venv and caches; var/, with your database, stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Solo needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version`. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making .venv with `$(PYTHON) --version`"
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "Python could not make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }

.venv/.solo-run: requirements.txt | .venv/bin/python
	@echo "Installing what Solo needs (once, about half a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.venv/.solo-dev: requirements-dev.txt .venv/.solo-run
	@echo "Installing what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.venv/.solo-bench: requirements-bench.txt .venv/.solo-dev
	@echo "Installing the peers (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
