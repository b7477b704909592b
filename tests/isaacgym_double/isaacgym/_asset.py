"""Assets: what is loaded once, and put into environments as actors."""

import copy
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import _enums as en
from ._mjcf_in import read_mjcf
from ._params import AssetOptions, ForceSensorProperties, RigidShapeProperties
from ._settings import refuse
from ._tree import Body, Shape, of_shapes
from ._types import IndexRange, Transform, to_pose
from ._urdf import read_urdf

DOF_PROPERTIES = np.dtype(
    {
        "names": [
            *("hasLimits", "lower", "upper", "driveMode", "velocity", "effort"),
            *("stiffness", "damping", "friction", "armature"),
        ],
        "formats": ["?", "<f4", "<f4", "<i4", "<f4", "<f4", "<f4", "<f4", "<f4", "<f4"],
        "offsets": [0, 4, 8, 12, 16, 20, 24, 28, 32, 36],
        "itemsize": 40,
    }
)


@dataclass
class Sensor:
    """A force sensor: on a body, at a pose in its frame."""

    body: int
    pos: Any
    quat: Any
    props: Any


@dataclass
class Asset:
    """Bodies in tensor order, the indices of those with a DOF, and default properties of an actor."""

    bodies: List[Body]
    options: Any
    dof_props: Any = None
    shape_props: List[Any] = field(default_factory=list)
    sensors: List[Sensor] = field(default_factory=list)
    used: bool = False  # by an actor: sensors come too late

    @property
    def dofs(self) -> List[int]:
        """Indices of the bodies that move against their parents."""
        return [i for i, b in enumerate(self.bodies) if b.joint is not None and b.joint.kind != "fixed"]

    @property
    def body_names(self) -> List[str]:
        return [b.name for b in self.bodies]

    @property
    def dof_names(self) -> List[str]:
        return [b.joint.name for b in self.bodies if b.joint is not None and b.joint.kind != "fixed"]

    @property
    def joint_names(self) -> List[str]:
        return [b.joint.name for b in self.bodies if b.joint is not None]


def make_asset(bodies: List[Body], options: Any) -> Asset:
    """An asset of those bodies, with default properties."""
    asset = Asset(bodies, options)
    asset.shape_props = [RigidShapeProperties() for b in bodies for _ in b.shapes]
    asset.dof_props = props = np.zeros(len(asset.dofs), DOF_PROPERTIES)
    for row, index in zip(props, asset.dofs):
        joint = bodies[index].joint
        assert joint is not None
        for name in ("lower", "upper", "velocity", "effort", "damping", "friction"):
            row[name] = getattr(joint, name)
        row["hasLimits"] = joint.limited
        row["driveMode"] = options.default_dof_drive_mode
        row["armature"] = joint.armature + options.armature * options.use_physx_armature
    return asset


def load_asset(sim: Any, rootpath: str, filename: str, options: Any = None) -> Asset:
    """Read a .urdf or .xml (MJCF) file. Anything else raises `ValueError`."""
    options = AssetOptions() if options is None else copy.deepcopy(options)
    path = os.path.join(str(rootpath), str(filename))
    if not os.path.isfile(path):
        raise FileNotFoundError(f"isaacgym double: there is no asset file {path}.")
    for option in ("override_com", "override_inertia"):
        if getattr(options, option):
            raise ValueError(f"isaacgym double: it does not have AssetOptions.{option}.")
    kind = os.path.splitext(path)[1].lower()
    if kind == ".urdf":
        with open(path, encoding="utf-8") as file:
            return make_asset(read_urdf(file.read(), options), options)
    if kind == ".xml":
        return make_asset(read_mjcf(path), options)
    raise ValueError(f"isaacgym double: {path} is neither .urdf nor .xml.")


load_urdf = load_mjcf = load_asset


def create_sphere(sim: Any, radius: float, options: Any = None) -> Asset:
    """An asset of one ball, of the options' density."""
    return _of_one_shape("sphere", (float(radius),), options)


