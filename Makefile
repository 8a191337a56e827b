# Two commands matter: `make app` and `make test`. Each does its own set-up.
PYTHON ?= python3.11
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 2

WORKERS ?= 2

.PHONY: app test shipped lint types unit browser bench bench-duplicates bench-data bench-train tensorboard bench-predict clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.app: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@ $(VENV)/.app

app: $(VENV)/.app  ## set up, put the sample in place, serve on 127.0.0.1:8501
	$(BIN)/python -m fer_core sample
	$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

test: lint  ## everything that must hold
	@$(MAKE) --no-print-directory -j2 --output-sync=target types unit
	@$(MAKE) --no-print-directory browser

lint: $(VENV)/.dev  ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy
	$(BIN)/mypy

unit: $(VENV)/.dev  ## unit, page and architecture tests
	$(BIN)/python -m pytest tests --ignore tests/e2e -n $(WORKERS) --dist loadfile --no-loadscope-reorder

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

shipped: $(VENV)/.app  ## train and measure the model that ships: make shipped DATA=folder
	$(BIN)/python models/shipped/build.py $(DATA)

tensorboard:  ## curves of all runs in TensorBoard (optional: pip install -r requirements-tensorboard.txt)
	@$(BIN)/python -c "import tensorboard" 2>/dev/null || { echo "TensorBoard is not installed. Try: $(BIN)/python -m pip install -r requirements-tensorboard.txt"; exit 1; }
	$(BIN)/python -m tensorboard.main --logdir "$${FER_HOME:-.}/models/runs" --bind_all=false

bench-predict: $(VENV)/.dev  ## photo to answer: model, detectors, 1,000 crops; PEER=python adds the package fer
	$(BIN)/python bench/bench_predict.py $(if $(PEER),--peer $(PEER))

clean:  ## remove the environment and caches; never the workspace
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
