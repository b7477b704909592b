"""gymutil, terrain_utils, torch_utils and the viewer, by numbers worked by hand."""

import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import close, sim_params

from isaacgym import gymapi, gymutil, terrain_utils, torch_utils


@pytest.mark.parametrize(
    ("text", "expected"), [("cpu", ("cpu", 0)), ("cuda", ("cuda", 0)), ("cuda:3", ("cuda", 3))]
)
def test_devices(text: str, expected: Any) -> None:
    assert gymutil.parse_device_str(text) == expected


@pytest.mark.parametrize("text", ["gpu", "cuda:x", ""])
def test_bad_devices(text: str) -> None:
    with pytest.raises(ValueError, match="cpu, cuda or cuda:N"):
        gymutil.parse_device_str(text)


def test_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["x", "--task=a1", "--sim_device=cpu", "--headless", "--resume", "--subscenes=4"]
    monkeypatch.setattr(sys, "argv", argv)
    custom = [
        {"name": "--task", "type": str, "default": "anymal", "help": "which"},
        {"name": "--resume", "action": "store_true", "default": False},
        {"name": "--headless", "action": "store_true", "default": False},
    ]
    args = gymutil.parse_arguments(description="d", custom_parameters=custom)
    assert (args.task, args.resume, args.headless, args.slices) == ("a1", True, True, 4)
    assert (args.sim_device_type, args.compute_device_id, args.use_gpu_pipeline, args.use_gpu) == (
        "cpu",
        0,
        False,
        False,
    )
    assert args.physics_engine == gymapi.SIM_PHYSX


def test_simulation_configuration() -> None:
    params = gymapi.SimParams()
    cfg = {
        "dt": 0.005,
        "up_axis": 1,
        "gravity": [0, 0, -9.81],
        "other": 1,
        "physx": {"solver_type": 0, "contact_offset": 0.01, "x": 2},
    }
    gymutil.parse_sim_config(cfg, params)
    assert (params.dt, params.up_axis, params.gravity.z) == (0.005, gymapi.UP_AXIS_Z, -9.81)
    assert (params.physx.solver_type, params.physx.contact_offset, params.substeps) == (0, 0.01, 2)


def test_wire_frames() -> None:
    box = gymutil.WireframeBoxGeometry(2, 2, 2)
    assert box.lines.shape == (12, 2, 3) and np.allclose(np.abs(box.lines), 1)
    ball = gymutil.WireframeSphereGeometry(0.5, 4, 4, None, color=(1, 1, 0))
    close(np.linalg.norm(ball.lines, axis=-1), np.full((len(ball.lines), 2), 0.5))
    axes = gymutil.AxesGeometry(2.0, gymapi.Transform(gymapi.Vec3(1, 0, 0)))
    close(axes.lines[0], [[1, 0, 0], [3, 0, 0]])


def test_viewer_of_a_program_with_graphics(gym: Any) -> None:
    sim = gym.create_sim(0, 0, gymapi.SIM_PHYSX, sim_params())
    viewer = gym.create_viewer(sim, gymapi.CameraProperties())
    gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_ESCAPE, "QUIT")
    gym.viewer_camera_look_at(viewer, None, gymapi.Vec3(1, 1, 1), gymapi.Vec3())
    assert not gym.query_viewer_has_closed(viewer) and gym.query_viewer_action_events(viewer) == []
    gymutil.draw_lines(gymutil.AxesGeometry(), gym, viewer, None, gymapi.Transform())


def test_no_viewer_without_graphics(gym: Any) -> None:
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, sim_params())
    assert gym.create_viewer(sim, gymapi.CameraProperties()) is None
    with pytest.raises(RuntimeError, match="no viewer"):
        gym.query_viewer_has_closed(None)


