"""All figures of a set of label maps against their truths (paper, Tables 5 and 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from premask.core.errors import PremaskError
from premask.evaluate.boundary import Boundary, boundary
from premask.evaluate.confusion import (
    Confusion,
    Values,
    as_label_maps,
    from_joint_counts,
    joint_counts,
    mean_of,
)
from premask.evaluate.matching import match, rename
from premask.evaluate.policy import Absent, NamingMode, Policy, check_n_phases


@dataclass(frozen=True, eq=False)
class Measured:
    """What is counted in one image; sums of it are what a set is scored by.

    Attributes
    ----------
    confusion, boundary
        Additive counts.
    image_ious : tuple of float
        Mean IoU of each image, for the per-image mean; NaN where all is void.
    """

    confusion: Confusion
    boundary: Boundary
    image_ious: tuple[float, ...]

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            self.confusion + other.confusion,
            self.boundary + other.boundary,
            self.image_ious + other.image_ious,
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """The figures of a set of images; NaN where one is undefined.

    Attributes
    ----------
    policy : Policy
        To be printed beside every mean.
    names : tuple of str
        The phases' names, or their indices.
    measured : Measured
        The sums that all figures are computed from.
    types : dict of str to Scores
        The same for each processing type, where types were given.
    """

    policy: Policy
    names: tuple[str, ...]
    measured: Measured
    types: Mapping[str, Scores] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """How many images were compared."""
        return len(self.measured.image_ious)

    @property
    def confusion(self) -> Confusion:
        """Pixel counts, summed over the images."""
        return self.measured.confusion

    @property
    def boundary(self) -> Boundary:
        """Boundary counts, summed over the images."""
        return self.measured.boundary

    @property
    def iou(self) -> Values:
        """IoU of each phase, 0 to 1."""
        return self.confusion.iou(self.policy.absent)

    @property
    def dice(self) -> Values:
        """Dice coefficient of each phase, 0 to 1."""
        return self.confusion.dice(self.policy.absent)

    @property
    def mean_iou(self) -> float:
        """Mean of the phases' IoU (macro), 0 to 1."""
        return mean_of(self.iou)

    @property
    def mean_dice(self) -> float:
        """Mean of the phases' Dice coefficients (macro), 0 to 1."""
        return mean_of(self.dice)

    @property
    def micro_dice(self) -> float:
        """Dice coefficient of all pixels together, 0 to 1."""
        return self.confusion.micro_dice

    @property
    def per_image_mean_iou(self) -> float:
        """Mean over images of each image's own mean IoU: not the aggregate."""
        return mean_of(np.array(self.measured.image_ious))

    @property
    def boundary_f1(self) -> float:
        """Mean over the phases present of the Boundary F1, 0 to 1."""
        return self.boundary.mean_f1(self.confusion.present)

    @property
    def hausdorff(self) -> float:
        """Mean Hausdorff distance, px."""
        return self.boundary.hausdorff

    @property
    def hausdorff95(self) -> float:
        """Mean 95th percentile of the Hausdorff distance, px."""
        return self.boundary.hausdorff95

    @property
    def false_pixels_of_absent(self) -> dict[str, int]:
        """Pixels predicted as phases that the truth has none of."""
        falsely, present = self.confusion.false_pixels, self.confusion.present
        return {name: int(falsely[i]) for i, name in enumerate(self.names) if not present[i]}

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``premask evaluate --json``: fractions, px, None where undefined."""
        edges = self.boundary
        answer: dict[str, Any] = {
            "mean_iou": _number(self.mean_iou),
            "iou": self._by_phase(self.iou),
            "dice": self._by_phase(self.dice),
            "mean_dice": _number(self.mean_dice),
            "boundary_f1": _number(self.boundary_f1),
            "hausdorff": _number(self.hausdorff),
            "hausdorff95": _number(self.hausdorff95),
            "policy": self.policy.to_dict(),
            "images": self.images,
            "micro_dice": _number(self.micro_dice),
            "per_image_mean_iou": _number(self.per_image_mean_iou),
            "boundary_f1_by_phase": self._by_phase(edges.f1),
            "boundary_precision_by_phase": self._by_phase(edges.precision),
            "boundary_recall_by_phase": self._by_phase(edges.recall),
            "hausdorff_by_phase": self._by_phase(edges.hausdorff_by_phase),
            "hausdorff95_by_phase": self._by_phase(edges.hausdorff95_by_phase),
            "hausdorff_defined": int(edges.defined.sum()),
            "hausdorff_undefined": int(edges.undefined.sum()),
            "absent_phases": list(self.false_pixels_of_absent),
            "false_pixels_of_absent": self.false_pixels_of_absent,
            "false_pixels": dict(
                zip(self.names, self.confusion.false_pixels.tolist(), strict=True)
            ),
            "void_predicted_pixels": self.confusion.void_predicted,
            "labelled_pixels": int(self.confusion.true_pixels.sum()),
        }
        if self.types:
            answer["types"] = {name: scores.to_dict() for name, scores in self.types.items()}
        return answer

    def _by_phase(self, values: Values) -> dict[str, float | None]:
        return {name: _number(value) for name, value in zip(self.names, values, strict=True)}


def measure(prediction: ArrayLike, truth: ArrayLike, n_phases: int, policy: Policy) -> Measured:
    """Count one image.

    Parameters
    ----------
    prediction, truth : array_like of int, shape (H, W)
        255 is void. With ``given`` naming the prediction has phases, else regions.

    Raises
    ------
    PremaskError
        For sizes that differ and values that are no phase.
    """
    check_n_phases(n_phases)
    regions, true_map = as_label_maps(prediction, truth)
    joint = joint_counts(regions, true_map)
    named = regions
    if policy.uses_truth:
        matched = match(joint, n_phases, policy.naming)
        joint, named = rename(joint, matched.table), matched.apply(regions)
    counts = from_joint_counts(joint, n_phases)
    edges = boundary(named, true_map, n_phases, tolerance=policy.tolerance)
    return Measured(counts, edges, (counts.mean_iou(policy.absent),))


def summarise(
    images: Sequence[tuple[Measured, str | None]],
    policy: Policy,
    names: Sequence[str],
) -> Scores:
    """The scores of counted images, for all and for each type.

    Parameters
    ----------
    images : sequence of (Measured, str or None)
        Each with its processing type, None where it has none.
    names : sequence of str
        One for each phase.

    Raises
    ------
    PremaskError
        If there is no image.
    """
    if not images:
        raise PremaskError("there is no pair of a prediction and a truth to score; give at least 1")
    types = sorted({type_ for _, type_ in images if type_})
    of_type = {name: [found for found, type_ in images if type_ == name] for name in types}
    return Scores(
        policy,
        tuple(names),
        reduce(add, [found for found, _ in images]),
        {name: Scores(policy, tuple(names), reduce(add, found)) for name, found in of_type.items()},
    )


def score(
    pairs: Iterable[tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, str | None]],
    n_phases: int,
    *,
    naming: NamingMode = "given",
    absent: Absent = "skip",
    tolerance: float = 3.0,
    names: Sequence[str] = (),
) -> Scores:
    """Compare predictions with their truths.

    Parameters
    ----------
    pairs : iterable of (prediction, truth) or (prediction, truth, type)
        Label maps of shape (H, W), 255 for void; taken one at a time. With a naming
        other than ``given`` the predictions are regions.
    naming : {"given", "one-to-one", "many-to-one"}
        How regions become phases, per image; the last two use the truth.
    absent : {"skip", "zero"}
        Whether a phase that the truth of the set has none of is left out of the means of
        IoU and Dice, or counts as 0.
    tolerance : float
        Of the Boundary F1, px.
    names : sequence of str, optional
        Names of the phases; their indices by default.

    Returns
    -------
    Scores
        For all images together, and for each type where types are given.

    Raises
    ------
    PremaskError
        For sizes that differ, values that are no phase, no pair at all.

    Examples
    --------
    >>> scores = score([([[0, 0, 1, 1]], [[0, 0, 0, 1]])], 2)
    >>> scores.iou.round(3).tolist(), round(scores.mean_iou, 3)
    ([0.667, 0.5], 0.583)
    """
    policy = Policy(naming, absent, tolerance)
    check_n_phases(n_phases)
    if names and len(names) != n_phases:
        raise PremaskError(f"{len(names)} names were given for {n_phases} phases; give one each")
    images = [
        (measure(pair[0], pair[1], n_phases, policy), pair[2] if len(pair) > 2 else None)
        for pair in pairs
    ]
    return summarise(images, policy, names or [str(i) for i in range(n_phases)])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
