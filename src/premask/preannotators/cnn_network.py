"""Kanezaki's network and its training on one image: tensors in, responses out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

REFERENCE_CHANNELS = 100
LEARNING_RATE, MOMENTUM = 0.1, 0.9


@dataclass(frozen=True)
class Layer:
    """A convolution with its batch normalisation.

    Attributes
    ----------
    weight, bias : Tensor, shapes (out, in, k, k) and (out,)
    scale, shift : Tensor, shape (out,)
        Of the normalisation, which always uses the statistics of the image at hand.
    """

    weight: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The four tensors that are trained."""
        return self.weight, self.bias, self.scale, self.shift


def build(
    n_inputs: int, *, channels: int = REFERENCE_CHANNELS, n_conv: int = 2, seed: int = 0
) -> tuple[Layer, ...]:
    """Make ``n_conv`` 3x3 layers and the final 1x1 layer, with PyTorch's default start.

    The numbers come from a generator of their own, in the order in which
    ``torch.manual_seed(seed)`` and ``torch.nn.Conv2d`` would draw them, so that the
    network starts as the authors' does and the caller's random state stays as it is.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    layers = []
    for index in range(n_conv + 1):
        inputs, size = (n_inputs if index == 0 else channels), (3 if index < n_conv else 1)
        bound = 1 / math.sqrt(inputs * size * size)
        weight = torch.empty(channels, inputs, size, size).uniform_(
            -bound, bound, generator=generator
        )
        bias = torch.empty(channels).uniform_(-bound, bound, generator=generator)
        layer = Layer(weight, bias, torch.ones(channels), torch.zeros(channels))
        for parameter in layer.parameters:
            parameter.requires_grad_()
        layers.append(layer)
    return tuple(layers)


def forward(layers: Sequence[Layer], inputs: Tensor) -> Tensor:
    """Responses (1, C, H, W): conv3x3-ReLU-BN ..., then conv1x1-BN.

    The ReLU stands before the normalisation, as in the authors' code, and the
    normalisation never uses running averages, not even in the last pass.
    """
    from torch.nn import functional

    values = inputs
    for layer in layers:
        size = layer.weight.shape[-1]
        values = functional.conv2d(values, layer.weight, layer.bias, padding=size // 2)
        if layer is not layers[-1]:
            values = functional.relu(values)
        values = functional.batch_norm(values, None, None, layer.scale, layer.shift, training=True)
    return values


def continuity(responses: Tensor) -> Tensor:
    """Mean absolute difference of vertical neighbours plus that of horizontal ones."""
    vertical = (responses[:, :, 1:] - responses[:, :, :-1]).abs().mean()
    horizontal = (responses[..., 1:] - responses[..., :-1]).abs().mean()
    return vertical + horizontal


def train(
    layers: Sequence[Layer],
    inputs: Tensor,
    *,
    iterations: int,
    min_labels: int,
    similarity_weight: float = 1.0,
    continuity_weight: float = 1.0,
    refine: Callable[[Tensor], Tensor] | None = None,
) -> int:
    """Train the network on its own strongest responses; changes ``layers`` in place.

    Parameters
    ----------
    layers : sequence of Layer
    inputs : Tensor, shape (1, n_inputs, H, W)
    iterations : int
        Steps of stochastic gradient descent (rate 0.1, momentum 0.9), one image each.
    min_labels : int
        Training stops after the step that saw this many labels or fewer.
    similarity_weight, continuity_weight : float
        Weights of the cross entropy against the own argmax and of :func:`continuity`.
    refine : callable, optional
        Changes the labels (H, W) before they become the target (2018: the majority
        of each superpixel).

    Returns
    -------
    int
        The steps taken.
    """
    import torch
    from torch.nn import functional

    parameters = [p for layer in layers for p in layer.parameters]
    optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
    for step in range(iterations):
        optimizer.zero_grad()
        responses = forward(layers, inputs)
        labels = responses.detach().argmax(dim=1)
        n_labels = len(torch.unique(labels))
        target = labels if refine is None else refine(labels[0])[None]
        loss = similarity_weight * functional.cross_entropy(responses, target)
        if continuity_weight:
            loss = loss + continuity_weight * continuity(responses)
        torch.autograd.backward(loss)
        optimizer.step()
        if n_labels <= min_labels:
            return step + 1
    return iterations
