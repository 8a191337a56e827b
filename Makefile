# Two commands matter: `make app` and `make test`. Each does its own set-up.
PYTHON ?= python3.11
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 2

WORKERS ?= 2
# One thread of BLAS and OpenMP for each worker: theirs wait for each other busily, which takes most of the time of both.
pure unit exhaustive browser coverage: export OPENBLAS_NUM_THREADS := 1
pure unit exhaustive browser coverage: export OMP_NUM_THREADS := 1
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock"

.PHONY: app test fast pure lock shipped lint types product-types unit exhaustive coverage browser bench bench-duplicates bench-data bench-train tensorboard bench-predict soak clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# What is installed is what the locks say, to the hash; `fer` is then in .venv/bin.
INSTALL := $(BIN)/python -m pip install --quiet
THIS := $(INSTALL) --no-deps --no-build-isolation --editable .

$(VENV)/.app: requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements.lock
	$(THIS)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements-dev.lock
	$(THIS)
	@touch $@ $(VENV)/.app

lock: | $(BIN)/python  ## resolve requirements*.txt anew into the locks
	$(INSTALL) uv
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) requirements-dev.txt -c requirements.lock -o requirements-dev.lock

app: $(VENV)/.app  ## set up, put the sample in place, serve on 127.0.0.1:8501
	$(BIN)/fer sample
	$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

test: lint  ## everything that must hold
	@$(MAKE) --no-print-directory -j2 --output-sync=target types unit
	@$(MAKE) --no-print-directory browser

fast: lint  ## lint, types of the product and the tests that need under a minute together
	@$(MAKE) --no-print-directory -j2 --output-sync=target product-types pure

pure: $(VENV)/.dev
	$(BIN)/python -m pytest tests -m fast -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev  ## ruff: style and format; vulture: dead code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/helpers/dead_code.py

types: $(VENV)/.dev  ## mypy
	$(BIN)/mypy

product-types: $(VENV)/.dev  # without the tests, which take two thirds of its time
	$(BIN)/mypy fer_core pages streamlit_app.py

unit: $(VENV)/.dev  ## unit, page and architecture tests
	$(BIN)/python -m pytest tests --ignore tests/e2e -n $(WORKERS) --dist loadfile --no-loadscope-reorder

exhaustive: $(VENV)/.dev  ## on everything what `test` holds on a part: all copies of the real sets, 500 broken files of each kind
	$(BIN)/python -m pytest tests -m exhaustive -n $(WORKERS) --dist loadfile
	FER_FUZZ=500 $(BIN)/python -m pytest tests/data/readers -k "fuzz or arrays" -n $(WORKERS) --dist loadfile

coverage: $(VENV)/.dev  ## the files of fer_core that `unit` reaches least, workers and verbs included
	$(BIN)/python -m pytest tests --ignore tests/e2e -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@$(BIN)/coverage report --sort=cover | sed -n 1,12p
	@echo "all of fer_core: $$($(BIN)/coverage report --format=total) %"

browser: $(VENV)/.dev  ## a real browser through the whole journey
	@sh tests/e2e/install_chromium.sh
	$(BIN)/python -m pytest tests/e2e -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.dev  ## ours against a peer in the same run; prints ratios
	@for b in bench/bench_*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

bench-duplicates: $(VENV)/.dev  ## finding copies against imagededup and fastdup, and a million hashes
	$(BIN)/python bench/bench_duplicates.py

bench-train: $(VENV)/.dev  ## the worker against a bare model.fit, what augmentation costs, compact against model_b
	$(BIN)/python bench/bench_train.py

bench-data: $(VENV)/.dev  ## checks and hashes against cleanvision, a large manifest, memory of an import
	$(BIN)/python bench/bench_data.py

soak: $(VENV)/.dev  ## kill -9, hostile inputs, damage, fifty sessions: make soak MINUTES=15 goes on where it was stopped
	$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),15)

shipped: $(VENV)/.app  ## train and measure the model that ships: make shipped DATA=folder
	$(BIN)/python models/shipped/build.py $(DATA)

tensorboard:  ## curves of all runs in TensorBoard (optional: pip install -r requirements-tensorboard.txt)
	@$(BIN)/python -c "import tensorboard" 2>/dev/null || { echo "TensorBoard is not installed. Try: $(BIN)/python -m pip install -r requirements-tensorboard.txt"; exit 1; }
	$(BIN)/python -m tensorboard.main --logdir "$${FER_HOME:-.}/models/runs" --bind_all=false

bench-predict: $(VENV)/.dev  ## photo to answer: model, detectors, 1,000 crops; PEER=python adds the package fer
	$(BIN)/python bench/bench_predict.py $(if $(PEER),--peer $(PEER))

clean:  ## remove the environment and caches; never the workspace
	rm -rf $(VENV) .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
