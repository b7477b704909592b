"""Order of bodies and DOFs, fixed joints and shapes: the table of public results, on small robots of like names."""

from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest
from worlds import asset_options, close, inertial, joint, link, load, names, shape, urdf

from isaacgym import gymapi

BALL = shape('sphere radius="0.02"')


def legs(base: str, order: List[str], chain: List[Tuple[str, str]], foot: str, more: str = "") -> str:
    """A base and legs: `chain` is (link, joint) with {} for the leg. The foot is at a fixed joint."""
    parts = [link(base, inertial(5.0))]
    for leg in order:
        above = base
        for body, name in chain:
            parts.append(link(body.format(leg), inertial(0.5)))
            parts.append(joint(name.format(leg), above, body.format(leg), xyz="0 0 -0.1"))
            above = body.format(leg)
        parts.append(link(foot.format(leg), inertial(0.05), BALL))
        parts.append(joint(f"{leg}_foot_fixed", above, foot.format(leg), "fixed", "0 0 -0.2", more))
    return urdf(*parts)


A1 = [("{}_hip", "{}_hip_joint"), ("{}_thigh", "{}_thigh_joint"), ("{}_calf", "{}_calf_joint")]
ANYMAL = [("{}_HIP", "{}_HAA"), ("{}_THIGH", "{}_HFE"), ("{}_SHANK", "{}_KFE")]
KEEP = 'dont_collapse="true"'


def expected(base: str, order: str, chain: Any, foot: str) -> Tuple[List[str], List[str]]:
    bodies, dofs = [base], []
    for leg in order.split():
        bodies += [b.format(leg) for b, _ in chain] + ([foot.format(leg)] if foot else [])
        dofs += [j.format(leg) for _, j in chain]
    return bodies, dofs


