"""Areas, their differences and corrections, against plain loops, scikit-learn and figures worked by
hand."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn.metrics import auc

from sciner.score.curves import (
    Curve,
    area,
    area_difference,
    common_range,
    flips,
    share_to_reach,
)
from sciner.score.extrapolate import fit_power_law, hindsight
from sciner.score.intervals import SIGNED, t_interval
from sciner.score.multiple import holm

Counts = npt.NDArray[np.int64]
GOLD = np.random.default_rng(0).integers(1, 20, 12)


def some_counts(quality: list[float], seed: int, gold: Counts = GOLD) -> Counts:
    """[points, documents, 3]: a tagger that finds ``quality`` of the gold."""
    rng = np.random.default_rng(seed)
    correct = np.stack([rng.binomial(gold, q) for q in quality])
    return np.stack(
        [
            correct,
            correct + rng.integers(0, 5, correct.shape),
            np.broadcast_to(gold, correct.shape),
        ],
        axis=-1,
    )


def curve(
    quality: list[float],
    seed: int = 0,
    budget: tuple[float, ...] = (10, 20, 40, 80),
    gold: Counts = GOLD,
) -> Curve:
    return Curve.of(budget[: len(quality)], some_counts(quality, seed, gold))


A = {s: curve([0.3, 0.5, 0.6, 0.65], s) for s in range(3)}
B = {s: curve([0.3, 0.4, 0.5, 0.6], s + 10, (5, 30, 50, 90)) for s in range(3)}


def test_the_area_is_scikit_learns_divided_by_the_range() -> None:
    one = A[0]
    assert area(one) == pytest.approx(auc(one.budget, one.f1) / 70)
    cut = np.array([15.0, 20, 40, 70])
    assert area(one, (15, 70)) == pytest.approx(auc(cut, np.interp(cut, one.budget, one.f1)) / 55)
    assert area(one, (30, 30)) == pytest.approx(np.interp(30, one.budget, one.f1))


def test_compared_curves_are_cut_to_what_all_reach() -> None:
    assert common_range([*A.values(), *B.values()]) == (10, 80)
    with pytest.raises(ValueError, match="no budget in common"):
        common_range([A[0], Curve(np.array([90.0, 99]), np.array([0.1, 0.2]))])
    with pytest.raises(ValueError, match="not from 5 to 80"):
        area(A[0], (5, 80))


def test_the_bootstrap_equals_a_plain_loop_over_the_same_draws() -> None:
    """Documents and seeds by name, repeated as often as they were drawn; F1 of what was drawn;
    trapezoids by scikit-learn."""
    resamples, documents, seeds = 50, len(GOLD), 3
    found = area_difference(A, B, level=0.9, resamples=resamples, seed=7)
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(documents, [1 / documents] * documents, resamples)
    drawn_seeds = rng.multinomial(seeds, [1 / seeds] * seeds, resamples)

    def loop_area(one: Curve, rows: Counts) -> float:
        f1s = []
        for point in one.counts if one.counts is not None else ():
            correct, predicted, gold = (
                sum(int(point[row, column]) for row in rows) for column in range(3)
            )
            f1s.append(2 * correct / (predicted + gold))
        knots = sorted({10.0, 80.0, *(b for b in one.budget if 10 < b < 80)})
        return float(auc(knots, np.interp(knots, one.budget, f1s)) / 70)

    values = []
    for r in range(resamples):
        rows = np.repeat(np.arange(documents), drawn[r])
        names = np.repeat(np.arange(seeds), drawn_seeds[r])
        values.append(np.mean([loop_area(A[s], rows) - loop_area(B[s], rows) for s in names]))
    tail = 1 + min(sum(v <= 0 for v in values), sum(v >= 0 for v in values))
    assert (found.low, found.high) == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert found.p == pytest.approx(min(1, 2 * tail / (resamples + 1)))
    everything = np.arange(documents)
    assert found.point == pytest.approx(
        np.mean([loop_area(A[s], everything) - loop_area(B[s], everything) for s in A])
    )
    assert found.over == ("seeds", "documents")


def test_an_interval_is_only_for_what_could_be_resampled() -> None:
    """One seed: documents alone; one document, or curves without counts: seeds alone, by t;
    neither: the point alone."""
    bare = {s: Curve(c.budget, c.f1) for s, c in B.items()}
    one_document = (
        {s: curve([0.3, 0.5], s, gold=GOLD[:1]) for s in range(2)},
        {s: curve([0.4, 0.4], s + 5, gold=GOLD[:1]) for s in range(2)},
    )
    assert area_difference(A, {0: B[0]}).over == ("documents",)
    assert area_difference(A, bare).over == area_difference(*one_document).over == ("seeds",)
    by_t = area_difference(A, bare)
    areas = [[area(side[s], (10, 80)) for s in range(3)] for side in (A, B)]
    test = stats.ttest_rel(*areas)
    assert (by_t.low, by_t.high, by_t.p) == pytest.approx(
        (*t_interval(list(np.subtract(*areas)), SIGNED), test.pvalue)  # type: ignore[misc]
    )
    alone = area_difference(A, {0: bare[0]})
    assert (alone.low, alone.high, alone.p, alone.over) == (None, None, None, ())
    assert alone.point == area(A[0], (10, 80)) - area(B[0], (10, 80))


def test_a_method_does_not_differ_from_itself_and_a_sure_difference_is_never_p_zero() -> None:
    same = area_difference(A, A)
    assert (same.point, same.low, same.high, same.p) == (0, 0, 0, 1)
    worse = {s: curve([0.01, 0.01, 0.02, 0.02], s) for s in range(3)}
    assert area_difference(A, worse, resamples=999).p == pytest.approx(2 / 1000)


@pytest.mark.slow
def test_the_interval_holds_the_truth_at_least_nine_times_in_ten_with_three_seeds() -> None:
    """Two taggers of one quality; documents differ in which of them suits, seeds by 0.03 of
    recall."""
    held = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        gold = rng.integers(5, 30, 60)
        base = np.clip(rng.normal(0.5, 0.1, 60), 0.1, 0.9)
        suits = rng.normal(0, 0.06, 60)
        sides: tuple[dict[int, Curve], dict[int, Curve]] = ({}, {})
        for s in range(3):
            for side, quality in zip(
                sides, (base + suits + rng.normal(0, 0.03), base), strict=True
            ):
                correct = rng.binomial(gold, np.clip(quality, 0.01, 0.99))
                side[s] = Curve.of([0], np.stack([correct, gold, gold], axis=-1)[None])
        found = area_difference(*sides, resamples=500)
        held += found.low is not None and found.high is not None and found.low <= 0 <= found.high
    assert held / 200 >= 0.9


def test_curves_of_other_test_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="gold spans differ"):
        area_difference(A, {s: curve([0.3, 0.5], s, gold=GOLD[::-1]) for s in range(3)})
    with pytest.raises(ValueError, match="no seed is common"):
        area_difference(A, {9: B[0]})


@pytest.mark.parametrize(
    ("budget", "counts", "message"),
    [
        ([1, 1], some_counts([0.1, 0.2], 0), "ascends"),
        ([1, 2, 3], some_counts([0.1, 0.2], 0), "an F1 for every budget"),
        ([], np.zeros((0, 4, 3), np.int64), "an F1 for every budget"),
        ([1, 2], np.array([[[1, 1, 2]], [[1, 1, 3]]]), "change along the curve"),
    ],
)
def test_a_curve_that_is_none_is_refused(budget: list[float], counts: Counts, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Curve.of(budget, counts)


def test_the_share_to_reach_a_target_is_interpolated_and_none_where_it_is_never_reached() -> None:
    one = Curve(np.array([10.0, 20, 40]), np.array([0.2, 0.4, 0.5]))
    # 0.45 lies midway between 20 and 40
    assert share_to_reach(one, 0.6, 100, 0.75) == pytest.approx(0.30)
    assert share_to_reach(one, 0.6, 100, 0.95) is None
    assert share_to_reach(one, 0.2, 100) == pytest.approx(0.10)
    dip = Curve(np.array([10.0, 20, 30]), np.array([0.4, 0.2, 0.6]))
    assert share_to_reach(dip, 0.4, 100, 1.0) == pytest.approx(0.10)  # first


def test_holm_as_worked_by_hand() -> None:
    """0.01 * 4, 0.02 * 3, then 0.03 * 2 and 0.04 * 1, the last raised to the one before it."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1, 1]
    assert holm([]) == []


