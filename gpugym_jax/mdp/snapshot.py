"""What a term may read: one robot at the end of a control step, in the frames that rewards are written in."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int

from gpugym_jax.frames import rotate_inverse
from gpugym_jax.mdp.clocks import CLOCKS
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading, TaskState

CONTACT_FORCE = 1.0
"""N, vertical: a foot pressed harder than this touches the ground. legged_gym, `_reward_feet_air_time`."""


class Feet(NamedTuple):
    """Facts of the robot's group `foot`."""

    force: Float[Array, "foot 3"]  # N, world, on the robot
    pos: Float[Array, "foot 3"]  # m, world
    vel: Float[Array, "foot 3"]  # m/s, world
    contact: Bool[Array, " foot"]
    touched_down: Bool[Array, " foot"]  # the first contact after time in the air
    air_time: Float[Array, " foot"]  # s, this step included; before it is cleared by a touch-down


def of_feet(name: str) -> Any:
    """The property of a snapshot that is that of its feet; a robot without a group `foot` has none."""

    def get(s: "Snapshot") -> Array:
        if not s.robot.groups.get("foot"):
            raise UserError(f"it reads feet, and robot '{s.robot.name}' has no group 'foot'.")
        return getattr(s.feet, name)

    return property(get)


class Snapshot(struct.PyTreeNode):
    """Facts of one robot. Vectors are in the base frame unless the comment says world."""

    base_pos: Float[Array, "3"]  # m, world
    base_height: Float[Array, ""]  # m, base origin above the ground
    base_quat: Float[Array, "4"]  # base to world
    base_lin_vel: Float[Array, "3"]  # m/s
    base_ang_vel: Float[Array, "3"]  # rad/s
    projected_gravity: Float[Array, "3"]  # unit vector of gravity
    dof_pos: Float[Array, " dof"]  # rad
    dof_vel: Float[Array, " dof"]  # rad/s
    dof_acc: Float[Array, " dof"]  # rad/s^2, mean over the control step
    torque: Float[Array, " dof"]  # N m, of the last substep
    command: Float[Array, "3"]  # vx, vy m/s; yaw rate rad/s
    action: Float[Array, " act"]
    last_action: Float[Array, " act"]
    target_history: Float[Array, "3 act"]  # rad from default, the newest first
    body_pos: Float[Array, "body 3"]  # m, world
    body_vel: Float[Array, "body 3"]  # m/s, world
    body_force: Float[Array, "body 3"]  # N, world, on the robot
    feet: Feet
    clock: Float[Array, "*clock"]  # rad, its phase; no numbers where there is no clock
    encoder_offset: Float[Array, " dof"]  # rad, what encoders say too much
    step: Int[Array, ""]  # control steps since the episode began
    robot: Robot = struct.field(pytree_node=False)
    dt: float = struct.field(pytree_node=False)  # s, a control step

    foot_force = of_feet("force")
    foot_pos = of_feet("pos")
    foot_vel = of_feet("vel")
    foot_contact = of_feet("contact")
    touched_down = of_feet("touched_down")
    air_time = of_feet("air_time")

    @property
    def phase(self) -> Float[Array, "*clock"]:
        """The clock's, rad.

        Raises:
            UserError: there is no clock.
        """
        if not self.clock.size:
            names = ", ".join(sorted(CLOCKS.keys() - {"none"}))
            raise UserError(f"it reads the phase of a clock, and clock is 'none'. There are: {names}.")
        return self.clock

    @property
    def default_dof_pos(self) -> Float[Array, " dof"]:
        """The robot's home pose, rad."""
        return jnp.array(self.robot.default_dof_pos)

    @property
    def encoders(self) -> Float[Array, " dof"]:
        """Joint positions as the encoders say, rad."""
        return self.dof_pos + self.encoder_offset

    @property
    def speed_commanded(self) -> Float[Array, ""]:
        """|command_xy|, m/s."""
        return jnp.linalg.norm(self.command[:2])


def see(robot: Robot, dt: float, task: TaskState, reading: Reading) -> Snapshot:
    """The snapshot of one robot. Lags are those of `Reading`."""
    state = reading.robot
    feet = jnp.array(robot.body_ids(robot.groups.get("foot", ())), int)
    foot_force = reading.body_force[feet]
    foot_contact = foot_force[:, 2] > CONTACT_FORCE
    return Snapshot(
        base_pos=state.base_pos,
        base_height=state.base_pos[2],
        base_quat=state.base_quat,
        base_lin_vel=rotate_inverse(state.base_quat, state.base_lin_vel),
        base_ang_vel=rotate_inverse(state.base_quat, state.base_ang_vel),
        projected_gravity=rotate_inverse(state.base_quat, jnp.array([0.0, 0.0, -1.0])),
        dof_pos=state.dof_pos,
        dof_vel=state.dof_vel,
        dof_acc=(state.dof_vel - task.last_dof_vel) / dt,
        torque=task.torque,
        command=task.command,
        action=task.action,
        last_action=task.last_action,
        target_history=task.target_history,
        body_pos=reading.body_pos,
        body_vel=reading.body_vel,
        body_force=reading.body_force,
        feet=Feet(
            force=foot_force,
            pos=reading.body_pos[feet],
            vel=reading.body_vel[feet],
            contact=foot_contact,
            touched_down=(task.air_time > 0.0) & (foot_contact | task.contact),
            air_time=task.air_time + dt,
        ),
        clock=task.phase,
        encoder_offset=task.encoder_offset,
        step=task.step,
        robot=robot,
        dt=dt,
    )


def remember(task: TaskState, s: Snapshot) -> TaskState:
    """Keep what terms of the next control step need of this one."""
    # A contact counts for two steps: a single step without force does not end it (legged_gym).
    held = s.feet.contact | task.contact
    return task.replace(
        air_time=jnp.where(held, 0.0, s.feet.air_time), contact=s.feet.contact, last_dof_vel=s.dof_vel
    )
