"""How good a network is on labelled images, whole images and not crops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.deploy.predictor import most_probable
from premask.deploy.tiling import Levels, Probabilities, Run, strips
from premask.evaluate.confusion import Confusion, confusion
from premask.train.data import Sample, Step, silent
from premask.train.model import MULTIPLE

if TYPE_CHECKING:
    from torch import nn

TILE, OVERLAP = 1024, 128
"""Of images too large for one piece, px; what the exported model uses as well."""


def runner(network: nn.Module, device: str = "cpu") -> Run:
    """A network of :func:`premask.train.model.build` as a function on arrays.

    Raises
    ------
    PremaskError
        By the function, where the network gives what is no number.
    """
    import torch

    def run(levels: Levels) -> Probabilities:
        with torch.inference_mode():
            given = torch.from_numpy(levels).to(device, torch.float32)
            given = given.contiguous(memory_format=torch.channels_last)
            probabilities: Probabilities = torch.softmax(network(given), 1).cpu().numpy()
        if not np.isfinite(probabilities.max()):
            raise PremaskError(
                "the network gives no numbers any more; a lower learning_rate is needed"
            )
        return probabilities

    return run


def predictions(
    run: Run, samples: Sequence[Sample], channels: int, step: Step = silent
) -> Iterator[tuple[Sample, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Each image with its predicted label map and the true one."""
    step("images scored", 0, len(samples), math.inf)
    for number, sample in enumerate(samples):
        levels, truth = sample.read()
        labels = np.empty(truth.shape, np.uint8)
        found = strips(
            levels, run, channels=channels, multiple=MULTIPLE, tile=TILE, overlap=OVERLAP
        )
        for top, probabilities in found:
            labels[top : top + probabilities.shape[1]] = most_probable(probabilities)[0]
        step("images scored", number + 1, len(samples), math.inf)
        yield sample, labels, truth


def score_samples(
    run: Run, samples: Sequence[Sample], n_phases: int, channels: int, step: Step = silent
) -> Confusion:
    """Pixel counts of a network's predictions, summed over the images."""
    total = Confusion(np.zeros((n_phases, n_phases + 1), np.int64))
    for _, labels, truth in predictions(run, samples, channels, step):
        total += confusion(labels, truth, n_phases)
    return total