def test_stairs_and_slopes() -> None:
    def field() -> Any:
        return terrain_utils.SubTerrain("t", 20, 12, vertical_scale=0.01, horizontal_scale=0.1)

    assert field().height_field_raw.dtype == np.int16
    slope = terrain_utils.sloped_terrain(field(), 0.5).height_field_raw
    assert slope[:3, 0].tolist() == [0, 5, 10] and (slope == slope[:, :1]).all()
    stairs = terrain_utils.stairs_terrain(field(), 0.5, 0.1).height_field_raw
    assert stairs[::5, 0].tolist() == [10, 20, 30, 40]
    pyramid = terrain_utils.pyramid_stairs_terrain(field(), 0.2, 0.1, 0.4).height_field_raw
    assert pyramid[:, 6].tolist() == [0] * 2 + [10] * 2 + [20] * 12 + [10] * 2 + [0] * 2
    hill = terrain_utils.pyramid_sloped_terrain(field(), 0.5, 0.4).height_field_raw
    assert hill[0, 6] == 0 and hill[10, 6] == hill.max() == hill[8, 4] and (hill == hill.clip(0)).all()
    assert terrain_utils.pyramid_sloped_terrain(field(), -0.5, 0.4).height_field_raw.max() == 0


def test_random_fields_are_numpys_draws() -> None:
    def field() -> Any:
        return terrain_utils.SubTerrain("t", 40, 40, vertical_scale=0.01, horizontal_scale=0.1)

    makers = {
        "rough": lambda t: terrain_utils.random_uniform_terrain(t, -0.1, 0.1, 0.05, 0.2),
        "blocks": lambda t: terrain_utils.discrete_obstacles_terrain(t, 0.2, 0.5, 2.0, 8, 1.0),
        "stones": lambda t: terrain_utils.stepping_stones_terrain(t, 0.5, 0.1, 0.0, 1.0, -1.0),
        "waves": lambda t: terrain_utils.wave_terrain(t, 2, 0.4),
    }
    for name, make in makers.items():
        runs = []
        for seed in (0, 0, 1):
            np.random.seed(seed)
            runs.append(make(field()).height_field_raw)
        assert (runs[0] == runs[1]).all() and runs[0].any(), name
        assert name == "waves" or (runs[0] != runs[2]).any(), name
    rough, blocks, stones, waves = (make(field()).height_field_raw for make in makers.values())
    assert np.abs(rough).max() <= 10 and set(np.unique(blocks)) <= {-20, -10, 0, 10, 20}
    assert not blocks[15:25, 15:25].any() and set(np.unique(stones)) == {-100, -1, 0}
    assert waves[0, 0] == 20 and np.abs(waves).max() <= 40


def test_mesh_of_a_step_has_a_wall() -> None:
    raw = np.zeros((4, 3), np.int16)
    raw[2:] = 100
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(raw, 0.1, 0.01, 1.0)
    assert vertices.dtype == np.float32 and triangles.dtype == np.uint32
    assert vertices.shape == (12, 3) and triangles.shape == (12, 3)
    x, z = vertices.reshape(4, 3, 3)[:, 1, 0], vertices.reshape(4, 3, 3)[:, 1, 2]
    close(x, [0, 0.2, 0.2, 0.3], atol=1e-6)  # the foot of the wall has moved under its top
    close(z, [0, 0, 1, 1])
    corners = vertices[triangles.astype(int)]
    up = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
    assert (up >= -1e-9).all()


def test_torch_quaternions() -> None:
    generator = torch.Generator().manual_seed(0)
    q, p = (torch_utils.normalize(torch.randn(5, 4, generator=generator)) for _ in range(2))
    v = torch.randn(5, 3, generator=generator)
    turned = torch_utils.quat_apply(q, torch_utils.quat_apply(p, v))
    close(torch_utils.quat_rotate(torch_utils.quat_mul(q, p), v), turned, atol=1e-5)
    close(torch_utils.quat_rotate_inverse(q, torch_utils.quat_rotate(q, v)), v, atol=1e-5)
    back, shift = torch_utils.tf_inverse(q, v)
    close(torch_utils.tf_apply(q, v, torch_utils.tf_apply(back, shift, v)), v, atol=1e-5)
    one, t = torch_utils.tf_combine(q, v, back, shift)
    close(one.abs(), [[0, 0, 0, 1]] * 5, atol=1e-5)
    close(t, torch.zeros(5, 3), atol=1e-5)
    quarter = torch_utils.quat_from_angle_axis(torch.tensor([math.pi / 2]), torch.tensor([[0.0, 0, 3]]))
    close(torch_utils.quat_rotate(quarter, torch.tensor([[1.0, 0, 0]])), [[0, 1, 0]])
    close(torch_utils.quat_axis(quarter, 1), [[-1, 0, 0]])


