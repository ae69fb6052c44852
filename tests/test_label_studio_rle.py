"""Label Studio's brush masks: by hand, by its own tools, by a slow reader, and broken ones."""

from __future__ import annotations

import contextlib
import json
import re
import tracemalloc
from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masks import ANY_JSON, ANY_MASK, FILES, WRITTEN, example_map, mask_of
from premask.core.errors import PremaskError
from premask.interchange import label_studio_rle
from premask.interchange.label_studio_rle import decode, decode_alpha, encode

BRUSHES = json.loads((FILES / "brushes.json").read_text(encoding="utf-8"))["brushes"]
SIZES = (3, 4, 8, 16)


def to_bytes(bits: str) -> list[int]:
    """A text of 0 and 1, zeros after it, as bytes."""
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def head(n_values: int, word: int = 8, sizes: tuple[int, ...] = SIZES) -> str:
    return f"{n_values:032b}{word - 1:05b}" + "".join(f"{size - 1:04b}" for size in sizes)


def slow_values(rle: list[int]) -> list[int]:
    """Every value of a stream, bit after bit; an error where a bit is missing."""
    bits = "".join(f"{byte:08b}" for byte in rle)
    at = 0

    def take(n: int) -> int:
        nonlocal at
        at += n
        if at > len(bits):
            raise EOFError
        return int(bits[at - n : at], 2)

    n, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < n:
        repeats = take(1)
        length = take(sizes[take(2)]) + 1
        values += [take(word)] * length if repeats else [take(word) for _ in range(length)]
    if len(values) > n or "1" in bits[at:]:
        raise EOFError
    return values


# What is written


def test_encode_by_hand() -> None:
    # Two px: four values 0, four 255; lengths less one in 3 bits.
    blocks = "1" + "00" + "011" + "00000000" + "1" + "00" + "011" + "11111111"
    assert encode(np.array([[False, True]])) == to_bytes(head(8) + blocks)
    # Five px: twenty values, the third size. 53 + 19 bits are nine bytes, and there is a tenth.
    assert encode(np.ones((1, 5), bool)) == [
        *to_bytes(head(20) + "1" + "10" + "00010011" + "11111111"),
        0,
    ]


def n_bits(mask: NDArray[np.bool_]) -> int:
    """Length of a stream by the sizes of its runs: what is cut is in the largest size."""
    total = 53
    for _, run in groupby(mask.ravel().tolist()):
        n = 4 * len(list(run))
        total += 14 if n <= 8 else 15 if n <= 16 else 19 if n <= 256 else 27 * -(-n // 65536)
    return total


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written["name"])
def test_masks_are_those_of_label_studio_sdk(written: dict) -> None:
    mask, rle = mask_of(written), written["label_studio"]
    assert encode(mask) == rle
    # one more byte, a zero, where the stream ends with a byte
    assert len(rle) == n_bits(mask) // 8 + 1
    for stream in (rle, rle[:-1] if n_bits(mask) % 8 == 0 else rle):
        np.testing.assert_array_equal(decode(stream, *mask.shape), mask)


def test_both_ends_are_among_the_masks() -> None:
    assert {n_bits(mask_of(written)) % 8 == 0 for written in WRITTEN} == {True, False}


@settings(deadline=None)
@given(ANY_MASK)
def test_masks_come_back(mask: NDArray[np.bool_]) -> None:
    rle = encode(mask)
    assert json.loads(json.dumps(rle)) == rle
    np.testing.assert_array_equal(decode(rle, *mask.shape), mask)
    values = np.array(slow_values(rle)).reshape(*mask.shape, 4)
    np.testing.assert_array_equal(values, np.where(mask, 255, 0)[..., None].repeat(4, axis=2))


@settings(deadline=None)
@given(ANY_MASK)
def test_masks_are_those_of_an_installed_label_studio_sdk(mask: NDArray[np.bool_]) -> None:
    brush = pytest.importorskip("label_studio_sdk.converter.brush")
    rle = encode(mask)
    assert rle == brush.mask2rle(mask.astype(np.uint8) * 255)
    np.testing.assert_array_equal(brush.decode_rle(rle)[3::4] > 0, mask.ravel())


# What is read


def test_the_file_of_label_studio_is_the_example() -> None:
    tasks = json.loads((FILES / "labelstudio_1.23.2_brush_export.json").read_text("utf-8"))
    regions = tasks[0]["annotations"][0]["result"]
    assert [region["value"]["brushlabels"] for region in regions] == [["Alpha"], ["TiB2"], ["TiN"]]
    for phase, region in enumerate(regions):
        rle = region["value"]["rle"]
        mask = decode(rle, region["original_height"], region["original_width"])
        np.testing.assert_array_equal(mask, example_map() == phase)
        assert encode(mask) == rle


