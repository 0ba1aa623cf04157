"""What is shipped works where the checkout is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_an_installed_wheel_runs_outside_the_checkout(tmp_path: Path) -> None:
    run = {"check": True, "capture_output": True, "text": True, "cwd": tmp_path, "timeout": 600}
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)], **run
    )  # type: ignore[call-overload]
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(place), str(wheel)],
        **run,
    )  # type: ignore[call-overload]
    words = (
        "-m",
        "sciner",
        "run",
        "model=tiny",
        "model.steps=2",
        "data.limit=40",
        "tracking=none",
        "hydra.run.dir=here",
    )
    code = f"import sys; sys.path.insert(0, {str(place)!r}); import sciner; print(sciner.__file__)"
    where = subprocess.run([sys.executable, "-c", code], **run).stdout  # type: ignore[call-overload]
    assert str(place) in where
    subprocess.run([sys.executable, *words], env={**os.environ, "PYTHONPATH": str(place)}, **run)  # type: ignore[call-overload]
    assert len((tmp_path / "here/rounds.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    # Hydra looks for plugins in a namespace package, which a wheel may lose
    search = ("-m", "hydra/sweeper=sciner_optuna", "seed=0,1")
    run["check"] = False
    refused = subprocess.run(
        [sys.executable, *words[:3], *search], env={**os.environ, "PYTHONPATH": str(place)}, **run
    )  # type: ignore[call-overload]
    assert "a search over seeds finds luck" in refused.stderr
