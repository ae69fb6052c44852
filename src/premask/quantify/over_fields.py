"""A figure over several fields of view: mean, 95 % confidence interval, relative accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError

CONFIDENCE = 0.95
"""Of the intervals, as in ASTM E562 and E1245."""


@dataclass(frozen=True)
class OverFields:
    """A figure as ASTM E562 and E1245 report it.

    Attributes
    ----------
    n : int
        Fields in which the figure is defined.
    mean : float
        Of the fields, each counting once; NaN without any.
    std : float
        Standard deviation between the fields (n - 1 below the line); NaN for fewer than two.
    ci95 : float
        Half the width of the 95 % confidence interval of the mean, ``t * std / sqrt(n)`` with
        Student's t of n - 1 degrees of freedom; NaN for fewer than two.
    """

    n: int
    mean: float
    std: float
    ci95: float

    @property
    def relative_accuracy(self) -> float:
        """The interval as a share of the mean, percent (% RA); NaN where either is not told."""
        return 100 * self.ci95 / abs(self.mean) if self.mean else math.nan


def over_fields(values: ArrayLike) -> OverFields:
    """Mean and interval of a figure over the fields that it was measured in.

    Parameters
    ----------
    values : array_like of float, shape (n_fields,)
        NaN where a field does not define it: such fields do not count.

    Raises
    ------
    PremaskError
        For another shape.

    Examples
    --------
    >>> found = over_fields([0.10, 0.12, 0.14])
    >>> found.n, round(found.mean, 3), round(found.ci95, 4), round(found.relative_accuracy, 1)
    (3, 0.12, 0.0497, 41.4)
    """
    array: NDArray[np.float64] = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise PremaskError(
            f"values of fields have the shape {array.shape}; one number for each field is accepted"
        )
    told = array[~np.isnan(array)]
    n = len(told)
    if n == 0:
        return OverFields(0, math.nan, math.nan, math.nan)
    mean = float(told.mean())
    if n == 1:
        return OverFields(1, mean, math.nan, math.nan)
    std = float(told.std(ddof=1))
    return OverFields(n, mean, std, students_t(n - 1) * std / math.sqrt(n))


def students_t(degrees_of_freedom: int) -> float:
    """The factor of a two-sided 95 % interval.

    Examples
    --------
    >>> [round(students_t(n - 1), 3) for n in (5, 10, 30)]
    [2.776, 2.262, 2.045]
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, (1 + CONFIDENCE) / 2))
