# Needs Python 3.11 or newer, git and make; everything else goes into .venv. Written for GNU make 3.81 and newer.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check bench evals evals-plans evals-goals evals-agent record lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

demo: $(STAMP) ## See it work: stand-in agents take a sample project's roadmap to merged code
	@$(BIN)/orch demo $(ARGS)

test: $(STAMP) ## Run the tests; ARGS="-k shim" for some of them
	@$(BIN)/pytest --no-header -n 4 $(ARGS)

check: $(STAMP) ## Lint, types and layers
	@echo "ruff: style and mistakes"
	@$(BIN)/ruff check --quiet --output-format=concise .
	@echo "mypy: types"
	@$(BIN)/mypy --no-error-summary
	@echo "import-linter: layers"
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }

bench: $(STAMP) ## What the commands cost, in starts of Python
	@$(BIN)/python benchmarks/bench_cli.py

evals: $(STAMP) ## How well plans and goals are understood; ARGS="--details", "--json FILE", "--results"
	@$(BIN)/python -m evals $(ARGS)

evals-plans: $(STAMP) ## How well plans of all formats are read
	@$(BIN)/python -m evals plans $(ARGS)

evals-goals: $(STAMP) ## How well goals in words are understood
	@$(BIN)/python -m evals goals $(ARGS)

evals-agent: $(STAMP) ## How well an agent does what people say; with a key Claude: ARGS="--trials 3 --max-usd 20 --out DIR"
	@$(BIN)/python -m evals.agent $(ARGS)

record: $(STAMP) ## Record the conversations of the tests anew, from the real API (needs ANTHROPIC_API_KEY)
	@$(BIN)/pytest --no-header --record=real tests/test_cassettes.py

lock: ## Pin the newest allowed versions again (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	@$(UV) lock --quiet --no-config --upgrade --default-index https://pypi.org/simple
	@$(UV) export --quiet --frozen --all-extras --no-emit-project -o requirements-dev.txt

clean: ## Remove .venv and what the tools left
	@rm -rf $(VENV) dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# The stamp is the last thing written, so a set-up that was interrupted starts over.
$(STAMP): pyproject.toml requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Install Python 3.11 or newer with its venv module (on Debian: apt install python3-venv), or name one: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(PYTHON) does not run, is older than 3.11, or lacks its venv module; name another: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(BIN)/python -c 'import pip' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	@touch $@
