"""Masks made by hand, with answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from premask.preannotators.sam_masks import (
    Frame,
    Mask,
    grid_points,
    mask_iou,
    pack,
    paint,
    stability,
    suppress,
    unpack,
    upsample,
)

SHAPE = (20, 30)


def rectangle(top: int, left: int, bottom: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def packed(*box: int, score: float = 1.0) -> Mask:
    mask = pack(rectangle(*box), score)
    assert mask is not None
    return mask


def test_the_longer_side_fills_the_square() -> None:
    assert Frame(959, 1280, 1024).resized == (767, 1024)
    assert Frame(1280, 959, 1024).resized == (1024, 767)
    assert Frame(200, 200, 1024).resized == (1024, 1024)
    assert Frame(1, 5000, 1024).resized == (1, 1024)


def test_prompts_are_the_centres_of_the_grid_in_x_and_y() -> None:
    frame = Frame(height=50, width=100, side=200)  # scaled by 2: 100 px high, 200 px wide
    np.testing.assert_allclose(grid_points(2, frame), [[50, 25], [150, 25], [50, 75], [150, 75]])


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 8))
def test_prompts_lie_inside_the_micrograph(height: int, width: int, n: int) -> None:
    frame = Frame(height, width, 256)
    x, y = grid_points(n, frame).T
    assert len(x) == n * n
    assert x.min() > 0
    assert y.min() > 0
    assert x.max() < frame.resized[1]
    assert y.max() < frame.resized[0]


def test_padding_is_cut_off_when_a_mask_is_upsampled() -> None:
    # 10x40 in a square of 80: the micrograph is the upper quarter of the decoder's square.
    frame = Frame(height=10, width=40, side=80)
    logits = np.full((20, 20), -5, np.float32)
    logits[:5, 10:] = 5  # right half of the micrograph
    logits[10:] = 9  # in the padding, to be ignored
    full = upsample(logits, frame)
    assert full.shape == (10, 40)
    np.testing.assert_array_equal(full[:8] > 0, np.tile(np.arange(40) >= 20, (8, 1)))


def test_stability_is_the_iou_of_the_masks_at_both_offsets() -> None:
    logits = np.array([[3.0, 1.5, 0.5, -0.5, -1.5]], np.float32)
    assert stability(logits) == pytest.approx(2 / 4)
    assert stability(np.full((3, 3), -7, np.float32)) == 0.0
    assert stability(np.full((3, 3), 7, np.float32)) == 1.0


@given(arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 40))))
def test_packing_keeps_every_pixel(mask: NDArray[np.bool_]) -> None:
    kept = pack(mask)
    if not mask.any():
        assert kept is None
        return
    assert kept is not None
    assert kept.area == mask.sum()
    np.testing.assert_array_equal(unpack(kept, mask.shape), mask)


@given(arrays(bool, (11, 27)), arrays(bool, (11, 27)))
def test_iou_of_packed_masks_equals_that_of_the_pixels(
    a: NDArray[np.bool_], b: NDArray[np.bool_]
) -> None:
    first, second = pack(a), pack(b)
    if first is None or second is None:
        return
    assert mask_iou(first, second) == pytest.approx((a & b).sum() / (a | b).sum())


def test_of_two_nearly_equal_masks_the_better_scored_stays() -> None:
    worse, better = packed(0, 0, 10, 10, score=0.9), packed(0, 0, 10, 9, score=0.95)  # IoU 0.9
    assert suppress([worse, better], 0.7) == [better]


def test_masks_at_exactly_the_threshold_both_stay() -> None:
    a, b = packed(0, 0, 10, 10, score=0.9), packed(0, 0, 10, 7, score=0.8)  # IoU 0.7
    assert suppress([b, a], 0.7) == [a, b]


def test_a_small_mask_inside_a_large_one_is_no_duplicate() -> None:
    large, small = packed(0, 0, 20, 30, score=0.9), packed(5, 5, 8, 8, score=0.99)
    assert suppress([large, small], 0.7) == [small, large]


def test_two_phases_with_the_same_box_both_stay() -> None:
    stripes = np.zeros(SHAPE, bool)
    stripes[::2] = True
    stripes[:, [0, -1]] = True
    rest = ~stripes
    rest[:, [0, -1]] = True
    rest[[0, -1]] |= True
    first, second = pack(stripes, 0.9), pack(rest, 0.8)
    assert first is not None
    assert second is not None
    assert suppress([first, second], 0.7) == [first, second]


def test_a_dropped_mask_drops_no_other() -> None:
    # a overlaps b, b overlaps c, a does not overlap c enough: c stays although b would drop it.
    a, b, c = (packed(0, i, 10, i + 20, score=1 - i / 100) for i in (0, 3, 6))
    assert mask_iou(a, b) > 0.7
    assert mask_iou(b, c) > 0.7
    assert mask_iou(a, c) < 0.7
    assert suppress([a, b, c], 0.7) == [a, c]


def test_ties_of_the_score_keep_the_order_given() -> None:
    a, b = packed(0, 0, 10, 10), packed(0, 0, 10, 9)
    assert suppress([a, b], 0.7) == [a]
    assert suppress([b, a], 0.7) == [b]


def test_small_lies_over_large_whatever_the_order() -> None:
    large, small = packed(0, 0, 10, 10), packed(2, 2, 5, 5)
    expected = np.zeros(SHAPE, int)
    expected[:10, :10] = 1
    expected[2:5, 2:5] = 2
    np.testing.assert_array_equal(paint([large, small], SHAPE), expected)
    np.testing.assert_array_equal(paint([small, large], SHAPE), expected)


def test_partly_overlapping_masks_give_the_overlap_to_the_smaller() -> None:
    regions = paint([packed(0, 0, 10, 10), packed(0, 8, 5, 20)], SHAPE)
    assert (regions[:5, 8:20] == 2).all()
    assert (regions == 1).sum() == 100 - 2 * 5
    assert (regions == 0).sum() == 20 * 30 - 90 - 60


def test_what_no_mask_covers_is_one_region() -> None:
    regions = paint([packed(0, 10, 20, 20)], SHAPE)  # splits the uncovered part in two
    np.testing.assert_array_equal(np.unique(regions), [0, 1])
    assert (regions[:, :10] == 0).all()
    assert (regions[:, 20:] == 0).all()


def test_without_masks_all_is_one_region() -> None:
    np.testing.assert_array_equal(paint([], SHAPE), np.zeros(SHAPE, int))


def test_a_mask_hidden_by_smaller_ones_leaves_no_gap_in_the_numbers() -> None:
    halves = [packed(0, 0, 10, 5), packed(0, 5, 10, 10)]
    regions = paint([packed(0, 0, 10, 10), *halves, packed(15, 0, 16, 1)], SHAPE)
    np.testing.assert_array_equal(np.unique(regions), [0, 1, 2, 3])
    assert regions[15, 0] == 3


def test_a_full_cover_leaves_no_background() -> None:
    regions = paint([packed(0, 0, 20, 30), packed(3, 3, 9, 9)], SHAPE)
    np.testing.assert_array_equal(np.unique(regions), [1, 2])


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(10, 20), st.integers(10, 30)),
        max_size=6,
    )
)
def test_every_pixel_belongs_to_the_smallest_mask_over_it(boxes: list[tuple[int, ...]]) -> None:
    masks = [packed(*box) for box in boxes]
    regions = paint(masks, SHAPE)
    areas = np.full(SHAPE, np.inf)
    for mask in masks:
        areas = np.where(unpack(mask, SHAPE), np.minimum(areas, mask.area), areas)
    assert ((regions == 0) == np.isinf(areas)).all()
    for label in np.unique(regions[regions > 0]):
        assert len(np.unique(areas[regions == label])) == 1
