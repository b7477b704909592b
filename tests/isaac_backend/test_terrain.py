"""Grids of heights in the two forms that Isaac Gym takes."""

import numpy as np
import pytest

from isaac_backend.terrain import checked, height_samples, triangle_mesh


def test_samples_keep_heights() -> None:
    heights = np.random.default_rng(0).uniform(-1.5, 2.0, (7, 5))
    samples, unit = height_samples(heights)
    assert samples.dtype == np.int16 and samples.shape == (7, 5)
    np.testing.assert_allclose(samples * unit, heights, atol=unit / 2 + 1e-12)
    assert unit < 1e-4


def test_flat_ground_is_flat() -> None:
    samples, unit = height_samples(np.zeros((3, 4)))
    assert not samples.any() and unit > 0


def test_mesh_of_two_cells_by_hand() -> None:
    """Rows go along x: vertex (i, j) is at (i, j) * spacing."""
    heights = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    vertices, triangles = triangle_mesh(heights, 0.5)
    assert vertices.dtype == np.float32 and triangles.dtype == np.uint32
    np.testing.assert_array_equal(vertices[3], [0.5, 0.5, 3.0])  # i = 1, j = 1
    assert triangles.shape == (4, 3)
    a, b, c = (vertices[triangles[:, k]].astype(float) for k in range(3))
    normals = np.cross(b - a, c - a)
    assert (normals[:, 2] > 0).all()
    np.testing.assert_allclose(normals[:, 2].sum() / 2, 1.0 * 0.5)  # the area of the grid, m^2


@pytest.mark.parametrize(
    ("heights", "spacing", "message"),
    [
        (np.zeros(4), 1.0, "rows, cols"),
        (np.full((2, 2), np.nan), 1.0, "4 that are not"),
        (np.zeros((2, 2)), 0.0, "spacing"),
    ],
)
def test_bad_grids_are_refused(heights: np.ndarray, spacing: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(heights, spacing)
