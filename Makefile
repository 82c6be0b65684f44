# make solve: set up, then solve a shipped example.   make test: set up, then every test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
WARM   := $(VENV)/.warm
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup solve test check format bench wheel clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { command -v uv >/dev/null 2>&1 && uv venv -q $(VENV) --python $(PYTHON) || $(PYTHON) -m venv $(VENV); }
	@echo "installing qopt with its tools and extras …"
	@if command -v uv >/dev/null 2>&1; then uv pip install -q --python $(BIN)/python -c constraints.txt -e '.[dev,pyomo,qaoa]'; \
	else $(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,pyomo,qaoa]'; fi
	@touch $(STAMP)

$(WARM): $(STAMP) $(wildcard qopt/kernels/*.py)
	@$(BIN)/qopt warm-up
	@touch $(WARM)

solve: setup
	$(BIN)/qopt solve examples/bakery-vans.yaml --budget 10 --seed 1

test: setup $(WARM)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup
	$(BIN)/ruff check qopt tests examples benchmarks
	$(BIN)/ruff format --check qopt tests examples benchmarks
	$(BIN)/lint-imports
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix qopt tests examples benchmarks
	$(BIN)/ruff format qopt tests examples benchmarks

bench: setup
	$(BIN)/python -m benchmarks.anneal.rates --instances $${INSTANCES:-../shared/instances}

wheel: setup
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info
