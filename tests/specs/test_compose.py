"""compose.yaml starts the tested versions, and no password that others know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
if not (ROOT / "compose.yaml").is_file():
    pytest.skip("an installed package has no compose.yaml", allow_module_level=True)
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SECRET = re.compile("PASSWORD|SECRET")


def environments() -> dict[str, Any]:
    services = yaml.safe_load(TEXT)["services"].values()
    return {name: value for one in services for name, value in one["environment"].items()}


def test_no_password_has_a_default() -> None:
    """Without one that is given, Docker refuses to start anything."""
    secret = {name: value for name, value in environments().items() if SECRET.search(name)}
    assert len(secret) == 4
    assert all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in secret.values())
    assert not re.search(r"://[^@\s]*:[^@\s]*@", TEXT)


def test_other_machines_reach_only_what_is_opened() -> None:
    services = yaml.safe_load(TEXT)["services"]
    assert "ports" not in services["database"]
    assert services["tracker"]["ports"] == ["${TRACKER_ADDRESS:-127.0.0.1}:5000:5000"]


def test_the_server_is_the_tested_one() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (tested,) = (line for line in constraints if line.startswith("mlflow=="))
    page = (ROOT / "docs/team.md").read_text(encoding="utf-8")
    for text in (TEXT, page):
        assert re.findall(r"mlflow\[auth\](==[\d.]+)", text) == [tested.removeprefix("mlflow")]
