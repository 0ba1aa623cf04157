"""Every notebook runs from its first cell to its last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda place: place.stem)
def test_a_notebook_runs_and_leaves_a_finished_run(notebook: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, notebook], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.glob("notebook/**/rounds.jsonl"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda place: place.stem)
def test_a_notebook_is_written_as_ipynb_with_all_of_its_cells(
    notebook: Path, tmp_path: Path
) -> None:
    jupytext = pytest.importorskip("jupytext", reason="pip install 'sciner[notebooks]'")
    written = tmp_path / f"{notebook.stem}.ipynb"
    jupytext.write(jupytext.read(notebook), written)
    cells = json.loads(written.read_text(encoding="utf-8"))["cells"]
    assert len(cells) == notebook.read_text(encoding="utf-8").count("# %%")
    assert {cell["cell_type"] for cell in cells} == {"markdown", "code"}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda place: place.stem)
def test_a_notebook_is_in_the_format_that_jupytext_opens(notebook: Path) -> None:
    lines = notebook.read_text(encoding="utf-8").splitlines()
    assert (
        "# %%" in lines
        and "#     text_representation: {extension: .py, format_name: percent}" in lines
    )
