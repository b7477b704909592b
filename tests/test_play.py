"""Play writes plots that are plots, and a video that plays, where MuJoCo can draw."""

import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import matplotlib.image as mpimg
import numpy as np
import pytest

from gpugym_jax.gate.viewer import Wish, press
from gpugym_jax.play import SEQUENCE, commands

RANGES = np.array([[-0.5, 4.0], [0.2, 1.0], [-1.0, 1.0]])


def play(out: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: how MuJoCo draws is chosen once a process."""
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MUJOCO_GL")}
    command = [sys.executable, "-m", "gpugym_jax.play", "--agent=random", f"--out={out}", *argv]
    return subprocess.run(command, capture_output=True, text=True, env=env)


def test_plots(tmp_path: Path) -> None:
    done = play(
        tmp_path, "--task=mini_cheetah_ref", "--seconds=0.4", "--no_video", "--command", "1", "0", "0.5"
    )
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"feet.png", "joints.png", "torques.png", "velocities.png"}
    for path in tmp_path.iterdir():
        image = mpimg.imread(path)
        assert min(image.shape[:2]) > 150
        assert np.std(image) > 0.05, f"{path.name} is blank"


def test_video(tmp_path: Path) -> None:
    done = play(tmp_path, "--task=cartpole", "--seconds=0.4")
    if "MuJoCo cannot draw" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"joints.png", "torques.png", "video.mp4"}
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "video.mp4"))
    facts = next(reader)
    frames = [np.frombuffer(frame, np.uint8).reshape(480, 640, 3) for frame in reader]
    assert facts["size"] == (640, 480)
    assert facts["fps"] == pytest.approx(50.0)
    assert len(frames) == 20
    assert np.std(frames[0]) > 10.0
    assert np.abs(frames[-1].astype(int) - frames[0]).max() > 50, "something must move"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--task=mini_cheeta"], "Did you mean 'mini_cheetah"),
        (["--task=cartpole", "--agent=zeros"], "Did you mean 'zero'"),
        (["--task=cartpole", "--seconds=0.01"], "at least two control steps"),
        (["--task=cartpole", "--agent=policy", "runner.log_dir=nowhere"], "looked in nowhere/cartpole"),
    ],
)
def test_wrong_flags_are_refused_in_one_line(tmp_path: Path, argv: list[str], message: str) -> None:
    done = play(tmp_path, *argv)
    assert done.returncode == 2
    assert message in done.stderr


def test_the_tour_stays_within_what_was_trained() -> None:
    tour = commands(RANGES, 800, None)
    assert tour.shape == (800, 3)
    assert len(np.unique(tour, axis=0)) == len({tuple(c) for c in SEQUENCE})
    assert tour[:, 0].min() == -0.5
    assert np.all(tour >= np.minimum(RANGES[:, 0], 0)) and np.all(tour <= RANGES[:, 1])
    np.testing.assert_array_equal(commands(RANGES, 5, (1.0, 2.0, 3.0)), np.tile([1.0, 2.0, 3.0], (5, 1)))


def test_keys() -> None:
    wish = Wish(np.zeros(3))
    for _ in range(7):
        wish = press(wish, 264, RANGES)  # down, to the trained limit
    np.testing.assert_allclose(wish.command, [-0.5, 0.0, 0.0])
    wish = press(press(wish, 263, RANGES), 324, RANGES)
    np.testing.assert_allclose(wish.command, [-0.5, 0.1, 0.1])
    assert not press(wish, 86, RANGES).drawing
    assert press(press(wish, 86, RANGES), 86, RANGES).drawing
    np.testing.assert_allclose(press(wish, 53, RANGES).command, 0.0)
    np.testing.assert_allclose(press(wish, 999, RANGES).command, wish.command)
