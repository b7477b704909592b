"""Each kind of fault once, and 200 at random moments as a slow test."""

import pytest

from tests.isaac_backend import faults, kinds


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_a_fault_is_a_clear_error_and_leaves_nothing(kind: str) -> None:
    seconds, left = faults.trial(kind, seed=1)
    assert seconds < kinds.START_LIMIT_S + kinds.SLACK_S
    assert not any(left.values()), left


@pytest.mark.slow
def test_200_faults() -> None:
    figures = faults.measure(200, seed=2)
    assert figures["faults"] == 200
    assert figures["unclear"] == 0, figures["kinds"]
    assert set(figures["left_behind"].values()) == {0}
    assert figures["longest_s_to_the_error"] < kinds.START_LIMIT_S + kinds.SLACK_S
