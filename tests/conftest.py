"""Settings that must be made before JAX is imported: how it compiles, a cache of that, shape checks."""

import os
from importlib.metadata import entry_points
from pathlib import Path

from jaxtyping import install_import_hook

import tests.shapes  # noqa: F401  (the hook looks it up by name)

HOME = Path(__file__).resolve().parents[1]
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(HOME / ".cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
# Tests compile much and run little of it. On a CPU, XLA then takes a quarter of its time (a step of the mini cheetah:
# 27 s, so 6 s), and what it compiles runs half as fast. Commands that tests start inherit it.
if not entry_points(group="jax_plugins"):  # that of a GPU ends the process at a flag that it does not know
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ["XLA_FLAGS"] = " ".join(
        (
            "--xla_cpu_use_fusion_emitters=false",
            "--xla_cpu_parallel_codegen_split_count=1",
            os.environ.get("XLA_FLAGS", ""),
        )
    )

CHECKED = ("frames.py", "gate/*.py", "loops.py", "mdp/*.py", "ppo/*.py")
DATA = {"mdp/snapshot", "ppo/state"}
"""Modules that define pytrees: JAX rebuilds these with leaves that are no arrays, so they are not checked. Nor are
the physics and what drives them: on a live one NumPy stands in for JAX arrays."""


def modules() -> list[str]:
    """Those whose annotated shapes are checked at every call of the tests."""
    package = HOME / "gpugym_jax"
    names = {
        str(path.relative_to(package).with_suffix("")) for glob in CHECKED for path in package.glob(glob)
    }
    # The hook also takes what lies below a name, so packages themselves are left out.
    kept = sorted(n for n in names - DATA if not n.endswith("__init__"))
    return ["gpugym_jax." + n.replace("/", ".") for n in kept]


install_import_hook(modules(), "tests.shapes.check")

# It has a pytest.ini of its own, and runs under Python 3.8 as well.
collect_ignore = ["isaacgym_double"]
