"""The tree of tests mirrors the tree of the package, and a name is imported from where it is
defined."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
FOLDERS = ("sciner", "hydra_plugins", "experiments", "tests", "notebooks")


@pytest.mark.parametrize(
    "test", sorted(UNIT.rglob("test_*.py")), ids=lambda test: str(test.relative_to(UNIT))
)
def test_a_unit_test_lies_where_its_module_does(test: Path) -> None:
    folder, name = ROOT / "sciner" / test.parent.relative_to(UNIT), test.stem.removeprefix("test_")
    # a battery over a folder has the folder's name
    assert (folder / f"{name}.py").exists() or name == folder.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_name_is_imported_from_the_module_that_defines_it(folder: str) -> None:
    """Of our own modules; mypy demands the same of the package, and does not see tests and
    experiments."""
    astray = [
        f"{file.relative_to(ROOT)}:{line.lineno} {line.module}.{alias.name}"
        for file in (ROOT / folder).rglob("*.py")
        for line in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(line, ast.ImportFrom) and line.module and (source := file_of(line.module))
        for alias in line.names
        if not file_of(f"{line.module}.{alias.name}") and alias.name not in names_of(source)
    ]
    assert not astray


@cache
def file_of(module: str) -> Path | None:
    """None for a module that is not ours."""
    place = ROOT / module.replace(".", "/")
    return next(
        (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None
    )


@cache
def names_of(source: Path) -> frozenset[str]:
    return frozenset(defined(ast.parse(source.read_text(encoding="utf-8")).body))


def defined(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that statements at the top of a module define; imports define none."""
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (
                    node.id
                    for target in targets
                    for node in ast.walk(target)
                    if isinstance(node, ast.Name)
                )
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If(body=inside, orelse=other) | ast.Try(body=inside, orelse=other):
                yield from defined([*inside, *other])
