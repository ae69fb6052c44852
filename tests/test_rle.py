"""Run lengths, and the masks of COCO and CVAT: by hand, by other tools, and broken ones."""

from __future__ import annotations

import contextlib
import json
import re
import tracemalloc
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from masks import ANY_JSON, ANY_MASK, FILES, WRITTEN, example_map, mask_of
from premask.core.errors import PremaskError
from premask.interchange.rle import (
    decode_coco,
    decode_cvat,
    decode_cvat_points,
    encode_coco,
    encode_coco_text,
    encode_cvat,
)
from premask.interchange.runs import from_runs, shown, to_runs, whole_numbers
from premask.io.images import MAX_PIXELS

# pycocotools, made for NumPy 1
OLD_ARRAYS = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


MASK = np.array([[0, 1, 1, 0], [0, 0, 1, 0], [0, 1, 1, 0]], bool)
"""Worked by hand below."""


def test_runs_by_hand() -> None:
    assert to_runs(MASK.ravel()).tolist() == [1, 2, 3, 1, 2, 2, 1]
    assert to_runs(np.array([True])).tolist() == [0, 1]
    assert to_runs(np.array([False])).tolist() == [1]
    assert from_runs(np.array([0, 2, 0, 1, 3]), 6, "it").tolist() == [True] * 3 + [False] * 3


@given(arrays(bool, st.integers(1, 200)))
def test_runs_come_back(vector: NDArray[np.bool_]) -> None:
    runs = to_runs(vector)
    assert (runs[1:] > 0).all()
    np.testing.assert_array_equal(from_runs(runs, vector.size, "it"), vector)


# COCO


def test_coco_by_hand() -> None:
    # columns: 000 101 111 000
    assert encode_coco(MASK) == [3, 1, 1, 4, 3]
    # 3 1 1, then 4 - 1 = 3 and 3 - 1 = 2
    assert encode_coco_text(MASK) == "31132"
    for counts in ([3, 1, 1, 4, 3], "31132", b"31132", (3, 1, 1, 4, 3), np.array([3, 1, 1, 4, 3])):
        np.testing.assert_array_equal(decode_coco(counts, 3, 4), MASK)


def test_coco_numbers_of_several_characters_by_hand() -> None:
    # 100 = 3 * 32 + 4: "T" (4 + 32 + 48), "3". 16: "`" (16 + 32 + 48) and, for its sign, "0".
    mask = np.zeros((4, 29), bool)
    mask.T.flat[100:116] = True
    assert encode_coco(mask) == [100, 16]
    assert encode_coco_text(mask) == "T3`0"
    # 40 2 40 1 33: the fourth is 1 - 2 = -1 ("O"), the fifth 33 - 40 = -7 ("I")
    mask = np.repeat(np.array([0, 1, 0, 1, 0], bool), [40, 2, 40, 1, 33])[:, None]
    assert encode_coco_text(mask) == "X12X1OI"
    np.testing.assert_array_equal(decode_coco("X12X1OI", 116, 1), mask)


@given(ANY_MASK)
def test_coco_masks_come_back(mask: NDArray[np.bool_]) -> None:
    counts, text = encode_coco(mask), encode_coco_text(mask)
    assert json.loads(json.dumps(counts)) == counts
    assert sum(counts) == mask.size
    for written in (counts, text):
        back = decode_coco(written, *mask.shape)
        assert back.flags.c_contiguous
        np.testing.assert_array_equal(back, mask)


@OLD_ARRAYS
@given(ANY_MASK)
@example(np.arange(300 * 300).reshape(300, 300) % 90_000 < 70_000)
def test_coco_is_that_of_pycocotools(mask: NDArray[np.bool_]) -> None:
    reference = pytest.importorskip("pycocotools.mask")
    theirs = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_coco_text(mask) == theirs["counts"].decode("ascii")
    size = list(mask.shape)
    assert reference.frPyObjects({"size": size, "counts": encode_coco(mask)}, *size) == theirs
    np.testing.assert_array_equal(decode_coco(theirs["counts"], *size), reference.decode(theirs))


