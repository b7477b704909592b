"""Height fields and triangle meshes lie where and as they should: a ball dropped on them tells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import World, close, inertial, link, shape, sim_params, tilted, urdf

from isaacgym import gymapi, gymtorch, terrain_utils

RADIUS = 0.1
BALL = urdf(link("ball", inertial(1.0, (0.004, 0.004, 0.004)), shape(f'sphere radius="{RADIUS}"')))
CELL, UNIT = 0.1, 0.005  # m


def as_height_field(world: World, raw: Any, x: float, y: float, z: float) -> None:
    """As legged_gym does: rows of the array are along x, and it says that they are columns."""
    params = gymapi.HeightFieldParams()
    params.row_scale = params.column_scale = CELL
    params.vertical_scale = UNIT
    params.nbColumns, params.nbRows = raw.shape
    params.transform.p = gymapi.Vec3(x, y, z)
    params.static_friction = params.dynamic_friction = 1.0
    world.gym.add_heightfield(world.sim, raw, params)


def as_mesh(world: World, raw: Any, x: float, y: float, z: float, threshold: Any = None) -> None:
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(raw, CELL, UNIT, threshold)
    add_mesh(world, vertices, triangles, x, y, z)


def add_mesh(world: World, vertices: Any, triangles: Any, x: float, y: float, z: float) -> None:
    params = gymapi.TriangleMeshParams()
    params.nb_vertices, params.nb_triangles = len(vertices), len(triangles)
    params.transform.p = gymapi.Vec3(x, y, z)
    world.gym.add_triangle_mesh(world.sim, vertices.flatten(order="C"), triangles.flatten(order="C"), params)


def as_walled_mesh(world: World, raw: Any, x: float, y: float, z: float) -> None:
    as_mesh(world, raw, x, y, z, 0.75)


def as_mesh_by_columns(world: World, raw: Any, x: float, y: float, z: float) -> None:
    """The same mesh with its vertices listed along x first."""
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(raw.T, CELL, UNIT)
    add_mesh(world, vertices[:, [1, 0, 2]], triangles[:, ::-1], x, y, z)


def as_loose_triangles(world: World, raw: Any, x: float, y: float, z: float) -> None:
    """Each triangle with vertices of its own: no grid to be seen."""
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(raw, CELL, UNIT)
    loose = vertices[triangles.astype(int)].reshape(-1, 3)
    add_mesh(world, loose, np.arange(len(loose), dtype=np.uint32).reshape(-1, 3), x, y, z)


WAYS = [as_height_field, as_mesh, as_walled_mesh, as_mesh_by_columns, as_loose_triangles]


def touched(gym: Any, folder: Path, way: Any, raw: Any, places: Any, at: Any = (-1.0, -2.0, 0.5)) -> Any:
    """Heights of a ball's centre at which it begins to touch over `places` (x, y), by bisection."""
    still = sim_params(gravity=gymapi.Vec3())
    world = World(gym, folder, BALL, num_envs=len(places), ground=False, prepare=False, params=still)
    way(world, raw, *at)
    world.fill().prepare()
    low, high = torch.full((len(places),), -1.0), torch.full((len(places),), 3.0)
    state = world.root.clone()
    state[:, :2] = torch.tensor(places)
    for _ in range(22):
        middle = (low + high) / 2
        state[:, 2], state[:, 7:] = middle, 0.0
        gym.set_actor_root_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
        world.simulate()
        touches = world.contact.abs().sum(1) > 0
        low, high = torch.where(touches, middle, low), torch.where(touches, high, middle)
    return high


def ramp(along: int) -> Any:
    """Rises by 0.02 m a cell (slope 0.2) along one axis; 21 x 41 points, not square."""
    grid = np.indices((21, 41))[along]
    return (4 * grid).astype(np.int16)


def over_a_slope(height: Any) -> Any:
    """A ball's centre above a slope of 0.2 when it touches."""
    return np.asarray(height) + RADIUS * np.sqrt(1 + 0.2**2)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("along", [0, 1])
