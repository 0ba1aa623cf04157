"""An interval over few seeds lies within the range of its score, and holds the mean as often as it
says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from sciner.score.intervals import SHARE, SIGNED, bounds_of, of_difference, t_interval

shares = st.lists(st.floats(0, 1), min_size=2, max_size=6)


def test_it_is_the_t_interval_on_the_logit_scale() -> None:
    """By SciPy's logit, with the standard error of the delta method; of differences in [-1, 1]
    that scale is twice Fisher's z."""
    values = [0.40, 0.50, 0.42]
    mean, error = np.mean(values), stats.sem(values)
    ends = stats.t.interval(0.95, 2, logit(mean), error / (mean * (1 - mean)))
    assert t_interval(values, SHARE) == pytest.approx(tuple(expit(ends)))
    values = [0.15, 0.07, -0.02]
    mean, error = np.mean(values), stats.sem(values)
    ends = stats.t.interval(0.9, 2, np.arctanh(mean), error / (1 - mean**2))
    assert t_interval(values, SIGNED, 0.9) == pytest.approx(tuple(np.tanh(ends)))
    assert t_interval(values, None) == pytest.approx(stats.t.interval(0.95, 2, mean, error))


@given(shares)
def test_it_never_leaves_the_range_and_holds_the_mean(values: list[float]) -> None:
    low, high = t_interval(values, SHARE) or (0.0, 0.0)
    assert 0 <= low <= np.mean(values) + 1e-12 and np.mean(values) - 1e-12 <= high <= 1
    differences = [value - other for value, other in zip(values, values[::-1], strict=True)]
    low, high = t_interval(differences, SIGNED) or (0.0, 0.0)
    assert -1 <= low <= high <= 1


def test_one_value_has_none_and_equal_values_are_that_value() -> None:
    assert t_interval([0.5], SHARE) is None
    assert t_interval([0.0, 0.0], SHARE) == (0.0, 0.0)
    assert t_interval([1.0, 1.0, 1.0], SHARE) == (1.0, 1.0)


@pytest.mark.parametrize(("center", "spread", "seeds"), [(0.6, 0.02, 3), (0.05, 0.03, 5)])
def test_it_holds_the_mean_about_as_often_as_it_says(
    center: float, spread: float, seeds: int
) -> None:
    """Of 400 sets of seeds around a usual F1, and around that of a rare class."""
    total = center * (1 - center) / spread**2 - 1
    rng = np.random.default_rng(0)
    drawn = rng.beta(center * total, (1 - center) * total, (400, seeds))
    ends = np.array([t_interval(list(values), SHARE) for values in drawn])
    held = ((ends[:, 0] <= center) & (center <= ends[:, 1])).mean()
    assert 0.92 <= held <= 0.99


def test_the_range_is_known_by_the_name_of_the_metric() -> None:
    """A class may be called as a figure is: the first part that is known decides."""
    for name in (
        "test/f1/micro",
        "test/unseen/f1",
        "silver/bin/0.9/precision",
        "drift/churn",
        "acquire/proposed/f1",
        "drift/collapse",
    ):
        assert bounds_of(name) == SHARE, name
    assert bounds_of("test/gain/micro") == bounds_of("silver/kappa/micro") == SIGNED
    for name in ("budget/tokens", "test/support/f1", "silver/spans/Task", "drift/density"):
        assert bounds_of(name) is None, name
    assert of_difference(SHARE) == SIGNED and of_difference(None) is None