@OLD_ARRAYS
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_coco_with_empty_runs_is_read_as_by_pycocotools(counts: list[int]) -> None:
    reference = pytest.importorskip("pycocotools.mask")
    size = (sum(counts) or 1, 1)
    counts = counts if sum(counts) else [1]
    theirs = reference.frPyObjects({"size": list(size), "counts": counts}, *size)
    expected = reference.decode(theirs)
    np.testing.assert_array_equal(decode_coco(counts, *size), expected)
    np.testing.assert_array_equal(decode_coco(theirs["counts"], *size), expected)


def test_the_coco_file_of_datumaro_is_the_example() -> None:
    found = json.loads((FILES / "coco_instances_datumaro.json").read_text(encoding="utf-8"))
    assert len(found["annotations"]) == 3
    for annotation in found["annotations"]:
        segmentation = annotation["segmentation"]
        mask = decode_coco(segmentation["counts"], *segmentation["size"])
        np.testing.assert_array_equal(mask, example_map() == annotation["category_id"] - 1)
        counts = segmentation["counts"]
        assert encode_coco(mask) == counts


# CVAT


def test_cvat_by_hand() -> None:
    found = encode_cvat(MASK)
    # the box: 11 01 11
    assert found.rle == "0, 2, 1, 3"
    assert (found.left, found.top, found.width, found.height) == (1, 0, 2, 3)
    assert found.points == [0, 2, 1, 3, 1, 0, 2, 2]
    for rle in ("0, 2, 1, 3", "0,2,1,3", " 0 ,2,\n1,3 ", [0, 2, 1, 3]):
        np.testing.assert_array_equal(decode_cvat(rle, (1, 0, 2, 3), 3, 4), MASK)
    whole = [0.0, 2.0, 1.0, 3.0, 1.0, 0.0, 2.0, 2.0]  # as CVAT answers
    np.testing.assert_array_equal(decode_cvat_points(whole, 3, 4), MASK)


def test_an_empty_cvat_mask_is_one_empty_pixel() -> None:
    found = encode_cvat(np.zeros((5, 6), bool))
    assert (found.rle, found.points) == ("1", [1, 0, 0, 0, 0])
    assert not decode_cvat_points(found.points, 5, 6).any()


@given(ANY_MASK)
def test_cvat_masks_come_back(mask: NDArray[np.bool_]) -> None:
    found = encode_cvat(mask)
    assert json.loads(json.dumps(found.points)) == found.points
    box = (found.left, found.top, found.width, found.height)
    np.testing.assert_array_equal(decode_cvat(found.rle, box, *mask.shape), mask)
    np.testing.assert_array_equal(decode_cvat_points(found.points, *mask.shape), mask)
    rows, columns = mask.nonzero()
    if rows.size:
        assert found.points[-4:] == [columns.min(), rows.min(), columns.max(), rows.max()]


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written["name"])
def test_cvat_masks_are_those_of_cvat_sdk(written: dict) -> None:
    mask = mask_of(written)
    assert encode_cvat(mask).points == written["cvat"]
    np.testing.assert_array_equal(decode_cvat_points(written["cvat"], *mask.shape), mask)


def test_the_cvat_file_is_the_example() -> None:
    masks = ET.parse(FILES / "cvat_1.1.xml").getroot().findall("image/mask")
    names = ["Alpha", "TiB2", "TiN"]
    assert [mask.get("label") for mask in masks] == names
    for phase, written in enumerate(masks):
        box = [int(written.attrib[name]) for name in ("left", "top", "width", "height")]
        mask = decode_cvat(written.attrib["rle"], box, 96, 128)
        np.testing.assert_array_equal(mask, example_map() == phase)
        assert encode_cvat(mask).rle == written.attrib["rle"]


# What is wrong, and where