def test_a_ramp(gym: Any, tmp_path: Path, way: Any, along: int) -> None:
    places = [[-0.5, -1.5], [0.5, -1.5], [-0.5, 1.0], [0.45, 1.05]]
    corner = (-1.0, -2.0)
    rise = [0.5 + 0.2 * (p[along] - corner[along]) for p in places]
    close(touched(gym, tmp_path, way, ramp(along), places), over_a_slope(rise), atol=3e-3)


@pytest.mark.parametrize("way", WAYS)
def test_a_step(gym: Any, tmp_path: Path, way: Any) -> None:
    """0.3 m high where x >= 0 and y < 0, from the corner of the array where they are -1 and -2."""
    raw = np.zeros((21, 41), np.int16)
    raw[10:, :20] = 60
    places = [[0.5, -1.0], [-0.5, -1.0], [0.5, 1.0], [-0.5, 1.0]]
    heights = touched(gym, tmp_path, way, raw, places)
    close(heights, [0.8 + RADIUS, 0.5 + RADIUS, 0.5 + RADIUS, 0.5 + RADIUS], atol=1e-3)


def test_a_ball_rests_on_it(gym: Any, tmp_path: Path) -> None:
    raw = np.full((21, 41), -40, np.int16)  # below zero
    world = World(gym, tmp_path, BALL, ground=False, prepare=False, height=0.5)
    as_height_field(world, raw, -1.0, -2.0, 0.0)
    world.fill().prepare().simulate(800)
    close(world.root[0, 2], RADIUS - 0.2, atol=2e-3)
    close(world.contact[0], [0, 0, 9.81], atol=0.1)


def test_friction_of_terrain_and_shape_is_averaged(gym: Any, tmp_path: Path) -> None:
    """On terrain without friction, a shape of friction 0.8 holds on slopes below 0.4."""
    box = urdf(link("box", inertial(3.0, (0.1, 0.1, 0.1)), shape('box size="0.63 0.63 0.2"')))
    for slope, holds in ((0.36, True), (0.44, False)):
        world = World(gym, tmp_path, box, ground=False, prepare=False, height=0.1, params=tilted(slope))
        params = gymapi.HeightFieldParams()
        params.row_scale = params.column_scale = CELL
        params.nbColumns = params.nbRows = 61
        params.transform.p = gymapi.Vec3(-3.0, -3.0, 0.0)
        params.static_friction = params.dynamic_friction = 0.0
        gym.add_heightfield(world.sim, np.zeros((61, 61), np.int16), params)
        props = gym.get_asset_rigid_shape_properties(world.asset)
        props[0].friction = 0.8
        gym.set_asset_rigid_shape_properties(world.asset, props)
        world.fill().prepare().simulate(500)
        assert (float(world.root[0, 7]) < 0.02) == holds
        gym.destroy_sim(world.sim)


@pytest.mark.parametrize(
    ("raw", "error", "message"),
    [
        (np.zeros((21, 41), np.float32), RuntimeError, "int16 samples, not float32"),
        (np.zeros((20, 41), np.int16), ValueError, "820 height samples for 41 rows of 21 columns"),
    ],
)
def test_bad_height_fields(gym: Any, tmp_path: Path, raw: Any, error: Any, message: str) -> None:
    world = World(gym, tmp_path, BALL, prepare=False)
    params = gymapi.HeightFieldParams()
    params.nbColumns, params.nbRows = 21, 41
    with pytest.raises(error, match=message):
        gym.add_heightfield(world.sim, raw, params)


def test_bad_meshes(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, prepare=False)
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(ramp(0), CELL, UNIT)
    params = gymapi.TriangleMeshParams()
    params.nb_vertices, params.nb_triangles = len(vertices), len(triangles)
    with pytest.raises(RuntimeError, match="flat float32 vertices"):
        gym.add_triangle_mesh(world.sim, vertices, triangles.flatten(), params)
    with pytest.raises(RuntimeError, match="flat uint32 triangles, not int64"):
        gym.add_triangle_mesh(world.sim, vertices.flatten(), triangles.flatten().astype(np.int64), params)
    params.nb_triangles -= 1
    with pytest.raises(ValueError, match="4800 numbers for 1599 triangles"):
        gym.add_triangle_mesh(world.sim, vertices.flatten(), triangles.flatten(), params)
