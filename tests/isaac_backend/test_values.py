"""What was asked for against what reads back."""

from types import SimpleNamespace

import numpy as np

from isaac_backend.values import apply, differing, read_back


def test_single_precision_is_no_difference() -> None:
    wanted = {"dt": 0.002, "substeps": 1, "use_gpu": True, "lower": np.array([-1.5, np.nan])}
    held = {"dt": float(np.float32(0.002)), "substeps": 1, "use_gpu": True, "lower": [-1.5, -3.4e38]}
    assert differing("sim", wanted, held) == []


def test_names_what_differs() -> None:
    params = SimpleNamespace()
    wanted = {"dt": 0.002, "gravity": SimpleNamespace(x=0, y=0, z=-9.81)}
    apply(params, wanted)
    params.gravity = SimpleNamespace(x=0, y=-9.8, z=0)
    lines = differing("sim", wanted, read_back(params, wanted))
    assert lines == ["sim.gravity: [0.0, 0.0, -9.81] was asked for, it is [0.0, -9.8, 0.0]"]
