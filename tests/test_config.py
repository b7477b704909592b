"""YAML to Config: types, strictness, overrides and the way back."""

import dataclasses
from pathlib import Path

import pytest

from gpugym_jax import config_yaml
from gpugym_jax.config import ActionTerm, Config
from gpugym_jax.config_yaml import dump, load_config, to_mapping
from gpugym_jax.tables import UserError

TEXT = """
robot: mini_cheetah
control: {hz: 100, physics_hz: 500}
actions: {dof_pos_target: {scale: [0.1, 1, 2]}, tau_ff: {scale: 3}}
observations:
  actor: [base_height, dof_pos]
  scale: {base_height: 0.3, dof_pos: [1, 2]}
commands: {lin_vel_x: [-1, 4]}
rewards:
  tracking_lin_vel: {weight: 1, sigma: 0.25}
  torques: {weight: -1e-5}
reset: {range: }
terminations: {contact: {bodies: [base, thigh]}}
randomize: {friction: [0.5, 1.25]}
ppo: {learning_rate: 1e-5, actor: 64, desired_kl: null}
runner: {num_envs: 1e3, run_name: 12}
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "walk.yaml"
    file.write_text(TEXT)
    return str(file)


def refused(tmp_path: Path, text: str, *overrides: str) -> str:
    """The error that a YAML of this text gives."""
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        load_config(str(file), overrides)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_values_have_the_types_of_the_dataclasses(path: str) -> None:
    cfg = load_config(path)
    assert cfg.task == "walk"
    assert (cfg.control.hz, type(cfg.control.hz)) == (100.0, float)
    assert cfg.actions == {"dof_pos_target": ActionTerm(scale=(0.1, 1.0, 2.0)), "tau_ff": ActionTerm((3.0,))}
    assert cfg.observations.actor == ("base_height", "dof_pos")
    assert cfg.observations.critic == "same"
    assert cfg.observations.scale == {"base_height": 0.3, "dof_pos": (1.0, 2.0)}
    assert cfg.commands.lin_vel_x == (-1.0, 4.0)
    assert cfg.rewards["torques"] == {"weight": -1e-5}
    assert cfg.terminations == {"contact": {"bodies": ("base", "thigh")}}
    assert cfg.reset == {"range": {}}
    assert cfg.randomize.properties == {"friction": (0.5, 1.25)}
    assert cfg.ppo.learning_rate == 1e-5
    assert cfg.ppo.actor == (64,)
    assert cfg.ppo.desired_kl is None
    assert (cfg.runner.num_envs, type(cfg.runner.num_envs)) == (1000, int)
    assert cfg.runner.run_name == "12"


def test_what_the_yaml_leaves_out_keeps_its_default(path: str) -> None:
    cfg = load_config(path)
    assert cfg.actuator == ("pd",)
    assert cfg.evaluate == Config().evaluate


@pytest.mark.parametrize(
    "overrides", [(), ("physics.threads=2", "clock={steady: {hz: 3.5}}", "runner.run_name='1e-5'")]
)
def test_a_dumped_config_loads_equal(path: str, tmp_path: Path, overrides: tuple[str, ...]) -> None:
    cfg = load_config(path, overrides)
    dump(cfg, tmp_path / "resolved.yaml")
    assert load_config(str(tmp_path / "resolved.yaml")) == cfg


def test_the_defaults_dump_and_load_equal(tmp_path: Path) -> None:
    cfg = dataclasses.replace(Config(), task="t")
    dump(cfg, tmp_path / "t.yaml")
    assert load_config(str(tmp_path / "t.yaml")) == cfg
    assert to_mapping(cfg)["commands"]["lin_vel_x"] == [0.0, 0.0]


def test_overrides_set_fields_and_add_entries(path: str) -> None:
    cfg = load_config(
        path,
        [
            "ppo.learning_rate=3e-4",
            "runner.seed=7",
            "rewards.lin_vel_z.weight=-1",
            "rewards.torques.weight=-2e-5",
            "commands.lin_vel_y=[-0.5, 0.5]",
            "observations.critic=[dof_pos]",
            "episode_s=5",
            "runner.seed=8",
        ],
    )
    assert cfg.ppo.learning_rate == 3e-4
    assert cfg.runner.seed == 8
    assert cfg.rewards["lin_vel_z"] == {"weight": -1}
    assert cfg.rewards["torques"] == {"weight": -2e-5}
    assert cfg.rewards["tracking_lin_vel"]["sigma"] == 0.25
    assert cfg.commands.lin_vel_y == (-0.5, 0.5)
    assert cfg.observations.critic == ("dof_pos",)
    assert cfg.episode_s == 5.0


def test_an_unknown_key_names_the_nearest_and_all(tmp_path: Path) -> None:
    message = refused(tmp_path, "obsevations: {}")
    assert message.startswith(f"{tmp_path / 'x.yaml'}: no key named 'obsevations'")
    assert "Did you mean 'observations'?" in message
    assert "There are: actions, actuator, clock, commands," in message
    message = refused(tmp_path, "actions: {dof_pos_target: {scal: 1}}")
    assert (
        "no key in actions.dof_pos_target named 'scal'. Did you mean 'scale'? There are: clip, scale."
        in message
    )


def test_an_unknown_override_names_itself(tmp_path: Path) -> None:
    message = refused(tmp_path, "", "ppo.learnin_rate=1")
    assert message.startswith(
        "ppo.learnin_rate=1: no key in ppo named 'learnin_rate'. Did you mean 'learning_rate'?"
    )
    assert "Did you mean 'runner'?" in refused(tmp_path, "", "runer.seed=1")
    assert "'seed' is a value" in refused(tmp_path, "", "runner.seed.x=1")
    assert "not an override" in refused(tmp_path, "", "runner.seed")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("episode_s: long", "episode_s wants a number above 0 and at most 100000, got 'long'"),
        ("episode_s: true", "episode_s wants a number above 0 and at most 100000, got true"),
        (
            "runner: {seed: 1.5}",
            "runner.seed wants a whole number of at least 0 and at most 2147483647, got 1.5",
        ),
        ("reward: {clip_negative: 1}", "reward.clip_negative wants true or false, got 1"),
        ("commands: {lin_vel_x: 1}", "commands.lin_vel_x wants 2 numbers, [low, high], got 1"),
        ("commands: {lin_vel_x: [1, 2, 3]}", "commands.lin_vel_x wants 2 numbers"),
        (
            "commands: {lin_vel_x: [2, 1]}",
            "commands.lin_vel_x wants [low, high] with low <= high",
        ),
        ("randomize: {friction: [a, b]}", "randomize.friction wants a number, got 'a'"),
        ("rewards: {torques: -1}", "rewards.torques wants named entries, got -1"),
        ("ppo: 3", "ppo wants a section with actor, critic,"),
        ("- a", "the whole wants a section"),
        ("robot: a\nrobot: b", "line 2: key 'robot' is given twice"),
        ("robot: [a", "not YAML"),
        (
            "observations: {scale: {dof_pos: [1, x]}}",
            "observations.scale.dof_pos wants a number above 0, got 'x'",
        ),
        ("runner: {stop_at_reward: x}", "runner.stop_at_reward wants a number or null, got 'x'"),
    ],
)
def test_a_wrong_value_names_its_place(tmp_path: Path, text: str, part: str) -> None:
    assert part in refused(tmp_path, text)


def test_tasks_are_the_yamls_of_the_configs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sweeps").mkdir()
    for name in ("walk", "run", "sweeps/grid"):
        (tmp_path / f"{name}.yaml").write_text("robot: r")
    monkeypatch.setattr(config_yaml, "CONFIGS", tmp_path)
    assert config_yaml.task_names() == ["run", "walk"]
    assert load_config("walk") == Config(task="walk", robot="r")
    with pytest.raises(UserError, match=r"no task named 'wolk'. Did you mean 'walk'\? There are: run, walk."):
        load_config("wolk")
    with pytest.raises(UserError, match=r"no file 'nowhere/x.yaml'"):
        load_config("nowhere/x.yaml")
