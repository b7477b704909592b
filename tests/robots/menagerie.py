"""A quadruped as MuJoCo Menagerie writes them, with all in it that must not act beside us. The numbers are ours."""

from math import pi
from pathlib import Path

from gpugym_jax.robots.robot import Robot

LEGS = ("FL", "FR", "RL", "RR")
WEIGHT = 8.26 * 9.81  # N
AHEAD = 0.1  # m, the trunk's centre of mass before its origin
REACH = 0.2  # m, hips before and behind it

LEG = """
    <body name="{leg}_thigh" pos="{x} {y} 0">
      <joint name="{leg}_hip" class="hip"/>
      <inertial pos="0 0 -0.1" mass="0.5" diaginertia="0.002 0.002 0.0003"/>
      <geom class="visual" fromto="0 0 0 0 0 -0.2" size="0.02"/>
      <body name="{leg}_shank" pos="0 0 -0.2">
        <joint name="{leg}_knee" class="knee"/>
        <inertial pos="0 0 -0.1" mass="0.3" diaginertia="0.001 0.001 0.0001"/>
        <geom class="visual" fromto="0 0 0 0 0 -0.2" size="0.012"/>
        <geom name="{leg}" class="foot"/>
      </body>
    </body>"""
SERVO = '<position class="hip" name="{leg}_hip" joint="{leg}_hip"/><position class="knee" name="{leg}_knee" joint="{leg}_knee"/>'
MJCF = """
<mujoco model="menagerie">
  <compiler angle="degree" autolimits="true"/>
  <option cone="elliptic" impratio="100" integrator="implicitfast" timestep="0.001" density="1.2">
    <flag limit="disable"/>
  </option>
  <size nconmax="1"/>
  <statistic meaninertia="7"/>
  <default>
    <geom condim="6" friction="0.3 0.02 0.01" solref="0.1 3" margin="0.01" priority="1"/>
    <joint axis="0 1 0" damping="0.5" armature="0.01"/>
    <position kp="100" forcerange="-30 30"/>
    <default class="hip"><joint range="-60 90"/></default>
    <default class="knee"><joint range="-150 -10"/></default>
    <default class="visual"><geom type="capsule" contype="0" conaffinity="0" mass="0"/></default>
    <default class="foot"><geom type="sphere" size="0.02" pos="0 0 -0.2"/></default>
  </default>
  <asset>
    <texture name="sky" type="skybox" builtin="gradient" rgb1="0 0 0" rgb2="1 1 1" width="32" height="32"/>
    <material name="floor" rgba="1 0 0 1"/>
  </asset>
  <worldbody>
    <light pos="0 0 3"/>
    <camera name="above" pos="0 0 5"/>
    <geom name="floor" type="plane" size="5 5 0.1" pos="0 0 0.1" material="floor"/>
    <body name="trunk" pos="0 0 0.31">
      <freejoint/>
      <inertial pos="{ahead} 0 0" mass="5.06" diaginertia="0.03 0.06 0.08"/>
      <geom class="visual" fromto="-0.2 0 0 0.2 0 0" size="0.06"/>
      <geom type="box" size="0.2 0.06 0.05"/>
      <site name="imu"/>{legs}
    </body>
  </worldbody>
  <contact><exclude body1="trunk" body2="FL_thigh"/><pair geom1="FL" geom2="RL" condim="1"/></contact>
  <actuator>{servos}</actuator>
  <sensor><gyro name="gyro" site="imu"/><accelerometer name="acc" site="imu"/><framequat name="q" objtype="site" objname="imu"/></sensor>
  <keyframe><key name="home" qpos="0 0 0.3 1 0 0 0 {pose}" ctrl="{pose}"/></keyframe>
  <custom>
    <numeric name="max_contact_points" data="1"/>
    <tuple name="front left">
      <element objtype="actuator" objname="FL_hip"/><element objtype="sensor" objname="gyro"/>
    </tuple>
    <tuple name="home"><element objtype="key" objname="home"/><element objtype="camera" objname="above"/></tuple>
    <tuple name="both"><element objtype="tuple" objname="front left"/><element objtype="tuple" objname="home"/></tuple>
  </custom>
</mujoco>"""


def text() -> str:
    """The MJCF."""
    places = {"F": 1, "R": -1}, {"L": 1, "R": -1}
    legs = [LEG.format(leg=leg, x=REACH * places[0][leg[0]], y=0.1 * places[1][leg[1]]) for leg in LEGS]
    servos = [SERVO.format(leg=leg) for leg in LEGS]
    return MJCF.format(
        ahead=AHEAD, legs="".join(legs), servos="".join(servos), pose=" ".join(["0.8 -1.5"] * 4)
    )


def make_robot(folder: Path) -> Robot:
    """Its facts, with the MJCF written into `folder`. Standing, the feet are under the hips."""
    file = folder / "robot.xml"
    file.write_text(text())
    return Robot(
        name="menagerie",
        dofs=tuple(f"{leg}_{joint}" for leg in LEGS for joint in ("hip", "knee")),
        bodies=("trunk", *LEGS),
        default_dof_pos=(pi / 4, -pi / 2) * 4,
        base_height=0.304,
        kp=(200.0,) * 8,
        kd=(4.0,) * 8,
        torque_limit=(40.0,) * 8,
        dof_vel_limit=(20.0,) * 8,
        dof_pos_limit=((-pi / 3, pi / 2), (-5 * pi / 6, -pi / 18)) * 4,
        groups={"base": ("trunk",), "foot": LEGS},
        ground_geoms=(*LEGS, "trunk"),
        self_collisions=(("FL", "RL"),),
        mjcf=file,
    )
