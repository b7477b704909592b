"""What the commands share: flags, overrides, one-line errors.

A command is a frozen dataclass of flags and a function, in a module that imports nothing heavy at its top:

    @dataclass(frozen=True)
    class Flags:
        \"\"\"Play a policy.\"\"\"   # the text above --help

        common: tyro.conf.OmitArgPrefixes[Common] = field(default_factory=Common)
        agent: str = "policy"
        \"\"\"policy, zero or random.\"\"\"   # the flag's help

    def run(flags: Flags, overrides: list[str]) -> int:
        cfg = cli.configure(flags.common, overrides)   # task or file, then overrides, then flags
        cli.start_jax(flags.common)                    # device, compile cache; imports jax
        from gpugym_jax.runs import training           # heavy imports come after it
        ...
        return 0                                       # the exit code

    def main(argv: list[str] | None = None) -> int:
        return cli.main(Flags, run, argv)

`cli.main` chooses the device by environment variables before `run` is called; so the module must not import
jax before. A `UserError` anywhere in `run` is printed as one line and gives exit code 2, want of memory 3.
"""

import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gpugym_jax import devices, screen
from gpugym_jax.argv import check_text, parse
from gpugym_jax.bounds import OrNone, Robots, Seed
from gpugym_jax.config import Config
from gpugym_jax.config_yaml import load_config, task_names
from gpugym_jax.files import NotWrittenError
from gpugym_jax.runs import signals
from gpugym_jax.runs.directory import Wanted
from gpugym_jax.runs.stages import STARTED  # noqa: F401  (the clock begins with the command)
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    from gpugym_jax.policy.choosing import Choice

Flags = TypeVar("Flags")

CANNOT_GO_ON = 3
"""Exit code of a command that began well; what it had finished is intact."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a machine says when there is no room for what is printed, or noted in a temporary file."""


@dataclass(frozen=True)
class Common:
    """Flags that all commands have. Any field of the configuration is set by a.b.c=value."""

    task: str = ""
    """A task's name: `gpugym list tasks`."""
    config: str = ""
    """A YAML file in place of a task, such as the config.yaml of a run."""
    backend: str | None = None
    """auto, mjx, mujoco or isaacgym."""
    impl: str | None = None
    """Of mjx: auto, jax or warp."""
    num_envs: Robots | None = None
    """Number of robots."""
    seed: Seed | None = None
    """Of everything random."""
    experiment_name: str | None = None
    """Folder under logs/; the task's name by default."""
    log_dir: str | None = None
    """Folder of all experiments; logs by default."""
    run_name: str | None = None
    """Added to the date in the run's folder name."""
    load_run: str = "-1"
    """A run's folder name; -1 is the last one."""
    checkpoint: OrNone = -1
    """Iteration of the checkpoint; -1 is the newest intact one."""
    device: str | None = None
    """cpu, gpu or cuda:N."""
    sim_device: str | None = None
    """As --device, of the simulator; may differ from --rl_device for isaacgym, or as cpu for mujoco."""
    rl_device: str | None = None
    """As --device, of the learner."""
    isaac_python: str | None = None
    """The Python 3.8 that has Isaac Gym; that of the variable ISAAC_PYTHON by default."""
    headless: bool = False
    """Open no window. Training opens one only with isaacgym."""
    compile_cache: bool = True
    """Keep compiled programs between runs, in JAX_COMPILATION_CACHE_DIR or ~/.cache/gpugym_jax/jax."""


# ---------------------------------------------------------------- flags to a configuration


_FIELDS = {
    "backend": "physics.backend",
    "impl": "physics.impl",
    "num_envs": "runner.num_envs",
    "seed": "runner.seed",
    "experiment_name": "runner.experiment_name",
    "log_dir": "runner.log_dir",
    "run_name": "runner.run_name",
    "isaac_python": "physics.isaac.python",
}


def flag_overrides(common: Common) -> list[str]:
    """The given flags that are fields of the configuration, as overrides."""
    given = {field: getattr(common, name) for name, field in _FIELDS.items()}
    plain = [
        f"{field}={json.dumps(value, ensure_ascii=False)}"
        for field, value in given.items()
        if value is not None
    ]
    return plain + (isaac_overrides(common) if common.backend == "isaacgym" else [])


def isaac_overrides(common: Common) -> list[str]:
    """The flags that are Isaac Gym's own business when it is the backend."""
    given = ["physics.isaac.headless=true"] if common.headless else []
    device = devices.isaac_device(asked_devices(common))
    return [*given, f'physics.isaac.device="{device}"'] if device else given


def take_none(overrides: Sequence[str]) -> None:
    """Raise for overrides of a command that reads no configuration."""
    if overrides:
        raise UserError(f"no flag '{overrides[0]}': this command reads no configuration.")


