"""Intercepts, surfaces and contacts: stripes, checkerboards, discs; void; invariances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given

from premask.quantify.lines import lines
from premask.quantify.particles import find_particles
from shapes import LABEL_MAPS, disc, map_of


def stripes(width: int, n: int, height: int = 12) -> np.ndarray:
    """n vertical stripes of phases 0 and 1 in turn, between halves of one."""
    row = np.repeat(np.arange(n + 1) % 2, width)[width // 2 : n * width + width // 2]
    return np.tile(row.astype(np.uint8), (height, 1))


@pytest.mark.parametrize("width", [4, 10])
def test_stripes_have_the_intercept_of_their_width(width):
    found = lines(stripes(width, 50), 2)
    across, along = found.mean_intercept_by_direction
    # a line has half a pixel less at either end than it has pixels
    assert across == pytest.approx([width, width], rel=0.02)
    assert np.isnan(along).all(), "no boundary is met along the stripes"
    assert lines(stripes(width, 50).T, 2).mean_intercept_by_direction[1].tolist() == across.tolist()


def test_a_square_is_as_wide_as_it_is():
    labels = np.zeros((50, 60), np.uint8)
    labels[10:30, 20:45] = 1
    found = lines(labels, 2)
    assert found.mean_intercept_by_direction[:, 1].tolist() == [25, 20]
    assert found.length[:, 1].tolist() == [500, 500]
    # 20 rows and 25 columns with one intercept each
    assert found.mean_intercept[1] == pytest.approx(1000 / 45)
    total = 50 * 59 + 49 * 60
    assert found.total == total
    assert found.intercepts_per_length[1] == pytest.approx(45 / total)
    assert found.surface_per_volume[1] == pytest.approx(2 * 90 / total)
    assert found.mean_free_path[1] == pytest.approx((total - 1000) / 45)
    # l = 4 V_V / S_V, with the share of the lines for V_V
    assert found.mean_intercept[1] == pytest.approx(
        4 * (1000 / total) / found.surface_per_volume[1]
    )


def test_a_disc_has_the_mean_chord_and_the_surface_of_a_disc():
    radius = 60.3
    labels = map_of(disc((300, 320), (150.2, 149.6), radius))
    found = lines(labels, 2)
    assert found.mean_intercept[1] == pytest.approx(np.pi * radius / 2, rel=0.01)
    # L_A = pi / 4 S_V: length of boundary per area
    particles = find_particles(labels, 2).particles
    per_area = particles.perimeter[particles.phase == 1][0] / (299 * 319)
    assert found.surface_per_volume[1] == pytest.approx(4 / np.pi * per_area, rel=0.02)


def test_an_intercept_cut_by_the_border_counts_half():
    row = np.array([[1, 1, 1, 0, 0, 0, 1, 1, 0, 0]], np.uint8)
    found = lines(row, 2)
    # lines run from centre to centre: 2.5 and 2 px of phase 1; half an intercept and a whole one
    assert found.length[0].tolist() == [4.5, 4.5]
    assert found.mean_intercept_by_direction[0].tolist() == [4.5 / 1.5, 4.5 / 1.5]


def test_lines_end_at_void():
    labels = np.full((10, 30), 255, np.uint8)
    labels[2:8, 5:15] = 0
    labels[2:8, 15:25] = 1
    framed, bare = lines(labels, 2), lines(labels[2:8, 5:25], 2)
    assert np.array_equal(framed.length, bare.length)
    assert np.array_equal(framed.crossings, bare.crossings)
    assert framed.contacts.tolist() == [[0, 1], [1, 0]]
    hole = labels[2:8, 5:25].copy()
    hole[:, 10] = 255  # between the phases
    assert not lines(hole, 2).crossings.any()


def test_contacts_share_out_the_boundary():
    labels = np.zeros((8, 9), np.uint8)
    labels[:4, :3] = 1
    labels[:4, 3:6] = 2
    found = lines(labels, 4)
    # 1 meets 0 below (3) and 2 at its right (4); 2 meets 1 (4) and 0 below (3) and at its right (4)
    assert found.crossings.sum(axis=0)[:3, :3].tolist() == [[0, 3, 7], [3, 0, 4], [7, 4, 0]]
    assert found.contacts[1, :3] == pytest.approx([3 / 7, 0, 4 / 7])
    assert found.contacts[2, :3] == pytest.approx([7 / 11, 4 / 11, 0])
    assert np.isnan(found.contacts[3]).all()
    assert found.surface_per_volume[3] == 0


def test_no_boundary_no_intercept():
    found = lines(np.zeros((5, 7), np.uint8), 2)
    assert np.isnan(found.mean_intercept).all()
    assert found.surface_per_volume.tolist() == [0, 0]
    assert np.isnan(found.mean_free_path).all()
    void = lines(np.full((5, 7), 255, np.uint8), 2)
    assert void.total == 0
    assert np.isnan(void.surface_per_volume).all()


@given(labels=LABEL_MAPS)
def test_turning_and_mirroring_change_nothing_but_the_directions(labels):
    before = lines(labels, 3)
    for turned in (labels[::-1], labels[:, ::-1]):
        after = lines(turned, 3)
        assert np.array_equal(before.crossings, after.crossings)
        assert np.array_equal(before.length, after.length)
    for turned in (labels.T, np.rot90(labels)):
        after = lines(turned, 3)
        assert np.array_equal(before.crossings, after.crossings[::-1])
        assert np.array_equal(before.length, after.length[::-1])


@given(labels=LABEL_MAPS)
def test_lines_are_those_walked_pixel_by_pixel(labels):
    """The same by walking: every step from a pixel's centre to the next one's."""
    length = np.zeros((2, 3))
    crossings = np.zeros((2, 3, 3))
    for direction, rows in enumerate((labels, labels.T)):
        for row in rows.tolist():
            for a, b in itertools.pairwise(row):
                if 255 in (a, b):
                    continue
                length[direction, a] += 0.5
                length[direction, b] += 0.5
                if a != b:
                    crossings[direction, a, b] += 1
                    crossings[direction, b, a] += 1
    found = lines(labels, 3)
    assert np.array_equal(found.length, length)
    assert np.array_equal(found.crossings, crossings)


def test_two_fields_add_up_and_a_scale_scales():
    one, other = stripes(4, 20), stripes(10, 20)
    both = lines(one, 2) + lines(other, 2)
    assert 4 < both.mean_intercept_by_direction[0, 1] < 10
    scaled, plain = lines(one, 2).scaled(0.1), lines(one, 2)
    assert scaled.mean_intercept == pytest.approx(plain.mean_intercept * 0.1)
    assert scaled.surface_per_volume == pytest.approx(plain.surface_per_volume * 10)
    assert scaled.mean_free_path == pytest.approx(plain.mean_free_path * 0.1)
    assert np.array_equal(scaled.contacts, plain.contacts)
