"""The rules that a figure was computed under; printed beside every mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from premask.core.errors import PremaskError, nearest
from premask.core.phases import MAX_PHASES

NamingMode = Literal["given", "one-to-one", "many-to-one"]
Absent = Literal["skip", "zero"]

NAMINGS: tuple[str, ...] = get_args(NamingMode)
ABSENT: tuple[str, ...] = get_args(Absent)

_NAMING_LINES = {
    "given": "Naming: given (the indices are phases already).",
    "one-to-one": (
        "Naming: one-to-one per image (Hungarian, surplus regions to their majority phase);"
        " USES THE TRUTH."
    ),
    "many-to-one": (
        "Naming: many-to-one per image (each region its majority phase); USES THE TRUTH."
    ),
}
_ABSENT_LINES = {
    "skip": "phases that the truth has none of are left out of the mean (absent: skip).",
    "zero": "phases that the truth has none of count as 0 in the mean (absent: zero).",
}


@dataclass(frozen=True)
class Policy:
    """How regions were named, how absent phases count, how near is near.

    Attributes
    ----------
    naming : {"given", "one-to-one", "many-to-one"}
        The last two use the truth of each image.
    absent : {"skip", "zero"}
        What a phase that the truth of the evaluated set has none of does to a mean.
    tolerance : float
        Of the Boundary F1, px.

    Raises
    ------
    PremaskError
        For anything else.
    """

    naming: NamingMode = "given"
    absent: Absent = "skip"
    tolerance: float = 3.0

    def __post_init__(self) -> None:
        _check_choice("naming", self.naming, NAMINGS)
        _check_choice("absent", self.absent, ABSENT)
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise PremaskError(
                f"the tolerance is {self.tolerance} px; a number from 0 upwards is accepted,"
                " 3 is the default"
            )

    @property
    def uses_truth(self) -> bool:
        """Whether the names of the regions were taken from the truth."""
        return self.naming != "given"

    def lines(self, reference: str | None = None) -> tuple[str, ...]:
        """The policy in sentences, for beneath a table.

        Parameters
        ----------
        reference : str, optional
            The label maps that were taken as the truth, e.g. ``"scratch"``.
        """
        named = () if reference is None else (f"Reference: {reference}.",)
        return (
            *named,
            _NAMING_LINES[self.naming],
            "IoU (Jaccard) and Dice: counts summed over all images, then divided; "
            + _ABSENT_LINES[self.absent],
            "Pixels that are void in the truth do not count; void in a prediction is an error.",
            (
                f"Boundary F1: tolerance {self.tolerance:g} px, counts summed over all images,"
                " mean over the phases present."
            ),
            (
                "Hausdorff distances: mean over the images and phases where both have the phase;"
                " undefined ones are left out and counted."
            ),
        )

    def to_dict(self) -> dict[str, str | bool | float]:
        """The policy as JSON."""
        return {
            "naming": self.naming,
            "uses_truth": self.uses_truth,
            "absent": self.absent,
            "tolerance_px": self.tolerance,
            "iou_and_dice": "counts summed over all images, then divided",
            "void": "not counted where the truth is void, an error where only the prediction is",
            "boundary_f1": "counts summed over all images, mean over the phases present",
            "hausdorff": "mean over images and phases where both have it, px",
        }


def check_n_phases(n_phases: int) -> int:
    """The number of phases, or an error that says what is accepted."""
    if not 2 <= n_phases <= MAX_PHASES:
        raise PremaskError(
            f"the number of phases is {n_phases}; 2 to {MAX_PHASES} are accepted, e.g. --classes 5"
        )
    return int(n_phases)


def _check_choice(what: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise PremaskError(
            f"{what} is {value!r}; {', '.join(accepted)} are accepted{nearest(value, accepted)}"
        )
