"""`python -m gpugym_jax.bench --task=mini_cheetah`: an environment's speed beside its bare physics'."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from gpugym_jax import cli


@dataclass(frozen=True)
class Flags:
    """Measure an environment against its bare physics, in turns, in one run."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    sizes: tuple[int, ...] = ()
    """Numbers of robots to measure; --num_envs by default."""
    steps: int = 50
    """Control steps a measurement."""
    repeats: int = 5
    """Measurements of each; the median counts."""
    json: Path | None = None
    """Where to write the figures."""


def run(flags: Flags, overrides: list[str]) -> int:
    """Measure, print, write."""
    cfg = cli.configure(flags.common, overrides)
    cli.start_jax(flags.common)
    from gpugym_jax.physics import resolve
    from gpugym_jax.runs.results import write_result
    from gpugym_jax.runs.throughput import compare

    backend, impl = resolve(cfg.physics)
    rows = []
    for num_envs in flags.sizes or (cfg.runner.num_envs,):
        row = compare(cfg, num_envs, flags.steps, flags.repeats)
        rows.append(row)
        print(f"{cfg.task} {backend} {impl} {row}", flush=True)
    if flags.json:
        figures = {"task": cfg.task, "backend": backend, "impl": impl, "steps": flags.steps, "rows": rows}
        write_result(flags.json, figures)
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="python -m gpugym_jax.bench")


if __name__ == "__main__":
    sys.exit(main())
