"""Intercepts, interfaces, contiguity: stripes, discs, tessellations; void; invariances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

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


def test_interfaces_share_out_the_surface():
    labels = np.zeros((8, 9), np.uint8)
    labels[:4, :3] = 1
    labels[:4, 3:6] = 2
    found = lines(labels, 4)
    total = 8 * 8 + 7 * 9
    assert found.interfaces[1, 2] == 2 * 4 / total
    assert found.interfaces[0, 1] == 2 * 3 / total
    assert np.isnan(np.diag(found.interfaces)).all(), "grains are not known"
    assert np.nansum(found.interfaces, axis=1) == pytest.approx(found.surface_per_volume)
    assert found.interfaces[3, 0] == 0
    assert found.scaled(0.5).interfaces[1, 2] == 2 * found.interfaces[1, 2]
    assert np.isnan(found.contiguity).all()


def test_the_interface_of_a_disc_in_a_disc_is_its_circumference():
    shape, centre = (400, 400), (200.3, 199.4)
    labels = map_of(disc(shape, centre, 150.2))
    labels[disc(shape, centre, 80.6)] = 2
    found = lines(labels, 3).interfaces
    area = 399 * 399
    # S_V = 4 / pi L_A, with the length of the interface per area
    assert found[1, 2] == pytest.approx(4 / np.pi * 2 * np.pi * 80.6 / area, rel=0.02)
    assert found[0, 1] == pytest.approx(4 / np.pi * 2 * np.pi * 150.2 / area, rel=0.02)
    assert found[0, 2] == 0


def test_contiguity_is_the_share_of_boundaries_with_grains_of_the_phase():
    labels = np.ones((4, 12), np.uint8)
    labels[:, 8:] = 0
    grains = np.repeat(np.arange(1, 4), 4)[None].repeat(4, axis=0).astype(np.int32)
    found = lines(labels, 3, grains)
    # each row: one boundary between grains 1 and 2 of phase 1, one interface with phase 0
    assert found.grain_boundaries.tolist() == [[0, 4, 0], [0, 0, 0]]
    assert found.contiguity[:2].tolist() == [0, 2 / 3]
    assert np.isnan(found.contiguity[2]), "a phase that is not there"
    assert found.interfaces[1, 1] == 2 * 4 / found.total
    assert np.array_equal(found.crossings, lines(labels, 3).crossings)
    # a number for one grain all over, and none at all, are no boundary
    for same in (np.ones_like(grains), np.zeros_like(grains)):
        assert lines(labels, 3, same).contiguity[:2].tolist() == [0, 0]
    # what is in no grain meets no grain; the interface with phase 0 stays
    grains[:, :4] = 0
    assert lines(labels, 3, grains).contiguity[1] == 0


def test_grains_of_one_phase_alone_are_wholly_contiguous():
    grains = np.arange(1, 37, dtype=np.int32).reshape(6, 6).repeat(5, axis=0).repeat(5, axis=1)
    found = lines(np.zeros((30, 30), np.uint8), 1, grains)
    assert found.contiguity.tolist() == [1]
    assert found.grain_boundaries.tolist() == [[5 * 30], [5 * 30]]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_contiguity_of_phases_strewn_over_grains_at_random_is_their_share(share):
    """Each neighbour of a grain is of its phase with that probability, whatever the grains."""
    rng = np.random.default_rng(7)
    points = rng.random((4000, 2)) * 600
    rows, columns = np.mgrid[:600, :600]
    nearest = cKDTree(points).query(np.stack([rows.ravel(), columns.ravel()], axis=1))[1]
    grains = nearest.reshape(600, 600).astype(np.int32)
    labels = (rng.random(4000) < share)[grains].astype(np.uint8)
    found = lines(labels, 2, grains + 1)
    assert found.contiguity[1] == pytest.approx(share, abs=0.02)
    assert found.contiguity[0] == pytest.approx(1 - share, abs=0.02)


@settings(deadline=None)  # the first one compiles
@given(labels=LABEL_MAPS, seed=st.integers(0, 99))
def test_grain_boundaries_are_those_walked_pixel_by_pixel(labels, seed):
    grains = np.random.default_rng(seed).integers(0, 4, labels.shape).astype(np.int32)
    wanted = np.zeros((2, 3))
    for direction, (rows, own) in enumerate(((labels, grains), (labels.T, grains.T))):
        for row, numbers in zip(rows.tolist(), own.tolist(), strict=True):
            for (a, i), (b, j) in itertools.pairwise(zip(row, numbers, strict=True)):
                if a == b != 255 and i and j and i != j:
                    wanted[direction, a] += 1
    found = lines(labels, 3, grains)
    assert np.array_equal(found.grain_boundaries, wanted)
    # numbers are names: others make no difference
    assert np.array_equal(lines(labels, 3, grains * 1000).grain_boundaries, wanted)
    turned = lines(labels.T, 3, grains.T)
    assert np.array_equal(turned.contiguity, found.contiguity, equal_nan=True)
    told = found.contiguity[~np.isnan(found.contiguity)]
    assert ((told >= 0) & (told <= 1)).all()
