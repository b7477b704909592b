"""`python -m gpugym_jax.export --task=mini_cheetah`: a run's policy as an ONNX file."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from gpugym_jax import cli
from gpugym_jax.files import check_file
from gpugym_jax.runs import directory


@dataclass(frozen=True)
class Flags:
    """Write the policy of a checkpoint as an ONNX file that says all that its user needs to know."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    out: Path | None = None
    """The file; policy.onnx in the run's folder by default."""


def run(flags: Flags, overrides: list[str]) -> int:
    """Find the run, export, say what came of it."""
    check_file(flags.out, "--out")
    folder, cfg = directory.locate(cli.wanted(flags.common, overrides))
    out = flags.out or folder / "policy.onnx"
    check_file(out, "--out" if flags.out else "the file")
    cli.start_jax(flags.common)
    from gpugym_jax.policy.exporting import export_run

    done = export_run(folder, cfg, flags.common.checkpoint, out)
    print(
        f"wrote {done.path}: {cfg.task}, iteration {done.iteration} of {done.run.name}; "
        f"onnxruntime differs from the network by {done.difference:.1e}"
    )
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym export")


if __name__ == "__main__":
    sys.exit(main())
