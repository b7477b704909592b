"""The policy file says what the network says, and carries what its user needs."""

import dataclasses
import itertools
import os
import stat
from pathlib import Path

import jax
import numpy as np
import onnx
import pytest

from gpugym_jax.config import ActionTerm, Commands, Config, Control, Observations, Ppo
from gpugym_jax.policy.description import describe
from gpugym_jax.policy.file import TOLERANCE, read_policy, write_policy
from gpugym_jax.policy.graph import ACTIVATIONS, Actor
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError

ROBOT = Robot(
    name="arm",
    dofs=("shoulder", "elbow", "wrist"),
    bodies=("base",),
    default_dof_pos=(0.1, -1 / 3, 0.7),
    base_height=0.5,
    kp=(20.0, 30.0),
    kd=(0.5, 0.7),
    torque_limit=(18.0, 28.0),
    dof_vel_limit=(10.0, 10.0, 10.0),
    dof_pos_limit=((-1.0, 1.0),) * 3,
    actuated=("elbow", "wrist"),
)
CFG = Config(
    task="reach",
    robot="arm",
    control=Control(hz=100.0, physics_hz=500.0),
    actuator=("pd", {"smoothed": {"weight": 0.35}}),
    actions={"dof_pos_target": ActionTerm((0.25, 1 / 7), 0.5), "tau_ff": ActionTerm((10.0,), 0.25)},
    observations=Observations(
        actor=("projected_gravity", "dof_pos", "action", "target_history", "gait_phase"),
        scale={"dof_pos": (0.3, 0.1, 0.7), "target_history": 0.3},
    ),
    commands=Commands(lin_vel_x=(-1.0, 1 / 3)),
    clock={"steady": {"hz": 3.5}},
    ppo=Ppo(activation="tanh"),
)
OBS_SIZE, ACTION_SIZE = 3 + 3 + 4 + 6 + 2, 4


def random_actor(activation: str = "elu", normalised: bool = True, seed: int = 0) -> Actor:
    rng = np.random.default_rng(seed)
    sizes = (OBS_SIZE, 32, 16, ACTION_SIZE)
    return Actor(
        layers=[
            (rng.normal(0.0, a**-0.5, (a, b)).astype(np.float32), rng.normal(0.0, 0.5, b).astype(np.float32))
            for a, b in itertools.pairwise(sizes)
        ],
        activation=activation,
        action_scale=np.array([0.25, 1 / 7, 10.0, 10.0]),
        action_clip=np.array([0.5, 0.5, 0.25, 0.25]),
        obs_mean=rng.normal(0.0, 1.0, OBS_SIZE).astype(np.float32) if normalised else None,
        obs_std=rng.uniform(0.2, 3.0, OBS_SIZE).astype(np.float32) if normalised else None,
    )


def by_jax(actor: Actor, obs: np.ndarray) -> np.ndarray:
    """The actor, written a second time."""
    x = obs
    if actor.obs_mean is not None:
        x = (obs - actor.obs_mean) / actor.obs_std
    for kernel, bias in actor.layers[:-1]:
        x = np.asarray(getattr(jax.nn, actor.activation)(x @ kernel + bias))
    return x @ actor.layers[-1][0] + actor.layers[-1][1]


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_file_agrees_with_jax(tmp_path: Path, activation: str, normalised: bool) -> None:
    actor = random_actor(activation, normalised)
    path = tmp_path / "policy.onnx"
    worst = write_policy(path, actor, describe(CFG, ROBOT), lambda obs: by_jax(actor, obs))
    assert worst <= TOLERANCE
    obs = np.random.default_rng(7).normal(0.0, 2.0, (11, OBS_SIZE)).astype(np.float32)
    actions, raw = read_policy(path).act(obs)
    want = by_jax(actor, obs)
    np.testing.assert_allclose(raw, want, atol=2e-5)
    bounded = np.clip(want, -actor.action_clip, actor.action_clip)
    assert np.any(bounded != want), "the clip is to be seen at work"
    np.testing.assert_allclose(actions, bounded * actor.action_scale, atol=2e-4)


