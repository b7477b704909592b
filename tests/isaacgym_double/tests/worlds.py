"""Small robots and simulations for the tests. All numbers are ours."""

import math
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from isaacgym import gymapi, gymtorch

GRAVITY = 9.81
Vec3 = gymapi.Vec3


def inertial(mass: float, moments: Sequence[float] = (0.01, 0.01, 0.01), com: str = "0 0 0") -> str:
    x, y, z = moments
    return (
        f'<inertial><origin xyz="{com}"/><mass value="{mass}"/>'
        f'<inertia ixx="{x}" iyy="{y}" izz="{z}" ixy="0" ixz="0" iyz="0"/></inertial>'
    )


def link(name: str, *inside: str) -> str:
    return f'<link name="{name}">{"".join(inside)}</link>'


def shape(geometry: str, xyz: str = "0 0 0", rpy: str = "0 0 0") -> str:
    return f'<collision><origin xyz="{xyz}" rpy="{rpy}"/><geometry><{geometry}/></geometry></collision>'


def joint(
    name: str,
    parent: str,
    child: str,
    kind: str = "revolute",
    xyz: str = "0 0 0",
    more: str = "",
    rest: str = "",
) -> str:
    limit = '<limit lower="-1.2" upper="1.2" effort="20" velocity="30"/>' if kind == "revolute" else ""
    return (
        f'<joint name="{name}" type="{kind}" {more}><parent link="{parent}"/><child link="{child}"/>'
        f'<origin xyz="{xyz}"/><axis xyz="0 1 0"/>{rest or limit}</joint>'
    )


def urdf(*parts: str) -> str:
    return f'<robot name="robot">{"".join(parts)}</robot>'


BALL = urdf(link("ball", inertial(2.0, com="0.1 0 0"), shape('sphere radius="0.1"')))
BOX = urdf(link("box", inertial(3.0, (0.1, 0.1, 0.1)), shape('box size="0.6 0.6 0.2"')))
ARM = urdf(
    link("root", inertial(1.0)),
    link("arm", inertial(0.5, (0.01, 0.02, 0.01), com="0 0 -0.2")),
    joint("swing", "root", "arm", rest='<limit lower="-1.5" upper="2.0" effort="4" velocity="30"/>'),
)


def quadruped() -> str:
    """Four legs of one joint, named so that file order is not joint order, with feet at fixed joints."""
    trunk = shape('cylinder radius="0.05" length="0.3"', rpy="0 1.5707963267948966 0")
    parts = [link("base", inertial(4.0, (0.02, 0.04, 0.05), "0.01 0 0.005"), trunk)]
    for name, x, y in (("RF", 0.15, -0.1), ("LF", 0.15, 0.1), ("RH", -0.15, -0.1), ("LH", -0.15, 0.1)):
        parts += [
            link(f"{name}_LEG", inertial(0.3, (0.0012, 0.0012, 0.0002), "0 0 -0.1")),
            link(f"{name}_FOOT", inertial(1e-3, (1e-6, 1e-6, 1e-6)), shape('sphere radius="0.02"')),
            joint(f"{name}_HIP", "base", f"{name}_LEG", xyz=f"{x} {y} 0"),
            joint(f"{name}_TIP", f"{name}_LEG", f"{name}_FOOT", "fixed", "0 0 -0.2"),
        ]
    return urdf(*parts)


QUADRUPED_MASS = 4.0 + 4 * 0.301


def sim_params(**changes: Any) -> gymapi.SimParams:
    params = gymapi.SimParams()
    params.dt, params.substeps, params.up_axis = 0.002, 1, gymapi.UP_AXIS_Z
    params.gravity = Vec3(0.0, 0.0, -GRAVITY)
    for name, value in changes.items():
        setattr(params, name, value)
    return params


def tilted(slope: float) -> gymapi.SimParams:
    """Gravity as on ground that rises towards -x with that slope."""
    down = np.array([slope, 0.0, -1.0]) / math.hypot(1.0, slope)
    return sim_params(gravity=gymapi.Vec3(*(GRAVITY * down)))


