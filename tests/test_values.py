"""Values from outside: what is read as what, what is refused and in which words, and that it is quick."""

import dataclasses
import subprocess
import sys
import time
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import annotated_types
import pytest

from gpugym_jax.bounds import Positive, Positives, Range
from gpugym_jax.config import Config, Draw
from gpugym_jax.config_yaml import from_mapping, load_config, task_names, to_mapping, with_overrides
from gpugym_jax.tables import UserError, bind_parameters
from gpugym_jax.values import typed
from gpugym_jax.values.faults import FaultError
from tests.wrong_values import WRONG


@pytest.mark.parametrize(("override", "part"), WRONG, ids=[w[0][:40] for w in WRONG])
def test_a_wrong_value_is_one_line_with_place_wish_and_value(override: str, part: str) -> None:
    with pytest.raises(UserError) as error:
        load_config("cartpole", [override])
    message = str(error.value)
    assert part in message
    assert message.startswith(override.partition("\n")[0])
    assert "\n" not in message.removeprefix(override)


@pytest.mark.parametrize(
    ("override", "place", "value"),
    [
        ("runner.run_name=010", "runner.run_name", "010"),
        ("runner.run_name=12:30:00", "runner.run_name", "12:30:00"),
        ("runner.run_name=no", "runner.run_name", "no"),
        ("runner.run_name=1e-5", "runner.run_name", "1e-5"),
        ("runner.run_name=true", "runner.run_name", "true"),
        ("runner.run_name='null'", "runner.run_name", "null"),
        ("runner.run_name=", "runner.run_name", ""),
        ("runner.run_name=2026-01-02", "runner.run_name", "2026-01-02"),
        ("runner.num_envs=010", "runner.num_envs", 10),
        ("runner.num_envs=1e3", "runner.num_envs", 1000),
        ("runner.num_envs=8.0", "runner.num_envs", 8),
        ("runner.seed=2147483647", "runner.seed", 2**31 - 1),
        ("ppo.learning_rate=1e-5", "ppo.learning_rate", 1e-5),
        ("ppo.learning_rate=.5", "ppo.learning_rate", 0.5),
        ("ppo.desired_kl=null", "ppo.desired_kl", None),
        ("ppo.desired_kl=~", "ppo.desired_kl", None),
        ("ppo.value_clip=True", "ppo.value_clip", True),
        ("ppo.actor=64", "ppo.actor", (64,)),
        ("ppo.actor=[]", "ppo.actor", ()),
        ("runner.trackers=[]", "runner.trackers", ()),
        ("runner.trackers=csv", "runner.trackers", ("csv",)),
        ("randomize.friction=[1, 1]", "randomize.properties", {"friction": (1.0, 1.0)}),
        ("randomize.gravity={range: [-1, 1], every: episode}", "randomize.properties", {"gravity": Draw((-1.0, 1.0), "episode")}),
        ("commands.zero_probability=1", "commands.zero_probability", 1.0),
        ("physics.isaac.physx.solver_type=0", "physics.isaac.physx.solver_type", 0),
        ("physics.isaac.device=cuda:3", "physics.isaac.device", "cuda:3"),
        ("observations.scale.dof_vel=[1, 2]", "observations.scale", {"dof_pos_abs": (3.0, 3.14159), "dof_vel": (1.0, 2.0)}),
        ("terminations.tilt.angle=1e-1", "terminations", {"tilt": {"angle": 0.1}}),
        ("reset={range: }", "reset", {"range": {}}),
    ],
)  # fmt: skip
def test_the_fields_type_reads_the_text(override: str, place: str, value: Any) -> None:
    found: Any = load_config("cartpole", [override])
    for name in place.split("."):
        found = getattr(found, name)
    assert (found, type(found)) == (value, type(value))


# ---------------------------------------------------------------- open sections, lists of terms


Entry = str | dict[str, dict[str, object]]


@dataclass(frozen=True)
class Group:
    """An entry of an open section."""

    terms: tuple[Entry, ...]
    history: int = 1