@pytest.mark.parametrize("part", ["kernel", "bias", "mean", "std"])
def test_a_wrong_number_is_found_and_leaves_no_file(tmp_path: Path, part: str) -> None:
    actor = random_actor()
    layers = [(k.copy(), b.copy()) for k, b in actor.layers]
    mean, std = np.array(actor.obs_mean), np.array(actor.obs_std)
    {"kernel": layers[1][0], "bias": layers[1][1], "mean": mean, "std": std}[part].reshape(-1)[3] += 1e-2
    wrong = dataclasses.replace(actor, layers=layers, obs_mean=mean, obs_std=std)
    with pytest.raises(UserError, match=r"not written: .* differ by"):
        write_policy(tmp_path / "policy.onnx", wrong, describe(CFG, ROBOT), lambda obs: by_jax(actor, obs))
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_is_found(tmp_path: Path) -> None:
    actor = random_actor()
    with pytest.raises(UserError, match="nan"):
        write_policy(
            tmp_path / "policy.onnx", actor, describe(CFG, ROBOT), lambda obs: by_jax(actor, obs) * np.nan
        )
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_keeps_the_old_file(tmp_path: Path) -> None:
    good, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, good, describe(CFG, ROBOT), lambda obs: by_jax(good, obs))
    before = path.read_bytes()
    with pytest.raises(UserError):
        write_policy(path, good, describe(CFG, ROBOT), lambda obs: by_jax(good, obs) + 1.0)
    assert path.read_bytes() == before
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["policy.onnx"]


def test_metadata_come_back(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT, 250, "abc123"), lambda obs: by_jax(actor, obs))
    policy = read_policy(path)
    c = policy.contract
    assert c.cfg == CFG
    assert c.joint_names == ROBOT.dofs
    assert c.actuated == (1, 2)
    assert c.stiffness.tolist() == [0.0, 20.0, 30.0]
    assert c.torque_limits.tolist() == [0.0, 18.0, 28.0]
    assert tuple(c.default_joint_pos) == ROBOT.default_dof_pos  # every digit of -1/3
    assert c.action_scale.tolist() == [0.25, 1 / 7, 10.0, 10.0]
    assert c.action_clip.tolist() == [0.5, 0.5, 0.25, 0.25]
    assert c.command_ranges.tolist() == [[-1.0, 1 / 3], [0.0, 0.0], [0.0, 0.0]]
    assert [t.name for t in c.observations] == list(CFG.observations.actor)
    assert c.observations[1].scale.tolist() == [1 / 0.3, 1 / 0.1, 1 / 0.7]
    assert c.observations[3].scale.tolist() == [1 / 0.3] * 6
    assert (c.obs_size, c.action_size, c.decimation) == (OBS_SIZE, ACTION_SIZE, 5)
    assert c.motors == (("pd", {"kp": (20.0, 30.0), "kd": (0.5, 0.7)}), ("smoothed", {"weight": 0.35}))
    assert (c.clock, c.step_dt, c.sim_dt, c.iteration) == (("steady", {"hz": 3.5}), 0.01, 0.002, 250)
    assert policy.metadata["git_commit"] == "abc123"
    assert policy.metadata["observation_terms_scale"].count(",") == 4


def test_graph_is_what_old_runtimes_accept(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT), lambda obs: by_jax(actor, obs))
    model = onnx.load(path)
    assert model.ir_version == 8
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert [i.name for i in model.graph.input] == ["obs"]
    assert [o.name for o in model.graph.output] == ["actions", "raw_actions"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"


def test_wrong_sizes_and_files_are_refused(tmp_path: Path) -> None:
    actor = random_actor()
    narrow = dataclasses.replace(CFG, observations=Observations(actor=("dof_pos",)))
    with pytest.raises(UserError, match="observation is 18 wide, but task 'reach' on 'arm' has 3"):
        write_policy(tmp_path / "p.onnx", actor, describe(narrow, ROBOT), lambda obs: by_jax(actor, obs))
    with pytest.raises(UserError, match="no policy file"):
        read_policy(tmp_path / "p.onnx")
    (tmp_path / "half.onnx").write_bytes(b"half")
    with pytest.raises(UserError, match="not a whole ONNX file"):
        read_policy(tmp_path / "half.onnx")
    with pytest.raises(UserError, match=r"activation in a policy file named 'relo'. Did you mean 'relu'"):
        write_policy(tmp_path / "p.onnx", random_actor("relo"), describe(CFG, ROBOT), lambda obs: obs)
    unknown = dataclasses.replace(CFG, observations=Observations(actor=("dof_poss",)))
    with pytest.raises(UserError, match="Did you mean 'dof_pos'"):
        describe(unknown, ROBOT)


def test_a_file_without_our_metadata_is_refused(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT), lambda obs: by_jax(actor, obs))
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(UserError, match="no policy of ours"):
        read_policy(path)
