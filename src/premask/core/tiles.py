"""Changed tiles of a label map on their way from the editor: the binary form of a save.

A save is ``PMT1``, the number of tiles (uint32), and for each tile its column and row
(uint16), a codec (uint8: 0 raw, 1 run lengths), the length of what follows (uint32) and
the bytes of its labels and then of its origins (see :mod:`premask.core.origins`), row by
row. Run lengths are pairs of a value (uint8) and a count (uint16, at least 1). All numbers
are little-endian; tiles at the right and the bottom end with the image.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.origins import DOUBTFUL, ORIGIN_BITS, ORIGINS
from premask.core.phases import VOID

TILE = 256
"""Side of a tile, px."""

MAGIC = b"PMT1"
RAW, RUNS = 0, 1
HEAD = struct.Struct("<HHBI")
RUN = np.dtype([("value", "u1"), ("count", "<u2")])


@dataclass(frozen=True, eq=False)
class Tile:
    """One changed tile.

    Attributes
    ----------
    column, row : int
        Its place in the grid of tiles.
    labels, origins : ndarray of uint8, shape (h, w)
        256 by 256 px, less at the right and bottom edges.
    """

    column: int
    row: int
    labels: NDArray[np.uint8]
    origins: NDArray[np.uint8]


def tile_shape(column: int, row: int, height: int, width: int) -> tuple[int, int]:
    """Height and width in px of a tile of an image; not above 0 outside of it."""
    return min(TILE, height - row * TILE), min(TILE, width - column * TILE)


def decode_tiles(data: bytes, height: int, width: int, n_phases: int) -> list[Tile]:
    """Read a save for an image of a known size; nothing of it is trusted.

    Parameters
    ----------
    data : bytes
    height, width : int
        Of the label map, px.
    n_phases : int
        Labels from 0 to n_phases - 1, and 255 (void), are accepted.

    Raises
    ------
    PremaskError
        For bytes of another form, a tile outside the image or given twice, wrong
        lengths, and labels or origins that the project does not have.
    """
    if data[:4] != MAGIC or len(data) < 8:
        raise PremaskError("a save starts with PMT1 and the number of its tiles; this one does not")
    (count,) = struct.unpack_from("<I", data, 4)
    most = -(-height // TILE) * -(-width // TILE)
    if count > most:
        raise PremaskError(f"a save of {count} tiles; the image has {most}")
    found: list[Tile] = []
    at, seen = 8, set()
    for _ in range(count):
        if len(data) < at + HEAD.size:
            raise PremaskError(f"a save of {count} tiles ends after {len(found)}")
        column, row, codec, length = HEAD.unpack_from(data, at)
        at += HEAD.size
        shape = tile_shape(column, row, height, width)
        if min(shape) < 1 or (column, row) in seen:
            raise PremaskError(
                f"tile {column}, {row} of a save is outside the image or given twice"
            )
        seen.add((column, row))
        payload = data[at : at + length]
        if len(payload) != length:
            raise PremaskError(f"tile {column}, {row} of a save is cut off")
        at += length
        planes = unpack_planes(codec, payload, shape, f"tile {column}, {row} of a save")
        _check_values(planes, n_phases, f"tile {column}, {row} of a save")
        found.append(Tile(column, row, planes[0], planes[1]))
    if at != len(data):
        raise PremaskError(f"a save of {count} tiles has {len(data) - at} bytes behind them")
    return found


def unpack_planes(
    codec: int, payload: bytes, shape: tuple[int, int], which: str = "a tile"
) -> NDArray[np.uint8]:
    """Labels and origins of a tile, (2, h, w), from what :func:`pack_planes` made.

    Raises
    ------
    PremaskError
        Where the bytes do not fill the tile, or the codec is unknown.
    """
    size = 2 * shape[0] * shape[1]
    if codec == RAW:
        values = np.frombuffer(payload, np.uint8)
    elif codec == RUNS and len(payload) % RUN.itemsize == 0:
        runs = np.frombuffer(payload, RUN)
        # The sum comes first: a hostile run must not make a large array.
        if int(runs["count"].sum(dtype=np.int64)) != size or (runs["count"] == 0).any():
            raise PremaskError(f"{which} does not fill its {size} values")
        values = np.repeat(runs["value"], runs["count"])
    else:
        raise PremaskError(f"{which} has codec {codec} with {len(payload)} bytes; 0 or 1 is known")
    if values.size != size:
        raise PremaskError(f"{which} has {values.size} values; {size} are needed")
    return values.reshape(2, *shape)


def _check_values(planes: NDArray[np.uint8], n_phases: int, which: str) -> None:
    labels, origins = planes
    wrong = labels[(labels >= n_phases) & (labels != VOID)]
    if wrong.size:
        raise PremaskError(
            f"{which} has the label {wrong[0]}; 0 to {n_phases - 1} and {VOID} are accepted"
        )
    unknown = origins[
        ((origins & ORIGIN_BITS) > max(ORIGINS.values()))
        | ((origins & ~np.uint8(ORIGIN_BITS | DOUBTFUL)) != 0)
    ]
    if unknown.size:
        raise PremaskError(f"{which} has the origin {unknown[0]}, which has no meaning")


def encode_tiles(tiles: Sequence[Tile]) -> bytes:
    """The bytes of a save; run lengths where they are shorter."""
    parts = [MAGIC, struct.pack("<I", len(tiles))]
    for tile in tiles:
        codec, payload = pack_planes(tile.labels, tile.origins)
        parts += [HEAD.pack(tile.column, tile.row, codec, len(payload)), payload]
    return b"".join(parts)


def pack_planes(labels: NDArray[np.uint8], origins: NDArray[np.uint8]) -> tuple[int, bytes]:
    """Codec and bytes of a tile's two planes, whichever codec is shorter."""
    values = np.concatenate([labels.ravel(), origins.ravel()])
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = np.diff(np.r_[starts, values.size])
    # A tile with both planes has 131,072 values; a run's count ends at 65,535.
    pieces = -(-lengths // 65535)
    if RUN.itemsize * int(pieces.sum()) >= values.size:
        return RAW, values.tobytes()
    runs = np.empty(int(pieces.sum()), RUN)
    runs["value"] = np.repeat(values[starts], pieces)
    last = np.cumsum(pieces) - 1
    runs["count"] = 65535
    runs["count"][last] = lengths - (pieces - 1) * 65535
    return RUNS, runs.tobytes()


def paste(labels: NDArray[np.uint8], origins: NDArray[np.uint8], tiles: Sequence[Tile]) -> None:
    """Write tiles into the planes of a label map, in place."""
    for tile in tiles:
        top, left = tile.row * TILE, tile.column * TILE
        height, width = tile.labels.shape
        labels[top : top + height, left : left + width] = tile.labels
        origins[top : top + height, left : left + width] = tile.origins


def cut(labels: NDArray[np.uint8], origins: NDArray[np.uint8], column: int, row: int) -> Tile:
    """One tile of a label map."""
    here = np.s_[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
    return Tile(column, row, labels[here], origins[here])