@dataclass(frozen=True)
class Seen:
    """An open section."""

    OPEN: ClassVar[str] = "groups"
    clip: Positive = 1.0
    groups: dict[str, tuple[Entry, ...] | Group | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Whole:
    """A configuration with one."""

    seen: Seen = field(default_factory=Seen)
    actuator: tuple[Entry, ...] = ("pd",)
    scale: Positive | Positives = 1.0


def faulty(hint: Any, value: object) -> str:
    with pytest.raises(FaultError) as fault:
        typed.read(hint, value)
    return fault.value.sentence()


def test_what_is_no_field_of_an_open_section_is_one_of_its_entries() -> None:
    given = {"clip": "2", "actor": ["a", "b"], "teacher": {"terms": "a", "history": "3"}, "none": None}
    got = typed.read(Whole, {"seen": given})
    assert got.seen == Seen(2.0, {"actor": ("a", "b"), "teacher": Group(("a",), 3), "none": None})
    plain = {"clip": 2.0, "actor": ["a", "b"], "teacher": {"terms": ["a"], "history": 3}, "none": None}
    assert to_mapping(got)["seen"] == plain
    assert typed.read(Whole, {"seen": plain}) == got


def test_a_union_is_read_by_the_shape_of_the_value() -> None:
    assert typed.read(Positive | Positives, "3") == 3.0
    assert typed.read(Positive | Positives, ["3"]) == (3.0,)
    assert typed.read(tuple[str, ...] | Group, "a") == ("a",)
    wrong = faulty(Whole, {"seen": {"actor": {"term": "a"}}})
    assert wrong == "no key in seen.actor named 'term'. Did you mean 'terms'? There are: history, terms."
    wrong = faulty(Whole, {"seen": {"actor": {"history": "2"}}})
    assert wrong == "seen.actor wants a value for 'terms', got {'history': 2}"
    assert (
        faulty(Positive | Positives, {})
        == "the whole wants a number above 0 or a list of one or more numbers, got {}"
    )
    assert faulty(Whole, {"seen": {"actor": ["a", ["b"]]}}) == (
        "seen.actor wants text (quote it) or named entries, got ['b']"
    )


def test_a_list_of_terms_takes_bare_names() -> None:
    got = typed.read(
        Whole, {"actuator": [{"lstm": {"weights": "010"}}, "limit", {"delay": {"steps": ["0", "4"]}}]}
    )
    assert got.actuator == ({"lstm": {"weights": "010"}}, "limit", {"delay": {"steps": (0, 4)}})
    assert typed.read(Whole, {"actuator": "pd"}).actuator == ("pd",)
    assert typed.read(Whole, {"actuator": {"pd": None}}).actuator == ({"pd": {}},)
    wrong = faulty(Whole, {"actuator": ["pd", {"delay": "3"}]})
    assert wrong == "actuator[1].delay wants named entries, got 3"


# ---------------------------------------------------------------- parameters of terms


def term(
    s: object,
    *,
    target: float,
    sigma: Positive = 0.25,
    base: Range | None = None,
    names: tuple[str, ...] = (),
) -> None: ...


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"target": "abc"}, "reward 'term': target wants a number, got 'abc'"),
        ({"target": None}, "reward 'term': target wants a number, got null"),
        ({"target": True}, "reward 'term': target wants a number, got true"),
        ({"target": float("nan")}, "reward 'term': target wants a finite number"),
        ({"target": 1, "sigma": 0}, "reward 'term': sigma wants a number above 0, got 0"),
        ({"target": 1, "sigma": (1,)}, "reward 'term': sigma wants a number above 0, got [1]"),
        ({"target": 1, "base": 0.3}, "reward 'term': base wants 2 numbers, [low, high] or null, got 0.3"),
        ({"target": 1, "base": (2, 1)}, "reward 'term': base wants [low, high] with low <= high, got [2, 1]"),
        ({"target": 1, "names": {}}, "reward 'term': names wants a list of names, got {}"),
        ({"target": 1, "sigm": 0}, "reward 'term' has no parameter 'sigm'. Did you mean 'sigma'? It has: base,"),
        ({}, "reward 'term' needs a value for 'target'."),
    ],
)  # fmt: skip
def test_a_terms_parameters_have_the_types_of_its_annotations(given: dict, part: str) -> None:
    with pytest.raises(UserError) as error:
        bind_parameters("reward", "term", term, given)
    assert str(error.value).startswith(part)


def test_bound_parameters_are_typed() -> None:
    given = {"target": "010", "base": ["1", 2], "names": "a"}
    assert bind_parameters("reward", "term", term, given) == {
        "target": 10.0,
        "base": (1.0, 2.0),
        "names": ("a",),
    }


# ---------------------------------------------------------------- the configuration as a whole


def leaves(hint: Any, path: str = "", bounds: tuple = ()) -> list[tuple[str, Any, tuple]]:
    """Every scalar type in a type, with where it stands and what stands beside it."""
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        return [x for f in dataclasses.fields(hint) for x in leaves(hints[f.name], f"{path}.{f.name}")]
    if typing.get_origin(hint) is typing.Annotated:
        return leaves(hint.__origin__, path, hint.__metadata__)
    if typing.get_origin(hint) in (tuple, dict, types.UnionType, typing.Union):
        return [x for arg in typing.get_args(hint) for x in leaves(arg, path)]
    return [(path[1:], hint, bounds)]


def test_every_number_of_the_configuration_has_a_range_beside_it() -> None:
    bare = [
        path
        for path, hint, bounds in leaves(Config)
        if hint in (int, float) and not any(isinstance(b, annotated_types.BaseMetadata) for b in bounds)
    ]
    assert bare == []


