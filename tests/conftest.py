"""Settings that must be made before JAX is imported: a compile cache that outlives the session, shape checks."""

import os
from pathlib import Path

from jaxtyping import install_import_hook

import tests.shapes  # noqa: F401  (the hook looks it up by name)

HOME = Path(__file__).resolve().parents[1]
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(HOME / ".cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")

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
