"""Terms bound to a robot: names looked up, parameters checked, bodies and joints turned into indices."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gpugym_jax.config import Terms
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import bind_parameters, lookup, repeated, unknown

Table = Mapping[str, Callable[..., Any]]


def bind_term(
    kind: str, table: Table, name: str, given: Mapping[str, Any], robot: Robot
) -> Callable[..., Any]:
    """The term of that name with its parameters; `bodies` and `dof` become indices, `scale` one a joint."""
    f = lookup(kind, name, table)
    params = bind_parameters(kind, name, f, given)
    if "bodies" in params:
        params["bodies"] = robot.body_ids(params["bodies"])
    if "dof" in params:
        if params["dof"] not in robot.dofs:
            raise unknown(f"joint of {robot.name}", params["dof"], robot.dofs)
        params["dof"] = robot.dofs.index(params["dof"])
    if isinstance(params.get("scale"), tuple):
        params["scale"] = repeated(params["scale"], len(robot.dofs), f"{kind} '{name}': scale")
    return partial(f, **params)


def bind(kind: str, table: Table, terms: Terms, robot: Robot) -> dict[str, Callable[..., Any]]:
    """The terms named, each a function of a snapshot."""
    return {name: bind_term(kind, table, name, given, robot) for name, given in terms.items()}
