PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python -m
READY = $(VENV)/ready
# Isaac Gym's own Python, in which its worker is tested over the double; none found: `make test` says so
ifndef PYTHON38
PYTHON38 := $(shell for p in python3.8 $(HOME)/.pyenv/versions/3.8.*/bin/python; do $$p -c "import venv" 2>/dev/null && echo $$p && break; done)
endif
VENV38 ?= .venv38
READY38 = $(if $(PYTHON38),$(VENV38)/ready)
# a file's tests share what they compile
TOGETHER = -n $(or $(WORKERS),2) --dist loadfile
WORKER = $(abspath $(VENV38))/bin/python

help:           ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/\t/' | expand -t 12

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install -q --disable-pip-version-check -e .[dev]
	touch $@

$(VENV38)/ready: Makefile
	$(PYTHON38) -m venv $(VENV38)
	$(VENV38)/bin/python -m pip install -q --disable-pip-version-check --no-deps torch==1.12.1 typing_extensions
	$(VENV38)/bin/python -m pip install -q --disable-pip-version-check "numpy<1.24" mujoco==3.2.3 "pytest<9"
	touch $@

install: $(READY)  ## make the virtual environment and install into it

test: $(READY) $(READY38) lint  ## what CI runs: lint, types, tests (13 minutes on two cores, no GPU needed)
ifneq ($(PYTHON38),)
	cd tests/isaacgym_double && $(WORKER) -m pytest -q tests
	ISAAC_DOUBLE_PYTHON=$(WORKER) PYTHON38=$(WORKER) $(RUN) pytest $(TOGETHER) -m "not slow" $(ARGS)
else
	@echo "no Python 3.8 (PYTHON38=...): what wants one is skipped, or run by this Python if it has torch"
	$(RUN) pytest $(TOGETHER) -m "not slow" $(ARGS)
endif

test-slow: $(READY)  ## the long tests as well
	$(RUN) pytest $(TOGETHER) $(ARGS)

ends:  ## the commands' tests with the oldest and the newest JAX that is allowed, each in a .venv of its own
	for v in 0.10.2 0.12.0; do $(PYTHON) -m venv .venv-jax-$$v && \
	.venv-jax-$$v/bin/python -m pip install -q --disable-pip-version-check -e .[dev] jax==$$v && \
	.venv-jax-$$v/bin/python -m pytest -q tests/test_commands.py tests/runs tests/physics || exit 1; done

lint: $(READY)  ## ruff and pyright
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(VENV)/bin/pyright

demo: $(READY)  ## train cartpole, then judge and film the shipped mini cheetah (into demo/)
	$(RUN) gpugym_jax.train --task=cartpole --backend=mujoco --experiment_name=demo_cartpole --log_dir=demo
	$(RUN) gpugym_jax.evaluate --task=cartpole --experiment_name=demo_cartpole --log_dir=demo
	$(RUN) gpugym_jax.evaluate --policy=assets/policies/mini_cheetah_walk.onnx --json=demo/mini_cheetah.json
	$(RUN) gpugym_jax.play --policy=assets/policies/mini_cheetah_walk.onnx --headless --out=demo

.PHONY: help install test test-slow ends lint demo
