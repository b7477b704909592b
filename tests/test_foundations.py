"""Tables, frames, loops, and the direction of imports."""

import ast
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gpugym_jax
from gpugym_jax.frames import conjugate, from_rpy, multiply, rotate, rotate_inverse, yaw_of
from gpugym_jax.loops import live_scan
from gpugym_jax.tables import UserError, bind_parameters, lookup, register

PI = np.pi

# ------------------------------------------------------------------ frames


@pytest.mark.parametrize(
    ("rpy", "x_becomes"),
    [
        ([0, 0, PI / 2], [0, 1, 0]),  # turning left, the nose points to world y
        ([0, PI / 2, 0], [0, 0, -1]),  # pitching by 90 degrees, it points down
        ([PI / 2, 0, 0], [1, 0, 0]),  # rolling leaves it
    ],
)
def test_rotations_by_hand(rpy: list[float], x_becomes: list[float]) -> None:
    quat = from_rpy(jnp.array(rpy))
    np.testing.assert_allclose(rotate(quat, jnp.array([1.0, 0, 0])), x_becomes, atol=1e-6)


def test_rotations_compose_and_invert() -> None:
    keys = jax.random.split(jax.random.key(0), 3)
    a, b = (from_rpy(jax.random.uniform(k, (50, 3), minval=-3, maxval=3)) for k in keys[:2])
    v = jax.random.normal(keys[2], (50, 3))
    np.testing.assert_allclose(rotate(multiply(a, b), v), rotate(a, rotate(b, v)), atol=1e-5)
    np.testing.assert_allclose(rotate_inverse(a, rotate(a, v)), v, atol=1e-5)
    np.testing.assert_allclose(multiply(a, conjugate(a)), np.tile([1.0, 0, 0, 0], (50, 1)), atol=1e-6)


def test_yaw() -> None:
    np.testing.assert_allclose(yaw_of(from_rpy(jnp.array([0.3, -0.2, 1.5]))), 1.5, atol=1e-6)


# ------------------------------------------------------------------ loops


def test_live_scan_equals_lax_scan() -> None:
    def f(carry: jax.Array, x: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        carry = carry * 2 + x
        return carry, {"y": carry + 1}

    xs = jnp.arange(5.0)
    for mine, theirs in zip(
        jax.tree.leaves(live_scan(f, jnp.float32(1), xs)),
        jax.tree.leaves(jax.lax.scan(f, jnp.float32(1), xs)),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_live_scan_counts_by_length_and_may_act() -> None:
    seen = []
    live_scan(lambda c, _: (c, seen.append(1)), 0, None, 3)
    assert len(seen) == 3
    with pytest.raises(ValueError, match="xs or length"):
        live_scan(lambda c, _: (c, None), 0)


# ------------------------------------------------------------------ tables


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    table = {"lin_vel_z": 1, "action_rate": 2}
    with pytest.raises(UserError) as error:
        lookup("reward", "lin_velz", table)
    assert str(error.value) == (
        "no reward named 'lin_velz'. Did you mean 'lin_vel_z'? There are: action_rate, lin_vel_z."
    )


def test_a_wrong_parameter_is_answered_with_the_nearest() -> None:
    def term(s: object, *, sigma: float = 1.0, target: float) -> None: ...

    assert bind_parameters("reward", "term", term, {"target": "1e-2"}) == {"target": 0.01}
    with pytest.raises(UserError, match=r"reward 'term' has no parameter 'sigm'. Did you mean 'sigma'"):
        bind_parameters("reward", "term", term, {"sigm": 1, "target": 1})
    with pytest.raises(UserError, match=r"needs a value for 'target'"):
        bind_parameters("reward", "term", term, {})


def test_a_name_is_registered_once() -> None:
    table: dict = {}

    @register(table)
    def once() -> None: ...

    assert table["once"] is once
    with pytest.raises(ValueError, match="registered twice"):
        register(table)(once)


# ------------------------------------------------------------------ imports

BASE = {
    "types",
    "functions",
    "hearing",
    "frames",
    "tables",
    "config",
    "paths",
    "loops",
    "config_exam",
    "config_isaac",
    "config_yaml",
    "bounds",
    "values",
    "files",
    "cores",
    "screen",
}
BELOW = BASE | {"robots", "mdp", "physics", "env", "ppo"}
MAY_IMPORT = {
    "robots": BASE | {"robots"},
    "mdp": BASE | {"robots", "mdp"},
    "physics": BASE | {"robots", "physics"},
    "env": BASE | {"robots", "mdp"},
    "ppo": BASE | {"ppo"},
    "runs": BELOW | {"runs"},
    "policy": BELOW | {"runs", "policy", "__version__"},
    "gate": BASE | {"robots", "gate", "policy"},
    "parity": BASE | {"robots", "physics", "gate", "policy", "runs", "parity", "cli", "devices"},
}


def imported(path: Path) -> set[str]:
    """The first level of every gpugym_jax import in a file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {
                alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gpugym_jax.")
            }
        if isinstance(node, ast.ImportFrom) and node.module == "gpugym_jax":
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gpugym_jax."):
            names.add((node.module or "").split(".")[1])
    return names


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_imports_point_one_way(part: str) -> None:
    home = Path(gpugym_jax.__file__).parent
    files = [home / f"{part}.py"] if (home / f"{part}.py").is_file() else sorted((home / part).glob("*.py"))
    assert files
    for path in files:
        assert imported(path) <= MAY_IMPORT[part], path.name


def test_importing_the_package_does_not_import_jax() -> None:
    """The commands choose a device before JAX starts, and answer mistakes without waiting for it."""
    import subprocess
    import sys

    code = "import gpugym_jax, gpugym_jax.cli, gpugym_jax.train, sys; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
