"""Importing the double, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]


def run(code: str, *path: Path, **environment: str) -> Any:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [HOME, *path])), **environment}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)


def test_says_what_it_is() -> None:
    done = run("import isaacgym; assert isaacgym.__double__; print(isaacgym.__version__)")
    banner, version = done.stdout.splitlines()
    assert banner.startswith("isaacgym double") and version == "1.0rc4+double" and not done.stderr


def test_needs_no_torch_but_for_gymtorch() -> None:
    code = (
        "import sys; from isaacgym import gymapi, gymutil, terrain_utils; assert 'torch' not in sys.modules"
    )
    assert run(code).returncode == 0


def test_refuses_torch_before_it() -> None:
    done = run("import torch, isaacgym")
    assert done.returncode == 1 and "torch was imported before isaacgym" in done.stderr
    assert run("import torch, isaacgym", ISAACGYM_DOUBLE_STRICT="0").returncode == 0


def test_does_not_stand_before_another(tmp_path: Path) -> None:
    (tmp_path / "isaacgym").mkdir()
    (tmp_path / "isaacgym" / "__init__.py").write_text("")
    done = run("import isaacgym", tmp_path)
    assert done.returncode == 1 and str(tmp_path / "isaacgym") in done.stderr


def test_refuses_unknown_settings() -> None:
    done = run("import isaacgym", ISAACGYM_DOUBLE_NET="half")
    assert done.returncode == 1 and "'normal' or 'full', not 'half'" in done.stderr
