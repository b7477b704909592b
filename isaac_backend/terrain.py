"""Heights on a grid as what Isaac Gym takes: a height field of 16 bits, or a mesh of triangles.

`heights` is (rows, cols) m; row i is at x = i * spacing and column j at y = j * spacing from the grid's
origin. Steps become ramps of one cell, alike in both kinds. NumPy only, for Python 3.8 on.
"""

from typing import Tuple

import numpy as np

LARGEST = 32767  # of a signed 16-bit sample
FINEST = 1e-5  # m a unit; ground that is flat needs some scale, too


def checked(heights: np.ndarray, spacing: float) -> np.ndarray:
    """`heights` as float64, or a `ValueError` that says what is wrong with the grid."""
    grid = np.asarray(heights, float)
    if grid.ndim != 2 or min(grid.shape) < 2:
        raise ValueError(f"terrain heights must be (rows, cols) with two or more of each, not {grid.shape}.")
    if not np.isfinite(grid).all():
        raise ValueError(f"terrain heights hold {int((~np.isfinite(grid)).sum())} that are not finite.")
    if not spacing > 0:
        raise ValueError(f"terrain spacing must be positive, not {spacing} m.")
    return grid


def height_samples(heights: np.ndarray) -> Tuple[np.ndarray, float]:
    """(rows, cols) int16 samples and the metres that one unit stands for. Errors are at most half a unit."""
    unit = max(float(np.abs(heights).max()) / LARGEST, FINEST)
    return np.ascontiguousarray(np.rint(heights / unit).astype(np.int16)), unit


def triangle_mesh(heights: np.ndarray, spacing: float) -> Tuple[np.ndarray, np.ndarray]:
    """Vertices (rows * cols, 3) float32 m from the grid's origin, and triangles (n, 3) uint32, two a cell.

    Seen from above, a triangle's corners are counter-clockwise: its normal points up.
    """
    rows, cols = heights.shape
    x, y = np.meshgrid(np.arange(rows) * spacing, np.arange(cols) * spacing, indexing="ij")
    vertices = np.stack([x, y, heights], axis=-1).reshape(-1, 3).astype(np.float32)
    corner = (np.arange(rows - 1)[:, None] * cols + np.arange(cols - 1)).ravel()
    lower = np.stack([corner, corner + cols, corner + cols + 1], axis=1)
    upper = np.stack([corner, corner + cols + 1, corner + 1], axis=1)
    return vertices, np.concatenate([lower, upper]).astype(np.uint32)
