"""Confident learning on label maps: known answers, a slow reference, properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.evaluate.label_audit import confidence, contradicted

Array = NDArray[np.float32]


def softened(labels: NDArray[np.uint8], n: int, own: float) -> Array:
    """Probabilities of a model that sees the labels, ``own`` on the right phase."""
    probabilities = np.full((n, *labels.shape), (1 - own) / (n - 1), np.float32)
    np.put_along_axis(probabilities, labels[None].astype(np.intp), np.float32(own), axis=0)
    return probabilities


def test_a_wrong_corner_is_found_and_nothing_else() -> None:
    truth = np.zeros((20, 30), np.uint8)
    truth[5:15, 10:20] = 1
    labels = truth.copy()
    labels[5:8, 10:14] = 0  # 12 px of phase 1 were missed
    probabilities = softened(truth, 2, 0.9)
    usual = confidence([(labels, probabilities)], 2)
    # phase 0: 500 px at 0.9 and 12 at 0.1; phase 1: 88 px, all at 0.9
    np.testing.assert_allclose(usual.thresholds, [(500 * 0.9 + 12 * 0.1) / 512, 0.9], atol=1e-6)
    assert usual.pixels.tolist() == [512, 88]
    suggested, strength = contradicted(labels, probabilities, usual)
    np.testing.assert_array_equal(suggested, truth)
    assert np.count_nonzero(strength) == 12
    np.testing.assert_allclose(strength[5:8, 10:14], 0.8, atol=1e-6)


def test_a_model_that_is_less_sure_than_usual_contradicts_nothing() -> None:
    labels = np.zeros((10, 10), np.uint8)
    labels[:5] = 1
    probabilities = softened(labels, 2, 0.95)
    probabilities[:, 7, 7] = 0.4, 0.6  # leans to 1, but 1 is usually predicted with 0.95
    usual = confidence([(labels, probabilities)], 2)
    suggested, strength = contradicted(labels, probabilities, usual)
    np.testing.assert_array_equal(suggested, labels)
    assert not strength.any()


def test_void_and_phases_that_are_nowhere_are_never_contradicted_or_suggested() -> None:
    labels = np.zeros((8, 8), np.uint8)
    labels[:4] = 255
    probabilities = np.zeros((3, 8, 8), np.float32)
    probabilities[2] = 1  # the model is sure of a phase that nobody labelled
    usual = confidence([(labels, probabilities)], 3)
    assert usual.thresholds.tolist() == [0, np.inf, np.inf]
    suggested, _ = contradicted(labels, probabilities, usual)
    np.testing.assert_array_equal(suggested, labels)


def test_thresholds_are_those_of_the_whole_data_set() -> None:
    first, second = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    second[0] = 1
    pairs = [(first, softened(first, 2, 0.6)), (second, softened(second, 2, 0.9))]
    usual = confidence(iter(pairs), 2)
    np.testing.assert_allclose(usual.thresholds, [(16 * 0.6 + 12 * 0.9) / 28, 0.9], atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_as_the_definition_pixel_by_pixel(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n, (6, 7)).astype(np.uint8)
    labels[rng.random(labels.shape) < 0.2] = 255
    probabilities = rng.dirichlet(np.ones(n), labels.shape).transpose(2, 0, 1).astype(np.float32)
    usual = confidence([(labels, probabilities)], n)
    suggested, strength = contradicted(labels, probabilities, usual)
    for y, x in np.ndindex(labels.shape):
        own, p = labels[y, x], probabilities[:, y, x]
        sure = [j for j in range(n) if p[j] >= np.float32(usual.thresholds[j])]
        best = max(sure, key=lambda j: p[j], default=own)
        expected = own if own == 255 else best
        assert suggested[y, x] == expected
        assert (strength[y, x] > 0) <= (expected != own)


def test_what_does_not_fit_is_refused() -> None:
    labels = np.zeros((4, 4), np.uint8)
    with pytest.raises(PremaskError, match=r"\(2, 4, 5\) do not fit a label map of shape \(4, 4\)"):
        confidence([(labels, np.zeros((2, 4, 5), np.float32))], 2)
    labels[0, 0] = 7
    with pytest.raises(PremaskError, match="has the value 7"):
        confidence([(labels, np.zeros((2, 4, 4), np.float32))], 2)
