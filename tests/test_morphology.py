"""Particles and lines are told apart by size and shape."""

from __future__ import annotations

import numpy as np
import pytest

from premask.features.morphology import bright_particles, dark_particles, disk, line, lines


@pytest.fixture
def scene():
    """A small dot, a large disk and a slanting line, bright on dark."""
    rows, columns = np.mgrid[:80, :80]
    image = np.zeros((80, 80), np.uint8)
    image[(rows - 15) ** 2 + (columns - 15) ** 2 <= 9] = 1
    image[(rows - 20) ** 2 + (columns - 58) ** 2 <= 196] = 1
    for shift in range(40):
        image[40 + shift // 2, 20 + shift : 23 + shift] = 1
    return image


def test_top_hat_keeps_what_is_smaller_than_the_disk(scene):
    small = bright_particles(scene, 5)
    assert small[15, 15] == 1
    assert small[20, 58] == 0
    assert np.array_equal(dark_particles(1 - scene, 5), small)


def test_lines_keep_the_needle_and_drop_the_dot(scene):
    found = lines(bright_particles(scene, 5), 15)
    assert found[15, 15] == 0
    assert found[50, 41] == 1


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 16, endpoint=False))
def test_a_line_is_centred_and_as_long_as_asked(angle):
    element = line(15, angle)
    assert np.array_equal(element, element[::-1, ::-1]) or element.sum() > 7
    assert element[7, 7] == 1
    rows, columns = np.nonzero(element)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 >= 11


def test_a_disk_is_round():
    assert disk(4).shape == (9, 9)
    assert np.array_equal(disk(4), disk(4).T)
