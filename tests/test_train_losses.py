"""Losses and class weights against sums written out with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.train.losses import LARGEST_WEIGHT, LOSSES, class_weights, find_loss

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LOGITS = np.random.default_rng(0).normal(0, 2, (2, 3, 4, 5))
TARGET = np.random.default_rng(1).integers(0, 3, (2, 4, 5))
WEIGHTS = np.array([0.5, 1.0, 4.0])


def value(
    name: str, logits: np.ndarray, target: np.ndarray, weights: np.ndarray = WEIGHTS
) -> float:
    tensors = (torch.from_numpy(logits), torch.from_numpy(target), torch.from_numpy(weights))
    return float(find_loss(name)(*tensors))


def shares() -> np.ndarray:
    powers = np.exp(LOGITS - LOGITS.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def true_shares(target: np.ndarray) -> np.ndarray:
    n, rows, columns = np.indices(target.shape)
    return shares()[n, target, rows, columns]


def test_cross_entropy_is_a_weighted_mean() -> None:
    weights = WEIGHTS[TARGET]
    expected = (-np.log(true_shares(TARGET)) * weights).sum() / weights.sum()
    assert value("cross-entropy", LOGITS, TARGET) == pytest.approx(expected)


def test_focal_loss_weighs_by_what_is_unsure() -> None:
    weights, sure = WEIGHTS[TARGET], true_shares(TARGET)
    expected = ((1 - sure) ** 2 * -np.log(sure) * weights).sum() / weights.sum()
    assert value("focal", LOGITS, TARGET) == pytest.approx(expected)


def test_dice_is_a_mean_over_the_phases_of_the_batch() -> None:
    target = np.where(TARGET == 2, 0, TARGET)
    coefficients = []
    for phase in (0, 1):
        share, truth = shares()[:, phase], target == phase
        coefficients.append((2 * (share * truth).sum() + 1) / (share.sum() + truth.sum() + 1))
    assert value("dice", LOGITS, target) == pytest.approx(1 - np.mean(coefficients))


def test_perfect_predictions_cost_next_to_nothing() -> None:
    sure = 50.0 * (TARGET[:, None] == np.arange(3).reshape(1, 3, 1, 1))
    for name in LOSSES:
        assert value(name, sure, TARGET) < 1e-6
        assert value(name, -sure, TARGET) > 0.5


@pytest.mark.parametrize("name", LOSSES)
def test_void_pixels_do_not_count(name: str) -> None:
    target = TARGET.copy()
    target[:, :2] = 255
    other = LOGITS.copy()
    other[:, :, :2] = 7.0
    assert value(name, LOGITS, target) == pytest.approx(value(name, other, target))
    assert value(name, LOGITS, target) != pytest.approx(value(name, LOGITS, TARGET))


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_that_is_all_void_costs_nothing_and_is_a_number(name: str) -> None:
    assert value(name, LOGITS, np.full_like(TARGET, 255)) == pytest.approx(0, abs=1e-6)


def test_losses_add_up() -> None:
    both = value("cross-entropy+dice", LOGITS, TARGET)
    assert both == pytest.approx(
        value("cross-entropy", LOGITS, TARGET) + value("dice", LOGITS, TARGET)
    )


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=6))
def test_mean_weight_over_the_pixels_is_one(pixels: list[int]) -> None:
    for weighting in ("none", "sqrt", "inverse"):
        weights = class_weights(pixels, weighting)
        capped = weights.max() >= LARGEST_WEIGHT
        assert capped or np.average(weights, weights=pixels) == pytest.approx(1)
        assert weights.max() <= LARGEST_WEIGHT
        order = np.argsort(pixels, kind="stable")
        assert (np.diff(weights[order]) <= 1e-9).all()


def test_weights_are_powers_of_the_shares() -> None:
    assert class_weights([900, 100], "inverse")[1] / class_weights([900, 100], "inverse")[
        0
    ] == pytest.approx(9)
    root = class_weights([900, 100], "sqrt")
    assert root[1] / root[0] == pytest.approx(3)
    assert class_weights([10, 0, 30], "inverse")[1] == 1


def test_unknown_names_are_refused() -> None:
    with pytest.raises(PremaskError, match=r"no loss 'dise'.*did you mean dice"):
        find_loss("cross-entropy+dise")
    with pytest.raises(PremaskError, match="class_weights is 'squared'"):
        class_weights([1, 2], "squared")