def test_a_ranking_that_depends_on_the_unit_is_a_flip() -> None:
    """By sentences ``long`` is ahead; by tokens it pays four times as much for the same points, and
    is behind."""
    good, poor = [0.1, 0.5, 0.8, 0.85], [0.1, 0.35, 0.5, 0.85]
    sentences = {"long": good, "short": poor}
    by_sentences = {m: {s: curve(q, s) for s in range(3)} for m, q in sentences.items()}
    paid = {"long": (10.0, 80, 160, 320), "short": (10.0, 20, 40, 80)}
    by_tokens = {m: {s: curve(q, s, paid[m]) for s in range(3)} for m, q in sentences.items()}
    (flip,) = flips({"sentences": by_sentences, "tokens": by_tokens})
    assert (flip.a, flip.b) == ("long", "short") and flip.clear
    assert flip.by_unit["sentences"].point > 0 > flip.by_unit["tokens"].point
    assert flips({"sentences": by_sentences, "again": by_sentences}) == []


@pytest.mark.slow
def test_a_comparison_of_three_seeds_takes_under_a_second() -> None:
    """10 points, 100 documents, 2000 resamples (processor time)."""
    gold = np.random.default_rng(3).integers(1, 20, 100)
    budget = tuple(float(b) for b in range(10, 110, 10))
    a, b = ({s: curve([0.5] * 10, s + shift, budget, gold) for s in range(3)} for shift in (0, 9))
    start = time.process_time()
    area_difference(a, b)
    assert time.process_time() - start < 1


