"""What the docs promise is what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from pydoc import locate
from typing import Any

import pytest
import yaml

from sciner.config.conf import GROUPS
from sciner.launch.hydra_errors import choices_of
from sciner.loop.iteration import Iteration
from sciner.loop.rounds import Round
from sciner.loop.steps import STEPS
from sciner.loop.teacher import AskedTeacher
from sciner.policy.acquisition.baselines import Random
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.annotator import SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.store.step import Step
from tests.specs.test_llm import asking
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
    others = (*with_a_language_model(), *with_an_assisted_annotator())
    names = {name for done in (*rounds, *others) for name in done.scores}
    for label in SAMPLE.labels:
        names = {re.sub(rf"/{label}$", "/<Class>", name) for name in names}
    names = {re.sub(r"/bin/0\.\d/", "/bin/<low>/", name) for name in names}
    dev = {name for name in names if name.startswith(("dev/", "ensemble/dev/"))}
    assert {name.replace("dev/", "test/") for name in dev} <= documented()
    assert names - dev == documented()


def with_a_language_model() -> list[Round]:
    """The rounds of a run that asks one for labels and for silver."""
    parts = parts_of(SAMPLE)
    parts = replace(parts, pool=parts.pool[:40])
    llm, annotator = asking(parts)
    asked = AskedTeacher(llm, beside=True)
    buy = Acquire(Random(), Amount(5))
    _, rounds = turn(SAMPLE, Threshold(), Iteration(1), parts, 0, None, annotator, buy, asked=asked)
    return rounds


def with_an_assisted_annotator() -> list[Round]:
    parts = parts_of(SAMPLE)
    annotator = SimulatedAnnotator(parts.withheld(), Cost(assist=True))
    buy = Acquire(Random(), Amount(30))
    return turn(iteration=Iteration(1), parts=parts, annotator=annotator, acquire=buy)[1]


def test_the_table_of_steps_says_what_the_classes_say() -> None:
    section = (DOCS / "store.md").read_text(encoding="utf-8").split("## Steps")[1].split("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    assert rows == [row_of(step) for step in STEPS.values()]


def row_of(step: type[Step[Any]]) -> str:
    inputs = [
        f"`{name}`" + f" ({meaning})" * bool(meaning) for name, meaning in step.INPUTS.items()
    ]
    return f"| `{step.NAME}` | {', '.join(inputs)} | {step.RESULT} |"


@pytest.mark.parametrize("group", [name for name in GROUPS if name != "experiment"])
def test_every_choice_of_a_group_is_named_in_the_docs(group: str) -> None:
    row = next(
        r
        for r in (DOCS / "run.md").read_text(encoding="utf-8").splitlines()
        if r.startswith(f"| `{group}` |")
    )
    assert set(re.findall(r"`([\w/]+)`", row.split("|")[2])) == choices_of(group)


def test_every_committed_sweep_is_named_in_the_docs() -> None:
    section = (DOCS / "run.md").read_text(encoding="utf-8").split("## Committed sweeps\n")[1]
    rows = [row for row in section.split("\n## ")[0].splitlines() if row.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(names) == sorted(choices_of("experiment"))


ROOT = DOCS.parent
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("experiments/**/*.md")]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as code-hosting pages and MkDocs both make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]*)[^)]*\)", page.read_text(encoding="utf-8"))
    for path, _, anchor in (link.partition("#") for link in links if "://" not in link):
        target = page.parent / path if path else page
        assert target.is_file(), f"{path}: link to a file, the site shows no folders"
        assert not anchor or anchor in headings(target), f"{path}#{anchor}"


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    def paths(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        children = entry.values() if isinstance(entry, dict) else entry
        return [path for child in children for path in paths(child)]

    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = {str(page.relative_to(ROOT)) for page in PAGES if page.name != "RESULTS.md"}
    assert sorted(paths(site["nav"])) == sorted(pages)


def test_the_api_reference_names_only_things_that_exist() -> None:
    names = re.findall(r"^::: (.+)$", (DOCS / "api.md").read_text(encoding="utf-8"), flags=re.M)
    assert [name for name in names if locate(name) is None] == []


@pytest.mark.parametrize("picture", [*DOCS.glob("*/*.svg")], ids=lambda picture: picture.stem)
def test_a_picture_of_the_docs_loads_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert re.findall(r"(?:href=\"|url\(|@import\s)[\"']?(?!#)", text) == []
