"""The binary form of a save: round trips, and bytes that nothing good made."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.core.origins import DOUBTFUL, ORIGINS, doubtful, fresh_origins
from premask.core.tiles import (
    HEAD,
    MAGIC,
    TILE,
    Tile,
    cut,
    decode_tiles,
    encode_tiles,
    paste,
    tile_shape,
)

HEIGHT, WIDTH, PHASES = 300, 520, 4


def save(column: int, row: int, codec: int, payload: bytes, count: int = 1) -> bytes:
    head = HEAD.pack(column, row, codec, len(payload))
    return MAGIC + struct.pack("<I", count) + head + payload


def planes(seed: int, smooth: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), (HEIGHT, WIDTH))
    if smooth:
        labels[:] = labels[::97].repeat(97, axis=0)[:HEIGHT, :1]
    return labels, fresh_origins(labels, "expert") | np.where(labels == 2, DOUBTFUL, 0).astype(
        np.uint8
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sets(st.integers(0, 5), max_size=6))
def test_tiles_come_back_as_they_went(seed: int, smooth: bool, which: set[int]) -> None:
    labels, origins = planes(seed, smooth)
    tiles = [cut(labels, origins, n % 3, n // 3) for n in sorted(which)]
    read = decode_tiles(encode_tiles(tiles), HEIGHT, WIDTH, PHASES)
    into, origins_into = np.full_like(labels, 255), np.zeros_like(origins)
    paste(into, origins_into, read)
    for n in range(6):
        top, left = n // 3 * TILE, n % 3 * TILE
        here = np.s_[top : top + TILE, left : left + TILE]
        if n in which:
            np.testing.assert_array_equal(into[here], labels[here])
            np.testing.assert_array_equal(origins_into[here], origins[here])
        else:
            assert (into[here] == 255).all()


def test_a_tile_of_one_value_takes_few_bytes() -> None:
    tile = Tile(0, 0, np.zeros((TILE, TILE), np.uint8), np.zeros((TILE, TILE), np.uint8))
    data = encode_tiles([tile])
    # Two planes of 65,536 zeros: three runs of at most 65,535.
    assert len(data) == 8 + HEAD.size + 3 * 3
    assert decode_tiles(data, TILE, TILE, 2)[0].labels.sum() == 0


def test_tiles_at_the_edges_end_with_the_image() -> None:
    assert tile_shape(2, 1, HEIGHT, WIDTH) == (44, 8)
    assert tile_shape(0, 0, HEIGHT, WIDTH) == (256, 256)


def test_void_has_no_origin_and_doubt_is_one_bit() -> None:
    plane = fresh_origins(np.array([[0, 255]], np.uint8), "candidate")
    assert plane.tolist() == [[ORIGINS["candidate"], 0]]
    assert doubtful(plane | np.array([[DOUBTFUL, 0]], np.uint8)).tolist() == [[True, False]]


GOOD = bytes(8 * 44) + bytes(8 * 44)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "starts with PMT1"),
        (b"PNG1\0\0\0\0", "starts with PMT1"),
        (MAGIC + struct.pack("<I", 7), "7 tiles; the image has 6"),
        (MAGIC + struct.pack("<I", 1), "ends after 0"),
        (save(2, 1, 0, GOOD) + b"x", "1 bytes behind"),
        (save(2, 1, 0, GOOD)[:-1], "cut off"),
        (save(3, 0, 0, GOOD), "outside the image"),
        (save(2, 1, 0, GOOD, 2) + save(2, 1, 0, GOOD)[8:], "twice"),
        (save(2, 1, 0, GOOD[:-1]), "703 values; 704 are needed"),
        (save(2, 1, 2, GOOD), "codec 2"),
        (save(2, 1, 1, b"\0\xff\xff" * 9), "does not fill"),
        (save(2, 1, 1, b"\0\0\0" + struct.pack("<BH", 0, 704)), "does not fill"),
        (save(2, 1, 0, b"\4" + GOOD[1:]), "label 4"),
        (save(2, 1, 0, GOOD[:-1] + b"\5"), "origin 5"),
        (save(2, 1, 0, GOOD[:-1] + b"\x41"), "origin 65"),
    ],
)
def test_bytes_of_another_form_are_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(PremaskError, match=says) as caught:
        decode_tiles(data, HEIGHT, WIDTH, PHASES)
    assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_tiles_or_one_error(tail: bytes) -> None:
    with contextlib.suppress(PremaskError):
        decode_tiles(MAGIC + tail, HEIGHT, WIDTH, PHASES)
