"""Losses for phases of very different share; void pixels (255) never count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.phases import VOID

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]
"""Logits (N, K, h, w), phase indices (N, h, w) as int64, weights (K,); a scalar."""

FOCUS = 2.0
"""Exponent of the focal loss (Lin et al. 2017)."""

LARGEST_WEIGHT = 50.0
"""No phase counts more than so many times its pixels: a dozen mislabelled ones would rule."""


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the cross-entropy over the labelled pixels."""
    from torch.nn import functional

    summed = functional.cross_entropy(logits, target, weights, ignore_index=VOID, reduction="sum")
    return summed / _total_weight(target, weights)


def focal(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy in which pixels count less the surer they already are."""
    import torch
    from torch.nn import functional

    plain = functional.cross_entropy(logits, target, ignore_index=VOID, reduction="none")
    unsure = (1 - torch.exp(-plain)).clamp(min=0) ** FOCUS
    return (_per_pixel(target, weights) * unsure * plain).sum() / _total_weight(target, weights)


def dice(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """One minus the soft Dice coefficient, a mean over the phases that the batch shows.

    Every phase counts the same, whatever its area; the weights are not used.
    """
    import torch

    del weights
    labelled = (target != VOID)[:, None]
    share = torch.softmax(logits, 1) * labelled
    phases = torch.arange(logits.shape[1], device=target.device).view(1, -1, 1, 1)
    truth = (target[:, None] == phases).to(share.dtype)
    axes = (0, 2, 3)
    both, sizes = (share * truth).sum(axes), share.sum(axes) + truth.sum(axes)
    present = truth.sum(axes) > 0
    coefficient = (2 * both + 1) / (sizes + 1)
    return ((1 - coefficient) * present).sum() / present.sum().clamp(min=1)


LOSSES: dict[str, Loss] = {
    "cross-entropy": cross_entropy,
    "focal": focal,
    "dice": dice,
}
"""By name; ``cross-entropy+dice`` is the sum of two."""

WEIGHTINGS: dict[str, float] = {"none": 0.0, "sqrt": 0.5, "inverse": 1.0}
"""The power of a phase's share that its weight is one over."""


def find_loss(names: str) -> Loss:
    """The sum of the losses of a list separated by ``+``.

    Raises
    ------
    PremaskError
        For a name that there is not.
    """
    parts: list[Loss] = []
    for name in (part.strip() for part in names.split("+")):
        if name not in LOSSES:
            raise PremaskError(
                f"no loss {name!r}; {', '.join(LOSSES)}, or several with + between, are accepted"
                f"{nearest(name, LOSSES)}"
            )
        parts.append(LOSSES[name])

    def summed(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        total = parts[0](logits, target, weights)
        for part in parts[1:]:
            total = total + part(logits, target, weights)
        return total

    return summed


def check_weighting(weighting: str) -> None:
    """Refuse a weighting that there is not.

    Raises
    ------
    PremaskError
        Naming those that there are.
    """
    if weighting not in WEIGHTINGS:
        raise PremaskError(
            f"class_weights is {weighting!r}; {', '.join(WEIGHTINGS)} are accepted"
            f"{nearest(weighting, WEIGHTINGS)}"
        )


def class_weights(pixels: Sequence[int] | NDArray[np.int64], weighting: str) -> NDArray[np.float64]:
    """The weight of each phase from its number of pixels; their mean over the pixels is 1.

    Parameters
    ----------
    pixels : sequence of int
        Labelled pixels of each phase in the training images; a phase without any has weight 1.
    weighting : str
        One of :data:`WEIGHTINGS`.

    Raises
    ------
    PremaskError
        For another weighting.

    Examples
    --------
    >>> class_weights([300, 100], "inverse").round(3).tolist()
    [0.667, 2.0]
    >>> class_weights([300, 100], "none").tolist()
    [1.0, 1.0]
    """
    check_weighting(weighting)
    counts = np.asarray(pixels, np.float64)
    shares = counts / max(counts.sum(), 1)
    weights = np.ones(len(counts))
    there = shares > 0
    weights[there] = shares[there] ** -WEIGHTINGS[weighting]
    weights[there] /= (weights[there] * shares[there]).sum() or 1
    weights[~there] = 1
    return np.minimum(weights, LARGEST_WEIGHT)


def _per_pixel(target: Tensor, weights: Tensor) -> Tensor:
    labelled = target != VOID
    return weights[target.clamp(max=len(weights) - 1)] * labelled


def _total_weight(target: Tensor, weights: Tensor) -> Tensor:
    return _per_pixel(target, weights).sum().clamp(min=1e-6)
