"""A quick share of the random faults, and all 200 of them as a slow test."""

import pytest

from tests.isaac_backend import faults


@pytest.mark.parametrize("kind", faults.KINDS)
def test_a_fault_is_a_clear_error_and_leaves_nothing(kind: str) -> None:
    faults.trial(kind, seed=1)


@pytest.mark.slow
def test_200_faults() -> None:
    figures = faults.measure(200, seed=2)
    assert sum(kind["count"] for kind in figures["kinds"].values()) == 200
    assert set(figures["kinds"]) == set(faults.KINDS)