def asset_options(**changes: Any) -> gymapi.AssetOptions:
    options = gymapi.AssetOptions()
    options.angular_damping = options.linear_damping = 0.0
    options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
    for name, value in changes.items():
        setattr(options, name, value)
    return options


class World:
    """A simulation of like robots, with its tensors as torch views."""

    def __init__(
        self,
        gym: Any,
        folder: Path,
        text: str,
        num_envs: int = 1,
        height: float = 1.0,
        options: Optional[gymapi.AssetOptions] = None,
        params: Optional[gymapi.SimParams] = None,
        ground: bool = True,
        spacing: float = 0.0,
        prepare: bool = True,
        filter: int = 1,
    ) -> None:
        self.gym, self.num_envs = gym, num_envs
        self.params = params or sim_params()
        self.sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, self.params)
        if ground:
            self.add_ground()
        name = "robot.xml" if "<mujoco" in text else "robot.urdf"
        (folder / name).write_text(text)
        self.asset = gym.load_asset(self.sim, str(folder), name, options or asset_options())
        self.half, self.height, self.filter = Vec3(spacing / 2, spacing / 2, 0), height, filter
        self.envs: List[Any] = []
        self.actors: List[int] = []
        if prepare:
            self.fill().prepare()

    def add_ground(self, friction: float = 1.0) -> None:
        plane = gymapi.PlaneParams()
        plane.normal, plane.static_friction, plane.dynamic_friction = Vec3(0, 0, 1), friction, friction
        self.gym.add_ground(self.sim, plane)

    def fill(self) -> "World":
        for i in range(self.num_envs):
            self.envs.append(self.gym.create_env(self.sim, -self.half, self.half, 2))
            pose = gymapi.Transform(Vec3(0.0, 0.0, self.height))
            handle = self.gym.create_actor(self.envs[-1], self.asset, pose, "robot", i, self.filter, 0)
            self.actors.append(handle)
        return self

    def prepare(self) -> "World":
        self.gym.prepare_sim(self.sim)
        self.root = self.wrap("actor_root_state")
        self.bodies = self.wrap("rigid_body_state")
        self.contact = self.wrap("net_contact_force")
        self.dof = self.wrap("dof_state") if self.gym.get_sim_dof_count(self.sim) else None
        return self

    def wrap(self, kind: str) -> Any:
        tensor = getattr(self.gym, f"acquire_{kind}_tensor")(self.sim)
        return gymtorch.wrap_tensor(tensor)

    def refresh(self, *kinds: str) -> None:
        named = kinds or ("actor_root_state", "rigid_body_state", "net_contact_force", "dof_state")
        for kind in named:
            if kind != "dof_state" or self.dof is not None:
                assert getattr(self.gym, f"refresh_{kind}_tensor")(self.sim)

    def simulate(self, steps: int = 1) -> "World":
        for _ in range(steps):
            self.gym.simulate(self.sim)
            self.gym.fetch_results(self.sim, True)
        self.refresh()
        return self

    def effort(self, values: Any) -> None:
        self._keep = values
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(values))

    def dof_props(self, **columns: Any) -> "World":
        for env, actor in zip(self.envs, self.actors):
            props = self.gym.get_actor_dof_properties(env, actor)
            for name, value in columns.items():
                props[name] = value
            assert self.gym.set_actor_dof_properties(env, actor, props)
        return self


def run_pd(world: World, steps: int, kp: float = 20.0, kd: float = 0.5) -> World:
    """Hold all DOFs at zero."""
    for _ in range(steps):
        world.effort((-kp * world.dof[:, 0] - kd * world.dof[:, 1]).contiguous())
        world.simulate()
    return world


def names(gym: Any, asset: Any) -> Tuple[List[str], List[str]]:
    return gym.get_asset_rigid_body_names(asset), gym.get_asset_dof_names(asset)


def load(gym: Any, folder: Path, text: str, **options: Any) -> Any:
    """An asset alone."""
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, sim_params())
    (folder / "robot.urdf").write_text(text)
    return gym.load_asset(sim, str(folder), "robot.urdf", asset_options(**options))


def close(a: Any, b: Any, **tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), **(tolerance or {"atol": 1e-5}))
