"""Command lines, configurations and wire frames. Written from the names and meanings of Isaac Gym's."""

import argparse
import math
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import gymapi
from ._types import Quat, Transform, Vec3, to_array


def parse_device_str(device_str: str) -> Tuple[str, int]:
    """Kind and number of "cpu", "cuda" or "cuda:N"."""
    kind, _, number = device_str.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()):
        raise ValueError(f"isaacgym double: a device is cpu, cuda or cuda:N, not '{device_str}'.")
    return kind, int(number or 0)


def parse_arguments(
    description: str = "Isaac Gym",
    headless: bool = False,
    no_graphics: bool = False,
    custom_parameters: Optional[List[Dict[str, Any]]] = None,
) -> argparse.Namespace:
    """The program's arguments: the built-in ones, and `custom_parameters` as dicts of what argparse takes."""
    parser = argparse.ArgumentParser(description=description)
    if headless:
        parser.add_argument("--headless", action="store_true", help="no viewer")
    if no_graphics:
        parser.add_argument("--nographics", action="store_true", help="no graphics context and no viewer")
    parser.add_argument("--sim_device", default="cuda:0", help="where PhysX runs: cpu or cuda:N")
    parser.add_argument("--pipeline", default="gpu", help="where tensors are: cpu or gpu")
    parser.add_argument("--graphics_device_id", type=int, default=0)
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument("--flex", action="store_true")
    engine.add_argument("--physx", action="store_true")
    parser.add_argument("--num_threads", type=int, default=0)
    parser.add_argument("--subscenes", type=int, default=0)
    parser.add_argument("--slices", type=int)
    for parameter in custom_parameters or []:
        rest = {k: v for k, v in parameter.items() if k != "name"}
        if "action" in rest:
            rest = {k: v for k, v in rest.items() if k in ("action", "help")}
        parser.add_argument(parameter["name"], **rest)
    return _completed(parser.parse_args())


def _completed(args: argparse.Namespace) -> argparse.Namespace:
    args.sim_device_type, args.compute_device_id = parse_device_str(args.sim_device)
    args.use_gpu_pipeline = args.pipeline.lower() in ("gpu", "cuda")
    if args.sim_device_type == "cpu" and args.use_gpu_pipeline:
        print("isaacgym double: the simulation is on the CPU, so the pipeline is too.")
        args.pipeline, args.use_gpu_pipeline = "cpu", False
    args.physics_engine = gymapi.SIM_FLEX if args.flex else gymapi.SIM_PHYSX
    args.use_gpu = args.sim_device_type == "cuda"
    if getattr(args, "nographics", False):
        args.headless = True
    if args.slices is None:
        args.slices = args.subscenes
    return args


TOP = {"dt": float, "substeps": int, "use_gpu_pipeline": bool, "num_client_threads": int}
PHYSX = {
    **dict.fromkeys(
        ("num_threads", "solver_type", "num_position_iterations", "num_velocity_iterations"), int
    ),
    **dict.fromkeys(("max_gpu_contact_pairs", "num_subscenes"), int),
    **dict.fromkeys(("contact_offset", "rest_offset", "bounce_threshold_velocity"), float),
    **dict.fromkeys(("max_depenetration_velocity", "default_buffer_size_multiplier"), float),
    **dict.fromkeys(("friction_correlation_distance", "friction_offset_threshold"), float),
    **dict.fromkeys(("use_gpu", "always_use_articulations"), bool),
    "contact_collection": gymapi.ContactCollection,
}


def parse_sim_config(cfg: Dict[str, Any], sim_params: Any) -> None:
    """Copy what a configuration says into SimParams. Other keys are ignored."""
    _copy(cfg, sim_params, TOP)
    if "up_axis" in cfg:
        sim_params.up_axis = gymapi.UpAxis(int(cfg["up_axis"]))
    if "gravity" in cfg:
        sim_params.gravity = cfg["gravity"] if isinstance(cfg["gravity"], Vec3) else Vec3(*cfg["gravity"])
    _copy(cfg.get("physx") or {}, sim_params.physx, PHYSX)