@pytest.mark.parametrize("brush", BRUSHES, ids=lambda brush: brush["name"])
def test_streams_of_the_editors_library_are_read(brush: dict) -> None:
    shape = brush["height"], brush["width"]
    alpha = np.array(brush["alpha"] or np.zeros(shape, int)).reshape(shape)
    found = decode_alpha(brush["rle"], *shape)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.minimum(alpha, 255))
    np.testing.assert_array_equal(decode(brush["rle"], *shape), alpha > 0)


def test_the_library_wrote_every_kind() -> None:
    assert {brush["word"] for brush in BRUSHES} == {1, 5, 8, 16, 19, 32}
    (soft,) = [brush for brush in BRUSHES if brush["name"] == "as the editor writes it"]
    assert len(set(soft["alpha"])) > 3
    shape = soft["height"], soft["width"]
    alpha = np.array(soft["alpha"]).reshape(shape)
    assert ((alpha > 0) & (alpha < 128)).any()
    np.testing.assert_array_equal(decode(soft["rle"], *shape, at_least=128), alpha >= 128)


def test_alpha_alone_counts() -> None:
    values = [255, 255, 255, 0, 0, 0, 0, 9]  # white but transparent, black and painted
    rle = to_bytes(head(8) + "0" + "00" + "111" + "".join(f"{value:08b}" for value in values))
    assert decode_alpha(rle, 1, 2).tolist() == [[0, 9]]
    assert decode(rle, 1, 2).tolist() == [[False, True]]
    assert slow_values(rle) == values


