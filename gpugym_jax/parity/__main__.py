"""`python -m gpugym_jax.parity --robot=mini_cheetah`: physics side by side. Exit code 0: within tolerance."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gpugym_jax import cli, devices
from gpugym_jax.bounds import Robots, Seed
from gpugym_jax.files import check_folder
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    from gpugym_jax.parity.judge import Row


@dataclass(frozen=True)
class Flags:
    """Run the same experiments on several physics (physics.a.b=value changes all), compare, write a page."""

    robot: str = ""
    """A robot's name: `gpugym list robots`."""
    backends: str = "mjx,mujoco"
    """Names with commas: mjx, mjx/jax, mjx/warp, mujoco, isaacgym, isaacgym/net. The reference is
    mujoco, or the first where it is not named."""
    experiments: str = ""
    """Names with commas; all that the robot can do by default."""
    out: Path = Path("parity")
    """Folder for ROBOT.html and ROBOT.json."""
    num_envs: Robots = 16
    """Robots in each experiment."""
    policy: Path | None = None
    """A policy file; the shipped one by default."""
    seed: Seed = 0
    """Of attitudes, starts and commands."""
    device: str | None = None
    """cpu, gpu or cuda:N, of JAX."""
    sim_device: str | None = None
    """cpu or cuda:N, of Isaac Gym."""
    isaac_python: str | None = None
    """The Python 3.8 that has Isaac Gym; that of the variable ISAAC_PYTHON by default."""
    compile_cache: bool = True
    """Keep compiled programs between runs."""


def names(text: str) -> list[str]:
    """What is between the commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def show(rows: "list[Row]") -> None:
    """Print what is out of tolerance, and how many are not."""
    from gpugym_jax.parity.page import number

    judged = [row for row in rows if row.passed is not None]
    out = [row for row in judged if not row.passed]
    for row in out:
        print(
            f"OUT: {row.experiment} {row.figure}{f' ({row.label})' if row.label else ''}, {row.backend} "
            f"against {row.against}: {number(row.value)} and {number(row.wanted)} {row.unit}, tolerance "
            f"{number(row.limit or 0.0)}{' of it' if row.relative else ''}"
        )
    print(f"{len(judged) - len(out)} of {len(judged)} figures within tolerance")


def run(flags: Flags, overrides: list[str]) -> int:
    """Measure, judge, write."""
    if not flags.robot:
        from gpugym_jax.robots import ROBOTS

        raise UserError(f"--robot is missing. There are: {', '.join(sorted(ROBOTS))}.")
    check_folder(flags.out, "--out")
    backends, only = names(flags.backends), names(flags.experiments)
    isaac = any(name.startswith("isaacgym") for name in backends)
    common = cli.Common(
        backend="isaacgym" if isaac else None,
        device=flags.device,
        sim_device=flags.sim_device,
        isaac_python=flags.isaac_python,
        compile_cache=flags.compile_cache,
    )
    overrides = [*overrides, *(x for x in cli.flag_overrides(common) if x.startswith("physics.isaac."))]
    if isaac:
        devices.leave_memory()
    devices.choose(cli.asked_devices(common))
    cli.start_jax(common)
    from gpugym_jax.parity.judge import verdict
    from gpugym_jax.parity.measuring import check_backends, choose, measure
    from gpugym_jax.parity.report import write_report
    from gpugym_jax.parity.setup import make_setup

    check_backends(backends)
    setup = make_setup(
        flags.robot, num_envs=flags.num_envs, seed=flags.seed, policy=flags.policy, overrides=overrides
    )
    choose(setup, only)
    measured = measure(setup, backends, only=only, say=lambda line: print(line, flush=True))
    show(measured.rows)
    for path in write_report(flags.out, setup, measured):
        print(f"wrote {path}")
    return 0 if verdict(measured.rows) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym parity")


if __name__ == "__main__":
    sys.exit(main())
