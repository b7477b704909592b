"""What a probe's facts mean: each thing that Isaac Gym needs, what is there, what to do where it is wrong.

The facts behind the rules were collected from the issue trackers of Isaac Gym's users; none was found by us
on Isaac Gym itself.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gpugym_jax.config import IsaacGym
from isaac_backend.connection import exit_text

Facts = dict[str, Any]


class Finding(NamedTuple):
    """A thing that is needed, what was found, and if that is not well, why and what to do."""

    what: str
    found: str
    line: str = ""  # empty: all is well
    level: str = "ok"  # "ok" | "warning" | "wrong"

    @property
    def mark(self) -> str:
        """How a table shows it."""
        return "ok" if self.level == "ok" else f"{self.level}: {self.line}"


Rule = Callable[[Facts, IsaacGym], "Finding | None"]


def release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: 1.13.1+cu117 is (1, 13, 1)."""
    return tuple(int(n) for n in re.findall(r"\d+", version.split("+")[0])[:3])


def wrong(what: str, found: str, line: str) -> Finding:
    """A finding that forbids to start."""
    return Finding(what, found, line, "wrong")


def warning(what: str, found: str, line: str) -> Finding:
    """A finding that allows a try."""
    return Finding(what, found, line, "warning")


# ---------------------------------------------------------------- rules, one a thing


def python(facts: Facts, isaac: IsaacGym) -> Finding:
    """Isaac Gym has compiled bindings for three versions."""
    found = facts["python"]
    if facts.get("double") or (3, 6) <= release(found)[:2] <= (3, 8):
        return Finding("python", found)
    return wrong(
        "python",
        found,
        f"Isaac Gym has bindings for Python 3.6 to 3.8 only, this is {found}: make an environment with 3.8.",
    )


def system(facts: Facts, isaac: IsaacGym) -> Finding:
    """Linux on x86-64."""
    found = facts["platform"]
    if facts.get("double") or found == "linux-x86_64":
        return Finding("platform", found)
    return wrong("platform", found, f"Isaac Gym runs on linux-x86_64 only, this is {found}.")


def numpy(facts: Facts, isaac: IsaacGym) -> Finding:
    """`np.float`, which Isaac Gym's torch_utils wants, went with NumPy 1.24."""
    found = facts.get("numpy", "")
    if not found:
        return wrong(
            "numpy", "none", f"{facts.get('numpy_error', 'no NumPy')}: pip install 'numpy<1.24' there."
        )
    if facts.get("double") or release(found) < (1, 24):
        return Finding("numpy", found)
    return wrong(
        "numpy",
        found,
        f"Isaac Gym uses np.float, which NumPy {found} no longer has: pip install 'numpy<1.24'.",
    )


IMPORT_ERRORS = {
    r"No module named 'isaacgym'": "install your copy of it there: pip install -e isaacgym/python.",
    r"libpython3\.\d+m?\.so": "install libpython3.8, or set LD_LIBRARY_PATH={prefix}/lib.",
    r"GLIBCXX": "another libstdc++ is found first: install a newer libstdcxx-ng into the environment and set "
    "LD_LIBRARY_PATH={prefix}/lib.",
    r"libcuda": "NVIDIA's driver is not installed; Isaac Gym needs it on a CPU too.",
    r"libmem_filesys|failed to map segment": "its libraries cannot be mapped: look at LD_LIBRARY_PATH, and "
    "whether its disk is mounted noexec.",
    r"No gym module found": "it has bindings for Python 3.6 to 3.8 only.",
    r"torch was imported before|import isaacgym.*before": "something imports torch at start-up: look at .pth "
    "files and sitecustomize.",
}
"""What an import error says, and what to do."""


def isaacgym(facts: Facts, isaac: IsaacGym) -> Finding:
    """Isaac Gym itself."""
    error = facts.get("isaacgym_error", "")
    if not error:
        return Finding("isaacgym", facts["isaacgym"] + (" (a double)" if facts["double"] else ""))
    if "libpython" in error and not facts["shared_libpython"]:
        remedy = "this Python was built without a shared libpython: make the environment with conda or mamba."
    else:
        found = [remedy for pattern, remedy in IMPORT_ERRORS.items() if re.search(pattern, error)]
        remedy = (found or ["see isaac_backend/README.md."])[0].format(prefix=facts["prefix"])
    return wrong("isaacgym", "cannot be imported", f"{one_line(error)}: {remedy}")


def torch(facts: Facts, isaac: IsaacGym) -> Finding:
    """PyTorch."""
    if "torch" in facts:
        return Finding("torch", facts["torch"])
    return wrong("torch", "cannot be imported", f"{one_line(facts['torch_error'])}: install torch there.")


