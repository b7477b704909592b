"""Terms bound to a robot: names looked up, parameters checked, bodies and joints turned into indices."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from gpugym_jax.config import Terms
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, bind_parameters, lookup, repeated, unknown

Table = Mapping[str, Callable[..., Any]]
Shape = tuple[int, ...]


class TermError(UserError):
    """A term cannot do what it is asked for; the text begins with its kind and name."""


def naming(kind: str, name: str, f: Callable[..., Any], shape: Shape | None = None) -> Callable[..., Any]:
    """`f`, of which one line with the term's name tells what is wrong as it is traced.

    Args:
        kind: Of the term: "reward".
        name: The term's.
        f: What it does.
        shape: Of the array that it must give; None: anything.
    """

    def call(*args: Any) -> Any:
        try:
            value = f(*args)
            return value if shape is None else of_shape(value, shape)
        except TermError:
            raise  # of a term within this one
        except (TypeError, ValueError) as error:
            first_line = str(error).strip().partition("\n")[0]
            raise TermError(f"{kind} '{name}': {first_line}") from error

    return call


def of_shape(value: Any, shape: Shape) -> Any:
    """`value`, which must have that shape."""
    if jnp.shape(value) != shape:
        raise ValueError(f"it gives numbers of shape {jnp.shape(value)}; {shape} is wanted")
    return value


def like(before: Any, after: Any) -> Any:
    """`after`, a memory, which must have the shapes of `before`."""
    return jax.tree.map(lambda old, new: of_shape(new, jnp.shape(old)), before, after)


def bind_term(
    kind: str, table: Table, name: str, given: Mapping[str, Any], robot: Robot, shape: Shape
) -> Callable[..., Any]:
    """The term of that name with its parameters, which gives an array of `shape`.

    `bodies` and `dof` become indices, `scale` one a joint.
    """
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
    return naming(kind, name, partial(f, **params), shape)


def bind(kind: str, table: Table, terms: Terms, robot: Robot) -> dict[str, Callable[..., Any]]:
    """The terms named, each a function of a snapshot to one number or flag."""
    return {name: bind_term(kind, table, name, given, robot, ()) for name, given in terms.items()}
