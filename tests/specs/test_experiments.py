"""A published table is what its figures say, to the byte, and says how it was made."""

from __future__ import annotations

import json
import re

import pytest

from experiments.__main__ import HERE, names, rendered

ARTEFACTS = sorted(p.parent.name for p in HERE.glob("*/table.py"))


@pytest.mark.parametrize("name", names())
def test_results_are_rendered_from_the_figures(name: str) -> None:
    assert rendered(name) == (HERE / name / "RESULTS.md").read_text(encoding="utf-8"), f"python -m experiments {name}"


@pytest.mark.parametrize("name", ARTEFACTS)
def test_an_artefact_has_its_claim_command_and_figures(name: str) -> None:
    readme = (HERE / name / "README.md").read_text(encoding="utf-8")
    assert "**Claim tested.**" in readme and "**Command.**" in readme
    assert f"experiments.{name}.measure" in readme and (HERE / name / "measure.py").exists()
    assert json.loads((HERE / name / "figures.json").read_text(encoding="utf-8"))


def test_figures_name_no_place_of_the_machine_that_made_them() -> None:
    for name in names():
        text = (HERE / name / "figures.json").read_text(encoding="utf-8")
        assert not re.search(r'["\s=]/\w+', text), name
