"""The learner in shards: the same code under `shard_map`."""

import os
import subprocess
import sys


def test_two_devices_learn_as_one() -> None:
    """A process of its own, because the number of devices is set before JAX starts."""
    xla = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=2"
    flags = os.environ | {"XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ppo.two_devices"], env=flags, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == 4
