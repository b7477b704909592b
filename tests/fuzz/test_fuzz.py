"""A few damaged files of each kind; `python -m tests.fuzz` tries hundreds."""

import pytest

from tests.fuzz.__main__ import fuzz


@pytest.mark.parametrize(("kind", "count"), [("policies", 4), ("yamls", 10)])
def test_a_damaged_file_is_refused_in_a_line_or_judged(kind: str, count: int) -> None:
    found = fuzz(kind, count, seed=100)
    assert found["each_wrong"] == []
    assert found["refused"] > count // 3
