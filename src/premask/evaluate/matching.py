"""Regions to phases with the truth at hand, for evaluation only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from premask.core.label_maps import check_values
from premask.core.phases import VOID
from premask.evaluate.confusion import Counts
from premask.evaluate.policy import NamingMode, Policy


@dataclass(frozen=True)
class Match:
    """The names that the regions of one image were given.

    Attributes
    ----------
    naming : {"given", "one-to-one", "many-to-one"}
    table : dict of int to int
        Region to phase, for each region of the image. A region that lies wholly where
        the truth is void has no name.
    uses_truth : bool
        Whether the names come from the truth; to be said wherever a figure is printed.
    """

    naming: NamingMode
    table: dict[int, int]
    uses_truth: bool

    def apply(self, regions: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The label map of the regions; void where a region has no name."""
        lookup = np.full(256, VOID, np.uint8)
        lookup[list(self.table)] = list(self.table.values())
        named: NDArray[np.uint8] = lookup[regions]
        return named


def match(joint: Counts, n_phases: int, naming: NamingMode) -> Match:
    """Name the regions of one image.

    Parameters
    ----------
    joint : ndarray of int, shape (256, 256)
        :func:`premask.evaluate.confusion.joint_counts` of the regions and the truth.
    naming : {"given", "one-to-one", "many-to-one"}
        ``given``: the indices are phases already. ``one-to-one``: the pairs of regions
        and phases that share most pixels (Hungarian method); a region that is left over
        gets its majority phase. ``many-to-one``: each region gets its majority phase.

    Raises
    ------
    PremaskError
        For values in the truth (or, with ``given``, the prediction) that are no phase.

    Notes
    -----
    A pair that shares no pixel is no match: where an image shows fewer phases than it has
    regions, the Hungarian method would deal out absent phases at random, so those regions
    count as left over. Equal counts go to the lower phase.
    """
    policy = Policy(naming=naming)
    check_values("truth", joint.sum(axis=1), n_phases)
    if naming == "given":
        check_values("prediction", joint.sum(axis=0), n_phases)
        present = np.flatnonzero(joint[:, :VOID].sum(axis=0))
        return Match(naming, {int(region): int(region) for region in present}, policy.uses_truth)
    shared = joint[:n_phases, :VOID].T
    regions = np.flatnonzero(shared.sum(axis=1))
    phases = shared[regions].argmax(axis=1)
    if naming == "one-to-one" and len(regions):
        rows, columns = linear_sum_assignment(shared[regions], maximize=True)
        meet = shared[regions][rows, columns] > 0
        phases[rows[meet]] = columns[meet]
    table = dict(zip(regions.tolist(), phases.tolist(), strict=True))
    return Match(naming, table, policy.uses_truth)


def rename(joint: Counts, table: dict[int, int]) -> Counts:
    """The joint counts of the label map that the table makes, without making it."""
    renamed = np.zeros_like(joint)
    renamed[:, VOID] = joint.sum(axis=1)
    for region, phase in table.items():
        renamed[:, phase] += joint[:, region]
        renamed[:, VOID] -= joint[:, region]
    return renamed
