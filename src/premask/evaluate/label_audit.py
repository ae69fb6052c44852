"""Which labels a model that never saw them contradicts with confidence (confident learning).

The paper names inconsistent labels of TiN as a cause of failure (section 4.2). Northcutt et al.,
"Confident learning", JAIR 70 (2021): a pixel labelled *i* is contradicted by *j* where the
predicted probability of *j* is as high as it usually is on pixels that are labelled *j*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID

Probabilities = NDArray[np.float32]
"""(C, H, W), summing to 1 over the phases, from a model that was not trained on this image."""

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Confidence:
    """How sure the models are of each phase where it is labelled, over a whole data set.

    Attributes
    ----------
    thresholds : ndarray of float, shape (C,)
        Mean predicted probability of each phase on the pixels labelled so; infinite for a
        phase that is labelled nowhere, so that nothing is ever taken for it.
    pixels : ndarray of int, shape (C,)
        Labelled pixels of each phase.
    """

    thresholds: NDArray[np.float64]
    pixels: NDArray[np.int64]


def confidence(pairs: Iterable[tuple[LabelMap, Probabilities]], n_phases: int) -> Confidence:
    """The usual confidence in each phase, from all images of a data set.

    Parameters
    ----------
    pairs : iterable of (ndarray of uint8 (H, W), ndarray of float (C, H, W))
        Label map and out-of-sample probabilities of each image; void counts nowhere.
    """
    sums, pixels = np.zeros(n_phases), np.zeros(n_phases, np.int64)
    for label_map, probabilities in pairs:
        check(label_map, probabilities, n_phases)
        for phase in range(n_phases):
            labelled = label_map == phase
            pixels[phase] += np.count_nonzero(labelled)
            sums[phase] += probabilities[phase][labelled].sum(dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        thresholds = np.where(pixels > 0, sums / pixels, np.inf)
    return Confidence(thresholds, pixels)


def contradicted(
    label_map: LabelMap, probabilities: Probabilities, usual: Confidence
) -> tuple[LabelMap, NDArray[np.float32]]:
    """What the model would have the labels be, where it contradicts them with confidence.

    Returns
    -------
    suggested : ndarray of uint8, shape (H, W)
        The label map, with the model's phase on contradicted pixels.
    strength : ndarray of float32, shape (H, W)
        By how much the suggested phase is likelier than the labelled one, 0 to 1; 0 where
        nothing is contradicted.

    Raises
    ------
    PremaskError
        For arrays that do not fit each other.
    """
    n = len(usual.thresholds)
    check(label_map, probabilities, n)
    sure = probabilities >= usual.thresholds.astype(np.float32)[:, None, None]
    best = np.argmax(np.where(sure, probabilities, -1), axis=0).astype(np.uint8)
    wrong = sure.any(axis=0) & (best != label_map) & (label_map != VOID)
    labelled = np.where(label_map == VOID, 0, label_map).astype(np.intp)
    own = np.take_along_axis(probabilities, labelled[None], axis=0)[0]
    strength = np.where(wrong, np.clip(probabilities.max(axis=0) - own, 0, 1), 0)
    return np.where(wrong, best, label_map), strength.astype(np.float32)


def check(label_map: LabelMap, probabilities: Probabilities, n_phases: int) -> None:
    """Refuse label maps and probabilities that do not fit each other."""
    if probabilities.shape != (n_phases, *label_map.shape):
        raise PremaskError(
            f"probabilities of shape {probabilities.shape} do not fit a label map of shape"
            f" {label_map.shape} with {n_phases} phases; (phases, height, width) is needed"
        )
    if ((label_map >= n_phases) & (label_map != VOID)).any():
        raise PremaskError(
            f"the label map has the value {label_map[label_map != VOID].max()}; 0 to"
            f" {n_phases - 1}, and {VOID} for void, are accepted"
        )
