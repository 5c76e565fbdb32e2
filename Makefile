# Every target needs nothing but make and Python 3.11: `setup` installs the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LINT := lint-types lint-style lint-web lint-laws
PARTS := $(MAKE) --no-print-directory -j2 --output-sync=target
# Without, pytest rewrites all assertions in each of its workers, and each process compiles us anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test e2e attacks tour tour-n8n bench chaos lint format lock api clean $(LINT) collected

# What is tried with made-up requests: as many cases of each, thousands together.
CASES ?= 500
MADE_UP := tests/integration/test_ingest_api.py tests/integration/test_ingest_schemes.py \
	tests/integration/test_web_api.py

BENCHES := $(if $(BENCH),$(BENCH),pipeline ingest stage sandbox live lists scale)

# What every driver of the runtime host is held to: attacks, twenty kills of the host, and what a second one must do
# like the first. Two processes, each with the tests of one kind of sandbox after those of another.
ATTACKED := tests/attacks tests/integration/test_host_killed.py
CONTRACT := tests/integration/test_runtime_host.py tests/integration/test_warm_sandboxes.py
OF_DOCKER := $(CONTRACT) tests/integration/test_docker_driver.py
DRIVER ?=
BY_DRIVER := $(ATTACKED) $(if $(filter docker,$(DRIVER)),$(OF_DOCKER) -m docker,\
	$(if $(filter runsc,$(DRIVER)),-m "not docker",$(OF_DOCKER)))

help: ## Show these targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## Install everything AWGP needs: packages, gVisor, the sandbox's root file system
	@$(BIN)/awgp setup
	@$(BIN)/python -m ops.install_chromium

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo 'make: a Python >= 3.11 with venv is needed; on Debian: apt-get install python3-venv' >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.ready ## Watch the main job, end to end, on real parts
	@$(BIN)/awgp demo

up: setup ## Run everything on this machine until Ctrl-C
	@$(BIN)/awgp up

down: ## Stop it; the data stays
	@$(BIN)/awgp down

test: setup ## Run all tests but the long attacks, the login at Keycloak, N8N and Lighthouse: lint, types, laws, unit, integration, end to end
	@$(PARTS) collected $(LINT)
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not attacks and not keycloak and not lighthouse and not n8n and not runtimes"

e2e: setup ## Run the end-to-end tests, with a real N8N, the login at a real Keycloak where one can be had, thousands of made-up requests
	@$(BIN)/python -m ops.check_n8n_node
	@$(BIN)/pytest tests/e2e
	@AWGP_TEST_CASES=$(CASES) $(BIN)/pytest -n 2 $(MADE_UP)

attacks: setup ## Attack the sandbox in every way we know, one sandbox each, then 200 in a row: DRIVER=runsc|docker, both without
	@$(BIN)/python -m ops.install_docker
	@$(BIN)/pytest -n 2 --dist loadscope $(BY_DRIVER)

tour: setup ## Take the pictures of docs/tutorials/a-tour-of-the-web-ui.md anew
	@$(BIN)/pytest -q tests/e2e/browser/tour.py

tour-n8n: setup ## Take the pictures of docs/tutorials/awgp-and-n8n.md anew
	@$(BIN)/pytest -q tests/e2e/n8n_tour.py

bench: setup ## Measure against baselines: BENCH=pipeline|ingest|stage|sandbox|live|lists|scale, all without; or n8n, which it installs
	@for bench in $(BENCHES); do $(BIN)/python -m ops.bench $$bench || exit $$?; done

chaos: setup ## Kill everything under load and count what was lost: MINUTES=30 is the long form
	@$(BIN)/python -m ops.chaos.fuzz $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m ops.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/.ready ## Check style, types, the laws between rooms, and the web UI
	@$(PARTS) $(LINT)

lint-style: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lint-types: $(VENV)/.ready
	@$(BIN)/mypy

lint-laws: $(VENV)/.ready
	@$(BIN)/lint-imports

lint-web: $(VENV)/.ready
	@$(BIN)/python -m ops.check_web_ui

# pytest rewrites each assertion once and remembers it, here beside mypy, which has one thread: or
# all workers would at the same time. Whatever is wrong with a test the run itself says.
collected: $(VENV)/.ready
	@$(BIN)/pytest --collect-only -qq >/dev/null 2>&1 || true

format: $(VENV)/.ready ## Put the code into its one form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

api: $(VENV)/.ready ## Describe the API anew for the web UI: openapi.json and its types
	@$(BIN)/python -m ops.write_openapi

lock: $(VENV)/.ready ## Lock the dependencies anew, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --all-extras pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra embedded -c requirements-dev.lock pyproject.toml -o requirements.lock

clean: ## Remove what was built here; data folders stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis web/ui/dist web/ui/.cache web/ui/node_modules
