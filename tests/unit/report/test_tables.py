"""A cell is the mean of the last rounds over seeds, says how sure it is, and never mixes unlike
runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sciner.report import frames
from sciner.report.learning_curves import learning_curves
from sciner.report.render import Table, as_csv, latex, markdown, table_of
from sciner.report.tables import cells, paired
from sciner.score.curves import Curve, area_difference
from sciner.score.intervals import SHARE, SIGNED, t_interval
from sciner.score.stats import f1_of
from tests.runs import write_run

GOLD = np.array([4, 9, 6, 2])


def f1s(value: float, before: float = 0.9) -> list[dict[str, float]]:
    """Two rounds; the first looks better."""
    return [
        {"test/f1/micro": before, "test/f1/Task": 0.0},
        {"test/f1/micro": value, "test/f1/Task": value / 2},
    ]


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    """none x (5%, 10%), fixed x 10%; seed 1 is lacking in one cell, and fixed x 5% altogether."""
    for name, words, value in (
        ("a", "threshold=accept_all data.seed_size=10% seed=0", 0.40),
        ("b", "threshold=accept_all data.seed_size=10% seed=1", 0.50),
        ("c", "threshold=accept_all data.seed_size=5% seed=0", 0.30),
        ("d", "threshold=fixed threshold.min_confidence=0.8 data.seed_size=10% seed=0", 0.55),
        ("e", "threshold=fixed threshold.min_confidence=0.8 data.seed_size=10% seed=1", 0.57),
    ):
        write_run(tmp_path / name, words, f1s(value))
    return frames.read_runs(tmp_path)


def test_a_cell_is_the_mean_of_last_rounds_with_a_t_interval(frame: pd.DataFrame) -> None:
    grid = cells(frame, ["threshold"], ["data.seed_size"])
    assert grid.column_keys == (("5%",), ("10%",))  # by size, not by spelling
    cell = grid.cells[("accept_all",), ("10%",)]
    assert (cell.mean, cell.seeds) == (pytest.approx(0.45), (0, 1))
    assert (cell.low, cell.high) == pytest.approx(t_interval([0.40, 0.50], SHARE))
    alone = grid.cells[("accept_all",), ("5%",)]
    assert (alone.mean, alone.low, alone.high) == (0.30, None, None)
    assert (("fixed",), ("5%",)) not in grid.cells


def test_what_is_missing_comes_with_the_command_that_fills_it(frame: pd.DataFrame) -> None:
    grid = cells(frame, ["threshold"], ["data.seed_size"])
    assert {tuple(m.setting.values()): (m.seeds, m.command) for m in grid.missing} == {
        ("accept_all", "5%"): ((1,), "sciner run data.seed_size=5% threshold=accept_all seed=1"),
        ("fixed", "5%"): (
            (0, 1),
            "sciner run -m data.seed_size=5% threshold=fixed threshold.min_confidence=0.8 seed=0,1",
        ),
    }


def test_a_missing_corpus_keeps_the_rest_of_the_words(tmp_path: Path) -> None:
    """The values that went with another file go with it: a threshold's bar, not the seed set's
    size."""
    for name, words, corpus in (
        ("a", "data=scierc data.seed_size=5% seed=0", "scierc"),
        (
            "b",
            "data=scierc data.seed_size=10% threshold=fixed threshold.min_confidence=0.8 seed=0",
            "scierc",
        ),
        ("c", "data=bc5cdr data.seed_size=10% seed=0", "bc5cdr"),
    ):
        write_run(tmp_path / name, words, f1s(0.5), corpus=corpus)
    frame = frames.read_runs(tmp_path)
    found = cells(frame, ["corpus", "data.seed_size"], ["threshold"]).missing
    commands = {tuple(m.setting.values()): m.command for m in found}
    assert commands["bc5cdr", "10%", "fixed"] == (
        "sciner run data=bc5cdr data.seed_size=10% threshold=fixed threshold.min_confidence=0.8 "
        "seed=0"
    )
    # the default
    assert (
        commands["scierc", "10%", "accept_all"]
        == "sciner run data=scierc data.seed_size=10% seed=0"
    )


def test_a_complete_sweep_lacks_nothing_even_where_a_figure_is_absent(tmp_path: Path) -> None:
    write_run(
        tmp_path / "a", "threshold=accept_all seed=0", [{"test/f1/micro": 0.1, "silver/x": 1}]
    )
    write_run(tmp_path / "b", "threshold=fixed seed=0", [{"test/f1/micro": 0.1}])
    grid = cells(frames.read_runs(tmp_path), ["threshold"], [], ["test/f1/micro", "silver/x"])
    assert grid.missing == () and len(grid.cells) == 3
    assert grid.column_keys == (("test/f1/micro",), ("silver/x",))  # as they were asked for


def test_rounds_side_by_side_when_they_are_asked_for(frame: pd.DataFrame) -> None:
    grid = cells(frame[frame["data.seed_size"] == "10%"], ["threshold"], ["round"])
    assert [grid.cells[("accept_all",), (k,)].mean for k in (0, 1)] == pytest.approx([0.9, 0.45])


def test_unlike_runs_are_never_averaged(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"also differ in data\.seed_size"):
        cells(frame, ["threshold"], [])
    with pytest.raises(ValueError, match=r"also differ in data\.seed_size"):
        paired(frame[frame["run"] != "b"], {"threshold": "fixed"}, {"threshold": "accept_all"})
    with pytest.raises(ValueError, match="the frame has no thresholds, test/f2"):
        cells(frame, ["thresholds"], [], "test/f2") if "x" in frame else cells(
            frame.assign(x=""), ["thresholds", "test/f2"], []
        )
    with pytest.raises(ValueError, match="the frame has no test/f2"):
        cells(frame, ["threshold"], ["data.seed_size"], "test/f2")


def test_a_difference_is_paired_by_seed(frame: pd.DataFrame) -> None:
    found = paired(
        frame[frame["data.seed_size"] == "10%"], {"threshold": "fixed"}, {"threshold": "accept_all"}
    )
    assert found.by_seed == pytest.approx({0: 0.15, 1: 0.07})
    test = stats.ttest_rel([0.55, 0.57], [0.40, 0.50])
    difference = found.difference
    assert (difference.low, difference.high) == pytest.approx(t_interval([0.15, 0.07], SIGNED))
    assert difference.p == pytest.approx(test.pvalue)
    assert difference.over == ("seeds",)
    alone = paired(
        frame,
        {"threshold": "accept_all", "data.seed_size": "10%"},
        {"threshold": "accept_all", "data.seed_size": "5%"},
    )
    assert alone.difference == type(alone.difference)(pytest.approx(0.1), None, None, None, ())


def some_counts(quality: float, seed: int) -> list[list[int]]:
    correct = np.random.default_rng(seed).binomial(GOLD, quality)
    return np.stack([correct, correct + 1, GOLD], axis=1).tolist()


def acquired(
    tmp_path: Path, acquire: str, quality: tuple[float, ...], seed: int, **more: str
) -> None:
    """A run whose budget grows by ten sentences a round."""
    rows = [some_counts(q, seed) for q in quality]
    f1 = [f1_of(np.array(r)) for r in rows]
    scores = [
        {"test/f1/micro": v, "budget/sentences": 10.0 * (k + 1), "budget/tokens": 99.0}
        for k, v in enumerate(f1)
    ]
    words = " ".join(
        [f"acquire.kind={acquire}", f"seed={seed}", *(f"{k}={v}" for k, v in more.items())]
    )
    write_run(tmp_path / f"{acquire}{seed}{''.join(more)}", words, scores, counts=rows)


def test_counts_by_document_give_the_bootstrap_over_seeds_and_documents(tmp_path: Path) -> None:
    for seed in range(3):
        acquired(tmp_path, "mnlp", (0.3, 0.8), seed)
        acquired(tmp_path, "random", (0.3, 0.5), seed)
    frame, counts = frames.read_runs(tmp_path), frames.read_counts(tmp_path)
    sides = {"acquire.kind": "mnlp"}, {"acquire.kind": "random"}
    found = paired(frame, *sides, counts=counts).difference
    points = [
        {s: Curve.of([0], np.array([some_counts(q, s)])) for s in range(3)} for q in (0.8, 0.5)
    ]
    assert found == area_difference(*points)
    assert found.over == ("seeds", "documents")
    del counts["mnlp1", 1]
    assert paired(frame, *sides, counts=counts).difference.over == ("seeds",)


def test_a_learning_curve_has_a_point_for_every_budget(tmp_path: Path) -> None:
    """Rounds of one run; where the budget stands still, the last of them."""
    for seed in range(2):
        acquired(tmp_path, "mnlp", (0.3, 0.5, 0.8), seed)
    frame, counts = frames.read_runs(tmp_path), frames.read_counts(tmp_path)
    curves = learning_curves(frame, ["model"], "sentences", counts)
    (by_seed,) = curves.values()
    assert sorted(by_seed) == [0, 1] and by_seed[0].budget.tolist() == [10, 20, 30]
    assert by_seed[1].counts is not None and by_seed[1].counts[2].tolist() == some_counts(0.8, 1)
    still = learning_curves(frame, ["model"], "tokens")["crf"][0]
    assert (still.budget.tolist(), still.f1.tolist(), still.counts) == (
        [99],
        [round(f1_of(np.array(some_counts(0.8, 0))), 6)],
        None,
    )
    with pytest.raises(ValueError, match="no budget/minutes"):
        learning_curves(frame, ["model"], "minutes")


def test_runs_of_several_seed_sizes_are_one_curve_and_other_differences_are_refused(
    tmp_path: Path,
) -> None:
    for size, f1 in (("5%", 0.3), ("10%", 0.4)):
        write_run(
            tmp_path / size,
            f"data.seed_size={size} seed=0",
            [{"test/f1/micro": f1, "budget/sentences": float(size[:-1])}],
        )
    frame = frames.read_runs(tmp_path)
    assert learning_curves(frame, ["model"])["crf"][0].f1.tolist() == [0.3, 0.4]
    write_run(
        tmp_path / "x", "threshold=fixed seed=0", [{"test/f1/micro": 0.1, "budget/sentences": 20.0}]
    )
    with pytest.raises(ValueError, match="also differ in threshold"):
        learning_curves(frames.read_runs(tmp_path), ["model"])


def test_methods_that_differ_in_several_keys_are_compared(tmp_path: Path) -> None:
    """Silver beside what is bought, against none: whatever their runs were told, each is a curve of
    its own."""
    for seed in range(2):
        hybrid = {"threshold": "fixed", "threshold.min_confidence": "0.8"}
        acquired(
            tmp_path, "mnlp", (0.3, 0.8), seed, threshold="accept_none", **{"iteration.rounds": "5"}
        )
        acquired(tmp_path, "random", (0.3, 0.5), seed, **hybrid)
    frame, counts = frames.read_runs(tmp_path), frames.read_counts(tmp_path)
    for by in (["acquire.kind", "threshold"], ["acquire.kind"]):
        curves = learning_curves(frame, by, counts=counts)
        first, second = curves.values()
        assert next(iter(curves)).startswith("mnlp") and area_difference(first, second).point > 0
    acquired(
        tmp_path, "random", (0.3, 0.5), 0, **hybrid | {"threshold.min_confidence": "0.9"}, again=""
    )
    with pytest.raises(ValueError, match=r"also differ in threshold\.min_confidence: name it too"):
        learning_curves(frames.read_runs(tmp_path), ["acquire.kind", "threshold"])
    with pytest.raises(ValueError, match="the frame has no acquired"):
        learning_curves(frame, ["acquired"])


def test_two_curves_of_a_method_are_told_apart_by_their_seed_size(tmp_path: Path) -> None:
    for size in ("10", "20"):
        acquired(tmp_path, f"mnlp data.seed_size={size}", (0.3, 0.8), 0)
    frame = frames.read_runs(tmp_path)
    with pytest.raises(ValueError, match=r"same budget: add data\.seed_size to by"):
        learning_curves(frame, ["model"])
    assert list(learning_curves(frame, ["model", "data.seed_size"])) == ["crf, 10", "crf, 20"]


# as text

NASTY = Table(
    ("threshold_kind", "5%, a|b"),
    (("<b>", "0.5*"), ("x & y", "–")),
    1,
    ("* One seed.",),
    (("Missing: 5%", "sciner run a=1_0%"),),
)


def test_a_rendered_table_marks_single_seeds_and_missing_cells(frame: pd.DataFrame) -> None:
    text = markdown(table_of(cells(frame, ["threshold"], ["data.seed_size"]), digits=2))
    assert text == (
        "| threshold | 5% | 10% |\n"
        "| --- | ---: | ---: |\n"
        "| accept_all | 0.30* | 0.45 [0.06, 0.91] |\n"
        "| fixed | – | 0.56 [0.43, 0.68] |\n"
        "\n"
        "Mean over seeds [95% t interval, within the bounds of the score]. "
        "\\* One seed: no interval.\n"
        "\n"
        "- Missing: threshold=accept_all, data.seed_size=5%, seed 1: "
        "`sciner run data.seed_size=5% threshold=accept_all seed=1`\n"
        "- Missing: threshold=fixed, data.seed_size=5%, seeds 0, 1: "
        "`sciner run -m data.seed_size=5% threshold=fixed threshold.min_confidence=0.8 seed=0,1`\n"
    )


def test_special_characters_are_text_in_every_format() -> None:
    assert "| threshold_kind | 5%, a\\|b |" in markdown(NASTY) and "&lt;b>" in markdown(NASTY)
    tex = latex(NASTY)
    assert (
        r"threshold\_kind & 5\%, a|b \\" in tex
        and r"x \& y & -- \\" in tex
        and r"\textless{}b\textgreater{}" in tex
    )
    assert r"\texttt{sciner run a=1\_0\%}" in tex
    assert (
        tex.splitlines()[:2] == [r"\begin{tabular}{lr}", r"\toprule"]
        and r"\midrule" in tex
        and r"\bottomrule" in tex
    )
    assert [tuple(row) for row in csv.reader(io.StringIO(as_csv(NASTY)))] == [
        NASTY.headings,
        *NASTY.rows,
    ]


def test_a_table_from_the_file_is_the_table_from_the_runs_to_the_byte(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    frames.write_csv(frame, tmp_path / "runs.csv")
    live, read = (
        table_of(cells(f, ["threshold"], ["data.seed_size"]))
        for f in (frame, frames.read_csv(tmp_path / "runs.csv"))
    )
    for render in (markdown, as_csv, latex):
        assert render(live) == render(read)


def test_a_table_without_columns_has_one_and_one_without_rows_has_one(frame: pd.DataFrame) -> None:
    at10 = frame[(frame["data.seed_size"] == "10%") | (frame["seed"] == 9)]
    assert cells(at10, ["threshold"], []).column_keys == ((),)
    assert cells(at10, [], ["threshold"]).row_keys == ((),)


def test_a_class_is_no_formula_in_a_csv_and_no_link_in_markdown() -> None:
    """Figures with a sign stay figures."""
    words = ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-x", "![x](http://host/p.png)", "\x1b[31m")
    table = Table(("class", "F1"), tuple((word, "+0.012") for word in words), 1)
    rows = [*csv.reader(io.StringIO(as_csv(table)))][1:]
    assert [row[0] for row in rows] == [f"'{word}" for word in words[:4]] + [*words[4:]]
    assert {row[1] for row in rows} == {"+0.012"}
    assert r"![x]\(http" in markdown(table) and "\x1b" not in markdown(table)
