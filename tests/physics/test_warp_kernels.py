"""Warp's kernels are found without a GPU, and on one they are all that a step loads."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics import make_physics
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import make_scene

wp = pytest.importorskip("warp", reason="warp-lang is not installed: pip install -e .[warp]")
warp_kernels = pytest.importorskip("gpugym_jax.physics.warp_kernels")

CFG = PhysicsConfig()


def test_a_step_names_its_modules_without_a_gpu() -> None:
    model = load_model(make_scene("mini_cheetah"), timestep=0.005, cfg=CFG, sensors=True)
    before = wp.launch
    launches = warp_kernels.launches_of_step(model, CFG.contacts, CFG.constraints)
    assert wp.launch is before
    assert len(launches) == len(set(launches)) > 20
    names = " ".join(module.name for module, _ in launches)
    for part in ("smooth", "solver", "constraint", "sensor", "cholesky", "primitive_narrowphase"):
        assert part in names
    assert {32, 64, None} <= {block_dim for _, block_dim in launches}


@pytest.mark.gpu
@pytest.mark.skipif(jax.default_backend() != "gpu", reason="builds kernels for an NVIDIA GPU")
def test_a_step_builds_nothing_that_was_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scene = make_scene("mini_cheetah")
    robot = scene.robot
    wp.init()
    monkeypatch.setattr(wp.config, "kernel_cache_dir", str(tmp_path))
    physics = make_physics(scene, PhysicsConfig(backend="mjx", impl="warp"), 2, 0.005, varied={})
    physics.ready()
    (done,) = tmp_path.glob("gpugym_*")
    began = done.stat().st_mtime_ns
    physics.ready()
    assert done.stat().st_mtime_ns == began  # the second time nothing is done
    built = {path.name for path in tmp_path.glob("wp_*")}
    assert len(built) > 30
    n, dofs = 2, len(robot.dofs)
    from gpugym_jax.mdp.resets import basic

    start = jax.tree.map(lambda x: jnp.tile(x, (n, *[1] * x.ndim)), basic(jax.random.key(0), robot))
    sim = physics.init(start, {})
    jax.block_until_ready(jax.jit(physics.step)(sim, np.zeros((n, dofs), np.float32)))
    later = {path.name for path in tmp_path.glob("wp_*")} - built
    assert all("mjx.warp.ffi" in name for name in later)  # MJX's own bridge, half a second


@pytest.mark.gpu
@pytest.mark.skipif(jax.default_backend() != "gpu", reason="builds kernels for an NVIDIA GPU")
def test_a_build_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = load_model(make_scene("toy"), timestep=0.005, cfg=CFG, sensors=True)
    wp.init()
    monkeypatch.setattr(wp.config, "kernel_cache_dir", "/proc/nowhere")
    warp_kernels.build_kernels(model, CFG.contacts, CFG.constraints)
    assert "one after the other" in caplog.text
