"""Height fields of named kinds. Written from the meanings of Isaac Gym's; random draws are NumPy's global ones."""

from typing import Any, Optional, Tuple

import numpy as np


class SubTerrain:
    """int16 heights `height_field_raw` (width along x, length along y); m = raw * vertical_scale."""

    def __init__(
        self,
        terrain_name: str = "terrain",
        width: int = 256,
        length: int = 256,
        vertical_scale: float = 1.0,
        horizontal_scale: float = 1.0,
    ) -> None:
        self.terrain_name, self.width, self.length = terrain_name, width, length
        self.vertical_scale, self.horizontal_scale = vertical_scale, horizontal_scale
        self.height_field_raw = np.zeros((width, length), np.int16)


def _cells(terrain: SubTerrain, *metres: float) -> Any:
    """Horizontal lengths in cells."""
    return [int(m / terrain.horizontal_scale) for m in metres]


def _steps(terrain: SubTerrain, *metres: float) -> Any:
    """Heights in units of the raw field."""
    return [int(m / terrain.vertical_scale) for m in metres]


def _middle(terrain: SubTerrain, size: int) -> Tuple[slice, slice]:
    """A square of `size` cells about the centre."""
    i, j = ((n - size) // 2 for n in terrain.height_field_raw.shape)
    return slice(i, i + size), slice(j, j + size)


def random_uniform_terrain(
    terrain: SubTerrain,
    min_height: float,
    max_height: float,
    step: float = 1,
    downsampled_scale: Optional[float] = None,
) -> SubTerrain:
    """Heights drawn every `downsampled_scale` m from a ladder of rungs `step` m apart; linear in between."""
    low, high, rung = _steps(terrain, min_height, max_height, step)
    coarse = terrain.horizontal_scale if downsampled_scale is None else downsampled_scale
    shape = tuple(int(n * terrain.horizontal_scale / coarse) for n in (terrain.width, terrain.length))
    field = np.random.choice(np.arange(low, high + rung, rung), shape).astype(float)
    for axis, size in enumerate((terrain.width, terrain.length)):
        field = _stretched(field, axis, size)
    terrain.height_field_raw += np.rint(field).astype(np.int16)
    return terrain


def _stretched(field: Any, axis: int, size: int) -> Any:
    """Linear interpolation along an axis, ends kept."""
    at = np.linspace(0, field.shape[axis] - 1, size)
    low = np.minimum(at.astype(int), max(field.shape[axis] - 2, 0))
    high = np.minimum(low + 1, field.shape[axis] - 1)
    share = np.expand_dims(at - low, 1 - axis)
    return (1 - share) * field.take(low, axis) + share * field.take(high, axis)


def sloped_terrain(terrain: SubTerrain, slope: float = 1) -> SubTerrain:
    """Rises along x."""
    rise = int(slope * terrain.horizontal_scale / terrain.vertical_scale * terrain.width)
    ramp = rise * np.arange(terrain.width) / terrain.width
    terrain.height_field_raw += ramp.astype(np.int16)[:, None]
    return terrain


def pyramid_sloped_terrain(terrain: SubTerrain, slope: float = 1, platform_size: float = 1.0) -> SubTerrain:
    """Rises from all sides to a platform; falls if the slope is negative."""
    half = [n // 2 for n in (terrain.width, terrain.length)]
    x, y = ((h - np.abs(h - np.arange(n))) / h for h, n in zip(half, (terrain.width, terrain.length)))
    rise = int(slope * terrain.horizontal_scale / terrain.vertical_scale * terrain.width / 2)
    terrain.height_field_raw += (rise * np.outer(x, y)).astype(np.int16)
    edge = int(platform_size / terrain.horizontal_scale / 2)
    corner = int(terrain.height_field_raw[half[0] - edge, half[1] - edge])
    terrain.height_field_raw = np.clip(terrain.height_field_raw, min(corner, 0), max(corner, 0))
    return terrain


def discrete_obstacles_terrain(
    terrain: SubTerrain,
    max_height: float,
    min_size: float,
    max_size: float,
    num_rects: int,
    platform_size: float = 1.0,
) -> SubTerrain:
    """Rectangles up and down, with a flat platform in the middle."""
    (top,) = _steps(terrain, max_height)
    small, large, platform = _cells(terrain, min_size, max_size, platform_size)
    rows, columns = terrain.height_field_raw.shape
    for _ in range(num_rects):
        width = np.random.choice(range(small, large, 4))
        length = np.random.choice(range(small, large, 4))
        i = np.random.choice(range(0, rows - width, 4))
        j = np.random.choice(range(0, columns - length, 4))
        height = np.random.choice([-top, -top // 2, top // 2, top])
        terrain.height_field_raw[i : i + width, j : j + length] = height
    terrain.height_field_raw[_middle(terrain, platform)] = 0
    return terrain


def wave_terrain(terrain: SubTerrain, num_waves: int = 1, amplitude: float = 1.0) -> SubTerrain:
    """A cosine along y and a sine along x."""
    (half,) = _steps(terrain, 0.5 * amplitude)
    if num_waves > 0:
        period = terrain.length / (2 * np.pi * num_waves)
        x, y = np.arange(terrain.width) / period, np.arange(terrain.length) / period
        waves = half * np.cos(y)[None, :] + half * np.sin(x)[:, None]
        terrain.height_field_raw += waves.astype(np.int16)
    return terrain


def stairs_terrain(terrain: SubTerrain, step_width: float, step_height: float) -> SubTerrain:
    """Up along x."""
    (width,), (height,) = _cells(terrain, step_width), _steps(terrain, step_height)
    for i in range(terrain.width // width):
        terrain.height_field_raw[i * width : (i + 1) * width] += height * (i + 1)
    return terrain


def pyramid_stairs_terrain(
    terrain: SubTerrain, step_width: float, step_height: float, platform_size: float = 1.0
) -> SubTerrain:
    """Up from all sides to a platform."""
    (width, platform), (height,) = _cells(terrain, step_width, platform_size), _steps(terrain, step_height)
    ring = width
    while min(terrain.width, terrain.length) - 2 * (ring - width) > platform:
        inside = terrain.height_field_raw[ring : terrain.width - ring, ring : terrain.length - ring]
        inside[:] = height * (ring // width)
        ring += width
    return terrain


def stepping_stones_terrain(
    terrain: SubTerrain,
    stone_size: float,
    stone_distance: float,
    max_height: float,
    platform_size: float = 1.0,
    depth: float = -10,
) -> SubTerrain:
    """Square stones in rows that are shifted at random, over a pit; a flat platform in the middle."""
    size, gap, platform = _cells(terrain, stone_size, stone_distance, platform_size)
    top, bottom = _steps(terrain, max_height, depth)
    heights = np.arange(-top - 1, top)
    terrain.height_field_raw[:] = bottom
    # rows of stones go along the shorter side
    field = terrain.height_field_raw if terrain.length >= terrain.width else terrain.height_field_raw.T
    for start in range(0, field.shape[1], size + gap):
        row = field[:, start : start + size]
        first = np.random.randint(0, size)
        row[: max(0, first - gap)] = np.random.choice(heights)
        for i in range(first, len(row), size + gap):
            row[i : i + size] = np.random.choice(heights)
    terrain.height_field_raw[_middle(terrain, platform)] = 0
    return terrain


def convert_heightfield_to_trimesh(
    height_field_raw: Any,
    horizontal_scale: float,
    vertical_scale: float,
    slope_threshold: Optional[float] = None,
) -> Tuple[Any, Any]:
    """Vertices (rows * columns, 3) float32, m, and triangles (2 (rows - 1) (columns - 1), 3) uint32.

    x is the row. Where a slope is over the threshold, its lower point moves a cell towards the upper one, which
    makes a vertical wall.
    """
    raw = np.asarray(height_field_raw)
    rows, columns = raw.shape
    place = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), -1).astype(float)
    if slope_threshold is not None:
        place += _shifts(raw.astype(float), slope_threshold * horizontal_scale / vertical_scale)
    vertices = np.zeros((rows * columns, 3), np.float32)
    vertices[:, :2] = horizontal_scale * place.reshape(-1, 2)
    vertices[:, 2] = vertical_scale * raw.ravel()
    corner = (columns * np.arange(rows - 1)[:, None] + np.arange(columns - 1)).ravel()
    across = corner + columns
    halves = np.stack([[corner, across + 1, corner + 1], [corner, across, across + 1]], axis=0)
    return vertices, halves.transpose(2, 0, 1).reshape(-1, 3).astype(np.uint32)


def _shifts(raw: Any, most: float) -> Any:
    """By how many cells to move each point along x and y; along the diagonal only where neither axis moved it."""
    along_x, along_y, diagonal = (np.zeros(raw.shape) for _ in range(3))
    step = np.diff(raw, axis=0)
    along_x[:-1] += step > most
    along_x[1:] -= -step > most
    step = np.diff(raw, axis=1)
    along_y[:, :-1] += step > most
    along_y[:, 1:] -= -step > most
    step = raw[1:, 1:] - raw[:-1, :-1]
    diagonal[:-1, :-1] += step > most
    diagonal[1:, 1:] -= -step > most
    return np.stack([along_x + diagonal * (along_x == 0), along_y + diagonal * (along_y == 0)], axis=-1)
