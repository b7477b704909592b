PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python -m
READY = $(VENV)/ready

help:           ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/\t/' | expand -t 12

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install -q --disable-pip-version-check -e .[dev]
	touch $@

install: $(READY)  ## make the virtual environment and install into it

test: $(READY) lint  ## what CI runs: lint, types, tests (about ten minutes on two cores, no GPU needed)
	$(RUN) pytest -m "not slow" $(ARGS)

test-slow: $(READY)  ## the long tests as well
	$(RUN) pytest $(ARGS)

lint: $(READY)  ## ruff and pyright
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(VENV)/bin/pyright

demo: $(READY)  ## train cartpole, then judge and film the shipped mini cheetah (into demo/)
	$(RUN) gpugym_jax.train --task=cartpole --backend=mujoco --experiment_name=demo_cartpole --log_dir=demo
	$(RUN) gpugym_jax.evaluate --task=cartpole --experiment_name=demo_cartpole --log_dir=demo
	$(RUN) gpugym_jax.evaluate --policy=assets/policies/mini_cheetah_walk.onnx --json=demo/mini_cheetah.json
	$(RUN) gpugym_jax.play --policy=assets/policies/mini_cheetah_walk.onnx --headless --out=demo

.PHONY: help install test test-slow lint demo
