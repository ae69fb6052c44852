"""Overlap of two label maps: confusion counts that add up over images, IoU and Dice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.label_maps import as_label_map, check_values
from premask.core.phases import VOID
from premask.evaluate.policy import Absent, check_n_phases

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pixel counts of one image, or the sum of several.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_phases, n_phases + 1)
        Rows are the truth, columns the prediction; the last column counts pixels that
        the prediction left void. Pixels that are void in the truth are in no row.

    Notes
    -----
    Counts are summed over the images of a set before anything is divided, which is the
    "aggregate performance across all images" of the paper's Table 5. Figures of a phase
    are NaN where they are left out: absent phases under ``skip``.
    """

    counts: Counts

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    @property
    def true_pixels(self) -> Counts:
        """Pixels of each phase in the truth."""
        return _ints(self.counts.sum(axis=1))

    @property
    def predicted_pixels(self) -> Counts:
        """Pixels of each phase in the prediction, where the truth is not void."""
        return _ints(self.counts[:, :-1].sum(axis=0))

    @property
    def hits(self) -> Counts:
        """Pixels of each phase in both."""
        return _ints(self.counts.diagonal())

    @property
    def false_pixels(self) -> Counts:
        """Pixels predicted as each phase where the truth is another."""
        return self.predicted_pixels - self.hits

    @property
    def void_predicted(self) -> int:
        """Pixels that the truth labels and the prediction does not."""
        return int(self.counts[:, -1].sum())

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether the truth has any of each phase."""
        return self.true_pixels > 0

    def iou(self, absent: Absent = "skip") -> Values:
        """Intersection over union (Jaccard index) of each phase, 0 to 1 (paper, Table 5)."""
        union = self.true_pixels + self.predicted_pixels - self.hits
        return self._share(self.hits, union, absent)

    def dice(self, absent: Absent = "skip") -> Values:
        """Dice coefficient of each phase, 0 to 1 (paper, Table 6); 2J / (1 + J) of its IoU J."""
        return self._share(2 * self.hits, self.true_pixels + self.predicted_pixels, absent)

    def mean_iou(self, absent: Absent = "skip") -> float:
        """Mean of the phases' IoU; NaN where no pixel is labelled."""
        return mean_of(self.iou(absent))

    def mean_dice(self, absent: Absent = "skip") -> float:
        """Mean of the phases' Dice coefficients (macro); NaN where no pixel is labelled."""
        return mean_of(self.dice(absent))

    @property
    def micro_dice(self) -> float:
        """Dice coefficient of all pixels together, whatever their phase.

        It follows the phases that cover most of the picture. Without void in the
        prediction it is the share of pixels that are right.
        """
        total = int(self.true_pixels.sum() + self.predicted_pixels.sum())
        return float(2 * self.hits.sum() / total) if total else float("nan")

    def _share(self, part: Counts, whole: Counts, absent: Absent) -> Values:
        shares = np.full(len(part), np.nan)
        np.divide(part, whole, out=shares, where=self.present)
        if absent == "zero" and self.present.any():
            shares[~self.present] = 0.0
        return shares


def mean_of(values: Values) -> float:
    """Mean of what is defined, NaN where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def as_label_maps(
    prediction: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two label maps of one size, as uint8.

    Raises
    ------
    PremaskError
        For another shape, fractions, values out of 0 to 255, or different sizes.
    """
    maps = as_label_map(prediction, "prediction"), as_label_map(truth, "truth")
    (height, width), (true_height, true_width) = (labels.shape for labels in maps)
    if (height, width) == (true_height, true_width):
        return maps
    hint = ""
    if width == true_width:
        taller = "prediction" if height > true_height else "truth"
        hint = (
            f": the {taller} is {abs(height - true_height)} px taller, which an information bar"
            " at the bottom would explain; crop it (premask add --crop-bottom auto)"
        )
    raise PremaskError(
        f"the prediction is {width}x{height} px and the truth {true_width}x{true_height} px;"
        f" both must be of one size{hint}"
    )


def joint_counts(prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Counts:
    """How often each value of the truth (row) meets each of the prediction (column), 256 x 256."""
    pairs = truth.astype(np.uint16)
    pairs <<= 8
    pairs |= prediction
    return np.bincount(pairs.ravel(), minlength=65536).reshape(256, 256)


def confusion(prediction: ArrayLike, truth: ArrayLike, n_phases: int) -> Confusion:
    """Count the pixels of one image.

    Parameters
    ----------
    prediction, truth : array_like of int, shape (H, W)
        Phase indices 0 .. n_phases - 1, and 255 for void.

    Raises
    ------
    PremaskError
        For sizes that differ and values that are no phase.

    Examples
    --------
    >>> confusion([[0, 1, 1]], [[0, 0, 1]], 2).iou()
    array([0.5, 0.5])
    """
    joint = joint_counts(*as_label_maps(prediction, truth))
    return from_joint_counts(joint, n_phases)


def from_joint_counts(joint: Counts, n_phases: int) -> Confusion:
    """Keep the rows and columns that are phases, or say which value is none."""
    check_n_phases(n_phases)
    check_values("truth", joint.sum(axis=1), n_phases)
    check_values("prediction", joint.sum(axis=0), n_phases)
    columns = [*range(n_phases), VOID]
    return Confusion(_ints(joint[:n_phases, columns]))


def _ints(array: NDArray[Any]) -> Counts:
    return array.astype(np.int64)
