"""Particles: shapes of known size, scikit-image as the reference, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from premask.core.errors import PremaskError
from premask.quantify.particles import Particles, find_particles
from shapes import LABEL_MAPS, disc, ellipse, map_of

FRAME = (220, 260)


def only(labels: np.ndarray, phase: int = 1, **options: int) -> Particles:
    found = find_particles(labels, 3, **options).particles
    return found.select(found.phase == phase)


def corners(mask: np.ndarray) -> np.ndarray:
    y, x = np.nonzero(mask)
    return np.concatenate([np.stack([x + i, y + j], axis=1) for i in (0, 1) for j in (0, 1)])


def test_a_rectangle_measures_what_it_measures():
    labels = np.zeros((40, 60), np.uint8)
    labels[5:15, 20:44] = 1
    found = only(labels)
    assert found.area.tolist() == [240]
    assert (found.x[0], found.y[0]) == (32, 10)
    assert [found.left[0], found.top[0], found.width[0], found.height[0]] == [20, 5, 24, 10]
    assert found.feret_max[0] == pytest.approx(26)  # 10, 24, 26
    assert found.feret_min[0] == pytest.approx(10)
    assert found.equivalent_diameter[0] == pytest.approx(np.sqrt(4 * 240 / np.pi))
    # the ellipse of a filled rectangle, of pixels as points: variance (n² - 1) / 12
    assert found.major[0] == pytest.approx(4 * np.sqrt((24**2 - 1) / 12))
    assert found.aspect_ratio[0] == pytest.approx(np.sqrt((24**2 - 1) / (10**2 - 1)))
    assert not found.border[0]


@pytest.mark.parametrize("radius", [8.0, 15.5, 40.0, 97.3])
def test_a_disc_is_round(radius):
    found = only(map_of(disc(FRAME, (120.2, 110.7), radius)))
    assert found.area[0] == pytest.approx(np.pi * radius**2, rel=0.02)
    assert found.equivalent_diameter[0] == pytest.approx(2 * radius, rel=0.01)
    assert found.circularity[0] == pytest.approx(1, abs=0.03)
    assert found.perimeter[0] == pytest.approx(2 * np.pi * radius, rel=0.02)
    assert found.aspect_ratio[0] == pytest.approx(1, abs=0.02)
    # the corners of the pixels lie up to one pixel outside
    assert 2 * radius - 1 <= found.feret_min[0] <= found.feret_max[0] <= 2 * radius + 2
    assert (found.x[0], found.y[0]) == pytest.approx((120.2, 110.7), abs=0.1)


@pytest.mark.parametrize("turn", [0, 15, 30, 45, 77, 90])
def test_an_ellipse_keeps_its_axes_however_it_lies(turn):
    found = only(map_of(ellipse(FRAME, (130, 110), (80, 32), turn)))
    assert found.major[0] == pytest.approx(160, rel=0.01)
    assert found.minor[0] == pytest.approx(64, rel=0.01)
    assert found.aspect_ratio[0] == pytest.approx(2.5, rel=0.01)
    assert found.feret_max[0] == pytest.approx(160, abs=2)
    assert found.feret_min[0] == pytest.approx(64, abs=2)
    # Ramanujan's perimeter of an ellipse
    h = ((80 - 32) / (80 + 32)) ** 2
    round_it = np.pi * (80 + 32) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))
    assert found.perimeter[0] == pytest.approx(round_it, rel=0.03)


def test_a_hole_is_no_area_but_a_perimeter():
    ring = disc(FRAME, (110, 110), 60) & ~disc(FRAME, (110, 110), 30)
    found = only(map_of(ring))
    assert len(found) == 1
    assert found.area[0] == pytest.approx(np.pi * (60**2 - 30**2), rel=0.01)
    assert found.perimeter[0] == pytest.approx(2 * np.pi * 90, rel=0.01)
    assert found.feret_max[0] == pytest.approx(120, abs=2)


def test_one_pixel_and_a_line_of_pixels():
    labels = np.zeros((9, 9), np.uint8)
    labels[2, 2] = 1
    labels[6, 1:6] = 1
    found = only(labels)
    assert found.feret_max == pytest.approx([np.sqrt(2), np.sqrt(26)])
    assert found.feret_min.tolist() == [1, 1]
    assert found.minor.tolist() == [0, 0]
    assert np.isnan(found.aspect_ratio).all(), "a line has no width to divide by"
    assert found.major[1] == pytest.approx(4 * np.sqrt(2))


@given(labels=LABEL_MAPS, connectivity=st.sampled_from([4, 8]))
def test_particles_are_those_of_scikit_image(labels, connectivity):
    from skimage.measure import label, perimeter_crofton, regionprops

    found = find_particles(labels, 3, connectivity=connectivity)
    theirs = label(labels, background=255, connectivity=connectivity // 4)
    props = regionprops(theirs)
    assert len(props) == len(found.particles)
    for prop in props:
        row, column = prop.coords[0]
        i = found.index[row, column]
        assert np.array_equal(theirs == prop.label, found.index == i)
        own = found.particles.select(np.arange(len(found.particles)) == i)
        assert own.phase[0] == labels[row, column]
        assert own.area[0] == prop.area
        assert (own.y[0] - 0.5, own.x[0] - 0.5) == pytest.approx(prop.centroid)
        assert own.major[0] == pytest.approx(prop.axis_major_length, abs=1e-6)
        assert own.minor[0] == pytest.approx(prop.axis_minor_length, abs=1e-6)
        assert own.equivalent_diameter[0] == pytest.approx(prop.equivalent_diameter_area)
        assert own.perimeter[0] == pytest.approx(perimeter_crofton(prop.image, directions=4))
        box = own.top[0], own.left[0], own.top[0] + own.height[0], own.left[0] + own.width[0]
        assert box == prop.bbox
    assert np.array_equal(found.index < 0, labels == 255)


@given(labels=LABEL_MAPS)
def test_feret_diameters_are_those_of_the_convex_hull(labels):
    found = find_particles(labels, 3)
    for i in range(len(found.particles)):
        points = corners(found.index == i)
        assert found.particles.feret_max[i] == pytest.approx(pdist(points).max())
        widths = []
        for a, b, offset in ConvexHull(points).equations:  # unit normals
            widths.append(-(points @ [a, b] + offset).min())
        assert found.particles.feret_min[i] == pytest.approx(min(widths))


def test_feret_is_within_a_pixel_of_scikit_images():
    from skimage.measure import regionprops

    labels = map_of(ellipse(FRAME, (130, 110), (80, 32), 33))
    theirs = regionprops(labels)[0].feret_diameter_max
    assert only(labels).feret_max[0] == pytest.approx(theirs, abs=1)


def values(particles: Particles, *names: str) -> np.ndarray:
    table = np.stack([getattr(particles, name) for name in names], axis=1)
    return table[np.lexsort(table.T)].round(9)


@given(labels=LABEL_MAPS)
def test_turning_and_mirroring_change_no_size(labels):
    names = ("phase", "area", "perimeter", "feret_max", "feret_min", "at_edge", "at_void")
    before = find_particles(labels, 3).particles
    for turned in (np.rot90(labels), labels[::-1], labels[:, ::-1], labels.T):
        after = find_particles(turned, 3).particles
        assert np.array_equal(values(before, *names), values(after, *names))
        assert np.allclose(np.sort(before.major), np.sort(after.major), atol=1e-6)
        assert np.allclose(
            np.sort(before.nearest_neighbour), np.sort(after.nearest_neighbour), equal_nan=True
        )


def test_pixels_that_meet_at_a_corner_are_one_particle_unless_told_otherwise():
    labels = np.zeros((6, 6), np.uint8)
    labels[1:3, 1:3] = labels[3:5, 3:5] = 1
    assert only(labels).area.tolist() == [8]
    assert only(labels, connectivity=4).area.tolist() == [4, 4]


def test_what_is_too_small_is_counted_and_no_particle():
    labels = np.zeros((20, 20), np.uint8)
    labels[2, 2] = labels[2, 10] = 1
    labels[10:14, 10:14] = 1
    labels[17, 17] = 2
    found = find_particles(labels, 3, min_px=2)
    assert found.small.tolist() == [0, 2, 1]
    assert found.particles.phase.tolist() == [0, 1]
    assert set(np.unique(found.index[labels == 2])) == {-1}
    assert found.index[12, 12] == 1


def test_void_is_no_particle_and_what_touches_it_is_at_the_border():
    labels = np.zeros((30, 30), np.uint8)
    labels[0, :] = 255
    labels[10:14, 10:14] = 1
    labels[14, 14] = 255  # at a corner
    labels[20:23, 20:23] = 1
    found = only(labels)
    assert found.at_void.tolist() == [True, False]
    assert found.at_edge.tolist() == [False, False]
    assert only(labels, connectivity=4).at_void.tolist() == [False, False]
    assert len(find_particles(np.full((4, 5), 255, np.uint8), 3).particles) == 0


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(0, 3), slice(8, 12)),
        (slice(17, 20), slice(8, 12)),
        (slice(8, 12), slice(0, 3)),
        (slice(8, 12), slice(17, 20)),
    ],
)
def test_each_edge_is_an_edge(rows, columns):
    labels = np.zeros((20, 20), np.uint8)
    labels[rows, columns] = 1
    assert only(labels).at_edge.tolist() == [True]
    inside = np.zeros((22, 22), np.uint8)
    inside[1:-1, 1:-1] = labels
    assert only(inside).at_edge.tolist() == [False]


def test_a_scale_scales_lengths_once_and_areas_twice():
    labels = map_of(ellipse(FRAME, (130, 110), (50, 20), 30), disc(FRAME, (30, 30), 12))
    px, um = only(labels), only(labels).scaled(0.25)
    assert um.area == pytest.approx(px.area / 16)
    for name in ("x", "left", "width", "perimeter", "feret_max", "feret_min", "major", "minor"):
        assert getattr(um, name) == pytest.approx(getattr(px, name) / 4)
    assert um.nearest_neighbour == pytest.approx(px.nearest_neighbour / 4)
    assert um.equivalent_diameter == pytest.approx(px.equivalent_diameter / 4)
    for name in ("circularity", "aspect_ratio"):
        assert getattr(um, name) == pytest.approx(getattr(px, name))
    assert um.phase.tolist() == px.phase.tolist()
    assert um.at_edge.dtype == bool


@pytest.mark.parametrize(
    ("options", "told"),
    [({"connectivity": 6}, "connectivity is 6"), ({"min_px": 0}, "has 0 px")],
)
def test_other_settings_are_refused(options, told):
    with pytest.raises(PremaskError, match=told):
        find_particles(np.zeros((3, 3), np.uint8), 1, **options)
