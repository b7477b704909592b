"""The command from end to end: cartpole on C MuJoCo and MJX, and names that are wrong."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gpugym_jax.parity.__main__ import main
from gpugym_jax.parity.measuring import (
    check_backends,
    choose,
    kind_of,
    measure,
    order,
    physics_config,
    rounds_of,
)
from gpugym_jax.parity.setup import make_setup
from gpugym_jax.tables import UserError


class Page(HTMLParser):
    """What a browser would fetch, and whether elements close."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        given = dict(attrs)
        self.fetched += [v or "" for k, v in attrs if k == "src" or (tag == "link" and k == "href")]
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links |= {given["href"] or ""} if tag == "a" and "href" in given else set()
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It must close what is open."""
        assert self.open.pop() == tag


def command(*argv: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, "-m", "gpugym_jax", "parity", *argv],
        capture_output=True,
        text=True,
        env=env,
        timeout=600,
    )


def test_cartpole_from_end_to_end(tmp_path: Path) -> None:
    done = command("--robot=cartpole", "--backends=mjx/jax,mujoco", "--num_envs=4", f"--out={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "cartpole.json").read_text())
    assert figures["passed"] is True
    assert figures["backends"] == {"mujoco": "same", "mjx/jax": "same"}
    assert set(figures["experiments"]) == {"torque_response", "free_swing"}
    assert figures["not_run"]["friction_slide"] == "cartpole touches nothing"
    assert {"commit", "machine", "versions", "command"} <= set(figures)
    periods = [v["small_period"] for v in figures["experiments"]["free_swing"]["figures"].values()]
    assert periods == pytest.approx([1.8316, 1.8316], rel=2e-3)

    text = (tmp_path / "cartpole.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == ["html"] or page.open == []
    assert page.fetched == [], "the page must need nothing else"
    assert {link[1:] for link in page.links} <= page.ids
    assert text.count("<svg") == 2 and "within" in text and "OUT" not in text
    assert len(text) < 1_500_000


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        ([], "--robot is missing. There are: cartpole,"),
        (["--robot=cartpool"], "no robot named 'cartpool'. Did you mean 'cartpole'?"),
        (["--robot=cartpole", "--backends=mjx,mujcoo"], "no backend named 'mujcoo'. Did you mean 'mujoco'?"),
        (["--robot=cartpole", "--backends=mjx/wrap"], "no impl of mjx named 'wrap'. Did you mean 'warp'?"),
        (["--robot=cartpole", "--experiments=free_swin"], "Did you mean 'free_swing'?"),
        (["--robot=cartpole", "--experiments=drop,push"], "nothing to run: cartpole touches nothing."),
        (
            ["--robot=cartpole", "physics.frction=1"],
            "no key in physics named 'frction'. Did you mean 'friction'",
        ),
        (["--robot=cartpole", "runner.seed=1"], "parity takes overrides of physics only"),
        (["--robot=cartpole", "--num_env=3"], "no flag '--num_env'. Did you mean '--num_envs'?"),
    ],
)
def test_wrong_names_are_one_line_and_code_2(
    argv: list[str], part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, f"--out={tmp_path / 'out'}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert part in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ([], "--backends is empty"),
        (["mujoco", "mujoco"], "names 'mujoco' twice"),
        (["mujoco/jax"], "mujoco has no variants; write mujoco."),
        (["isaacgym/nett"], "no contact measurement of isaacgym named 'nett'. Did you mean 'net'?"),
    ],
)
def test_wrong_backends(names: list[str], part: str) -> None:
    with pytest.raises(UserError) as error:
        check_backends(names)
    assert part in str(error.value)


def test_too_few_robots_and_foreign_policies_are_refused() -> None:
    with pytest.raises(UserError, match=r"mini_cheetah needs at least 12"):
        make_setup("mini_cheetah", num_envs=5)
    walk = Path("assets/policies/mini_cheetah_walk.onnx")
    with pytest.raises(UserError, match="is a policy of 'mini_cheetah', not of 'toy'"):
        make_setup("toy", policy=walk)


def test_the_reference_is_mujoco_or_the_first() -> None:
    assert order(["mjx/jax", "mujoco", "isaacgym"]) == ["mujoco", "mjx/jax", "isaacgym"]
    assert order(["mjx/warp", "mjx/jax"]) == ["mjx/warp", "mjx/jax"]
    setup = make_setup("cartpole", num_envs=4)
    cfg = physics_config("mjx/jax", setup.physics)
    assert (cfg.backend, cfg.impl) == ("mjx", "jax")


def test_contacts_are_measured_in_both_of_isaac_gyms_ways() -> None:
    chosen, _ = choose(make_setup("mini_cheetah", num_envs=12))
    rounds = dict(rounds_of(["isaacgym", "mujoco"], chosen))
    assert list(rounds) == ["mujoco", "isaacgym", "isaacgym/net"]
    assert rounds["mujoco"] == rounds["isaacgym"] == chosen
    assert [e.name for e in rounds["isaacgym/net"]] == ["standing_contacts", "walking_contacts"]
    falling, _ = choose(make_setup("mini_cheetah", num_envs=12), ["free_fall"])
    assert list(dict(rounds_of(["isaacgym"], falling))) == ["isaacgym"]


def test_only_a_physics_that_says_so_is_held_to_real_tolerances_or_the_doubles() -> None:
    class Told:
        def __init__(self, **facts: bool) -> None:
            vars(self).update(facts)

    kinds = [
        kind_of(Told(**f), name)
        for f, name in (({}, "mujoco"), ({"is_double": True}, "isaacgym"), ({"is_double": False}, "isaacgym"))
    ]  # type: ignore[arg-type]
    assert kinds == ["same", "double", "real"]


def test_a_policy_walks_as_the_gate_walks_it() -> None:
    """One backend, the shipped policy: it follows its commands and does not fall."""
    setup = make_setup("mini_cheetah", num_envs=12)
    chosen, _ = choose(setup, ["shipped_policy"])
    measured = measure(setup, ["mujoco"], only=["shipped_policy"])
    record = measured.records["shipped_policy"]["mujoco"]
    assert [e.name for e in chosen] == ["shipped_policy"]
    assert record.figures["falls"] == 0
    assert record.figures["tracking_error"] < 0.08
    assert abs(record.figures["height"] - 0.29) < 0.03
