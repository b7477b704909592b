"""What an interpreter has of what Isaac Gym needs. Run by its path, under that interpreter.

`python probe.py FD` writes one JSON object a line to the file descriptor, as it finds out, so that a crash or
a hang shows how far it came. It needs the standard library only, and imports isaacgym before torch, as one
must.
"""

import ctypes
import importlib
import json
import os
import platform
import re
import sys
import sysconfig
from typing import Any, Callable, Dict

Facts = Dict[str, Any]


def of_python() -> Facts:
    """The interpreter itself."""
    return {
        "python": platform.python_version(),
        "prefix": sys.prefix,
        "shared_libpython": bool(sysconfig.get_config_var("Py_ENABLE_SHARED")),
        "platform": sysconfig.get_platform(),
    }


def of_driver() -> Facts:
    """NVIDIA's driver: its library, its version, the number of GPUs."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return {"driver_error": str(error)}
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    code = cuda.cuInit(0)
    cuda.cuDriverGetVersion(ctypes.byref(version))
    cuda.cuDeviceGetCount(ctypes.byref(count))
    found = {
        "driver_cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
        "gpus": count.value,
    }
    if code:
        found["driver_error"] = f"cuInit gives error {code}"
    return {**found, "driver": driver_version()}


def driver_version() -> str:
    """Such as 535.104.05; empty if it does not say."""
    try:
        with open("/proc/driver/nvidia/version") as file:
            found = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", file.read())
    except OSError:
        return ""
    return found.group() if found else ""


def of_numpy() -> Facts:
    """NumPy."""
    return {"numpy": importlib.import_module("numpy").__version__}


def of_isaacgym() -> Facts:
    """Isaac Gym, or the double of it."""
    package = importlib.import_module("isaacgym")
    importlib.import_module("isaacgym.gymapi")
    version = getattr(package, "__version__", "") or installed_version("isaacgym")
    return {"isaacgym": version, "double": bool(getattr(package, "__double__", False))}


def installed_version(name: str) -> str:
    """As pip knows it; "unknown" if it does not."""
    try:
        return importlib.import_module("importlib.metadata").version(name)
    except ImportError:
        return "unknown"


def of_torch() -> Facts:
    """PyTorch."""
    torch = importlib.import_module("torch")
    return {"torch": torch.__version__, "torch_cuda": torch.version.cuda or ""}


def of_gymtorch() -> Facts:
    """Isaac Gym's bridge to PyTorch, which is compiled at its first import."""
    importlib.import_module("isaacgym.gymtorch")
    return {"gymtorch": True}


def of_cuda() -> Facts:
    """The GPUs that PyTorch sees: name and compute capability, and what it has kernels for."""
    cuda = importlib.import_module("torch").cuda
    there = range(cuda.device_count() if cuda.is_available() else 0)
    devices = [{"name": cuda.get_device_name(i), "capability": cuda.get_device_capability(i)} for i in there]
    return {"cuda": devices, "kernels": cuda.get_arch_list() if devices else []}


STAGES: Dict[str, Callable[[], Facts]] = {
    "python": of_python,
    "driver": of_driver,
    "numpy": of_numpy,
    "isaacgym": of_isaacgym,
    "torch": of_torch,
    "gymtorch": of_gymtorch,
    "cuda": of_cuda,
}


def found_at(stage: str) -> Facts:
    """The facts of a stage, or the error that it ended with."""
    try:
        return STAGES[stage]()
    except Exception as error:
        return {stage + "_error": f"{type(error).__name__}: {error}"}


def main(fd: int) -> None:
    """All stages, and at the end that they were all."""
    with os.fdopen(fd, "w") as out:
        for stage in STAGES:
            print(json.dumps({"stage": stage}), file=out, flush=True)
            print(json.dumps(found_at(stage)), file=out, flush=True)
        print(json.dumps({"stage": "done"}), file=out, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