def _copy(cfg: Dict[str, Any], target: Any, kinds: Dict[str, Any]) -> None:
    for name, kind in kinds.items():
        if name in cfg:
            setattr(target, name, kind(cfg[name]))


class LineGeometry:
    """Lines (n, 2, 3), m, and their colours (n, 3)."""

    def __init__(self, lines: Any, colors: Any, pose: Optional[Transform] = None) -> None:
        lines = np.asarray(lines, np.float32).reshape(-1, 2, 3)
        self.lines = lines if pose is None else _moved(lines, pose)
        self.colors = np.broadcast_to(np.asarray(colors, np.float32), (len(lines), 3)).copy()

    def vertices(self) -> Any:
        return self.lines


def _moved(points: Any, pose: Transform) -> Any:
    flat = [pose.transform_point(Vec3(*p)) for p in points.reshape(-1, 3)]
    return np.array([to_array(p) for p in flat], np.float32).reshape(points.shape)


class AxesGeometry(LineGeometry):
    """Red x, green y, blue z."""

    def __init__(self, scale: float = 1.0, pose: Optional[Transform] = None) -> None:
        super().__init__([[np.zeros(3), scale * axis] for axis in np.eye(3)], np.eye(3), pose)


class WireframeBoxGeometry(LineGeometry):
    """The twelve edges of a box."""

    def __init__(
        self, xdim: float = 1, ydim: float = 1, zdim: float = 1, pose: Any = None, color: Any = (1, 0, 0)
    ) -> None:
        corners = [np.array([i, j, k]) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
        edges = [(a, b) for n, a in enumerate(corners) for b in corners[n:] if np.abs(a - b).sum() == 1]
        super().__init__((np.array(edges) - 0.5) * [xdim, ydim, zdim], color, pose)


class WireframeSphereGeometry(LineGeometry):
    """Circles of latitude and half circles of longitude."""

    def __init__(
        self,
        radius: float = 1.0,
        num_lats: int = 8,
        num_lons: int = 8,
        pose: Optional[Transform] = None,
        color: Any = None,
        color2: Any = None,
    ) -> None:
        lat = np.linspace(-math.pi / 2, math.pi / 2, num_lats + 1)
        lon = np.linspace(0, 2 * math.pi, num_lons + 1)
        x, y = np.outer(np.cos(lat), np.cos(lon)), np.outer(np.cos(lat), np.sin(lon))
        z = np.repeat(np.sin(lat)[:, None], len(lon), 1)
        grid = radius * np.stack([x, y, z], -1)
        around = np.stack([grid[1:-1, :-1], grid[1:-1, 1:]], 2).reshape(-1, 2, 3)
        up = np.stack([grid[:-1, :-1], grid[1:, :-1]], 2).reshape(-1, 2, 3)
        first = (1, 0, 0) if color is None else color
        second = first if color2 is None else color2
        colors = np.concatenate([np.tile(first, (len(around), 1)), np.tile(second, (len(up), 1))])
        super().__init__(np.concatenate([around, up]), colors, pose)


def draw_lines(geometry: LineGeometry, gym: Any, viewer: Any, env: Any, pose: Optional[Transform]) -> None:
    """Draw wire frames at a pose of the environment."""
    if pose is not None and not isinstance(pose.r, Quat):
        raise TypeError("isaacgym double: the pose is a Transform.")
    lines = geometry.lines if pose is None else _moved(geometry.lines, pose)
    gym.add_lines(viewer, env, len(lines), lines, geometry.colors)


def draw_line(p1: Vec3, p2: Vec3, color: Vec3, gym: Any, viewer: Any, env: Any) -> None:
    line = np.array([[to_array(p1), to_array(p2)]], np.float32)
    gym.add_lines(viewer, env, 1, line, to_array(color).astype(np.float32)[None])


def __getattr__(name: str) -> Any:
    raise AttributeError(f"isaacgym double: gymutil.{name} is not in the double.")
