"""Value types, parameter structs, enumerations, and what is not there."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from worlds import close

from isaacgym import _params, gymapi, gymutil

Vec3, Quat, Transform = gymapi.Vec3, gymapi.Quat, gymapi.Transform


def xyz(v: Any) -> Any:
    return [v.x, v.y, v.z]


def test_vectors() -> None:
    a, b = Vec3(1, 2, 3), Vec3(0, 1, 0)
    assert (
        xyz(a + b) == [1, 3, 3]
        and xyz(a - b) == [1, 1, 3]
        and xyz(a * 2) == [2, 4, 6]
        and xyz(-a / 2) == [-0.5, -1, -1.5]
    )
    assert xyz(a.cross(b)) == [-3, 0, 1] and a.dot(b) == 2 and a.length_sq() == 14
    assert b.normalize() == b and xyz(Vec3.from_buffer(np.array([1, 2, 3], np.float32))) == [1, 2, 3]
    with pytest.raises(TypeError):
        list(a)


def test_tensors_of_one_element_are_numbers() -> None:
    assert xyz(Vec3(*torch.tensor([1.0, 2.0, 3.0]))) == [1, 2, 3]
    props = gymapi.RigidShapeProperties()
    for value in (torch.tensor([0.5]), torch.tensor([[0.5]]), np.float32(0.5), np.array([0.5])):
        props.friction = value
        assert props.friction == 0.5
    with pytest.raises(TypeError, match=r"RigidShapeProperties\.friction takes float"):
        props.friction = torch.zeros(2)


def test_quaternions() -> None:
    q = Quat.from_axis_angle(Vec3(0, 0, 2), math.pi / 2)
    close(xyz(q.rotate(Vec3(1, 0, 0))), [0, 1, 0])
    close(xyz((q * q).rotate(Vec3(1, 0, 0))), [-1, 0, 0])
    close(xyz((q * q.inverse()).rotate(Vec3(1, 2, 3))), [1, 2, 3])
    close(Quat.from_euler_zyx(0.3, -0.2, 1.1).to_euler_zyx(), [0.3, -0.2, 1.1])
    assert [Quat().x, Quat().w] == [0, 1]


def test_transforms() -> None:
    pose = Transform(Vec3(1, 0, 0), Quat.from_axis_angle(Vec3(0, 0, 1), math.pi / 2))
    close(xyz(pose.transform_point(Vec3(1, 0, 0))), [1, 1, 0])
    close(xyz((pose * pose.inverse()).p), [0, 0, 0])
    assert Transform(Vec3(1, 2, 3), r=None).r == Quat()


def test_values_are_copied_in() -> None:
    pose, p = Transform(), Vec3(1, 2, 3)
    pose.p = p
    p.x = 9
    pose.p.y = 5
    assert xyz(pose.p) == [1, 5, 3]
    assert xyz(Transform().p) == [0, 0, 0]


def test_layouts() -> None:
    assert gymapi.DofState.dtype.names == ("pos", "vel")
    assert gymapi.RigidBodyState.dtype["pose"]["r"].names == ("x", "y", "z", "w")
    assert gymapi.RigidBodyState.dtype.itemsize == 52


def test_structs_keep_their_fields_and_types() -> None:
    params = gymapi.SimParams()
    with pytest.raises(AttributeError, match="has no field 'substep'"):
        params.substep = 1
    with pytest.raises(TypeError, match=r"SimParams\.substeps takes int"):
        params.substeps = 1.5
    with pytest.raises(TypeError, match=r"SimParams\.up_axis takes UpAxis"):
        params.up_axis = 1
    with pytest.raises(TypeError):
        gymapi.SimParams(dt=0.01)  # type: ignore[call-arg]
    params.physx.contact_collection = gymapi.ContactCollection(1)
    assert params.physx.contact_collection == gymapi.CC_LAST_SUBSTEP
    assert gymapi.SimParams().physx.contact_collection == gymapi.CC_ALL_SUBSTEPS
    options = gymapi.AssetOptions()
    options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
    assert options.default_dof_drive_mode == 3


def test_all_fields_may_be_read_as_randomisers_do() -> None:
    params = gymapi.SimParams()
    assert {name: getattr(params, name) for name in dir(params)}["substeps"] == 2


def test_enumerations() -> None:
    assert [int(x) for x in (gymapi.UP_AXIS_Z, gymapi.DOF_MODE_EFFORT, gymapi.CC_ALL_SUBSTEPS)] == [1, 3, 2]
    assert gymapi.DofDriveMode(1).name == "DOF_MODE_POS" and gymapi.AXIS_ROTATION == 56
    assert len({gymapi.KEY_W, gymapi.KEY_ESCAPE, gymapi.KEY_SPACE}) == 3


@pytest.mark.parametrize("where", [gymapi, gymapi.acquire_gym(), gymutil])
def test_what_is_not_there_says_so(where: Any) -> None:
    with pytest.raises(AttributeError, match="is not in the double"):
        getattr(where, "HeightFieldProperties")  # noqa: B009


def test_sequences_of_dof_properties() -> None:
    from isaacgym._asset import DOF_PROPERTIES

    props = np.zeros(3, DOF_PROPERTIES)
    props["armature"] = [0.1, 0.2, 0.3]
    props["driveMode"].fill(gymapi.DOF_MODE_EFFORT)
    assert props["armature"][1].item() == pytest.approx(0.2) and props["driveMode"].tolist() == [3, 3, 3]


def test_defaults_are_not_shared() -> None:
    for name in ("SimParams", "AssetOptions", "PlaneParams", "HeightFieldParams", "CameraProperties"):
        a, b = getattr(_params, name)(), getattr(_params, name)()
        assert repr(a) == repr(b) and a is not b
    a = gymapi.SimParams()
    a.gravity.z = 5.0
    assert gymapi.SimParams().gravity.z == 0.0
