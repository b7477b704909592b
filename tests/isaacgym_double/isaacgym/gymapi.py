"""The names of Isaac Gym's interface that the double has."""

from typing import Any, Optional

from . import _actors, _asset, _enums, _matrices, _setters, _tensors, _terrain, _viewer, _world
from ._enums import *  # noqa: F403
from ._params import (  # noqa: F401
    AssetOptions,
    CameraProperties,
    FlexParams,
    ForceSensorProperties,
    HeightFieldParams,
    PhysXParams,
    PlaneParams,
    RigidBodyProperties,
    RigidShapeProperties,
    SimParams,
    TriangleMeshParams,
    VhacdParams,
)
from ._tensors import Tensor  # noqa: F401
from ._types import (  # noqa: F401
    ActionEvent,
    DofState,
    IndexRange,
    Mat33,
    Quat,
    RigidBodyState,
    Transform,
    Vec3,
    Velocity,
)
from ._world import Env, Sim  # noqa: F401

globals().update(_enums.CONSTANTS)
for _enumeration in _enums.ENUMS:
    globals().update(_enumeration.__members__)


class Gym:
    """The one object with all functions of the interface as methods; each is in the module of its subject."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"isaacgym double: Gym.{name} is not in the double.")


VERBS = (
    *("acquire_", "add_", "apply_", "attach_", "clear_", "create_", "destroy_", "draw_", "enable_", "fetch_"),
    *("find_", "get_", "load_", "poll_", "prepare_", "query_", "refresh_", "render_", "set_", "simulate"),
    *("step_", "subscribe_", "sync_", "viewer_", "write_"),
)

for _module in (_world, _terrain, _asset, _actors, _tensors, _matrices, _setters, _viewer):
    for _name, _function in vars(_module).items():
        if callable(_function) and _name.startswith(VERBS):
            setattr(Gym, _name, staticmethod(_function))

_gym: Optional[Gym] = None


def acquire_gym(*args: Any) -> Gym:
    """The singleton."""
    global _gym
    if _gym is None:
        _gym = Gym()
    return _gym


def __getattr__(name: str) -> Any:
    raise AttributeError(f"isaacgym double: gymapi.{name} is not in the double.")