def configure(common: Common, overrides: Sequence[str]) -> Config:
    """The configuration: the task's or file's YAML, then overrides, then flags."""
    if common.task and common.config:
        raise UserError("give --task or --config, not both")
    if not (common.task or common.config):
        raise UserError(f"--task is missing. There are: {', '.join(task_names()) or 'none'}.")
    source = os.path.join(".", common.config) if common.config else common.task  # "./x" is a path, not a name
    window = [f"physics.isaac.headless={json.dumps(common.headless)}"] if common.backend == "isaacgym" else []
    cfg = load_config(source, [*window, *overrides, *flag_overrides(common)])
    check_devices(common, cfg)
    return cfg


def check_devices(common: Common, cfg: Config) -> None:
    """Raise `UserError` if the backend cannot be on the devices that are asked for. Before JAX starts."""
    devices.check(asked_devices(common), cfg.physics.backend)
    if cfg.physics.backend == "isaacgym":
        devices.leave_memory()


# ---------------------------------------------------------------- devices, and which policy is meant


def asked_devices(common: Common) -> devices.Asked:
    """What the flags say of devices."""
    return devices.Asked(common.device, common.sim_device, common.rl_device, common.backend)


def start_jax(common: Common) -> None:
    """Import JAX on the device that the flags ask for."""
    devices.start_jax(asked_devices(common), common.compile_cache)


def wanted(common: Common, overrides: Sequence[str]) -> Wanted:
    """Which run, checkpoint or task the flags mean; a path of a run needs no task."""
    named = common.task or common.config or not Path(common.load_run).is_dir()
    return Wanted(
        cfg=configure(common, overrides) if named else None,
        overrides=(*overrides, *flag_overrides(common)),
        load_run=common.load_run,
        checkpoint=common.checkpoint,
    )


def choose(
    common: Common, overrides: Sequence[str], file: Path | None = None, agent: str = "policy"
) -> "Choice":
    """The policy that the flags name: of a file, of a run's checkpoint, or an agent in its place."""
    from gpugym_jax.policy import choosing

    if file is not None:
        _check_file_alone(common)
        return choosing.from_file(file, common.task, overrides, agent, common.seed or 0)
    meant = wanted(common, overrides)
    start_jax(common)
    if choosing.has_network(agent):
        return choosing.from_run(meant)
    return choosing.without_network(meant, agent, common.seed or 0)


OF_A_RUN = (
    *("config", "backend", "impl", "num_envs", "experiment_name", "log_dir"),
    *("run_name", "load_run", "checkpoint", "isaac_python", "rl_device"),
)
"""Flags that say which run is meant, or what it is simulated by."""


def _check_file_alone(common: Common) -> None:
    """Raise for a flag that would do nothing, since a policy file is named."""
    for name in OF_A_RUN:
        if getattr(common, name) != getattr(Common, name):
            raise UserError(f"--{name} is about a run, and --policy names a file: leave one of them out")


# ---------------------------------------------------------------- the frame of a command


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _lacks_memory(error: Exception) -> bool:
    """Whether there was too little memory: Python's or JAX's."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def _machines_fault(error: Exception) -> str:
    """What the machine has too little of, in words; nothing if the fault is another's."""
    if isinstance(error, NotWrittenError):
        return str(error)
    if isinstance(error, OSError):
        if error.errno in FULL:
            signals.close_output()  # it may be what is full
        return error.strerror or "" if error.errno in (*FULL, errno.EMFILE) else ""
    return f"not enough memory, fewer robots may fit: {_first_line(error)}" if _lacks_memory(error) else ""


def main(
    flags: type[Flags],
    run: Callable[[Flags, list[str]], int | None],
    argv: Sequence[str] | None = None,
    prog: str | None = None,
    draws: bool = False,
) -> int:
    """Parse `argv`, choose the device, call `run`; the exit code, 2 for a user's error.

    Args:
        flags: The command's dataclass.
        run: What it does.
        argv: Those of the process by default.
        prog: Its name in --help.
        draws: Whether it sees to MUJOCO_GL itself.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for package in ("gpugym_jax", "isaac_backend"):
        logging.getLogger(package).setLevel(logging.INFO)

    def command() -> int:
        devices.single_precision()
        given = sys.argv[1:] if argv is None else argv
        check_text(given)
        found, overrides = parse(flags, given, prog)
        common: Any = getattr(found, "common", None)
        if common is not None:
            devices.choose(asked_devices(common))
        if not draws:
            screen.draw_nothing()
        return run(found, overrides) or 0

    try:
        return signals.piped(command)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, MemoryError, RuntimeError) as error:
        if not (told := _machines_fault(error)):
            raise
        print(f"error: {told}", file=sys.stderr)
        return CANNOT_GO_ON
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