BUDGETS = np.array([10.0, 20, 40, 80, 160, 320])


def law(n: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(0.8 - 2.0 * n**-0.5)


def test_a_power_law_is_found_again_and_continued() -> None:
    fitted = fit_power_law(BUDGETS, law(BUDGETS))
    assert (fitted.a, fitted.b, fitted.c) == pytest.approx((0.8, 2.0, 0.5), rel=1e-3)
    assert fitted.at(1000).f1 == pytest.approx(0.8 - 2 * 1000**-0.5, abs=1e-4)


def test_an_interval_of_the_fit_holds_new_runs_about_as_often_as_it_says() -> None:
    """200 curves of three seeds with independent noise of 0.01: the 95% interval at three times the
    budget."""
    held = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        n = np.tile(BUDGETS, 3)
        _, low, high = fit_power_law(n, law(n) + rng.normal(0, 0.01, len(n))).at(960)
        new = 0.8 - 2 * 960**-0.5 + rng.normal(0, 0.01)
        held += low is None or high is None or low <= new <= high
    assert 0.90 <= held / 200 <= 0.99


def test_what_the_points_do_not_tell_has_no_interval() -> None:
    """Three points for three parameters, and a falling curve, which is no curve of this family."""
    three = fit_power_law(BUDGETS[:3], law(BUDGETS[:3]))
    falling = fit_power_law(BUDGETS, np.linspace(0.6, 0.5, 6))
    for fitted in (three, falling):
        assert fitted.at(500)[1:] == (None, None)
    assert falling.at(500).f1 == pytest.approx(0.55, abs=1e-3)  # the flattest there is, their mean
    for budget, f1 in (
        ([1, 1, 2], [0.1, 0.2, 0.3]),
        ([0, 1, 2], [0.1, 0.2, 0.3]),
        ([1, 2, 3], [0.1, 0.2]),
    ):
        with pytest.raises(ValueError, match="3 different budgets"):
            fit_power_law(budget, f1)


def test_hindsight_hides_the_right_half_and_says_how_far_off_the_guess_was() -> None:
    noisy = np.tile(BUDGETS, 3)
    right = hindsight(noisy, law(noisy) + np.random.default_rng(0).normal(0, 0.002, len(noisy)))
    assert (
        sorted(set(right.budget)) == [80, 160, 320]
        and right.error < 0.05
        and right.inside is not None
    )
    # the hidden half breaks with the seen one
    jump = np.where(BUDGETS > 40, law(BUDGETS) - 0.3, law(BUDGETS))
    wrong = hindsight(BUDGETS, jump)
    assert wrong.predicted == pytest.approx(law(BUDGETS[3:]), abs=1e-3)
    assert wrong.error == pytest.approx(0.3, abs=1e-3)
    with pytest.raises(ValueError, match="different budgets"):
        hindsight(BUDGETS[:4], law(BUDGETS[:4]))
