"""Height fields and triangle meshes as MuJoCo height fields, whose columns go along +x and rows along +y."""

import copy
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

import numpy as np

from ._settings import refuse
from ._types import to_pose
from ._world import Sim

BASE = 1.0  # m, of matter below the lowest point
COARSE = 0.05  # m, between the points of a mesh that is no grid


@dataclass(eq=False)
class Terrain:
    """Heights, m, at points `spacing` apart from `corner` on: rows along y, columns along x."""

    params: Any
    heights: Any
    spacing: Tuple[float, float]  # x, y
    corner: Any  # world, of heights[0, 0]

    @property
    def _extent(self) -> Any:
        rows, columns = self.heights.shape
        return np.array([(columns - 1) * self.spacing[0], (rows - 1) * self.spacing[1]])

    @property
    def size(self) -> List[float]:
        """MuJoCo's: half extents, height of a unit, base."""
        return [*(0.5 * self._extent), max(float(np.ptp(self.heights)), 1e-3), BASE]

    @property
    def centre(self) -> Any:
        """Where MuJoCo's geom goes: the middle, at the height of the lowest point."""
        return np.append(self.corner[:2] + 0.5 * self._extent, self.corner[2] + self.heights.min())

    @property
    def unit_heights(self) -> Any:
        return ((self.heights - self.heights.min()) / self.size[2]).astype(np.float32)


def add_heightfield(sim: Sim, heightsamples: Any, params: Any) -> None:
    """Samples are int16; x is the slow index: `nbColumns` samples along x, `nbRows` along y."""
    samples = np.asarray(heightsamples)
    if samples.dtype != np.int16:
        refuse(f"add_heightfield takes int16 samples, not {samples.dtype.name}.")
    if samples.size != params.nbRows * params.nbColumns:
        raise ValueError(
            f"isaacgym double: {samples.size} height samples for {params.nbRows} rows "
            f"of {params.nbColumns} columns."
        )
    heights = params.vertical_scale * samples.reshape(params.nbColumns, params.nbRows).T.astype(float)
    _add(sim, params, heights, (params.column_scale, params.row_scale), np.zeros(3))


def add_triangle_mesh(sim: Sim, vertices: Any, triangles: Any, params: Any) -> None:
    """A static mesh seen from above: overhangs are filled, and walls become ramps of one cell."""
    vertices, triangles = np.asarray(vertices), np.asarray(triangles)
    for array, count, dtype, what in (
        (vertices, params.nb_vertices, np.float32, "vertices"),
        (triangles, params.nb_triangles, np.uint32, "triangles"),
    ):
        if array.dtype != dtype or array.ndim != 1:
            refuse(f"add_triangle_mesh takes flat {np.dtype(dtype).name} {what}, not {array.dtype.name}.")
        if array.size != 3 * count:
            raise ValueError(f"isaacgym double: {array.size} numbers for {count} {what}.")
    points, corners = vertices.reshape(-1, 3).astype(float), triangles.reshape(-1, 3).astype(int)
    if corners.max() >= len(points):
        raise ValueError(f"isaacgym double: triangle corner {corners.max()} of {len(points)} vertices.")
    heights, spacing, corner = _as_grid(points, len(corners)) or _seen_from_above(points, corners)
    _add(sim, params, heights, spacing, corner)


def _add(sim: Sim, params: Any, heights: Any, spacing: Tuple[float, float], corner: Any) -> None:
    pos, quat = to_pose(params.transform)
    if abs(quat[3]) < 1.0 - 1e-6:
        raise ValueError("isaacgym double: its terrains are moved, not turned.")
    if sim.world is not None:
        refuse("terrain was added after prepare_sim or the first step.")
    sim.terrains.append(Terrain(copy.deepcopy(params), heights, spacing, pos + corner))


def _as_grid(points: Any, num_triangles: int) -> Optional[Tuple[Any, Tuple[float, float], Any]]:
    """Heights of a mesh whose vertices are a grid, row by row, each at most a cell from its place."""
    sides = len(points) + 1 - num_triangles // 2  # of n m points and 2 (n - 1) (m - 1) triangles: n + m
    root = sides * sides - 4 * len(points)
    if num_triangles % 2 or root < 0:
        return None
    long = (sides + round(root**0.5)) // 2
    for slow in {long, sides - long}:
        if slow > 1 and sides - slow > 1 and slow * (sides - slow) == len(points):
            grid = points.reshape(slow, sides - slow, 3)
            for x_slow in (True, False):
                found = _regular(grid if x_slow else grid.transpose(1, 0, 2))
                if found:
                    return found
    return None


def _regular(grid: Any) -> Optional[Tuple[Any, Tuple[float, float], Any]]:
    """The same, of (x, y, 3) points."""
    low, high = grid.min((0, 1)), grid.max((0, 1))
    step = (high - low)[:2] / (np.array(grid.shape[:2]) - 1)
    if not (step > 0).all():
        return None
    places = low[:2] + step * np.stack(np.meshgrid(*map(np.arange, grid.shape[:2]), indexing="ij"), -1)
    if (np.abs(grid[..., :2] - places) > 1.01 * step).any():
        return None
    return grid[..., 2].T.copy(), (float(step[0]), float(step[1])), np.array([low[0], low[1], 0.0])


def _seen_from_above(points: Any, corners: Any) -> Tuple[Any, Tuple[float, float], Any]:
    """Highest point of any mesh over each point of a grid. Where there is no mesh: its lowest height."""
    low, high = points.min(0), points.max(0)
    spacing = max(COARSE, float((high - low)[:2].max()) / 1000)
    columns, rows = (np.ceil((high - low)[:2] / spacing).astype(int) + 1).tolist()
    heights = np.full((rows, columns), low[2])
    x, y = low[0] + spacing * np.arange(columns), low[1] + spacing * np.arange(rows)
    for triangle in points[corners]:
        _raise_to(heights, x, y, triangle)
    return heights, (spacing, spacing), np.array([low[0], low[1], 0.0])


def _raise_to(heights: Any, x: Any, y: Any, triangle: Any) -> None:
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    if abs(area) < 1e-12:
        return
    (i, j), (k, m) = (
        np.searchsorted(x, [min(ax, bx, cx) - 1e-9, max(ax, bx, cx) + 1e-9]),
        np.searchsorted(y, [min(ay, by, cy) - 1e-9, max(ay, by, cy) + 1e-9]),
    )
    px, py = np.meshgrid(x[i:j], y[k:m])
    u = ((by - cy) * (px - cx) + (cx - bx) * (py - cy)) / area
    v = ((cy - ay) * (px - cx) + (ax - cx) * (py - cy)) / area
    inside = (u > -1e-6) & (v > -1e-6) & (u + v < 1 + 1e-6)
    here = heights[k:m, i:j]
    here[inside] = np.maximum(here, u * az + v * bz + (1 - u - v) * cz)[inside]
