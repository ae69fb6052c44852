"""Polygons as pixels: an independent reference, and that neighbours share every pixel out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from premask.core.errors import PremaskError
from premask.interchange.polygons import box_corners, corners, fill_polygon

HEIGHT, WIDTH = 17, 23
COORDINATE = st.floats(-8, 30).map(lambda x: round(x, 3))
POINTS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=9)


def filled(points, height=HEIGHT, width=WIDTH) -> np.ndarray:
    mask, (top, left) = fill_polygon(np.array(points, float), height, width)
    canvas = np.zeros((height, width), bool)
    canvas[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return canvas


def test_the_corners_of_a_box_are_the_edges_of_its_pixels():
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[2:5, 3:9] = True
    np.testing.assert_array_equal(filled([(3, 2), (9, 2), (9, 5), (3, 5)]), wanted)
    np.testing.assert_array_equal(filled([(3.4, 1.6), (9.4, 1.6), (9.4, 5), (3.4, 5)]), wanted)


def test_what_lies_outside_of_the_image_is_cut_off():
    assert filled([(-5, -5), (99, -5), (99, 99), (-5, 99)]).all()
    assert not filled([(30, 2), (40, 2), (40, 9)]).any()
    assert not filled([(3.6, 2.6), (4.4, 2.6), (4.4, 3.4)]).any()


def test_lines_that_cross_leave_out_what_is_inside_twice():
    star = [(11, 0), (17, 16), (1, 6), (21, 6), (5, 16)]
    assert not filled(star)[8, 11]
    assert filled(star)[3, 11]


@given(POINTS)
def test_a_pixel_belongs_if_its_centre_is_inside(points):
    """matplotlib counts windings; it agrees wherever the line is near no centre and simple."""
    if not is_simple(points):
        return
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    centres = np.column_stack([x.ravel(), y.ravel()])
    outline = Outline([*points, points[0]], closed=True)
    wanted = outline.contains_points(centres).reshape(HEIGHT, WIDTH)
    clear = distance_to(points, centres).reshape(HEIGHT, WIDTH) > 1e-6
    np.testing.assert_array_equal(filled(points)[clear], wanted[clear])


@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8), COORDINATE)
def test_neighbours_neither_overlap_nor_leave_a_gap(middle, split):
    """The image in two parts along any line, half of whose points lie on centres."""
    line = [(split, -1.0), *[(round(2 * x) / 2, y) for x, y in middle], (split, HEIGHT + 1.0)]
    left = filled([(-9, -1), *line, (-9, HEIGHT + 1)])
    right = filled([(40, -1), *line, (40, HEIGHT + 1)])
    np.testing.assert_array_equal(left, ~right)


def test_a_box_turns_clockwise_around_its_centre():
    wanted = filled([(4, 9), (4, 3), (8, 3), (8, 9)])
    np.testing.assert_array_equal(filled(corners(box_corners(3, 4, 9, 8, 90), "")), wanted)
    point = corners(box_corners(0, 0, 10, 0, 30), "")[1]
    np.testing.assert_allclose(point, (5 + 5 * np.cos(np.pi / 6), 2.5))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("1,2", "a list"),
        ([1, 2, 3, 4], "4 coordinates"),
        ([1, 2, 3, 4, 5, 6, 7], "7 coordinates"),
        ([1, 2, 3, 4, 5, None], "coordinate 6 of 6 is None"),
        ([1, 2, True, 4, 5, 6], "coordinate 3 of 6 is True"),
        ([1, 2, 3, float("nan"), 5, 6], "coordinate 4 of 6 is nan"),
        ([1, 2, 3, 1e300, 5, 6], "coordinate 4 of 6"),
        ([1, 2, 3, 10**400, 5, 6], "coordinate 4 of 6"),
    ],
)
def test_what_is_no_polygon_is_refused(values, said):
    with pytest.raises(PremaskError, match=f"^a: .*{said}"):
        corners(values, "a")


def is_simple(points) -> bool:
    """Whether no two edges cross: winding and parity are the same then."""
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    return not any(
        crosses(*edges[i], *edges[j]) for i in range(len(edges)) for j in range(i + 1, len(edges))
    )


def crosses(a, b, c, d) -> bool:
    def side(p, q, r):
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def distance_to(points, centres) -> np.ndarray:
    """From each centre to the nearest edge, px."""
    start = np.array(points, float)
    step = np.roll(start, -1, axis=0) - start
    offset = centres[:, None] - start
    length = np.maximum((step**2).sum(-1), 1e-12)
    along = np.clip((offset * step).sum(-1) / length, 0, 1)
    return np.linalg.norm(offset - along[..., None] * step, axis=-1).min(1)
