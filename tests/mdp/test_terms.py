"""Terminations, observations, actions, commands, resets, pushes, variation: numbers by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Key

from gpugym_jax.config import ActionTerm, Commands, Draw, Observations, Pushes, Randomize
from gpugym_jax.mdp.actions import make_targets
from gpugym_jax.mdp.commands import make_command
from gpugym_jax.mdp.groups import make_observer
from gpugym_jax.mdp.pushes import make_push
from gpugym_jax.mdp.randomize import make_sample_variation
from gpugym_jax.mdp.resets import make_sample_state
from gpugym_jax.mdp.rewards import REWARDS
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.mdp.terminations import TERMINATIONS
from gpugym_jax.mdp.terms import bind_term
from gpugym_jax.tables import UserError
from gpugym_jax.types import Obs
from tests.mdp.snapshots import ROBOT, make_snapshot

KEY = jax.random.key(0)
KEYS = jax.random.split(KEY, 2000)


@pytest.mark.parametrize(
    ("name", "params", "fields", "ends"),
    [
        ("contact", {"bodies": (0,)}, {"body_force": jnp.zeros((13, 3)).at[0, 0].set(1.1)}, True),
        ("contact", {"bodies": (0,)}, {"body_force": jnp.zeros((13, 3)).at[1, 0].set(9.0)}, False),
        # leaning by acos(0.5) = 1.05 rad
        ("tilt", {"angle": 1.0}, {"projected_gravity": [0.866, 0, -0.5]}, True),
        ("tilt", {"angle": 1.1}, {"projected_gravity": [0.866, 0, -0.5]}, False),
        ("height", {"below": 0.31}, {}, True),
        ("height", {"below": 0.29}, {}, False),
        ("dof_range", {"dof": 1, "limit": 0.7}, {}, True),  # hfe rests at -0.785
        ("dof_range", {"dof": 1, "limit": 0.8}, {}, False),
    ],
)
def test_termination(name: str, params: dict, fields: dict, ends: bool) -> None:
    assert bool(TERMINATIONS[name](make_snapshot(**fields), **params)) is ends


def look(cfg: Observations, s: Snapshot, key: Key[Array, ""] = KEY) -> Obs:
    """What is seen first."""
    observer = make_observer(cfg, ROBOT, ("dof_pos_target",))
    return observer.observe(observer.init(KEY), s, key)[1]


def test_observation_is_value_over_scale_and_clipped() -> None:
    cfg = Observations(actor=("base_lin_vel", "command"), scale={"base_lin_vel": 0.5}, clip=3.0)
    obs = look(cfg, make_snapshot(base_lin_vel=[1, 2, -0.5], command=[1, 0, -1]))
    np.testing.assert_allclose(obs["actor"], [2, 3, -1, 1, 0, -1])
    np.testing.assert_allclose(obs["critic"], obs["actor"])


def test_noise_is_in_the_values_own_unit_and_for_the_actor_only() -> None:
    cfg = Observations(actor=("dof_pos",), scale={"dof_pos": 0.1}, noise={"dof_pos": 0.05})
    obs = jax.vmap(lambda key: look(cfg, make_snapshot(), key))(KEYS)
    # half width 0.05 over a scale of 0.1
    assert 0.49 < np.abs(obs["actor"]).max() <= 0.5
    assert np.abs(np.mean(obs["actor"])) < 0.01
    assert np.all(np.asarray(obs["critic"]) == 0)


def test_observation_names_are_checked() -> None:
    with pytest.raises(UserError, match="no observation named 'dof_poss'. Did you mean 'dof_pos'"):
        look(Observations(actor=("dof_poss",)), make_snapshot())
    with pytest.raises(UserError, match="observation in use"):
        look(Observations(actor=("dof_pos",), noise={"dof_vel": 1.0}), make_snapshot())


def test_targets_are_clipped_then_scaled() -> None:
    targets = make_targets({"dof_pos_target": ActionTerm(scale=(0.1, 1.0, 2.0), clip=2.0)}, ROBOT)
    got = targets(jnp.array([1.0, -1.0, 5.0] * 4))
    np.testing.assert_allclose(got.dof_pos, [0.1, -1.0, 4.0] * 4, rtol=1e-6)
    np.testing.assert_allclose(got.tau_ff, np.zeros(12))


def test_numbers_repeat_over_the_joints_or_are_refused_when_the_task_is_built() -> None:
    """Twelve joints at 0.2 rad, whose scale is 0.1, 0.2, 0.4 again and again: 4 (4 + 1 + 1/4)."""
    off = make_snapshot(dof_pos=np.array(ROBOT.default_dof_pos) + 0.2)
    term = bind_term("reward", REWARDS, "dof_deviation", {"scale": [0.1, 0.2, 0.4]}, ROBOT, ())
    np.testing.assert_allclose(term(off), 21.0, rtol=1e-5)
    says = r"has 5 numbers, which do not repeat evenly over 12. Give 1, 2, 3, 4, 6, 12."
    for name in ("dof_deviation", "dof_near_home"):
        with pytest.raises(UserError, match=f"reward '{name}': scale {says}"):
            bind_term("reward", REWARDS, name, {"scale": [1.0] * 5}, ROBOT, ())
    with pytest.raises(UserError, match=rf"actions\.tau_ff\.scale {says}"):
        make_targets({"tau_ff": ActionTerm(scale=(1.0,) * 5)}, ROBOT)


def test_commands_fill_their_ranges() -> None:
    cfg = Commands(
        lin_vel_x=(-1, 3), lin_vel_y=(-0.5, 0.5), ang_vel_yaw=(-2, 2), zero_below=0.2, zero_probability=0.1
    )
    got = np.asarray(jax.vmap(make_command(cfg).sample, (0, None))(KEYS, jnp.zeros(())))
    assert np.all(got.min(0) > [-1.01, -0.51, -2.01]) and np.all(got.min(0) < [-0.9, -0.45, -1.9])
    assert np.all(got.max(0) < [3.01, 0.51, 2.01]) and np.all(got.max(0) > [2.9, 0.45, 1.9])
    planar = np.linalg.norm(got[:, :2], axis=1)
    assert not np.any((planar > 0) & (planar <= 0.2))
    assert 0.07 < np.mean(np.all(got == 0, axis=1)) < 0.13


def test_reset_range_draws_what_it_is_told() -> None:
    sample = make_sample_state(
        {"range": {"base_height": (0.4, 0.5), "tilt": 0.1, "yaw": 3.0, "dof_pos": {"kfe": (1.0, 1.2)}}}, ROBOT
    )
    robot = jax.vmap(sample)(KEYS)
    height = np.asarray(robot.base_pos[:, 2])
    assert 0.4 <= height.min() < 0.41 and 0.49 < height.max() <= 0.5
    knees = np.asarray(robot.dof_pos)[:, 2::3]
    assert 1.0 <= knees.min() < 1.01 and 1.19 < knees.max() <= 1.2
    np.testing.assert_allclose(np.linalg.norm(robot.base_quat, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(robot.dof_pos[:, 0], ROBOT.default_dof_pos[0])


def test_reset_errors_name_the_nearest() -> None:
    with pytest.raises(UserError, match="reset 'range' has no parameter 'dof_poss'. Did you mean 'dof_pos'"):
        make_sample_state({"range": {"dof_poss": {}}}, ROBOT)
    with pytest.raises(UserError, match="exactly one|takes one entry"):
        make_sample_state({"range": {}, "basic": {}}, ROBOT)


@pytest.mark.parametrize(("mode", "low"), [("add", 0.5), ("set", -0.5)])
def test_push_changes_the_planar_velocity(mode: str, low: float) -> None:
    robot = make_sample_state({"basic": {}}, ROBOT)(KEY).replace(base_lin_vel=jnp.array([1.0, 1.0, 2.0]))
    push = make_push(Pushes(every_s=1.0, lin_vel=0.5, mode=mode))
    assert push is not None
    got = jax.vmap(push, in_axes=(0, None))(KEYS, robot).base_lin_vel
    assert low - 1e-6 <= float(got[:, :2].min()) < low + 0.01
    np.testing.assert_allclose(got[:, 2], 2.0)


def test_pushes_that_change_no_velocity_are_none() -> None:
    assert make_push(Pushes(every_s=0.0, lin_vel=0.5)) is None
    assert make_push(Pushes(every_s=1.0, force=30.0)) is None
    assert make_push(Pushes(every_s=1.0, ang_vel=0.1)) is not None
    assert make_push(Pushes(every_s=1.0, mode="set")) is not None


def test_a_variation_has_what_differs_and_no_more() -> None:
    sample = make_sample_variation(Randomize(properties={"base_mass": (-1.0, 1.0), "friction": None}), ROBOT)
    got = jax.vmap(sample)(KEYS, KEYS)
    assert set(got) == {"base_mass"}
    assert float(got["base_mass"].min()) < -0.99 and float(got["base_mass"].max()) > 0.99


def test_properties_are_drawn_from_keys_of_their_own() -> None:
    """Another property changes no draw; those of the run come from its key, the others from the episode's."""
    alone = {"friction": (0.5, 1.0)}
    more = {"base_mass": (-1.0, 1.0), "armature": Draw((0.0, 0.01), "episode"), **alone}
    other = jax.random.key(9)
    one = make_sample_variation(Randomize(properties=alone), ROBOT)(KEY, KEY)
    many = make_sample_variation(Randomize(properties=more), ROBOT)
    two, three = many(KEY, KEY), many(KEY, other)
    assert one["friction"] == two["friction"] == three["friction"]
    assert two["base_mass"] == three["base_mass"] != two["friction"]
    assert two["armature"].shape == (len(ROBOT.dofs),) and len(set(map(float, two["armature"]))) > 1
    assert float(jnp.abs(two["armature"] - three["armature"]).min()) > 0


def test_an_unknown_property_is_told_its_neighbour() -> None:
    with pytest.raises(
        UserError, match="no property or key in randomize named 'frictoin'. Did you mean 'fric"
    ):
        make_sample_variation(Randomize(properties={"frictoin": (0.5, 1.0)}), ROBOT)
