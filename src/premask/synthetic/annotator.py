"""Simulated annotators: what they take for true, and the strokes that take them there.

The work is counted the same way under both strategies, so that a saving is what is left to
draw and nothing that was put in. Paces are guesses at a practised person with a mouse; they
are no measurement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from premask.core.phases import VOID

LabelMap = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SMALL_PX = 60
"""Area up to which a fragment can be overlooked, px."""
TRACE_PX_PER_S = 15.0
"""Along an outline, with care."""
BRUSH_PX_PER_S = 150.0
"""Of area, for what is dabbed away with a brush."""
OVERHEAD_S = {"polygon": 3.0, "lasso": 1.8, "brush": 1.2}
"""To see, aim and decide, for each stroke."""
TOGETHER_PX = 10
"""Fragments closer than twice this are seen as one patch, px."""
_LARGE, _MIDDLE = 1500, 100


@dataclass(frozen=True)
class Person:
    """One simulated annotator.

    Attributes
    ----------
    pace : float
        Multiplies all times; 1 is practised.
    shift_px : float
        Standard deviation of where boundaries are seen, px.
    overlooks : float
        Share of the small fragments that are not seen.
    accepts_px : int
        Half the width of what is left as it is at boundaries, px.
    """

    name: str
    pace: float
    shift_px: float
    overlooks: float
    accepts_px: int = 1


@dataclass(frozen=True, eq=False)
class Stroke:
    """One act with a tool.

    Attributes
    ----------
    rows, columns : ndarray of int
        The pixels that it labels.
    length : int
        Of its outline, px.
    seconds : float
        From the end of the stroke before to the end of this one.
    """

    tool: str
    phase: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    length: int
    seconds: float


def seen(truth: LabelMap, person: Person, rng: np.random.Generator) -> LabelMap:
    """What a person takes for true: boundaries a little off, small fragments overlooked.

    Parameters
    ----------
    truth : ndarray of uint8, shape (H, W)
        Without void.
    """
    height, width = truth.shape
    y, x = np.mgrid[:height, :width]
    shifts = [ndimage.gaussian_filter(rng.normal(size=truth.shape), 6) for _ in range(2)]
    dy, dx = (person.shift_px * shift / shift.std() for shift in shifts)
    rows = np.clip(np.rint(y + dy), 0, height - 1).astype(int)
    columns = np.clip(np.rint(x + dx), 0, width - 1).astype(int)
    found = truth[rows, columns]
    for phase in np.unique(found):
        n, parts, stats, _ = cv2.connectedComponentsWithStats((found == phase).astype(np.uint8))
        small = stats[:, cv2.CC_STAT_AREA] <= SMALL_PX
        small[0] = False
        found[(small & (rng.random(n) < person.overlooks))[parts]] = VOID
    nearest = ndimage.distance_transform_edt(
        found == VOID, return_distances=False, return_indices=True
    )
    filled: LabelMap = found[tuple(nearest)]
    return filled


def left_to_do(current: LabelMap, target: LabelMap, accepts_px: int) -> Mask:
    """Which pixels somebody repairs: wrong ones, but for thin bands along boundaries."""
    wrong = current != target
    side = 2 * accepts_px + 1
    kernel = np.ones((side, side), np.uint8)
    thick = cv2.dilate(cv2.morphologyEx(wrong.astype(np.uint8), cv2.MORPH_OPEN, kernel), kernel)
    found: Mask = wrong & (thick > 0)
    return found


def strokes(
    current: LabelMap, target: LabelMap, person: Person, rng: np.random.Generator
) -> Iterator[Stroke]:
    """The strokes that lead from one label map to what a person takes for true.

    Phases come by their area, the largest first. Fragments that lie together in one phase
    are drawn over with one lasso where that is quicker than dabbing at each.
    """
    todo = left_to_do(current, target, person.accepts_px)
    sizes = np.bincount(target[todo].ravel(), minlength=256)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOGETHER_PX + 1,) * 2)
    for phase in np.argsort(-sizes, kind="stable")[: int(np.count_nonzero(sizes))].tolist():
        own = target == phase
        wrong = todo & own
        patches, _ = ndimage.label((cv2.dilate(wrong.astype(np.uint8), kernel) > 0) & own)
        for number, box in enumerate(ndimage.find_objects(patches), 1):
            patch = patches[box] == number
            one_by_one = [_stroke(part, phase, box) for part in _parts(wrong[box] & patch)]
            at_once = _stroke(patch, phase, box)
            separately = sum(stroke.seconds for stroke in one_by_one)
            for stroke in one_by_one if separately <= at_once.seconds else [at_once]:
                yield replace(
                    stroke, seconds=stroke.seconds * person.pace * float(rng.lognormal(0, 0.25))
                )


def _parts(mask: Mask) -> Iterator[Mask]:
    parts, n = ndimage.label(mask, np.ones((3, 3)))
    for number in range(1, n + 1):
        yield parts == number


def _stroke(inside: Mask, phase: int, box: tuple[slice, ...]) -> Stroke:
    rows, columns = np.nonzero(inside)
    padded = np.pad(inside, 1)
    length = int(np.count_nonzero(padded & ~ndimage.binary_erosion(padded)))
    tool = _tool(len(rows))
    drawn = len(rows) / BRUSH_PX_PER_S if tool == "brush" else length / TRACE_PX_PER_S
    return Stroke(
        tool,
        phase,
        rows + box[0].start,
        columns + box[1].start,
        length,
        OVERHEAD_S[tool] + drawn,
    )


def _tool(area: int) -> str:
    return "polygon" if area > _LARGE else "lasso" if area > _MIDDLE else "brush"
