"""Label maps whose pixels are colours: what the colours mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import LabelMap, first_position
from premask.core.phases import VOID
from premask.interchange.palette import Rgb, hex_of, is_hex, rgb
from premask.interchange.vocabulary import Vocabulary
from premask.io.images import read_rgb

SEVERAL = 5
"""Up to so many colours that mean nothing are reported one by one; JPEG makes thousands."""

_AT_ONCE = 1 << 16
_NOTHING = -1


def read_colour_mask(path: Path, colours: Mapping[str, Rgb], vocabulary: Vocabulary) -> LabelMap:
    """The phases of a colour mask; transparent pixels are void.

    Raises
    ------
    PremaskError
        For a picture that cannot be read, or is not of 8 bits a channel.
    """
    picture, transparent = read_rgb(path)
    label_map = labels_of_colours(picture, colours, vocabulary, path.name)
    if transparent is not None:
        label_map[transparent] = VOID
    return label_map


def labels_of_colours(
    picture: NDArray[np.uint8], colours: Mapping[str, Rgb], vocabulary: Vocabulary, where: str
) -> LabelMap:
    """The phases that colours stand for: exactly, else the nearest within the tolerance.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
    colours : dict of str to Rgb
        Names in the files. A colour that ``--map '#rrggbb=PHASE'`` names counts too.
    vocabulary : Vocabulary
        Its tolerance is the largest difference in any channel; of several phases within it
        the nearest in RGB wins, the first of equals.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Void where a colour means nothing, which is reported with count and position.
    """
    named = [name for name in vocabulary.renames if is_hex(name)]
    own = {name: colour for name, colour in colours.items() if hex_of(colour) not in named}
    known = {**own, **{name: rgb(name) for name in named}}
    names = list(known)
    codes = _packed(picture)
    which = np.full(codes.shape, _NOTHING, np.int16)
    for i, colour in enumerate(known.values()):
        which[codes == int.from_bytes(bytes(colour))] = i
    if (which == _NOTHING).any():
        _settle(which, codes, np.array(list(known.values()), np.int32), vocabulary, where)
    counts = np.bincount(which.ravel() + 1, minlength=len(names) + 1)[1:]
    table = np.full(len(names) + 1, VOID, np.uint8)  # the last is for what means nothing
    for i in map(int, np.flatnonzero(counts)):
        at = first_position(which == i)
        table[i] = vocabulary.index(names[i], where, int(counts[i]), at)
    return table[which]


def _packed(picture: NDArray[np.uint8]) -> NDArray[np.uint32]:
    codes = picture[..., 0].astype(np.uint32)
    for channel in (1, 2):
        codes = np.left_shift(codes, 8, dtype=np.uint32) | picture[..., channel]
    return codes


def _settle(
    which: NDArray[np.int16],
    codes: NDArray[np.uint32],
    known: NDArray[np.int32],
    vocabulary: Vocabulary,
    where: str,
) -> None:
    """Give pixels of no exact colour to the nearest one, and report both kinds."""
    rest = which == _NOTHING
    found, inverse, counts = np.unique(codes[rest], return_inverse=True, return_counts=True)
    nearest = np.full(found.size, _NOTHING, np.int16)
    off = 0
    for start in range(0, found.size if vocabulary.tolerance else 0, _AT_ONCE):
        part = np.s_[start : start + _AT_ONCE]
        nearest[part], most = _nearest(found[part], known, vocabulary.tolerance)
        off = max(off, most)
    which[rest] = nearest[inverse]
    near = rest & (which != _NOTHING)
    n = int(np.count_nonzero(near))
    if n:
        vocabulary.report.add(
            "near",
            where,
            f"{n} px have colours that are up to {off} off a listed one in a channel; the nearest"
            f" was taken (tolerance {vocabulary.tolerance})",
            n,
            first_position(near),
        )
    lost = nearest == _NOTHING
    if lost.any():
        _report_unknown(found[lost], counts[lost], codes, which == _NOTHING, vocabulary, where)


def _nearest(
    found: NDArray[np.uint32], known: NDArray[np.int32], tolerance: int
) -> tuple[NDArray[np.int16], int]:
    """The nearest known colour of each, and the largest difference in a channel of those."""
    channels = np.stack([found >> 16, (found >> 8) & 255, found & 255], axis=1).astype(np.int32)
    best = np.full(found.size, 1 << 30, np.int32)
    answer = np.full(found.size, _NOTHING, np.int16)
    largest = np.zeros(found.size, np.int32)
    for i, colour in enumerate(known):
        difference = np.abs(channels - colour)
        most, square = difference.max(axis=1), (difference**2).sum(axis=1)
        better = (most <= tolerance) & (square < best)
        best[better], answer[better], largest[better] = square[better], i, most[better]
    return answer, int(largest.max(initial=0))


def _report_unknown(
    found: NDArray[np.uint32],
    counts: NDArray[np.intp],
    codes: NDArray[np.uint32],
    lost: NDArray[np.bool_],
    vocabulary: Vocabulary,
    where: str,
) -> None:
    order = np.argsort(-counts, kind="stable")
    if found.size <= SEVERAL:
        for i in order:
            at = first_position(codes == found[i])
            vocabulary.index(f"#{found[i]:06x}", where, int(counts[i]), at)
        return
    n, common = int(counts.sum()), [f"#{found[i]:06x} ({counts[i]} px)" for i in order[:3]]
    vocabulary.report.add(
        "unknown",
        where,
        f"{n} px of {found.size} colours are no phase's ({', '.join(common)} ...) and void"
        " (JPEG and antialiasing make such: give a --tolerance; or name one with --map"
        " '#rrggbb=PHASE')",
        n,
        first_position(lost),
    )


def encode_colour_mask(label_map: LabelMap, colours: Mapping[int, Rgb]) -> bytes:
    """A label map as an 8-bit RGB PNG; same map, same bytes.

    Parameters
    ----------
    colours : dict of int to Rgb
        Of each label, 255 for void.
    """
    table = np.zeros((256, 3), np.uint8)
    for label, colour in colours.items():
        table[label] = colour[::-1]  # OpenCV takes BGR
    done, data = cv2.imencode(".png", table[label_map], [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise PremaskError(f"a mask of {label_map.shape} px could not be written as PNG")
    return data.tobytes()
