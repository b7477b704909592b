"""The simulation: parameters, ground, asset, and one robot an environment with its own body and friction.

Python 3.8, Isaac Gym. All environments share the world's origin; groups keep their robots apart.
"""

import math
import os
from typing import Any, Dict, List, NamedTuple

import numpy as np
from isaacgym import gymapi

import settings
from terrain import checked, height_samples, triangle_mesh
from values import apply, differing, plain, read_back

ALL_SHARE_A_BIT = 1
"""As an actor's collision filter: shapes that share a bit do not collide, so no robot touches itself."""


class Scene(NamedTuple):
    """What was made."""

    sim: Any
    envs: List[Any]
    actors: List[int]
    dof_names: List[str]  # Isaac Gym's order
    body_names: List[str]
    com: np.ndarray  # (env, body, 3) m, centres of mass in body axes, as read back
    effective: Dict[str, Any]  # parameters as read back
    differs: List[str]  # those that are not what was asked for


def must(done: Any, what: str) -> Any:
    """`done`, or an error if Isaac Gym says that it failed."""
    if done is None or done is False or (isinstance(done, int) and done < 0):
        raise RuntimeError(f"Isaac Gym failed to {what}; its own messages come before this.")
    return done


def make_scene(gym: Any, spec: Dict[str, Any], arena: Dict[str, np.ndarray]) -> Scene:
    """Create the simulation with the arena's variation, up to and with `prepare_sim`."""
    robot = spec["robot"]
    sim, effective, differs = make_sim(gym, spec)
    if robot["touches"]:
        add_ground(gym, sim, spec)
    asset = load_asset(gym, sim, robot, effective, differs)
    dof_names = gym.get_asset_dof_names(asset)
    body_names = gym.get_asset_rigid_body_names(asset)
    envs, actors, com = [], [], []
    dofs = settings.dof_values(robot["dof"], [robot["dofs"].index(name) for name in dof_names])
    for i in range(spec["num_envs"]):
        vary_shapes(gym, asset, spec["ground"], float(arena["friction"][i]), float(arena["restitution"][i]))
        env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), int(math.sqrt(spec["num_envs"])) or 1)
        actor = gym.create_actor(env, asset, start(robot), robot["name"], i, ALL_SHARE_A_BIT, 0)
        must(actor, "make a robot")
        found = set_dofs(gym, env, actor, asset, dofs)
        base = body_names.index(robot["base"])
        com.append(vary_base(gym, env, actor, base, float(arena["base_mass"][i]), arena["base_com"][i]))
        envs.append(env)
        actors.append(actor)
        if i == 0:
            effective["dof"] = found
            differs += differing("dof", dofs, found)
            effective["shapes"] = shapes_of(gym, env, actor)
    effective["mass"] = sum(b.mass for b in gym.get_actor_rigid_body_properties(envs[0], actors[0]))
    must(gym.prepare_sim(sim), "prepare the simulation")
    return Scene(sim, envs, actors, dof_names, body_names, np.array(com, np.float32), effective, differs)


def make_sim(gym: Any, spec: Dict[str, Any]) -> Any:
    """The simulation, its parameters as read back, and which of them differ."""
    params = gymapi.SimParams()
    wanted = settings.sim_values(spec)
    physx = settings.physx_values(spec)
    apply(params, wanted)
    apply(params.physx, physx)
    device = int(spec["device"].partition(":")[2] or 0)
    graphics = spec["graphics_device"] if spec["camera"] or not spec["headless"] else -1
    sim = must(gym.create_sim(device, graphics, gymapi.SIM_PHYSX, params), "create the simulation")
    back = gym.get_sim_params(sim)
    effective = {"sim": read_back(back, wanted), "physx": read_back(back.physx, physx)}
    differs = differing("sim", wanted, effective["sim"])
    return sim, effective, differs + differing("physx", physx, effective["physx"])


def add_ground(gym: Any, sim: Any, spec: Dict[str, Any]) -> None:
    """A plane at height 0, or the spec's terrain."""
    terrain = spec["terrain"]
    if terrain is None:
        plane = gymapi.PlaneParams()
        apply(plane, {"normal": gymapi.Vec3(0, 0, 1), "distance": 0.0, **spec["ground"]})
        gym.add_ground(sim, plane)
        return
    heights = checked(np.load(terrain["file"]), terrain["spacing"])
    add = {"height_field": add_height_field, "triangle_mesh": add_triangle_mesh}
    if terrain["kind"] not in add:
        raise ValueError(f"no kind of terrain named '{terrain['kind']}'. There are: {', '.join(add)}.")
    add[terrain["kind"]](gym, sim, heights, terrain, spec["ground"])


def add_height_field(
    gym: Any, sim: Any, heights: np.ndarray, terrain: Dict[str, Any], ground: Dict[str, Any]
) -> None:
    """Samples with x as the slow index. Isaac Gym calls the fast one, y, rows: so does legged_gym."""
    samples, unit = height_samples(heights)
    field = gymapi.HeightFieldParams()
    rows, columns = samples.shape
    shape = {"nbRows": columns, "nbColumns": rows, "vertical_scale": unit}
    scale = {"row_scale": terrain["spacing"], "column_scale": terrain["spacing"]}
    apply(field, {**shape, **scale, **ground})
    field.transform.p.x, field.transform.p.y = terrain["origin"]
    gym.add_heightfield(sim, samples, field)


