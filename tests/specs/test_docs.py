"""What the docs promise is what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sciner.config.conf import CONF
from sciner.launch.hydra_errors import choices_of
from sciner.loop.rounds import Iteration
from sciner.loop.steps import STEPS
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.plain import Random
from sciner.store.step import Step
from tests.specs.test_loop import SAMPLE, parts_of, turn, two

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.is_dir():
    pytest.skip("an installed package has no docs", allow_module_level=True)


def documented() -> set[str]:
    table = (DOCS / "results.md").read_text(encoding="utf-8").split("## Metrics")[1]
    return {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])
    }


def test_every_metric_of_a_run_is_in_the_table_and_the_table_has_no_other() -> None:
    parts = parts_of(SAMPLE, "15%", dev_size="20")  # so little that a class is rare in it
    corpus = replace(
        SAMPLE, test=(replace(SAMPLE.test[0], dropped=("TaskName",)), *SAMPLE.test[1:])
    )
    _, rounds = turn(
        corpus,
        parts=parts,
        iteration=Iteration(2, teachers=2, labels="soft", mask_missed=True),
        annotator=two(parts, 0.1),
        acquire=Acquire(Random()),
    )
    names = {name for done in rounds for name in done.scores}
    for label in SAMPLE.labels:
        names = {re.sub(rf"/{label}$", "/<Class>", name) for name in names}
    names = {re.sub(r"/bin/0\.\d/", "/bin/<low>/", name) for name in names}
    dev = {name for name in names if name.startswith(("dev/", "ensemble/dev/"))}
    assert {name.replace("dev/", "test/") for name in dev} <= documented()
    assert names - dev == documented()


def test_the_table_of_steps_says_what_the_classes_say() -> None:
    section = (DOCS / "store.md").read_text(encoding="utf-8").split("## Steps")[1].split("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    assert rows == [row_of(step) for step in STEPS.values()]


def row_of(step: type[Step[Any]]) -> str:
    inputs = [
        f"`{name}`" + f" ({meaning})" * bool(meaning) for name, meaning in step.INPUTS.items()
    ]
    return f"| `{step.NAME}` | {', '.join(inputs)} | {step.RESULT} |"


@pytest.mark.parametrize("group", [p.name for p in CONF.iterdir() if p.is_dir()])
def test_every_choice_of_a_group_is_named_in_the_docs(group: str) -> None:
    row = next(
        r
        for r in (DOCS / "run.md").read_text(encoding="utf-8").splitlines()
        if r.startswith(f"| `{group}` |")
    )
    assert set(re.findall(r"`([\w/]+)`", row.split("|")[2])) == choices_of(group)


ROOT = DOCS.parent
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("experiments/**/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("picture", [*DOCS.glob("gallery/*.svg")], ids=lambda picture: picture.stem)
def test_a_picture_of_the_readme_loads_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert re.findall(r"(?:href=\"|url\(|@import\s)[\"']?(?!#)", text) == []
