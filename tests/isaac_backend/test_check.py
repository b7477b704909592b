"""What the start check says of an interpreter: facts made by hand, and real interpreters with a broken Isaac Gym."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gpugym_jax.config import IsaacGym
from gpugym_jax.tables import UserError
from isaac_backend import check
from isaac_backend.findings import Finding, judge

FACTS: dict[str, Any] = {
    "stage": "done",
    "exit_code": 0,
    "limit_s": 600.0,
    "output": "",
    "python": "3.8.18",
    "prefix": "/opt/env",
    "shared_libpython": True,
    "platform": "linux-x86_64",
    "numpy": "1.23.5",
    "isaacgym": "1.0rc4",
    "double": False,
    "torch": "1.13.1+cu117",
    "torch_cuda": "11.7",
    "gymtorch": True,
    "driver": "535.104.05",
    "gpus": 1,
    "cuda": [{"name": "NVIDIA A100", "capability": [8, 0]}],
    "kernels": ["sm_80", "sm_86"],
}
"""A machine on which all is well."""
GONE = "isaacgym", "double"


def findings(changes: dict[str, Any], without: tuple[str, ...] = (), **isaac: Any) -> list[Finding]:
    facts = {k: v for k, v in {**FACTS, **changes}.items() if k not in without}
    return [f for f in judge(facts, IsaacGym(**isaac)) if f.level != "ok"]


def of_import(error: str, **facts: Any) -> list[Finding]:
    return findings({"isaacgym_error": error, **facts}, GONE)


def test_all_is_well() -> None:
    assert findings({}) == []


def gpu(name: str, *capability: int) -> dict[str, Any]:
    return {"cuda": [{"name": name, "capability": [*capability]}]}


@pytest.mark.parametrize(
    ("found", "level", "says"),
    [
        (
            findings({"python": "3.9.1"}),
            "wrong",
            "Python 3.6 to 3.8 only, this is 3.9.1: make an environment",
        ),
        (findings({"platform": "linux-aarch64"}), "wrong", "linux-x86_64 only, this is linux-aarch64"),
        (
            findings({"numpy": "1.24.4"}),
            "wrong",
            "np.float, which NumPy 1.24.4 no longer has: pip install 'numpy<1.24'",
        ),
        (findings({"numpy_error": "No module"}, ("numpy",)), "wrong", "pip install 'numpy<1.24' there"),
        (
            of_import("ModuleNotFoundError: No module named 'isaacgym'"),
            "wrong",
            "pip install -e isaacgym/python",
        ),
        (
            of_import("ImportError: libpython3.8.so.1.0: cannot open"),
            "wrong",
            "set LD_LIBRARY_PATH=/opt/env/lib",
        ),
        (
            of_import("ImportError: libpython3.8.so.1.0: cannot open", shared_libpython=False),
            "wrong",
            "without a shared libpython: make the environment with conda",
        ),
        (
            of_import("ImportError: /lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found"),
            "wrong",
            "libstdcxx-ng",
        ),
        (of_import("ImportError: libcuda.so.1: cannot open"), "wrong", "needs it on a CPU too"),
        (
            of_import("OSError: something new\nin two lines"),
            "wrong",
            "OSError: something new in two lines: see",
        ),
        (findings({"torch_error": "ImportError: x"}, ("torch", "cuda")), "wrong", "install torch there"),
        (
            findings({"gymtorch_error": "Ninja is required"}, ("gymtorch",)),
            "wrong",
            "put ninja and a C++ compiler",
        ),
        (findings({"driver_error": "libcuda.so.1: cannot"}, ("driver",)), "wrong", "install NVIDIA's driver"),
        (findings({"driver": "450.80.02"}), "warning", "older than 470"),
        (
            findings({"cuda": []}),
            "wrong",
            "cuda:0 was asked for, PyTorch sees 0 GPUs there: give --sim_device",
        ),
        (findings({}, device="cuda:1"), "wrong", "cuda:1 was asked for, PyTorch sees 1 GPUs"),
        (findings(gpu("H200", 9, 0)), "warning", "reported to crash at its start on GPUs like H200"),
        (findings(gpu("RTX 5090", 12, 0)), "wrong", "no kernels for sm_120"),
        (findings(gpu("RTX 4090", 8, 9)), "warning", "PyTorch 1.13.1+cu117 does not know sm_89"),
    ],
)
def test_a_wrong_thing_is_one_line_with_its_remedy(found: list[Finding], level: str, says: str) -> None:
    (finding,) = found
    assert finding.level == level
    assert says in finding.line
    assert "\n" not in finding.line


def test_a_double_may_have_any_python_and_no_driver() -> None:
    changes = {"double": True, "python": "3.11.7", "numpy": "2.3.1", "driver_error": "none", "cuda": []}
    assert findings(changes, device="cpu") == []
    (named,) = [f for f in judge({**FACTS, **changes}, IsaacGym(device="cpu")) if f.what == "isaacgym"]
    assert named.found == "1.0rc4 (a double)"


def test_a_window_needs_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    (finding,) = findings({}, headless=False)
    assert "give --headless" in finding.line
    monkeypatch.setenv("DISPLAY", ":0")
    assert findings({}, headless=False) == []


# ---------------------------------------------------------------- a real interpreter with an Isaac Gym that is not well


TORCH = """
__version__ = "1.13.1"
class version:
    cuda = None
