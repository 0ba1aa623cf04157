"""A policy is found because its file is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sciner.policy.registry import Registry, import_modules


def test_every_module_of_a_package_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "found").mkdir()
    for name, line in (
        ("__init__", "names = []"),
        ("a", "from found import names; names.append('a')"),
        ("b", ""),
    ):
        (tmp_path / "found" / f"{name}.py").write_text(line)
    import found

    import_modules(found.__name__, found.__path__)
    assert found.names == ["a"] and {"found.a", "found.b"} <= sys.modules.keys()


def test_a_name_is_taken_once_and_the_nearest_is_shown_for_another() -> None:
    registry: Registry[int] = Registry("threshold")
    registry.add("fixed", 1)
    registry.add("curriculum", 2)
    assert list(registry.items()) == [("curriculum", 2), ("fixed", 1)]
    with pytest.raises(ValueError, match="there are two thresholds 'fixed'"):
        registry.add("fixed", 3)
    with pytest.raises(KeyError, match=r"there is no threshold 'fixd'; did you mean 'fixed'\?"):
        registry["fixd"]
