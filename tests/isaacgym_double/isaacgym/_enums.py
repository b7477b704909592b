"""Enumerations and constants of gymapi."""

from enum import IntEnum
from typing import Any, Dict, List


def _enum(name: str, members: str) -> Any:
    """Members numbered from 0 in the order written."""
    return IntEnum(name, {m: i for i, m in enumerate(members.split())})


SimType = _enum("SimType", "SIM_PHYSX SIM_FLEX")
UpAxis = _enum("UpAxis", "UP_AXIS_Y UP_AXIS_Z")
DofDriveMode = _enum("DofDriveMode", "DOF_MODE_NONE DOF_MODE_POS DOF_MODE_VEL DOF_MODE_EFFORT")
ContactCollection = _enum("ContactCollection", "CC_NEVER CC_LAST_SUBSTEP CC_ALL_SUBSTEPS")
IndexDomain = _enum("IndexDomain", "DOMAIN_ACTOR DOMAIN_ENV DOMAIN_SIM")
CoordinateSpace = _enum("CoordinateSpace", "ENV_SPACE LOCAL_SPACE GLOBAL_SPACE")
TensorDataType = _enum("TensorDataType", "DTYPE_FLOAT32 DTYPE_UINT32 DTYPE_UINT64 DTYPE_UINT8 DTYPE_INT16")
DofType = _enum("DofType", "DOF_INVALID DOF_ROTATION DOF_TRANSLATION")
JointType = _enum(
    "JointType",
    "JOINT_INVALID JOINT_FIXED JOINT_REVOLUTE JOINT_PRISMATIC JOINT_BALL JOINT_PLANAR JOINT_FLOATING",
)
MeshType = _enum("MeshType", "MESH_NONE MESH_COLLISION MESH_VISUAL MESH_VISUAL_AND_COLLISION")
ImageType = _enum("ImageType", "IMAGE_COLOR IMAGE_DEPTH IMAGE_SEGMENTATION IMAGE_OPTICAL_FLOW")
CameraFollowMode = _enum("CameraFollowMode", "FOLLOW_POSITION FOLLOW_TRANSFORM")
MeshNormalMode = _enum("MeshNormalMode", "FROM_ASSET COMPUTE_PER_VERTEX COMPUTE_PER_FACE")

_LETTERS: List[str] = ["KEY_" + c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]
KeyboardInput = _enum(
    "KeyboardInput",
    " ".join(_LETTERS)
    + " KEY_SPACE KEY_ESCAPE KEY_ENTER KEY_TAB KEY_BACKSPACE KEY_LEFT KEY_RIGHT KEY_UP KEY_DOWN"
    " KEY_LEFT_SHIFT KEY_RIGHT_SHIFT KEY_LEFT_CONTROL KEY_RIGHT_CONTROL KEY_LEFT_ALT KEY_RIGHT_ALT",
)
MouseInput = _enum("MouseInput", "MOUSE_LEFT_BUTTON MOUSE_RIGHT_BUTTON MOUSE_MIDDLE_BUTTON")

ENUMS = (
    SimType,
    UpAxis,
    DofDriveMode,
    ContactCollection,
    IndexDomain,
    CoordinateSpace,
    TensorDataType,
    DofType,
    JointType,
    MeshType,
    ImageType,
    CameraFollowMode,
    MeshNormalMode,
    KeyboardInput,
    MouseInput,
)

CONSTANTS: Dict[str, int] = {
    "INVALID_HANDLE": -1,
    "STATE_NONE": 0,
    "STATE_POS": 1,
    "STATE_VEL": 2,
    "STATE_ALL": 3,
    "AXIS_NONE": 0,
    "AXIS_X": 1,
    "AXIS_Y": 2,
    "AXIS_Z": 4,
    "AXIS_TRANSLATION": 7,
    "AXIS_TWIST": 8,
    "AXIS_SWING_1": 16,
    "AXIS_SWING_2": 32,
    "AXIS_ROTATION": 56,
    "AXIS_ALL": 63,
    "RIGID_BODY_NONE": 0,
    "RIGID_BODY_DISABLE_GRAVITY": 1,
    "RIGID_BODY_DISABLE_SIMULATION": 2,
    "DEFAULT_VIEWER_WIDTH": 1600,
    "DEFAULT_VIEWER_HEIGHT": 900,
}
