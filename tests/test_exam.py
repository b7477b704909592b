"""Files that would excuse themselves: each is judged as the shipped one is, or not judged."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from gpugym_jax import evaluate
from gpugym_jax.config import Config
from gpugym_jax.config_exam import ExamCommands, ExamPushes, ExamStart, Falls, Gate
from gpugym_jax.config_yaml import load_config, task_names, to_mapping
from gpugym_jax.gate import verdict
from gpugym_jax.gate.exam import NotJudgedError, exam_of, find_exam
from gpugym_jax.gate.scenario import draw_scenario
from gpugym_jax.paths import ASSETS
from gpugym_jax.policy.file import Policy, read_policy
from gpugym_jax.policy.metadata import parse
from gpugym_jax.robots.mini_cheetah import MINI_CHEETAH
from gpugym_jax.tables import UserError

SMALL = ("evaluate.episodes=3", "evaluate.seconds=1.2", "evaluate.pushes.every_s=0.5")
SHIPPED = ("mini_cheetah_walk", "mini_cheetah_ref")
EASY = Gate(
    episodes=1,
    start=ExamStart(tilt=0.0, dofs={"slider_to_cart": (0.0, 0.0)}),
    commands=ExamCommands((0, 0), (0, 0), (0, 0)),
    pushes=ExamPushes(every_s=0.0),
    friction=(1.0, 1.0),
    falls=Falls(bodies=(), force=1e9, tilt=3.1, height=0.0),
    max_falls=0.99,
    max_lin_vel_error=1e9,
    max_ang_vel_error=1e9,
)


def physics(**changes: Any) -> Callable[[Config], Config]:
    return lambda cfg: replace(cfg, physics=replace(cfg.physics, **changes))


IN_THE_CONFIGURATION: dict[str, Callable[[Config], Config]] = {
    "no terminations": lambda cfg: replace(cfg, terminations={}),
    "bounds of 1e9": lambda cfg: replace(cfg, evaluate=EASY),
    "starts hanging": lambda cfg: replace(cfg, reset={"range": {"base_height": (5.0, 5.0)}}),
    "starts lying": lambda cfg: replace(cfg, reset={"range": {"base_height": (0.1, 0.1), "tilt": 1.5}}),
    "is asked nothing": lambda cfg: replace(cfg, commands=type(cfg.commands)()),
    "is not pushed": lambda cfg: replace(cfg, pushes=type(cfg.pushes)()),
    "another friction": physics(friction=50.0),
    "more iterations": physics(solver_iterations=99, line_search_iterations=99),
    "another rate": lambda cfg: replace(cfg, control=replace(cfg.control, physics_hz=1000.0)),
    "a robot of its own": lambda cfg: replace(cfg, robot="cartpole"),
}
IN_THE_METADATA = {
    "another time step": {"sim_dt": "0.0001", "decimation": "200"},
    "endless torque": {"torque_limits": ",".join(["1e9"] * 12)},
}
NOT_JUDGED = {
    "an unknown task": {"task": "mini_cheetah_wlak"},
    "a path for a task": {"task": "./configs/mini_cheetah.yaml"},
    "another robot's task": {"task": "cartpole"},
    "an unknown robot": {"robot": "mini_cheeta"},
    "joints in another order": {"joint_names": ",".join(reversed(MINI_CHEETAH.dofs))},
    "a control step between the exam's": {"step_dt": "0.0213"},
    "a control step below the exam's": {"step_dt": "0.0001"},
    "a control step as long as an episode": {"step_dt": "10.0"},
}


def shipped(name: str) -> Policy:
    return read_policy(ASSETS / "policies" / f"{name}.onnx")


def doctored(policy: Policy, **metadata: str) -> Policy:
    data = {**policy.metadata, **metadata}
    return replace(policy, metadata=data, contract=parse(data, "doctored"))


def with_gain(policy: Policy, kp: float) -> str:
    """The file's motors with another stiffness, N m/rad."""
    motors = json.loads(policy.metadata["motors"])
    motors[0]["parameters"]["kp"] = [kp] * 12
    return json.dumps(motors)


def measures(policy: Policy) -> tuple[Any, list[verdict.Row]]:
    exam = find_exam(policy.contract, overrides=SMALL)
    found, rows, _ = verdict.evaluate(policy, exam, seed=3)
    return found, rows


@pytest.fixture(scope="module", params=SHIPPED)
def sound(request: pytest.FixtureRequest) -> tuple[Policy, Any, list[verdict.Row]]:
    policy = shipped(request.param)
    return policy, *measures(policy)


def with_cfg(policy: Policy, cfg: Config, **metadata: str) -> Policy:
    return doctored(policy, gpugym_config=json.dumps(to_mapping(cfg)), **metadata)


def test_a_doctored_file_is_judged_as_the_shipped_one(sound: tuple[Policy, Any, Any]) -> None:
    policy, found, rows = sound
    assert found["pushed"]["torque"] > 1.0, "the robots are to be at work"
    everything: dict[str, str] = {}
    for name, data in IN_THE_METADATA.items():
        assert measures(doctored(policy, **data)) == (found, rows), name
        everything |= data
    cfg = policy.contract.cfg
    for change in IN_THE_CONFIGURATION.values():
        cfg = change(cfg)
    assert measures(with_cfg(policy, cfg, **everything)) == (found, rows)


