"""Policy files that are not what they should be: one line each, before anything acts."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gpugym_jax import evaluate
from gpugym_jax.mdp import actions
from gpugym_jax.paths import ASSETS
from gpugym_jax.policy.file import read_policy
from gpugym_jax.policy.metadata import BLOCKS, parse
from gpugym_jax.tables import UserError

WALK = ASSETS / "policies" / "mini_cheetah_walk.onnx"
SOUND = {p.key: p.value for p in onnx.load(WALK).metadata_props}
READ = sorted(
    set(SOUND)
    - {"command_names", "observation_layout", "observation_meanings", "obs_dim", "act_dim", "decimation"}
    - {"rules", "gpugym_version", "git_commit"}
)
"""The rest is for people and other programs."""
TEXTS = {"task", "robot"}
VALUES = {
    "joint_names": ["", "a,a", "a,,b", "a,b"],
    "actuated_joint_names": ["", "nose", "1_rf_haa,1_rf_haa"],
    "joint_stiffness": ["", "20.0", "nan," * 11 + "1", "-1," * 11 + "1", "x," * 11 + "1", "inf," * 11 + "1"],
    "joint_damping": ["", "1,2", "-0.5," * 11 + "1"],
    "default_joint_pos": ["0", "inf," * 11 + "1"],
    "torque_limits": ["nan," * 11 + "1", "-1," * 11 + "1", "18"],
    "command_ranges": ["1", "0;1,0;1", "1;-1,-1;1,-1;1", "nan;1,-1;1,-1;1"],
    "observation_names": ["", "base_lin_vel", "base_lin_val" + "," * 7],
    "observation_sizes": ["3", "3,3,3,3,12,12,12,0", "3,3,3,3,12,12,12,x", "1e9"],
    "observation_terms_scale": ["1", "1,1,1,1,1,1,1,nan", "1;2,1,1,1,1,1,1,1"],
    "observation_parameters": ["", "{}", "[1]", "[[],[],[],[],[],[],[],[]]", "[" * 5000],
    "observation_clip": ["0", "-1", "nan", "x", ""],
    "observation_history": ["0", "-1", "1.5", "1e9", "x"],
    "observation_delay": ["[1]", "[2, 1]", "[-1, 0]", "[0, 1e9]", "[0.5, 1]", "null", "[true, true]"],
    "encoder_offset": ["[1, 0]", "[NaN, 1]", '["a", "b"]', "3"],
    "action_blocks": ["", "dof_pos_traget", "dof_pos_target,dof_pos_target"],
    "action_scale": ["1", "nan," * 11 + "1"],
    "action_clip": ["0," * 11 + "1", "-1," * 11 + "1", "nan," * 11 + "1"],
    "step_dt": ["0", "-0.02", "nan", "inf", "x", ""],
    "sim_dt": ["0", "nan", "1e999"],
    "motors": ["", "{}", "[1]", '[{"name": 3, "parameters": {}}]', '[{"name": "pd", "parameters": []}]'],
    "clock": ["", "[]", '{"name": "steady"}', "NaN"],
    "iteration": ["-1", "x", "1.5", ""],
    "gpugym_config": ["", "[]", "{", '{"taks": "x"}'],
}


def test_every_field_that_is_read_is_tried() -> None:
    assert sorted([*VALUES, *TEXTS]) == READ
    assert tuple(actions.BLOCKS) == BLOCKS


@pytest.mark.parametrize("key", READ)
def test_a_field_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(UserError, match=f"^x is no policy of ours: its metadata lack '{key}'.$"):
        parse({k: v for k, v in SOUND.items() if k != key}, "x")


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, values in VALUES.items() for v in values])
def test_a_field_that_is_wrong_is_one_line(key: str, value: str) -> None:
    with pytest.raises(UserError) as error:
        parse({**SOUND, key: value}, "x.onnx")
    assert "\n" not in str(error.value)
    assert "x.onnx" in str(error.value)
    assert len(str(error.value)) < 600


def test_what_is_at_the_edge_passes() -> None:
    edge = {
        "torque_limits": ",".join(["inf"] * 12),
        "joint_damping": ",".join(["0"] * 12),
        "observation_clip": "inf",
        "observation_delay": "[0, 1000]",
        "encoder_offset": "[0.0, -0.0]",
        "command_ranges": "0;0,0;0,-1;1",
    }
    found = parse({**SOUND, **edge}, "x")
    assert found.observation_delay == (0, 1000)
    assert np.random.default_rng(0).uniform(*found.encoder_offset) == 0.0  # NumPy refuses [0.0, -0.0]


MOTORS = {
    "no motor": [],
    "an unknown one": [{"name": "pdd", "parameters": {}}],
    "NaN": [{"name": "pd", "parameters": {"kp": [float("nan")] * 12, "kd": [0.5] * 12}}],
    "negative": [{"name": "pd", "parameters": {"kp": [-20.0] * 12, "kd": [0.5] * 12}}],
    "text": [{"name": "pd", "parameters": {"kp": "much", "kd": [0.5] * 12}}],
    "a parameter that it has not": [{"name": "pd", "parameters": {"kq": 1.0}}],
    "too few": [{"name": "pd", "parameters": {"kp": [20.0] * 5, "kd": [0.5] * 12}}],
}
"""What only the gate's own table of motors can tell."""


@pytest.mark.parametrize("motors", MOTORS.values(), ids=MOTORS)
def test_motors_that_are_none_are_bad_input(
    motors: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(rewritten(tmp_path, motors=json.dumps(motors))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")


def rewritten(folder: Path, **metadata: str) -> Path:
    """The shipped walk with other metadata."""
    model = onnx.load(WALK)
    for entry in model.metadata_props:
        entry.value = metadata.get(entry.key, entry.value)
    onnx.save(model, folder / "p.onnx")
    return folder / "p.onnx"


def judge(file: Path) -> int:
    """The exit code of the command."""
    return evaluate.main([f"--policy={file}", "--episodes=2", "--seconds=2"])


def test_a_graph_must_take_and_give_what_the_metadata_say(tmp_path: Path) -> None:
    sound, file = onnx.load(WALK), tmp_path / "p.onnx"
    renamed = onnx.load(WALK)
    renamed.graph.output[0].name = "action"
    for node in renamed.graph.node:
        node.output[:] = ["action" if name == "actions" else name for name in node.output]
    onnx.save(renamed, file)
    with pytest.raises(
        UserError, match="its outputs are action, raw_actions; actions, raw_actions are wanted"
    ):
        read_policy(file)
    weights = max(sound.graph.initializer, key=lambda w: np.prod(w.dims))
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.nan, weights.name))
    onnx.save(sound, file)
    with pytest.raises(UserError, match="gives actions that are not finite"):
        read_policy(file)
    # eleven joints fewer to act on, of a graph that acts on twelve
    narrow = {"actuated_joint_names": "1_rf_haa", "action_scale": "1", "action_clip": "1"}
    with pytest.raises(UserError, match=r"gives actions of shape \(1, 12\); \(1, 1\) is wanted"):
        read_policy(rewritten(tmp_path, **narrow))
    no_text = WALK.read_bytes().replace(b"1_rf_haa,", b"1_rf_ha\xba,", 1)
    for content in (b"", b"no graph", WALK.read_bytes()[:5000], no_text):
        file.write_bytes(content)
        with pytest.raises(UserError, match="is not a whole ONNX file"):
            read_policy(file)
