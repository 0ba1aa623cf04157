"""Runs that are compared: in which setting, against which baseline, and what is drawn of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.report.budget import budgets, curves_of
from sciner.report.compared import (
    ComparedRuns,
    average_settings,
    compare_runs,
    telling,
    with_settings,
)
from sciner.report.draw import panels
from sciner.report.figures import LEAST, heat, over_rounds
from sciner.report.frames import keys_of, tidy
from sciner.report.render import NONE
from sciner.report.sections import people
from sciner.results.records import records
from tests.runs import write_run


def ask(tmp_path: Path, runs: dict[str, tuple[float, float]], **options: str) -> ComparedRuns:
    """{words: F1 of round 0 and of round 1}"""
    for number, (words, values) in enumerate(runs.items()):
        write_run(tmp_path / f"run{number}", words, [{"test/f1/micro": value} for value in values])
    return compare_runs(records([tmp_path]), **options)


THREE = {
    f"threshold={kind} {more}data.seed_size={size} seed={seed}": (
        0.3,
        value + seed / 100 + extra * seed,
    )
    for size in ("5%", "10%")
    for kind, more, value, extra in (
        ("accept_all", "", 0.4, 0.0),
        ("fixed", "threshold.min_confidence=0.8 ", 0.5, 0.001),
        ("quantile", "", 0.45, 0.001),
    )
    for seed in range(3)
}


def test_the_fewest_keys_that_tell_the_settings_apart_are_kept(tmp_path: Path) -> None:
    frame = tidy(ask(tmp_path, THREE).runs)
    assert "threshold.min_confidence" in keys_of(frame)
    assert keys_of(telling(frame)) == ["corpus", "model", "threshold", "data.seed_size"]
    (tmp_path / "more").mkdir()
    write_run(
        tmp_path / "more" / "x",
        "threshold=fixed threshold.min_confidence=0.9 data.seed_size=5% seed=0",
        [{"a": 1}],
    )
    # now it tells more
    assert "threshold.min_confidence" in keys_of(telling(tidy(records([tmp_path]))))


def test_the_first_setting_that_was_typed_and_differs_is_asked_about(tmp_path: Path) -> None:
    """The oldest run's value is the baseline, unless others are asked for."""
    asked = ask(tmp_path, THREE)
    assert (asked.key, asked.baseline, asked.others) == (
        "threshold",
        "accept_all",
        ("data.seed_size",),
    )
    other = compare_runs(asked.runs, "data.seed_size", "10%")
    assert (other.values, other.others) == (["10%", "5%"], ("threshold",))
    for words, message in (
        (("thresold", None), "did you mean 'threshold'"),
        ((None, "nine"), "no run has threshold=nine"),
    ):
        with pytest.raises(InputError, match=message):
            compare_runs(asked.runs, *words)


def test_runs_that_differ_in_nothing_have_no_key(tmp_path: Path) -> None:
    asked = ask(tmp_path, {f"seed={s}": (0.3, 0.4 + s / 100) for s in range(2)})
    assert asked.key is None
    with pytest.raises(InputError, match="there is no baseline"):
        compare_runs(asked.runs, None, "accept_all")
    with pytest.raises(InputError, match="do not differ in 'threshold'"):
        compare_runs(asked.runs, "threshold")


def test_budgets_of_several_seed_sizes_are_one_curve_unless_each_is_a_curve_by_itself(
    tmp_path: Path,
) -> None:
    def curves(name: str, budgets: dict[str, list[float]]) -> list[str]:
        for size, here in budgets.items():
            lines = [{"test/f1/micro": 0.5, "budget/sentences": budget} for budget in here]
            write_run(
                tmp_path / name / size, f"acquire.kind=mnlp data.seed_size={size} seed=0", lines
            )
        return list(curves_of(compare_runs(records([tmp_path / name]))))

    assert len(curves("one", {"10": [10], "20": [20]})) == 1
    assert curves("two", {"10": [10, 20], "20": [20, 30]}) == [
        "data.seed_size=10",
        "data.seed_size=20",
    ]


def test_what_is_too_much_to_draw_is_a_mean_over_the_setting_with_the_most_values(
    tmp_path: Path,
) -> None:
    """Of all values over the same settings, seeds and rounds: a mean of others would compare what
    is not alike."""
    f1 = {
        ("accept_all", "5%"): 0.2,
        ("fixed", "5%"): 0.3,
        ("accept_all", "10%"): 0.4,
        ("fixed", "10%"): 0.7,
        ("accept_all", "20%"): 0.9,
    }
    runs = {
        f"threshold={kind} data.seed_size={size} model={model} seed={seed}": (
            0.1,
            value + seed / 100,
        )
        for (kind, size), value in f1.items()
        for model in ("crf", "gazetteer")
        for seed in (0, 1)
        if (kind, size, seed) != ("fixed", "10%", 1)
    }
    asked = ask(tmp_path, runs)
    assert average_settings(asked, most=6) == (asked, [])
    shown, gone = average_settings(asked, most=2)
    assert gone == ["data.seed_size"] and shown.settings == [
        {"model": "crf"},
        {"model": "gazetteer"},
    ]
    means = shown.frame[shown.frame["round"] == 1].set_index(["threshold", "model", "seed"])[
        "value"
    ]
    assert means["accept_all", "crf", 0] == pytest.approx((0.2 + 0.4) / 2)  # 20% has no fixed
    assert means["fixed", "crf", 0] == pytest.approx((0.3 + 0.7) / 2)
    # seed 1: only 5%
    assert (means["accept_all", "crf", 1], means["fixed", "crf", 1]) == pytest.approx((0.21, 0.31))
    assert average_settings(asked, most=1)[1] == ["data.seed_size", "model"]
    apart = compare_runs(
        with_settings(asked.runs, ["data.seed_size=20%"])
        + with_settings(asked.runs, ["threshold=fixed"])
    )
    nothing = average_settings(apart, most=1)[0]
    assert nothing.frame.empty and heat(nothing, ["Task"], change=False) is None
    assert average_settings(asked, most=2, keep=["data.seed_size"])[1] == ["model"]