class cuda:
    is_available = staticmethod(lambda: False)
"""


def package(folder: Path, source: str, gymtorch: str = "") -> Path:
    """An `isaacgym` with that source, and a torch without GPUs: this interpreter need not have one."""
    (folder / "torch.py").write_text(TORCH)
    home = folder / "isaacgym"
    home.mkdir()
    (home / "__init__.py").write_text(source)
    (home / "gymapi.py").write_text("")
    (home / "gymtorch.py").write_text(gymtorch)
    return folder


def line_of(folder: Path, monkeypatch: pytest.MonkeyPatch, limit_s: float = 60.0) -> str:
    monkeypatch.setenv("ISAAC_PYTHONPATH", str(folder))
    check.probe.cache_clear()
    with pytest.raises(UserError) as error:
        check.require(sys.executable, IsaacGym(device="cpu", start_timeout_s=limit_s))
    check.probe.cache_clear()
    assert "\n" not in str(error.value)
    return str(error.value)


DOUBLE = "__double__ = True\n__version__ = 'none'\n"


def test_an_import_error_reaches_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "raise ImportError('libpython3.8.so.1.0: cannot open shared object file: No such file or directory')"
    )
    line = line_of(package(tmp_path, source), monkeypatch)
    assert "Isaac Gym cannot run in" in line and "more: python -m isaac_backend.check" in line


def test_a_crash_is_told_from_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import os\nprint('+++ Using GPU PhysX', flush=True)\nos.kill(os.getpid(), 11)"
    line = line_of(package(tmp_path, source), monkeypatch)
    assert "SIGSEGV" in check_line(tmp_path, monkeypatch) and "Isaac Gym cannot run in" in line


def check_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The last finding of a probe."""
    check.probe.cache_clear()
    found = judge(check.probe(sys.executable, 60.0), IsaacGym(device="cpu"))
    check.probe.cache_clear()
    return found[-1].line


def test_a_stale_lock_of_gymtorch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = package(tmp_path, DOUBLE, gymtorch="import time\ntime.sleep(1000)")
    line = line_of(folder, monkeypatch, limit_s=5.0)
    assert "importing gymtorch did not end within 5 s" in line and "the file 'lock'" in line


def test_torch_must_come_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe imports isaacgym first: this one would refuse to come second."""
    source = DOUBLE + "import sys\nassert 'torch' not in sys.modules"
    monkeypatch.setenv("ISAAC_PYTHONPATH", str(package(tmp_path, source)))
    check.probe.cache_clear()
    check.require(sys.executable, IsaacGym(device="cpu", start_timeout_s=120.0))
    check.probe.cache_clear()


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ISAAC_PYTHONPATH", str(package(tmp_path, DOUBLE)))
    check.probe.cache_clear()
    assert check.main([f"--isaac_python={sys.executable}", "--device=cpu"]) == 0
    assert "isaacgym     none (a double)" in capsys.readouterr().out
    assert check.main([f"--isaac_python={sys.executable}", "--device=cuda:7"]) == 2
    captured = capsys.readouterr()
    assert "cuda:7 was asked for" in captured.err and "wrong" in captured.out
    assert check.main(["--isaac_python=/nowhere"]) == 2
    assert "'/nowhere' cannot be started as Python" in capsys.readouterr().err
    monkeypatch.delenv("ISAAC_PYTHON", raising=False)
    assert check.main([]) == 2
    assert "give --isaac_python=PATH or set ISAAC_PYTHON" in capsys.readouterr().err
