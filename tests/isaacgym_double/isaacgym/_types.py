"""Value types of gymapi."""

import math
from typing import Any, Iterable, List, Tuple

import numpy as np

from . import _rotations as rot
from ._structs import as_float, value

_VEC3 = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
_QUAT = [*_VEC3, ("w", "<f4")]
_TRANSFORM = [("p", _VEC3), ("r", _QUAT)]
_VELOCITY = [("linear", _VEC3), ("angular", _VEC3)]


@value
class Vec3:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0

    dtype = np.dtype(_VEC3)

    def __init__(self, x: Any = 0.0, y: Any = 0.0, z: Any = 0.0) -> None: ...

    def __iter__(self) -> Any:
        raise TypeError("isaacgym double: Vec3 is no sequence; take x, y and z.")

    def __add__(self, other: "Vec3") -> "Vec3":
        return Vec3(*(_array(self) + _array(other)))

    def __sub__(self, other: "Vec3") -> "Vec3":
        return Vec3(*(_array(self) - _array(other)))

    def __mul__(self, factor: Any) -> "Vec3":
        return Vec3(*(_array(self) * as_float(factor)))

    def __truediv__(self, divisor: Any) -> "Vec3":
        return Vec3(*(_array(self) / as_float(divisor)))

    def __neg__(self) -> "Vec3":
        return Vec3(*-_array(self))

    def cross(self, other: "Vec3") -> "Vec3":
        return Vec3(*rot.cross(_array(self), _array(other)))

    def dot(self, other: "Vec3") -> float:
        return float(_array(self) @ _array(other))

    def length_sq(self) -> float:
        return self.dot(self)

    def length(self) -> float:
        return math.sqrt(self.length_sq())

    def normalize(self) -> "Vec3":
        return self / max(self.length(), 1e-30)

    @staticmethod
    def from_buffer(buffer: Any) -> "Vec3":
        return Vec3(*np.frombuffer(buffer, np.float32, 3))


@value
class Quat:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 1.0

    dtype = np.dtype(_QUAT)

    def __init__(self, x: Any = 0.0, y: Any = 0.0, z: Any = 0.0, w: Any = 1.0) -> None: ...

    def __mul__(self, other: "Quat") -> "Quat":
        return Quat(*rot.product(_array(self), _array(other)))

    def inverse(self) -> "Quat":
        return Quat(*rot.conjugate(_array(self)))

    def normalize(self) -> "Quat":
        return Quat(*(_array(self) / np.linalg.norm(_array(self))))

    def rotate(self, vec: Vec3) -> Vec3:
        return Vec3(*rot.rotate(_array(self), _array(vec)))

    def to_euler_zyx(self) -> Tuple[float, float, float]:
        """Roll, pitch and yaw, rad."""
        x, y, z, w = _array(self)
        roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
        pitch = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
        return roll, pitch, math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))

    @staticmethod
    def from_axis_angle(axis: Vec3, angle: float) -> "Quat":
        return Quat(*rot.from_axis_angle(_array(axis), as_float(angle)))

    @staticmethod
    def from_euler_zyx(roll: float, pitch: float, yaw: float) -> "Quat":
        return Quat(*rot.from_rpy(as_float(roll), as_float(pitch), as_float(yaw)))

    @staticmethod
    def from_buffer(buffer: Any) -> "Quat":
        return Quat(*np.frombuffer(buffer, np.float32, 4))


@value
class Transform:
    p: Vec3 = Vec3()
    r: Quat = Quat()

    dtype = np.dtype(_TRANSFORM)

    def __init__(self, p: Any = None, r: Any = None) -> None: ...

    def __mul__(self, other: "Transform") -> "Transform":
        return Transform(self.transform_point(other.p), self.r * other.r)

    def inverse(self) -> "Transform":
        back = self.r.inverse()
        return Transform(-back.rotate(self.p), back)

    def transform_point(self, point: Vec3) -> Vec3:
        return self.p + self.r.rotate(point)

    def transform_vector(self, vector: Vec3) -> Vec3:
        return self.r.rotate(vector)

    def transform_points(self, points: Iterable[Vec3]) -> List[Vec3]:
        return [self.transform_point(p) for p in points]

    def transform_vectors(self, vectors: Iterable[Vec3]) -> List[Vec3]:
        return [self.transform_vector(v) for v in vectors]


@value
class Velocity:
    linear: Vec3 = Vec3()
    angular: Vec3 = Vec3()

    dtype = np.dtype(_VELOCITY)


@value
class Mat33:
    """Three rows."""

    x: Vec3 = Vec3()
    y: Vec3 = Vec3()
    z: Vec3 = Vec3()


@value
class DofState:
    pos: float = 0.0
    vel: float = 0.0

    dtype = np.dtype([("pos", "<f4"), ("vel", "<f4")])


@value
class RigidBodyState:
    pose: Transform = Transform()
    vel: Velocity = Velocity()

    dtype = np.dtype([("pose", _TRANSFORM), ("vel", _VELOCITY)])


@value
class IndexRange:
    start: int = 0
    count: int = 0

    def __init__(self, start: int = 0, count: int = 0) -> None: ...


@value
class ActionEvent:
    action: str = ""
    value: float = 0.0


def _array(v: Any) -> Any:
    """The fields of a struct of floats as (n,) float64."""
    return np.array(list(v.__dict__.values()))


def from_matrix(matrix: Any) -> Mat33:
    """A Mat33 of (3, 3) numbers."""
    return Mat33(*(Vec3(*row) for row in np.asarray(matrix)))


def to_matrix(mat: Mat33) -> Any:
    """(3, 3) of a Mat33."""
    return np.stack([_array(row) for row in (mat.x, mat.y, mat.z)])


def to_pose(transform: Transform) -> Tuple[Any, Any]:
    """Position (3,) and quaternion x y z w (4,) of a Transform."""
    return _array(transform.p), _array(transform.r)


def to_array(v: Any) -> Any:
    """(3,) of a Vec3, (4,) of a Quat."""
    return _array(v)
