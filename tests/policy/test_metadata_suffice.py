"""Who reads only a policy file's metadata drives the robot as the gate does."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from gpugym_jax.config import ActionTerm, Config, Group, Observations
from gpugym_jax.config_yaml import load_config
from gpugym_jax.gate import rollout, world
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.gate.observe import CONTACT_FORCE, make_pupil
from gpugym_jax.gate.scenario import Scenario
from gpugym_jax.paths import ASSETS
from gpugym_jax.policy.description import describe
from gpugym_jax.policy.file import Hidden, Policy, read_policy
from gpugym_jax.policy.metadata import parse
from gpugym_jax.robots import ROBOTS
from tests.policy.reader import Reader, Sensed

STEPS = 20
ROBOT = ROBOTS["mini_cheetah"]
FEET = ROBOT.groups["foot"]


def sensed(state: world.State, feet: np.ndarray) -> Sensed:
    """The sensors of the first robot."""
    names = ROBOT.dofs
    return Sensed(
        quat=state.base_quat[0],
        lin_vel=state.base_lin_vel[0],
        ang_vel=state.base_ang_vel[0],
        height=state.base_pos[0, 2],
        q=dict(zip(names, state.dof_pos[0], strict=True)),
        qd=dict(zip(names, state.dof_vel[0], strict=True)),
        contact=dict(zip(FEET, (feet[0, :, 2] > CONTACT_FORCE).astype(float), strict=True)),
    )


def plan() -> Scenario:
    """One robot that begins to move."""
    rng = np.random.default_rng(1)
    n, zero = 1, np.zeros((1, 3))
    start = world.State(
        base_pos=np.array([[0.0, 0.0, 0.3]]),
        base_quat=np.array([[0.99, 0.05, -0.1, 0.0877496]]),
        base_lin_vel=zero + 0.2,
        base_ang_vel=zero - 0.3,
        dof_pos=np.array([ROBOT.default_dof_pos]) + rng.normal(0, 0.1, (n, 12)),
        dof_vel=rng.normal(0, 0.5, (n, 12)),
    )
    command = np.tile([0.6, -0.2, 0.4], (STEPS, n, 1))
    never = (np.zeros((STEPS, n), bool), np.zeros((STEPS, n, 5)))
    return Scenario(start, np.ones(n), command, *never, seed=0)


def made_up(path: Path) -> Policy:
    """A policy of random weights with other motors, two blocks, history and all that has names."""
    cfg = load_config("mini_cheetah_ref")
    terms = ("gait_phase", "foot_contact", "target_history", "action", "dof_vel", "dof_pos", "base_lin_vel")
    cfg = replace(
        cfg,
        actions={"tau_ff": ActionTerm((0.5,), 0.7), "dof_pos_target": ActionTerm((0.1, 0.2, 0.3), 0.6)},
        observations=Observations(
            actor=Group(terms=terms, history=3), scale={"dof_vel": (5.0, 9.0)}, clip=1.5
        ),
        actuator=(
            {"dc_motor": {"kp": (10.0, 20.0, 30.0), "stall": 15.0}},
            {"smoothed": {"weight": 0.3}},
            {"strength": {"range": (0.8, 0.8)}},
            {"delay": {"steps": (3, 3)}},
        ),
    )
    data = describe(cfg, ROBOT)
    contract = parse(data, "made up")
    weights = np.random.default_rng(0).normal(0.0, 0.3, (contract.obs_size, contract.action_size))

    def act(obs: np.ndarray, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, Hidden]:
        raw = obs @ weights
        return np.clip(raw, -contract.action_clip, contract.action_clip) * contract.action_scale, raw, hidden

    return Policy(contract, data, act, "made up")


def nobody(state: world.State, felt: np.ndarray) -> np.ndarray:
    """No one falls."""
    return np.zeros(len(felt), bool)


def shipped(name: str) -> Policy:
    return read_policy(ASSETS / "policies" / f"{name}.onnx")


@pytest.mark.parametrize(
    "make",
    [lambda p: shipped("mini_cheetah_walk"), lambda p: shipped("mini_cheetah_ref"), made_up],
    ids=["walk", "ref", "made_up"],
)
def test_a_reader_of_the_metadata_drives_as_the_gate_does(
    make: Callable[[Path], Policy], tmp_path: Path
) -> None:
    policy, seen, states, torques, feet = make(tmp_path), [], [], [], []
    gate = world.make_world(exam_of(policy.contract.cfg), np.ones(1))

    def act(obs: np.ndarray, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, Hidden]:
        seen.append(obs[0])
        feet.append(tick.foot_force)
        return policy.act(obs, hidden)

    def watched(torque: np.ndarray) -> np.ndarray:
        states.append(gate.look())
        torques.append(torque[0].copy())
        return gate.advance(torque)

    scenario = plan()
    pupil = make_pupil(replace(policy, act=act))
    seen_through = gate._replace(advance=watched)
    tick = rollout.start(pupil, seen_through, scenario)
    phase = float(tick.memory.phase[0])
    for command in scenario.command:
        tick, _ = rollout.control_step(pupil, seen_through, nobody, tick, command)

    reader, substeps = Reader(policy.metadata, phase), int(policy.metadata["decimation"])
    asked = dict(zip(policy.metadata["command_names"].split(","), scenario.command[0, 0], strict=True))
    for step in range(STEPS):
        now = states[step * substeps]
        obs = reader.observe(sensed(now, feet[step]), asked)
        np.testing.assert_allclose(obs, seen[step], atol=2e-5, err_msg=f"observation at step {step}")
        actions, raw, _ = policy.act(seen[step][None], ())
        reader.act(actions[0], raw[0])
        for i in range(step * substeps, (step + 1) * substeps):
            want = dict(zip(ROBOT.dofs, torques[i], strict=True))
            got = reader.torque(sensed(states[i], feet[step]))
            for joint, tau in got.items():
                assert abs(tau - want[joint]) < 1e-4, (step, i, joint)
    assert np.abs(torques).max() > 1.0 and np.ptp(seen, axis=0).max() > 0.5, "the robot is to be at work"


def test_shipped_files_say_what_their_numbers_are() -> None:
    """Read with ONNX and JSON alone."""
    for name in ("mini_cheetah_walk", "mini_cheetah_ref"):
        model = onnx.load(ASSETS / "policies" / f"{name}.onnx")
        data = {p.key: p.value for p in model.metadata_props}
        layout = json.loads(data["observation_layout"])
        assert len(layout) == model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        assert all(set(n) == {"name", "term", "index", "unit", "frame", "scale", "age"} for n in layout)
        clock = [(n["index"], n["unit"]) for n in layout if n["term"] == "gait_phase"]
        assert clock == [("sin", "1"), ("cos", "1")]
        assert "2 pi hz dt" in json.loads(data["clock"])["rule"]
        assert "kp (default + target - q)" in json.loads(data["motors"])[0]["rule"]
        assert {"observation", "action", "motors", "clock", "frames", "encoders"} <= set(
            json.loads(data["rules"])
        )


def test_a_description_has_no_parameter_left_open() -> None:
    cfg = Config(
        robot="mini_cheetah",
        actions={"dof_pos_target": ActionTerm()},
        observations=Observations(actor=("dof_pos",)),
        actuator=("dc_motor", {"gains": {}}),
    )
    told = json.loads(describe(cfg, ROBOT)["motors"])
    assert [m["name"] for m in told] == ["dc_motor", "gains"]
    assert told[0]["parameters"]["stall"] == list(ROBOT.torque_limit)
    assert told[0]["parameters"]["no_load"] == list(ROBOT.dof_vel_limit)
    assert told[1]["parameters"] == {"kp": [1.0, 1.0], "kd": [1.0, 1.0]}