def test_every_number_of_a_term_has_a_range_beside_it() -> None:
    import inspect

    from gpugym_jax.mdp import resets, rewards, terminations

    bare = [
        f"{name}.{p.name}"
        for table in (rewards.REWARDS, terminations.TERMINATIONS, resets.RESETS)
        for name, f in table.items()
        for p in inspect.signature(f).parameters.values()
        if p.kind is p.KEYWORD_ONLY
        for _, hint, bounds in leaves(p.annotation)
        if hint in (int, float) and not bounds and "ReadAs" not in str(p.annotation)
    ]
    assert bare == []


def scalars(cls: Any = Config, path: str = "") -> list[tuple[str, type, list[Any]]]:
    """The fields that are one number: where they are, their type, the bounds beside it."""
    found = []
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if typing.get_origin(hint) in (types.UnionType, typing.Union):
            hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        if dataclasses.is_dataclass(hint):
            found += scalars(hint, f"{path}{name}.")
        elif typing.get_origin(hint) is typing.Annotated and hint.__origin__ in (int, float):
            found.append((f"{path}{name}", hint.__origin__, list(hint.__metadata__)))
    return found


def edges() -> Iterator[tuple[str, float, float | None]]:
    """Of each bound of each number: the last value that is outside, and the first inside if it is the bound."""
    for path, kind, bounds in scalars():
        step = 1 if kind is int else 1e-6
        for bound in bounds:
            match bound:
                case annotated_types.Ge(low):
                    yield path, low - step * max(1, abs(low)), low
                case annotated_types.Le(high):
                    yield path, high + step * max(1, abs(high)), high
                case annotated_types.Gt(end) | annotated_types.Lt(end):
                    yield path, end, None


@pytest.mark.parametrize(("path", "outside", "inside"), list(edges()), ids=lambda x: str(x))
def test_a_range_ends_where_it_says(path: str, outside: float, inside: float | None) -> None:
    with pytest.raises(UserError, match="wants"):
        load_config("cartpole", [f"{path}={outside!r}"])
    if inside is not None:
        load_config("cartpole", [f"{path}={inside!r}"])


def test_every_default_is_inside_its_range() -> None:
    assert from_mapping(to_mapping(Config()), "defaults") == Config()


@pytest.mark.parametrize("task", task_names())
def test_a_shipped_task_survives_being_written_as_text(task: str) -> None:
    cfg = load_config(task)
    assert from_mapping(to_mapping(cfg), task) == cfg
    assert with_overrides(cfg, ["runner.seed=3"]).runner.seed == 3


def test_a_key_of_an_entry_may_be_set_where_only_the_default_has_it() -> None:
    assert load_config("mini_cheetah", ["reset.range.yaw=1"]).reset == {"range": {"yaw": 1}}


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xff\xfer\x00o\x00", "is not text in UTF-8: byte 0"),
        ("robot: m\xfcde".encode("latin-1"), "is not text in UTF-8: byte 8"),
        (b"robot: " + b"a" * 2_000_000, "is larger than 200 kB"),
        (b"ppo: " + b"[" * 3000, "nested too deeply"),
        (b"ppo: " + b"[" * 60 + b"]" * 60, "line 1 is nested too deeply"),
        (b"a: &a [*a]", "is nested too deeply or repeated too often by aliases"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in b"bcdefghi"),
            "repeated too often by aliases",
        ),
        (b"robot: a\x00b", "not YAML"),
        (b"robot: a\n---\nrobot: b", "not YAML"),
        (b"<<: {robot: a}", "no key named '<<'"),
        (b"\"ro\\nbot\": a", r"no key named 'ro\nbot'. Did you mean 'robot'?"),
        (b"".join(b"key%d: 1\n" % i for i in range(10_000)), "more than 10,000 values: it is no configuration"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_line_and_quick(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    began = time.process_time()
    with pytest.raises(UserError) as error:
        load_config(str(path))
    assert time.process_time() - began < 5.0
    assert str(error.value).startswith(str(path))
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfrobot: m\xc3\xbcde")
    assert load_config(str(tmp_path / "x.yaml")).robot == "müde"


def test_overrides_are_validated_once() -> None:
    """A hundred cost little more than one: each is folded into the mapping, which is read at the end."""
    load_config("cartpole")

    def cost(count: int) -> float:
        began = time.process_time()
        load_config("cartpole", [f"runner.seed={i}" for i in range(count)])
        return time.process_time() - began

    assert min(cost(100) for _ in range(3)) < 10 * min(cost(1) for _ in range(3))


def test_loading_a_task_imports_nothing_heavy() -> None:
    code = (
        "import sys; from gpugym_jax.config_yaml import load_config; load_config('mini_cheetah_walk')\n"
        "print({'jax', 'mujoco', 'flax', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