@pytest.mark.parametrize("kind", [tuple, bytes, np.uint8, np.int64, float], ids=str)
def test_any_list_of_bytes_is_read(kind: Callable) -> None:
    rle = encode(example_map() == 2)
    given_ = (
        np.array(rle, kind) if isinstance(kind, type) and kind not in (tuple, bytes) else kind(rle)
    )
    np.testing.assert_array_equal(decode(given_, 96, 128), example_map() == 2)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[int], tuple[int, int], list[int]]:
    """A stream of any blocks, word and sizes; the image; its alpha."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    word = draw(st.integers(1, 32))
    sizes = tuple(draw(st.lists(st.integers(1, 16), min_size=4, max_size=4)))
    n = 4 * height * width
    bits, values = head(n, word, sizes), []
    word_values = st.integers(0, 2**word - 1)
    while len(values) < n:
        which = draw(st.integers(0, 3))
        length = draw(st.integers(1, min(1 << sizes[which], n - len(values))))
        repeats = draw(st.booleans())
        count = 1 if repeats else length
        words = draw(st.lists(word_values, min_size=count, max_size=count))
        bits += f"{repeats:d}{which:02b}{length - 1:0{sizes[which]}b}"
        bits += "".join(f"{value:0{word}b}" for value in words)
        values += words * length if repeats else words
    spare = draw(st.integers(0, 2))
    return [*to_bytes(bits), *[0] * spare], (height, width), values[3::4]


@settings(deadline=None)
@given(streams(), st.integers(1, 255))
def test_streams_of_any_kind_are_read(
    stream: tuple[list[int], tuple[int, int], list[int]], at_least: int
) -> None:
    rle, shape, alpha = stream
    assert slow_values(rle)[3::4] == alpha
    expected = np.minimum(np.array(alpha, np.int64), 255).reshape(shape)
    np.testing.assert_array_equal(decode_alpha(rle, *shape), expected)
    np.testing.assert_array_equal(decode(rle, *shape, at_least=at_least), expected >= at_least)


# What is wrong, and where

PIXEL = "100" + "011" + "11111111"


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ([], "ends after byte 0, within its head of 7 bytes; it is cut off"),
        ([0, 0, 0, 8, 57, 27], "ends after byte 6, within its head"),
        (to_bytes(head(4) + PIXEL), "holds 4 values (bytes 1 to 4), and 2x1 px need 8"),
        (to_bytes(head(2**32 - 1) + PIXEL), "holds 4294967295 values"),
        (to_bytes(head(8) + "000"), "at row 0, column 0 of 2x1 px its 7 bytes end"),
        (to_bytes(head(8) + PIXEL), "at row 0, column 1 of 2x1 px its 9 bytes end; it is cut off"),
        # 61 bits are there, and the second block has the head of a literal of two words
        (to_bytes(head(8) + PIXEL + "000001" + "1" * 15), "at row 0, column 1 of 2x1 px its 11"),
        (to_bytes(head(8) + PIXEL + "100100" + "1" * 8),
         "at row 0, column 1 of 2x1 px a run (byte 9 of 11) goes past the last pixel; it is damag"),
        (to_bytes(head(8) + "1" + "11" + "1" * 16 + "1" * 8),
         "at row 0, column 0 of 2x1 px a run (byte 7 of 10) goes past"),
        (to_bytes(head(8) + PIXEL + PIXEL + "1"),
         "its last pixel ends in byte 11 of 11, and byte 11 is not empty; it is damaged"),
        ([*to_bytes(head(8) + PIXEL + PIXEL), 0, 0, 7],
         "its last pixel ends in byte 11 of 14, and byte 14 is not empty"),
        ([0, 0, 0, 8, 256], "entry 5 of 5 is 256; bytes, 0 to 255"),
        ([0, 0, 0, -8], "entry 4 of 4 is -8; bytes, 0 to 255"),
        ([0, 0, "0"], "entry 3 of 3 is '0'; whole numbers"),
        ([0, 0, 0.5], "entry 3 of 3 is 0.5"),
        ([0, True], "entry 2 of 2 is True"),
        ([0, None], "entry 2 of 2 is None"),
        ([0, 10**5000], "entry 2 of 2 is a value that cannot be printed"),
        (np.array([0, 300]), "entry 2 of 2 is 300"),
        ("AAAA", "the brush mask is 'AAAA'; a list of whole numbers"),
        ({"0": 0}, "the brush mask is {'0': 0}"),
        (None, "the brush mask is None"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_brush_mask_is_said(rle: object, message: str) -> None:
    with pytest.raises(PremaskError, match=re.escape(message)) as caught:
        decode(rle, 1, 2)  # type: ignore[arg-type]
    assert str(caught.value).startswith("the brush mask")
    assert len(str(caught.value)) < 200


def test_sizes_and_alphas_that_cannot_be_are_refused() -> None:
    rle = encode(np.ones((1, 2), bool))
    for size, message in (
        ((0, 2), "its size is 2x0 px"),
        ((10**9, 10**9), "its size is 1000000000x1000000000 px"),
        ((1, "2"), "its width is '2'"),
        ((None, 2), "its height is None"),
        ((2, 2), "it holds 8 values (bytes 1 to 4), and 2x2 px need 16"),
    ):
        with pytest.raises(PremaskError, match=re.escape(f"the brush mask: {message}")):
            decode(rle, *size)  # type: ignore[arg-type]
    for at_least in (0, 256):
        with pytest.raises(PremaskError, match=f"at_least is {at_least}; an alpha from 1 to 255"):
            decode(rle, 1, 2, at_least=at_least)


def test_masks_that_cannot_be_written_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PremaskError, match=re.escape("uint8 of shape (2, 2); bool (H, W)")):
        encode(np.zeros((2, 2), np.uint8))  # type: ignore[arg-type]
    assert 4 * label_studio_rle.LARGEST < 2**32 <= 4 * (label_studio_rle.LARGEST + 1)
    monkeypatch.setattr(label_studio_rle, "LARGEST", 5)
    with pytest.raises(PremaskError, match=r"the mask has 6 px; .* hold up to 5 px"):
        encode(np.zeros((2, 3), bool))


def test_a_short_stream_asks_for_no_memory() -> None:
    decode(encode(np.ones((1, 2), bool)), 1, 2)  # compiles
    full = to_bytes(head(2**32 - 1) + "1" + "11" + "1" * 24)
    tracemalloc.start()
    try:
        for size in ((1, 2), (2**15, 2**15), (10**9, 10**9)):
            with pytest.raises(PremaskError):
                decode(full, *size)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 4), st.integers(1, 4), st.binary(max_size=60), st.booleans())
def test_any_bytes_are_read_as_by_the_slow_reader_or_refused(
    height: int, width: int, data: bytes, headed: bool
) -> None:
    if headed:
        data = (4 * height * width).to_bytes(4, "big") + data
    try:
        values = slow_values(list(data))
        expected = values[3::4] if len(values) == 4 * height * width else None
    except (EOFError, ValueError):
        expected = None
    try:
        found = decode_alpha(data, height, width).ravel().tolist()
    except PremaskError:
        found = None
    assert found == (None if expected is None else [min(value, 255) for value in expected])


@settings(deadline=None, max_examples=300)
@given(ANY_MASK, st.data())
def test_damaged_masks_are_read_or_refused(mask: NDArray[np.bool_], data: st.DataObject) -> None:
    rle = encode(mask)
    cut = data.draw(st.integers(0, len(rle)))
    at = data.draw(st.integers(0, len(rle) - 1))
    changed = [*rle[:at], rle[at] ^ data.draw(st.integers(1, 255)), *rle[at + 1 :]]
    for broken in (rle[:cut], changed, changed[:cut], changed[cut:]):
        with contextlib.suppress(PremaskError):
            assert decode(broken, *mask.shape).shape == mask.shape


@given(ANY_JSON | st.lists(st.integers(-1, 300) | st.floats(), max_size=8), ANY_JSON, ANY_JSON)
def test_any_value_is_a_brush_mask_or_an_error(
    value: object, height: object, width: object
) -> None:
    for size in ((1, 2), (height, width)):
        with contextlib.suppress(PremaskError):
            assert decode(value, *size).shape == size  # type: ignore[arg-type]
