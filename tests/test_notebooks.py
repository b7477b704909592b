"""Every notebook runs from top to bottom at toy size."""

import json
from pathlib import Path

import matplotlib
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("Agg")
    monkeypatch.setenv("GPUGYM_FAST", "1")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict = {"__name__": path.stem}
    for cell in cells:
        assert not cell.get("outputs"), "notebooks are committed without output"
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(path), "exec"), names)