def create_box(sim: Any, width: float, height: float, depth: float, options: Any = None) -> Asset:
    """An asset of one box: extents along x, y and z, m."""
    return _of_one_shape("box", (0.5 * width, 0.5 * height, 0.5 * depth), options)


def _of_one_shape(kind: str, size: Tuple[float, ...], options: Any) -> Asset:
    options = AssetOptions() if options is None else copy.deepcopy(options)
    straight = np.array([0.0, 0.0, 0.0, 1.0])
    shapes = [Shape(kind, size, np.zeros(3), straight)]
    body = Body(kind, -1, np.zeros(3), straight, None, of_shapes(shapes, options.density), shapes)
    return make_asset([body], options)


def get_asset_dof_count(asset: Asset) -> int:
    return len(asset.dofs)


def get_asset_rigid_body_count(asset: Asset) -> int:
    return len(asset.bodies)


def get_asset_rigid_shape_count(asset: Asset) -> int:
    return len(asset.shape_props)


def get_asset_joint_count(asset: Asset) -> int:
    return len(asset.joint_names)


def get_asset_dof_names(asset: Asset) -> List[str]:
    return asset.dof_names


def get_asset_rigid_body_names(asset: Asset) -> List[str]:
    return asset.body_names


def get_asset_joint_names(asset: Asset) -> List[str]:
    return asset.joint_names


def get_asset_rigid_body_dict(asset: Asset) -> Dict[str, int]:
    return {n: i for i, n in enumerate(asset.body_names)}


def get_asset_dof_dict(asset: Asset) -> Dict[str, int]:
    return {n: i for i, n in enumerate(asset.dof_names)}


def get_asset_joint_dict(asset: Asset) -> Dict[str, int]:
    return {n: i for i, n in enumerate(asset.joint_names)}


def find_asset_rigid_body_index(asset: Asset, name: str) -> int:
    return get_asset_rigid_body_dict(asset).get(name, -1)


def find_asset_dof_index(asset: Asset, name: str) -> int:
    return get_asset_dof_dict(asset).get(name, -1)


def get_asset_dof_type(asset: Asset, index: int) -> Any:
    joint = asset.bodies[asset.dofs[index]].joint
    slides = joint is not None and joint.kind == "slide"
    return en.DofType.DOF_TRANSLATION if slides else en.DofType.DOF_ROTATION


def get_asset_dof_properties(asset: Asset) -> Any:
    return asset.dof_props.copy()


def get_asset_rigid_shape_properties(asset: Asset) -> List[Any]:
    return copy.deepcopy(asset.shape_props)


def set_asset_rigid_shape_properties(asset: Asset, props: List[Any]) -> bool:
    if len(props) != len(asset.shape_props):
        raise ValueError(
            f"isaacgym double: {len(props)} shape properties for {len(asset.shape_props)} shapes."
        )
    asset.shape_props = copy.deepcopy(list(props))
    return True


def shape_ranges(bodies: List[Body]) -> List[Tuple[int, int]]:
    """First shape and number of shapes of each body."""
    counts = [len(b.shapes) for b in bodies]
    return [(sum(counts[:i]), n) for i, n in enumerate(counts)]


def get_asset_rigid_body_shape_indices(asset: Asset) -> List[Any]:
    return [IndexRange(*r) for r in shape_ranges(asset.bodies)]


def create_asset_force_sensor(
    asset: Asset, body_idx: int, local_pose: Transform, props: Optional[Any] = None
) -> int:
    """Index of the new sensor, or -1 if there is no such body."""
    if asset.used:
        refuse("a force sensor was added to an asset that an actor was made of already.")
    if not 0 <= body_idx < len(asset.bodies):
        return -1
    if any(b.parent == body_idx for b in asset.bodies):
        refuse(
            f"the force sensor on '{asset.bodies[body_idx].name}' would read the forces of the bodies behind it as well: "
            "put sensors on leaf bodies."
        )
    props = copy.deepcopy(props) if props is not None else ForceSensorProperties()
    asset.sensors.append(Sensor(body_idx, *to_pose(local_pose), props))
    return len(asset.sensors) - 1
