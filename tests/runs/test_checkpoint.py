"""Checkpoints: exact, atomic, and refused where they do not belong."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from gpugym_jax.runs import checkpoint
from gpugym_jax.tables import UserError
from tests.runs import kills, toy

SIZES = {"actor": 4, "critic": 4}


def describe(run: Path, robot: str = "toy", **ppo: Any) -> checkpoint.Meta:
    return checkpoint.describe(toy.config(run, **ppo), toy.robot(robot), SIZES) | {"physics": "traceable"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with checkpoints of iterations 1 to 4, of which 3 are kept."""
    saver = checkpoint.Checkpoints(tmp_path, keep=3)
    for step in range(1, 5):
        saver.save(step, toy.state(step), describe(tmp_path))
    saver.close()
    return tmp_path


def load_train(run: Path, step: int, like: Any, meta: checkpoint.Meta) -> tuple[Any, int]:
    found = checkpoint.find_train(run, step, meta)
    return checkpoint.restore_train(found, like), found.step


def cut(file: Path) -> None:
    """Lose the second half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("like", [toy.state, lambda i: jax.eval_shape(lambda: toy.state(i))])
def test_round_trip_is_bit_exact(run: Path, like: Callable[[int], Any]) -> None:
    ts, step = load_train(run, -1, like(0), describe(run))
    assert step == 4
    want = toy.state(4)
    assert jax.tree.structure(ts) == jax.tree.structure(want)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(_raw(a), _raw(b)), ts, want)
    assert [x.dtype for x in jax.tree.leaves(ts)] == [x.dtype for x in jax.tree.leaves(want)]
    np.testing.assert_array_equal(jax.random.normal(ts.key, 3), jax.random.normal(want.key, 3))


def _raw(leaf: jax.Array) -> np.ndarray:
    is_key = jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf)


def test_the_policy_alone(run: Path) -> None:
    like = jax.eval_shape(lambda: toy.state(0)).policy
    policy, step = checkpoint.load_policy(run, 3, like, describe(run))
    assert step == 3
    np.testing.assert_array_equal(policy.normalizer["mean"], [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(
        policy.params["actor"]["kernel"], toy.state(3).policy.params["actor"]["kernel"]
    )


def test_only_the_newest_are_kept(run: Path) -> None:
    assert checkpoint.steps(run) == [2, 3, 4]
    assert (run / "checkpoints" / "model_4").is_dir()
    with pytest.raises(UserError, match=r"no checkpoint model_1 in .*model_2, model_3, model_4"):
        checkpoint.find(run, 1)


# Orbax leaves coroutines unawaited when it fails to read.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("harm", [cut, flip, Path.unlink])
@pytest.mark.parametrize("name", ["policy/d/*", "train/d/*", "train/manifest.ocdbt", "meta/metadata"])
def test_a_damaged_checkpoint_is_skipped_and_named(
    run: Path, harm: Callable[[Path], None], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for file in (run / "checkpoints" / "model_4").glob(name):
        harm(file)
    assert load_train(run, -1, toy.state(0), describe(run))[1] == 3
    assert "skipping damaged checkpoint" in caplog.text
    with pytest.raises(UserError, match=r"model_4 .* is damaged .* newest intact one is model_3"):
        load_train(run, 4, toy.state(0), describe(run))


def test_a_half_written_checkpoint_is_not_one(run: Path) -> None:
    there = run / "checkpoints"
    (there / "model_4").rename(there / "model_9.orbax-checkpoint-tmp")
    assert checkpoint.newest_intact(run).step == 3
    with pytest.raises(UserError, match="half-written checkpoint model_9"):
        checkpoint.find(run, 9)


def test_nothing_intact(run: Path) -> None:
    for step in (2, 3, 4):
        (run / "checkpoints" / f"model_{step}" / "meta" / "metadata").write_text("{")
    with pytest.raises(UserError, match=r"no intact checkpoint in .*\[2, 3, 4\]"):
        checkpoint.newest_intact(run)


def test_another_robot_layout_or_network_is_refused_naming_both(run: Path) -> None:
    with pytest.raises(UserError, match="is of robot toy, this run is of robot pony"):
        load_train(run, -1, toy.state(0), describe(run, "pony"))
    with pytest.raises(UserError, match=r"is of networks .*512, 256, 128.* this run is of networks .*64"):
        checkpoint.load_policy(run, -1, toy.state(0).policy, describe(run, actor=(64,)))
    meta = {**describe(run), "observations": {"actor": ["dof_vel"], "critic": ["dof_vel"]}}
    with pytest.raises(UserError, match=r"is of observations .*dof_pos.*this run .*dof_vel"):
        checkpoint.load_policy(run, -1, toy.state(0).policy, meta)


def test_another_number_of_robots_is_refused_only_for_training(run: Path) -> None:
    cfg = toy.config(run)
    cfg = dataclasses.replace(cfg, runner=dataclasses.replace(cfg.runner, num_envs=5))
    meta = checkpoint.describe(cfg, toy.robot(), SIZES) | {"physics": "traceable"}
    assert checkpoint.load_policy(run, -1, toy.state(0).policy, meta)[1] == 4
    with pytest.raises(UserError, match="is of num envs 3, this run is of num envs 5"):
        load_train(run, -1, toy.state(0), meta)


def test_a_leaf_of_another_shape_is_named(run: Path) -> None:
    with pytest.raises(
        UserError, match=r"'\.params\['actor'\]\['bias'\]' as float32\(16,\), .*float32\(8,\)"
    ):
        load_train(run, -1, toy.state(0, width=8), describe(run))


def test_kill_9_while_saving_loses_nothing(tmp_path: Path) -> None:
    assert kills.measure(tmp_path, kills=3)["lost"] == 0


@pytest.mark.slow
def test_kill_9_fifty_times(tmp_path: Path) -> None:
    assert kills.measure(tmp_path, kills=50, seed=1)["lost"] == 0


@pytest.mark.parametrize(
    ("format_", "says"),
    [(1, "this gpugym_jax reads 2: it was made by an older one"), (3, "this gpugym_jax reads 2: update it")],
)
def test_another_format_is_refused_saying_which_is_older(run: Path, format_: int, says: str) -> None:
    found = checkpoint.find(run, -1)
    with pytest.raises(UserError, match=f"model_4 has format {format_}, {says}"):
        checkpoint.check_compatible({**found.meta, "format": format_}, describe(run), found.name)
