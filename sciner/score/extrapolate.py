"""What more annotation would buy: a learning curve, extrapolated and checked in hindsight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST = 3  # budgets for three parameters
EXPONENTS = (0.01, 5.0)  # of the budget; flatter is a straight line in log(n), steeper a step


class Estimate(NamedTuple):
    """Estimated F1 of one more run.

    Attributes:
        f1: the estimate.
        low, high: its prediction interval, 95% unless another level was asked for; None where the
            fit gives none. All in [0, 1].
    """

    f1: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """A learning curve F1(n) = a - b n^-c (Figueroa et al. 2012).

    "Predicting sample size required for classification performance", BMC Medical Informatics.

    Attributes:
        a: the F1 that the curve approaches.
        b: how far below it starts.
        c: how fast it approaches.
        unit: the budget that ``covariance`` counts in.
        spare: degrees of freedom, the points beyond the three parameters.
        noise: standard deviation of the points about the curve, in F1.
        covariance: [3, 3] of (a, b, c); None where the points do not determine them.
    """

    a: float
    b: float
    c: float
    unit: float
    spare: int
    noise: float
    covariance: Floats | None

    def at(self, budget: float, level: float = 0.95) -> Estimate:
        """Estimate F1 at a budget.

        The t interval comes from the covariance of the fit (delta method) and the noise of one run.
        It assumes independent points, which those of one seed are not, and that a power law is the
        right curve: see ``hindsight``.
        """
        from scipy.stats import t

        n = budget / self.unit
        b = self.b / self.unit**self.c
        value = self.a - b * n**-self.c
        point = float(np.clip(value, 0, 1))
        if self.covariance is None or self.spare < 1:
            return Estimate(point, None, None)
        slope = np.array([1, -(n**-self.c), b * np.log(n) * n**-self.c])
        half = t.ppf((1 + level) / 2, self.spare) * np.sqrt(
            slope @ self.covariance @ slope + self.noise**2
        )
        return Estimate(
            point, float(np.clip(value - half, 0, 1)), float(np.clip(value + half, 0, 1))
        )


def fit_power_law(budget: npt.ArrayLike, f1: npt.ArrayLike) -> PowerLaw:
    """Fit a power law by least squares, with 0 <= a <= 1, b >= 0 and c within ``EXPONENTS``.

    Args:
        budget: [points], those of all seeds together.
        f1: [points].

    Raises:
        ValueError: fewer than three different budgets, a budget of 0 or less, or no fit was found.
    """
    import warnings

    from scipy.optimize import OptimizeWarning, curve_fit

    n, y = np.asarray(budget, dtype=float), np.asarray(f1, dtype=float)
    if n.shape != y.shape or len(np.unique(n)) < LEAST or n.min() <= 0:
        raise ValueError(f"a power law needs {LEAST} different budgets above 0, and an F1 for each")
    unit = float(n.max())  # the parameters are then of one size
    lower, upper = np.array([0, 0, EXPONENTS[0]]), np.array([1, np.inf, EXPONENTS[1]])
    start = (min(1.0, float(y.max()) + 0.05), 0.1, 0.5)
    try:
        with warnings.catch_warnings():
            # says that the covariance is infinite, which is asked for below
            warnings.simplefilter("ignore", OptimizeWarning)
            found, covariance = curve_fit(
                _power_law, n / unit, y, start, bounds=(lower, upper), max_nfev=5000
            )
    except RuntimeError as error:
        raise ValueError(f"no power law was found for these points ({error})") from None
    a, b, c = (float(value) for value in found)
    spare = len(n) - 3
    noise = (
        float(np.sqrt(((y - _power_law(n / unit, a, b, c)) ** 2).sum() / spare)) if spare else 0.0
    )
    # at a bound the parameter was not estimated: its variance would be that of another fit
    free = ((found > lower + 1e-6) & (found < upper - 1e-6)).all()
    known = bool(spare and free and np.isfinite(covariance).all())
    return PowerLaw(a, b * unit**c, c, unit, spare, noise, covariance if known else None)


def _power_law(n: Floats, a: float, b: float, c: float) -> Floats:
    return np.asarray(a - b * n**-c)


@dataclass(frozen=True, slots=True, eq=False)
class Hindsight:
    """How far an extrapolation was from what was then measured.

    Attributes:
        budget, measured, predicted: [hidden points].
        error: mean of |predicted - measured|.
        inside: share of the hidden points within their interval; None without intervals.
    """

    budget: Floats
    measured: Floats
    predicted: Floats
    error: float
    inside: float | None


def hindsight(budget: npt.ArrayLike, f1: npt.ArrayLike, level: float = 0.95) -> Hindsight:
    """Hide the right half of a measured curve, fit the rest, and compare.

    Args:
        budget: [points], those of all seeds together. With an odd number of budgets, the middle one
            is not hidden.
        f1: [points].
        level: of the intervals.

    Raises:
        ValueError: fewer than three different budgets are left to fit, or none to hide.
    """
    n, y = np.asarray(budget, dtype=float), np.asarray(f1, dtype=float)
    budgets = np.unique(n)
    seen = n <= budgets[(len(budgets) - 1) // 2]
    fitted = fit_power_law(n[seen], y[seen])
    estimates = [fitted.at(float(one), level) for one in n[~seen]]
    predicted = np.array([estimate.f1 for estimate in estimates])
    held = [
        e.low <= one <= e.high
        for e, one in zip(estimates, y[~seen], strict=True)
        if e.low is not None and e.high is not None
    ]
    error = float(np.abs(predicted - y[~seen]).mean())
    return Hindsight(n[~seen], y[~seen], predicted, error, float(np.mean(held)) if held else None)
