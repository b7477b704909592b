"""A few damaged files of each kind; `python -m tests.fuzz` tries hundreds."""

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.trial import CPU_S


@pytest.mark.parametrize(
    ("kind", "count"), [pytest.param("policies", 12, marks=pytest.mark.slow), ("yamls", 10)]
)
def test_a_damaged_file_is_refused_in_a_line_or_judged(kind: str, count: int) -> None:
    found = fuzz(kind, count, seed=100, late=CPU_S)  # a shared machine is no clock
    assert found["each_wrong"] == []
    assert found["refused"] > count // 3
