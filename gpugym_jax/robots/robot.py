"""What a robot is: names in order, and numbers with units. Its bodies are in an MJCF file."""

from dataclasses import dataclass, field
from pathlib import Path

from gpugym_jax.paths import ASSETS
from gpugym_jax.tables import unknown


@dataclass(frozen=True)
class Robot:
    """Facts of one robot that are not in its MJCF.

    `dofs` are joint names in the order in which policies see them. `bodies` are what a `Reading` reports:
    a body of the MJCF, or a geom of it (a foot is a sphere on the shank); contact forces on a named geom
    count for it and not for its body. The base comes first. What touches is named the other way about: a
    geom, or else a body, which stands for all its geoms that can collide in the MJCF.
    """

    name: str
    dofs: tuple[str, ...]
    bodies: tuple[str, ...]
    default_dof_pos: tuple[float, ...]  # rad or m, one a dof
    base_height: float  # m, of the base's origin at reset
    kp: tuple[float, ...]  # N m/rad, one an actuated dof
    kd: tuple[float, ...]  # N m s/rad
    torque_limit: tuple[float, ...]  # N m, one an actuated dof
    dof_vel_limit: tuple[float, ...]  # rad/s, one a dof
    dof_pos_limit: tuple[tuple[float, float], ...]  # rad, one a dof; equal to the MJCF's ranges
    actuated: tuple[str, ...] = ()  # joint names; empty means all of `dofs`
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)  # of bodies, by name
    sliders: tuple[str, ...] = ()  # joints that slide: m where others have rad
    floating: bool = True  # whether the base moves freely
    ground_geoms: tuple[str, ...] = ()  # what may touch the ground, feet first
    self_collisions: tuple[tuple[str, str], ...] = ()  # what may touch what, if physics.self_collisions is on
    ground_height: float = 0.0  # m, of the ground; lower under a robot that hangs in the air
    mjcf: Path | None = None  # the robot alone; None: the one in assets/robots/NAME

    @property
    def xml(self) -> Path:
        """The robot's MJCF file."""
        return self.mjcf or ASSETS / "robots" / self.name / f"{self.name}.xml"

    @property
    def actuated_ids(self) -> tuple[int, ...]:
        """Indices into `dofs` of the actuated ones."""
        return tuple(self.dofs.index(n) for n in self.actuated or self.dofs)

    def body_ids(self, names: tuple[str, ...] | list[str]) -> tuple[int, ...]:
        """Indices into `bodies` of the bodies or groups named."""
        flat = [n for name in names for n in self.groups.get(name, (name,))]
        for n in flat:
            if n not in self.bodies:
                raise unknown(f"body or group of {self.name}", n, {*self.bodies, *self.groups})
        return tuple(self.bodies.index(n) for n in flat)
