from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciner.errors import InputError
from sciner.report import budget, figures, sections, silver_figures
from sciner.report.compared import compare_runs
from sciner.report.figure_tables import by_class
from sciner.report.render import NONE
from sciner.results.folder import RunFolder
from sciner.results.records import records
from sciner.score.curves import Curve
from tests.runs import write_run


def test_classes_are_those_of_the_run_and_not_whatever_has_an_f1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(
        tmp_path / "a",
        "seed=0",
        [{"test/f1/micro": 0.5, "test/f1/a_new_average": 0.5, "test/f1/Task": 0.5}],
    )
    shown: list[Sequence[str]] = []

    def heat(compared: Any, classes: Sequence[str], change: bool) -> None:
        shown.append(classes)

    monkeypatch.setattr(figures, "heat", heat)
    assert list(sections.classes(compare_runs(records([tmp_path])))) == [] and shown == [["Task"]]


def test_dropped_gold_is_shown_by_split_and_its_score_by_run(tmp_path: Path) -> None:
    scores = {"test/f1/micro": 0.5, "test/gain/micro": 0.0, "test/with_dropped/f1": 0.4}
    lost = {"dev": {"spans": 3}, "test": {"spans": 1200}}
    for name, words in (("a", "seed=0"), ("b", "seed=1")):
        run = write_run(tmp_path / name, words, [scores])
        RunFolder(run, run).about(dropped=lost)
    compared = compare_runs(records([tmp_path]))
    (section,) = sections.dropped(compared)
    assert section.table and section.table.rows == (("sample", "0", "3", "1,200"),)
    (every,) = sections.every_run(compared)
    assert every.table and every.table.headings[-1] == "F1 with dropped spans as misses"
    assert [row[-1] for row in every.table.rows] == ["0.400", "0.400"]


def test_a_page_of_runs_that_lost_no_gold_does_not_speak_of_it(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [{"test/f1/micro": 0.5, "test/gain/micro": 0.0}])
    compared = compare_runs(records([tmp_path]))
    assert not list(sections.dropped(compared))
    (every,) = sections.every_run(compared)
    assert every.table and every.table.headings[-1] == "gain over round 0"


def test_runs_are_listed_by_setting_and_seed_and_named_by_what_differs(tmp_path: Path) -> None:
    """Whenever they began; and the seeds that a setting lacks have a command."""
    words = ("threshold=fixed seed=1", "threshold=accept_all seed=1", "threshold=accept_all seed=0")
    for number, said in enumerate(words):
        scores = {"test/f1/micro": 0.5, "test/gain/micro": 0.0}
        write_run(tmp_path / f"{number}", said, [scores], started=number + 1)
    compared = compare_runs(records([tmp_path]))
    (every,) = sections.every_run(compared)
    assert every.table and [row[1:3] for row in every.table.rows] == [
        ("fixed", "1"),
        ("accept_all", "0"),
        ("accept_all", "1"),
    ]
    assert [compared.name_of(run) for run in compared.sorted_runs] == [
        "threshold=fixed, seed=1",
        "threshold=accept_all, seed=0",
        "threshold=accept_all, seed=1",
    ]
    (missing,) = sections.missing(compared)
    command = "sciner run threshold=fixed seed=0"
    assert missing.table and missing.table.rows == (("threshold=fixed", "0", command),)
    alone = compare_runs(records([tmp_path / "0"]))
    assert alone.name_of(alone.runs[0]) == "" and not list(sections.missing(alone))


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_single_seed_is_no_mean(tmp_path: Path, seeds: int) -> None:
    """Captions and notes speak of means and intervals only where there are any."""
    for seed in range(seeds):
        scores = {"test/f1/micro": 0.5 + seed / 10, "test/f1/Task": 0.4 + seed / 10}
        write_run(tmp_path / f"{seed}", f"seed={seed}", [scores, scores])
    compared = compare_runs(records([tmp_path]))
    (rounds,) = sections.rounds(compared)
    notes = by_class(compared, ["Task"]).notes
    assert rounds.text.startswith("Mean over seeds") == (seeds > 1)
    assert any("Mean over seeds" in note for note in notes) == (seeds > 1)
    assert any(note.startswith("*") for note in notes) == (seeds == 1)


def test_a_class_that_a_run_lacks_in_a_round_has_a_dash(tmp_path: Path) -> None:
    """And its support and its difference from round 0 stand beside those that are known."""
    scores = {"test/f1/micro": 0.5, "test/support/Task": 40.0}
    for name, words, f1 in (
        ("a", "threshold=accept_all seed=0", (0.5, 0.7)),
        ("b", "threshold=fixed seed=0", (0.4,)),
    ):
        write_run(tmp_path / name, words, [scores | {"test/f1/Task": value} for value in f1])
    table = by_class(compare_runs(records([tmp_path])), ["Task"])
    assert table.headings[1:] == (
        *("class", "support", "round 0", "round 1", "round 1 minus round 0"),
    )
    assert table.rows == (
        ("accept_all", "Task", "40", "0.500*", "0.700*", "+0.200*"),
        ("fixed", "Task", "40", "0.400*", NONE, NONE),
    )


