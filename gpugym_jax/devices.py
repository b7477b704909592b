"""Which device the simulator and the learner run on, from what was asked as text, and JAX started there."""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

from gpugym_jax.tables import UserError

log = logging.getLogger(__name__)

ISAAC = "isaacgym"
CACHE = ".cache/gpugym_jax/jax"
"""Compiled programs under the user's home, where JAX_COMPILATION_CACHE_DIR names no folder."""


@dataclass(frozen=True)
class Asked:
    """Devices as text (cpu, gpu, cuda, cuda:N), and the backend if it was named beside them."""

    device: str | None = None
    sim_device: str | None = None
    rl_device: str | None = None
    backend: str | None = None


def platform_of(device: str, flag: str) -> tuple[str, str]:
    """JAX's platform and the GPU's index ("" for any) of a device's name."""
    if device == "cpu":
        return "cpu", ""
    found = re.fullmatch(r"(?:gpu|cuda)(?::(\d+))?", device)
    if not found:
        raise UserError(f"{flag}={device}: no such device. There are: cpu, gpu, cuda, cuda:0, cuda:1, ...")
    return "cuda", found[1] or ""


def isaac_device(asked: Asked) -> str | None:
    """Isaac Gym's name of the simulator's device, if one was asked for."""
    device = asked.sim_device or asked.device
    if not device:
        return None
    platform, index = platform_of(device, "--sim_device" if asked.sim_device else "--device")
    return "cpu" if platform == "cpu" else f"cuda:{index or 0}"


def check(asked: Asked, backend: str) -> None:
    """Raise if simulator and learner are asked onto devices that the backend cannot split over."""
    sim, rl = asked.sim_device, asked.rl_device
    if backend == ISAAC:
        if (sim or asked.device) and asked.backend != backend:
            raise UserError(
                "a device for backend isaacgym is taken with --backend=isaacgym on the command line"
            )
        return
    if sim and rl and sim != rl and not (backend == "mujoco" and sim == "cpu"):
        raise UserError(
            f"--sim_device={sim} and --rl_device={rl} differ: only --backend=isaacgym can do that, and "
            f"--backend=mujoco with --sim_device=cpu; this is backend {backend}"
        )


def leave_memory() -> None:
    """Let JAX not take most of a GPU's memory before Isaac Gym gets any. Before JAX starts."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def for_jax(asked: Asked) -> tuple[str, str] | None:
    """Platform and index of the device that JAX is asked to use, if any is."""
    names = {"--device": asked.device, "--rl_device": asked.rl_device}
    if asked.backend != ISAAC:  # which runs in a process of its own
        names["--sim_device"] = asked.sim_device
    parsed = [platform_of(name, flag) for flag, name in names.items() if name]
    return parsed[0] if parsed else None


def single_precision() -> None:
    """Let no JAX_ENABLE_X64 of the shell's make float64 of what is float32 by default. Before JAX starts."""
    if os.environ.get("JAX_ENABLE_X64", "").lower() in ("1", "true", "t", "yes", "y", "on"):
        log.warning("JAX_ENABLE_X64 is set and not heeded: training and policies are float32")
        os.environ["JAX_ENABLE_X64"] = "0"


def choose(asked: Asked) -> None:
    """Set the environment variables by which JAX and Warp choose their device. Before jax is imported."""
    chosen = for_jax(asked)
    if not chosen:
        return
    platform, index = chosen
    os.environ["JAX_PLATFORMS"] = "cpu" if platform == "cpu" else "cuda,cpu"
    if index and asked.backend != ISAAC:  # a child of ours, which may see them all
        os.environ["CUDA_VISIBLE_DEVICES"] = _visible(index)


def _visible(index: str) -> str:
    """The number of GPU `index` of those that are visible now."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if visible == [""]:
        return index
    if int(index) >= len(visible):
        raise UserError(f"cuda:{index} is not among CUDA_VISIBLE_DEVICES={','.join(visible)}")
    return visible[int(index)]


def compile_cache() -> str:
    """The folder of compiled programs."""
    return os.environ.get("JAX_COMPILATION_CACHE_DIR") or str(Path.home() / CACHE)


def use_compile_cache() -> None:
    """Keep compiled programs between processes, in JAX_COMPILATION_CACHE_DIR or the user's cache folder."""
    import jax

    jax.config.update("jax_compilation_cache_dir", compile_cache())
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def start_jax(asked: Asked, compile_cache: bool) -> None:
    """Import JAX, set its compile cache, and see that the device is there."""
    import jax

    wanted = for_jax(asked)
    if wanted and wanted[1] and asked.backend == ISAAC:
        jax.config.update("jax_cuda_visible_devices", wanted[1])
    jax.config.update("jax_enable_compilation_cache", compile_cache)
    if compile_cache:
        use_compile_cache()
    try:
        there = jax.devices()
    except RuntimeError as error:
        platforms = os.environ.get("JAX_PLATFORMS", "")
        raise UserError(f"no device for JAX_PLATFORMS={platforms}: {' '.join(str(error).split())}") from None
    if wanted and wanted[0] == "cuda" and there[0].platform != "gpu":
        # With a second platform allowed JAX would quietly take that one.
        raise UserError(
            f"a GPU was asked for, but JAX finds only {there[0].device_kind}; see the README's GPU set-up"
        )