def test_torch_quaternions_of_a_grid_of_points() -> None:
    """As legged_gym turns the points around each robot: (n m, 4) on (n, m, 3)."""
    q = torch_utils.normalize(torch.randn(2, 4, generator=torch.Generator().manual_seed(0)))
    points = torch.arange(18.0).view(2, 3, 3)
    turned = torch_utils.quat_apply(q.repeat(1, 3).view(-1, 4), points)
    for i in range(2):
        close(turned[i], torch_utils.quat_apply(q[i].expand(3, 4), points[i]), atol=1e-5)


SCRIPT = """
import torch
from isaacgym.torch_utils import *

@torch.jit.script
def task(q, v, angle):
    # type: (Tensor, Tensor, Tensor) -> Tuple[Tensor, Tensor, Tensor]
    roll, pitch, yaw = get_euler_xyz(quat_mul(q, quat_conjugate(quat_unit(q))))
    back, shift = tf_inverse(q, v)
    turned = quat_rotate(q, quat_rotate_inverse(q, v)) + tf_apply(back, shift, v) + tf_vector(q, v)
    one, t = tf_combine(q, v, back, shift)
    axis = quat_axis(quat_from_angle_axis(angle, get_basis_vector(q, v)), 2)
    noise = torch_rand_float(-1.0, 1.0, (2, 3), "cpu") * 0.0
    rest = copysign(1.5, angle) + scale(angle, angle, angle) + unscale(angle, angle - 1, angle + 1)
    return normalize_angle(roll + pitch + yaw), turned + t + axis + noise, tensor_clamp(rest, angle, angle)
"""


def test_torchscript_compiles_them(tmp_path: Path) -> None:
    """Tasks of IsaacGymEnvs call them from compiled functions, whose source must be in a file."""
    path = tmp_path / "scripted.py"
    path.write_text(SCRIPT)
    spec = importlib.util.spec_from_file_location("scripted", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    q, v = torch.tensor([[0.0, 0, 0, 1.0]] * 2), torch.ones(2, 3)
    angles, vectors, rest = module.task(q, v, torch.tensor([0.0, 0.0]))
    close(angles, [0, 0])
    close(vectors, [[2.0, 2.0, 3.0]] * 2, atol=1e-5)
    close(rest, [0, 0])


def test_torch_angles() -> None:
    angles = [torch.tensor([x]) for x in (0.3, -0.2, 5.0)]
    found = torch_utils.get_euler_xyz(torch_utils.quat_from_euler_xyz(*angles))
    close(torch.cat(found), [0.3, 2 * math.pi - 0.2, 5.0])
    close(torch_utils.normalize_angle(torch.tensor([3 * math.pi / 2])), [-math.pi / 2])


def test_torch_rest() -> None:
    assert torch_utils.get_axis_params(-1.0, 2) == [0.0, 0.0, -1.0]
    assert torch_utils.get_axis_params(1.0, 1, 0.5) == [0.5, 1.0, 0.0]
    draws = torch_utils.torch_rand_float(-1.0, 2.0, (100, 2), "cpu")
    assert draws.shape == (100, 2) and -1 <= draws.min() < -0.5 and 1.5 < draws.max() <= 2
    close(torch_utils.torch_random_dir_2((7, 1), "cpu").norm(dim=-1), [1.0] * 7)
    lower, upper = torch.tensor([0.0]), torch.tensor([4.0])
    close(torch_utils.unscale(torch_utils.scale(torch.tensor([0.5]), lower, upper), lower, upper), [0.5])
    close(torch_utils.tensor_clamp(torch.tensor([9.0]), lower, upper), [4.0])
    close(torch_utils.copysign(2.0, torch.tensor([-1.0, 3.0])), [-2.0, 2.0])


def test_star_import_brings_torch_and_numpy() -> None:
    names: Any = {}
    exec("from isaacgym.torch_utils import *", names)  # as tasks do
    assert names["torch"] is torch and names["np"] is np and "quat_rotate_inverse" in names
