"""A trained network as files that hold no code: safetensors, and ONNX for deployment."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from premask.core.errors import PremaskError
from premask.deploy.model_card import INPUT, KEY, OUTPUT, ModelCard
from premask.deploy.predictor import load_model
from premask.io.files import write_atomically
from premask.train.model import build
from premask.train.scoring import runner

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS_FILE = "model.safetensors"

TOLERANCE = 1e-4
"""Largest difference of a probability between ONNX Runtime and torch."""

OPSET = 18


def save_weights(network: nn.Module, card: ModelCard, path: Path) -> None:
    """The weights as safetensors; the card is in the header. Same weights, same bytes."""
    from safetensors.torch import save

    tensors = {name: one.contiguous() for name, one in network.state_dict().items()}
    write_atomically(path, save(tensors, metadata={KEY: card.to_json()}))


def load_weights(path: Path) -> tuple[nn.Module, ModelCard]:
    """The network of a ``model.safetensors``, in evaluation mode, and its card.

    Raises
    ------
    PremaskError
        For a file that :func:`save_weights` did not write.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            described = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise PremaskError(f"{path} is damaged or is no safetensors file ({error})") from None
    if described is None:
        raise PremaskError(f"{path} does not say what its phases are; premask train writes that")
    card = ModelCard.from_json(described, str(path))
    network = build(card.architecture, card.encoder, len(card.names), mean=card.mean, std=card.std)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise PremaskError(f"{path} does not fit its own description ({reason})") from None
    return network.eval(), card


def save_onnx(network: nn.Module, card: ModelCard, path: Path) -> float:
    """The network for ONNX Runtime, compared with itself in torch before it is kept.

    The graph takes uint8 levels of any size that is a multiple of ``card.multiple`` and gives
    probabilities, see :class:`premask.deploy.model_card.ModelCard`.

    Returns
    -------
    float
        The largest difference of a probability on noise.

    Raises
    ------
    PremaskError
        If the network cannot be exported, or its export does not give the same.
    """
    path.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp.onnx")
    try:
        write_atomically(temporary, _exported(network, card))
        difference = _difference(network, card, temporary)
        if difference > TOLERANCE:
            raise PremaskError(
                f"the ONNX export differs from the network by {difference:.1e} in probability;"
                f" {TOLERANCE:g} is accepted. model.safetensors holds the network itself"
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return difference


def _exported(network: nn.Module, card: ModelCard) -> bytes:
    import onnx
    import torch

    side = torch.export.Dim
    shape = {
        0: side("n", min=1, max=64),
        2: card.multiple * side("rows", min=1, max=1024),
        3: card.multiple * side("columns", min=1, max=1024),
    }
    example = torch.zeros((2, card.channels, 4 * card.multiple, 5 * card.multiple)).to(torch.uint8)
    try:
        with _quiet():
            program = torch.onnx.export(
                _probabilities(network).eval(),
                (example,),
                dynamo=True,
                dynamic_shapes=(shape,),
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:  # the exporter raises types of its own, chained
        reason = " ".join(str(error).split())[:160]
        raise PremaskError(
            f"{card.architecture} with {card.encoder} cannot be exported to ONNX ({reason});"
            " model.safetensors is kept"
        ) from error
    assert program is not None
    model = program.model_proto
    _forget_sources(model)
    model.producer_name, model.producer_version = KEY, str(card.facts.get("premask", ""))
    model.metadata_props.append(onnx.StringStringEntryProto(key=KEY, value=card.to_json()))
    written: bytes = model.SerializeToString()
    return written


def _probabilities(network: nn.Module) -> nn.Module:
    import torch
    from torch import nn

    class Probabilities(nn.Module):
        """Bytes in, probabilities out."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, levels: Tensor) -> Tensor:
            return torch.softmax(self.network(levels.to(torch.float32)), 1)

    return Probabilities()


def _forget_sources(model: Any) -> None:
    """Take the exporter's notes out: they name files of the machine that it ran on."""
    graphs = [model.graph, *model.functions]
    for graph in graphs:
        for part in (graph, *graph.node, *getattr(graph, "value_info", ())):
            del part.metadata_props[:]
    for tensor in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del tensor.metadata_props[:]
    del model.metadata_props[:]


def _difference(network: nn.Module, card: ModelCard, path: Path) -> float:
    run = load_model(path).run
    rng = np.random.default_rng(0)
    largest = 0.0
    for rows, columns in ((3, 4), (6, 5)):
        shape = (1, card.channels, rows * card.multiple, columns * card.multiple)
        levels = rng.integers(0, 256, shape, np.uint8)
        difference = np.abs(run(levels) - runner(network)(levels)).max()
        largest = max(largest, float(difference))
    return largest


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's progress and its warnings about its own parts."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
