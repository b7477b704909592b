"""`python -m gpugym_jax.bench --task=mini_cheetah`: an environment's speed beside its bare physics'."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from gpugym_jax import cli
from gpugym_jax.bounds import Count, Robots
from gpugym_jax.files import check_file


@dataclass(frozen=True)
class Flags:
    """Measure an environment against its bare physics, in turns, in one run."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    sizes: tuple[Robots, ...] = ()
    """Numbers of robots to measure; --num_envs by default."""
    steps: Count = 50
    """Control steps a measurement."""
    repeats: Count = 5
    """Measurements of each; the median counts."""
    parts: bool = False
    """Whether a training iteration is timed too, whole and without its epochs: two programs more."""
    json: Path | None = None
    """Where to write the figures."""


def run(flags: Flags, overrides: list[str]) -> int:
    """Measure, print, write."""
    check_file(flags.json, "--json")
    cfg = cli.configure(flags.common, overrides)
    cli.start_jax(flags.common)
    from gpugym_jax.bench.parts import parts
    from gpugym_jax.bench.throughput import bench_physics, compare
    from gpugym_jax.physics import resolve
    from gpugym_jax.robots.scene import make_scene
    from gpugym_jax.runs.results import write_result

    backend, impl = resolve(cfg.physics)
    scene, rows = make_scene(cfg.robot), []
    for num_envs in flags.sizes or (cfg.runner.num_envs,):
        with contextlib.closing(bench_physics(cfg, scene, num_envs)) as physics:
            row = compare(cfg, scene.robot, physics, flags.steps, flags.repeats)
            if flags.parts:
                row |= parts(cfg, scene.robot, physics, flags.repeats)
        rows.append(row)
        print(f"{cfg.task} {backend} {impl} {row}", flush=True)
    if flags.json:
        figures = {"task": cfg.task, "backend": backend, "impl": impl, "steps": flags.steps, "rows": rows}
        write_result(flags.json, figures)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="python -m gpugym_jax.bench")


if __name__ == "__main__":
    sys.exit(main())
