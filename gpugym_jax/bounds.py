"""Ranges that stand beside the numbers of the configuration and of a term's parameters.

    hz: Positive = 50.0
    friction: NotNegativeRange | None = None

`values.typed.read` checks them, and that every number from outside is finite in float32.
"""

from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Le, MinLen

LARGEST, SMALLEST = 1e30, 1e-30
"""Sizes of numbers that float32 holds with room to square or divide once by something ordinary."""
MOST = 2**31 - 1
"""The largest int32."""

Finite = Annotated[float, Ge(-LARGEST), Le(LARGEST)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Rate = Annotated[float, Gt(0), Le(10_000)]
"""Hz."""
Seconds = Annotated[float, Gt(0), Le(100_000)]
"""A day and more; in it, steps of the highest rate still number an int32."""
VideoSeconds = Annotated[float, Gt(0), Le(3_600)]
SecondsOrNone = Annotated[float, Ge(0), Le(100_000)]
Share = Annotated[float, Ge(0), Le(1)]
PositiveShare = Annotated[float, Gt(0), Le(1)]
Angle = Annotated[float, Ge(0), Le(3.1416)]
"""rad, from upright to upside down."""
LEAST_FRICTION = 0.01
"""Sliding coefficient. A row of a pyramid weighs by 1 / friction^2 against the robot's inertia: in float32,
MJX-JAX with it, the mini cheetah is NaN at 0.001. C MuJoCo raises what is below 0.00001 in silence."""
Friction = Annotated[float, Ge(LEAST_FRICTION)]
Count = Annotated[int, Ge(1), Le(MOST)]
Whole = Annotated[int, Ge(0), Le(MOST)]
MOST_STEPS = 1000
"""Of a history or delay: each holds all of them for each robot."""
History = Annotated[int, Ge(1), Le(MOST_STEPS)]
Delay = Annotated[int, Ge(0), Le(MOST_STEPS)]
Width = Annotated[int, Ge(1), Le(16_384)]
"""Of a layer of a network, whose weights are as many as the product of two."""
Episodes = Annotated[int, Ge(1), Le(1_000_000)]
Robots = Annotated[int, Ge(1), Le(1_000_000)]
Seed = Whole
OrNone = Annotated[int, Ge(-1), Le(MOST)]
"""-1 stands for none, or for the last."""

Range = tuple[Finite, Finite]
NotNegativeRange = tuple[NotNegative, NotNegative]
DelayRange = tuple[Delay, Delay]
"""(low, high), low <= high: so is every pair of numbers."""

Numbers = Annotated[tuple[Finite, ...], MinLen(1)]
NotNegatives = Annotated[tuple[NotNegative, ...], MinLen(1)]
Positives = Annotated[tuple[Positive, ...], MinLen(1)]
"""One or more; a number alone is one."""


class ReadAs(NamedTuple):
    """Beside a parameter's type: the type that its value has in a YAML."""

    hint: Any


Bodies = Annotated[tuple[int, ...], ReadAs(Annotated[tuple[str, ...], MinLen(1)])]
"""Indices into `Robot.bodies`; in a YAML, names of bodies or of groups of them."""
Dof = Annotated[int, ReadAs(str)]
"""An index into `Robot.dofs`; in a YAML, a joint's name."""


class Like(NamedTuple):
    """Beside `str`: a regular expression for the whole of it, and how an error says that."""

    pattern: str
    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        metadata = {"what": self.what}
        return {**handler(source), "pattern": f"^(?:{self.pattern})$", "metadata": metadata}


Device = Annotated[str, Like(r"cpu|cuda:[0-9]{1,3}", "cpu or cuda:N")]
FolderName = Annotated[
    str, Like(r"|[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,99}", "a folder's name, without / and no dot first")
]