def test_few_spans_are_hollow_and_no_line_leads_to_them() -> None:
    bins = [(0.3, 0.2, 19), (0.5, 0.4, 20), (0.7, 0.8, 19), (0.9, 0.9, 200)]
    (axes,) = figures.reliability(bins).axes
    assert np.isnan(axes.lines[1].get_ydata()).tolist() == [True, False, True, False]
    solid, hollow = axes.collections
    assert solid.get_offsets().tolist() == [[0.5, 0.4], [0.9, 0.9]]
    assert hollow.get_offsets().tolist() == [[0.3, 0.2], [0.7, 0.8]]
    assert not len(hollow.get_facecolor())


def test_points_stand_on_their_ticks(tmp_path: Path) -> None:
    """One line on them, several around them."""
    silver = {"silver/precision/micro": 0.7, "silver/recall/micro": 0.5, "test/f1/micro": 0.5}
    for kind in ("accept_all", "fixed"):
        for size in ("5%", "10%"):
            words = f"threshold={kind} data.seed_size={size} seed=0"
            write_run(tmp_path / size / f"{kind}{size}", words, [silver])
    for places, offsets in (([tmp_path / "5%"], [0.0]), ([tmp_path], [-0.03, 0.03])):
        figure = silver_figures.by_threshold(compare_runs(records(places)), ["threshold"])
        assert figure
        lines = figure.axes[0].lines
        found = {round(line.get_xdata()[0], 3) for line in lines if line.get_marker() in "os"}
        assert sorted(found) == offsets


UNITS = ("sentences", "tokens", "entities", "minutes", "money")


def buying(place: Path, seed: int, units: Sequence[str] = UNITS) -> None:
    """A run that buys in rounds 1 and 2, and trains once more on the same gold in round 3."""
    rounds = [
        {"test/f1/micro": f1 + seed / 10} | {f"budget/{unit}": spent for unit in units}
        for f1, spent in ((0.1, 10.0), (0.2, 20.0), (0.3, 30.0), (0.4, 30.0))
    ]
    write_run(place / f"{seed}", f"seed={seed}", rounds)


def test_thresholds_are_drawn_where_all_seeds_agree(tmp_path: Path) -> None:
    """The mean of three equal values may be rounded to less than each of them."""
    silver = {"test/f1/micro": 0.5, "silver/precision/micro": 0.6, "silver/recall/micro": 0.4}
    for number, (kind, seed) in enumerate(product(("accept_all", "fixed"), range(3))):
        write_run(tmp_path / f"{number}", f"threshold={kind} seed={seed}", [silver, silver])
    assert silver_figures.by_threshold(compare_runs(records([tmp_path])), ["threshold"])


@pytest.mark.parametrize("unit", UNITS)
def test_budget_curves_have_every_round_of_every_run_in_any_unit(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line takes the last round at a budget, the points are all rounds."""
    for seed in (0, 1):
        buying(tmp_path, seed)
    shown: list[Any] = []
    monkeypatch.setattr(figures, "over_budget", lambda *told: shown.append(told))
    (section,) = budget.budgets(compare_runs(records([tmp_path]), units=[unit]))
    ((curves, told_unit, _, rounds),) = shown
    assert section.name == f"budget_{unit}" and unit in section.title and told_unit == unit
    ((method, by_seed),) = curves["sample"].items()
    assert by_seed[0].f1.tolist() == pytest.approx([0.1, 0.2, 0.4])
    assert rounds["sample"][method] == [
        (spent, pytest.approx(f1 + seed / 10))
        for seed in (0, 1)
        for spent, f1 in ((10, 0.1), (20, 0.2), (30, 0.3), (30, 0.4))
    ]


def test_a_run_without_the_unit_has_no_curve_and_hinders_none(tmp_path: Path) -> None:
    buying(tmp_path, 0)
    buying(tmp_path, 1, ["sentences"])
    compared = compare_runs(records([tmp_path]), units=["money"])
    (by_seed,) = budget.curves_of(compared, unit="money").values()
    assert list(by_seed) == [0]


def test_a_unit_that_no_run_has_is_refused(tmp_path: Path) -> None:
    buying(tmp_path, 0, ["sentences", "tokens"])
    with pytest.raises(InputError, match="no run has a budget in 'token'; did you mean 'tokens'"):
        compare_runs(records([tmp_path]), units=["token"])
    with pytest.raises(InputError, match="in 'money'; known: sentences, tokens"):
        compare_runs(records([tmp_path]), units=["sentences", "money"])


def test_seeds_that_spent_different_budgets_are_averaged_at_the_same_ones() -> None:
    """Two straight lines, so that interpolation is exact; nothing beyond what both reach."""
    by_seed = {
        0: Curve(np.array([10.0, 20.0, 30.0]), np.array([0.1, 0.2, 0.3])),
        1: Curve(np.array([15.0, 25.0]), np.array([0.35, 0.45])),
    }
    found = figures.on_one_grid(by_seed)
    assert [found[seed].budget.tolist() for seed in (0, 1)] == [[15, 20, 25]] * 2
    assert found[0].f1.tolist() == pytest.approx([0.15, 0.2, 0.25])
    assert found[1].f1.tolist() == pytest.approx([0.35, 0.4, 0.45])
    assert figures.on_one_grid({0: by_seed[0], 1: by_seed[0]})[1] is by_seed[0]
