"""`python -m gpugym_jax.train --task=mini_cheetah`: train a policy, or go on with one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import tyro

from gpugym_jax import cli
from gpugym_jax.bounds import Count
from gpugym_jax.files import check_folder
from gpugym_jax.hearing import exit_code
from gpugym_jax.runs import directory
from gpugym_jax.tables import UserError


@dataclass(frozen=True)
class Flags:
    """Train a task. Any field of its configuration is set by a.b.c=value, such as ppo.learning_rate=3e-4.

    Exit code 0: done; 2: what was given is wrong; 3: it cannot go on; 128 and more: stopped by that signal.
    """

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    max_iterations: Count | None = None
    """Iterations in all, those before a resume too."""
    resume: bool = False
    """Go on with a run (--load_run, --checkpoint), under its own configuration, in a new folder."""


def _overrides(flags: Flags, overrides: Sequence[str]) -> list[str]:
    given = flags.max_iterations
    return [*overrides] if given is None else [*overrides, f"runner.iterations={given}"]


def _check_resume(flags: Flags) -> None:
    given = [name for name in ("load_run", "checkpoint") if str(getattr(flags.common, name)) != "-1"]
    if given and not flags.resume:
        raise UserError(f"--{given[0]} says what to go on with: give --resume too, or leave it out")


def run(flags: Flags, overrides: list[str]) -> int:
    """Train; the exit code: 0, 128 and a signal's number if one stopped the run, or `cli.CANNOT_GO_ON`."""
    _check_resume(flags)
    overrides = _overrides(flags, overrides)
    if flags.resume:
        source, cfg = directory.locate(cli.wanted(flags.common, overrides), "resume")
        cli.check_devices(flags.common, cfg)
    else:
        source, cfg = None, cli.configure(flags.common, overrides)
    check_folder(directory.experiment_dir(cfg), "--log_dir")
    cli.start_jax(flags.common)
    from gpugym_jax.runs import checkpoint, loop, training

    try:
        done = training.train(cfg, source, flags.common.checkpoint)
    except (loop.DivergedError, checkpoint.NotSavedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return cli.CANNOT_GO_ON
    return exit_code(done.signal) if done.signal else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    return cli.main(Flags, run, argv, prog="gpugym train")


if __name__ == "__main__":
    sys.exit(main())