CASES: Dict[str, Any] = {
    "a1": (
        legs("base", ["FR", "FL", "RR", "RL"], A1, "{}_foot", KEEP),
        True,
        ("base", "FL FR RL RR", A1, "{}_foot"),
    ),
    "anymal_c": (
        legs("base", ["LF", "RF", "LH", "RH"], ANYMAL, "{}_FOOT", KEEP),
        True,
        ("base", "LF LH RF RH", ANYMAL, "{}_FOOT"),
    ),
    "anymal of IsaacGymEnvs": (
        legs("base", ["LF", "RF", "LH", "RH"], ANYMAL, "{}_FOOT"),
        True,
        ("base", "LF LH RF RH", ANYMAL, ""),
    ),
    "not collapsed": (
        legs("base", ["RF", "LF"], ANYMAL, "{}_FOOT"),
        False,
        ("base", "LF RF", ANYMAL, "{}_FOOT"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_order(gym: Any, tmp_path: Path, case: str) -> None:
    text, collapse, (base, order, chain, foot) = CASES[case]
    asset = load(gym, tmp_path, text, collapse_fixed_joints=collapse)
    assert names(gym, asset) == expected(base, order, chain, foot)


def test_numbers_in_joint_names_steer_the_order(gym: Any, tmp_path: Path) -> None:
    """As in the mini cheetah's file: 1_rf_haa, 2_lf_haa, ... come in that order, whatever the links are called."""
    parts = [link("base", inertial(3.0))]
    for number, leg in ((4, "lh"), (2, "lf"), (1, "rf"), (3, "rh")):
        parts += [link(f"{leg}_hip", inertial(0.5)), link(f"{leg}_thigh", inertial(0.5))]
        parts += [
            joint(f"{leg}_hfe", f"{leg}_hip", f"{leg}_thigh"),
            joint(f"{number}_{leg}_haa", "base", f"{leg}_hip"),
        ]
    asset = load(gym, tmp_path, urdf(*parts))
    assert gym.get_asset_rigid_body_names(asset)[1::2] == ["rf_hip", "lf_hip", "rh_hip", "lh_hip"]
    assert gym.get_asset_dof_names(asset)[:4] == ["1_rf_haa", "rf_hfe", "2_lf_haa", "lf_hfe"]


def test_merged_links_keep_mass_and_moments(gym: Any, tmp_path: Path) -> None:
    """1 kg at the origin and 3 kg 0.4 m along x, turned by a right angle about z: by the parallel axes."""
    tip = link("tip", inertial(3.0, (0.01, 0.02, 0.03), com="0.1 0 0"), BALL)
    text = urdf(
        link("root", inertial(1.0, (0.1, 0.1, 0.1))),
        tip,
        joint("weld", "root", "tip", "fixed", "0.4 -0.1 0").replace(
            'xyz="0.4 -0.1 0"', 'xyz="0.4 -0.1 0" rpy="0 0 1.5707963267948966"'
        ),
    )
    asset = load(gym, tmp_path, text, collapse_fixed_joints=True)
    env = gym.create_env(gym_sim(asset), gymapi.Vec3(), gymapi.Vec3(), 1)
    props = gym.get_actor_rigid_body_properties(
        env, gym.create_actor(env, asset, gymapi.Transform(), "a", 0, 1)
    )
    assert len(props) == 1 and props[0].mass == pytest.approx(4.0)
    close([props[0].com.x, props[0].com.y], [0.3, 0.0], atol=1e-9)
    spread = 1.0 * 0.3**2 + 3.0 * 0.1**2
    moments = [props[0].inertia.x.x, props[0].inertia.y.y, props[0].inertia.z.z]
    close(moments, [0.1 + 0.02, 0.1 + 0.01 + spread, 0.1 + 0.03 + spread], atol=1e-9)
    (only,) = asset.bodies[0].shapes
    close(only.pos, [0.4, -0.1, 0], atol=1e-12)


def gym_sim(asset: Any) -> Any:
    from isaacgym import _world

    return _world._made[-1]


def test_joints_behind_a_merged_link_move_up(gym: Any, tmp_path: Path) -> None:
    text = urdf(
        link("root", inertial(1.0)),
        link("adapter", inertial(0.1)),
        link("arm", inertial(0.5)),
        joint("z_weld", "root", "adapter", "fixed", "0 0 0.2"),
        joint("swing", "adapter", "arm", xyz="0.1 0 0"),
    )
    asset = load(gym, tmp_path, text, collapse_fixed_joints=True)
    assert names(gym, asset) == (["root", "arm"], ["swing"])
    close(asset.bodies[1].pos, [0.1, 0, 0.2])


def test_capsules_replace_cylinders(gym: Any, tmp_path: Path) -> None:
    text = urdf(link("rod", inertial(1.0), shape('cylinder radius="0.05" length="0.4"')))
    asset = load(gym, tmp_path, text, replace_cylinder_with_capsule=True)
    assert [(s.kind, s.size) for s in asset.bodies[0].shapes] == [("capsule", (0.05, 0.2))]


def test_dof_properties_are_the_files(gym: Any, tmp_path: Path) -> None:
    text = urdf(
        *(link(n, inertial(1.0)) for n in ("root", "a", "b", "c")),
        joint(
            "a",
            "root",
            "a",
            rest='<limit lower="-1" upper="2" effort="7" velocity="9"/><dynamics damping="0.3" friction="0.2"/>',
        ),
        joint("b", "root", "b", "continuous", rest=" "),
        joint("c", "root", "c", "prismatic", rest='<limit effort="5" velocity="3"/>'),
    )
    asset = load(gym, tmp_path, text, armature=0.01, default_dof_drive_mode=int(gymapi.DOF_MODE_POS))
    props = gym.get_asset_dof_properties(asset)
    assert props.dtype.itemsize == 40 and props["hasLimits"].tolist() == [True, False, False]
    close(
        [props[n][0] for n in ("lower", "upper", "effort", "velocity", "damping", "friction")],
        [-1, 2, 7, 9, 0.3, 0.2],
    )
    close(props["armature"], [0.01] * 3)
    assert props["driveMode"].tolist() == [1, 1, 1]
    top = float(np.finfo(np.float32).max)
    assert [props["lower"][1].item(), props["upper"][2].item()] == [-top, top]
    assert [gym.get_asset_dof_type(asset, i) for i in (0, 2)] == [
        gymapi.DofType.DOF_ROTATION,
        gymapi.DofType.DOF_TRANSLATION,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (urdf(link("a", inertial(1.0)), link("b", inertial(1.0))), "2 root links"),
        (
            urdf(link("a", '<collision><geometry><mesh filename="x.stl"/></geometry></collision>')),
            "box, capsule, cylinder, sphere",
        ),
        (urdf(link("a"), link("b"), joint("j", "a", "b", "ball")), "'ball', which the double does not have"),
    ],
)
def test_refuses_what_it_cannot_read(gym: Any, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(gym, tmp_path, text)


def test_names_the_missing_file(gym: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no asset file .*nothing\.urdf"):
        gym.load_asset(None, str(tmp_path), "nothing.urdf", asset_options())
