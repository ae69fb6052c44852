"""The 8-bit view of 16-bit images: between percentiles, whatever is looked up at once."""

from __future__ import annotations

import numpy as np
import pytest

from premask.core import micrograph
from premask.core.micrograph import window


def test_eight_bit_stays() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert window(image) is image


def test_sixteen_bit_is_spread_between_percentiles() -> None:
    image = np.full((100, 100), 1000, np.uint16)
    image[:50] = 3000
    image[0, 0] = 65535  # a hot pixel
    image[0, 1] = 2000
    view = window(image)
    assert view.dtype == np.uint8
    assert view[99, 99] == 0
    assert view[49, 0] == view[0, 0] == 255
    assert view[0, 1] == 128


@pytest.mark.parametrize("shape", [(37, 41), (37, 41, 3), (1, 5), (5, 1)])
def test_bands_change_nothing(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(100, 60_000, shape).astype(np.uint16)
    whole = window(image)
    monkeypatch.setattr(micrograph, "BAND", 50)
    assert np.array_equal(window(image), whole)
    low, high = np.percentile(image, [0.1, 99.9], method="inverted_cdf").astype(float)
    expected = np.rint(np.clip((image - low) / max(high - low, 1), 0, 1) * 255)
    assert np.array_equal(whole, expected)
