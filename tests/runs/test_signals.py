"""Signals at commands as a user runs them, where it is quick; `signal_table` tries all stages."""

import signal
from pathlib import Path

import pytest

from tests.runs.signal_table import row

CASES = [("imports", signal.SIGTERM, 1), ("save", signal.SIGHUP, 1), ("training", signal.SIGINT, 2)]


@pytest.mark.parametrize(("stage", "number", "times"), CASES)
def test_a_signal_ends_a_command_as_the_table_says(
    stage: str, number: signal.Signals, times: int, tmp_path: Path
) -> None:
    found = row(stage, [number] * times, tmp_path)
    assert found["wrong"] == [], found
    assert found["exit_code"] == 128 + number
    assert (found["saved"] > 0) == (stage != "imports")