def test_a_mean_of_a_figure_covers_the_settings_where_all_have_it(tmp_path: Path) -> None:
    """One that a value of the key never has stays for the others."""
    precision = {("crf", "5%"): 0.9, ("tiny", "5%"): 0.9, ("tiny", "10%"): 0.3}
    for number, (model, size) in enumerate(itertools.product(("crf", "tiny"), ("5%", "10%"))):
        scores = {"test/f1/micro": 0.5}
        if (model, size) in precision:
            scores["silver/precision/micro"] = precision[model, size]
        if model == "tiny":
            scores["train/steps"] = 9.0
        write_run(
            tmp_path / f"run{number}", f"model={model} data.seed_size={size} seed=0", [scores]
        )
    shown, _ = average_settings(compare_runs(records([tmp_path])), most=1)
    means = shown.frame.set_index(["metric", "model"])["value"]
    assert means["silver/precision/micro"].to_dict() == {"crf": 0.9, "tiny": 0.9}
    assert means["train/steps"].to_dict() == {"tiny": 9.0}


def test_a_change_is_drawn_within_each_seed(tmp_path: Path) -> None:
    """Seeds may end in different rounds: here both gain 0.05 a round, from 0.2 and from 0.6."""
    for seed, values in enumerate(((0.2, 0.25, 0.3), (0.6, 0.65))):
        rounds = [{"test/f1/micro": 0.5, "test/f1/Task": value} for value in values]
        write_run(tmp_path / f"run{seed}", f"seed={seed}", rounds)
    figure = heat(compare_runs(records([tmp_path])), ["Task"], change=True)
    assert figure and [text.get_text() for text in figure.axes[0].texts] == ["+0.05", "+0.10"]


def test_runs_may_be_narrowed_by_their_settings(tmp_path: Path) -> None:
    asked = ask(tmp_path, THREE)
    kept = with_settings(asked.runs, ["data.seed_size=5%", "threshold=fixed"])
    assert [run.about["params"]["seed"] for run in kept] == ["0", "1", "2"]
    assert {run.about["params"]["threshold"] for run in kept} == {"fixed"}


def test_a_figure_shows_itself_in_a_notebook() -> None:
    """IPython asks for ``_repr_png_``; matplotlib's own figures need pyplot for it."""
    figure, _ = panels(["one"])
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("last", "span"), [(0.635, LEAST), (0.34, 0.33)])
def test_an_axis_is_long_enough_that_half_a_point_looks_like_half_a_point(
    tmp_path: Path, last: float, span: float
) -> None:
    figure = over_rounds(ask(tmp_path, {"seed=0": (0.64, last)}), "test/f1/micro", "entity F1")
    assert figure is not None
    low, high = figure.axes[0].get_ylim()
    assert low < min(0.64, last) and high > 0.64 and high - low == pytest.approx(span, abs=0.001)
    assert (low + high) / 2 == pytest.approx((0.64 + last) / 2, abs=0.001)


def test_people_and_all_o_answers_stand_beside_a_corpus_of_which_they_are_known(
    tmp_path: Path,
) -> None:
    """A line in the figure only where their agreement is the same figure as a tagger's; kappa is
    named as such."""
    scores = [
        {"test/f1/micro": f1, "test/all_o/accuracy/token": 0.951, "budget/sentences": 10 * f1}
        for f1 in (0.3, 0.5)
    ]
    for corpus in ("cmu_sciner", "scierc", "sample"):
        write_run(tmp_path / corpus, "seed=0", scores, corpus=corpus)
    found = compare_runs(records([tmp_path]))
    (section,) = people(found)
    assert section.table is not None
    assert [(*row[:2], *row[4:]) for row in section.table.rows] == [
        ("cmu_sciner", "span F1", "0.789", "0.951"),
        ("cmu_sciner", "kappa", "0.642", "0.951"),
        ("scierc", "kappa", "0.769", "0.951"),
        ("sample", NONE, NONE, "0.951"),
    ]
    (budget,) = budgets(found)
    assert budget.figure is not None and "Dotted" in budget.text
    dotted = [
        [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
        for axes in budget.figure.axes
    ]
    assert dotted == [[0.789], [], []]
    (tmp_path / "alone").mkdir()
    write_run(tmp_path / "alone" / "x", "seed=0", scores)
    alone = compare_runs(records([tmp_path / "alone"]))
    assert not list(people(alone)) and "Dotted" not in next(budgets(alone)).text