def add_triangle_mesh(
    gym: Any, sim: Any, heights: np.ndarray, terrain: Dict[str, Any], ground: Dict[str, Any]
) -> None:
    """Two triangles a cell."""
    vertices, triangles = triangle_mesh(heights, terrain["spacing"])
    mesh = gymapi.TriangleMeshParams()
    apply(mesh, {"nb_vertices": len(vertices), "nb_triangles": len(triangles), **ground})
    mesh.transform.p.x, mesh.transform.p.y = terrain["origin"]
    gym.add_triangle_mesh(sim, vertices.ravel(), triangles.ravel(), mesh)


def load_asset(
    gym: Any, sim: Any, robot: Dict[str, Any], effective: Dict[str, Any], differs: List[str]
) -> Any:
    """The robot with its force sensors, its names checked against the spec's."""
    options, wanted = gymapi.AssetOptions(), settings.asset_values(robot)
    apply(options, wanted)
    effective["asset"] = read_back(options, wanted)
    differs += differing("asset", wanted, effective["asset"])
    folder, name = os.path.split(robot["urdf"])
    asset = must(gym.load_asset(sim, folder, name, options), "load '{}'".format(robot["urdf"]))
    check_names("joints", robot["dofs"], gym.get_asset_dof_names(asset))
    check_names("links", [x["name"] for x in robot["links"]], gym.get_asset_rigid_body_names(asset))
    sensing = gymapi.ForceSensorProperties()
    # contacts only: without gravity and inertia, which would make a foot at rest read 0
    sensing.enable_forward_dynamics_forces = False
    sensing.enable_constraint_solver_forces = True
    sensing.use_world_frame = True
    for body in robot["sensors"]:
        index = gym.find_asset_rigid_body_index(asset, body)
        sensor = gym.create_asset_force_sensor(asset, index, gymapi.Transform(), sensing)
        must(sensor, f"put a force sensor on {body}")
    return asset


def check_names(what: str, ours: List[str], theirs: List[str]) -> None:
    """The order may differ, the names may not."""
    missing, unknown = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
    if missing or unknown:
        raise ValueError(f"Isaac Gym has other {what} than the URDF: missing {missing}, unknown {unknown}.")


def start(robot: Dict[str, Any]) -> Any:
    """The pose at which a robot is made: where its model has it. A fixed base stays there."""
    base = robot["links"][0]
    w, x, y, z = base["quat"]
    return gymapi.Transform(gymapi.Vec3(*base["pos"]), gymapi.Quat(x, y, z, w))


def vary_shapes(gym: Any, asset: Any, ground: Dict[str, Any], friction: float, restitution: float) -> None:
    """Give the next robot's shapes what makes the average with the ground's the pair's coefficient."""
    shapes = gym.get_asset_rigid_shape_properties(asset)
    slide = 2 * friction - ground["dynamic_friction"]
    bounce = 2 * restitution - ground["restitution"]
    if slide < 0 or not 0 <= bounce <= 1:
        raise ValueError(
            f"friction {friction:g} with restitution {restitution:g} is no average of the ground's and a "
            "shape's: PhysX takes no negative one, and a restitution up to 1."
        )
    none = {"rolling_friction": 0.0, "torsion_friction": 0.0, "compliance": 0.0}
    for shape in shapes:
        apply(shape, {"friction": slide, "restitution": bounce, **none})
    if shapes:
        gym.set_asset_rigid_shape_properties(asset, shapes)


def shapes_of(gym: Any, env: Any, actor: int) -> List[Dict[str, Any]]:
    """What a robot's shapes are like, as read back."""
    names = ("friction", "restitution", "contact_offset", "rest_offset", "filter")
    return [read_back(shape, names) for shape in gym.get_actor_rigid_shape_properties(env, actor)]


def set_dofs(gym: Any, env: Any, actor: int, asset: Any, wanted: Dict[str, Any]) -> Dict[str, Any]:
    """Set the joints' properties. Returns them as read back."""
    properties = gym.get_asset_dof_properties(asset)
    for name, column in wanted.items():
        given = ~np.isnan(column)
        properties[name][given] = column[given]
    must(gym.set_actor_dof_properties(env, actor, properties), "set the joints' properties")
    back = gym.get_actor_dof_properties(env, actor)
    return {name: back[name].astype(float).tolist() for name in wanted}


def vary_base(gym: Any, env: Any, actor: int, base: int, mass: float, com: np.ndarray) -> List[List[float]]:
    """Add mass, kg, to the base, scaling its inertia, and shift its centre of mass, m. Returns all coms."""
    bodies = gym.get_actor_rigid_body_properties(env, actor)
    if mass or com.any():
        bodies[base].mass += mass
        bodies[base].com = bodies[base].com + gymapi.Vec3(*(float(x) for x in com))
        done = gym.set_actor_rigid_body_properties(env, actor, bodies, recomputeInertia=True)
        must(done, "set the base's mass")
        bodies = gym.get_actor_rigid_body_properties(env, actor)
    return [plain(body.com) for body in bodies]
