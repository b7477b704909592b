"""Quaternions (x y z w), frames and random numbers in torch. Written from the names and meanings of Isaac Gym's.

Tasks call these from TorchScript, so they are such that it compiles them.
"""

import math
from typing import Any, List, Tuple

import numpy as np
import torch

Tensor = torch.Tensor


def to_torch(x: Any, dtype: Any = torch.float, device: Any = "cuda:0", requires_grad: bool = False) -> Tensor:
    return torch.tensor(x, dtype=dtype, device=device, requires_grad=requires_grad)


def normalize(x: Tensor, eps: float = 1e-9) -> Tensor:
    """To length 1 along the last axis; shorter than `eps` stays short."""
    return x / x.norm(p=2, dim=-1).clamp(min=eps).unsqueeze(-1)


def quat_unit(q: Tensor) -> Tensor:
    return normalize(q)


def quat_conjugate(q: Tensor) -> Tensor:
    return torch.cat([-q[..., :3], q[..., 3:]], dim=-1)


def quat_mul(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product: first turn by b, then by a."""
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + torch.cross(av, bv, dim=-1)
    return torch.cat([vector, aw * bw - (av * bv).sum(-1, keepdim=True)], dim=-1)


def quat_apply(q: Tensor, v: Tensor) -> Tensor:
    """Vectors, turned. Shapes may differ, such as (n * m, 4) and (n, m, 3): rows are matched in order."""
    shape = v.shape
    q, v = q.reshape(-1, 4), v.reshape(-1, 3)
    axis = q[:, :3]
    twice = 2.0 * torch.cross(axis, v, dim=-1)
    return (v + q[:, 3:] * twice + torch.cross(axis, twice, dim=-1)).view(shape)


def quat_rotate(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v)


def quat_rotate_inverse(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(quat_conjugate(q), v)


def quat_axis(q: Tensor, axis: int = 0) -> Tensor:
    basis = torch.zeros(q.shape[0], 3, dtype=q.dtype, device=q.device)
    basis[:, axis] = 1.0
    return quat_rotate(q, basis)


def quat_from_angle_axis(angle: Tensor, axis: Tensor) -> Tensor:
    half = (angle / 2).unsqueeze(-1)
    return normalize(torch.cat([normalize(axis) * half.sin(), half.cos()], dim=-1))


def quat_from_euler_xyz(roll: Tensor, pitch: Tensor, yaw: Tensor) -> Tensor:
    """Roll about x, then pitch about y, then yaw about z, fixed axes."""
    cr, sr = torch.cos(roll / 2), torch.sin(roll / 2)
    cp, sp = torch.cos(pitch / 2), torch.sin(pitch / 2)
    cy, sy = torch.cos(yaw / 2), torch.sin(yaw / 2)
    x, y = sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy
    z, w = cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy
    return torch.stack([x, y, z, w], dim=-1)


def get_euler_xyz(q: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Roll, pitch and yaw of (n, 4), each in [0, 2 pi)."""
    x, y, z, w = q.unbind(-1)
    roll = torch.atan2(2 * (w * x + y * z), w * w - x * x - y * y + z * z)
    pitch = torch.asin((2 * (w * y - z * x)).clamp(-1.0, 1.0))
    yaw = torch.atan2(2 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return roll % (2 * math.pi), pitch % (2 * math.pi), yaw % (2 * math.pi)


def normalize_angle(x: Tensor) -> Tensor:
    """To (-pi, pi]."""
    return torch.atan2(torch.sin(x), torch.cos(x))


def tf_inverse(q: Tensor, t: Tensor) -> Tuple[Tensor, Tensor]:
    back = quat_conjugate(q)
    return back, -quat_apply(back, t)


def tf_apply(q: Tensor, t: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v) + t


def tf_vector(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v)


def tf_combine(q1: Tensor, t1: Tensor, q2: Tensor, t2: Tensor) -> Tuple[Tensor, Tensor]:
    return quat_mul(q1, q2), quat_apply(q1, t2) + t1


def get_basis_vector(q: Tensor, v: Tensor) -> Tensor:
    return quat_rotate(q, v)


def get_axis_params(
    value: float, axis_idx: int, x_value: float = 0.0, dtype: Any = float, n_dims: int = 3
) -> List[Any]:
    """`n_dims` numbers: `value` at the axis, `x_value` at x whatever the axis is, else 0."""
    numbers = np.zeros(n_dims)
    numbers[axis_idx] = value
    numbers[0] = x_value
    return [dtype(x) for x in numbers]


def copysign(a: float, b: Tensor) -> Tensor:
    return abs(a) * torch.sign(b)


def torch_rand_float(lower: float, upper: float, shape: Tuple[int, int], device: str) -> Tensor:
    """U(lower, upper)."""
    return (upper - lower) * torch.rand(*shape, device=device) + lower


def torch_random_dir_2(shape: Tuple[int, int], device: str) -> Tensor:
    """Unit vectors in the plane."""
    angle = torch_rand_float(-math.pi, math.pi, shape, device).squeeze(-1)
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)


def tensor_clamp(t: Tensor, min_t: Tensor, max_t: Tensor) -> Tensor:
    return torch.max(torch.min(t, max_t), min_t)


def scale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """From [-1, 1] to [lower, upper]."""
    return 0.5 * (x + 1.0) * (upper - lower) + lower


def unscale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """From [lower, upper] to [-1, 1]."""
    return (2.0 * x - upper - lower) / (upper - lower)