HUGE = 10**5000


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, -1, 10], "run 2 of 3 is -1 px; 0 to 12 px"),
        ([13], "run 1 of 1 is 13 px"),
        ([10**15], "run 1 of 1 is 1000000000000000 px"),
        ([6, 6, 6], "run 3 of 3 goes to pixel 18, past the last of 12"),
        ([6, 5], "its 2 runs end after pixel 11 of 12"),
        ([], "its 0 runs end after pixel 0 of 12"),
        ("", "its 0 runs end after pixel 0 of 12"),
        ([6, "6"], "entry 2 of 2 is '6'; whole numbers"),
        ([6, 5.5], "entry 2 of 2 is 5.5; whole numbers"),
        ([6, float("nan")], "entry 2 of 2 is nan"),
        ([6, float("inf")], "entry 2 of 2 is inf"),
        ([True, 11], "entry 1 of 2 is True"),
        ([6, None], "entry 2 of 2 is None"),
        ([6, [6]], "entry 2 of 2 is [6]"),
        ([6, 2**63], "entry 2 of 2 is 9223372036854775808; numbers of up to 64 bits"),
        ([6, HUGE], "entry 2 of 2 is a value that cannot be printed; numbers of up to 64"),
        (np.array([[6, 6]]), "entry 1 of 1 is [6, 6]"),
        (12, "the COCO mask is 12; a list of whole numbers"),
        (np.array(12), "the COCO mask is array(12); a list"),
        (None, "the COCO mask is None"),
        ({"counts": [12]}, "the COCO mask is {'counts': [12]}"),
        ("3p", "character 2 of 2 is 'p'; '0' to 'o'"),
        ("3/", "character 2 of 2 is '/'"),
        ("3\ud800", "character 2 of 2 is '\\ud800'"),
        ("3٣", "character 2 of 2 is '٣'"),
        (b"3\xff", "character 2 of 2 is 'ÿ'"),
        ("3T", "end within a number, at character 2; they are cut off"),
        ("3" + "o" * 12 + "0", "a number of 13 characters at character 2; up to 12"),
        ("3" + "P" * 11 + "?", f"run 2 of 2 is {15 << 55} px"),
        ("3" + "O", "run 2 of 2 is -1 px"),
    ],
)
def test_what_is_wrong_with_a_coco_mask_is_said(counts: object, message: str) -> None:
    with pytest.raises(PremaskError, match=re.escape(message)) as caught:
        decode_coco(counts, 3, 4)  # type: ignore[arg-type]
    assert str(caught.value).startswith("the COCO mask")
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((0, 4), "its size is 4x0 px; 1x1 to 400,000,000 px"),
        ((3, -4), "its size is -4x3 px"),
        ((10**9, 10**9), "its size is 1000000000x1000000000 px"),
        ((MAX_PIXELS, 2), "its size is 2x400000000 px"),
        (("3", 4), "its height is '3'; whole numbers"),
        ((3, 4.5), "its width is 4.5"),
        ((3, None), "its width is None"),
    ],
)
def test_sizes_that_no_image_has_are_refused(size: tuple, message: str) -> None:
    with pytest.raises(PremaskError, match=re.escape(f"the COCO mask: {message}")):
        decode_coco([12], *size)
    with pytest.raises(PremaskError, match=re.escape(f"the CVAT mask: {message}")):
        decode_cvat_points([1, 0, 0, 0, 0], *size)


@pytest.mark.parametrize(
    ("rle", "box", "message"),
    [
        ("0, 4", (1, 0, 2, 3), "its 2 runs end after pixel 4 of 6"),
        ("0, 7", (1, 0, 2, 3), "run 2 of 2 is 7 px; 0 to 6 px"),
        ("0, 6, -0, 1", (1, 0, 2, 3), "run 4 of 4 goes to pixel 7, past the last of 6"),
        ("0, -6", (1, 0, 2, 3), "run 2 of 2 is -6 px"),
        ("0, 6,", (1, 0, 2, 3), "run 3 of 3 is ''; whole numbers with commas"),
        ("", (1, 0, 2, 3), "run 1 of 1 is ''"),
        ("0 6", (1, 0, 2, 3), "run 1 of 1 is '0 6'"),
        ("0; 6", (1, 0, 2, 3), "run 1 of 1 is '0; 6'"),
        ("0, 6.0", (1, 0, 2, 3), "run 2 of 2 is ' 6.0'"),
        ("0, 1_0", (1, 0, 2, 3), "run 2 of 2 is ' 1_0'"),
        ("0, ٦", (1, 0, 2, 3), "run 2 of 2 is ' ٦'"),
        ("0, " + "9" * 6000, (1, 0, 2, 3), "run 2 of 2 is ' 9999"),
        ("0, " + "9" * 30, (1, 0, 2, 3), "entry 2 of 2 is 999999999999999999999999999999;"),
        (None, (1, 0, 2, 3), "the CVAT mask is None"),
        ("0, 6", (1, 0, 2), "its box has 3 numbers; left, top, width, height"),
        ("0, 6", (1, 0, "2", 3), "its box: entry 3 of 4 is '2'"),
        ("0, 6", (3, 0, 2, 3), "its box of 2x3 px at column 3, row 0 is not within the image of 4"),
        ("0, 6", (1, 1, 2, 3), "its box of 2x3 px at column 1, row 1"),
        ("0, 6", (-1, 0, 2, 3), "its box of 2x3 px at column -1, row 0"),
        ("0, 6", (1, -1, 2, 3), "its box of 2x3 px at column 1, row -1"),
        ("0", (1, 0, 0, 3), "its box of 0x3 px"),
        ("0", (1, 0, 2, 0), "its box of 2x0 px"),
        ("0, 6", (10**18, 0, 10**18, 3), "its box of 1000000000000000000x3 px"),
    ],
)
def test_what_is_wrong_with_a_cvat_mask_is_said(rle: object, box: tuple, message: str) -> None:
    with pytest.raises(PremaskError, match=re.escape(message)) as caught:
        decode_cvat(rle, box, 3, 4)  # type: ignore[arg-type]
    assert str(caught.value).startswith("the CVAT mask")
    assert len(str(caught.value)) < 200


