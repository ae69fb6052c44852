"""Filters answer to what they are named after, at any size of image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from premask.features.filters import (
    blur,
    coherence,
    filter_bank,
    gradient,
    gradients,
    local_std,
    magnitude,
    ridges,
)

NOISE = np.random.default_rng(0).random((80, 96)).astype(np.float32)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_fine_blur_is_scipys(sigma):
    expected = ndimage.gaussian_filter(NOISE, sigma, mode="reflect", truncate=6)
    assert np.abs(blur(NOISE, sigma) - expected).max() < 1e-3


@pytest.mark.parametrize("sigma", [4.0, 8.0])
def test_coarse_blur_is_near_scipys(sigma):
    expected = ndimage.gaussian_filter(NOISE, sigma, mode="reflect", truncate=6)
    assert np.abs(blur(NOISE, sigma) - expected).max() < 0.015
    assert blur(NOISE, sigma).shape == NOISE.shape


def test_gradient_of_a_ramp_is_its_slope():
    ramp = np.tile(np.arange(20, dtype=np.float32) * 3, (10, 1))
    x, y = gradients(ramp)
    assert np.allclose(x[1:-1, 1:-1], 3)
    assert np.allclose(y[1:-1, 1:-1], 0)
    assert np.allclose(gradient(ramp.T)[1:-1, 1:-1], 3)


def test_local_std_tells_noise_from_a_flat_half():
    half = NOISE.copy()
    half[:, :48] = 0.5
    std = local_std(half, 4)
    assert std[:, :30].max() < 0.01
    assert abs(std[20:-20, 70:].mean() - NOISE.std()) < 0.05


def test_ridges_tell_bright_lines_from_dark_ones():
    line = np.zeros((41, 41), np.float32)
    line[20] = 1
    bright, dark = ridges(line, 2)
    # the curvature of a Gaussian of area 1, times sigma squared
    assert bright[20, 20] == pytest.approx(1 / (2 * np.sqrt(2 * np.pi)), rel=0.1)
    assert dark[20, 20] < 0.01
    swapped_bright, swapped_dark = ridges(-line, 2)
    assert np.allclose(swapped_dark, bright, atol=1e-6)
    assert np.allclose(swapped_bright, dark, atol=1e-6)


def test_coherence_is_one_for_stripes_and_low_for_noise():
    stripes = np.tile(np.sin(np.arange(80) / 2).astype(np.float32), (80, 1))
    assert coherence(stripes, 8)[20:-20, 20:-20].min() > 0.99
    assert coherence(NOISE, 8)[20:-20, 20:-20].mean() < 0.3
    assert not coherence(np.zeros((9, 9), np.float32), 2).any()


def test_bank_names_each_channel():
    channels, names = filter_bank((NOISE * 255).astype(np.uint8), (2.0, 4.0))
    assert channels.shape == (13, 80, 96)
    assert channels.dtype == np.float32
    assert len(set(names)) == 13
    assert np.allclose(channels[names.index("blur 4")], blur(channels[0], 4))


@pytest.mark.parametrize("shape", [(1, 2), (3, 5), (40, 1), (9, 200)])
def test_bank_works_on_images_smaller_than_its_filters(shape):
    image = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    channels, _ = filter_bank(image)
    assert channels.shape[1:] == shape
    assert np.isfinite(channels).all()


def test_bank_takes_colour_and_16_bit():
    image = (NOISE * 255).astype(np.uint8)
    colour, _ = filter_bank(np.dstack([image] * 3))
    grey_16, _ = filter_bank(image.astype(np.uint16) * 257)
    grey_8, _ = filter_bank(image)
    assert np.allclose(colour, grey_8)
    assert np.abs(grey_16 - grey_8)[0].max() < 0.02


def test_the_place_in_memory_changes_no_bit_of_a_magnitude() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1001)).astype(np.float32)
    first = magnitude(x, y)
    for offset in range(1, 9):
        room = np.zeros((2, 1001 + offset), np.float32)
        room[0, offset:], room[1, offset:] = x, y
        np.testing.assert_array_equal(magnitude(room[0, offset:], room[1, offset:]), first)
