"""Devices, from text to environment variables and JAX."""

import os

import jax
import pytest

from gpugym_jax import devices
from gpugym_jax.devices import Asked
from gpugym_jax.tables import UserError


def test_simulator_and_learner_may_differ_only_for_mujoco() -> None:
    split = Asked(sim_device="cpu", rl_device="cuda:0")
    devices.check(split, "mujoco")
    with pytest.raises(UserError, match="--sim_device=cpu and --rl_device=cuda:0 differ"):
        devices.check(split, "mjx")
    devices.check(Asked(sim_device="cuda:0", rl_device="cuda:0"), "mjx")


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        (Asked(device="cpu"), {}, {"JAX_PLATFORMS": "cpu"}),
        (Asked(device="gpu"), {}, {"JAX_PLATFORMS": "cuda,cpu"}),
        (Asked(device="cuda:1"), {}, {"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": "1"}),
        (Asked(rl_device="cuda:1"), {"CUDA_VISIBLE_DEVICES": "4,6"}, {"CUDA_VISIBLE_DEVICES": "6"}),
        (Asked(sim_device="cpu", rl_device="cuda:0"), {}, {"JAX_PLATFORMS": "cuda,cpu"}),
        (Asked(backend="isaacgym", sim_device="cuda:1"), {}, {"JAX_PLATFORMS": None}),
        (
            Asked(backend="isaacgym", sim_device="cuda:1", rl_device="cuda:2"),
            {},
            {"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": None},
        ),
        (Asked(), {"JAX_PLATFORMS": "cpu"}, {"JAX_PLATFORMS": "cpu"}),
    ],
)
def test_the_device_becomes_environment_variables(
    asked: Asked, before: dict[str, str], after: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "")  # so that monkeypatch restores it
        monkeypatch.delenv(name)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    devices.choose(asked)
    assert {name: os.environ.get(name) for name in after} == after


def test_a_device_that_there_is_not() -> None:
    with pytest.raises(UserError, match="--device=tpu: no such device"):
        devices.choose(Asked(device="tpu"))


def test_beside_isaac_gym_only_jax_is_kept_to_one_gpu() -> None:
    if jax.default_backend() == "gpu":
        pytest.skip("the index may not be there")
    before = jax.config.values["jax_cuda_visible_devices"]
    with pytest.raises(UserError, match="JAX finds only cpu"):
        devices.start_jax(Asked(backend="isaacgym", rl_device="cuda:2"), compile_cache=False)
    assert jax.config.values["jax_cuda_visible_devices"] == "2"
    jax.config.update("jax_cuda_visible_devices", before)


def test_a_gpu_that_there_is_not() -> None:
    if jax.default_backend() == "gpu":
        pytest.skip("there is one")
    with pytest.raises(UserError, match="a GPU was asked for, but JAX finds only cpu"):
        devices.start_jax(Asked(device="cuda:0"), compile_cache=False)