def test_cvat_points_without_runs_are_refused() -> None:
    with pytest.raises(PremaskError, match="4 numbers; one run or more and left, top"):
        decode_cvat_points([0, 0, 0, 0], 3, 4)


@pytest.mark.parametrize(
    "mask",
    [np.zeros((2, 2), np.uint8), *(np.zeros(shape, bool) for shape in ((4,), (2, 2, 1), (0, 4)))],
    ids=str,
)
def test_masks_that_are_none_are_refused(mask: np.ndarray) -> None:
    for encode in (encode_coco, encode_coco_text, encode_cvat):
        with pytest.raises(PremaskError, match=re.escape("bool (H, W) of 1 px or more")):
            encode(mask)


def test_a_line_of_text_asks_for_no_memory() -> None:
    tracemalloc.start()
    try:
        for ask in (
            lambda: decode_coco([10**15, 5], 9, 9),
            lambda: decode_coco([10**15, 5], 10**9, 10**9),
            lambda: decode_coco("3" + "P" * 11 + "?", 9, 9),
            lambda: decode_cvat(f"0, {10**15}", (0, 0, 9, 9), 9, 9),
            lambda: decode_cvat(f"0, {10**15}", (0, 0, 10**9, 10**9), 9, 9),
            lambda: decode_cvat_points([10**15, 0, 0, 10**9, 10**9], 9, 9),
        ):
            with pytest.raises(PremaskError):
                ask()
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


NUMBERS = st.lists(st.integers(-2, 20) | st.integers(), max_size=8)


@settings(deadline=None, max_examples=300)
@given(ANY_JSON | NUMBERS | st.text("0123OPopT/", max_size=20) | st.binary(max_size=20), ANY_JSON)
def test_any_value_is_a_mask_or_an_error(value: object, size: object) -> None:
    for height, width in ((3, 4), (size, 4), (1, 1)):
        with contextlib.suppress(PremaskError):
            mask = decode_coco(value, height, width)  # type: ignore[arg-type]
            assert mask.shape == (height, width)
        with contextlib.suppress(PremaskError):
            mask = decode_cvat_points(value, height, width)  # type: ignore[arg-type]
            assert mask.shape == (height, width)
        with contextlib.suppress(PremaskError):
            mask = decode_cvat(value, size, height, width)  # type: ignore[arg-type]
            assert mask.shape == (height, width)


@settings(deadline=None, max_examples=300)
@given(st.text("0123456789,- _.", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_cvat_mask_or_an_error(text: str) -> None:
    with contextlib.suppress(PremaskError):
        mask = decode_cvat(text, (1, 0, 2, 3), 3, 4)
        assert sum(map(int, text.split(","))) == 6
        assert not mask[:, [0, 3]].any()


def test_whole_numbers_keep_what_they_are() -> None:
    assert whole_numbers([1, 2.0, np.int16(3), np.float32(4)], "it").tolist() == [1, 2, 3, 4]
    assert whole_numbers([], "it").tolist() == []
    assert whole_numbers(np.array([1, 2], np.uint8), "it").dtype == np.int64


def test_values_are_shown_short() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert len(shown("x" * 500)) == 40
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    assert shown(nested) == "a value that cannot be printed"
