"""The tree of tests mirrors the tree of the package."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"


@pytest.mark.parametrize("test", sorted(UNIT.rglob("test_*.py")), ids=lambda test: str(test.relative_to(UNIT)))
def test_a_unit_test_lies_where_its_module_does(test: Path) -> None:
    folder, name = ROOT / "sciner" / test.parent.relative_to(UNIT), test.stem.removeprefix("test_")
    assert (folder / f"{name}.py").exists() or name == folder.name  # a battery over a folder has the folder's name
