"""Images that show the same field: copies, and fields that overlap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from premask.core.micrograph import Image, grey, window

CANVAS = 256
"""Side of the square on which images are compared, px."""

PEAK = 6.0
"""Height of the correlation's peak, in standard deviations, from which a pair is looked at."""

LIKENESS = 0.25
"""Correlation of the shared area from which a pair is a near-duplicate."""

CERTAIN = 14.0
"""Times the shared area must correlate better than chance, which falls with its size."""

INDEPENDENT = 8
"""Canvas pixels that vary as one, for the correlation of two unrelated areas."""

SMALLEST = 12
"""Sides of the shared area on the canvas, px, at least."""

BATCH = 32

Values = NDArray[np.float32]
Spectra = NDArray[np.complex64]


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A reduced image, which is all that is needed to compare it.

    Attributes
    ----------
    levels : ndarray of uint8, shape (h, w)
        At most 512 px on the longer side.
    reduction, canvas_reduction : float
        Pixels of the image for one of the thumbnail, and for one of the canvas; half octaves, so
        that images of about one size have the same.
    size : (int, int)
        Height and width of the image, px.
    """

    levels: NDArray[np.uint8]
    reduction: float
    canvas_reduction: float
    size: tuple[int, int]


@dataclass(frozen=True)
class Likeness:
    """Two images that show the same, wholly or in part.

    Attributes
    ----------
    first, second : int
        Positions in the sequence that was searched; first < second.
    shift : (int, int)
        Row and column of the first image at which the second begins, px of the first image.
    overlap : float
        The shared area as a share of the smaller image, 0 to 1.
    likeness : float
        Correlation of the shared area, without its slow changes of brightness, up to 1.
    magnified : float
        The second image's pixels are this many times as large as the first's; 1 for two images
        of one scale.
    """

    first: int
    second: int
    shift: tuple[int, int]
    overlap: float
    likeness: float
    magnified: float = 1.0


def thumbnail(image: Image) -> Thumbnail:
    """Reduce an image to what near-duplicates are found by.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        Best without its information bar: bars are alike.
    """
    height, width = image.shape[:2]
    octaves = max(0, math.ceil(2 * math.log2(max(height, width) / CANVAS)))
    on_canvas = 2 ** (octaves / 2)
    reduction = max(1.0, on_canvas / 2)
    levels = _reduced(window(grey(image)), reduction)
    return Thumbnail(levels, reduction, on_canvas, (height, width))


def near_duplicates(
    thumbnails: Sequence[Thumbnail],
    on_row: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Likeness, ...]:
    """Find the pairs of images that show the same field, wholly or in part.

    Every pair is compared by phase correlation: the spectra's phases alone tell the shift at
    which the two agree, whatever their brightness and contrast. A pair whose peak stands out is
    laid on each other at that shift, and counts if the shared area correlates. Copies are found
    through JPEG, noise, gamma, a cropped bar and a changed size; fields that overlap from an
    eighth of their area on. Turned, mirrored and inverted copies are not looked for.

    Parameters
    ----------
    thumbnails : sequence of Thumbnail
    on_row : callable
        Called with the images that are compared with all others so far, and all of them.

    Returns
    -------
    tuple of Likeness
        Each pair once, in the order of the images.

    Notes
    -----
    On 69 SEM images (uhcs, nasa_ebc, nasa_super) and 552 crops of them, unrelated pairs that get
    that far correlate 11.7 times better than chance at most, 5 times in whole images; shared
    areas 20 times and more. One pair of uhcs shares an eighth (0579 and 1176).
    """
    found: dict[tuple[int, int], Likeness] = {}
    rounds = _rounds(thumbnails)
    total, done = sum(len(one.members) for one in rounds), 0
    for one in rounds:
        members = one.members
        spectra = np.array([_spectrum(one.canvas(i)) for i in members])
        for row, first in enumerate(members):
            partners = [
                column
                for column in range(row + 1, len(members))
                if one.wanted(first, members[column]) and (first, members[column]) not in found
            ]
            for column, dy, dx in _peaks(spectra[row], spectra, partners):
                pair = first, members[column]
                alike = _compared(thumbnails, one.canvas, pair, dy, dx)
                if alike is not None:
                    found[pair] = alike
            done += 1
            on_row(done, total)
    return tuple(found[pair] for pair in sorted(found))


@dataclass(frozen=True)
class _Round:
    """Images that are laid on each other at one reduction, and which pairs of them.

    Canvases are made when they are needed, so that not all of them are held at once.
    """

    members: list[int]
    canvas: Callable[[int], Values]
    wanted: Callable[[int, int], bool]


def _rounds(thumbnails: Sequence[Thumbnail]) -> list[_Round]:
    """First images of one scale, then those of other sizes at one width.

    Of two images of different classes of size both are reduced as the larger one needs it.
    """
    rounds = [_one_scale(thumbnails, r) for r in sorted({t.canvas_reduction for t in thumbnails})]
    widths = [small.size[1] for small in thumbnails]
    if len(set(widths)) > 1:
        tallest = max(small.size[0] / small.size[1] for small in thumbnails)
        width = max(1, round(CANVAS / max(1.0, tallest)))
        rounds.append(
            _Round(
                list(range(len(thumbnails))),
                lambda i: _flat(_at_width(thumbnails[i], width)),
                lambda i, k: widths[i] != widths[k],
            )
        )
    return rounds


def _one_scale(thumbnails: Sequence[Thumbnail], reduction: float) -> _Round:
    classes = [small.canvas_reduction for small in thumbnails]
    return _Round(
        [i for i, own in enumerate(classes) if own <= reduction],
        lambda i: _flat(_at_scale(thumbnails[i], reduction)),
        lambda i, k: max(classes[i], classes[k]) == reduction,
    )


def _at_scale(small: Thumbnail, reduction: float) -> NDArray[np.uint8]:
    return _reduced(small.levels, reduction / small.reduction)


def _at_width(small: Thumbnail, width: int) -> NDArray[np.uint8]:
    height = max(1, min(CANVAS, round(small.size[0] * width / small.size[1])))
    return _resized(small.levels, width, height)


def _reduced(levels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    if factor == 1:
        return levels
    height, width = (max(1, round(side / factor)) for side in levels.shape)
    return _resized(levels, width, height)


def _resized(levels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    shrinks = width * height <= levels.size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(levels, (width, height), interpolation=how), np.uint8)


def _flat(levels: NDArray[np.uint8]) -> Values:
    """The image without slow changes, and with the same contrast everywhere; 0 where it is flat."""
    sigma = 8
    values = levels.astype(np.float32)
    if levels.min() == levels.max():  # the blur's rounding is no structure
        return np.zeros_like(values)
    values -= cv2.GaussianBlur(values, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(values * values, (0, 0), sigma))
    flat: Values = values / (spread + 0.1 * spread.mean() + 1e-3)
    return flat


def _spectrum(flat: Values) -> Spectra:
    """Phases of an image on the canvas, in a band that holds structure and little noise."""
    height, width = flat.shape
    canvas = np.zeros((CANVAS, CANVAS), np.float32)
    canvas[:height, :width] = flat * np.outer(_taper(height), _taper(width))
    spectrum = fft.rfft2(canvas)
    strength = np.abs(spectrum)
    whitened: Spectra = (spectrum / (strength + 0.05 * strength.mean() + 1e-9)) * _band()
    return whitened.astype(np.complex64)


def _band() -> Values:
    frequency = np.hypot(fft.fftfreq(CANVAS)[:, None], fft.rfftfreq(CANVAS)[None])
    band: Values = ((frequency > 3 / CANVAS) * np.exp(-((frequency / 0.35) ** 4))).astype(
        np.float32
    )
    return band


def _taper(n: int) -> Values:
    """One, falling to zero in the outermost 2 %: fields may share no more than a narrow strip."""
    from scipy.signal.windows import tukey

    taper: Values = tukey(n + 2, 0.04)[1:-1].astype(np.float32)
    return taper


def _peaks(
    spectrum: Spectra, spectra: Spectra, partners: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """The partners whose correlation stands out, with the shift of its peak on the canvas."""
    for start in range(0, len(partners), BATCH):
        batch = list(partners[start : start + BATCH])
        surfaces = fft.irfft2(spectrum * np.conj(spectra[batch]), s=(CANVAS, CANVAS), workers=-1)
        flattened = surfaces.reshape(len(batch), -1)
        places = flattened.argmax(axis=1)
        spread = flattened.std(axis=1)
        for column, place, own, deviation in zip(batch, places, flattened, spread, strict=True):
            if deviation > 0 and own[place] >= PEAK * deviation:
                dy, dx = divmod(int(place), CANVAS)
                yield column, dy - CANVAS * (dy >= CANVAS // 2), dx - CANVAS * (dx >= CANVAS // 2)


def _laid_on(
    first: Values, second: Values, dy: int, dx: int
) -> tuple[float, float, tuple[int, int]]:
    """The best correlation of the shared area about a shift; its share; the shift."""
    best = (-1.0, 0.0, (dy, dx))
    # the canvas is a torus: a shift over half of it comes out with the other sign
    for row in {dy, dy - CANVAS, dy + CANVAS}:
        for column in {dx, dx - CANVAS, dx + CANVAS}:
            for top in range(row - 1, row + 2):
                for left in range(column - 1, column + 2):
                    best = max(best, _at_shift(first, second, top, left))
    return best


def _at_shift(
    first: Values, second: Values, top: int, left: int
) -> tuple[float, float, tuple[int, int]]:
    bottom = min(first.shape[0], second.shape[0] + top)
    right = min(first.shape[1], second.shape[1] + left)
    y, x = max(0, top), max(0, left)
    if bottom - y < SMALLEST or right - x < SMALLEST:
        return -1.0, 0.0, (top, left)
    a = first[y:bottom, x:right]
    b = second[y - top : bottom - top, x - left : right - left]
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    likeness = float((a * b).sum()) / norm if norm > 0 else -1.0
    return likeness, a.size / min(first.size, second.size), (top, left)


def _compared(
    thumbnails: Sequence[Thumbnail],
    canvas: Callable[[int], Values],
    pair: tuple[int, int],
    dy: int,
    dx: int,
) -> Likeness | None:
    """What two images share about a shift on the canvas; None where that may be chance."""
    first, second = canvas(pair[0]), canvas(pair[1])
    likeness, overlap, shift = _laid_on(first, second, dy, dx)
    shared = overlap * min(first.size, second.size)
    if likeness < max(LIKENESS, CERTAIN / math.sqrt(shared / INDEPENDENT + 1e-9)):
        return None
    one, other = (
        thumbnails[i].size[1] / array.shape[1]
        for i, array in zip(pair, (first, second), strict=True)
    )
    # rounding of the canvas's sides alone makes up to a hundredth
    magnified = 1.0 if abs(one / other - 1) < 0.02 else one / other
    return Likeness(
        *pair, (round(shift[0] * one), round(shift[1] * one)), overlap, likeness, magnified
    )
