"""A published table is what its figures say, to the byte, and says how it was made."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments import artefact
from experiments.__main__ import main, names, rendered
from experiments.artefact import HERE
from sciner.report.frames import keys_of
from sciner.report.published import PAPERS
from tests.runs import write_run

ARTEFACTS = sorted(p.parent.name for p in HERE.glob("*/table.py"))
OF_RUNS = artefact.names()
MEASURED = sorted(set(ARTEFACTS) - set(OF_RUNS))


def assert_rendered(name: str) -> None:
    for file, text in rendered(name).items():
        assert text == (HERE / name / file).read_text(encoding="utf-8"), (
            f"python -m experiments {name} --render"
        )


@pytest.mark.parametrize(
    ("words", "code"), [(["rounds", "--help"], 0), (["round"], 2), (["--x"], 2)]
)
def test_a_command_that_asks_for_no_artefact_computes_nothing(
    words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, "complete", lambda *_: pytest.fail("it computes"))
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == code


@pytest.mark.parametrize("name", MEASURED)
def test_results_are_rendered_from_the_figures(name: str) -> None:
    assert_rendered(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_RUNS)
def test_results_are_rendered_from_the_runs(name: str) -> None:
    assert_rendered(name)
    shown = re.findall(
        r"!\[[^]]*\]\((\S+)\)", (HERE / name / "RESULTS.md").read_text(encoding="utf-8")
    )
    assert sorted(shown) == sorted(p.name for p in (HERE / name).glob("*.svg"))


def test_every_artefact_has_figures_or_runs() -> None:
    assert names() == ARTEFACTS


@pytest.mark.parametrize("name", MEASURED)
def test_an_artefact_has_its_claim_command_and_figures(name: str) -> None:
    readme = (HERE / name / "README.md").read_text(encoding="utf-8")
    assert "**Claim tested.**" in readme and "**Command.**" in readme
    assert f"experiments.{name}.measure" in readme and (HERE / name / "measure.py").exists()
    assert json.loads((HERE / name / "figures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", OF_RUNS)
def test_an_artefact_of_runs_has_its_claim_command_and_cost(name: str) -> None:
    readme = (HERE / name / "README.md").read_text(encoding="utf-8")
    assert "**Claim tested.**" in readme and "**Command.**" in readme and "**Cost.**" in readme
    assert f"make table-{name}" in readme and (HERE / name / "counts.csv").exists()


PUBLISHED = [*HERE.glob("*/published.csv"), *PAPERS.glob("*.csv")]


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_published_figure_says_where_it_comes_from(file: Path) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        headings, *rows = csv.reader(stream)
    assert headings == ["figure", "value", "source", "split", "model", "note"]
    assert all(len(row) == 6 and all(row[:5]) and 0 <= float(row[1]) <= 1 for row in rows)


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_point_of_an_artefact_is_told_by_its_words(name: str) -> None:
    """Else a run by its words alone would be another than the one in the table (see also
    test_experiment.py). Two variants may share points, the points of one differ."""
    points = artefact.points(name)
    assert len(points) == len({frozenset(words) for words in points.values()})
    for grid in artefact.grids_of(name).values():
        size = math.prod(len(values.split(",")) for values in grid.values())
        assert len(artefact.points_of([grid])) == size


def test_figures_name_no_place_of_the_machine_that_made_them() -> None:
    for name in names():
        for file in (HERE / name).glob("*.*"):
            if file.suffix in (".json", ".csv"):
                assert not re.search(r'["\s=,]/\w+', file.read_text(encoding="utf-8")), file


# what is missing is run, and nothing else


class Launched:
    """In place of ``sciner run``: remembers the words and leaves a finished run, unless they hold
    ``fails``."""

    def __init__(self, fails: str = "none at all") -> None:
        self.words: list[list[str]] = []
        self.fails = fails
        self.left = 0

    def __call__(self, words: Sequence[str]) -> int:
        *own, tracking, place = words
        assert tracking == "tracking=none"
        self.words.append(own)
        if self.fails in own:
            return 1
        path = Path(place.removeprefix("hydra.run.dir="))
        path.parent.mkdir(exist_ok=True)
        scores = {"test/f1/micro": 0.5, "time/round/seconds": 3.0}
        self.left += 1
        write_run(path.parent / f"run{self.left}", " ".join(own), [scores], counts=[[[1, 2, 3]]])
        return 0


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launched:
    (tmp_path / "small").mkdir()
    grid = {"threshold": "accept_all,fixed", "data.seed_size": "5%,10%", "seed": "0"}
    monkeypatch.setattr(artefact, "HERE", tmp_path)
    monkeypatch.setattr(artefact, "grids_of", lambda name: {"small/it": grid})
    fake = Launched()
    monkeypatch.setattr("sciner.launch.main.main", fake)
    return fake


def test_what_runs_csv_lacks_is_run_and_nothing_else(
    launched: Launched, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.fails = "data.seed_size=10%"
    assert artefact.complete("small") == 2
    frame, counts = artefact.read("small")
    assert len(launched.words) == 4 and frame["run"].nunique() == len(counts) == 2
    assert "- `sciner run experiment=small/it`: 2 of 4" in artefact.still_to_run("small", frame)
    launched.fails, launched.words = "none at all", []
    assert artefact.complete("small") == 0 and len(launched.words) == 2
    assert "small: 4 points, 2 to run" in capsys.readouterr().out
    assert artefact.complete("small") == 0 and len(launched.words) == 2
    assert artefact.still_to_run("small", artefact.read("small")[0]) == ""


def test_another_model_is_one_override_away_and_its_lines_fit_the_old_ones(
    launched: Launched,
) -> None:
    artefact.complete("small")
    before, _ = artefact.read("small")
    assert (
        artefact.complete("small", ["model=minilm", "threshold=accept_all", "model.steps=60"]) == 0
        and len(launched.words) == 6
    )
    after, _ = artefact.read("small")
    assert keys_of(after) == keys_of(before) == ["corpus", "model", "data.seed_size", "threshold"]
    assert after.head(len(before)).equals(before) and set(after["metric"]) == {"test/f1/micro"}
    assert set(after.tail(2)["model"]) == {"minilm"}


def test_another_model_takes_the_place_of_one_that_the_grid_only_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crf = {"model": "crf", "seed": "0"}
    own = {"model": "minilm", "model.steps": "150", "seed": "0"}
    monkeypatch.setattr(artefact, "grids_of", lambda name: {"a": crf, "b": own})
    assert list(artefact.points("small", ["model=tiny"]).values()) == [["model=tiny", "seed=0"]]
    assert len(artefact.points("small")) == 2


def test_a_point_is_what_its_words_mean_and_not_how_they_say_it() -> None:
    """In any order, by a file or by the values in it, with or without defaults and words that
    change no result."""
    (point, *same) = artefact.settings_of(
        [
            ["model=crf", "threshold=fixed_sentence", "seed=1"],
            ["seed=1", "threshold=fixed_sentence", "model=crf", "tracking=none", "store.dir=/x"],
            [
                "model=crf",
                "threshold=fixed",
                "threshold.granularity=sentence",
                "threshold.min_confidence=0.8",
                "threshold.empty=keep",
                "iteration.rounds=2",
                "seed=1",
            ],
        ]
    )
    assert same == [point, point]
    others = [["seed=2"], ["model.c1=1", "seed=1"], ["trainer.precision=32-true", "seed=1"]]
    whole = [["model=crf", "threshold=fixed_sentence", *words] for words in others]
    assert point not in artefact.settings_of(whole)