@pytest.mark.parametrize("name", IN_THE_CONFIGURATION)
def test_no_single_setting_of_a_file_reaches_its_exam(name: str) -> None:
    policy = shipped("mini_cheetah_walk")
    changed = IN_THE_CONFIGURATION[name](policy.contract.cfg)
    assert changed != policy.contract.cfg
    want, got = find_exam(policy.contract), find_exam(with_cfg(policy, changed).contract)
    assert repr(got) == repr(want)


def test_what_a_robots_computer_needs_is_the_files(sound: tuple[Policy, Any, Any]) -> None:
    """Else the test above would pass for a gate that reads no file."""
    policy, found, _ = sound
    limp = doctored(policy, motors=with_gain(policy, 0.0))
    assert measures(limp)[0] != found


@pytest.mark.parametrize("name", NOT_JUDGED)
def test_a_file_that_does_not_fit_is_not_judged(name: str) -> None:
    with pytest.raises(NotJudgedError) as why:
        measures(doctored(shipped("mini_cheetah_walk"), **NOT_JUDGED[name]))
    assert "\n" not in str(why.value)


def test_an_exam_is_forced_by_name() -> None:
    stranger = doctored(shipped("mini_cheetah_walk"), task="unheard_of").contract
    forced = find_exam(stranger, "mini_cheetah_ref")
    assert (forced.task, forced.own, forced.asked.ranges[0, 1]) == ("mini_cheetah_ref", False, 4.0)
    own = find_exam(stranger, own=True, overrides=["evaluate.max_falls=0.5"])
    assert (own.own, own.gate.max_falls, own.changed) == (True, 0.5, ("evaluate.max_falls=0.5",))
    with pytest.raises(UserError, match="Did you mean 'mini_cheetah_walk'"):
        find_exam(stranger, "mini_cheetah_wolk")


def test_a_robots_limits_bind_even_in_its_own_exam() -> None:
    """Torques of 300 N m are asked for; the robot has 18 and 28."""
    policy = shipped("mini_cheetah_walk")
    strong = doctored(policy, motors=with_gain(policy, 3000.0), torque_limits=",".join(["1e9"] * 12))
    exam = find_exam(strong.contract, own=True, overrides=SMALL)
    found, _, _ = verdict.evaluate(strong, exam, seed=0)
    assert 5.0 < found["calm"]["torque"] < 28.0


def test_every_shipped_task_has_an_exam_that_begins_in_order() -> None:
    for task in task_names():
        cfg = load_config(task)
        exam = exam_of(cfg)
        plan = draw_scenario(exam, 1.0 / cfg.control.hz, seed=0, calm=False)
        verdict.check_gate(exam.gate)
        assert plan.start.dof_pos.shape == (exam.gate.episodes, len(exam.robot.dofs))
        bounds = [f for f in dataclasses.fields(Gate) if f.name.startswith(("max", "min"))]
        assert sum(getattr(exam.gate, f.name) is not None for f in bounds) >= 2, task


# ---------------------------------------------------------------- the command


def write(path: Path, **metadata: str) -> Path:
    """The shipped walk's file with other metadata."""
    model = onnx.load(ASSETS / "policies" / "mini_cheetah_walk.onnx")
    for entry in model.metadata_props:
        entry.value = metadata.get(entry.key, entry.value)
    onnx.save(model, path)
    return path


NO_EXAMINERS = {
    "physics.friction=0.05": "What can be changed: ",
    "physics.solver_iterations=1": "What can be changed: ",
    "physics={friction: 0.05}": "name the fields one by one",
}
"""Overrides of what an exam sets itself: of the ground, by evaluate.friction, and of the solver."""


def test_exit_codes_and_what_the_verdict_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, out = ("--episodes=3", "--seconds=2"), tmp_path / "gate.json"
    file = write(tmp_path / "p.onnx", task="unheard_of")
    assert evaluate.main([f"--policy={file}", *few, f"--json={out}"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("not judged: ") and said.count("\n") == 1 and "'unheard_of'" in said
    written = json.loads(out.read_text())
    assert written["passed"] is False and "unheard_of" in written["not_judged"]

    for flag, title in (
        ("--own_exam", "its own exam"),
        ("--task=mini_cheetah_walk", "exam mini_cheetah_walk"),
    ):
        bodies = "evaluate.falls.bodies=[base]"  # which rich would take for a colour
        argv = [f"--policy={file}", flag, *few, "evaluate.friction=[0.9,1]", bodies, f"--json={out}"]
        assert evaluate.main(argv) == 0
        said, written = capsys.readouterr().out, json.loads(out.read_text())
        words = " ".join(said.split())
        assert title in words and "evaluate.friction=[0.9,1]" in words and bodies in words
        assert "zero_step_rates" in said and "zero_air_share" in said
        assert written["exam"]["own"] is (flag == "--own_exam")
        assert written["exam"]["friction"] == [0.9, 1.0]
        assert "evaluate.friction=[0.9,1]" in written["exam"]["changed"]
        assert written["measures"]["pushed"].keys() >= {"falls", "zero_step_rates", "zero_air_share"}
    for text, says in NO_EXAMINERS.items():
        assert evaluate.main([f"--policy={file}", "--own_exam", *few, text]) == 2
        assert says in capsys.readouterr().err
    assert evaluate.main([f"--policy={file}", "--own_exam", "evaluate={episodes: 2}", "--seconds=2"]) == 0
    assert ": 2 episodes of 2 s" in " ".join(capsys.readouterr().out.split())
    assert evaluate.main([f"--policy={file}", "--task=mini_cheetah_wolk"]) == 2
    assert evaluate.main([f"--policy={file}", "--own_exam", "evaluate.fiction=[1,1]"]) == 2
    assert "Did you mean 'friction'" in capsys.readouterr().err