def gymtorch(facts: Facts, isaac: IsaacGym) -> Finding | None:
    """The bridge between the two, compiled by ninja."""
    error = facts.get("gymtorch_error", "")
    if not error:
        return Finding("gymtorch", "imported")
    if "isaacgym_error" in facts or "torch_error" in facts:
        return None
    remedy = (
        "put ninja and a C++ compiler on the PATH." if "inja" in error else "see isaac_backend/README.md."
    )
    return wrong("gymtorch", "cannot be imported", f"{one_line(error)}: {remedy}")


def driver(facts: Facts, isaac: IsaacGym) -> Finding:
    """NVIDIA's driver, which Isaac Gym needs even to simulate on a CPU."""
    found = facts.get("driver", "") or "none"
    error = facts.get("driver_error", "")
    if error and not facts.get("double"):
        return wrong("driver", found, f"{error}: install NVIDIA's driver; Isaac Gym needs it on a CPU too.")
    if not error and found != "none" and release(found)[0] < 470:
        return warning("driver", found, f"driver {found} is older than 470, which Isaac Gym asks for.")
    return Finding("driver", found)


def device(facts: Facts, isaac: IsaacGym) -> Finding | None:
    """The GPU that is to be used."""
    if isaac.device == "cpu":
        return Finding("device", "cpu")
    if "cuda" not in facts:
        return None
    index, gpus = int(isaac.device.partition(":")[2] or 0), facts["cuda"]
    if index >= len(gpus):
        there = f"PyTorch sees {len(gpus)} GPUs there"
        return wrong(
            "device", there, f"{isaac.device} was asked for, {there}: give --sim_device, such as cpu."
        )
    return fit(gpus[index]["name"], tuple(gpus[index]["capability"]), facts)


def fit(name: str, capability: tuple[int, int], facts: Facts) -> Finding:
    """Whether a GPU of that compute capability has worked for others."""
    kernel = f"sm_{capability[0]}{capability[1]}"
    if facts.get("double"):
        return Finding("device", name)
    if capability >= (10, 0) and kernel not in facts["kernels"]:
        return wrong(
            "device", name, f"PyTorch {facts['torch']} has no kernels for {kernel}: it must be built for it."
        )
    if capability >= (9, 0):
        return warning("device", name, f"Isaac Gym is reported to crash at its start on GPUs like {name}.")
    if capability >= (8, 9) and release(facts["torch"]) < (2, 0):
        return warning("device", name, f"PyTorch {facts['torch']} does not know {kernel}: take 2.0 or later.")
    return Finding("device", name)


def window(facts: Facts, isaac: IsaacGym) -> Finding | None:
    """A display, if a window is to be shown."""
    if isaac.headless or facts.get("double") or os.environ.get("DISPLAY"):
        return None
    return wrong("window", "no display", "there is no display to show a window on: give --headless.")


RULES: dict[str, Rule] = {
    "python": python,
    "platform": system,
    "isaacgym": isaacgym,
    "numpy": numpy,
    "torch": torch,
    "gymtorch": gymtorch,
    "driver": driver,
    "cuda": device,
    "stage": window,
}
"""By the fact that each needs."""


def stopped(facts: Facts) -> Finding | None:
    """A probe that did not come to its end."""
    stage = facts.get("stage", "its start")
    if stage == "done":
        return None
    if facts["exit_code"] is not None:
        said = f", after {facts['output'].splitlines()[-1].strip(' |')}" if facts["output"] else ""
        return wrong(stage, "crashed", f"importing {stage} crashed, {exit_text(facts['exit_code'])}{said}")
    remedy = (
        "if no compiler is running, a killed build has left the file 'lock' in torch's extensions folder "
        "(TORCH_EXTENSIONS_DIR or ~/.cache/torch_extensions): delete it."
        if stage == "gymtorch"
        else "its disk may be slow: raise physics.isaac.start_timeout_s."
    )
    return wrong(stage, "hangs", f"importing {stage} did not end within {facts['limit_s']:g} s: {remedy}")


def applicable(facts: Facts) -> Iterator[Rule]:
    """The rules whose facts are there; of a probe that stopped, those before the stop."""
    for need, rule in RULES.items():
        if facts.get("stage") == "done" or need in facts or f"{need}_error" in facts:
            yield rule


def judge(facts: Facts, isaac: IsaacGym) -> list[Finding]:
    """One finding a thing, in the order in which a user would set them right."""
    found = [rule(facts, isaac) for rule in applicable(facts)]
    return [f for f in (*found, stopped(facts)) if f is not None]


def one_line(error: str) -> str:
    """An error's text without line breaks, and not longer than a few lines of a terminal."""
    return " ".join(error.split())[:300]
