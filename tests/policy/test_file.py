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
from gpugym_jax.policy.file import TOLERANCE, Reference, read_policy, write_policy
from gpugym_jax.policy.graph import ACTIVATIONS, Actor, Gru
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


def random_actor(activation: str = "elu", normalised: bool = True, seed: int = 0, memory: int = 0) -> Actor:
    rng = np.random.default_rng(seed)
    sizes = (memory or OBS_SIZE, 32, 16, ACTION_SIZE)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.4, shape).astype(np.float32)

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
        gru=Gru(draw(OBS_SIZE, 3 * memory), draw(3 * memory), draw(memory, 3 * memory)) if memory else None,
    )


def by_jax(actor: Actor, off: float = 0.0) -> Reference:
    """The actor, written a second time, `off` by some amount."""

    def recur(x: np.ndarray, h: np.ndarray) -> np.ndarray:
        assert actor.gru is not None
        (xr, xz, xn), (hr, hz, hn) = (
            np.split(y, 3, -1) for y in (x @ actor.gru.kernel + actor.gru.bias, h @ actor.gru.recurrent)
        )
        r, z = (np.asarray(jax.nn.sigmoid(y)) for y in (xr + hr, xz + hz))
        return (1 - z) * np.tanh(xn + r * hn) + z * h

    def step(x: np.ndarray, h: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        if actor.obs_mean is not None:
            x = (x - actor.obs_mean) / actor.obs_std
        if h is not None:
            x = h = recur(x, h)
        for kernel, bias in actor.layers[:-1]:
            x = np.asarray(getattr(jax.nn, actor.activation)(x @ kernel + bias))
        return x @ actor.layers[-1][0] + actor.layers[-1][1] + off, h

    return Reference(lambda n: None if actor.gru is None else np.zeros((n, actor.gru.size), np.float32), step)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_file_agrees_with_jax(tmp_path: Path, activation: str, normalised: bool) -> None:
    actor = random_actor(activation, normalised)
    path = tmp_path / "policy.onnx"
    worst = write_policy(path, actor, describe(CFG, ROBOT), by_jax(actor))
    assert worst <= TOLERANCE
    obs = np.random.default_rng(7).normal(0.0, 2.0, (11, OBS_SIZE)).astype(np.float32)
    actions, raw, hidden = read_policy(path).act(obs, ())
    assert hidden == ()
    want, _ = by_jax(actor).step(obs, None)
    np.testing.assert_allclose(raw, want, atol=2e-5)
    bounded = np.clip(want, -actor.action_clip, actor.action_clip)
    assert np.any(bounded != want), "the clip is to be seen at work"
    np.testing.assert_allclose(actions, bounded * actor.action_scale, atol=2e-4)


@pytest.mark.parametrize("normalised", [True, False])
def test_a_file_with_memory_agrees_over_fifty_steps(tmp_path: Path, normalised: bool) -> None:
    actor, path = random_actor(memory=32, normalised=normalised), tmp_path / "policy.onnx"
    assert write_policy(path, actor, describe(CFG, ROBOT), by_jax(actor)) <= TOLERANCE
    policy, reference = read_policy(path), by_jax(actor)
    hidden, other, rng = policy.start(7), reference.start(7), np.random.default_rng(7)
    assert [h.shape for h in hidden] == [(1, 7, 32)]
    for _ in range(50):
        obs = rng.normal(0.0, 2.0, (7, OBS_SIZE)).astype(np.float32)
        forgetful = policy.act(obs, policy.start(7))[1]
        _, raw, hidden = policy.act(obs, hidden)
        want, other = reference.step(obs, other)
        np.testing.assert_allclose(raw, want, atol=2e-5)
    assert np.max(np.abs(forgetful - raw)) > 0.1, "the memory is to be seen at work"


def test_a_file_says_what_it_remembers(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    for memory, expected in ((0, ["false"]), (6, ["true", "h_in;h_out", "1;N;6", "0.0"])):
        actor = random_actor(memory=memory)
        write_policy(path, actor, describe(CFG, ROBOT), by_jax(actor))
        data = read_policy(path).metadata
        names = ("is_recurrent", "memory_names", "memory_shape", "memory_start")
        assert [data[n] for n in names if n in data] == expected
    graph = onnx.load(path).graph
    assert [i.name for i in graph.input] == ["obs", "h_in"]
    assert [o.name for o in graph.output] == ["actions", "raw_actions", "h_out"]


@pytest.mark.parametrize("part", ["kernel", "bias", "recurrent"])
def test_a_wrong_number_of_the_memory_is_found(tmp_path: Path, part: str) -> None:
    actor = random_actor(memory=8)
    assert actor.gru is not None
    off = {part: getattr(actor.gru, part) + 1e-2}
    wrong = dataclasses.replace(actor, gru=dataclasses.replace(actor.gru, **off))
    with pytest.raises(UserError, match=r"not written: .* differ by"):
        write_policy(tmp_path / "policy.onnx", wrong, describe(CFG, ROBOT), by_jax(actor))


@pytest.mark.parametrize("part", ["kernel", "bias", "mean", "std"])
def test_a_wrong_number_is_found_and_leaves_no_file(tmp_path: Path, part: str) -> None:
    actor = random_actor()
    layers = [(k.copy(), b.copy()) for k, b in actor.layers]
    mean, std = np.array(actor.obs_mean), np.array(actor.obs_std)
    {"kernel": layers[1][0], "bias": layers[1][1], "mean": mean, "std": std}[part].reshape(-1)[3] += 1e-2
    wrong = dataclasses.replace(actor, layers=layers, obs_mean=mean, obs_std=std)
    with pytest.raises(UserError, match=r"not written: .* differ by"):
        write_policy(tmp_path / "policy.onnx", wrong, describe(CFG, ROBOT), by_jax(actor))
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_is_found(tmp_path: Path) -> None:
    actor = random_actor()
    with pytest.raises(UserError, match="nan"):
        write_policy(tmp_path / "policy.onnx", actor, describe(CFG, ROBOT), by_jax(actor, off=np.nan))
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_keeps_the_old_file(tmp_path: Path) -> None:
    good, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, good, describe(CFG, ROBOT), by_jax(good))
    before = path.read_bytes()
    with pytest.raises(UserError):
        write_policy(path, good, describe(CFG, ROBOT), by_jax(good, off=1.0))
    assert path.read_bytes() == before
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["policy.onnx"]


def test_metadata_come_back(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT, 250, "abc123"), by_jax(actor))
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
    assert (c.obs_size, c.action_size) == (OBS_SIZE, ACTION_SIZE)
    assert c.motors == (("pd", {"kp": (20.0, 30.0), "kd": (0.5, 0.7)}), ("smoothed", {"weight": 0.35}))
    assert (c.clock, c.step_dt, c.sim_dt, c.iteration) == (("steady", {"hz": 3.5}), 0.01, 0.002, 250)
    assert policy.metadata["git_commit"] == "abc123"
    assert policy.metadata["observation_terms_scale"].count(",") == 4


def test_graph_is_what_old_runtimes_accept(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT), by_jax(actor))
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
        write_policy(tmp_path / "p.onnx", actor, describe(narrow, ROBOT), by_jax(actor))
    with pytest.raises(UserError, match="no policy file"):
        read_policy(tmp_path / "p.onnx")
    (tmp_path / "half.onnx").write_bytes(b"half")
    with pytest.raises(UserError, match="not a whole ONNX file"):
        read_policy(tmp_path / "half.onnx")
    with pytest.raises(UserError, match=r"activation in a policy file named 'relo'. Did you mean 'relu'"):
        write_policy(tmp_path / "p.onnx", random_actor("relo"), describe(CFG, ROBOT), by_jax(actor))
    unknown = dataclasses.replace(CFG, observations=Observations(actor=("dof_poss",)))
    with pytest.raises(UserError, match="Did you mean 'dof_pos'"):
        describe(unknown, ROBOT)


def test_a_file_without_our_metadata_is_refused(tmp_path: Path) -> None:
    actor, path = random_actor(), tmp_path / "policy.onnx"
    write_policy(path, actor, describe(CFG, ROBOT), by_jax(actor))
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(UserError, match="no policy of ours"):
        read_policy(path)
